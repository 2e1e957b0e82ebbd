"""Grids of 3 x 3 cells with small coloured shapes, and chained questions about who is whose neighbour.

The look and the questions' language are those of SHAPES (Andreas et al., CVPR 2016): `is a red shape left of
a circle` asks whether a red shape stands in the cell next to a circle's, on its left; `is a square blue`
whether one shape is both.

Never trained on: the (colour, shape, size) triples of `HELD_OUT` and the layouts of `HELD_OUT_LAYOUTS` (which
cells are empty). `split="heldout"` shows one or the other in each grid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.errors import QuestionError
from sightline.train.worlds.dice import chance, pick, span, weighted
from sightline.train.worlds.panel_draw import fill_shape
from sightline.train.worlds.phrasing import Phrasebook
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scenes import RGB, Split

SIDE = 3
CELL = 10
"""Side of a cell, px."""
COLOURS: dict[str, RGB] = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
SHAPES = ("circle", "square", "triangle")
SIZES = (4.6, 8.0)
"""Sides of a small and of a large shape, px."""
Step = tuple[int, int]
STEPS: dict[str, Step] = {"left of": (0, -1), "right of": (0, 1), "above": (-1, 0), "below": (1, 0)}
"""Relation -> the step in rows and columns from a cell to the one that is so."""

HELD_OUT: frozenset[tuple[str, str, float]] = frozenset(
    {("red", "circle", 8.0), ("green", "triangle", 4.6), ("blue", "square", 4.6)}
)
HELD_OUT_LAYOUTS: frozenset[frozenset[int]] = frozenset(
    {frozenset({4}), frozenset({0, 8}), frozenset({2, 6}), frozenset({1, 7}), frozenset({3, 5})}
)
_PER_GRID = 4
_GRIDS = 60


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One shape: `size` in px of its cell, and the colour that it is painted with."""

    shape: str
    colour: str
    size: float
    ink: RGB


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Nine cells, row by row; an empty one is None. `scale` in px of image a px."""

    cells: tuple[Mark | None, ...]
    scale: int = 1


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Whether a cell fits `subject` and, by way of `relations`, leads to one that fits `target`."""

    subject: str
    relations: tuple[str, ...]
    target: str

    def holds(self, grid: Grid) -> bool:
        """Whether there is such a cell."""
        there = _cells(grid, self.target)
        for relation in reversed(self.relations):
            there = _moved(there, STEPS[relation])
        return bool((_cells(grid, self.subject) & there).any())

    def because(self, grid: Grid) -> str:
        """The cells that are found on the way, from the target back."""
        there = _cells(grid, self.target)
        said = [f"{self.target}: {_places(there)}"]
        for relation in reversed(self.relations):
            there = _moved(there, STEPS[relation])
            said.append(f"{relation}: {_places(there)}")
        return "; ".join([*said, f"{self.subject}: {_places(_cells(grid, self.subject))}"])


PHRASES = Phrasebook(
    train={
        "grid is": (
            "Is {a} {b}?",
            "Is there {a} that is {b}?",
            "[Can you see|Do you see] {a} that is {b}?",
            "[True or false|Yes or no]: {a} is {b}.",
        ),
        "grid next": (
            "Is {a} {r} {b}?",
            "Is {a} {r} {b}?",
            "Is there {a} {r} {b}?",
            "[Can you see|Do you see] {a} [right next to and|just] {r} {b}?",
            "[True or false|Yes or no]: {a} is {r} {b}.",
        ),
    },
    held_out={
        "grid is": ("Does the grid hold {a} which is {b}?", "Would you call any of these both, {a} and {b}?"),
        "grid next": ("Does {a} come {r} {b}?", "Does the grid hold {a} {r} {b}?"),
    },
)


def shapes_grid_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """A grid and questions about it; the state is the `Grid`."""
    chain = _chain(rng)
    found: dict[bool, Grid] = {}
    while len(found) < 2:
        found = {}
        for _ in range(_GRIDS):
            grid = make_grid(rng, split)
            found.setdefault(chain.holds(grid), grid)
            if len(found) == 2:
                break
        chain = chain if len(found) == 2 else _chain(rng)
    grid = replace(found[chance(rng, 0.5)], scale=pick(rng, (1, 4, 8)))
    further = (_further(rng, grid) for _ in range(_PER_GRID - 1))
    asked = tuple(_asked(rng, c, grid, split) for c in (chain, *further) if c)
    return Sample(draw=lambda: (draw_grid(grid),), asked=asked, state=grid)


def make_grid(rng: np.random.Generator, split: Split = "train") -> Grid:
    """Five to nine shapes in their cells."""
    while True:
        empty = frozenset(rng.permutation(SIDE * SIDE)[: span(rng, 0, 4)].tolist())
        if split == "heldout" and chance(rng, 0.5):
            empty = pick(rng, sorted(HELD_OUT_LAYOUTS, key=sorted))
        grid = Grid(cells=tuple(None if n in empty else _mark(rng) for n in range(SIDE * SIDE)))
        if holds_held_out(grid) == (split == "heldout"):
            return grid


