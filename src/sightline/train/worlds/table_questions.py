"""Questions about tables, in many wordings, with exact answers and the steps to them.

A draft is what is asked: a family and the cells, rows or numbers that it takes (`table_patterns.Reading`),
the words for them, and the thought. Its answer is the family's (`table_answers`), from the cells alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from sightline.train.worlds import table_answers as answers
from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.lexicon import FIRST_NAMES, MONTHS
from sightline.train.worlds.nouns import with_article
from sightline.train.worlds.phrasing import amount, decimal, listing
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.table_answers import Bounds, Unanswerable
from sightline.train.worlds.table_draw import draw_table
from sightline.train.worlds.table_patterns import Reading
from sightline.train.worlds.table_wordings import BOOK
from sightline.train.worlds.table_words import AT, DAYS, many, single
from sightline.train.worlds.tables import Table, holds_held_out, make_table

__all__ = ["ASKERS", "Draft", "ask_table", "holds_held_out", "is_held_out", "table_sample"]

_OPTIONS = 4


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is asked. `key` names its lines; `options` are all the answers that could be meant."""

    key: str
    family: str
    args: tuple[object, ...] = ()
    slots: dict[str, object]
    thought: str = ""
    options: tuple[str, ...] = ()


Asker = Callable[[np.random.Generator, Table], Draft]


def table_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """A table and up to five questions about it. The image has the table's own size, up to 448 px a side."""
    table = make_table(rng, split)
    return Sample(images=(draw_table(table),), asked=ask_table(rng, table, 5, split), state=table)


def is_held_out(family: str, text: str) -> bool:
    """Whether a text is worded as one of the family's held-out lines."""
    return any(BOOK.is_held_out(key, text) for key in _KEYS.get(family, (family,)))


def ask_table(
    rng: np.random.Generator, table: Table, count: int, split: Split = "train"
) -> tuple[Asked, ...]:
    """Up to `count` different questions; few tables have fewer to ask."""
    found: dict[str, Asked] = {}
    for asker in shuffled(rng, ASKERS[table.kind] * count):
        try:
            draft = asker(rng, table)
            meant = repr((draft.key, draft.args))
            if meant not in found:
                found[meant] = _asked(rng, table, draft, split)
        except Unanswerable:
            continue
        if len(found) == count:
            break
    return tuple(found.values())


def _asked(rng: np.random.Generator, table: Table, draft: Draft, split: Split) -> Asked:
    answer = Reading(family=draft.family, args=draft.args).answer(table)
    slots = {"name": pick(rng, FIRST_NAMES), **draft.slots}
    question, wording = BOOK.word(rng, draft.key, split, slots)
    return Asked(
        question=question,
        answer=answer,
        family=draft.family,
        thought=f"{_stopped(draft.thought)} So {_stopped(answer)}",
        wording=wording,
        choices=_choices(rng, answer, draft.options),
    )


def _stopped(text: str) -> str:
    """The text with one full stop at its end, which `A.M.` has already."""
    return text.rstrip(".") + "."


def _choices(rng: np.random.Generator, answer: str, options: tuple[str, ...]) -> tuple[str, ...]:
    """Half of the questions with options are multiple choice: the answer and up to three others."""
    if not options or chance(rng, 0.5):
        return ()
    others = [o for o in shuffled(rng, list(dict.fromkeys(options))) if o != answer]
    return tuple(shuffled(rng, [answer, *others[: _OPTIONS - 1]]))


# Words for rows and cells.


def _row(rng: np.random.Generator, table: Table) -> int:
    return int(rng.random() * len(table.rows))


def _two_rows(rng: np.random.Generator, table: Table) -> tuple[int, int]:
    first, second = shuffled(rng, range(len(table.rows)))[:2]
    return first, second


def _column(rng: np.random.Generator, table: Table) -> int:
    return 1 + int(rng.random() * (len(table.rows[0]) - 1))


def _across(table: Table, at: int) -> str:
    """How a column of a table with several stands in a sentence: ` on Monday`; else nothing."""
    if table.kind != "pairs":
        return ""
    name = table.header[at]
    return " " + AT["day" if name in DAYS else "month" if name in MONTHS else "year"].format(name)


def _cell(table: Table, row: int, at: int) -> str:
    """`by Tom`, or `by Tom on Monday`."""
    return table.about.at.format(table.labels[row]) + _across(table, at)


