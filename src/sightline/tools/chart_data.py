"""From marks, scales and words to the data of a chart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sightline.tools.chart_axes import Axis, Number, Scale, numbers_of, scale_along
from sightline.tools.chart_labels import (
    BULLET,
    Legend,
    Names,
    legend_of,
    names_below,
    names_beside,
    printed_at,
    title_of,
)
from sightline.tools.chart_marks import (
    Bars,
    Labels,
    Pie,
    Shape,
    Stroke,
    bars_of,
    palette_of,
    pie_of,
    rectangles,
    strokes_of,
)
from sightline.tools.chart_pie_labels import led_to, numbers_in, wordy
from sightline.tools.chart_sequences import filled
from sightline.tools.colors import color_name
from sightline.tools.reading import Boxes, Page, box_at
from sightline.types import ChartData, ChartMark, TextSpan

Reread = Callable[[Page, Boxes], list[TextSpan]]
"""Reads boxes of a page again, float[N, 4] px."""

MEASURED = 0.9
"""The score of a value that was measured against a scale without fault."""

AGREE = 0.04
"""A printed value is taken where it lies this near to the measured one, as a part of the scale's reach."""


PALE = 60
"""Levels of 255, in one channel at least, by which a line without a legend differs from the paper."""


EVEN = 0.9
"""The part of a gap between bars that the next smaller one has at least where bars stand evenly; within
a group of bars gaps are about half of those between groups."""

_DASH = re.compile(r"^[-–—]\s+(?=[^\W\d])")
"""Before the name of a slice: the end of the line that leads to it."""


class NoChart(Exception):
    """Why there are no numbers. `status`: empty without any chart, unsupported for one of another kind."""

    def __init__(self, status: Literal["empty", "unsupported"], why: str) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A page seen as a chart."""

    page: Page
    palette: NDArray[np.float64]
    labels: Labels
    legend: Legend
    numbers: tuple[Number, ...]
    height: float
    reread: Reread

    def free(self, *used: Sequence[int] | frozenset[int]) -> list[int]:
        """The spans that are neither the legend's nor among `used`."""
        taken = set(self.legend.spans).union(*used)
        return [n for n in range(len(self.page.spans)) if n not in taken]

    def colour(self, at: int) -> str:
        """A word for a colour of the palette."""
        r, g, b = self.palette[at].round().astype(int).tolist()
        return color_name((r, g, b))


def chart_of(page: Page, reread: Reread) -> ChartData:
    """The chart on a page, in the page's frame. Raises `NoChart`, and what `reread` raises."""
    palette, labels = palette_of(page.pixels)
    legend = _without_swatches(page, legend_of(page, labels, len(palette)), reread)
    drawn = Drawn(
        page=page,
        palette=palette,
        labels=labels,
        legend=legend,
        numbers=tuple(numbers_of(page.spans)),
        height=page.height_of_text(),
        reread=reread,
    )
    if (pie := pie_of(labels, len(palette))) and len(pie.slices) > 1:
        return _pie_data(drawn, pie)
    shapes = [
        s
        for s in rectangles(labels, len(palette), page.boxes)
        if not (_is_swatch(s, legend) or _is_print(s, page))
    ]
    bars = bars_of(shapes, labels, (labels.shape[1], labels.shape[0]))
    if bars and len(bars.shapes) > 1 and (data := _bar_data(drawn, bars)):
        return data
    if scale := scale_along(page, 1):
        return _line_data(drawn, scale)
    if bars and len(bars.shapes) > 1:
        raise NoChart("unsupported", "there are bars, but neither a scale beside them nor values on them")
    raise NoChart("empty", "neither a scale with three or more numbers nor a pie was found")


def _without_swatches(page: Page, legend: Legend, reread: Reread) -> Legend:
    """The legend, with names whose boxes hold a swatch, which may be read as a letter, read again."""
    found = dict(legend.names)
    for swatch, at in zip(legend.swatches, legend.spans, strict=True):
        x1, y1, x2, y2 = page.boxes[at]
        left = swatch.box[2] + 2 + 0.2 * (y2 - y1)
        if x1 < swatch.box[2] and (again := reread(page, np.array([[left, y1, x2, y2]]))):
            found[swatch.colour] = again[0].text
    return replace(legend, names=found)


def _is_swatch(shape: Shape, legend: Legend) -> bool:
    return any(
        abs(shape.middle(0) - s.middle(0)) < 2 and abs(shape.middle(1) - s.middle(1)) < 2
        for s in legend.swatches
    )


