"""read_text(region?): read the words with RapidOCR, and put them into rows as a reader sees them.

The models (PaddleOCR's detector and recogniser on ONNX Runtime) come in RapidOCR's wheel, so nothing is
downloaded. What is read is data: control and bidirectional characters are removed and lengths capped.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
import unicodedata
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import WeightsError
from sightline.images import Pixels
from sightline.tools.base import Parameter, Picture, finish, why_refused
from sightline.tools.crop import cut
from sightline.tools.rows import Quad, rows_of
from sightline.tools.worker import Worker, WorkerFailed, WorkerTimeout
from sightline.types import Box, Frame, TextLines, TextSpan, ToolResult, map_box

_log = logging.getLogger(__name__)

DETECT_SIDE = 1280
"""px. The text detector sees nothing longer: larger pages are shrunk for it, though not for the reader."""

ENLARGE_TO = 960
"""px. A smaller picture is enlarged to this (four times at most): print of a few px is missed else."""

LONGEST_SPAN = 500
MOST_SPANS = 1000

Read = tuple[str, float, Quad]
"""A text, its score, and its corners clockwise from the top left, in px of what was read."""


class TextReader:
    """The expert `read_text`."""

    name = "read_text"
    doc = "reads the words"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="region", kind="region", doc="where to read; else everywhere", required=False),
    )

    def __init__(self, *, threads: int | None = None) -> None:
        """Nothing is loaded. `threads`: for the models; None for half of the CPU's cores, four at most."""
        threads = threads or max(min((os.cpu_count() or 1) // 2, 4), 1)
        self._worker = Worker("sightline.tools.read_text:load_expert", threads)

    @cached_property
    def version(self) -> str:
        """Of the library behind it."""
        return f"rapidocr {version('rapidocr')}"

    @cached_property
    def weights(self) -> str:
        """sha256 of both models, first 16 hex digits; empty where they are not installed."""
        digest = hashlib.sha256()
        try:
            for file in _models():
                digest.update(file.read_bytes())
        except (WeightsError, OSError) as error:
            _log.warning("%s", error)
            return ""
        return digest.hexdigest()[:16]

    def covers(self) -> str:
        """Raises `WeightsError` where RapidOCR or its models are not installed."""
        return f"reads printed text ({', '.join(file.stem for file in _models())})"

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """Read the picture, or its region; boxes stand in the frame of `picture`."""
        started = time.monotonic()
        if reason := why_refused(self, picture, arguments):
            return finish(self, started, "refused", message=reason)
        region = arguments.get("region")
        part = cut(picture, map_box(region, picture.frame), at_least=0) if region else picture
        part = _enlarged(part)
        try:
            reads = self._worker.call(part.pixels, timeout_s=timeout_s)
        except WorkerTimeout as error:
            return finish(self, started, "timeout", message=str(error))
        except WorkerFailed as error:
            return finish(self, started, "error", message=str(error))
        rows = spans_of(reads, part.frame, picture.frame)
        return finish(self, started, "ok" if rows else "empty", TextLines(rows=rows))

    def warm(self) -> None:
        """Raises `WeightsError` where the models cannot be loaded."""
        try:
            self._worker.warm()
        except (WorkerTimeout, WorkerFailed) as error:
            raise WeightsError(str(error)) from error

    def close(self) -> None:
        """Kill the worker; a later `run` starts another."""
        self._worker.close()


def _models() -> list[Path]:
    """The detector's and the recogniser's files in RapidOCR's wheel."""
    spec = find_spec("rapidocr")
    folder = Path(spec.origin).parent / "models" if spec and spec.origin else Path()
    files = [*folder.glob("*_det_*.onnx"), *folder.glob("*_rec_*.onnx")]
    if len(files) < 2:
        raise WeightsError("RapidOCR and its models are not installed")
    return files


def _enlarged(picture: Picture) -> Picture:
    whole = Box(x1=0, y1=0, x2=picture.frame.width, y2=picture.frame.height, frame=picture.frame)
    longer = max(picture.frame.width, picture.frame.height)
    return picture if longer >= ENLARGE_TO else cut(picture, whole, at_least=min(ENLARGE_TO, 4 * longer))


def spans_of(reads: list[Read], read: Frame, frame: Frame) -> tuple[tuple[TextSpan, ...], ...]:
    """Rows of cleaned spans, their boxes carried from the frame that was `read` to `frame`."""
    kept = [(clean(text), score, quad) for text, score, quad in reads[:MOST_SPANS]]
    kept = [one for one in kept if one[0]]
    rows = rows_of([quad for _, _, quad in kept])
    return tuple(tuple(_span(*kept[n], read, frame) for n in row) for row in rows)


def _span(text: str, score: float, quad: Quad, read: Frame, frame: Frame) -> TextSpan:
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    box = Box.clipped(min(xs), min(ys), max(xs), max(ys), read)
    return TextSpan(text=text, score=min(max(score, 0.0), 1.0), box=map_box(box, frame))


def clean(text: str) -> str:
    """Text as data: no control, format (bidirectional) or private characters, single spaces, capped."""
    shown = "".join(" " if unicodedata.category(c)[0] in "ZC" else c for c in text)
    return " ".join(shown.split())[:LONGEST_SPAN]


def load_expert(threads: int) -> Callable[[Pixels], list[Read]]:
    """The worker's side: loads the models; the expert takes uint8[H, W, 3] RGB and returns what it reads."""
    import cv2
    from rapidocr import RapidOCR

    cv2.setNumThreads(threads)
    reader = RapidOCR(
        params={
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Global.max_side_len": 4000,
            "Det.limit_type": "max",
            "Det.limit_side_len": DETECT_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    reader(np.full((64, 256, 3), 255, np.uint8))

    def expert(pixels: NDArray[np.uint8]) -> list[Read]:
        page: Any = reader(np.ascontiguousarray(pixels[:, :, ::-1]))  # arrays are BGR to RapidOCR
        if page.boxes is None or page.txts is None:
            return []
        return [
            (str(text), float(score), tuple((float(x), float(y)) for x, y in quad))
            for text, score, quad in zip(page.txts, page.scores, page.boxes, strict=True)
        ]

    return expert
