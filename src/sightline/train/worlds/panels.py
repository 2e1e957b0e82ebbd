"""Panels: three grey boxes side by side, with scattered items or a tower of blocks in each.

A box is 100 x 100 px, x to the right and y downwards; an item's (x, y) is the upper left corner of its
square of `size` px. The look and the sizes are those of NLVR (Suhr et al., ACL 2017).

Never trained on: the (colour, shape, size) triples of `HELD_OUT` and the layouts of `HELD_OUT_LAYOUTS` (how
many items each box holds, from left to right). `split="heldout"` shows one or the other in each panel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from sightline.train.worlds.dice import chance, pick, span
from sightline.train.worlds.scenes import RGB, Split

Kind = Literal["scatter", "towers"]

BOX = 100
"""Side of a box, px."""
COLOURS = ("black", "blue", "yellow")
SHAPES = ("circle", "square", "triangle")
SIZES: dict[str, int] = {"small": 10, "medium": 20, "big": 30}
"""Name -> side in px."""
BLOCK = 20
STEP = 21
"""From one block of a tower to the next, px: blocks are a pixel apart."""
TALLEST = 4
MOST = 8
"""Items that a scattered box holds at most."""

HELD_OUT: frozenset[tuple[str, str, int]] = frozenset(
    {("black", "circle", 30), ("blue", "triangle", 20), ("yellow", "square", 10)}
)
HELD_OUT_LAYOUTS: dict[Kind, tuple[tuple[int, int, int], ...]] = {
    "scatter": ((1, 6, 2), (2, 2, 5), (3, 4, 3), (5, 1, 1), (6, 3, 7), (7, 5, 4)),
    "towers": ((1, 3, 2), (2, 4, 1), (3, 1, 3), (4, 2, 2)),
}
_GAP = 2  # px between two scattered items
_DOUBT = 4  # px: items whose tops, or bottoms, differ by less may be called level


@dataclass(frozen=True, kw_only=True)
class Item:
    """One item: lengths in px of its box."""

    shape: str
    colour: str
    size: int
    x: int
    y: int


Box = tuple[Item, ...]


@dataclass(frozen=True, kw_only=True)
class Look:
    """The paint: of the boxes, of what is between them and of each colour; `scale` in px of image a px."""

    ground: RGB = (211, 211, 211)
    between: RGB = (128, 128, 128)
    inks: tuple[RGB, ...] = ((0, 0, 0), (0, 153, 255), (255, 255, 0))
    scale: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Three boxes from left to right."""

    boxes: tuple[Box, ...]
    kind: Kind
    look: Look = Look()


def make_panel(
    rng: np.random.Generator, split: Split = "train", kind: Kind = "scatter", *, orderly: bool = False
) -> Panel:
    """A panel of `kind`; `orderly`: in each box, of any two items one is higher beyond doubt."""
    # Towers hold no held-out triple, so there it has to be the layout.
    rare = split == "heldout" and (kind == "towers" or (not orderly and chance(rng, 0.5)))
    while True:
        counts = pick(rng, HELD_OUT_LAYOUTS[kind]) if rare else _counts(rng, kind)
        if kind == "towers":
            boxes = tuple(_tower(rng, count) for count in counts)
        else:
            boxes = tuple(_scatter(rng, min(count, 4) if orderly else count) for count in counts)
        panel = Panel(boxes=boxes, kind=kind)
        if holds_held_out(panel) == (split == "heldout") and (not orderly or is_orderly(panel)):
            return panel


def is_orderly(panel: Panel) -> bool:
    """Whether in each box, of any two items one is higher beyond doubt: with its top and with its bottom."""
    return all(_ordered(a, b) for box in panel.boxes for n, a in enumerate(box) for b in box[:n])


def _ordered(a: Item, b: Item) -> bool:
    top, bottom = a.y - b.y, a.y + a.size - b.y - b.size
    return top * bottom > 0 and min(abs(top), abs(bottom)) >= _DOUBT


def with_look(rng: np.random.Generator, panel: Panel) -> Panel:
    """The panel as NLVR paints it in half of the draws, else in greys, inks and a scale of its own."""
    if chance(rng, 0.5):
        return panel
    grey, between = span(rng, 196, 240), span(rng, 90, 160)
    inks = tuple(_moved(rng, ink) for ink in Look().inks)
    look = Look(
        ground=(grey, grey, grey), between=(between,) * 3, inks=inks, scale=pick(rng, (1.0, 1.12, 1.5, 2.0))
    )
    return replace(panel, look=look)


def holds_held_out(panel: Panel) -> bool:
    """Whether a held-out triple or layout is in the panel."""
    layout = tuple(len(box) for box in panel.boxes)
    triples = {(i.colour, i.shape, i.size) for box in panel.boxes for i in box}
    return layout in HELD_OUT_LAYOUTS[panel.kind] or not HELD_OUT.isdisjoint(triples)


def _moved(rng: np.random.Generator, ink: RGB) -> RGB:
    r, g, b = (min(max(v + span(rng, -22, 22), 0), 255) for v in ink)
    return r, g, b


def _counts(rng: np.random.Generator, kind: Kind) -> tuple[int, int, int]:
    most = TALLEST if kind == "towers" else MOST - 1
    return span(rng, 1, most), span(rng, 1, most), span(rng, 1, most)


def _tower(rng: np.random.Generator, height: int) -> Box:
    """Blocks from the base up; a third of the towers are drawn from two colours alone."""
    colours = pick(rng, (COLOURS, COLOURS, ("black", "blue"), ("black", "yellow"), ("blue", "yellow")))
    if chance(rng, 0.15):
        colours = (pick(rng, COLOURS),)
    return tuple(
        Item(shape="square", colour=pick(rng, colours), size=BLOCK, x=40, y=BOX - BLOCK - STEP * level)
        for level in range(height)
    )


def _scatter(rng: np.random.Generator, count: int) -> Box:
    """`count` items that do not touch each other; about a half stand at the floor or at the walls."""
    colours = pick(rng, (COLOURS, COLOURS, COLOURS[:2], COLOURS[1:], (pick(rng, COLOURS),)))
    placed: list[Item] = []
    while len(placed) < count:
        size = pick(rng, tuple(SIZES.values()))
        x, y = _place(rng, size)
        item = Item(shape=pick(rng, SHAPES), colour=pick(rng, colours), size=size, x=x, y=y)
        if all(_apart(item, other) for other in placed):
            placed.append(item)
    return tuple(placed)


def _place(rng: np.random.Generator, size: int) -> tuple[int, int]:
    """Somewhere, at a wall, or in a corner; what is at no wall is at least 3 px from it."""
    far = BOX - size
    x, y = span(rng, 3, far - 3), span(rng, 3, far - 3)
    drawn = rng.random()
    if drawn < 0.36 or drawn > 0.95:
        x = pick(rng, (0, far))
    if 0.36 < drawn < 0.6 or drawn > 0.95:
        y = pick(rng, (0, far, far))
    return x, y


def _apart(a: Item, b: Item) -> bool:
    return (
        a.x + a.size + _GAP <= b.x
        or b.x + b.size + _GAP <= a.x
        or a.y + a.size + _GAP <= b.y
        or b.y + b.size + _GAP <= a.y
    )
