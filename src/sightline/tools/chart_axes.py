"""The scales of a chart: numbers that stand in line with one another, at even steps of their values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.amounts import Amount, amount_of
from sightline.tools.reading import Page, boxes_of
from sightline.tools.recognise import ink_in
from sightline.types import TextSpan

Axis = Literal[0, 1]
"""0: values run along x; 1: along y."""

FEWEST_TICKS = 3
MOST_NUMBERS = 80
"""Numbers that are tried as ticks; a page with more is no chart."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """value = slope * px + offset, along x or y.

    Args:
        axis: along which the values run.
        slope, offset: in the chart's unit for each px, and at px 0.
        low, high: the first and the last tick, px.
        across: where the ticks' labels stand on the other axis, px.
        spans: the labels' indices among the page's spans.
        unit: printed with most of them.
        fit: how well the ticks lie on a line, 0..1.
    """

    axis: Axis
    slope: float
    offset: float
    low: float
    high: float
    across: float
    spans: tuple[int, ...] = ()
    unit: str = ""
    fit: float = 1.0

    def value(self, px: float) -> float:
        """What a place stands for."""
        return self.slope * px + self.offset

    def place(self, value: float) -> float:
        """Where a value stands, px."""
        return (value - self.offset) / self.slope

    @property
    def reach(self) -> float:
        """The values between the first and the last tick."""
        return abs(self.slope) * (self.high - self.low)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A span that is a number as a whole: which, its value, and XYXY in px."""

    at: int
    amount: Amount
    box: tuple[float, float, float, float]

    def middle(self, axis: Axis) -> float:
        """The middle of its box, px."""
        return (self.box[axis] + self.box[axis + 2]) / 2


def numbers_of(spans: Sequence[TextSpan]) -> list[Number]:
    """The spans that are numbers."""
    found = [(n, amount_of(span.text), span.box) for n, span in enumerate(spans)]
    return [
        Number(at=n, amount=amount, box=(box.x1, box.y1, box.x2, box.y2))
        for n, amount, box in found
        if amount is not None
    ]


def with_rows_parted(page: Page) -> Page:
    """The page with labels that were read in one run (`0% 10% 20%`, `May June`) parted at wide gaps."""
    return Page(
        picture=page.picture, spans=tuple(part for span in page.spans for part in _parted(span, page.pixels))
    )


def _parted(span: TextSpan, pixels: Pixels) -> list[TextSpan]:
    """A span for each group of words; numbers in a row are set apart wherever there is a space."""
    words = span.text.split()
    if len(words) < 2 or span.box.width < 2 * span.box.height or amount_of(span.text):
        return [span]
    gaps = _gaps(ink_in(pixels, boxes_of([span])[0]))
    if len(gaps) < len(words) - 1:
        return [span]
    spaces = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[: len(words) - 1])
    numbers = all(amount_of(word) for word in words)
    cuts = [n for n, (a, b) in enumerate(spaces) if numbers or b - a > 0.5 * span.box.height]
    starts, ends = [0, *(n + 1 for n in cuts)], [*(n + 1 for n in cuts), len(words)]
    lefts = [span.box.x1, *(span.box.x1 + spaces[n][1] for n in cuts)]
    rights = [*(span.box.x1 + spaces[n][0] for n in cuts), span.box.x2]
    return [
        span.model_copy(
            update={
                "text": " ".join(words[a:b]),
                "box": span.box.model_copy(update={"x1": left, "x2": right}),
            }
        )
        for a, b, left, right in zip(starts, ends, lefts, rights, strict=True)
    ]


def _gaps(ink: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end of each run of columns without ink between columns with ink."""
    edges = np.nonzero(np.diff(np.concatenate([[False], ink.any(0), [False]]).astype(int)))[0].tolist()
    return list(zip(edges[1:-1:2], edges[2:-1:2], strict=True))


def scale_along(page: Page, axis: Axis) -> Scale | None:
    """The scale along `axis`: of all numbers that stand in line, the most that fit one straight line."""
    numbers, height = numbers_of(page.spans)[:MOST_NUMBERS], page.height_of_text()
    best: tuple[float, Scale] | None = None
    for line in _in_line(numbers, axis, height):
        found = _fitted(line, axis, height)
        if found and (best is None or found[0] > best[0]):
            best = found
    return best[1] if best else None


def _in_line(numbers: Sequence[Number], axis: Axis, height: float) -> list[list[Number]]:
    """Numbers whose labels share an edge or a middle on the other axis."""
    other: Axis = 0 if axis == 1 else 1
    lines = []
    for places in (
        [n.box[other] for n in numbers],
        [n.box[other + 2] for n in numbers],
        [n.middle(other) for n in numbers],
    ):
        order = np.argsort(places, kind="stable")
        for part in np.split(order, np.nonzero(np.diff(np.array(places)[order]) > 0.5 * height)[0] + 1):
            if len(part) >= FEWEST_TICKS:
                lines.append([numbers[n] for n in part])
    return lines


def _fitted(line: Sequence[Number], axis: Axis, height: float) -> tuple[float, Scale] | None:
    """The line through two ticks that the most others confirm, fitted anew to all of these."""
    at = np.array([n.middle(axis) for n in line])
    values = np.array([n.amount.value for n in line])
    best: NDArray[np.intp] = np.zeros(0, np.intp)
    for i, j in combinations(range(len(line)), 2):
        if abs(at[i] - at[j]) < 0.8 * height or values[i] == values[j]:
            continue
        slope = (values[i] - values[j]) / (at[i] - at[j])
        away = np.abs((values - values[i]) / slope + at[i] - at)
        fits = np.nonzero(away < max(0.3 * height, 2.0))[0]
        if len(fits) > len(best) or (len(fits) == len(best) and away[fits].sum() == 0):
            best = fits
    if len(best) < FEWEST_TICKS or len(set(values[best])) < FEWEST_TICKS:
        return None
    slope, offset = np.polyfit(at[best], values[best], 1)
    away = np.abs((values[best] - offset) / slope - at[best])
    return len(best) - 0.1 * float(away.mean()), _scale(
        [line[n] for n in best], axis, float(slope), float(offset), away
    )


def _scale(
    ticks: Sequence[Number], axis: Axis, slope: float, offset: float, away: NDArray[np.float64]
) -> Scale:
    at = [tick.middle(axis) for tick in ticks]
    unit = Counter(tick.amount.unit for tick in ticks).most_common(1)[0][0]
    return Scale(
        axis=axis,
        slope=slope,
        offset=offset,
        low=min(at),
        high=max(at),
        across=float(np.median([tick.middle(0 if axis == 1 else 1) for tick in ticks])),
        spans=tuple(tick.at for tick in ticks),
        unit=unit,
        fit=float(np.clip(1.0 - away.mean() / 8, 0.0, 1.0)) * min(1.0, 0.7 + 0.1 * len(ticks)),
    )
