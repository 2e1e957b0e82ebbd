"""The chart families' answers: functions of a chart's values alone. A cell is (series, category)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from sightline.train.worlds.charts import Chart
from sightline.train.worlds.phrasing import decimal
from sightline.train.worlds.table_answers import Unanswerable

Cell = tuple[int, int]
_PLACES = 4


def row(chart: Chart, series: int) -> list[Fraction]:
    """A series' values."""
    return [chart.value(series, c) for c in range(len(chart.categories))]


def said(value: Fraction) -> str:
    """The number, to four decimals, which sums of values never need."""
    return decimal(value, _PLACES)


def retrieve(chart: Chart, cell: Cell) -> str:
    """A value."""
    return said(chart.value(*cell))


def find_category(chart: Chart, series: int, value: Fraction) -> str:
    """The one category of a series that has a value."""
    fits = [c for c, v in enumerate(row(chart, series)) if v == value]
    if len(fits) != 1:
        raise Unanswerable("not one")
    return chart.categories[fits[0]]


def order(chart: Chart, series: int, most: bool, place: int = 1) -> str:
    """The category of a series' largest value, or smallest; its second, third ... for a higher place."""
    values = row(chart, series)
    ranked = sorted(values, reverse=most)
    if place > len(values) or values.count(ranked[place - 1]) != 1:
        raise Unanswerable("a tie")
    return chart.categories[values.index(ranked[place - 1])]


def extremum_value(chart: Chart, series: int, most: bool) -> str:
    """A series' largest, or smallest, value."""
    return said((max if most else min)(row(chart, series)))


def count_above(chart: Chart, series: int, above: bool, value: Fraction) -> str:
    """How many of a series' values are above a value, or below it."""
    return str(sum(v > value if above else v < value for v in row(chart, series)))


def count_shown(chart: Chart, series: bool) -> str:
    """How many series there are, or categories."""
    return str(len(chart.series) if series else len(chart.categories))


def count_colours(chart: Chart) -> str:
    """In how many colours the marks are drawn."""
    return str(len(set(chart.colours)))


def compare(chart: Chart, first: Cell, second: Cell, higher: bool) -> str:
    """Whether the first value is higher, or lower, than the second: `yes` or `no`."""
    a, b = chart.value(*first), chart.value(*second)
    return "yes" if (a > b if higher else a < b) else "no"


def total(chart: Chart, cells: Sequence[Cell]) -> str:
    """The sum of values."""
    return said(sum((chart.value(*cell) for cell in cells), Fraction(0)))


def difference(chart: Chart, first: Cell, second: Cell) -> str:
    """How far two values lie apart."""
    return said(abs(chart.value(*first) - chart.value(*second)))


def spread(chart: Chart, series: int) -> str:
    """A series' largest value less its smallest."""
    return said(max(row(chart, series)) - min(row(chart, series)))


def widest(chart: Chart, first: int, second: int) -> str:
    """The category where two series lie furthest apart."""
    gaps = [abs(a - b) for a, b in zip(row(chart, first), row(chart, second), strict=True)]
    if gaps.count(max(gaps)) != 1:
        raise Unanswerable("a tie")
    return chart.categories[gaps.index(max(gaps))]


def average(chart: Chart, cells: Sequence[Cell], places: int = _PLACES) -> str:
    """The mean of values, rounded to so many decimals."""
    return decimal(sum((chart.value(*cell) for cell in cells), Fraction(0)) / len(cells), places)


def ratio(chart: Chart, first: Cell, second: Cell) -> str:
    """The first value over the second, to two decimals."""
    if not chart.value(*second):
        raise Unanswerable("nothing to divide by")
    return decimal(chart.value(*first) / chart.value(*second), 2)


def trend(chart: Chart, first: Cell, second: Cell, words: tuple[str, str]) -> str:
    """The first word where the value rises from the first cell to the second, the other where it falls."""
    a, b = chart.value(*first), chart.value(*second)
    if a == b:
        raise Unanswerable("neither")
    return words[0] if b > a else words[1]


def steady(chart: Chart, series: int, up: bool) -> str:
    """Whether a series rises, or falls, at every step: `yes` or `no`."""
    return "yes" if all(b > a if up else b < a for a, b in pairwise(row(chart, series))) else "no"


def names_of(chart: Chart) -> tuple[str, ...]:
    """What the colours stand for: the series or, in a pie, the categories."""
    return chart.categories if chart.kind == "pie" else tuple(series.name for series in chart.series)


def colour_name(chart: Chart, colour: str) -> str:
    """What a colour stands for."""
    return names_of(chart)[chart.colours.index(colour)]


def colour_of(chart: Chart, at: int) -> str:
    """The colour of a series or of a slice."""
    return chart.colours[at]


ANSWERS: dict[str, Callable[..., str]] = {
    "retrieve": retrieve,
    "find_category": find_category,
    "extremum": order,
    "extremum value": extremum_value,
    "order": order,
    "count above": count_above,
    "count shown": count_shown,
    "count colours": count_colours,
    "compare": compare,
    "sum": total,
    "sum stack": total,
    "difference": difference,
    "difference ends": spread,
    "difference gap": widest,
    "average": average,
    "average all": average,
    "ratio": ratio,
    "trend": trend,
    "trend steady": steady,
    "colour name": colour_name,
    "colour of": colour_of,
    "colour value": retrieve,
}
"""Key of a wording -> its answer; the key's first word is the family."""
