"""What a detector of drawn shapes meets beyond the scenes world, and pictures that show none of its shapes.

Grounds are black, dark, of any color, shaded or lightly textured; things are as small as 8 px, as many as
some hundred, partly hidden, nested, or of any color. What is held out of the scenes world stays held out:
no thing has a color that is nearest to that of a held-out pair, and no layout is a ring. Between the things
stand words, lines and look-alikes (ovals, bars, hexagons, arrows), which have no box. The pictures without
shapes are the project's documents, charts, tables and solids, and the photographs of scikit-image.

All lengths are fractions of the side of the square view that is drawn, unless px are named.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.train.detection_scenes import GREY, SEEN, Boxes, Image, area, degrade, distance, rgb
from sightline.train.worlds.chart_draw import draw_chart
from sightline.train.worlds.charts import make_chart
from sightline.train.worlds.dice import chance, pick, span, weighted
from sightline.train.worlds.documents import make_document
from sightline.train.worlds.pages import draw_document
from sightline.train.worlds.scenes import (
    ANCHORS,
    HELD_OUT,
    RGB,
    SHAPES,
    Thing,
    inset,
    make_scene,
    thing_box,
    thing_corners,
)
from sightline.train.worlds.solid_layouts import make_solids
from sightline.train.worlds.solid_render import draw_solids
from sightline.train.worlds.table_draw import draw_table
from sightline.train.worlds.tables import make_table

Rng = np.random.Generator

VISIBLE = 22.0
"""CIE Lab units between a thing and the ground around it: about twice what a glance can tell apart."""

_LEAST = 8 / 256
"""The smallest thing, of the view's side: one cell of the network's finest map (stride 8 of 256 px)."""

_HIDDEN = 0.15
"""A thing of which less than this part can be seen has no box: the rest does not say what it is."""

_POOL = {"document": 50, "chart": 70, "table": 40, "solids": 40}
"""How many pictures without shapes are drawn, once for a training, beside some 20 photographs."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A thing, and its outline: `edge` is the color (None: no outline), `width` in diameters of the thing."""

    thing: Thing
    edge: RGB | None = None
    width: float = 0.05


def wide_sample(rng: Rng, imgsz: int) -> tuple[Image, Boxes]:
    """A view of shapes as the world does not draw them.

    Returns:
        uint8[imgsz, imgsz, 3] RGB and float32[N, 5] rows of class, x1, y1, x2, y2 in px of that image.
    """
    image = draw_ground(rng, imgsz)
    if chance(rng, 0.15):
        _write(rng, image)
    layout = weighted(rng, _LAYOUTS)
    drawn = [one for one in layout(rng) if _stands_out(one, image)]
    if chance(rng, 0.25):
        _draw_lookalikes(rng, image, drawn)
    image, boxes = paint_things(image, drawn, over=span(rng, 1, 3))
    return degrade(rng, image), boxes


# Grounds.


def draw_ground(rng: Rng, side: int) -> Image:
    """A ground of any brightness: plain, shaded, textured or ruled, uint8[side, side, 3]."""
    color = _ground_color(rng)
    field: NDArray[np.floating[Any]] = np.tile(color, (side, side, 1))
    if chance(rng, 0.3):
        field = field + _slope(rng, side)[..., None] * rng.uniform(-60, 60, 3)
    if chance(rng, 0.3):
        field = field + _texture(rng, side)
    if chance(rng, 0.3):
        field = field + rng.uniform(-1, 1, (side, side, 3)) * rng.uniform(1, 7)
    image = np.ascontiguousarray(field.clip(0, 255), np.uint8)
    if chance(rng, 0.12):
        _rule(rng, image)
    return image


def _ground_color(rng: Rng) -> NDArray[np.float64]:
    kind = rng.random()
    if kind < 0.2:
        return np.asarray(rng.uniform(205, 255, 3) if chance(rng, 0.5) else np.full(3, rng.uniform(200, 255)))
    if kind < 0.35:
        return np.full(3, rng.uniform(0, 14))
    if kind < 0.6:
        return np.full(3, rng.uniform(14, 80)) if chance(rng, 0.5) else rng.uniform(0, 85, 3)
    if kind < 0.75:
        return np.full(3, rng.uniform(80, 200))
    return rng.uniform(0, 255, 3)


