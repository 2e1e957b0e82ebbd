"""Which documents lie on a page: receipts beside each other or one under the other.

Two of them are told from one with columns by their totals: each side has a label of a total and an amount
for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sightline.tools.document_layout import DATES, Spans, fits, height_of, pieces_of
from sightline.tools.document_totals import tax_tables
from sightline.tools.document_values import Style, money_in, style_of
from sightline.tools.document_words import PLAIN, amount_label, kinds_of
from sightline.tools.reading import boxes_of

FEWEST_ROWS, FEWEST_AMOUNTS = 4, 2
"""Rows and amounts of a document with a total."""

ACROSS = 0.03
"""The most of all runs that may lie across the white space between two documents.

Such a run is a title over both, or a speck.
"""

GAP = 2.0
"""Times the height of a line: the white space between a receipt and the next one under it."""


def documents_in(rows: Sequence[Spans]) -> list[Sequence[Spans]]:
    """The rows of each document, from left to right, then from top to bottom; one where there are no two."""
    if (x := _gutter(rows)) is not None:
        return [part for side in _sides(rows, x) for part in documents_in(side)]
    if (r := _foot(rows)) is not None:
        return [part for half in (rows[:r], rows[r:]) for part in documents_in(half)]
    return [rows]


def _sides(rows: Sequence[Spans], x: float) -> list[list[Spans]]:
    """The rows left and right of `x`, px."""
    left = [[s for s in row if (s.box.x1 + s.box.x2) / 2 < x] for row in rows]
    right = [[s for s in row if (s.box.x1 + s.box.x2) / 2 >= x] for row in rows]
    return [[row for row in side if row] for side in (left, right)]


def _gutter(rows: Sequence[Spans]) -> float | None:
    """The x, px, of the widest white space between two documents side by side.

    None where there is one document.
    """
    boxes = boxes_of([span for row in rows for span in row])
    if len(boxes) < 4 * FEWEST_ROWS:
        return None
    edges = np.unique(boxes[:, 2])
    starts = np.array([boxes[boxes[:, 0] > edge, 0].min(initial=np.inf) for edge in edges])
    middles, widths = (edges + starts) / 2, starts - edges
    for n in np.argsort(-widths):
        if not np.isfinite(middles[n]) or widths[n] < height_of(rows):
            continue
        across = (boxes[:, 0] < middles[n]) & (boxes[:, 2] > middles[n])
        if across.mean() <= ACROSS and all(_is_document(side) for side in _sides(rows, middles[n])):
            return float(middles[n])
    return None


def _foot(rows: Sequence[Spans]) -> int | None:
    """The row that another document begins with, below white space; None where there is none."""
    height = height_of(rows)
    for r in range(FEWEST_ROWS, len(rows) - FEWEST_ROWS + 1):
        above, below = rows[r - 1], rows[r]
        gap = min(span.box.y1 for span in below) - max(span.box.y2 for span in above)
        if gap > GAP * height and all(_is_document(part, dated=True) for part in (rows[:r], rows[r:])):
            return r
    return None


def _is_document(rows: Sequence[Spans], *, dated: bool = False) -> bool:
    """Whether rows have a total with an amount, and other amounts; `dated`: a date or a number, too."""
    style = style_of([span.text for row in rows for span in row])
    amounts = sum(any(money_in(span.text, style) for span in row) for row in rows)
    if len(rows) < FEWEST_ROWS or amounts < FEWEST_AMOUNTS or not _has_total(rows, style):
        return False
    return not dated or any(_is_dated(row, style) for row in rows)


def _has_total(rows: Sequence[Spans], style: Style) -> bool:
    """Whether a total is labelled beside an amount, outside of a table of taxes."""
    pieces = [pieces_of(row, style) for row in rows]
    tables = tax_tables(pieces, style)
    for r, row in enumerate(pieces):
        for n, label in enumerate(row):
            said = amount_label(label.text)
            paid = any(fits("total", piece.text, style) for piece in row[n + 1 :])
            if paid and r not in tables and said and said.kind == "total" and said.strength >= PLAIN:
                return True
    return False


def _is_dated(row: Spans, style: Style) -> bool:
    if any(fits("date", span.text) for span in row):
        return True
    return any(set(kinds_of(piece.text)) & (DATES | {"invoice number"}) for piece in pieces_of(row, style))
