"""The families' answers: functions of a table's printed cells alone.

A cell is (row, column), both from 0, the header not counted; column 0 names the rows. A basket is
(quantity, row) pairs. What a table cannot answer raises `Unanswerable`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sightline.train.worlds.phrasing import amount, decimal, ratio, rounded
from sightline.train.worlds.tables import Table

Cell = tuple[int, int]
Basket = Sequence[tuple[Fraction, int]]


class Unanswerable(Exception):
    """The table does not hold what is asked. It never leaves this package: askers choose again."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """From `low` to `high`, both included; None is open."""

    low: int | None = None
    high: int | None = None

    def hold(self, value: int) -> bool:
        """Whether the value lies within."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?|-?\.\d+")
_TIME = re.compile(r"\b(\d{1,2})(?::(\d\d)|\.(\d\d)(?=\s*[ap]\.?m))(?:\s*([ap])\.?m\.?)?", re.IGNORECASE)


def number(text: str) -> Fraction:
    """The number printed in a cell; signs of money, units and separators of thousands are passed over."""
    found = _NUMBER.search(text.replace("\u2212", "-").replace("-$", "$-"))
    if not found:
        raise Unanswerable(f"no number in {text!r}")
    return Fraction(found[0].replace(",", ""))


def minutes(text: str) -> int:
    """Minutes after midnight of a printed time."""
    found = _TIME.search(text)
    if not found:
        raise Unanswerable(f"no time in {text!r}")
    hour, minute, half = int(found[1]), int(found[2] or found[3]), (found[4] or "").lower()
    return (hour % 12 + 12 * (half == "p") if half else hour) * 60 + minute


def value(table: Table, cell: Cell) -> Fraction:
    """The number in a cell."""
    try:
        return number(table.rows[cell[0]][cell[1]])
    except IndexError:
        raise Unanswerable(f"no cell {cell}") from None


def column(table: Table, at: int) -> list[Fraction]:
    """A column's numbers, from the top."""
    return [value(table, (row, at)) for row in range(len(table.rows))]


def is_money(table: Table, at: int = 1) -> bool:
    """Whether a column is printed with a sign of money."""
    return any(sign in row[at] for row in table.rows if len(row) > at for sign in "$£€")


def said(table: Table, number: Fraction, at: int = 1) -> str:
    """The number as the column's numbers are said."""
    return amount(number) if is_money(table, at) else decimal(number)


def weights(table: Table) -> list[tuple[int, int]]:
    """(value, how often it occurs) of a frequency table or of a stem-and-leaf plot."""
    if is_stem(table):
        leaves = [(row[0], leaf) for row in table.rows for leaf in re.findall(r"\d", row[1])]
        return sorted(Counter(int(stem) * 10 + int(leaf) for stem, leaf in leaves).items())
    pairs = [(value(table, (i, 0)), value(table, (i, 1))) for i in range(len(table.rows))]
    return [(int(v), int(n)) for v, n in pairs]


def is_stem(table: Table) -> bool:
    """Whether the table is a stem-and-leaf plot."""
    return bool(table.header) and table.header[0].strip().lower() == "stem"


# The families.


def lookup(table: Table, cell: Cell) -> str:
    """What stands in a cell: a number, or the text."""
    text = table.rows[cell[0]][cell[1]]
    return said(table, number(text), cell[1]) if _NUMBER.search(text) and not _TIME.search(text) else text


def total(table: Table, cells: Sequence[Cell]) -> str:
    """The sum of cells."""
    return said(table, sum((value(table, c) for c in cells), Fraction(0)), cells[0][1])


def difference(table: Table, first: Cell, second: Cell) -> str:
    """How much more the first cell holds than the second."""
    return said(table, value(table, first) - value(table, second), first[1])


def basket_cost(table: Table, basket: Basket) -> Fraction:
    """What a basket costs."""
    return sum((n * value(table, (row, 1)) for n, row in basket), Fraction(0))


def cost(table: Table, basket: Basket) -> str:
    """What a basket costs, to the cent."""
    return amount(rounded(basket_cost(table, basket), 2))


def left(table: Table, budget: Fraction, basket: Basket) -> str:
    """What is left of a budget once the basket is paid."""
    return amount(budget - basket_cost(table, basket))


def afford(table: Table, budget: Fraction, basket: Basket) -> str:
    """Whether a budget pays for the basket: `yes` or `no`."""
    return "yes" if budget >= basket_cost(table, basket) else "no"


def extremum(table: Table, at: int, most: bool, rows: Sequence[int] = ()) -> str:
    """The row whose number in a column is the largest, or the smallest; among some rows, or all."""
    numbers = {row: value(table, (row, at)) for row in rows or range(len(table.rows))}
    best = (max if most else min)(numbers.values())
    winners = [row for row, n in numbers.items() if n == best]
    if len(winners) != 1:
        raise Unanswerable("a tie")
    return table.labels[winners[0]]


def mean(table: Table, at: int) -> str:
    """The mean of a column."""
    numbers = column(table, at)
    return said(table, sum(numbers, Fraction(0)) / len(numbers), at)


def median(table: Table, at: int) -> str:
    """The middle number of a column, or the mean of the two middle ones."""
    numbers = sorted(column(table, at))
    half = len(numbers) // 2
    return said(table, (numbers[half] + numbers[-half - 1]) / 2, at)


def mode(table: Table, at: int) -> str:
    """The number that occurs most often; it must be one alone."""
    (first, most), *others = Counter(column(table, at)).most_common(2)
    if others and others[0][1] == most:
        raise Unanswerable("a tie")
    return said(table, first, at)


