"""Questions about single rows: cells, extremes, places in the list, rows that meet a condition."""

from __future__ import annotations

from numpy.random import Generator

from sightline.train.symbolic.table_phrases import (
    Family,
    ask,
    extreme,
    list_slots,
    row_slots,
    said,
    threshold,
    where_said,
)
from sightline.train.symbolic.table_view import Ask, Col, View, number_literal, text_literal
from sightline.train.symbolic.table_words import ORDINAL_NAMES, chance, pick, some

ALL = "{} ORDER BY {} DESC LIMIT 1"


def measure(view: View, rng: Generator) -> Col | None:
    """A column of numbers."""
    columns = view.numeric()
    return pick(rng, columns) if columns else None


def category(view: View, rng: Generator, least: int = 2) -> Col | None:
    """A column of texts some of which repeat."""
    columns = [c for c in view.textual() if any(n >= least for n in c.counts().values())]
    return pick(rng, columns) if columns else None


def order(column: Col, *, most: bool, skip: int = 0, limit: int = 1) -> str:
    """The end of a query for the largest (smallest) rows."""
    tail = f"ORDER BY {column.sql}{' DESC' if most else ''} LIMIT {limit}"
    return tail + (f" OFFSET {skip}" if skip else "")


def lookup(view: View, rng: Generator) -> Ask | None:
    """A cell by row and column."""
    others = [
        c
        for c in view.cols
        if c is not view.name and c.role in ("num", "cat", "year", "text", "record", "date")
    ]
    if not others:
        return None
    column = pick(rng, view.numeric() or others) if chance(rng, 0.6) else pick(rng, others)
    rows = view.rows(column)
    if not rows:
        return None
    row = pick(rng, rows)
    sql = view.select(column.sql, view.cond(row))
    wording = "lookup" if column.kind == "number" else "lookup_who" if column.speak.who else "lookup_text"
    slots = row_slots(view, row, rng)
    return ask(
        view, rng, "lookup", sql, column.values[row], column.answer, slots, column=column, wording=wording
    )


def reverse(view: View, rng: Generator) -> Ask | None:
    """A row by a number of it."""
    column = measure(view, rng)
    if column is None:
        return None
    rows = [n for n in view.rows(column) if len(column.rows_of(column.values[n])) == 1]
    if not rows:
        return None
    row = pick(rng, rows)
    value = column.number(row)
    if view.rel == "chart":
        value = round(value, 1) if abs(value) < 100 else round(value)
        gaps = sorted(
            (abs(n - value), at) for at, n in enumerate(column.values) if isinstance(n, int | float)
        )
        if column.rows_of(column.values[gaps[0][1]]) != [row] or (len(gaps) > 1 and gaps[1][0] == gaps[0][0]):
            return None
        sql = view.select(view.name.sql, "", f"ORDER BY abs({column.sql} - {number_literal(value)}) LIMIT 1")
    else:
        sql = view.select(view.name.sql, f"{column.sql} = {number_literal(value)}")
    slots = {"v": said(value, rng)}
    return ask(view, rng, "reverse", sql, view.name.values[row], view.name.answer, slots, column=column)


def reverse_other(view: View, rng: Generator) -> Ask | None:
    """Another cell of the row that has a number."""
    column, other = measure(view, rng), category(view, rng, 1)
    if column is None or other is None or view.rel == "chart":
        return None
    rows = [n for n in view.rows(column, other) if len(column.rows_of(column.values[n])) == 1]
    if not rows:
        return None
    row = pick(rng, rows)
    value = column.number(row)
    sql = view.select(other.sql, f"{column.sql} = {number_literal(value)}")
    slots = {"v": said(value, rng), "other": other.speak.noun}
    return ask(view, rng, "reverse_other", sql, other.values[row], other.answer, slots, column=column)


def top(view: View, rng: Generator) -> Ask | None:
    """The name of the row with the largest or smallest number."""
    column = measure(view, rng)
    most = chance(rng, 0.6)
    if column is None or (row := extreme(column, 0, most=most)) is None or not view.is_key(row):
        return None
    sql = view.select(view.name.sql, "", order(column, most=most))
    family = "max_name" if most else "min_name"
    return ask(view, rng, family, sql, view.name.values[row], view.name.answer, column=column)


