"""What is drawn in a chart: its colours, and the bars, lines and slices in them, from the pixels alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.chart_axes import Axis
from sightline.tools.reading import Boxes

SAME = 26
"""Levels of 255, in the channel that differs most, within which two colours are one."""

MOST_COLOURS = 24

LEAST = 0.004
"""Bars that fill less than this part of a page are no bars."""

Labels = NDArray[np.int16]
"""int16[H, W]: which colour of the palette a pixel has; -1 where none. 0 is the paper."""


Runs = NDArray[np.uint8]
"""uint8[H, W] of 0 and 1."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A part of one colour: its number in the palette and XYXY in px, x2 and y2 exclusive."""

    colour: int
    box: tuple[float, float, float, float]

    def size(self, axis: Axis) -> float:
        """Its extent along an axis, px."""
        return self.box[axis + 2] - self.box[axis]

    def middle(self, axis: Axis) -> float:
        """The middle of its box, px."""
        return (self.box[axis] + self.box[axis + 2]) / 2


def palette_of(pixels: Pixels) -> tuple[NDArray[np.float64], Labels]:
    """The colours that fill the picture, float64[K, 3] RGB with the commonest first, and where they are."""
    flat = pixels.reshape(-1, 3).astype(np.int32)
    bins = (flat[:, 0] >> 4) << 8 | (flat[:, 1] >> 4) << 4 | flat[:, 2] >> 4
    counts = np.bincount(bins, minlength=4096)
    sums = [np.bincount(bins, weights=flat[:, c], minlength=4096) for c in range(3)]
    least = max(0.0003 * len(flat), 24)
    kept: list[NDArray[np.float64]] = []
    for at in np.argsort(-counts, kind="stable"):
        if counts[at] < least or len(kept) == MOST_COLOURS:
            break
        colour = np.array([s[at] for s in sums]) / counts[at]
        if all(np.abs(colour - other).max() > SAME for other in kept):
            kept.append(colour)
    return np.array(kept), _nearest(pixels, np.array(kept))


def _nearest(pixels: Pixels, colours: NDArray[np.float64]) -> Labels:
    image = pixels.astype(np.int16)
    away = np.stack([np.abs(image - colour.astype(np.int16)).max(2) for colour in colours])
    best = away.argmin(0)
    return np.where(np.take_along_axis(away, best[None], 0)[0] <= SAME, best, -1).astype(np.int16)


