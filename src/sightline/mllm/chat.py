"""The dialect that our model speaks: the parts of a dialogue, and how they become token ids.

A prompt is written as a blackboard, afresh at each step: tools, images, notes (what has been found
so far), then the question. What is asked comes last, so that many questions share one prefix.

    <tools> detect(query: text) finds objects ...
    <image> x 64
    <note> e1 detect(query="red circles") ok: 2 found ...
    <user> How many red circles are there?
    <reply> <think> ... <call> detect(query="red circles") <eos>
    <reply> <answer> 2 <cite> e1 <eos>

Text is data: it is encoded with every special token switched off, so nothing that stands in an image,
a file name or a question can open a call or close a note. Coordinates are the one exception, and only
where `places` says so: `<07>` is the bin of 7 % of the image's width or height.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sightline.mllm.tokenizer import MAX_NOTES, Vocabulary

ParamKind = Literal["text", "phrase", "region"]

_NOTES = frozenset(f"e{number}" for number in range(1, MAX_NOTES + 1))


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool as the model sees it.

    A `text` argument is free text, a `phrase` is a run of the question's own words (the model reads it as
    `text`, and the grammar holds it to the question), a `region` is the id of a note.
    """

    name: str
    params: tuple[tuple[str, ParamKind], ...] = ()
    doc: str = ""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call of a tool with named arguments, in the order of its signature."""

    name: str
    args: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Note:
    """A finished call and what it returned, as text. `places`: the text holds coordinate bins."""

    id: str
    call: Call
    text: str
    places: bool = False


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the model says: calls, or an answer (`None` where it calls), with an optional thought.

    `quote`: the answer is copied from a note to the letter. `cites`: the notes that it stands on.
    """

    thought: str = ""
    calls: tuple[Call, ...] = ()
    answer: str | None = None
    quote: bool = False
    cites: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One question over a shared prefix, with the notes of its own that stand before it."""

    question: str
    reply: Reply
    notes: tuple[Note, ...] = ()
    task: str = ""


@dataclass(frozen=True, kw_only=True)
class Dialogue:
    """Images, tools and notes that all branches share, then the branches.

    `images`: uint8[H, W, 3] RGB arrays of any size; the processor resizes them.
    """

    images: tuple[object, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    notes: tuple[Note, ...] = ()
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True)
class Rendered:
    """A dialogue as ids.

    `prefix` is shared; each of `branches` is (ids, loss), where loss is 1 on the reply and 0 before it;
    `images` is how many images the prefix shows.
    """

    prefix: list[int]
    branches: list[tuple[list[int], list[int]]]
    images: int


def render(dialogue: Dialogue, vocabulary: Vocabulary, tokens_per_image: int) -> Rendered:
    """Ids of a whole dialogue: what is trained on."""
    v = vocabulary
    prefix = prompt_prefix(v, dialogue.tools, len(dialogue.images), dialogue.notes, tokens_per_image)
    branches = []
    for branch in dialogue.branches:
        asked = [*notes_ids(v, branch.notes), *question_ids(v, branch.question)]
        said = reply_ids(v, branch.reply, (*dialogue.notes, *branch.notes))
        branches.append(([*asked, *said], [0] * len(asked) + [1] * len(said)))
    return Rendered(prefix=prefix, branches=branches, images=len(dialogue.images))


def prompt_prefix(
    v: Vocabulary, tools: Sequence[ToolSpec], images: int, notes: Sequence[Note], tokens_per_image: int
) -> list[int]:
    """Tools, images, notes."""
    ids = [v.marks["bos"]]
    if tools:
        ids.append(v.marks["tools"])
    for tool in tools:
        params = ", ".join(
            f"{name}: {'region' if kind == 'region' else 'text'}" for name, kind in tool.params
        )
        ids += [*v.text(tool.name), *v.text("("), *v.text(f"{params}) {tool.doc}\n")]
    ids += [v.marks["image"]] * (images * tokens_per_image)
    return [*ids, *notes_ids(v, notes)]


def notes_ids(v: Vocabulary, notes: Sequence[Note]) -> list[int]:
    """`<note> e1 detect(query="red circles") ok: 2 found ...`, one after the other."""
    ids: list[int] = []
    for note in notes:
        ids += [v.marks["note"], v.note(note.id), *call_ids(v, note.call), *v.text(" ")]
        ids += v.text(note.text, places=note.places)
    return ids


def call_ids(v: Vocabulary, call: Call) -> list[int]:
    """`detect(query=" red circles")`, piece by piece, as the grammar builds it."""
    ids = [*v.text(call.name), *v.text("(")]
    for i, (name, value) in enumerate(call.args):
        ids += v.text(f"{', ' if i else ''}{name}=")
        # A value starts with a space, so that a word has the same token as in the question it is copied from.
        ids += [v.note(value)] if is_note(value) else [*v.text('"'), *v.text(f" {value}"), *v.text('"')]
    return [*ids, *v.text(")")]


def is_note(value: str) -> bool:
    """Whether an argument is the id of a note: `e1` to `e32`. The `e50` of a question is text."""
    return value in _NOTES


def question_ids(v: Vocabulary, question: str) -> list[int]:
    """The question and the mark after which the reply stands."""
    return [v.marks["user"], *v.text(f" {question}"), v.marks["reply"]]


def reply_ids(v: Vocabulary, reply: Reply, notes: Sequence[Note]) -> list[int]:
    """A reply, from its thought to `<eos>`."""
    ids = [v.marks["think"], *v.text(f" {reply.thought}", places=True)] if reply.thought else []
    if reply.answer is None:
        for call in reply.calls:
            ids += [v.marks["call"], *call_ids(v, call)]
        return [*ids, v.marks["eos"]]
    ids.append(v.marks["answer"])
    ids += quote_ids(v, reply.answer, notes) if reply.quote else v.text(f" {reply.answer}", places=True)
    if reply.cites:
        ids += [v.marks["cite"], *(v.note(name) for name in reply.cites)]
    return [*ids, v.marks["eos"]]


def quote_ids(v: Vocabulary, quoted: str, notes: Sequence[Note]) -> list[int]:
    """`<quote>` and the tokens of a note that hold `quoted`, as they stand there.

    Raises `ValueError` if no note holds it.
    """
    for note in notes:
        start = note.text.find(quoted)
        if start >= 0:
            ids, spans = v.spans(note.text)
            run = [i for i, (a, b) in zip(ids, spans, strict=True) if a < start + len(quoted) and b > start]
            return [v.marks["quote"], *run]
    raise ValueError(f"no note holds {quoted!r}")
