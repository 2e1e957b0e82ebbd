"""Scenes: one to ten flat shapes on a light ground, with exact attributes, places and boxes.

All lengths are fractions of the image's side, x to the right and y downwards. A thing's (x, y) is the
centre of its tight box and its diameter is that box's longer side, outline included.

Never trained on, so that they measure generalisation: the (colour, shape) pairs of `HELD_OUT`, and the
ring layout. `split="heldout"` shows at least one such pair in each scene, and a ring in half of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.tools.colors import COLORS

Split = Literal["train", "heldout"]
RGB = tuple[int, int, int]

SHAPES = ("circle", "cross", "diamond", "square", "star", "triangle")
SIZES = ("small", "large")
ANCHORS: dict[str, RGB] = {name: rgb for name, rgb in COLORS.items() if name not in ("gray", "white")}
COLOURS = tuple(ANCHORS)
SMALL = (0.10, 0.13)
LARGE = (0.19, 0.26)
LARGE_FROM = 0.16
"""A thing whose diameter is at least this fraction of the side is large."""

HELD_OUT: frozenset[tuple[str, str]] = frozenset(
    {
        ("blue", "star"),
        ("green", "cross"),
        ("pink", "square"),
        ("red", "triangle"),
        ("yellow", "diamond"),
    }
)
TRAIN_LAYOUTS = ("scatter", "grid", "row", "clusters")
HELD_OUT_LAYOUT = "ring"
GRID = 8
SIDES = (96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640)
"""Sides in px that a detector's training images are drawn at."""

_GAP = 0.018  # between two boxes, and from a box to the edge
_TILT = 12.0  # degrees: more would turn a square towards a diamond
_OUTLINE = 0.06  # of the diameter
_SHIFT = 4  # fractional bits of the coordinates handed to OpenCV


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One shape. Lengths are fractions of the side, `angle` is in degrees, `fill` is what is painted."""

    shape: str
    colour: str
    size: str
    x: float
    y: float
    diameter: float
    angle: float = 0.0
    fill: RGB | None = None
    outline: bool = False


@dataclass(frozen=True, kw_only=True)
class Ground:
    """A gradient from `top` to `bottom`, lines `grid` apart (0: none), noise of up to `noise` levels."""

    top: RGB = (255, 255, 255)
    bottom: RGB = (255, 255, 255)
    grid: float = 0.0
    noise: float = 0.0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Things in the order they are painted, on a ground. `layout` names how they were placed."""

    things: tuple[Thing, ...]
    ground: Ground = Ground()
    layout: str = "scatter"


def make_scene(rng: np.random.Generator, *, split: Split = "train") -> Scene:
    """1 to 10 things whose boxes do not touch and whose centres lie in different cells of the 8 x 8 grid."""
    layout = HELD_OUT_LAYOUT if split == "heldout" and rng.random() < 0.5 else str(rng.choice(TRAIN_LAYOUTS))
    wanted = int(rng.integers(1, 11))
    places = _place(rng, _candidates(rng, layout, wanted), wanted)
    names = _names(rng, len(places), split)
    outline = bool(rng.random() < 0.35)
    things = tuple(
        _thing(rng, name, place, outline=outline) for name, place in zip(names, places, strict=True)
    )
    return Scene(things=things, ground=_ground(rng), layout=layout)


def _thing(
    rng: np.random.Generator,
    name: tuple[str, str],
    place: tuple[float, float, float],
    *,
    outline: bool,
) -> Thing:
    colour, shape = name
    x, y, diameter = place
    return Thing(
        shape=shape,
        colour=colour,
        size="large" if diameter >= LARGE_FROM else "small",
        x=x,
        y=y,
        diameter=diameter,
        angle=float(rng.uniform(-_TILT, _TILT)) if rng.random() < 0.6 else 0.0,
        fill=_jitter(rng, ANCHORS[colour]),
        outline=outline,
    )


def _jitter(rng: np.random.Generator, anchor: RGB) -> RGB:
    """The anchor with its value scaled by up to 8 % and each channel moved by up to 9 levels."""
    moved = np.array(anchor) * rng.uniform(0.92, 1.08) + rng.uniform(-9, 9, 3)
    r, g, b = np.clip(np.rint(moved), 0, 255).astype(int).tolist()
    return r, g, b


def _names(rng: np.random.Generator, count: int, split: Split) -> list[tuple[str, str]]:
    """(colour, shape) of each thing. Two scenes in five draw from a small palette, so that counts grow."""
    colours, shapes = COLOURS, SHAPES
    if rng.random() < 0.4:
        colours = tuple(rng.permutation(COLOURS)[: rng.integers(2, 4)].tolist())
        shapes = tuple(rng.permutation(SHAPES)[: rng.integers(2, 4)].tolist())
    pairs = [(c, s) for c in colours for s in shapes if split == "heldout" or (c, s) not in HELD_OUT]
    names = [pairs[i] for i in rng.integers(0, len(pairs), count)]
    if split == "heldout" and HELD_OUT.isdisjoint(names):
        names[int(rng.integers(0, count))] = sorted(HELD_OUT)[int(rng.integers(0, len(HELD_OUT)))]
    return names


