"""Charts: columns, bars, lines and pies of plausible numbers, with exact values, axes and colours.

A value is a whole number of units of its last decimal place: 123 with one decimal is 12.3. Never trained
on: one colour of the first series (of a pie's first slice) for each kind (`HELD_OUT`), and mirrored charts,
whose scale stands on the right (bars grow to the left, a legend moves over). `split="heldout"` always
wears its kind's colour, and half of its charts are mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor, log10

import numpy as np

from sightline.train.worlds.chart_words import DIMENSIONS, TOPICS, Dimension, Topic, name_some, one_name
from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.scenes import Split

RGB = tuple[int, int, int]
KINDS = (
    "columns",
    "bars",
    "grouped_columns",
    "grouped_bars",
    "stacked_columns",
    "stacked_bars",
    "line",
    "lines",
    "pie",
)
COLOURS: dict[str, RGB] = {
    "blue": (40, 110, 214),
    "orange": (240, 132, 40),
    "green": (52, 158, 84),
    "red": (208, 50, 54),
    "purple": (134, 82, 180),
    "brown": (134, 86, 60),
    "pink": (232, 128, 182),
    "grey": (150, 152, 156),
    "yellow": (236, 196, 48),
    "black": (30, 32, 38),
    "dark blue": (18, 44, 96),
    "light blue": (138, 194, 238),
    "teal": (22, 150, 156),
}
HELD_OUT = frozenset(zip(KINDS, tuple(COLOURS)[1:], strict=False))
"""(kind, first colour) pairs that are never trained on."""
_CONFUSED = (
    {"blue", "dark blue", "light blue", "teal"},
    {"black", "dark blue"},
    {"orange", "yellow"},
    {"red", "pink"},
)


@dataclass(frozen=True, kw_only=True)
class Series:
    """A row of values, one for each category; `name` is empty where the chart has but one."""

    name: str = ""
    values: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Axis:
    """The scale from `low` to `high` with a tick each `step`, in units of the last decimal place."""

    low: int
    high: int
    step: int

    @property
    def ticks(self) -> tuple[int, ...]:
        """Where the ticks stand."""
        return tuple(range(self.low, self.high + 1, self.step))


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a chart is drawn. Lengths are fractions of the side.

    Args:
        typeface: a key of typefaces.FACES; em: of the labels.
        aspect: width over height.
        ground, ink: the paper and the text.
        grid: lines at the ticks; stripes: bands behind the categories; frame: a line around the plot.
        thick: the part of its slot that a bar fills; dots: on a line's points.
        legend: `top`, `bottom`, `side` or, in pies, `none`: the names stand at the slices.
        centred: the title, else it starts on the left; tilt: of category labels that do not fit, degrees.
        percent: prints `%` after numbers; note: a line at the foot, or nothing.
        mirrored: the scale, or the legend at the side, changes sides.
    """

    typeface: str = "sans"
    em: float = 0.027
    aspect: float = 1.2
    ground: RGB = (255, 255, 255)
    ink: RGB = (50, 50, 54)
    grid: bool = True
    stripes: bool = False
    frame: bool = False
    thick: float = 0.7
    dots: bool = True
    legend: str = "bottom"
    centred: bool = False
    tilt: int = 45
    percent: bool = False
    note: str = ""
    mirrored: bool = False


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart's symbolic state.

    Args:
        kind: one of KINDS.
        measure, unit: what is measured (`unemployment rate`) and in what.
        fixed: what holds for the whole chart, as it stands in a sentence: `in Sweden`.
        across: of the categories; among: of the series, None where there is one.
        decimals: of the values; printed: whether they stand on the marks.
        colours, fills: of each series or, in a pie, of each category.
    """

    kind: str
    title: str
    measure: str
    unit: str
    fixed: str
    across: Dimension
    among: Dimension | None = None
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    decimals: int
    axis: Axis
    printed: bool
    colours: tuple[str, ...]
    fills: tuple[RGB, ...]
    style: Style = Style()

    @property
    def horizontal(self) -> bool:
        """Whether the values run along x."""
        return self.kind.endswith("bars")

    @property
    def stacked(self) -> bool:
        """Whether the series stand on one another."""
        return self.kind.startswith("stacked")

    @property
    def mark(self) -> str:
        """What a value is drawn as, in a word."""
        return {"line": "line", "lines": "line", "pie": "slice"}.get(self.kind, "bar")

    def value(self, series: int, category: int) -> Fraction:
        """A value in the chart's unit."""
        return Fraction(self.series[series].values[category], 10**self.decimals)


