"""Draws marks on pixels: outlines with labels, dots, a line or an arrow, a spotlight, a note.

Everything is sized by the picture. A label stands at its region's top left corner, outside where there is
room, and moves to another corner rather than over an earlier label.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from itertools import cycle
from math import hypot
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from sightline.images import Picture, Pixels
from sightline.types import Box, Frame

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

Style = Literal["boxes", "marks", "line", "arrow", "spotlight"]
STYLES: tuple[Style, ...] = get_args(Style)

SHORTEST, LONGEST = 448, 2048
"""px. The longer side of a drawing lies between them."""

NARROWEST = 160
"""px. The shorter side of a drawing, where `LONGEST` lets it be so wide."""

_COLOURS = ("#e6194b", "#0057d8", "#007a3d", "#911eb4", "#c45100", "#00707a", "#8a0045", "#5b5b00")
"""Of the marks, in turn: each dark enough for white print upon it."""

_Spot = tuple[float, float, float, float]
"""XYXY, px."""


def sized(picture: Picture) -> Picture:
    """The picture enlarged or shrunk to the sizes above."""
    from PIL import Image

    frame = picture.frame
    longer, shorter = max(frame.width, frame.height), min(frame.width, frame.height)
    scale = min(max(SHORTEST / longer, NARROWEST / shorter, 1.0), LONGEST / longer)
    if scale == 1:
        return picture
    width, height = max(round(frame.width * scale), 1), max(round(frame.height * scale), 1)
    how = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.LANCZOS
    pixels = np.asarray(Image.fromarray(picture.pixels).resize((width, height), how, reducing_gap=2.0))
    made = Frame(
        image=frame.image, width=width, height=height, x0=frame.x0, y0=frame.y0, scale=frame.scale * scale
    )
    return Picture(pixels=pixels, frame=made)


def draw_marks(pixels: Pixels, boxes: Sequence[Box], names: Sequence[str], style: str, note: str) -> Pixels:
    """A marked copy.

    Args:
        pixels: uint8[H, W, 3] RGB.
        boxes: in px of it.
        names: one a box.
        style: one of `STYLES`.
        note: a line to write at the edge that the boxes leave free; empty for none.

    Returns:
        uint8[H, W, 3], another array.
    """
    from PIL import Image, ImageDraw

    image = Image.fromarray(_dimmed(pixels, boxes) if style == "spotlight" else pixels)
    pen = _Pen(ImageDraw.Draw(image), image)
    if style in ("line", "arrow"):
        pen.join(boxes[0], boxes[1], arrow=style == "arrow")
    boxed = style in ("boxes", "spotlight")
    for box, colour in zip(boxes, cycle(_COLOURS), strict=False):
        if boxed:
            pen.outline(box, colour)
    for box, name, colour in zip(boxes, names, cycle(_COLOURS), strict=False):
        (pen.label if boxed else pen.centred)(box, name, colour)
    if note:
        pen.note(note, boxes)
    return np.array(image, np.uint8)


def _dimmed(pixels: Pixels, boxes: Sequence[Box]) -> Pixels:
    """All but the boxes at a third of their brightness, grey."""
    from PIL import Image

    grey = np.asarray(Image.fromarray(pixels).convert("L"), np.uint8)
    dark = np.repeat(grey[:, :, None] // 3, 3, axis=2)
    for box in boxes:
        rows, columns = slice(int(box.y1), int(box.y2 + 1)), slice(int(box.x1), int(box.x2 + 1))
        dark[rows, columns] = pixels[rows, columns]
    return dark


class _Pen:
    """Draws on one image with strokes and print of sizes that suit it."""

    def __init__(self, draw: ImageDraw.ImageDraw, image: Image.Image) -> None:
        self.draw = draw
        self.size = image.size
        longer = max(image.size)
        self.stroke = max(min(round(longer / 260), min(image.size) // 30), 2)
        self.print = _font(min(max(round(longer / 34), 13), max(min(image.size) // 5, 9)))
        self.taken: list[_Spot] = []
        """Plates, and the boxes, which labels keep clear of where they can."""

    def outline(self, box: Box, colour: str) -> None:
        """A rectangle around the box, with a thin white rim that parts it from what is of its colour."""
        reach = self.stroke
        spot = (box.x1 - reach, box.y1 - reach, box.x2 + reach - 1, box.y2 + reach - 1)
        self.draw.rectangle(self._kept(spot, 1), outline="white", width=self.stroke + 1)
        self.draw.rectangle(self._kept(spot, 0), outline=colour, width=self.stroke)
        self.taken.append((box.x1, box.y1, box.x2, box.y2))

    def _kept(self, spot: _Spot, more: int) -> _Spot:
        """The rectangle, `more` px wider, inside the image."""
        x1, y1, x2, y2 = spot
        width, height = self.size
        x1, y1 = max(x1 - more, 0), max(y1 - more, 0)
        return x1, y1, max(min(x2 + more, width - 1), x1), max(min(y2 + more, height - 1), y1)

    def label(self, box: Box, name: str, colour: str) -> None:
        """The name on a plate at the first corner that is free."""
        width, height = self._plate(name)
        rim = self.stroke
        corners = [
            (box.x1 - rim, box.y1 - rim - height),
            (box.x2 + rim - width, box.y1 - rim - height),
            (box.x1 - rim, box.y2 + rim),
            (box.x2 + rim - width, box.y2 + rim),
            (box.x1 - rim - width, box.y1),
            (box.x2 + rim, box.y1),
            (box.x1, box.y1),
            (box.x2 - width, box.y2 - height),
        ]
        self._write(name, colour, min(corners, key=lambda corner: self._cost(corner, (width, height))))

    def centred(self, box: Box, name: str, colour: str) -> None:
        """The name on a plate at the box's centre."""
        width, height = self._plate(name)
        x, y = box.center
        self._write(name, colour, (x - width / 2, y - height / 2))

    def _plate(self, name: str) -> tuple[float, float]:
        size = self.print.size
        return max(self.draw.textlength(name, font=self.print), 0.6 * size) + 0.7 * size, 1.35 * size

    def _cost(self, corner: tuple[float, float], size: tuple[float, float]) -> int:
        """How much of a plate there would lie outside the image or on boxes and other plates, px²."""
        (x, y), (w, h), (width, height) = corner, size, self.size
        inside = max(min(x + w, width) - max(x, 0), 0) * max(min(y + h, height) - max(y, 0), 0)
        return round(w * h - inside + sum(_shared((x, y, x + w, y + h), other) for other in self.taken))

    def _write(self, name: str, colour: str, corner: tuple[float, float]) -> None:
        w, h = self._plate(name)
        x = min(max(corner[0], 0), max(self.size[0] - w, 0))
        y = min(max(corner[1], 0), max(self.size[1] - h, 0))
        self.taken.append((x, y, x + w, y + h))
        self.draw.rounded_rectangle((x, y, x + w, y + h), radius=h / 5, fill=colour, outline="white")
        self.draw.text((x + w / 2, y + h / 2), name, font=self.print, fill="white", anchor="mm")

    def join(self, a: Box, b: Box, *, arrow: bool) -> None:
        """A line from centre to centre, or an arrow from the centre of `a` to the edge of `b`."""
        start, end = a.center, _entry(a.center, b) if arrow else b.center
        for colour, width in (("white", self.stroke + 4), ("#e6194b", self.stroke + 1)):
            self.draw.line([start, end], fill=colour, width=width)
        if arrow:
            self._head(start, end)

    def _head(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        dx, dy = end[0] - start[0], end[1] - start[1]
        length = hypot(dx, dy) or 1.0
        ux, uy, size = dx / length, dy / length, 6 * self.stroke
        back = (end[0] - ux * size, end[1] - uy * size)
        wings = [(back[0] + s * uy * size / 2, back[1] - s * ux * size / 2) for s in (1, -1)]
        self.draw.polygon([end, *wings], fill="#e6194b", outline="white")

    def note(self, text: str, boxes: Sequence[Box]) -> None:
        """A line on a band at the top or the bottom, whichever the boxes cover less."""
        width, height = self.size
        font = _font(min(int(self.print.size), max(height // 12, 9)))
        band = font.size * 1.7
        covered = [
            sum(_shared((0, y, width, y + band), (b.x1, b.y1, b.x2, b.y2)) for b in boxes)
            + sum(_shared((0, y, width, y + band), spot) for spot in self.taken)
            for y in (height - band, 0)
        ]
        top = height - band if covered[0] <= covered[1] else 0
        self.draw.rectangle((0, top, width, top + band), fill="#202020")
        self.draw.text(
            (font.size / 2, top + band / 2), self._fitting(text, font), font=font, fill="white", anchor="lm"
        )

    def _fitting(self, text: str, font: ImageFont.FreeTypeFont) -> str:
        """As much of the text as the width takes."""
        room = self.size[0] - font.size
        text = " ".join(text.split())
        if self.draw.textlength(text, font=font) <= room:
            return text
        while text and self.draw.textlength(text + "…", font=font) > room:
            text = text[:-1]
        return text + "…"


def _shared(a: _Spot, b: _Spot) -> float:
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)


def _entry(start: tuple[float, float], box: Box) -> tuple[float, float]:
    """Where the way from `start` to the box's centre enters the box; the centre where it starts inside."""
    (x, y), (sx, sy) = box.center, start
    dx, dy = x - sx, y - sy
    parts = [abs(half / d) for half, d in ((box.width / 2, dx), (box.height / 2, dy)) if d]
    back = min(parts, default=0.0)
    return (x - dx * back, y - dy * back) if back < 1 else (x, y)


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: Latin, Greek, Cyrillic and signs."""
    from PIL import ImageFont

    spec = find_spec("matplotlib")
    assert spec
    assert spec.origin
    folder = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(folder / "DejaVuSans-Bold.ttf", size, layout_engine=ImageFont.Layout.BASIC)
