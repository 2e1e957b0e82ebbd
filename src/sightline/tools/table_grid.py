"""Where the rows and columns of a table lie: by its rules where it has them, else by its white space.

A cut is a place, in px, between two columns (x) or two rows (y). Rules are long straight edges, so that a
change of the background counts as one. Where rules leave several lines of text in one band, they are rows of
their own if most columns have something in them, and else one row of wrapped cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.reading import Boxes
from sightline.tools.recognise import print_ink

EDGE = 10
"""Levels of 255 by which the two sides of a rule or of a change of background differ."""

GUTTER, WIDE_GUTTER = 0.42, 0.6
"""Of the height of a line: white space between columns. A space between words is about a quarter, and in few
lines spaces may stand in line by chance."""

MANY_LINES = 5

MARGIN = 8
"""px around the picture, more than gaps in rules that are closed."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Cuts in px, each from the first edge to the last; row k lies between `ys[k]` and `ys[k + 1]`.

    `down` and `across` are where rules are drawn, bool[H, W].
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    across: Mask
    down: Mask

    def cell_of(self, box: NDArray[np.float64]) -> tuple[int, int]:
        """The row and column that hold the middle of `box`, XYXY."""
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        return _slot(self.ys, y), _slot(self.xs, x)

    def columns_of(self, box: NDArray[np.float64], least: float) -> list[int]:
        """The columns into which `box` reaches by `least` px or more."""
        shared = [min(box[2], b) - max(box[0], a) for a, b in pairwise(self.xs)]
        return [n for n, px in enumerate(shared) if px >= min(least, self.xs[n + 1] - self.xs[n])]

    def ruled(self, x: float, y1: float, y2: float, tolerance: float) -> bool:
        """Whether a rule is drawn at `x` for most of the way from `y1` to `y2`."""
        near = self.down[
            int(y1) : max(int(y2), int(y1) + 1), max(int(x - tolerance), 0) : int(x + tolerance) + 1
        ]
        return bool(near.size) and float(near.any(1).mean()) > 0.6


def _slot(cuts: tuple[float, ...], at: float) -> int:
    return min(max(int(np.searchsorted(cuts, at, side="right")) - 1, 0), len(cuts) - 2)


def grid_of(pixels: Pixels, boxes: Boxes, height: float) -> Grid | None:
    """The grid around lines of text.

    Args:
        pixels: uint8[H, W, 3] RGB.
        boxes: of the lines, float64[N, 4] XYXY px.
        height: of a line, px.

    Returns:
        None where there are no two columns.
    """
    across, down = rules_of(pixels, height)
    bands = _cuts(across, boxes, height, axis=1)
    bands, _ = _without_title(bands, down, boxes, height)
    inside = boxes[(boxes[:, 1] + boxes[:, 3]) / 2 > bands[0]]
    xs = _columns(down, print_ink(pixels, height), inside, height)
    if len(xs) < 3:
        return None
    ys = _rows(bands, inside, xs, height)
    middles = (inside[:, 0] + inside[:, 2]) / 2
    full = [n for n, (a, b) in enumerate(pairwise(xs)) if ((middles > a) & (middles <= b)).any()]
    return Grid(xs=tuple(xs[full[0] : full[-1] + 2]), ys=tuple(ys), across=across, down=down)


def rules_of(pixels: Pixels, height: float) -> tuple[Mask, Mask]:
    """Straight edges across, longer than any letter, and down, bool[H, W] each."""
    import cv2

    image = pixels.astype(np.int16)
    found = []
    for axis in (0, 1):
        step = np.abs(np.diff(image, axis=axis)).max(2) > EDGE
        step = np.concatenate([step, np.zeros_like(step[:1] if axis == 0 else step[:, :1])], axis)
        # A margin, since what lies outside of the picture counts as edge in an opening, and closing fills it.
        edges = np.pad(cv2.dilate(step.astype(np.uint8), _along(1 - axis, 2)), MARGIN)
        # Longer than strokes; then over the crossings, where a rule shows no step; then longer than print.
        edges = cv2.morphologyEx(edges, cv2.MORPH_OPEN, _along(axis, max(round(height * 0.85), 5)))
        edges = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, _along(axis, MARGIN - 1))
        edges = cv2.morphologyEx(edges, cv2.MORPH_OPEN, _along(axis, max(round(height * 1.6), 8)))
        found.append(edges[MARGIN:-MARGIN, MARGIN:-MARGIN].astype(bool))
    return found[0], found[1]


