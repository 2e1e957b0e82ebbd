"""What a text reader makes of a page: rows of spans, with the errors that such readers make.

Rows are found as the tool that reads text finds them: each span has a height on the page, and spans
whose middles lie near each other make a row. A tilted page therefore mixes neighbouring rows. Letters
are mistaken for look-alikes, blanks between words get lost, punctuation drifts, faint rows go missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from numpy.random import Generator

from sightline.train.worlds.dice import chance, pick
from sightline.train.worlds.pages import Document, Part, Run

_ALIKE = {
    "O": "0Q",
    "0": "OD",
    "l": "1I",
    "I": "1l",
    "1": "lI7",
    "S": "5",
    "5": "S",
    "B": "8",
    "8": "B",
    "Z": "2",
    "2": "Z",
    "G": "6",
    "6": "G",
    "m": "n",
    "c": "e",
    "e": "c",
    "U": "V",
    "V": "U",
    "D": "O",
    "T": "I",
    "E": "F",
    "a": "o",
    "i": "l",
    "h": "n",
}
_DRIFT = {
    ":": (";", ".", "", "："),
    ".": (",", "", ". "),
    ",": (".", "", "，"),
    "-": ("", "~", "—"),
    "'": ("", "`"),
    "/": ("1", "/"),
    "(": ("（", "C"),
    ")": ("）", ")"),
    "x": ("×", "×"),
}
_COLON = re.compile(r" *: *")
_BLANKS = re.compile(r"( +)")


@dataclass(frozen=True, kw_only=True)
class ReadRow:
    """One row as read: its spans' parts, each with the field whose text it is."""

    spans: tuple[tuple[Part, ...], ...]

    @property
    def text(self) -> str:
        """The spans joined by ` | `."""
        return " | ".join("".join(text for _, text in parts) for parts in self.spans)


@dataclass(frozen=True, kw_only=True)
class _Habits:
    """How badly one page is read; probabilities a character, blank, span or row.

    `colon`: blanks beside colons are lost throughout.
    """

    blank: float
    colon: bool
    letter: float
    value: float
    drift: float
    missing: float
    merge: float
    split: float
    skew: float
    wobble: float


def _habits(rng: Generator, noise: float) -> _Habits:
    """A page's habits at a level of noise, 0 (exact) to 1 (what scanned receipts show)."""
    loses = chance(rng, 0.6)
    return _Habits(
        blank=noise * (float(rng.beta(0.6, 2.0)) if loses else 0.02),
        colon=chance(rng, 0.4 * noise),
        letter=noise * float(rng.exponential(0.012)),
        value=noise * float(rng.exponential(0.003)),
        drift=noise * float(rng.exponential(0.08)),
        missing=noise * float(rng.exponential(0.01)),
        merge=noise * (0.25 if chance(rng, 0.3) else 0.03),
        split=noise * (float(rng.exponential(0.1)) if chance(rng, 0.25) else 0.004),
        skew=noise * float(rng.normal(0, 0.25)),
        wobble=noise * 0.06,
    )


def _misread(rng: Generator, text: str, letter: float, drift: float, blank: float) -> str:
    """`text` with look-alikes, drifting punctuation and lost blanks."""
    draws = rng.random(len(text))
    out: list[str] = []
    for char, draw in zip(text, draws.tolist(), strict=True):
        if char == " ":
            out.append("" if draw < blank else " ")
        elif char in _DRIFT:
            out.append(pick(rng, _DRIFT[char]) if draw < drift else char)
        elif draw < letter:
            out.append(pick(rng, _ALIKE[char]) if char in _ALIKE else "" if draw < letter / 4 else char)
        else:
            out.append(char)
    return "".join(out)


def _read_part(rng: Generator, part: Part, habits: _Habits) -> Part:
    field, text = part
    valued = bool(field)
    letter = habits.value if valued else habits.letter
    drift = habits.value if valued else habits.drift
    return field, _misread(rng, text, letter, drift, habits.blank)


