"""RapidOCR: PaddleOCR's detector and recogniser on ONNX Runtime, which come in RapidOCR's wheel."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import WeightsError
from sightline.tools.ocr import Read
from sightline.tools.worker import Worker

DETECT_SIDE = 1280
"""px. The text detector sees nothing longer: larger pages are shrunk for it, though not for the reader."""

LANGUAGES = tuple("en zh ja fr de es it pt nl pl cs sk sl hr hu ro sv da no fi et lv lt tr".split())
"""ISO 639-1. The recogniser is one for all; each letter of these alphabets is among its 18,708 characters."""


class RapidOcr:
    """The default engine of `read_text`."""

    name = "rapidocr"
    languages = LANGUAGES

    def __init__(self, *, threads: int | None = None) -> None:
        """Nothing is loaded. `threads`: for the models; None for half of the CPU's cores, four at most."""
        self._threads = threads or max(min((os.cpu_count() or 1) // 2, 4), 1)

    def version(self) -> str:
        """Of the library."""
        return f"rapidocr {version('rapidocr')}"

    def files(self) -> list[Path]:
        """The models. Raises `WeightsError` where RapidOCR or its models are not installed."""
        return model_files()

    def worker(self) -> Worker:
        """A process for it, not yet started."""
        return Worker("sightline.tools.ocr_rapid:load_engine", self._threads)


def model_files() -> list[Path]:
    """The detector and the recogniser in RapidOCR's wheel. Raises `WeightsError` where they are not there."""
    spec = find_spec("rapidocr")
    folder = Path(spec.origin).parent / "models" if spec and spec.origin else Path()
    files = [*folder.glob("*_det_*.onnx"), *folder.glob("*_rec_*.onnx")]
    if len(files) != 2:
        raise WeightsError("RapidOCR and its models are not installed")
    return files


def load_engine(threads: int) -> Callable[[NDArray[np.uint8], str], list[Read]]:
    """The worker's side: loads the models; takes uint8[H, W, 3] RGB and returns what it reads."""
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

    def read(pixels: NDArray[np.uint8], language: str) -> list[Read]:
        page: Any = reader(np.ascontiguousarray(pixels[:, :, ::-1]))  # arrays are BGR to RapidOCR
        if page.boxes is None or page.txts is None:
            return []
        return [
            (str(text), float(score), tuple((float(x), float(y)) for x, y in quad))
            for text, score, quad in zip(page.txts, page.scores, page.boxes, strict=True)
        ]

    return read
