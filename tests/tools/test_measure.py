"""Measures by hand: sizes, places, colors, distances, overlaps, alignment, frames and what is refused."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.images import make_picture
from sightline.tools import guard
from sightline.tools.crop import cut
from sightline.tools.measure import Measurer, What
from sightline.tools.places import angle, center_distance, gap, place_of, relation
from sightline.types import Box, Facts, Frame, ToolResult

PIXELS = np.full((300, 600, 3), 255, np.uint8)
PIXELS[50:100, 100:200] = (214, 38, 40)
PIXELS[50:100, 200:250] = (36, 92, 206)
PICTURE = make_picture(PIXELS)


def box(x1: float, y1: float, x2: float, y2: float, frame: Frame = PICTURE.frame) -> Box:
    return Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=frame)


def run(*regions: Box, what: str | None = None) -> ToolResult:
    return guard.run(Measurer(), PICTURE, {"regions": regions, "what": what}, timeout_s=60)


def facts(*regions: Box, what: str | None = None) -> dict[str, object]:
    result = run(*regions, what=what)
    assert result.status == "ok", result.message
    assert isinstance(result.payload, Facts)
    return {fact.name: fact.value for fact in result.payload.items}


def test_the_size_of_one() -> None:
    assert facts(box(100, 50, 250, 100), what="size") == {
        "size": "large",
        "width": 150,
        "height": 50,
        "area": 7500,
        "share of the picture": 4.17,
        "width to height": 3,
    }


def test_the_color_of_the_thing_and_what_its_region_shows() -> None:
    assert facts(box(100, 50, 200, 100), what="color") == {
        "color": "red",
        "shade": "#d62628",
        "colors of the region, ground included": "red 100 %",
    }
    wide = facts(box(100, 50, 250, 125), what="color")
    assert wide["color"] == "red"
    assert wide["colors of the region, ground included"] == "red 44 %, white 33 %, blue 22 %"
    both = facts(box(100, 50, 200, 100), box(200, 50, 250, 100), what="color")
    assert (both["color of 1"], both["color of 2"]) == ("red", "blue")


def test_all_of_one_names_neither_numbers_nor_neighbours() -> None:
    named = facts(box(100, 50, 250, 100))
    assert {"width", "position", "center", "color"} <= set(named)
    assert not any("1" in name.split() or "relation" in name or "biggest" in name for name in named)


def test_the_biggest_and_the_smallest() -> None:
    result = run(box(0, 0, 20, 20), box(50, 0, 90, 40), box(100, 0, 110, 10), what="biggest")
    assert result.to_text() == "ok: biggest: 2\nsmallest: 3\nfrom large to small: 2, 1, 3"
    assert isinstance(result.payload, Facts)
    assert result.payload.items[0].of == (box(50, 0, 90, 40),)
    alike = facts(box(0, 0, 20, 20), box(50, 0, 70, 20), box(100, 0, 110, 10), what="biggest")
    assert alike["biggest"] == "1 and 2"


def test_the_nearest_to_each() -> None:
    row = [box(x, 0, x + 10, 10) for x in (0, 100, 130)]
    assert facts(*row, what="nearest") == {
        "nearest to 1": 2,
        "distance from 1 to 2": 100,
        "nearest to 2": 3,
        "distance from 2 to 3": 30,
        "nearest to 3": 2,
        "distance from 3 to 2": 30,
    }
    result = run(*row, what="nearest")
    assert isinstance(result.payload, Facts)
    assert result.payload.items[0].of == (row[0], row[1])
    assert facts(*(box(x, 0, x + 10, 10) for x in (0, 50, 100)), what="nearest")["nearest to 2"] == "1 and 3"


def test_how_far_apart_three_are_and_a_crowd() -> None:
    three = [box(x, 0, x + 10, 10) for x in (0, 30, 100)]
    assert facts(*three, what="distance") == {
        "distance from 1 to 2": 30,
        "distance from 1 to 3": 100,
        "distance from 2 to 3": 70,
    }
    assert len(facts(*(box(x, 0, x + 10, 10) for x in range(0, 200, 20)), what="distance")) == 10


def test_two_regions() -> None:
    a, b = box(0, 0, 30, 40), box(60, 80, 90, 120)
    assert facts(a, b, what="distance") == {
        "distance between the centers": 100,
        "distance between the edges": 50,
        "relation of 1 to 2": "above and left of",
        "direction from 1 to 2, 0 right, 90 up": pytest.approx(306.9),
    }
    assert facts(box(0, 0, 10, 10), box(5, 0, 15, 10), what="overlap") == {
        "intersection over union": 33.3,
        "share of 1 inside 2": 50,
        "share of 2 inside 1": 50,
    }
    assert {"width of 1", "width of 2", "size of 2"} <= set(facts(a, b, what="size"))


def test_an_even_row() -> None:
    row = [box(100 + 60 * n, 100 + n, 130 + 60 * n, 140 + n) for n in (2, 0, 1, 3)]
    said = facts(*row)
    assert (said["in a row"], said["in a column"], said["evenly spaced"]) == (True, False, True)
    assert said["from left to right"] == "2, 3, 1, 4"
    assert said["edges in line"] == "top, bottom"
    assert said["nearest to 1"] == "3 and 4"
    assert (said["overlapping pairs"], said["overlapping"]) == (0, "none")


def test_an_uneven_column_and_a_scatter() -> None:
    column = facts(*(box(100, y, 120, y + 20) for y in (0, 40, 200)), what="alignment")
    assert (column["in a row"], column["in a column"], column["evenly spaced"]) == (False, True, False)
    assert column["edges in line"] == "left, right"
    scatter = facts(box(0, 0, 20, 20), box(100, 200, 120, 220), box(300, 80, 320, 100), what="alignment")
    assert scatter == {"in a row": False, "in a column": False, "edges in line": "none"}


def test_who_overlaps() -> None:
    said = facts(box(0, 0, 20, 20), box(10, 10, 40, 40), box(100, 0, 120, 20), what="overlap")
    assert (said["overlapping pairs"], said["overlapping"]) == (1, "1 and 2")


@pytest.mark.parametrize(
    ("corners", "place"),
    [
        ((0, 0, 10, 10), "top left"),
        ((290, 0, 310, 10), "top"),
        ((590, 290, 600, 300), "bottom right"),
        ((280, 140, 320, 160), "center"),
        ((0, 140, 10, 160), "left"),
    ],
)
def test_places_in_words(corners: tuple[float, float, float, float], place: str) -> None:
    assert place_of(box(*corners)) == place


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ((0, 0, 10, 10), (20, 0, 30, 10), "left of"),
        ((0, 20, 10, 30), (0, 0, 10, 10), "below"),
        ((40, 0, 50, 10), (0, 20, 10, 30), "above and right of"),
        ((2, 2, 8, 8), (0, 0, 10, 10), "inside"),
        ((0, 0, 10, 10), (2, 2, 8, 8), "around"),
        ((0, 0, 10, 10), (5, 5, 15, 15), "overlaps"),
        ((0, 0, 10, 10), (0, 0, 10, 10), "same place as"),
        ((0, 0, 10, 10), (10, 0, 20, 10), "left of"),
    ],
)
def test_relations(a: tuple[float, ...], b: tuple[float, ...], words: str) -> None:
    assert relation(box(*a), box(*b)) == words


CORNERS = st.tuples(*[st.integers(0, 250)] * 2, *[st.integers(1, 40)] * 2)


@given(CORNERS, CORNERS)
def test_both_sides_agree(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    a, b = (box(x, y, x + w, y + h) for x, y, w, h in (first, second))
    assert gap(a, b) == gap(b, a) <= center_distance(a, b)
    assert (gap(a, b) == 0) or a.intersection(b) == 0
    opposite = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
    turned = " and ".join(opposite.get(word, word) for word in relation(a, b).split(" and "))
    swapped = {"inside": "around", "around": "inside"}.get(turned, turned)
    assert relation(b, a) == swapped != ""
    if center_distance(a, b):
        assert (angle(a, b) - angle(b, a)) % 360 == pytest.approx(180)


def test_regions_of_another_frame_are_carried_over() -> None:
    part = cut(PICTURE, box(100, 50, 200, 100), at_least=400)
    on_the_crop = Box(x1=0, y1=0, x2=400, y2=200, frame=part.frame)
    assert facts(on_the_crop, what="size")["width"] == 100
    result = guard.run(Measurer(), part, {"regions": (box(100, 50, 150, 100),), "what": "size"}, timeout_s=60)
    assert isinstance(result.payload, Facts)
    assert result.payload.items[1].value == 200
    assert result.payload.items[1].of[0].frame == part.frame


@pytest.mark.parametrize(
    ("regions", "what", "why"),
    [
        ((box(0, 0, 5, 5),), "distance", "distance needs 2 regions, not 1"),
        ((box(0, 0, 5, 5), box(9, 9, 11, 11)), "alignment", "alignment needs 3 regions"),
        ((box(0, 0, 5, 5),), "weight", "what must be one of"),
        ((box(0, 0, 5, 5), box(8, 8, 8, 9)), "size", "region 2 is empty"),
        ((), "size", "regions must be"),
        ((box(0, 0, 5, 5, Frame(image="b" * 64, width=9, height=9)),), "size", "two different images"),
    ],
)
def test_what_is_refused(regions: tuple[Box, ...], what: str, why: str) -> None:
    result = run(*regions, what=what)
    assert result.status == "refused"
    assert why in result.message


@settings(deadline=None)  # the first call builds the table of color names
@given(st.lists(CORNERS, min_size=1, max_size=6), st.sampled_from(get_args(What)))
def test_the_same_call_gives_the_same_result(corners: list[tuple[int, ...]], what: str) -> None:
    regions = [box(x, y, x + w, y + h) for x, y, w, h in corners]
    first, second = run(*regions, what=what), run(*regions, what=what)
    assert first.payload == second.payload
    assert first.status in ("ok", "refused")
