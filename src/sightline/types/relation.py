"""What `query` answers: rows of typed values, each of which cites the printed cells that it came from."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sightline.types.findings import Finding
from sightline.types.geometry import Box, BoxFormat, Model, fit_lines


class CitedCell(Model):
    """One printed cell (of a table, a mark of a chart, a field, an object) that a result came from."""

    text: str = Field(description="as printed; of a mark or an object, what was read or measured")
    source: str = Field(description="the relation that it stands in: table, chart, document, objects")
    box: Box | None = None
    score: float = Field(ge=0, le=1)
    unit: str = Field(default="", description="of the number that it is")


class RelationValue(Model):
    """One value of a result.

    `text` is what is printed where the value is a cell, else the value written out; a number keeps all its
    digits in both.
    """

    kind: Literal["number", "text", "day", "time", "bool", "nothing"]
    text: str = ""
    value: bool | int | float | str | None = Field(
        default=None, description="a day as YYYY-MM-DD, a time of the day as HH:MM:SS; None: nothing"
    )
    unit: str = Field(default="", description="that of the cells it came from, where they share one")
    cells: tuple[int, ...] = Field(default=(), description="what it was computed from: indices into `cited`")


class Relation(Finding):
    """The rows that a query gave."""

    kind: Literal["relation"] = "relation"
    columns: tuple[str, ...]
    rows: tuple[tuple[RelationValue, ...], ...] = ()
    reasons: tuple[tuple[int, ...], ...] = Field(
        default=(),
        description="of each row, the cells that filters and orders looked at: indices into `cited`",
    )
    cited: tuple[CitedCell, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no row, or nothing but empty values, came of the query."""
        return all(value.kind == "nothing" for row in self.rows for value in row)

    def boxes(self) -> list[Box]:
        """Of the cells that the values came from, in the order of the rows, then of what chose the rows."""
        order = [cell for row in self.rows for value in row for cell in value.cells]
        order += [cell for row in self.reasons for cell in row]
        found = [self.cited[n].box for n in dict.fromkeys(order)]
        return list(dict.fromkeys(box for box in found if box is not None))

    def to_text(self, budget: int = 4000, *, place: BoxFormat | None = None) -> str:
        """The columns, then a line a row, values set apart by ` | `; `place` writes each row's first box."""
        lines = [" | ".join(self.columns)] if len(self.columns) > 1 or not self.rows else []
        for row in self.rows:
            cells = [self.cited[n].box for value in row for n in value.cells]
            box = next((box for box in cells if box is not None), None)
            before = place(box) + " " if place and box is not None else ""
            lines.append(before + " | ".join(map(_said, row)))
        return fit_lines(lines, budget)


def _said(value: RelationValue) -> str:
    """The text, with the unit where the text does not say it."""
    if value.kind != "number" or not value.unit or value.unit in value.text:
        return value.text
    return f"{value.unit}{value.text}" if value.unit in tuple("$€£¥") else f"{value.text} {value.unit}"