def _is_print(shape: Shape, page: Page) -> bool:
    """Whether it is a part of a letter: it lies within a run of text."""
    x1, y1, x2, y2 = shape.box
    b = page.boxes
    within = (b[:, 0] - 2 <= x1) & (b[:, 1] - 2 <= y1) & (b[:, 2] + 2 >= x2) & (b[:, 3] + 2 >= y2)
    return bool(within.any())


# Columns and bars.


def _bar_data(drawn: Drawn, bars: Bars) -> ChartData | None:
    """None where neither a scale nor printed values tell what lengths mean."""
    if not any(shape.colour in drawn.legend.names for shape in bars.shapes):
        drawn = replace(drawn, legend=Legend(names={}))  # names with letters that looked like swatches
    scale = _scale_of(drawn, bars)
    numbers = [n for n in drawn.numbers if not scale or n.at not in scale.spans]
    scale = scale or _from_printed(drawn, bars, numbers)
    if scale is None:
        return None
    across: Axis = 1 if bars.axis == 0 else 0
    groups, centres = _grouped(bars, across)
    names = _names_of(drawn, bars, scale, centres)
    several = len(drawn.legend.names) > 1 and len({s.colour for s in bars.shapes}) > 1
    numbers = [n for n in numbers if n.at not in names.spans and n.at not in drawn.legend.spans]
    marks = [
        _bar_mark(drawn, bars, n, scale, numbers, names.texts[groups[n]], several)
        for n in range(len(bars.shapes))
    ]
    order = sorted(
        range(len(marks)), key=lambda n: (groups[n], bars.shapes[n].middle(across), abs(bars.starts[n]))
    )
    top = min([s.box[1] for s in bars.shapes] + ([scale.low] if bars.axis == 1 else []))
    return _data(drawn, "columns" if bars.axis == 1 else "bars", [marks[n] for n in order], scale, top, names)


def _scale_of(drawn: Drawn, bars: Bars) -> Scale | None:
    """The scale along the bars, if it reaches over them."""
    scale = scale_along(drawn.page, bars.axis)
    if scale is None:
        return None
    slack = 0.5 * (scale.high - scale.low) + drawn.height
    edges = [bars.base, *bars.ends]
    return scale if min(edges) > scale.low - slack and max(edges) < scale.high + slack else None


def _from_printed(drawn: Drawn, bars: Bars, numbers: Sequence[Number]) -> Scale | None:
    """A scale through the base line and the median of printed value to length; None where few are printed."""
    slopes, units = [], []
    for shape, end in zip(bars.shapes, bars.ends, strict=True):
        near = printed_at(numbers, shape, end, bars.axis, drawn.height, _room(bars, shape, drawn.height))
        if near and not bars.stacked:
            slopes.append(near[0].amount.value / (end - bars.base))
            units.append(near[0].amount.unit)
    if len(slopes) < max(2, 0.6 * len(bars.shapes)):
        return None
    slope = float(np.median(slopes))
    if not slope or np.mean(np.abs(np.array(slopes) / slope - 1) < 0.15) < 0.6:
        return None
    low, high = sorted((bars.base, max(bars.ends, key=lambda end: abs(end - bars.base))))
    return Scale(
        axis=bars.axis,
        slope=slope,
        offset=-slope * bars.base,
        low=low,
        high=high,
        across=0.0,
        unit=units[0],
        fit=0.8,
    )


def _room(bars: Bars, shape: Shape, height: float) -> float:
    across: Axis = 1 if bars.axis == 0 else 0
    return max(0.6 * shape.size(across), 0.5 * height)


def _grouped(bars: Bars, across: Axis) -> tuple[list[int], list[float]]:
    """Which category each bar belongs to, and where the categories' middles lie, px on the other axis."""
    counts = {s.colour: 0 for s in bars.shapes}
    for shape in bars.shapes:
        counts[shape.colour] += 1
    middles = np.array([s.middle(across) for s in bars.shapes])
    order = np.argsort(middles, kind="stable")
    gaps = np.diff(middles[order])
    thick = float(np.median([s.size(across) for s in bars.shapes]))
    places = 1 + int((gaps > 0.5 * thick).sum())
    wanted = max(counts.values()) if places > max(counts.values()) > 1 else places
    ranked = np.sort(gaps)[::-1]
    if 1 < wanted < places and ranked[wanted - 1] > EVEN * ranked[wanted - 2]:
        wanted = places  # bars at even steps, of which some have a colour of their own
    cuts = np.sort(np.argsort(-gaps, kind="stable")[: wanted - 1]) + 1
    groups, centres = [0] * len(middles), []
    for n, part in enumerate(np.split(order, cuts)):
        for at in part:
            groups[int(at)] = n
        low = min(bars.shapes[int(at)].box[across] for at in part)
        centres.append((low + max(bars.shapes[int(at)].box[across + 2] for at in part)) / 2)
    return groups, centres


