"""read_document(region?): the fields of a form, an invoice or a receipt: what is printed and what it means.

Labels and values are told by layout alone: a label and a colon, a label left of a value, a label above it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from itertools import pairwise

import numpy as np

from sightline.tools.base import Picture
from sightline.tools.document_values import days_in, money_in, settled
from sightline.tools.reading import Page, PageTool, boxes_of, whole
from sightline.tools.table_grid import lines_of
from sightline.types import Box, DocumentField, Fields, Frame, TextSpan, ToolResult, map_box

COLON, BESIDE, ABOVE, ALONE = 0.95, 0.85, 0.75, 0.8
"""How sure a label is of its value, by how they stand; times the reader's own score."""

LONGEST_NAME = 48

_PAIR = re.compile(r"^(?P<name>[^:：]*[^\W\d_][^:：]*?)\s*[:：]\s*(?P<text>\S.*)$")
_TOTAL = (
    r"\bgrand total\b",
    r"\b(?:total|amount|balance) (?:due|payable|to pay)\b",
    r"\b(?:total|gesamt|gesamtbetrag|summe|totaal|totale|jumlah)\b",
)
_TAX = r"(?:(?:sales )?tax(?:es)?|vat|gst|mwst|tva|iva)\b"
_INCLUSIVE = re.compile(
    rf"\b(?:incl\w*|with)\W*(?:of\s+)?(?:\d+\s?%\s*)?{_TAX}|\b{_TAX}\s*incl\w*(?!\w*\s+in\b)", re.IGNORECASE
)
"""Tax that an amount holds already."""
_NO_TOTAL = re.compile(
    r"sub|qty|quantity|items?\b|tax|vat|gst|mwst|tva|iva\b|discount|saving|rounding|excl|net\b|tender|change|paid",
    re.IGNORECASE,
)


class DocumentReader(PageTool):
    """The tool `read_document`."""

    name = "read_document"

    @cached_property
    def version(self) -> str:
        """Of the libraries behind it."""
        libraries = ", ".join(f"{name} {version(name)}" for name in ("dateparser", "price-parser"))
        return f"{self._reader.version}, {libraries}"

    def covers(self) -> str:
        """In one line, what it does."""
        return f"labels with their values, dates, amounts, the total; {self._reader.covers()}"

    def __call__(self, picture: Picture, region: Box | None = None) -> Fields | ToolResult:
        """Reads the fields of a document.

        Args:
            region: where to look; else everywhere
        """
        page = self.page(picture, region)
        items = tuple(_carried(field, picture.frame) for field in fields_of(page))
        fields = Fields(items=items, partial=page.partial)
        if items:
            return fields
        why = "no label with a value, no date and no amount was found"
        return ToolResult(status="empty", payload=fields, message=why)


def fields_of(page: Page) -> list[DocumentField]:
    """The fields of a page from top to bottom, in its frame; then the total, once more by that name."""
    rows = [[page.spans[n] for n in line] for line in lines_of(page.boxes)]
    fields = [field for row in rows for field in _in_row(row)]
    fields += _below(rows)
    fields = _typed(_with_dates(fields, page.spans))
    fields.sort(key=lambda field: (field.box.y1, field.box.x1))
    return fields + _total(fields)


def _field(name: str, spans: Sequence[TextSpan], score: float, text: str | None = None) -> DocumentField:
    printed = text if text is not None else " ".join(span.text for span in spans)
    return DocumentField(
        name=name.strip(" :：.-"),
        text=printed.strip(" :："),
        score=score * min(span.score for span in spans),
        box=whole([span.box for span in spans]),
    )


# Labels and values.


def _in_row(row: Sequence[TextSpan]) -> list[DocumentField]:
    """The fields of one row: runs with a colon inside, runs before a colon, else words before an amount."""
    found, n = [], 0
    while n < len(row):
        span, after = row[n], row[n + 1] if n + 1 < len(row) else None
        if (pair := _PAIR.match(span.text)) and _is_name(pair["name"]):
            found.append(_field(pair["name"], [span], COLON, pair["text"]))
        elif (
            after
            and _is_name(span.text)
            and (span.text.endswith((":", "：")) or after.text.startswith((":", "：")))
        ):
            found.append(_field(span.text, [after], COLON))
            n += 1
        n += 1
    return found or _beside(row)


