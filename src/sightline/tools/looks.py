"""What a region looks like: its colours by name and share, and how alike two patches are."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.attributes import COLOURS, to_lab
from sightline.types import Box

SAMPLE = 96
"""px. Colours are read off a grid of at most so many pixels a side."""

LEAST_SHARE = 0.05
"""Of the region: less of a colour is the rim of a shape, or noise."""


@dataclass(frozen=True, kw_only=True)
class Colour:
    """One colour of a region: its name, the median of what is called so (sRGB), and its share, 0..1."""

    name: str
    rgb: tuple[int, int, int]
    share: float

    @property
    def code(self) -> str:
        """Such as `#d62628`."""
        return "#{:02x}{:02x}{:02x}".format(*self.rgb)


def patch(pixels: Pixels, box: Box) -> Pixels:
    """The whole pixels that the box touches, one at least: uint8[h, w, 3]."""
    height, width = pixels.shape[:2]
    x1, y1 = min(floor(box.x1), width - 1), min(floor(box.y1), height - 1)
    return pixels[y1 : max(min(ceil(box.y2), height), y1 + 1), x1 : max(min(ceil(box.x2), width), x1 + 1)]


def middle_colour(pixels: Pixels, box: Box) -> tuple[int, int, int]:
    """The median sRGB of the box's middle, three tenths of each side: of the thing, not of its ground."""
    (x, y), across, down = box.center, 0.15 * box.width, 0.15 * box.height
    middle = Box.clipped(x - across, y - down, x + across, y + down, box.frame)
    return _median(patch(pixels, middle).reshape(-1, 3))


def colour_name(rgb: tuple[int, int, int]) -> str:
    """The nearest named colour."""
    return min(COLOURS, key=lambda name: colour_difference(COLOURS[name], rgb))


def colours(pixels: Pixels) -> tuple[Colour, ...]:
    """The colours of uint8[h, w, 3], the commonest first, each at least `LEAST_SHARE` of it.

    Each pixel is called by the nearest of the named colours in CIE Lab.
    """
    rgb = _sampled(pixels).reshape(-1, 3)
    names = list(COLOURS)
    anchors = to_lab(np.array(list(COLOURS.values())))
    nearest = np.linalg.norm(to_lab(rgb)[:, None] - anchors, axis=2).argmin(axis=1)
    counts = np.bincount(nearest, minlength=len(names))
    order = sorted(range(len(names)), key=lambda n: (-counts[n], n))
    return tuple(
        Colour(name=names[n], rgb=_median(rgb[nearest == n]), share=float(counts[n] / len(rgb)))
        for n in order
        if counts[n] >= LEAST_SHARE * len(rgb)
    )


def _sampled(pixels: Pixels) -> Pixels:
    rows = np.linspace(0, pixels.shape[0] - 1, min(pixels.shape[0], SAMPLE)).round().astype(int)
    columns = np.linspace(0, pixels.shape[1] - 1, min(pixels.shape[1], SAMPLE)).round().astype(int)
    return np.asarray(pixels[rows][:, columns], np.uint8)


def _median(rgb: NDArray[np.uint8]) -> tuple[int, int, int]:
    r, g, b = np.median(rgb, axis=0).round().astype(int).tolist()
    return r, g, b


def colour_difference(a: tuple[int, int, int], b: tuple[int, int, int]) -> float:
    """CIE76: the distance in CIE Lab of two sRGB colours. About 2.3 is just noticeable (Mahy et al. 1994)."""
    lab = to_lab(np.array([a, b]))
    return float(np.linalg.norm(lab[0] - lab[1]))


def shared_colours(a: tuple[Colour, ...], b: tuple[Colour, ...]) -> float:
    """How much of the two colour histograms, by name, lies in both: 0..1."""
    shares = {colour.name: colour.share for colour in b}
    return sum(min(colour.share, shares.get(colour.name, 0.0)) for colour in a)


def structure(pixels: Pixels, *, side: int = 64) -> NDArray[np.float64]:
    """float64[side, side] in 0..1: how far each pixel's Lab colour is from that of the patch's rim.

    The background of a thing on a plain ground becomes 0 and the thing 1, whatever their colours.
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
