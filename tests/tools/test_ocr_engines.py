"""The OCR engines beside the default: on the same page they read the same, each in a process of its own.

PaddleOCR is tried where $SIGHTLINE_PADDLE_PYTHON names an interpreter that has it, Tesseract where it and
pytesseract are installed; else these tests say what is missing.
"""

from __future__ import annotations

import json
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from PIL import Image, ImageDraw, ImageFont

from sightline.errors import WeightsError
from sightline.images import Picture, load_image
from sightline.tools import guard, ocr_tesseract
from sightline.tools.ocr import Engine
from sightline.tools.ocr_paddle import PYTHON, PaddleOcr, lay_out
from sightline.tools.ocr_rapid import LANGUAGES, RapidOcr, model_files
from sightline.tools.ocr_tesseract import Tesseract
from sightline.tools.read_text import TextReader
from sightline.types import Box, TextLines

LETTERS = {
    "fr": "àâæçéèêëîïôœùûüÿ",
    "de": "äöüßÄÖÜ",
    "es": "áéíñóúü",
    "it": "àèéìòù",
    "pt": "ãõáâçéêíóôú",
    "nl": "ëïé",
    "pl": "ąćęłńóśźżŁ",
    "cs": "áčďéěíňóřšťúůýžŘ",
    "sk": "áäčďéíĺľňóôŕšťúýž",
    "sl": "čšž",
    "hr": "čćđšž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșț",
    "sv": "åäö",
    "da": "æøå",
    "no": "æøå",
    "fi": "åäö",
    "et": "äöõüšž",
    "lv": "āčēģīķļņšūž",
    "lt": "ąčęėįšųūž",
    "tr": "çğıöşüİ",
    "ja": "ぁあいうアイウ日本語",
    "zh": "的是不简體國",
    "en": "£€$",
}


def test_the_recogniser_knows_the_letters_of_its_languages() -> None:
    session = onnxruntime.InferenceSession(model_files()[1])
    known = set(session.get_modelmeta().custom_metadata_map["character"].splitlines())
    assert set(LETTERS) == set(LANGUAGES)
    assert {code: set(letters) - known for code, letters in LETTERS.items() if set(letters) - known} == {}


def page() -> Picture:
    font = ImageFont.load_default(24)
    image = Image.new("RGB", (500, 220), "white")
    draw = ImageDraw.Draw(image)
    for n, line in enumerate(("GREEN GROCER LTD", "12 Station Road", "TOTAL 4.25")):
        draw.text((30, 30 + n * 55), line, "black", font)
    return load_image(image)


def check(engine: Engine) -> None:
    reader = TextReader(engine)
    try:
        picture = page()
        result = guard.run(reader, picture, {}, timeout_s=200)
        assert result.status == "ok", result.message
        assert isinstance(result.payload, TextLines)
        assert result.payload.to_text().replace(" ", "") == "GREENGROCERLTD\n12StationRoad\nTOTAL4.25"
        ys, xs = np.nonzero(picture.pixels[:, :, 0] < 128)
        ink = Box.clipped(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1, picture.frame)
        boxes = result.payload.boxes()
        around = Box(
            x1=min(b.x1 for b in boxes),
            y1=min(b.y1 for b in boxes),
            x2=max(b.x2 for b in boxes),
            y2=max(b.y2 for b in boxes),
            frame=picture.frame,
        )
        assert around.iou(ink) > 0.7
        blank = load_image(Image.new("RGB", (300, 200), "white"))
        assert guard.run(reader, blank, {}, timeout_s=200).status == "empty"
        assert guard.run(reader, picture, {"lang": "tlh"}, timeout_s=200).status == "unsupported"
        assert len(result.weights) == 16
        assert "en" in reader.covers()
        assert result.version.startswith(engine.name)
    finally:
        reader.close()


def test_rapidocr() -> None:
    check(RapidOcr(threads=1))


def test_tesseract() -> None:
    if find_spec("pytesseract") is None or shutil.which("tesseract") is None:
        pytest.skip("pytesseract or the program tesseract is missing")
    check(Tesseract())


def test_paddleocr() -> None:
    if find_spec("paddleocr") is None and PYTHON not in os.environ:
        pytest.skip(f"paddleocr is not installed, and ${PYTHON} names no interpreter that has it")
    check(PaddleOcr())


def test_a_missing_tesseract_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr_tesseract, "find_spec", lambda name: None)
    with pytest.raises(WeightsError, match=r"sightline\[tesseract\]"):
        Tesseract().version()
    monkeypatch.setattr(ocr_tesseract, "find_spec", lambda name: name)
    monkeypatch.setattr(ocr_tesseract.shutil, "which", lambda name: None)
    with pytest.raises(WeightsError, match="apt-get install tesseract-ocr"):
        Tesseract().version()


def test_a_python_without_paddleocr_says_so(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="has no paddleocr"):
        PaddleOcr(python=str(tmp_path / "python")).version()
    with pytest.raises(WeightsError, match="lacks det and rec"):
        PaddleOcr(tmp_path, python="python").files()


def test_rapidocrs_files_as_paddleocr_reads_them(tmp_path: Path) -> None:
    lay_out(model_files(), tmp_path)
    assert PaddleOcr(tmp_path).files() == [tmp_path / part / "inference.onnx" for part in ("det", "rec")]
    names = []
    for part in ("det", "rec"):
        assert (tmp_path / part / "inference.onnx").resolve().is_file()
        about = json.loads((tmp_path / part / "inference.yml").read_text())
        names.append(about["Global"]["model_name"])
        assert {"PreProcess", "PostProcess"} < set(about)
    assert names == ["PP-OCRv6_small_det", "PP-OCRv6_small_rec"]
    assert len(about["PostProcess"]["character_dict"]) > 18_000