def holds_held_out(chart: Chart) -> bool:
    """Whether the chart shows a held-out combination or layout."""
    return chart.style.mirrored or (chart.kind, chart.colours[0]) in HELD_OUT


def make_chart(rng: np.random.Generator, split: Split = "train", kind: str | None = None) -> Chart:
    """A chart of `kind`, drawn where None."""
    kind = kind or pick(rng, KINDS)
    topic = pick(rng, [topic for topic in TOPICS if _fits(topic, kind)])
    subject = _pie(rng, topic) if kind == "pie" else _subject(rng, topic, kind)
    several = len(subject.series) > 1
    printed = chance(rng, 0.85 if kind == "pie" else 0.5 if kind == "lines" else 0.8)
    crowded = len(subject.categories) * len(subject.series) > (12 if kind.endswith("columns") else 18)
    printed = printed and not (kind == "lines" and len(subject.categories) > 6) and not crowded
    decimals = 0 if kind == "pie" else topic.decimals
    series, axis = _scaled(rng, subject.series, topic, kind, decimals, printed)
    colours = _colours(rng, kind, len(subject.categories) if kind == "pie" else len(subject.series), split)
    return Chart(
        kind=kind,
        title=_title(rng, subject, topic),
        measure=f"share of the {topic.measure}" if kind == "pie" else topic.measure,
        unit="%" if kind == "pie" else topic.unit,
        fixed=subject.fixed,
        across=subject.across,
        among=subject.among,
        categories=subject.categories,
        series=series,
        decimals=decimals,
        axis=axis,
        printed=printed,
        colours=colours,
        fills=tuple(_jitter(rng, COLOURS[colour]) for colour in colours),
        style=_style(rng, kind, len(subject.categories) * (len(subject.series) if several else 1), split),
    )


# What it is about.


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """Categories, series (raw values, in the topic's unit) and how they are named."""

    across: Dimension
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[float, ...]], ...]
    fixed: str
    among: Dimension | None = None


def _fits(topic: Topic, kind: str) -> bool:
    if kind == "pie":
        return topic.adds and bool(topic.parts)
    if kind.startswith("stacked"):
        return topic.adds and bool(topic.parts)
    return topic.low >= 0 or kind in ("columns", "line", "lines")


_TIMES = ("year", "year", "year", "year", "quarter", "month")


def _subject(rng: np.random.Generator, topic: Topic, kind: str) -> _Subject:
    over = pick(rng, topic.over)
    if kind == "line" or (kind == "columns" and chance(rng, 0.5)):
        time = pick(rng, _TIMES)
        names = name_some(rng, time, span(rng, 4, 12 if kind == "line" else 9))
        rows: tuple[tuple[str, tuple[float, ...]], ...] = (("", _walk(rng, topic, len(names))),)
        fixed = DIMENSIONS[over].say(one_name(rng, over))
        return _Subject(across=DIMENSIONS[time], categories=names, series=rows, fixed=fixed)
    if kind in ("columns", "bars"):
        names = name_some(rng, over, span(rng, 4, 12 if kind == "bars" else 7))
        rows = (("", _spread(rng, topic, len(names), ordered=over not in ("age", "answer", "opinion"))),)
        return _Subject(across=DIMENSIONS[over], categories=names, series=rows, fixed=_when(rng))
    if kind == "lines":
        time = pick(rng, _TIMES)
        names, lines = name_some(rng, time, span(rng, 4, 11)), name_some(rng, over, span(rng, 2, 4))
        rows = tuple((line, _walk(rng, topic, len(names))) for line in lines)
        return _Subject(
            across=DIMENSIONS[time], among=DIMENSIONS[over], categories=names, series=rows, fixed=""
        )
    return _crossed(rng, topic, kind, over)


