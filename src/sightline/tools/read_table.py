"""read_table(region?): the words of a table, each in its row and column, headers and title known."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.base import Picture
from sightline.tools.reading import Page, boxes_of, whole
from sightline.tools.recognise import Recogniser, RereadingTool, ink_in, with_unread
from sightline.tools.table_grid import GUTTER, Grid, grid_of, lines_of
from sightline.types import Box, Cell, Frame, Table, TextSpan, ToolResult, map_box


class TableReader(RereadingTool):
    """The tool `read_table`."""

    name = "read_table"
    reads = "table"

    def covers(self) -> str:
        """In one line, what it does."""
        return f"tables with rules or clear columns; {self._reader.covers()}"

    def __call__(self, picture: Picture, region: Box | None = None) -> Table | ToolResult:
        """Reads a table into rows and columns.

        Args:
            region: where to look; else everywhere
        """
        page = self.page(picture, region)
        table = table_of(page, self._recogniser) if page.spans else None
        if table is None:
            why = "there is print, but no two columns of it" if page.spans else "no print was found"
            return ToolResult(status="empty", payload=Table(partial=page.partial), message=why)
        return _carried(table, picture.frame).model_copy(update={"partial": page.partial})


def table_of(page: Page, recogniser: Recogniser) -> Table | None:
    """The table of a page in the page's frame; None where the print stands in no two columns.

    Raises `WorkerTimeout` and `WorkerFailed`.
    """
    page = with_unread(page, recogniser)
    height = page.height_of_text()
    grid = grid_of(page.pixels, page.boxes, height)
    if grid is None:
        return None
    page = _split(page, grid, recogniser)
    title = [span for span in page.spans if span.box.center[1] < grid.ys[0]]
    cells: dict[tuple[int, int], list[TextSpan]] = {}
    for span, box in zip(page.spans, page.boxes, strict=True):
        if grid.ys[0] <= span.box.center[1]:
            cells.setdefault(grid.cell_of(box), []).append(span)
    rows = [
        tuple(_cell(cells.get((r, c), []), page.pixels) for c in range(len(grid.xs) - 1))
        for r in range(len(grid.ys) - 1)
    ]
    rows = [row for row in rows if any(cell.text for cell in row)]
    return Table(
        title=_joined(title, page.pixels), header_rows=_header_rows(page, grid, rows), rows=tuple(rows)
    )


def _split(page: Page, grid: Grid, recogniser: Recogniser) -> Page:
    """The page with the runs that a rule or a wide gap parts read again, column by column."""
    height = page.height_of_text()
    kept, parts = [], []
    for span, box in zip(page.spans, page.boxes, strict=True):
        columns = grid.columns_of(box, 0.6 * height) if box[1] >= grid.ys[0] - height else []
        inner = [grid.xs[c] for c in columns[1:]]
        crossed = [
            x for x in inner if grid.ruled(x, box[1], box[3], 0.3 * height) or _gaps_at(page, box, x, height)
        ]
        if crossed:
            edges = [box[0], *crossed, box[2]]
            parts += [(a + 2, box[1], b - 2, box[3]) for a, b in pairwise(edges)]
        else:
            kept.append(span)
    again = recogniser.read(page, np.array(parts, float).reshape(-1, 4))
    return replace(page, spans=(*kept, *again))


def _gaps_at(page: Page, box: NDArray[np.float64], x: float, height: float) -> bool:
    """Whether a run of text has a gap at `x`, px, that is wider than between words."""
    printed = np.nonzero(ink_in(page.pixels, box).any(0))[0] + round(box[0])
    left, right = printed[printed < x], printed[printed >= x]
    return bool(len(left) and len(right)) and bool(right[0] - left[-1] > GUTTER * height)


def _cell(spans: list[TextSpan], pixels: Pixels) -> Cell:
    if not spans:
        return Cell()
    score = min(span.score for span in spans)
    return Cell(text=_joined(spans, pixels), score=score, box=whole([span.box for span in spans]))


def _joined(spans: list[TextSpan], pixels: Pixels) -> str:
    """The texts in reading order, set apart by spaces."""
    texts = []
    for line in lines_of(boxes_of(spans)):
        for k, n in enumerate(line):
            text = _spaced(spans[n], pixels)
            texts.append(text[1:].lstrip() if k and _share(spans[line[k - 1]], spans[n], pixels) else text)
    return " ".join(filter(None, texts))


def _share(one: TextSpan, other: TextSpan, pixels: Pixels) -> bool:
    """Whether two runs of digits lap over each other and both hold one digit, which is inked once."""
    left, right = (span.text.replace(" ", "") for span in (one, other))
    if not (left.isdigit() and right.isdigit() and left[-1] == right[0]):
        return False
    a, b = boxes_of([one, other])
    if a[2] <= b[0]:
        return False
    both = np.array([a[0], max(a[1], b[1]), max(a[2], b[2]), min(a[3], b[3])])
    return len(_strokes(pixels, both)) == len(left) + len(right) - 1


def _strokes(pixels: Pixels, box: NDArray[np.float64]) -> NDArray[np.int64]:
    """Where the inked columns of a box begin and end, px from its left, int64[n, 2]; rules are left out."""
    share = ink_in(pixels, box).mean(0)
    columns = np.concatenate([[False], (share > 0) & (share < 0.95), [False]])  # fuller ones are rules
    return np.nonzero(np.diff(columns.astype(int)))[0].reshape(-1, 2)


def _spaced(span: TextSpan, pixels: Pixels) -> str:
    """The digits of a run set apart where wide gaps stand between all of them, else the text as it is."""
    digits = span.text.replace(" ", "")
    if not (digits.isdigit() and len(digits) > 1):
        return span.text
    edges = _strokes(pixels, boxes_of([span])[0])
    gaps = edges[1:, 0] - edges[:-1, 1]
    wide = len(edges) == len(digits) and gaps.min() > 0.15 * span.box.height
    return " ".join(digits) if wide else span.text


def _header_rows(page: Page, grid: Grid, rows: list[tuple[Cell, ...]]) -> int:
    """1 where the first row names columns: words or years in it over other numbers, or another ground."""
    if len(rows) < 2:
        return 0
    numbers = [[_is_number(cell.text) for cell in row] for row in rows]
    columns = range(len(rows[0]))
    below = [sum(row[c] for row in numbers[1:]) >= 0.5 * len(rows[1:]) for c in columns]
    years = [
        _is_year(rows[0][c].text) and not any(_is_year(row[c].text) for row in rows[1:]) for c in columns
    ]
    named = any(below[c] and rows[0][c].text and (years[c] or not numbers[0][c]) for c in columns)
    against = any(below[c] and numbers[0][c] and not years[c] for c in columns)
    grounds = [_ground(page, grid.ys[n], grid.ys[n + 1]) for n in range(min(len(grid.ys) - 1, 4))]
    other = len(grounds) > 2 and min(np.abs(grounds[0] - g).max() for g in grounds[1:]) > 8
    return int((named and not against) or other)


def _ground(page: Page, top: float, bottom: float) -> NDArray[np.float64]:
    """The commonest colour of a row, float64[3]."""
    part = page.pixels[max(int(top) + 2, 0) : max(int(bottom) - 2, int(top) + 3)].reshape(-1, 3)
    return np.asarray(np.median(part, 0), float) if len(part) else np.zeros(3)


def _is_number(text: str) -> bool:
    return sum(c.isdigit() for c in text) > 0.4 * max(len(text.replace(" ", "")), 1)


def _is_year(text: str) -> bool:
    return bool(re.fullmatch(r"(?:19|20)\d\d", text.strip()))


def _carried(table: Table, frame: Frame) -> Table:
    """The table with its boxes in `frame`."""
    rows = tuple(
        tuple(cell.model_copy(update={"box": map_box(cell.box, frame)}) if cell.box else cell for cell in row)
        for row in table.rows
    )
    return table.model_copy(update={"rows": rows})
