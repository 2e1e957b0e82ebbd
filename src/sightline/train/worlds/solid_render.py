"""How solids look: rays from the camera, shadows of a broad lamp, matte rubber and mirroring metal.

A thing is convex, so a ray is inside it between a nearest and a farthest point (`_crossing`): the camera's
rays use the nearest, those towards the lamp ask whether there is one. All is seen at twice the picture's
side and averaged; the id map stays at twice the side. Light is added up in linear values and shown by
their square root. Rays are not normalised: they go one unit along the camera's axis, so that the distance
along a ray is the depth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.solids import CORNERS, PAINTS, Solid, SolidScene

Floats = NDArray[np.float32]
Number = Floats | np.float32 | float
Three = tuple[Number, Number, Number]
"""x, y and z of points or directions, each of any shape that the others broadcast with."""
Box = tuple[float, float, float, float]

_FAR = np.float32(np.inf)
_ROUND = 16  # corners of a circle, where one is drawn as a polygon
_KEYS, _SKIES = 12, 6  # points of the lamp, and of the sky, that a shadow on the floor is added up from
_DEEPEN = 1.35  # exponent of the paints: CLEVR's are pale under plain light
_WINDOWS = (
    (-0.87, -0.5),
    (0.77, -0.64),
    (0.91, 0.42),
    (-0.26, 0.97),
)  # where bright walls stand that metal mirrors: x, y
_BEVEL, _BULGE = 0.14, 0.14  # width of a round edge and slope of a bulging side, in half heights
_SHIFT = 4  # fractional bits of the coordinates handed to OpenCV


@dataclass(frozen=True, kw_only=True)
class View:
    """What the camera's rays meet, two rays a pixel along each side.

    Args:
        ids: uint8[2 side, 2 side]: 0 is the floor, k the scene's thing k - 1.
        depth: float32[2 side, 2 side] along the camera's axis; infinite at the floor.
        whole: int64[things], rays that would meet each thing if nothing hid it.
        visible: int64[things], rays that meet it.
    """

    ids: NDArray[np.uint8]
    depth: Floats
    whole: NDArray[np.int64]
    visible: NDArray[np.int64]

    def box(self, thing: int) -> Box:
        """The tight XYXY box of what is seen of a thing, in px of the picture, to half a pixel."""
        rows, columns = np.nonzero(self.ids == thing + 1)
        return columns.min() / 2, rows.min() / 2, (columns.max() + 1) / 2, (rows.max() + 1) / 2

    def pixels(self, thing: int) -> float:
        """The area in which a thing is seen, in px of the picture, to a quarter of a pixel."""
        return float(self.visible[thing]) / 4


def trace(scene: SolidScene, side: int) -> View:
    """Which thing each ray meets first, for a picture of `side` px."""
    size = 2 * side
    ids, depth = np.zeros((size, size), np.uint8), np.full((size, size), _FAR, np.float32)
    whole = np.zeros(len(scene.things), np.int64)
    dx, dy, dz = _rays(scene, side)
    for number, (thing, (rows, columns)) in enumerate(zip(scene.things, _windows(scene, size), strict=True)):
        ray = (dx[:, columns], dy[rows], dz[rows])
        near, far = _crossing(thing, scene.eye.place, ray)
        met = near < far
        whole[number] = np.count_nonzero(met)
        met &= near < depth[rows, columns]
        depth[rows, columns][met] = near[met]
        ids[rows, columns][met] = number + 1
    visible = np.bincount(ids.ravel(), minlength=len(scene.things) + 1)[1:]
    return View(ids=ids, depth=depth, whole=whole, visible=visible)


def draw_solids(scene: SolidScene, side: int = 128) -> NDArray[np.uint8]:
    """The picture: uint8[side, side, 3] RGB."""
    return paint(scene, trace(scene, side))


def paint(scene: SolidScene, view: View) -> NDArray[np.uint8]:
    """The picture of a view: uint8[side, side, 3] RGB."""
    side = len(view.ids) // 2
    floor = _floor(scene, side)
    points = _points(scene, view)
    cells = (points.rows >> 1) * side + (points.columns >> 1)
    bare = 4 - np.bincount(cells, minlength=side * side)
    sums = [np.bincount(cells, shown, side * side) for shown in _shown(scene, points, floor).T]
    mean = (np.stack(sums, -1) + bare[:, None] * floor.reshape(-1, 3)) * (255 / 4)
    return np.asarray(mean.reshape(side, side, 3) + 0.5, np.uint8)


# Rays.


def _rays(scene: SolidScene, side: int, over: int = 2) -> tuple[Floats, Floats, Floats]:
    """Directions of the rays through the middles of samples: x float32[1, n], y and z float32[n, 1]."""
    cos, sin = scene.eye.slope
    count = over * side
    middles = np.asarray(((np.arange(count) + 0.5) / count * 2 - 1) / scene.eye.zoom, np.float32)
    right, up = middles[None], -middles[:, None]
    return right, np.asarray(cos + sin * up, np.float32), np.asarray(cos * up - sin, np.float32)


def _windows(scene: SolidScene, size: int) -> list[tuple[slice, slice]]:
    """Rows and columns of a picture of `size` that hold all of a thing, for each."""
    feet = np.array([(t.x, t.y, 0.0) for t in scene.things])[:, None]
    reach = np.array([(t.radius * 1.02, t.radius * 1.02, 2 * t.half) for t in scene.things])[:, None]
    seen, _ = scene.eye.project(feet + reach * (CORNERS * (2, 2, 1) - (1, 1, 0)))
    low, high = np.floor(seen.min(1) * size), np.ceil(seen.max(1) * size)
    edges = np.concatenate([np.maximum(low, 0), high], 1).astype(int).tolist()
    return [(slice(top, bottom), slice(left, right)) for left, top, right, bottom in edges]


def _crossing(thing: Solid, start: Three, ray: Three) -> tuple[Floats, Floats]:
    """Where rays enter and leave a thing, in their own lengths; they miss it where not entry < exit."""
    ox, oy, oz = (_less(s, m) for s, m in zip(start, (thing.x, thing.y, thing.half), strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        if thing.shape == "sphere":
            return _round((ox, oy, oz), ray, thing.half)
        low, high = _slab(oz, ray[2], thing.half)
        if thing.shape == "cylinder":
            near, far = _round((ox, oy), ray[:2], thing.half)
            return np.maximum(low, near), np.minimum(high, far)
        (ox, oy), (dx, dy) = _turned(thing, ox, oy), _turned(thing, *ray[:2])
        first, last = _slab(ox, dx, thing.half)
        near, far = _slab(oy, dy, thing.half)
        return np.maximum(np.maximum(low, first), near), np.minimum(np.minimum(high, last), far)


def _less(number: Number, less: float) -> Number:
    return np.asarray(number - np.float32(less), np.float32)


def _round(start: Sequence[Number], ray: Sequence[Number], radius: float) -> tuple[Floats, Floats]:
    """Where rays enter and leave a ball (three coordinates) or an endless upright cylinder (two)."""
    a = sum(d * d for d in ray)
    b = sum(o * d for o, d in zip(start, ray, strict=True))
    c = sum(o * o for o in start) - np.float32(radius * radius)
    root = np.sqrt(b * b - a * c)  # not a number where the ray misses: then no comparison holds
    return np.asarray((-b - root) / a), np.asarray((root - b) / a)


def _slab(start: Number, ray: Number, half: float) -> tuple[Floats, Floats]:
    """Where rays enter and leave the space between two planes."""
    one, other = (np.float32(-half) - start) / ray, (np.float32(half) - start) / ray
    return np.minimum(one, other), np.maximum(one, other)


def _turned(thing: Solid, x: Number, y: Number) -> tuple[Floats, Floats]:
    """Two coordinates in the frame of a turned thing."""
    turn = math.radians(thing.turn)
    cos, sin = np.float32(math.cos(turn)), np.float32(math.sin(turn))
    return np.asarray(cos * x + sin * y, np.float32), np.asarray(cos * y - sin * x, np.float32)


# Shadows on the floor: of a convex thing, from a point, a convex polygon.


@cache
def _circle(count: int) -> NDArray[np.float64]:
    """float64[count, 2]."""
    turns = np.arange(count) * (2 * np.pi / count)
    return np.stack([np.cos(turns), np.sin(turns)], -1)


def _lamps(scene: SolidScene) -> NDArray[np.float64]:
    """Points of the lamp, then of the sky, float64[K, 3]."""
    light, lamp = scene.light, np.array(scene.light.lamp)
    toward = lamp / np.linalg.norm(lamp)
    disc = _circle(_KEYS) * np.where(np.arange(_KEYS) % 2, 0.9, 0.45)[:, None] * light.spread
    keys = lamp + disc @ _square_to(toward)
    skies = np.concatenate([_circle(_SKIES) * 9.0, np.full((_SKIES, 1), 9.0)], -1)
    return np.concatenate([keys, skies])


def _square_to(toward: NDArray[np.float64]) -> NDArray[np.float64]:
    """Two unit vectors that are square to a unit vector [..., 3] and to each other, [..., 2, 3]."""
    x, y, z = toward[..., 0], toward[..., 1], toward[..., 2]
    flat = np.hypot(x, y)
    across = [-y / flat, x / flat, 0 * z]
    over = [-z * x / flat, -z * y / flat, flat]
    return np.stack([np.stack(across, -1), np.stack(over, -1)], -2)


def _outlines(thing: Solid, lamps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points [K or 1, 2 * _ROUND, 3] whose shadows from each lamp have the thing's shadow as their hull."""
    middle = np.array([thing.x, thing.y, thing.half])
    if thing.shape == "sphere":
        toward = lamps - middle
        toward /= np.sqrt((toward**2).sum(-1, keepdims=True))
        return np.asarray(middle + thing.half * (_circle(2 * _ROUND) @ _square_to(toward)))
    turn = math.radians(thing.turn)
    cos, sin = math.cos(turn), math.sin(turn)
    turned = _upright(thing.shape) @ np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    return np.asarray(middle + thing.half * turned)[None]


