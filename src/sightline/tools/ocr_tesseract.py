"""Tesseract 4 or 5, by pytesseract (the extra `tesseract`) and the program of the system."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import WeightsError
from sightline.tools.ocr import Read
from sightline.tools.worker import Worker

_CODES = """
en eng, zh chi_sim, ja jpn, ko kor, fr fra, de deu, es spa, it ita, pt por, nl nld, pl pol, cs ces, sk slk,
hu hun, ro ron, sv swe, da dan, no nor, fi fin, tr tur, el ell, ru rus, uk ukr, ar ara, he heb, hi hin,
th tha, vi vie
"""
CODES: dict[str, str] = dict(pair.split() for pair in _CODES.split(","))
"""Tesseract's name of a language by its ISO 639-1 code."""

SPARSE = 11
"""Tesseract's page segmentation mode: as much text as there is, in no order. Rows are made from boxes."""

_TIME_LIMIT_S = 600
"""Tesseract is a process of its own, which outlives a killed worker at most by this."""


class Tesseract:
    """An engine of `read_text`. The languages are those that are installed, English where none is named."""

    name = "tesseract"

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes where there are such, else Tesseract's names. Raises `WeightsError`."""
        pytesseract = _library()
        codes = {name: code for code, name in CODES.items()}
        found = [codes.get(name, name) for name in pytesseract.get_languages() if name != "osd"]
        return tuple(sorted(found, key=lambda code: (code != "en", code)))

    def version(self) -> str:
        """Of the program. Raises `WeightsError` where it is missing."""
        return f"tesseract {_library().get_tesseract_version()}"

    def files(self) -> list[Path]:
        """The program: where the languages' files are is for it to know. Raises `WeightsError`."""
        _library()
        return [Path(str(shutil.which("tesseract")))]

    def worker(self) -> Worker:
        """A process for it, not yet started."""
        return Worker("sightline.tools.ocr_tesseract:load_engine")


def _library() -> Any:
    """The library. Raises `WeightsError` in one line where it or the program is missing."""
    if find_spec("pytesseract") is None:
        raise WeightsError("pytesseract is missing: install sightline[tesseract]")
    if shutil.which("tesseract") is None:
        raise WeightsError("the program tesseract is missing: on Debian, apt-get install tesseract-ocr")
    import pytesseract

    return pytesseract


def load_engine() -> Callable[[NDArray[np.uint8], str], list[Read]]:
    """The worker's side: takes uint8[H, W, 3] RGB and a language, and returns lines with quads."""
    pytesseract = _library()
    from PIL import Image

    def read(pixels: NDArray[np.uint8], language: str) -> list[Read]:
        found = pytesseract.image_to_data(
            Image.fromarray(pixels),
            lang=CODES.get(language, language),
            config=f"--psm {SPARSE}",
            output_type=pytesseract.Output.DICT,
            timeout=_TIME_LIMIT_S,
        )
        words = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
        words = [word for word in words if word["text"].strip() and float(word["conf"]) >= 0]
        lines = groupby(words, key=lambda word: (word["block_num"], word["par_num"], word["line_num"]))
        return [_line(list(line)) for _, line in lines]

    return read


def _line(words: list[dict[str, Any]]) -> Read:
    """The words of one line: their text, mean confidence and the box around them."""
    x1, y1 = min(w["left"] for w in words), min(w["top"] for w in words)
    x2, y2 = max(w["left"] + w["width"] for w in words), max(w["top"] + w["height"] for w in words)
    corners = (x1, y1), (x2, y1), (x2, y2), (x1, y2)
    score = sum(float(w["conf"]) for w in words) / len(words) / 100
    return " ".join(w["text"] for w in words), score, tuple((float(x), float(y)) for x, y in corners)
