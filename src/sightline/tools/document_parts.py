"""Which documents lie on a page: receipts beside each other or one under the other."""

from __future__ import annotations

from collections.abc import Sequence

from sightline.tools.document_values import Style
from sightline.types import TextSpan

Rows = Sequence[Sequence[TextSpan]]


def documents_in(rows: Rows, style: Style) -> list[Rows]:
    """The rows of each document, in reading order."""
    return [rows]
