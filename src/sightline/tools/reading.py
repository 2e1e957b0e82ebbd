"""What the readers of tables, charts and documents share: a page with its words, read once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.base import Parameter, Picture, Tool, finish, why_refused
from sightline.tools.crop import cut
from sightline.types import Box, Frame, TextLines, TextSpan, ToolResult, map_box

REGION = Parameter(name="region", kind="region", doc="where to look; else everywhere", required=False)

Boxes = NDArray[np.float64]
"""float64[N, 4] XYXY, px."""


class Reader(Protocol):
    """What is needed of `read_text`."""

    @property
    def version(self) -> str:
        """Of the library behind it."""
        ...

    @property
    def weights(self) -> str:
        """sha256 of the models, first 16 hex digits."""
        ...

    def covers(self) -> str:
        """What it reads, in one line."""
        ...

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """Read a picture; the payload is `TextLines`."""
        ...

    def warm(self) -> None:
        """Load the models."""
        ...

    def close(self) -> None:
        """Free them."""
        ...


class PageExpert:
    """What experts that stand on a reader of words share: its arguments, its weights, its life."""

    parameters: tuple[Parameter, ...] = (REGION,)

    def __init__(self, reader: Reader) -> None:
        """`reader` reads the words; nothing is loaded yet."""
        self._reader = reader

    @property
    def weights(self) -> str:
        """Those of the reader."""
        return self._reader.weights

    def warm(self) -> None:
        """Raises `WeightsError` where the models cannot be loaded."""
        self._reader.warm()

    def close(self) -> None:
        """Kill the reader's process; a later `run` starts another."""
        self._reader.close()


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is looked at, cut out of the picture at its own scale, and its words; boxes are of its frame."""

    picture: Picture
    spans: tuple[TextSpan, ...]

    @property
    def pixels(self) -> Pixels:
        """uint8[H, W, 3] RGB."""
        return self.picture.pixels

    @property
    def boxes(self) -> Boxes:
        """XYXY of each span."""
        return boxes_of(self.spans)

    def height_of_text(self) -> float:
        """Of a usual line of text, px (tilted runs have higher boxes); 0 where there is none."""
        return float(np.percentile([span.box.height for span in self.spans], 30)) if self.spans else 0.0


def boxes_of(spans: Sequence[TextSpan]) -> Boxes:
    """XYXY of each span, float64[N, 4]."""
    return np.array([(s.box.x1, s.box.y1, s.box.x2, s.box.y2) for s in spans], float).reshape(-1, 4)


def box_at(xyxy: Sequence[float] | NDArray[np.float64], frame: Frame) -> Box:
    """Four numbers as a box of `frame`, clipped to it."""
    x1, y1, x2, y2 = map(float, xyxy)
    return Box.clipped(x1, y1, x2, y2, frame)


def read_page(
    tool: Tool,
    reader: Reader,
    picture: Picture,
    arguments: dict[str, Any],
    *,
    started: float,
    timeout_s: float,
) -> Page | ToolResult:
    """The page, or how the call of `tool`, begun at `started`, ends without one."""
    if reason := why_refused(tool, picture, arguments):
        return finish(tool, started, "refused", message=reason)
    region = arguments.get("region")
    part = cut(picture, map_box(region, picture.frame), at_least=0) if region else picture
    read = reader.run(part, {}, timeout_s=timeout_s - (time.monotonic() - started))
    if read.status not in ("ok", "empty"):
        return finish(tool, started, read.status, message=read.message)
    spans = read.payload.spans() if isinstance(read.payload, TextLines) else []
    return Page(picture=part, spans=tuple(spans))


def whole(boxes: Sequence[Box]) -> Box:
    """The tightest box around boxes of one frame."""
    return Box(
        x1=min(b.x1 for b in boxes),
        y1=min(b.y1 for b in boxes),
        x2=max(b.x2 for b in boxes),
        y2=max(b.y2 for b in boxes),
        frame=boxes[0].frame,
    )
