"""Contact sheets: what a world draws and asks, on one page to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sightline.train.worlds.sample import Sample, World
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.typefaces import face

TILE = 300
"""The width in px that a sample has on the sheet."""
GAP = 14
TEXT = 12
LINE = 15
ASKED = 4
"""Questions shown of a sample."""
PAPER, INK, GREY = (250, 250, 248), (30, 30, 30), (110, 110, 110)


def contact_sheet(
    name: str, world: World, *, seed: int = 0, columns: int = 4, rows: int = 3, split: Split = "train"
) -> NDArray[np.uint8]:
    """`columns * rows` samples of a world with their first questions. RGB uint8[H, W, 3]."""
    tiles = [_tile(world(np.random.default_rng((seed, i)), split)) for i in range(columns * rows)]
    bottoms, places = [30 + GAP] * columns, []
    for tile in tiles:  # each below the shortest column
        column = bottoms.index(min(bottoms))
        places.append((GAP + column * (TILE + GAP), bottoms[column]))
        bottoms[column] += tile.height + 2 * GAP
    sheet = Image.new("RGB", (columns * (TILE + GAP) + GAP, max(bottoms)), PAPER)
    ImageDraw.Draw(sheet).text((GAP, GAP), f"{name}, {split}, seed {seed}", fill=INK, font=_font(18))
    for tile, place in zip(tiles, places, strict=True):
        sheet.paste(tile, place)
    return np.asarray(sheet)


def _tile(sample: Sample) -> Image.Image:
    """The images of a sample side by side, their questions and answers below."""
    strip = _strip(sample.images)
    texts = [line for asked in sample.asked[:ASKED] for line in _lines(asked.question, asked.answer)]
    tile = Image.new("RGB", (TILE, strip.height + 6 + LINE * len(texts)), PAPER)
    tile.paste(strip, (0, 0))
    pen = ImageDraw.Draw(tile)
    for row, (text, colour) in enumerate(texts):
        pen.text((0, strip.height + 6 + row * LINE), text, fill=colour, font=_font(TEXT))
    return tile


def _strip(images: Sequence[NDArray[np.uint8]]) -> Image.Image:
    """Up to four images in a row, more in several rows, each fitted into its share of the width."""
    across = min(len(images), 4)
    share = TILE // across
    fitted = []
    for image in images:
        picture = Image.fromarray(image)
        height = min(round(picture.height * share / picture.width), 2 * TILE)
        fitted.append(picture.resize((share, max(height, 1)), Image.Resampling.LANCZOS))
    rows = [fitted[i : i + across] for i in range(0, len(fitted), across)]
    strip = Image.new("RGB", (TILE, sum(max(p.height for p in row) for row in rows)), PAPER)
    top = 0
    for row in rows:
        for column, picture in enumerate(row):
            strip.paste(picture, (column * share, top))
        top += max(picture.height for picture in row)
    return strip


def _lines(question: str, answer: str) -> list[tuple[str, tuple[int, int, int]]]:
    asked, said = _wrapped(question), _wrapped(f"-> {answer}")
    return [*((line, INK) for line in asked), *((line, GREY) for line in said)]


def _wrapped(text: str) -> list[str]:
    """The text in lines that fit the tile."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _font(TEXT).getlength(longer) > TILE:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _font(size: int) -> ImageFont.FreeTypeFont:
    return face("sans", size)
