"""The rows of a document, and the pieces of a row: which of them stand as labels, which as values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sightline.tools.document_values import (
    PLAIN,
    Style,
    amount_in,
    days_in,
    money_in,
    number_in,
    phones_in,
    pointless,
    times_in,
)
from sightline.tools.document_words import RATE, kinds_of, plain, words
from sightline.types import Box, TextSpan

FEWEST_ASKED, MOSTLY = 4, 0.35
"""Rows of a form that begin with what forms ask for; their part of all rows."""

MOST_LABELS = 8
"""Labels with colons in one run."""

LONGEST_RUN = 120
"""Letters of a run that may begin with a label without a colon."""

LONGEST_NAME = 48
"""Letters of a label."""

DATES = frozenset(
    ("date", "due date", "expiry date", "print date", "delivery date", "birth date", "other date")
)
AMOUNTS = frozenset(
    "total subtotal net tax cash change paid card discount rounding service tip deposit delivery".split()
)
NUMBERS = frozenset(("invoice number", "order number", "customer number", "tax id", "company number"))

TYPED = AMOUNTS | DATES | NUMBERS | {"time", "phone", "fax", "email", "quantity"}
"""Kinds whose values are told by their looks; they do not wrap."""

_COLON = re.compile(r"(?<=[^\W\d_])[\s#.)\]%/]*(?:no\.?\s*)?[:：](?!//)\s*|(?<=[#)\].%])\s*[:：](?!//)\s*")
SEPARATE = frozenset(("phone", "fax", "date", "time", "email"))
"""Kinds that stand in one run with another."""

_NUMBERED = re.compile(r"(?P<name>[^\d]*[^\W\d_][^\d]*?[\s#.]+)(?P<number>\d[\d/-]*[A-Z]?)")
_ID = re.compile(r"(?:[^\W\d_]{1,5}[\s-]{0,2})?[^\s,]*\d[^\s,]*(?:\s(?=\S*\d)[\dA-Z][\w/-]*)*\W*$")
"""A number of a document: one word with digits, short letters before it, more of its kind after it."""

_LEADING = re.compile(r"^\s*[:：=]\s*")


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A run of text, or a part of one. `label`: it stands as a label; `colon`: there is a colon after it."""

    span: TextSpan
    label: bool = False
    colon: bool = False

    @property
    def text(self) -> str:
        """As printed."""
        return self.span.text

    @property
    def box(self) -> Box:
        """Where it lies."""
        return self.span.box


Row = list[Piece]
Spans = Sequence[TextSpan]
"""A row as it was read."""


def rows_in(spans: Sequence[TextSpan]) -> list[list[TextSpan]]:
    """The rows of spans that stand in reading order.

    A row ends where the next run does not stand right of it.
    """
    rows: list[list[TextSpan]] = []
    for span in spans:
        if rows and _goes_on(rows[-1][-1].box, span.box):
            rows[-1].append(span)
        else:
            rows.append([span])
    return rows


def _goes_on(left: Box, right: Box) -> bool:
    shared = min(left.y2, right.y2) - max(left.y1, right.y1)
    beside = right.x1 > left.x1 and right.x1 > left.x2 - 0.5 * min(left.width, right.width)
    return beside and shared > 0.3 * min(left.height, right.height)


def cut_out(span: TextSpan, start: int, end: int) -> TextSpan:
    """A part of a run; where it lies is told by its share of the letters."""
    text = span.text[start:end]
    start += len(text) - len(text.lstrip())
    end = start + len(text.strip())
    letter = span.box.width / max(len(span.text), 1)
    box = span.box.model_copy(
        update={"x1": span.box.x1 + start * letter, "x2": span.box.x1 + max(end, start) * letter}
    )
    return TextSpan(text=text.strip(), score=span.score, box=box)


def pieces_of(row: Spans, style: Style, *, form: bool = False) -> Row:
    """The pieces of a row, from left to right, labels set apart from values.

    `form`: as in a form, see `is_form`.
    """
    found: Row = []
    for span in row:
        lead = _LEADING.match(span.text)
        if lead and found:
            found[-1] = Piece(span=found[-1].span, label=is_name(found[-1].text), colon=True)
            span = cut_out(span, lead.end(), len(span.text))
        found += _pieces(span, style, form=form) if span.text else []
    return found


def is_form(rows: Sequence[Spans]) -> bool:
    """Whether a page is a form: most of its rows begin with what forms ask for, `Name`, `Height`."""
    asked = [row for row in rows if "" in kinds_of(row[0].text[: _asked(row[0].text)])]
    return len(asked) >= FEWEST_ASKED and len(asked) >= MOSTLY * len(rows)


def _asked(text: str) -> int:
    """Where a text goes on after the longest label that it begins with; 0 where it begins with none."""
    ends = [m.start() for m in re.finditer(r"\s+|[:：]|$", text) if not re.search(r"\d", text[: m.start()])]
    ends = ends[: words().longest]
    return next((end for end in reversed(ends) if is_name(text[:end]) and kinds_of(text[:end])), 0)


def _pieces(span: TextSpan, style: Style, *, form: bool) -> Row:
    """The pieces of a run, cut at its colons.

    A run without a colon is cut after the label that it begins with, if a fitting value follows.
    """
    cuts = _cuts(span.text)
    if not cuts:
        return _prefixed(span, style, form=form)
    found: Row = []
    if before := span.text[: cuts[0][0]].strip():
        found += _prefixed(cut_out(span, 0, len(before)), style, form=form)
    ends = [start for start, _, _ in cuts[1:]] + [len(span.text)]
    for (start, colon, value), end in zip(cuts, ends, strict=True):
        found.append(Piece(span=cut_out(span, start, colon), label=True, colon=True))
        if span.text[value:end].strip():
            found.append(Piece(span=cut_out(span, value, end)))
    return found


