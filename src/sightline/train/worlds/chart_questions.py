"""Questions about charts, in many wordings, with exact answers and the steps to them.

A draft is a key (a family, and what of it is asked), what its answer takes (`chart_answers`), the words for
it and the thought.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sightline.train.worlds import chart_answers as answers
from sightline.train.worlds.chart_answers import Cell, said
from sightline.train.worlds.chart_draw import draw_chart
from sightline.train.worlds.chart_wordings import BOOK
from sightline.train.worlds.charts import Chart, holds_held_out, make_chart
from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.nouns import with_article
from sightline.train.worlds.phrasing import decimal, listing
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.table_answers import Unanswerable

__all__ = ["ASKERS", "Draft", "ask_chart", "chart_sample", "holds_held_out", "is_held_out"]

SIDE = 448
_WITHOUT_NUMBERS = (
    "extremum",
    "order",
    "compare",
    "count shown",
    "count colours",
    "colour name",
    "colour of",
)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is asked: `key` names its lines and its answer, which takes `args`."""

    key: str
    args: tuple[object, ...]
    slots: dict[str, object]
    thought: str = ""

    @property
    def family(self) -> str:
        """The first word of the key."""
        return self.key.split()[0]


Asker = Callable[[np.random.Generator, Chart], Draft]


def chart_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """A chart of 448 px at its longer side, and six questions about it."""
    chart = make_chart(rng, split)
    return Sample(draw=lambda: (draw_chart(chart, SIDE),), asked=ask_chart(rng, chart, 6, split), state=chart)


def is_held_out(family: str, text: str) -> bool:
    """Whether a text is worded as one of the family's held-out lines."""
    return BOOK.is_held_out(family, text)


def ask_chart(
    rng: np.random.Generator, chart: Chart, count: int, split: Split = "train"
) -> tuple[Asked, ...]:
    """`count` different questions, their kinds drawn uniformly; a chart of little to ask gives fewer."""
    found: dict[str, Asked] = {}
    for _ in range(12 * count):
        try:
            draft = pick(rng, ASKERS)(rng, chart)
            _must_be_legible(chart, draft)
            meant = repr((draft.key, draft.args))
            if meant not in found:
                found[meant] = _asked(rng, chart, draft, split)
        except Unanswerable:
            continue
        if len(found) == count:
            break
    return tuple(found.values())


def _must_be_legible(chart: Chart, draft: Draft) -> None:
    """A pie without numbers shows which slice is the larger, and no number."""
    if chart.kind == "pie" and not chart.printed and draft.key not in _WITHOUT_NUMBERS:
        raise Unanswerable("no scale")


def _asked(rng: np.random.Generator, chart: Chart, draft: Draft, split: Split) -> Asked:
    answer = answers.ANSWERS[draft.key](chart, *draft.args)
    # Nobody asks for an average average.
    measure = chart.measure.removeprefix("average ") if draft.family == "average" else chart.measure
    question, wording = BOOK.word(
        rng, draft.key, split, {"m": measure, "am": with_article(measure), **draft.slots}
    )
    thought = f"{draft.thought} So {answer}.".strip()
    return Asked(question=question, answer=answer, family=draft.family, thought=thought, wording=wording)


# Words for cells.


def _series(rng: np.random.Generator, chart: Chart) -> int:
    return int(rng.random() * len(chart.series))


def _cell(rng: np.random.Generator, chart: Chart) -> Cell:
    return _series(rng, chart), int(rng.random() * len(chart.categories))


def _two(rng: np.random.Generator, chart: Chart) -> tuple[Cell, Cell]:
    """Two cells of one series or, in half of the charts with several, of one category."""
    if len(chart.series) > 1 and chance(rng, 0.5):
        category = int(rng.random() * len(chart.categories))
        first, second = shuffled(rng, range(len(chart.series)))[:2]
        return (first, category), (second, category)
    series = _series(rng, chart)
    first, second = shuffled(rng, range(len(chart.categories)))[:2]
    return (series, first), (series, second)


