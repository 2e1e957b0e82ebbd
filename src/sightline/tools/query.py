"""query(sql): one SELECT over what other tools find in the picture; every value cites its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from importlib.metadata import version

from sightline.errors import InputError
from sightline.tools.base import LongText, Picture, Tool, Unsupported
from sightline.tools.clock import seconds_left
from sightline.tools.guard import use
from sightline.tools.relations import NAMES, Rows, Slot, Source, source_of
from sightline.tools.sql_reply import MOST_ROWS, Flags, Plain, Reply
from sightline.tools.worker import Worker
from sightline.types import ChartData, Detections, Fields, Finding, Table
from sightline.types.relation import CitedCell, Relation, RelationValue

RESERVE_S = 0.5
"""Of the call's time: a query is interrupted this long before its process would be killed."""

_RETURNS: dict[str, type[Finding]] = {
    "read_table": Table,
    "read_chart": ChartData,
    "read_document": Fields,
    "detect": Detections,
}


class Query(Tool):
    """The tool `query`."""

    name = "query"

    def __init__(self, read_table: Tool, read_chart: Tool, read_document: Tool, detect: Tool) -> None:
        """The tools that the relations are read by; nothing is loaded yet."""
        self._tools = {
            "read_table": read_table,
            "read_chart": read_chart,
            "read_document": read_document,
            "detect": detect,
        }
        self._worker = Worker("sightline.tools.sql_engine:load", memory_limit_mb=1536)

    @property
    def version(self) -> str:
        """Of DuckDB, and of the tools that it asks."""
        return ", ".join([f"duckdb {version('duckdb')}", *(tool.version for tool in self._tools.values())])

    @property
    def weights(self) -> str:
        """Of the tools that it asks."""
        return " ".join(tool.weights for tool in self._tools.values() if tool.weights)

    def covers(self) -> str:
        """In one line, what it can do."""
        return f"one SELECT of DuckDB's SQL over {', '.join(NAMES)}; {MOST_ROWS} rows at most"

    def __call__(self, picture: Picture, sql: LongText) -> Relation:
        """Answers one SELECT (SQL) over what is read in the picture, and cites its cells.

        Relations, read when they are named: "table", chart, document, objects, with columns named as printed
        (in double quotes), typed DOUBLE, DATE, TIME or TEXT, and row_no, their order. A chart has
        category and value (or a column for each series); a document is one row; objects have class, color,
        size, place, area, x, y, width, height, score. Each has a long form, a row for each cell: table_cells,
        chart_cells, document_cells, object_cells (row_no, row_name, column_name, text, value, unit, day,
        score, cell). A stem-and-leaf plot has leaves (row_no, stem, leaf, value). Texts compare without case
        and accents.

        Args:
            sql: such as SELECT "Team" FROM "table" WHERE "Points" > 5 ORDER BY "Points" DESC LIMIT 1
        """
        looked = _or_raised(self._worker.call(sql))
        readers = dict.fromkeys(NAMES[name] for name in looked.reads)
        sources = [self._read(reader, picture, looked.classes) for reader in readers]
        book = Book.of(sources)
        seconds = max(seconds_left() - RESERVE_S, 0.1)
        reply = _or_raised(self._worker.call(sql, book.relations, seconds))
        return book.cited(reply)

    def warm(self) -> None:
        """Load DuckDB; the tools that it asks load when they are asked."""
        self._worker.warm()

    def close(self) -> None:
        """Kill the process; a later call starts another."""
        self._worker.close()

    def _read(self, reader: str, picture: Picture, classes: Sequence[str]) -> Source:
        """What a tool finds, as relations. Raises as `use` does, so that its failure is the query's."""
        tool = self._tools[reader]
        if reader != "detect":
            found = use(tool, picture, _RETURNS[reader])
            if found.is_empty:
                raise Unsupported(f"{reader} found no {reader.removeprefix('read_')} in the picture")
            return source_of(found)
        for name in classes:  # a class that the detector does not know is not one of which there is none
            use(tool, picture, Detections, query=name)
        return source_of(use(tool, picture, Detections, query="objects"))


