"""detect(query): find objects, and measure the color and the size of each.

The embedded detector, a YOLO, knows the shapes of the synthetic scenes. Other weights of YOLO and the object
detectors of transformers take its place by their path. What a detector has no class for is `unsupported`,
never an empty finding; a zero-shot detector takes the query's words as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from sightline.errors import WeightsError
from sightline.images import Pixels
from sightline.tools import transformers_detector, yolo
from sightline.tools.attributes import measure
from sightline.tools.base import Phrase, Picture, Tool, Unsupported
from sightline.tools.nouns import Query, resolve
from sightline.tools.worker import Worker, WorkerFailed, WorkerTimeout
from sightline.types import Box, Detection, Detections

_log = logging.getLogger(__name__)


class Detector(Tool):
    """The tool `detect`. Labels, and what it can find, come from its weights."""

    name = "detect"

    def __init__(self, weights: str | Path | None = None, *, score_from: float | None = None) -> None:
        """Choose the weights; nothing is loaded.

        Args:
            weights: None for the embedded ones, a manifest (`.json`, see `yolo`), a model file of ultralytics
                (`.onnx`, or `.pt`, which is unpickled: only ever give one that you trust), or a folder of
                transformers (see `transformers_detector`).
            score_from: detections below this score, 0..1, are not reported; None for 0.4, which is 0.25 for
                zero-shot models.
        """
        self._path = Path(weights) if weights else yolo.EMBEDDED
        self._worker = Worker("sightline.tools.detect:load_detector", str(self._path), score_from)
        self._score_from = "" if score_from is None else f", from {score_from}"
        self._classes: tuple[str, ...] | None = None

    @cached_property
    def version(self) -> str:
        """Of the library behind it, and the score from which it reports where that is not the usual one."""
        if transformers_detector.is_folder(self._path):
            return f"transformers {version('transformers')}{self._score_from}"
        return f"ultralytics {version('ultralytics-opencv-headless')}{self._score_from}"

    @cached_property
    def weights(self) -> str:
        """sha256 of the weights, first 16 hex digits; empty where they cannot be read."""
        try:
            if transformers_detector.is_folder(self._path):
                return yolo.file_hash(*transformers_detector.weights_files(self._path))[:16]
            return yolo.file_hash(yolo.weights_file(self._path))[:16]
        except WeightsError as error:
            _log.warning("%s", error)
            return ""

    def covers(self) -> str:
        """The classes it knows, in one line. Raises `WeightsError` where the weights cannot be used."""
        try:
            classes = self._known()
        except (WorkerTimeout, WorkerFailed) as error:
            raise WeightsError(f"{self._path.name}: {error}") from error
        if not classes:
            return "finds whatever words name; measures color and size"
        shown = ", ".join(classes[:20]) + (f" and {len(classes) - 20} more" if len(classes) > 20 else "")
        return f"finds {shown}; measures color and size"

    def __call__(self, picture: Picture, query: Phrase) -> Detections:
        """Finds objects and where they are.

        Args:
            query: what to look for, such as: small red circles
        """
        classes = self._known()
        # A zero-shot model reads colors and sizes itself.
        wanted = resolve(query, classes) if classes else Query(labels=frozenset({query}))
        if isinstance(wanted, str):
            raise Unsupported(f'no class for "{wanted[:60]}"; it knows {", ".join(classes)}'[:600])
        rows, partial = self._worker.call(picture.pixels, query)
        return Detections(query=query, items=found(picture, rows, wanted), partial=partial)

    def warm(self) -> None:
        """Raises `WeightsError` where the weights cannot be used."""
        try:
            self._worker.warm()
        except (WorkerTimeout, WorkerFailed) as error:
            raise WeightsError(str(error)) from error

    def close(self) -> None:
        """Kill the worker; a later call starts another."""
        self._worker.close()

    def _known(self) -> tuple[str, ...]:
        """The classes: read from the manifest here, from other files in the worker; none for any words."""
        if self._classes is None:
            if self._path.suffix == ".json":
                self._classes = tuple(yolo.read_manifest(self._path)["names"])
            else:
                self._classes = tuple(self._worker.call(None))
        return self._classes


def found(picture: Picture, rows: yolo.Found, query: Query) -> tuple[Detection, ...]:
    """The detections that `query` means, best first, in the picture's frame."""
    items: list[Detection] = []
    for label, score, corners in rows:
        box = Box.clipped(*corners, picture.frame)
        if box.area == 0:
            continue
        attributes = measure(picture.pixels, box)
        if query.wants(label, attributes):
            score = min(max(score, 0.0), 1.0)
            items.append(Detection(label=label, score=score, box=box, attributes=attributes))
    return tuple(sorted(items, key=lambda item: -item.score))


def load_detector(path: str, score_from: float | None) -> Callable[..., Any]:
    """The worker's side: takes pixels and words and returns rows, or None and returns the classes.

    Raises `WeightsError` where there is no detector at `path`.
    """
    source = Path(path)
    if source.is_dir():
        names, predict = _told_all(*transformers_detector.load_predictor(source, score_from=score_from))
    else:
        names, look = yolo.load_predictor(source, score_from=0.4 if score_from is None else score_from)
        predict = _with_words(look)
    predict(np.zeros((64, 64, 3), np.uint8), "thing")  # what the first picture would wait for

    def detect(pixels: Pixels | None, words: str = "") -> list[str] | yolo.Looked:
        return names if pixels is None else predict(pixels, words)

    return detect


_Look = Callable[[Pixels, str], yolo.Looked]


def _with_words(look: yolo.Predict) -> _Look:
    return lambda pixels, words: look(pixels)


def _told_all(names: list[str], find: transformers_detector.Predict) -> tuple[list[str], _Look]:
    return names, lambda pixels, words: yolo.Looked(find(pixels, words))
