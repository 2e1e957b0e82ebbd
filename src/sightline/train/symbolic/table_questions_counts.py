"""Questions that count rows, and questions about days and years."""

from __future__ import annotations

from datetime import date
from statistics import mean

from numpy.random import Generator

from sightline.train.symbolic.table_phrases import Family, Slots, ask, row_slots, said, threshold, where_said
from sightline.train.symbolic.table_questions_rows import category, measure, order
from sightline.train.symbolic.table_view import Ask, Col, Value, View, number_literal, text_literal
from sightline.train.symbolic.table_words import chance, pick, plural_of, some

COUNT = "count(*)"
MONTHS = (
    "January February March April May June July August September October November December".split()
)  # fmt: skip


def counted(view: View, rng: Generator) -> Ask | None:
    """How many rows have a number above, below, at least, at most or exactly so much."""
    column = measure(view, rng)
    if column is None:
        return None
    family = str(
        pick(
            rng,
            (
                "count_above",
                "count_above",
                "count_below",
                "count_below",
                "count_least",
                "count_most",
                "count_exactly",
            ),
        )
    )
    if family == "count_exactly" and view.rel == "chart":
        family = "count_above"
    sign = {"above": ">", "below": "<", "least": ">=", "most": "<=", "exactly": "="}[family.split("_")[1]]
    free = sign in "<>" or view.rel == "chart" or chance(rng, 0.4)
    value = threshold(column, rng) if free else pick(rng, column.numbers)
    if sign == "=":
        value = pick(rng, column.numbers)
    tests = {">": value.__lt__, "<": value.__gt__, ">=": value.__le__, "<=": value.__ge__, "=": value.__eq__}
    found = sum(bool(tests[sign](n)) for n in column.numbers)
    sql = view.select(COUNT, f"{column.sql} {sign} {number_literal(value)}")
    return ask(view, rng, family, sql, found, "number", {"v": said(value, rng)}, column=column)


def between(view: View, rng: Generator) -> Ask | None:
    """How many rows have a number between two others."""
    column = measure(view, rng)
    if column is None or len(set(column.numbers)) < 3:
        return None
    low, high = sorted((threshold(column, rng), threshold(column, rng)))
    if low == high:
        return None
    slots = {"v": said(low, rng), "v2": said(high, rng)}
    name, a, b = column.sql, number_literal(low), number_literal(high)
    if chance(rng, 0.3):
        found = sum(low <= n < high for n in column.numbers)
        sql = view.select(COUNT, f"{name} >= {a} AND {name} < {b}")
        return ask(view, rng, "count_half_open", sql, found, "number", slots, column=column)
    found = sum(low <= n <= high for n in column.numbers)
    sql = view.select(COUNT, f"{name} BETWEEN {a} AND {b}")
    return ask(view, rng, "count_between", sql, found, "number", slots, column=column)


def all_rows(view: View, rng: Generator) -> Ask | None:
    """How many rows, or how many different values."""
    group = category(view, rng)
    if group is not None and chance(rng, 0.5):
        sql = view.select(f"count(DISTINCT {group.sql})")
        slots = {"others": plural_of(group.speak.noun[0])}
        return ask(view, rng, "count_distinct", sql, len(group.counts()), "number", slots)
    return ask(view, rng, "count_rows", view.select(COUNT), view.size, "number")


def against(view: View, rng: Generator) -> Ask | None:
    """How many rows are above or below a named one, or above the mean (which they are)."""
    column = measure(view, rng)
    if column is None or not (rows := view.rows(column)):
        return None
    name = column.sql
    if chance(rng, 0.45):
        middle = mean(column.numbers)
        if any(abs(n - middle) < 1e-9 for n in column.numbers):
            return None
        where = f"{name} > ({view.select(f'avg({name})')})"
        found = [n for n, v in enumerate(column.values) if isinstance(v, int | float) and v > middle]
        if len(found) <= 5 and chance(rng, 0.5) and all(view.name.values[n] is not None for n in found):
            names = [view.name.values[n] for n in found]
            kind = "list" if len(names) > 1 else view.name.answer
            return ask(
                view, rng, "names_above_mean", view.select(view.name.sql, where), names, kind, column=column
            )
        return ask(
            view, rng, "count_above_mean", view.select(COUNT, where), len(found), "number", column=column
        )
    row, above = pick(rng, rows), chance(rng, 0.6)
    value = column.number(row)
    found_count = sum((n > value) if above else (n < value) for n in column.numbers)
    sql = view.select(COUNT, f"{name} {'>' if above else '<'} {view.cell(column, row)}")
    family = "count_above_row" if above else "count_below_row"
    return ask(view, rng, family, sql, found_count, "number", row_slots(view, row, rng), column=column)


