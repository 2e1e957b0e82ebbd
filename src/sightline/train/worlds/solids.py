"""Solids: three to ten cubes, spheres and cylinders on a floor, seen by a camera (CLEVR's vocabulary).

The floor is the plane z = 0: x to the camera's right, y away from the camera, z up. Lengths are in CLEVR's
units (a large sphere has the radius 0.7), angles in degrees. So `left` is a smaller x and `in front` a
smaller y. Any two things differ by `MARGIN` along both, and stand in the picture in the same order.

Never trained on, so that they measure generalisation: the (colour, shape) pairs of `HELD_OUT`, and the
layouts of `HELD_OUT_LAYOUTS`. Each scene of `split="heldout"` shows such a pair, and half of them a layout.

Source of sizes, margins, colours: Johnson et al. 2017, CLEVR, and its public generator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.scenes import RGB

Vector = tuple[float, float, float]

SHAPES = ("cube", "sphere", "cylinder")
MATERIALS = ("rubber", "metal")
SIZES = ("small", "large")
PAINTS: dict[str, RGB] = {
    "gray": (87, 87, 87),
    "red": (173, 35, 35),
    "blue": (42, 75, 215),
    "green": (29, 105, 20),
    "brown": (129, 74, 25),
    "purple": (129, 38, 192),
    "cyan": (41, 208, 208),
    "yellow": (255, 238, 51),
}
COLOURS = tuple(PAINTS)
RADII = {"small": 0.35, "large": 0.7}
"""Radius of the circle that a thing stands within. A cube's half edge is this over the root of two."""

HELD_OUT: frozenset[tuple[str, str]] = frozenset(
    {("brown", "cylinder"), ("cyan", "cube"), ("purple", "sphere"), ("yellow", "cylinder")}
)
TRAIN_LAYOUTS = ("scatter", "clusters")
HELD_OUT_LAYOUTS = ("ring", "row")

MARGIN = 0.4
"""Two things lie at least this far apart along x, and along y."""
GAP = 0.25
"""Free floor between the circles that two things stand within."""
CORNERS = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1]), -1).reshape(-1, 3)
"""Of the unit cube, int64[8, 3]."""


@dataclass(frozen=True, kw_only=True)
class Solid:
    """One thing. (x, y) is the middle of its foot; `turn` is its rotation about the vertical, in degrees."""

    shape: str
    colour: str
    material: str
    size: str
    x: float
    y: float
    turn: float = 0.0

    @property
    def radius(self) -> float:
        """Of the circle that it stands within."""
        return RADII[self.size]

    @property
    def half(self) -> float:
        """Half its height."""
        return self.radius / 2**0.5 if self.shape == "cube" else self.radius


@dataclass(frozen=True, kw_only=True)
class Eye:
    """The camera: `away` from the floor point (x, y) that it looks at, `pitch` degrees downwards.

    `zoom` is the focal length in half sides of the picture, which is square.
    """

    x: float = 0.0
    y: float = 0.0
    away: float = 11.3
    pitch: float = 32.0
    zoom: float = 2.7

    @property
    def slope(self) -> tuple[float, float]:
        """Cosine and sine of the pitch."""
        pitch = math.radians(self.pitch)
        return math.cos(pitch), math.sin(pitch)

    @property
    def place(self) -> Vector:
        """Where it is."""
        cos, sin = self.slope
        return self.x, self.y - self.away * cos, self.away * sin

    def project(self, points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where points [..., 3] are seen, [..., 2] in fractions of the side from the top left, and how deep.

        Depth [...] is along the axis of the camera.
        """
        (cos, sin), place = self.slope, self.place
        right, ahead, up = points[..., 0] - place[0], points[..., 1] - place[1], points[..., 2] - place[2]
        depth = ahead * cos - up * sin
        scale = self.zoom / 2 / depth
        seen = np.stack([right * scale + 0.5, 0.5 - (ahead * sin + up * cos) * scale], -1)
        return seen, depth


@dataclass(frozen=True, kw_only=True)
class Light:
    """One lamp at `lamp`, `spread` wide (its radius), and light from all around.

    `key` and `sky` are the strengths of the two; `floor` is the floor's brightness, and `tint` its colour.
    """

    lamp: Vector = (-5.0, -6.0, 9.0)
    spread: float = 1.2
    key: float = 0.8
    sky: float = 0.4
    floor: float = 0.6
    tint: Vector = (1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class SolidScene:
    """Things on a floor, what they are seen by and lit by. `layout` names how they were placed."""

    things: tuple[Solid, ...]
    eye: Eye = Eye()
    light: Light = Light()
    layout: str = "scatter"


def holds_held_out_pair(scene: SolidScene) -> bool:
    """Whether the scene shows a (colour, shape) pair that is never trained on."""
    return any((thing.colour, thing.shape) in HELD_OUT for thing in scene.things)


def holds_held_out(scene: SolidScene) -> bool:
    """Whether the scene shows a (colour, shape) pair or a layout that is never trained on."""
    return holds_held_out_pair(scene) or scene.layout in HELD_OUT_LAYOUTS
