"""Questions whose answer is computed of several cells: sums, means, differences, shares, changes."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean, median

from numpy.random import Generator

from sightline.train.symbolic.table_phrases import (
    Family,
    Slots,
    ask,
    extreme,
    list_slots,
    row_slots,
    said,
    threshold,
    where_said,
)
from sightline.train.symbolic.table_questions_rows import category, measure, order
from sightline.train.symbolic.table_view import Ask, Col, View, number_literal
from sightline.train.symbolic.table_words import chance, pick, some

Aggregate = Callable[[list[float]], float]
SIMPLE = {"sum": "sum", "mean": "avg", "median": "median", "mode": "mode"}


def addable(view: View, rng: Generator) -> Col | None:
    """A column of numbers whose sum means something."""
    columns = [c for c in view.numeric() if c.speak.can_add]
    return pick(rng, columns) if columns else None


def simple(view: View, rng: Generator) -> Ask | None:
    """The sum, mean, median, mode or range of a column."""
    family = str(pick(rng, ("sum", "sum", "mean", "mean", "median", "mode", "mode", "range", "range")))
    column = addable(view, rng) if family == "sum" else measure(view, rng)
    if column is None:
        return None
    numbers = column.numbers
    sql = view.select(f"{SIMPLE.get(family)}({column.sql})")
    if family == "range":
        sql, value = view.select(f"max({column.sql}) - min({column.sql})"), max(numbers) - min(numbers)
    elif family == "mode":
        counts = sorted((numbers.count(n), n) for n in set(numbers))
        if counts[-1][0] < 2 or (len(counts) > 1 and counts[-2][0] == counts[-1][0]):
            return None
        value = counts[-1][1]
    else:
        aggregates: dict[str, Aggregate] = {"sum": sum, "mean": mean, "median": median}
        value = aggregates[family](numbers)
    return ask(view, rng, family, sql, value, column.answer, column=column)


def named(view: View, rng: Generator) -> Ask | None:
    """The sum or mean of some named rows."""
    family = "sum_named" if chance(rng, 0.6) else "mean_named"
    column = addable(view, rng) if family == "sum_named" else measure(view, rng)
    if column is None or len(rows := view.rows(column)) < 4:
        return None
    chosen = some(rng, rows, int(pick(rng, (2, 2, 2, 3))))
    numbers = [column.number(n) for n in chosen]
    function = "sum" if family == "sum_named" else "avg"
    sql = view.select(f"{function}({column.sql})", view.among(chosen))
    value = sum(numbers) if family == "sum_named" else mean(numbers)
    return ask(view, rng, family, sql, value, column.answer, list_slots(view, chosen, rng), column=column)


def ends(view: View, rng: Generator) -> Ask | None:
    """Sums and gaps of the largest and smallest numbers."""
    column = measure(view, rng)
    if column is None:
        return None
    numbers = sorted(column.numbers)
    family = str(
        pick(rng, ("sum_top", "sum_top", "sum_low", "sum_ends", "mean_ends", "gap_top", "ratio_ends"))
    )
    slots = {"two": ("two", "2")}
    name = column.sql
    if family in ("sum_top", "sum_low", "gap_top"):
        most = family != "sum_low"
        second = f"({view.select(name, '', order(column, most=most, skip=1))})"
        first = f"({view.select(('max' if most else 'min') + f'({name})')})"
        sql = f"SELECT {first} {'-' if family == 'gap_top' else '+'} {second}"
        pair = numbers[-2:] if most else numbers[:2]
        value = pair[1] - pair[0] if family == "gap_top" else sum(pair)
        if family == "gap_top" and value == 0:
            return None
    elif family == "sum_ends":
        sql, value = view.select(f"max({name}) + min({name})"), numbers[0] + numbers[-1]
    elif family == "mean_ends":
        sql, value = view.select(f"max({name}) / 2 + min({name}) / 2"), (numbers[0] + numbers[-1]) / 2
    else:
        if numbers[0] <= 0:
            return None
        sql, value = view.select(f"max({name}) / min({name})"), numbers[-1] / numbers[0]
    kind = "number" if family == "ratio_ends" else column.answer
    return ask(view, rng, family, sql, value, kind, slots, column=column)


def without(view: View, rng: Generator) -> Ask | None:
    """The sum or mean of all rows but one."""
    family = "sum_except" if chance(rng, 0.5) else "mean_except"
    column = addable(view, rng) if family == "sum_except" else measure(view, rng)
    if column is None or not (rows := view.rows(column)) or any(v is None for v in view.name.values):
        return None
    left = pick(rng, rows)
    numbers = [
        column.number(n) for n, v in enumerate(column.values) if n != left and isinstance(v, int | float)
    ]
    function = "sum" if family == "sum_except" else "avg"
    sql = view.select(f"{function}({column.sql})", view.cond(left).replace(" = ", " <> ", 1))
    value = sum(numbers) if family == "sum_except" else mean(numbers)
    return ask(view, rng, family, sql, value, column.answer, row_slots(view, left, rng), column=column)


def of_group(view: View, rng: Generator) -> Ask | None:
    """The sum or mean within a category."""
    family = "sum_where" if chance(rng, 0.6) else "mean_where"
    column, group = (addable(view, rng) if family == "sum_where" else measure(view, rng)), category(view, rng)
    if column is None or group is None:
        return None
    row = int(rng.integers(view.size))
    if group.values[row] is None:
        return None
    numbers = [
        column.number(n)
        for n in group.rows_of(group.values[row])
        if isinstance(column.values[n], int | float)
    ]
    if len(numbers) < 2:
        return None
    function = "sum" if family == "sum_where" else "avg"
    sql = view.select(f"{function}({column.sql})", f"{group.sql} = {group.literal(row)}")
    slots = {"where": where_said(view, group, group.values[row], group.texts[row], rng)}
    value = sum(numbers) if family == "sum_where" else mean(numbers)
    return ask(view, rng, family, sql, value, column.answer, slots, column=column)


def best_group(view: View, rng: Generator) -> Ask | None:
    """The category with the largest sum or mean."""
    column, group = measure(view, rng), category(view, rng)
    if column is None or group is None or len(column.numbers) < view.size:
        return None
    family = "group_sum_max" if column.speak.can_add and chance(rng, 0.6) else "group_mean_max"
    if any(v is None for v in group.values):
        return None
    function = sum if family == "group_sum_max" else mean
    sums = sorted((function([column.number(n) for n in group.rows_of(v)]), str(v)) for v in group.counts())
    if len(sums) < 2 or sums[-1][0] - sums[-2][0] < 1e-9:
        return None
    sql_function = "sum" if family == "group_sum_max" else "avg"
    tail = f"GROUP BY {group.sql} ORDER BY {sql_function}({column.sql}) DESC LIMIT 1"
    slots = {"other": group.speak.noun}
    return ask(
        view, rng, family, view.select(group.sql, "", tail), sums[-1][1], group.answer, slots, column=column
    )


def difference(view: View, rng: Generator) -> Ask | None:
    """How far two cells of a column are apart."""
    column = measure(view, rng)
    if column is None or len(rows := view.rows(column)) < 3:
        return None
    one, two = some(rng, rows, 2)
    a, b = column.number(one), column.number(two)
    if a == b:
        return None
    family = str(pick(rng, ("difference", "how_much_more", "how_much_more", "how_much_less")))
    if (family == "how_much_more") != (a > b) and family != "difference":
        one, two, a, b = two, one, b, a
    slots = {
        **row_slots(view, one, rng),
        **row_slots(view, two, rng, "2"),
        **list_slots(view, [one, two], rng),
    }
    left, right = view.cell(column, one), view.cell(column, two)
    if family == "difference":
        sql, value = f"SELECT abs({left} - {right})", abs(a - b)
    elif family == "how_much_more":
        sql, value = f"SELECT {left} - {right}", a - b
    else:
        sql, value = f"SELECT {right} - {left}", b - a
    return ask(view, rng, family, sql, value, column.answer, slots, column=column)


def ratio(view: View, rng: Generator) -> Ask | None:
    """One cell divided by another."""
    column = measure(view, rng)
    if column is None or len(rows := [n for n in view.rows(column) if column.number(n) > 0]) < 3:
        return None
    one, two = some(rng, rows, 2)
    slots = {**row_slots(view, one, rng), **row_slots(view, two, rng, "2")}
    sql = f"SELECT {view.cell(column, one)} / {view.cell(column, two)}"
    value = column.number(one) / column.number(two)
    return ask(view, rng, "ratio", sql, value, "number", slots, column=column)


def share(view: View, rng: Generator) -> Ask | None:
    """A cell as a percentage of the whole column."""
    column = addable(view, rng)
    if column is None or not (rows := view.rows(column)) or sum(column.numbers) <= 0:
        return None
    row = pick(rng, rows)
    total = f"({view.select(f'sum({column.sql})')})"
    sql = view.select(f"{column.sql} * 100 / {total}", view.cond(row))
    value = column.number(row) * 100 / sum(column.numbers)
    return ask(view, rng, "share", sql, value, "number", row_slots(view, row, rng), column=column)


def change(view: View, rng: Generator) -> Ask | None:
    """What became of a number between two years."""
    column = measure(view, rng)
    if column is None or not view.ordered or len(rows := view.rows(column)) < 3:
        return None
    one, two = sorted(
        some(rng, rows, 2), key=lambda n: view.name.number(n) if view.name.kind == "number" else n
    )
    a, b = column.number(one), column.number(two)
    slots: Slots = {**row_slots(view, one, rng), **row_slots(view, two, rng, "2")}
    left, right = view.cell(column, one), view.cell(column, two)
    if a > 0 and chance(rng, 0.3):
        if b > a:
            slots |= {"grow": ("increase", "rise", "grow", "go up"), "growth": ("growth", "increase", "rise")}
        else:
            slots |= {"grow": ("fall", "decrease", "drop"), "growth": ("change", "fall", "decrease")}
        sql, value = f"SELECT {right} * 100 / {left} - 100", b * 100 / a - 100
        return ask(view, rng, "percent_change", sql, value, "number", slots, column=column)
    if a > b:
        return ask(view, rng, "fall", f"SELECT {left} - {right}", a - b, column.answer, slots, column=column)
    return ask(view, rng, "change", f"SELECT {right} - {left}", b - a, column.answer, slots, column=column)


def span(view: View, rng: Generator) -> Ask | None:
    """The sum, mean or largest from one year to another."""
    family = str(pick(rng, ("sum_span", "mean_span", "max_span")))
    column = addable(view, rng) if family == "sum_span" else measure(view, rng)
    name = view.name
    if column is None or name.kind != "number" or not view.ordered or len(rows := view.rows(column)) < 4:
        return None
    one, two = sorted(some(rng, rows, 2), key=name.number)
    low, high = name.number(one), name.number(two)
    inside = [
        column.number(n)
        for n in range(view.size)
        if isinstance(name.values[n], int | float)
        and low <= name.number(n) <= high
        and isinstance(column.values[n], int | float)
    ]
    if len(inside) < 3:
        return None
    function = {"sum_span": "sum", "mean_span": "avg", "max_span": "max"}[family]
    where = f"{name.sql} BETWEEN {number_literal(low)} AND {number_literal(high)}"
    aggregates: dict[str, Aggregate] = {"sum_span": sum, "mean_span": mean, "max_span": max}
    value = aggregates[family](inside)
    slots = {**row_slots(view, one, rng), **row_slots(view, two, rng, "2")}
    return ask(
        view,
        rng,
        family,
        view.select(f"{function}({column.sql})", where),
        value,
        column.answer,
        slots,
        column=column,
    )


def after_year(view: View, rng: Generator) -> Ask | None:
    """The year with the largest number after another."""
    column, name = measure(view, rng), view.name
    if column is None or name.kind != "number" or not view.ordered or len(rows := view.rows(column)) < 4:
        return None
    row = pick(rng, rows)
    later = [n for n in rows if name.number(n) > name.number(row)]
    if len(later) < 2 or len({column.number(n) for n in later}) < len(later) or len(rows) < view.size:
        return None
    best = max(later, key=column.number)
    where = f"{name.sql} > {name.literal(row)}"
    sql = view.select(name.sql, where, order(column, most=True))
    return ask(
        view, rng, "year_after", sql, name.values[best], "number", row_slots(view, row, rng), column=column
    )


def crossing(view: View, rng: Generator) -> Ask | None:
    """The first or last year with more than a number."""
    column, name = measure(view, rng), view.name
    if column is None or name.kind != "number" or not view.ordered or len(column.numbers) < view.size:
        return None
    if len(view.rows(column)) < view.size:
        return None
    value = threshold(column, rng)
    years = [name.number(n) for n in range(view.size) if column.number(n) > value]
    if not years:
        return None
    first = chance(rng, 0.5)
    sql = view.select(f"{'min' if first else 'max'}({name.sql})", f"{column.sql} > {number_literal(value)}")
    found = min(years) if first else max(years)
    slots = {"v": said(value, rng)}
    return ask(
        view, rng, "first_above" if first else "last_above", sql, found, "number", slots, column=column
    )


def is_top(view: View, rng: Generator) -> Ask | None:
    """Whether a row is the largest."""
    column = measure(view, rng)
    if (
        column is None
        or len(rows := view.rows(column)) < 3
        or (best := extreme(column, 0, most=True)) is None
    ):
        return None
    row = best if best in rows and chance(rng, 0.5) else pick(rng, rows)
    sql = view.select(f"{column.sql} = ({view.select(f'max({column.sql})')})", view.cond(row))
    return ask(view, rng, "is_top", sql, row == best, "yes/no", row_slots(view, row, rng), column=column)


SUMS: dict[str, tuple[Family, float]] = {
    "simple": (simple, 5),
    "named": (named, 3),
    "ends": (ends, 1.6),
    "without": (without, 0.9),
    "of_group": (of_group, 1.3),
    "best_group": (best_group, 0.6),
    "difference": (difference, 4),
    "ratio": (ratio, 1.2),
    "share": (share, 1),
    "change": (change, 2),
    "span": (span, 1.2),
    "after_year": (after_year, 0.6),
    "crossing": (crossing, 0.9),
    "is_top": (is_top, 0.4),
}
"""Families and how often each is asked."""