def _candidates(rng: np.random.Generator, layout: str, wanted: int) -> NDArray[np.float64]:
    """Centres to try in turn, float64[K, 2] in fractions of the side."""
    if layout == "grid":
        n = 3 if wanted <= 6 else 4
        cells = (np.stack(np.meshgrid(np.arange(n), np.arange(n)), -1).reshape(-1, 2) + 0.5) / n
        return np.tile(rng.permutation(cells), (4, 1)) + rng.normal(0, 0.02, (4 * n * n, 2))
    if layout == "row":
        along, across = rng.uniform(0.05, 0.95, 120), rng.uniform(0.2, 0.8)
        line = np.stack([along, across + rng.uniform(-0.25, 0.25) * (along - 0.5)], -1)
        line += rng.normal(0, 0.012, line.shape)
        return line if rng.random() < 0.6 else line[:, ::-1]
    if layout == "clusters":
        centres = rng.uniform(0.22, 0.78, (int(rng.integers(2, 4)), 2))
        return centres[rng.integers(0, len(centres), 160)] + rng.normal(0, 0.13, (160, 2))
    if layout == HELD_OUT_LAYOUT:
        turns = np.tile(np.arange(wanted) / wanted, 4) + rng.random()
        reach = rng.uniform(0.30, 0.37) + rng.normal(0, 0.012, turns.shape)
        return 0.5 + np.stack([np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)], -1) * reach[:, None]
    return rng.uniform(0.05, 0.95, (160, 2))


def _place(
    rng: np.random.Generator, candidates: NDArray[np.float64], wanted: int
) -> list[tuple[float, float, float]]:
    """(x, y, diameter) of up to `wanted` things, at least one; a crowded layout holds fewer."""
    placed: list[tuple[float, float, float]] = []
    cells: set[tuple[int, int]] = set()
    large = (rng.random(len(candidates)) < rng.uniform(0.2, 0.8)).tolist()
    spread = rng.random(len(candidates)).tolist()
    for (x, y), big, part in zip(candidates.tolist(), large, spread, strict=True):
        low, high = LARGE if big else SMALL
        diameter = low + (high - low) * part
        edge = diameter / 2 + _GAP
        x, y = min(max(x, edge), 1 - edge), min(max(y, edge), 1 - edge)
        cell = (int(x * GRID), int(y * GRID))
        if cell not in cells and all(_apart((x, y, diameter), other) for other in placed):
            cells.add(cell)
            placed.append((x, y, diameter))
            if len(placed) == wanted:
                break
    return placed


def _apart(a: tuple[float, float, float], b: tuple[float, float, float]) -> bool:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1])) > (a[2] + b[2]) / 2 + _GAP


def _ground(rng: np.random.Generator) -> Ground:
    """A light ground: white, grey or a pastel tint; every channel stays at 212 or more."""
    kind = rng.random()
    if kind < 0.3:
        top = np.full(3, 255.0)
    elif kind < 0.6:
        top = np.full(3, rng.uniform(216, 250))
    else:
        top = rng.uniform(222, 255, 3)
    bottom = np.clip(top + rng.uniform(-14, 14), 212, 255) if rng.random() < 0.4 else top
    return Ground(
        top=_rgb(top),
        bottom=_rgb(bottom),
        grid=float(rng.uniform(0.06, 0.2)) if rng.random() < 0.2 else 0.0,
        noise=float(rng.uniform(1, 5)) if rng.random() < 0.4 else 0.0,
        seed=int(rng.integers(0, 2**31)),
    )


def _rgb(values: NDArray[np.float64]) -> RGB:
    r, g, b = np.rint(values).astype(int).tolist()
    return r, g, b


# Drawing.


@cache
def _unit(shape: str) -> NDArray[np.float64]:
    """The corners of a shape around the origin, float64[K, 2], at any scale."""
    if shape == "circle":
        return _polar(np.arange(60) / 60, np.ones(60))
    if shape == "star":
        return _polar(np.arange(10) / 10 - 0.25, np.tile([1.0, 0.45], 5))
    if shape == "triangle":
        return np.array([[0.0, -1.0], [1.08, 0.9], [-1.08, 0.9]])
    if shape == "diamond":
        return np.array([[0.0, -1.0], [0.76, 0.0], [0.0, 1.0], [-0.76, 0.0]])
    if shape == "square":
        return np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    a = 0.36
    cross = [
        (-a, -1),
        (a, -1),
        (a, -a),
        (1, -a),
        (1, a),
        (a, a),
        (a, 1),
        (-a, 1),
        (-a, a),
        (-1, a),
        (-1, -a),
        (-a, -a),
    ]
    return np.array(cross, dtype=np.float64)


def _polar(turns: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.cos(2 * np.pi * turns) * radius, np.sin(2 * np.pi * turns) * radius], -1)


