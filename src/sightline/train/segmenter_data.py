"""Pictures with exact masks, and prompts for them: what the segmenter is trained and measured on.

Flat scenes, ray-cast solids and collages of overlapping textured shapes. Training sees most of them through
a window around one thing, mirrored, recoloured, blurred or compressed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.dice import chance, pick, weighted
from sightline.train.worlds.scenes import Ground, Scene, Split, draw_scene, make_scene, thing_box
from sightline.train.worlds.solid_layouts import make_solids
from sightline.train.worlds.solid_render import paint, trace

Image = NDArray[np.uint8]
Ids = NDArray[np.uint8]
Floats = NDArray[np.float32]
World = Callable[[np.random.Generator, int, Split], tuple[Image, Ids]]
"""A picture uint8[side, side, 3] and ids uint8[2 side, 2 side]: thing k at each half pixel, 0 for none."""

LEAST = 24
"""px: of a thing of which less is seen nothing is asked."""
_BESIDE = 0.12
"""Share of prompts that are points beside every thing."""
_BOX_NOISE, _MOST_NOISE = 0.06, 12.0
"""How far a prompt's box is moved at each edge: the deviation in sides of the box, and the most, px."""


def scene_ids(scene: Scene, side: int) -> Ids:
    """Which thing stands at each half pixel, uint8[2 side, 2 side]: thing k - 1, or nothing where 0."""
    # The things in black on white: their boxes do not touch, so that what is dark within one is its thing.
    black = tuple(replace(thing, fill=(0, 0, 0), outline=False) for thing in scene.things)
    dark = draw_scene(Scene(things=black, ground=Ground()), 2 * side)[..., 0] < 128
    ids = np.zeros((2 * side, 2 * side), np.uint8)
    for number, thing in enumerate(scene.things, start=1):
        x1, y1, x2, y2 = thing_box(thing, 2 * side)
        part = np.s_[max(math.floor(y1), 0) : math.ceil(y2), max(math.floor(x1), 0) : math.ceil(x2)]
        ids[part][dark[part]] = number
    return ids


def scene_world(rng: np.random.Generator, side: int, split: Split) -> tuple[Image, Ids]:
    """Flat shapes on a light ground."""
    scene = make_scene(rng, split=split)
    return draw_scene(scene, side), scene_ids(scene, side)


def solid_world(rng: np.random.Generator, side: int, split: Split) -> tuple[Image, Ids]:
    """Cubes, spheres and cylinders on a floor, some of them partly hidden."""
    scene = make_solids(rng, split=split)
    view = trace(scene, side)
    return paint(scene, view), view.ids


def collage_world(rng: np.random.Generator, side: int, split: Split) -> tuple[Image, Ids]:
    """Blobs, ellipses, rings and rectangles over one another, each textured, on a textured ground."""
    size = 2 * side
    canvas, ids = _texture(rng, size), np.zeros((size, size), np.uint8)
    for number in range(1, int(rng.integers(2, 12)) + 1):
        shape = np.zeros((size, size), np.uint8)
        cv2.fillPoly(shape, [_outline(rng, size)], 1, cv2.LINE_8, 4)
        canvas = np.where(shape[..., None] > 0, _texture(rng, size), canvas)
        ids[shape > 0] = number
    image = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return image.astype(np.uint8, copy=False), ids


WORLDS: dict[World, float] = {scene_world: 0.4, solid_world: 0.35, collage_world: 0.25}
"""How often each is drawn."""


def _outline(rng: np.random.Generator, size: int) -> NDArray[np.int32]:
    """A closed outline around a random place, int32[K, 2] in sixteenths of a pixel."""
    turns = np.arange(48) / 48 * 2 * np.pi
    kind = rng.random()
    if kind < 0.4:
        waves = sum(rng.normal(0, 0.35 / n) * np.cos(n * turns + rng.uniform(0, 7)) for n in (1, 2, 3, 4, 5))
        reach = np.exp(np.asarray(waves))
    elif kind < 0.7:
        reach = np.ones(48)
    else:
        reach = 1 / np.maximum(np.abs(np.cos(turns)), np.abs(np.sin(turns)))
    points = np.stack([np.cos(turns) * reach, np.sin(turns) * reach], -1)
    points *= np.exp(rng.uniform(math.log(0.05), math.log(0.22), 1) + rng.normal(0, 0.3, 2))
    tilt = rng.uniform(0, np.pi) if chance(rng, 0.7) else 0.0
    turned: NDArray[np.float64] = points @ np.array(
        [[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]]
    )
    return np.asarray(np.rint((turned + rng.uniform(0.05, 0.95, 2)) * size * 16), np.int32)


