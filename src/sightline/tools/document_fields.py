"""What a document says: its labels with their values, what these are, and what was bought.

Pure: spans in, fields out. Every field is given by the name printed beside it; what is known (company, date,
total, ...) once more by that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sightline.tools.document_head import Head, head_of
from sightline.tools.document_items import SUMMED, adds_up, heads_of, items_of
from sightline.tools.document_labels import ALONE, Found, labels_of
from sightline.tools.document_layout import (
    DATES,
    NUMBERS,
    Row,
    Spans,
    cut_out,
    fits,
    is_form,
    pieces_of,
    rows_in,
)
from sightline.tools.document_parts import documents_in
from sightline.tools.document_totals import Sum, parts_of, sums_of, tax_in, tax_tables, total_of
from sightline.tools.document_turn import back, turn_of, turned
from sightline.tools.document_values import Day, amount_in, days_in, phones_in, settled, style_of, times_in
from sightline.tools.document_words import plain
from sightline.tools.reading import whole
from sightline.types import Box, DocumentField, TextSpan
from sightline.types.documents import LineItem

CALLS = frozenset(("phone", "fax", "time"))
"""Kinds that are written in digits and are no numbers, as those of `NUMBERS`."""

NAMED = ("invoice number", "order number", "customer number", "email", "fax", "tax id", "bill to", "ship to")
"""Kinds that are known by their label alone."""


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
    read = [_Document(rows).read() for rows in documents_in(rows_in(spans))]
    return Reading(
        fields=tuple(field for one in read for field in one.fields),
        lines=tuple(line for one in read for line in one.lines),
    )


class _Document:
    """One document: its rows, and what is found in them step by step."""

    def __init__(self, rows: Sequence[Spans]) -> None:
        self._style = style = style_of([span.text for row in rows for span in row])
        self._read = rows
        self._rows: list[Row] = [pieces_of(row, style, form=is_form(rows)) for row in rows]
        heads = {r for r, row in enumerate(rows) if heads_of(row)}
        self._spans = [span for row in rows for span in row]
        self._found = labels_of(self._rows, style, heads)

    def read(self) -> Reading:
        """All of it."""
        days = self._days()
        items, bought = items_of(self._read, self._style)
        sums = sums_of([one for one in self._found if one.row not in bought], self._rows, self._style)
        total = total_of(sums, items)
        items = self._checked(items, sums)
        used = {id(span) for one in self._found if set(one.kinds) - {""} for span in one.spans}
        head = head_of(
            self._rows[: min(bought, default=len(self._rows))], self._style, used, traded=bool(sums or items)
        )
        known = [*self._head(head), *self._named(days), *self._amounts(sums, total)]
        printed = [self._field(one, days) for one in self._found if one.text and one.row not in bought]
        printed = [field for field in printed if field and not _said(field, known)]
        return Reading(fields=(*known, *printed), lines=tuple(items))

    # Fields as printed.

    def _days(self) -> dict[str, Day]:
        """Every date of the document by its text, those that may be two told by the others."""
        texts = [span.text for span in self._spans] + [one.text for one in self._found]
        found = [day for text in texts for day in days_in(text)]
        found += [
            day for one in self._found if set(one.kinds) & DATES for day in days_in(one.text, compact=True)
        ]
        return {day.text: day for day in settled(found, self._style.day_first)}

    def _field(self, one: Found, days: dict[str, Day]) -> DocumentField:
        compact = bool(set(one.kinds) & DATES)
        dates = days_in(one.text, compact=compact)
        value: float | str | None = None
        if dates:
            day = days[dates[0].text].value
            value = day.isoformat() if day else None
        elif not set(one.kinds) & (NUMBERS | CALLS):
            value = amount_in(one.text, self._style)
            if value is None and re.fullmatch(r"\d{1,9}(?:\.\d+)?", one.text):
                value = float(one.text)
        return DocumentField(name=one.name, text=one.text, value=value, score=one.score, box=one.box)

    def _known(
        self, name: str, spans: Sequence[TextSpan], sure: float, value: float | str | None = None
    ) -> DocumentField:
        text = " ".join(span.text for span in spans)
        score = sure * min(span.score for span in spans)
        return DocumentField(
            name=name, text=text, value=value, score=score, box=whole([s.box for s in spans])
        )

    # What fields are.

    def _head(self, head: Head) -> list[DocumentField]:
        found = []
        named = next((one for one in self._found if "company" in one.kinds), None)
        if head.company:
            line = head.company
            field = self._known("company", line.spans, head.sure)
            found.append(field.model_copy(update={"text": line.text}))
        elif named:
            found.append(self._known("company", named.spans, named.score))
        address = next((one for one in self._found if "address" in one.kinds), None)
        if head.address:
            found.append(self._known("address", [s for line in head.address for s in line.spans], 0.8))
        elif address:
            found.append(self._known("address", address.spans, address.score))
        if phone := self._phone(head):
            found.append(phone)
        return found

    def _phone(self, head: Head) -> DocumentField | None:
        for one in self._found:
            if "phone" in one.kinds and (phones := phones_in(one.text)):
                at = one.text.find(phones[0])
                span = (
                    one.spans[0]
                    if len(one.spans) > 1
                    else cut_out(one.spans[0], max(at, 0), max(at, 0) + len(phones[0]))
                )
                return self._known("phone", [span], one.score).model_copy(update={"text": phones[0]})
        return None

    def _named(self, days: dict[str, Day]) -> list[DocumentField]:
        found = self._dates(days)
        if time := self._time():
            found.append(time)
        for kind in NAMED:
            fitting = [o for o in self._found if kind in o.kinds and fits(kind, o.text, self._style)]
            # `No` alone may number anything.
            fitting.sort(key=lambda o: plain(o.name) == "no")
            if one := next(iter(fitting), None):
                found.append(self._field(one, days).model_copy(update={"name": kind}))
        return found

    def _dates(self, days: dict[str, Day]) -> list[DocumentField]:
        """The document's date, then the other kinds of dates that are labelled."""
        labelled = {
            kind: [o for o in self._found if kind in o.kinds and fits(kind, o.text)] for kind in DATES
        }
        found = []
        if own := self._own_date(labelled, days):
            found.append(own)
        for kind in sorted(DATES - {"date", "other date"}):
            if labelled[kind]:
                found.append(self._dated(kind, labelled[kind][0].spans, labelled[kind][0].score, days))
        return found

    def _own_date(self, labelled: dict[str, list[Found]], days: dict[str, Day]) -> DocumentField | None:
        """By its label; else the first without another kind's label.

        If there is none: the day on which it was printed, entered or left.
        """
        if labelled["date"]:
            one = labelled["date"][0]
            return self._dated("date", one.spans, one.score, days)
        taken = {id(span) for kind in DATES for one in labelled[kind] for span in one.spans}
        others = " ".join(one.text for kind in DATES for one in labelled[kind])
        for span in self._spans:
            for day in days_in(span.text):
                if id(span) not in taken and day.text not in others:
                    at = span.text.find(day.text)
                    return self._dated(
                        "date", [cut_out(span, at, at + len(day.text))], ALONE * span.score, days
                    )
        for kind in ("print date", "other date"):
            if labelled[kind]:
                one = labelled[kind][0]
                return self._dated("date", one.spans, 0.7 * one.score, days)
        return None

    def _dated(
        self, name: str, spans: Sequence[TextSpan], score: float, days: dict[str, Day]
    ) -> DocumentField:
        text = " ".join(span.text for span in spans)
        day = days[days_in(text, compact=True)[0].text]
        span = next((s for s in spans if day.text in s.text), None)
        cut = (
            [cut_out(span, span.text.find(day.text), span.text.find(day.text) + len(day.text))]
            if span
            else spans
        )
        value = day.value.isoformat() if day.value else None
        box = whole([s.box for s in cut])
        return DocumentField(name=name, text=day.text, value=value, score=score, box=box)

    def _time(self) -> DocumentField | None:
        """The time that is labelled so, else the first beside a date, else the first."""
        for one in self._found:
            if "time" in one.kinds and fits("time", one.text):
                return self._known("time", one.spans, one.score)
        for dated in (True, False):
            for row in self._rows:
                if dated and not any(days_in(piece.text) for piece in row):
                    continue
                for piece in row:
                    if times := times_in(piece.text):
                        at = piece.text.find(times[0])
                        return self._known("time", [cut_out(piece.span, at, at + len(times[0]))], ALONE)
        return None

    def _amounts(self, sums: Sequence[Sum], total: tuple[Sum, float] | None) -> list[DocumentField]:
        parts = parts_of(sums, total[0] if total else None)
        found = [
            self._known(
                "subtotal" if part.kind == "net" else part.kind,
                part.found.spans,
                part.found.score,
                part.value,
            )
            for part in parts
        ]
        if not any(part.kind == "tax" for part in parts) and (tax := self._tax_of_table()):
            found.append(tax)
        if total:
            found.append(self._known("total", total[0].found.spans, total[1], total[0].value))
        return found

    def _tax_of_table(self) -> DocumentField | None:
        spans = tax_in(self._rows, tax_tables(self._rows, self._style), self._style)
        values = [amount_in(span.text, self._style) or 0.0 for span in spans]
        if not spans:
            return None
        # Of several rates the sum; what stands there is then printed nowhere as one amount.
        return self._known("tax", spans, ALONE, round(sum(values), 2))

    def _checked(self, items: list[LineItem], sums: Sequence[Sum]) -> list[LineItem]:
        """The items, surer where they add up to a sum that is printed."""
        if not any(
            adds_up(items, s.value) for s in sums if s.kind in ("total", "subtotal", "net") and not s.table
        ):
            return items
        return [item.model_copy(update={"score": max(item.score, SUMMED)}) for item in items]


def _said(field: DocumentField, known: Sequence[DocumentField]) -> bool:
    return any(field.name.casefold() == other.name and field.box == other.box for other in known)
