"""Who issued a document, where they are and how to call them: the lines at its head."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from sightline.tools.document_layout import Row, is_value
from sightline.tools.document_values import Style, days_in, money_in, phones_in, times_in
from sightline.tools.document_words import kinds_of, plain, words
from sightline.tools.reading import whole
from sightline.types import Box, TextSpan

LINES = 16
"""Rows from the top in which a company may stand."""

APART = 1.5
"""Times the height of a line: the white space between two texts of one row."""

AFTER = 3.0
"""Points less for a line that stands where others are named."""

ASIDE = frozenset(("invoice number", "date", "order number", "bill to", "ship to", "cashier"))

LEAST = 1.0
"""Points that a line needs to be taken for a company's name, see `_points`."""

_NUMBER = re.compile(r"\s*[\[(][^()\[\]]*\d[^()\[\]]*[\])]?\s*$|\s+(?:\d{5,}-[A-Z\d]|\d{7,})\s*$")
"""A registration number after a name."""
_EDGES = " .,:;*-=_~<>|'\"“”·•#"
_SITE = re.compile(r"www\.|https?:|@|\.com\b|\.net\b|\.org\b", re.IGNORECASE)
_POSTCODE = re.compile(
    r"(?<!\d)\d{4,6}(?!\d)\s+[^\W\d_]{3,}|,\s*\d{5}$"
    r"|\b[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}\b|\b[A-Z]{2} \d{5}\b"
)
_NUMBERED = re.compile(
    r"^\W*(?:no|lot|unit|blk|block|level|shop|g|nr)\b[\s.:-]*[\dA-Z]*\d|^\d+[A-Z]?[\s,-]+[^\W\d_]{2,}",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A row of the head as one text.

    `forms`: whether it holds a legal form; `only`: and nothing but such words.
    """

    text: str
    spans: tuple[TextSpan, ...]
    box: Box
    row: int
    forms: bool
    only: bool

    @property
    def score(self) -> float:
        """The reader's own."""
        return min(span.score for span in self.spans)


@dataclass(frozen=True, kw_only=True)
class Head:
    """What the head says. A part that is not clear is None."""

    company: Line | None = None
    sure: float = 0.0
    address: tuple[Line, ...] = ()


def head_of(rows: Sequence[Row], style: Style, used: set[int], *, traded: bool) -> Head:
    """The company and its address.

    Args:
        rows: of the document.
        style: how it writes numbers.
        used: `id` of the spans that are values of labels.
        traded: whether the document has amounts, so that somebody issued it.
    """
    lines = [line for line in _lines(rows, style) if not any(id(span) in used for span in line.spans)]
    if not lines:
        return Head()
    usual = median(line.box.height for line in lines), median(map(_width, lines))
    named = [_may_name(line) for line in lines]
    points = [_points(line, sum(named[:n]), usual, traded=traded) for n, line in enumerate(lines)]
    points = [p - AFTER * _follows(rows, lines, n) for n, p in enumerate(points)]
    best = max(range(len(lines)), key=lambda n: points[n])
    if points[best] < LEAST:
        return Head(address=_address(lines, 0))
    first, last = _joined(lines, best)
    company = _merged(lines[first : last + 1])
    sure = 0.9 if company.forms else 0.75 if points[best] > 2 else 0.6
    return Head(company=company, sure=sure, address=_address(lines, last + 1))


def _width(line: Line) -> float:
    """Of a letter, px: tells the size of print where a tilted line's box is high."""
    return sum(span.box.width for span in line.spans) / max(sum(len(span.text) for span in line.spans), 1)


def _follows(rows: Sequence[Row], lines: Sequence[Line], at: int) -> bool:
    """Whether a line names a customer.

    It stands under a line that says who else is meant, or under the title and the number.
    """
    if at and _relates(lines[at - 1].text):
        return True
    before = [" ".join(piece.text for piece in row) for row in rows[: lines[at].row]]
    titled = any(plain(text) in words().head["headings"] for text in before)
    labels = [piece.text for row in rows[: lines[at].row] for piece in row if piece.label]
    asked = any(
        set(kinds_of(text)) & ASIDE and plain(text) not in words().head["headings"] for text in labels
    )
    return titled and asked


def _lines(rows: Sequence[Row], style: Style) -> list[Line]:
    """The rows of the head, until goods begin; what is set far apart in a row is not one text."""
    found = []
    for r, row in enumerate(rows[:LINES]):
        if r and any(money_in(piece.text, style) for piece in row[1:]):
            break
        for run in _runs([piece.span for piece in row]):
            found.append(_line(" ".join(span.text for span in run), run, r))
    return found


def _runs(spans: Sequence[TextSpan]) -> list[list[TextSpan]]:
    """The spans of a row in runs: one ends at white space wider than a line is high."""
    runs = [[spans[0]]]
    for before, span in pairwise(spans):
        if span.box.x1 - before.box.x2 > APART * min(span.box.height, before.box.height):
            runs.append([])
        runs[-1].append(span)
    return runs


def _line(text: str, spans: Sequence[TextSpan], row: int) -> Line:
    kept = _name(text)
    phrase = plain(kept)
    return Line(
        text=kept,
        spans=tuple(spans),
        box=whole([span.box for span in spans]),
        row=row,
        forms=_has_form(kept),
        only=bool(phrase) and all(_is_form(part) for part in phrase.split()),
    )


def _name(text: str) -> str:
    """A line as a name: no number of registration after it, no `Welcome to` before it, no ornaments."""
    text = _NUMBER.sub(
        "", text.strip(_EDGES + "([") if not re.search(r"[)\]]\W*$", text) else text.strip(_EDGES)
    )
    for lead in words().head["lead"]:
        if plain(text).startswith(lead + " "):
            text = " ".join(text.split()[lead.count(" ") + 1 :])
    return text.strip(_EDGES)


def _has_form(text: str) -> bool:
    """Whether a legal form stands in a text, at its end or before a bracket; `PT` and `CV` at its start."""
    forms = {form.replace(" ", "") for form in words().head["forms"]}
    if text[-1:].isdigit():
        return False  # `Adelaide SA 5000`
    parts = plain(re.sub(r"\([^)]*\)", " ", text)).split()
    ends = ["".join(parts[n:]) for n in range(max(len(parts) - 4, 0), len(parts))]
    glued = re.search(r"(?:sdnbhd|gmbh|pteltd|ptyltd|pvtltd)$", "".join(parts))
    return (
        (any(end in forms for end in ends) and len(parts) > 1)
        or bool(glued)
        or (parts[:1] in (["pt"], ["cv"]))
    )


def _is_form(word: str) -> bool:
    head = words().head
    forms = {part for form in head["forms"] for part in form.split()}
    return word in forms or word in head["trades"]


def _points(line: Line, at: int, usual: tuple[float, float], *, traded: bool) -> float:
    """How much a line looks like the name of who issued the document.

    Far below zero: it is something else.
    """
    if not _may_name(line):
        return -9.0
    points = 1.5 - 0.3 * at if traded else 0.0
    points += 3.0 * line.forms
    large = min(line.box.height / usual[0], _width(line) / usual[1])
    points += min(2.0, 3.0 * max(large - 1.15, 0.0))
    phrases = _phrases(plain(line.text))
    points += 1.5 * (len(phrases) > 1 and any(word in words().head["shops"] for word in phrases))
    points -= 2.0 * is_address(line.text)
    return points - (line.score < 0.7)


def _may_name(line: Line) -> bool:
    text = line.text
    letters = sum(c.isalpha() for c in text)
    phrase = plain(text)
    if (
        letters < 3
        or letters < 0.6 * len(text.replace(" ", ""))
        or (text.startswith(("(", "[")) and not line.forms)
    ):
        return False
    if phrase in words().head["headings"] or phrase.replace(" ", "") in {
        h.replace(" ", "") for h in words().head["headings"]
    }:
        return False
    if kinds_of(text) or _SITE.search(text) or days_in(text) or times_in(text) or phones_in(text):
        return False
    if len(text.split()) > 4 and sum(word[:1].islower() for word in text.split()) > 0.5 * len(text.split()):
        return False  # a sentence
    if any(said in phrase for said in words().head["courtesies"]):
        return False
    return not _relates(text) and not is_value(text)


def _relates(text: str) -> bool:
    """Whether a line begins to say who else is behind the name: `Owned by`."""
    return any(plain(text).startswith(said) for said in words().head["relation"])


def _phrases(phrase: str) -> list[str]:
    """The words of a phrase, and its pairs of words."""
    parts = phrase.split()
    return parts + [" ".join(pair) for pair in pairwise(parts)]


def is_address(text: str) -> bool:
    """Whether a line is a part of an address: a street, a house's number, a postcode."""
    phrases = _phrases(plain(text))
    said = sum(word in words().head["address"] for word in phrases)
    numbered = bool(_NUMBERED.search(text)) or bool(_POSTCODE.search(text))
    comma = text.rstrip().endswith(",") or text.count(",") > 1
    return numbered + comma + min(said, 2) >= 2 or bool(_POSTCODE.search(text)) or (comma and bool(said))


def _joined(lines: Sequence[Line], at: int) -> tuple[int, int]:
    """The first and last line of a name that wraps, of which `at` is one."""
    first = last = at
    while first and _wraps(lines[first - 1], lines[first]):
        first -= 1
    while last + 1 < len(lines) and _wraps(lines[last], lines[last + 1]):
        last += 1
    return first, last


def _wraps(above: Line, below: Line) -> bool:
    """Whether a name goes on in the line below.

    It does where a bracket or a joining word is open, or only its form is left.
    """
    if not _may_name(above) or is_address(above.text) or (above.forms and not _open(above.text)):
        return False
    if below.row - above.row != 1 or below.box.y1 - above.box.y2 > above.box.height:
        return False
    if not 0.7 < below.box.height / above.box.height < 1.4:
        return False
    if not (below.only or _may_name(below)):
        return False
    if _open(above.text) or below.text.count(")") > below.text.count("("):
        return True
    starts = plain(below.text).split()[:1]
    if (
        below.forms
        and starts
        and starts[0] in words().head["shops"]
        and _is_form("".join(plain(below.text).split()[1:2]))
    ):
        return True  # STATIONERY SDN BHD: what they do, with no name
    return below.only or (
        bool(starts) and _is_form(starts[0]) and below.text.count("(") > below.text.count(")")
    )


def _open(text: str) -> bool:
    joining = ("&", " and", " und", " et", " y", " e", " en", " of", " de", " the", "-", "+")
    return text.count("(") > text.count(")") or text.casefold().endswith(joining)


def _merged(lines: Sequence[Line]) -> Line:
    spans = tuple(span for line in lines for span in line.spans)
    return Line(
        text=_name(" ".join(line.text for line in lines)),
        spans=spans,
        box=whole([span.box for span in spans]),
        row=lines[0].row,
        forms=any(line.forms for line in lines),
        only=False,
    )


def _address(lines: Sequence[Line], start: int) -> tuple[Line, ...]:
    """The first run of lines from `start` that begins with a part of an address; others may lie within."""
    found: list[Line] = []
    waiting: list[Line] = []
    for line in lines[start : start + 9]:
        if is_address(line.text):
            found += [*waiting, line]
            waiting = []
        elif found and not waiting and _may_go_on(found[-1], line):
            waiting.append(line)
        elif found:
            break
    if waiting and _may_name(waiting[0]) and not any(c.isdigit() for c in waiting[0].text):
        found += waiting  # a town or a country under its street
    return tuple(found) if start or len(found) > 1 else ()


def _may_go_on(above: Line, line: Line) -> bool:
    """Whether a line that says nothing of an address may stand within one: near, and of nobody else."""
    near = line.box.y1 - above.box.y2 < 0.9 * above.box.height
    return (
        near
        and line.row - above.row == 1
        and not line.forms
        and len(line.text) < 40
        and not kinds_of(line.text)
    )
