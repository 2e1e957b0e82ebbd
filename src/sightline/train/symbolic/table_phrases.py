"""Slots for wordings: how a column, a row and a number are put into a question."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from numpy.random import Generator

from sightline.train.symbolic.noise import lower_first
from sightline.train.symbolic.table_view import Ask, Col, Value, View
from sightline.train.symbolic.table_words import (
    chance,
    fill,
    fitting,
    joined,
    number_said,
    pick,
    sections_of,
)

Family = Callable[[View, Generator], Ask | None]
Slots = dict[str, str | Sequence[str]]

QUESTIONS = (
    "tables_questions.txt",
    "tables_questions_more.txt",
    "tables_questions_wide.txt",
    "charts_questions.txt",
)
PREAMBLES = (
    "According to the {thing}, {q}",
    "In the {thing}, {q}",
    "Look at the {thing}: {q}",
    "Based on the {thing}, {q}",
    "Using the {thing}, tell me {q}",
    "From the {thing}, {q}",
    "As shown in the {thing}, {q}",
)
SPECIAL = 3
"""How much oftener a template is taken that uses words of its own column (`scored`, `taller`)."""

_OWN = (
    "<does>",
    "<did>",
    "<sbase>",
    "<spast>",
    "<tbase>",
    "<adj>",
    "<comp>",
    "<sup>",
    "<lcomp>",
    "<lsup>",
    "<cost>",
    "<costs>",
    "<buy>",
)


def templates(family: str) -> tuple[str, ...]:
    """The wordings of a family."""
    return next(found[family] for name in QUESTIONS if family in (found := sections_of(name)))


def slots_of(view: View, column: Col | None = None) -> Slots:
    """The slots that every question about a column may use; those without words are left out."""
    own: Slots = {
        "entity": view.entity[0],
        "entities": view.entity[1],
        "mark": view.marks[0],
        "marks": view.marks[1],
        "measure": view.measure,
        "thing": ("table", "table", "list")
        if view.rel == '"table"'
        else ("chart", "chart", "graph", "diagram"),
        "who": "who" if view.entity[0] in PEOPLE else "",
        "notwho": "" if view.entity[0] in PEOPLE else view.entity[0],
        "when": "when" if view.entity[0] in ("year", "month", "quarter", "decade") else "",
        "atw": view.at[0] if view.at and view.at[0] in ("in", "on", "at", "during") else "",
        "series1": view.series[0],
        "series2": view.series[1],
    }
    if column is None:
        return own
    if sum(c.role == "num" for c in view.cols) == 1:
        own["numbers"] = ("numbers", "numbers", "values")
    speak = column.speak
    own["noun"] = speak.noun
    own["unit"] = speak.unit
    if speak.many:
        own["many"] = speak.many
        if speak.verb and not speak.subject:
            own["does"], own["did"] = speak.verb
        if speak.verb and speak.subject:
            own["subj"], own["sbase"], own["spast"] = speak.subject, *speak.verb
        if speak.there:
            own["tbase"], own["tpast"] = speak.there
    else:
        own["amount"] = speak.noun
    if len(speak.adj) == 5:
        own.update(zip(("adj", "comp", "sup", "lcomp", "lsup"), speak.adj, strict=True))
    if speak.money:
        own["money"] = "money"
        if any("price" in noun or "cost" in noun for noun in speak.noun):
            own.update({word: word for word in PRICED})
    return own


PRICED = ("price", "cost", "costs", "buy", "pay", "expensive", "cheaper")
"""Words that only go with prices."""

PEOPLE = frozenset(
    "person player student friend employee athlete swimmer runner candidate worker teacher child "
    "member driver artist director actor author singer writer mayor president coach volunteer "
    "classmate farmer scientist".split()
)
"""Entities that are asked for with `who`."""


def row_slots(view: View, row: int, rng: Generator, tag: str = "") -> Slots:
    """How a row is named: `<n>`, and with its preposition `<at>`; a tag makes `<n2>`, `<at2>`."""
    name = view.told[row]
    own: Slots = {f"n{tag}": name, f"at{tag}": view.at_row(row, rng)}
    if view.entity[0] in PEOPLE:
        own[f"pos{tag}"] = name + ("'" if name.endswith("s") else "'s")
    return own


def list_slots(view: View, rows: Sequence[int], rng: Generator, word: str = "and") -> Slots:
    """Several rows: `<names>`, and with a preposition `<atnames>`."""
    names = joined([view.told[n] for n in rows], word)
    return {
        "names": names,
        "atnames": f"{pick(rng, view.at or ('for', 'of'))} {names}",
        "anames": joined([view.told[n] for n in rows], "or"),
    }


def where_said(view: View, column: Col, value: Value, text: str, rng: Generator) -> str:
    """A phrase for the rows that have a value in a column: `from Spain`."""
    if column.speak.where:
        return pick(rng, column.speak.where).replace("<v>", text)
    return (
        pick(rng, ("with <c> <v>", "whose <c> is <v>", "with <v> as <c>"))
        .replace("<c>", column.speak.noun[0])
        .replace("<v>", text)
    )


def ask(
    view: View,
    rng: Generator,
    family: str,
    sql: str,
    expect: Value | list[Value],
    kind: str,
    *slots: Mapping[str, str | Sequence[str]],
    column: Col | None = None,
    wording: str = "",
    final: str = "value",
) -> Ask | None:
    """A question of a family in one of its wordings; None where no wording fits the state."""
    own = slots_of(view, column)
    for more in slots:
        own.update(more)
    own.setdefault("grow", "change")
    own.setdefault("growth", "change")
    own = {key: value for key, value in own.items() if value}
    fit = fitting(templates(wording or family), own)
    if not fit:
        return None
    weighed = [one for one in fit for _ in range(SPECIAL if any(word in one for word in _OWN) else 1)]
    question = fill(pick(rng, weighed), rng, own)
    if view.intro and chance(rng, 0.35 if len(view.intro) > 1 else 0.8):
        question = f"{pick(rng, view.intro)} {question}"
    elif chance(rng, 0.05):
        thing = "table" if view.rel != "chart" else pick(rng, ("chart", "graph", "figure"))
        question = pick(rng, PREAMBLES).format(thing=thing, q=lower_first(question))
    return Ask(family=family, kind=kind, question=question, sql=sql, expect=expect, final=final)


def threshold(column: Col, rng: Generator) -> float:
    """A round number between the smallest and the largest of a column."""
    numbers = sorted(set(column.numbers))
    if numbers[0] > 0 and len(numbers) > 2 and chance(rng, 0.55):
        near = float(f"{float(rng.uniform(numbers[0], numbers[-1])):.2g}")
        if numbers[0] < near < numbers[-1]:
            return near
    at = int(rng.integers(len(numbers) - 1)) if len(numbers) > 1 else 0
    low, high = numbers[at], numbers[min(at + 1, len(numbers) - 1)]
    middle = (low + high) / 2
    if column.whole() and high - low < 4:
        return float(pick(rng, (low, high)))
    for digits in range(-9, 4):
        near = round(middle, digits)
        if low < near < high:
            return near
    return low


def said(value: float, rng: Generator) -> str:
    """A number as it is said."""
    return number_said(value, rng)


def extreme(column: Col, place: int, *, most: bool) -> int | None:
    """The row with the largest (second largest, ...) value; None where there are two such."""
    rows = [n for n, v in enumerate(column.values) if isinstance(v, int | float)]
    rows.sort(key=column.number, reverse=most)
    if place >= len(rows):
        return None
    value = column.number(rows[place])
    return rows[place] if sum(column.number(n) == value for n in rows) == 1 else None