def _or_raised(reply: Reply) -> Reply:
    if reply.status == "refused":
        raise InputError(reply.message)
    if reply.status == "timeout":
        raise TimeoutError(reply.message)
    return reply


@dataclass(frozen=True, kw_only=True)
class Book:
    """The cells of all sources of a query, numbered through, and the relations over them."""

    cells: tuple[CitedCell, ...]
    relations: tuple[Rows, ...]
    partial: str = ""
    score: float | None = None

    @classmethod
    def of(cls, sources: Sequence[Source]) -> Book:
        """One book of several sources."""
        cells: list[CitedCell] = []
        relations: list[Rows] = []
        for source in sources:
            relations += [_moved(one, len(cells)) for one in source.relations]
            cells += source.cells
        partial = "; ".join(filter(None, (source.partial for source in sources)))
        return cls(cells=tuple(cells), relations=tuple(relations), partial=partial)

    def cited(self, reply: Reply) -> Relation:
        """A reply as a finding, with those cells alone that it came from."""
        used: dict[int, int] = {}

        def renumbered(cells: Sequence[int]) -> tuple[int, ...]:
            return tuple(used.setdefault(n, len(used)) for n in cells)

        rows = tuple(
            tuple(
                self._value(value, of, flags, renumbered(of))
                for value, of, flags in zip(values, cells, reply.flags, strict=True)
            )
            for values, cells, _ in reply.rows
        )
        reasons = tuple(renumbered(why) for _, _, why in reply.rows)
        cited = tuple(self.cells[n] for n in used)
        left_out = f"{reply.more} more rows" if reply.more else ""
        scores = [cell.score for cell in cited or self.cells]
        return Relation(
            columns=reply.names,
            rows=rows,
            reasons=reasons,
            cited=cited,
            partial="; ".join(filter(None, (self.partial, left_out))),
            score=min(scores, default=None),
        )

    def _value(
        self, value: Plain, cells: Sequence[int], flags: Flags, cited: tuple[int, ...]
    ) -> RelationValue:
        """A value as typed and, where it is a cell, as printed."""
        prints = {self.cells[n].text for n in cells} if flags.printed else set()
        text = prints.pop() if len(prints) == 1 else _written(value)
        unit = "days" if flags.days else self._unit(cells) or flags.named if flags.unit else ""
        match value:
            case None:  # a cell that holds print, though none of its column's kind
                kept = text if flags.printed and cells else ""
                return RelationValue(
                    kind="text" if kept else "nothing", text=kept, value=kept or None, cells=cited
                )
            case bool():
                return RelationValue(kind="bool", text="yes" if value else "no", value=value, cells=cited)
            case int() | float():
                return RelationValue(kind="number", text=text, value=value, unit=unit, cells=cited)
            case date():
                return RelationValue(kind="day", text=text, value=value.isoformat(), cells=cited)
            case time():
                return RelationValue(kind="time", text=text, value=value.isoformat(), cells=cited)
            case str():
                return RelationValue(kind="text", text=text, value=text if prints else value, cells=cited)

    def _unit(self, cells: Sequence[int]) -> str:
        """The unit of some cells, where those that have one agree."""
        units = {self.cells[n].unit for n in cells} - {""}
        return units.pop() if len(units) == 1 else ""


def _moved(rows: Rows, by: int) -> Rows:
    """A relation with its cells numbered from `by`."""
    if not by:
        return rows
    moved = tuple(
        tuple(Slot(value=slot.value, text=slot.text, cells=tuple(n + by for n in slot.cells)) for slot in row)
        for row in rows.rows
    )
    return Rows(name=rows.name, columns=rows.columns, rows=moved)


def _written(value: Plain) -> str:
    """A value as text; numbers with all the digits that a float holds for sure."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    return "" if value is None else str(value)
