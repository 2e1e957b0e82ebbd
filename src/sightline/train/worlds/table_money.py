"""Questions about money: price lists, what is sold by the kilogram, records of what came and went."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sightline.train.worlds import table_answers as answers
from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.nouns import with_article
from sightline.train.worlds.phrasing import amount, decimal, listing
from sightline.train.worlds.table_answers import Unanswerable
from sightline.train.worlds.table_drafts import (
    Asker,
    Draft,
    facts,
    shown,
    some_row,
    two_rows,
)
from sightline.train.worlds.table_words import many
from sightline.train.worlds.tables import Table


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
    row, unit = some_row(rng, table), table.about.unit
    price = answers.value(table, (row, 1))
    kind = pick(rng, ("whole", "decimal", "part", "two"))
    if kind == "whole" or price.denominator > 1:
        n = Fraction(span(rng, 2, 9))
        return ((n, row),), f"{n} {unit}s of {table.labels[row]}"
    if kind == "two":
        pair = [(Fraction(span(rng, 2, 6)), r) for r in two_rows(rng, table)]
        return tuple(pair), listing([f"{n} {unit}s of {table.labels[r]}" for n, r in pair])
    if kind == "decimal":
        n = Fraction(span(rng, 11, 59), 10)
        return ((n, row),), f"{decimal(n)} {unit}s of {table.labels[row]}"
    parts = pick(rng, (2, 4, 5, 10))
    part = Fraction(span(rng, 1, min(4, parts - 1)), parts)
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
    a, b = sorted(two_rows(rng, table), key=lambda row: -answers.value(table, (row, 1)))
    if table.rows[a][1] == table.rows[b][1]:
        raise Unanswerable("equal prices")
    x, y = (answers.value(table, (row, 1)) for row in (a, b))
    slots: dict[str, object] = {"a": with_article(table.labels[a]), "b": with_article(table.labels[b])}
    thought = f"{facts(table, [a, b])} {decimal(x)} - {decimal(y)} = {decimal(x - y)}."
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
    rows = two_rows(rng, table)
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
    row = some_row(rng, table)
    slots: dict[str, object] = {"a": with_article(table.labels[row])}
    return Draft(
        key="lookup price", family="lookup", args=((row, 1),), slots=slots, thought=shown(table, row)
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


PRICES: tuple[Asker, ...] = (_cost, _cost, _dearer, _left, _afford, _dearest, _price)
RATES: tuple[Asker, ...] = (_cost,)
LEDGER: tuple[Asker, ...] = (_moved, _funds)