def of_category(view: View, rng: Generator) -> Ask | None:
    """How many rows are of a category, of two, not of one, or also above a number; what share of all."""
    group = category(view, rng, 1)
    if group is None or group is view.name:
        return None
    row = int(rng.integers(view.size))
    value = group.values[row]
    if value is None:
        return None
    rows = group.rows_of(value)
    where = f"{group.sql} = {group.literal(row)}"
    slots: Slots = {"where": where_said(view, group, value, group.texts[row], rng)}
    family = str(
        pick(
            rng,
            ("count_where", "count_where", "count_not", "count_or", "count_and", "share_where", "count_diff"),
        )
    )
    filled = [n for n in range(view.size) if group.values[n] is not None]
    others = [n for n in filled if n not in rows]
    if family == "count_where":
        return ask(view, rng, family, view.select(COUNT, where), len(rows), "number", slots)
    if family == "count_not":
        sql = view.select(COUNT, where.replace(" = ", " <> ", 1))
        return ask(view, rng, family, sql, len(others), "number", slots)
    if family == "share_where":
        sql = f"SELECT ({view.select(COUNT, where)}) * 100 / ({view.select(COUNT)})"
        return ask(view, rng, family, sql, len(rows) * 100 / view.size, "number", slots)
    if family == "count_and":
        column = measure(view, rng)
        if column is None:
            return None
        least = threshold(column, rng)
        found = sum(isinstance(v, int | float) and v > least for v in (column.values[n] for n in rows))
        slots["v"] = said(least, rng)
        sql = view.select(COUNT, f"{where} AND {column.sql} > {number_literal(least)}")
        return ask(view, rng, family, sql, found, "number", slots, column=column)
    if not others:
        return None
    second = pick(rng, others)
    more = group.rows_of(group.values[second])
    slots["where2"] = where_said(view, group, group.values[second], group.texts[second], rng)
    if family == "count_or":
        sql = view.select(COUNT, f"{group.sql} IN ({group.literal(row)}, {group.literal(second)})")
        return ask(view, rng, family, sql, len(rows) + len(more), "number", slots)
    if len(rows) <= len(more):
        return None
    where2 = f"{group.sql} = {group.literal(second)}"
    sql = f"SELECT ({view.select(COUNT, where)}) - ({view.select(COUNT, where2)})"
    return ask(view, rng, family, sql, len(rows) - len(more), "number", slots)


def common(view: View, rng: Generator) -> Ask | None:
    """The commonest or rarest value, those that repeat, and which of two is there more often."""
    group = category(view, rng)
    if group is None or group is view.name or any(v is None for v in group.values):
        return None
    counts = sorted(((n, str(v)) for v, n in group.counts().items()))
    shown = {str(v).casefold(): v for v in group.values}
    family = str(
        pick(rng, ("commonest", "commonest", "rarest", "repeated", "once_only", "more_often", "more_often"))
    )
    slots: Slots = {"other": group.speak.noun, "others": plural_of(group.speak.noun[0])}
    grouped = f"GROUP BY {group.sql}"
    if family == "commonest":
        if len(counts) < 2 or counts[-1][0] == counts[-2][0]:
            return None
        return ask(
            view, rng, family, view.select(f"mode({group.sql})"), shown[counts[-1][1]], group.answer, slots
        )
    if family == "rarest":
        if len(counts) < 2 or counts[0][0] == counts[1][0]:
            return None
        sql = view.select(group.sql, "", f"{grouped} ORDER BY count(*) LIMIT 1")
        return ask(view, rng, family, sql, shown[counts[0][1]], group.answer, slots)
    if family in ("repeated", "once_only"):
        found: list[Value] = [shown[v] for n, v in counts if (n > 1) == (family == "repeated")]
        if not 1 <= len(found) <= 6:
            return None
        having = "HAVING count(*) > 1" if family == "repeated" else "HAVING count(*) = 1"
        return ask(
            view,
            rng,
            family,
            view.select(group.sql, "", f"{grouped} {having}"),
            found,
            "list" if len(found) > 1 else group.answer,
            slots,
        )
    if len(counts) < 2:
        return None
    pair = some(rng, counts, 2)
    if pair[0][0] == pair[1][0]:
        return None
    texts = [
        next(t for t, v in zip(group.texts, group.values, strict=True) if str(v).casefold() == p[1])
        for p in pair
    ]
    best = max(pair)[1]
    slots |= {"v": texts[0], "v2": texts[1]}
    for tag, text in zip(("where", "where2"), texts, strict=True):
        slots[tag] = where_said(view, group, text, text, rng)
    where = f"{group.sql} IN ({text_literal(texts[0])}, {text_literal(texts[1])})"
    sql = view.select(group.sql, where, f"{grouped} ORDER BY count(*) DESC LIMIT 1")
    return ask(view, rng, family, sql, shown[best], group.answer, slots)


