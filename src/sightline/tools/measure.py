"""measure(regions, what?): sizes, places and colors of regions, and how they stand to one another.

All numbers are of the picture that is handed in: px of its frame, shares of its area. Regions are called
1, 2, ... in the order in which they were given; where there is but one, facts do not number it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from importlib.metadata import version
from itertools import combinations
from typing import Literal

from sightline.errors import InputError
from sightline.tools.attributes import said_colors, size_of, thing_colors
from sightline.tools.base import Picture, Tool
from sightline.tools.looks import colors, patch
from sightline.tools.places import (
    angle,
    center_distance,
    even,
    gap,
    lines_up,
    place_of,
    relation,
    share_inside,
)
from sightline.types import Box, Fact, Facts

LEAST = {"distance": 2, "nearest": 2, "biggest": 2, "overlap": 2, "alignment": 3}
"""How many regions each of these needs; the others need one."""

What = Literal["all", "size", "position", "color", "distance", "nearest", "biggest", "overlap", "alignment"]

Regions = tuple[Box, ...]

_SAME = 0.03
"""Areas and distances that differ by no more than this share are the same: boxes are not drawn finer."""

_MOST_PAIRS = 15
"""Of six regions. Of more, only each one's nearest is told."""


class Measurer(Tool):
    """The tool `measure`."""

    name = "measure"

    @cached_property
    def version(self) -> str:
        """Of the library behind it."""
        return f"numpy {version('numpy')}"

    def covers(self) -> str:
        """In one line, what it does."""
        return (
            "color, size and place of what stands in regions; the biggest; the nearest to each; distance, "
            "overlap and relation; alignment. In px of the picture, not in meters"
        )

    def __call__(self, picture: Picture, regions: tuple[Box, ...], what: What = "all") -> Facts:
        """Measures regions: color, size, place, distance, nearest, biggest, overlap.

        Args:
            regions: what to measure
            what: else everything
        """
        if len(regions) < LEAST.get(what, 1):
            raise InputError(f"{what} needs {LEAST[what]} regions, not {len(regions)}")
        return Facts(items=tuple(_facts(picture, regions, what)))


def _facts(picture: Picture, boxes: Regions, what: str) -> Iterator[Fact]:
    """What was asked for; of `all`, what there are regions enough for."""
    parts: dict[str, Callable[[], Iterator[Fact]]] = {
        "color": lambda: region_colors(picture, boxes),
        "size": lambda: sizes(boxes),
        "biggest": lambda: biggest(boxes),
        "position": lambda: positions(boxes),
        "nearest": lambda: nearest(boxes),
        "distance": lambda: distances(boxes),
        "overlap": lambda: overlaps(boxes),
        "alignment": lambda: alignment(boxes),
    }
    for name, facts in parts.items():
        if what == name or (what == "all" and len(boxes) >= LEAST.get(name, 1)):
            yield from facts()


def region_colors(picture: Picture, boxes: Regions) -> Iterator[Fact]:
    """The color of the thing in each region; its shade; and what the region shows, its ground included."""
    for of, box in _named(boxes):
        thing = thing_colors(picture.pixels, box)
        yield Fact(name=f"color{of}", value=said_colors(thing), of=(box,))
        yield Fact(name=f"shade{of}", value=" and ".join(color.code for color in thing), of=(box,))
        shown = ", ".join(f"{c.name} {100 * c.share:.0f} %" for c in colors(patch(picture.pixels, box)))
        yield Fact(name=f"colors of the region{of}, ground included", value=shown, of=(box,))


def sizes(boxes: Regions) -> Iterator[Fact]:
    """Width, height, area, share of the picture and aspect of each, and whether that is small or large."""
    for of, box in _named(boxes):
        whole = box.frame.width * box.frame.height
        yield Fact(name=f"size{of}", value=size_of(box), of=(box,))
        yield _fact(f"width{of}", box.width, "px", box)
        yield _fact(f"height{of}", box.height, "px", box)
        yield _fact(f"area{of}", box.area, "px²", box)
        yield _fact(f"share of the picture{of}", 100 * box.area / whole, "%", box, digits=2)
        yield _fact(f"width to height{of}", box.width / box.height, "", box, digits=2)


def biggest(boxes: Regions) -> Iterator[Fact]:
    """Which has the largest area and which the smallest, and their order. Equal ones are named together."""
    areas = [box.area for box in boxes]
    order = sorted(range(len(boxes)), key=lambda n: -areas[n])
    yield _which("biggest", [n for n in order if areas[n] >= max(areas) * (1 - _SAME)], boxes)
    yield _which("smallest", [n for n in order if areas[n] <= min(areas) * (1 + _SAME)], boxes)
    yield Fact(name="from large to small", value=_numbers(order), of=boxes)


