"""Small real tools for the tests: they look at pixels, and have every fault that a tool may have."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from sightline.images import ImageStore, Picture
from sightline.tools.base import Tool, Unsupported
from sightline.types import Box, Crop, Detection, Detections, Frame, TextLines, TextSpan, ToolResult

COLORS = {"red": (220, 30, 30), "blue": (30, 30, 220), "green": (20, 160, 40)}


def canvas(*squares: tuple[str, int, int], size: tuple[int, int] = (200, 100)) -> np.ndarray:
    """White uint8[H, W, 3] with 20 px squares of a color at x, y (their top left corners)."""
    pixels = np.full((size[1], size[0], 3), 255, np.uint8)
    for color, x, y in squares:
        pixels[y : y + 20, x : x + 20] = COLORS[color]
    return pixels


class Toolish(Tool):
    """What the small tools share."""

    name = "tool"
    version = "test 1"
    weights = "0123456789abcdef"

    def covers(self) -> str:
        return "what the tests need"


class Blobs(Toolish):
    """Finds the squares of `canvas` by color: real boxes from real pixels."""

    name = "detect"

    def __call__(self, picture: Picture, query: str) -> Detections:
        """Finds objects and where they are.

        Args:
            query: a color and a noun
        """
        color = next((c for c in COLORS if c in query), None)
        if color is None:
            raise Unsupported(f'no class for "{query}"; it knows {", ".join(COLORS)}')
        hit = (picture.pixels == np.array(COLORS[color])).all(-1)
        items = tuple(
            Detection(label="square", score=0.9, box=box, attributes={"color": color})
            for box in _boxes(hit, picture.frame)
        )
        return Detections(query=query, items=items)


def _boxes(hit: np.ndarray, frame: Frame) -> list[Box]:
    """The connected regions of bool[H, W], from left to right."""
    import cv2

    count, _, stats, _ = cv2.connectedComponentsWithStats(hit.astype(np.uint8))
    corners = sorted((int(x), int(y), int(w), int(h)) for x, y, w, h, _ in stats[1:count])
    return [Box.clipped(x, y, x + w, y + h, frame) for x, y, w, h in corners]


class Cropper(Toolish):
    """Enlarges a region threefold by repeating pixels, and keeps it in the store."""

    name = "crop"
    keeps_results = False

    def __init__(self, store: ImageStore) -> None:
        self.store = store

    def __call__(self, picture: Picture, region: Box) -> Crop:
        """Enlarges a region.

        Args:
            region: what to enlarge
        """
        x1, y1, x2, y2 = (int(v) for v in (region.x1, region.y1, region.x2, region.y2))
        pixels = picture.pixels[y1:y2, x1:x2].repeat(3, 0).repeat(3, 1)
        whole = picture.frame
        frame = Frame(image=whole.image, width=pixels.shape[1], height=pixels.shape[0], x0=x1, y0=y1, scale=3)
        return Crop(frame=frame, image=self.store.put(pixels), region=region)


class CropReader(Toolish):
    """Says that a word stands at 30,15 - 60,45 of a threefold crop of 10,5 - 60,55: another frame."""

    name = "read_text"

    def __call__(self, picture: Picture) -> TextLines:
        """Reads the words."""
        crop = Frame(image=picture.frame.image, width=150, height=150, x0=10, y0=5, scale=3)
        span = TextSpan(text="TOTAL", score=0.8, box=Box(x1=30, y1=15, x2=60, y2=45, frame=crop))
        return TextLines(rows=((span,),))


class Page(Toolish):
    """Reads given rows of spans, each 10 px high, one above the other, as far as the picture goes."""

    name = "read_text"

    def __init__(self, *rows: tuple[str, ...]) -> None:
        self.rows = rows

    def __call__(self, picture: Picture) -> ToolResult:
        """Reads the words."""
        rows = tuple(
            tuple(
                TextSpan(
                    text=text,
                    score=0.9,
                    box=Box.clipped(50 * i, 10 * y, 50 * i + 40, 10 * y + 10, picture.frame),
                )
                for i, text in enumerate(row)
            )
            for y, row in enumerate(self.rows)
        )
        return ToolResult(status="ok", payload=TextLines(rows=rows))


class Faulty(Toolish):
    """Does what it is given: raises, hangs, or waits for its neighbor."""

    def __init__(self, name: str, act: Callable[[], Any]) -> None:
        self.name = name
        self._act = act

    def __call__(self, query: str | None = None) -> Any:
        """Does as it is told.

        Args:
            query: anything
        """
        return self._act()


def hang() -> ToolResult:
    """Never comes back within a test."""
    time.sleep(600)
    raise AssertionError("nobody waits this long")


def raise_() -> ToolResult:
    """Breaks the contract."""
    raise RuntimeError("the lens fell off")


def meet(barrier: threading.Barrier) -> Callable[[], ToolResult]:
    """Comes back only if as many calls as the barrier holds run at the same time."""

    def act() -> ToolResult:
        barrier.wait(timeout=20)
        return ToolResult(status="empty")

    return act
