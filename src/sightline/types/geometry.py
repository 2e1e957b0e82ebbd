"""Frames, boxes and points.

A box is XYXY in pixels of the frame that it names: x to the right, y downwards, the origin at the
frame's top left corner, x2 and y2 exclusive. Boxes of different frames never mix: `Box.iou` and its
kin raise `FrameError`, and `map_box` is the one function that carries a box from one frame to another.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sightline.errors import FrameError

BoxFormat = Callable[["Box"], str]
Point = tuple[float, float]
"""X and y, px."""


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

    @classmethod
    def whole(cls, frame: Frame) -> Box:
        """All of `frame`."""
        return cls(x1=0, y1=0, x2=frame.width, y2=frame.height, frame=frame)

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