def _slope(rng: Rng, side: int) -> NDArray[np.float64]:
    """0..1 across the image in a random direction, float64[side, side]."""
    turn, at = rng.uniform(0, 2 * np.pi), np.linspace(-0.5, 0.5, side)
    along = at[None] * np.cos(turn) + at[:, None] * np.sin(turn)
    return np.asarray((along - along.min()) / np.ptp(along), np.float64)


def _texture(rng: Rng, side: int) -> NDArray[np.float32]:
    """A faint uneven pattern around 0, float32[side, side, 1]."""
    cells = span(rng, 3, 60)
    coarse = rng.normal(0, rng.uniform(2, 9), (cells, cells)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)[..., None]


def _rule(rng: Rng, image: Image) -> None:
    """Faint lines across the image, in place, as on squared paper."""
    side, step = image.shape[0], rng.uniform(10, 60)
    ink = (image.mean((0, 1)) + rng.uniform(-26, 26)).clip(0, 255)
    for at in np.arange(rng.uniform(0, step), side, step).astype(int):
        image[at] = ink
        if step > 16:
            image[:, at] = ink


# Things.


def _any_color(rng: Rng) -> tuple[str, RGB]:
    """The name of the nearest anchor, and a color: an anchor that is moved a little, or any."""
    if chance(rng, 0.7):
        name = pick(rng, tuple(ANCHORS))
        moved = np.array(ANCHORS[name]) * rng.uniform(0.9, 1.1) + rng.uniform(-10, 10, 3)
        return name, rgb(moved)
    if chance(rng, 0.25):
        return "white", rgb(np.full(3, rng.uniform(225, 255)))
    color = rgb(rng.uniform(0, 255, 3))
    away = {name: distance(color, anchor) for name, anchor in ANCHORS.items()}
    return min(away, key=lambda name: away[name]), color


def _any_name(rng: Rng, shape: str | None = None) -> tuple[str, str, RGB]:
    """A shape, the name of a color and the color, never of a held-out pair."""
    while True:
        color, fill = _any_color(rng)
        chosen = shape or pick(rng, SHAPES)
        if (color, chosen) not in HELD_OUT:
            return chosen, color, fill


def _any_edge(rng: Rng, fill: RGB) -> RGB:
    """The color of an outline: mostly a darker fill, as in the scenes world."""
    kind = rng.random()
    if kind < 0.6:
        return rgb(np.array(fill) * rng.uniform(0.4, 0.7))
    if kind < 0.8:
        return rgb(np.full(3, rng.uniform(0, 60)))
    return rgb(np.full(3, rng.uniform(215, 255))) if kind < 0.9 else _any_color(rng)[1]


def _draw_thing(
    rng: Rng,
    x: float,
    y: float,
    diameter: float,
    name: tuple[str, str, RGB] | None = None,
    edge: float = 0.45,
) -> Drawn:
    """A thing of this name, or of any; outlined with a probability of `edge`."""
    shape, color, fill = name or _any_name(rng)
    angle = float(rng.uniform(-12, 12)) if chance(rng, 0.4) else 0.0
    thing = Thing(
        shape=shape, colour=color, size="small", x=x, y=y, diameter=diameter, angle=angle, fill=fill
    )
    outline = _any_edge(rng, fill) if chance(rng, edge) else None
    return Drawn(thing=thing, edge=outline, width=float(rng.uniform(0.025, 0.08)))


