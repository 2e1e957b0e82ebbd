"""The shared vocabulary: frames, boxes, what experts return, evidence, answers. No torch here.

A box is XYXY in pixels of the frame that it names: x to the right, y downwards, the origin at the
frame's top left corner, x2 and y2 exclusive. Boxes of different frames never mix: `Box.iou` and its
kin raise `FrameError`, and `map_box` is the one function that carries a box from one frame to another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sightline.errors import FrameError

Status = Literal["ok", "empty", "unsupported", "error", "timeout", "refused"]
AnswerStatus = Literal["answered", "cannot_tell", "budget_exhausted", "failed"]
BoxFormat = Callable[["Box"], str]


class Model(BaseModel):
    """What every type here shares: frozen, and a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Frame(Model):
    """A coordinate frame: an original image, or a crop of it that may be enlarged.

    A point (x, y) of this frame is the point (x0 + x / scale, y0 + y / scale) of the original.
    """

    image: str = Field(description="sha256 of the original image's pixels, hex")
    width: int = Field(gt=0, description="of this frame, px")
    height: int = Field(gt=0, description="of this frame, px")
    x0: float = Field(default=0.0, description="left edge in the original, px")
    y0: float = Field(default=0.0, description="top edge in the original, px")
    scale: float = Field(default=1.0, gt=0, description="px of this frame for one px of the original")


class Box(Model):
    """XYXY in pixels of `frame`, clipped to it when made by `Box.clipped`."""

    x1: float
    y1: float
    x2: float
    y2: float
    frame: Frame

    @model_validator(mode="after")
    def _ordered(self) -> Box:
        # `not <=` also refuses NaN, which compares false with everything.
        if not (self.x1 <= self.x2 and self.y1 <= self.y2):
            raise ValueError(f"not a box: ({self.x1}, {self.y1}, {self.x2}, {self.y2})")
        return self

    @classmethod
    def clipped(cls, x1: float, y1: float, x2: float, y2: float, frame: Frame) -> Box:
        """The part of XYXY that lies inside `frame`."""
        w, h = frame.width, frame.height
        x1, x2 = min(max(x1, 0), w), min(max(x2, 0), w)
        y1, y2 = min(max(y1, 0), h), min(max(y2, 0), h)
        return cls(x1=x1, y1=y1, x2=x2, y2=y2, frame=frame)

    @property
    def width(self) -> float:
        """In px."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """In px."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Square px of the frame."""
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        """X and y, px."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def intersection(self, other: Box) -> float:
        """Shared area in square px. Raises `FrameError` if the frames differ."""
        if self.frame != other.frame:
            raise FrameError("boxes of two different frames; carry one over with map_box first")
        w = min(self.x2, other.x2) - max(self.x1, other.x1)
        h = min(self.y2, other.y2) - max(self.y1, other.y1)
        return max(w, 0.0) * max(h, 0.0)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1. Raises `FrameError` if the frames differ."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union else 0.0


def map_box(box: Box, to: Frame) -> Box:
    """The same region in another frame of the same original, clipped to that frame.

    Raises `FrameError` if the two frames show different originals.
    """
    src = box.frame
    if src == to:
        return Box.clipped(box.x1, box.y1, box.x2, box.y2, to)
    if src.image != to.image:
        raise FrameError(f"frames of two different images: {src.image[:12]} and {to.image[:12]}")

    def carry(x: float, y: float) -> tuple[float, float]:
        original_x, original_y = src.x0 + x / src.scale, src.y0 + y / src.scale
        return (original_x - to.x0) * to.scale, (original_y - to.y0) * to.scale

    return Box.clipped(*carry(box.x1, box.y1), *carry(box.x2, box.y2), to)


def pixels(box: Box) -> str:
    """How a box is written for people: its corners in pixels of its frame."""
    return f"({box.x1:.0f},{box.y1:.0f})-({box.x2:.0f},{box.y2:.0f})"


def fit_lines(lines: list[str], budget: int, *, tail: int = 0) -> str:
    """As many whole lines as `budget` characters hold, and how many are left out where some are.

    Args:
        lines: in their order.
        budget: the longest text to give, in characters.
        tail: how many lines at the end are kept in preference to those in the middle.
    """
    text = "\n".join(lines)
    kept = len(lines)
    while len(text) > budget and kept:
        kept -= 1
        last = min(tail, kept // 2)
        left_out = f"… {len(lines) - kept} more"
        text = "\n".join([*lines[: kept - last], left_out, *lines[len(lines) - last :]])
    return text[:budget]


class Detection(Model):
    """One object: `label` is the detector's class; `attributes` are what was measured in its box."""

    label: str
    score: float = Field(ge=0, le=1)
    box: Box
    attributes: dict[str, str] = Field(default_factory=dict, description="such as color=red, size=small")

    def name(self) -> str:
        """Attributes and label in words, such as `small red circle`."""
        return " ".join([*self.attributes.values(), self.label])


