"""What the pixels of a picture tell about its kind: flatness, grain, number of colors, rules, marks, texture.

Each function returns named numbers that depend little on the picture's size; most are shares, 0..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.images import Pixels

Numbers = dict[str, float]
XYXY = tuple[float, float, float, float]

_MOST_ROWS, _MOST_COLUMNS = 400, 1000
"""Of the pixels whose neighbors are compared, at the picture's own scale; large pictures are sampled."""

_TILE = 16
"""px. A tile of a photograph this large holds many colors; one of print or of drawn marks a few."""

_MOST_TILES = 1600

_SIDE = 512
"""px. The longer side of the copy on which rules and marks are looked for."""

_INK = 40
"""How far from the ground's color, of 255, is ink: faint print is, the grain of paper is not."""

_LEAST_MARK, _LARGEST_MARK = 0.0008, 0.5
"""Shares of the picture between which a patch of one color is a mark (a bar, a shape, a button)."""


def pixel_numbers(pixels: Pixels, text_boxes: Sequence[XYXY]) -> Numbers:
    """All that is measured on uint8[H, W, 3] RGB; `text_boxes` (px) say where its print stands."""
    height, width = pixels.shape[:2]
    small = _small(pixels)
    scale = small.shape[1] / width
    print_at = _print_mask(small.shape[:2], text_boxes, scale)
    size = {
        "aspect": log2(width / height),
        "shorter side": log2(min(width, height)),
    }
    return size | _neighbors(pixels) | _tiles(pixels) | _colors(pixels) | _shapes(small, print_at)


def _small(pixels: Pixels) -> Pixels:
    scale = min(_SIDE / max(pixels.shape[:2]), 1.0)
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _print_mask(shape: tuple[int, ...], boxes: Sequence[XYXY], scale: float) -> NDArray[np.bool_]:
    """bool[h, w]: where print stands on the small copy, a little more than its boxes."""
    mask = np.zeros(shape[:2], np.bool_)
    for x1, y1, x2, y2 in boxes:
        room = 0.15 * (y2 - y1) * scale + 1
        left, top = max(int(x1 * scale - room), 0), max(int(y1 * scale - room), 0)
        mask[top : int(y2 * scale + room) + 1, left : int(x2 * scale + room) + 1] = True
    return mask


def _evenly(length: int, most: int) -> NDArray[np.int64]:
    return np.unique(np.linspace(0, length - 1, min(length, most)).astype(np.int64))


def _neighbors(pixels: Pixels) -> Numbers:
    """How each pixel differs from the next one: nothing in flat paint, a little in photographs and scans."""
    height, width = pixels.shape[:2]
    rows, columns = _evenly(max(height - 1, 1), _MOST_ROWS), _evenly(max(width - 1, 1), _MOST_COLUMNS)
    here = pixels[rows][:, columns]
    right = pixels[rows][:, np.minimum(columns + 1, width - 1)]
    below = pixels[np.minimum(rows + 1, height - 1)][:, columns]
    steps = [_most(np.asarray(cv2.absdiff(here, other), np.uint8)).ravel() for other in (right, below)]
    counts = np.bincount(np.concatenate(steps), minlength=256)
    share = np.cumsum(counts) / counts.sum()  # of steps up to so many levels
    least, most = _least(here), _most(here)
    reach = most - least
    return {
        "equal": float(share[0]),
        "nearly equal": float(share[2]),
        "slope": float(share[12] - share[2]),
        "edge": float(1 - share[48]),
        "edge of change": float((1 - share[48]) / max(1 - share[12], 1e-6)),
        "exact of calm": float(share[0] / max(share[12], 1e-6)),
        "gray": float((reach <= 8).mean()),
        "colorful": float((reach > 60).mean()),
        "pale": float((least >= 235).mean()),
        "dark": float((most < 40).mean()),
        "light": float(here.mean() / 255),
        "contrast": float(here[..., 1].std() / 128),
    }


def _most(pixels: Pixels) -> Pixels:
    """uint8[H, W]: the greatest of the three channels."""
    return np.asarray(np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2]), np.uint8)


def _least(pixels: Pixels) -> Pixels:
    """uint8[H, W]: the least of the three channels."""
    return np.asarray(np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), pixels[..., 2]), np.uint8)