def _stands_out(one: Drawn, image: Image) -> bool:
    """Whether a thing, or its outline, can be told from the ground that it lies on."""
    side = image.shape[0]
    x1, y1, x2, y2 = (int(v) for v in thing_box(one.thing, side))
    under = image[max(y1, 0) : max(y2 + 1, 1), max(x1, 0) : max(x2 + 1, 1)]
    if not under.size:
        return False
    ground = rgb(under.reshape(-1, 3).mean(0))
    inks = [one.thing.fill or ANCHORS[one.thing.colour], *([one.edge] if one.edge else [])]
    return max(distance(ink, ground) for ink in inks) >= VISIBLE


# Layouts: the things of a view, in the order that they are painted in.


def ordinary(rng: Rng) -> list[Drawn]:
    """As the scenes world places things, nearer or farther."""
    scene = make_scene(rng)
    zoom = float(np.exp(rng.uniform(math.log(0.4), math.log(2.6)))) if chance(rng, 0.6) else 1.0
    shift = rng.uniform(min(0, 1 - zoom), max(0, 1 - zoom), 2)
    things = [
        replace(t, x=t.x * zoom + shift[0], y=t.y * zoom + shift[1], diameter=t.diameter * zoom)
        for t in scene.things
    ]
    outlined = chance(rng, 0.4)
    return [
        Drawn(thing=t, edge=_any_edge(rng, t.fill or ANCHORS[t.colour]) if outlined else None) for t in things
    ]


def scattered(rng: Rng) -> list[Drawn]:
    """1 to 40 things from the smallest on, apart from each other."""
    smallest = float(np.exp(rng.uniform(math.log(_LEAST), math.log(0.1))))
    largest = smallest * rng.uniform(1.0, 4.0)
    same = _any_name(rng) if chance(rng, 0.4) else None
    placed: list[tuple[float, float, float]] = []
    for x, y in rng.uniform(0, 1, (3 * span(rng, 1, 40), 2)).tolist():
        diameter = float(rng.uniform(smallest, largest))
        if all(max(abs(x - a), abs(y - b)) > (diameter + c) * 0.54 for a, b, c in placed):
            placed.append((x, y, diameter))
    wanted = placed[: span(rng, 1, 40)]
    return [_draw_thing(rng, x, y, d, same if same and chance(rng, 0.7) else None) for x, y, d in wanted]


def crowd(rng: Rng) -> list[Drawn]:
    """Rows and columns of things, some left out, cut off at the view's edges."""
    pitch = float(np.exp(rng.uniform(math.log(0.045), math.log(0.2))))
    diameter = max(pitch * rng.uniform(0.45, 0.92), _LEAST)
    names = [_any_name(rng) for _ in range(span(rng, 1, 8))]
    edge, jitter, missing = (
        float(rng.random() < 0.6),
        rng.uniform(0, 0.1) * (pitch - diameter),
        rng.random() * 0.4,
    )
    (x0, y0), steps = rng.uniform(-pitch, pitch, 2), math.ceil(1 / pitch) + 2
    ends = rng.integers(1, steps + 1, 2) if chance(rng, 0.4) else (steps, steps)
    drawn = []
    for row in range(int(ends[0])):
        for column in range(int(ends[1])):
            if rng.random() >= missing:
                x, y = (column * pitch + x0, row * pitch + y0) + rng.normal(0, 1, 2) * jitter
                drawn.append(_draw_thing(rng, float(x), float(y), diameter, pick(rng, names), edge))
    return drawn


def overlapping(rng: Rng) -> list[Drawn]:
    """Chains of like things that hide each other in part, things within things, and things by themselves."""
    drawn: list[Drawn] = []
    for _ in range(span(rng, 3, 24)):
        x, y = rng.uniform(0.08, 0.92, 2).tolist()
        diameter = float(np.exp(rng.uniform(math.log(0.06), math.log(0.45))))
        made = _chain(rng, x, y, diameter) if chance(rng, 0.6) else _nest(rng, x, y, diameter)
        if all(_apart(one.thing, other.thing) for one in made for other in drawn):
            drawn += made
    return drawn