def _shown(table: Table, row: int, at: int = 1) -> str:
    return f"{table.labels[row]}{_across(table, at)}: {table.rows[row][at]}."


def _facts(table: Table, rows: list[int], at: int = 1) -> str:
    return " ".join(_shown(table, row, at) for row in rows)


def _which(table: Table) -> str:
    """`on which day`, `by whom`."""
    return table.about.at.format("whom" if table.about.row == "name" else f"which {table.about.row}")


# Prices.


def _money(table: Table, value: Fraction) -> str:
    return table.about.coin + amount(value)


def _basket(rng: np.random.Generator, table: Table) -> tuple[tuple[tuple[Fraction, int], ...], str]:
    """Two or three articles, or several of one, and how that is said."""
    size = pick(rng, (1, 2, 2, 2, 3))
    rows = shuffled(rng, range(len(table.rows)))[:size]
    numbers = [span(rng, 2, 8) if size == 1 or chance(rng, 0.35) else 1 for _ in rows]
    names = [
        f"{n} {many(table.labels[row])}" if n > 1 else with_article(table.labels[row])
        for n, row in zip(numbers, rows, strict=True)
    ]
    return tuple((Fraction(n), row) for n, row in zip(numbers, rows, strict=True)), listing(names)


def _weighed(rng: np.random.Generator, table: Table) -> tuple[tuple[tuple[Fraction, int], ...], str]:
    """Whole, decimal or broken amounts of what is sold by a unit."""
    row, unit = _row(rng, table), table.about.unit
    price = answers.value(table, (row, 1))
    kind = pick(rng, ("whole", "decimal", "part", "two"))
    if kind == "whole" or price.denominator > 1:
        n = Fraction(span(rng, 2, 9))
        return ((n, row),), f"{n} {unit}s of {table.labels[row]}"
    if kind == "two":
        pair = [(Fraction(span(rng, 2, 6)), r) for r in _two_rows(rng, table)]
        return tuple(pair), listing([f"{n} {unit}s of {table.labels[r]}" for n, r in pair])
    if kind == "decimal":
        n = Fraction(span(rng, 11, 59), 10)
        return ((n, row),), f"{decimal(n)} {unit}s of {table.labels[row]}"
    part = Fraction(span(rng, 1, 4), pick(rng, (2, 4, 5, 10)))
    if part >= 1:
        part = Fraction(1, part.denominator)
    return ((part, row),), f"{part} of {with_article(unit)} of {table.labels[row]}"


def _bill(table: Table, basket: tuple[tuple[Fraction, int], ...]) -> str:
    """The steps to what a basket costs."""
    parts = []
    for n, row in basket:
        price = answers.value(table, (row, 1))
        each = f"{table.labels[row]}: {table.rows[row][1]}"
        parts.append(each if n == 1 else f"{each}, {decimal(n)} x {decimal(price)} = {decimal(n * price)}")
    sums = " + ".join(decimal(n * answers.value(table, (row, 1))) for n, row in basket)
    total = f" {sums} = {decimal(answers.basket_cost(table, basket))}." if len(basket) > 1 else ""
    return "; ".join(parts) + "." + total


def _cost(rng: np.random.Generator, table: Table) -> Draft:
    basket, words = _weighed(rng, table) if table.about.unit else _basket(rng, table)
    return Draft(
        key="cost", family="cost", args=(basket,), slots={"basket": words}, thought=_bill(table, basket)
    )


def _dearer(rng: np.random.Generator, table: Table) -> Draft:
    a, b = sorted(_two_rows(rng, table), key=lambda row: -answers.value(table, (row, 1)))
    if table.rows[a][1] == table.rows[b][1]:
        raise Unanswerable("equal prices")
    x, y = (answers.value(table, (row, 1)) for row in (a, b))
    slots: dict[str, object] = {"a": with_article(table.labels[a]), "b": with_article(table.labels[b])}
    thought = f"{_facts(table, [a, b])} {decimal(x)} - {decimal(y)} = {decimal(x - y)}."
    return Draft(
        key="difference price", family="difference", args=((a, 1), (b, 1)), slots=slots, thought=thought
    )


