"""segment(regions, points): cut out the things in boxes or under points, or everything that is found."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np

from sightline.errors import InputError, WeightsError
from sightline.images import Pixels
from sightline.tools import sam, yolo
from sightline.tools.base import Picture, Tool
from sightline.tools.masks import Corners, Cut, cut_out, segment
from sightline.tools.worker import Worker, warm_weights
from sightline.types import Box, Frame, Mask, Masks, Point

_log = logging.getLogger(__name__)


class Segmenter(Tool):
    """The tool `segment`."""

    name = "segment"

    def __init__(self, weights: str | Path | None = None) -> None:
        """Choose the weights; nothing is loaded.

        Args:
            weights: None for the embedded ones, a manifest (`.json`, see `sam`), one of Meta's files
                (`sam_vit_b.pth` and its like), or a folder with a SAM or SAM 2 of transformers.
        """
        self._path = Path(weights) if weights else sam.EMBEDDED
        self._worker = Worker("sightline.tools.segment:load_segmenter", str(self._path))

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

    def __call__(
        self, picture: Picture, regions: tuple[Box, ...] = (), points: tuple[Point, ...] = ()
    ) -> Masks:
        """Cuts out the exact outlines of things.

        One mask for each region, then one for each point, in their order; else everything, best first.
        A prompt on nothing gets a mask without pixels.

        Args:
            regions: boxes around things, one mask each
            points: places on things, one mask each
        """
        _check_inside(picture.frame, points)
        cuts = self._worker.call(picture.pixels, [_corners(box) for box in regions], list(points))
        return Masks(items=tuple(_mask(cut, picture) for cut in cuts))

    def warm(self) -> None:
        """Raises `WeightsError` where the weights cannot be used."""
        warm_weights(self._worker)

    def close(self) -> None:
        """Kill the worker; a later call starts another."""
        self._worker.close()


def _check_inside(frame: Frame, points: Sequence[Point]) -> None:
    """Raises `InputError` for the first point that lies outside the picture."""
    for x, y in points:
        if not (0 <= x <= frame.width and 0 <= y <= frame.height):
            raise InputError(
                f"the point ({x:g}, {y:g}) lies outside the picture of {frame.width} x {frame.height} px"
            )


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


def load_segmenter(path: str) -> Callable[[Pixels, list[Corners], list[tuple[float, float]]], list[Cut]]:
    """The worker's side: takes pixels, boxes and points, and returns the masks' cuts."""
    model = sam.load_segmentation(Path(path))
    segment(
        model, np.zeros((64, 64, 3), np.uint8), [(8, 8, 56, 56)], []
    )  # what the first picture would wait for

    def cut_all(pixels: Pixels, boxes: list[Corners], points: list[tuple[float, float]]) -> list[Cut]:
        return [cut_out(soft, pixels.shape[:2]) for soft in segment(model, pixels, boxes, points)]

    return cut_all
