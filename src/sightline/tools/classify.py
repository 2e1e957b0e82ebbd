"""classify(region?, top?): what kind of thing a picture or a region shows, of the 1,000 classes of ImageNet.

EfficientNet-Lite0 gives the probabilities; `imagenet_words.txt` says of each class what it is a kind of, so
that the many breeds which it cannot tell apart still add up to a dog that it is sure of. It always shares out
its whole probability among what it knows: where too little falls on any one thing, the finding is empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.errors import InputError
from sightline.images import Pixels
from sightline.tools.base import Picture, Tool
from sightline.tools.clock import clock
from sightline.tools.crop import cut
from sightline.tools.prepared_networks import classifier_hash, classifier_network, load_network
from sightline.tools.worker import Worker, warm_weights
from sightline.types import Box
from sightline.types.overview import Class, Classes, Kind

TEMPERATURE = 1.1
"""By which the logits are divided. Of 0.8 to 1.25 the best calibrated (error 4 %) on 119 things cut out of
121 photographs of COCO: objects of 42 classes that ImageNet has too, over 2 % of the picture. Measured there,
and nothing was trained on them."""

SURE = 0.5
"""Of the kinds that are at least this likely, the most specific is what the picture is said to show."""

LEAST = 0.35
"""Where nothing, class or kind, is this likely, it shows nothing that is known: on the things above, what
was less likely was right one time in three."""

CHANCE = 1.5
"""Times its share of all classes that a kind must have.

Four in ten classes are animals, so that four tenths say nothing.
"""

MARGIN = 0.1
"""Of a region's sides, added around it: its surroundings help, and boxes are often tight."""

SIDE = 224
"""px. What the network sees."""

MOST_CLASSES = 20

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's RGB, 0..1: what the network was trained with."""


class Classifier(Tool):
    """The tool `classify`. Its network runs in a process of its own, on onnxruntime."""

    name = "classify"

    def __init__(self) -> None:
        """Nothing is loaded or fetched yet."""
        self._worker: Worker | None = None

    @cached_property
    def version(self) -> str:
        """Of timm, whose network it is, and of what runs it."""
        return f"timm {version('timm')} on onnxruntime {version('onnxruntime')}"

    @cached_property
    def weights(self) -> str:
        """sha256 of the weights, first 16 hex digits, as the manifest pins them."""
        return classifier_hash()[:16]

    def covers(self) -> str:
        """In one line, what it knows and what not."""
        return (
            "names the main thing of a picture or region: ImageNet's 1,000 classes (398 animals, "
            "of them 118 dogs; no people, few plants) and what it is a kind of; it does not find or count"
        )

    def __call__(self, picture: Picture, region: Box | None = None, top: int = 5) -> Classes:
        """Says what kind of thing the image or a region shows.

        Args:
            region: what to look at; else everything
            top: how many classes to give, 1 to 20
        """
        if not 1 <= top <= MOST_CLASSES:
            raise InputError(f"top must be 1 to {MOST_CLASSES}")
        part = cut(picture, _widened(region), at_least=0) if region else picture
        logits = np.asarray(self._ready().call(_fitted(part.pixels)), np.float64)
        return named(logits, region or Box.whole(picture.frame), top)

    def warm(self) -> None:
        """Fetch the weights and make the network ready where they are not, and load it.

        Raises `WeightsError`.
        """
        warm_weights(self._ready())

    def close(self) -> None:
        """Kill the worker; a later call starts another."""
        if self._worker:
            self._worker.close()

    def _ready(self) -> Worker:
        if self._worker is None:
            with clock().paused():  # no more the call's own time than loading is
                network = classifier_network()
            self._worker = Worker("sightline.tools.classify:load_classifier", str(network))
        return self._worker


def _widened(region: Box) -> Box:
    across, down = MARGIN * region.width, MARGIN * region.height
    x1, y1, x2, y2 = region.x1 - across, region.y1 - down, region.x2 + across, region.y2 + down
    return Box.clipped(x1, y1, x2, y2, region.frame)


