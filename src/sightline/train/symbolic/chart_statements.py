"""Charts of published statistics, asked in sentences with a verb: `How many phones were sold in 2020?`.

Here `how many` means the value of a mark, not a count of rows. The charts are read as those of `charts` are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.random import Generator

from sightline.train.symbolic.chart_states import Plot, Shape, Topic, plot_of
from sightline.train.symbolic.charts import episode_over, first_calls_over
from sightline.train.symbolic.episode import Episode
from sightline.train.symbolic.noise import lower_first
from sightline.train.symbolic.statement_lists import (
    COMMON,
    PLACES,
    QUANTITIES,
    TIMES,
    WITH_THE,
    Clause,
    Statement,
    category_names,
    frames,
    proper,
    statements,
    time_said,
)
from sightline.train.symbolic.table_phrases import PEOPLE, PREAMBLES, Family, extreme, said, threshold
from sightline.train.symbolic.table_view import Ask, Col, Speak, Value, View, number_literal, text_literal
from sightline.train.symbolic.table_words import chance, fill, fitting, pick, some

PLURAL = {
    "is": "are",
    "was": "were",
    "has": "have",
    "spends": "spend",
    "costs": "cost",
    "produces": "produce",
}
"""Verbs in the wordings that have a form of their own after `how many countries`."""
PRESENT = re.compile(r"\b(?:" + "|".join(PLURAL) + r")\b")
FIRST = 0.15
"""Share of episodes in which the chart has not been read yet."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A subject as one chart shows it.

    Args:
        source: where its categories are from: years, a group, a list.
        names: the names that its title and its questions share.
        series: how each of its series is said, by name.
    """

    statement: Statement
    source: str
    names: dict[str, str]
    series: dict[str, str] = field(default_factory=dict)

    @property
    def timed(self) -> bool:
        """Whether its categories follow each other in time."""
        return self.source in TIMES


def statement_plot(rng: Generator, statement: Statement | None = None) -> tuple[Plot, Told]:
    """A chart about a subject, as `read_chart` reads it."""
    statement = statement or pick(rng, statements())
    source = pick(rng, statement.categories)
    names, entity, at = category_names(source, statement, rng)
    timed = source in TIMES
    own = proper(rng)
    while own["place"].removeprefix("the ") in names:
        own = proper(rng)
    shapes: tuple[Shape, ...] = ("lines", "columns", "lines", "columns") if timed else ("bars", "columns")
    told_series = dict(statement.series)
    if len(told_series) > 2:
        told_series = dict(some(rng, statement.series, int(pick(rng, (2, 2, 3)))))
    series = tuple(told_series) or ("",)
    values = [_values(statement, len(names), rng, timed=timed) for _ in series]
    if not timed and series == ("",) and source != "agegroup" and chance(rng, 0.6):
        values[0].sort(reverse=True)
    ends = {"from": names[0], "to": names[-1]} if timed else {"from": "2010", "to": "2020"}
    title = (
        ""
        if chance(rng, 0.12)
        else fill(statement.title, rng, {**own, **ends}).replace("U.S. Dollars", "U.S. dollars")
    )
    unit = statement.scale.removeprefix("$ ").partition(" ")[0]
    topic = Topic(
        title=title,
        speak=Speak(noun=(statement.noun or "value",), money=statement.money, can_add=statement.sums),
        unit=unit,
        low=statement.low,
        high=statement.high,
        decimals=statement.decimals,
        categories=source,
        series="=" if statement.series else "-",
    )
    called = (entity, at, "year" if timed else "" if source.startswith("=") else source)
    kind = ("series", "series") if statement.series else ("", "")
    chart = plot_of(topic, pick(rng, shapes), title, names, series, values, called, (kind, ""), rng)
    return chart, Told(statement=statement, source=source, names=own, series=told_series)


def _values(statement: Statement, count: int, rng: Generator, *, timed: bool) -> list[float]:
    """Values of a series: over time they drift, else they are far apart."""
    low, high = statement.low, statement.high
    ratio = high / max(low, 1e-9)
    if not timed:
        if ratio > 30:
            spread = low * ratio ** rng.uniform(0.1, 1, count)
        else:
            spread = rng.uniform(low, high, count)
        return [round(float(v), statement.decimals) for v in spread]
    width = min(ratio, float(pick(rng, (1.3, 2, 4, 12))))
    first = low * (ratio / width) ** float(rng.random())
    steps = np.linspace(0, 1, count)
    trend = pick(rng, ("up", "up", "up", "down", "peak", "none"))
    shape = {"up": steps, "down": 1 - steps, "peak": 1 - abs(steps * 2 - 1), "none": rng.random(count)}[trend]
    drift = np.clip(shape + rng.normal(0, 0.08, count), 0, 1)
    return [round(float(first * width**v), statement.decimals) for v in drift]


class Asker:
    """One question about one series of a chart: its slots, and how its parts are said."""

    def __init__(self, told: Told, view: View, rng: Generator) -> None:
        columns = [c for c in view.numeric() if c.role == "num"]
        self.told, self.view, self.rng = told, view, rng
        self.statement = told.statement
        self.column: Col | None = pick(rng, columns) if columns else None
        self.slots: dict[str, str] = dict(told.names)
        self.slots["entity"], self.slots["entities"] = view.entity
        self.slots["noun"], self.slots["be"] = self.statement.noun, self.statement.be
        if self.column is not None and self.statement.series:
            self.slots["s"] = self.series_said(self.column)

    @property
    def of(self) -> Col:
        """The column that is asked for."""
        assert self.column is not None
        return self.column

    def series_said(self, column: Col) -> str:
        """How a series is called."""
        return list(self.told.series.values())[self.view.cols.index(column) - 1]

    def name(self, row: int) -> str:
        """How a category is called."""
        if self.told.timed:
            return time_said(self.view.clean[row], self.told.source, self.rng)
        name = self.view.told[row]
        if name in WITH_THE and chance(self.rng, 0.7):
            return f"the {name}"
        common = self.told.source in COMMON or (self.told.source[0] == "=" and not self.statement.proper)
        if common and name[1:].islower() and chance(self.rng, 0.6):
            return name.lower()
        return name

    def at(self, row: int, second: int | None = None) -> tuple[str, str]:
        """A category with its preposition, and another one with the same."""
        rng, name = self.rng, self.name(row)
        if self.told.timed:
            span = self.statement.span
            clean = self.view.clean[row]
            if second is None and span and self.told.source == "fiscal" and chance(rng, 0.3):
                year = int(clean[:4])
                return f"from {span[0]} {year} to {span[1]} {year + 1}", ""
            word = "in"
            if second is None and self.told.source == "years":
                word = pick(
                    rng, ("in", "in", "in", "in", "in the year", "in the year", "as of", "during", "for")
                )
            return f"{word} {name}", f"in {self.name(second)}" if second is not None else ""
        word = pick(rng, self.view.at)
        return f"{word} {name}", f"{word} {self.name(second)}" if second is not None else ""

    def limit(self) -> float:
        """A round number between the smallest and the largest value."""
        found = threshold(self.of, self.rng)
        return float(round(found)) if self.statement.decimals == 0 else found

    def number(self, value: float) -> str:
        """A number with its scale, as it is said."""
        scale, number = self.statement.scale, said(value, self.rng)
        if number.isalpha() and scale.startswith(("%", "$")):
            number = f"{value:g}"
        if scale == "%":
            return pick(self.rng, (f"{number}%", f"{number} percent", f"{number} %"))
        if scale.startswith("$"):
            more = scale[1:].strip()
            return pick(
                self.rng, (f"${number} {more}", f"{number} {more} dollars", f"{number} {more} dollars")
            )
        if (
            scale in ("million", "billion", "thousand")
            and value >= 20
            and value == int(value)
            and chance(self.rng, 0.15)
        ):
            return number
        return f"{number} {scale}"

    def ask_of(self, template: str, family: str, sql: str, expect: Value, kind: str, **slots: str) -> Ask:
        """The question, with a mark at its end and now and then words before it."""
        question = fill(template, self.rng, {**self.slots, **slots}).rstrip("?")
        question += "?" if chance(self.rng, 0.95) else ""
        if chance(self.rng, 0.05):
            thing = pick(self.rng, ("chart", "graph", "figure"))
            question = pick(self.rng, PREAMBLES).format(thing=thing, q=lower_first(question))
        return Ask(family=f"said_{family}", kind=kind, question=question, sql=sql, expect=expect)

    def question(self, start: str = "") -> str | None:
        """A question of the subject for one value."""
        own = [one for one in self.statement.asks if one.startswith(start)]
        return pick(self.rng, own) if own else None

    def frame(self, section: str, **slots: str) -> str | None:
        """A shared wording that fits."""
        fit = fitting(frames(section), {**self.slots, **slots})
        return pick(self.rng, fit) if fit else None

    def clause(self, how: str, *, plural: bool = False) -> tuple[str, str] | None:
        """The words before a clause and the clause with its quantity, for `which` or for `how many`."""
        own = [c for c in self.statement.clauses if how in QUANTITIES[c.kind]]
        if not own:
            return None
        clause: Clause = pick(self.rng, own)
        quantity = QUANTITIES[clause.kind][how]
        text = clause.text.replace("<q>", quantity)
        if plural and clause.subject:
            text = PRESENT.sub(lambda found: PLURAL[found[0]], text)
        return self.lead(clause, plural=plural), text

    def lead(self, clause: Clause, *, plural: bool) -> str:
        """`in which year`, `where`, `who`, `which company`, `in how many years`."""
        entity = self.view.entity[0]
        word = "in" if self.told.timed else self.view.at[0]
        if plural:
            return "how many <entities>" if clause.subject else f"{word} how many <entities>"
        if clause.subject:
            return "{who|which <entity>}" if entity in PEOPLE else "{which|which|what} <entity>"
        if self.told.timed:
            return "{in what|in which|in which|what|which} <entity>"
        if entity in PLACES and word == "in":
            return "{in which <entity>|in what <entity>|where}"
        return f"{word} {{which|what}} <entity>"


def _value(asker: Asker) -> Ask | None:
    """The value of a category."""
    rng, view, column = asker.rng, asker.view, asker.of
    if not (rows := view.rows(column)):
        return None
    row = pick(rng, rows)
    at, _ = asker.at(row)
    template = asker.frame("value") if chance(rng, 0.12) else asker.question()
    if template is None:
        return None
    if template.endswith(" <at>") and chance(rng, 0.12):
        template = f"<at>, {template[:-5]}"
    if asker.told.source == "years" and row and " <at>" in template and chance(rng, 0.04):
        before = view.clean[row - 1]
        if view.clean[row].isdigit() and before.isdigit() and int(view.clean[row]) == int(before) + 1:
            sql, value = view.select(column.sql, view.cond(row - 1)), column.values[row - 1]
            if row - 1 in rows:
                at = f"in the year before {view.clean[row]}"
                return asker.ask_of(template, "value", sql, value, column.answer, at=at, n=asker.name(row))
    sql = view.select(column.sql, view.cond(row))
    return asker.ask_of(template, "value", sql, column.values[row], column.answer, at=at, n=asker.name(row))


def _place(asker: Asker) -> Ask | None:
    """The value of the last category, of the one before it, or of the first."""
    rng, view, column = asker.rng, asker.view, asker.of
    template = asker.question()
    if not asker.told.timed or template is None or "<at>" not in template:
        return None
    kind = pick(rng, ("last", "last", "last", "previous", "previous", "previous", "first"))
    row = {"last": view.size - 1, "previous": view.size - 2, "first": 0}[kind]
    if column.values[row] is None:
        return None
    at = asker.frame(kind) or ""
    if template.endswith(" <at>") and at.startswith("in ") and chance(rng, 0.1):
        template = f"<at>, {template[:-5]}"
    tail = "ORDER BY row_no DESC LIMIT 1" + (" OFFSET 1" if kind == "previous" else "")
    sql = view.select(column.sql, "row_no = 1") if kind == "first" else view.select(column.sql, "", tail)
    return asker.ask_of(template.replace("<at>", at), kind, sql, column.values[row], column.answer)


def _extreme(asker: Asker) -> Ask | None:
    """The category with the largest or smallest value."""
    rng, view, column = asker.rng, asker.view, asker.of
    most = chance(rng, 0.6)
    row = extreme(column, 0, most=most)
    if row is None or view.name.values[row] is None:
        return None
    own = asker.statement.top if most else asker.statement.low_asks
    found = asker.clause("most" if most else "least")
    template = f"{found[0]} {found[1]}" if found else None
    if own and (template is None or chance(rng, 0.45)):
        template = pick(rng, own)
    elif asker.told.timed and (template is None or chance(rng, 0.2)):
        template = asker.frame("when_most" if most else "when_least") or template
    if template is None:
        return None
    tail = f"ORDER BY {column.sql}{' DESC' if most else ''} LIMIT 1"
    sql = view.select(view.name.sql, "", tail)
    value, kind = view.name.values[row], view.name.answer
    return asker.ask_of(template, "most" if most else "least", sql, value, kind)


def _peak(asker: Asker) -> Ask | None:
    """The largest or smallest value itself."""
    most = chance(asker.rng, 0.65)
    template = asker.frame("peak" if most else "bottom")
    if template is None or not asker.told.timed or not asker.statement.noun:
        return None
    numbers = asker.of.numbers
    sql = asker.view.select(f"{'max' if most else 'min'}({asker.of.sql})")
    return asker.ask_of(template, "peak", sql, max(numbers) if most else min(numbers), asker.of.answer)


def _pair(asker: Asker) -> tuple[int, int] | None:
    """Two rows of different values, the larger first."""
    rows = asker.view.rows(asker.of)
    if len(rows) < 2:
        return None
    one, two = some(asker.rng, rows, 2)
    a, b = asker.of.number(one), asker.of.number(two)
    if a == b:
        return None
    return (one, two) if a > b else (two, one)


def _difference(asker: Asker) -> Ask | None:
    """How much more there is of one category than of another, or how much it grew."""
    rng, view, column = asker.rng, asker.view, asker.of
    if (pair := _pair(asker)) is None:
        return None
    one, two = pair
    a, b = column.number(one), column.number(two)
    left, right = view.cell(column, one), view.cell(column, two)
    slots = {"n": asker.name(one), "n2": asker.name(two)}
    slots["at"], slots["at2"] = asker.at(one, two)
    start = pick(rng, ("how many ", "how much "))
    template = asker.question(start) or asker.question("how ")
    if template and template.startswith(("how many ", "how much ")) and chance(rng, 0.5):
        than = " than <at2>" if "<at>" in template else " than <n2>"
        template = f"{template[:8]} more{template[8:]}{than}"
        return asker.ask_of(template, "more", f"SELECT {left} - {right}", a - b, column.answer, **slots)
    kind = "difference"
    if asker.told.timed and chance(rng, 0.7):
        kind = "grew" if one > two else "fell"
        slots |= {"n": asker.name(min(pair)), "n2": asker.name(max(pair))}
        if kind == "grew" and b > 0 and asker.statement.scale != "%" and chance(rng, 0.25):
            template = asker.frame("grew_percent")
            sql, value = f"SELECT {left} * 100 / {right} - 100", a * 100 / b - 100
            return asker.ask_of(template, "grew_percent", sql, value, "number", **slots) if template else None
    template = asker.frame(kind)
    if template is None or not asker.statement.noun:
        return None
    sql = f"SELECT abs({left} - {right})" if "difference" in template else f"SELECT {left} - {right}"
    if asker.statement.scale == "%":
        slots["by"] = pick(rng, ("by how much", "by how many percentage points", "by how many percent"))
    return asker.ask_of(template, kind, sql, a - b, column.answer, **{"by": "by how much", **slots})


def _two(asker: Asker) -> Ask | None:
    """Which of two categories has more, or less."""
    rng, view, column = asker.rng, asker.view, asker.of
    how = pick(rng, ("more", "more", "fewer"))
    pair, found = _pair(asker), asker.clause(how)
    if pair is None or found is None:
        return None
    row = pair[0] if how == "more" else pair[1]
    order = sorted(pair)
    tail = f"ORDER BY {column.sql}{' DESC' if how == 'more' else ''} LIMIT 1"
    sql = view.select(view.name.sql, view.among(order), tail)
    template = f"{found[0]} {found[1]}{{,|:|,}} <n> or <n2>"
    names = {"n": asker.name(order[0]), "n2": asker.name(order[1])}
    return asker.ask_of(template, "two", sql, view.name.values[row], view.name.answer, **names)


def _first_over(asker: Asker) -> Ask | None:
    """The first time that the value is above or below a number."""
    rng, view, column = asker.rng, asker.view, asker.of
    if not asker.told.timed or len(set(column.numbers)) < 3:
        return None
    over = chance(rng, 0.75)
    limit = asker.limit()
    rows = [
        n
        for n, v in enumerate(column.values)
        if isinstance(v, int | float) and (v > limit if over else v < limit)
    ]
    if not rows or rows[0] == 0 or view.name.values[rows[0]] is None:
        return None
    found = asker.clause("over" if over else "under")
    template = asker.frame("first_over" if over else "first_under") if asker.statement.noun else None
    if found and (template is None or chance(rng, 0.5)):
        template = f"{found[0]} {found[1]} for the first time"
    if template is None:
        return None
    where = f"{column.sql} {'>' if over else '<'} {number_literal(limit)}"
    sql = view.select(view.name.sql, where, "ORDER BY row_no LIMIT 1")
    value, kind = view.name.values[rows[0]], view.name.answer
    return asker.ask_of(template, "first_over", sql, value, kind, v=asker.number(limit))


def _how_many_over(asker: Asker) -> Ask | None:
    """How many categories are above or below a number."""
    column = asker.of
    over = chance(asker.rng, 0.7)
    limit = asker.limit()
    found = asker.clause("over" if over else "under", plural=True)
    if found is None:
        return None
    count = sum(v > limit if over else v < limit for v in column.numbers)
    where = f"{column.sql} {'>' if over else '<'} {number_literal(limit)}"
    sql = asker.view.select("count(*)", where)
    template = f"{found[0]} {found[1]}"
    return asker.ask_of(template, "count_over", sql, count, "number", v=asker.number(limit))


def _reverse(asker: Asker) -> Ask | None:
    """The category that has a value."""
    rng, view, column = asker.rng, asker.view, asker.of
    rows, found = view.rows(column), asker.clause("exact")
    if not rows or found is None:
        return None
    row = pick(rng, rows)
    value = column.number(row)
    value = round(value, 1) if abs(value) < 100 and asker.statement.decimals else round(value)
    gaps = sorted((abs(n - value), at) for at, n in enumerate(column.values) if isinstance(n, int | float))
    if gaps[0][1] != row or (len(gaps) > 1 and gaps[1][0] == gaps[0][0]):
        return None
    sql = view.select(view.name.sql, "", f"ORDER BY abs({column.sql} - {number_literal(value)}) LIMIT 1")
    name, kind = view.name.values[row], view.name.answer
    return asker.ask_of(f"{found[0]} {found[1]}", "reverse", sql, name, kind, v=asker.number(value))


def _sum(asker: Asker) -> Ask | None:
    """Two categories together."""
    rng, view, column = asker.rng, asker.view, asker.of
    pair = _pair(asker)
    template = asker.question(pick(rng, ("how many ", "how much "))) or asker.question("how ")
    if pair is None or template is None or not asker.statement.sums:
        return None
    if not template.endswith(" <at>"):
        return None
    order = sorted(pair)
    one, two = asker.at(order[0], order[1])
    at = f"{one} and {asker.name(order[1]) if chance(rng, 0.5) else two} {{combined|together|in total}}"
    sql = view.select(f"sum({column.sql})", view.among(order))
    value = column.number(order[0]) + column.number(order[1])
    return asker.ask_of(template.replace("<at>", at), "sum", sql, value, column.answer)


def _series(asker: Asker) -> Ask | None:
    """Which series has the most or the least of one category, or how much more than another."""
    rng, view = asker.rng, asker.view
    columns = [view.cols[n] for n in view.matrix]
    rows = view.rows(*columns)
    if len(columns) < 2 or not rows or not asker.statement.series_clauses:
        return None
    row = pick(rng, rows)
    numbers = [column.number(row) for column in columns]
    if len(set(numbers)) < len(numbers):
        return None
    at, _ = asker.at(row)
    if chance(rng, 0.35):
        one, two = some(rng, columns, 2)
        if one.number(row) < two.number(row):
            one, two = two, one
        own = asker.question("how many ") or asker.question("how much ")
        if own is None or not own.endswith(" <at>"):
            return None
        more = f"{own[:8]} more{own[8:-5]}"
        template = pick(rng, (f"<at>, {more} than <s2>", f"{more} <at> than <s2>"))
        value = one.number(row) - two.number(row)
        sql = view.select(f"{one.sql} - {two.sql}", view.cond(row))
        said_both = {"s": asker.series_said(one), "s2": asker.series_said(two)}
        return asker.ask_of(template, "series_more", sql, value, one.answer, at=at, **said_both)
    most = chance(rng, 0.65)
    clause = pick(rng, asker.statement.series_clauses)
    text = clause.text.replace("<q>", QUANTITIES[clause.kind]["most" if most else "least"])
    kind = asker.statement.kind[0]
    lead = "{who|which player}" if kind in PEOPLE else f"{{which|which|what}} {kind}"
    best = columns[numbers.index(max(numbers) if most else min(numbers))]
    where = f"row_name = {text_literal(view.name.texts[row])} AND column_name <> 'category'"
    tail = f"ORDER BY value{' DESC' if most else ''} LIMIT 1"
    sql = f"SELECT column_name FROM {view.cells} WHERE {where} {tail}"
    template = pick(rng, (f"{lead} {text} <at>", f"{lead} {text} <at>", f"<at>, {lead} {text}"))
    return asker.ask_of(template, "series", sql, best.name, "name", at=at)


KINDS: dict[str, tuple[Callable[[Asker], Ask | None], float]] = {
    "value": (_value, 12),
    "place": (_place, 5),
    "extreme": (_extreme, 8),
    "peak": (_peak, 1.5),
    "difference": (_difference, 4),
    "two": (_two, 1.5),
    "first_over": (_first_over, 2.5),
    "count_over": (_how_many_over, 2),
    "reverse": (_reverse, 2),
    "sum": (_sum, 1.5),
    "series": (_series, 6),
}
"""Kinds of questions, and how often each is asked."""


def statement_families(told: Told) -> dict[str, tuple[Family, float]]:
    """The families of questions about a subject."""
    return {name: (partial(_asked, told, make), weight) for name, (make, weight) in KINDS.items()}


def _asked(told: Told, make: Callable[[Asker], Ask | None], view: View, rng: Generator) -> Ask | None:
    asker = Asker(told, view, rng)
    return None if asker.column is None else make(asker)


def statement_episode(rng: Generator) -> Episode:
    """Questions about one chart of published statistics, mostly one that has been read."""
    first = chance(rng, FIRST)
    chart, told = statement_plot(rng)
    found = (first_calls_over if first else episode_over)(chart, statement_families(told), rng)
    return found or statement_episode(rng)