def rectangles(labels: Labels, colours: int, print_at: Boxes) -> list[Shape]:
    """Filled upright rectangles of one colour each, 3 px thick or more.

    `print_at`: float64[N, 4] XYXY px of words, whose strokes do not cut what they stand on.
    """
    import cv2

    words = np.zeros(labels.shape, bool)
    for x1, y1, x2, y2 in print_at.round().astype(int):
        words[max(y1, 0) : y2, max(x1, 0) : x2] = True
    found = []
    for colour in range(1, colours):
        mask = (labels == colour).astype(np.uint8)
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
        mask = np.where(words & (labels != 0), closed, mask)
        mask = cv2.morphologyEx(np.pad(mask, 2), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            x, y, w, h = cv2.boundingRect(contour)
            filled = cv2.contourArea(contour) / max((w - 1) * (h - 1), 1)
            if filled > 0.86:
                found.append(Shape(colour=colour, box=(x - 2.0, y - 2.0, x + w - 2.0, y + h - 2.0)))
    return found


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Bars on a common base line. `axis`: along which their values run; `base`: px on it.

    `starts` and `ends` are where each begins and ends along the axis, px, away from the base; `slack` is how
    far from the base they begin, px in the mean.
    """

    axis: Axis
    base: float
    shapes: tuple[Shape, ...]
    starts: tuple[float, ...]
    ends: tuple[float, ...]
    slack: float = 0.0

    @property
    def stacked(self) -> bool:
        """Whether some stand on others."""
        return any(abs(start - self.base) > 3 for start in self.starts)


def bars_of(shapes: Sequence[Shape], labels: Labels, size: tuple[int, int]) -> Bars | None:
    """The rectangles of one thickness on one base line, of either direction, that fill the most px.

    Args:
        shapes: candidates.
        labels: of the picture; bars too low to be candidates are looked for in it.
        size: of the picture, (W, H) px.
    """
    apart = _apart(shapes, size)
    found = [*_standing(apart, 0), *_standing(apart, 1)]
    if not found:
        return None
    best = max(found, key=lambda bars: (_area(bars), -bars.slack, bars.base))
    return _with_low(best, labels) if _area(best) > LEAST * size[0] * size[1] else None


def _area(bars: Bars) -> float:
    return sum(shape.size(0) * shape.size(1) for shape in bars.shapes)


def _apart(shapes: Sequence[Shape], size: tuple[int, int]) -> list[Shape]:
    """Without grounds: what is nearly as large as the page, or holds other shapes."""
    page = size[0] * size[1]
    return [
        s
        for s in shapes
        if s.size(0) * s.size(1) < 0.4 * page
        and not any(o is not s and o.colour != s.colour and _within(o, s) for o in shapes)
    ]


def _within(inner: Shape, outer: Shape) -> bool:
    a, b = inner.box, outer.box
    return a[0] > b[0] and a[1] > b[1] and a[2] < b[2] and a[3] < b[3]


def _standing(shapes: Sequence[Shape], axis: Axis) -> list[Bars]:
    """For each common thickness and each common edge, the bars that begin there and those stacked on them."""
    across: Axis = 1 if axis == 0 else 0
    found = []
    for thick in sorted({round(s.size(across)) for s in shapes}):
        alike = [s for s in shapes if abs(s.size(across) - thick) <= max(0.12 * thick, 1.5) and thick >= 3]
        if not alike:
            continue
        edges = np.array([edge for s in alike for edge in (s.box[axis], s.box[axis + 2])])
        bases = {float(np.median(edges[np.abs(edges - edge) <= 2])) for edge in edges}
        found += [bars for base in sorted(bases) if (bars := _chained(alike, axis, base))]
    return found


def _chained(shapes: Sequence[Shape], axis: Axis, base: float) -> Bars | None:
    """The bars that touch the base, then those that go on where one of them ends."""
    across: Axis = 1 if axis == 0 else 0
    kept: list[tuple[Shape, float, float]] = []
    off: list[float] = []
    waiting = sorted(shapes, key=lambda s: abs(s.middle(axis) - base))
    for shape in waiting:
        low, high = shape.box[axis], shape.box[axis + 2]
        ends = [
            base,
            *(end for other, _, end in kept if abs(other.middle(across) - shape.middle(across)) < 3),
        ]
        start, end = (low, high) if (low + high) / 2 > base else (high, low)
        if min(abs(start - e) for e in ends) <= 3.5:
            off.append(min(abs(start - e) for e in ends))
            kept.append((shape, base if abs(start - base) <= 3.5 else start, end))
    if not kept:
        return None
    return Bars(
        axis=axis,
        base=base,
        shapes=tuple(shape for shape, _, _ in kept),
        starts=tuple(start for _, start, _ in kept),
        ends=tuple(end for _, _, end in kept),
        slack=float(np.mean(off)),
    )


def _with_low(bars: Bars, labels: Labels) -> Bars:
    """With bars of the same colours and thickness that are only a px or two high."""
    import cv2

    across: Axis = 1 if bars.axis == 0 else 0
    thick = float(np.median([s.size(across) for s in bars.shapes]))
    shapes, starts, ends = list(bars.shapes), list(bars.starts), list(bars.ends)
    for colour in sorted({s.colour for s in bars.shapes}):
        _, _, stats, _ = cv2.connectedComponentsWithStats((labels == colour).astype(np.uint8))
        for x, y, w, h, _ in stats[1:].tolist():
            low = Shape(colour=colour, box=(x, y, x + w, y + h))
            near = min(abs(low.box[bars.axis] - bars.base), abs(low.box[bars.axis + 2] - bars.base)) <= 3
            new = all(abs(low.middle(across) - s.middle(across)) > 0.5 * thick for s in shapes)
            if (
                new
                and near
                and low.size(bars.axis) < 4
                and abs(low.size(across) - thick) <= max(0.15 * thick, 2)
            ):
                up = low.middle(bars.axis) > bars.base
                shapes.append(low)
                starts.append(bars.base)
                ends.append(low.box[bars.axis + 2] if up else low.box[bars.axis])
    return replace(bars, shapes=tuple(shapes), starts=tuple(starts), ends=tuple(ends))


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """A drawn line of one colour: where it lies, bool[H, W], and its first and last px in x."""

    colour: int
    mask: NDArray[np.bool_]
    low: int
    high: int

    def height_at(self, x: float) -> tuple[float, float] | None:
        """Its top and bottom at x, px; between what is seen on both sides where something covers it."""
        for reach in range(0, 9):
            left, right = self._span(round(x) - reach), self._span(round(x) + reach)
            if left and right:
                return (left[0] + right[0]) / 2, (left[1] + right[1]) / 2
        return None

    def _span(self, x: int) -> tuple[float, float] | None:
        rows = np.nonzero(self.mask[:, min(max(x, 0), self.mask.shape[1] - 1)])[0]
        return (float(rows[0]), float(rows[-1] + 1)) if len(rows) else None


def strokes_of(
    labels: Labels,
    colours: Sequence[int],
    plot: tuple[float, float, float, float],
    print_at: Boxes,
    reach: tuple[float, float],
) -> list[Stroke]:
    """Lines of some colours that run through most of a plot, XYXY px, and are neither grid nor print.

    Args:
        labels: of the picture.
        colours: to look for, by their numbers in the palette.
        plot: where to look.
        print_at: float64[N, 4] XYXY px of words.
        reach: px in x beyond which no line is drawn, though a grid may be.
    """
    x1, y1, x2, y2 = (max(int(v), 0) for v in plot)
    inside = np.zeros(labels.shape, bool)
    inside[y1:y2, x1:x2] = True
    beyond = [_straight(inside & (labels == n), reach)[1] for n in np.unique(labels[labels > 0]).tolist()]
    told = any(runs.any() for runs in beyond)
    found = []
    for colour in colours:
        mask = _thin(inside & (labels == colour), print_at, reach if told else None)
        columns = np.nonzero(mask.any(0))[0]
        if len(columns) and len(columns) > 0.6 * (columns[-1] - columns[0] + 1) > 0.2 * (x2 - x1):
            found.append(Stroke(colour=colour, mask=mask, low=int(columns[0]), high=int(columns[-1])))
    return found


def _straight(mask: NDArray[np.bool_], reach: tuple[float, float]) -> tuple[Runs, Runs]:
    """What is straight along x over a third of the width, and of it what goes on beyond `reach`."""
    import cv2

    across = np.ones((1, max(mask.shape[1] // 3, 9)), np.uint8)
    runs = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, across)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(runs)
    outer = [n for n, (x, _, w, *_) in enumerate(stats) if n and (x < reach[0] or x + w > reach[1])]
    return runs.astype(np.uint8), np.isin(parts, outer).astype(np.uint8)


def _thin(mask: NDArray[np.bool_], print_at: Boxes, reach: tuple[float, float] | None) -> NDArray[np.bool_]:
    """Without grid and axes, small specks and letters.

    Grid is what is straight over long ways in y, or in x; where the grid is told from flat lines by how far
    it goes (`reach`, px in x), flat lines stay.
    """
    import cv2

    ink = mask.astype(np.uint8)
    runs, beyond = _straight(mask, reach or (-np.inf, np.inf))
    upright = np.ones((max(mask.shape[0] // 8, 9), 1), np.uint8)
    grid = cv2.max(beyond if reach else runs, cv2.morphologyEx(ink, cv2.MORPH_OPEN, upright))
    ink = np.where(grid > 0, 0, ink).astype(np.uint8)
    _, parts, stats, _ = cv2.connectedComponentsWithStats(ink)
    kept = [n for n in range(1, len(stats)) if stats[n][2] > 3 and not _in_print(stats[n], print_at)]
    return np.asarray(np.isin(parts, kept), np.bool_)


def _in_print(stat: NDArray[Any], print_at: Boxes) -> bool:
    x, y, w, h = (float(v) for v in stat[:4])
    return bool(
        (
            (print_at[:, 0] - 2 <= x)
            & (print_at[:, 1] - 2 <= y)
            & (print_at[:, 2] + 2 >= x + w)
            & (print_at[:, 3] + 2 >= y + h)
        ).any()
    )


@dataclass(frozen=True, kw_only=True)
class Pie:
    """A disc in slices: centre and radius in px; for each slice its colour, start and end in turns.

    Turns run clockwise from the top.
    """

    centre: tuple[float, float]
    radius: float
    slices: tuple[tuple[int, float, float], ...]


def pie_of(labels: Labels, colours: int) -> Pie | None:
    """The disc that the fills make up together; None where they make up none."""
    import cv2

    height, width = labels.shape
    filled = cv2.morphologyEx((labels > 0).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    filled = cv2.morphologyEx(filled, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    contours, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    best: Any = max(contours, key=cv2.contourArea, default=None)
    if best is None or cv2.contourArea(best) < 0.02 * height * width:
        return None
    (x, y), radius = cv2.minEnclosingCircle(best)
    if cv2.contourArea(best) < 0.9 * np.pi * radius**2:
        return None
    return Pie(
        centre=(float(x), float(y)), radius=float(radius), slices=_slices(labels, colours, x, y, radius)
    )


STEPS = 1440
"""Directions in which a disc is looked at."""


def _slices(
    labels: Labels, colours: int, x: float, y: float, radius: float
) -> tuple[tuple[int, float, float], ...]:
    """Runs of directions in which the outer part of the disc has one colour for the most part."""
    turns = 2 * np.pi * np.arange(STEPS) / STEPS
    radii = radius * np.linspace(0.7, 0.94, 13)
    xs = np.clip((x + np.outer(radii, np.sin(turns))).astype(int), 0, labels.shape[1] - 1)
    ys = np.clip((y - np.outer(radii, np.cos(turns))).astype(int), 0, labels.shape[0] - 1)
    seen = labels[ys, xs]
    votes = np.stack([(seen == colour).sum(0) for colour in range(1, colours)])
    best = np.where(votes.max(0) >= 5, votes.argmax(0) + 1, 0)
    return _runs(best)


def _runs(best: NDArray[np.int64]) -> tuple[tuple[int, float, float], ...]:
    """Runs of one colour around the circle; short ones (borders, print) go half to each neighbour."""
    changes = np.nonzero(best != np.roll(best, 1))[0]
    if not len(changes):
        return ((int(best[0]), 0.0, 1.0),) if best[0] else ()
    ends = np.append(changes[1:], changes[0] + STEPS)
    runs = [(int(best[a % STEPS]), int(a), int(b)) for a, b in zip(changes, ends, strict=True)]
    runs = [run for run in runs if run[0] and run[2] - run[1] >= STEPS // 120]
    joined: list[tuple[int, int, int]] = []
    for colour, a, b in runs:
        if joined and joined[-1][0] == colour and a - joined[-1][2] < STEPS // 60:
            joined[-1] = (colour, joined[-1][1], b)
        else:
            joined.append((colour, a, b))
    if len(joined) > 1 and joined[0][0] == joined[-1][0]:
        joined[0] = (joined[0][0], joined.pop()[1] - STEPS, joined[0][2])
    bounds = [
        (joined[n - 1][2] - (STEPS if n == 0 else 0) + joined[n][1]) / 2 / STEPS for n in range(len(joined))
    ]
    after = [*bounds[1:], bounds[0] + 1] if bounds else []
    return tuple((run[0], a, b) for run, a, b in zip(joined, bounds, after, strict=True))
