"""Questions about documents: how they are asked, and the course of calls to their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from numpy.random import Generator

from sightline.tools.document_fields import read_spans
from sightline.train.symbolic.documents_pages import Place, Read
from sightline.train.symbolic.documents_words import filled_sections, sections, spread
from sightline.train.symbolic.episode import Branch
from sightline.train.symbolic.noise import noisy
from sightline.train.worlds.dice import chance, pick
from sightline.types import Evidence, Fields, Relation, ToolCall, ToolResult

KNOWN: dict[str, tuple[str, ...]] = {
    "customer": ("bill to",),
    "number": ("invoice number",),
    "cash": ("cash", "paid"),
    "title": (),
    "label": (),
}
"""Field -> what the document reader calls it, where it is another name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One call, as the planner says it, and what comes of it: a result, or how to make it once needed."""

    said: str
    call: ToolCall
    source: ToolResult | Callable[[], ToolResult]

    @cached_property
    def result(self) -> ToolResult:
        """What comes of the call."""
        return self.source if isinstance(self.source, ToolResult) else self.source()

    @property
    def is_late(self) -> bool:
        """Whether the result is made when it is needed: that of a query takes tens of milliseconds."""
        return not isinstance(self.source, ToolResult)

    @property
    def is_usable(self) -> bool:
        """Whether an answer can point at the result; that of a query may be nothing."""
        payload = self.result.payload
        if not isinstance(payload, Relation):
            return not self.is_late
        return self.result.status == "ok" and all(v.value is not None for row in payload.rows for v in row)


@dataclass(frozen=True, kw_only=True)
class Course:
    """A question, its calls one after the other, and its answer."""

    question: str
    kind: str
    task: str
    steps: tuple[Step, ...]
    answer: str

    def branch(self, done: int, *, shared: int = 0) -> Branch:
        """The round after `done` calls; the first `shared` of them are evidence of the episode."""
        own = evidence_of(self.steps[:done])[shared:]
        said = self.steps[done].said if done < len(self.steps) else self.answer
        return Branch(question=self.question, reply=f"{self.kind}: {said}", task=self.task, evidence=own)


def evidence_of(steps: Sequence[Step]) -> tuple[Evidence, ...]:
    """The calls as evidence from e2 on: e1 is the overview."""
    return tuple(
        Evidence(id=f"e{n}", step=n - 1, call=step.call, result=step.result)
        for n, step in enumerate(steps, 2)
    )


SEEN = 860
"""Characters of a result that the planner sees for sure: a little less than `planning.situation.BUDGET`."""


def shown(steps: Sequence[Step], at: int) -> str:
    """The text of one result, as the planner sees it."""
    return steps[at].result.to_text(SEEN)


def single_names(fields: Fields) -> tuple[str, ...]:
    """The names that stand for one field each and can be said in a reply."""
    names = [item.name for item in fields.items]
    return tuple(n for n in dict.fromkeys(names) if names.count(n) == 1 and "," not in n and n.strip() == n)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A page that was read in two ways: as fields and as lines."""

    read: Read
    document: Step
    text: Step

    @property
    def fields(self) -> Fields:
        """What the document reader found; nothing where it failed."""
        payload = self.document.result.payload
        return payload if isinstance(payload, Fields) and self.document.result.status == "ok" else Fields()

    def named(self, name: str, place: int = 0) -> str:
        """The name under which a field of the page stands among the fields; empty where it does not.

        What it is goes before what its label says.
        """
        places = self.read.places.get(name, ())
        if place >= len(places):
            return ""
        known = known_as(name)
        holding = [
            f for f in self.fields.items if self._holds(f.text, f.box.y1, f.box.x1, f.box.x2, name, places)
        ]
        holding.sort(key=lambda f: f.name not in known)
        once = single_names(self.fields)
        return next((f.name for f in holding if f.name in once and not self._misnamed(f.name, name)), "")

    @property
    def is_blind(self) -> bool:
        """Whether no print was seen at all."""
        return self.text.result.status == "empty"

    def _misnamed(self, found: str, name: str) -> bool:
        """Whether a known name says something else than the field is."""
        others = {k for k in _KINDS if k not in known_as(name)} | {"bill to", "invoice number", "paid"}
        return found in others - set(known_as(name)) - {self.read.paper.labels.get(name, "")}

    def _holds(self, text: str, y: float, x1: float, x2: float, name: str, places: Sequence[Place]) -> bool:
        """Whether a field is the print of a place, with or without its currency."""
        wanted = self.read.quotable(name) if name in ("address", "second address") else ""
        for place, said in zip(places, self.read.texts[name], strict=True):
            box = self.read.box(place)
            same = _bare(text) == _bare(wanted or said)
            if same and abs(box.y1 - y) < 4 and x1 < box.x2 and x2 > box.x1:
                return True
        return False

    def claimed(self, name: str) -> bool:
        """Whether the document reader has a field of that name, right or wrong."""
        return bool({f.name for f in self.fields.items} & set(known_as(name)))

    def about(self, rng: Generator, name: str, question: str, kind: str, task: str) -> Course | None:
        """The course to a field of the page; None where what was read would mislead."""
        first = (self.document,)
        if found := self.named(name):
            seen = f"\n{found}: " in f"\n{shown(first, 0)}".replace("ok: ", "\n", 1)
            answer = f"field of e2: {found}"
            return (
                Course(question=question, kind=kind, task=task, steps=first, answer=answer) if seen else None
            )
        if self.claimed(name) or self._labelled(name):
            return None
        return self.quoted(self.read.quotable(name), question, kind, task.replace("field", "quote"))

    def _labelled(self, name: str) -> bool:
        """Whether a field goes by the label of this one and says something else."""
        label = self.read.paper.labels.get(name, "").casefold().strip(" :.")
        return bool(label) and any(f.name.casefold().strip(" :.") == label for f in self.fields.items)

    def quoted(
        self, words: str, question: str, kind: str, task: str, *, at_once: bool = False
    ) -> Course | None:
        """The course to words of the page; None where they are not to be seen."""
        steps = (self.text,) if at_once else (self.document, self.text)
        if not words or len(words.split()) > 38 or self.text.result.status != "ok":
            return None
        seen = " ".join(shown(steps, len(steps) - 1).replace(" | ", " ").split())
        if f" {words} " not in f" {seen.replace('ok: ', 'ok:  ', 1)} ":
            return None
        answer = f"quote of e{len(steps) + 1}: {words}"
        return Course(question=question, kind=kind, task=task, steps=steps, answer=answer)

    def missing(self, question: str, kind: str, task: str = "document_absent") -> Course:
        """The course to an answer that there is no such thing."""
        failed = all(s.result.status not in ("ok", "empty") for s in (self.document, self.text))
        reason = "failed" if failed else "not there"
        steps = (self.document, self.text)
        return Course(question=question, kind=kind, task=task, steps=steps, answer=f"cannot tell: {reason}")


