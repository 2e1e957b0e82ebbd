"""Which runs of text stand in one row, on a page that may be slightly skewed."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, cos, pi, sin

Point = tuple[float, float]
Quad = tuple[Point, ...]
"""Four corners, clockwise from the top left of the text, in px."""

Corners = tuple[float, float, float, float]
"""XYXY, px."""

_SHARED = 0.5
"""Two runs stand in one row where they share this part of the lower one's height."""

_MOST_SKEW = pi / 6
"""Radians. What leans more is taken to be upright or turned text, and does not speak for the page."""


def rows_of(quads: Sequence[Quad]) -> list[list[int]]:
    """Indices into `quads`: rows from top to bottom, in each row from left to right.

    The page's skew is taken out first. Then each run, from left to right, joins the row whose last run it
    shares most height with: neighbours are compared, not ends, so that a curled row holds together.
    """
    lean = skew(quads)
    spans = [upright(quad, lean) for quad in quads]
    rows: list[list[int]] = []
    for n in sorted(range(len(quads)), key=lambda i: spans[i]):
        shares = [(_shared(spans[row[-1]], spans[n]), -i) for i, row in enumerate(rows)]
        share, at = max(shares, default=(0.0, 0))
        if share >= _SHARED:
            rows[-at].append(n)
        else:
            rows.append([n])
    return sorted(rows, key=lambda row: sum(spans[n][1] + spans[n][3] for n in row) / len(row))


def skew(quads: Sequence[Quad]) -> float:
    """Radians, clockwise: the median lean of the top edges, each with the weight of its length."""
    edges: list[tuple[float, float]] = []
    for (x1, y1), (x2, y2), *_ in quads:
        lean, length = atan2(y2 - y1, x2 - x1), ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        if abs(lean) <= _MOST_SKEW:
            edges.append((lean, length))
    half, total = sum(length for _, length in edges) / 2, 0.0
    for lean, length in sorted(edges):
        total += length
        if total >= half:
            return lean
    return 0.0


def upright(quad: Quad, lean: float) -> Corners:
    """XYXY of the quad after turning the page back by `lean`."""
    c, s = cos(-lean), sin(-lean)
    xs, ys = [x * c - y * s for x, y in quad], [x * s + y * c for x, y in quad]
    return min(xs), min(ys), max(xs), max(ys)


def _shared(left: Corners, right: Corners) -> float:
    """The part of the lower one's height that two upright boxes share; 0 where one stands over the other."""
    if min(left[2], right[2]) - max(left[0], right[0]) > 0.5 * min(left[2] - left[0], right[2] - right[0]):
        return 0.0
    height = min(left[3] - left[1], right[3] - right[1])
    shared = min(left[3], right[3]) - max(left[1], right[1])
    return max(shared, 0.0) / height if height > 0 else 0.0