def dated(view: View, rng: Generator, roles: tuple[str, ...]) -> Col | None:
    """A column of years or days other than the one that names rows."""
    columns = [c for c in view.cols if c.role in roles and c.kind in ("number", "day") and c is not view.name]
    return pick(rng, columns) if columns else None


def by_time(view: View, rng: Generator) -> Ask | None:
    """The earliest or latest row, or year; which of two is earlier."""
    column = dated(view, rng, ("year", "date"))
    if column is None or any(v is None for v in column.values):
        return None
    values = [str(v) if isinstance(v, date) else f"{v:020.3f}" for v in column.values]
    family = str(
        pick(rng, ("oldest", "newest", "earlier_of_two", "later_of_two", "year_max", "year_min", "year_span"))
    )
    late = family in ("newest", "later_of_two", "year_max")
    if family in ("oldest", "newest"):
        best = (max if late else min)(range(view.size), key=values.__getitem__)
        if values.count(values[best]) > 1 or not view.is_key(best):
            return None
        sql = view.select(view.name.sql, "", order(column, most=late))
        return ask(view, rng, family, sql, view.name.values[best], view.name.answer, column=column)
    if family.endswith("two"):
        rows = view.rows(column)
        if len(rows) < 2:
            return None
        one, two = some(rng, rows, 2)
        if values[one] == values[two]:
            return None
        best = one if (values[one] > values[two]) == late else two
        sql = view.select(view.name.sql, view.among([one, two]), order(column, most=late))
        slots: Slots = {
            "anames": f"{view.told[one]} or {view.told[two]}",
            "names": f"{view.told[one]} and {view.told[two]}",
        }
        return ask(view, rng, family, sql, view.name.values[best], view.name.answer, slots, column=column)
    if column.kind != "number":
        return None
    numbers = column.numbers
    if family == "year_span":
        sql, value = view.select(f"max({column.sql}) - min({column.sql})"), max(numbers) - min(numbers)
    else:
        sql = view.select(f"{'max' if late else 'min'}({column.sql})")
        value = (max if late else min)(numbers)
    return ask(view, rng, family, sql, value, "number", column=column)


def count_years(view: View, rng: Generator) -> Ask | None:
    """How many rows are after, before or in a year."""
    column = dated(view, rng, ("year",))
    if column is None or column.kind != "number":
        return None
    family = str(pick(rng, ("count_after", "count_before", "count_in_year")))
    value = pick(rng, column.numbers)
    sign = {"count_after": ">", "count_before": "<", "count_in_year": "="}[family]
    found = sum({">": n > value, "<": n < value, "=": n == value}[sign] for n in column.numbers)
    sql = view.select(COUNT, f"{column.sql} {sign} {number_literal(value)}")
    return ask(view, rng, family, sql, found, "number", {"v": f"{value:.0f}"}, column=column)


def count_month(view: View, rng: Generator) -> Ask | None:
    """How many rows are in a month."""
    column = dated(view, rng, ("date",))
    if column is None:
        return None
    months = [m for m in MONTHS if any(m in text for text in column.texts)]
    if not months:
        return None
    month = pick(rng, months)
    sql = view.select(COUNT, f"{column.sql} LIKE '%{month}%'")
    found = sum(month.casefold() in text.casefold() for text in column.texts)
    return ask(view, rng, "count_month", sql, found, "number", {"month": month}, column=column)