def _budget(rng: np.random.Generator, total: Fraction, enough: bool) -> Fraction:
    """A sum near the total: enough, or not."""
    step = Fraction(1) if total.denominator == 1 else Fraction(1, 100)
    off = Fraction(max(int(float(total / step) * rng.uniform(0.01, 0.3)), 1)) * step
    budget = total + (off * (chance(rng, 0.95)) if enough else -off)
    if budget <= 0:
        raise Unanswerable("too cheap")
    return budget


def _left(rng: np.random.Generator, table: Table) -> Draft:
    basket, words = _basket(rng, table)
    total = answers.basket_cost(table, basket)
    budget = _budget(rng, total, True)
    slots: dict[str, object] = {"basket": words, "money": _money(table, budget)}
    thought = f"{_bill(table, basket)} {decimal(budget)} - {decimal(total)} = {decimal(budget - total)}."
    return Draft(key="left", family="left", args=(budget, basket), slots=slots, thought=thought)


def _afford(rng: np.random.Generator, table: Table) -> Draft:
    rows = _two_rows(rng, table)
    basket = tuple((Fraction(1), row) for row in rows)
    budget = _budget(rng, answers.basket_cost(table, basket), chance(rng, 0.5))
    words = listing([with_article(table.labels[row]) for row in rows])
    slots: dict[str, object] = {"basket": words, "money": _money(table, budget)}
    thought = f"{_bill(table, basket)} There is {decimal(budget)}."
    return Draft(
        key="afford",
        family="afford",
        args=(budget, basket),
        slots=slots,
        thought=thought,
        options=("yes", "no"),
    )


def _dearest(rng: np.random.Generator, table: Table) -> Draft:
    most = chance(rng, 0.5)
    slots: dict[str, object] = {
        "row": table.about.row,
        "dearest": pick(rng, ("most expensive", "dearest"))
        if most
        else pick(rng, ("cheapest", "least expensive")),
        "highest": "highest" if most else "lowest",
        "most": "most" if most else "least",
    }
    end = (max if most else min)(answers.column(table, 1))
    thought = f"The {slots['highest']} price is {decimal(end)}."
    return Draft(
        key="extremum price",
        family="extremum",
        args=(1, most),
        slots=slots,
        thought=thought,
        options=table.labels,
    )


def _price(rng: np.random.Generator, table: Table) -> Draft:
    row = _row(rng, table)
    slots: dict[str, object] = {"a": with_article(table.labels[row])}
    return Draft(
        key="lookup price", family="lookup", args=((row, 1),), slots=slots, thought=_shown(table, row)
    )


# Counts: one column of numbers, or one for each day.


def _counting(table: Table, **slots: object) -> dict[str, object]:
    about = table.about
    return {
        "things": about.things,
        "did": about.done,
        "row": "person" if about.row == "name" else about.row,
    } | slots


def _lookup(rng: np.random.Generator, table: Table) -> Draft:
    row, at = _row(rng, table), _column(rng, table)
    slots = _counting(table, a=_cell(table, row, at))
    return Draft(
        key="lookup", family="lookup", args=((row, at),), slots=slots, thought=_shown(table, row, at)
    )


def _difference(rng: np.random.Generator, table: Table) -> Draft:
    """Between two rows of a column or, where there are several columns, at times two columns of a row."""
    at = _column(rng, table)
    if len(table.rows[0]) > 2 and chance(rng, 0.4):
        row = _row(rng, table)
        first, second = ((row, c) for c in shuffled(rng, range(1, len(table.rows[0])))[:2])
    else:
        first, second = ((row, at) for row in _two_rows(rng, table))
    first, second = sorted((first, second), key=lambda cell: -answers.value(table, cell))
    x, y = answers.value(table, first), answers.value(table, second)
    if x == y:
        raise Unanswerable("equal")
    slots = _counting(table, a=_cell(table, *first), b=_cell(table, *second))
    thought = (
        f"{_shown(table, *first)} {_shown(table, *second)} {decimal(x)} - {decimal(y)} = {decimal(x - y)}."
    )
    return Draft(key="difference", family="difference", args=(first, second), slots=slots, thought=thought)


