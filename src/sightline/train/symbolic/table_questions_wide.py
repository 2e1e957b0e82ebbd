"""Questions that are answered by yes or no, that take several columns, or that cannot be answered."""

from __future__ import annotations

from numpy.random import Generator

from sightline.train.symbolic.table_phrases import (
    Family,
    Slots,
    ask,
    list_slots,
    row_slots,
    said,
    threshold,
    where_said,
)
from sightline.train.symbolic.table_questions_rows import category, measure
from sightline.train.symbolic.table_questions_sums import addable
from sightline.train.symbolic.table_view import EMPTY, Ask, Col, View, number_literal, text_literal
from sightline.train.symbolic.table_words import chance, pick, some

NOT_THERE = "cannot tell: not there"
AMBIGUOUS = "cannot tell: ambiguous"


def above_yes(view: View, rng: Generator) -> Ask | None:
    """Whether a cell is above or below a number."""
    column = measure(view, rng)
    if column is None or not (rows := view.rows(column)):
        return None
    row, value, above = pick(rng, rows), threshold(column, rng), chance(rng, 0.65)
    number = column.number(row)
    sql = view.select(f"{column.sql} {'>' if above else '<'} {number_literal(value)}", view.cond(row))
    slots: Slots = {**row_slots(view, row, rng), "v": said(value, rng)}
    expect = number > value if above else number < value
    return ask(view, rng, "above_yes" if above else "below_yes", sql, expect, "yes/no", slots, column=column)


def more_yes(view: View, rng: Generator) -> Ask | None:
    """Whether one row has more than, less than or as much as another."""
    column = measure(view, rng)
    if column is None or len(rows := view.rows(column)) < 3:
        return None
    one, two = some(rng, rows, 2)
    family = str(pick(rng, ("more_yes", "more_yes", "more_yes", "less_yes", "less_yes", "same_yes")))
    if family == "same_yes":
        pairs = [(a, b) for a in rows for b in rows if a != b and column.number(a) == column.number(b)]
        one, two = pick(rng, pairs) if pairs and chance(rng, 0.5) else (one, two)
    a, b = column.number(one), column.number(two)
    sign = {"more_yes": ">", "less_yes": "<", "same_yes": "="}[family]
    slots = {
        **row_slots(view, one, rng),
        **row_slots(view, two, rng, "2"),
        **list_slots(view, [one, two], rng),
    }
    sql = f"SELECT {view.cell(column, one)} {sign} {view.cell(column, two)}"
    expect = {">": a > b, "<": a < b, "=": a == b}[sign]
    return ask(view, rng, family, sql, expect, "yes/no", slots, column=column)


def sum_yes(view: View, rng: Generator) -> Ask | None:
    """Whether two rows together have more than a third, or than a number."""
    column = addable(view, rng)
    if column is None or len(rows := view.rows(column)) < 4:
        return None
    one, two, three = some(rng, rows, 3)
    total = column.number(one) + column.number(two)
    slots: Slots = {**list_slots(view, [one, two], rng), **row_slots(view, three, rng, "3")}
    nested = f"({view.select(f'sum({column.sql})', view.among([one, two]))})"
    if chance(rng, 0.5):
        sql = f"SELECT {nested} > {view.cell(column, three)}"
        value = column.number(three)
        if abs(total - value) < 1e-9:
            return None
        return ask(view, rng, "sum_yes", sql, total > value, "yes/no", slots, column=column)
    value = float(f"{total * float(pick(rng, (0.8, 0.9, 1.1, 1.2))):.2g}")
    if value <= 0 or abs(total - value) < 1e-9:
        return None
    slots["v"] = said(value, rng)
    sql = view.select(f"sum({column.sql}) > {number_literal(value)}", view.among([one, two]))
    return ask(view, rng, "sum_above_yes", sql, total > value, "yes/no", slots, column=column)