def _when(rng: np.random.Generator) -> str:
    return f"in {span(rng, 1995, 2023)}"


def _crossed(rng: np.random.Generator, topic: Topic, kind: str, over: str) -> _Subject:
    """Two dimensions: entities by years or by parts; years by parts."""
    parts = [part for part in topic.parts if part != over]
    part = pick(rng, parts) if parts and (kind.startswith("stacked") or chance(rng, 0.6)) else "year"
    first = over
    fixed = "" if part == "year" else _when(rng)
    if part != "year" and chance(rng, 0.4):
        first, fixed = "year", DIMENSIONS[over].say(one_name(rng, over))
    names = name_some(rng, first, span(rng, 3, 5 if kind.endswith("columns") else 6))
    kinds = name_some(rng, part, pick(rng, (2, 2, 3)) if part != "sex" else 2)
    rows = tuple((name, _spread(rng, topic, len(names), ordered=False)) for name in kinds)
    if topic.adds and part != "year":
        rows = tuple((name, tuple(v / len(kinds) for v in values)) for name, values in rows)
    return _Subject(
        across=DIMENSIONS[first], among=DIMENSIONS[part], categories=names, series=rows, fixed=fixed
    )


def _pie(rng: np.random.Generator, topic: Topic) -> _Subject:
    """Shares in percent that add up to 100, each of at least 4; a part of them is often the rest."""
    part = pick(rng, topic.parts)
    over = pick(rng, topic.over)
    names = name_some(rng, part, span(rng, 3, 6) if part != "sex" else 2)
    weights = rng.dirichlet(np.full(len(names), 2.2))
    shares = 4 + np.floor(weights * (100 - 4 * len(names))).astype(int)
    shares[int(np.argmax(shares))] += 100 - int(shares.sum())
    fixed = f"{DIMENSIONS[over].say(one_name(rng, over))} {_when(rng)}"
    rows = (("", tuple(float(share) for share in shares)),)
    return _Subject(across=DIMENSIONS[part], categories=names, series=rows, fixed=fixed)


def _walk(rng: np.random.Generator, topic: Topic, count: int) -> tuple[float, ...]:
    """Values that move from one to the next: up, down, or to and fro."""
    reach = topic.high - topic.low
    start, drift = rng.uniform(0.15, 0.85), rng.normal(0, 0.05)
    steps = np.cumsum(np.concatenate([[0.0], rng.normal(drift, rng.uniform(0.02, 0.1), count - 1)]))
    scale = rng.uniform(0.35, 1.0)
    return tuple((topic.low + scale * reach * np.clip(np.abs(start + steps), 0.02, 1.2)).tolist())


def _spread(rng: np.random.Generator, topic: Topic, count: int, *, ordered: bool) -> tuple[float, ...]:
    """Values within a factor of about eight, in half of the ordered charts from the largest down."""
    low = max(topic.low, topic.high / 14) if topic.low >= 0 else topic.low
    top = low + (topic.high - low) * rng.uniform(0.4, 1.0)
    part = rng.random(count) ** rng.uniform(0.8, 1.8)
    values = low + (top - low) * part
    return tuple((np.sort(values)[::-1] if ordered and rng.random() < 0.6 else values).tolist())


def _title(rng: np.random.Generator, subject: _Subject, topic: Topic) -> str:
    words = topic.measure[0].upper() + topic.measure[1:]
    by = subject.among or subject.across
    if by.time and not subject.among:
        return f"{words} {subject.fixed}, {subject.categories[0]} to {subject.categories[-1]}"
    return f"{words} by {by.noun} {subject.fixed}".strip()


# Values and their scale.