def _total(rng: np.random.Generator, table: Table) -> Draft:
    at = _column(rng, table)
    rows = shuffled(rng, range(len(table.rows)))[: pick(rng, (2, 2, 3))]
    names = listing([table.about.at.format(table.labels[row]) for row in rows])
    numbers = [answers.value(table, (row, at)) for row in rows]
    sums = f"{' + '.join(map(decimal, numbers))} = {decimal(sum(numbers, Fraction(0)))}."
    return Draft(
        key="total",
        family="total",
        args=([(row, at) for row in rows],),
        slots=_counting(table, both=names + _across(table, at)),
        thought=f"{_facts(table, rows, at)} {sums}",
    )


def _extremum(rng: np.random.Generator, table: Table) -> Draft:
    at, most = _column(rng, table), chance(rng, 0.5)
    slots = _counting(
        table,
        which=_which(table),
        on=_across(table, at),
        most="most" if most else "fewest",
        highest=pick(rng, ("highest", "largest")) if most else pick(rng, ("lowest", "smallest")),
    )
    end = (max if most else min)(answers.column(table, at))
    thought = f"The {slots['highest']} number{slots['on']} is {decimal(end)}."
    return Draft(
        key="extremum", family="extremum", args=(at, most), slots=slots, thought=thought, options=table.labels
    )


def _compare(rng: np.random.Generator, table: Table) -> Draft:
    rows, most = _two_rows(rng, table), chance(rng, 0.6)
    names = [table.labels[row] for row in rows]
    slots = _counting(
        table,
        which=_which(table),
        more="more" if most else "fewer",
        a=table.about.at.format(names[0]),
        b=table.about.at.format(names[1]),
        alone=names[0],
        other=names[1],
    )
    return Draft(
        key="compare",
        family="extremum",
        args=(1, most, rows),
        slots=slots,
        thought=_facts(table, list(rows)),
        options=tuple(names),
    )


def _statistic(family: str) -> Asker:
    def ask(rng: np.random.Generator, table: Table) -> Draft:
        numbers = answers.column(table, 1)
        if family == "mean" and (sum(numbers) / len(numbers) * 100).denominator != 1:
            raise Unanswerable("no short decimal")
        slots, thought = _counting(table), _STEPS[family](numbers)
        return Draft(key=family, family=family, args=(1,), slots=slots, thought=thought)

    return ask


def _mean_steps(numbers: list[Fraction]) -> str:
    total = sum(numbers, Fraction(0))
    return f"{' + '.join(map(decimal, numbers))} = {decimal(total)}. {decimal(total)} / {len(numbers)}."


def _median_steps(numbers: list[Fraction]) -> str:
    ordered, half = sorted(numbers), len(numbers) // 2
    a, b = ordered[-half - 1], ordered[half]
    middle = f"The middle is {decimal(a)}." if len(numbers) % 2 else f"({decimal(a)} + {decimal(b)}) / 2."
    return f"In order: {', '.join(map(decimal, ordered))}. {middle}"


def _mode_steps(numbers: list[Fraction]) -> str:
    counts = {n: numbers.count(n) for n in sorted(numbers)}
    return f"Counts: {', '.join(f'{decimal(n)} x{times}' for n, times in counts.items())}."


def _range_steps(numbers: list[Fraction]) -> str:
    return f"Largest {decimal(max(numbers))}, smallest {decimal(min(numbers))}. {decimal(max(numbers))} - {decimal(min(numbers))}."


_STEPS = {"mean": _mean_steps, "median": _median_steps, "mode": _mode_steps, "range": _range_steps}


def _rate(rng: np.random.Generator, table: Table) -> Draft:
    first = int(rng.random() * (len(table.rows) - 1))
    x, y = answers.value(table, (first, 1)), answers.value(table, (first + 1, 1))
    return Draft(
        key="rate",
        family="rate",
        args=(first, first + 1),
        slots=_counting(table, a=table.labels[first], b=table.labels[first + 1]),
        thought=f"{_facts(table, [first, first + 1])} {decimal(y)} - {decimal(x)} = {decimal(y - x)} in one {table.about.row}.",
    )


# Parts of a whole.


def _fraction(rng: np.random.Generator, table: Table) -> Draft:
    row, numbers = _row(rng, table), answers.column(table, 1)
    total = decimal(sum(numbers, Fraction(0)))
    thought = f"{_shown(table, row)} {' + '.join(map(decimal, numbers))} = {total}. {decimal(numbers[row])}/{total}."
    slots: dict[str, object] = {"things": table.about.things, "a": table.labels[row]}
    return Draft(key="fraction", family="fraction", args=(row,), slots=slots, thought=thought)


