"""What `detect` looks with: a vocabulary is a model that finds things of its classes, or whatever words name.

`Weights` is one in a file or a folder, in a process of its own; `coco.Coco` is the one for photographs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sightline.errors import WeightsError
from sightline.images import Picture, Pixels
from sightline.tools import transformers_detector, yolo, yolo_onnx
from sightline.tools.clock import clock
from sightline.tools.prepared_networks import detector_network
from sightline.tools.worker import Worker, warm_weights
from sightline.tools.yolo import Looked

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """One thing: its class, how likely it is one, XYXY in px of the picture, whether it is to be counted."""

    label: str
    score: float
    corners: tuple[float, float, float, float]
    is_sure: bool = True


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one look found, best first.

    `partial` says in one line what was not looked for; `present` is how likely there is any such thing in the
    picture, None where that is not known.
    """

    sightings: tuple[Sighting, ...]
    partial: str = ""
    present: float | None = None


class Vocabulary(Protocol):
    """A model that finds things. Making one loads nothing."""

    @property
    def world(self) -> str:
        """What it was trained on: `drawn`, `photograph`, or empty for anything."""
        ...

    @property
    def version(self) -> str:
        """Of the library behind it, with all settings that change what it finds."""
        ...

    @property
    def weights(self) -> str:
        """sha256 of the weights, first 16 hex digits; empty where they cannot be read."""
        ...

    def classes(self) -> tuple[str, ...]:
        """What it finds; none where it takes any words.

        Raises `WeightsError`, `WorkerTimeout`, `WorkerFailed`.
        """
        ...

    def look(self, picture: Picture, words: str, labels: frozenset[str]) -> Seen:
        """The things of these classes, or those that the words name where it has no classes.

        Raises `WeightsError`, `WorkerTimeout`, `WorkerFailed`, `TimeoutError`.
        """
        ...

    def warm(self) -> None:
        """Load now. Raises `WeightsError`."""
        ...

    def close(self) -> None:
        """Free memory and processes; a later call sets up again."""
        ...


class Weights:
    """A model of a file or a folder, in its own process."""

    def __init__(self, path: Path, *, world: str = "", score_from: float | None = None) -> None:
        """Choose the weights; nothing is loaded.

        Args:
            path: a manifest (`.json`, see `yolo`), a model file of ultralytics (`.onnx`, or `.pt`, which is
                unpickled: only ever give one that you trust), or a folder of transformers.
            world: what it was trained on, see `Vocabulary`.
            score_from: detections below this score, 0..1, are not reported; None for 0.4, which is 0.25 for
                zero-shot models.
        """
        self.world = world
        self.path = path
        self._worker = Worker("sightline.tools.vocabulary:load_detector", str(path), score_from)
        self._score_from = "" if score_from is None else f", from {score_from}"
        self._classes: tuple[str, ...] | None = None

    @cached_property
    def version(self) -> str:
        """Of the library behind it, and the score from which it reports where that is not the usual one."""
        if transformers_detector.is_folder(self.path):
            return f"transformers {version('transformers')}{self._score_from}"
        library = f"ultralytics {version('ultralytics-opencv-headless')}"
        runs = f" on onnxruntime {version('onnxruntime')}" if self.path.suffix == ".json" else ""
        return f"{library}{runs}{self._score_from}"

    @cached_property
    def weights(self) -> str:
        """sha256 of the weights, first 16 hex digits; empty where they cannot be read."""
        try:
            if transformers_detector.is_folder(self.path):
                return yolo.file_hash(*transformers_detector.weights_files(self.path))[:16]
            return yolo.file_hash(yolo.weights_file(self.path))[:16]
        except WeightsError as error:
            _log.warning("%s", error)
            return ""

    def classes(self) -> tuple[str, ...]:
        """Read from the manifest here, from other files in the worker; none for any words."""
        if self._classes is None:
            if self.path.suffix == ".json":
                self._classes = tuple(yolo.read_manifest(self.path)["names"])
            else:
                self._classes = tuple(self._worker.call(None))
        return self._classes

    def look(self, picture: Picture, words: str, labels: frozenset[str]) -> Seen:
        """What is found in the whole picture. Scores are the model's own."""
        with clock().paused():  # making ready is no more the call's own time than loading is
            self._prepare()
        rows, partial = self._worker.call(picture.pixels, words)
        sightings = [
            Sighting(label=label, score=min(max(score, 0.0), 1.0), corners=corners)
            for label, score, corners in rows
            if label in labels or not self.classes()
        ]
        return Seen(sightings=tuple(sightings), partial=partial)

    def warm(self) -> None:
        """Raises `WeightsError` where the weights cannot be used."""
        self._prepare()
        warm_weights(self._worker)

    def close(self) -> None:
        """Kill the worker."""
        self._worker.close()

    def _prepare(self) -> None:
        """Make ready what the worker loads: here, where a person sees that it is done."""
        if self.path.suffix == ".json" and self._worker.pid is None:
            detector_network(self.path)


_Look = Callable[[Pixels, str], Looked]


def load_detector(path: str, score_from: float | None) -> Callable[..., Any]:
    """The worker's side: takes pixels and words and returns rows, or None and returns the classes.

    Raises `WeightsError` where there is no detector at `path`.
    """
    source = Path(path)
    if source.is_dir():
        names, predict = _told_all(*transformers_detector.load_predictor(source, score_from=score_from))
    else:
        load = yolo_onnx.load_predictor if source.suffix == ".json" else yolo.load_predictor
        names, look = load(source, score_from=0.4 if score_from is None else score_from)
        predict = _with_words(look)
    predict(np.zeros((64, 64, 3), np.uint8), "thing")  # what the first picture would wait for

    def detect(pixels: Pixels | None, words: str = "") -> list[str] | Looked:
        return names if pixels is None else predict(pixels, words)

    return detect


def _with_words(look: yolo.Predict) -> _Look:
    return lambda pixels, words: look(pixels)


def _told_all(names: list[str], find: transformers_detector.Predict) -> tuple[list[str], _Look]:
    return names, lambda pixels, words: Looked(find(pixels, words))
