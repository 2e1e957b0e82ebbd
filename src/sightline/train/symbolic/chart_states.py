"""Charts that questions are asked of: what they measure, categories, series, colors, errors of reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from numpy.random import Generator

from sightline.tools.relations import source_of
from sightline.train.symbolic.table_lists import full_name, groups, measures_of, speak_of
from sightline.train.symbolic.table_payload import frame_of, misread, view_from
from sightline.train.symbolic.table_states import Draft, names_of, numbers
from sightline.train.symbolic.table_view import Speak, View
from sightline.train.symbolic.table_words import chance, lines_of, pick, some
from sightline.types import Box, ChartData, ChartMark

Shape = Literal["columns", "bars", "lines", "pie"]
MARKS: dict[str, tuple[str, str]] = {
    "columns": ("bar", "bars"),
    "bars": ("bar", "bars"),
    "lines": ("line", "points"),
    "pie": ("slice", "slices"),
}
COLORS = (
    *("blue", "orange", "green", "red", "purple", "brown", "pink", "gray", "yellow", "black", "gold"),
    *(
        "light blue",
        "dark blue",
        "dark green",
        "teal",
        "light gray",
        "light green",
        "olive",
        "dark red",
        "navy",
    ),
)
MEN = frozenset(
    (
        "Men",
        "Women",
        "Male",
        "Female",
        "Boys",
        "Girls",
        "Adults",
        "Children",
        "Teenagers",
        "Democrat",
        "Republican",
    )
)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """What a chart is about: a line of `charts_topics.txt`."""

    title: str
    speak: Speak
    unit: str
    low: float
    high: float
    decimals: int
    categories: str
    series: str


@cache
def topics() -> tuple[Topic, ...]:
    """All topics."""
    found = []
    for line in lines_of("charts_topics.txt"):
        title, nouns, unit, span, decimals, categories, series, keys = line.split("|")
        speak, _ = speak_of(nouns, keys)
        low, high = map(float, span.split(".."))
        found.append(
            Topic(
                title=title,
                speak=speak,
                unit=unit,
                low=low,
                high=high,
                decimals=int(decimals),
                categories=categories,
                series=series,
            )
        )
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A chart as read, with what is said of it."""

    data: ChartData
    draft: Draft
    view: View


def _names(
    source: str, count: int, rng: Generator
) -> tuple[tuple[str, ...], tuple[str, str], tuple[str, ...], str]:
    """Names of categories or series, what one is called, prepositions, the group."""
    if source.startswith("="):
        names = tuple(source[1:].split(";"))
        if len(names) > 3 and chance(rng, 0.3):
            names = names[: max(3, len(names) - 1)]
        word = pick(rng, (("category", "categories"), ("item", "items"), ("category", "categories")))
        return names, word, ("for",), ""
    group = groups()["year" if source == "years" else "month" if source == "months" else source]
    names = names_of(rng, group, count)
    if source == "months" and chance(rng, 0.5):
        names = tuple(n[:3] for n in names)
    return names, group.entity, group.at, group.id


def shape_of(topic: Topic, rng: Generator) -> Shape:
    """How such a chart is drawn."""
    if topic.series == "-" and topic.unit == "%" and topic.speak.can_add and chance(rng, 0.6):
        return "pie"
    shapes: tuple[Shape, ...] = ("columns", "bars", "columns")
    if topic.categories in ("years", "months"):
        shapes = ("lines", "columns", "lines")
    return pick(rng, shapes)