def _crossing(rng: np.random.Generator, table: Table) -> tuple[tuple[int, int], dict[str, object], str]:
    row, at = _row(rng, table), _column(rng, table)
    a, b = shuffled(rng, (table.labels[row], table.header[at]))
    things = table.about.things
    thought = f"{table.labels[row]} and {table.header[at]}: {table.rows[row][at]}."
    return (row, at), {"things": things, "thing": single(things), "a": a, "b": b}, thought


def _probability(rng: np.random.Generator, table: Table) -> Draft:
    cell, slots, thought = _crossing(rng, table)
    total = sum((sum(answers.column(table, at)) for at in range(1, len(table.header))), Fraction(0))
    thought = f"{thought} There are {total} in all. {decimal(answers.value(table, cell))}/{total}."
    return Draft(key="probability", family="probability", args=(cell,), slots=slots, thought=thought)


def _crossed(rng: np.random.Generator, table: Table) -> Draft:
    cell, slots, thought = _crossing(rng, table)
    return Draft(key="lookup two_way", family="lookup", args=(cell,), slots=slots, thought=thought)


def _row_total(rng: np.random.Generator, table: Table) -> Draft:
    if chance(rng, 0.5):
        row = _row(rng, table)
        cells, name = [(row, at) for at in range(1, len(table.header))], table.labels[row]
    else:
        at = _column(rng, table)
        cells, name = [(row, at) for row in range(len(table.rows))], table.header[at]
    numbers = [answers.value(table, cell) for cell in cells]
    thought = f"{' + '.join(map(decimal, numbers))} = {decimal(sum(numbers, Fraction(0)))}."
    slots: dict[str, object] = {"things": table.about.things, "a": name}
    return Draft(key="total two_way", family="total", args=(cells,), slots=slots, thought=thought)


# Entries: stem-and-leaf plots and frequency tables.


def _have(table: Table) -> str:
    return table.about.done or "have"


def _between(rng: np.random.Generator, table: Table) -> Draft:
    values = [v for v, _ in answers.weights(table)]
    low = pick(rng, values)
    forms: dict[str, Bounds] = {
        f"exactly {low}": Bounds(low=low, high=low),
        f"at least {low}": Bounds(low=low),
        f"more than {low}": Bounds(low=low + 1),
        f"fewer than {low}": Bounds(high=low - 1),
    }
    if answers.is_stem(table):
        top = low + span(rng, 2, 40)
        forms[f"at least {low} but fewer than {top}"] = Bounds(low=low, high=top - 1)
    bound = pick(rng, list(forms))
    fits = [f"{v} ({n})" for v, n in answers.weights(table) if n and forms[bound].hold(v)]
    slots: dict[str, object] = {
        "who": table.about.row,
        "have": _have(table),
        "bound": bound,
        "things": table.about.things,
    }
    thought = f"These fit: {', '.join(fits)}." if fits else "None fits."
    return Draft(key="between", family="between", args=(forms[bound],), slots=slots, thought=thought)


def _entries(rng: np.random.Generator, table: Table) -> Draft:
    numbers = [str(n) for _, n in answers.weights(table)]
    if answers.is_stem(table):
        numbers = [str(len(row[1].split())) for row in table.rows]
    thought = f"{' + '.join(numbers)}."
    return Draft(
        key="between all", family="between", args=(Bounds(),), slots={"who": table.about.row}, thought=thought
    )


def _edge(rng: np.random.Generator, table: Table) -> Draft:
    most = chance(rng, 0.5)
    holder = single(table.about.row)
    slots: dict[str, object] = {
        "things": table.about.things,
        "largest": pick(rng, ("largest", "greatest", "highest"))
        if most
        else pick(rng, ("smallest", "lowest")),
        "most": "most" if most else "fewest",
        "who_one": holder,
        "one": f"any of the {table.about.row}",
        "have": _have(table),
    }
    row = table.rows[-1 if most else 0]
    thought = f"Stem {row[0]}, leaf {row[1].split()[-1 if most else 0]}."
    return Draft(key="edge", family="edge", args=(most,), slots=slots, thought=thought)


# Schedules.


