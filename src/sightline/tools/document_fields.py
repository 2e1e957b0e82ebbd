"""What a document says: its labels with their values, what these are, and what was bought.

Pure: spans in, fields out. What is known comes first, by what it is (company, date, total, ...); then every
label as it is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sightline.tools.document_head import head_of
from sightline.tools.document_heads import heads_of
from sightline.tools.document_items import SUMMED, adds_up, items_of
from sightline.tools.document_known import Page, known
from sightline.tools.document_labels import Found, labels_of
from sightline.tools.document_layout import DATES, NUMBERS, Spans, fits, is_form, pieces_of, rows_in
from sightline.tools.document_parts import documents_in
from sightline.tools.document_totals import Sum, sums_of, tax_tables, total_of
from sightline.tools.document_turn import back, turn_of, turned
from sightline.tools.document_values import amount_in, days_in, style_of
from sightline.tools.document_words import plain
from sightline.types import Box, DocumentField, LineItem, TextSpan

CALLS = frozenset(("phone", "fax", "time"))
"""Kinds that are written in digits and are no numbers, as those of `NUMBERS`."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read: fields, what they are first; and items from top to bottom."""

    fields: tuple[DocumentField, ...] = ()
    lines: tuple[LineItem, ...] = ()

    def moved(self, move: Callable[[Box], Box]) -> Reading:
        """The same with every box moved."""
        return Reading(
            fields=tuple(field.model_copy(update={"box": move(field.box)}) for field in self.fields),
            lines=tuple(_moved(line, move) for line in self.lines),
        )


def _moved(line: LineItem, move: Callable[[Box], Box]) -> LineItem:
    parts = {name: getattr(line, name) for name in ("name", "quantity", "price", "amount")}
    moved = {name: part.model_copy(update={"box": move(part.box)}) for name, part in parts.items() if part}
    return line.model_copy(update={**moved, "box": move(line.box)})


def read_spans(spans: Sequence[TextSpan]) -> Reading:
    """Every document on a page, one after the other: spans as a reader gives them, in reading order.

    A page that lies on its side is read as if it stood; boxes are given where they lie.
    """
    if not (turn := turn_of(spans)):
        return _read(spans)
    upright = [span.model_copy(update={"box": turned(span.box, turn)}) for span in spans]
    frame = spans[0].box.frame
    return _read(upright).moved(lambda box: back(box, turn, frame))


def _read(spans: Sequence[TextSpan]) -> Reading:
    read = [_document(rows) for rows in documents_in(rows_in(spans))]
    return Reading(
        fields=tuple(field for one in read for field in one.fields),
        lines=tuple(line for one in read for line in one.lines),
    )


def _document(rows: Sequence[Spans]) -> Reading:
    page = _page(rows)
    items, bought = items_of(rows, page.style)
    labelled = [one for one in page.found if one.row not in bought]
    sums = sums_of(labelled, page.style)
    used = {id(span) for one in page.found if _meant(one, page) for span in one.spans}
    above = page.rows[: min(bought, default=len(rows))]
    head = head_of(above, page.style, used, traded=bool(sums or items))
    fields = known(page, head, sums, total_of(sums, items))
    printed = [field for one in labelled if one.text and not _said(field := _printed(one, page), fields)]
    return Reading(fields=(*fields, *printed), lines=tuple(_surer(items, sums)))


def _page(rows: Sequence[Spans]) -> Page:
    style = style_of([span.text for row in rows for span in row])
    form = is_form(rows)
    pieces = [pieces_of(row, style, form=form) for row in rows]
    tables = tax_tables(pieces, style)
    heads = {r for r, row in enumerate(rows) if heads_of(row)}
    found = [one for one in labels_of(pieces, style, heads | tables) if not _is_part(one)]
    return Page(style=style, read=rows, rows=pieces, found=found, tables=frozenset(tables))


def _is_part(one: Found) -> bool:
    """Whether what looks like a label is a part of something else: `No` of a house's number in an address."""
    return plain(one.name) == "no" and not fits("invoice number", one.text)


def _meant(one: Found, page: Page) -> bool:
    """Whether a value is of a kind that its label says."""
    return any(kind and fits(kind, one.text, page.style) for kind in one.kinds)


def _printed(one: Found, page: Page) -> DocumentField:
    """A label with its value, as printed and, where it is a number or a date, as such."""
    value: float | str | None = None
    if dates := days_in(one.text, compact=bool(set(one.kinds) & DATES)):
        day = page.days[dates[0].text].value
        value = day.isoformat() if day else None
    elif not any(kind in NUMBERS | CALLS and fits(kind, one.text, page.style) for kind in one.kinds):
        value = amount_in(one.text, page.style)
        if value is None and re.fullmatch(r"\d{1,9}(?:\.\d+)?", one.text):
            value = float(one.text)
    return DocumentField(name=one.name, text=one.text, value=value, score=one.score, box=one.box)


def _said(field: DocumentField, others: Sequence[DocumentField]) -> bool:
    """Whether a field of that name is given already, of the same print or a part of it."""
    same = (other for other in others if field.name.casefold() == other.name)
    return any(field.box.intersection(other.box) > 0 for other in same)


def _surer(items: list[LineItem], sums: Sequence[Sum]) -> list[LineItem]:
    """The items, surer where they add up to a sum that is printed."""
    taxes = [s.value for s in sums if s.kind == "tax"]
    if not any(adds_up(items, s.value, taxes) for s in sums if s.kind in ("total", "subtotal", "net")):
        return items
    return [item.model_copy(update={"score": max(item.score, SUMMED)}) for item in items]
