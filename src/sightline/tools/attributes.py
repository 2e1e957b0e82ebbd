"""What is measured in a detection's box: the color and the size of the thing in it.

Its color is not that of its box: the thing is told from its ground by what the box has that the band around
it lacks (the posterior of a color given the box, as in trackers: Possegger, Mauthner and Bischof 2015), and
what lies in the middle counts for more. Each pixel is then called by its name, and the names are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels
from sightline.tools.colors import TERMS, Color, cell_labs, cells_of, color_difference, is_drawn, terms_of
from sightline.types import Box

SIZES = ("small", "large")
LARGE_FROM = 0.16
"""A box is large where its longer side is at least this fraction of the picture's longer side."""

SECOND_FROM = 0.75
"""Of the first color's share: from there on a thing has two colors."""

_SHADES = 40.0
"""CIE76. Two colors of one thing that are no further apart are shades of the first: yellow and orange, gray
and white."""

_SIDE = 40
"""Samples along the longer side of the box and its band."""

_BAND = 0.2
"""Of the longer side: the width of the band around the box that shows the ground; 2 px at least."""

_MIDDLE = 0.6
"""In halves of the box: one sigma of how much the middle counts for more."""

_FINE = 16.0
"""px. Of a smaller thing most pixels are rim, mixed with the ground: those far from its color count more."""

_BIN = 12.0
"""CIE76: how far apart two colors of one surface in uneven light may lie."""

_PLAIN = {"black": 0.8, "gray": 0.8}
"""What a pixel of a photograph counts for: shadows, windows and tires are black or gray, and people name a
thing by its other parts."""

_BINS = (10, 19, 19)
"""In L*, a* and b*: as many as sRGB takes up."""


def measure(pixels: Pixels, box: Box) -> dict[str, str]:
    """`size` and `color`, in this order, of what stands in `box`.

    Args:
        pixels: uint8[H, W, 3] RGB of the box's frame.
        box: XYXY in px of that frame.
    """
    return {"size": size_of(box), "color": color_of(pixels, box)}


def size_of(box: Box) -> str:
    """`small` or `large`, relative to the picture that the box's frame shows."""
    longer = max(box.width, box.height) / max(box.frame.width, box.frame.height)
    return "large" if longer >= LARGE_FROM else "small"


def color_of(pixels: Pixels, box: Box) -> str:
    """The name of the color of the thing in `box`: of its largest part."""
    return TERMS[int(_shares(_seen(pixels, box)).argmax())]


def thing_colors(pixels: Pixels, box: Box, mask: NDArray[np.bool_] | None = None) -> tuple[Color, ...]:
    """The colors of the thing in `box`, the commonest first: one, or two of about the same share.

    Args:
        pixels: uint8[H, W, 3] RGB of the box's frame.
        box: XYXY in px of that frame.
        mask: bool[H, W], the thing's pixels where they are known.
    """
    seen = _seen(pixels, box) if mask is None or not mask.any() else _masked(pixels[mask])
    shares = _shares(seen)
    order = np.argsort(-shares, kind="stable")[:2]
    colors = [
        Color(name=TERMS[n], rgb=_median(seen, seen.terms == n), share=round(float(shares[n]), 3))
        for n in order
        if shares[n] >= SECOND_FROM * shares[order[0]] and shares[n] > 0
    ]
    shades = len(colors) == 2 and color_difference(colors[0].rgb, colors[1].rgb) < _SHADES
    return tuple(colors[:1] if shades else colors)


def said_colors(colors: tuple[Color, ...]) -> str:
    """Such as `red`, or `black and white`."""
    return " and ".join(color.name for color in colors)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """Pixels of a box: uint8[N, 3] RGB, the number of each one's name, and how much each is the thing's."""

    rgb: NDArray[np.uint8]
    terms: NDArray[np.uint8]
    weights: NDArray[np.float64]


