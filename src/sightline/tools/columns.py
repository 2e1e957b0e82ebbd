"""Columns of running text: what is read before what on a page of two or more columns.

A page is cut at a gutter only where both sides are set as running text: lines many times longer than they
are high, most of which fill their column. What crosses the gutter, such as a title, parts what stands above
from what stands below. A table, a form or a receipt has no such sides, and stays whole: its rows go across.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from sightline.tools.rows import Corners, Quad, skew, upright

FEWEST = 4
"""Lines on each side of a gutter."""

LONG = 8.0
"""Times its height that a line of running text is long, in the middle of its column's lines."""

FULL = 0.8
"""A line fills its column where it is at least this part of the column's width."""

MOSTLY = 0.6
"""The part of a column's lines that must fill it: ends of paragraphs do not."""

ACROSS = 0.3
"""What crosses the gutter may be at most this part of all lines."""


def blocks_of(quads: Sequence[Quad]) -> list[list[int]]:
    """Indices into `quads` by block, blocks in reading order; one block where there are no columns."""
    lean = skew(quads)
    boxes = [upright(quad, lean) for quad in quads]
    return _cut(boxes, list(range(len(boxes))))


def _cut(boxes: Sequence[Corners], among: list[int]) -> list[list[int]]:
    """The blocks of the boxes `among` all, in reading order."""
    found = _gutter(boxes, among)
    if found is None:
        return [among] if among else []
    crossing = sorted(
        (n for n in among if boxes[n][0] < found < boxes[n][2]), key=lambda n: _middle(boxes[n])
    )
    blocks: list[list[int]] = []
    above = float("-inf")
    for n in [*crossing, None]:
        below = float("inf") if n is None else _middle(boxes[n])
        band = [i for i in among if i not in crossing and above <= _middle(boxes[i]) < below]
        for side in ([i for i in band if boxes[i][2] <= found], [i for i in band if boxes[i][0] >= found]):
            blocks += _cut(boxes, side)
        if n is not None:
            # Rows of what goes across, one after the other, are one block.
            if blocks and above != float("-inf") and not band and blocks[-1][-1] in crossing:
                blocks[-1].append(n)
            else:
                blocks.append([n])
        above = below
    return blocks


def _gutter(boxes: Sequence[Corners], among: Sequence[int]) -> float | None:
    """The x, px, of a gutter between running text on both sides; None where there is none.

    Of several the one that the fewest boxes cross, and of these the widest.
    """
    found: list[tuple[int, float, float]] = []
    for right in {boxes[n][2] for n in among}:
        start = min((boxes[n][0] for n in among if boxes[n][0] > right), default=right)
        at = (right + start) / 2
        sides = [boxes[n] for n in among if boxes[n][2] <= at], [boxes[n] for n in among if boxes[n][0] >= at]
        across = len(among) - len(sides[0]) - len(sides[1])
        if across <= ACROSS * len(among) and all(map(_runs, sides)) and _beside(*sides):
            found.append((-across, start - right, at))
    return max(found)[2] if found else None


def _runs(side: Sequence[Corners]) -> bool:
    """Whether these boxes are lines of running text, or columns of it."""
    if len(side) < FEWEST:
        return False
    widths = sorted(x2 - x1 for x1, _, x2, _ in side)
    full = widths[int(0.9 * (len(widths) - 1))]
    long = median((x2 - x1) / max(y2 - y1, 1) for x1, y1, x2, y2 in side) >= LONG
    return long and sum(width >= FULL * full for width in widths) >= MOSTLY * len(widths)


def _beside(left: Sequence[Corners], right: Sequence[Corners]) -> bool:
    """Whether two sides stand beside each other for at least half of the shorter one's height."""
    tops, feet = ([f(b[i] for b in side) for side in (left, right)] for f, i in ((min, 1), (max, 3)))
    shared = min(feet) - max(tops)
    return shared >= 0.5 * min(foot - top for foot, top in zip(feet, tops, strict=True))


def _middle(box: Corners) -> float:
    return (box[1] + box[3]) / 2
