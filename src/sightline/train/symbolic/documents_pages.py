"""Pages as a reader of text gives them: what is printed where, with the errors of readers.

A page is rows of runs (`worlds.pages`), whose parts carry the name of the field that they print. Laid out
with letters of one width it becomes `TextLines`, and what the real document reader makes of them becomes
`Fields`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from numpy.random import Generator

from sightline.tools.look import MOST_LINES, shortened
from sightline.tools.reading import whole
from sightline.train.worlds.dice import chance, pick
from sightline.train.worlds.pages import Row, Run
from sightline.types import Box, Frame, TextLines, TextSpan
from sightline.types.overview import Medium, Overview

LETTER, HEIGHT, LINE, MARGIN = 9, 16, 22, 24
"""Width of a letter, height of a run, distance of rows, and margin, px."""

_ALIKE = {
    "O": "0", "0": "O", "l": "1", "I": "l", "1": "l", "S": "5", "5": "S", "B": "8", "8": "B", "Z": "2",
    "G": "6", "m": "rn", "c": "e", "e": "c", "U": "V", "a": "o", "i": "l", "h": "n", "u": "v", "t": "f",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A page and what is true of it.

    Args:
        kind: receipt, invoice, form or print; what its questions call it.
        rows: what is printed.
        labels: field -> its label as printed, where it has one.
        kinds: field -> the kind of answer, for fields that the wordings do not know.
        asks: field -> noun phrases and sentences of its own.
        goods: fields of the names of what was bought, in order; the amount of `x.name` is `x`.
        language: of its labels.
        point: before decimals.
        columns: letters a row.
        medium: of the picture.
    """

    kind: str
    rows: tuple[Row, ...]
    labels: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    asks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    goods: tuple[str, ...] = ()
    language: str = "en"
    point: str = "."
    columns: int = 40
    medium: Medium = "document"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a part was read: its row and span, and its letters within the span's text."""

    row: int
    span: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Read:
    """What was read of a page: the spans of each row, and each field's texts and places from the top."""

    paper: Paper
    frame: Frame
    rows: tuple[tuple[TextSpan, ...], ...]
    texts: dict[str, tuple[str, ...]]
    places: dict[str, tuple[Place, ...]]

    @property
    def lines(self) -> TextLines:
        """As `read_text` returns it."""
        return TextLines(rows=self.rows)

    @property
    def words(self) -> str:
        """All text in small letters, a row a line."""
        return "\n".join(" ".join(s.text for s in row) for row in self.rows).casefold()

    def box(self, place: Place) -> Box:
        """Of the span that holds a part."""
        return self.rows[place.row][place.span].box

    def quotable(self, name: str) -> str:
        """The words of a field, where they are whole words of consecutive rows; else empty.

        Parts of one name (the lines of an address) belong together where they follow one another.
        """
        places = self.places.get(name, ())
        said: list[str] = []
        for n, place in enumerate(places):
            text = self.rows[place.row][place.span].text
            before, after = text[: place.start][-1:], text[place.end :][:1]
            if before.strip() or after.strip():
                return ""
            if n and not self._follows(places[n - 1], place):
                return " ".join(said)
            said += text[place.start : place.end].split()
        return " ".join(said)

    def _follows(self, first: Place, second: Place) -> bool:
        """Whether nothing stands between two parts."""
        ends = first.span == len(self.rows[first.row]) - 1
        text = self.rows[first.row][first.span].text
        return (
            second.row == first.row + 1
            and ends
            and second.span == 0
            and not text[first.end :].strip()
            and not self.rows[second.row][0].text[: second.start].strip()
        )


