"""The 80 things of COCO in photographs: SSD MobileNet v2 through OpenCV, in this process, without torch.

The network was trained on pictures squeezed to 300 x 300 px. It is fully convolutional but for its anchors of
16 to 285 px, so that it also takes larger inputs, at which small things are seen larger; large things are
then too large for its anchors, and are left to the look at the whole. Only some sizes of an input will do:
the padding of its strided convolutions depends on whether each layer's size is odd, and a size that differs
from 300 in that moves all boxes by up to half a stride. Sizes that do not are 300 plus multiples of 128.

Source: the TensorFlow detection model zoo, ssd_mobilenet_v2_coco_2018_03_29 (Sandler et al. 2018; Liu et al.
2016).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, exp, log
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline import weights
from sightline.images import Picture, Pixels
from sightline.tools.clock import clock, seconds_left
from sightline.tools.vocabulary import Seen, Sighting
from sightline.types import Frame

WEIGHTS = "ssd-mobilenet-v2-coco"
"""In the weights store."""
GRAPH, GRAPH_TEXT = "frozen_inference_graph.pb", "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
GRAPH_HASH = "2a8d8a89d695842e"
"""Of the sha256 of `GRAPH`, which the store checks: first 16 hex digits."""

_NAMES = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, -, stop
sign, parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, -, backpack,
umbrella, -, -, handbag, tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball
glove, skateboard, surfboard, tennis racket, bottle, -, wine glass, cup, fork, knife, spoon, bowl, banana,
apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair, couch, potted plant, bed, -,
dining table, -, -, toilet, -, tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster,
sink, refrigerator, -, book, clock, vase, scissors, teddy bear, hair drier, toothbrush
"""
NAMES = {n: " ".join(name.split()) for n, name in enumerate(_NAMES.split(","), 1) if name.strip() != "-"}
"""Class by its number in the annotations of COCO, 1 to 90 with gaps."""

COARSE = 300
"""px. A side of the input that the network was trained at."""
FINE = ((428, 300), (556, 428))
"""px. Longer and shorter side of the inputs for small things. On photographs of 448 px both together find
what four overlapping tiles find, and some more, at 4 passes of `COARSE` in place of 5."""
LARGEST = 160
"""px of a fine input. Larger things are left to the look at the whole: a part of one may look like one."""
OVERLAP = 0.25
"""Of a window, with the next one."""
CUT = 2.0
"""px. A box that comes as near to an edge of its window inside the picture may go on behind it."""
SQUEEZED = 2.0
"""Longer side to shorter side: a longer picture is looked at in several windows, as squeezing hides
things."""
THIN = 16
"""px. A picture that is thinner shows no things."""
SHRUNK = 1.3
"""px of the picture to a px of the input from which a finer look is taken."""
GRIDS = (2, 4)
"""Windows a side of the finer looks at a large picture."""
MOST_PASSES = 26
"""At the finest input for a picture: about 6 s."""
SAME = 0.45
"""Two boxes of a class with a greater intersection over union are one thing,"""
INSIDE = 0.8
"""and so are two of which the smaller lies in the other with more of itself than this."""

LEAST_SEEN = 32
"""px of the finest input: of shorter things more are missed than found (48 % of those of 24 to 32 px, longer
side, are found, 57 % of 32 to 40, 85 % of 90 to 200)."""

SHOWN_FROM = 0.15
"""Raw score from which a thing may be there: the best for the question whether there is one."""
COUNTED_FROM = 0.20
"""Raw score from which a thing counts: the best for counts."""