def holds_held_out(grid: Grid) -> bool:
    """Whether a held-out triple or layout is in the grid."""
    empty = frozenset(n for n, mark in enumerate(grid.cells) if mark is None)
    triples = {(mark.colour, mark.shape, mark.size) for mark in grid.cells if mark}
    return empty in HELD_OUT_LAYOUTS or not HELD_OUT.isdisjoint(triples)


def is_held_out(family: str, text: str) -> bool:
    """Whether the text is a held-out wording of the family (`grid_is` or `grid_next`)."""
    return PHRASES.is_held_out(family.replace("_", " "), text)


def draw_grid(grid: Grid) -> NDArray[np.uint8]:
    """uint8[30 * scale, 30 * scale, 3] RGB: shapes on black."""
    over = grid.scale * 4
    canvas = np.zeros((SIDE * CELL * over, SIDE * CELL * over, 3), np.uint8)
    for n, mark in enumerate(grid.cells):
        if mark:
            x, y = (n % SIDE + 0.5) * CELL, (n // SIDE + 0.5) * CELL
            half = mark.size / 2
            fill_shape(canvas, mark.shape, (x - half, y - half, x + half, y + half), mark.ink, over)
    side = SIDE * CELL * grid.scale
    return np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


_RELATION = re.compile("|".join(STEPS))


def read_question(text: str) -> Chain:
    """The chain that a question of the language of SHAPES asks for.

    Raises:
        QuestionError: the text is no such question.
    """
    words = " ".join(text.lower().rstrip(" ?.").split())
    known = rf"(?:{'|'.join(COLOURS)})(?: shape)?|{'|'.join(SHAPES)}|shape"
    form = rf"is an? ({known})((?: (?:{'|'.join(STEPS)}))*)(?: an?)? ({known})"
    match = re.fullmatch(form, words)
    if not match:
        raise QuestionError(f"no reading for the question: {text}")
    subject, relations, target = match.groups()
    return Chain(subject=_bare(subject), relations=tuple(_RELATION.findall(relations)), target=_bare(target))


def _bare(noun: str) -> str:
    return noun.removesuffix(" shape")


def _cells(grid: Grid, word: str) -> NDArray[np.bool_]:
    """bool[3, 3]: the cells whose shape is or has the word; any shape is a `shape`."""
    fits = [mark is not None and word in (mark.shape, mark.colour, "shape") for mark in grid.cells]
    return np.array(fits).reshape(SIDE, SIDE)


def _moved(cells: NDArray[np.bool_], step: Step) -> NDArray[np.bool_]:
    """The cells that lie a step from the given ones."""
    padded = np.zeros((SIDE + 2, SIDE + 2), np.bool_)
    padded[1:-1, 1:-1] = cells
    down, right = 1 - step[0], 1 - step[1]
    return padded[down : down + SIDE, right : right + SIDE]


def _places(cells: NDArray[np.bool_]) -> str:
    rows, columns = np.nonzero(cells)
    places = (f"{r + 1},{c + 1}" for r, c in zip(rows.tolist(), columns.tolist(), strict=True))
    return " ".join(places) or "none"


def _mark(rng: np.random.Generator) -> Mark:
    colour = pick(rng, tuple(COLOURS))
    r, g, b = (
        span(rng, 225, 255) if v else (span(rng, 0, 45) if chance(rng, 0.6) else 0) for v in COLOURS[colour]
    )
    return Mark(shape=pick(rng, SHAPES), colour=colour, size=pick(rng, SIZES), ink=(r, g, b))


def _chain(rng: np.random.Generator) -> Chain:
    words = (*COLOURS, *SHAPES)
    steps = weighted(rng, {0: 0.2, 1: 0.45, 2: 0.35})
    subject = pick(rng, words)
    # What is red cannot be blue, nor a circle a square: such a question is asked of neighbours alone.
    others = SHAPES if subject in COLOURS else tuple(COLOURS)
    return Chain(
        subject=subject,
        relations=tuple(pick(rng, tuple(STEPS)) for _ in range(steps)),
        target=pick(rng, words if steps else others),
    )


def _further(rng: np.random.Generator, grid: Grid) -> Chain | None:
    """A chain of a drawn length that holds, or does not, as a coin wants it."""
    found: dict[tuple[int, bool], Chain] = {}
    for _ in range(24):
        chain = _chain(rng)
        found.setdefault((len(chain.relations), chain.holds(grid)), chain)
    lengths = [n for n in range(3) if (n, True) in found and (n, False) in found]
    return found[pick(rng, lengths), chance(rng, 0.5)] if lengths else None


def _asked(rng: np.random.Generator, chain: Chain, grid: Grid, split: Split) -> Asked:
    key = "grid next" if chain.relations else "grid is"
    slots: dict[str, object] = {"a": _noun(chain.subject), "b": _noun(chain.target)}
    slots["r"] = " ".join(chain.relations)
    if not chain.relations and chain.target in COLOURS:
        slots["b"] = chain.target
    question, wording = PHRASES.word(rng, key, split, slots)
    answer = "yes" if chain.holds(grid) else "no"
    return Asked(
        question=question,
        answer=answer,
        family=key.replace(" ", "_"),
        thought=f"{chain.because(grid)}: {answer}.",
        wording=wording,
    )


def _noun(word: str) -> str:
    return f"a {word} shape" if word in COLOURS else f"a {word}"
