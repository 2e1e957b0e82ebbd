"""What tools found as relations that SQL can be asked of; each value knows the printed cells that it is from.

Every finding becomes two relations. The wide one has a row for each row that is printed (a category of a
chart, an object; a document is one row) and columns named as printed, typed. The long one has a row for each
cell, always of the same columns (`LONG`):

    row_no       INTEGER  the row of the wide relation, from 1
    row_name     TEXT     the first text of that row (category, label, class)
    column_name  TEXT     the column of the wide relation
    text         TEXT     as printed
    value        DOUBLE   the number that it is
    unit         TEXT     of that number, as printed
    day          DATE     the day that it is
    score        DOUBLE   how sure its reading is, 0..1
    cell         INTEGER  its number on the page

A stem-and-leaf plot is a third one too, `leaves`, with a row for each leaf (`LEAVES`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import pairwise
from typing import Literal

from sightline.tools.places import place_of
from sightline.tools.reading import whole
from sightline.tools.typed_columns import NOTHING, Meaning, TypedColumn, typed_columns
from sightline.types import Cell, ChartData, ChartMark, Detections, Fields, Finding, Table
from sightline.types.relation import CitedCell

Kind = Literal["number", "integer", "text", "day", "time"]
Value = float | int | str | date | time | None

SQL_TYPES: dict[Kind, str] = {
    "number": "DOUBLE",
    "integer": "INTEGER",
    "text": "TEXT",
    "day": "DATE",
    "time": "TIME",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column's name, the kind of its values, and their unit, where most have one.

    `printed`: its values are what their cells say, as a whole; `mixed`: each cell may have its own unit.
    """

    name: str
    kind: Kind = "text"
    unit: str = ""
    printed: bool = True
    mixed: bool = False


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A value at a row and column: typed, as printed, and the cells that it is from (indices)."""

    value: Value = None
    text: str = ""
    cells: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A relation: its name, columns and rows of slots."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Slot, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one tool found: the cells that can be cited, the relations over them, and what was not read."""

    cells: tuple[CitedCell, ...]
    relations: tuple[Rows, ...]
    partial: str = ""


NAMES: dict[str, str] = {
    "table": "read_table",
    "table_cells": "read_table",
    "leaves": "read_table",
    "chart": "read_chart",
    "chart_cells": "read_chart",
    "document": "read_document",
    "document_cells": "read_document",
    "objects": "detect",
    "object_cells": "detect",
}
"""The relations, and the tool that each is read by."""

ROW = Column(name="row_no", kind="integer", printed=False)
LONG = (
    ROW,
    Column(name="row_name"),
    Column(name="column_name"),
    Column(name="text"),
    Column(name="value", kind="number", mixed=True),
    Column(name="unit", printed=False),
    Column(name="day", kind="day"),
    Column(name="score", kind="number", printed=False),
    Column(name="cell", kind="integer", printed=False),
)


def source_of(finding: Finding) -> Source:
    """The relations of what `read_table`, `read_chart`, `read_document` or `detect` found."""
    match finding:
        case Table():
            return _table(finding)
        case ChartData():
            return _chart(finding)
        case Fields():
            return _document(finding)
        case Detections():
            return _objects(finding)
    raise TypeError(f"{type(finding).__name__} holds no relation")


def schema_text(source: Source | Finding, budget: int = 600) -> str:
    """Relations with columns and types, such as `"table": row_no INTEGER, "Points" DOUBLE, "Team" TEXT`.

    A line a relation, at most `budget` characters; a unit stands behind the type of its column.
    """
    source = source if isinstance(source, Source) else source_of(source)
    lines = []
    for relation in source.relations:
        columns = (
            f"{quoted(c.name)} {SQL_TYPES[c.kind]}" + (f" {c.unit}" if c.unit else "")
            for c in relation.columns
        )
        lines.append(f"{quoted(relation.name)}: {', '.join(columns)}")
    return "\n".join(lines)[:budget]


def quoted(name: str) -> str:
    """A name as SQL takes it: in quotes unless it is a plain word in small letters."""
    plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in ("table", "column", "order", "group")
    return name if plain else '"' + name.replace('"', '""') + '"'


# Tables.