def spread(table: Table, at: int) -> str:
    """The range: the largest number less the smallest."""
    numbers = column(table, at)
    return said(table, max(numbers) - min(numbers), at)


def rate(table: Table, first: int, second: int, at: int = 1) -> str:
    """Change in a column from one row to another, per year, or per row where the rows are no numbers."""
    change = value(table, (second, at)) - value(table, (first, at))
    try:
        steps = number(table.labels[second]) - number(table.labels[first])
    except Unanswerable:
        steps = Fraction(second - first)
    return said(table, change / steps, at)


def fraction(table: Table, row: int, at: int = 1) -> str:
    """A row's part of its column's total, in lowest terms."""
    return ratio(value(table, (row, at)) / sum(column(table, at)))


def probability(table: Table, cell: Cell) -> str:
    """A cell's part of all cells, in lowest terms."""
    columns = (column(table, at) for at in range(1, len(table.rows[0])))
    return ratio(value(table, cell) / sum((sum(c, Fraction(0)) for c in columns), Fraction(0)))


def between(table: Table, bounds: Bounds) -> str:
    """How many entries of a frequency table or of a stem-and-leaf plot lie within the bounds."""
    return str(sum(n for v, n in weights(table) if bounds.hold(v)))


def edge(table: Table, most: bool) -> str:
    """The largest, or smallest, entry of a frequency table or of a stem-and-leaf plot."""
    return str((max if most else min)(v for v, n in weights(table) if n))


def points(table: Table) -> list[tuple[Fraction, Fraction]]:
    """(x, y) of each row."""
    return [(value(table, (i, 0)), value(table, (i, 1))) for i in range(len(table.rows))]


def linear(table: Table) -> str:
    """Whether y changes at one rate over x: `linear` or `nonlinear`."""
    slopes = {(d - b) / (c - a) if c != a else None for (a, b), (c, d) in pairwise(sorted(points(table)))}
    return "linear" if len(slopes) == 1 and None not in slopes else "nonlinear"


def is_function(table: Table) -> str:
    """Whether no x has two different y: `yes` or `no`."""
    seen: dict[Fraction, Fraction] = {}
    return "yes" if all(seen.setdefault(x, y) == y for x, y in points(table)) else "no"


def market(table: Table, price: Fraction) -> str:
    """`shortage` where more is demanded than supplied at a price, else `surplus`."""
    row = _row_where(table, lambda cells: number(cells[0]) == price)
    demand, supply = value(table, (row, 1)), value(table, (row, 2))
    if demand == supply:
        raise Unanswerable("neither")
    return "shortage" if demand > supply else "surplus"


def multiples(table: Table, count: Fraction) -> str:
    """How many things are in `count` holders, where each holds as many."""
    each = value(table, (0, 1)) / value(table, (0, 0))
    return decimal(each * count)


def named(table: Table, columns: Sequence[int], time: str) -> str:
    """The row that has a time in one of the columns."""
    at = minutes(time)
    fits = [row[0] for row in table.rows if any(row[c] and minutes(row[c]) == at for c in columns)]
    if len(fits) != 1:
        raise Unanswerable("not one row")
    return fits[0]


def following(table: Table, row: int, time: str) -> str:
    """The first time of a row that comes later, as printed."""
    later = [cell for cell in table.rows[row][1:] if minutes(cell) > minutes(time)]
    if not later:
        raise Unanswerable("no later run")
    return min(later, key=minutes)


def arrival(table: Table, row: int, time: str, to: int) -> str:
    """When the run that leaves `row` at or after a time, at the earliest, reaches `to`."""
    runs = [i for i, cell in enumerate(table.rows[row][1:], 1) if minutes(cell) >= minutes(time)]
    if not runs:
        raise Unanswerable("no later run")
    return table.rows[to][min(runs, key=lambda i: minutes(table.rows[row][i]))]


def duration(count: int) -> str:
    """`45 minutes`, `1 hour`, `2 hours and 5 minutes`."""
    parts = [(count // 60, "hour"), (count % 60, "minute")]
    return " and ".join(f"{n} {unit}{'s' * (n != 1)}" for n, unit in parts if n) or "0 minutes"


def wait(table: Table, row: int, time: str) -> str:
    """How long until the first later time of a row."""
    return duration(minutes(following(table, row, time)) - minutes(time))


def farthest(table: Table, most: bool, at: int = 1) -> str:
    """The row whose number lies farthest from zero, or nearest to it."""
    sizes = [abs(n) for n in column(table, at)]
    best = (max if most else min)(sizes)
    if sizes.count(best) != 1:
        raise Unanswerable("a tie")
    return table.labels[sizes.index(best)]


def _row_where(table: Table, fits: Callable[[tuple[str, ...]], bool]) -> int:
    for i, cells in enumerate(table.rows):
        if fits(cells):
            return i
    raise Unanswerable("no such row")


ANSWERS: dict[str, Callable[..., str]] = {
    "lookup": lookup,
    "total": total,
    "difference": difference,
    "cost": cost,
    "left": left,
    "afford": afford,
    "extremum": extremum,
    "mean": mean,
    "median": median,
    "mode": mode,
    "range": spread,
    "rate": rate,
    "fraction": fraction,
    "probability": probability,
    "between": between,
    "edge": edge,
    "linear": linear,
    "is_function": is_function,
    "market": market,
    "multiples": multiples,
    "named": named,
    "following": following,
    "wait": wait,
    "arrival": arrival,
    "farthest": farthest,
}
"""Family -> its answer, a function of the table and of what a question names."""
