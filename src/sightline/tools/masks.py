"""Masks of a picture from a SAM: of boxes, of points, or of everything, in full resolution.

A small network sees a small picture, so each thing is looked at again in a window of its own. Source of the
grid of points, the stability of a mask and the suppression of doubles: Kirillov et al. 2023, Segment
Anything, appendix B.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.tools.sam import Ask, Floats, Pixels, Segmentation

Corners = tuple[float, float, float, float]
"""XYXY, px of the picture."""

_GRID, _CLOSE_GRID = 16, 7
"""Points along each side of a picture, and of a window, to find everything."""
_BATCH = 64
"""Points asked at once."""
_LIKELY, _GOOD, _STABLE = 0.55, 0.8, 0.85
"""Of everything, a mask is looked at again whose foreseen IoU is at least the first. It is kept if that is
then at least the second, and if the third of it stays where logits are one lower."""
_CUT = 0.8
"""What the foreseen IoU of a mask that its window cuts is worth."""
_DOUBLE = 0.6
"""Of two masks that share more than this of the smaller one, the worse is dropped."""
_WHOLE = 0.9
"""A mask that fills more than this share of what was looked at is no thing in it."""
_CLOSE = 2.0
"""Sides of a window, in longer sides of the box that it is about."""
_LEAST_VIEW, _VIEWS = 48.0, 5
"""px and count: a point is seen in the whole picture, in a window of half its side, and so on."""
_SECOND_LOOKS = 3
"""How many of the masks of a point are looked at again."""
_SMALL_NETWORK = 512
"""px. Networks of a larger side see small things well enough, and take seconds for a window."""
_CANVAS = 256
"""px. The longer side of the picture where masks of several windows are compared."""


class Cut(NamedTuple):
    """One mask as the worker sends it: the fields of `Mask`, the box as XYXY."""

    score: float
    box: Corners
    area: int
    rle: str
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Soft:
    """A mask as the network gives it: logits over a window of the picture.

    Args:
        logits: float32[h, w], above 0 inside.
        score: the IoU that the network foresees.
        scale: cells for one px of the picture, along x and along y.
        window: the part of the picture that was looked at.
        prompt: the box or the point (x, y, x, y) that was asked about.
    """

    logits: Floats
    score: float
    scale: tuple[float, float]
    window: Corners
    prompt: Corners

    def box(self) -> Corners:
        """Around the mask, to a cell; around nothing, the middle of the prompt."""
        rows, columns = np.flatnonzero((self.logits > 0).any(1)), np.flatnonzero((self.logits > 0).any(0))
        x1, y1, x2, y2 = self.window
        if not len(rows):
            x, y = (self.prompt[0] + self.prompt[2]) / 2, (self.prompt[1] + self.prompt[3]) / 2
            return x, y, x, y
        across, down = self.scale
        left, right = x1 + columns[0] / across, x1 + (columns[-1] + 1) / across
        top, bottom = y1 + rows[0] / down, y1 + (rows[-1] + 1) / down
        return min(left, x2), min(top, y2), min(right, x2), min(bottom, y2)


def segment(
    model: Segmentation, pixels: Pixels, boxes: list[Corners], points: list[tuple[float, float]]
) -> list[Soft]:
    """The masks of boxes, then of points, in their order; where there are neither, of everything, best first.

    Args:
        model: what segments.
        pixels: uint8[H, W, 3] RGB.
        boxes: XYXY, px of the picture.
        points: x and y, px of the picture.
    """
    height, width = pixels.shape[:2]
    whole = (0.0, 0.0, float(width), float(height))
    if model.side <= _SMALL_NETWORK:
        if boxes or points:
            of_boxes = [_look(model, pixels, _window(box, pixels), box) for box in boxes]
            return of_boxes + [_look_around(model, pixels, point) for point in points]
        likely = [soft for view in _views(whole) for soft in _all_in(model, pixels, view)]
        found = [_look_again(model, pixels, soft) for soft in _distinct(likely, whole)]
        return _distinct([soft for soft in found if soft.score >= _GOOD and _is_stable(soft)], whole)
    ask = model.encode(pixels)
    if boxes or points:
        return [*_asked(ask, boxes, whole), *_asked(ask, points, whole)]
    found = _grid(ask, whole, _GRID)
    return _distinct([soft for soft in found if soft.score >= _GOOD and _is_stable(soft)], whole)


def _asked(ask: Ask, prompts: Sequence[tuple[float, ...]], window: Corners) -> list[Soft]:
    """The best mask of each box, or of each point, of the picture, by what is seen of a window of it."""
    answers: list[Soft] = []
    for start in range(0, len(prompts), _BATCH):
        part = np.array(prompts[start : start + _BATCH], np.float32)
        asked = ask(part - np.tile(np.array(window[:2], np.float32), part.shape[1] // 2))
        best = asked.scores.argmax(1)
        answers += [
            Soft(
                logits=asked.logits[n, one],
                score=float(asked.scores[n, one]),
                scale=asked.scale,
                window=window,
                prompt=(float(p[0]), float(p[1]), float(p[-2]), float(p[-1])),
            )
            for n, (one, p) in enumerate(zip(best.tolist(), part, strict=True))
        ]
    return answers


def _seen(model: Segmentation, pixels: Pixels, window: Corners) -> Ask:
    """A window of whole px, encoded."""
    left, top, right, bottom = (int(v) for v in window)
    return model.encode(np.ascontiguousarray(pixels[top:bottom, left:right]))


def _look(model: Segmentation, pixels: Pixels, window: Corners, prompt: tuple[float, ...]) -> Soft:
    """The mask of one box or point, in a window."""
    return _asked(_seen(model, pixels, window), [prompt], window)[0]


def _look_again(model: Segmentation, pixels: Pixels, soft: Soft) -> Soft:
    """The mask of its own box seen from nearby, where that shows the same thing; else the mask as it was."""
    box = soft.box()
    if box[0] == box[2] or box[1] == box[3]:
        return soft
    closer = _look(model, pixels, _window(box, pixels), box)
    return closer if _overlap(closer.box(), box) > 0.5 else soft


def _look_around(model: Segmentation, pixels: Pixels, point: tuple[float, float]) -> Soft:
    """The mask under a point: the best in ever smaller windows, each with another look at what it found."""
    height, width = pixels.shape[:2]
    sides = [max(height, width) / 2**n for n in range(_VIEWS)]
    sides = [sides[0], *(side for side in sides[1:] if side >= _LEAST_VIEW)]
    first = [_look(model, pixels, _around(point, side, pixels), point) for side in sides]
    worth = [soft.score * (_CUT if _is_cut(soft, (width, height)) else 1) for soft in first]
    best = sorted(range(len(first)), key=lambda n: -worth[n])[:_SECOND_LOOKS]
    again = {n: _look_again(model, pixels, first[n]) for n in best}
    chosen = max(best, key=lambda n: worth[n] * again[n].score)
    return again[chosen]


def _window(box: Corners, pixels: Pixels) -> Corners:
    """Around a box, with room on all sides."""
    x1, y1, x2, y2 = box
    return _around(((x1 + x2) / 2, (y1 + y2) / 2), max(x2 - x1, y2 - y1, 8.0) * _CLOSE, pixels)


def _around(middle: tuple[float, float], side: float, pixels: Pixels) -> Corners:
    """A square window as far as it lies in the picture, whole px, one at least."""
    height, width = pixels.shape[:2]
    edges = []
    for at, most in zip(middle, (width, height), strict=True):
        low = min(max(math.floor(at - side / 2), 0), most - 1)
        edges.append((low, max(min(math.ceil(at + side / 2), most), low + 1)))
    (left, right), (top, bottom) = edges
    return float(left), float(top), float(right), float(bottom)


def _is_cut(soft: Soft, size: tuple[int, int]) -> bool:
    """Whether a mask touches an edge of its window that is no edge of the picture of (width, height)."""
    box, edges, ends = soft.box(), soft.window, (0, 0, *size)
    near = [2 / scale for scale in soft.scale] * 2
    return any(
        edge != end and abs(at - edge) < room
        for at, edge, end, room in zip(box, edges, ends, near, strict=True)
    )


def _overlap(a: Corners, b: Corners) -> float:
    """Intersection over union of two boxes."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union else 0.0


