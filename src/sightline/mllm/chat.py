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

from dataclasses import dataclass
from typing import Literal

ParamKind = Literal["text", "region"]


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool as the model sees it. A `text` argument is free text, a `region` is the id of a note."""

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
