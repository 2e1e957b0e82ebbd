"""Whether a picture is drawn (shapes, charts, print) or taken of the world: what a detector was trained on.

A detector of photographs holds drawn disks for frisbees and drawn diamonds for kites, with scores up to 1.0:
on 56 of 60 drawn scenes it was at least 0.25 sure of such a thing. What tells the two apart is shading. Where
a picture has contrast, three flat colors explain nearly all of a drawing, and little of a photograph, also of
one thing on a white ground.
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels

Look = Literal["drawn", "unclear", "photograph"]

DRAWN_UNDER = 0.045
PHOTOGRAPH_FROM = 0.10
"""Shares of `shading`. Measured: 100 drawn scenes, light and dark, 98 of 100 under 0.045 and the most 0.07;
saved as JPEG of quality 85, half of them under 0.024 and the most 0.11; 121 photographs of COCO at least 0.05
and 95 of 100 over 0.10, as if by night at least 0.13; 60 small photographs on a white page at least 0.053."""

_GRID = 8
"""Cells a side that a picture is looked at in: in one cell stand few things."""
_SAMPLES = 24
"""Pixels a side that are looked at in a cell."""
_CONTRAST = 40
"""Levels between the darkest and the lightest pixel of a cell, in any channel, from which something is
there."""
_COLORS = 3
"""A ground, a thing and its outline, or two things."""
_WHITE = 99.5
"""Percentile of the pixels that becomes white: what is dark has fewer levels, and looks flat."""
_GAMMA = 0.75
"""Likewise for the dark parts of a picture, without raising the noise of JPEG in black."""
_NEAR = 14
"""Levels, in every channel, within which a pixel is of a flat color: wider than gradients and noise of drawn
grounds, and than JPEG at ordinary qualities."""


def look_of(pixels: Pixels) -> Look:
    """How the picture looks: uint8[H, W, 3] RGB. A blank one looks drawn."""
    share = shading(pixels)
    return "drawn" if share < DRAWN_UNDER else "photograph" if share >= PHOTOGRAPH_FROM else "unclear"


def shading(pixels: Pixels) -> float:
    """The share of pixels, 0..1, that three flat colors do not explain, over the cells that have contrast."""
    smooth: Pixels = np.asarray(cv2.medianBlur(_brightened(_shrunk(pixels)), 5), np.uint8)
    cells = [cell for row in np.array_split(smooth, _GRID) for cell in np.array_split(row, _GRID, axis=1)]
    samples = [_sampled(cell) for cell in cells if cell.size]
    shares = [_unexplained(some) for some in samples if np.ptp(some, axis=0).max() > _CONTRAST]
    return float(np.mean(shares)) if shares else 0.0


def _shrunk(pixels: Pixels) -> Pixels:
    """Every n-th pixel of a large picture, so that its smoothing takes milliseconds."""
    step = max(min(pixels.shape[:2]) // (2 * _GRID * _SAMPLES), 1)
    return pixels[::step, ::step]


def _brightened(pixels: Pixels) -> Pixels:
    white = max(float(np.percentile(pixels.max(axis=2), _WHITE)), 16.0)
    levels = (255 * (np.arange(256) / white).clip(0, 1) ** _GAMMA).round().astype(np.uint8)
    return levels[pixels]


def _sampled(cell: Pixels) -> NDArray[np.int16]:
    """int16[N, 3]: pixels evenly spread over the cell."""
    rows = np.linspace(0, cell.shape[0] - 1, min(cell.shape[0], _SAMPLES)).astype(int)
    columns = np.linspace(0, cell.shape[1] - 1, min(cell.shape[1], _SAMPLES)).astype(int)
    return np.asarray(cell[rows][:, columns].reshape(-1, 3), np.int16)


def _unexplained(pixels: NDArray[np.int16]) -> float:
    """The share of int16[N, 3] that is near none of its commonest colors, each taken after the one before."""
    left = pixels
    for _ in range(_COLORS):
        if not len(left):
            return 0.0
        bins = left >> 3
        keys = bins[:, 0] * 1024 + bins[:, 1] * 32 + bins[:, 2]
        values, counts = np.unique(keys, return_counts=True)
        center = left[keys == values[counts.argmax()]].mean(axis=0)
        center = left[np.abs(left - center).max(axis=1) <= _NEAR].mean(axis=0)
        left = left[np.abs(left - center).max(axis=1) > _NEAR]
    return len(left) / len(pixels)