def _tiles(pixels: Pixels) -> Numbers:
    """Shares of tiles of one color, of two (print, lines), of a smooth change, and of many colors."""
    height, width = pixels.shape[:2]
    size = min(_TILE, height, width)
    down, across = height // size, width // size
    grid = pixels[: down * size, : across * size].reshape(down, size, across, size, 3).swapaxes(1, 2)
    every = max(1.0, (down * across / _MOST_TILES) ** 0.5)
    rows, columns = (np.arange(0, n, every).astype(int) for n in (down, across))
    tiles = grid[rows][:, columns].reshape(-1, size * size, 3)
    levels = (tiles >> 4).astype(np.uint16)
    codes = np.sort(levels[..., 0] << 8 | levels[..., 1] << 4 | levels[..., 2], axis=1)
    kinds = 1 + (codes[:, 1:] != codes[:, :-1]).sum(axis=1)
    reach = _most(tiles.max(axis=1) - tiles.min(axis=1))
    middling = ((_least(tiles) > 40) & (_most(tiles) < 215)).mean(axis=1)
    return {
        "one color": float((reach <= 6).mean()),
        "smooth": float(((reach > 6) & (reach <= 40)).mean()),
        "few colors": float(((reach > 40) & (kinds <= 12)).mean()),
        "many colors": float((kinds > 24).mean()),
        "rich": float((kinds > 48).mean()),
        "colors of a tile": float(np.log2(kinds).mean()),
        "middling": float(middling.mean()),
    }


def _colors(pixels: Pixels) -> Numbers:
    """How much of the picture the commonest colors take, and how many there are."""
    height, width = pixels.shape[:2]
    sample = pixels[_evenly(height, 300)][:, _evenly(width, 300)].reshape(-1, 3).astype(np.int64)
    whole = len(np.unique(sample[:, 0] << 16 | sample[:, 1] << 8 | sample[:, 2]))
    coarse = sample >> 4
    counts = np.bincount(coarse[:, 0] << 8 | coarse[:, 1] << 4 | coarse[:, 2], minlength=4096)
    shares = np.sort(counts)[::-1] / len(sample)
    present = shares[shares > 0]
    ground = int(counts.argmax())
    r, g, b = (ground >> 8) * 17, (ground >> 4 & 15) * 17, (ground & 15) * 17
    return {
        "commonest": float(shares[0]),
        "two commonest": float(shares[:2].sum()),
        "four commonest": float(shares[:4].sum()),
        "ten commonest": float(shares[:10].sum()),
        "entropy": float(-(present * np.log2(present)).sum() / 12),
        "colors": log2(1 + int((shares > 0.002).sum())),
        "distinct": log2(whole) / 16,
        "ground light": (r + g + b) / 765,
        "ground color": (max(r, g, b) - min(r, g, b)) / 255,
    }


@dataclass(frozen=True)
class _Copy:
    """The small copy, what of it differs from the ground, and where print stands."""

    pixels: Pixels
    ink: NDArray[np.bool_]
    printed: NDArray[np.bool_]


def _shapes(small: Pixels, printed: NDArray[np.bool_]) -> Numbers:
    """Ink, rules and marks of the small copy."""
    ground = _ground(small)
    away = np.abs(small.astype(np.int16) - ground).max(axis=2)
    copy = _Copy(small, away > _INK, printed)
    return _inks(copy) | _rules(copy) | _marks(copy)


def _ground(small: Pixels) -> NDArray[np.int16]:
    """The commonest color, int16[3]: the median of what falls into the fullest of 4,096 bins."""
    flat = small.reshape(-1, 3).astype(np.int64)
    codes = (flat[:, 0] >> 4) << 8 | (flat[:, 1] >> 4) << 4 | flat[:, 2] >> 4
    fullest = np.bincount(codes, minlength=4096).argmax()
    return np.asarray(np.median(flat[codes == fullest], axis=0), np.int16)


def _inks(copy: _Copy) -> Numbers:
    outside = copy.ink & ~copy.printed
    total, rim = copy.ink.size, np.concatenate([copy.ink[0], copy.ink[-1], copy.ink[:, 0], copy.ink[:, -1]])
    rows, columns = outside.any(axis=1), outside.any(axis=0)
    return {
        "ink": float(copy.ink.mean()),
        "ink outside print": float(outside.sum() / total),
        "ink in print": float((copy.ink & copy.printed).sum() / max(copy.ink.sum(), 1)),
        "ink on rim": float(rim.mean()),
        "rows with ink": float(rows.mean()),
        "columns with ink": float(columns.mean()),
    }