def _table(table: Table) -> Source:
    grid = table.rows
    heads, body = grid[: table.header_rows], grid[table.header_rows :]
    cells, numbers = _numbered("table", grid)
    width = len(grid[0]) if grid else 0
    names = unique(" ".join(filter(None, (row[c].text for row in heads))) for c in range(width))
    typed = typed_columns([[row[c].text for row in body] for c in range(width)])
    ids = [[_ids(numbers, (r + len(heads), c)) for c in range(width)] for r in range(len(body))]
    headers = [tuple(n for r in range(len(heads)) for n in _ids(numbers, (r, c))) for c in range(width)]
    columns = [
        [_slot(body[r][c].text, typed[c].cells[r], typed[c], ids[r][c]) for r in range(len(body))]
        for c in range(width)
    ]
    made = [Column(name=n, kind=t.kind, unit=t.unit) for n, t in zip(names, typed, strict=True)]
    wide = _wide("table", made, columns)
    long = _long("table_cells", made, columns, typed, headers, cells)
    leaves, unread = _leaves(made, columns)
    return Source(
        cells=_with_units(cells, columns, typed),
        relations=(wide, long, *leaves),
        partial="; ".join(filter(None, (table.partial, unread))),
    )


def _numbered(
    source: str, grid: Sequence[Sequence[Cell]]
) -> tuple[tuple[CitedCell, ...], dict[tuple[int, int], int]]:
    """The cells with print in them, and the index of each by row and column."""
    cells: list[CitedCell] = []
    numbers: dict[tuple[int, int], int] = {}
    for r, row in enumerate(grid):
        for c, cell in enumerate(row):
            if cell.text:
                numbers[r, c] = len(cells)
                cells.append(CitedCell(text=cell.text, source=source, box=cell.box, score=cell.score))
    return tuple(cells), numbers


def _with_units(
    cells: Sequence[CitedCell], slots: Sequence[Sequence[Slot]], typed: Sequence[TypedColumn]
) -> tuple[CitedCell, ...]:
    """The cells, each with the unit of its number."""
    units = {
        n: meaning.unit
        for column, of in zip(slots, typed, strict=True)
        for slot, meaning in zip(column, of.cells, strict=True)
        for n in slot.cells
        if meaning.unit
    }
    return tuple(
        cell.model_copy(update={"unit": units[n]}) if n in units else cell for n, cell in enumerate(cells)
    )


def _ids(numbers: dict[tuple[int, int], int], at: tuple[int, int]) -> tuple[int, ...]:
    return (numbers[at],) if at in numbers else ()


def unique(names: Iterable[str]) -> list[str]:
    """Names of columns: none empty (`column_2`), none twice, whatever their case (`Total`, `total_2`)."""
    found: list[str] = []
    taken = {"row_no"}
    for n, name in enumerate(names, 1):
        plain = first = " ".join(name.split()) or f"column_{n}"
        number = 2
        while plain.casefold() in taken:
            plain, number = f"{first}_{number}", number + 1
        taken.add(plain.casefold())
        found.append(plain)
    return found


LEAVES = (
    ROW,
    Column(name="stem", kind="number", printed=False),
    Column(name="leaf", kind="number", printed=False),
    Column(name="value", kind="number", printed=False),
)
"""Of a stem-and-leaf plot, a row for each leaf: 3 | 5 is the stem 3, the leaf 5 and the value 35."""


def _leaves(columns: Sequence[Column], slots: Sequence[Sequence[Slot]]) -> tuple[list[Rows], str]:
    """The leaves of a stem-and-leaf plot, with the cells that they stand in; what was not read of them.

    Of any other table there are none.
    """
    if not _is_plot(columns, slots):
        return [], ""
    rows: list[tuple[Slot, ...]] = []
    unread = 0
    for stem, leaf in zip(*slots, strict=True):
        tens = stem.text.strip()
        unread += not (tens.isdecimal() and re.fullmatch(r"[\d\s,;.]*", leaf.text))
        for digit in re.findall(r"\d", leaf.text) if tens.isdecimal() else []:
            value = int(tens + digit)
            rows.append(
                (
                    Slot(value=len(rows) + 1),
                    Slot(value=float(tens), text=str(int(tens)), cells=stem.cells),
                    Slot(value=float(digit), text=str(int(digit)), cells=leaf.cells),
                    Slot(value=float(value), text=str(value), cells=(*stem.cells, *leaf.cells)),
                )
            )
    partial = f"stems or leaves of {unread} rows that are no digits" if unread else ""
    return [Rows(name="leaves", columns=LEAVES, rows=tuple(rows))], partial


