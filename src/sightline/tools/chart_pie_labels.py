"""The labels of a pie that stand outside of it, at the ends of lines that lead to its slices."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from sightline.tools.chart_axes import Number, numbers_of
from sightline.tools.chart_marks import Pie
from sightline.tools.reading import Page

FAR = 0.9
"""Labels of a pie on lines that lead to them stand at most this part of its radius outside of it."""

NEAR_SHARE = 1.6
"""Percent by which a printed share may differ from the measured one: it may be rounded."""

ASIDE = 0.1
"""Turns by which such a label may stand off the middle of its slice."""


def led_to(
    page: Page, pie: Pie, near: Sequence[Sequence[int]], free: Collection[int], named: Collection[int]
) -> dict[int, list[int]]:
    """Labels outside of a pie that lines lead to, by slice: of those without a name the nearest.

    A label whose number is not the share of a slice is not its label.

    Args:
        page: with the words.
        pie: where it is.
        near: the spans that stand in each slice or right beside it.
        free: the spans that are nothing else.
        named: the colours that a legend names.
    """
    nameless = [
        n
        for n, (colour, _, _) in enumerate(pie.slices)
        if colour not in named and not any(wordy(page.spans[at].text) for at in near[n])
    ]
    used = {at for spans in near for at in spans}
    labels = [label for label in _outer(page, pie, free) if not used.intersection(label)]
    fits = []
    for n in nameless:
        _, start, end = pie.slices[n]
        for m, label in enumerate(labels):
            off = abs((_turn_of(page, pie, label) - (start + end) / 2 + 0.5) % 1 - 0.5)
            shares = [one.amount.value for at in label for one in numbers_in(page, at)]
            agrees = not shares or min(abs(share - 100 * (end - start)) for share in shares) < NEAR_SHARE
            if agrees and off < ASIDE + (end - start) / 2:
                fits.append((off, n, m))
    found: dict[int, list[int]] = {}
    for _, n, m in sorted(fits):
        if n not in found and labels[m]:
            found[n], labels[m] = labels[m], []
    return found


def _outer(page: Page, pie: Pie, free: Collection[int]) -> list[list[int]]:
    """Runs of words around a pie, those of one label together."""
    boxes, height = page.boxes, page.height_of_text()
    around = []
    for n in free:
        away = np.clip(pie.centre, boxes[n, :2], boxes[n, 2:]) - pie.centre
        if pie.radius < np.linalg.norm(away) < (1 + FAR) * pie.radius and _is_label(page.spans[n].text):
            around.append(n)
    labels: list[list[int]] = []
    for n in sorted(around, key=lambda n: float(boxes[n, 1])):
        told = bool(numbers_in(page, n))
        unfinished = (one for one in labels if not (told and any(numbers_in(page, m) for m in one)))
        above = next((one for one in unfinished if _goes_on(boxes[one[-1]], boxes[n], height)), None)
        if above is not None:
            above.append(n)
        else:
            labels.append([n])
    return [one for one in labels if any(wordy(page.spans[n].text) for n in one)]


def _is_label(text: str) -> bool:
    return sum(map(str.isalpha, text)) > 1 or any(map(str.isdigit, text))


def _goes_on(above: NDArray[np.float64], below: NDArray[np.float64], height: float) -> bool:
    """Whether a run of words is a further line of the one above it, or goes on beside it."""
    shared = min(above[2], below[2]) - max(above[0], below[0])
    beside = abs(above[1] - below[1]) < 0.4 * height and -shared < height
    return bool(beside or (shared > 0 and below[1] - above[3] < 0.35 * height))


def _turn_of(page: Page, pie: Pie, label: Sequence[int]) -> float:
    """The direction of a label from a pie's middle, in turns clockwise from the top."""
    boxes = page.boxes[list(label)]
    x, y = np.clip(pie.centre, boxes[:, :2].min(0), boxes[:, 2:].max(0)) - pie.centre
    return float(np.arctan2(x, -y) / (2 * np.pi)) % 1.0


def numbers_in(page: Page, at: int) -> list[Number]:
    """The number that a span is, or that its last word is: `rent 22%`."""
    span = page.spans[at]
    last = span.model_copy(update={"text": span.text.split()[-1].strip("()") if span.text.split() else ""})
    return [n for one in (span, last) for n in numbers_of([one])][:1]


def wordy(text: str) -> str:
    """A slice's label without the number in it."""
    return " ".join(
        word for word in text.split() if not any(c.isdigit() for c in word) or word.isdigit() is None
    )
