"""How solids are placed, seen and lit: scenes whose things can all be told apart.

Along x and along y no two things are near, so that left, right, in front and behind are never in doubt; no
two touch; each is wholly in the picture, and enough of it is not hidden, which the id map says.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.solid_render import trace
from sightline.train.worlds.solids import (
    COLOURS,
    CORNERS,
    GAP,
    HELD_OUT,
    HELD_OUT_LAYOUTS,
    MARGIN,
    MATERIALS,
    RADII,
    SHAPES,
    TRAIN_LAYOUTS,
    Eye,
    Light,
    Solid,
    SolidScene,
    holds_held_out_pair,
)

LEAST_SHARE, LEAST_AREA = 0.4, 0.0026
"""At least this share of each thing is not hidden, and fills this part of the picture (CLEVR's 200 px)."""

_SIDEWAYS = 0.03  # of the picture's side: the least distance between two things' feet from left to right
_EDGE = 0.005  # of the side: from any thing to the picture's edge
_NEAR, _BEYOND = -3.7, 5.0  # the floor's y that things stand between
_CANDIDATES = 160
_JUDGED_AT = 64  # px: the side at which the id map is made that says what is hidden


def make_solids(rng: np.random.Generator, *, split: Split = "train") -> SolidScene:
    """3 to 10 things that can all be told apart, wholly in the picture and none of them much hidden."""
    while True:
        scene = _draw(rng, split)
        scene = _without_hidden(scene)
        if len(scene.things) >= 3 and (split == "train" or holds_held_out_pair(scene)):
            return scene


def _draw(rng: np.random.Generator, split: Split) -> SolidScene:
    layout = pick(rng, HELD_OUT_LAYOUTS if split == "heldout" and chance(rng, 0.5) else TRAIN_LAYOUTS)
    eye = _eye(rng)
    places = _places(rng, eye, layout)
    names = _names(rng, len(places), split)
    things = tuple(
        Solid(
            colour=colour,
            shape=shape,
            material=pick(rng, MATERIALS),
            size=size,
            x=x,
            y=y,
            turn=rng.random() * 90,
        )
        for (colour, shape), (x, y, size) in zip(names, places, strict=True)
    )
    return SolidScene(things=things, eye=eye, light=_light(rng), layout=layout)


def _without_hidden(scene: SolidScene) -> SolidScene:
    """The scene without the things of which too little is seen. That only uncovers the others."""
    view = trace(scene, _JUDGED_AT)
    area = (2 * _JUDGED_AT) ** 2
    seen = (view.visible >= LEAST_SHARE * view.whole) & (view.visible >= LEAST_AREA * area)
    return replace(scene, things=tuple(t for t, is_seen in zip(scene.things, seen, strict=True) if is_seen))


def _eye(rng: np.random.Generator) -> Eye:
    """A camera that sees no horizon."""
    x, y = rng.uniform(-0.4, 0.4, 2).tolist()
    away, pitch, zoom = rng.uniform((10.6, 28, 2.6), (12.0, 40, 2.85)).tolist()
    return Eye(x=x, y=y, away=away, pitch=pitch, zoom=zoom)


def _light(rng: np.random.Generator) -> Light:
    around, height = np.deg2rad(rng.uniform((-160, 40), (-20, 60)))
    flat = 11 * np.cos(height)
    lamp = (float(flat * np.cos(around)), float(flat * np.sin(around)), float(11 * np.sin(height)))
    spread, key, sky, floor = rng.uniform((0.7, 0.7, 0.34, 0.52), (1.6, 0.95, 0.48, 0.7)).tolist()
    r, g, b = rng.uniform(0.97, 1.03, 3).tolist()
    return Light(lamp=lamp, spread=spread, key=key, sky=sky, floor=floor, tint=(r, g, b))


def _names(rng: np.random.Generator, count: int, split: Split) -> list[tuple[str, str]]:
    """(colour, shape) of each thing. Two scenes in five draw from a small palette, so that counts grow."""
    colours: tuple[str, ...] = COLOURS
    shapes: tuple[str, ...] = SHAPES
    if chance(rng, 0.4):
        colours = tuple(shuffled(rng, COLOURS)[: span(rng, 2, 4)])
        shapes = tuple(shuffled(rng, SHAPES)[: span(rng, 1, 3)])
    pairs = [(c, s) for c in colours for s in shapes if split == "heldout" or (c, s) not in HELD_OUT]
    pairs = pairs or [("gray", "cube")]
    names = [pick(rng, pairs) for _ in range(count)]
    if split == "heldout" and HELD_OUT.isdisjoint(names):
        names[span(rng, 0, count - 1)] = pick(rng, sorted(HELD_OUT))
    return names


def _candidates(rng: np.random.Generator, eye: Eye, layout: str) -> NDArray[np.float64]:
    """Floor points to try in turn, float64[K, 2]."""
    many, middle = _CANDIDATES, np.array([eye.x, (_NEAR + _BEYOND) / 2])
    if layout == "clusters":
        centres = rng.uniform((eye.x - 3, _NEAR + 1), (eye.x + 3, _BEYOND - 1), (span(rng, 2, 3), 2))
        floor = centres[rng.integers(0, len(centres), many)] + rng.normal(0, 1.1, (many, 2))
    elif layout == "ring":
        turns, reach = rng.random(many) * 2 * np.pi, rng.uniform((2.6, 2.8), (3.4, 3.9))
        floor = middle + np.stack([np.cos(turns), np.sin(turns)], -1) * reach
    elif layout == "row":
        along, slope = rng.uniform(-4.5, 4.5, (many, 1)), rng.uniform(0.5, 1.4) * pick(rng, (-1, 1))
        floor = middle + along * np.array([1, slope]) / np.hypot(1, slope)
    else:
        # Half way to even over the picture: far floor takes up less of it.
        y = _NEAR + (_BEYOND - _NEAR) * rng.random(many) ** 1.4
        reach = (eye.away + (y - eye.y) * eye.slope[0]) / eye.zoom
        return np.stack([eye.x + rng.uniform(-1, 1, many) * reach, y], -1)
    return np.asarray(floor + rng.normal(0, 0.06, (many, 2)))


def _places(rng: np.random.Generator, eye: Eye, layout: str) -> list[tuple[float, float, str]]:
    """(x, y, size) of up to ten things, as many as drawn or as find room."""
    floor, wanted = _candidates(rng, eye, layout), min(span(rng, 3, 12), 10)
    large = rng.random(_CANDIDATES) < rng.uniform(0.2, 0.8)
    radius = np.where(large, RADII["large"], RADII["small"])
    across, free = _framed(eye, floor, radius)
    placed: list[tuple[float, float, str]] = []
    while len(placed) < wanted and free.any():
        at = int(free.argmax())
        placed.append((float(floor[at, 0]), float(floor[at, 1]), "large" if large[at] else "small"))
        apart = np.abs(floor - floor[at])
        free &= (apart > MARGIN).all(-1) & (np.hypot(*apart.T) > radius + radius[at] + GAP)
        free &= (across - across[at]) * np.sign(floor[:, 0] - floor[at, 0]) > _SIDEWAYS
    return placed


def _framed(
    eye: Eye, floor: NDArray[np.float64], radius: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Where feet [K, 2] are seen from left (0) to right (1), and whether the picture holds each thing."""
    feet = np.concatenate([floor, np.zeros((len(floor), 1))], 1)
    reach = radius[:, None, None] * (2 * CORNERS - (1, 1, 0))
    seen, _ = eye.project(feet[:, None] + reach)
    inside = ((seen > _EDGE) & (seen < 1 - _EDGE)).all((1, 2))
    return eye.project(feet)[0][:, 0], inside & (floor[:, 1] > _NEAR) & (floor[:, 1] < _BEYOND)