def _of_series(chart: Chart, series: int) -> str:
    """How a series stands in a sentence; nothing where there is one."""
    return chart.among.say(chart.series[series].name) if chart.among else ""


def _of_category(chart: Chart, category: int) -> str:
    return chart.across.say(chart.categories[category])


def _where(chart: Chart, cell: Cell) -> str:
    """`among men in Sweden`: what is no time comes first."""
    parts = [_of_category(chart, cell[1]), _of_series(chart, cell[0])]
    if chart.across.time:
        parts.reverse()
    return " ".join(part for part in parts if part)


def _full(rng: np.random.Generator, chart: Chart, cell: Cell) -> str:
    """The cell, at times with what holds for the whole chart."""
    where = _where(chart, cell)
    if not chart.fixed or chance(rng, 0.5):
        return where
    return f"{chart.fixed} {where}" if chart.across.time else f"{where} {chart.fixed}"


def _on(chart: Chart, series: int) -> str:
    """` among men`, or nothing."""
    words = _of_series(chart, series)
    return f" {words}" if words else ""


def _named(chart: Chart, cell: Cell) -> str:
    """A value in a thought: `Sweden, men: 12.3`, with a full stop."""
    series = chart.series[cell[0]].name
    return f"{chart.categories[cell[1]]}{', ' + series if series else ''}: {said(chart.value(*cell))}."


def _list(chart: Chart, series: int) -> str:
    """The values of a series, in steps."""
    return (
        ", ".join(f"{name} {said(chart.value(series, c))}" for c, name in enumerate(chart.categories)) + "."
    )


def _words(chart: Chart, series: int, **slots: object) -> dict[str, object]:
    """The slots of questions about the categories of a series."""
    across = chart.across
    return {
        "asks": across.asks,
        "noun": across.noun,
        "nouns": across.nouns,
        "on": _on(chart, series),
        "marks": _marks(chart),
        "rounded": "",
    } | slots


def _marks(chart: Chart) -> str:
    return "points" if chart.kind in ("line", "lines") else chart.mark + "s"


def _highest(rng: np.random.Generator, most: bool) -> dict[str, object]:
    return {
        "highest": pick(rng, ("highest", "largest", "highest"))
        if most
        else pick(rng, ("lowest", "smallest", "lowest")),
        "peak": "maximum" if most else "minimum",
        "first": "first" if most else "last",
        "far": "high" if most else "low",
    }


# The families.


def _retrieve(rng: np.random.Generator, chart: Chart) -> Draft:
    cell = _cell(rng, chart)
    slots: dict[str, object] = {
        "a": _full(rng, chart, cell),
        "unit": f", in {chart.unit}" if chart.unit else "",
    }
    return Draft(key="retrieve", args=(cell,), slots=slots, thought=_named(chart, cell))


def _find(rng: np.random.Generator, chart: Chart) -> Draft:
    cell = _cell(rng, chart)
    value = chart.value(*cell)
    slots = _words(chart, cell[0], v=said(value) + "%" * (chart.unit == "%"))
    return Draft(key="find_category", args=(cell[0], value), slots=slots, thought=_list(chart, cell[0]))


def _extremum(rng: np.random.Generator, chart: Chart) -> Draft:
    series, most = _series(rng, chart), chance(rng, 0.6)
    slots = _words(chart, series) | _highest(rng, most)
    return Draft(key="extremum", args=(series, most), slots=slots, thought=_list(chart, series))


def _extremum_value(rng: np.random.Generator, chart: Chart) -> Draft:
    series, most = _series(rng, chart), chance(rng, 0.6)
    slots = _words(chart, series) | _highest(rng, most)
    return Draft(key="extremum value", args=(series, most), slots=slots, thought=_list(chart, series))