def _begins(rng: np.random.Generator, table: Table) -> Draft:
    row, at = _row(rng, table), pick(rng, (1, 2))
    begin = pick(rng, ("begin", "start")) if at == 1 else "end"
    times = tuple(cell for cells in table.rows for cell in cells[1:])
    slots: dict[str, object] = {"a": table.labels[row], "begin": begin}
    return Draft(
        key="lookup begin",
        family="lookup",
        args=((row, at),),
        slots=slots,
        thought=f"{table.labels[row]}, {table.header[at].lower()}: {table.rows[row][at]}.",
        options=times,
    )


def _now(rng: np.random.Generator, table: Table) -> Draft:
    row, at = _row(rng, table), pick(rng, (1, 2))
    begin = pick(rng, ("begin", "start")) if at == 1 else "end"
    time = table.rows[row][at]
    slots: dict[str, object] = {"row": table.about.row, "begin": begin, "time": time}
    return Draft(
        key="named",
        family="named",
        args=((at,), time),
        slots=slots,
        thought=f"{time} is {table.labels[row]}'s.",
        options=table.labels,
    )


def _stop(rng: np.random.Generator, table: Table) -> Draft:
    row, at = _row(rng, table), pick(rng, (1, 2))
    arrive = pick(rng, ("arrive at", "reach", "get to")) if at == 1 else pick(rng, ("depart from", "leave"))
    slots: dict[str, object] = {"a": f"the {table.labels[row]}", "arrive": arrive, "ride": table.about.things}
    return Draft(
        key="lookup stop",
        family="lookup",
        args=((row, at),),
        slots=slots,
        thought=f"{table.labels[row]}, {table.header[at].lower()}: {table.rows[row][at]}.",
        options=tuple(cell for cells in table.rows for cell in cells[1:]),
    )


def _stop_at(rng: np.random.Generator, table: Table) -> Draft:
    row, at = _row(rng, table), pick(rng, (1, 2))
    arrive = "reach" if at == 1 else pick(rng, ("depart from", "leave"))
    time = table.rows[row][at]
    slots: dict[str, object] = {"arrive": arrive, "time": time, "ride": table.about.things}
    return Draft(
        key="named stop",
        family="named",
        args=((at,), time),
        slots=slots,
        thought=f"{time}, {table.header[at].lower()}: {table.labels[row]}.",
        options=table.labels,
    )


def _next(rng: np.random.Generator, table: Table) -> Draft:
    row, at = _row(rng, table), span(rng, 1, len(table.rows[0]) - 2)
    time = table.rows[row][at]
    family = pick(rng, ("following", "following", "wait"))
    slots: dict[str, object] = {"a": f"the {table.labels[row]}", "time": time, "ride": table.about.things}
    thought = f"{table.labels[row]}: {', '.join(table.rows[row][1:])}. After {time} comes {table.rows[row][at + 1]}."
    options = table.rows[row][1:] if family == "following" else ()
    return Draft(key=family, family=family, args=(row, time), slots=slots, thought=thought, options=options)


def _ride(rng: np.random.Generator, table: Table) -> Draft:
    (row, to), at = sorted(_two_rows(rng, table)), _column(rng, table)
    time = table.rows[row][at]
    slots: dict[str, object] = {
        "a": f"the {table.labels[row]}",
        "b": f"the {table.labels[to]}",
        "time": time,
        "ride": table.about.things,
    }
    thought = f"Leaving {table.labels[row]} at {time} is run {at}. {table.labels[to]}, run {at}: {table.rows[to][at]}."
    return Draft(
        key="arrival",
        family="arrival",
        args=(row, time, to),
        slots=slots,
        thought=thought,
        options=table.rows[to][1:],
    )


# Functions, markets, series.


def _linear(rng: np.random.Generator, table: Table) -> Draft:
    if answers.is_function(table) == "no":
        raise Unanswerable("no function")
    steps = ((b[0] - a[0], b[1] - a[1]) for a, b in pairwise(sorted(answers.points(table))))
    told = ", ".join(f"{decimal(dy)} over {decimal(dx)}" for dx, dy in steps)
    return Draft(
        key="linear",
        family="linear",
        slots={},
        thought=f"y changes by {told}.",
        options=("linear", "nonlinear"),
    )


