"""Questions that only charts are asked: of bars by place and color, of series, of all marks at once."""

from __future__ import annotations

from statistics import mean

from numpy.random import Generator

from sightline.train.symbolic.table_phrases import Family, Slots, ask, row_slots, said, threshold
from sightline.train.symbolic.table_questions_wide import AMBIGUOUS, NOT_THERE
from sightline.train.symbolic.table_view import Ask, Col, View, number_literal, text_literal
from sightline.train.symbolic.table_words import ORDINAL_NAMES, chance, pick, some

NOT_NAMES = "column_name <> 'category'"


def _series(view: View) -> list[Col]:
    return [view.cols[n] for n in view.matrix]


def _full(view: View) -> list[Col]:
    """The series, where none lacks a value."""
    found = _series(view)
    return found if found and all(len(c.numbers) == view.size for c in found) else []


def _row(view: View, row: int) -> str:
    """The condition for the cells of a row."""
    return f"row_name = {text_literal(view.name.texts[row])} AND {NOT_NAMES}"


def _cells(what: str, where: str = "", tail: str = "") -> str:
    found = f"SELECT {what} FROM chart_cells WHERE {where or NOT_NAMES}"
    return f"{found} {tail}" if tail else found


def _values(view: View) -> list[tuple[float, int, Col]]:
    """All values with row and column."""
    columns = _series(view) or view.numeric()
    return [
        (c.number(n), n, c) for c in columns for n, v in enumerate(c.values) if isinstance(v, int | float)
    ]


def counting(view: View, rng: Generator) -> Ask | None:
    """How many bars, or series, there are."""
    if view.matrix and chance(rng, 0.5):
        sql = _cells("count(DISTINCT column_name)")
        return ask(view, rng, "series_count", sql, len(view.matrix), "number")
    if view.marks[0] == "line":
        return None
    if view.matrix:
        return ask(view, rng, "bar_count", _cells("count(*)"), len(_values(view)), "number")
    return ask(view, rng, "bar_count", view.select("count(*)"), view.size, "number")


def ith(view: View, rng: Generator, horizontal: bool = False) -> Ask | None:
    """The i-th bar from a side: its value or its name."""
    if view.matrix or view.marks[0] not in ("bar", "line"):
        return None
    column, size = view.cols[1], view.size
    place, back, named = int(rng.integers(min(size, 6))), chance(rng, 0.4), chance(rng, 0.4)
    row = size - 1 - place if back else place
    what = view.name if named else column
    if what.values[row] is None:
        return None
    side = ("right" if back else "left") if not horizontal else ("bottom" if back else "top")
    tail = "ORDER BY row_no DESC LIMIT 1" + (f" OFFSET {place}" if place else "") if back else ""
    sql = view.select(what.sql, "" if back else f"row_no = {row + 1}", tail)
    slots: Slots = {"nth": ORDINAL_NAMES[place], "i": str(place + 1), "side": side}
    family = "bar_ith_name" if named else "bar_ith"
    return ask(view, rng, family, sql, what.values[row], what.answer, slots, column=column)


def ith_bar(view: View, rng: Generator) -> Ask | None:
    """The i-th bar from the top or bottom, where bars lie."""
    return ith(view, rng, horizontal=True)


def category_color(view: View, rng: Generator) -> Ask | None:
    """The slice of a color: its value or its name; the color of a slice."""
    if view.matrix or len(view.cols) < 3:
        return None
    name, column, color = view.cols
    rows = [n for n in view.rows(column) if color.values[n] and len(color.rows_of(color.values[n])) == 1]
    if not rows:
        return None
    row = pick(rng, rows)
    family = str(pick(rng, ("color_value", "color_name", "name_color")))
    slots: Slots = {**row_slots(view, row, rng), "color": color.texts[row]}
    if family == "name_color":
        return ask(view, rng, family, view.select("color", view.cond(row)), color.values[row], "color", slots)
    what = column if family == "color_value" else name
    sql = view.select(what.sql, f"color = {text_literal(color.texts[row])}")
    return ask(view, rng, family, sql, what.values[row], what.answer, slots)


