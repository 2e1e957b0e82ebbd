"""A detector's prepared network: the letterbox, the boxes and their suppression, as ultralytics has them.

`yolo` runs the same weights with torch, where they are trained; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.tools import yolo
from sightline.tools.prepared_networks import detector_network, load_network
from sightline.tools.tiles import Find, Pixels, Rows, nms

GRAY = 114
"""Of the padding, as in the training."""

_MOST_WEIGHED = 30_000
"""Boxes of an image that are compared with one another, the best."""


class _Fit(NamedTuple):
    """How images of one size go into the network: shrunk or enlarged, and padded around. Lengths in px."""

    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int


def load_predictor(manifest: Path, *, score_from: float) -> tuple[list[str], yolo.Predict]:
    """The classes of a model, and the function that finds them: `yolo.load_predictor` without torch.

    The network is made ready where that was not done. Raises `WeightsError`.
    """
    network = load_network(detector_network(manifest))
    about = yolo.read_manifest(manifest)
    return yolo.predictor(about, yolo.twice_where_dark(_seen(network, int(about["imgsz"]), score_from)))


def _seen(network: Any, side: int, score_from: float) -> Find:
    stride = int(network.get_modelmeta().custom_metadata_map["stride"])

    def seen(images: Sequence[Pixels]) -> list[Rows]:
        fit = _fit(images[0].shape, side, stride)
        boxed = np.stack([_boxed(image, fit) for image in images]).transpose(0, 3, 1, 2)
        (found,) = network.run(None, {"images": np.ascontiguousarray(boxed, np.float32) / np.float32(255)})
        return [
            _unboxed(_rows(one.T, score_from), fit, image.shape)
            for one, image in zip(found, images, strict=True)
        ]

    return seen


def _fit(shape: tuple[int, ...], side: int, stride: int) -> _Fit:
    """Into a square of `side`, whose padding is then cut to the least that the stride allows."""
    height, width = shape[:2]
    scale = min(side / height, side / width)
    w, h = max(round(width * scale), 1), max(round(height * scale), 1)
    x, y = (side - w) % stride / 2, (side - h) % stride / 2
    return _Fit(w, h, round(x - 0.1), round(y - 0.1), round(x + 0.1), round(y + 0.1))


def _boxed(image: Pixels, fit: _Fit) -> Pixels:
    if image.shape[:2] != (fit.height, fit.width):
        image = np.asarray(cv2.resize(image, (fit.width, fit.height)), np.uint8)
    edges = (fit.top, fit.bottom, fit.left, fit.right)
    return np.asarray(cv2.copyMakeBorder(image, *edges, cv2.BORDER_CONSTANT, value=(GRAY,) * 3), np.uint8)


def _rows(found: NDArray[np.float32], score_from: float) -> Rows:
    """Of each place its likeliest class, and of places on one thing the best.

    Args:
        found: float32[places, 4 + classes] of middle, width, height and scores.
        score_from: what scores no more is dropped.

    Returns:
        Rows in px of the network's image, best first.
    """
    scores = found[:, 4:].max(1)
    kept = np.flatnonzero(scores > score_from)
    kept = kept[np.argsort(-scores[kept], kind="stable")[:_MOST_WEIGHED]]
    middle, half = found[kept, :2], found[kept, 2:4] / 2
    labels = found[kept, 4:].argmax(1).astype(np.float32)
    rows = np.concatenate([middle - half, middle + half, scores[kept, None], labels[:, None]], axis=1)
    return np.asarray(rows[nms(rows, yolo.OVERLAP)[: yolo.MOST]], np.float32)


def _unboxed(rows: Rows, fit: _Fit, shape: tuple[int, ...]) -> Rows:
    """Rows in px of an image of this shape, within it."""
    height, width = shape[:2]
    corners = (rows[:, :4] - np.array([fit.left, fit.top] * 2)) / np.array(
        [fit.width / width, fit.height / height] * 2
    )
    corners = corners.clip(0, [width, height] * 2)
    return np.asarray(np.concatenate([corners, rows[:, 4:]], axis=1), np.float32)
