"""Tables of texts as if they had been read in a picture: boxes on a grid, an overview, misread letters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from sightline.tools.look import MOST_LINES, shortened
from sightline.tools.reading import whole
from sightline.tools.relations import quoted, unique
from sightline.types import Box, Cell, Frame, Table
from sightline.types.overview import Overview

WIDEST = 1500
"""px of a table that is drawn."""

_ALIKE = {
    "0": "O", "O": "0", "1": "l", "l": "1", "I": "l", "5": "S", "S": "5", "8": "B", "B": "8",
    "rn": "m", "m": "rn",
    "é": "e", "ü": "u", "ö": "o", ",": ".", "c": "e", "e": "c", "–": "-", "'": "", " ": "",
}  # fmt: skip
"""Letters that are taken for one another."""


def table_of(grid: Sequence[Sequence[str]], rng: np.random.Generator) -> Table:
    """A table as a reader finds it: cells with boxes where their print would stand."""
    width = max(map(len, grid))
    texts = [[" ".join(t.split()) for t in (*line, *[""] * (width - len(line)))] for line in grid]
    size = int(rng.integers(13, 22))
    letter = 0.55 * size
    pad = int(rng.integers(6, 14))
    longest = [max(len(line[c]) for line in texts) for c in range(width)]
    room = max(WIDEST // width, 90)
    widths = [min(max(n * letter, size) + 2 * pad, room) for n in longest]
    x0, y0 = (int(v) for v in rng.integers(8, 40, 2))
    xs = np.cumsum([x0, *widths])
    lines = [
        max(int(np.ceil(len(t) * letter / (w - 2 * pad))) or 1 for t, w in zip(line, widths, strict=True))
        for line in texts
    ]
    ys = np.cumsum([y0, *(n * 1.25 * size + 2 * pad for n in lines)])
    name = sha256(repr((texts, size, pad, x0, y0)).encode()).hexdigest()
    frame = Frame(image=name, width=int(xs[-1]) + x0, height=int(ys[-1]) + y0)
    rows = []
    for r, line in enumerate(texts):
        cells = []
        for c, text in enumerate(line):
            box = None
            if text:
                long = min(len(text) * letter, widths[c] - 2 * pad)
                tall = max(1, int(np.ceil(len(text) * letter / (widths[c] - 2 * pad)))) * 1.25 * size
                x, y = float(xs[c]) + pad, float(ys[r]) + pad
                box = Box.clipped(round(x), round(y), round(x + long), round(y + tall), frame)
            score = round(float(rng.uniform(0.9, 1.0)), 3) if text else 1.0
            cells.append(Cell(text=text, score=score, box=box))
        rows.append(tuple(cells))
    return Table(header_rows=1, rows=tuple(rows))


def with_noise(table: Table, queries: Sequence[str], rng: np.random.Generator) -> Table:
    """A few cells misread, in columns that no query names and that no literal of a query is printed in."""
    heads = unique(cell.text for cell in table.rows[0])
    asked = " ".join(queries)
    free = [c for c, head in enumerate(heads) if quoted(head) not in asked]
    if not free or "row_no" in asked:
        return table
    rows = [list(row) for row in table.rows]
    for r in range(1, len(rows)):
        for c in free:
            cell = rows[r][c]
            if cell.text and rng.random() < 0.08:
                text = _misread(cell.text, rng)
                if text:
                    score = round(float(rng.uniform(0.5, 0.95)), 3)
                    rows[r][c] = cell.model_copy(update={"text": text, "score": score})
    return table.model_copy(update={"rows": tuple(map(tuple, rows))})


def _misread(text: str, rng: np.random.Generator) -> str:
    places = [(m.start(), key) for key in _ALIKE for m in re.finditer(re.escape(key), text)]
    if not places:
        return text
    at, key = places[int(rng.integers(len(places)))]
    return " ".join((text[:at] + _ALIKE[key] + text[at + len(key) :]).split())


def overview_of(table: Table, rng: np.random.Generator) -> Overview:
    """What a look at the picture of a table tells: its first lines, how many there are, its colors."""
    boxes = table.boxes()
    frame = boxes[0].frame
    rows = [[cell for cell in row if cell.text] for row in table.rows]
    rows = [row for row in rows if row]
    lines, places = [], []
    for row in rows[:MOST_LINES]:
        lines.append(shortened(cell.text for cell in row))
        places.append(whole([cell.box for cell in row if cell.box]))
    medium = "table"
    sure = round(float(rng.uniform(0.6, 0.999)), 3)
    mediums = {medium: sure}
    if sure < 0.97:
        mediums[str(rng.choice(["document", "screenshot", "text"]))] = round(1 - sure, 3)
    tints = [
        ("white",),
        ("white", "gray"),
        ("white", "black"),
        ("white", "light blue"),
        ("white", "blue", "gray"),
    ]
    return Overview(
        region=Box.whole(frame),
        medium="table",
        mediums=mediums,
        lines=tuple(lines),
        line_boxes=tuple(places),
        line_count=len(rows),
        colors=tints[int(rng.integers(len(tints)))],
        partial="objects not looked for on a table",
        score=sure,
    )
