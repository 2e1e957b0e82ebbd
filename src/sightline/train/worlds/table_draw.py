"""Drawing tables: cells measured in their typeface, then rules, bands and text.

All lengths are px of the image that is drawn, whose longer side is at most `side`; boxes are XYXY.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sightline.train.worlds.tables import Look, Table
from sightline.train.worlds.typefaces import face

RGB = tuple[int, int, int]
TINT: dict[str, RGB] = {
    "blue": (47, 110, 196),
    "green": (58, 142, 74),
    "purple": (130, 80, 180),
    "red": (196, 60, 70),
    "orange": (222, 130, 32),
    "teal": (20, 140, 150),
    "grey": (105, 108, 115),
}
_INK: RGB = (24, 24, 28)
_SMALLEST = 9
"""An em, px: below it, text cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A cell as drawn. `row` counts from 0; -1 is the header and -2 the title, whose column is 0."""

    row: int
    column: int
    text: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where everything stands in an image of `width` x `height`; `size` is the em that fitted."""

    width: int
    height: int
    size: int
    boxes: tuple[Box, ...]


def draw_table(table: Table, side: int = 448) -> NDArray[np.uint8]:
    """Paint the table: RGB uint8[H, W, 3], the longer of H and W at most `side`."""
    layout = lay_out(table, side)
    image = Image.new("RGB", (layout.width, layout.height), "white")
    brush = ImageDraw.Draw(image)
    for box in layout.boxes:
        _paint(brush, table, layout, box)
    if _is_stem(table):
        _rule_stem(brush, table, layout)
    return np.array(image)


def lay_out(table: Table, side: int = 448) -> Layout:
    """The largest layout, of the look's em or less, that `side` holds."""
    for size in range(table.look.size, _SMALLEST - 1, -1):
        layout = _lay_out(table, size)
        if max(layout.width, layout.height) <= side:
            return layout
    return _lay_out(table, _SMALLEST - 1)


def _lay_out(table: Table, size: int) -> Layout:
    grid = _grid(table)
    margin = table.look.margin
    pad = table.look.roomy * size
    widths, heights = _measure(table, grid, size, pad)
    title = _title_height(table, size, pad)
    width = max(sum(widths), _text_width(table, table.title, size, True) + 2 * pad) + 2 * margin
    widths = (
        _stretched(widths, width - 2 * margin)
        if table.look.look != "plain" and not _is_stem(table)
        else widths
    )
    boxes = (
        [Box(row=-2, column=0, text=table.title, box=(margin, margin, width - margin, margin + title))]
        if title
        else []
    )
    y = margin + title
    for r, line in enumerate(grid):
        x = float(margin)
        for c, (row, column, text) in enumerate(line):
            boxes.append(Box(row=row, column=column, text=text, box=(x, y, x + widths[c], y + heights[r])))
            x += widths[c]
        y += heights[r]
    return Layout(width=round(width), height=round(y + margin), size=size, boxes=tuple(boxes))


def _grid(table: Table) -> list[list[tuple[int, int, str]]]:
    """(row, column, text) line by line as drawn; columns become lines where the table lies on its side."""
    numbered = [(-1, table.header), *enumerate(table.rows)] if table.header else list(enumerate(table.rows))
    grid = [[(r, c, text) for c, text in enumerate(cells)] for r, cells in numbered]
    return [list(line) for line in zip(*grid, strict=True)] if table.look.sideways else grid


def _face_of(table: Table, bold: bool) -> str:
    return (
        {"sans": "sans-bold", "mono": "mono-bold"}.get(table.look.typeface, table.look.typeface)
        if bold
        else table.look.typeface
    )


def _lines(text: str) -> list[str]:
    """A long header on two lines, broken near its middle."""
    words = text.split()
    if len(text) < 13 or len(words) < 2:
        return [text]
    cut = min(range(1, len(words)), key=lambda i: abs(len(" ".join(words[:i])) - len(text) / 2))
    return [" ".join(words[:cut]), " ".join(words[cut:])]


def _text_width(table: Table, text: str, size: int, bold: bool) -> float:
    return face(_face_of(table, bold), size).getlength(text)


def _cell_lines(row: int, text: str) -> list[str]:
    return _lines(text) if row == -1 else [text]