def nth(view: View, rng: Generator) -> Ask | None:
    """The second or third largest or smallest: its name or its number."""
    column = measure(view, rng)
    place = int(pick(rng, (1, 1, 1, 2, 2, 3)))
    most, named = chance(rng, 0.65), chance(rng, 0.6)
    if column is None or (row := extreme(column, place, most=most)) is None or not view.is_key(row):
        return None
    if any(extreme(column, before, most=most) is None for before in range(place)):
        return None
    what = view.name if named else column
    sql = view.select(what.sql, "", order(column, most=most, skip=place))
    family = ("nth_name" if most else "nth_low_name") if named else ("nth_value" if most else "nth_low_value")
    slots = {"nth": ORDINAL_NAMES[place]}
    return ask(view, rng, family, sql, what.values[row], what.answer, slots, column=column)


def extreme_value(view: View, rng: Generator) -> Ask | None:
    """The largest or smallest number."""
    column = measure(view, rng)
    if column is None:
        return None
    most = chance(rng, 0.6)
    sql = view.select(f"{'max' if most else 'min'}({column.sql})")
    value = (max if most else min)(column.numbers)
    return ask(view, rng, "max_value" if most else "min_value", sql, value, column.answer, column=column)


def of_two(view: View, rng: Generator) -> Ask | None:
    """Which of two (three) named rows has more or less."""
    column = measure(view, rng)
    if column is None or len(rows := view.rows(column)) < 3:
        return None
    most, count = chance(rng, 0.65), 3 if chance(rng, 0.2) else 2
    chosen = some(rng, rows, count)
    numbers = [column.number(n) for n in chosen]
    if len(set(numbers)) < count:
        return None
    most = most or count == 3
    best = chosen[numbers.index((max if most else min)(numbers))]
    sql = view.select(view.name.sql, view.among(chosen), order(column, most=most))
    family = "most_of_three" if count == 3 else "more_of_two" if most else "less_of_two"
    slots = list_slots(view, chosen, rng)
    slots["atnames2"] = " or ".join(view.at_row(n, rng) for n in chosen)
    return ask(view, rng, family, sql, view.name.values[best], view.name.answer, slots, column=column)


def place(view: View, rng: Generator) -> Ask | None:
    """The first, last or i-th row; the one after or before another."""
    size, name = view.size, view.name
    row = int(rng.integers(size))
    if not view.is_key(row):
        return None
    family = str(
        pick(rng, ("first", "last", "ith", "after", "after", "before", "before", "ith_value", "after_value"))
    )
    column = pick(rng, view.numeric() or list(view.cols)) if family.endswith("value") else None
    what = column or name
    slots = row_slots(view, row, rng)
    found, where, tail = row, f"row_no = {row + 1}", ""
    if family == "first":
        found, where = 0, "row_no = 1"
    elif family == "last":
        found, where, tail = size - 1, "", "ORDER BY row_no DESC LIMIT 1"
    elif family in ("ith", "ith_value"):
        if row > 9:
            return None
        slots = {"nth": ORDINAL_NAMES[row], "i": str(row + 1)}
    else:
        step = -1 if family == "before" else 1
        found = row + step
        nested = view.select("row_no", view.cond(row))
        where = f"row_no = ({nested}) {'+' if step > 0 else '-'} 1"
    if not 0 <= found < size or what.values[found] is None or not what.texts[found]:
        return None
    sql = view.select(what.sql, where, tail)
    return ask(view, rng, family, sql, what.values[found], what.answer, slots, column=column)