def _order(rng: np.random.Generator, chart: Chart) -> Draft:
    series, most, place = _series(rng, chart), chance(rng, 0.7), pick(rng, (2, 2, 3))
    slots = _words(chart, series, nth={2: "second", 3: "third"}[place]) | _highest(rng, most)
    ranked = sorted(answers.row(chart, series), reverse=most)
    thought = f"{_list(chart, series)} In order: {', '.join(map(said, ranked[:place]))}."
    return Draft(key="order", args=(series, most, place), slots=slots, thought=thought)


def _count_above(rng: np.random.Generator, chart: Chart) -> Draft:
    """The bound lies between two values that follow one another in size, so that all counts are as likely."""
    series, above = _series(rng, chart), chance(rng, 0.6)
    ordered = sorted(set(answers.row(chart, series)))
    at = span(rng, 0, len(ordered))
    edges = [ordered[0] - (ordered[-1] - ordered[0]), *ordered, 2 * ordered[-1]]
    bound = Fraction(_round_between(float(edges[at]), float(edges[at + 1])))
    if bound in ordered or bound <= 0:
        raise Unanswerable("no round number between them")
    slots = _words(
        chart, series, v=said(bound), above=pick(rng, ("above", "over") if above else ("below", "under"))
    )
    fits = [v for v in answers.row(chart, series) if (v > bound) == above]
    thought = f"{_list(chart, series)} These fit: {', '.join(map(said, fits)) or 'none'}."
    return Draft(key="count above", args=(series, above, bound), slots=slots, thought=thought)


def _round_between(low: float, high: float) -> str:
    """A number between two others with as few digits as can be."""
    for places in range(-4, 3):
        number = round((low + high) / 2, places)
        if low < number < high:
            return f"{number:.{max(places, 0)}f}"
    raise Unanswerable("too close")


def _count_shown(rng: np.random.Generator, chart: Chart) -> Draft:
    series = chart.among is not None and chance(rng, 0.5)
    dimension = chart.among if series and chart.among else chart.across
    names = answers.names_of(chart) if series else chart.categories
    slots: dict[str, object] = {"nouns": dimension.nouns}
    return Draft(key="count shown", args=(series,), slots=slots, thought=f"{listing(names)}.")


def _count_colours(rng: np.random.Generator, chart: Chart) -> Draft:
    marks = "lines" if chart.kind == "lines" else _marks(chart)
    if chart.kind == "line":
        raise Unanswerable("one line")
    return Draft(
        key="count colours", args=(), slots={"marks": marks}, thought=f"{listing(list(chart.colours))}."
    )


def _compare(rng: np.random.Generator, chart: Chart) -> Draft:
    first, second = _two(rng, chart)
    if chart.value(*first) == chart.value(*second):
        raise Unanswerable("equal")
    higher = chance(rng, 0.6)
    slots: dict[str, object] = {
        "a": _where(chart, first),
        "b": _where(chart, second),
        "higher": pick(rng, ("higher", "larger") if higher else ("lower", "smaller")),
    }
    thought = f"{_named(chart, first)} {_named(chart, second)}"
    return Draft(key="compare", args=(first, second, higher), slots=slots, thought=thought)


def _added(rng: np.random.Generator, chart: Chart) -> tuple[list[Cell], dict[str, object], str]:
    cells = list(_two(rng, chart))
    numbers = [chart.value(*cell) for cell in cells]
    steps = f"{' + '.join(map(said, numbers))} = {said(sum(numbers, Fraction(0)))}."
    slots: dict[str, object] = {"both": listing([_where(chart, cell) for cell in cells])}
    return cells, slots, f"{' '.join(_named(chart, cell) for cell in cells)} {steps}"


def _sum(rng: np.random.Generator, chart: Chart) -> Draft:
    cells, slots, thought = _added(rng, chart)
    return Draft(key="sum", args=(cells,), slots=slots, thought=thought)