def _is_plot(columns: Sequence[Column], slots: Sequence[Sequence[Slot]]) -> bool:
    """Whether two columns are stems and leaves, by both heads or by the first one and what stands below.

    Below the head of stems, whole numbers ascend; beside them stand single digits, set apart, or nothing.
    """
    heads = [column.name.casefold() for column in columns]
    if len(heads) != 2 or not re.search(r"\bstems?\b", heads[0]):
        return False
    if heads[0] in ("stem", "stems") and heads[1] in ("leaf", "leaves"):
        return True
    stems, leaves = ([slot.text.strip() for slot in column] for column in slots)
    ascend = all(stem.isdecimal() for stem in stems) and all(int(a) < int(b) for a, b in pairwise(stems))
    single = all(re.fullmatch(r"(?:\d(?:[\s,;]+\d)*)?", leaf) for leaf in leaves)
    return ascend and single and any(len(leaf) > 1 for leaf in leaves)


# Charts.


def _chart(chart: ChartData) -> Source:
    categories = list(dict.fromkeys(mark.category for mark in chart.marks))
    series = list(dict.fromkeys(mark.series for mark in chart.marks))
    by_name: dict[tuple[str, str], list[ChartMark]] = {}
    for mark in chart.marks:
        by_name.setdefault((mark.category, mark.series), []).append(mark)
    rows = [
        (name, n) for name in categories for n in range(max(len(by_name.get((name, s), [])) for s in series))
    ]
    cells: list[CitedCell] = []

    def cited(text: str, marks: Sequence[ChartMark]) -> tuple[int, ...]:
        box, score = whole([m.box for m in marks]), min(m.score for m in marks)
        cells.append(CitedCell(text=text, source="chart", box=box, score=score))
        return (len(cells) - 1,)

    (typed,) = typed_columns([[name for name, _ in rows]])
    firsts, columns = [], [list[Slot]() for _ in series]
    for r, (name, n) in enumerate(rows):
        found = [by_name.get((name, s), [])[n : n + 1] for s in series]
        ids = cited(name, [mark for marks in found for mark in marks]) if name else ()
        firsts.append(_slot(name, typed.cells[r], typed, ids))
        for column, marks in zip(columns, found, strict=True):
            text = f"{marks[0].value:.15g}" if marks else ""
            column.append(
                Slot(value=marks[0].value, text=text, cells=cited(text, marks)) if marks else Slot()
            )
    names = unique(["category", *(name or "value" for name in series)])
    made = [Column(name=names[0], kind=typed.kind, unit=typed.unit)]
    made += [Column(name=name, kind="number", unit=chart.unit) for name in names[1:]]
    values = [_measured(column, chart.unit) for column in columns]
    slots = [firsts, *columns]
    if len(series) == 1 and any(name in chart.colors for name in categories):
        made.append(Column(name="color", printed=False))
        slots.append(
            [
                Slot(value=c, text=c, cells=f.cells) if (c := chart.colors.get(f.text, "")) else Slot()
                for f in firsts
            ]
        )
        values.append(TypedColumn(kind="text", cells=(NOTHING,) * len(firsts)))
    long = _long("chart_cells", made, slots, [typed, *values], [()] * len(made), cells)
    shown = _with_units(cells, slots, [typed, *values])
    return Source(cells=shown, relations=(_wide("chart", made, slots), long), partial=chart.partial)


def _measured(column: Sequence[Slot], unit: str) -> TypedColumn:
    """The meanings of values that are numbers already."""
    cells = tuple(
        Meaning(number=slot.value, unit=unit) if isinstance(slot.value, float) else NOTHING for slot in column
    )
    return TypedColumn(kind="number", cells=cells, unit=unit)


# Documents and objects.


def _document(fields: Fields) -> Source:
    cells = tuple(CitedCell(text=f.text, source="document", box=f.box, score=f.score) for f in fields.items)
    names = unique(field.name for field in fields.items)
    typed = typed_columns([[field.text] for field in fields.items])
    columns, made = [], []
    for n, (name, field, of) in enumerate(zip(names, fields.items, typed, strict=True)):
        meaning = _told(field.value, of.cells[0])
        kind: Kind = "number" if meaning.number is not None else "day" if meaning.day else of.kind
        typed[n] = TypedColumn(kind="text" if kind == "integer" else kind, cells=(meaning,), unit=of.unit)
        made.append(Column(name=name, kind=kind, unit=of.unit))
        columns.append([_slot(field.text, meaning, typed[n], (n,))])
    long = _long("document_cells", made, columns, typed, [()] * len(made), cells, by_column=True)
    shown = _with_units(cells, columns, typed)
    return Source(cells=shown, relations=(_wide("document", made, columns), long), partial=fields.partial)