@cache
def _upright(shape: str) -> NDArray[np.float64]:
    """Corners [2 * _ROUND, 3] of a cylinder or a cube whose half height is 1, foot first."""
    corners = np.repeat([[1, 1], [-1, 1], [-1, -1], [1, -1]], _ROUND // 4, 0)
    foot = _circle(_ROUND) if shape == "cylinder" else corners
    ends = np.repeat([-1.0, 1.0], _ROUND)[:, None]
    return np.concatenate([np.tile(foot, (2, 1)), ends], -1)


def _shade(scene: SolidScene, side: int) -> tuple[Floats, Floats]:
    """The parts of the lamp and of the sky that reach the floor, float32[side, side] each."""
    lamps = _lamps(scene)
    outlines = np.empty((len(scene.things), len(lamps), 2 * _ROUND, 3))
    for outline, thing in zip(outlines, scene.things, strict=True):
        outline[:] = _outlines(thing, lamps)
    height, high = outlines[..., 2:], lamps[:, None, 2:]
    seen, _ = scene.eye.project(outlines + (outlines - lamps[:, None]) * (height / (high - height)))
    corners = np.rint((seen * side - 0.5) * (1 << _SHIFT)).astype(np.int32, order="C")
    masks = np.zeros((len(lamps), side, side), np.uint8)
    for thing, polygons in zip(scene.things, corners, strict=True):
        for mask, polygon in zip(masks, polygons, strict=True):
            hull = polygon if thing.shape == "sphere" else cv2.convexHull(polygon)
            cv2.fillConvexPoly(mask, hull, 1, cv2.LINE_8, _SHIFT)
    key, sky = masks[:_KEYS].sum(0, dtype=np.uint8), masks[_KEYS:].sum(0, dtype=np.uint8)
    parts = (key / np.float32(_KEYS), side / 300), (sky / np.float32(_SKIES), side / 40)
    lamp, around = (_softened(1 - np.asarray(hidden), sigma) for hidden, sigma in parts)
    return lamp, around


def _softened(light: Floats, sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(light, (0, 0), sigma), np.float32)


def _floor(scene: SolidScene, side: int) -> Floats:
    """The floor as it is shown, float32[side, side, 3]: brightest in the middle, darker in the distance."""
    light = scene.light
    dx, dy, dz = _rays(scene, side, 1)
    far = -scene.eye.place[2] / dz
    x, y = dx * far + np.float32(scene.eye.place[0]), dy * far + np.float32(scene.eye.place[1])
    pool = 1 / (1 + (x * x + (y - 1) ** 2) * np.float32(1 / 180))
    key, sky = _shade(scene, side)
    lamp = np.array(light.lamp)
    reach = light.key * lamp[2] / np.linalg.norm(lamp)
    lit = (key * np.float32(reach) + sky * np.float32(light.sky)) * pool
    shown = np.sqrt(lit * np.float32(1 / (reach + light.sky))) * np.float32(light.floor)
    return np.asarray(cv2.merge([shown * np.float32(tint) for tint in light.tint]))


# The things themselves.


@dataclass(frozen=True, kw_only=True)
class _Points:
    """Where rays meet things, thing after thing: coordinates and outward normals float32[3, N]."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    places: Floats
    normals: Floats
    rays: Floats
    owners: NDArray[np.uint8]
    parts: tuple[slice, ...]


def _points(scene: SolidScene, view: View) -> _Points:
    """The points of all things that are seen."""
    at = np.flatnonzero(view.ids)
    at = at[np.argsort(view.ids.ravel()[at], kind="stable")]
    rows, columns = np.divmod(at, len(view.ids))
    owners, depth = view.ids.ravel()[at], view.depth.ravel()[at]
    dx, dy, dz = _rays(scene, len(view.ids) // 2)
    rays = np.stack([dx[0, columns], dy[rows, 0], dz[rows, 0]])
    places = rays * depth + np.array(scene.eye.place, np.float32)[:, None]
    ends = np.cumsum([0, *view.visible]).tolist()
    parts = tuple(slice(a, b) for a, b in pairwise(ends))
    normals = np.empty_like(places)
    for thing, part in zip(scene.things, parts, strict=True):
        _set_normals(thing, places[:, part], normals[:, part])
    return _Points(
        rows=rows, columns=columns, places=places, normals=normals, rays=rays, owners=owners, parts=parts
    )


def _set_normals(thing: Solid, places: Floats, normals: Floats) -> None:
    """Write the outward normals of points on a thing, float32[3, n] both."""
    middle = np.array([[thing.x], [thing.y], [thing.half]], np.float32)
    off = (places - middle) / np.float32(thing.half)
    if thing.shape == "cylinder":
        across = np.sqrt(_dot(off[:2], off[:2]))
        normals[2] = _rounded(off[2])
        normals[:2] = off[:2] * (_rounded(across) / np.maximum(across, np.float32(1e-6)))
    elif thing.shape == "cube":
        x, y = _turned(thing, off[0], off[1])
        normals[:2] = _turned(replace(thing, turn=-thing.turn), _rounded(x), _rounded(y))
        normals[2] = _rounded(off[2])
    else:
        normals[:] = off
    normals /= np.sqrt(_dot(normals, normals))


def _rounded(off: Floats) -> Floats:
    """What a side adds to the normal, `off` (-1..1) from the middle: it bulges, and its edges are round."""
    edge = np.maximum(np.abs(off) - np.float32(1 - _BEVEL), 0) / np.float32(_BEVEL)
    return np.asarray(np.copysign(edge, off) + np.float32(_BULGE) * off)


def _lit(scene: SolidScene, points: _Points, toward: Floats) -> NDArray[np.bool_]:
    """Whether nothing stands between points and the lamp, bool[N]; `toward` are rays to it, float32[3, N]."""
    lit = np.ones(len(points.owners), np.bool_)
    for thing, part in zip(scene.things, points.parts, strict=True):
        for other in _casters(scene, thing):
            near, far = _crossing(other, _three(points.places[:, part]), _three(toward[:, part]))
            lit[part] &= ~((near < far) & (far > 0))
    return lit


def _three(points: Floats) -> tuple[Floats, Floats, Floats]:
    return points[0], points[1], points[2]


def _casters(scene: SolidScene, thing: Solid) -> list[Solid]:
    """The things that could stand between a thing and the lamp: balls around both meet along the way."""
    x, y, z = scene.light.lamp
    way = (x - thing.x, y - thing.y, z - thing.half)
    length = math.hypot(*way)
    found = []
    for other in scene.things:
        off = (other.x - thing.x, other.y - thing.y, other.half - thing.half)
        along = sum(a * b for a, b in zip(way, off, strict=True)) / length
        room = 1.25 * (thing.radius + other.radius) + 0.1 * scene.light.spread * max(along, 0)
        if other is not thing and along > 0 and math.hypot(*off) ** 2 - along**2 < room**2:
            found.append(other)
    return found


def _shown(scene: SolidScene, points: _Points, floor: Floats) -> Floats:
    """What is shown at the points of things, float32[N, 3]."""
    metal = np.array([False, *(t.material == "metal" for t in scene.things)])[points.owners]
    paints = np.array([(0, 0, 0), *(PAINTS[t.colour] for t in scene.things)], np.float32).T / 255
    paint = np.take(paints ** np.float32(_DEEPEN), points.owners, 1)
    toward, ray = _unit(_toward_lamp(scene, points)), _unit(points.rays)
    facing = np.maximum(_dot(toward, points.normals), 0) * _lit(scene, points, toward)
    light = np.float32(scene.light.key) * facing + _around(scene, points)
    mirrored = ray - 2 * _dot(ray, points.normals) * points.normals
    lobe = np.maximum(_dot(mirrored, toward), 0) * (facing > 0)
    shown = paint * light + _power(lobe, 3) * np.float32(0.06)
    at = np.nonzero(metal)[0]
    world = _mirrored(scene, np.take(points.places, at, 1), np.take(mirrored, at, 1), floor)
    glint = _power(lobe[at], 6) * np.float32(0.9)
    tinted = np.take(paint, at, 1) * (np.float32(0.15) * light[at] + np.float32(0.92) * world)
    shown[:, at] = tinted + np.float32(0.08) * world + glint
    return np.asarray(np.sqrt(np.minimum(shown, 1)).T)


def _around(scene: SolidScene, points: _Points) -> Floats:
    """Light from the sky and, upwards, from the floor: little where a thing stands on it. float32[N]."""
    low = np.minimum(points.places[2] * np.float32(0.5) + np.float32(0.5), 1)
    facing = np.float32(0.75) + np.float32(0.25) * points.normals[2]
    return np.asarray(np.float32(scene.light.sky) * low * facing)


def _toward_lamp(scene: SolidScene, points: _Points) -> Floats:
    """Rays to the lamp, float32[3, N]: the four rays of a pixel aim at four points of it."""
    lamps = np.ascontiguousarray(_lamps(scene)[1:_KEYS:3].T, np.float32)
    return np.asarray(np.take(lamps, 2 * (points.rows & 1) + (points.columns & 1), 1) - points.places)


def _mirrored(scene: SolidScene, places: Floats, rays: Floats, floor: Floats) -> Floats:
    """The light along mirrored rays, float32[n]: of the sky, or of the floor as it is shown."""
    rise = rays[2]
    world = np.float32(0.2) + np.float32(0.6) * np.maximum(rise, 0)
    down = np.nonzero(rise < -0.02)[0]
    fallen = np.take(places, down, 1) - np.take(rays, down, 1) * (places[2, down] / rise[down])
    seen, depth = scene.eye.project(fallen.T)
    cells = np.clip(seen * len(floor), 0, len(floor) - 1).astype(np.intp)
    tone = floor[cells[:, 1], cells[:, 0], 1]
    world[down] = np.where(depth > 0.5, np.float32(0.8) * tone * tone, np.float32(0.2))
    flat = rays[:2] / np.sqrt(_dot(rays[:2], rays[:2]) + np.float32(1e-6))
    level = (1 - rise * rise) ** 2
    for window in _WINDOWS:
        bright = np.maximum(np.array(window, np.float32) @ flat - np.float32(0.86), 0)
        world += np.minimum(bright * np.float32(11), 1) * np.float32(0.7) * level
    return np.asarray(world)


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("in,in->n", a, b))


def _unit(rays: Floats) -> Floats:
    return np.asarray(rays / np.sqrt(_dot(rays, rays)))


def _power(values: Floats, doublings: int) -> Floats:
    """Each value to the power of 2 ** doublings."""
    for _ in range(doublings):
        values = values * values
    return values