def _rules(copy: _Copy) -> Numbers:
    """Long straight lines, level and upright: of a table, a form, an axis, a window."""
    gray = np.asarray(cv2.cvtColor(copy.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    height, width = gray.shape
    steps_down = np.abs(np.diff(gray.astype(np.int16), axis=0, prepend=gray[:1]))
    steps_across = np.abs(np.diff(gray.astype(np.int16), axis=1, prepend=gray[:, :1]))
    level = _long_runs(steps_down > 10, (max(width // 4, 8), 1))
    upright = _long_runs(steps_across > 10, (1, max(height // 4, 8)))
    strong = np.maximum(steps_down, steps_across) > 24
    return {
        "level rules": log2(1 + _bands(np.asarray(level.any(axis=1)))),
        "upright rules": log2(1 + _bands(np.asarray(upright.any(axis=0)))),
        "level rule length": float(level.sum(axis=1).max() / width),
        "upright rule length": float(upright.sum(axis=0).max() / height),
        "ruled": float((level | upright).sum() / max(strong.sum(), 1)),
        "slanted": _slanted(gray, copy.printed),
    }


def _long_runs(steps: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    return cv2.morphologyEx(steps.astype(np.uint8), cv2.MORPH_OPEN, np.ones(size[::-1], np.uint8)) > 0


def _bands(present: NDArray[np.bool_]) -> int:
    """How many runs of True."""
    return int((np.diff(present.astype(np.int8), prepend=0) == 1).sum())


def _slanted(gray: NDArray[np.uint8], printed: NDArray[np.bool_]) -> float:
    """Of the edges outside print, the share that is neither level nor upright."""
    across, down = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    strong = (np.hypot(across, down) > 100) & ~printed
    lean = np.minimum(np.abs(across), np.abs(down)) / np.maximum(np.hypot(across, down), 1)
    return float((lean[strong] > 0.2).mean()) if strong.any() else 0.0


def _marks(copy: _Copy) -> Numbers:
    """Patches of one color off the print: how many, how large, how square, and whether they share an edge."""
    boxes, areas = _patches(copy)
    total = copy.ink.size
    if not len(boxes):
        zero = ("marks", "marked", "largest mark", "square marks", "level marks", "alike marks")
        return dict.fromkeys(zero, 0.0) | {"print in marks": 0.0}
    fill = areas / (boxes[:, 2] * boxes[:, 3])
    square = fill > 0.9
    inside = sum(float(copy.printed[y : y + h, x : x + w].sum()) for x, y, w, h in boxes.tolist())
    return {
        "marks": log2(1 + len(boxes)),
        "marked": float(areas.sum() / total),
        "largest mark": float(areas.max() / total),
        "square marks": float(square.mean()),
        "level marks": _sharing(boxes[square]),
        "alike marks": _alike(boxes),
        "print in marks": inside / max(float(copy.printed.sum()), 1.0),
    }


def _patches(copy: _Copy) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """XYWH int64[N, 4] and areas int64[N] of patches of one color, the ground's left out."""
    levels = copy.pixels.astype(np.int32) >> 5
    codes = levels[..., 0] << 6 | levels[..., 1] << 3 | levels[..., 2]
    counts = np.bincount(codes.ravel(), minlength=512)
    total = codes.size
    boxes, areas = [np.empty((0, 4), np.int64)], [np.empty(0, np.int64)]
    for code in np.argsort(-counts)[:12]:
        if counts[code] < _LEAST_MARK * total:
            break
        mask = (codes == code) & copy.ink
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
        kept = stats[1:][(stats[1:, 4] >= _LEAST_MARK * total) & (stats[1:, 4] <= _LARGEST_MARK * total)]
        kept = kept[(kept[:, 2] >= 3) & (kept[:, 3] >= 3)]
        boxes.append(kept[:, :4].astype(np.int64))
        areas.append(kept[:, 4].astype(np.int64))
    return np.concatenate(boxes), np.concatenate(areas)


def _sharing(boxes: NDArray[np.int64]) -> float:
    """The greatest share of the marks that stand on one level, or begin at one upright (as bars do)."""
    if len(boxes) < 2:
        return 0.0
    feet, lefts = boxes[:, 1] + boxes[:, 3], boxes[:, 0]
    return max(
        float((np.abs(edge[:, None] - edge) <= 2).sum(axis=1).max() / len(edge)) for edge in (feet, lefts)
    )


def _alike(boxes: NDArray[np.int64]) -> float:
    """The greatest share of the marks that are as wide, or as high, as one of them."""
    if len(boxes) < 2:
        return 0.0
    return max(
        float((np.abs(side[:, None] - side) <= 2).sum(axis=1).max() / len(side))
        for side in (boxes[:, 2], boxes[:, 3])
    )
