"""Drawings: what is marked and what is left as it was, sizes, frames, notes and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.errors import InputError
from sightline.images import ImageStore, Picture, make_picture
from sightline.tools import guard
from sightline.tools.crop import cut
from sightline.tools.draw import Drawer, mark_names
from sightline.tools.marking import LONGEST, SHORTEST, STYLES, sized
from sightline.types import Box, Drawing, Frame, ToolResult, map_box

GROUND = (200, 220, 200)
PICTURE = make_picture(np.full((300, 500, 3), GROUND, np.uint8))
FIRST, SECOND = (100, 100, 160, 140), (300, 180, 380, 260)


def box(corners: tuple[float, float, float, float], frame: Frame = PICTURE.frame) -> Box:
    return Box(**dict(zip(("x1", "y1", "x2", "y2"), corners, strict=True)), frame=frame)


def run(
    *regions: Box, picture: Picture = PICTURE, store: ImageStore | None = None, **more: object
) -> ToolResult:
    return guard.run(Drawer(store or ImageStore()), picture, {"regions": regions, **more}, timeout_s=60)


def drawn(*regions: Box, picture: Picture = PICTURE, **more: object) -> tuple[Drawing, np.ndarray]:
    """The payload, and where the drawing differs from the picture: bool[H, W]."""
    store = ImageStore()
    result = run(*regions, picture=picture, store=store, **more)
    assert result.status == "ok", result.message
    assert isinstance(result.payload, Drawing)
    pixels = store.get(result.payload.image)
    assert pixels.shape == (result.payload.frame.height, result.payload.frame.width, 3)
    return result.payload, (pixels != sized(picture).pixels).any(axis=2)


def test_boxes_are_outlined_and_what_is_in_them_stays() -> None:
    drawing, changed = drawn(box(FIRST), box(SECOND))
    for x1, y1, x2, y2 in (FIRST, SECOND):
        assert not changed[y1:y2, x1:x2].any()
        for rim in (changed[y1:y2, x1 - 1], changed[y1:y2, x2], changed[y1 - 1, x1:x2], changed[y2, x1:x2]):
            assert rim.all()
    assert changed.mean() < 0.03
    assert drawing.to_text() == "drew 2 marks\n1 (100,100)-(160,140)\n2 (300,180)-(380,260)"
    assert drawing.frame == PICTURE.frame


def test_marks_stand_on_the_centres() -> None:
    _, changed = drawn(box(FIRST), box(SECOND), style="marks")
    assert changed[110:130, 120:140].any()
    assert changed[215:225, 335:345].all()
    assert not changed[:90].any()


@pytest.mark.parametrize("style", ["line", "arrow"])
def test_a_line_and_an_arrow_join_the_two(style: str) -> None:
    _, changed = drawn(box(FIRST), box(SECOND), style=style)
    assert changed[170, 235]  # half way between the centres (130,120) and (340,220)
    assert not changed[250:].any()
    assert run(box(FIRST), style=style).message == f"{style} joins two regions, not 1"


def test_an_arrow_ends_where_it_meets_the_region() -> None:
    far = box((400, 20, 480, 280))
    _, line = drawn(box((20, 145, 40, 155)), far, style="line", marks="a,b")
    _, arrow = drawn(box((20, 145, 40, 155)), far, style="arrow", marks="a,b")
    assert line[150, 415]
    assert not arrow[150, 415]
    assert arrow[150, 395]


def test_a_spotlight_darkens_the_rest() -> None:
    store = ImageStore()
    result = run(box(SECOND), style="spotlight", store=store)
    assert isinstance(result.payload, Drawing)
    pixels = store.get(result.payload.image)
    assert (pixels[190:250, 310:370] == GROUND).all()
    assert (pixels[250:, :250].max(axis=2) < 80).all()


def test_a_note_keeps_clear_of_the_regions() -> None:
    _, below = drawn(box((100, 10, 160, 60)), note="look here")
    assert below[285:, :].mean() > 0.9
    assert not below[:10, 300:].any()
    _, above = drawn(box((100, 250, 160, 298)), note="look " * 90)
    assert above[:10, :].mean() > 0.9
    assert not above[285:, 300:].any()


def test_labels_do_not_cover_one_another() -> None:
    near = [box((100 + 30 * n, 100, 125 + 30 * n, 125)) for n in range(4)]
    store = ImageStore()
    drawing = run(*near, marks="left,second,third,right", store=store).payload
    assert isinstance(drawing, Drawing)
    pixels = store.get(drawing.image)
    colours = [(230, 25, 75), (0, 87, 216), (0, 122, 61), (145, 30, 180)]
    areas = [int((pixels == colour).all(axis=2).sum()) for colour in colours]
    alone = run(near[1], marks="second", store=store).payload
    assert isinstance(alone, Drawing)
    assert areas[1] == pytest.approx(int((store.get(alone.image) == colours[0]).all(axis=2).sum()), rel=0.1)
    assert min(areas) > 200


@pytest.mark.parametrize(
    ("width", "height", "longer"),
    [(40, 20, SHORTEST), (1, 1, SHORTEST), (5000, 3000, LONGEST), (900, 40, LONGEST), (700, 700, 700)],
)
def test_any_size_comes_to_one_that_is_legible(width: int, height: int, longer: int) -> None:
    picture = make_picture(np.full((height, width, 3), 128, np.uint8))
    region = Box(x1=0, y1=0, x2=width / 2, y2=height, frame=picture.frame)
    drawing, changed = drawn(region, picture=picture, note="a note")
    assert max(drawing.frame.width, drawing.frame.height) == longer
    assert changed.any()
    assert drawing.marked == (region,)
    back = map_box(map_box(region, drawing.frame), picture.frame)
    assert (back.x2, back.y2) == pytest.approx((region.x2, region.y2), abs=1)


def test_on_a_crop_the_frame_maps_to_the_original() -> None:
    part = cut(PICTURE, box(FIRST), at_least=0)
    drawing, _ = drawn(box((110, 110, 130, 130)), picture=part)
    assert (drawing.frame.x0, drawing.frame.y0) == (100, 100)
    assert drawing.frame.scale == pytest.approx(448 / 60)
    assert [(b.x1, b.y1) for b in drawing.marked] == [(10, 10)]


def test_names_of_marks() -> None:
    assert mark_names("", 2) == ("1", "2")
    assert mark_names(" left  one, right ", 2) == ("left one", "right")
    with pytest.raises(InputError, match="marks must name each of the 2 regions, not 1"):
        mark_names("a", 2)
    with pytest.raises(InputError, match="longer than 24"):
        mark_names("a" * 30, 1)
    assert run(box(FIRST), box(SECOND), marks="a,,").status == "refused"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "draw needs regions"),
        ({"regions": (box(FIRST),), "style": "glitter"}, "style must be one of"),
        ({"regions": (box((5, 5, 5, 9)),)}, "region 1 is empty"),
        ({"regions": (box(FIRST, Frame(image="b" * 64, width=900, height=900)),)}, "two different images"),
    ],
)
def test_what_is_refused(arguments: dict[str, object], why: str) -> None:
    result = guard.run(Drawer(ImageStore()), PICTURE, arguments, timeout_s=60)
    assert result.status == "refused"
    assert why in result.message


CORNERS = st.tuples(st.integers(0, 480), st.integers(0, 280), st.integers(1, 20), st.integers(1, 20))


@settings(max_examples=30)
@given(st.lists(CORNERS, min_size=2, max_size=2), st.sampled_from(STYLES), st.text(min_size=1, max_size=60))
def test_anything_can_be_drawn_and_twice_the_same(
    corners: list[tuple[int, ...]], style: str, note: str
) -> None:
    regions = [box((x, y, x + w, y + h)) for x, y, w, h in corners]
    more = {"style": style, "note": note} if note.strip() else {"style": style}
    first, second = run(*regions, **more), run(*regions, **more)
    assert first.status == "ok"
    assert first.payload == second.payload