def series_color(view: View, rng: Generator) -> Ask | None:
    """The line of a color, which the note of colors names."""
    columns = [c for c in _full(view) if c.name in view.colors]
    if len(columns) < 2:
        return None
    one, two = some(rng, columns, 2)
    row = int(rng.integers(view.size))
    if not view.is_key(row):
        return None
    kinds = ("value", "value", "name", "max", "diff", "mean", "sum")
    family = f"series_color_{pick(rng, kinds)}"
    if family.endswith("diff") and one.number(row) < two.number(row):
        one, two = two, one
    slots: Slots = {
        **row_slots(view, row, rng),
        "color": view.colors[one.name],
        "color2": view.colors[two.name],
    }
    if family == "series_color_value":
        return ask(
            view, rng, family, view.select(one.sql, view.cond(row)), one.values[row], one.answer, slots
        )
    if family == "series_color_name":
        sql = _cells("column_name", f"column_name = {text_literal(one.name)}", "LIMIT 1")
        return ask(view, rng, family, sql, one.name, "name", slots)
    if family == "series_color_diff":
        sql, value = view.select(f"{one.sql} - {two.sql}", view.cond(row)), one.number(row) - two.number(row)
        return ask(view, rng, family, sql, value, one.answer, slots)
    if family == "series_color_max":
        best = one.numbers.index(max(one.numbers))
        if one.numbers.count(max(one.numbers)) > 1 or view.name.values[best] is None:
            return None
        sql = view.select(view.name.sql, "", f"ORDER BY {one.sql} DESC LIMIT 1")
        return ask(view, rng, family, sql, view.name.values[best], view.name.answer, slots)
    function = "avg" if family == "series_color_mean" else "sum"
    value = mean(one.numbers) if function == "avg" else sum(one.numbers)
    return ask(view, rng, family, view.select(f"{function}({one.sql})"), value, one.answer, slots)


def in_row(view: View, rng: Generator) -> Ask | None:
    """Of one category: the largest or smallest series, the one with a value, the sum and mean of all."""
    columns = _full(view)
    if len(columns) < 2:
        return None
    row = int(rng.integers(view.size))
    if not view.is_key(row) or not view.name.texts[row]:
        return None
    family = str(
        pick(
            rng,
            (
                "best_series",
                "best_series",
                "worst_series",
                "series_by_value",
                "row_sum",
                "row_sum",
                "row_mean",
            ),
        )
    )
    numbers = [c.number(row) for c in columns]
    slots: Slots = row_slots(view, row, rng)
    if family == "row_sum":
        sql = _cells("sum(value)", _row(view, row))
        return ask(view, rng, family, sql, sum(numbers), columns[0].answer, slots)
    if family == "row_mean":
        sql = _cells("avg(value)", _row(view, row))
        return ask(view, rng, family, sql, mean(numbers), columns[0].answer, slots)
    if len(set(numbers)) < len(numbers):
        return None
    if family == "series_by_value":
        at = int(rng.integers(len(columns)))
        value = round(numbers[at], 1) if numbers[at] < 100 else float(round(numbers[at]))
        gaps = [round(abs(n - value), 9) for n in numbers]
        if gaps.index(min(gaps)) != at or gaps.count(min(gaps)) > 1:
            return None
        slots["v"] = said(value, rng)
        sql = _cells("column_name", _row(view, row), f"ORDER BY abs(value - {number_literal(value)}) LIMIT 1")
        return ask(view, rng, family, sql, columns[at].name, "name", slots)
    most = family == "best_series"
    best = columns[numbers.index((max if most else min)(numbers))]
    sql = _cells("column_name", _row(view, row), f"ORDER BY value{' DESC' if most else ''} LIMIT 1")
    return ask(view, rng, family, sql, best.name, "name", slots)


def of_all(view: View, rng: Generator) -> Ask | None:
    """Of all marks: the largest and smallest, where they are, how many are above a number."""
    if len(view.matrix) < 2:
        return None
    values = sorted(_values(view), key=lambda one: one[0])
    kinds = ("max", "max", "min", "max_category", "max_series", "count_above", "count_below")
    family = f"all_{pick(rng, kinds)}"
    kind = values[0][2].answer
    if family in ("all_max", "all_min"):
        number = values[-1][0] if family == "all_max" else values[0][0]
        return ask(view, rng, family, _cells(f"{family[4:]}(value)"), number, kind)
    if family.startswith("all_count"):
        least = threshold(pick(rng, _series(view)), rng)
        sign = ">" if family.endswith("above") else "<"
        found = sum(v > least if sign == ">" else v < least for v, _, _ in values)
        sql = _cells("count(*)", f"{NOT_NAMES} AND value {sign} {number_literal(least)}")
        return ask(view, rng, family, sql, found, "number", {"v": said(least, rng)})
    number, row, column = values[-1]
    if values[-2][0] == number or not view.name.texts[row]:
        return None
    named = family == "all_max_series"
    if not named and view.name.kind != "text":
        # Of years the row's name is its print, which is what a query over cells gives.
        sql = _cells("row_name", "", "ORDER BY value DESC LIMIT 1")
        return ask(view, rng, family, sql, view.name.texts[row], "number")
    sql = _cells("column_name" if named else "row_name", "", "ORDER BY value DESC LIMIT 1")
    return ask(view, rng, family, sql, column.name if named else view.name.texts[row], "name")


