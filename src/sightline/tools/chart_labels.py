"""The words of a chart: its legend, the names of its categories, the values printed on marks, its title."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.tools.amounts import amount_of
from sightline.tools.chart_axes import Axis, Number
from sightline.tools.chart_marks import Labels, Shape
from sightline.tools.reading import Page

BULLET = re.compile(r"^[^\w($€£+-]+\s*")


@dataclass(frozen=True, kw_only=True)
class Legend:
    """What a colour stands for, by its number in the palette; and the swatches and spans that say so."""

    names: dict[int, str]
    spans: tuple[int, ...] = ()
    swatches: tuple[Shape, ...] = ()


def legend_of(page: Page, labels: Labels, colours: int) -> Legend:
    """Swatches of one size in a row or a column, each of a colour of its own and with words to its right."""
    height = page.height_of_text()
    beside = [
        (s, n)
        for s in _small(labels, colours, height)
        if (n := _words_of(s, page, height)) is not None and not _is_value(page.spans[n].text)
    ]
    best: list[tuple[Shape, int]] = []
    for shape, _ in beside:
        alike = [(s, n) for s, n in beside if _one_row(s, shape, height)]
        unique = {s.colour: (s, n) for s, n in reversed(alike)}
        if len({n for _, n in unique.values()}) == len(unique) > len(best):
            best = list(unique.values())
    if len(best) < 2:
        return Legend(names={})
    return Legend(
        names={s.colour: BULLET.sub("", page.spans[n].text) for s, n in best},
        spans=tuple(n for _, n in best),
        swatches=tuple(s for s, _ in best),
    )


def _small(labels: Labels, colours: int, height: float) -> list[Shape]:
    """Parts that are as high as print is, and no longer than a short stroke."""
    import cv2

    found = []
    for colour in range(1, colours):
        _, _, stats, _ = cv2.connectedComponentsWithStats((labels == colour).astype(np.uint8))
        for x, y, w, h, area in stats[1:].tolist():
            solid = area > (0.7 if w < 1.8 * h else 0.3) * w * h  # a square or a disc, or a stroke with a dot
            if solid and 0.2 * height <= h <= 1.3 * height and 0.25 * height <= w <= 3.5 * height:
                found.append(Shape(colour=colour, box=(x, y, x + w, y + h)))
    return found


def _words_of(shape: Shape, page: Page, height: float) -> int | None:
    """The span that begins right of a swatch, on its line; it may hold the swatch, read as a letter."""
    x1, _, x2, _ = shape.box
    near = [
        (abs(box[0] - x2), n)
        for n, box in enumerate(page.boxes)
        if x1 - 0.6 * height <= box[0] <= x2 + 1.6 * height
        and box[2] > x2 + 0.5 * height
        and abs((box[1] + box[3]) / 2 - shape.middle(1)) < 0.4 * height
    ]
    return min(near)[1] if near else None


def _is_value(text: str) -> bool:
    """Whether words are the value of a low bar beside them, not the name of a series, which may be a year."""
    amount = amount_of(text)
    return amount is not None and not (re.fullmatch(r"\d{4}", text.strip()) and 1800 <= amount.value <= 2200)


def _one_row(a: Shape, b: Shape, height: float) -> bool:
    """Of one size, and in one row, in one column, or in a block of rows."""
    alike = abs(a.size(0) - b.size(0)) <= 2 and abs(a.size(1) - b.size(1)) <= 2
    return alike and (abs(a.middle(1) - b.middle(1)) < 2.2 * height or abs(a.middle(0) - b.middle(0)) < 3)


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of categories, and where along the axis each stands, px; `leaning` where they are tilted."""

    texts: tuple[str, ...]
    places: tuple[float, ...]
    spans: frozenset[int]
    leaning: bool = False


def names_below(page: Page, bottom: float, free: Collection[int], left: float, right: float) -> Names:
    """The labels in the first row below a plot that ends at `bottom`, px, with their further lines.

    `free`: the spans that are nothing else; `left` and `right`: of the plot, px.
    """
    height, boxes = page.height_of_text(), page.boxes
    under = [
        n
        for n in free
        if boxes[n, 1] > bottom - 0.5 * height
        and (boxes[n, 1] + boxes[n, 3]) / 2 > bottom + 0.2 * height
        and left - 3 * height < (boxes[n, 0] + boxes[n, 2]) / 2 < right + 3 * height
    ]
    if not under:
        return Names(texts=(), places=(), spans=frozenset())
    top = min(boxes[n, 1] for n in under)
    first = sorted((n for n in under if boxes[n, 1] < top + 0.8 * height), key=lambda n: float(boxes[n, 0]))
    tall = np.median([boxes[n, 3] - boxes[n, 1] for n in first]) > 1.8 * height
    slim = np.median([boxes[n, 2] - boxes[n, 0] for n in first]) < 1.7 * height
    leaning = bool(tall and not slim)
    texts, used = _with_lines(page, first, [] if tall else [n for n in under if n not in first])
    places = [boxes[n, 2] if leaning else (boxes[n, 0] + boxes[n, 2]) / 2 for n in first]
    return Names(texts=tuple(texts), places=tuple(map(float, places)), spans=used, leaning=leaning)