def plot(rng: Generator) -> Plot:
    """A chart, as `read_chart` reads it."""
    topic = pick(rng, topics())
    shape = shape_of(topic, rng)
    single = topic.series == "-"
    if topic.categories == "years" and chance(rng, 0.15):
        count = int(rng.integers(10, 18))
    else:
        count = int(pick(rng, (3, 4, 4, 5, 5, 6, 7, 8, 10, 12)))
    names, entity, at, group = _names(topic.categories, count, rng)
    series: tuple[str, ...] = ("",)
    kind, kind_id = ("", ""), ""
    if not single:
        series, kind, _, kind_id = _names(topic.series, int(pick(rng, (2, 2, 3, 3, 4, 5, 6))), rng)
    values = [_values(topic, len(names), shape, rng) for _ in series]
    if shape == "pie":
        total = sum(values[0])
        values = [[round(v * 100 / total, topic.decimals) for v in values[0]]]
    title = _title(topic, names, rng)
    return plot_of(topic, shape, title, names, series, values, (entity, at, group), (kind, kind_id), rng)


def plot_of(
    topic: Topic,
    shape: Shape,
    title: str,
    names: tuple[str, ...],
    series: tuple[str, ...],
    values: Sequence[Sequence[float]],
    called: tuple[tuple[str, str], tuple[str, ...], str],
    kind: tuple[tuple[str, str], str],
    rng: Generator,
) -> Plot:
    """What `read_chart` reads of a chart whose names and values are known.

    Args:
        topic: what it is about.
        shape: how it is drawn.
        title: as printed.
        names: those of its categories.
        series: those of its series; one empty name where there is but one.
        values: of each series.
        called: what a category is called, its prepositions, its group.
        kind: what a series is called, and its group.
        rng: chance.
    """
    read_names, read_series = names, series
    if chance(rng, 0.15):
        read_names = tuple(misread(n, rng) if chance(rng, 0.12) else n for n in names)
        read_series = tuple(misread(n, rng) if n and chance(rng, 0.08) else n for n in series)
    data = _data(topic, shape, title, read_names, read_series, values, rng)
    draft = _draft(topic, names, series, *called, kind[1], data, rng)
    relation = next(r for r in source_of(data).relations if r.name == "chart")
    view = view_from(draft, relation, "chart", "chart_cells", rng)
    view = replace(view, marks=MARKS[shape], measure=topic.speak.noun[0], series=kind[0], colors=data.colors)
    return Plot(data=data, draft=draft, view=view)


def _values(topic: Topic, count: int, shape: Shape, rng: Generator) -> list[float]:
    """The values of a series; over years they drift."""
    if topic.categories in ("years", "months") and chance(rng, 0.7):
        now = float(rng.uniform(topic.low, topic.high))
        step = (topic.high - topic.low) * 0.09
        made = []
        for _ in range(count):
            made.append(round(now, topic.decimals))
            now = float(min(max(now + rng.normal(0.2 * step, step), topic.low), topic.high))
        return made
    high = min(topic.high, max(topic.low, 1) * 60) if shape != "pie" else topic.high
    return [abs(v) or 1.0 for v in numbers(rng, topic.low, high, topic.decimals, count, close=0.06)]


def _title(topic: Topic, names: Sequence[str], rng: Generator) -> str:
    if chance(rng, 0.2):
        return ""
    slots = {
        "place": pick(rng, groups()["country"].names),
        "brand": pick(rng, groups()["brand"].names),
        "company": pick(rng, groups()["company"].names),
        "website": pick(rng, groups()["website"].names),
        "city": pick(rng, groups()["city"].names),
        "person": full_name(rng),
        "from": names[0],
        "to": names[-1],
    }
    title = topic.title.format(**slots)
    return f"{title}, {names[-1]}" if topic.categories == "years" and chance(rng, 0.1) else title