def _names_of(drawn: Drawn, bars: Bars, scale: Scale, centres: Sequence[float]) -> Names:
    """A name for each category; empty where none is found."""
    free = drawn.free(scale.spans)
    if bars.axis == 0:
        grows = 1 if np.mean(bars.ends) > bars.base else -1
        found = names_beside(drawn.page, centres, bars.base, free, grows)
        found = replace(found, texts=tuple(filled(found.texts, found.places)))
        return replace(found, texts=tuple(_overlooked(drawn, bars, found, grows)))
    bottom = max([bars.base, *bars.ends])
    left, right = min(s.box[0] for s in bars.shapes), max(s.box[2] for s in bars.shapes)
    printed = {
        number.at
        for shape, end in zip(bars.shapes, bars.ends, strict=True)
        if end > bars.base
        for number in printed_at(drawn.numbers, shape, end, 1, drawn.height, _room(bars, shape, drawn.height))
    }
    found = _settled(
        names_below(drawn.page, bottom, [n for n in free if n not in printed], left, right),
        centres,
        drawn.height,
    )
    return replace(found, texts=tuple(filled(found.texts, found.places)))


def _overlooked(drawn: Drawn, bars: Bars, names: Names, grows: int) -> list[str]:
    """The names of rows of bars, those that are missing read where the others stand, from top to bottom."""
    boxes = drawn.page.boxes[sorted(names.spans)]
    missing = [n for n, text in enumerate(names.texts) if not text]
    if not missing or not len(boxes):
        return list(names.texts)
    left, right = (boxes[:, 0].min(), bars.base) if grows > 0 else (bars.base, boxes[:, 2].max())
    strips = [
        (left, names.places[n] - 0.6 * drawn.height, right - 2, names.places[n] + 0.6 * drawn.height)
        for n in missing
    ]
    texts = list(names.texts)
    for span in drawn.reread(drawn.page, np.array(strips, float)):
        middle = (span.box.y1 + span.box.y2) / 2
        at = min(missing, key=lambda n: abs(names.places[n] - middle))
        texts[at] = texts[at] or span.text
    return texts


def _settled(names: Names, centres: Sequence[float], height: float) -> Names:
    """Each name at the centre that it is nearest to; the shift that tilted ones share is taken out."""
    if not names.places:
        return Names(texts=("",) * len(centres), places=tuple(centres), spans=names.spans)
    at, wanted = np.array(names.places), np.array(centres)
    pitch = float(np.min(np.diff(np.sort(wanted)))) if len(wanted) > 1 else np.inf
    if names.leaning:
        known = len(at) == len(wanted)
        at = at + (np.median(np.sort(wanted) - np.sort(at)) if known else -0.4 * height)
    texts = [""] * len(wanted)
    for text, place in sorted(zip(names.texts, at, strict=True), key=lambda one: float(one[1])):
        nearest = int(np.abs(wanted - place).argmin())
        if abs(wanted[nearest] - place) < 0.6 * pitch:
            texts[nearest] = f"{texts[nearest]} {text}".strip()
    return Names(texts=tuple(texts), places=tuple(centres), spans=names.spans)


def _bar_mark(
    drawn: Drawn, bars: Bars, n: int, scale: Scale, numbers: Sequence[Number], category: str, several: bool
) -> ChartMark:
    shape, start, end = bars.shapes[n], bars.starts[n], bars.ends[n]
    value = scale.value(end)
    if abs(start - bars.base) > 3:
        value -= scale.value(start)
    elif abs(scale.value(start)) < 0.02 * max(scale.reach, 1e-12):
        value -= scale.value(start)
    near = printed_at(numbers, shape, end, bars.axis, drawn.height, _room(bars, shape, drawn.height))
    exact = 1 - min(0.5, 1.5 / max(abs(end - start), 1.0))
    return _mark(
        drawn,
        value,
        near,
        scale,
        shape.box,
        category,
        drawn.legend.names.get(shape.colour, "") if several else "",
        exact,
    )


