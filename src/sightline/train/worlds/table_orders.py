"""Questions about times and series: schedules, functions, markets, multiples, signed numbers."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

from sightline.train.worlds import table_answers as answers
from sightline.train.worlds.dice import chance, pick, span
from sightline.train.worlds.phrasing import decimal
from sightline.train.worlds.table_answers import Unanswerable
from sightline.train.worlds.table_drafts import (
    Asker,
    Draft,
    some_column,
    some_row,
    two_rows,
)
from sightline.train.worlds.table_words import many
from sightline.train.worlds.tables import Table


def _begins(rng: np.random.Generator, table: Table) -> Draft:
    row, at = some_row(rng, table), pick(rng, (1, 2))
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
    row, at = some_row(rng, table), pick(rng, (1, 2))
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
    row, at = some_row(rng, table), pick(rng, (1, 2))
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
    row, at = some_row(rng, table), pick(rng, (1, 2))
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
    row, at = some_row(rng, table), span(rng, 1, len(table.rows[0]) - 2)
    time = table.rows[row][at]
    family = pick(rng, ("following", "following", "wait"))
    slots: dict[str, object] = {"a": f"the {table.labels[row]}", "time": time, "ride": table.about.things}
    thought = (
        f"{table.labels[row]}: {', '.join(table.rows[row][1:])}. After {time} comes "
        f"{table.rows[row][at + 1]}."
    )
    options = table.rows[row][1:] if family == "following" else ()
    return Draft(key=family, family=family, args=(row, time), slots=slots, thought=thought, options=options)


def _ride(rng: np.random.Generator, table: Table) -> Draft:
    (row, to), at = sorted(two_rows(rng, table)), some_column(rng, table)
    time = table.rows[row][at]
    slots: dict[str, object] = {
        "a": f"the {table.labels[row]}",
        "b": f"the {table.labels[to]}",
        "time": time,
        "ride": table.about.things,
    }
    thought = (
        f"Leaving {table.labels[row]} at {time} is run {at}. {table.labels[to]}, run {at}: "
        f"{table.rows[to][at]}."
    )
    return Draft(
        key="arrival",
        family="arrival",
        args=(row, time, to),
        slots=slots,
        thought=thought,
        options=table.rows[to][1:],
    )


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


EVENTS: tuple[Asker, ...] = (_begins, _now)
STOPS: tuple[Asker, ...] = (_stop, _stop_at)
TIMETABLE: tuple[Asker, ...] = (_next, _ride)
FUNCTION: tuple[Asker, ...] = (_linear, _is_function)
MARKET: tuple[Asker, ...] = (_market,)
MULTIPLES: tuple[Asker, ...] = (_multiples,)
CHANGES: tuple[Asker, ...] = (_farthest,)