# Everything.


def _views(whole: Corners) -> list[Corners]:
    """Nine windows of half the longer side, which overlap by half, then the whole picture."""
    _, _, width, height = whole
    side = max(width, height) / 2
    if side < _LEAST_VIEW:
        return [whole]
    starts = [
        [n * max(most - side, 0) / 2 for n in range(3 if most > side else 1)] for most in (width, height)
    ]
    parts = [
        (float(int(x)), float(int(y)), float(min(int(x + side), width)), float(min(int(y + side), height)))
        for y in starts[1]
        for x in starts[0]
    ]
    return [*parts, whole]


def _all_in(model: Segmentation, pixels: Pixels, view: Corners) -> list[Soft]:
    """The likely masks of one window that it shows as a whole."""
    height, width = pixels.shape[:2]
    found = _grid(_seen(model, pixels, view), view, _CLOSE_GRID)
    return [soft for soft in found if soft.score >= _LIKELY and not _is_cut(soft, (width, height))]


def _grid(ask: Ask, window: Corners, count: int) -> list[Soft]:
    """The masks of a grid of count x count points in a window."""
    x1, y1, x2, y2 = window
    middles = (np.arange(count) + 0.5) / count
    points = [(x1 + x * (x2 - x1), y1 + y * (y2 - y1)) for y in middles for x in middles]
    return _asked(ask, points, window)


