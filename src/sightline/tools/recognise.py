"""Print that the text detector overlooks, such as a digit that stands alone, read by the recogniser alone.

`read_text` first finds lines of text and then reads each; what is too short to look like a line is lost.
Here ink that no line covers is found by its contrast, and only then recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.base import Tool
from sightline.tools.read_text import clean
from sightline.tools.reading import Boxes, Page, PageTool, box_at
from sightline.tools.worker import Worker
from sightline.types import TextSpan

LINE_HEIGHT = 48
"""px. The recogniser's own input height; smaller lines are enlarged to it."""

CONTRAST = 40
"""Levels of 255 by which ink differs from the paper around it."""

STRANGE = 70
"""Levels of 255 by which the ink of an icon differs from that of print, in one channel at least."""

SURE = 0.85
"""A reading of less than this score is dropped: blobs that are no print read as something too."""

MOST_LINES = 60
"""Of one page. More are noise, not print."""


class Recogniser:
    """Reads single lines that are cut out already, in a process that starts at the first call."""

    def __init__(self, *, threads: int = 1) -> None:
        self._worker = Worker("sightline.tools.recognise:load_recogniser", threads)

    def read(self, page: Page, boxes: Boxes, *, turned: bool = False) -> list[TextSpan]:
        """The texts at `boxes`, float[N, 4] px of the page, without those that say nothing.

        `turned`: they run upwards. Raises `WorkerTimeout` past the time of the call, and `WorkerFailed`.
        """
        if not len(boxes):
            return []
        lines = [_line(page.pixels, box, turned=turned) for box in boxes]
        reads = self._worker.call(lines)
        frame = page.picture.frame
        return [
            TextSpan(text=text, score=min(max(score, 0.0), 1.0), box=box_at(box, frame))
            for (read, score), box in zip(reads, boxes, strict=True)
            if score >= SURE and any(map(str.isalnum, text := clean(read)))
        ]

    def close(self) -> None:
        """Kill the process."""
        self._worker.close()


class RereadingTool(PageTool):
    """What the tools share that read what the reader overlooked: a recogniser of their own."""

    def __init__(self, reader: Tool) -> None:
        """`reader` reads the words; nothing is loaded yet."""
        super().__init__(reader)
        self._recogniser = Recogniser()

    @cached_property
    def version(self) -> str:
        """Of the libraries behind it."""
        return f"{self._reader.version}, opencv {version('opencv-python-headless')}"

    def close(self) -> None:
        """Kill the processes; a later call starts others."""
        self._recogniser.close()
        super().close()


