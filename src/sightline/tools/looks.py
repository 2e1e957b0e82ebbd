"""What a region looks like: its colors by name and share, and how alike two patches are."""

from __future__ import annotations

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.colors import TERMS, Color, is_drawn, terms_of, to_lab
from sightline.types import Box

SAMPLE = 96
"""px. Colors are read off a grid of at most so many pixels a side."""

LEAST_SHARE = 0.05
"""Of the region: less of a color is the rim of a shape, or noise."""


def patch(pixels: Pixels, box: Box) -> Pixels:
    """The whole pixels that the box touches, one at least: uint8[h, w, 3]."""
    height, width = pixels.shape[:2]
    x1, y1 = min(floor(box.x1), width - 1), min(floor(box.y1), height - 1)
    return pixels[y1 : max(min(ceil(box.y2), height), y1 + 1), x1 : max(min(ceil(box.x2), width), x1 + 1)]


def colors(pixels: Pixels) -> tuple[Color, ...]:
    """The colors of uint8[h, w, 3], the commonest first, each at least `LEAST_SHARE` of it."""
    rows, columns = (np.linspace(0, n - 1, min(n, SAMPLE)).round().astype(int) for n in pixels.shape[:2])
    sample = pixels[rows][:, columns]
    drawn = is_drawn(sample, pixels[rows][:, np.maximum(columns - 1, 0)])
    rgb = sample.reshape(-1, 3)
    terms = terms_of(rgb, photo=not drawn)
    counts = np.bincount(terms, minlength=len(TERMS))
    order = sorted(range(len(TERMS)), key=lambda n: (-counts[n], n))
    return tuple(
        Color(name=TERMS[n], rgb=_median(rgb[terms == n]), share=float(counts[n] / len(rgb)))
        for n in order
        if counts[n] >= LEAST_SHARE * len(rgb)
    )


def _median(rgb: NDArray[np.uint8]) -> tuple[int, int, int]:
    r, g, b = np.median(rgb, axis=0).round().astype(int).tolist()
    return r, g, b


def shared_colors(a: tuple[Color, ...], b: tuple[Color, ...]) -> float:
    """How much of the two color histograms, by name, lies in both: 0..1."""
    shares = {color.name: color.share for color in b}
    return sum(min(color.share, shares.get(color.name, 0.0)) for color in a)


def structure(pixels: Pixels, *, side: int = 64) -> NDArray[np.float64]:
    """float64[side, side] in 0..1: how far each pixel's Lab color is from that of the patch's rim.

    The background of a thing on a plain ground becomes 0 and the thing 1, whatever their colors.
    """
    import cv2

    shrunk = np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    lab = to_lab(shrunk.reshape(-1, 3)).reshape(side, side, 3)
    rim = np.concatenate([lab[0], lab[-1], lab[:, 0], lab[:, -1]])
    away = np.linalg.norm(lab - np.median(rim, axis=0), axis=2)
    top = float(np.percentile(away, 95))
    return np.clip(away / top, 0, 1) if top > 5 else np.zeros_like(away)


def ssim(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Mean structural similarity of two float64[h, w] in 0..1, both sides 11 px or more; 1 for equal ones.

    Source: Wang, Bovik, Sheikh and Simoncelli 2004: a Gaussian window of 11 px and sigma 1.5, K1 0.01 and
    K2 0.03; the mean is over the windows that lie wholly inside.
    """
    import cv2

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5), np.float64)[5:-5, 5:-5]

    c1, c2 = 0.01**2, 0.03**2
    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma**2, mean(b * b) - mb**2, mean(a * b) - ma * mb
    value = ((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return float(value.mean())