def _mark(
    drawn: Drawn,
    value: float,
    near: Sequence[Number],
    scale: Scale,
    box: tuple[float, float, float, float],
    category: str,
    series: str,
    exact: float = 1.0,
) -> ChartMark:
    """The printed value that agrees best with the measured one, or the measured one."""
    best = min(near, key=lambda number: abs(number.amount.value - value), default=None)
    slack = AGREE * scale.reach + 0.03 * abs(value)
    printed = best is not None and abs(best.amount.value - value) <= slack
    score = 0.97 if printed else MEASURED * scale.fit * exact
    return ChartMark(
        category=category,
        series=series,
        value=best.amount.value if best is not None and printed else _rounded(value, scale.reach),
        score=score,
        printed=printed,
        box=box_at(box, drawn.page.picture.frame),
    )


def _rounded(value: float, reach: float) -> float:
    """To the digits that a px can tell: a thousandth of the scale's reach."""
    digits = 3 - int(np.floor(np.log10(max(reach, 1e-12))))
    return round(float(value), digits) + 0.0


# Lines.


def _line_data(drawn: Drawn, scale: Scale) -> ChartData:
    """Raises `NoChart` where no line crosses the plot."""
    if set(drawn.legend.spans) & set(scale.spans):  # ticks that specks of grey stand beside
        drawn = replace(drawn, legend=Legend(names={}))
    height, wide = drawn.height, drawn.labels.shape[1]
    left, right = (scale.across, wide) if scale.across < wide / 2 else (0.0, scale.across)
    names = names_below(drawn.page, scale.high, drawn.free(scale.spans), left, right)
    margin = 0.04 * (scale.high - scale.low) + 2
    plot = (
        left + (height if left else 0),
        scale.low - margin,
        right - (height if right < wide else 0),
        scale.high + margin,
    )
    strokes = strokes_of(drawn.labels, _line_colours(drawn), plot, drawn.page.boxes, _reach(names))
    if not strokes or len(names.texts) < 2:
        raise NoChart(
            "unsupported", "there is a scale, but no columns, bars, lines or pie of flat colours with it"
        )
    names = _evenly(names, strokes, height)
    numbers = [n for n in drawn.numbers if n.at not in scale.spans and n.at not in names.spans]
    series = _series_of(drawn, [stroke.colour for stroke in strokes])
    marks = [
        mark
        for text, x in zip(names.texts, names.places, strict=True)
        for stroke in strokes
        if (mark := _line_mark(drawn, stroke, x, scale, numbers, text, series[stroke.colour]))
    ]
    return _data(drawn, "lines", marks, scale, scale.low, names)


def _series_of(drawn: Drawn, colours: Sequence[int]) -> dict[int, str]:
    """What lines are called: by the legend, else by colours, `dark` and `light` where two share a word."""
    if len(colours) < 2:
        return dict.fromkeys(colours, "")
    names = {at: drawn.legend.names.get(at, drawn.colour(at)) for at in colours}
    for word in set(names.values()):
        alike = sorted(
            (at for at in colours if names[at] == word), key=lambda at: float(drawn.palette[at].sum())
        )
        if len(alike) == 2:
            names |= {alike[0]: f"dark {word}", alike[1]: f"light {word}"}
        elif len(alike) > 2:
            names |= {at: f"{word} {n}" for n, at in enumerate(alike, 1)}
    return names


def _reach(names: Names) -> tuple[float, float]:
    """How far lines through all categories may reach in x, px: a third of a step beyond the outer two."""
    at = sorted(names.places)
    slack = float(np.median(np.diff(at))) / 3 if len(at) > 1 else np.inf
    return at[0] - slack if at else -np.inf, at[-1] + slack if at else np.inf


def _line_colours(drawn: Drawn) -> list[int]:
    """The legend's colours where there is a legend, else all that stand out from the paper."""
    away = np.abs(drawn.palette - drawn.palette[0]).max(1)
    return sorted(drawn.legend.names) or [n for n in range(1, len(away)) if away[n] > PALE]


def _evenly(names: Names, strokes: Sequence[Stroke], height: float) -> Names:
    """The names with their places on even steps, px; tilted ones are counted off between the lines' ends."""
    at = np.array(names.places)
    if not names.leaning:
        count = np.arange(len(at))
        step, first = np.polyfit(count, at, 1)
        even = first + step * count
        return (
            names
            if np.abs(even - at).max() > 0.2 * abs(step)
            else replace(names, places=tuple(even.tolist()))
        )
    low, high = min(s.low for s in strokes) + 1.5, max(s.high for s in strokes) - 0.5
    steps = max(round((high - low) / float(np.median(np.diff(at)))), 1)
    even = np.linspace(low, high, steps + 1)
    texts = [""] * len(even)
    for text, place in zip(names.texts, at - 0.4 * height, strict=True):
        texts[int(np.abs(even - place).argmin())] = text
    return replace(names, texts=tuple(texts), places=tuple(even.tolist()))


