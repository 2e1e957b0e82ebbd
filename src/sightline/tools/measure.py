"""measure(regions, what?): sizes, places and colours of regions, and how they stand to one another.

All numbers are of the picture that is handed in: px of its frame, shares of its area. Regions are called
1, 2, ... in the order in which they were given.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cached_property
from importlib.metadata import version
from itertools import combinations
from typing import Any

from sightline.tools.base import Parameter, Picture, finish, why_refused
from sightline.tools.looks import colours, patch
from sightline.tools.places import (
    angle,
    centre_distance,
    even,
    gap,
    lines_up,
    mapped,
    place_of,
    relation,
    share_inside,
)
from sightline.types import Box, Fact, Facts, ToolResult

LEAST = {"distance": 2, "overlap": 2, "alignment": 3}
"""How many regions each of these needs; the others need one."""

WHAT = ("all", "size", "position", "colour", "distance", "overlap", "alignment")

Regions = tuple[Box, ...]


class Measurer:
    """The expert `measure`."""

    name = "measure"
    doc = "measures regions: size, place, colour, distance, overlap, alignment"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="regions", kind="regions", doc="what to measure"),
        Parameter(name="what", kind="choice", doc="else everything", required=False, options=WHAT),
    )
    weights = ""

    @cached_property
    def version(self) -> str:
        """Of the library behind it."""
        return f"numpy {version('numpy')}"

    def covers(self) -> str:
        """In one line, what it does."""
        return (
            "sizes, places and colours of regions; distance, overlap and relation of two; alignment of more"
        )

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """Takes milliseconds, whatever `timeout_s` is."""
        started = time.monotonic()
        if reason := why_refused(self, picture, arguments):
            return finish(self, started, "refused", message=reason)
        boxes, what = mapped(arguments["regions"], picture), arguments.get("what") or "all"
        if isinstance(boxes, str):
            return finish(self, started, "refused", message=boxes)
        if len(boxes) < LEAST.get(what, 1):
            return finish(
                self, started, "refused", message=f"{what} needs {LEAST[what]} regions, not {len(boxes)}"
            )
        return finish(self, started, "ok", Facts(items=tuple(_facts(picture, boxes, what))))

    def warm(self) -> None:
        """Nothing is loaded."""

    def close(self) -> None:
        """Nothing is held."""


def _facts(picture: Picture, boxes: Regions, what: str) -> Iterator[Fact]:
    """What was asked for; of `all`, what there are regions enough for."""
    parts = {
        "size": sizes(boxes),
        "position": positions(boxes),
        "colour": region_colours(picture, boxes),
        "distance": distances(boxes),
        "overlap": overlaps(boxes),
        "alignment": alignment(boxes),
    }
    for name, facts in parts.items():
        if what == name or (what == "all" and len(boxes) >= LEAST.get(name, 1)):
            yield from facts


def sizes(boxes: Regions) -> Iterator[Fact]:
    """Width, height, area, share of the picture and aspect of each; of several, the largest and smallest."""
    for of, box in _named(boxes):
        whole = box.frame.width * box.frame.height
        yield _fact(f"width{of}", box.width, "px", box)
        yield _fact(f"height{of}", box.height, "px", box)
        yield _fact(f"area{of}", box.area, "px²", box)
        yield _fact(f"share of the picture{of}", 100 * box.area / whole, "%", box, digits=2)
        yield _fact(f"width to height{of}", box.width / box.height, "", box, digits=2)
    if len(boxes) > 1:
        order = sorted(range(len(boxes)), key=lambda n: -boxes[n].area)
        yield Fact(name="from large to small", value=_numbers(order), of=boxes)


def positions(boxes: Regions) -> Iterator[Fact]:
    """Each region's ninth of the picture and its centre; of several, their order."""
    for of, box in _named(boxes):
        x, y = box.center
        yield Fact(name=f"position{of}", value=place_of(box), of=(box,))
        yield Fact(name=f"centre{of}", value=f"({x:.1f},{y:.1f})", unit="px", of=(box,))
    if len(boxes) > 1:
        for name, axis in (("from left to right", 0), ("from top to bottom", 1)):
            order = sorted(range(len(boxes)), key=lambda n: boxes[n].center[axis])
            yield Fact(name=name, value=_numbers(order), of=boxes)


def region_colours(picture: Picture, boxes: Regions) -> Iterator[Fact]:
    """The colours of each region with their shares, its ground included."""
    for of, box in _named(boxes):
        for colour in colours(patch(picture.pixels, box)):
            yield _fact(f"{colour.name} {colour.code}{of}", 100 * colour.share, "%", box)


def distances(boxes: Regions) -> Iterator[Fact]:
    """Of two regions: between centres and edges, angle and relation. Of more, each one's nearest."""
    if len(boxes) == 2:
        a, b = boxes
        yield _fact("distance between the centres", centre_distance(a, b), "px", a, b)
        yield _fact("distance between the edges", gap(a, b), "px", a, b)
        yield Fact(name="relation of 1 to 2", value=relation(a, b), of=boxes)
        yield _fact("direction from 1 to 2, 0 right, 90 up", angle(a, b), "°", a, b)
    elif len(boxes) > 2:
        for n, box in enumerate(boxes):
            others = [m for m in range(len(boxes)) if m != n]
            near = min(others, key=lambda m: centre_distance(box, boxes[m]))
            distance = centre_distance(box, boxes[near])
            yield _fact(f"from {n + 1} to its nearest, {near + 1}", distance, "px", box, boxes[near])


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
