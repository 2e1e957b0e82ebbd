"""Drawings of shapes as lists of things: scenes, crowds, grids, three boxes in a row, one shape alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.random import Generator

from sightline.tools.words import plural
from sightline.train.symbolic.episode import Episode
from sightline.train.symbolic.object_questions_all import BOXES, DRAWN, ONE_SHAPE, Family, episode_of
from sightline.train.symbolic.object_wordings import lists
from sightline.train.symbolic.objects import (
    DRAWN_WORDS,
    SHAPES,
    Noun,
    Picture,
    Stage,
    Words,
    detection,
    new_frame,
    ordered,
    scattered,
    some_lines,
)
from sightline.train.symbolic.photos import generic_noun
from sightline.train.worlds.dice import chance, pick, shuffled, span, weighted
from sightline.train.worlds.nouns import TRAIN_NOUNS
from sightline.types import Box, Detection

COLORS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "gray", "white")
SIDES = (96, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640)
SYNONYMS = {
    "circle": ("disc", "disk"),
    "cross": ("plus", "plus sign"),
    "diamond": ("rhombus",),
    "square": ("box",),
}
UNKNOWN_SHAPES = lists("unknown in drawings")[""]
UNKNOWN = (
    *UNKNOWN_SHAPES * 3,
    *("dog", "cat", "person", "car", "tree", "house", "bird", "flower", "apple", "ball"),
    *TRAIN_NOUNS[:60],
)
SOLIDS = ("cube", "sphere", "cylinder")

LINES = lists("print in drawings")[""]


def scene_episode(rng: Generator) -> Episode:
    """An episode over a drawing of shapes."""
    stage, families = scene_stage(rng)
    return episode_of(stage, families)


def scene_stage(rng: Generator) -> tuple[Stage, Mapping[Family, float]]:
    """A drawing and the families of questions that fit it."""
    kind = weighted(
        rng, {"scene": 0.5, "crowd": 0.1, "grid": 0.12, "boxes": 0.13, "one": 0.07, "solids": 0.08}
    )
    if kind == "one":
        return _scene(rng, 1), ONE_SHAPE
    if kind == "grid":
        return _grid(rng), DRAWN
    if kind == "boxes":
        return _boxes(rng), BOXES
    if kind == "solids":
        return _solids(rng), DRAWN
    most = span(rng, 11, 25) if kind == "crowd" else span(rng, 2, 10)
    return _scene(rng, most), DRAWN


def _palette(rng: Generator, options: Sequence[str], few: float = 0.45) -> Sequence[str]:
    """All of the options, or a few of them, so that counts grow."""
    return shuffled(rng, options)[: span(rng, 1, 3)] if chance(rng, few) else options


def _scene(rng: Generator, number: int) -> Stage:
    side = pick(rng, SIDES)
    wide = chance(rng, 0.25)
    frame = new_frame(rng, int(side * 1.5) if wide else side, side)
    ground = pick(rng, ("white",) * 6 + ("gray", "yellow", "pink", "black", "black", "blue"))
    colors = [one for one in _palette(rng, COLORS) if one != ground] or ["red"]
    shapes = _palette(rng, SHAPES)
    low, high = (0.05, 0.12) if number > 10 else (0.09, 0.27)
    sides = [
        (width := side * float(rng.uniform(low, high)), width * float(rng.uniform(0.9, 1.0)))
        for _ in range(number)
    ]
    boxes = scattered(rng, frame, sides, apart=1.0)
    things = [detection(pick(rng, shapes), _sure(rng), box, pick(rng, colors)) for box in boxes]
    return _stage(rng, Picture(
        frame=frame, found=ordered(things), words=DRAWN_WORDS, medium="drawing",
        lines=some_lines(rng, LINES, 0.3), ground=ground,
    ))  # fmt: skip


def _grid(rng: Generator) -> Stage:
    """Nine cells with small shapes in red, green and blue on black."""
    scale = pick(rng, (1, 4, 8, 10))
    frame, cell = new_frame(rng, 30 * scale, 30 * scale), 10 * scale
    empty = set(rng.permutation(9)[: span(rng, 0, 5)].tolist())
    things = []
    for n in range(9):
        if n not in empty:
            half = pick(rng, (2.3, 4.0)) * scale
            x, y = (n % 3 + 0.5) * cell, (n // 3 + 0.5) * cell
            box = Box(x1=x - half, y1=y - half, x2=x + half, y2=y + half, frame=frame)
            shape = pick(rng, ("circle", "square", "triangle"))
            things.append(detection(shape, _sure(rng), box, pick(rng, ("red", "green", "blue"))))
    return _stage(rng, Picture(
        frame=frame, found=ordered(things), words=DRAWN_WORDS, medium="drawing", ground="black",
    ))  # fmt: skip


def _boxes(rng: Generator) -> Stage:
    """Three gray boxes side by side with a few small shapes in each."""
    scale = pick(rng, (1, 1, 2))
    frame = new_frame(rng, 400 * scale, 100 * scale)
    things: list[Detection] = []
    for n in range(3):
        left = (n * 150 + 0) * scale
        part = new_frame(rng, 100 * scale, 100 * scale)
        sides = [(side := float(pick(rng, (10, 20, 30)) * scale), side) for _ in range(span(rng, 1, 7))]
        for box in scattered(rng, part, sides, apart=1.0):
            moved = Box(x1=box.x1 + left, y1=box.y1, x2=box.x2 + left, y2=box.y2, frame=frame)
            shape = pick(rng, ("circle", "square", "triangle"))
            things.append(detection(shape, _sure(rng), moved, pick(rng, ("black", "blue", "yellow"))))
    return _stage(rng, Picture(
        frame=frame, found=ordered(things), words=DRAWN_WORDS, medium="drawing", ground="gray",
        lines=some_lines(rng, LINES, 0.05),
    ))  # fmt: skip


def _solids(rng: Generator) -> Stage:
    """Cubes, spheres and cylinders, found by a detector of a user."""
    frame = new_frame(rng, 480, 320)
    colors = ("gray", "red", "blue", "green", "brown", "purple", "yellow")
    sides = [
        (width := float(pick(rng, (32, 60, 85))), width * float(rng.uniform(0.9, 1.1)))
        for _ in range(span(rng, 3, 10))
    ]
    boxes = scattered(rng, frame, sides)
    things = [detection(pick(rng, SOLIDS), _sure(rng), box, pick(rng, colors)) for box in boxes]
    medium = pick(rng, ("photo", "drawing"))
    picture = Picture(
        frame=frame, found=ordered(things), words=(Words(classes=SOLIDS),),
        medium="photo" if medium == "photo" else "drawing", ground="gray",
    )  # fmt: skip
    return _stage(
        rng, picture, absent=SOLIDS, unknown=("cone", "pyramid", "dog", "car", "circle", "star", "person")
    )


def _sure(rng: Generator) -> float:
    """How sure the detector of shapes is: mostly very."""
    if chance(rng, 0.8):
        return round(float(rng.uniform(0.85, 0.99)), 3)
    return round(float(rng.uniform(0.42, 0.9)), 3)


def _stage(
    rng: Generator,
    picture: Picture,
    absent: Sequence[str] = SHAPES,
    unknown: Sequence[str] = UNKNOWN,
) -> Stage:
    missing = tuple(one for one in absent if one not in picture.labels) or tuple(absent)
    return Stage(rng=rng, picture=picture, name_of=shape_noun, absent=missing, unknown=tuple(unknown))


def shape_noun(rng: Generator, label: str) -> Noun:
    """A word for a shape: its name mostly."""
    if not label:
        return generic_noun(rng, ("thing", "object", "shape", "figure", "shape", "object"))
    name = pick(rng, SYNONYMS[label]) if label in SYNONYMS and chance(rng, 0.06) else label
    return Noun(labels=(label,), one=name, many=plural(name))
