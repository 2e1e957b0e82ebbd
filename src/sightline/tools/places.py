"""Where boxes stand, in words and numbers: in the picture, and to one another. All boxes share a frame."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import atan2, degrees, hypot

from sightline.types import Box

_MIDDLE = (1 / 3, 2 / 3)
"""Fractions of the side between which a center is neither left nor right, neither top nor bottom."""


def place_of(box: Box) -> str:
    """The ninth of its frame that a box's center stands in: `top left`, `top`, `center`, ..."""
    (x, y), frame = box.center, box.frame
    across = _third(x / frame.width, ("left", "", "right"))
    down = _third(y / frame.height, ("top", "", "bottom"))
    return " ".join(filter(None, (down, across))) or "center"


def _third(fraction: float, words: tuple[str, str, str]) -> str:
    return words[sum(fraction >= edge for edge in _MIDDLE)]


def center_distance(a: Box, b: Box) -> float:
    """Between the centers, px."""
    (ax, ay), (bx, by) = a.center, b.center
    return hypot(bx - ax, by - ay)


def gap(a: Box, b: Box) -> float:
    """The shortest way from edge to edge, px; 0 where they touch or overlap."""
    dx = max(a.x1 - b.x2, b.x1 - a.x2, 0.0)
    dy = max(a.y1 - b.y2, b.y1 - a.y2, 0.0)
    return hypot(dx, dy)


def angle(a: Box, b: Box) -> float:
    """The direction in which `b` lies from `a`, degrees 0..360: 0 to the right, 90 upwards."""
    (ax, ay), (bx, by) = a.center, b.center
    return degrees(atan2(ay - by, bx - ax)) % 360


def share_inside(a: Box, b: Box) -> float:
    """How much of `a` lies in `b`, 0..1."""
    return a.intersection(b) / a.area if a.area else 0.0


def relation(a: Box, b: Box) -> str:
    """What `a` is to `b`: `inside`, `around`, `overlaps`, or where it stands: `above and left of`.

    A direction is named where the boxes' extents are apart along it, or, where none is, the one in which
    the centers are further apart.
    """
    if share_inside(a, b) >= 0.95:
        return "same place as" if share_inside(b, a) >= 0.95 else "inside"
    if share_inside(b, a) >= 0.95:
        return "around"
    if a.intersection(b) > 0:
        return "overlaps"
    words = []
    if a.y2 <= b.y1 or b.y2 <= a.y1:
        words.append("above" if a.y2 <= b.y1 else "below")
    if a.x2 <= b.x1 or b.x2 <= a.x1:
        words.append("left of" if a.x2 <= b.x1 else "right of")
    return " and ".join(words)


def lines_up(values: Sequence[float], within: float) -> bool:
    """Whether all values lie `within` of their middle, either way."""
    return (max(values) - min(values)) / 2 <= within


def even(values: Sequence[float]) -> bool:
    """Whether the steps between sorted values are the same to 15 %."""
    ordered = sorted(values)
    steps = [b - a for a, b in pairwise(ordered)]
    return max(steps) - min(steps) <= 0.15 * (sum(steps) / len(steps))