def _chain(rng: Rng, x: float, y: float, diameter: float) -> list[Drawn]:
    shape, color, fill = _any_name(rng)
    turn = rng.uniform(0, 2 * np.pi)
    if chance(rng, 0.5):
        turn = round(turn / (np.pi / 2)) * np.pi / 2
    # What is left of a ragged shape under another soon says nothing.
    step = rng.uniform(0.4 if shape in ("star", "cross") else 0.2, 0.8)
    dx, dy = np.cos(turn) * step * diameter, np.sin(turn) * step * diameter
    alike = chance(rng, 0.75)
    drawn: list[Drawn] = []
    for n in range(span(rng, 2, 7)):
        name = (shape, color, fill) if alike else _any_name(rng)
        size = diameter if alike else diameter * rng.uniform(0.7, 1.2)
        one = _draw_thing(rng, x + n * dx, y + n * dy, float(size), name, edge=0.6)
        if drawn and _hard_to_tell(one, drawn[-1]):  # two of one color without an outline are one blot
            dark = rgb(np.array(one.thing.fill) * (0.55 if max(one.thing.fill or (0,)) > 70 else 2.5))
            one = replace(one, edge=dark)
        drawn.append(one)
    return drawn


def _hard_to_tell(one: Drawn, other: Drawn) -> bool:
    fills = one.thing.fill or (0, 0, 0), other.thing.fill or (0, 0, 0)
    return max(distance(fills[1], ink) for ink in (fills[0], one.edge or fills[0])) < VISIBLE


def _nest(rng: Rng, x: float, y: float, diameter: float) -> list[Drawn]:
    """A thing within a thing, and perhaps another within that; each smaller than what is around it."""
    drawn = [_draw_thing(rng, x, y, diameter * 1.3)]
    for _ in range(span(rng, 1, 2)):
        outer = drawn[-1].thing
        room = {"circle": 0.6, "square": 0.8, "diamond": 0.42, "triangle": 0.42, "star": 0.36, "cross": 0.3}
        down = 0.12 if outer.shape == "triangle" else 0.0
        size = outer.diameter * room[outer.shape] * rng.uniform(0.6, 1.0)
        inner = _draw_thing(rng, outer.x, outer.y + down * outer.diameter, float(size))
        if _hard_to_tell(inner, drawn[-1]) or size < _LEAST:
            break
        drawn.append(inner)
    return drawn


def _apart(a: Thing, b: Thing) -> bool:
    return max(abs(a.x - b.x), abs(a.y - b.y)) > (a.diameter + b.diameter) / 2 * 1.04


def near(rng: Rng) -> list[Drawn]:
    """Up to three things, the first of which fills much of the view."""
    drawn: list[Drawn] = []
    for n in range(span(rng, 1, 3)):
        x, y = rng.uniform(0.25, 0.75, 2).tolist() if n == 0 else rng.uniform(0.1, 0.9, 2).tolist()
        one = _draw_thing(rng, x, y, float(rng.uniform(0.3, 0.95) if n == 0 else rng.uniform(0.05, 0.4)))
        if all(_apart(one.thing, other.thing) for other in drawn):
            drawn.append(one)
    return drawn


Layout = Callable[[Rng], list[Drawn]]
"""The things of a view, in the order that they are painted in."""

_LAYOUTS: dict[Layout, float] = {
    ordinary: 0.2,
    scattered: 0.14,
    crowd: 0.12,
    overlapping: 0.32,
    near: 0.22,
}
"""How often each is drawn."""


# Painting.