def _beside(row: Sequence[TextSpan]) -> list[DocumentField]:
    """The words that a row begins with, and the amount or date that it ends with, a currency before it."""
    if len(row) < 2:
        return _within(row)
    last = next((n for n in range(len(row) - 1, 0, -1) if _is_value(row[n].text)), None)
    if last is None or not _is_name(row[0].text):
        return []
    first = last - 1 if last > 1 and re.fullmatch(r"[A-Z]{1,3}\$?|[$€£¥₹]", row[last - 1].text) else last
    return [_field(row[0].text, row[first : last + 1], BESIDE)]


def _within(row: Sequence[TextSpan]) -> list[DocumentField]:
    """A row that was read in one run: words, then an amount."""
    money = money_in(row[0].text) if row else []
    name = row[0].text[: row[0].text.rfind(money[-1].text)] if money else ""
    return [_field(name, row, BESIDE, money[-1].text)] if _is_name(name) else []


def _below(rows: Sequence[Sequence[TextSpan]]) -> list[DocumentField]:
    """Values in a row under a row of labels, one under each, where no further such row follows (a table)."""
    found = []
    for n, (above, below) in enumerate(pairwise(rows)):
        after = rows[n + 2] if n + 2 < len(rows) else []
        labels = len(above) > 1 and all(_is_name(span.text) and not _is_value(span.text) for span in above)
        if labels and _aligned(above, below) and not _aligned(above, after) and _near(above, below):
            found += [_field(a.text, [b], ABOVE) for a, b in zip(above, below, strict=True)]
    return found


def _aligned(above: Sequence[TextSpan], below: Sequence[TextSpan]) -> bool:
    """Whether each run of one row stands under its own of the other."""
    if len(above) != len(below) or not any(c.isdigit() for span in below for c in span.text):
        return False
    return all(
        min(a.box.x2, b.box.x2) > max(a.box.x1, b.box.x1) or abs(a.box.x1 - b.box.x1) < a.box.height
        for a, b in zip(above, below, strict=True)
    )


def _near(above: Sequence[TextSpan], below: Sequence[TextSpan]) -> bool:
    a, b = boxes_of(above), boxes_of(below)
    return bool(b[:, 1].min() - a[:, 3].max() < 1.5 * np.median(a[:, 3] - a[:, 1]))


def _is_name(text: str) -> bool:
    letters = sum(c.isalpha() for c in text)
    return (
        2 <= len(text.strip(" :：.-")) <= LONGEST_NAME
        and letters >= 2
        and letters > sum(c.isdigit() for c in text)
    )


def _is_value(text: str) -> bool:
    """Whether a run is little else than an amount, a number or a date."""
    kept = [day.text for day in days_in(text)] or [money.text for money in money_in(text)]
    if kept:
        return sum(map(len, kept)) > 0.5 * len(text)
    return bool(re.fullmatch(r"[^\w]*\d[\d.,]*\s?%?", text))


# What the values mean.


def _with_dates(fields: list[DocumentField], spans: Sequence[TextSpan]) -> list[DocumentField]:
    """The fields, and every date that is in none of them, by the name `date`."""
    known = " ".join(field.text for field in fields)
    loose = [(span, day) for span in spans for day in days_in(span.text) if day.text not in known]
    return fields + [_field("date", [span], ALONE, day.text) for span, day in loose]


def _typed(fields: Sequence[DocumentField]) -> list[DocumentField]:
    """With values: days as YYYY-MM-DD where they can be but one, amounts and plain numbers as numbers."""
    days = [days_in(field.text) for field in fields]
    told = {day.text: day.value for day in settled(day for found in days for day in found)}
    typed = []
    for field, found in zip(fields, days, strict=True):
        value: float | str | None = None
        if found:
            value = day.isoformat() if (day := told[found[0].text]) else None
        elif money := money_in(field.text):
            value = money[-1].value
        elif re.fullmatch(r"\d{1,9}(?:\.\d+)?", field.text):
            value = float(field.text)
        typed.append(field.model_copy(update={"value": value}))
    return typed


def _total(fields: Sequence[DocumentField]) -> list[DocumentField]:
    """The amount to pay: of the most telling name that is there, the largest."""
    amounts = [field for field in fields if isinstance(field.value, float) and money_in(field.text)]
    amounts = [field for field in amounts if not _NO_TOTAL.search(_INCLUSIVE.sub("", field.name))]
    for words in _TOTAL:
        named = [field for field in amounts if re.search(words, field.name, re.IGNORECASE)]
        if named:
            best = max(named, key=lambda field: float(field.value or 0))
            return [] if best.name.casefold() == "total" else [best.model_copy(update={"name": "total"})]
    return []


def _carried(field: DocumentField, frame: Frame) -> DocumentField:
    return field.model_copy(update={"box": map_box(field.box, frame)})