def _masked(rgb: NDArray[np.uint8]) -> _Seen:
    sample = rgb[:: max(len(rgb) // _SIDE**2, 1)]
    terms = terms_of(sample, photo=not is_drawn(rgb[:-1], rgb[1:]))
    return _Seen(rgb=sample, terms=terms, weights=np.ones(len(sample)))


def _seen(pixels: Pixels, box: Box) -> _Seen:
    """The box's pixels, those of its ground and its corners with little weight."""
    rows, columns, x, y = _sampled(pixels, box)
    part = pixels[rows][:, columns]
    inside = (np.abs(y) <= 1)[:, None] & (np.abs(x) <= 1)[None, :]
    if not inside.any():  # a box without area between two samples
        inside[:] = True
    drawn = is_drawn(part, pixels[rows][:, np.maximum(columns - 1, 0)])
    cells, terms = cells_of(part), terms_of(part, photo=False)
    bins = _bins()[cells]
    here, around = (_smooth(np.bincount(bins[at], minlength=int(np.prod(_BINS)))) for at in (inside, ~inside))
    color = (here / (here + around + 1e-9))[bins[inside]]
    here, around = (_normal(np.bincount(terms[at], minlength=len(TERMS))) for at in (inside, ~inside))
    name = (here / (here + around + 1e-9))[terms[inside]]
    if max(box.width, box.height) < _FINE and not inside.all():
        color = color * _contrast(cells, inside)
    middle = np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / (2 * _MIDDLE**2))[inside]
    weights = middle * (color * name) ** 2
    if not drawn:
        terms = terms_of(part, photo=True)
        weights *= _plainness()[terms[inside]]
    return _Seen(rgb=part[inside], terms=terms[inside], weights=weights)


def _contrast(cells: NDArray[np.int32], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """0..1: how far each pixel inside is from the color of the ground, squared."""
    lab = cell_labs()[cells]
    away = np.linalg.norm(lab[inside] - np.median(lab[~inside], axis=0), axis=1)
    most = float(away.max())
    return np.asarray((away / most) ** 2) if most else np.ones_like(away)


def _sampled(
    pixels: Pixels, box: Box
) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.float64], NDArray[np.float64]]:
    """Rows and columns of the box and its band, and where each lies: -1 and 1 are the box's edges.

    They are single pixels, since averages would have colors that nothing there has.
    """
    height, width = pixels.shape[:2]
    longer = max(box.width, box.height, 1.0)
    band = max(_BAND * longer, 2.0)
    x1, y1 = min(max(box.x1 - band, 0), width - 1), min(max(box.y1 - band, 0), height - 1)
    x2, y2 = max(min(box.x2 + band, width), x1 + 1), max(min(box.y2 + band, height), y1 + 1)
    step = max((longer + 2 * band) / _SIDE, 0.5)
    xs, ys = np.arange(x1 + step / 2, x2, step), np.arange(y1 + step / 2, y2, step)
    (x, y), half_x, half_y = box.center, max(box.width, 1.0) / 2, max(box.height, 1.0) / 2
    return ys.astype(int), xs.astype(int), (xs - x) / half_x, (ys - y) / half_y


@cache
def _plainness() -> NDArray[np.float64]:
    return np.array([_PLAIN.get(term, 1.0) for term in TERMS])


@cache
def _bins() -> NDArray[np.int_]:
    """The bin of each cell of `cells_of` in CIE Lab."""
    steps = np.rint(cell_labs() / _BIN).astype(int) + np.array([0, _BINS[1] // 2, _BINS[2] // 2])
    return np.asarray(np.ravel_multi_index(tuple(steps.T), _BINS, mode="clip"))


def _smooth(counts: NDArray[np.int_]) -> NDArray[np.float64]:
    """Shares of the bins, each spread over its neighbours, so that light may vary."""
    cube = counts.reshape(_BINS).astype(float)
    for axis in range(3):
        moved = cube.swapaxes(0, axis)
        spread = moved / 2
        spread[1:] += moved[:-1] / 4
        spread[:-1] += moved[1:] / 4
        cube = spread.swapaxes(0, axis)
    return _normal(cube.ravel())


def _normal(counts: NDArray[np.float64] | NDArray[np.int_]) -> NDArray[np.float64]:
    return np.asarray(counts / max(float(counts.sum()), 1e-12))


def _shares(seen: _Seen) -> NDArray[np.float64]:
    """Of each of `TERMS`, 0..1: how much of the thing is called so."""
    return _normal(np.bincount(seen.terms, seen.weights, minlength=len(TERMS)))


def _median(seen: _Seen, which: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Of the pixels that are most likely the thing's."""
    rgb, weights = seen.rgb[which], seen.weights[which]
    r, g, b = np.median(rgb[weights >= weights.max() / 2], axis=0).round().astype(int).tolist()
    return r, g, b