def paint_things(image: Image, drawn: list[Drawn], *, over: int = 3) -> tuple[Image, Boxes]:
    """Paint things over a square image, and say where they can be seen.

    Args:
        image: uint8[S, S, 3] RGB.
        drawn: the things, the last on top.
        over: how many times finer than a pixel edges are drawn; 1 leaves them jagged.

    Returns:
        uint8[S, S, 3], and float32[N, 5] rows of class, x1, y1, x2, y2 in px: the whole box of what is
        partly hidden by others; cut off at the image's edges.
    """
    side = image.shape[0]
    size = side * over
    canvas = np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_NEAREST))
    owner = np.zeros((size, size), np.int32)
    whole = []
    for number, one in enumerate(drawn, 1):
        corners = thing_corners(one.thing)
        mask = np.zeros((size, size), np.uint8) if len(drawn) < 12 else None
        fill = one.thing.fill or ANCHORS[one.thing.colour]
        for ink, outline in _rings(one, corners, size):
            cv2.fillPoly(canvas, [outline], ink or fill, cv2.LINE_8, 4)
        outline = _fixed(corners, size)
        cv2.fillPoly(owner, [outline], number, cv2.LINE_8, 4)
        if mask is not None:
            cv2.fillPoly(mask, [outline], 1, cv2.LINE_8, 4)
        whole.append(int(mask.sum()) if mask is not None else 0)
    shown = np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    seen = np.bincount(owner.ravel(), minlength=len(drawn) + 1)[1:]
    kept = [one for one, now, full in zip(drawn, seen, whole, strict=True) if now > _HIDDEN * full]
    return shown, _boxes(kept, side)


def _rings(one: Drawn, corners: NDArray[np.float64], size: int) -> list[tuple[RGB | None, NDArray[np.int32]]]:
    """The polygons of a thing from the outside in, with their colors (None: its fill)."""
    if not one.edge:
        return [(None, _fixed(corners, size))]
    width = max(one.width * one.thing.diameter, 1 / size)
    return [(one.edge, _fixed(corners, size)), (None, _fixed(inset(corners, width), size))]


def _fixed(corners: NDArray[np.float64], size: int) -> NDArray[np.int32]:
    """For OpenCV, in sixteenths of a pixel; its pixels' centers stand at whole numbers."""
    return np.rint((corners * size - 0.5) * 16).astype(np.int32)


def _boxes(drawn: list[Drawn], side: int) -> Boxes:
    rows = [[SHAPES.index(one.thing.shape), *thing_box(one.thing, side)] for one in drawn]
    boxes = np.array(rows, np.float32).reshape(-1, 5)
    inside = np.concatenate([boxes[:, :1], boxes[:, 1:].clip(0, side)], 1)
    return np.asarray(inside[area(inside[:, 1:]) > SEEN * area(boxes[:, 1:])], np.float32)


# What is no shape.