def _fitted(pixels: Pixels) -> Pixels:
    """uint8[SIDE, SIDE, 3]: the whole in a square, with ImageNet's mean color where it does not fill it.

    Squeezing it, or cutting its middle out, was right less often on the things cut out of COCO.
    """
    from PIL import Image

    scale = SIDE / max(pixels.shape[:2])
    width, height = (max(round(length * scale), 1) for length in (pixels.shape[1], pixels.shape[0]))
    square = Image.new("RGB", (SIDE, SIDE), (124, 116, 104))
    shrunk = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)
    square.paste(shrunk, ((SIDE - width) // 2, (SIDE - height) // 2))
    return np.asarray(square, np.uint8)


def load_classifier(file: str) -> Callable[[Pixels], NDArray[np.float32]]:
    """The worker's side: takes uint8[SIDE, SIDE, 3] RGB and returns the logits, float32[1000]."""
    network = load_network(Path(file))
    mean, deviation = np.array(_MEAN, np.float32), np.array(_DEVIATION, np.float32)

    def logits(pixels: Pixels) -> NDArray[np.float32]:
        values = (pixels.astype(np.float32) / 255 - mean) / deviation
        (found,) = network.run(None, {"image": np.ascontiguousarray(values.transpose(2, 0, 1)[None])})
        return np.asarray(found[0], np.float32)

    logits(np.zeros((SIDE, SIDE, 3), np.uint8))  # what the first picture would wait for
    return logits


# From logits to words.


@dataclass(frozen=True)
class Words:
    """The names, those that share one merged, and the kinds.

    `names`: in order. `kinds_of`: of each name, from specific to general. `name_of`: int64[1000], the name of
    each class. `kinds`: from specific to general. `members`: bool[names, kinds].
    """

    names: tuple[str, ...]
    kinds_of: tuple[tuple[str, ...], ...]
    name_of: NDArray[np.int64]
    kinds: tuple[str, ...]
    members: NDArray[np.bool_]


@cache
def words() -> Words:
    """What stands in `imagenet_words.txt`."""
    text = Path(__file__).with_name("imagenet_words.txt").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    named = {name: tuple(filter(None, kinds.split(" > "))) for name, kinds in rows}
    names = tuple(named)
    counts = {kind: sum(kind in kinds for kinds in named.values()) for own in named.values() for kind in own}
    kinds = tuple(sorted(counts, key=lambda kind: counts[kind]))
    members = np.array([[kind in own for kind in kinds] for own in named.values()])
    place = {name: n for n, name in enumerate(names)}
    return Words(names, tuple(named.values()), np.array([place[name] for name, _ in rows]), kinds, members)


def named(logits: NDArray[np.float64], region: Box, top: int) -> Classes:
    """The likeliest classes and kinds by the logits, float64[1000]; empty where none is likely enough."""
    known = words()
    powers = np.exp((logits - logits.max()) / TEMPERATURE)
    of_names = np.bincount(known.name_of, powers / powers.sum(), len(known.names))
    of_kinds = of_names @ known.members
    likely = np.maximum(LEAST, CHANCE * known.members.mean(axis=0))
    best = np.argsort(-of_names, kind="stable")[:top]
    items = tuple(
        Class(label=known.names[n], score=_share(of_names[n]), kinds=known.kinds_of[n]) for n in best
    )
    kinds = tuple(
        Kind(name=known.kinds[n], score=_share(of_kinds[n])) for n in np.flatnonzero(of_kinds >= likely)
    )
    surest = max([items[0].score, *(kind.score for kind in kinds)])
    if surest < LEAST:
        return Classes(region=region, nearest=items[0], score=1 - surest)
    return Classes(region=region, items=items, kinds=kinds, shown=_shown(items[0], kinds), score=surest)


def _share(value: Any) -> float:
    """Rounded, so that a finding is the same on every machine."""
    return round(min(float(value), 1.0), 4)


def _shown(best: Class, kinds: tuple[Kind, ...]) -> str:
    """The most specific that is sure: the class, else a kind; empty where none is."""
    if best.score >= SURE:
        return best.label
    return next((kind.name for kind in kinds if kind.score >= SURE), "")
