"""What the print on a picture tells about its kind: how much, how large, how lined up, where numbers stand.

Lengths are taken as shares of the picture's sides, so that they depend little on its size.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from math import log2

import numpy as np
from numpy.typing import NDArray

from sightline.types import TextLines, TextSpan

Numbers = dict[str, float]
Boxes = NDArray[np.float64]
"""float64[N, 4] XYXY, px."""

_NUMBER = re.compile(r"[^\w]*(?:[A-Z]{2,3}|RM)?\s?[^\w]?\d[\d.,'\s]*\s?(?:%|[kKmMbB]|°[CF]?)?[^\w]*")
"""A number as print has it, with its sign, coin or unit."""

_LONG = 25
"""Characters: a run of print this long is part of running text."""

_NO_PRINT = (
    "runs",
    "rows",
    "characters",
    "covered",
    "read badly",
    "print height",
    "print height of width",
    "heights differ",
    "largest print",
    "digits",
    "numbers",
    "long runs",
    "upright runs",
    "print width",
    "print reach",
    "print top",
    "runs of a row",
    "rows of several",
    "rows alike",
    "lined up left",
    "lined up right",
    "lined up middle",
    "columns",
    "in columns",
    "number columns",
    "row gap",
    "gaps differ",
    "scale down",
    "scale across",
    "labels across",
    "labels across at",
)


def print_numbers(lines: TextLines, width: int, height: int) -> Numbers:
    """All that is measured on what `read_text` read of a picture of `width` x `height` px."""
    spans = [span for span in lines.spans() if span.box.area > 0]
    if not spans:
        return dict.fromkeys(_NO_PRINT, 0.0)
    boxes = np.array([(s.box.x1, s.box.y1, s.box.x2, s.box.y2) for s in spans], float)
    rows = [row for row in ([s for s in row if s.box.area > 0] for row in lines.rows) if row]
    numbers = [bool(_NUMBER.fullmatch(span.text)) for span in spans]
    return (
        _amounts(spans, boxes, numbers, width, height)
        | _rows(rows)
        | _columns(boxes, np.array(numbers))
        | _scales(spans, boxes, rows, width, height)
    )


def _amounts(
    spans: Sequence[TextSpan], boxes: Boxes, numbers: Sequence[bool], width: int, height: int
) -> Numbers:
    """How much print there is, and how large."""
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    upright = (high > 1.5 * wide) & np.array([len(span.text) > 2 for span in spans])
    em = np.where(upright, wide, high)
    text = "".join(span.text for span in spans)
    usual = float(np.median(em))
    return {
        "runs": log2(1 + len(spans)),
        "characters": log2(1 + len(text)),
        "covered": min(float((wide * high).sum() / (width * height)), 1.0),
        "read badly": float(np.mean([span.score < 0.8 for span in spans])),
        "print height": usual / height,
        "print height of width": usual / width,
        "heights differ": float(em.std() / em.mean()),
        "largest print": float(log2(em.max() / usual)),
        "digits": sum(c.isdigit() for c in text) / len(text),
        "numbers": float(np.mean(numbers)),
        "long runs": float(np.mean([len(span.text) >= _LONG for span in spans])),
        "upright runs": float(upright.mean()),
        "print width": float((boxes[:, 2].max() - boxes[:, 0].min()) / width),
        "print reach": float((boxes[:, 3].max() - boxes[:, 1].min()) / height),
        "print top": float(boxes[:, 1].min() / height),
    }


def _rows(rows: Sequence[Sequence[TextSpan]]) -> Numbers:
    """How many runs stand in a row, and how far rows are apart."""
    counts = np.array([len(row) for row in rows])
    several = counts[counts > 1]
    middles = sorted(float(np.mean([s.box.center[1] for s in row])) for row in rows)
    gaps = np.array([b - a for a, b in pairwise(middles)])
    ems = float(np.median([s.box.height for row in rows for s in row]))
    gaps = gaps[gaps > 0.3 * ems]
    return {
        "rows": log2(1 + len(rows)),
        "runs of a row": float(counts.mean()),
        "rows of several": float((counts > 1).mean()),
        "rows alike": float(np.bincount(several).max() / len(counts)) if len(several) else 0.0,
        "row gap": float(min(np.median(gaps) / ems, 12)) if len(gaps) else 0.0,
        "gaps differ": float(min(gaps.std() / gaps.mean(), 3)) if len(gaps) > 1 else 0.0,
    }


def _columns(boxes: Boxes, numbers: NDArray[np.bool_]) -> Numbers:
    """How far runs are lined up at their left ends, their right ends or their middles."""
    ems = np.median(boxes[:, 3] - boxes[:, 1])
    edges = {"left": boxes[:, 0], "right": boxes[:, 2], "middle": (boxes[:, 0] + boxes[:, 2]) / 2}
    near = {name: np.abs(edge[:, None] - edge) <= 0.5 * ems for name, edge in edges.items()}
    groups = {name: one.sum(axis=1) >= 3 for name, one in near.items()}
    lined = groups["left"] | groups["right"] | groups["middle"]
    return {
        **{f"lined up {name}": float(group.mean()) for name, group in groups.items()},
        "columns": log2(1 + _clusters(boxes[lined], float(ems))),
        "in columns": float(lined.mean()),
        "number columns": float((lined & numbers).mean()),
    }


def _clusters(boxes: Boxes, ems: float) -> int:
    """How many columns boxes stand in: groups whose extents across do not overlap by more than an em."""
    count, end = 0, -np.inf
    for x1, _, x2, _ in boxes[np.argsort(boxes[:, 0])]:
        if x1 > end - min(ems, 0.5 * (x2 - x1)):
            count, end = count + 1, x2
        else:
            end = max(end, x2) if x2 - end < 2 * ems else end
    return count


def _scales(
    spans: Sequence[TextSpan],
    boxes: Boxes,
    rows: Sequence[Sequence[TextSpan]],
    width: int,
    height: int,
) -> Numbers:
    """Evenly spaced numbers that rise by equal steps (an axis), and the longest row of even labels."""
    valued = [(value, n) for n, span in enumerate(spans) if (value := _value(span.text)) is not None]
    middles = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], axis=1)
    down = _longest_scale(valued, boxes[:, 2], middles[:, 1], height) if valued else 0
    down = max(down, _longest_scale(valued, boxes[:, 0], middles[:, 1], height) if valued else 0)
    across = _longest_scale(valued, middles[:, 1], middles[:, 0], width) if valued else 0
    longest = max(rows, key=len)
    even = _even([span.box.center[0] for span in longest]) if len(longest) > 2 else False
    return {
        "scale down": log2(1 + down),
        "scale across": log2(1 + across),
        "labels across": log2(len(longest)) if even else 0.0,
        "labels across at": float(np.mean([s.box.center[1] for s in longest]) / height) if even else 0.0,
    }


def _value(text: str) -> float | None:
    """The number that a run of print is; thousands may be grouped by commas or spaces."""
    if not _NUMBER.fullmatch(text):
        return None
    digits = re.sub(r"[^\d.\-−]", "", text.replace(",", "")).replace("−", "-")
    try:
        return float(digits)
    except ValueError:
        return None


def _longest_scale(
    valued: Sequence[tuple[float, int]], line: NDArray[np.float64], along: NDArray[np.float64], side: int
) -> int:
    """How many numbers of one column (`line` alike) rise or fall by equal steps at equal distances."""
    best = 0
    for _, n in valued:
        column = sorted((along[i], v) for v, i in valued if abs(line[i] - line[n]) <= 0.012 * side + 3)
        if len(column) >= 3:
            best = max(best, _run(column))
    return best


def _run(column: Sequence[tuple[float, float]]) -> int:
    """The longest run of (place, value) in which both go on by equal steps; 0 where none is of three."""
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(column)]
    best, length = 0, 1
    for (far, up), (next_far, next_up) in pairwise(steps):
        same = abs(next_far - far) <= 0.15 * abs(far) + 1 and abs(next_up - up) <= 0.02 * abs(up)
        length = length + 1 if same and up else 1
        best = max(best, length)
    return best + 1 if best > 1 else 0


def _even(places: Sequence[float]) -> bool:
    """Whether the steps between places are alike to a fifth."""
    steps = np.diff(sorted(places))
    return bool(np.ptp(steps) <= 0.2 * steps.mean() + 2)