def _scaled(
    rng: np.random.Generator,
    rows: tuple[tuple[str, tuple[float, ...]], ...],
    topic: Topic,
    kind: str,
    decimals: int,
    printed: bool,
) -> tuple[tuple[Series, ...], Axis]:
    """The values in units of the last decimal; those that are not printed stand on fifths of a tick."""
    scale = 10**decimals
    series = [Series(name=name, values=tuple(round(v * scale) for v in values)) for name, values in rows]
    axis = _axis(series, kind)
    if not printed and kind != "pie":
        grain = max(axis.step // 5, 1)
        series = [replace(s, values=tuple(round(v / grain) * grain for v in s.values)) for s in series]
        axis = _axis(series, kind)
    return tuple(series), axis


def _axis(series: list[Series], kind: str) -> Axis:
    """Four to eight steps of 1, 2 or 5 times a power of ten, from 0 or from below the lowest value."""
    if kind == "pie":
        return Axis(low=0, high=100, step=100)
    by_category = list(zip(*(s.values for s in series), strict=True))
    high = max(map(sum, by_category)) if kind.startswith("stacked") else max(map(max, by_category))
    low = min(0, min(map(min, by_category)))
    rough = max(high - low, 5) / 5.5
    base = 10 ** floor(log10(rough))
    step = max(int(min((base * f for f in (1, 2, 5, 10)), key=lambda s: abs(log10(s / rough)))), 1)
    return Axis(low=floor(low / step) * step, high=ceil(max(high, step) * 1.04 / step) * step, step=step)


# How it looks.


def _colours(rng: np.random.Generator, kind: str, count: int, split: Split) -> tuple[str, ...]:
    """Different colours, none easily taken for another; the first decides what is held out."""
    first = [c for c in COLOURS if ((kind, c) in HELD_OUT) == (split == "heldout")]
    # Most charts of one colour are blue.
    usual = count == 1 and "blue" in first and chance(rng, 0.3)
    chosen = ["blue" if usual else pick(rng, first)]
    for colour in shuffled(rng, list(COLOURS)):
        if len(chosen) < count and not any(_alike(colour, other) for other in chosen):
            chosen.append(colour)
    for colour in COLOURS:
        if len(chosen) < count and colour not in chosen:
            chosen.append(colour)
    return tuple(chosen)


def _alike(a: str, b: str) -> bool:
    return a == b or any({a, b} <= confused for confused in _CONFUSED)


def _jitter(rng: np.random.Generator, colour: RGB) -> RGB:
    r, g, b = (
        np.clip(np.array(colour) * rng.uniform(0.95, 1.05) + rng.uniform(-6, 6, 3), 0, 255)
        .astype(int)
        .tolist()
    )
    return r, g, b


_NOTES = (
    "Source: own survey",
    "Source: annual report",
    "Note: preliminary figures",
    "Source: statistics office",
)


def _style(rng: np.random.Generator, kind: str, rows: int, split: Split) -> Style:
    tall = kind.endswith("bars") and rows > 8
    return Style(
        typeface=pick(rng, ("sans", "sans", "grotesque", "grotesque", "narrow", "serif")),
        em=round(float(rng.uniform(0.025, 0.031)), 4),
        aspect=round(float(rng.uniform(0.72, 1.0) if tall else rng.uniform(1.0, 1.5)), 2),
        ground=(255, 255, 255) if chance(rng, 0.75) else _light(rng),
        ink=pick(rng, ((50, 50, 54), (20, 20, 22), (84, 88, 96))),
        grid=chance(rng, 0.7),
        stripes=chance(rng, 0.2),
        frame=chance(rng, 0.15),
        thick=round(float(rng.uniform(0.5, 0.85)), 2),
        dots=chance(rng, 0.7),
        legend=pick(
            rng, ("none", "none", "bottom", "side") if kind == "pie" else ("top", "bottom", "bottom", "side")
        ),
        centred=chance(rng, 0.4),
        tilt=pick(rng, (45, 90)),
        percent=chance(rng, 0.6),
        note=pick(rng, _NOTES) if chance(rng, 0.35) else "",
        mirrored=split == "heldout" and chance(rng, 0.5),
    )


def _light(rng: np.random.Generator) -> RGB:
    r, g, b = rng.integers(236, 252, 3).tolist()
    return r, g, b
