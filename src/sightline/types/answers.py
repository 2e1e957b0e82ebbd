"""From a tool's call to an answer that stands on evidence."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from sightline.types.geometry import Box, BoxFormat, Model
from sightline.types.payload import Payload

Status = Literal["ok", "empty", "unsupported", "error", "timeout", "refused"]
AnswerStatus = Literal["answered", "cannot_tell", "budget_exhausted", "failed"]


class ToolCall(Model):
    """A tool's name and its named arguments, as the planner asked for it."""

    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class ToolResult(Model):
    """How a call ended. A failure is a status with a message, never an empty finding."""

    status: Status
    payload: Payload | None = None
    message: str = Field(default="", description="why, where status is not ok or empty")
    tool: str = ""
    version: str = Field(default="", description="of the library behind the tool")
    weights: str = Field(default="", description="sha256 of its weights, first 16 hex digits")
    seconds: float = Field(default=0.0, ge=0)
    cached: bool = Field(default=False, description="found by an earlier call that asked the same")

    @model_validator(mode="after")
    def _consistent(self) -> ToolResult:
        if self.status == "ok" and self.payload is None:
            raise ValueError("a result that is ok carries a payload")
        if self.status in ("unsupported", "error", "timeout", "refused") and not self.message:
            raise ValueError(f"a result that is {self.status} says why")
        return self

    def to_text(self, budget: int = 2000, *, place: BoxFormat | None = None) -> str:
        """The status, what was found or why not, and what was left out; at most `budget` characters."""
        room = max(budget - len(self.status) - 2, 0)
        if self.payload is None:
            said = self.message
        else:
            left_out = f"\nnot seen: {self.payload.partial}" if self.payload.partial else ""
            room = max(room - len(left_out), 0)
            said = self.payload.to_text(room, **({} if place is None else {"place": place}))
            said = (said or self.message) + left_out
        return f"{self.status}: {said}"[:budget] if said else self.status


class Evidence(Model):
    """One finished call that an answer may stand on."""

    id: str = Field(pattern=r"^e\d+$", description="e1, e2, ... in the order of the calls")
    step: int = Field(ge=0, description="the plan step that asked for it")
    call: ToolCall
    result: ToolResult


class Step(Model):
    """One round of planning: what was thought, asked for and learnt."""

    index: int
    thought: str = ""
    calls: tuple[ToolCall, ...] = ()
    evidence: tuple[str, ...] = ()
    answer: str = ""
    seconds: float = 0.0
    tokens: int = 0
    confidence: float = Field(default=1.0, ge=0, le=1, description="of the planner, in what it decided")


class Check(Model):
    """One check of the answer against the evidence."""

    name: str
    passed: bool
    detail: str


class Usage(Model):
    """What a run cost."""

    seconds: float = 0.0
    steps: int = 0
    calls: int = 0
    tokens: int = 0


class Answer(Model):
    """What comes back: the text, its typed value, and what it stands on."""

    question: str
    text: str
    value: bool | int | float | str | None = None
    status: AnswerStatus
    confidence: float = Field(ge=0, le=1)
    cites: tuple[str, ...] = Field(default=(), description="ids of the evidence that the answer stands on")
    boxes: tuple[Box, ...] = Field(default=(), description="the cited regions, in the original's frame")
    checks: tuple[Check, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    trace: tuple[Step, ...] = ()
    usage: Usage = Usage()
    message: str = Field(default="", description="why, where status is not answered")