def all_yes(view: View, rng: Generator) -> Ask | None:
    """Whether all or any are above a number."""
    column = measure(view, rng)
    if column is None:
        return None
    numbers = column.numbers
    every = chance(rng, 0.5)
    low, high = min(numbers), max(numbers)
    value = float(f"{(low if every else high) * float(pick(rng, (0.8, 0.95, 1.05, 1.2))):.2g}")
    if value <= 0:
        return None
    sql = view.select(f"{'min' if every else 'max'}({column.sql}) > {number_literal(value)}")
    expect = (low if every else high) > value
    slots = {"v": said(value, rng)}
    return ask(view, rng, "all_above" if every else "any_above", sql, expect, "yes/no", slots, column=column)


def is_there(view: View, rng: Generator) -> Ask | None:
    """Whether a name is in the list, or a cell what somebody says it is."""
    group = category(view, rng, 1)
    if group is not None and group is not view.name and chance(rng, 0.5) and (rows := view.rows(group)):
        row, other = pick(rng, rows), pick(rng, rows)
        other = row if chance(rng, 0.5) else other
        sql = view.select(f"{group.sql} = {group.literal(other)}", view.cond(row))
        expect = str(group.values[row]).casefold() == str(group.values[other]).casefold()
        slots: Slots = {**row_slots(view, row, rng), "v": group.texts[other], "other": group.speak.noun}
        return ask(view, rng, "is_value", sql, expect, "yes/no", slots)
    if view.name.kind != "text":
        return None
    row = int(rng.integers(view.size))
    if chance(rng, 0.5) and view.is_key(row):
        sql = f"SELECT ({view.select('count(*)', view.cond(row))}) > 0"
        return ask(view, rng, "is_listed", sql, True, "yes/no", row_slots(view, row, rng))
    if not view.absent:
        return None
    name = pick(rng, view.absent)
    sql = f"SELECT ({view.select('count(*)', f'{view.name.sql} LIKE ' + text_literal(f'%{name}%'))}) > 0"
    return ask(view, rng, "is_listed", sql, False, "yes/no", {"n": name, "at": f"for {name}"})


def pair(view: View, rng: Generator) -> tuple[Col, Col] | None:
    """Two columns that can be set against each other."""
    series = [
        view.cols[n] for n in view.matrix if view.cols[n].kind == "number" and view.cols[n].role == "num"
    ]
    if len(series) < 2:
        return None
    one, two = some(rng, series, 2)
    return one, two


def columns(view: View, rng: Generator) -> Ask | None:
    """Two cells of a row: their difference, sum, ratio, both."""
    found = pair(view, rng)
    if found is None:
        return None
    one, two = found
    rows = view.rows(one, two)
    if not rows:
        return None
    row = pick(rng, rows)
    a, b = one.number(row), two.number(row)
    family = str(
        pick(rng, ("cols_diff", "cols_diff", "cols_diff", "cols_sum", "cols_sum", "cols_ratio", "two_values"))
    )
    if family == "cols_diff" and b > a:
        one, two, a, b = two, one, b, a
    if (family == "cols_ratio" and b <= 0) or (family == "cols_sum" and not one.speak.can_add):
        return None
    sign, value = {"cols_diff": ("-", a - b), "cols_sum": ("+", a + b)}.get(
        family, ("/", a / b if b else 0.0)
    )
    slots: Slots = {**row_slots(view, row, rng), **second(two)}
    if family == "two_values":
        sql = view.select(f"{one.sql}, {two.sql}", view.cond(row))
        return ask(view, rng, family, sql, a, "list", slots, column=one)
    sql = view.select(f"{one.sql} {sign} {two.sql}", view.cond(row))
    kind = "number" if sign == "/" else one.answer
    return ask(view, rng, family, sql, value, kind, slots, column=one)


def second(column: Col) -> Slots:
    """The slots of a second column."""
    return {"noun2": column.speak.noun, "many2": column.speak.many}


