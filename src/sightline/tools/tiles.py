"""Small things in a large picture: look at the whole, then, finer and finer, at the tiles that need it.

A network that sees `side` px sees a picture of 3,000 px at a twelfth of its size. What is too small to be
seen so is looked for again at up to four times that scale, and so on up to the picture's own pixels, in
tiles of `side` px that overlap; what nearly fills the picture, at half that scale. This is done only where
something is shown that is not explained by what was found before: a blank page, or a scene whose things were
all found, costs one pass.

Source: sliced inference (Akyon et al., SAHI, 2022); an image pyramid in place of one scale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""uint8[H, W, 3] RGB."""

Rows = NDArray[np.float32]
"""float32[N, 6] of XYXY in px, score and class."""

Find = Callable[[Sequence[Pixels]], list[Rows]]
"""Finds things in images that are all of one size; the rows of each, in its own px."""


class Seen(NamedTuple):
    """What was found, and in one line what was not looked for (empty: nothing was left out)."""

    rows: Rows
    partial: str = ""


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How a picture is taken apart. Lengths are px of the image that the network sees."""

    side: int = 256
    """Of a tile: what the network was trained on."""
    overlap: int = 64
    """Of neighbouring tiles: what is no longer than this lies whole in one of them."""
    step: float = 4.0
    """How much finer each look is. What just does not fit into the overlap is `overlap / step` px long in the
    look before, which must be enough for the network to see it."""
    least: int = 6
    """Shorter boxes in a tile are dropped: nothing so small was trained on."""
    limit: int = 200
    """Tiles of a look. With more, a coarser one is taken and what may be missing is said."""
    together: int = 8
    """Images in a pass: what bounds memory."""
    same: float = 0.7
    """Boxes of a look with a greater intersection over union are one thing: things may hide one another."""
    same_again: float = 0.45
    """The same between looks, as coarse boxes of small things are rough."""


_FINE = 0.8
"""Of a picture's own scale: a finer look would show nothing new."""
_EDGE = 28
"""Levels between neighbouring pixels, in any channel, from which something is there: noise, faint rules and
JPEG at ordinary qualities stay below it."""
_SPECKS = 8
"""Pixels of edges in a tile that are no reason to look: half the outline of the least thing."""
_SURE = 0.5
"""A box of at least this score explains what stands in it,"""
_CLEAR = (12.0, 96.0)
"""if it is this long, in px that the network saw: smaller ones are rough, larger ones may hold others."""
_MARGIN = 3.0
"""px around a box that it explains too: outlines and blur."""


def look(pixels: Pixels, find: Find, tiling: Tiling | None = None) -> Seen:
    """Find things of any size in a picture.

    Args:
        pixels: uint8[H, W, 3] RGB.
        find: the network; it gets the whole picture, shrunk to `side` px, and, where that explains not all of
            it, at half that size and in tiles of `side` px.
        tiling: sizes and limits.

    Returns:
        Rows in px of `pixels`, best first, and what was not looked for.
    """
    tiling = tiling or Tiling()
    scale = min(tiling.side / max(pixels.shape[:2]), 1.0)
    small = _resized(pixels, scale)
    rows = _in_picture(find([small])[0], small, pixels)
    explained = [_clear(rows, tiling.side / max(pixels.shape[:2]))]
    if cv2.countNonZero(_unexplained(small, explained, pixels)) > _SPECKS:
        rows = _merged(_large(pixels, find, tiling), rows, tiling)
    while scale < _FINE:
        windows, finer = _open_windows(pixels, scale, explained, tiling)
        if not windows:
            break
        if finer <= scale:
            return Seen(rows, _left_out(scale))
        small = _resized(pixels, finer)
        fresh = _in_picture(_in_tiles(small, windows, find, tiling), small, pixels)
        # The tiles showed every small thing again, and whole: what they do not find is none.
        rows, scale = _merged(fresh, rows[_longer(rows) * scale >= _CLEAR[0]], tiling), finer
        explained.append(_clear(fresh, finer))
    return Seen(rows)


