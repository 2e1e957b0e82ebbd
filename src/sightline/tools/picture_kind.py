"""What a picture is: photo, drawing, chart, table, document, screenshot, text or blank.

Some 80 numbers, measured on the pixels and on the print that `read_text` found, go into a few small networks,
whose probabilities are averaged. They were trained by `train/kinds/fit.py` on generated pictures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.picture_pixels import pixel_numbers
from sightline.tools.picture_print import print_numbers
from sightline.types import TextLines, TextSpan

WEIGHTS = Path(__file__).parent / "weights" / "picture_kind.json"

SURELY = 0.65
"""A run of less than this score is no print here: leaves and stars are read as a letter or two."""

Floats = NDArray[np.float64]


def numbers_of(pixels: Pixels, lines: TextLines) -> dict[str, float]:
    """All that is measured on uint8[H, W, 3] RGB and on its print, whose boxes are px of these pixels."""
    height, width = pixels.shape[:2]
    rows = [tuple(span for span in row if _is_print(span)) for row in lines.rows]
    kept = lines.model_copy(update={"rows": tuple(row for row in rows if row)})
    boxes = [(box.x1, box.y1, box.x2, box.y2) for box in kept.boxes() if box.area > 0]
    return pixel_numbers(pixels, boxes) | print_numbers(kept, width, height)


def _is_print(span: TextSpan) -> bool:
    return span.score >= SURELY and any(c.isalnum() for c in span.text)


def kinds_of(pixels: Pixels, lines: TextLines) -> dict[str, float]:
    """Kind -> its probability, the likeliest first; together 1."""
    model = embedded()
    scores = model.probabilities(numbers_of(pixels, lines))
    order = np.argsort(-scores, kind="stable")
    return {model.kinds[n]: round(float(scores[n]), 4) for n in order}


@dataclass(frozen=True, kw_only=True)
class KindModel:
    """Networks of two layers over numbers that are brought to -1..1 by their ranks while training.

    `numbers`: the names, in order. `ranks`: of each number, values that rise and what they become; values
    between are interpolated. `networks`: of each the weights and the biases of both layers, float64[N, H],
    [H], [H, K] and [K].
    """

    kinds: tuple[str, ...]
    numbers: tuple[str, ...]
    ranks: tuple[tuple[Floats, Floats], ...]
    networks: tuple[tuple[Floats, Floats, Floats, Floats], ...]

    def probabilities(self, numbers: Mapping[str, float]) -> Floats:
        """float64[K], the mean of the networks'."""
        values = ranked(np.array([[numbers[name] for name in self.numbers]]), self.ranks)
        return np.asarray(np.mean([_run(values, network)[0] for network in self.networks], axis=0))


def ranked(values: Floats, ranks: Sequence[tuple[Floats, Floats]]) -> Floats:
    """float64[B, N] in -1..1 of float64[B, N]."""
    return np.stack([np.interp(values[:, n], *own) for n, own in enumerate(ranks)], axis=1)


def _run(values: Floats, network: tuple[Floats, Floats, Floats, Floats]) -> Floats:
    weights, bias, out_weights, out_bias = network
    logits = np.maximum(values @ weights + bias, 0) @ out_weights + out_bias
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@cache
def embedded() -> KindModel:
    """The model of the package."""
    return read_model(json.loads(WEIGHTS.read_text(encoding="utf-8")))


def read_model(stored: Mapping[str, Any]) -> KindModel:
    """A model from what `train/kinds/fit.py` wrote."""
    return KindModel(
        kinds=tuple(stored["kinds"]),
        numbers=tuple(stored["numbers"]),
        ranks=tuple((np.array(at, float), np.array(to, float)) for at, to in stored["ranks"]),
        networks=tuple(
            (np.array(a, float), np.array(b, float), np.array(c, float), np.array(d, float))
            for a, b, c, d in stored["networks"]
        ),
    )
