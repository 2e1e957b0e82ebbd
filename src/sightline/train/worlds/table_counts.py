"""Questions about counts: columns of numbers, parts of a whole, frequency tables, stem-and-leaf plots."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sightline.train.worlds import table_answers as answers
from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.phrasing import decimal, listing
from sightline.train.worlds.table_answers import Bounds, Unanswerable
from sightline.train.worlds.table_drafts import (
    Asker,
    Draft,
    across,
    cell_words,
    facts,
    shown,
    some_column,
    some_row,
    two_rows,
    which,
)
from sightline.train.worlds.table_words import single
from sightline.train.worlds.tables import Table


def _counting(table: Table, **slots: object) -> dict[str, object]:
    about = table.about
    return {
        "things": about.things,
        "did": about.done,
        "row": "person" if about.row == "name" else about.row,
    } | slots


def _lookup(rng: np.random.Generator, table: Table) -> Draft:
    row, at = some_row(rng, table), some_column(rng, table)
    slots = _counting(table, a=cell_words(table, row, at))
    return Draft(key="lookup", family="lookup", args=((row, at),), slots=slots, thought=shown(table, row, at))


def _difference(rng: np.random.Generator, table: Table) -> Draft:
    """Between two rows of a column or, where there are several columns, at times two columns of a row."""
    at = some_column(rng, table)
    if len(table.rows[0]) > 2 and chance(rng, 0.4):
        row = some_row(rng, table)
        first, second = ((row, c) for c in shuffled(rng, range(1, len(table.rows[0])))[:2])
    else:
        first, second = ((row, at) for row in two_rows(rng, table))
    first, second = sorted((first, second), key=lambda cell: -answers.value(table, cell))
    x, y = answers.value(table, first), answers.value(table, second)
    if x == y:
        raise Unanswerable("equal")
    slots = _counting(table, a=cell_words(table, *first), b=cell_words(table, *second))
    thought = (
        f"{shown(table, *first)} {shown(table, *second)} {decimal(x)} - {decimal(y)} = {decimal(x - y)}."
    )
    return Draft(key="difference", family="difference", args=(first, second), slots=slots, thought=thought)


def _total(rng: np.random.Generator, table: Table) -> Draft:
    at = some_column(rng, table)
    rows = shuffled(rng, range(len(table.rows)))[: pick(rng, (2, 2, 3))]
    names = listing([table.about.at.format(table.labels[row]) for row in rows])
    numbers = [answers.value(table, (row, at)) for row in rows]
    sums = f"{' + '.join(map(decimal, numbers))} = {decimal(sum(numbers, Fraction(0)))}."
    return Draft(
        key="total",
        family="total",
        args=([(row, at) for row in rows],),
        slots=_counting(table, both=names + across(table, at)),
        thought=f"{facts(table, rows, at)} {sums}",
    )


def _extremum(rng: np.random.Generator, table: Table) -> Draft:
    at, most = some_column(rng, table), chance(rng, 0.5)
    slots = _counting(
        table,
        which=which(table),
        on=across(table, at),
        most="most" if most else "fewest",
        highest=pick(rng, ("highest", "largest")) if most else pick(rng, ("lowest", "smallest")),
    )
    end = (max if most else min)(answers.column(table, at))
    thought = f"The {slots['highest']} number{slots['on']} is {decimal(end)}."
    return Draft(
        key="extremum", family="extremum", args=(at, most), slots=slots, thought=thought, options=table.labels
    )


def _compare(rng: np.random.Generator, table: Table) -> Draft:
    rows, most = two_rows(rng, table), chance(rng, 0.6)
    names = [table.labels[row] for row in rows]
    slots = _counting(
        table,
        which=which(table),
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
        thought=facts(table, list(rows)),
        options=tuple(names),
    )


def _statistic(family: str) -> Asker:
    def ask(rng: np.random.Generator, table: Table) -> Draft:
        numbers = answers.column(table, 1)
        if family == "mean" and Fraction(sum(numbers) * 100, len(numbers)).denominator != 1:
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
    top, low = decimal(max(numbers)), decimal(min(numbers))
    return f"Largest {top}, smallest {low}. {top} - {low}."


_STEPS = {"mean": _mean_steps, "median": _median_steps, "mode": _mode_steps, "range": _range_steps}


def _rate(rng: np.random.Generator, table: Table) -> Draft:
    first = int(rng.random() * (len(table.rows) - 1))
    x, y = answers.value(table, (first, 1)), answers.value(table, (first + 1, 1))
    return Draft(
        key="rate",
        family="rate",
        args=(first, first + 1),
        slots=_counting(table, a=table.labels[first], b=table.labels[first + 1]),
        thought=(
            f"{facts(table, [first, first + 1])} {decimal(y)} - {decimal(x)} = {decimal(y - x)} in one "
            f"{table.about.row}."
        ),
    )


def _fraction(rng: np.random.Generator, table: Table) -> Draft:
    row, numbers = some_row(rng, table), answers.column(table, 1)
    total = decimal(sum(numbers, Fraction(0)))
    thought = (
        f"{shown(table, row)} {' + '.join(map(decimal, numbers))} = {total}. {decimal(numbers[row])}/{total}."
    )
    slots: dict[str, object] = {"things": table.about.things, "a": table.labels[row]}
    return Draft(key="fraction", family="fraction", args=(row,), slots=slots, thought=thought)


def _crossing(rng: np.random.Generator, table: Table) -> tuple[tuple[int, int], dict[str, object], str]:
    row, at = some_row(rng, table), some_column(rng, table)
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
        row = some_row(rng, table)
        cells, name = [(row, at) for at in range(1, len(table.header))], table.labels[row]
    else:
        at = some_column(rng, table)
        cells, name = [(row, at) for row in range(len(table.rows))], table.header[at]
    numbers = [answers.value(table, cell) for cell in cells]
    thought = f"{' + '.join(map(decimal, numbers))} = {decimal(sum(numbers, Fraction(0)))}."
    slots: dict[str, object] = {"things": table.about.things, "a": name}
    return Draft(key="total two_way", family="total", args=(cells,), slots=slots, thought=thought)


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
        "things": single(table.about.things) if bound.endswith(" 1") else table.about.things,
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


_STATISTICS = tuple(_statistic(family) for family in _STEPS)
COUNTS: tuple[Asker, ...] = (_lookup, _difference, _total, _extremum, _compare, *_STATISTICS)
YEARS: tuple[Asker, ...] = (_rate, _rate, _lookup, _difference, _extremum, _total)
PAIRS: tuple[Asker, ...] = (_lookup, _difference, _total, _extremum)
TWO_WAY: tuple[Asker, ...] = (_probability, _probability, _crossed, _row_total)
VOTES: tuple[Asker, ...] = (_fraction,)
FREQUENCY: tuple[Asker, ...] = (_between, _between, _entries)
STEM: tuple[Asker, ...] = (_between, _between, _entries, _edge)