def _along(axis: int, length: int) -> NDArray[np.uint8]:
    """A kernel that is long in x (axis 0: rules across) or in y (axis 1)."""
    return np.ones((1, length) if axis == 0 else (length, 1), np.uint8)


def lines_of(boxes: Boxes) -> list[list[int]]:
    """Indices of the boxes that share a line of text, from top to bottom, in each from left to right."""
    lines: list[list[int]] = []
    for n in np.argsort((boxes[:, 1] + boxes[:, 3]) / 2, kind="stable").tolist():
        last = boxes[lines[-1]] if lines else boxes[:0]
        top, bottom = np.median(last[:, 1:4:2], 0) if len(last) else (0.0, 0.0)
        shared = min(boxes[n, 3], bottom) - max(boxes[n, 1], top)
        if len(last) and shared > 0.5 * min(boxes[n, 3] - boxes[n, 1], bottom - top):
            lines[-1].append(n)
        else:
            lines.append([n])
    return [sorted(line, key=lambda n: float(boxes[n, 0])) for line in lines]


def _cuts(rules: Mask, boxes: Boxes, height: float, *, axis: int) -> list[float]:
    """Places of rules that run beside most of the text and through none of it, with both outer edges.

    `axis`: 1 for rules across (cuts along y), 0 for rules down (cuts along x).
    """
    other = 1 - axis
    low, high = int(boxes[:, other].min()), int(np.ceil(boxes[:, other + 2].max()))
    beside = rules[:, low:high] if axis == 1 else rules[low:high]
    share = beside.mean(axis)
    at = np.nonzero(share > 0.5)[0]
    groups = np.split(at, np.nonzero(np.diff(at) > max(0.4 * height, 3))[0] + 1) if len(at) else []
    places = [float(group[0] + group[-1] + 1) / 2 for group in groups]
    first, last = float(boxes[:, axis].min()), float(boxes[:, axis + 2].max())
    clear = [p for p in places if first < p < last and not _through(p, boxes, axis)]
    before = max((p for p in places if p <= first), default=first - 1)
    after = min((p for p in places if p >= last), default=last + 1)
    return [before, *clear, after]


def _through(place: float, boxes: Boxes, axis: int) -> bool:
    """Whether a rule at `place` runs through the middle half of most of what it meets."""
    low, high = boxes[:, axis], boxes[:, axis + 2]
    quarter = (high - low) * (0.3 if axis == 1 else 0.1)
    struck = (low + quarter < place) & (place < high - quarter)
    if axis == 1:
        return bool(struck.any())
    return bool(struck.sum() > 0.5 * len(lines_of(boxes)))


def _without_title(
    bands: list[float], down: Mask, boxes: Boxes, height: float
) -> tuple[list[float], list[list[int]]]:
    """The bands below the lines at the top that stand alone, and the lines of text in them."""
    lines = lines_of(boxes)
    start = 0
    while start < len(lines) - 1 and _alone(lines, start, down, boxes, height):
        start += 1
    top = float(boxes[lines[start], 1].min())
    above = max([float(boxes[n, 3]) for line in lines[:start] for n in line], default=top - 2)
    first = max((band for band in bands if band <= top + 0.3 * height), default=(above + top) / 2)
    first = max(first, min((above + top) / 2, top)) if start else first
    return [first, *(band for band in bands if band > top + 0.3 * height)], lines[start:]


def _alone(lines: list[list[int]], at: int, down: Mask, boxes: Boxes, height: float) -> bool:
    """Whether a line is one run of words, with nothing beside it and no rule through it."""
    words = boxes[lines[at]]
    gaps = words[1:, 0] - words[:-1, 2]
    widest = (1.0 if down.any() else 0.3) * height  # columns that are close have a rule between them
    if all(len(line) < 2 for line in lines[at + 1 :]) or (len(gaps) and gaps.max() > widest):
        return False
    left, right = int(words[:, 0].min() + height / 2), int(words[:, 2].max() - height / 2)
    top, bottom = int(words[:, 1].min()), int(np.ceil(words[:, 3].max()))
    within = down[top:bottom, left : max(right, left)]
    if within.size and within.mean(0).max() > 0.5:
        return False
    others = np.delete(boxes, lines[at], 0)
    shared = np.minimum(others[:, 3], bottom) - np.maximum(others[:, 1], top)
    return not (shared > 0.2 * (others[:, 3] - others[:, 1])).any()


