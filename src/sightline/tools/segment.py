"""segment(regions, points): cut out the things in boxes or under points, or everything that is found."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from sightline.errors import WeightsError
from sightline.images import Pixels
from sightline.tools import sam, yolo
from sightline.tools.base import Parameter, Picture, finish, why_refused
from sightline.tools.masks import Corners, Cut, cut_out, segment
from sightline.tools.worker import Worker, WorkerFailed, WorkerTimeout
from sightline.types import Box, Mask, Masks, ToolResult, map_box

_log = logging.getLogger(__name__)


class Segmenter:
    """The expert `segment`."""

    name = "segment"
    doc = "cuts out the exact outlines of things"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="regions", kind="regions", doc="boxes around things, one mask each", required=False),
        Parameter(name="points", kind="points", doc="places on things, one mask each", required=False),
    )

    def __init__(self, weights: Path | None = None) -> None:
        """Choose the weights; nothing is loaded.

        Args:
            weights: None for the embedded ones, a manifest (`.json`, see `sam`), one of Meta's files
                (`sam_vit_b.pth` and its like), or a folder with a SAM or SAM 2 of transformers.
        """
        self._path = weights or sam.EMBEDDED
        self._worker = Worker("sightline.tools.segment:load_expert", str(self._path))

    @cached_property
    def version(self) -> str:
        """Of the library behind it."""
        library = "transformers" if self._path.is_dir() else "segment-anything"
        return f"{library} {version(library)}"

    @cached_property
    def weights(self) -> str:
        """sha256 of the weights, first 16 hex digits; empty where they cannot be read."""
        try:
            return yolo.file_hash(sam.model_file(self._path))[:16]
        except WeightsError as error:
            _log.warning("%s", error)
            return ""

    def covers(self) -> str:
        """In one line, what it can do. Raises `WeightsError` where there are no weights."""
        yolo.file_hash(sam.model_file(self._path))
        known = " (trained on drawn shapes and rendered solids)" if self._path == sam.EMBEDDED else ""
        return f"masks of what boxes hold, of what lies under points, or of everything{known}"

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """One mask for each region, then one for each point, in their order; else everything, best first.

        A prompt on nothing gets a mask without pixels.
        """
        started = time.monotonic()
        if reason := why_refused(self, picture, arguments) or _why_outside(picture, arguments):
            return finish(self, started, "refused", message=reason)
        boxes = [_corners(map_box(box, picture.frame)) for box in arguments.get("regions") or ()]
        points = [(float(x), float(y)) for x, y in arguments.get("points") or ()]
        try:
            cuts = self._worker.call(picture.pixels, boxes, points, timeout_s=timeout_s)
        except WorkerTimeout as error:
            return finish(self, started, "timeout", message=str(error))
        except WorkerFailed as error:
            return finish(self, started, "error", message=str(error))
        items = tuple(_mask(cut, picture) for cut in cuts)
        return finish(self, started, "ok" if any(m.area for m in items) else "empty", Masks(items=items))

    def warm(self) -> None:
        """Raises `WeightsError` where the weights cannot be used."""
        try:
            self._worker.warm()
        except (WorkerTimeout, WorkerFailed) as error:
            raise WeightsError(str(error)) from error

    def close(self) -> None:
        """Kill the worker; a later `run` starts another."""
        self._worker.close()


def _why_outside(picture: Picture, arguments: dict[str, Any]) -> str:
    """Which place lies outside the picture, in one line; empty where none does."""
    frame = picture.frame
    for number, box in enumerate(arguments.get("regions") or (), start=1):
        if map_box(box, frame).area == 0:
            return f"region {number} holds no part of the picture"
    for x, y in arguments.get("points") or ():
        if not (0 <= x <= frame.width and 0 <= y <= frame.height):
            return f"the point ({x:g}, {y:g}) lies outside the picture of {frame.width} x {frame.height} px"
    return ""


def _corners(box: Box) -> Corners:
    return box.x1, box.y1, box.x2, box.y2


def _mask(cut: Cut, picture: Picture) -> Mask:
    return Mask(
        score=min(max(cut.score, 0.0), 1.0),
        box=Box.clipped(*cut.box, picture.frame),
        area=cut.area,
        rle=cut.rle,
        polygon=cut.polygon,
    )


def load_expert(path: str) -> Callable[[Pixels, list[Corners], list[tuple[float, float]]], list[Cut]]:
    """The expert takes pixels, boxes and points, and returns the masks' cuts."""
    model = sam.load_segmentation(Path(path))
    segment(
        model, np.zeros((64, 64, 3), np.uint8), [(8, 8, 56, 56)], []
    )  # what the first picture would wait for

    def expert(pixels: Pixels, boxes: list[Corners], points: list[tuple[float, float]]) -> list[Cut]:
        return [cut_out(soft, pixels.shape[:2]) for soft in segment(model, pixels, boxes, points)]

    return expert