def _data(
    topic: Topic,
    shape: Shape,
    title: str,
    names: Sequence[str],
    series: Sequence[str],
    values: Sequence[Sequence[float]],
    rng: Generator,
) -> ChartData:
    """What `read_chart` finds: printed values, or measured ones a little off; a mark may be missed."""
    printed = chance(rng, 0.55)
    frame = frame_of(rng)
    marks = []
    missed = chance(rng, 0.08)
    for c, category in enumerate(names):
        for s, name in enumerate(series):
            if missed and len(series) > 1 and chance(rng, 0.06):
                continue
            value = values[s][c]
            if not printed:
                off = value + float(rng.normal(0, 0.004)) * max(map(max, values))
                value = float(f"{off:.5g}") if off > 0 else value
            x, y = 20.0 + 12 * (c * len(series) + s), 30.0 + 3 * c
            box = Box.model_construct(x1=x, y1=y, x2=x + 8, y2=y + 40, frame=frame)
            score = round(float(rng.uniform(0.6, 0.99)), 2)
            marks.append(
                ChartMark.model_construct(
                    category=category, series=name, value=float(value), score=score, printed=printed, box=box
                )
            )
    unit = (
        topic.unit
        if chance(rng, 0.7)
        and topic.unit in ("%", "$", "million", "billion", "thousand", "kg", "km", "m", "mm", "GW", "t")
        else ""
    )
    return ChartData(
        chart=shape,
        title=title,
        unit=unit,
        colors=_colors(shape, names, series, rng),
        marks=tuple(marks),
        confidence=round(float(rng.uniform(0.5, 0.97)), 2),
    )


def _colors(shape: Shape, names: Sequence[str], series: Sequence[str], rng: Generator) -> dict[str, str]:
    """Color words of series, or of categories where each has its own."""
    if len(series) > 1:
        return dict(zip(series, some(rng, COLORS, len(series)), strict=True))
    if shape == "pie" or chance(rng, 0.15):
        return {
            name: color
            for name, color in zip(names, some(rng, COLORS, min(len(names), len(COLORS))), strict=False)
        }
    return {}


def _said(topic: Topic, name: str, kind: str, rng: Generator) -> tuple[str, ...]:
    """How the values of a series are said."""
    noun = topic.speak.noun[0]
    if not name:
        return (*topic.speak.noun, noun, "value") if chance(rng, 0.5) else topic.speak.noun
    if kind in ("country", "city"):
        return (f"{noun} in {name}", f"{noun} of {name}", f"value of {name}", f"{noun} for {name}")
    if name in MEN:
        return (
            f"{noun} of {name.lower()}",
            f"{noun} for {name}",
            f"value for {name}",
            f"{noun} among {name.lower()}",
        )
    return (
        f'value of "{name}"',
        f"{noun} for {name}",
        f"value for {name}",
        f"{name} value",
        f"{noun} ({name})",
    )


def _draft(
    topic: Topic,
    names: tuple[str, ...],
    series: tuple[str, ...],
    entity: tuple[str, str],
    at: tuple[str, ...],
    group: str,
    kind: str,
    data: ChartData,
    rng: Generator,
) -> Draft:
    """The words for a chart's columns."""
    single = series == ("",)
    columns = [replace(topic.speak, noun=_said(topic, name, kind, rng)) for name in series]
    if not single:
        columns = [replace(c, many="", verb=None, there=None) for c in columns]
    absent: tuple[str, ...] = ()
    if group and group != "year":
        whole = " | ".join(names).casefold()
        left = [n for n in groups()[group].names if n[:3].casefold() not in whole]
        absent = tuple(some(rng, left, min(3, len(left))))
    others = (
        [m.speak.noun[0] for m in measures_of(group)]
        if group
        else ["average age", "price", "number of doctors"]
    )
    others = [o for o in others if not set(o.split()) & set(" ".join(topic.speak.noun).split())]
    colored = single and bool(data.colors)
    return Draft(
        entity=entity,
        heads=("category", *series),
        columns=(names, *(names for _ in series), *((names,) if colored else ())),
        speaks=(Speak(noun=(entity[0],)), *columns, *((Speak(noun=("color",)),) if colored else ())),
        roles=("name", *("num" for _ in series), *(("color",) if colored else ())),
        at=at,
        title=data.title,
        matrix=tuple(range(1, len(series) + 1)) if not single else (),
        absent=absent,
        ordered=group in ("year", "month"),
        other_columns=tuple(some(rng, others, min(3, len(others)))),
    )
