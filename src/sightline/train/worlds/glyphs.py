"""Invented characters: a few pen strokes, written again and again by an unsteady hand.

Lengths are fractions of the image's side, x to the right and y downwards. A glyph is what all its writings
have in common; `written` moves its points, slants and scales it, so that no two writings are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.dice import chance, pick, span

Point = tuple[float, float]
Stroke = tuple[Point, ...]

APART = 0.07
"""Two glyphs of an episode are at least this far apart (see `distance`)."""
_OVER = 3
_MARGIN = 0.16
_CURVE = 14  # points between two of a stroke's


@dataclass(frozen=True, kw_only=True)
class Glyph:
    """One to four strokes, each through two to five points; a `round` one is a curve, others are straight."""

    strokes: tuple[Stroke, ...]
    round: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Pen:
    """How it is written: width of the line (fraction of the side), grey levels of ink and paper."""

    width: float = 0.035
    ink: int = 0
    paper: int = 255


def make_glyph(rng: np.random.Generator) -> Glyph:
    """Strokes that hang together: each but the first starts or bends at a point of an earlier one."""
    strokes: list[Stroke] = []
    for _ in range(span(rng, 1, 3) + int(chance(rng, 0.3))):
        points = [_free(rng) for _ in range(span(rng, 2, 4) + (not strokes))]
        if strokes and chance(rng, 0.85):
            points[span(rng, 0, len(points) - 1)] = pick(rng, pick(rng, strokes))
        strokes.append(tuple(points))
    return Glyph(strokes=_filled(strokes), round=tuple(chance(rng, 0.55) for _ in strokes))


def _filled(strokes: list[Stroke]) -> tuple[Stroke, ...]:
    """The strokes moved and scaled so that they fill the paper up to its margin."""
    points = np.concatenate([np.array(stroke) for stroke in strokes])
    low, high = points.min(0), points.max(0)
    scale = (1 - 2 * _MARGIN) / float((high - low).max())
    moved = ((np.array(stroke) - (low + high) / 2) * scale + 0.5 for stroke in strokes)
    return tuple(tuple((float(x), float(y)) for x, y in stroke) for stroke in moved)


def different_glyphs(rng: np.random.Generator, count: int) -> tuple[Glyph, ...]:
    """Glyphs that nobody mixes up."""
    glyphs: list[Glyph] = []
    points: list[NDArray[np.float64]] = []
    while len(glyphs) < count:
        glyph = make_glyph(rng)
        own = _points(glyph)
        if all(_distance(own, other) >= APART for other in points):
            glyphs.append(glyph)
            points.append(own)
    return tuple(glyphs)


def distance(a: Glyph, b: Glyph) -> float:
    """Mean distance from a point of one to the closest one of the other, both ways, in parts of the side."""
    return _distance(_points(a), _points(b))


def _points(glyph: Glyph) -> NDArray[np.float64]:
    return np.concatenate([path[::3] for path in paths(glyph)])


def _distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    gaps = np.linalg.norm(one[:, None] - other[None], axis=-1)
    return float(gaps.min(0).mean() + gaps.min(1).mean()) / 2


def written(rng: np.random.Generator, glyph: Glyph) -> Glyph:
    """The glyph as a hand writes it once more."""
    turn, slant = rng.normal(0, 0.07), rng.normal(0, 0.09)
    scale = rng.uniform(0.88, 1.08, 2)
    map_ = np.array([[np.cos(turn), np.sin(turn) + slant], [-np.sin(turn), np.cos(turn)]]) * scale
    moved = rng.normal(0, 0.03, 2)
    strokes = (np.array(s) - 0.5 for s in glyph.strokes)
    # A point that two strokes share moves with each of them on its own: hands overshoot.
    drawn = (s @ map_.T + 0.5 + moved + rng.normal(0, 0.014, s.shape) for s in strokes)
    return Glyph(strokes=tuple(tuple((float(x), float(y)) for x, y in s) for s in drawn), round=glyph.round)


def draw_glyph(glyph: Glyph, pen: Pen, side: int) -> NDArray[np.uint8]:
    """uint8[side, side, 3] RGB: the strokes on plain paper."""
    canvas = np.full((side * _OVER, side * _OVER), pen.paper, np.uint8)
    lines = [np.rint(path * side * _OVER * 16).astype(np.int32) for path in paths(glyph)]
    cv2.polylines(canvas, lines, False, pen.ink, max(round(pen.width * side * _OVER), 1), cv2.LINE_AA, 4)
    small = cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA)
    return np.repeat(np.asarray(small, np.uint8)[..., None], 3, axis=2)


def paths(glyph: Glyph) -> list[NDArray[np.float64]]:
    """The pen's way along each stroke, float64[K, 2]."""
    return [
        _curve(np.array(s)) if curved and len(s) > 2 else _straight(np.array(s))
        for s, curved in zip(glyph.strokes, glyph.round, strict=True)
    ]


def _free(rng: np.random.Generator) -> Point:
    x, y = rng.uniform(_MARGIN, 1 - _MARGIN, 2).tolist()
    return x, y


def _straight(points: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.linspace(0, 1, _CURVE)[:, None]
    parts = [a * (1 - steps) + b * steps for a, b in pairwise(points)]
    return np.concatenate(parts)


def _curve(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """A Catmull-Rom spline through the points."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = np.linspace(0, 1, _CURVE)[:, None]
    parts = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False)
    ]
    return np.concatenate(parts)
