"""How much of two published sets our grammars read, and how often the programs agree with the labels.

    panel_coverage(Path("nlvr1_dev"))     NLVR: sentences, and their truth on the published structure
    grid_coverage(Path("shapes"))         SHAPES: questions, and their answers on the grid in the pixels

The packs are data for evaluation: nothing here is trained on, and no grammar lists a pack's sentences.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sightline.errors import DataError, QuestionError
from sightline.train.worlds.coverage import Coverage, Judged, Row, rows, tally
from sightline.train.worlds.panels import BLOCK, Item, Panel
from sightline.train.worlds.shape_grids import CELL, COLOURS, SIDE, SIZES, Grid, Mark, read_question
from sightline.train.worlds.statement_parser import read_statement

_INKS = {"black": "black", "yellow": "yellow", "#0099ff": "blue"}
_YES = ("yes", "true")


class _Holds(Protocol):
    def holds(self, state: Any, /) -> bool: ...


def panel_coverage(folder: Path) -> Coverage:
    """NLVR's sentences: how many are read, and are true of the gold structure where the label says so."""
    return tally(_judge(row, read_statement, panel_of(row["structured_rep"])) for row in rows(folder))


def grid_coverage(folder: Path) -> Coverage:
    """SHAPES' questions: how many are read, and answered as labelled on the grid in the picture."""
    grids = ((row, read_grid(_pixels(folder / row["image"]))) for row in rows(folder))
    return tally(_judge(row, read_question, grid) for row, grid in grids)


def _judge(row: Row, read: Callable[[str], _Holds], state: object) -> Judged:
    try:
        program = read(row["question"])
    except QuestionError:
        return Judged(question=row["question"], family=None)
    right = program.holds(state) == (row["answer"] in _YES)
    return Judged(question=row["question"], family="statement", right=right)


def panel_of(boxes: list[list[Row]]) -> Panel:
    """The panel that NLVR's `structured_rep` describes."""
    made = tuple(
        tuple(
            Item(
                shape=item["type"],
                colour=_INKS[item["color"].lower()],
                size=item["size"],
                x=item["x_loc"],
                y=item["y_loc"],
            )
            for item in box
        )
        for box in boxes
    )
    towers = all(item.size == BLOCK and item.x == 2 * BLOCK for box in made for item in box)
    return Panel(boxes=made, kind="towers" if towers else "scatter")


def _pixels(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def read_grid(pixels: NDArray[np.uint8]) -> Grid:
    """The grid in a picture of 30 x 30 px, uint8[30, 30, 3], read cell by cell.

    Raises:
        DataError: the picture has another size.
    """
    if pixels.shape != (SIDE * CELL, SIDE * CELL, 3):
        raise DataError(f"a grid has 30 x 30 px, this is {pixels.shape}", file="image", line=1)
    rows = [pixels[r : r + CELL, c : c + CELL] for r in range(0, 30, CELL) for c in range(0, 30, CELL)]
    return Grid(cells=tuple(map(_read_cell, rows)))


def _read_cell(cell: NDArray[np.uint8]) -> Mark | None:
    """The shape of a cell, by how its width changes from its upper to its lower half and by its corners."""
    light = cell.max(-1).astype(float)
    if light.max() < 64:
        return None
    light /= light.max()
    ink = cell[light.argmax() // CELL, light.argmax() % CELL]
    rows, columns = (np.nonzero(light.max(axis) > 0.25)[0] for axis in (1, 0))
    tight = light[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    half = len(tight) // 2
    upper, lower = tight[:half].sum(), tight[-half:].sum()
    shape = "triangle" if upper < 0.75 * lower else "square" if _square(tight) else "circle"
    r, g, b = (int(v) for v in ink)
    colour = tuple(COLOURS)[int(np.argmax(ink))]
    return Mark(shape=shape, colour=colour, size=SIZES[len(tight) > 6], ink=(r, g, b))


def _square(tight: NDArray[np.float64]) -> bool:
    """Whether the corners are about the product of the edges' light, as a blurred square's are."""
    edge = (tight[0].max() + tight[-1].max() + tight[:, 0].max() + tight[:, -1].max()) / 4
    corner = (tight[0, 0] + tight[0, -1] + tight[-1, 0] + tight[-1, -1]) / 4
    return bool(corner > 0.85 * edge * edge)