def _cuts(text: str) -> list[tuple[int, int, int]]:
    """Of each label with a colon: where it starts, where its colon stands, and where its value starts."""
    found: list[tuple[int, int, int]] = []
    after = 0
    for colon in islice(_COLON.finditer(text), MOST_LABELS):
        name = text[after : colon.start() + len(colon.group().rstrip().rstrip(":：").rstrip())]
        follows = bool(found) or bool(re.match(r"\s*\d", name))
        start = after + (_label_at_end(name) if follows else 0)
        label = text[start : after + len(name)]
        if not (is_name(label) or kinds_of(label)) or (follows and start == after):
            continue
        found.append((start, after + len(name), colon.end()))
        after = colon.end()
    return found


def _label_at_end(text: str) -> int:
    """Where the label begins that a text ends with; 0: none.

    It is the longest known one, else a last word after digits.
    """
    starts = [match.start() for match in re.finditer(r"(?:(?<=\s)|^)\S", text)]
    letters = [start for start in starts if text[start].isalpha()]
    known = (start for start in letters[-words().longest :] if start and kinds_of(text[start:]))
    last = starts[-1] if starts else 0
    return next(known, last if re.search(r"\d\S*\s+$", text[:last]) else 0)


def _prefixed(span: TextSpan, style: Style, *, form: bool) -> Row:
    """A run without a colon: a label, a label and its value, or a value."""
    text = span.text
    if len(text) > LONGEST_RUN:
        return [Piece(span=span)]
    if numbered := _NUMBERED.fullmatch(text):
        kinds = set(kinds_of(numbered["name"]))
        if kinds & (NUMBERS | {"", "table"}) and not any(kind in AMOUNTS for kind in kinds):
            return _label_and(span, numbered.start("number"))
    for start in _starts(text):
        name, value = text[:start], text[start:]
        typed = [kind for kind in kinds_of(name) if kind in TYPED] if is_name(name) else []
        if any(fits(kind, value, style) for kind in typed):
            label, rest = _label_and(span, start)
            return [label, *_second(rest.span, style)]
    if form and (end := _asked(text)) and text[end:].strip():
        return _label_and(span, end)
    bare = not any(c.isdigit() for c in RATE.sub("", text))
    return [Piece(span=span, label=bare and is_name(text) and bool(kinds_of(text)))]


def _starts(text: str) -> list[int]:
    """Where a value may start after a label: at words, no number before them but rates; the last first."""
    starts = [match.start() for match in re.finditer(r"(?<=[\s.#])(?<!\d[.,])[^\s.#]", text)]
    plain_before = (n for n in reversed(starts) if not any(c.isdigit() for c in RATE.sub("", text[:n])))
    return [n for n in plain_before if not RATE.fullmatch(text[n:].strip())]


def _second(span: TextSpan, style: Style) -> Row:
    """A value, and the label of another and its own where they follow in one run.

    For instance: `03-327 9872 FAX 03-327 9873`.
    """
    for found in re.finditer(r"(?<=\d)\s+([^\W\d_]{2,}\.?)\s*(?=[\d(+])", span.text):
        kinds = [kind for kind in kinds_of(found[1]) if kind in SEPARATE]
        if any(fits(kind, span.text[found.end() :], style) for kind in kinds):
            first, rest = cut_out(span, 0, found.start()), cut_out(span, found.end(), len(span.text))
            label = Piece(span=cut_out(span, *found.span(1)), label=True)
            return [Piece(span=first), label, *_second(rest, style)]
    return [Piece(span=span)]


def _label_and(span: TextSpan, start: int) -> Row:
    return [Piece(span=cut_out(span, 0, start), label=True), Piece(span=cut_out(span, start, len(span.text)))]


def is_name(text: str) -> bool:
    """Whether a text may be a label: words, few digits, not long."""
    letters = sum(c.isalpha() for c in text)
    return (
        2 <= len(text.strip(" :：.-#")) <= LONGEST_NAME
        and letters >= 2
        and letters > sum(c.isdigit() for c in text)
    )


def fits(kind: str, text: str, style: Style = PLAIN) -> bool:
    """Whether a text is such a value."""
    if kind in DATES:
        return bool(days_in(text, compact=True))
    if kind in AMOUNTS:
        return amount_in(text, style) is not None or pointless(text) is not None
    if kind == "time":
        return bool(times_in(text)) or bool(re.fullmatch(r"\d{1,2}[.:]?\d{2}(?:[.:]\d{2})?", text.strip()))
    if kind in ("phone", "fax"):
        return bool(phones_in(text))
    if kind == "email":
        return "@" in text
    if kind in NUMBERS:
        return bool(_ID.match(text.strip())) and not money_in(text)
    return kind != "quantity" or number_in(text) is not None


def is_value(text: str, style: Style = PLAIN) -> bool:
    """Whether a run is little else than an amount, a number, a time or a date."""
    kept = (
        [day.text for day in days_in(text)]
        or [money.text for money in money_in(text, style)]
        or times_in(text)
    )
    if kept:
        return sum(map(len, kept)) > 0.5 * len(text)
    return bool(re.fullmatch(r"[^\w]*\d[\d.,'’]*\s?%?[^\w]*", text))


def is_currency(text: str) -> bool:
    """Whether a run is a currency alone, which belongs to the amount after it."""
    bare = text.strip(" :.()=")
    return bare in words().signs or bare.upper() in words().signs or (not plain(text) and not is_value(text))


def height_of(rows: Sequence[Sequence[TextSpan]]) -> float:
    """Of a usual line of text, px; tilted runs have higher boxes."""
    heights = sorted(span.box.height for row in rows for span in row)
    return heights[int(0.3 * (len(heights) - 1))] if heights else 0.0
