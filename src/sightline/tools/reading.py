"""What the readers of tables, charts and documents share: a page with its words, read once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.base import Picture, Tool
from sightline.tools.crop import cut
from sightline.tools.guard import use
from sightline.types import Box, Frame, TextLines, TextSpan

Boxes = NDArray[np.float64]
"""float64[N, 4] XYXY, px."""


class PageTool(Tool):
    """What the tools share that stand on the words of a page: its weights and its life."""

    def __init__(self, reader: Tool) -> None:
        """`reader` reads the words, as `read_text` does; nothing is loaded yet."""
        self._reader = reader

    @property
    def weights(self) -> str:
        """Those of the reader."""
        return self._reader.weights

    def page(self, picture: Picture, region: Box | None) -> Page:
        """The picture or a region of it at its own scale, and its words. Raises as `use` does."""
        part = cut(picture, region, at_least=0) if region else picture
        lines = use(self._reader, part, TextLines)
        return Page(picture=part, spans=tuple(lines.spans()), partial=lines.partial)

    def warm(self) -> None:
        """Raises `WeightsError` where the models cannot be loaded."""
        self._reader.warm()

    def close(self) -> None:
        """Kill the reader's process; a later call starts another."""
        self._reader.close()


@dataclass(frozen=True, kw_only=True)
class Page:
    """What is looked at, cut out of the picture at its own scale, and its words; boxes are of its frame."""

    picture: Picture
    spans: tuple[TextSpan, ...]
    partial: str = ""
    """What of it was not read, in one line."""

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


def whole(boxes: Sequence[Box]) -> Box:
    """The tightest box around boxes of one frame."""
    return Box(
        x1=min(b.x1 for b in boxes),
        y1=min(b.y1 for b in boxes),
        x2=max(b.x2 for b in boxes),
        y2=max(b.y2 for b in boxes),
        frame=boxes[0].frame,
    )