def thing_corners(thing: Thing) -> NDArray[np.float64]:
    """The painted polygon, float64[K, 2] in fractions of the side; its box is centred on (x, y)."""
    turn = np.deg2rad(thing.angle)
    turned = _unit(thing.shape) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    low, high = turned.min(0), turned.max(0)
    scale = thing.diameter / float((high - low).max())
    return np.asarray((turned - (low + high) / 2) * scale + (thing.x, thing.y), np.float64)


def inset(corners: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """The polygon (clockwise on the screen) with each edge moved inwards by `width`."""
    edges = np.roll(corners, -1, 0) - corners
    after = np.stack([-edges[:, 1], edges[:, 0]], -1) / np.linalg.norm(edges, axis=1, keepdims=True)
    before = np.roll(after, 1, 0)
    moved = corners + width * (before + after) / (1 + (before * after).sum(1, keepdims=True))
    return np.asarray(moved, np.float64)


def thing_box(thing: Thing, side: int) -> tuple[float, float, float, float]:
    """The tight XYXY box of what `draw_scene` paints for `thing`, in px of an image of `side`."""
    corners = thing_corners(thing) * side
    x1, y1 = corners.min(0).tolist()
    x2, y2 = corners.max(0).tolist()
    return x1, y1, x2, y2


def draw_scene(scene: Scene, side: int = 128) -> NDArray[np.uint8]:
    """Paint the scene: uint8[side, side, 3] RGB, antialiased by supersampling."""
    over = 4 if side <= 160 else 3 if side <= 320 else 2
    canvas = _paint_ground(scene.ground, side * over)
    for thing in scene.things:
        _paint(canvas, thing)
    image = np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    return _add_noise(image, scene.ground) if scene.ground.noise else image


def _paint_ground(ground: Ground, size: int) -> NDArray[np.uint8]:
    """uint8[size, size, 3] of the gradient and the grid lines."""
    if ground.top == ground.bottom:
        canvas = np.empty((size, size, 3), np.uint8)
        canvas[:] = np.full((size, 3), ground.top, np.uint8)  # a row at once: far faster than a pixel
    else:
        down = np.linspace(0, 1, size)[:, None]
        column = np.rint(np.array(ground.top) * (1 - down) + np.array(ground.bottom) * down).astype(np.uint8)
        canvas = np.asarray(cv2.resize(column[:, None], (size, size), interpolation=cv2.INTER_NEAREST))
    if ground.grid:
        line, thick = tuple(int(v * 0.93) for v in ground.top), max(size // 160, 1)
        for at in np.arange(ground.grid, 1, ground.grid) * size:
            canvas[int(at) : int(at) + thick] = line
            canvas[:, int(at) : int(at) + thick] = line
    return canvas


def _add_noise(image: NDArray[np.uint8], ground: Ground) -> NDArray[np.uint8]:
    """The image with uniform noise of up to `ground.noise` levels either way."""
    reach = round(ground.noise)
    noise = np.random.default_rng(ground.seed).integers(-reach, reach + 1, image.shape, dtype=np.int8)
    return np.clip(image.astype(np.int16) + noise, 0, 255).astype(np.uint8)


def _paint(canvas: NDArray[np.uint8], thing: Thing) -> None:
    """Paint one thing on a square canvas, in place."""
    corners = thing_corners(thing)
    fill = thing.fill or ANCHORS[thing.colour]
    if thing.outline:
        _fill(canvas, corners, tuple(int(v * 0.55) for v in fill))
        corners = inset(corners, thing.diameter * _OUTLINE / 2)
    _fill(canvas, corners, fill)


def _fill(canvas: NDArray[np.uint8], corners: NDArray[np.float64], colour: tuple[int, ...]) -> None:
    # A pixel's centre stands at its index + 0.5, OpenCV's at its index.
    points = np.rint((corners * canvas.shape[0] - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(canvas, [points], colour, cv2.LINE_8, _SHIFT)


def dense_labels(scene: Scene, grid: int = GRID) -> dict[str, NDArray[np.int64]]:
    """Exact labels for each cell of a grid, int64[grid, grid] (row, column) each.

    `object` is 1 where a thing's centre lies in the cell, else 0. `colour`, `size` and `shape` are indices
    into `COLOURS`, `SIZES` and `SHAPES`; `sub_x` and `sub_y` are the centre's place within the cell in
    eighths. These five are -100 where no centre lies.
    """
    keys = ("object", "colour", "size", "shape", "sub_x", "sub_y")
    labels = {key: np.full((grid, grid), 0 if key == "object" else -100, np.int64) for key in keys}
    for thing in scene.things:
        column, row = int(thing.x * grid), int(thing.y * grid)
        labels["object"][row, column] = 1
        labels["colour"][row, column] = COLOURS.index(thing.colour)
        labels["size"][row, column] = SIZES.index(thing.size)
        labels["shape"][row, column] = SHAPES.index(thing.shape)
        labels["sub_x"][row, column] = int((thing.x * grid - column) * 8)
        labels["sub_y"][row, column] = int((thing.y * grid - row) * 8)
    return labels