def _is_function(rng: np.random.Generator, table: Table) -> Draft:
    if answers.is_function(table) == "yes" and chance(rng, 0.5):
        raise Unanswerable("two in three tables are functions: half of these are passed over")
    told = ", ".join(decimal(x) for x, _ in sorted(answers.points(table)))
    return Draft(
        key="is_function", family="is_function", slots={}, thought=f"The x are {told}.", options=("yes", "no")
    )


def _market(rng: np.random.Generator, table: Table) -> Draft:
    wanted = pick(rng, ("shortage", "surplus"))
    prices = [row[0] for row in table.rows if answers.market(table, answers.number(row[0])) == wanted]
    if not prices:
        raise Unanswerable("none of these")
    price = pick(rng, prices)
    row = next(row for row in table.rows if row[0] == price)
    return Draft(
        key="market",
        family="market",
        args=(answers.number(price),),
        slots={"price": price},
        thought=f"At {price}, {row[1]} are demanded and {row[2]} supplied.",
        options=("shortage", "surplus"),
    )


def _multiples(rng: np.random.Generator, table: Table) -> Draft:
    each, n = table.rows[0][1], len(table.rows) + int(rng.random() * 3)
    row = table.about.row
    slots: dict[str, object] = {
        "things": table.about.things,
        "row": row,
        "rows": many(row),
        "each": each,
        "n": n,
    }
    return Draft(
        key="multiples",
        family="multiples",
        args=(Fraction(n),),
        slots=slots,
        thought=f"Each {row} has {each}. {n} x {each} = {n * int(each)}.",
    )


def _farthest(rng: np.random.Generator, table: Table) -> Draft:
    most = chance(rng, 0.6)
    sizes = ", ".join(f"{row[0]} {abs(int(row[1]))}" for row in table.rows)
    slots: dict[str, object] = {
        "row": table.about.row,
        "things": table.about.things,
        "further": ("furthest" if most else "nearest").replace("nearest", "least far"),
        "larger": "largest" if most else "smallest",
    }
    return Draft(
        key="farthest",
        family="farthest",
        args=(most,),
        slots=slots,
        thought=f"Without signs: {sizes}.",
        options=table.labels,
    )


def _moved(rng: np.random.Generator, table: Table) -> Draft:
    row = span(rng, 1, len(table.rows) - 1)
    at = 2 if table.rows[row][2] else 3
    name = pick(rng, (f"on {table.rows[row][0]}", f"for {table.rows[row][1]}"))
    slots: dict[str, object] = {"a": name, "moved": "received" if at == 2 else "spent"}
    thought = f"{table.rows[row][0]}, {table.rows[row][1]}: {table.rows[row][at]}."
    return Draft(key="lookup ledger", family="lookup", args=((row, at),), slots=slots, thought=thought)


def _funds(rng: np.random.Generator, table: Table) -> Draft:
    row = span(rng, 1, len(table.rows) - 1)
    thought = f"{table.rows[row][0]}, {table.rows[row][1]}: {table.rows[row][4]} are left."
    return Draft(
        key="lookup funds",
        family="lookup",
        args=((row, 4),),
        slots={"a": f"the {table.rows[row][1]}"},
        thought=thought,
    )


_STATISTICS = tuple(_statistic(family) for family in ("mean", "median", "mode", "range"))
ASKERS: dict[str, tuple[Asker, ...]] = {
    "prices": (_cost, _cost, _dearer, _left, _afford, _dearest, _price),
    "rates": (_cost,),
    "counts": (_lookup, _difference, _total, _extremum, _compare, *_STATISTICS),
    "years": (_rate, _rate, _lookup, _difference, _extremum, _total),
    "pairs": (_lookup, _difference, _total, _extremum),
    "two_way": (_probability, _probability, _crossed, _row_total),
    "frequency": (_between, _between, _entries),
    "stem": (_between, _between, _entries, _edge),
    "events": (_begins, _now),
    "stops": (_stop, _stop_at),
    "timetable": (_next, _ride),
    "function": (_linear, _is_function),
    "market": (_market,),
    "multiples": (_multiples,),
    "votes": (_fraction,),
    "ledger": (_moved, _funds),
    "changes": (_farthest,),
}
"""Kind of table -> what is asked about it; one that stands there twice is asked twice as often."""
_KEYS = {"extremum": ("extremum", "compare")}
"""Families whose wordings stand under another name too."""
