"""Runs checked SQL over relations in DuckDB: in memory, closed to files, settings and extensions.

This is the worker's side of `query`: the process has little address space, so that a query that builds a
text of gigabytes ends in an error of its own, and the process can be killed where DuckDB does not stop.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isfinite
from typing import Any

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sightline.tools.relations import NAMES, SQL_TYPES, Column, Rows, quoted
from sightline.tools.sql_cites import CELLS, KEY, MACROS, Cited, with_cells
from sightline.tools.sql_guard import DIALECT, Checked, Refused, checked
from sightline.tools.sql_prints import PRINT, Kinds
from sightline.tools.sql_reply import MOST_ROWS, Flags, Plain, Reply

MEMORY_MB = 256
"""Of DuckDB's own buffers."""

ADDRESS_SPACE_MB = 1024
"""Beyond what the process has when it starts: what DuckDB does not count (long texts, lists) ends here."""

_SETTINGS: Mapping[str, str | bool | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": f"{MEMORY_MB}MB",
    "max_temp_directory_size": "0KB",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


def load() -> Callable[..., Reply]:
    """The worker's side: bounds its own memory, and returns `look` and `answer` behind one function."""
    _bound_memory()

    def engine(sql: str, relations: Sequence[Rows] | None = None, seconds: float = 0.0) -> Reply:
        return look(sql) if relations is None else answer(sql, relations, seconds=seconds)

    return engine


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows, where the parent's own watch on memory remains
        return
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    most = now + ADDRESS_SPACE_MB * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def look(sql: str) -> Reply:
    """What a query reads, before any of it is there."""
    try:
        query = checked(sql, tuple(NAMES))
    except Refused as why:
        return Reply(status="refused", message=str(why))
    return Reply(reads=query.reads, classes=query.classes)


def answer(sql: str, relations: Sequence[Rows], *, seconds: float) -> Reply:
    """What a query gives over relations.

    Args:
        sql: one SELECT.
        relations: what it may read.
        seconds: after which it is interrupted.
    """
    try:
        query = checked(sql, [one.name for one in relations])
        with opened([one for one in relations if one.name in query.reads]) as connection:
            return _answered(connection, query, relations, seconds)
    except Refused as why:
        return Reply(status="refused", message=str(why))
    except duckdb.InterruptException:
        return Reply(status="timeout", message=f"the query was stopped after {seconds:.1f} s")
    except (duckdb.OutOfMemoryException, MemoryError):
        return Reply(status="refused", message=f"the query needs more memory than {MEMORY_MB} MB")
    except duckdb.Error as error:
        return Reply(status="refused", message=_one_line(error))


def _answered(
    connection: duckdb.DuckDBPyConnection, query: Checked, relations: Sequence[Rows], seconds: float
) -> Reply:
    with _interrupted(connection, seconds):
        cited = _traced(connection, query, relations)
        limited = f"select * from ({cited.sql}) limit {MOST_ROWS + 1}"
        found = connection.execute(limited).fetchall()
        more = 0
        if len(found) > MOST_ROWS:
            (total,) = connection.execute(f"select count(*) from ({cited.sql})").fetchall()[0]
            more = total - MOST_ROWS
    count = len(cited.names)
    rows = [
        (
            tuple(map(_plain, row[:count])),
            tuple(tuple(cells or ()) for cells in row[count : 2 * count]),
            tuple(row[2 * count] or ()),
        )
        for row in found[:MOST_ROWS]
    ]
    return Reply(names=cited.names, flags=_with_days(cited, query, relations), rows=tuple(rows), more=more)


def _traced(connection: duckdb.DuckDBPyConnection, query: Checked, relations: Sequence[Rows]) -> Cited:
    """The query rewritten. Raises `Refused` and the errors of DuckDB."""
    kinds = {one.name: _kinds(one) for one in relations if one.name in query.reads}
    try:
        return with_cells(query.query, kinds)
    except SqlglotError as error:
        said = " ".join(str(error).split())[:200]
    try:
        connection.execute("explain " + query.query.sql(DIALECT))  # DuckDB says better what is wrong
    except duckdb.Error as error:
        raise Refused(_one_line(error) + _nearest(error, query, relations)) from None
    raise Refused(said)


def _kinds(rows: Rows) -> Kinds:
    prints = frozenset(column.name.lower() for column in _printed(rows))
    return Kinds(columns={column.name.lower(): column for column in rows.columns}, prints=prints)


def _printed(rows: Rows) -> list[Column]:
    """The columns whose values are no texts but that stand for print."""
    return [c for c in rows.columns if c.kind in ("number", "day", "time") and c.name != "score"]


@contextmanager
def opened(relations: Sequence[Rows]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A closed database in memory with some relations in it."""
    connection = duckdb.connect(":memory:", config=dict(_SETTINGS))
    try:
        for macro in MACROS:
            connection.execute(macro)
        for one in relations:
            _fill(connection, one)
        connection.execute("set lock_configuration = true")
        yield connection
    finally:
        connection.close()


def _fill(connection: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """Make a relation: its columns, then hidden ones (lists of cells, prints, the row's first cell)."""
    printed = _printed(rows)
    at = {column.name: n for n, column in enumerate(rows.columns)}
    columns = [f"{_name(c.name)} {_sql_type(c)}" for c in rows.columns]
    columns += [f"{_name(c.name + CELLS)} INTEGER[]" for c in rows.columns]
    columns += [f"{_name(c.name + PRINT)} {_TEXT}" for c in printed]
    connection.execute(f"create table {_name(rows.name)} ({', '.join(columns)}, {_name(KEY)} INTEGER[])")
    marks = ", ".join("?" * (2 * len(rows.columns) + len(printed) + 1))
    data = [
        [
            *(slot.value for slot in row),
            *(list(slot.cells) for slot in row),
            *(row[at[column.name]].text or None for column in printed),
            list(next((slot.cells for slot in row if slot.cells), ())),
        ]
        for row in rows.rows
    ]
    if data:
        connection.executemany(f"insert into {_name(rows.name)} values ({marks})", data)


_TEXT = "VARCHAR COLLATE NOCASE.NOACCENT"
"""Names are asked for in the words of a question: `barn` is `Barn`, and `Jose` is `José`."""


def _sql_type(column: Column) -> str:
    return _TEXT if column.kind == "text" else SQL_TYPES[column.kind]


def _name(name: str) -> str:
    return '"' + name.lower().replace('"', '""') + '"'


@contextmanager
def _interrupted(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Stop what runs in here after so many seconds."""
    timer = threading.Timer(max(seconds, 0.05), connection.interrupt)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _plain(value: Any) -> Plain:
    """A value of DuckDB as one of Python that a finding can hold. Raises `Refused` for infinity."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not isfinite(value):
        raise Refused("the result is not a number: it divides by zero, or grows too large")
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, list | tuple):
        return ", ".join(f"{one:.15g}" if isinstance(one, float) else str(one) for one in value)
    if isinstance(value, bool | int | float | str | date | time) or value is None:
        return value
    return str(value)


def _with_days(cited: Cited, query: Checked, relations: Sequence[Rows]) -> tuple[Flags, ...]:
    """The flags, with the differences of two days marked, whose unit is days."""
    days = {c.name.casefold() for one in relations for c in one.columns if c.kind == "day"}
    selects = query.query.selects
    if len(selects) != len(cited.flags):
        return cited.flags
    return tuple(
        Flags(days=True) if _is_span(one.unalias(), days) else flags
        for one, flags in zip(selects, cited.flags, strict=True)
    )


def _is_span(one: exp.Expr, days: set[str]) -> bool:
    """Whether an expression takes one day from another."""
    one = one.unnest()
    return isinstance(one, exp.Sub) and all(
        any(column.name.casefold() in days for column in side.find_all(exp.Column))
        for side in (one.this, one.expression)
    )


def _one_line(error: BaseException) -> str:
    """DuckDB's message without its kind, its drawing of the place, and its advice."""
    text = str(error).split("\n\nLINE ")[0].split("\nLINE ")[0].split("\n\tCandidate functions")[0]
    text = text.split("\nPossible solutions")[0].split("\nCandidate bindings")[0]
    kind, _, rest = text.partition(": ")
    text = rest if kind.endswith("Error") else text
    return " ".join(text.split())[:240]


def _nearest(error: BaseException, query: Checked, relations: Sequence[Rows]) -> str:
    """The columns that are named most like one that is not there; all of them where there are few."""
    if not isinstance(error, duckdb.BinderException) or "column" not in str(error).casefold():
        return ""
    names = [c.name for one in relations if one.name in query.reads for c in one.columns]
    asked = {column.name for column in query.query.find_all(exp.Column)}
    missing = [name for name in asked if name.casefold() not in {known.casefold() for known in names}]
    near = {
        known
        for name in missing
        for known in names
        if known.casefold()
        in difflib.get_close_matches(name.casefold(), [one.casefold() for one in names], 3, 0.6)
    }
    shown = [name for name in dict.fromkeys(names) if name in near or not near]
    return f"; the columns {'nearest to it ' if near else ''}are {', '.join(map(quoted, shown[:12]))}"
