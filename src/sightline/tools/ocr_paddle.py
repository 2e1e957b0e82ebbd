"""PaddleOCR 3.7 and later, in a process and, if need be, a Python of its own; nothing is downloaded.

Its OpenCV wheel overwrites the one that Sightline needs, so it belongs into another environment, which also
has Sightline (`pip install --no-deps sightline` and `pip install paddleocr onnxruntime psutil pydantic`).
Its models are two folders, `det` and `rec`, each with `inference.yml` and with `inference.onnx`, or with
`inference.json` and `inference.pdiparams` where PaddlePaddle is installed. Where none are named, RapidOCR's
files are laid out so: they are PaddleOCR's own, in ONNX.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import WeightsError
from sightline.tools.ocr import Read
from sightline.tools.ocr_rapid import DETECT_SIDE, LANGUAGES, model_files
from sightline.tools.worker import Worker

PYTHON = "SIGHTLINE_PADDLE_PYTHON"
"""The environment variable that names the interpreter where PaddleOCR is installed."""


class PaddleOcr:
    """An engine of `read_text`."""

    name = "paddleocr"
    languages = LANGUAGES

    def __init__(
        self, models: Path | None = None, *, python: str | None = None, threads: int | None = None
    ) -> None:
        """Nothing is loaded.

        Args:
            models: the folder with `det` and `rec`; None for RapidOCR's files.
            python: the interpreter where PaddleOCR is installed; None for $SIGHTLINE_PADDLE_PYTHON, and
                without that for this one.
            threads: for the models; None for half of the CPU's cores, four at most.
        """
        self._models = models
        self._python = python or os.environ.get(PYTHON)
        self._threads = threads or max(min((os.cpu_count() or 1) // 2, 4), 1)

    @cached_property
    def _version(self) -> str:
        asked = "from importlib.metadata import version; print(version('paddleocr'))"
        if self._python is None and find_spec("paddleocr") is None:
            raise WeightsError(f"paddleocr is missing: name an interpreter that has it in ${PYTHON}")
        try:
            done = subprocess.run(
                [self._python or sys.executable, "-c", asked],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise WeightsError(f"{self._python} has no paddleocr: {error}") from error
        return done.stdout.strip()

    def version(self) -> str:
        """Of the library. Raises `WeightsError` where the interpreter has none."""
        return f"paddleocr {self._version}"

    def files(self) -> list[Path]:
        """The models. Raises `WeightsError` where they are missing."""
        if self._models is None:
            return model_files()
        kinds = ("inference.onnx", "inference.pdiparams")
        found = [self._models / part / kind for part in ("det", "rec") for kind in kinds]
        if len(files := [path for path in found if path.is_file()]) != 2:
            raise WeightsError(f"{self._models} lacks det and rec, each with {' or '.join(kinds)}")
        return files

    def worker(self) -> Worker:
        """A process for it, not yet started. Raises `WeightsError` where the models are missing."""
        folder = self._models
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="sightline-paddle-"))
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            lay_out(model_files(), folder)
        return Worker(
            "sightline.tools.ocr_paddle:load_engine", str(folder), self._threads, python=self._python
        )


def lay_out(models: list[Path], folder: Path) -> None:
    """Write `det` and `rec` as PaddleOCR reads them, around the two ONNX files of RapidOCR."""
    import onnxruntime

    session = onnxruntime.InferenceSession(models[1])
    characters = session.get_modelmeta().custom_metadata_map["character"].splitlines()
    decode = {"DecodeImage": {"channel_first": False, "img_mode": "BGR"}}
    normal = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "scale": "1./255.", "order": "hwc"}
    settings = {
        "det": {
            "PreProcess": [
                decode,
                {"DetResizeForTest": None},
                {"NormalizeImage": normal},
                {"ToCHWImage": None},
            ],
            "PostProcess": {"name": "DBPostProcess", "thresh": 0.3, "box_thresh": 0.5, "unclip_ratio": 1.6},
        },
        "rec": {
            "PreProcess": [decode, {"RecResizeImg": {"image_shape": [3, 48, 320]}}],
            "PostProcess": {"name": "CTCLabelDecode", "character_dict": characters},
        },
    }
    for model, (part, about) in zip(models, settings.items(), strict=True):
        (folder / part).mkdir(parents=True)
        (folder / part / "inference.onnx").symlink_to(model)
        name = {"model_name": _model_name(model)}
        whole = {**about, "Global": name, "PreProcess": {"transform_ops": about["PreProcess"]}}
        (folder / part / "inference.yml").write_text(json.dumps(whole))  # JSON is YAML


def _model_name(path: Path) -> str:
    """`PP-OCRv6_small_det`, as PaddleOCR calls `PP-OCRv6_det_small.onnx`."""
    family, part, size = path.stem.split("_")
    return f"{family}_{size}_{part}"


def load_engine(folder: str, threads: int) -> Callable[[NDArray[np.uint8], str], list[Read]]:
    """The worker's side: loads the models; takes uint8[H, W, 3] RGB and returns what it reads."""
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"  # else it looks for its servers
    import cv2
    import yaml  # type: ignore[import-untyped]
    from paddleocr import PaddleOCR

    cv2.setNumThreads(threads)
    options: dict[str, Any] = {}
    for part, name in (("det", "text_detection"), ("rec", "text_recognition")):
        path = Path(folder) / part
        about = yaml.safe_load((path / "inference.yml").read_text())
        options[f"{name}_model_dir"] = str(path)
        options[f"{name}_model_name"] = about["Global"]["model_name"]
    if (Path(folder) / "det" / "inference.onnx").exists():
        options["engine"] = "onnxruntime"
    reader = PaddleOCR(
        use_doc_orientation_classify=False,
        use_doc_unwarping=False,
        use_textline_orientation=False,
        text_det_limit_side_len=DETECT_SIDE,
        text_det_limit_type="max",
        device="cpu",
        cpu_threads=threads,
        **options,
    )

    def read(pixels: NDArray[np.uint8], language: str) -> list[Read]:
        (page,) = reader.predict(np.ascontiguousarray(pixels[:, :, ::-1]))  # arrays are BGR to PaddleOCR
        return [
            (str(text), float(score), tuple((float(x), float(y)) for x, y in quad))
            for text, score, quad in zip(
                page["rec_texts"], page["rec_scores"], page["rec_polys"], strict=True
            )
        ]

    return read