def _columns(down: Mask, ink: NDArray[Any], boxes: Boxes, height: float) -> list[float]:
    """Cuts along x: rules down, and white space that most lines leave free."""
    ruled = _cuts(down, boxes, height, axis=0)
    ruled = [x for n, x in enumerate(ruled) if n in (0, len(ruled) - 1) or x - ruled[n - 1] > 0.5 * height]
    return sorted({*ruled, *_gutters(ink, boxes, ruled, height)})


def _gutters(ink: NDArray[Any], boxes: Boxes, ruled: list[float], height: float) -> list[float]:
    """The middles of the white space between columns that no rule parts already."""
    lines = lines_of(boxes)
    found = []
    for left, right in pairwise(ruled):
        within = [[n for n in line if left <= (boxes[n, 0] + boxes[n, 2]) / 2 <= right] for line in lines]
        several = [line for line in within if len(line) > 1]
        filled = [line for line in within if line]
        if len(several) < max(2 if len(ruled) == 2 else 3, 0.5 * len(filled) * (len(ruled) > 2)):
            continue
        least = (GUTTER if len(several) >= MANY_LINES else WIDE_GUTTER) * height
        found += _free(ink, boxes, several, least)
    return found


def _free(ink: NDArray[Any], boxes: Boxes, several: list[list[int]], least: float) -> list[float]:
    """Middles of the stretches of `least` px or more in which hardly any line with several runs has print."""
    low = int(min(boxes[n, 0] for line in several for n in line))
    high = int(np.ceil(max(boxes[n, 2] for line in several for n in line)))
    cover = np.zeros(high - low + 1, int)
    for line in several:
        printed = np.zeros(high - low + 1, bool)
        for x1, y1, x2, y2 in boxes[line].round().astype(int):
            part: NDArray[np.bool_] = np.asarray(ink[max(y1, 0) : y2, max(x1, 0) : x2].any(0), bool)
            printed[max(x1, 0) - low : max(x1, 0) - low + len(part)] |= part[: high - low + 1]
        cover += printed
    free = np.nonzero(cover[:-1] <= 0.08 * len(several))[0]
    groups = np.split(free, np.nonzero(np.diff(free) > 1)[0] + 1) if len(free) else []
    inner = [g for g in groups if len(g) >= least and g[0] > 0 and g[-1] < high - low - 1]
    return [low + float(g[0] + g[-1] + 1) / 2 for g in inner]


def _rows(bands: list[float], boxes: Boxes, xs: list[float], height: float) -> list[float]:
    """Cuts along y: the bands, and lines of text within a band that are rows of their own."""
    middles = (boxes[:, 1] + boxes[:, 3]) / 2
    held = [boxes[(middles > a) & (middles <= b)] for a, b in pairwise(bands)]
    full = [n for n, within in enumerate(held) if len(within)]
    cuts = [bands[0]]
    for n in full:
        single = len(full) == 1 or (len(full) == 2 and n == full[1])
        cuts += _parted(held[n], xs, height, single=single)
        after = next((m for m in full if m > n), None)
        cuts.append(bands[n + 1] if after is None else (bands[n + 1] + bands[after]) / 2)
    return cuts


def _parted(boxes: Boxes, xs: list[float], height: float, *, single: bool) -> list[float]:
    """Cuts between the rows within one band; `single`: the table has no other rows to compare with."""
    lines = lines_of(boxes)
    columns = [{_slot(tuple(xs), (boxes[n, 0] + boxes[n, 2]) / 2) for n in line} for line in lines]
    most = sum(sum(c in line for line in columns) >= 0.7 * len(lines) for c in range(len(xs) - 1))
    rows = len(lines) > 1 and most >= (1 if single else 2) and (single or len(lines) > 2)
    if not rows:
        return []
    bottoms = [float(boxes[line, 3].max()) for line in lines]
    tops = [float(boxes[line, 1].min()) for line in lines]
    gaps = [top - bottom for bottom, top in zip(bottoms, tops[1:], strict=False)]
    kept = [
        n for n, gap in enumerate(gaps) if not _continues(columns[n], columns[n + 1], gap, max(gaps), height)
    ]
    return [(bottoms[n] + tops[n + 1]) / 2 for n in kept]


def _continues(above: set[int], below: set[int], gap: float, widest: float, height: float) -> bool:
    """Whether a line goes on with the cells of the line above: nearer than rows are, and no first cell."""
    return below < above and min(above) not in below and gap < widest - 0.25 * height
