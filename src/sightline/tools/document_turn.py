"""Pages that lie on their side or upside down: their words turned upright, so that rows are rows again.

A reader that reads such a page gives its runs in reading order, with boxes on the page as it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sightline.types import Box, Frame, TextSpan

TURNS = (0, 90, 180, 270)
"""Degrees, clockwise, by which a page is turned to stand upright."""

FEWEST = 4
"""Runs of text: fewer say too little about how they follow each other."""


def turn_of(spans: Sequence[TextSpan]) -> int:
    """By how many degrees, clockwise, the page is to be turned.

    Its runs then go right and down as they are read.
    """
    long = [span.box for span in spans if len(span.text) > 3]
    if len(spans) < FEWEST or not long:
        return 0
    upright = sum(box.height > 1.5 * box.width for box in long) <= 0.5 * len(long)
    among = (0, 180) if upright else (90, 270)
    # Of equals the first: a page that stands is not turned.
    return max(among, key=lambda turn: (_in_order([turned(span.box, turn) for span in spans]), -turn))


def _in_order(boxes: Sequence[Box]) -> int:
    """How many boxes follow the one before them to the right in its row, or below it."""
    return sum(_follows(a, b) for a, b in pairwise(boxes))


def _follows(before: Box, box: Box) -> bool:
    beside = min(before.y2, box.y2) - max(before.y1, box.y1) > 0.5 * min(before.height, box.height)
    return box.x1 >= before.x1 if beside else box.y1 > before.y1


def turned(box: Box, turn: int) -> Box:
    """Where a box lies once its frame is turned clockwise by `turn` degrees, one of `TURNS`."""
    width, height = box.frame.width, box.frame.height
    frame = box.frame
    if turn in (90, 270):
        frame = Frame(image=frame.image, width=height, height=width)
    xyxy = {
        0: (box.x1, box.y1, box.x2, box.y2),
        90: (height - box.y2, box.x1, height - box.y1, box.x2),
        180: (width - box.x2, height - box.y2, width - box.x1, height - box.y1),
        270: (box.y1, width - box.x2, box.y2, width - box.x1),
    }[turn]
    return Box.clipped(*xyxy, frame)


def back(box: Box, turn: int, frame: Frame) -> Box:
    """The box in `frame` that `turned` made of one there."""
    return turned(box, -turn % 360).model_copy(update={"frame": frame})
