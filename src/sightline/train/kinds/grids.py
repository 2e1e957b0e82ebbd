"""Tables: those of the table world, and tables of any text in the looks of pages and word processors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from sightline.train.kinds.effects import Pixels, saved
from sightline.train.kinds.lettering import READING, number, phrase, words
from sightline.train.worlds.dice import chance, digits, pick, span
from sightline.train.worlds.lexicon import FIRST_NAMES, LAST_NAMES, MONTHS
from sightline.train.worlds.table_draw import draw_table
from sightline.train.worlds.tables import make_table
from sightline.train.worlds.typefaces import face

RGB = tuple[int, int, int]
Rows = list[list[str]]


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a table is set. `rules`: which lines are drawn; `bands`: every second row is tinted."""

    face: str
    size: int
    room: int
    ground: RGB
    ink: RGB
    head: RGB | None
    head_ink: RGB
    line: RGB
    rules: str
    bands: RGB | None
    margin: int
    middle: bool


def table(rng: Generator) -> Pixels:
    """One table."""
    if chance(rng, 0.4):
        return saved(rng, draw_table(make_table(rng), span(rng, 200, 700)), lossy=0.25)
    title = words(rng, 2, 6).capitalize() if chance(rng, 0.25) else ""
    return saved(rng, draw_rows(_made(rng), look(rng), title), lossy=0.3)


def _made(rng: Generator) -> Rows:
    """Columns of names, words, numbers, dates, codes."""
    count = span(rng, 2, 16)
    makers = [_COLUMN[pick(rng, tuple(_COLUMN))] for _ in range(span(rng, 1, 6))]
    columns = [
        [words(rng, 1, 2).title(), *(make(rng) for _ in range(count))] for make in [_COLUMN["name"], *makers]
    ]
    return [list(row) for row in zip(*columns, strict=True)]


_COLUMN: dict[str, Callable[[Generator], str]] = {
    "name": lambda rng: (
        f"{pick(rng, FIRST_NAMES)} {pick(rng, LAST_NAMES)}" if chance(rng, 0.5) else phrase(rng)
    ),
    "word": lambda rng: words(rng, 1, 3).capitalize(),
    "number": lambda rng: number(rng),
    "small": lambda rng: str(span(rng, 0, 99)),
    "money": lambda rng: f"${float(10 ** rng.uniform(0, 4)):,.2f}",
    "year": lambda rng: str(span(rng, 1900, 2026)),
    "date": lambda rng: f"{span(rng, 1, 28)} {pick(rng, MONTHS)[:3]} {span(rng, 1990, 2026)}",
    "code": lambda rng: digits(rng, span(rng, 3, 6)),
    "mark": lambda rng: pick(rng, ("Yes", "No", "-", "", "n/a")),
}


def look(rng: Generator) -> Look:
    """Any look, one in eight dark."""
    dark = chance(rng, 0.12)
    ground = _tone(rng, 10, 45) if dark else ((255, 255, 255) if chance(rng, 0.7) else _tone(rng, 225, 255))
    ink = _tone(rng, 200, 255) if dark else _tone(rng, 0, 70)
    strong = chance(rng, 0.4)
    head = _tone(rng, 20, 150) if strong else _tone(rng, 40, 80) if dark else _tone(rng, 190, 245)
    shade = 18 if dark else -span(rng, 6, 22)
    r, g, b = (min(max(v + shade, 0), 255) for v in ground)
    size = span(rng, 10, 26)
    return Look(
        face=pick(rng, READING),
        size=size,
        room=round(size * float(rng.uniform(0.2, 0.9))),
        ground=ground,
        ink=ink,
        head=head if chance(rng, 0.6) else None,
        head_ink=(255, 255, 255) if strong or dark else ink,
        line=_tone(rng, 60, 110) if dark else _tone(rng, 90, 215),
        rules=pick(rng, ("all", "all", "level", "level", "none", "head", "frame")),
        bands=(r, g, b) if chance(rng, 0.35) else None,
        margin=pick(rng, (0, 0, 4, 20, 50)),
        middle=chance(rng, 0.4),
    )


def _tone(rng: Generator, low: int, high: int) -> RGB:
    return span(rng, low, high), span(rng, low, high), span(rng, low, high)


def draw_rows(rows: Rows, style: Look, title: str = "") -> Pixels:
    """The rows as a table, the first one its head, uint8[H, W, 3]."""
    font = face(style.face, style.size)
    widths = [
        max(font.getlength(cell) for cell in column) + 2 * style.room for column in zip(*rows, strict=True)
    ]
    step, top = round(style.size * 1.3) + style.room, style.margin + (round(style.size * 2) if title else 0)
    width, height = round(sum(widths)) + 2 * style.margin, top + len(rows) * step + style.margin
    image = Image.new("RGB", (max(width, 40), height + 1), style.ground)
    brush = ImageDraw.Draw(image)
    if title:
        brush.text(
            (image.width / 2, top - style.size), title, style.ink, face("sans-bold", style.size), anchor="mm"
        )
    for n, row in enumerate(rows):
        _draw_row(brush, style, n, row, widths, top + n * step, step)
    _draw_rules(brush, style, widths, top, step, len(rows))
    return np.array(image, np.uint8)


def _draw_row(
    brush: ImageDraw.ImageDraw, style: Look, n: int, row: list[str], widths: list[float], y: float, step: int
) -> None:
    fill = style.head if n == 0 else style.bands if n % 2 == 0 else None
    if fill:
        brush.rectangle((style.margin, y, style.margin + sum(widths), y + step), fill)
    x = float(style.margin)
    ink = style.head_ink if n == 0 and style.head else style.ink
    font = face("sans-bold" if n == 0 and style.rules != "none" else style.face, style.size)
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        while len(cell) > 1 and font.getlength(cell) > width - style.room:
            cell = cell[:-1]
        if style.middle and column:
            brush.text((x + width / 2, y + step / 2), cell, ink, font, anchor="mm")
        else:
            brush.text((x + style.room, y + step / 2), cell, ink, font, anchor="lm")
        x += width


def _draw_rules(
    brush: ImageDraw.ImageDraw, style: Look, widths: list[float], top: float, step: int, count: int
) -> None:
    left, right = style.margin, style.margin + sum(widths)
    level = {"all": range(count + 1), "level": range(count + 1), "head": (0, 1, count), "frame": (0, count)}
    for n in level.get(style.rules, ()):
        brush.line((left, top + n * step, right, top + n * step), style.line)
    edges = (
        np.cumsum([left, *widths])
        if style.rules == "all"
        else (left, right)
        if style.rules == "frame"
        else ()
    )
    for x in edges:
        brush.line((x, top, x, top + count * step), style.line)
