"""Where everything in a chart stands, px of an image whose longer side is `side`; boxes are XYXY.

`marks(chart, side)` is exact: it is what `draw_chart` paints, and what a detector or a reader of charts
learns from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import cos, pi, radians, sin

import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.charts import RGB, Chart
from sightline.train.worlds.phrasing import decimal
from sightline.train.worlds.typefaces import face

Box = tuple[float, float, float, float]
_SMALLEST = 9
_LINE = 1.2  # of the em, from one line of text to the next


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A bar, slice or point. `turns` is a slice's start and end in turns clockwise from the top."""

    kind: str
    series: int
    category: int
    box: Box
    fill: RGB
    turns: tuple[float, float] = (0.0, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the box: a point's place."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, kw_only=True)
class Label:
    """A line of text in its box. `role`: title, tick, category, value, legend, axis or note."""

    role: str
    text: str
    box: Box
    em: int
    ink: RGB
    angle: int = 0
    bold: bool = False


@dataclass(frozen=True, kw_only=True)
class Layout:
    """All of a chart.

    Args:
        width, height: of the image; plot: the box that the scale spans, of a pie its circle's.
        marks: in the order they are painted; labels: all text.
        ticks: where each of the axis's ticks stands, along x in horizontal charts, else along y.
        keys: the legend's swatches with their colours.
    """

    width: int
    height: int
    plot: Box
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]
    ticks: tuple[float, ...]
    keys: tuple[tuple[Box, RGB], ...]


@lru_cache(maxsize=4096)
def text_width(typeface: str, em: int, text: str) -> float:
    """The width of a line of text, px."""
    return float(face(typeface, em).getlength(text))


def bold_of(typeface: str) -> str:
    """The typeface's bold face, or itself where none is packaged."""
    return {"sans": "sans-bold"}.get(typeface, typeface)


def marks(chart: Chart, side: int = 448) -> Layout:
    """The chart's exact geometry at a side."""
    return _Builder(chart, side).build()


def number_text(chart: Chart, value: int) -> str:
    """A value as printed: `12.3`, `1,250`, `45%`."""
    text = f"{value / 10**chart.decimals:,.{chart.decimals}f}"
    return text + "%" * (chart.unit == "%" and chart.style.percent)


def _tick_text(chart: Chart, value: int) -> str:
    number = value / 10**chart.decimals
    text = f"{number:,.0f}" if number == int(number) else decimal(_fraction(chart, value), 3)
    return text + "%" * (chart.unit == "%" and chart.style.percent)


def _fraction(chart: Chart, value: int) -> Fraction:
    return Fraction(value, 10**chart.decimals)