class TextSpan(Model):
    """One run of text on one line, as the reader returned it."""

    text: str
    score: float = Field(ge=0, le=1)
    box: Box


class Detections(Model):
    """What `detect` found for `query`, best first."""

    kind: Literal["detections"] = "detections"
    query: str
    items: tuple[Detection, ...] = ()

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [d.box for d in self.items]

    def to_text(self, budget: int = 2000, *, place: BoxFormat = pixels) -> str:
        """In words and numbers, at most `budget` characters; `place` writes a box."""
        lines = [f"{d.name()} {place(d.box)} {d.score:.0%}" for d in self.items]
        return fit_lines([f"{len(self.items)} found", *lines], budget)


class TextLines(Model):
    """What `read_text` read: rows from top to bottom, each row's spans from left to right."""

    kind: Literal["text"] = "text"
    rows: tuple[tuple[TextSpan, ...], ...] = ()

    def spans(self) -> list[TextSpan]:
        """All spans in reading order."""
        return [span for row in self.rows for span in row]

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [s.box for s in self.spans()]

    def to_text(self, budget: int = 4000, *, place: BoxFormat | None = None) -> str:
        """A line a row, spans of a row set apart by ` | `; at most `budget` characters.

        Where that is too little, rows in the middle go first: a page is known by its head, and sums stand
        at its foot. `place`, where given, writes each row's first box before it.
        """
        lines = [
            (place(row[0].box) + " " if place and row else "") + " | ".join(span.text for span in row)
            for row in self.rows
        ]
        return fit_lines(lines, budget, tail=len(lines))


class Crop(Model):
    """A part of an image, enlarged: the new frame and where its pixels are kept."""

    kind: Literal["crop"] = "crop"
    frame: Frame
    image: str = Field(description="sha256 of the crop's pixels in the image store")
    region: Box = Field(description="the same region in the frame that was cropped")

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [self.region]

    def to_text(self, budget: int = 200, *, place: BoxFormat = pixels) -> str:
        """Where the crop was taken and how large it is now."""
        return f"crop of {place(self.region)}, {self.frame.width}x{self.frame.height} px"[:budget]


Payload = Annotated[Detections | TextLines | Crop, Field(discriminator="kind")]


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
    version: str = Field(default="", description="of the expert behind the tool")
    weights: str = Field(default="", description="sha256 of its weights, first 16 hex digits")
    seconds: float = Field(default=0.0, ge=0)

    @model_validator(mode="after")
    def _consistent(self) -> ToolResult:
        if self.status == "ok" and self.payload is None:
            raise ValueError("a result that is ok carries a payload")
        if self.status in ("unsupported", "error", "timeout", "refused") and not self.message:
            raise ValueError(f"a result that is {self.status} says why")
        return self

    def to_text(self, budget: int = 2000, *, place: BoxFormat | None = None) -> str:
        """Expert-to-text: the status, then what was found or why not; at most `budget` characters."""
        if self.payload is None:
            said = self.message
        elif place is None:
            said = self.payload.to_text(max(budget - len(self.status) - 2, 0))
        else:
            said = self.payload.to_text(max(budget - len(self.status) - 2, 0), place=place)
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