def _told(value: float | str | None, read: Meaning) -> Meaning:
    """What `read_document` made of a field, which is more than what was `read` in its text alone."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return Meaning(day=date.fromisoformat(value))
    return Meaning(number=value) if isinstance(value, float) and read.number is None else read


def _objects(found: Detections) -> Source:
    cells = tuple(CitedCell(text=d.name(), source="objects", box=d.box, score=d.score) for d in found.items)
    names = [
        "class",
        *dict.fromkeys(["color", "size", *(a for d in found.items for a in d.attributes)]),
        "place",
    ]
    measures = {"area": "px²", "x": "px", "y": "px", "width": "px", "height": "px", "score": ""}
    columns: list[list[Slot]] = [[] for _ in (*names, *measures)]
    for n, one in enumerate(found.items):
        words = {"class": one.label, **one.attributes, "place": place_of(one.box)}
        x, y = one.box.center
        numbers = (one.box.area, x, y, one.box.width, one.box.height, one.score)
        for column, name in zip(columns, names, strict=False):
            text = words.get(name, "")
            column.append(Slot(value=text or None, text=text, cells=(n,)))
        for column, value in zip(columns[len(names) :], numbers, strict=True):
            column.append(Slot(value=round(value, 3), text=f"{round(value, 3):.15g}", cells=(n,)))
    made = [Column(name=name, printed=False) for name in names]
    made += [Column(name=name, kind="number", unit=unit, printed=False) for name, unit in measures.items()]
    typed = [_measured(column, c.unit) for column, c in zip(columns, made, strict=True)]
    long = _long("object_cells", made, columns, typed, [()] * len(made), cells)
    return Source(cells=cells, relations=(_wide("objects", made, columns), long), partial=found.partial)


# What they share.


def _slot(text: str, meaning: Meaning, column: TypedColumn, cells: tuple[int, ...]) -> Slot:
    """A value of the column's kind; None where the cell is of another."""
    values: dict[str, Value] = {
        "number": meaning.number,
        "day": meaning.day,
        "time": meaning.time,
        "text": text or None,
    }
    return Slot(value=values[column.kind], text=text, cells=cells)


def _wide(name: str, columns: Sequence[Column], slots: Sequence[Sequence[Slot]]) -> Rows:
    rows = zip(*slots, strict=True)
    return Rows(
        name=name,
        columns=(ROW, *columns),
        rows=tuple((Slot(value=n), *row) for n, row in enumerate(rows, 1)),
    )


def _long(
    name: str,
    columns: Sequence[Column],
    slots: Sequence[Sequence[Slot]],
    typed: Sequence[TypedColumn],
    headers: Sequence[tuple[int, ...]],
    cells: Sequence[CitedCell],
    *,
    by_column: bool = False,
) -> Rows:
    """The long form; `by_column`: a row is named as its column is (of a document, which is one row)."""
    rows = []
    for r, row in enumerate(zip(*slots, strict=True)):
        named = next((slot for slot in row if slot.text and not _is_number(slot.text)), row[0])
        for c, slot in enumerate(row):
            if not slot.cells:
                continue
            meaning, ids = typed[c].cells[r], slot.cells
            column = Slot(value=columns[c].name, text=columns[c].name, cells=headers[c])
            rows.append(
                (
                    Slot(value=r + 1),
                    column if by_column else Slot(value=named.text, text=named.text, cells=named.cells),
                    column,
                    Slot(value=slot.text, text=slot.text, cells=ids),
                    Slot(value=meaning.number, text=slot.text, cells=ids),
                    Slot(value=meaning.unit or None, text=meaning.unit, cells=ids),
                    Slot(value=meaning.day, text=slot.text, cells=ids),
                    Slot(value=min(cells[n].score for n in ids), cells=ids),
                    Slot(value=ids[0], cells=ids),
                )
            )
    return Rows(name=name, columns=LONG, rows=tuple(rows))


def _is_number(text: str) -> bool:
    return not any(map(str.isalpha, text))