def _read_run(rng: Generator, run: Run, habits: _Habits) -> list[tuple[tuple[Part, ...], float]]:
    """A run as one span or, cut at blanks of its text without a field, as several; with the place of each."""
    spans: list[list[Part]] = [[]]
    for part in run.parts:
        field, text = _read_part(rng, part, habits)
        if habits.colon and not field:
            text = _COLON.sub(":", text)
        pieces = [text] if field else _cut(rng, text, habits.split)
        spans[-1].append((field, pieces[0]))
        spans.extend([("", piece)] for piece in pieces[1:])
    trimmed = [_trimmed(tuple(parts)) for parts in spans]
    return [(parts, run.x + index / 1000) for index, parts in enumerate(trimmed) if parts]


def _cut(rng: Generator, text: str, probability: float) -> list[str]:
    """`text` in pieces, cut at some of its blanks; a piece may be empty."""
    pieces = [""]
    for word in _BLANKS.split(text):
        if word.isspace() and chance(rng, probability):
            pieces.append("")
        else:
            pieces[-1] += word
    return pieces


def _trimmed(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Without the blanks at both ends, and with no two blanks in a row."""
    kept = [(field, " ".join(text.split()) if field else _squeezed(text)) for field, text in parts]
    while kept and not kept[0][1].strip():
        kept.pop(0)
    while kept and not kept[-1][1].strip():
        kept.pop()
    if not kept:
        return ()
    kept[0] = (kept[0][0], kept[0][1].lstrip())
    kept[-1] = (kept[-1][0], kept[-1][1].rstrip())
    return tuple(part for part in kept if part[1])


def _squeezed(text: str) -> str:
    return _BLANKS.sub(" ", text)


def read_spans(doc: Document, rng: Generator, noise: float = 1.0) -> list[ReadRow]:
    """The rows from top to bottom as a reader returns them, with the fields that they print.

    Args:
        doc: the page.
        rng: where the randomness comes from; unused at noise 0.
        noise: 0 gives the exact text, 1 what scanned receipts show, 2 a bad scan.
    """
    rows = [row for row in doc.rows if row.runs]
    if noise <= 0:
        exact = [tuple(_trimmed(run.parts) for run in row.runs) for row in rows]
        return [ReadRow(spans=tuple(s for s in spans if s)) for spans in exact]
    habits = _habits(rng, noise)
    found: list[tuple[float, float, tuple[Part, ...]]] = []
    for index, row in enumerate(rows):
        if chance(rng, habits.missing):
            continue
        for run in row.runs:
            for parts, x in _read_run(rng, run, habits):
                y = index + habits.skew * (x - 0.5) + float(rng.normal(0, habits.wobble))
                found.append((y, x, parts))
    grouped = _grouped(found)
    return [ReadRow(spans=tuple(_merged(rng, spans, habits.merge))) for spans in grouped]


def _grouped(found: list[tuple[float, float, tuple[Part, ...]]]) -> list[list[tuple[Part, ...]]]:
    """Spans into rows: a span joins the row above where its middle lies within half a line of that row's."""
    rows: list[list[tuple[float, float, tuple[Part, ...]]]] = []
    for entry in sorted(found, key=lambda f: f[0]):
        if rows and entry[0] - sum(e[0] for e in rows[-1]) / len(rows[-1]) < 0.5:
            rows[-1].append(entry)
        else:
            rows.append([entry])
    return [[parts for _, _, parts in sorted(row, key=lambda e: e[1])] for row in rows]


def _merged(rng: Generator, spans: list[tuple[Part, ...]], probability: float) -> list[tuple[Part, ...]]:
    """Neighbouring spans sometimes come back as one, with a blank or nothing between."""
    out = [spans[0]]
    for parts in spans[1:]:
        if chance(rng, probability):
            out[-1] = (*out[-1], ("", " " if chance(rng, 0.6) else ""), *parts)
        else:
            out.append(parts)
    return [tuple(part for part in parts if part[1]) for parts in out]


def read_rows(doc: Document, rng: Generator, noise: float = 1.0) -> list[str]:
    """The text of `read_spans`, a string a row, spans joined by ` | `."""
    return [row.text for row in read_spans(doc, rng, noise)]


def read_fields(rows: list[ReadRow]) -> dict[str, list[str]]:
    """Field -> its texts in the rows, in their order from the top."""
    found: dict[str, list[str]] = {}
    for row in rows:
        for parts in row.spans:
            for field, text in parts:
                if field and text.strip():
                    found.setdefault(field, []).append(text.strip())
    return found