def _with_lines(page: Page, first: Sequence[int], below: Sequence[int]) -> tuple[list[str], frozenset[int]]:
    """The texts of labels, with the lines that go on right below each."""
    height, boxes = page.height_of_text(), page.boxes
    texts, used = [], set(first)
    pitch = min(np.diff([boxes[n, 0] for n in first]), default=np.inf)
    for n in first:
        words, last = [page.spans[n].text], n
        for m in sorted(below, key=lambda m: float(boxes[m, 1])):
            middle = (boxes[m, 0] + boxes[m, 2]) / 2
            near = (
                boxes[n, 0] - height < middle < boxes[n, 2] + height
                and boxes[m, 2] - boxes[m, 0] < 1.3 * pitch
            )
            if near and m not in used and boxes[m, 1] - boxes[last, 3] < 0.35 * height:
                words.append(page.spans[m].text)
                used.add(m)
                last = m
        texts.append(" ".join(words))
    return texts, frozenset(used)


def names_beside(
    page: Page, centres: Sequence[float], base: float, free: Collection[int], grows: int
) -> Names:
    """The label of each row of bars, on the side of the base line that the bars do not grow to.

    Args:
        page: with the words.
        centres: of the rows, px in y.
        base: px in x.
        free: the spans that are nothing else.
        grows: 1 where bars grow to the right, -1 to the left.
    """
    height, boxes = page.height_of_text(), page.boxes
    pitch = min(np.diff(sorted(centres)), default=np.inf)
    taken: dict[int, list[int]] = {}
    for n in sorted(free, key=lambda n: float(boxes[n, 1])):
        edge = boxes[n, 2] if grows > 0 else boxes[n, 0]
        upright = boxes[n, 3] - boxes[n, 1] > 2.5 * max(boxes[n, 2] - boxes[n, 0], height)
        if upright or (edge - base) * grows > 0.5 * height:
            continue
        away = [abs((boxes[n, 1] + boxes[n, 3]) / 2 - centre) for centre in centres]
        if min(away) < 0.5 * pitch + 0.1 * height:
            taken.setdefault(int(np.argmin(away)), []).append(n)
    taken = {c: _nearest_column(ns, boxes, grows, height) for c, ns in taken.items()}
    texts = [" ".join(page.spans[n].text for n in taken.get(c, [])) for c in range(len(centres))]
    used = frozenset(n for ns in taken.values() for n in ns)
    return Names(texts=tuple(texts), places=tuple(centres), spans=used)


def _nearest_column(spans: list[int], boxes: NDArray[np.float64], grows: int, height: float) -> list[int]:
    """Of the words of one row, those that reach nearest to the base line, and what overlaps them in x."""
    edge = 2 if grows > 0 else 0
    last = max(spans, key=lambda n: float(boxes[n, edge]) * grows)
    return [
        n for n in spans if boxes[n, 0] < boxes[last, 2] + height and boxes[n, 2] > boxes[last, 0] - height
    ]


def printed_at(
    numbers: Sequence[Number], shape: Shape, end: float, axis: Axis, height: float, room: float
) -> list[Number]:
    """Numbers printed on a mark or right behind its end.

    Args:
        numbers: that are no ticks.
        shape: the mark.
        end: where it ends along `axis`, px.
        axis: along which values run.
        height: of a line of text, px.
        room: px on the other axis by which a number's middle may lie off the mark's.
    """
    across: Axis = 1 if axis == 0 else 0
    found = []
    for number in numbers:
        if abs(number.middle(across) - shape.middle(across)) > room:
            continue
        low, high = number.box[axis], number.box[axis + 2]
        inside = shape.box[axis] - 2 <= number.middle(axis) <= shape.box[axis + 2] + 2
        behind = min(abs(low - end), abs(high - end)) < 0.9 * height
        if inside or behind:
            found.append(number)
    return found


def title_of(page: Page, top: float, free: Collection[int]) -> str:
    """The lines above everything else, in their order; `top`: px where the rest begins."""
    boxes = page.boxes
    height = page.height_of_text()
    above = [n for n in free if boxes[n, 3] < top + 0.3 * height]
    above = [n for n in above if boxes[n, 3] - boxes[n, 1] < 2 * (boxes[n, 2] - boxes[n, 0])]
    return " ".join(
        page.spans[n].text for n in sorted(above, key=lambda n: (boxes[n, 1] // height, boxes[n, 0]))
    )