def known_as(name: str) -> tuple[str, ...]:
    """What the document reader calls a field of a page."""
    name = name.removeprefix("second ")
    return KNOWN.get(name, (name,))


def _bare(text: str) -> str:
    """A value without currency, blanks and signs at its ends."""
    kept = text.casefold().strip(" .,:;*")
    for sign in ("rm", "myr", "eur", "usd", "s$", "a$", "r$", "$", "€", "£"):
        kept = kept.removeprefix(sign).removesuffix(sign).strip()
    return (
        "".join(kept.replace(",", " ").split())
        if not any(c.isdigit() for c in kept)
        else "".join(kept.split())
    )


def call_step(
    name: str, result: ToolResult | Callable[[], ToolResult], said: str = "", **arguments: object
) -> Step:
    """A step of a call."""
    return Step(said=said or f"{name}()", call=ToolCall(name=name, arguments=arguments), source=result)


def read_document_step(read: Read, dropped: Sequence[str] = ()) -> Step:
    """What the real document reader makes of a page; fields at the places of `dropped` are left out."""
    found = read_spans(read.lines.spans())
    gone = [read.box(place) for name in dropped for place in read.places.get(name, ())]
    items = tuple(f for f in found.fields if not any(f.box.intersection(box) > 0 for box in gone))
    fields = Fields(items=items, lines=found.lines)
    if fields.is_empty:
        why = "no label with a value, no date and no amount was found"
        return call_step(
            "read_document", ToolResult(status="empty", payload=fields, message=why, tool="read_document")
        )
    return call_step("read_document", ToolResult(status="ok", payload=fields, tool="read_document"))


# Wordings.


@dataclass(frozen=True, kw_only=True)
class Wording:
    """How one thing is asked for."""

    kind: str
    nouns: tuple[str, ...]
    sentences: tuple[str, ...]


@cache
def wordings() -> dict[str, Wording]:
    """Field -> how it is asked for."""
    return wordings_of("documents_questions.txt")


def wordings_of(name: str) -> dict[str, Wording]:
    """The wordings of a file: what is asked for -> how."""
    found = {}
    for head, lines in filled_sections(name).items():
        key, _, kind = head.partition(", ")
        found[key] = Wording(
            kind=kind,
            nouns=tuple(line[3:] for line in lines if line.startswith("n: ")),
            sentences=tuple(line[3:] for line in lines if line.startswith("s: ")),
        )
    return found


_KINDS = frozenset(
    "total subtotal tax cash change discount service rounding card delivery deposit tip date time company "
    "phone fax email website address".split()
) | {
    "due date",
    "delivery date",
    "expiry date",
    "birth date",
    "ship to",
    "order number",
    "customer number",
    "tax id",
}


def framed(rng: Generator, noun: str, kind: str) -> str:
    """A noun phrase in a sentence, or a sentence as it is; `kind` of page names its place."""
    said = spread(noun, rng)
    if said.endswith("?"):
        return said[0].upper() + said[1:] if chance(rng, 0.6) else said
    frames = sections("documents_frames.txt")
    where = pick(rng, frames[kind])
    return pick(rng, filled_sections("documents_frames.txt")["frames"]).format(n=said, w=where)


def asked(rng: Generator, name: str, kind: str) -> str:
    """A question for a field of the wordings."""
    wording = wordings()[name]
    if not wording.nouns or chance(rng, 0.45):
        said = spread(pick(rng, wording.sentences), rng)
        return said[0].upper() + said[1:] if chance(rng, 0.6) else said
    return framed(rng, pick(rng, wording.nouns), kind)


def asked_label(rng: Generator, label: str, kind: str) -> str:
    """A question for what stands by a label."""
    said = label if chance(rng, 0.4) else label.lower()
    wording = wordings()["label"]
    if chance(rng, 0.4):
        return spread(pick(rng, wording.sentences).replace("{label}", said), rng)
    return framed(rng, pick(rng, wording.nouns).replace("{label}", said), kind)


def rough(rng: Generator, question: str) -> str:
    """A question as somebody writes it: now and then with a story before it, or carelessly."""
    if chance(rng, 0.1):
        story = pick(rng, filled_sections("documents_frames.txt")["stories"])
        return story.format(q=question)
    return noisy(question, rng) if chance(rng, 0.5) else question
