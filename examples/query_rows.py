"""The ways to choose rows of a wide relation with the words and numbers of a question.

A cell of a row is named (=); words stand in a cell (ILIKE); a number is met, passed or not reached; a year;
two of these at once; any of the names of one column; not so; the next and the previous row, those before and
after; the rows of the same value as a named one, or of a larger or smaller value.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from query_kinds import Value
from query_question import Question, plain
from sightline.tools.relations import Rows

MOST_FILTERS = 40
"""Ways to choose rows that are tried for one question and relation."""

MOST_NUMBERED = 3
"""Columns of texts with numbers in them (`4th`) that are tried as numbers."""

SIGNS: dict[str, Callable[[object, object], bool]] = {
    "=": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
"""How a value may be compared with a number."""

_ORDER = "all = or like number year between and next previous same more less until since not".split()


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A way to choose rows: a condition, the rows that it keeps, and the column that it looks at."""

    kind: str
    sql: str
    rows: frozenset[int]
    column: str = ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column, or numbers within one: its SQL, and its value and print in each row."""

    sql: str
    kind: str
    values: tuple[Value | None, ...]
    prints: tuple[str, ...]


class View:
    """A wide relation as shapes see it: its columns, which of them are numbers, and which have an order."""

    def __init__(self, wide: Rows) -> None:
        self.source = f"from {_quoted(wide.name)}"
        self.everything = Filter(kind="all", sql="true", rows=frozenset(range(len(wide.rows))))
        self.fields = [_field(wide, n) for n, c in enumerate(wide.columns) if c.name != "row_no"]
        within = [found for field in self.fields if (found := _numbers_within(field))]
        self.numbers = [f for f in self.fields if f.kind == "number"] + within[:MOST_NUMBERED]
        self.ordered = self.numbers + [f for f in self.fields if f.kind in ("day", "time")]

    def where(self, kind: str, sql: str, holds: Callable[[int], bool], column: str = "") -> Filter:
        """The filter that keeps the rows for which `holds` is true."""
        rows = frozenset(n for n in self.everything.rows if holds(n))
        return Filter(kind=kind, sql=sql, rows=rows, column=column)


def filters_of(view: View, question: Question) -> list[Filter]:
    """Ways to choose rows, each with other rows than the others: all rows first, at most `MOST_FILTERS`."""
    kept = {view.everything.rows: view.everything}

    def keep(found: Iterable[Filter]) -> list[Filter]:
        return [one for one in found if one.rows and kept.setdefault(one.rows, one) is one]

    named, worded = keep(_named(view, question)), keep(_worded(view, question))[:8]
    numbered = keep(_numbered(view, question))[:16]
    keep(_any_of(named))
    keep(_both([*named, *worded, *numbered][:14]))
    keep(_beside(view, [*named, *worded, *numbered[:4]]))
    keep(_not(view, [*named, *worded][:6]))
    return sorted(kept.values(), key=lambda one: _ORDER.index(one.kind))[:MOST_FILTERS]


def text_in_sql(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def _quoted(name: str) -> str:
    return '"' + name.lower().replace('"', '""') + '"'


def _field(wide: Rows, n: int) -> Field:
    column = wide.columns[n]
    return Field(
        sql=_quoted(column.name),
        kind=column.kind,
        values=tuple(row[n].value for row in wide.rows),
        prints=tuple(row[n].text for row in wide.rows),
    )


def _numbers_within(field: Field) -> Field | None:
    """A column of texts of which most have a number in them, as these numbers."""
    reads = [re.search(r"\d+\.?\d*", text.replace(",", "")) for text in field.prints]
    if field.kind != "text" or sum(map(bool, reads)) <= 0.5 * len(reads):
        return None
    sql = f"try_cast(regexp_extract(replace({field.sql}, ',', ''), '\\d+\\.?\\d*') as double)"
    values = tuple(float(read.group()) if read else None for read in reads)
    return Field(sql=sql, kind="number", values=values, prints=field.prints)


def _named(view: View, question: Question) -> Iterator[Filter]:
    """A cell is one that the question names."""
    for field in view.fields:
        said = [text for text in dict.fromkeys(field.prints) if text and question.says(text)]
        for text in sorted(said, key=len, reverse=True)[:6]:
            same = [plain(one) == plain(text) for one in field.prints]
            yield view.where("=", f"{field.sql} = {text_in_sql(text)}", same.__getitem__, field.sql)


def _worded(view: View, question: Question) -> Iterator[Filter]:
    """Words of the question stand within a cell."""
    for run in question.runs():
        for field in view.fields:
            has = [run.casefold() in text.casefold() for text in field.prints]
            sql = f"{field.sql} ilike {text_in_sql(f'%{run}%')}"
            yield view.where("like", sql, has.__getitem__, field.sql)


def _numbered(view: View, question: Question) -> Iterator[Filter]:
    """A number of the question is met, passed, or not reached; or is the year."""
    numbers = question.numbers[:5]
    for field in view.fields:
        if field.kind == "day":
            years = [value.year if isinstance(value, date) else 0 for value in field.values]
            for n in (n for n in numbers if 1000 < n < 2200):
                same = [year == n for year in years]
                yield view.where("year", f"year({field.sql}) = {n:.0f}", same.__getitem__, field.sql)
    for field in view.numbers:
        for n in numbers:
            for sign, meets in SIGNS.items():
                met = [v is not None and meets(v, n) for v in field.values]
                yield view.where("number", f"{field.sql} {sign} {n:.15g}", met.__getitem__, field.sql)
        for low, high in combinations(sorted(numbers), 2):
            for a, b in ((">=", "<"), (">=", "<="), (">", "<")):
                sql = f"{field.sql} {a} {low:.15g} and {field.sql} {b} {high:.15g}"
                met = [v is not None and SIGNS[a](v, low) and SIGNS[b](v, high) for v in field.values]
                yield view.where("between", sql, met.__getitem__, field.sql)


def _any_of(named: Sequence[Filter]) -> Iterator[Filter]:
    """Any of the names of one column."""
    for column in dict.fromkeys(one.column for one in named):
        of = [one for one in named if one.column == column][:5]
        for count in range(min(len(of), 4), 1, -1):
            for some in combinations(of, count):
                rows = frozenset().union(*(one.rows for one in some))
                sql = f"({' or '.join(one.sql for one in some)})"
                yield Filter(kind="or", sql=sql, rows=rows, column=column)


def _both(base: Sequence[Filter]) -> Iterator[Filter]:
    """Two at once, of two columns."""
    for a, b in combinations(base, 2):
        if a.column != b.column:
            yield Filter(kind="and", sql=f"({a.sql}) and ({b.sql})", rows=a.rows & b.rows)


def _beside(view: View, base: Sequence[Filter]) -> Iterator[Filter]:
    """The rows next to those that are named, of the same value, of larger and of smaller values."""
    for one in base:
        inner = f"{view.source} where {one.sql}"
        first, last = min(one.rows), max(one.rows)
        yield view.where("next", f"row_no = (select max(row_no) + 1 {inner})", (last + 1).__eq__)
        yield view.where("previous", f"row_no = (select min(row_no) - 1 {inner})", (first - 1).__eq__)
        yield view.where("until", f"row_no < (select min(row_no) {inner})", first.__gt__)
        yield view.where("since", f"row_no > (select max(row_no) {inner})", last.__lt__)
        if len(one.rows) == 1:
            yield from _like_one(view, one, first, inner)


def _like_one(view: View, one: Filter, at: int, inner: str) -> Iterator[Filter]:
    """The rows of the same value as the one row of a filter, and of more and less than that."""
    for field in view.fields:
        if (value := field.values[at]) is None or field.sql == one.column:
            continue
        sql = f"{field.sql} = (select any_value({field.sql}) {inner}) and not ({one.sql})"
        same = [n != at and plain(v) == plain(value) for n, v in enumerate(field.values)]
        yield view.where("same", sql, same.__getitem__)
    for field in view.numbers[:4]:
        if (value := field.values[at]) is None or field.sql == one.column:
            continue
        for kind, sign in (("more", ">"), ("less", "<")):
            met = [v is not None and SIGNS[sign](v, value) for v in field.values]
            sql = f"{field.sql} {sign} (select any_value({field.sql}) {inner})"
            yield view.where(kind, sql, met.__getitem__)


def _not(view: View, base: Sequence[Filter]) -> Iterator[Filter]:
    """All rows but those of a filter."""
    for one in base:
        yield Filter(kind="not", sql=f"not ({one.sql})", rows=view.everything.rows - one.rows)
