"""Repeats of a region: symbols and drawn shapes found again, others left out, and what it cannot know."""

from __future__ import annotations

import time

import numpy as np
import pytest

from sightline.images import Picture, make_picture
from sightline.tools import guard
from sightline.tools.crop import cut
from sightline.tools.find_similar import Finder
from sightline.train.worlds.scenes import draw_scene, make_scene, thing_box
from sightline.types import Box, Detections, Frame, ToolResult


def symbol(seed: int, side: int = 16) -> np.ndarray:
    """A blocky coloured sign, uint8[side, side, 3]."""
    rng = np.random.default_rng(seed)
    ink = rng.integers(0, 160, 3)
    return (
        np.where(rng.random((4, 4, 1)) < 0.5, ink, 255)
        .astype(np.uint8)
        .repeat(side // 4, 0)
        .repeat(side // 4, 1)
    )


PLACES = ((20, 30), (200, 30), (110, 120), (300, 200), (30, 220))
PIXELS = np.full((280, 400, 3), 255, np.uint8)
for _x, _y in PLACES:
    PIXELS[_y : _y + 32, _x : _x + 32] = symbol(1, 32)
for _n, (_x, _y) in enumerate(((80, 30), (260, 110), (180, 220))):
    PIXELS[_y : _y + 32, _x : _x + 32] = symbol(_n + 2, 32)
PICTURE = make_picture(PIXELS)


def box(x1: float, y1: float, x2: float, y2: float, frame: Frame = PICTURE.frame) -> Box:
    return Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=frame)


def run(region: Box, picture: Picture = PICTURE, timeout_s: float = 60, **more: object) -> ToolResult:
    return guard.run(Finder(), picture, {"region": region, **more}, timeout_s=timeout_s)


def found(region: Box, picture: Picture = PICTURE, **more: object) -> list[Box]:
    result = run(region, picture, **more)
    assert result.status == "ok", result.message
    assert isinstance(result.payload, Detections)
    return result.payload.boxes()


def corners(boxes: list[Box], scale: float = 1) -> np.ndarray:
    """Top left corners, float[N, 2], from left to right."""
    return np.array(sorted((b.x1 / scale, b.y1 / scale) for b in boxes))


def test_every_repeat_is_found_and_nothing_else() -> None:
    boxes = found(box(20, 30, 52, 62))
    assert boxes[0] == box(20, 30, 52, 62)
    assert corners(boxes) == pytest.approx(np.array(sorted(PLACES)), abs=2)
    assert all(b.width == pytest.approx(32, abs=3) for b in boxes)


def test_the_words_of_the_finding() -> None:
    text = run(box(20, 30, 52, 62)).to_text()
    assert text.splitlines()[:2] == ["ok: 5 found", "like the region (20,30)-(52,62) 100%"]


def test_larger_and_smaller_repeats() -> None:
    pixels = np.full((200, 300, 3), 240, np.uint8)
    for x, side in ((20, 32), (100, 40), (200, 24)):
        pixels[60 : 60 + side, x : x + side] = symbol(1, side)
    picture = make_picture(pixels)
    boxes = found(box(20, 60, 52, 92, picture.frame), picture)
    assert sorted(round(b.width) for b in boxes) == pytest.approx([24, 32, 40], abs=3)


def test_turned_repeats_are_found_where_asked_for() -> None:
    pixels = np.full((200, 300, 3), 240, np.uint8)
    bars = np.array(
        [[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    )  # an F: none of its turns is another
    sign = np.where(bars[:, :, None] == 1, (20, 60, 150), 255).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    for x, turned in ((20, sign), (100, np.rot90(sign)), (200, sign[:, ::-1])):
        pixels[60:92, x : x + 32] = turned
    picture = make_picture(pixels)
    region = box(20, 60, 52, 92, picture.frame)
    assert len(found(region, picture)) == 1
    boxes = found(region, picture, turned="yes")
    assert sorted(round(b.x1) for b in boxes) == pytest.approx([20, 100, 200], abs=2)
    assert [round(b.y1) for b in boxes] == pytest.approx([60, 60, 60], abs=2)


def test_the_same_shape_in_another_colour_is_another_thing() -> None:
    pixels = PIXELS.copy()
    pixels[30:62, 200:232] = pixels[30:62, 200:232][:, :, ::-1] // 2 + 90
    assert len(found(box(20, 30, 52, 62), make_picture(PIXELS))) == 5
    picture = make_picture(pixels)
    assert len(found(box(20, 30, 52, 62, picture.frame), picture)) == 4


def test_repeated_shapes_of_drawn_scenes() -> None:
    """Few false finds; what is tilted against the example may be missed."""
    wanted = hits = finds = 0
    for seed in range(50_000, 50_025):
        scene = make_scene(np.random.default_rng(seed))
        picture = make_picture(draw_scene(scene, 320))
        boxes = [Box.clipped(*thing_box(thing, 320), picture.frame) for thing in scene.things]
        for thing, region in list(zip(scene.things, boxes, strict=True))[:3]:
            like = [
                other
                for name, other in zip(scene.things, boxes, strict=True)
                if (name.shape, name.colour, name.size) == (thing.shape, thing.colour, thing.size)
            ]
            seen = found(region, picture)
            near = [any(one.iou(other) >= 0.5 for other in like) for one in seen]
            wanted, hits, finds = wanted + len(like) - 1, hits + sum(near) - 1, finds + len(seen) - 1
    assert wanted > 15
    assert hits / wanted > 0.7
    assert hits / finds > 0.85


def test_large_pictures_take_no_longer() -> None:
    picture = make_picture(np.tile(PIXELS, (8, 8, 1)))
    Finder().warm()
    began = time.process_time()
    boxes = found(box(20, 30, 52, 62, picture.frame), picture)
    assert time.process_time() - began < 6
    assert len(boxes) >= 1


def test_what_has_no_look_of_its_own_is_unsupported() -> None:
    flat = run(box(330, 20, 390, 90))
    assert flat.status == "unsupported"
    assert "flat color" in flat.message
    tiny = run(box(20, 30, 23, 33))
    assert tiny.status == "unsupported"
    assert "too small" in tiny.message


def test_time_is_kept() -> None:
    late = run(box(20, 30, 52, 62), timeout_s=0)
    assert late.status == "timeout"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "needs region"),
        ({"region": box(0, 0, 9, 9), "threshold": 0.2}, "threshold must be at least 0.5"),
        ({"region": box(0, 0, 9, 9), "threshold": 1.2}, "threshold must be at most 1"),
        ({"region": box(5, 5, 5, 9)}, "region is empty, or lies outside this picture"),
        ({"region": box(5, 5, 9, 9, Frame(image="b" * 64, width=9, height=9))}, "two different images"),
    ],
)
def test_what_is_refused(arguments: dict[str, object], why: str) -> None:
    result = guard.run(Finder(), PICTURE, arguments, timeout_s=60)
    assert result.status == "refused"
    assert why in result.message


def test_boxes_stand_in_the_frame_that_was_handed_in() -> None:
    part = cut(PICTURE, box(0, 0, 240, 160), at_least=480)
    boxes = found(box(20, 30, 52, 62), part)
    assert all(b.frame == part.frame for b in boxes)
    assert corners(boxes, 2) == pytest.approx(np.array(sorted(PLACES[:3])), abs=2)


def test_the_same_call_gives_the_same_result() -> None:
    assert run(box(20, 30, 52, 62)).payload == run(box(20, 30, 52, 62)).payload
