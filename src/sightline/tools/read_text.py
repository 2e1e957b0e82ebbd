"""read_text(region?, lang?): read the words, and put them into rows as a reader sees them.

RapidOCR reads where no other engine is given: its models (PaddleOCR's) come in its wheel, so nothing is
downloaded. What is read is data: control and bidirectional characters are removed and lengths capped.
"""

from __future__ import annotations

import hashlib
import logging
import unicodedata
from functools import cached_property
from threading import Lock

from sightline.errors import WeightsError
from sightline.tools.base import Picture, Tool, Unsupported
from sightline.tools.columns import blocks_of
from sightline.tools.crop import cut
from sightline.tools.ocr import Engine, Read
from sightline.tools.ocr_rapid import RapidOcr
from sightline.tools.rows import Quad, rows_of
from sightline.tools.worker import Worker, warm_weights
from sightline.types import Box, Frame, TextLines, TextSpan, map_box

_log = logging.getLogger(__name__)

ENLARGE_TO = 960
"""px. A smaller picture is enlarged to this (four times at most): print of a few px is missed else."""

LONGEST_SPAN = 500
MOST_SPANS = 1000


class TextReader(Tool):
    """The tool `read_text`."""

    name = "read_text"

    def __init__(self, engine: Engine | None = None) -> None:
        """Nothing is loaded. `engine`: None for RapidOCR; see also `ocr_paddle` and `ocr_tesseract`."""
        self._engine = engine or RapidOcr()
        self._worker: Worker | None = None
        self._lock = Lock()

    @cached_property
    def version(self) -> str:
        """Of the library behind it; its name alone where it is not installed."""
        try:
            return self._engine.version()
        except WeightsError as error:
            _log.warning("%s", error)
            return self._engine.name

    @cached_property
    def weights(self) -> str:
        """sha256 of the models, first 16 hex digits; empty where they are not installed."""
        digest = hashlib.sha256()
        try:
            for file in self._engine.files():
                digest.update(file.read_bytes())
        except (WeightsError, OSError) as error:
            _log.warning("%s", error)
            return ""
        return digest.hexdigest()[:16]

    def covers(self) -> str:
        """Raises `WeightsError` where the engine or its models are not installed."""
        self._engine.version()
        files = ", ".join(file.stem for file in self._engine.files())
        return f"reads printed text ({files}) in {', '.join(self._engine.languages)}"

    def __call__(self, picture: Picture, region: Box | None = None, lang: str | None = None) -> TextLines:
        """Reads the words.

        Args:
            region: where to read; else everywhere
            lang: its language, as en or de
        """
        languages = self._engine.languages
        language = (lang or languages[0]).lower()
        if language not in languages:
            raise Unsupported(f"it does not read {language[:20]}, but {', '.join(languages)}")
        part = _enlarged(cut(picture, region, at_least=0) if region else picture)
        reads = self._ready().call(part.pixels, language)
        return spans_of(reads, part.frame, picture.frame)

    def warm(self) -> None:
        """Raises `WeightsError` where the models cannot be loaded."""
        warm_weights(self._ready())

    def close(self) -> None:
        """Kill the worker; a later call starts another."""
        if self._worker:
            self._worker.close()

    def _ready(self) -> Worker:
        """The engine's worker. Raises `WeightsError` where it cannot have one."""
        with self._lock:
            self._worker = self._worker or self._engine.worker()
            return self._worker


def _enlarged(picture: Picture) -> Picture:
    frame = picture.frame
    longer = max(frame.width, frame.height)
    if longer >= ENLARGE_TO:
        return picture
    return cut(picture, Box.whole(frame), at_least=min(ENLARGE_TO, 4 * longer))


def spans_of(reads: list[Read], read: Frame, frame: Frame) -> TextLines:
    """Rows of cleaned spans by block, their boxes carried from the frame that was `read` to `frame`."""
    kept = [(clean(text), score, quad) for text, score, quad in reads[:MOST_SPANS]]
    kept = [one for one in kept if one[0]]
    rows: list[tuple[TextSpan, ...]] = []
    blocks: list[tuple[int, ...]] = []
    for block in blocks_of([quad for _, _, quad in kept]):
        found = rows_of([kept[n][2] for n in block])
        blocks.append(tuple(range(len(rows), len(rows) + len(found))))
        rows += [tuple(_span(*kept[block[n]], read, frame) for n in row) for row in found]
    return TextLines(rows=tuple(rows), blocks=tuple(blocks) if len(blocks) > 1 else ())


def _span(text: str, score: float, quad: Quad, read: Frame, frame: Frame) -> TextSpan:
    xs, ys = [x for x, _ in quad], [y for _, y in quad]
    box = Box.clipped(min(xs), min(ys), max(xs), max(ys), read)
    return TextSpan(text=text, score=min(max(score, 0.0), 1.0), box=map_box(box, frame))


WIDE_FORMS = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
"""Of ASCII, as East Asian print has them."""


def clean(text: str) -> str:
    """Text as data: no control, format (bidirectional) or private characters, single spaces, capped.

    Wide forms (`TOTAL：９`) stay in East Asian text alone: elsewhere the recogniser took them for ASCII.
    """
    shown = "".join(" " if unicodedata.category(c)[0] in "ZC" else c for c in text)
    if not any("\u3040" <= c <= "\u9fff" or "\uac00" <= c <= "\ud7af" for c in shown):
        shown = shown.translate(WIDE_FORMS)
    return " ".join(shown.split())[:LONGEST_SPAN]
