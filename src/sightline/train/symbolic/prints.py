"""Episodes over print without fields: signs, posters, cards, menus, labels, screens, letters, pages of text.

Answers are quotations of what `read_text` read, to the letter. The pages are made of `documents_prints.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import get_args

from numpy.random import Generator

from sightline.train.symbolic.document_questions import (
    Course,
    Reading,
    Step,
    Wording,
    call_step,
    evidence_of,
    framed,
    rough,
    wordings_of,
)
from sightline.train.symbolic.document_questions_more import aside, objects
from sightline.train.symbolic.documents import branches_of, empty_document, failure, once_each, with_orders
from sightline.train.symbolic.documents_pages import Paper, Read, glance, read_page
from sightline.train.symbolic.documents_words import (
    Hand,
    fill,
    filled_sections,
    make_hand,
    said_lines,
    spread,
)
from sightline.train.symbolic.episode import Episode
from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.pages import Align, Part, Row, Run
from sightline.types import Evidence, TextLines, ToolCall, ToolResult
from sightline.types.overview import MEDIUMS, Medium

_KEYED = re.compile(r"<(\w+):([^<>]*)>")

_NUMBERS = ("first", "second", "third", "fourth", "fifth", "sixth")


def print_episodes(rng: Generator) -> Iterator[Episode]:
    """Episodes without end; a page is asked about in two of them."""
    while True:
        reading = _reading(rng)
        for _ in range(2):
            if episode := _episode(rng, reading):
                yield episode


def print_episode(rng: Generator) -> Episode:
    """Questions about print, 5 to 24 rounds."""
    return next(print_episodes(rng))


def _episode(rng: Generator, reading: Reading) -> Episode | None:
    """Rounds that share the reading, or each with its own evidence."""
    courses = questions(rng, reading)
    overview = ToolResult(status="ok", payload=glance(reading.read, rng, blind=reading.is_blind), tool="look")
    first = Evidence(id="e1", step=0, call=ToolCall(name="look"), result=overview)
    spines: list[tuple[Step, ...]] = [(reading.text,), ()] if chance(rng, 0.65) else [()]
    for spine in spines:
        branches = branches_of(rng, courses, spine, own=0.3)
        if len(branches) >= 5:
            kept = {b.question for b in branches}
            needs = {s.call.name for c in courses if c.question in kept for s in c.steps}
            evidence = (first, *evidence_of(spine))
            return Episode(needs=tuple(sorted(needs)), evidence=evidence, branches=tuple(branches))
    return None


# Pages.


def make_print(rng: Generator) -> Paper:
    """A page of print of one of the kinds."""
    head = pick(rng, tuple(filled_sections("documents_prints.txt")))
    hand = make_hand(rng, "en")
    rows, keys = [], set()
    align: Align = "centre" if head.endswith("photo") and chance(rng, 0.6) else "left"
    upper = chance(rng, 0.2)
    for line in filled_sections("documents_prints.txt")[head]:
        if line.startswith("?") and chance(rng, 0.45):
            continue
        pieces = _parts(spread(line.removeprefix("?"), rng), rng, hand, upper)
        keys |= {name for parts in pieces for name, _ in parts if name}
        places = [n / max(len(pieces), 1) for n in range(len(pieces))]
        runs = [Run(parts=parts, x=x) for parts, x in zip(pieces, places, strict=True)]
        if len(runs) == 1 and align == "centre":
            runs = [Run(parts=pieces[0], x=0.5, align="centre")]
        rows.append(Row(runs=tuple(runs), gap=pick(rng, (0.0, 0.0, 0.5))))
    kind, _, medium = head.partition(", ")
    return Paper(
        kind="print", rows=tuple(rows), labels={"": kind}, columns=span(rng, 26, 50), medium=_medium(medium)
    )


def _medium(name: str) -> Medium:
    options: tuple[Medium, ...] = get_args(Medium)
    return options[MEDIUMS.index(name)]


def _parts(line: str, rng: Generator, hand: Hand, upper: bool) -> list[tuple[Part, ...]]:
    """A line as runs, each of parts with their keys."""
    runs = []
    for piece in line.split(" | "):
        parts: list[Part] = []
        at = 0
        for found in _KEYED.finditer(piece):
            parts.append(("", fill(piece[at : found.start()], rng, hand) + _gap(piece[at : found.start()])))
            parts.append((found[1], fill(found[2], rng, hand)))
            at = found.end()
            if piece[at : at + 1] == " ":
                parts.append(("", " "))
        rest = fill(piece[at:], rng, hand)
        parts.append(("", rest))
        kept = [(n, t.upper() if upper else t) for n, t in parts if t]
        runs.append(tuple(kept))
    return runs


def _gap(text: str) -> str:
    return " " if text.rstrip() != text and text.strip() else ""


def long_page(rng: Generator) -> Paper:
    """A page of running text with its facts near its end or its head."""
    hand = make_hand(rng, "en")
    known = filled_sections("documents_long.txt")
    facts = [_parts(spread(line, rng), rng, hand, upper=False) for line in shuffled(rng, known["facts"])[:4]]
    filler = [
        _parts(spread(pick(rng, known["filler"]), rng), rng, hand, upper=False)
        for _ in range(span(rng, 6, 34))
    ]
    at = pick(rng, (1, len(filler) - 1, len(filler) - 2))
    title = _parts("<top:" + pick(rng, known["titles"]) + ">", rng, hand, upper=False)
    lines = [title, *filler[:at], *facts, *filler[at:]]
    rows = tuple(Row(runs=tuple(Run(parts=parts) for parts in line)) for line in lines)
    return Paper(kind="print", rows=rows, columns=64, medium=pick(rng, ("document", "document", "text")))


def _reading(rng: Generator) -> Reading:
    paper = long_page(rng) if chance(rng, 0.1) else make_print(rng)
    if chance(rng, 0.07):
        paper = with_orders(rng, paper)
    read = read_page(paper, rng, 0.0 if chance(rng, 0.6) else float(rng.uniform(0.1, 0.6)))
    partial = (
        pick(rng, ("", "print at 1 place was not read", "print at 3 places was not read"))
        if chance(rng, 0.1)
        else ""
    )
    lines = read.lines.model_copy(update={"partial": partial})
    text = call_step("read_text", ToolResult(status="ok", payload=lines, tool="read_text"))
    if chance(rng, 0.06):
        nothing = ToolResult(status="empty", payload=TextLines(), tool="read_text")
        text = call_step("read_text", nothing if chance(rng, 0.5) else failure(rng, "read_text"))
    return Reading(read=read, document=empty_document(), text=text)


# Questions.


@cache
def _wordings() -> dict[str, Wording]:
    return wordings_of("documents_prints_questions.txt")


def questions(rng: Generator, reading: Reading) -> list[Course]:
    """Courses about one page, in a random order."""
    courses: list[Course | None] = []
    readable = reading.text.result.status == "ok"
    named = [k for k in reading.read.places if k in _wordings()]
    for key in shuffled(rng, named)[:5]:
        kind, question = _wordings()[key].kind, rough(rng, _asked(rng, key))
        if not readable:
            courses.append(_blind(reading, question, kind))
        else:
            courses.append(
                reading.quoted(reading.read.quotable(key), question, kind, "print_quote", at_once=True)
            )
    makers: tuple[Callable[[Generator, Reading], Course | None], ...] = (
        all_of_it,
        row_by_number,
        line_after,
        word_beside,
        absent,
        absent,
        two_alike,
        price_in_list,
        price_in_list,
        whole_row,
    )
    if readable:
        courses += [pick(rng, makers)(rng, reading) for _ in range(span(rng, 10, 16))]
    courses += [aside(rng)] if chance(rng, 0.6) else []
    courses += [objects(rng)] if chance(rng, 0.3) and reading.read.paper.medium != "photo" else []
    named_so = [replace(c, task=c.task.replace("document", "print")) for c in courses if c]
    return shuffled(rng, once_each(named_so))


def _asked(rng: Generator, key: str) -> str:
    wording = _wordings()[key]
    if wording.sentences and (not wording.nouns or chance(rng, 0.5)):
        said = spread(pick(rng, wording.sentences), rng)
        return said[0].upper() + said[1:] if chance(rng, 0.6) else said
    return framed(rng, pick(rng, wording.nouns), "print")


def _blind(reading: Reading, question: str, kind: str) -> Course:
    """Where nothing was read: not there; where reading failed: failed."""
    reason = "not there" if reading.text.result.status == "empty" else "failed"
    return Course(
        question=question,
        kind=kind,
        task="print_failed",
        steps=(reading.text,),
        answer=f"cannot tell: {reason}",
    )


def _rows(read: Read) -> list[str]:
    return [" ".join(w for s in row for w in s.text.split()) for row in read.rows]


def all_of_it(rng: Generator, reading: Reading) -> Course | None:
    """Everything that was read."""
    lines = said_lines("all of it")
    question = rough(rng, spread(pick(rng, lines), rng))
    return Course(
        question=question, kind="text", task="print_all", steps=(reading.text,), answer="text of e2"
    )


def row_by_number(rng: Generator, reading: Reading) -> Course | None:
    """A row by its number from the top, or the last one; or one that is not there."""
    rows = _rows(reading.read)
    n = int(rng.integers(0, min(len(rows) + 1, len(_NUMBERS))))
    frames = said_lines("row by number")
    if chance(rng, 0.3):
        last = said_lines("row by number 2")
        question = spread(pick(rng, last), rng)
        return reading.quoted(rows[-1], rough(rng, question), "text", "print_row", at_once=True)
    ordinal = _NUMBERS[n]
    question = rough(rng, spread(pick(rng, frames), rng).format(o=ordinal))
    if n >= len(rows):
        return Course(
            question=question,
            kind="text",
            task="print_absent",
            steps=(reading.text,),
            answer="cannot tell: not there",
        )
    return reading.quoted(rows[n], question, "text", "print_row", at_once=True)


def line_after(rng: Generator, reading: Reading) -> Course | None:
    """The line under or over one that is quoted."""
    rows = _rows(reading.read)
    if len(rows) < 2 or len(set(rows)) < len(rows):
        return None
    n = int(rng.integers(1, len(rows)))
    upper, lower = rows[n - 1], rows[n]
    under = chance(rng, 0.7)
    known, wanted = (upper, lower) if under else (lower, upper)
    if len(known.split()) > 5 or any(c in known for c in '"{}'):
        return None
    lines = said_lines("line after") if under else said_lines("line after 2")
    question = spread(pick(rng, lines), rng).format(k=known)
    return reading.quoted(wanted, question, "text", "print_after", at_once=True)


def word_beside(rng: Generator, reading: Reading) -> Course | None:
    """The word after or before a word that stands on the page once."""
    words = " ".join(_rows(reading.read)).split()
    plain = [n for n, w in enumerate(words) if re.fullmatch(r"[^\W\d_]{3,}", w) and words.count(w) == 1]
    plain = [n for n in plain if 0 < n < len(words) - 1]
    if not plain:
        return None
    n = pick(rng, plain)
    after = chance(rng, 0.7)
    lines = said_lines("word beside") if after else said_lines("word beside 2")
    question = spread(pick(rng, lines), rng).format(k=words[n])
    return reading.quoted(words[n + 1 if after else n - 1], question, "text", "print_word", at_once=True)


def whole_row(rng: Generator, reading: Reading) -> Course | None:
    """The line in which a word stands."""
    rows = _rows(reading.read)
    line = pick(rng, rows)
    words = [w for w in line.split() if re.fullmatch(r"[^\W\d_]{4,}", w)]
    words = [w for w in words if sum(w in row for row in rows) == 1]
    if not words or len(line.split()) < 2:
        return None
    lines = said_lines("whole row")
    question = spread(pick(rng, lines), rng).format(k=pick(rng, words))
    return reading.quoted(line, question, "text", "print_row", at_once=True)


def absent(rng: Generator, reading: Reading) -> Course | None:
    """Something that is not written there."""
    text = reading.read.words
    if chance(rng, 0.65):
        line = pick(rng, filled_sections("documents_absent.txt")["absent"])
        kind, words, noun = (part.strip() for part in line.split(" | "))
        if any(word and word in text for word in words.split(";")):
            return None
        question = framed(rng, noun, "print")
    else:
        missing = [
            k
            for k in (
                "phone",
                "web",
                "email",
                "price",
                "hours",
                "plate",
                "temp",
                "weight",
                "publisher",
                "wind",
            )
            if k not in reading.read.places
        ]
        signs = {
            "price": r"\d",
            "phone": r"\d{3}",
            "email": "@",
            "web": r"www|@",
            "hours": r"\d",
            "plate": r"\d",
            "temp": "°",
            "weight": r"\d ?k?g",
        }
        missing = [k for k in missing if not re.search(signs.get(k, k), text)]
        if not missing:
            return None
        key = pick(rng, missing)
        kind, question = _wordings()[key].kind, _asked(rng, key)
    return Course(
        question=rough(rng, question),
        kind=kind,
        task="print_absent",
        steps=(reading.text,),
        answer="cannot tell: not there",
    )


_ALIKE = {
    ("c1", "c2"): ("money", "alike"),
    ("t1", "t2"): ("text", "alike 2"),
    ("p1", "p2"): ("number", "alike 3"),
    ("d1", "d2"): ("name", "alike 4"),
    ("phone", "mobile"): ("text", "alike 5"),
}


def two_alike(rng: Generator, reading: Reading) -> Course | None:
    """Several things that the question could mean."""
    fitting = [pair for pair in _ALIKE if all(k in reading.read.places for k in pair)]
    if not fitting:
        return None
    kind, family = _ALIKE[pick(rng, fitting)]
    question = rough(rng, pick(rng, said_lines(family)))
    return Course(
        question=question,
        kind=kind,
        task="print_ambiguous",
        steps=(reading.text,),
        answer="cannot tell: ambiguous",
    )


_PAIRED = (
    ("m", "c", "money", said_lines("paired")),
    ("c", "m", "name", said_lines("paired 2")),
    ("d", "t", "text", said_lines("paired 3")),
    ("d", "p", "number", said_lines("paired 4")),
    ("t", "d", "name", said_lines("paired 5")),
    ("d", "k", "number", said_lines("paired 6")),
)


def price_in_list(rng: Generator, reading: Reading) -> Course | None:
    """What belongs to an entry of a menu, a timetable or a sign with distances; or to none."""
    read = reading.read
    options = [
        (a + n, b + n, kind, lines)
        for a, b, kind, lines in _PAIRED
        for n in "1234"
        if a + n in read.places and b + n in read.places
    ]
    if not options:
        return None
    known, wanted, kind, lines = pick(rng, options)
    said = read.texts[known][0]
    if sum(said in texts[0] for texts in read.texts.values()) != 1:
        return None
    if chance(rng, 0.2) and known[0] in "md":
        other = (
            pick(rng, ("Cairo", "Atlantis", "Sofia"))
            if known[0] == "d"
            else pick(rng, ("duck", "pancakes", "lobster"))
        )
        if other.casefold() in read.words:
            return None
        question = rough(rng, pick(rng, lines).format(k=other))
        return Course(
            question=question,
            kind=kind,
            task="print_absent",
            steps=(reading.text,),
            answer="cannot tell: not there",
        )
    said = said if chance(rng, 0.6) else said.lower()
    question = rough(rng, pick(rng, lines).format(k=said))
    return reading.quoted(read.quotable(wanted), question, kind, "print_list", at_once=True)