def whole_series(view: View, rng: Generator) -> Ask | None:
    """The series with the largest or smallest sum or mean; the category with the largest total."""
    columns = _full(view)
    if len(columns) < 2:
        return None
    kinds = ("series_mean_max", "series_sum_max", "series_sum_min", "row_total_max", "row_total_min")
    family = str(pick(rng, kinds))
    most = family.endswith("max")
    if family.startswith("series"):
        function = mean if "mean" in family else sum
        totals = [(function(c.numbers), c.name) for c in columns]
        by = f"{'avg' if 'mean' in family else 'sum'}(value)"
        sql = _cells(
            "column_name", "", f"GROUP BY column_name ORDER BY {by}{' DESC' if most else ''} LIMIT 1"
        )
        kind = "name"
    else:
        rows = [n for n in range(view.size) if view.is_key(n) and view.name.texts[n]]
        if len(rows) < view.size or len(columns) > 4:
            return None
        totals = [(sum(c.number(n) for c in columns), str(n)) for n in rows]
        by = " + ".join(c.sql for c in columns)
        sql = view.select(view.name.sql, "", f"ORDER BY {by}{' DESC' if most else ''} LIMIT 1")
        kind = view.name.answer
    totals.sort(reverse=most)
    if len(totals) < 2 or abs(totals[0][0] - totals[1][0]) < 1e-6:
        return None
    best = totals[0][1]
    return ask(
        view,
        rng,
        family,
        sql,
        best if kind == "name" and family.startswith("series") else view.name.values[int(best)],
        kind,
    )


def cross(view: View, rng: Generator) -> Ask | None:
    """Two cells of different series and different categories."""
    columns = _full(view)
    rows = view.rows(*columns) if len(columns) > 1 else []
    if len(rows) < 2:
        return None
    (one, two), (a, b) = some(rng, columns, 2), some(rng, rows, 2)
    if one.number(a) < two.number(b):
        one, two, a, b = two, one, b, a
    slots = {**row_slots(view, a, rng), **row_slots(view, b, rng, "2"), "a": one.name, "b": two.name}
    family = "cross" if chance(rng, 0.6) else "cross_sum"
    sign, value = (
        ("-", one.number(a) - two.number(b)) if family == "cross" else ("+", one.number(a) + two.number(b))
    )
    sql = f"SELECT {view.cell(one, a)} {sign} {view.cell(two, b)}"
    return ask(view, rng, family, sql, value, one.answer, slots)


def versus(view: View, rng: Generator) -> Ask | None:
    """When one series passes another, how often it is above, whether it is in one category."""
    columns = _full(view)
    if len(columns) < 2 or any(v is None for v in view.name.values):
        return None
    chosen = some(rng, columns, 3)
    one, two = chosen[:2]
    above = [n for n in range(view.size) if one.number(n) > two.number(n)]
    slots: Slots = {"a": one.name, "b": two.name}
    where = f"{one.sql} > {two.sql}"
    family = str(pick(rng, ("passed", "passed", "crosses", "row_yes", "sum_series_yes")))
    if family == "crosses":
        return ask(view, rng, family, view.select("count(*)", where), len(above), "number", slots)
    if family == "passed":
        if not view.ordered or not above:
            return None
        sql = view.select(view.name.sql, where, "ORDER BY row_no LIMIT 1")
        return ask(view, rng, family, sql, view.name.values[above[0]], view.name.answer, slots)
    row = int(rng.integers(view.size))
    if not view.is_key(row):
        return None
    slots |= row_slots(view, row, rng)
    if family == "row_yes":
        sql = view.select(where, view.cond(row))
        return ask(view, rng, family, sql, one.number(row) > two.number(row), "yes/no", slots)
    if len(chosen) < 3:
        return None
    three = chosen[2]
    slots["c"] = three.name
    total = one.number(row) + two.number(row)
    if abs(total - three.number(row)) < 1e-6:
        return None
    sql = view.select(f"{one.sql} + {two.sql} > {three.sql}", view.cond(row))
    return ask(view, rng, family, sql, total > three.number(row), "yes/no", slots)


def no_series(view: View, rng: Generator) -> Ask | None:
    """A value is asked for without its series, of which there are several."""
    if len(view.matrix) < 2 or not (rows := view.rows()):
        return None
    slots = row_slots(view, pick(rng, rows), rng)
    return ask(view, rng, "no_series", "", None, "number", slots, final=AMBIGUOUS)


def other_picture(view: View, rng: Generator) -> Ask | None:
    """Something that a chart does not tell."""
    found = ask(view, rng, "other_picture", "", None, "number", final=NOT_THERE)
    if found is None:
        return None
    first = found.question.casefold()
    kind = (
        "number"
        if "how many" in first or "margin" in first
        else "date"
        if "when" in first
        else "text"
        if "phone" in first
        else "name"
    )
    return Ask(family=found.family, kind=kind, question=found.question, sql="", final=NOT_THERE)


CHARTS: dict[str, tuple[Family, float]] = {
    "counting": (counting, 1.5),
    "category_color": (category_color, 4),
    "series_color": (series_color, 5),
    "in_row": (in_row, 5),
    "of_all": (of_all, 3),
    "whole_series": (whole_series, 2),
    "cross": (cross, 1.5),
    "versus": (versus, 2.5),
    "no_series": (no_series, 0.4),
    "other_picture": (other_picture, 0.3),
}
"""Families and how often each is asked, where there is what they are about."""