_RIGHT = (-0.035, 1.319)
"""Offset and slope of the logit of a box's raw score: how likely it is right, its class and its place (IoU
0.5). Expected calibration error 0.031 in place of 0.051, two-fold over the photographs."""
_PRESENT = (2.710, 1.485)
"""The same of the best raw score of a class: how likely the picture shows it, where as many of the classes
asked for are in the picture as are not. Error 0.025 in place of 0.170."""
# All figures here: 121 photographs of COCO 2017's training half, 448 px, with their 906 boxes as truth, of
# which the network was trained on; on others expect a little less. `python examples/photographs.py --fit`
# makes them.


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One look: a window of the picture, XYXY in px, and the size of the input that it is resized to."""

    window: tuple[int, int, int, int]
    size: tuple[int, int]

    @property
    def is_fine(self) -> bool:
        """Whether large things are left to others."""
        return self.size != (COARSE, COARSE)

    @property
    def shrinks(self) -> float:
        """How many px of the picture for one px of the input, along the side that is shrunk more."""
        x1, y1, x2, y2 = self.window
        return max((x2 - x1) / self.size[0], (y2 - y1) / self.size[1])


def passes(width: int, height: int) -> list[list[Pass]]:
    """The looks at a picture of this size, coarse to fine; each is a list of passes that cover the picture.

    The whole is looked at (in several windows where it is long), then at larger inputs, then in finer and
    finer windows, until the picture's own pixels are seen or more than `MOST_PASSES` would be needed.
    """
    across, down = _cells(width, height)
    windows = _windows(width, height, across, down)
    whole = (0, 0, width, height)
    turned = width / across < height / down
    inputs = [size[::-1] if turned else size for size in FINE]
    first = [whole, *(window for window in windows if window != whole)]
    looks = [[Pass(window=window, size=(COARSE, COARSE)) for window in first]]
    looks += [[Pass(window=window, size=size) for window in windows] for size in inputs]
    for grid in GRIDS:
        windows = _windows(width, height, across * grid, down * grid)
        if looks[-1][0].shrinks < SHRUNK or len(windows) > MOST_PASSES or min(width, height) < THIN:
            break
        looks.append([Pass(window=window, size=inputs[-1]) for window in windows])
    return looks


def _cells(width: int, height: int) -> tuple[int, int]:
    """How many windows across and down show a picture unsqueezed: 1 and 1, but for long ones."""
    longer, shorter = max(width, height), min(width, height)
    if longer <= SQUEEZED * shorter or shorter < THIN:
        return 1, 1
    count = min(ceil((longer / (1.5 * shorter) - OVERLAP) / (1 - OVERLAP)), MOST_PASSES // 2)
    return (count, 1) if width > height else (1, count)


def _windows(width: int, height: int, across: int, down: int) -> list[tuple[int, int, int, int]]:
    """XYXY of windows that overlap by `OVERLAP`, row by row."""
    return [(x1, y1, x2, y2) for y1, y2 in _parts(height, down) for x1, x2 in _parts(width, across)]


def _parts(length: int, count: int) -> list[tuple[int, int]]:
    part = length / (count - (count - 1) * OVERLAP)
    starts = [part * (1 - OVERLAP) * n for n in range(count)]
    return [(int(start), min(max(ceil(start + part), int(start) + 1), length)) for start in starts]


Rows = NDArray[np.float32]
"""float32[N, 6] of XYXY in px of the picture, raw score and class number, best first."""

_WEAK = 0.03
"""Raw score of what is kept: what is weaker than `SHOWN_FROM` says how likely there is none."""
LEAST = 0.02
"""Raw score that stands for none at all, in the fit too."""
_REMEMBERED = 16
"""Pictures whose rows are kept, some kB each."""


def kept(found: Rows, look: Pass, width: int, height: int) -> Rows:
    """What one pass saw whole and at a fit size. `found` and the result are in px of the picture."""
    if not look.is_fine and look.window == (0, 0, width, height):
        return found
    x1, y1, x2, y2 = look.window
    cut = (found[:, 0] < x1 + CUT) & (x1 > 0) | (found[:, 1] < y1 + CUT) & (y1 > 0)
    cut |= (found[:, 2] > x2 - CUT) & (x2 < width) | (found[:, 3] > y2 - CUT) & (y2 < height)
    longer = (found[:, 2:4] - found[:, :2]) * np.array(look.size) / np.array((x2 - x1, y2 - y1))
    fits = longer.max(axis=1, initial=0) <= LARGEST if look.is_fine else np.ones(len(found), bool)
    return np.asarray(found[~cut & fits], np.float32)


def merged(parts: Iterable[Rows]) -> Rows:
    """All rows, best first, each thing once: of boxes of one class that lie on each other, the best.

    OpenCV's suppression, as it is loaded anyway: `import supervision` takes longer than a look.
    """
    rows = np.concatenate([np.zeros((0, 6), np.float32), *parts])
    if not len(rows):
        return np.asarray(rows, np.float32)
    boxes = np.concatenate([rows[:, :2], rows[:, 2:4] - rows[:, :2]], axis=1).tolist()
    numbers = rows[:, 5].astype(int).tolist()
    order = cv2.dnn.NMSBoxesBatched(boxes, rows[:, 4].tolist(), numbers, 0.0, SAME)
    rows = rows[np.asarray(order, int)]
    rows = rows[np.argsort(-rows[:, 4], kind="stable")]
    return np.asarray(rows[~_hidden(rows)], np.float32)


def _hidden(rows: Rows) -> NDArray[np.bool_]:
    """bool[N]: whether a row lies in a better one of its class, or around it."""
    low = np.maximum(rows[:, None, :2], rows[None, :, :2])
    high = np.minimum(rows[:, None, 2:4], rows[None, :, 2:4])
    shared = (high - low).clip(0).prod(axis=2)
    area = (rows[:, 2:4] - rows[:, :2]).prod(axis=1)
    smaller = np.minimum(area[:, None], area[None]).clip(1e-6)
    rivals = (shared / smaller > INSIDE) & (rows[:, None, 5] == rows[None, :, 5])
    hidden = np.zeros(len(rows), bool)
    for n in range(len(rows)):
        hidden[n] = (rivals[n, :n] & ~hidden[:n]).any()
    return hidden


def seen(net: Any, pixels: Pixels, look: Pass) -> Rows:
    """What the network finds in one window."""
    x1, y1, x2, y2 = look.window
    part = pixels[y1:y2, x1:x2]
    how = cv2.INTER_AREA if look.shrinks > 1 else cv2.INTER_LINEAR
    net.setInput(cv2.dnn.blobFromImage(cv2.resize(part, look.size, interpolation=how)))
    found = net.forward()[0, 0]  # rows of image number, class, score, XYXY in fractions of the window
    found = found[(found[:, 2] >= _WEAK) & np.isin(found[:, 1], list(NAMES))]
    corners = found[:, 3:7].clip(0, 1) * ((x2 - x1, y2 - y1) * 2) + (x1, y1, x1, y1)
    return np.asarray(np.concatenate([corners, found[:, 2:3], found[:, 1:2]], axis=1), np.float32)


def look_at(net: Any, pixels: Pixels) -> tuple[Rows, float, bool]:
    """All looks at a picture for which the call has time.

    Returns:
        What was found, how many px of the picture went into one of the finest look, and whether every look
        was taken. Raises `TimeoutError` where there was no time for the first one.
    """
    height, width = pixels.shape[:2]
    parts: list[Rows] = []
    shrinks, slowest = 0.0, 0.0
    for look in passes(width, height):
        for one in look:
            began = time.monotonic()
            if seconds_left() <= 1.5 * slowest:
                if not shrinks:
                    raise TimeoutError("no time for a look at the whole picture")
                return merged(parts), shrinks, False
            parts.append(kept(seen(net, pixels, one), one, width, height))
            slowest = max(slowest, time.monotonic() - began)
        shrinks = max(one.shrinks for one in look)
    return merged(parts), shrinks, True


def right(raw: float) -> float:
    """How likely a box of this raw score is right."""
    return _logistic(raw, *_RIGHT)


def present(raw: float) -> float:
    """How likely a class whose best box has this raw score is in the picture."""
    return _logistic(raw, *_PRESENT)


def _logistic(raw: float, offset: float, slope: float) -> float:
    odds = log(min(max(raw, LEAST), 1 - LEAST) / (1 - min(max(raw, LEAST), 1 - LEAST)))
    return 1 / (1 + exp(-(offset + slope * odds)))


class Coco:
    """The vocabulary of photographs. Safe to use from several threads: looks wait for one another."""

    world = "photograph"
    version = f"opencv {cv2.__version__}"
    weights = GRAPH_HASH

    def __init__(self) -> None:
        """Nothing is loaded, nor fetched."""
        self._lock = threading.Lock()
        self._net: Any = None
        self._known: OrderedDict[Frame, tuple[Rows, float]] = OrderedDict()

    def classes(self) -> tuple[str, ...]:
        """The 80."""
        return tuple(NAMES.values())

    def look(self, picture: Picture, words: str, labels: frozenset[str]) -> Seen:
        """The things of these classes. What was seen in a picture is kept for the next question.

        Raises:
            WeightsError: the weights are not here and cannot be fetched.
            TimeoutError: there was no time for one look.
        """
        rows, shrinks = self.rows(picture)
        rows = rows[[NAMES[int(number)] in labels for number in rows[:, 5]]]
        best = float(rows[0, 4]) if len(rows) else 0.0
        sightings = tuple(
            Sighting(
                label=NAMES[int(number)],
                score=right(raw),
                corners=(x1, y1, x2, y2),
                is_sure=raw >= COUNTED_FROM,
            )
            for x1, y1, x2, y2, raw, number in rows.tolist()
            if raw >= SHOWN_FROM
        )
        least = ceil(LEAST_SEEN * shrinks)
        partial = f"things smaller than {least} px may be missed" if shrinks > 1 else ""
        return Seen(sightings=sightings, partial=partial, present=present(best))

    def warm(self) -> None:
        """Raises `WeightsError` where the weights are not here and cannot be fetched."""
        with self._loaded():
            pass

    def close(self) -> None:
        """Free the network's memory."""
        with self._lock:
            self._net = None
            self._known.clear()

    def rows(self, picture: Picture) -> tuple[Rows, float]:
        """All that is seen, raw, and how many px of the picture went into one of the finest look.

        Raises as `look` does.
        """
        with self._loaded() as net:
            if (known := self._known.get(picture.frame)) is not None:
                return known
            rows, shrinks, is_whole = look_at(net, picture.pixels)
            if is_whole:
                self._known[picture.frame] = rows, shrinks
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
            return rows, shrinks

    @contextmanager
    def _loaded(self) -> Iterator[Any]:
        """The network, for this thread alone; waiting and loading are not the time of the call."""
        time_of_call = clock()
        with time_of_call.paused():
            if not self._lock.acquire(timeout=max(time_of_call.until - time.monotonic(), 0)):
                raise TimeoutError("busy with other pictures")
            try:
                if self._net is None:
                    graph, text = weights.path(WEIGHTS, GRAPH), weights.path(WEIGHTS, GRAPH_TEXT)
                    self._net = cv2.dnn.readNetFromTensorflow(str(graph), str(text))
            except BaseException:
                self._lock.release()
                raise
        try:
            yield self._net
        finally:
            self._lock.release()