def _is_stable(soft: Soft) -> bool:
    high, low = np.count_nonzero(soft.logits > 1), np.count_nonzero(soft.logits > -1)
    return bool(0 < low < _WHOLE * soft.logits.size and high / low >= _STABLE)


def _distinct(found: list[Soft], whole: Corners) -> list[Soft]:
    """One mask of each thing, best first."""
    scale = _CANVAS / max(whole[2:])
    kept: list[tuple[Soft, NDArray[np.bool_]]] = []
    for soft in sorted(found, key=lambda one: -one.score):
        canvas = np.zeros((math.ceil(whole[3] * scale), math.ceil(whole[2] * scale)), np.bool_)
        (left, top), inside = _drawn(soft, scale)
        canvas[top : top + inside.shape[0], left : left + inside.shape[1]] = inside[
            : canvas.shape[0] - top, : canvas.shape[1] - left
        ]
        area = np.count_nonzero(canvas)
        if area and not any(
            np.count_nonzero(canvas & other) > _DOUBLE * min(area, np.count_nonzero(other))
            for _, other in kept
        ):
            kept.append((soft, canvas))
    return [soft for soft, _ in kept]


# Pixels.


def full_mask(soft: Soft, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask in the full resolution of a picture of (height, width): 1 inside, column by column in memory."""
    (left, top), inside = _drawn(soft)
    whole = np.zeros(size, np.uint8, order="F")
    whole[top : top + inside.shape[0], left : left + inside.shape[1]] = inside
    return whole


def cut_out(soft: Soft, size: tuple[int, int]) -> Cut:
    """A mask as it is sent and kept, of a picture of (height, width)."""
    from pycocotools import mask as coco

    whole = full_mask(soft, size)
    rows, columns = np.flatnonzero(whole.any(1)), np.flatnonzero(whole.any(0))
    box: Corners = soft.box()
    polygon: tuple[tuple[float, float], ...] = ()
    if len(rows):
        left, top, right, bottom = (int(v) for v in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
        box = (left, top, right, bottom)
        polygon = _outline(whole[top:bottom, left:right], left, top)
    return Cut(
        score=soft.score if len(rows) else 0.0,
        box=box,
        area=int(np.count_nonzero(whole)),
        rle=coco.encode(whole)["counts"].decode(),
        polygon=polygon,
    )


def _drawn(soft: Soft, scale: float = 1.0) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """A mask in the picture at a scale: its left and top, and uint8[h, w], 1 inside and 0 outside."""
    cells = [one / scale for one in soft.scale]  # for one px of what is drawn
    window = [v * scale for v in soft.window]
    (left, right), (top, bottom) = (
        (
            max(math.floor(low * scale - 2 / cell), math.floor(first)),
            min(math.ceil(high * scale + 2 / cell), math.ceil(last)),
        )
        for low, high, first, last, cell in zip(
            soft.box()[:2], soft.box()[2:], window[:2], window[2:], cells, strict=True
        )
    )
    # The middle of a pixel stands at its index + 0.5, in the picture as among the cells.
    back = np.array(
        [
            [cells[0], 0, (left - window[0] + 0.5) * cells[0] - 0.5],
            [0, cells[1], (top - window[1] + 0.5) * cells[1] - 0.5],
        ]
    )
    logits = cv2.warpAffine(
        soft.logits,
        back,
        (max(right - left, 1), max(bottom - top, 1)),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return (left, top), (logits > 0).astype(np.uint8)


def _outline(inside: NDArray[np.uint8], left: int, top: int) -> tuple[tuple[float, float], ...]:
    """The outline of the largest part, px of the picture, simplified to about a pixel."""
    contours, _ = cv2.findContours(np.ascontiguousarray(inside), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    longest = max(contours, key=cv2.contourArea)
    simple = cv2.approxPolyDP(longest, max(0.5, 0.002 * cv2.arcLength(longest, True)), True)[:, 0]
    return tuple((float(x) + left + 0.5, float(y) + top + 0.5) for x, y in simple.tolist())
