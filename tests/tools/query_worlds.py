"""Findings for the tests of `query`, made by hand: what readers would have read."""

from __future__ import annotations

from collections.abc import Sequence

from sightline.tools.query import Book
from sightline.tools.relations import source_of
from sightline.tools.sql_engine import answer
from sightline.types import (
    Box,
    Cell,
    ChartData,
    ChartMark,
    Detection,
    Detections,
    DocumentField,
    Fields,
    Finding,
    Frame,
    Relation,
    Table,
)

FRAME = Frame(image="0" * 64, width=1000, height=1000)

TEAMS = [
    ["Team", "Points", "Pay", "Since"],
    ["Ants", "3", "$1,200", "January 3, 2009"],
    ["Bees", "5", "$900", "March 4, 2010"],
    ["Cats", "DNF", "$2,000", ""],
    ["Dogs", "5", "$1,000", "May 5, 2011"],
    ["José", "1", "$10.50", "May 6, 2011"],
]


def box(n: int, m: int = 0) -> Box:
    return Box(x1=10 * m, y1=10 * n, x2=10 * m + 9, y2=10 * n + 9, frame=FRAME)


def table(rows: Sequence[Sequence[str]] = TEAMS, *, header_rows: int = 1, score: float = 0.9) -> Table:
    return Table(
        header_rows=header_rows,
        rows=tuple(
            tuple(Cell(text=t, score=score, box=box(r, c)) if t else Cell() for c, t in enumerate(row))
            for r, row in enumerate(rows)
        ),
    )


def chart(
    values: dict[tuple[str, str], float], *, unit: str = "", colors: dict[str, str] | None = None
) -> ChartData:
    marks = tuple(
        ChartMark(category=category, series=series, value=value, score=0.8, box=box(n))
        for n, ((category, series), value) in enumerate(values.items())
    )
    return ChartData(chart="columns", unit=unit, marks=marks, confidence=0.8, colors=colors or {})


def fields(**named: tuple[str, float | str | None]) -> Fields:
    return Fields(
        items=tuple(
            DocumentField(name=name.replace("_", " "), text=text, value=value, score=0.95, box=box(n))
            for n, (name, (text, value)) in enumerate(named.items())
        )
    )


def objects(*named: tuple[str, str]) -> Detections:
    return Detections(
        query="objects",
        items=tuple(
            Detection(label=label, score=0.7, box=box(40 * n, 40 * n), attributes={"color": color})
            for n, (label, color) in enumerate(named)
        ),
    )


def asked(sql: str, *findings: Finding) -> Relation:
    """What a query gives over findings; it must not fail."""
    book = Book.of([source_of(one) for one in findings or [table()]])
    reply = answer(sql, book.relations, seconds=20)
    assert reply.status == "ok", reply.message
    return book.cited(reply)


def refused(sql: str, *findings: Finding) -> str:
    """Why a query is not run."""
    reply = answer(sql, Book.of([source_of(one) for one in findings or [table()]]).relations, seconds=20)
    assert reply.status == "refused", reply
    return reply.message


def texts(found: Relation) -> list[list[str]]:
    return [[value.text for value in row] for row in found.rows]


def cells(found: Relation, row: int = 0, column: int = 0) -> list[str]:
    """The prints of the cells that a value cites."""
    return [found.cited[n].text for n in found.rows[row][column].cells]


def reasons(found: Relation, row: int = 0) -> list[str]:
    return [found.cited[n].text for n in found.reasons[row]]
