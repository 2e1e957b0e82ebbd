"""Tables of texts drawn as clean pictures in varied styles: rules or none, bands, heads, faces, sizes.

The style is drawn from a seed. Cells are wrapped where they are long, so that a page stays about as wide as
a screen. Nothing is tilted, blurred or cut: what a reader gets wrong here, it gets wrong on clean print.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont

WIDEST = 1500
"""px of a table: about a screen."""

FACES = {"sans": "DejaVuSans", "serif": "DejaVuSerif", "mono": "DejaVuSansMono"}
"""Come with Matplotlib, and hold the letters of most languages that are written in Latin letters."""

Texts = Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a table is drawn.

    Args:
        face: a key of FACES.
        size: of the print, px.
        rules: `grid`, `rows` (rules between rows alone), `frame` (around and under the head) or `none`.
        bands: whether every other row has a ground of its own.
        head: `plain`, `shaded` or `dark`.
        room: around a cell's text, as a part of the size.
        align: of numbers, `left`, `right` or `center`.
        tint: RGB of the head and the bands.
    """

    face: str
    size: int
    rules: str
    bands: bool
    head: str
    room: float
    align: str
    tint: tuple[int, int, int]


def style_of(seed: int) -> Style:
    """A style for each seed."""
    rng = np.random.default_rng(seed)
    tints = ((222, 234, 246), (226, 239, 218), (242, 242, 242), (252, 228, 214), (234, 236, 240))
    rules = str(rng.choice(["grid", "grid", "rows", "frame", "none"]))
    return Style(
        face=str(rng.choice(list(FACES), p=[0.6, 0.3, 0.1])),
        size=int(rng.integers(15, 22)),
        rules=rules,
        bands=bool(rng.random() < (0.6 if rules == "none" else 0.25)),
        head=str(rng.choice(["plain", "shaded", "dark"], p=[0.35, 0.45, 0.2])),
        room=float(rng.uniform(0.35, 0.7)),
        align=str(rng.choice(["left", "right", "center"])),
        tint=tints[int(rng.integers(len(tints)))],
    )


def draw_table(rows: Texts, style: Style) -> Image.Image:
    """The table, its first row as the head, on white paper."""
    faces = [_face(style.face, style.size, bold=n == 0) for n in range(2)]
    widths = _widths(rows, style)
    wrapped = [
        [_wrapped(text, faces[r > 0], width) for text, width in zip(row, widths, strict=True)]
        for r, row in enumerate(rows)
    ]
    pad, line = round(style.room * style.size), round(1.25 * style.size)
    heights = [max(len(cell) for cell in row) * line + 2 * pad for row in wrapped]
    margin = 2 * pad + 8
    xs = np.cumsum([margin, *(width + 2 * pad for width in widths)]).tolist()
    ys = np.cumsum([margin, *heights]).tolist()
    image = Image.new("RGB", (xs[-1] + margin, ys[-1] + margin), "white")
    pen = ImageDraw.Draw(image)
    _grounds(pen, xs, ys, style)
    _rules(pen, xs, ys, style)
    numeric = [_is_numeric([row[c] for row in rows[1:]]) for c in range(len(widths))]
    for r, row in enumerate(wrapped):
        ink = "white" if r == 0 and style.head == "dark" else (20, 20, 20)
        for c, cell in enumerate(row):
            align = style.align if numeric[c] else "left"
            for n, text in enumerate(cell):
                x = _start(xs[c] + pad, widths[c], faces[r > 0].getlength(text), align)
                pen.text((x, ys[r] + pad + n * line), text, font=faces[r > 0], fill=ink)
    return image


def _start(left: float, width: float, length: float, align: str) -> float:
    return left + {"left": 0.0, "right": width - length, "center": (width - length) / 2}[align]


@cache
def _face(name: str, size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    file = Path(get_data_path(), "fonts", "ttf", FACES[name] + ("-Bold" if bold else "") + ".ttf")
    return ImageFont.truetype(str(file), size)


def _widths(rows: Texts, style: Style) -> list[int]:
    """Of the columns, px: as wide as their texts, the widest cut down until the page is wide enough.

    No column becomes less wide than its longest word.
    """
    face = _face(style.face, style.size, bold=True)
    texts = [[row[c] for row in rows] for c in range(len(rows[0]))]
    full = [max(max(face.getlength(part) for t in of for part in t.split("\n")), style.size) for of in texts]
    least = [max([face.getlength(word) for t in of for word in t.split()] or [style.size]) for of in texts]
    room = WIDEST - len(full) * 2 * round(style.room * style.size)
    widths = np.array(full)
    while widths.sum() > room and (widths > least).any():
        widest = int(np.where(widths > least, widths, 0).argmax())
        widths[widest] = max(least[widest], 0.9 * widths[widest])
    return [int(np.ceil(w)) + 1 for w in widths]


def _wrapped(text: str, face: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in part.split():
            longer = f"{line} {word}".strip()
            if line and face.getlength(longer) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def _is_numeric(texts: Sequence[str]) -> bool:
    return (
        sum(any(c.isdigit() for c in t) and not any(c.isalpha() for c in t) for t in texts) > len(texts) / 2
    )


def _grounds(pen: ImageDraw.ImageDraw, xs: list[int], ys: list[int], style: Style) -> None:
    if style.bands:
        for r in range(2, len(ys) - 1, 2):
            pen.rectangle((xs[0], ys[r], xs[-1], ys[r + 1]), fill=(246, 246, 246))
    if style.head != "plain":
        fill = (60, 76, 108) if style.head == "dark" else style.tint
        pen.rectangle((xs[0], ys[0], xs[-1], ys[1]), fill=fill)


def _rules(pen: ImageDraw.ImageDraw, xs: list[int], ys: list[int], style: Style) -> None:
    ink = (150, 150, 150)
    across = {"grid": ys, "rows": ys, "frame": [ys[0], ys[1], ys[-1]], "none": ys[1:2]}[style.rules]
    for y in across:
        pen.line((xs[0], y, xs[-1], y), fill=ink)
    for x in {"grid": xs, "frame": [xs[0], xs[-1]]}.get(style.rules, []):
        pen.line((x, ys[0], x, ys[-1]), fill=ink)
