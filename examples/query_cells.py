"""Shapes of queries over the long form of a table or chart, which has a line for each cell.

Over rows and columns that the question names, whatever side the table lies on: their cells; sum, mean,
median, range, largest and smallest, and where; share of the total; difference, ratio and part of two; the
next cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import permutations
from statistics import fmean, median

from query_kinds import MOST_VALUES, Shape, Value
from query_question import Question
from query_rows import text_in_sql
from sightline.tools.relations import Rows, Slot

CellRow = dict[str, Slot]
"""A line of the long form: its slots by the name of the column."""

Chosen = tuple[str, list[CellRow]]
"""A condition, and the cells that meet it."""


def cell_shapes(long: Rows, question: Question) -> Iterator[Shape]:
    """The shapes over a long form for one question."""
    cells = [dict(zip((c.name for c in long.columns), row, strict=True)) for row in long.rows]
    rows, columns = (_named(cells, name, question) for name in ("row_name", "column_name"))
    both = [(f"{a} and {b}", [c for c in of if c in others]) for a, of in rows for b, others in columns]
    tail = f"from {long.name}"
    for where, of in [*rows, *columns, *both, ("true", cells)]:
        yield from _of_some(f"{tail} where {where}", of)
    whole = _total(cells)
    for where, of in both if whole else []:
        share = f"sum(value) / (select sum(value) {tail}) {tail} where {where}"
        yield _shape("share", share, _total(of) / whole)
    yield from _of_two(tail, [*both, *rows, *columns][:6])
    yield from _beside(tail, rows, cells, question)


def _shape(kind: str, what: str, *values: Value) -> Shape:
    return Shape(kind=f"cells {kind}" if kind else "cells", sql=f"select {what}", values=values)


def _named(cells: Sequence[CellRow], name: str, question: Question) -> list[Chosen]:
    """The rows or columns that the question names, at most five."""
    said = [text for text in dict.fromkeys(c[name].text for c in cells) if text and question.says(text)]
    return [
        (f"{name} = {text_in_sql(text)}", [c for c in cells if c[name].text == text]) for text in said[:5]
    ]


def _total(cells: Iterable[CellRow]) -> float:
    return sum(v for c in cells if isinstance(v := c["value"].value, float))


def _of_some(tail: str, of: Sequence[CellRow]) -> Iterator[Shape]:
    """The texts of some cells, and what their values come to."""
    if 0 < len(of) <= MOST_VALUES:
        yield _shape("", f"text {tail}", *(c["text"].text for c in of))
    known = [(v, c) for c in of if isinstance(v := c["value"].value, float)]
    values = [v for v, _ in known]
    if not values:
        return
    functions = {"sum": sum, "avg": fmean, "max": max, "min": min, "median": median, "count": len}
    for name, function in functions.items():
        yield _shape(name, f"{name}(value) {tail}", function(values))
    yield _shape("range", f"max(value) - min(value) {tail}", max(values) - min(values))
    for f, pick in (("max", max), ("min", min)):
        best = pick(known, key=lambda one: one[0])[1]
        for name in ("column_name", "row_name"):
            yield _shape(f"at {f}", f"arg_{f}({name}, value) {tail}", best[name].text)


def _of_two(tail: str, chosen: Sequence[Chosen]) -> Iterator[Shape]:
    """Two sums of cells: their difference, their ratio, and the part that the first is of both."""
    for (a, first), (b, second) in permutations(chosen, 2):
        x, y = (f"(select sum(value) {tail} where {where})" for where in (a, b))
        one, two = _total(first), _total(second)
        yield _shape("difference", f"{x} - {y}", one - two)
        if two:
            yield _shape("ratio", f"{x} / {y}", one / two)
            if one + two:
                yield _shape("part", f"{x} / ({x} + {y})", one / (one + two))


def _beside(
    tail: str, rows: Sequence[Chosen], cells: Sequence[CellRow], question: Question
) -> Iterator[Shape]:
    """The cells next to one that is named, in a row that is named; and those in its column."""
    for where, of in rows:
        for n, cell in enumerate(of):
            text = cell["text"].text
            if not question.says(text) or text == cell["row_name"].text:
                continue
            at = f"(select cell {tail} where {where} and text = {text_in_sql(text)})"
            for sign, most, others in ((">", "min", of[n + 1 : n + 2]), ("<", "max", of[max(n - 1, 0) : n])):
                pick = f"select {most}(cell) {tail} where {where} and cell {sign} {at}"
                for other in others:
                    yield _shape("beside", f"text {tail} where cell = ({pick})", other["text"].text)
            yield from _across(tail, cell, cells, at, question)


def _across(
    tail: str, cell: CellRow, cells: Sequence[CellRow], at: str, question: Question
) -> Iterator[Shape]:
    """In the column of a cell, the rows that are named."""
    column = f"column_name = (select column_name {tail} where cell = {at})"
    for other in cells:
        same = other["column_name"].text == cell["column_name"].text and other is not cell
        if same and question.says(other["row_name"].text):
            where = f"row_name = {text_in_sql(other['row_name'].text)} and {column}"
            yield _shape("across", f"text {tail} where {where}", other["text"].text)