def positions(boxes: Regions) -> Iterator[Fact]:
    """Each region's ninth of the picture and its center; of several, their order."""
    for of, box in _named(boxes):
        x, y = box.center
        yield Fact(name=f"position{of}", value=place_of(box), of=(box,))
        yield Fact(name=f"center{of}", value=f"({x:.1f},{y:.1f})", unit="px", of=(box,))
    if len(boxes) > 1:
        for name, axis in (("from left to right", 0), ("from top to bottom", 1)):
            order = sorted(range(len(boxes)), key=lambda n: boxes[n].center[axis])
            yield Fact(name=name, value=_numbers(order), of=boxes)


def nearest(boxes: Regions) -> Iterator[Fact]:
    """Which is nearest to each, by centers, and how far away. Equally near ones are named together."""
    for n, box in enumerate(boxes):
        away = {m: center_distance(box, boxes[m]) for m in range(len(boxes)) if m != n}
        least = min(away.values())
        near = [m for m, distance in away.items() if distance <= least * (1 + _SAME)]
        told = _which(f"nearest to {n + 1}", near, boxes)
        yield told.model_copy(update={"of": (box, *told.of)})
        if len(boxes) > 2:
            yield _between(n, near[0], boxes)


def distances(boxes: Regions) -> Iterator[Fact]:
    """Of two regions: between centers and edges, angle and relation. Of more: between the centers."""
    if len(boxes) == 2:
        a, b = boxes
        yield _fact("distance between the centers", center_distance(a, b), "px", a, b)
        yield _fact("distance between the edges", gap(a, b), "px", a, b)
        yield Fact(name="relation of 1 to 2", value=relation(a, b), of=boxes)
        yield _fact("direction from 1 to 2, 0 right, 90 up", angle(a, b), "°", a, b)
        return
    pairs = list(combinations(range(len(boxes)), 2))
    if len(pairs) > _MOST_PAIRS:
        yield from (fact for fact in nearest(boxes) if fact.name.startswith("distance"))
        return
    yield from (_between(n, m, boxes) for n, m in pairs)


def _between(n: int, m: int, boxes: Regions) -> Fact:
    distance = center_distance(boxes[n], boxes[m])
    return _fact(f"distance from {n + 1} to {m + 1}", distance, "px", boxes[n], boxes[m])


def _which(name: str, chosen: list[int], boxes: Regions) -> Fact:
    """A fact whose value is the number of a region, or, where several are alike, `1 and 3`."""
    one = chosen[0] + 1 if len(chosen) == 1 else " and ".join(str(n + 1) for n in sorted(chosen))
    return Fact(name=name, value=one, of=tuple(boxes[n] for n in chosen))


def overlaps(boxes: Regions) -> Iterator[Fact]:
    """Of two regions: intersection over union, and the share of each in the other. Of more: who overlaps."""
    if len(boxes) == 2:
        a, b = boxes
        yield _fact("intersection over union", 100 * a.iou(b), "%", a, b)
        yield _fact("share of 1 inside 2", 100 * share_inside(a, b), "%", a, b)
        yield _fact("share of 2 inside 1", 100 * share_inside(b, a), "%", a, b)
    elif len(boxes) > 2:
        pairs = [(n, m) for n, m in combinations(range(len(boxes)), 2) if boxes[n].intersection(boxes[m]) > 0]
        said = "; ".join(f"{n + 1} and {m + 1}" for n, m in pairs[:50]) or "none"
        yield Fact(name="overlapping pairs", value=len(pairs), of=boxes)
        yield Fact(name="overlapping", value=said + (" ..." if len(pairs) > 50 else ""), of=boxes)


def alignment(boxes: Regions) -> Iterator[Fact]:
    """Whether they stand in a row or a column (to a quarter of their size), and evenly spaced."""
    xs, ys = [box.center[0] for box in boxes], [box.center[1] for box in boxes]
    widths, heights = sorted(box.width for box in boxes), sorted(box.height for box in boxes)
    row = lines_up(ys, heights[len(heights) // 2] / 4)
    column = lines_up(xs, widths[len(widths) // 2] / 4)
    yield Fact(name="in a row", value=row, of=boxes)
    yield Fact(name="in a column", value=column, of=boxes)
    if row != column:
        yield Fact(name="evenly spaced", value=even(xs if row else ys), of=boxes)
    within = max(2.0, 0.01 * max(boxes[0].frame.width, boxes[0].frame.height))
    edges = {"left": "x1", "right": "x2", "top": "y1", "bottom": "y2"}
    level = [
        name for name, edge in edges.items() if lines_up([getattr(box, edge) for box in boxes], within / 2)
    ]
    yield Fact(name="edges in line", value=", ".join(level) or "none", of=boxes)


def _named(boxes: Regions) -> list[tuple[str, Box]]:
    """Each box with how its facts are called: nothing where it is the only one, else ` of 1`, ..."""
    return [(f" of {n}" if len(boxes) > 1 else "", box) for n, box in enumerate(boxes, start=1)]


def _numbers(order: list[int]) -> str:
    return ", ".join(str(n + 1) for n in order)


def _fact(name: str, value: float, unit: str, *of: Box, digits: int = 1) -> Fact:
    return Fact(name=name, value=round(value, digits), unit=unit, of=of)