def _large(pixels: Pixels, find: Find, tiling: Tiling) -> Rows:
    """What fills much of the picture, seen at half the size: the network knows middling sizes best."""
    small = _resized(pixels, tiling.side / 2 / max(pixels.shape[:2]))
    missing = tiling.side - small.shape[0], tiling.side - small.shape[1]
    rows = find([np.pad(small, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")])[0]
    rows = rows[
        (_longer(rows) >= _CLEAR[1] / 2)
        & (rows[:, 2] <= small.shape[1] + 2)
        & (rows[:, 3] <= small.shape[0] + 2)
    ]
    return _in_picture(rows, small, pixels)


def _left_out(scale: float) -> str:
    least = math.ceil(_CLEAR[0] / scale)
    return f"seen at 1/{1 / scale:.0f} of its size: what is under {least} px may be missing"


def _open_windows(
    pixels: Pixels, scale: float, explained: list[Rows], tiling: Tiling
) -> tuple[list[tuple[int, int]], float]:
    """The tiles to look at next, and their scale: at most `step` times finer, and as fine as `limit` lets."""
    finer = min(scale * tiling.step, 1.0)
    while finer > scale * 1.2:
        small = _resized(pixels, finer)
        edges = _unexplained(small, explained, pixels)
        windows = [
            (x, y)
            for x, y in _windows(small.shape[1], small.shape[0], tiling)
            if cv2.countNonZero(edges[y : y + tiling.side, x : x + tiling.side]) > _SPECKS
        ]
        if len(windows) <= tiling.limit:
            return windows, finer
        finer *= max(math.sqrt(tiling.limit / len(windows)) * 0.95, 0.5)
    return [(0, 0)], scale


def _unexplained(small: Pixels, explained: list[Rows], pixels: Pixels) -> Pixels:
    """1 where pixels of `small` differ clearly, and not in a box (in px of `pixels`): uint8[H, W]."""
    steps = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    edges = np.asarray(np.asarray(steps).max(2) > _EDGE, np.uint8)
    for x1, y1, x2, y2 in _in_picture(np.concatenate(explained), pixels, small)[:, :4].tolist():
        part = np.s_[max(int(y1 - _MARGIN), 0) : int(y2 + _MARGIN) + 1]
        edges[part, max(int(x1 - _MARGIN), 0) : int(x2 + _MARGIN) + 1] = 0
    return edges


def _windows(width: int, height: int, tiling: Tiling) -> Iterator[tuple[int, int]]:
    """Left and top of tiles that cover an image, evenly spread."""
    for y in _starts(height, tiling):
        for x in _starts(width, tiling):
            yield x, y


def _starts(length: int, tiling: Tiling) -> list[int]:
    overlap = min(tiling.overlap, tiling.side // 2)  # networks of small pictures have small tiles
    count = max(math.ceil((length - overlap) / (tiling.side - overlap)), 1)
    return [round(n * max(length - tiling.side, 0) / max(count - 1, 1)) for n in range(count)]


def _in_tiles(image: Pixels, windows: list[tuple[int, int]], find: Find, tiling: Tiling) -> Rows:
    """What the tiles show whole, in px of `image`."""
    parts = []
    for first in range(0, len(windows), tiling.together):
        some = windows[first : first + tiling.together]
        found = find([_cut(image, x, y, tiling.side) for x, y in some])
        parts += [_whole(rows, x, y, image, tiling) for rows, (x, y) in zip(found, some, strict=True)]
    return suppressed(np.concatenate(parts), tiling.same)


def _cut(image: Pixels, x: int, y: int, side: int) -> Pixels:
    """A tile, filled up with the gray of the network's padding where the image is smaller."""
    part = image[y : y + side, x : x + side]
    missing = side - part.shape[0], side - part.shape[1]
    if not any(missing):
        return part
    return np.pad(part, ((0, missing[0]), (0, missing[1]), (0, 0)), constant_values=114)


def _whole(rows: Rows, x: int, y: int, image: Pixels, tiling: Tiling) -> Rows:
    """The rows of a tile in px of `image`, without what is too small or touches an edge inside the image."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = rows[:, :4].T
    cut = (x1 < 2) & (x > 0) | (y1 < 2) & (y > 0)
    cut |= (x2 > tiling.side - 2) & (x + tiling.side < width)
    cut |= (y2 > tiling.side - 2) & (y + tiling.side < height)
    kept = rows[~cut & (np.maximum(x2 - x1, y2 - y1) >= tiling.least)]
    return np.asarray(kept + np.array([x, y, x, y, 0, 0]), np.float32)


def _merged(better: Rows, rows: Rows, tiling: Tiling) -> Rows:
    """Both, best first, without those of `rows` that a better look found too."""
    if len(better) and len(rows):
        rows = rows[_overlaps(rows, better).max(1) < tiling.same_again]
    both = np.concatenate([better, rows])
    return both[np.argsort(-both[:, 4], kind="stable")]


def _overlaps(rows: Rows, others: Rows) -> Rows:
    """Intersection over union of every two boxes, float32[N, M]."""
    low = np.maximum(rows[:, None, :2], others[None, :, :2])
    high = np.minimum(rows[:, None, 2:4], others[None, :, 2:4])
    shared = (high - low).clip(0).prod(axis=2)
    areas = [(one[:, 2:4] - one[:, :2]).prod(axis=1) for one in (rows, others)]
    return np.asarray(shared / (areas[0][:, None] + areas[1] - shared).clip(1e-9), np.float32)


def suppressed(rows: Rows, same: float) -> Rows:
    """Without the rows that lie on a better one, whatever their classes, best first."""
    return rows[nms(rows, same)]


def nms(rows: Rows, same: float) -> NDArray[np.int64]:
    """The numbers of the rows that do not lie on a better one, best first.

    OpenCV's suppression, as it is loaded anyway: `import supervision` takes longer than a look.

    Args:
        rows: float[N, 5 or more] of XYXY and a score above 0.
        same: the intersection over union from which two are one thing.
    """
    if not len(rows):
        return np.zeros(0, np.int64)
    boxes = np.concatenate([rows[:, :2], rows[:, 2:4] - rows[:, :2]], axis=1).astype(np.float64)
    kept = cv2.dnn.NMSBoxes(boxes.tolist(), rows[:, 4].tolist(), 0.0, same)
    return np.asarray(kept, np.int64).reshape(-1)


def _clear(rows: Rows, scale: float) -> Rows:
    """Those that explain what stands in their boxes."""
    longer = _longer(rows) * scale
    clear: Rows = rows[(rows[:, 4] >= _SURE) & (longer >= _CLEAR[0]) & (longer <= _CLEAR[1])]
    return clear


def _longer(rows: Rows) -> Rows:
    """The longer side of each box, float32[N]."""
    return np.asarray((rows[:, 2:4] - rows[:, :2]).max(1), np.float32)


def _in_picture(rows: Rows, of: Pixels, to: Pixels) -> Rows:
    """Rows of one image in px of another that shows the same at another size."""
    x, y = to.shape[1] / of.shape[1], to.shape[0] / of.shape[0]
    return np.asarray(rows * np.array([x, y, x, y, 1, 1]), np.float32)


def _resized(pixels: Pixels, scale: float) -> Pixels:
    if scale == 1:
        return pixels
    size = max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