def _texture(rng: np.random.Generator, size: int) -> Image:
    """One colour, or a rough or fine pattern around it: uint8[size, size, 3]."""
    colour = rng.uniform(0, 255, 3)
    if chance(rng, 0.5):
        return np.full((size, size, 3), colour, np.uint8)
    cells = rng.integers(2, 60, 2)
    coarse = colour + rng.normal(0, rng.uniform(4, 40), (*cells, 1 if chance(rng, 0.5) else 3))
    how = pick(rng, (cv2.INTER_NEAREST, cv2.INTER_CUBIC))
    small = np.clip(coarse, 0, 255).astype(np.uint8)
    return np.asarray(cv2.resize(small, (size, size), interpolation=how), np.uint8).reshape(size, size, -1)


# Views and prompts.


@dataclass(frozen=True, kw_only=True)
class Example:
    """A picture and its prompts as the network takes them.

    Args:
        image: uint8[h, w, 3] RGB, the longer side that of the network's images.
        boxes: float32[B, 4], XYXY in px of the image.
        points: float32[P, 2], x and y in px of the image.
        masks: float32[B + P, S / 2, S / 2], how much of each cell of 2 x 2 px the boxes' and then the points'
            things cover; all 0 for points beside things and beyond the image.
    """

    image: Image
    boxes: Floats
    points: Floats
    masks: Floats