def _measure(
    table: Table, grid: list[list[tuple[int, int, str]]], size: int, pad: float
) -> tuple[list[float], list[float]]:
    """Widths of the columns and heights of the lines, px."""

    def wide(row: int, text: str) -> float:
        return max(_text_width(table, line, size, row == -1) for line in _cell_lines(row, text)) + 2 * pad + 2

    widths = [max(wide(line[c][0], line[c][2]) for line in grid) for c in range(len(grid[0]))]
    heights = [max(len(_cell_lines(row, text)) for row, _, text in line) * size * 1.2 + pad for line in grid]
    return widths, heights


def _stretched(widths: list[float], total: float) -> list[float]:
    more = (total - sum(widths)) / len(widths)
    return [width + more for width in widths]


def _title_height(table: Table, size: int, pad: float) -> float:
    return size * 1.25 + pad if table.title else 0.0


def _is_stem(table: Table) -> bool:
    return table.kind == "stem"


# Paint.


def _mixed(tint: RGB, part: float) -> RGB:
    """White with a part of the tint."""
    r, g, b = (round(255 - (255 - channel) * part) for channel in tint)
    return r, g, b


def _ground(look: Look, box: Box) -> tuple[RGB, RGB]:
    """(paper, ink) of a cell."""
    tint = TINT[look.tint]
    if box.row < 0:
        if look.look == "plain":
            return (255, 255, 255), _INK
        if look.strong:
            return (tint if box.row == -1 else _mixed(tint, 0.85)), (255, 255, 255)
        return _mixed(tint, 0.2 if box.row == -1 else 0.32), _INK
    if look.look == "bands":
        return _mixed(tint, 0.26 if box.row % 2 else 0.13), _INK
    return (255, 255, 255), _INK


def _paint(brush: ImageDraw.ImageDraw, table: Table, layout: Layout, box: Box) -> None:
    look, stem = table.look, _is_stem(table)
    paper, ink = _ground(look, box)
    x1, y1, x2, y2 = box.box
    if not stem:
        brush.rectangle((round(x1), round(y1), round(x2) - 1, round(y2) - 1), fill=paper)
        _rule(brush, look, box)
    elif box.row < 0:
        ink = _INK
    _write(brush, table, layout.size, box, ink)


def _rule(brush: ImageDraw.ImageDraw, look: Look, box: Box) -> None:
    line = _mixed(TINT[look.tint], 0.75)
    x1, y1, x2, y2 = (round(v) for v in box.box)
    if look.look == "boxed":
        brush.rectangle((x1 - (x1 > 0), y1 - (y1 > 0), x2 - 1, y2 - 1), outline=line)
    elif look.look == "rules":
        brush.line((x1, y2 - 1, x2 - 1, y2 - 1), fill=line)


def _write(brush: ImageDraw.ImageDraw, table: Table, size: int, box: Box, ink: RGB) -> None:
    """The cell's text: labels on the left, the rest centred or, in price lists, on the right."""
    bold = box.row < 0
    font = face(_face_of(table, bold), size)
    x1, y1, x2, y2 = box.box
    pad = table.look.roomy * size
    lines = _cell_lines(box.row, box.text)
    side = _side(table, box)
    x = {"l": x1 + pad, "m": (x1 + x2) / 2, "r": x2 - pad}[side]
    top = (y1 + y2) / 2 - (len(lines) - 1) * size * 0.6
    for i, line in enumerate(lines):
        brush.text((x, top + i * size * 1.2), line, font=font, fill=ink, anchor=f"{side}m")


def _side(table: Table, box: Box) -> str:
    if _is_stem(table):
        return "r" if box.column == 0 and box.row != -2 else "l"
    if box.row < 0 or table.kind == "function":
        return "m"
    if box.column == 0:
        return "l"
    return "r" if table.kind in ("prices", "rates", "ledger") and not table.look.sideways else "m"


def _rule_stem(brush: ImageDraw.ImageDraw, table: Table, layout: Layout) -> None:
    """The upright line between stems and leaves, and the line under their heads."""
    cells = [box for box in layout.boxes if box.row >= -1]
    x = round(cells[0].box[2])
    tint = TINT[table.look.tint]
    brush.line((x, round(cells[0].box[1]), x, round(cells[-1].box[3])), fill=tint, width=2)
    if table.header:
        y = round(cells[0].box[3])
        brush.line((round(cells[0].box[0]), y, round(cells[-1].box[2]), y), fill=tint)