def names_by_number(view: View, rng: Generator) -> Ask | None:
    """The rows with a number above or below another: all, or any one."""
    column = measure(view, rng)
    if column is None:
        return None
    value = threshold(column, rng)
    above = chance(rng, 0.6)
    family = "names_above" if above else "names_below"
    found = [
        n
        for n, v in enumerate(column.values)
        if isinstance(v, int | float) and ((v > value) if above else (v < value))
    ]
    if not 1 <= len(found) <= 6 or any(view.name.values[n] is None for n in found):
        return None
    tail = ""
    kind = "list" if len(found) > 1 else view.name.answer
    if above and chance(rng, 0.25):
        family, tail, kind, found = "name_one_above", "LIMIT 1", view.name.answer, found[:1]
    sql = view.select(view.name.sql, f"{column.sql} {'>' if above else '<'} {number_literal(value)}", tail)
    slots = {"v": said(value, rng)}
    return ask(view, rng, family, sql, [view.name.values[n] for n in found], kind, slots, column=column)


def names_where(view: View, rng: Generator) -> Ask | None:
    """The rows of a category: all, any one, the only one, the first or last."""
    column = category(view, rng, 1)
    if column is None or column is view.name:
        return None
    row = int(rng.integers(view.size))
    if column.values[row] is None:
        return None
    found = column.rows_of(column.values[row])
    if any(view.name.values[n] is None for n in found) or len(found) > 6:
        return None
    where = f"{column.sql} = {column.literal(row)}"
    slots = {"where": where_said(view, column, column.values[row], column.texts[row], rng)}
    if len(found) == 1:
        family, tail, chosen = "only_where", "", found
    else:
        family = str(pick(rng, ("names_where", "name_one_where", "first_where", "last_where")))
        tail = {"name_one_where": "LIMIT 1", "first_where": "ORDER BY row_no LIMIT 1"}.get(family, "")
        tail = "ORDER BY row_no DESC LIMIT 1" if family == "last_where" else tail
        chosen = {"names_where": found, "last_where": found[-1:]}.get(family, found[:1])
    sql = view.select(view.name.sql, where, tail)
    kind = "list" if len(chosen) > 1 else view.name.answer
    return ask(view, rng, family, sql, [view.name.values[n] for n in chosen], kind, slots)


def best_where(view: View, rng: Generator) -> Ask | None:
    """The largest or smallest within a category."""
    column, group = measure(view, rng), category(view, rng)
    if column is None or group is None:
        return None
    value = pick(rng, [v for v, n in sorted(group.counts().items(), key=str) if n >= 2])
    rows = [n for n in group.rows_of(value) if isinstance(column.values[n], int | float)]
    if len(rows) < 2 or len({column.number(n) for n in rows}) < len(rows):
        return None
    rows.sort(key=column.number)
    family = str(pick(rng, ("max_where", "max_where", "min_where", "max_value_where")))
    best = rows[0] if family == "min_where" else rows[-1]
    where = f"{group.sql} = {group.literal(best)}"
    slots = {"where": where_said(view, group, value, group.texts[best], rng)}
    if family == "max_value_where":
        sql = view.select(f"max({column.sql})", where)
        return ask(view, rng, family, sql, column.values[best], column.answer, slots, column=column)
    if not view.is_key(best):
        return None
    sql = view.select(view.name.sql, where, order(column, most=family != "min_where"))
    return ask(view, rng, family, sql, view.name.values[best], view.name.answer, slots, column=column)


def best_except(view: View, rng: Generator) -> Ask | None:
    """The largest of all rows but one."""
    column = measure(view, rng)
    if column is None or len(rows := view.rows(column)) < 3:
        return None
    first = extreme(column, 0, most=True)
    left = first if first in rows and first is not None and chance(rng, 0.7) else pick(rng, rows)
    rest = [n for n, v in enumerate(column.values) if n != left and isinstance(v, int | float)]
    if any(view.name.values[n] is None for n in range(view.size)):
        return None
    best = max(rest, key=column.number)
    if sum(column.number(n) == column.number(best) for n in rest) > 1:
        return None
    sql = view.select(view.name.sql, view.cond(left).replace(" = ", " <> ", 1), order(column, most=True))
    slots = row_slots(view, left, rng)
    return ask(view, rng, "max_except", sql, view.name.values[best], view.name.answer, slots, column=column)