def read_page(paper: Paper, rng: Generator, noise: float) -> Read:
    """What a reader makes of a page.

    Args:
        paper: the page.
        rng: all chance comes from it.
        noise: 0 is exact; 1 is a bad scan.
    """
    printed = [row for row in paper.rows if row.runs]
    height = round(sum((row.gap + 1) * LINE for row in paper.rows if row.runs)) + 2 * MARGIN
    width = max(paper.columns, *(len(row.runs[0].text) for row in printed)) * LETTER + 2 * MARGIN
    frame = Frame(image=f"{int(rng.integers(2**31)):064x}", width=width, height=max(height, 60))
    found: list[tuple[TextSpan, ...]] = []
    texts: dict[str, list[str]] = {}
    places: dict[str, list[Place]] = {}
    y = float(MARGIN)
    for row in printed:
        y += row.gap * LINE
        if not (noise and chance(rng, 0.006 * noise)):
            spans: list[TextSpan] = []
            for run in row.runs:
                _add(run, spans, len(found), texts, places, rng, noise, frame, y)
            if spans:
                found.append(tuple(spans))
        y += LINE
    return Read(
        paper=paper,
        frame=frame,
        rows=tuple(found),
        texts={k: tuple(v) for k, v in texts.items()},
        places={k: tuple(v) for k, v in places.items()},
    )


def _add(
    run: Run,
    spans: list[TextSpan],
    row: int,
    texts: dict[str, list[str]],
    places: dict[str, list[Place]],
    rng: Generator,
    noise: float,
    frame: Frame,
    y: float,
) -> None:
    """A run as one span, right of those before it."""
    text = ""
    kept: list[tuple[str, int, int]] = []
    for name, said in run.parts:
        read = misread(said, rng, noise * (0.1 if name else 1.0))
        if not text:
            read = read.lstrip()
        if name:
            lead = len(read) - len(read.lstrip())
            kept.append((name, len(text) + lead, len(text) + len(read.rstrip())))
        text += read
    text = text.rstrip()
    if not text:
        return
    inner, length = frame.width - 2 * MARGIN, len(text) * LETTER
    left = MARGIN + run.x * inner - {"left": 0.0, "centre": 0.5, "right": 1.0}[run.align] * length
    if spans:
        left = max(left, spans[-1].box.x2 + LETTER)
    score = round(float(rng.uniform(0.93, 0.999)), 3)
    box = Box.clipped(left, y, min(left + length, frame.width), y + HEIGHT, frame)
    for name, start, end in kept:
        if end > start:
            texts.setdefault(name, []).append(text[start:end])
            places.setdefault(name, []).append(Place(row=row, span=len(spans), start=start, end=end))
    spans.append(TextSpan(text=text, score=score, box=box))


def misread(text: str, rng: Generator, noise: float) -> str:
    """A text with look-alikes, lost blanks and drifting signs."""
    if noise <= 0:
        return " ".join(text.split()) if text.strip() and "  " in text.strip() else text
    out = []
    for char, draw in zip(text, rng.random(len(text)).tolist(), strict=True):
        if char == " ":
            out.append("" if draw < 0.04 * noise else " ")
        elif char in _ALIKE and draw < 0.02 * noise:
            out.append(_ALIKE[char])
        elif char in ":." and draw < 0.05 * noise:
            out.append({":": ";", ".": ","}[char])
        else:
            out.append(char)
    return re.sub(r" {2,}", " ", "".join(out))


def glance(read: Read, rng: Generator, *, blind: bool = False) -> Overview:
    """What `look` says of a page; `blind`: its print was not seen."""
    kind: Medium = read.paper.medium
    frame = read.frame
    rows = [row for row in read.rows if any(c.isalnum() for s in row for c in s.text) and not blind]
    sure = round(float(rng.uniform(0.55, 0.99)), 3)
    other = pick(rng, [m for m in ("document", "text", "photo", "screenshot", "table") if m != kind])
    return Overview(
        region=Box.whole(frame),
        medium=kind,
        mediums={kind: sure, other: round(1 - sure, 3)},
        lines=tuple(shortened(span.text for span in row) for row in rows[:MOST_LINES]),
        line_boxes=tuple(whole([span.box for span in row]) for row in rows[:MOST_LINES]),
        line_count=len(rows),
        colors=pick(
            rng,
            (
                ("white", "black"),
                ("white", "gray"),
                ("white", "black", "gray"),
                ("white",),
                ("gray", "white"),
            ),
        ),
        partial="" if kind == "photo" else f"objects not looked for on a {kind}",
        score=sure,
    )