def columns_all(view: View, rng: Generator) -> Ask | None:
    """Two columns over all rows: where one is larger, where they are farthest apart."""
    found = pair(view, rng)
    if found is None:
        return None
    one, two = found
    if len(one.numbers) < view.size or len(two.numbers) < view.size:
        return None
    above = [n for n in range(view.size) if one.number(n) > two.number(n)]
    slots = second(two)
    family = str(
        pick(
            rng,
            (
                "cols_more",
                "cols_more",
                "cols_more_names",
                "cols_total_more",
                "cols_gap",
                "cols_gap",
                "cols_close",
            ),
        )
    )
    where = f"{one.sql} > {two.sql}"
    if family == "cols_more":
        return ask(view, rng, family, view.select("count(*)", where), len(above), "number", slots, column=one)
    if family == "cols_more_names":
        if not 1 <= len(above) <= 5:
            return None
        names = [view.name.values[n] for n in above]
        kind = "list" if len(names) > 1 else view.name.answer
        return ask(view, rng, family, view.select(view.name.sql, where), names, kind, slots, column=one)
    if family == "cols_total_more":
        if not one.speak.can_add or abs(sum(one.numbers) - sum(two.numbers)) < 1e-6:
            return None
        sql = view.select(f"sum({one.sql}) > sum({two.sql})")
        return ask(view, rng, family, sql, sum(one.numbers) > sum(two.numbers), "yes/no", slots, column=one)
    gaps = [round(abs(one.number(n) - two.number(n)), 9) for n in range(view.size)]
    best = gaps.index(max(gaps) if family == "cols_gap" else min(gaps))
    near = sorted(abs(gap - gaps[best]) for gap in gaps)
    if near[1] < 1e-6 or not view.is_key(best):
        return None
    tail = f"ORDER BY abs({one.sql} - {two.sql}){' DESC' if family == 'cols_gap' else ''} LIMIT 1"
    sql = view.select(view.name.sql, "", tail)
    return ask(view, rng, family, sql, view.name.values[best], view.name.answer, slots, column=one)


def missing_row(view: View, rng: Generator) -> Ask | None:
    """A row that is not there: it is looked for, and nothing is found."""
    column = measure(view, rng)
    if column is None or not view.absent or view.name.kind != "text":
        return None
    name = pick(rng, view.absent)
    sql = view.select(column.sql, f"{view.name.sql} LIKE {text_literal(f'%{name}%')}")
    return ask(
        view, rng, "missing_row", sql, EMPTY, column.answer, {"n": name}, column=column, final=NOT_THERE
    )


def missing_column(view: View, rng: Generator) -> Ask | None:
    """A column that is not there: nothing needs to be asked."""
    if not view.other_columns or not (rows := view.rows()):
        return None
    slots: Slots = {**row_slots(view, pick(rng, rows), rng), "missing": pick(rng, view.other_columns)}
    asked = ask(view, rng, "missing_column", "", None, "number", slots, final=NOT_THERE)
    if asked is not None and asked.question.casefold().startswith(("which", "who")):
        return Ask(
            family=asked.family, kind=view.name.answer, question=asked.question, sql="", final=NOT_THERE
        )
    return asked


def ambiguous(view: View, rng: Generator) -> Ask | None:
    """A cell of "the" row of a category that has several."""
    group, column = category(view, rng), measure(view, rng)
    if group is None or column is None or group is view.name:
        return None
    row = int(rng.integers(view.size))
    value = group.values[row]
    if value is None or len(rows := group.rows_of(value)) < 2:
        return None
    numbers = [column.values[n] for n in rows]
    if len(set(numbers)) < 2 or None in numbers:
        return None
    sql = view.select(column.sql, f"{group.sql} = {group.literal(row)}")
    slots = {"where": where_said(view, group, value, group.texts[row], rng)}
    return ask(
        view, rng, "ambiguous_where", sql, numbers, column.answer, slots, column=column, final=AMBIGUOUS
    )


WIDE: dict[str, tuple[Family, float]] = {
    "above_yes": (above_yes, 1.6),
    "more_yes": (more_yes, 2),
    "sum_yes": (sum_yes, 1.2),
    "all_yes": (all_yes, 0.8),
    "is_there": (is_there, 0.9),
    "columns": (columns, 3),
    "columns_all": (columns_all, 2),
    "missing_row": (missing_row, 1.1),
    "missing_column": (missing_column, 1.1),
    "ambiguous": (ambiguous, 0.3),
}
"""Families and how often each is asked."""
