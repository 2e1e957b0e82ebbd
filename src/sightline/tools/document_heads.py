"""The heads of columns over goods: `Qty | Description | Price | Amount`, in one row or two."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sightline.tools.document_layout import Spans, cut_out, is_currency
from sightline.tools.document_words import column_of
from sightline.types import Box, TextSpan

LONGEST = 4
"""Words of a head."""

OTHERS = 0.34
"""The most of a row's parts that may be no heads: a mistake of the reader's, a column that nobody knows."""

TELLING = frozenset(("name", "price", "quantity"))
"""Columns that only goods have: taxes have amounts, too."""

NUMBER = re.compile(r"(?<![\w(])\d+(?![\w%)])")
"""Heads have none but rates, and numbers in brackets."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a column: what stands under it (see `column_of`), and where it lies."""

    column: str
    box: Box


def heads_of(row: Spans) -> list[Head]:
    """The heads of columns that a row is made of; none where it is another row."""
    if any(NUMBER.search(span.text) for span in row):
        return []
    parts = [_heads_in(span) for span in row]
    found = [head for heads, _ in parts for head in heads]
    others = sum(rest for _, rest in parts)
    telling = any(head.column in TELLING for head in found)
    return found if telling and len(found) > 1 and others <= OTHERS * (others + len(found)) else []


def more_heads(row: Spans) -> list[Head]:
    """The heads in a second row of heads; none where it is goods."""
    parts = [_heads_in(span) for span in row]
    goods = any(rest for _, rest in parts) or any(NUMBER.search(span.text) for span in row)
    return [] if goods else [head for heads, _ in parts for head in heads]


def both(first: Sequence[Head], second: Sequence[Head]) -> list[Head]:
    """The heads of two rows: one that stands under another goes on with it."""
    kept = [head for head in second if not any(_overlap(head.box, other.box) > 0 for other in first)]
    return [*first, *kept]


def column_at(box: Box, heads: Sequence[Head]) -> str:
    """The column in which something stands: of the head that it overlaps most, or else of the nearest."""
    middle = (box.x1 + box.x2) / 2
    nearest = sorted(heads, key=lambda head: abs(middle - (head.box.x1 + head.box.x2) / 2))
    return max(nearest, key=lambda head: max(_overlap(box, head.box), 0.0)).column if nearest else ""


def _heads_in(span: TextSpan) -> tuple[list[Head], int]:
    """The heads in one run, and how many words are none."""
    words = list(re.finditer(r"\S+", span.text))
    found, rest, n = [], 0, 0
    while n < len(words):
        head, after = _head_at(span, words, n)
        if head:
            found.append(head)
        else:
            rest += any(c.isalpha() for c in words[n].group()) and not is_currency(words[n].group())
        n = after
    return found, rest


def _head_at(span: TextSpan, words: Sequence[re.Match[str]], n: int) -> tuple[Head | None, int]:
    """The longest head that begins with the word `n`, and the word after it."""
    for end in range(min(n + LONGEST, len(words)), n, -1):
        part = cut_out(span, words[n].start(), words[end - 1].end())
        if column := column_of(part.text):
            return Head(column=column, box=part.box), end
    return None, n + 1


def _overlap(a: Box, b: Box) -> float:
    return min(a.x2, b.x2) - max(a.x1, b.x1)
