"""Photographs, and pictures with the statistics of photographs.

The real ones are the public-domain pictures of scikit-image's wheel, cut and changed in many ways. Beside
them stand rendered solids and dead leaves: random things that hide one another, lit and grainy, whose
statistics are close to those of natural images (Lee, Mumford and Huang 2001).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.random import Generator

from sightline.train.kinds.effects import Pixels, as_bytes, blurred, grayed, jpeg, lit, noisy, resized
from sightline.train.kinds.lettering import written
from sightline.train.worlds.dice import chance, pick, span
from sightline.train.worlds.solid_layouts import make_solids
from sightline.train.worlds.solid_render import draw_solids

_PUBLIC = (
    "astronaut brick camera cell chelsea clock_motion coffee coins grass gravel hubble_deep_field "
    "microaneurysms moon motorcycle_left motorcycle_right retina rocket"
).split()


@cache
def public_photos() -> tuple[Pixels, ...]:
    """Those of scikit-image. Raises `ModuleNotFoundError` where it is not installed."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    return tuple(_read(next(folder.glob(f"{name}.*"))) for name in _PUBLIC)


def _read(file: Path) -> Pixels:
    return np.ascontiguousarray(np.asarray(cv2.imread(str(file), cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1])


def photo(rng: Generator) -> Pixels:
    """One picture that counts as a photograph."""
    kind = rng.random()
    if kind < 0.5:
        image = _changed(rng, pick(rng, public_photos()))
    elif kind < 0.7:
        image = dead_leaves(rng, span(rng, 240, 800), span(rng, 240, 800))
    elif kind < 0.78:
        solids = draw_solids(make_solids(rng), span(rng, 192, 480))
        image = noisy(rng, solids, float(rng.uniform(0.5, 4)), colored=True)
    else:
        image = _captioned(rng, _changed(rng, pick(rng, public_photos())))
    return jpeg(image, span(rng, 45, 97)) if chance(rng, 0.75) else image


def backdrop(rng: Generator, width: int, height: int) -> Pixels:
    """A photograph or a surface of that size, for things to lie on."""
    if chance(rng, 0.5):
        return _fitted(_changed(rng, pick(rng, public_photos())), width, height)
    if chance(rng, 0.5):
        return dead_leaves(rng, width, height)
    base = np.array([rng.uniform(30, 220) for _ in range(3)], np.float32)
    grain = _clouds(rng, width, height) * float(rng.uniform(5, 35))
    return lit(rng, noisy(rng, as_bytes(base + grain[..., None]), 4), 0.3)


def _fitted(image: Pixels, width: int, height: int) -> Pixels:
    scale = max(width / image.shape[1], height / image.shape[0])
    size = (max(round(image.shape[1] * scale), width), max(round(image.shape[0] * scale), height))
    return np.asarray(cv2.resize(image, size), np.uint8)[:height, :width]


def _changed(rng: Generator, image: Pixels, *, least: float = 0.35) -> Pixels:
    """A cut of a photograph, mirrored, in other light and colors, sharp or not, at some size."""
    height, width = image.shape[:2]
    w, h = (max(round(side * float(rng.uniform(least, 1))), 24) for side in (width, height))
    x, y = (int(rng.random() * (side - cut + 1)) for side, cut in ((width, w), (height, h)))
    image = image[y : y + h, x : x + w]
    if chance(rng, 0.5):
        image = image[:, ::-1]
    image = resized(np.ascontiguousarray(image), pick(rng, (160, 224, 320, 448, 500, 640, 800, 1000)))
    gamma = float(rng.uniform(0.5, 1.9))
    tint = rng.uniform(0.75, 1.15, 3) if chance(rng, 0.5) else np.ones(3)
    image = as_bytes(255 * (image / 255.0) ** gamma * tint)
    if chance(rng, 0.15):
        image = grayed(image)
    if chance(rng, 0.25):
        image = blurred(image, float(rng.uniform(0.4, 2.5)))
    if chance(rng, 0.35):
        image = noisy(rng, image, float(rng.uniform(1, 10)), colored=chance(rng, 0.5))
    return _bordered(rng, image) if chance(rng, 0.06) else image


def _bordered(rng: Generator, image: Pixels) -> Pixels:
    """In the white or black border of a print."""
    room = max(round(min(image.shape[:2]) * float(rng.uniform(0.01, 0.06))), 1)
    color = pick(rng, (255, 250, 8, 0))
    return np.asarray(
        cv2.copyMakeBorder(image, room, room, room, room, cv2.BORDER_CONSTANT, value=(color,) * 3), np.uint8
    )


def _captioned(rng: Generator, image: Pixels) -> Pixels:
    """With words in the scene or on the picture: a sign, a shirt, a date in the corner."""
    for _ in range(span(rng, 1, 4)):
        height, width = image.shape[:2]
        size = max(round(min(height, width) * float(rng.uniform(0.03, 0.16))), 8)
        ink, ground = rng.integers(0, 256, 3), rng.integers(0, 256, 3)
        words = written(rng, size, tuple(ink), tuple(ground))
        w, h = min(words.shape[1], width), min(words.shape[0], height)
        x, y = int(rng.random() * (width - w + 1)), int(rng.random() * (height - h + 1))
        strength = float(rng.uniform(0.5, 1))
        image = image.copy()
        part = image[y : y + h, x : x + w]
        image[y : y + h, x : x + w] = as_bytes(part * (1 - strength) + words[:h, :w] * strength)
    return blurred(image, 0.6)


def _clouds(rng: Generator, width: int, height: int) -> np.ndarray:
    """float32[height, width] of about unit deviation: noise as strong at every scale, as in nature."""
    total = np.zeros((height, width), np.float32)
    size = 2
    while size < max(width, height):
        coarse = rng.standard_normal((min(size, height), min(size, width))).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        size *= 2
    return total / max(float(total.std()), 1e-6)


def dead_leaves(rng: Generator, width: int, height: int) -> Pixels:
    """Things of all sizes, textured and lit, one before the other, in the colors of a photograph."""
    colors = list(pick(rng, public_photos()).reshape(-1, 3))
    image = np.empty((height, width, 3), np.float32)
    image[:] = pick(rng, colors)
    texture = _clouds(rng, width, height)
    for _ in range(span(rng, 40, 260)):
        radius = min(width, height) * 0.02 / max(float(rng.random()), 0.02) ** 0.7
        _leaf(rng, image, radius, np.asarray(pick(rng, colors), np.float32), texture)
    seen = as_bytes(image + texture[..., None] * float(rng.uniform(1, 5)))
    seen = blurred(seen, float(rng.uniform(0.4, 1.6)))
    return noisy(rng, lit(rng, seen, float(rng.uniform(0, 0.5))), float(rng.uniform(0.5, 6)), colored=True)


def _leaf(rng: Generator, image: np.ndarray, radius: float, color: np.ndarray, texture: np.ndarray) -> None:
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    at = np.array([rng.random() * width, rng.random() * height])
    turns = np.sort(rng.random(span(rng, 3, 9))) * 2 * np.pi
    reach = radius * rng.uniform(0.5, 1.3, len(turns))
    points = at + np.stack([np.cos(turns) * reach, np.sin(turns) * reach], axis=1)
    if chance(rng, 0.5):
        axes = (max(int(radius), 1), max(int(radius * rng.uniform(0.3, 1)), 1))
        cv2.ellipse(mask, (int(at[0]), int(at[1])), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1)
    else:
        cv2.fillPoly(mask, [points.astype(np.int32)], 255)
    rows, columns = np.nonzero(mask)
    shift = span(rng, 0, 99)
    grain = texture[(rows + shift) % height, (columns * 2 + shift) % width] * float(rng.uniform(0, 22))
    slope = (rows - at[1]) / radius * float(rng.normal(0, 18)) + (columns - at[0]) / radius * float(
        rng.normal(0, 18)
    )
    image[rows, columns] = color + (grain + slope)[:, None]