def _sum_stack(rng: np.random.Generator, chart: Chart) -> Draft:
    if not chart.stacked or not chart.among:
        raise Unanswerable("no stack")
    category = int(rng.random() * len(chart.categories))
    cells = [(s, category) for s in range(len(chart.series))]
    slots: dict[str, object] = {"a": _of_category(chart, category), "series": chart.among.nouns}
    thought = f"{chart.categories[category]}: {' + '.join(said(chart.value(*cell)) for cell in cells)}."
    return Draft(key="sum stack", args=(cells,), slots=slots, thought=thought)


def _difference(rng: np.random.Generator, chart: Chart) -> Draft:
    a, b = sorted(_two(rng, chart), key=lambda cell: -chart.value(*cell))
    x, y = chart.value(*a), chart.value(*b)
    if x == y:
        raise Unanswerable("equal")
    slots: dict[str, object] = {"a": _where(chart, a), "b": _where(chart, b)}
    thought = f"{_named(chart, a)} {_named(chart, b)} {said(x)} - {said(y)} = {said(x - y)}."
    return Draft(key="difference", args=(a, b), slots=slots, thought=thought)


def _ends(rng: np.random.Generator, chart: Chart) -> Draft:
    series = _series(rng, chart)
    top, low = max(answers.row(chart, series)), min(answers.row(chart, series))
    thought = f"{_list(chart, series)} {said(top)} - {said(low)} = {said(top - low)}."
    return Draft(key="difference ends", args=(series,), slots=_words(chart, series), thought=thought)


def _gap(rng: np.random.Generator, chart: Chart) -> Draft:
    if len(chart.series) < 2:
        raise Unanswerable("one series")
    a, b = shuffled(rng, range(len(chart.series)))[:2]
    gaps = [abs(x - y) for x, y in zip(answers.row(chart, a), answers.row(chart, b), strict=True)]
    told = ", ".join(f"{name} {said(gap)}" for name, gap in zip(chart.categories, gaps, strict=True))
    slots = _words(chart, 0, a=chart.series[a].name, b=chart.series[b].name)
    return Draft(key="difference gap", args=(a, b), slots=slots, thought=f"Apart: {told}.")


def _average(rng: np.random.Generator, chart: Chart) -> Draft:
    cells, slots, thought = _added(rng, chart)
    return Draft(key="average", args=(cells,), slots=slots, thought=f"{thought} Divided by 2.")


def _average_all(rng: np.random.Generator, chart: Chart) -> Draft:
    series = _series(rng, chart)
    numbers = answers.row(chart, series)
    total = sum(numbers, Fraction(0))
    exact = Fraction(decimal(total / len(numbers))) == total / len(numbers)
    slots = _words(chart, series, rounded="" if exact else ", to two decimals")
    thought = f"{' + '.join(map(said, numbers))} = {said(total)}. {said(total)} / {len(numbers)}."
    cells = [(series, c) for c in range(len(numbers))]
    return Draft(key="average all", args=(cells, 2), slots=slots, thought=thought)


def _ratio(rng: np.random.Generator, chart: Chart) -> Draft:
    a, b = sorted(_two(rng, chart), key=lambda cell: -chart.value(*cell))
    x, y = chart.value(*a), chart.value(*b)
    if y <= 0 or x == y:
        raise Unanswerable("no ratio")
    exact = Fraction(decimal(x / y)) == x / y
    rounded = "" if exact else ", to two decimals"
    slots: dict[str, object] = {"a": _where(chart, a), "b": _where(chart, b), "rounded": rounded}
    thought = f"{_named(chart, a)} {_named(chart, b)} {said(x)} / {said(y)}."
    return Draft(key="ratio", args=(a, b), slots=slots, thought=thought)


_WAYS = (("rise", "fall"), ("increase", "decrease"), ("go up", "go down"), ("grow", "decline"))


def _subject(chart: Chart, series: int) -> str:
    return _of_series(chart, series) or chart.fixed