def load_recogniser(threads: int) -> Callable[[Sequence[Pixels]], list[tuple[str, float]]]:
    """The worker's side: takes lines, uint8[H, W, 3] RGB each, and returns their texts and scores."""
    from rapidocr import RapidOCR

    reader = RapidOCR(
        params={
            "Global.use_det": False,
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Global.text_score": 0.0,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def recognize(lines: Sequence[Pixels]) -> list[tuple[str, float]]:
        found = []
        for line in lines:
            read: Any = reader(np.ascontiguousarray(line[:, :, ::-1]), use_det=False, use_cls=False)
            found.append((read.txts[0], float(read.scores[0])) if read.txts else ("", 0.0))
        return found

    return recognize


def _line(pixels: Pixels, box: NDArray[np.float64], *, turned: bool = False) -> Pixels:
    """The box with a margin of paper, enlarged to the recogniser's height, at least as wide as high."""
    import cv2

    x1, y1, x2, y2 = box
    pad = 0.18 * min(x2 - x1, y2 - y1) + 1
    height, width = pixels.shape[:2]
    left, right = max(int(x1 - pad), 0), min(int(np.ceil(x2 + pad)), width)
    top, bottom = max(int(y1 - pad), 0), min(int(np.ceil(y2 + pad)), height)
    part: NDArray[Any] = pixels[top:bottom, left:right]
    part = np.rot90(part, -1) if turned else part
    scale = LINE_HEIGHT / part.shape[0]
    part = cv2.resize(
        part, (max(round(part.shape[1] * scale), 1), LINE_HEIGHT), interpolation=cv2.INTER_CUBIC
    )
    paper = np.median(np.concatenate([part[0], part[-1]]), 0).tolist()
    side = max((LINE_HEIGHT - part.shape[1]) // 2, 8)
    return np.asarray(cv2.copyMakeBorder(part, 0, 0, side, side, cv2.BORDER_CONSTANT, value=paper), np.uint8)


def _strokes(pixels: Pixels, height: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Where strokes no wider than a third of `height` px are darker, and where lighter, than what is around.

    uint8[H, W] of 0 and 1 each.
    """
    import cv2

    kernel = np.ones((max(round(height * 0.3), 3),) * 2, np.uint8)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, kernel)
    light = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, kernel)
    return (dark > CONTRAST).astype(np.uint8), (light > CONTRAST).astype(np.uint8)


def print_ink(pixels: Pixels, height: float) -> NDArray[Any]:
    """Where strokes as thin as those of print stand, rules left out, uint8[H, W] of 0 and 1.

    `height`: of a line of print, px.
    """
    dark, light = _strokes(pixels, height)
    return np.asarray(_without_rules(dark, height) | _without_rules(light, height), np.uint8)


def unread(page: Page) -> Boxes:
    """Boxes of ink of the size of print that no span covers, float64[N, 4], from top to bottom."""
    import cv2

    height = page.height_of_text()
    if not height:
        return np.zeros((0, 4))
    ink = print_ink(page.pixels, height)
    margin = 0.15 * height + 1
    for x1, y1, x2, y2 in (page.boxes + np.array([-1, -1, 1, 1]) * margin).round().astype(int):
        ink[max(y1, 0) : y2, max(x1, 0) : x2] = 0
    joined = cv2.dilate(ink, np.ones((1, max(round(height * 0.5), 1)), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    found = [_tight(ink, labels == n, stats[n]) for n in range(1, min(count, 4 * MOST_LINES))]
    kept = [box for box in found if 0.3 * height <= box[3] - box[1] <= 1.3 * height and box[2] - box[0] >= 2]
    return np.array(kept[:MOST_LINES], float).reshape(-1, 4)


def _without_rules(ink: NDArray[Any], height: float) -> NDArray[Any]:
    """The ink without what is straight and longer than any stroke of a letter."""
    import cv2

    longest = max(round(height * 1.4), 5)
    across = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, longest), np.uint8))
    down = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((longest, 1), np.uint8))
    rules = cv2.dilate(cv2.max(across, down), np.ones((3, 3), np.uint8))
    return np.where(rules > 0, 0, ink).astype(np.uint8)


def _tight(ink: NDArray[Any], part: NDArray[np.bool_], stat: NDArray[Any]) -> list[float]:
    x, y, w, h = map(int, stat[:4])
    ys, xs = np.nonzero(ink[y : y + h, x : x + w] & part[y : y + h, x : x + w])
    return [x + xs.min(), y + ys.min(), x + xs.max() + 1, y + ys.max() + 1] if len(xs) else [0, 0, 0, 0]


def ink_in(pixels: Pixels, box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What stands out from the paper around a box, bool[h, w] of the whole px in it."""
    x1, y1, x2, y2 = (max(round(v), 0) for v in box)
    away = _away(pixels, box)[: max(y2 - y1, 1), : max(x2 - x1, 1)]
    return np.asarray(away > max(0.4 * away.max(), CONTRAST), np.bool_)


def ink_colour(pixels: Pixels, box: NDArray[np.float64]) -> NDArray[np.float64]:
    """The commonest colour of what stands out most from the paper around a box, RGB float64[3]."""
    inset = 0.12 * (box[3] - box[1])  # boxes of lines are wide enough to touch the rules of a table
    away = _away(pixels, inner := box + np.array([1, 1, -1, -1]) * inset, around=box)
    x1, y1 = (max(round(v), 0) for v in inner[:2])
    part = pixels[y1 : y1 + away.shape[0], x1 : x1 + away.shape[1]].astype(float)
    return np.asarray(np.median(part[away >= 0.6 * away.max()], 0), float)


def _away(
    pixels: Pixels, box: NDArray[np.float64], *, around: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """How far each px of a box is from the paper, its median px with the edge around it, 0..255."""
    x1, y1, x2, y2 = (max(round(v), 0) for v in (box if around is None else around))
    out = pixels[max(y1 - 2, 0) : y2 + 2, max(x1 - 2, 0) : x2 + 2].astype(float)
    paper = np.median(out.reshape(-1, 3), 0)
    x1, y1, x2, y2 = (max(round(v), 0) for v in box)
    part = pixels[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].astype(float)
    return np.asarray(np.abs(part - paper).max(2), float)


def without_icons(page: Page) -> Page:
    """The page without icons read as print: short runs of an ink that no longer run is printed in."""
    inks = [ink_colour(page.pixels, box) for box in page.boxes]
    words = [ink for span, ink in zip(page.spans, inks, strict=True) if _is_wordy(span.text)]
    kept = [
        span
        for span, ink in zip(page.spans, inks, strict=True)
        if _is_wordy(span.text) or not words or min(_hue_apart(ink, word) for word in words) < STRANGE
    ]
    return replace(page, spans=tuple(kept))


def _hue_apart(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """How much two colours differ, lightness aside: thin strokes are paler than thick ones."""
    return float(np.abs(np.diff(a) - np.diff(b)).max())


def _is_wordy(text: str) -> bool:
    return sum(map(str.isalnum, text)) > 2


def with_case(page: Page) -> Page:
    """The page with lone letters of one shape in both cases in the case that their height tells."""
    tall = [_inked_rows(page.pixels, box) for box in page.boxes]
    full = [rows for span, rows in zip(page.spans, tall, strict=True) if span.text.isdigit()]
    small = 0.87 * float(np.median(full)) if full else 0.0
    spans = [
        span.model_copy(update={"text": span.text.lower()}) if span.text in _ALIKE and rows < small else span
        for span, rows in zip(page.spans, tall, strict=True)
    ]
    return replace(page, spans=tuple(spans))


_ALIKE = tuple("CKOPSUVWXZ")
"""Capitals whose small letters are of the same shape."""


def _inked_rows(pixels: Pixels, box: NDArray[np.float64]) -> int:
    rows = np.nonzero(ink_in(pixels, box).any(1))[0]
    return int(rows[-1] - rows[0] + 1) if len(rows) else 0


def with_upright(page: Page, recogniser: Recogniser) -> Page:
    """The page with runs that stand upright read again, turned to lie. Raises as `Recogniser.read` does."""
    boxes = page.boxes
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    stands = (high > 1.5 * wide) & (high > 20)
    again = recogniser.read(page, boxes[stands], turned=True)
    lying = [span for span, up in zip(page.spans, stands, strict=True) if not up]
    return replace(page, spans=(*lying, *again))


def with_unread(page: Page, recogniser: Recogniser) -> Page:
    """The page with the spans that were overlooked added at the end. Raises as `Recogniser.read` does."""
    spans = recogniser.read(page, unread(page))
    return with_case(without_icons(replace(page, spans=(*page.spans, *spans))))