def _line_mark(
    drawn: Drawn,
    stroke: Stroke,
    x: float,
    scale: Scale,
    numbers: Sequence[Number],
    category: str,
    series: str,
) -> ChartMark | None:
    found = stroke.height_at(x) if stroke.low - 4 <= x <= stroke.high + 4 else None
    if found is None:
        return None
    top, bottom = found
    box = (x - 3, top, x + 3, bottom)
    shape = Shape(colour=stroke.colour, box=box)
    near = [
        n
        for n in numbers
        if abs(n.middle(0) - x) < 1.2 * drawn.height and abs(n.middle(1) - shape.middle(1)) < 2 * drawn.height
    ]
    return _mark(drawn, scale.value(shape.middle(1)), near, scale, box, category, series)


# Pies.


def _pie_data(drawn: Drawn, pie: Pie) -> ChartData:
    """Shares in percent by angle, or as printed where that agrees."""
    scale = Scale(axis=1, slope=1.0, offset=0.0, low=0.0, high=100.0, across=0.0, unit="%")
    near = [_spans_towards(drawn, pie, np.pi * (start + end)) for _, start, end in pie.slices]
    named = drawn.legend.names
    for n, spans in led_to(drawn.page, pie, near, drawn.free(), named).items():
        near[n] += spans
    marks = [
        _slice_mark(drawn, pie, piece, scale, spans) for piece, spans in zip(pie.slices, near, strict=True)
    ]
    top = pie.centre[1] - pie.radius
    taken = frozenset(n for spans in near for n in spans)
    return _data(drawn, "pie", marks, scale, top, Names(texts=(), places=(), spans=taken))


def _slice_mark(
    drawn: Drawn, pie: Pie, piece: tuple[int, float, float], scale: Scale, near: Sequence[int]
) -> ChartMark:
    colour, start, end = piece
    numbers = [n for at in near for n in numbers_in(drawn.page, at)]
    words = (_DASH.sub("", BULLET.sub("", wordy(drawn.page.spans[n].text))) for n in near)
    name = drawn.legend.names.get(colour) or " ".join(filter(None, words))
    arc = 2 * np.pi * np.linspace(start, end, 24)
    outline = pie.radius * np.stack([np.sin(arc), -np.cos(arc)], 1) + pie.centre
    points = np.concatenate([outline, [pie.centre]])
    (x1, y1), (x2, y2) = points.min(0).tolist(), points.max(0).tolist()
    return _mark(drawn, 100 * (end - start), numbers, scale, (x1, y1, x2, y2), name, "")


def _spans_towards(drawn: Drawn, pie: Pie, turn: float) -> list[int]:
    """The spans in a slice or right outside of it, nearer to its direction than to any other slice's."""
    found = []
    for n in drawn.free():
        x1, y1, x2, y2 = drawn.page.boxes[n]
        nearest = np.clip(pie.centre, (x1, y1), (x2, y2)) - pie.centre
        middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2]) - pie.centre
        inside = np.linalg.norm(middle) < pie.radius
        if np.linalg.norm(nearest) > pie.radius + drawn.height:
            continue
        dx, dy = middle if inside else nearest
        if _direction(pie, float(np.arctan2(dx, -dy))) == _direction(pie, turn):
            found.append(n)
    return found


def _direction(pie: Pie, turn: float) -> int:
    """Which slice lies in a direction, by its middle line's place in the list of slices."""
    at = (turn / (2 * np.pi)) % 1.0
    return next(
        (n for n, (_, a, b) in enumerate(pie.slices) if a <= at < b or a <= at - 1 < b or a <= at + 1 < b), -1
    )


def _data(
    drawn: Drawn,
    chart: Literal["columns", "bars", "lines", "pie"],
    marks: Sequence[ChartMark],
    scale: Scale,
    top: float,
    names: Names,
) -> ChartData:
    legend_top = min((drawn.page.boxes[n, 1] for n in drawn.legend.spans), default=top)
    title = title_of(drawn.page, min(top, float(legend_top)), drawn.free(scale.spans, names.spans))
    named = bool(marks) and all(mark.category for mark in marks)
    return ChartData(
        chart=chart,
        title=title,
        unit=scale.unit,
        colors={name: drawn.colour(at) for at, name in drawn.legend.names.items()},
        marks=tuple(marks),
        confidence=float(np.mean([mark.score for mark in marks])) * (1.0 if named else 0.85)
        if marks
        else 0.0,
    )