def days_between(view: View, rng: Generator) -> Ask | None:
    """How many days lie between two rows."""
    column = dated(view, rng, ("date",))
    if column is None or column.kind != "day" or len(rows := view.rows(column)) < 2:
        return None
    one, two = some(rng, rows, 2)
    a, b = column.values[one], column.values[two]
    assert isinstance(a, date)
    assert isinstance(b, date)
    if a == b:
        return None
    if a > b:
        one, two, a, b = two, one, b, a
    sql = f"SELECT {view.cell(column, two)} - {view.cell(column, one)}"
    slots = {**row_slots(view, one, rng), **row_slots(view, two, rng, "2")}
    return ask(view, rng, "days_between", sql, (b - a).days, "number", slots, column=column)


def year_of_rows(view: View, rng: Generator) -> Ask | None:
    """The first or last year of the rows of a category, or of those with more than a number."""
    column, group, measured = dated(view, rng, ("year",)), category(view, rng), measure(view, rng)
    if column is None or column.kind != "number" or len(column.numbers) < view.size:
        return None
    last = chance(rng, 0.5)
    what = f"{'max' if last else 'min'}({column.sql})"
    if group is not None and chance(rng, 0.5):
        row = int(rng.integers(view.size))
        if group.values[row] is None:
            return None
        rows = group.rows_of(group.values[row])
        sql = view.select(what, f"{group.sql} = {group.literal(row)}")
        slots: Slots = {"where": where_said(view, group, group.values[row], group.texts[row], rng)}
        family = "last_year_where" if last else "first_year_where"
    elif measured is not None:
        value = threshold(measured, rng)
        rows = [n for n, v in enumerate(measured.values) if isinstance(v, int | float) and v > value]
        sql = view.select(what, f"{measured.sql} > {number_literal(value)}")
        slots = {"v": said(value, rng), "amount2": measured.speak.noun}
        family = "last_year_above" if last else "first_year_above"
    else:
        return None
    if not rows:
        return None
    found = (max if last else min)(column.number(n) for n in rows)
    return ask(view, rng, family, sql, found, "number", slots, column=column)


def years_apart(view: View, rng: Generator) -> Ask | None:
    """How many years lie between two rows."""
    column = dated(view, rng, ("year",))
    if column is None or column.kind != "number" or len(rows := view.rows(column)) < 2:
        return None
    one, two = some(rng, rows, 2)
    if column.number(one) == column.number(two):
        return None
    if column.number(one) > column.number(two):
        one, two = two, one
    slots = {**row_slots(view, one, rng), **row_slots(view, two, rng, "2")}
    sql = f"SELECT {view.cell(column, two)} - {view.cell(column, one)}"
    return ask(
        view, rng, "years_apart", sql, column.number(two) - column.number(one), "number", slots, column=column
    )


def more_of_category(view: View, rng: Generator) -> Ask | None:
    """Whether there are more rows of one category than of another, or any at all."""
    group = category(view, rng)
    if group is None or group is view.name or len(group.counts()) < 2:
        return None
    one, two = some(rng, [n for n in range(view.size) if group.values[n] is not None], 2)
    if group.rows_of(group.values[one]) == group.rows_of(group.values[two]):
        return None
    slots: Slots = {
        "where": where_said(view, group, group.values[one], group.texts[one], rng),
        "where2": where_said(view, group, group.values[two], group.texts[two], rng),
    }
    counts = [len(group.rows_of(group.values[n])) for n in (one, two)]
    nested = [f"({view.select(COUNT, f'{group.sql} = {group.literal(n)}')})" for n in (one, two)]
    if chance(rng, 0.25):
        return ask(view, rng, "any_where", f"SELECT {nested[0]} > 0", True, "yes/no", slots)
    sql = f"SELECT {nested[0]} > {nested[1]}"
    return ask(view, rng, "more_where_yes", sql, counts[0] > counts[1], "yes/no", slots)


COUNTS: dict[str, tuple[Family, float]] = {
    "counted": (counted, 4),
    "between": (between, 1.2),
    "all_rows": (all_rows, 1.6),
    "against": (against, 1.5),
    "of_category": (of_category, 2.5),
    "common": (common, 1.8),
    "by_time": (by_time, 1.6),
    "count_years": (count_years, 0.8),
    "count_month": (count_month, 0.8),
    "days_between": (days_between, 0.4),
    "year_of_rows": (year_of_rows, 1),
    "years_apart": (years_apart, 0.6),
    "more_of_category": (more_of_category, 0.6),
}
"""Families and how often each is asked."""