def _trend(rng: np.random.Generator, chart: Chart) -> Draft:
    """Rise and fall are equally likely where a series does both."""
    if not chart.across.time:
        raise Unanswerable("no time")
    series, rises = _series(rng, chart), chance(rng, 0.5)
    values, count = answers.row(chart, series), len(chart.categories)
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count) if values[i] != values[j]]
    pairs = [(i, j) for i, j in pairs if (values[j] > values[i]) == rises]
    if not pairs:
        raise Unanswerable("only one way")
    first, last = pick(rng, pairs)
    up, down = pick(rng, _WAYS)
    slots: dict[str, object] = {
        "fixed": _subject(chart, series),
        "up": up,
        "down": down,
        "x": chart.categories[first],
        "y": chart.categories[last],
    }
    cells = (series, first), (series, last)
    thought = f"{_named(chart, cells[0])} {_named(chart, cells[1])}"
    return Draft(key="trend", args=(*cells, (up, down)), slots=slots, thought=thought)


def _steady(rng: np.random.Generator, chart: Chart) -> Draft:
    """Few series rise all the time: where one does not, it is asked about as seldom."""
    if not chart.across.time:
        raise Unanswerable("no time")
    series = _series(rng, chart)
    up = chance(rng, 0.5)
    wanted = chance(rng, 0.5)
    if (answers.steady(chart, series, up) == "yes") != wanted or (not wanted and chance(rng, 0.75)):
        raise Unanswerable("too many are not steady")
    slots = _words(chart, series, fixed=_subject(chart, series), up=pick(rng, _WAYS)[0 if up else 1])
    return Draft(key="trend steady", args=(series, up), slots=slots, thought=_list(chart, series))


def _coloured(chart: Chart) -> str:
    """The noun of what the colours stand for."""
    if len(chart.colours) < 2:
        raise Unanswerable("one colour")
    return chart.across.noun if chart.kind == "pie" or not chart.among else chart.among.noun


def _colour_name(rng: np.random.Generator, chart: Chart) -> Draft:
    noun = _coloured(chart)
    at = int(rng.random() * len(chart.colours))
    slots: dict[str, object] = {"colour": chart.colours[at], "mark": chart.mark, "noun": noun}
    return Draft(key="colour name", args=(chart.colours[at],), slots=slots, thought=_legend(chart))


def _colour_of(rng: np.random.Generator, chart: Chart) -> Draft:
    _coloured(chart)
    at = int(rng.random() * len(chart.colours))
    slots: dict[str, object] = {"name": answers.names_of(chart)[at], "mark": chart.mark}
    return Draft(key="colour of", args=(at,), slots=slots, thought=_legend(chart))


def _legend(chart: Chart) -> str:
    pairs = zip(chart.colours, answers.names_of(chart), strict=True)
    return "; ".join(f"{colour} is {name}" for colour, name in pairs) + "."


def _colour_value(rng: np.random.Generator, chart: Chart) -> Draft:
    _coloured(chart)
    cell = _cell(rng, chart)
    at = cell[1] if chart.kind == "pie" else cell[0]
    on = "" if chart.kind == "pie" else f" {_of_category(chart, cell[1])}"
    slots: dict[str, object] = {"colour": chart.colours[at], "mark": chart.mark, "on": on}
    return Draft(key="colour value", args=(cell,), slots=slots, thought=_named(chart, cell))


ASKERS: tuple[Asker, ...] = (
    _retrieve,
    _retrieve,
    _retrieve,
    _find,
    _extremum,
    _extremum,
    _extremum_value,
    _order,
    _count_above,
    _count_shown,
    _count_colours,
    _compare,
    _sum,
    _sum_stack,
    _difference,
    _ends,
    _gap,
    _average,
    _average_all,
    _ratio,
    _trend,
    _steady,
    _colour_name,
    _colour_of,
    _colour_value,
)
"""What is asked about a chart; one that stands there twice is asked twice as often."""
