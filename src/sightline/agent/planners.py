"""Who decides what to do next: our model, or a script.

A planner sees the question, the pictures, the tools and the evidence so far, and says which tools to
call or what the answer is. It never runs anything itself.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from pydantic import Field

from sightline.images import Picture
from sightline.tools.base import Tool
from sightline.tools.signature import Kind
from sightline.types import Box, BoxFormat, Evidence, Frame, Model, TextLines, ToolCall, map_box

if TYPE_CHECKING:
    from sightline.mllm.chat import Note, ParamKind, ToolSpec
    from sightline.mllm.reasoner import Reasoner, Said

_log = logging.getLogger(__name__)

CANNOT_TELL = "cannot tell"
OUT_OF_TIME = "out of time"
"""The reason of a planner whose time was over before it had decided."""

# Characters of all notes together that our model is shown. The first is what it was trained on; where
# a text takes more tokens than its context holds, the next is tried.
NOTES_CHARS = (3600, 2400, 1200, 600, 300)


class Plan(Model):
    """What a planner says: calls, or an answer (`None` where it calls), with an optional thought."""

    kind: str = Field(default="", description="of answer that the question expects, such as number")
    thought: str = ""
    calls: tuple[ToolCall, ...] = ()
    answer: str | None = None
    value: bool | int | float | str | None = Field(
        default=None, description="of the answer; None: as its text says"
    )
    boxes: tuple[Box, ...] | None = Field(
        default=None, description="that the answer stands on; None: all that its evidence has"
    )
    reason: str = Field(default="", description="why it cannot tell")
    quote: bool = Field(default=False, description="the answer is copied from a text to the letter")
    cites: tuple[str, ...] = Field(default=(), description="ids of the evidence that it stands on")
    confidence: float = Field(default=1.0, ge=0, le=1)
    tokens: int = Field(default=0, ge=0, description="that were generated for it")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a planner is asked to decide on.

    Attributes:
        question: cleaned, not empty.
        pictures: the original, then the crops and drawings in the order in which they were made.
        tools: those that may be called.
        evidence: all finished calls, failures among them, in order.
        must_answer: calls are not allowed any more.
        rejected: the last answer, where a check refused it and the planner is to think again.
        critique: why that answer was refused.
        deadline: on the clock of `time.monotonic`, in seconds.
        kind: of answer that is expected, as the first plan of the run said it.
    """

    question: str
    pictures: tuple[Picture, ...]
    tools: tuple[Tool, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    must_answer: bool = False
    rejected: Plan | None = None
    critique: str = ""
    deadline: float | None = None
    kind: str = ""


class Planner(Protocol):
    """Decides on the next step."""

    @property
    def weights(self) -> str:
        """sha256 of its weights, first 16 hex digits; empty where there are none."""
        ...

    def plan(self, request: Request) -> Plan:
        """The next calls, or the answer."""
        ...


class ScriptedPlanner:
    """Says what it was given, one plan a step, and `cannot tell` when the script has ended.

    Each run starts the script anew: a request without evidence that repairs nothing is taken for a
    run's first. Where a run must answer, the rest of the script is searched for its first answer.
    """

    weights = ""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self._plans = tuple(plans)
        self._at = 0

    def plan(self, request: Request) -> Plan:
        """The next plan of the script."""
        if not request.evidence and request.rejected is None:
            self._at = 0
        while self._at < len(self._plans):
            plan = self._plans[self._at]
            self._at += 1
            if plan.answer is not None or not request.must_answer:
                return plan
        return Plan(answer=CANNOT_TELL, confidence=0.0)


class MLLMPlanner:
    """Our own model as the planner. A grammar holds its replies, so each of them parses."""

    def __init__(self, reasoner: Reasoner) -> None:
        self._reasoner = reasoner
        self._one_at_a_time = Lock()

    @property
    def weights(self) -> str:
        """sha256 of the model's weights, first 16 hex digits."""
        return self._reasoner.weights

    def plan(self, request: Request) -> Plan:
        """One reply of the model, over the notes of what has been found.

        Raises `ValueError` if even the shortest notes do not fit into its context.
        """
        with self._one_at_a_time:
            for chars in NOTES_CHARS[:-1]:
                try:
                    return _plan_of(self._reply(request, chars))
                except ValueError as error:
                    _log.info("notes of %d characters do not fit: %s", chars, error)
            return _plan_of(self._reply(request, NOTES_CHARS[-1]))

    def _reply(self, request: Request, chars: int) -> Said:
        return self._reasoner.reply(
            images=[picture.pixels for picture in request.pictures],
            tools=[tool_spec(tool) for tool in request.tools],
            notes=notes(_shown(request), request.pictures[0].frame, chars),
            question=request.question,
            must_answer=request.must_answer,
            deadline=request.deadline,
        )


_SAID_AS: dict[Kind, ParamKind] = {
    "text": "text",
    "phrase": "phrase",
    "choice": "text",
    "number": "text",
    "region": "region",
    "regions": "region",
    "points": "text",
}
"""Kinds of arguments in our model's dialect, which has three."""


def tool_spec(tool: Tool) -> ToolSpec:
    """A tool as our model sees it: it was trained on arguments that must be given, and these alone.

    The lines that it was trained on begin with a small letter.
    """
    from sightline.mllm.chat import ToolSpec

    params = tuple((p.name, _SAID_AS[p.kind]) for p in tool.parameters if p.required)
    return ToolSpec(name=tool.name, params=params, doc=tool.doc[:1].lower() + tool.doc[1:])


def notes(evidence: Sequence[Evidence], original: Frame, budget: int = NOTES_CHARS[0]) -> list[Note]:
    """All evidence in words, at most about `budget` characters; where it is more, each gets its share."""
    whole = [note(e, original, budget) for e in evidence]
    if sum(len(n.text) for n in whole) <= budget:
        return whole
    return [note(e, original, budget // len(evidence)) for e in evidence]


def note(evidence: Evidence, original: Frame, budget: int = NOTES_CHARS[0]) -> Note:
    """Evidence in words for our model; boxes are written as bins of `original`, text without places."""
    from sightline.mllm.chat import Call, Note

    is_text = isinstance(evidence.result.payload, TextLines)
    has_places = evidence.result.payload is not None and not is_text
    text = evidence.result.to_text(budget, place=bins(original) if has_places else None)
    args = tuple((name, str(value)) for name, value in evidence.call.arguments.items())
    return Note(id=evidence.id, call=Call(name=evidence.call.name, args=args), text=text, places=has_places)


def bins(frame: Frame) -> BoxFormat:
    """Writes a box's centre as `<xx><yy>`: percent of the frame's width and height, 00 to 99."""

    def place(box: Box) -> str:
        x, y = map_box(box, frame).center
        return f"<{_percent(x, frame.width)}><{_percent(y, frame.height)}>"

    return place


def _percent(value: float, whole: int) -> str:
    return f"{min(int(100 * value / whole), 99):02d}"


def _shown(request: Request) -> tuple[Evidence, ...]:
    """The evidence our model is shown: no refused calls, and on a second thought only what it cited.

    A refused call found nothing out, and the model has nothing to learn from it in its next reply.
    """
    told = tuple(e for e in request.evidence if e.result.status != "refused")
    cited = request.rejected.cites if request.rejected else ()
    return tuple(e for e in told if e.id in cited) or told


def _plan_of(said: Said) -> Plan:
    reply = said.reply
    return Plan(
        thought=reply.thought,
        calls=tuple(ToolCall(name=call.name, arguments=dict(call.args)) for call in reply.calls),
        answer=reply.answer,
        quote=reply.quote,
        cites=reply.cites,
        confidence=min(max(said.confidence, 0.0), 1.0),
        tokens=said.tokens,
    )