def _write(rng: Rng, image: Image) -> None:
    """One to three lines of words, in place."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0123456789 .,:-%"
    ink = rgb((255 - image.mean((0, 1))) + rng.uniform(-60, 60, 3))
    for _ in range(span(rng, 1, 3)):
        words = "".join(pick(rng, letters) for _ in range(span(rng, 1, 30)))
        at = span(rng, 0, image.shape[1] // 2), span(rng, 8, image.shape[0])
        face = pick(rng, (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX))
        size = float(rng.uniform(0.25, 1.2))
        cv2.putText(image, words, at, face, size, ink, 1 + int(size > 0.8), cv2.LINE_AA)


def _draw_lookalikes(rng: Rng, image: Image, drawn: list[Drawn]) -> None:
    """One to four ovals, bars, hexagons, arrows or half disks beside the things, in place."""
    side = image.shape[0]
    for _ in range(span(rng, 1, 4)):
        x, y = rng.uniform(0.05, 0.95, 2).tolist()
        diameter = float(np.exp(rng.uniform(math.log(0.07), math.log(0.3))))
        beside = Thing(shape="circle", colour="red", size="small", x=x, y=y, diameter=diameter)
        if all(_apart(beside, one.thing) for one in drawn):
            points = pick(rng, _LOOKALIKES)(rng) * diameter / 2
            turn = rng.uniform(0, 2 * np.pi) if chance(rng, 0.5) else 0.0
            points = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            cv2.fillPoly(image, [_fixed(points + np.array((x, y)), side)], _any_color(rng)[1], cv2.LINE_AA, 4)


def _oval(rng: Rng) -> NDArray[np.float64]:
    turns = np.arange(40) / 40 * 2 * np.pi
    return np.stack([np.cos(turns), np.sin(turns) * rng.uniform(0.3, 0.72)], -1)


def _bar(rng: Rng) -> NDArray[np.float64]:
    high = rng.uniform(0.15, 0.65)
    return np.array([[-1, -high], [1, -high], [1, high], [-1, high]])


def _hexagon(rng: Rng) -> NDArray[np.float64]:
    turns = np.arange(pick(rng, (5, 6))) + 0.5
    turns = turns / len(turns) * 2 * np.pi
    return np.stack([np.cos(turns), np.sin(turns)], -1)


def _arrow(rng: Rng) -> NDArray[np.float64]:
    a = rng.uniform(0.12, 0.3)
    return np.array([[-1, -a], [0.2, -a], [0.2, -0.7], [1, 0], [0.2, 0.7], [0.2, a], [-1, a]])


def _half_disk(rng: Rng) -> NDArray[np.float64]:
    turns = np.arange(25) / 24 * np.pi
    return np.stack([np.cos(turns), np.sin(turns)], -1)


_LOOKALIKES = (_oval, _bar, _hexagon, _arrow, _half_disk)


def shapeless_sample(rng: Rng, imgsz: int) -> tuple[Image, Boxes]:
    """A part of a document, a chart, a table, a picture of solids or a photograph; it has no boxes.

    Returns:
        uint8[imgsz, imgsz, 3] RGB and float32[0, 5].
    """
    photo = chance(rng, 0.45)
    image = pick(rng, _photographs() if photo else shapeless_pictures())
    height, width = image.shape[:2]
    reach = float(np.exp(rng.uniform(math.log(96), math.log(max(height, width)))))
    x, y = rng.uniform(0, max(width - reach, 0)), rng.uniform(0, max(height - reach, 0))
    part = image[int(y) : int(y + reach) + 1, int(x) : int(x + reach) + 1]
    if photo and chance(rng, 0.5):
        part = part[:, ::-1]
    scale = imgsz / max(part.shape[:2])
    canvas = np.full((imgsz, imgsz, 3), GREY, np.uint8)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    size = max(round(part.shape[1] * scale), 1), max(round(part.shape[0] * scale), 1)
    small = np.asarray(cv2.resize(np.ascontiguousarray(part), size, interpolation=how), np.uint8)
    if chance(rng, 0.1):
        small = 255 - small
    left, top = (imgsz - size[0]) // 2, (imgsz - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = small
    return degrade(rng, canvas), np.zeros((0, 5), np.float32)


@lru_cache(1)
def shapeless_pictures() -> tuple[Image, ...]:
    """The project's own pictures that hold none of the six shapes, uint8[H, W, 3]; the same at each call."""
    draw: dict[str, Callable[[Rng], Image]] = {
        "document": lambda rng: draw_document(make_document(rng)),
        "chart": lambda rng: draw_chart(make_chart(rng)),
        "table": lambda rng: draw_table(make_table(rng)),
        "solids": lambda rng: draw_solids(make_solids(rng), 256),
    }
    rows = [(kind, n) for kind, many in _POOL.items() for n in range(many)]
    return tuple(draw[kind](np.random.default_rng((77, n))) for kind, n in rows)


@lru_cache(1)
def _photographs() -> tuple[Image, ...]:
    """What the wheel of scikit-image holds (see its data/README.txt), uint8[H, W, 3]."""
    from skimage import data

    names = """astronaut brick camera cat clock coffee grass gravel horse hubble_deep_field
        immunohistochemistry moon page retina rocket text""".split()
    found = [np.asarray(getattr(data, name)()) for name in names]
    left_and_right: Any = data.stereo_motorcycle
    found += [np.asarray(one) for one in left_and_right()[:2]]
    return tuple(_as_rgb(one) for one in found)


def _as_rgb(pixels: NDArray[np.generic]) -> Image:
    whole = pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels.astype(np.uint8)
    return np.ascontiguousarray(np.repeat(whole[..., None], 3, 2) if whole.ndim == 2 else whole[..., :3])