class _Builder:
    """Takes the title, the legend and the axes off the page, and lays the marks into what is left."""

    def __init__(self, chart: Chart, side: int) -> None:
        style = chart.style
        self.chart = chart
        self.width = round(side * min(style.aspect, 1))
        self.height = round(side / max(style.aspect, 1))
        self.em = max(round(side * style.em), _SMALLEST)
        self.labels: list[Label] = []
        self.keys: list[tuple[Box, RGB]] = []
        edge = self.em * 0.8
        self.left, self.top, self.right, self.bottom = (
            edge,
            edge * 0.8,
            self.width - edge,
            self.height - edge * 0.8,
        )

    def build(self) -> Layout:
        self._title()
        self._note()
        named = self.chart.kind == "pie" and self.chart.style.legend == "none"
        if (len(self.chart.series) > 1 or self.chart.kind == "pie") and not named:
            self._legend()
        if self.chart.kind == "pie":
            plot, shapes, ticks = self._pie(named)
        else:
            plot, ticks = self._axes()
            shapes = self._points(plot) if self.chart.mark == "line" else self._bars(plot)
        if self.chart.printed and self.chart.kind != "pie":
            self._values(shapes, plot)
        return Layout(
            width=self.width,
            height=self.height,
            plot=plot,
            marks=tuple(shapes),
            labels=tuple(self.labels),
            ticks=tuple(ticks),
            keys=tuple(self.keys),
        )

    # Text.

    def _wide(self, text: str, em: int, bold: bool = False) -> float:
        typeface = self.chart.style.typeface
        return text_width(bold_of(typeface) if bold else typeface, em, text)

    def _label(
        self,
        role: str,
        text: str,
        x: float,
        y: float,
        em: int,
        align: str = "l",
        angle: int = 0,
        ink: RGB | None = None,
        bold: bool = False,
    ) -> Label:
        """A label whose box starts, is centred or ends at x, with its middle at y."""
        wide, high = self._wide(text, em, bold), em * _LINE
        turn = radians(angle)
        w, h = wide * abs(cos(turn)) + high * abs(sin(turn)), wide * abs(sin(turn)) + high * abs(cos(turn))
        left = {"l": x, "m": x - w / 2, "r": x - w}[align]
        label = Label(
            role=role,
            text=text,
            box=(left, y - h / 2, left + w, y + h / 2),
            em=em,
            ink=ink or self.chart.style.ink,
            angle=angle,
            bold=bold,
        )
        self.labels.append(label)
        return label

    def _wrapped(self, text: str, width: float, em: int, bold: bool) -> list[str]:
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self._wide(longer, em, bold) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    # Around the plot.

    def _title(self) -> None:
        em, style = max(round(self.em * 1.15), _SMALLEST), self.chart.style
        for line in self._wrapped(self.chart.title, self.right - self.left, em, True):
            x = (self.left + self.right) / 2 if style.centred else self.left
            self._label(
                "title", line, x, self.top + em * _LINE / 2, em, "m" if style.centred else "l", bold=True
            )
            self.top += em * _LINE
        self.top += em * 0.5

    def _note(self) -> None:
        if self.chart.style.note:
            em = max(round(self.em * 0.85), _SMALLEST)
            self._label("note", self.chart.style.note, self.left, self.bottom - em * _LINE / 2, em)
            self.bottom -= em * 1.7

    def _legend(self) -> None:
        chart = self.chart
        names = chart.categories if chart.kind == "pie" else tuple(s.name for s in chart.series)
        if chart.style.legend == "side":
            self._side_legend(names)
        else:
            self._row_legend(names)

    def _key(self, at: int, name: str, x: float, y: float) -> None:
        """A swatch and its name, from x on, around y."""
        half = self.em * 0.38
        self.keys.append(((x, y - half, x + 2 * half, y + half), self.chart.fills[at]))
        self._label("legend", name, x + 2 * half + self.em * 0.4, y, self.em)

    def _key_width(self, name: str) -> float:
        return self._wide(name, self.em) + self.em * 2.1

    def _row_legend(self, names: Sequence[str]) -> None:
        rows: list[list[int]] = [[]]
        for at, name in enumerate(names):
            used = sum(self._key_width(names[i]) for i in rows[-1])
            if rows[-1] and used + self._key_width(name) > self.right - self.left:
                rows.append([])
            rows[-1].append(at)
        line = self.em * 1.45
        top = self.top if self.chart.style.legend == "top" else self.bottom - line * len(rows)
        for i, row in enumerate(rows):
            x = (self.left + self.right - sum(self._key_width(names[at]) for at in row)) / 2
            for at in row:
                self._key(at, names[at], x, top + line * (i + 0.5))
                x += self._key_width(names[at])
        if self.chart.style.legend == "top":
            self.top += line * len(rows) + self.em * 0.4
        else:
            self.bottom -= line * len(rows) + self.em * 0.4

    def _side_legend(self, names: Sequence[str]) -> None:
        wide, line = max(map(self._key_width, names)), self.em * 1.6
        x = self.left if self.chart.style.mirrored else self.right - wide + self.em * 0.6
        y = (self.top + self.bottom - line * len(names)) / 2
        for at, name in enumerate(names):
            self._key(at, name, x, y + line * (at + 0.5))
        if self.chart.style.mirrored:
            self.left += wide
        else:
            self.right -= wide

    # Axes.

    def _axis_name(self) -> str:
        chart = self.chart
        name = chart.measure[0].upper() + chart.measure[1:]
        if not chart.unit:
            return name
        return f"{name} ({chart.unit})" if chart.unit == "%" else f"In {chart.unit}"

    def _axes(self) -> tuple[Box, list[float]]:
        return self._horizontal_axes() if self.chart.horizontal else self._upright_axes()

    def _upright_axes(self) -> tuple[Box, list[float]]:
        chart, em = self.chart, self.em
        axis, mirrored = chart.axis, chart.style.mirrored
        texts = [_tick_text(chart, tick) for tick in axis.ticks]
        room = max(self._wide(text, em) for text in texts) + em * 2.2
        x1, x2 = (self.left, self.right - room) if mirrored else (self.left + room, self.right)
        below = self._category_room((x2 - x1) / len(chart.categories))
        y1, y2 = self.top + em * (1.1 if chart.printed else 0.5), self.bottom - below
        places = [y2 - (tick - axis.low) / (axis.high - axis.low) * (y2 - y1) for tick in axis.ticks]
        for text, y in zip(texts, places, strict=True):
            self._label(
                "tick", text, x2 + em * 0.4 if mirrored else x1 - em * 0.4, y, em, "l" if mirrored else "r"
            )
        x = self.right - em * 0.4 if mirrored else self.left + em * 0.4
        name = self._axis_name()
        small = next((e for e in range(em, _SMALLEST, -1) if self._wide(name, e) < y2 - y1), _SMALLEST)
        self._label("axis", name, x, (y1 + y2) / 2, small, "m", 90)
        self._categories_below(x1, x2, y2)
        return (x1, y1, x2, y2), places

    def _category_turn(self, slot: float) -> int:
        widest = max(self._wide(name, self.em) for name in self.chart.categories)
        return 0 if widest < slot * 0.96 else self.chart.style.tilt

    def _category_room(self, slot: float) -> float:
        turn = radians(self._category_turn(slot))
        widest = max(self._wide(name, self.em) for name in self.chart.categories)
        return float(widest * sin(turn) + self.em * _LINE * cos(turn) + self.em * 0.5)

    def _categories_below(self, x1: float, x2: float, y: float) -> None:
        slot = (x2 - x1) / len(self.chart.categories)
        turn = self._category_turn(slot)
        for at, name in enumerate(self.chart.categories):
            x = x1 + slot * (at + 0.5)
            high = self._wide(name, self.em) * sin(radians(turn)) + self.em * _LINE * cos(radians(turn))
            align = "r" if turn == 45 else "m"
            nudge = self.em * 0.5 if turn == 45 else 0.0
            self._label("category", name, x + nudge, y + self.em * 0.3 + high / 2, self.em, align, turn)

    def _horizontal_axes(self) -> tuple[Box, list[float]]:
        chart, em = self.chart, self.em
        axis, mirrored = chart.axis, chart.style.mirrored
        room = max(self._wide(name, em) for name in chart.categories) + em * 0.6
        margin = em * (3.2 if chart.printed else 1.2)
        x1, x2 = (
            (self.left + margin, self.right - room) if mirrored else (self.left + room, self.right - margin)
        )
        y1, y2 = self.top, self.bottom - em * 2.9
        share = [(tick - axis.low) / (axis.high - axis.low) for tick in axis.ticks]
        places = [x2 - s * (x2 - x1) if mirrored else x1 + s * (x2 - x1) for s in share]
        texts = [_tick_text(chart, tick) for tick in axis.ticks]
        tight = max(self._wide(text, em) for text in texts) * 1.15 > (x2 - x1) / (len(texts) - 1)
        for i, (text, x) in enumerate(zip(texts, places, strict=True)):
            if not tight or i % 2 == 0:
                self._label("tick", text, x, y2 + em * 0.9, em, "m")
        self._label("axis", self._axis_name(), (x1 + x2) / 2, y2 + em * 2.2, em, "m")
        slot = (y2 - y1) / len(chart.categories)
        for at, name in enumerate(chart.categories):
            x = x2 + em * 0.5 if mirrored else x1 - em * 0.5
            self._label("category", name, x, y1 + slot * (at + 0.5), em, "l" if mirrored else "r")
        return (x1, y1, x2, y2), places

    # Marks.

    def _along(self, plot: Box, value: float) -> float:
        """Where a value stands along the scale, px."""
        axis = self.chart.axis
        share = (value - axis.low) / (axis.high - axis.low)
        if not self.chart.horizontal:
            return plot[3] - share * (plot[3] - plot[1])
        if self.chart.style.mirrored:
            return plot[2] - share * (plot[2] - plot[0])
        return plot[0] + share * (plot[2] - plot[0])

    def _bars(self, plot: Box) -> list[Mark]:
        chart = self.chart
        start, end = (plot[1], plot[3]) if chart.horizontal else (plot[0], plot[2])
        slot = (end - start) / len(chart.categories)
        side_by_side = 1 if chart.stacked else len(chart.series)
        thick = slot * chart.style.thick / side_by_side
        found = []
        for c in range(len(chart.categories)):
            under = 0
            for s, series in enumerate(chart.series):
                base = under if chart.stacked else max(chart.axis.low, 0)
                a = start + slot * (c + 0.5) + thick * ((0 if chart.stacked else s) - side_by_side / 2)
                ends = sorted((self._along(plot, base), self._along(plot, base + series.values[c])))
                box = (
                    (ends[0], a, ends[1], a + thick) if chart.horizontal else (a, ends[0], a + thick, ends[1])
                )
                found.append(Mark(kind="bar", series=s, category=c, box=box, fill=chart.fills[s]))
                under += series.values[c]
        return found

    def _points(self, plot: Box) -> list[Mark]:
        chart = self.chart
        slot, r = (plot[2] - plot[0]) / len(chart.categories), max(self.em * 0.22, 2.0)
        found = []
        for s, series in enumerate(chart.series):
            for c, value in enumerate(series.values):
                x, y = plot[0] + slot * (c + 0.5), self._along(plot, value)
                found.append(
                    Mark(
                        kind="point",
                        series=s,
                        category=c,
                        box=(x - r, y - r, x + r, y + r),
                        fill=chart.fills[s],
                    )
                )
        return found

    def _pie(self, named: bool) -> tuple[Box, list[Mark], list[float]]:
        chart, em = self.chart, self.em
        beside = (
            max(self._wide(self._slice_name(c), em) for c in range(len(chart.categories))) if named else 0.0
        )
        radius = min(
            (self.right - self.left) / 2 - beside - em,
            (self.bottom - self.top) / 2 - em * (1.8 if named else 0.3),
        )
        radius = max(radius, em * 4)
        x, y = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        found, turn = [], 0.0
        for c, value in enumerate(chart.series[0].values):
            turns = (turn, turn + value / sum(chart.series[0].values))
            outline = sector(x, y, radius, turns)
            box = (*outline.min(0).tolist(), *outline.max(0).tolist())
            found.append(Mark(kind="slice", series=0, category=c, box=box, fill=chart.fills[c], turns=turns))
            self._slice_label(c, (x, y), radius, (turns[0] + turns[1]) / 2, named)
            turn = turns[1]
        return (x - radius, y - radius, x + radius, y + radius), found, []

    def _slice_name(self, c: int) -> str:
        chart = self.chart
        return f"{chart.categories[c]} {chart.series[0].values[c]}%" if chart.printed else chart.categories[c]

    def _slice_label(
        self, c: int, centre: tuple[float, float], radius: float, turn: float, named: bool
    ) -> None:
        dx, dy = sin(2 * pi * turn), -cos(2 * pi * turn)
        if named:
            x, y = centre[0] + dx * (radius + self.em * 0.6), centre[1] + dy * (radius + self.em * 0.8)
            self._label(
                "value", self._slice_name(c), x, y, self.em, "m" if abs(dx) < 0.15 else "l" if dx > 0 else "r"
            )
        elif self.chart.printed:
            x, y = centre[0] + dx * radius * 0.7, centre[1] + dy * radius * 0.7
            text = f"{self.chart.series[0].values[c]}%"
            self._label("value", text, x, y, self.em, "m", ink=contrast(self.chart.fills[c]))

    # Values on the marks.

    def _values(self, shapes: Sequence[Mark], plot: Box) -> None:
        texts = [number_text(self.chart, self.chart.series[m.series].values[m.category]) for m in shapes]
        em = max(round(self.em * 0.92), _SMALLEST)
        slot = (plot[2] - plot[0]) / len(self.chart.categories)
        room = (
            slot if self.chart.mark == "line" or self.chart.stacked else shapes[0].box[2] - shapes[0].box[0]
        )
        room = slot if len(self.chart.series) == 1 else room
        upright = not self.chart.horizontal and max(self._wide(text, em) for text in texts) > room * 1.02
        for mark, text in zip(shapes, texts, strict=True):
            self._value(mark, text, em, 90 if upright else 0)

    def _value(self, mark: Mark, text: str, em: int, angle: int) -> None:
        x1, y1, x2, y2 = mark.box
        x, y = mark.centre
        if self.chart.stacked:
            self._label("value", text, x, y, em, "m", angle, ink=contrast(mark.fill))
        elif self.chart.horizontal:
            mirrored = self.chart.style.mirrored
            self._label(
                "value", text, x1 - em * 0.3 if mirrored else x2 + em * 0.3, y, em, "r" if mirrored else "l"
            )
        else:
            high = self._wide(text, em) if angle else em * _LINE
            below = self.chart.series[mark.series].values[mark.category] < 0
            away = high / 2 + em * 0.15
            self._label("value", text, x, y2 + away if below else y1 - away, em, "m", angle)


def sector(x: float, y: float, radius: float, turns: tuple[float, float]) -> NDArray[np.float64]:
    """The outline of a slice, float64[K, 2]: the centre, then its arc."""
    angles = 2 * np.pi * np.linspace(*turns, max(int((turns[1] - turns[0]) * 90), 4))
    arc = np.stack([x + radius * np.sin(angles), y - radius * np.cos(angles)], -1)
    return np.concatenate([[[x, y]], arc])


def contrast(fill: RGB) -> RGB:
    """White on dark fills, near black on light ones."""
    r, g, b = fill
    return (255, 255, 255) if 0.3 * r + 0.59 * g + 0.11 * b < 150 else (20, 20, 24)
