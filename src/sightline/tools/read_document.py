"""read_document(region?): the fields of a form, an invoice or a receipt: what is printed and what it means.

Labels and values are told by layout: a label and a colon, a label left of a value, a label above it; what
they mean by lists of words in several languages (document_words.toml). What was bought comes line by line.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from importlib.resources import files

from sightline.tools.base import Picture
from sightline.tools.document_fields import read_spans
from sightline.tools.reading import PageTool
from sightline.types import Box, Fields, ToolResult, map_box

LANGUAGES = "en, de, fr, es, it, nl, pt, ms, id"
"""Of the words in document_words.toml."""


class DocumentReader(PageTool):
    """The tool `read_document`."""

    name = "read_document"
    reads = "document"

    @cached_property
    def version(self) -> str:
        """Of the reader, and the first 8 hex digits of the sha256 of the words."""
        words = files("sightline.tools").joinpath("document_words.toml").read_bytes()
        return f"{self._reader.version}, words {hashlib.sha256(words).hexdigest()[:8]}"

    def covers(self) -> str:
        """In one line, what it does."""
        return (
            "receipts, invoices and forms: labels with their values; company, address, phone, number, date, "
            "time, subtotal, tax, total, paid and change; what was bought line by line; "
            f"labels in {LANGUAGES}; {self._reader.covers()}"
        )

    def __call__(self, picture: Picture, region: Box | None = None) -> Fields | ToolResult:
        """Reads the fields of a receipt, an invoice or a form, and what was bought.

        Args:
            region: where to look; else everywhere
        """
        page = self.page(picture, region)
        read = read_spans(page.spans).moved(lambda box: map_box(box, picture.frame))
        fields = Fields(items=read.fields, lines=read.lines, partial=page.partial)
        if not fields.is_empty:
            return fields
        why = "no label with a value, no date and no amount was found"
        return ToolResult(status="empty", payload=fields, message=why)