def same_as(view: View, rng: Generator) -> Ask | None:
    """The other rows of a row's category."""
    group = category(view, rng)
    if group is None or view.name is group:
        return None
    rows = [n for n in view.rows(group) if len(group.rows_of(group.values[n])) in (2, 3, 4)]
    if not rows:
        return None
    row = pick(rng, rows)
    others = [n for n in group.rows_of(group.values[row]) if n != row]
    if any(view.name.values[n] is None for n in others):
        return None
    nested = view.select(group.sql, view.cond(row))
    sql = view.select(
        view.name.sql, f"{group.sql} = ({nested}) AND {view.cond(row).replace(' = ', ' <> ', 1)}"
    )
    family = "same_as" if len(others) == 1 else "same_as_many"
    kind = view.name.answer if len(others) == 1 else "list"
    slots = row_slots(view, row, rng)
    return ask(view, rng, family, sql, [view.name.values[n] for n in others], kind, slots, column=group)


def other_of_extreme(view: View, rng: Generator) -> Ask | None:
    """Another cell of the row with the largest or smallest number."""
    column = measure(view, rng)
    others = [
        c for c in view.cols if c is not column and c is not view.name and c.role in ("cat", "num", "year")
    ]
    if column is None or not others:
        return None
    other, most = pick(rng, others), chance(rng, 0.6)
    row = extreme(column, 0, most=most)
    if row is None or other.values[row] is None or (view.matrix and other.role == "num"):
        return None
    sql = view.select(other.sql, "", order(column, most=most))
    slots = {"other": other.speak.noun}
    family = "other_of_max" if most else "other_of_min"
    return ask(view, rng, family, sql, other.values[row], other.answer, slots, column=column)


def like(view: View, rng: Generator) -> Ask | None:
    """Rows with a word in their names."""
    if view.name.kind != "text":
        return None
    words = [w for t in view.name.texts for w in t.split() if len(w) > 4 and w.isalpha()]
    if not words:
        return None
    word = pick(rng, words)
    found = [
        n for n, v in enumerate(view.name.values) if isinstance(v, str) and word.casefold() in v.casefold()
    ]
    where = f"{view.name.sql} LIKE {text_literal('%' + word + '%')}"
    slots = {"word": word}
    if len(found) == 1 and chance(rng, 0.6):
        sql = view.select(view.name.sql, where)
        return ask(view, rng, "names_like", sql, view.name.values[found[0]], view.name.answer, slots)
    return ask(view, rng, "count_like", view.select("count(*)", where), len(found), "number", slots)


def several_best(view: View, rng: Generator) -> Ask | None:
    """The two or three largest, or all in order."""
    column = measure(view, rng)
    if column is None or len(set(column.numbers)) < view.size or any(v is None for v in view.name.values):
        return None
    rows = sorted(range(view.size), key=column.number, reverse=True)
    whole = view.size <= 6 and chance(rng, 0.4)
    count = view.size if whole else int(pick(rng, (2, 2, 3)))
    tail = f"ORDER BY {column.sql} DESC" if whole else order(column, most=True, limit=count)
    slots = {"two": ("two", "2") if count == 2 else ("three", "3")}
    family = "order_all" if whole else "top_names"
    expect = [view.name.values[n] for n in rows[:count]]
    return ask(view, rng, family, view.select(view.name.sql, "", tail), expect, "list", slots, column=column)


ROWS: dict[str, tuple[Family, float]] = {
    "lookup": (lookup, 8),
    "reverse": (reverse, 2),
    "reverse_other": (reverse_other, 0.7),
    "top": (top, 5),
    "nth": (nth, 2),
    "extreme_value": (extreme_value, 2),
    "of_two": (of_two, 2.5),
    "place": (place, 2.5),
    "names_by_number": (names_by_number, 1.3),
    "names_where": (names_where, 2),
    "best_where": (best_where, 1.3),
    "best_except": (best_except, 0.7),
    "same_as": (same_as, 0.8),
    "other_of_extreme": (other_of_extreme, 1.3),
    "like": (like, 0.5),
    "several_best": (several_best, 0.6),
}
"""Families and how often each is asked."""