def make_example(
    rng: np.random.Generator, *, side: int, prompts: int, progress: float = 1.0, split: Split = "train"
) -> Example:
    """A new picture, or a window around one of its things, with so many prompts; `side` is the network's, px.

    `progress` in 0..1 widens the view: from windows up to 2.5 times as long as the thing to 5 times, and to
    an eighth of whole pictures.
    """
    image, ids = weighted(rng, WORLDS)(rng, pick(rng, (side, side * 3 // 2)), split)
    things = things_seen(ids, least=LEAST)
    thing = pick(rng, things) if things else 0
    if thing and not chance(rng, progress / 8):
        image, ids = _window(rng, image, ids, thing, spread=2.5 + 2.5 * progress)
    image, ids = _mirrored(rng, *_scaled(image, ids, side))
    return _prompts(rng, _degrade(rng, _recolour(rng, image)), ids, thing, side, prompts)


def things_seen(ids: Ids, *, least: int) -> list[int]:
    """The things of which at least so many px are seen."""
    areas = np.bincount(ids.ravel())
    return [number for number in range(1, len(areas)) if areas[number] >= 4 * least]


def _window(
    rng: np.random.Generator, image: Image, ids: Ids, thing: int, *, spread: float
) -> tuple[Image, Ids]:
    """A window around a thing, 1.3 to `spread` times as long as it: the picture and the ids within."""
    x1, y1, x2, y2 = tight_box(ids == thing).tolist()
    longer = max(x2 - x1, y2 - y1) * math.exp(rng.uniform(math.log(1.3), math.log(spread)))
    cut = []
    for low, high, whole in ((y1, y2, image.shape[0]), (x1, x2, image.shape[1])):
        length = max(longer * rng.uniform(0.7, 1), 1.15 * (high - low), 12.0)
        start = low + (high - low - length) * rng.uniform(0.1, 0.9)
        cut.append((max(round(start), 0), min(round(start + length), whole)))
    (top, bottom), (left, right) = cut
    return image[top:bottom, left:right], ids[2 * top : 2 * bottom, 2 * left : 2 * right]


def _scaled(image: Image, ids: Ids, side: int) -> tuple[Image, Ids]:
    """The picture with `side` as its longer side, and ids twice as large."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    to = (max(round(width * scale), 1), max(round(height * scale), 1))
    shown = cv2.resize(image, to, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    near = cv2.resize(ids, (2 * to[0], 2 * to[1]), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(shown, np.uint8), np.asarray(near, np.uint8)


def _mirrored(rng: np.random.Generator, image: Image, ids: Ids) -> tuple[Image, Ids]:
    """Often mirrored, from left to right or about the diagonal."""
    if chance(rng, 0.5):
        image, ids = image[:, ::-1], ids[:, ::-1]
    if chance(rng, 0.5):
        image, ids = image.swapaxes(0, 1), ids.swapaxes(0, 1)
    return np.ascontiguousarray(image), np.ascontiguousarray(ids)


def _recolour(rng: np.random.Generator, image: Image) -> Image:
    """Sometimes other colours: channels in another order, negative, darker or grey."""
    if chance(rng, 0.3):
        image = image[..., rng.permutation(3)]
    if chance(rng, 0.15):
        image = 255 - image
    if chance(rng, 0.3):
        image = np.clip(image * rng.uniform(0.5, 1.1, 3), 0, 255).astype(np.uint8)
    if chance(rng, 0.1):
        image = np.repeat(image.mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    return np.ascontiguousarray(image)


def _degrade(rng: np.random.Generator, image: Image) -> Image:
    """Sometimes blurred or compressed as JPEG."""
    kind = rng.random()
    if kind < 0.15:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2)).astype(np.uint8, copy=False)
    if kind < 0.4:
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        assert done
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return image


def _prompts(
    rng: np.random.Generator, image: Image, ids: Ids, thing: int, side: int, prompts: int
) -> Example:
    """Boxes and points: half for `thing`, the others for all that is seen and for what lies beside."""
    seen = things_seen(ids, least=LEAST)
    free = bool((ids == 0).any())
    boxed: list[int] = []
    pointed: list[int] = []
    for _ in range(prompts):
        if free and (not seen or chance(rng, _BESIDE)):
            pointed.append(0)
        else:
            number = thing if thing in seen and chance(rng, 0.5) else pick(rng, seen)
            (boxed if chance(rng, 0.5) else pointed).append(number)
    boxes = [_moved(rng, tight_box(ids == number), image) for number in boxed]
    return Example(
        image=image,
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        points=np.array([inside(rng, ids == number) for number in pointed], np.float32).reshape(-1, 2),
        masks=np.stack([_coverage(ids, number, side // 2) for number in [*boxed, *pointed]]),
    )


def _coverage(ids: Ids, number: int, half: int) -> Floats:
    """How much of each cell of 4 x 4 half pixels a thing covers, float32[half, half]; 0 is no thing."""
    found = np.zeros((half, half), np.float32)
    if number:
        height, width = (round(n / 4) for n in ids.shape)
        mask = (ids == number).astype(np.float32)
        found[:height, :width] = cv2.resize(mask, (width, height), interpolation=cv2.INTER_AREA)
    return found


def tight_box(mask: NDArray[np.bool_]) -> Floats:
    """XYXY around a mask of half pixels, float32[4] in px of the picture, to half a pixel."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32) / np.float32(2)


def _moved(rng: np.random.Generator, box: Floats, image: Image) -> Floats:
    """A box with each edge moved a little, as a detector might give it."""
    height, width = image.shape[:2]
    sides = np.tile(box[2:] - box[:2], 2)
    shift = np.clip(rng.normal(0, _BOX_NOISE, 4) * sides, -_MOST_NOISE, _MOST_NOISE)
    return np.clip(box + shift * chance(rng, 0.8), 0, np.tile([width, height], 2)).astype(np.float32)


def inside(rng: np.random.Generator, mask: NDArray[np.bool_]) -> tuple[float, float]:
    """A random place in a mask of half pixels: x and y in px of the picture."""
    places = np.flatnonzero(mask)
    row, column = divmod(int(places[int(rng.random() * len(places))]), mask.shape[1])
    return (column + 0.5) / 2, (row + 0.5) / 2


def to_pixels(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """From half pixels to pixels: those that are covered by half at least."""
    height, width = mask.shape
    return np.asarray(mask.reshape(height // 2, 2, width // 2, 2).sum((1, 3)) >= 2)
