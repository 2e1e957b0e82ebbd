"""Scenes as the detector is trained on them: every one new, some moved, blurred or compressed, some blank.

What it is measured on besides: the same scenes on black and on dark grounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.scenes import (
    ANCHORS,
    RGB,
    SHAPES,
    SIDES,
    Scene,
    Split,
    draw_scene,
    make_scene,
    thing_box,
)

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]
"""float32[N, 5]: rows of class, x1, y1, x2, y2 in px of their image."""

Sampler = Callable[[np.random.Generator], tuple[Image, Boxes]]
"""Draws uint8[S, S, 3] RGB and its boxes."""

GREY = 114
"""The padding of ultralytics' letterbox."""

SEEN = 0.35
"""A box is dropped where less than this part of it is left in the image."""


VISIBLE = 25.0
"""CIE Lab units between a thing and its ground: about ten times what an eye can just tell apart."""

GroundKind = Literal["light", "black", "dark"]


def scene_sample(rng: np.random.Generator, imgsz: int, *, split: Split = "train") -> tuple[Image, Boxes]:
    """A scene as the detector sees it.

    Returns:
        uint8[imgsz, imgsz, 3] RGB and float32[N, 5] rows of class, x1, y1, x2, y2 in px of that image.
    """
    image, boxes = plain_scene(rng, split=split, sides=SIDES)
    if rng.random() < 0.35:
        image, boxes = _zoom(rng, image, boxes)
    image = degrade(rng, image)
    boxes[:, 1:] *= imgsz / image.shape[0]
    return cv2.resize(image, (imgsz, imgsz), interpolation=cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    ), boxes


def plain_scene(
    rng: np.random.Generator, *, split: Split, sides: tuple[int, ...], ground: GroundKind = "light"
) -> tuple[Image, Boxes]:
    """A scene at one of `sides` px as its world draws it, and the boxes of its things.

    On a black or a dark ground only the things stay that can be told from it.
    """
    scene = make_scene(rng, split=split)
    if ground != "light":
        scene = _darkened(rng, scene, black=ground == "black")
    side = int(rng.choice(sides))
    boxes = np.array([[SHAPES.index(t.shape), *thing_box(t, side)] for t in scene.things], np.float32)
    return draw_scene(scene, side), boxes.reshape(-1, 5)


def _darkened(rng: np.random.Generator, scene: Scene, *, black: bool) -> Scene:
    """On black, or on any color whose channels are at most 70; the noise and the lines stay."""
    top = (
        np.zeros(3)
        if black
        else rng.uniform(0, 60, 3)
        if rng.random() < 0.6
        else np.full(3, rng.uniform(8, 60))
    )
    slope = 0 if black or rng.random() < 0.6 else rng.uniform(-30, 30)
    ends = [rgb(top), rgb((top + slope).clip(0, 70))]
    ground = replace(scene.ground, top=ends[0], bottom=ends[1])
    inks = [thing.fill or ANCHORS[thing.colour] for thing in scene.things]
    seen = [min(distance(ink, end) for end in ends) >= VISIBLE for ink in inks]
    things = tuple(thing for thing, clear in zip(scene.things, seen, strict=True) if clear)
    return replace(scene, things=things, ground=ground)


def rgb(values: NDArray[np.float64]) -> RGB:
    """Three values as a color, rounded and kept to 0..255."""
    r, g, b = np.rint(values.clip(0, 255)).astype(int).tolist()
    return r, g, b


def distance(a: RGB, b: RGB) -> float:
    """Between two sRGB colors, in CIE Lab (CIE 1976)."""
    lab = cv2.cvtColor(np.array([[a, b]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    return float(np.linalg.norm(lab[0] - lab[1]))


def area(corners: Boxes) -> NDArray[np.float32]:
    """float32[N] px² of float32[N, 4] XYXY."""
    return (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])


def _zoom(rng: np.random.Generator, image: Image, boxes: Boxes) -> tuple[Image, Boxes]:
    """Scale by 0.55 to 2 around a random place; boxes are clipped, and hardly visible ones are dropped."""
    side = image.shape[0]
    scale = float(np.exp(rng.uniform(np.log(0.55), np.log(2.0))))
    shift = rng.uniform(0, 1, 2) * side * (1 - scale)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    border = (GREY,) * 3 if rng.random() < 0.6 else tuple(int(v) for v in image[0, 0])
    moved = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=border)
    corners = boxes[:, 1:] * scale + np.tile(shift, 2).astype(np.float32)
    clipped = corners.clip(0, side)
    seen = area(clipped) / area(corners)
    kept = np.concatenate([boxes[:, :1], clipped], 1)[seen > SEEN]
    return moved.astype(np.uint8, copy=False), kept.astype(np.float32)


def degrade(rng: np.random.Generator, image: Image) -> Image:
    """Sometimes blurred or compressed as JPEG."""
    kind = rng.random()
    if kind < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2) * image.shape[0] / 256).astype(np.uint8)
    elif kind < 0.45:
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        assert done
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return image


def blank_sample(rng: np.random.Generator, imgsz: int) -> tuple[Image, Boxes]:
    """An image without any shape: words, rules or texture on a light or a grey ground."""
    image = np.full((imgsz, imgsz, 3), rng.integers(190, 256, 3), np.uint8)
    ink = tuple(int(v) for v in rng.integers(0, 140, 3))
    kind = rng.random()
    if kind < 0.6:
        letters = np.array(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0123456789 .,:-%"))
        size = float(rng.uniform(0.25, 1.2))
        for y in range(int(24 * size) + 4, imgsz, int(32 * size) + 3):
            words = "".join(rng.choice(letters, int(rng.integers(0, 30))))
            cv2.putText(
                image,
                words,
                (int(rng.integers(2, 60)), y),
                cv2.FONT_HERSHEY_SIMPLEX,
                size,
                ink,
                1,
                cv2.LINE_AA,
            )
    elif kind < 0.85:
        for _ in range(int(rng.integers(1, 8))):
            a, b = rng.integers(0, imgsz, (2, 2)).tolist()
            cv2.line(image, a, b, ink, int(rng.integers(1, 4)), cv2.LINE_AA)
    else:
        coarse = rng.integers(0, 256, (int(rng.integers(2, 12)), int(rng.integers(2, 12)), 3), np.uint8)
        image = cv2.resize(coarse, (imgsz, imgsz), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    return image, np.zeros((0, 5), np.float32)
