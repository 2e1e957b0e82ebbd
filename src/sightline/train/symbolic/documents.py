"""Episodes over documents with fields: receipts, invoices, forms, tickets, cards.

The pages are laid out, read with the errors of readers, and handed to the real document reader: what is asked
for is then told to stand under the name that it gave, among the words that were read, or nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from numpy.random import Generator

from sightline.train.symbolic.document_questions import (
    Course,
    Reading,
    Step,
    asked,
    asked_label,
    call_step,
    evidence_of,
    framed,
    read_document_step,
    rough,
    shown,
    wordings,
)
from sightline.train.symbolic.document_questions_more import MAKERS, aside, objects, queried
from sightline.train.symbolic.documents_pages import Paper, Read, glance, read_page
from sightline.train.symbolic.documents_states import make_paper, two_bills
from sightline.train.symbolic.documents_words import filled_sections, said_lines, spread
from sightline.train.symbolic.episode import Branch, Episode
from sightline.train.worlds.dice import chance, pick, shuffled, span, weighted
from sightline.train.worlds.lexicon import COMMON
from sightline.train.worlds.pages import Row, Run
from sightline.types import Evidence, Fields, TextLines, ToolCall, ToolResult
from sightline.types.overview import Overview

FAILED = 0.1
"""Share of pages whose document reader gives nothing."""

_FAILURES = (
    ("timeout", "stopped after 20 s"),
    ("timeout", "not answered within 20.0 s"),
    ("timeout", "busy with other calls for 20.0 s"),
    ("timeout", "not loaded in time"),
    ("error", "WorkerFailed: the process was closed"),
    ("error", "stopped: 1290 MB of memory, over its limit of 1024 MB"),
    ("error", "RapidOCR and its models are not installed"),
    ("unsupported", "it does not read this script"),
    ("unsupported", "read_text: nothing was found"),
)


PER_PAGE = 4
"""Episodes about one page: the document reader takes longer than all the rest."""

PLAIN = ("total", "date", "company", "address", "invoice number", "phone", "subtotal", "tax")
"""Fields that are asked for most: each of some of them again, in other words."""

MOST_ROUNDS = 24
"""Of one episode: tools and evidence, read once for all of them, are half of its tokens or less."""


def document_episodes(rng: Generator) -> Iterator[Episode]:
    """Episodes without end; a page is asked about in several of them."""
    while True:
        two = chance(rng, 0.06)
        if two:
            read = read_page(two_bills(rng), rng, 0.0)
            reading = reading_of(read, read_document_step(read))
        else:
            reading = _reading(rng)
        for _ in range(PER_PAGE):
            courses = _of_two(rng, reading) if two else questions(rng, reading)
            if episode := rounds(rng, courses, reading, glance(reading.read, rng, blind=reading.is_blind)):
                yield episode


def document_episode(rng: Generator) -> Episode:
    """Questions about one document, 5 to 24 rounds."""
    return next(document_episodes(rng))


def _reading(rng: Generator) -> Reading:
    """A page, read."""
    paper = make_paper(rng)
    if chance(rng, 0.07):
        paper = with_orders(rng, paper)
    noise = 0.0 if chance(rng, 0.45) else float(rng.uniform(0.1, 0.8))
    if chance(rng, 0.12):
        paper = replace(paper, medium=pick(rng, ("photo", "photo", "text", "screenshot")))
    read = read_page(paper, rng, noise)
    if chance(rng, FAILED):
        return _failing(rng, read)
    dropped: list[str] = []
    if chance(rng, 0.2):
        dropped = shuffled(rng, sorted(read.places))[: span(rng, 1, 4)]
    return reading_of(read, read_document_step(read, dropped), _partial(rng))


def _partial(rng: Generator) -> str:
    return "print at 2 places was not read" if chance(rng, 0.08) else ""


def reading_of(read: Read, document: Step, partial: str = "") -> Reading:
    """A page read by both readers."""
    lines = read.lines.model_copy(update={"partial": partial})
    if partial and document.result.payload is not None:
        payload = document.result.payload.model_copy(update={"partial": partial})
        document = replace(document, source=document.result.model_copy(update={"payload": payload}))
    text = call_step("read_text", ToolResult(status="ok", payload=lines, tool="read_text"))
    return Reading(read=read, document=document, text=text)


def _failing(rng: Generator, read: Read) -> Reading:
    """A page whose document reader fails; now and then the reader of text too."""
    reading = reading_of(read, call_step("read_document", failure(rng, "read_document")))
    draw = rng.random()
    if draw < 0.3:
        return replace(reading, text=call_step("read_text", failure(rng, "read_text")))
    if draw < 0.45:
        nothing = ToolResult(status="empty", payload=TextLines(), tool="read_text")
        return replace(reading, document=empty_document(), text=call_step("read_text", nothing))
    return reading


def empty_document() -> Step:
    """What the document reader says where it finds nothing."""
    why = "no label with a value, no date and no amount was found"
    return call_step(
        "read_document", ToolResult(status="empty", payload=Fields(), message=why, tool="read_document")
    )


def failure(rng: Generator, tool: str) -> ToolResult:
    """A call that failed, as tools say it."""
    status, message = pick(rng, _FAILURES if tool != "read_text" else _FAILURES[:-1])
    return ToolResult.model_validate({"status": status, "message": message, "tool": tool})


def with_orders(rng: Generator, paper: Paper) -> Paper:
    """A page that gives orders to whoever reads it."""
    line = spread(pick(rng, filled_sections("documents_other.txt")["orders"]), rng)
    line = line.format(n=span(rng, 2, 99), w=pick(rng, COMMON))
    at = pick(rng, (0, len(paper.rows), len(paper.rows)))
    row = Row(runs=(Run(parts=(("", line),)),))
    return replace(paper, rows=(*paper.rows[:at], row, *paper.rows[at:]))


# Questions.


def questions(rng: Generator, reading: Reading) -> list[Course]:
    """Courses about one page, in a random order."""
    paper = reading.read.paper
    courses: list[Course | None] = []
    blind = reading.text.result.status != "ok" and reading.document.result.status != "ok"
    names = [n for n in paper.labels | dict.fromkeys(reading.read.places) if askable(paper, n)]
    plain = [n for n in PLAIN if n in names and n in reading.read.places]
    for name in [*shuffled(rng, names)[:8], *shuffled(rng, plain)[:5], *shuffled(rng, plain)[:3]]:
        question, kind = field_question(rng, paper, name)
        if blind:
            courses.append(reading.missing(question, kind, "document_failed"))
        elif name in reading.read.places:
            courses.append(reading.about(rng, name, question, kind, f"document_field_{_family(name)}"))
    makers = MAKERS if not blind else {}
    for _ in range(span(rng, 6, 11) if makers else 0):
        courses.append(weighted(rng, makers)(rng, reading))
    for likely, maker in ((0.8, aside), (0.5, aside), (0.6, objects)):
        if chance(rng, likely):
            courses.append(maker(rng))
    for _ in range(span(rng, 0, 2) if not blind else 0):
        courses.append(_by_label(rng, reading))
    for _ in range(span(rng, 0, 1) if not blind else 0):
        courses.append(_native(rng, reading))
        courses.append(_of_lines(rng, reading))
    return shuffled(rng, once_each([course for course in courses if course is not None]))


def once_each(courses: Sequence[Course]) -> list[Course]:
    """The courses without such as ask the same again."""
    return list({course.question.casefold(): course for course in courses}.values())


def _family(name: str) -> str:
    return name.replace(" ", "_") if name in wordings() else "other"


def askable(paper: Paper, name: str) -> bool:
    """Whether there are words to ask for a field."""
    known = name in wordings() and name not in ("label", "title")
    return name in paper.asks or (known and (name != "count" or name in paper.labels))


def field_question(rng: Generator, paper: Paper, name: str) -> tuple[str, str]:
    """A question for a field and the kind of its answer."""
    if name not in paper.asks:
        return rough(rng, asked(rng, name, paper.kind)), wordings()[name].kind
    label = paper.labels[name]
    own = chance(rng, 0.65)
    question = (
        framed(rng, pick(rng, paper.asks[name]), paper.kind) if own else asked_label(rng, label, paper.kind)
    )
    return rough(rng, question), paper.kinds[name]


def _by_label(rng: Generator, reading: Reading) -> Course | None:
    """A question that says the printed label of a field, in whatever language it is."""
    labels = {
        n: label
        for n, label in reading.read.paper.labels.items()
        if n in wordings() and n in reading.read.places
    }
    if not labels:
        return None
    name = pick(rng, tuple(labels))
    found = [f.name for f in reading.fields.items if f.name.casefold() == labels[name].casefold()]
    question = asked_label(rng, labels[name], reading.read.paper.kind)
    kind = wordings()[name].kind
    if found and (len(found) > 1 or not reading.named(name)):
        return None
    return reading.about(rng, name, question, kind, "document_field_label")


def _native(rng: Generator, reading: Reading) -> Course | None:
    """A question in the language of the page."""
    lines = filled_sections("documents_native.txt").get(reading.read.paper.language, ())
    if reading.read.paper.language == "en" or not lines:
        return None
    name, _, said = pick(rng, lines).partition(": ")
    if name not in reading.read.places:
        return None
    return reading.about(rng, name, spread(said, rng), wordings()[name].kind, "document_field_native")


def _of_lines(rng: Generator, reading: Reading) -> Course | None:
    """What stands at the top or at the bottom."""
    rows = [" ".join(w for s in row for w in s.text.split()) for row in reading.read.rows]
    if not rows:
        return None
    top = chance(rng, 0.5)
    lines = said_lines("of lines") if top else said_lines("of lines 2")
    question = rough(rng, spread(pick(rng, lines), rng))
    return reading.quoted(rows[0] if top else rows[-1], question, "text", "document_lines", at_once=True)


def _of_two(rng: Generator, reading: Reading) -> list[Course]:
    """Questions about two receipts in one picture: what stands on both is ambiguous."""
    names = [f.name for f in reading.fields.items]
    if names.count("total") != 2 or names.count("date") != 2 or names.count("company") != 2:
        return []
    courses: list[Course | None] = []
    seen = shown((reading.document,), 0)
    for name in ("total", "date", "company"):
        kind = wordings()[name].kind
        question = rough(rng, asked(rng, name, "receipt"))
        steps = (reading.document,)
        if seen.count(f"{name}: ") >= 2:
            courses.append(
                Course(
                    question=question,
                    kind=kind,
                    task="document_two",
                    steps=steps,
                    answer="cannot tell: ambiguous",
                )
            )
    if all(reading.read.texts.get(n) for n in ("total", "second total")) and seen.count("\ntotal: ") == 2:
        courses += [
            queried(reading, sql, question, kind, "document_two")
            for question, kind, sql in (
                (
                    pick(rng, said_lines("of two")),
                    "money",
                    "SELECT total + total_2 FROM document",
                ),
                (
                    pick(rng, said_lines("of two 2")),
                    "money",
                    "SELECT total_2 FROM document",
                ),
                (
                    pick(rng, said_lines("of two 3")),
                    "date",
                    "SELECT date FROM document",
                ),
                (
                    pick(rng, said_lines("of two 4")),
                    "name",
                    "SELECT company_2 FROM document",
                ),
            )
        ]
    courses += [aside(rng), objects(rng)]
    return shuffled(rng, [course for course in courses if course is not None])


# Rounds.


def rounds(rng: Generator, courses: Sequence[Course], reading: Reading, overview: Overview) -> Episode | None:
    """One episode: rounds that share what has been read, or rounds each with its own evidence."""
    first = Evidence(
        id="e1",
        step=0,
        call=ToolCall(name="look"),
        result=ToolResult(status="ok", payload=overview, tool="look"),
    )
    spines: dict[tuple[Step, ...], float] = {
        (): 0.3,
        (reading.document,): 0.45,
        (reading.document, reading.text): 0.25,
        (reading.text,): 0.0,
    }
    for spine in sorted(spines, key=lambda s: -spines[s] * float(rng.random())):
        branches = branches_of(rng, courses, spine)
        if len(branches) >= 5:
            needs = {s.call.name for c in courses for s in c.steps}
            kept = {b.question for b in branches}
            needs = {s.call.name for c in courses if c.question in kept for s in c.steps}
            evidence = (first, *evidence_of(spine))
            return Episode(needs=tuple(sorted(needs)), evidence=evidence, branches=tuple(branches))
    return None


def branches_of(
    rng: Generator, courses: Sequence[Course], spine: tuple[Step, ...], own: float = 0.15
) -> list[Branch]:
    """The rounds that follow a spine; with none, first rounds and a few later ones of their own."""
    shared, late = len(spine), 0
    found: list[Branch] = []
    for course in courses:
        if course.steps[:shared] != spine:
            continue
        found.append(course.branch(shared, shared=shared))
        for n in range(shared + 1, len(course.steps) + 1):
            last = course.steps[n - 1]
            late += last.is_late
            if not (shared or chance(rng, own)) or (last.is_late and (late > 1 or chance(rng, 0.4))):
                break
            if not last.is_late or last.is_usable:
                found.append(course.branch(n, shared=shared))
    return found[:MOST_ROUNDS]
