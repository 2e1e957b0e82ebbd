"""Documents: receipts, invoices, forms, letters, articles; drawn, scanned or photographed."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from sightline.train.kinds.effects import Pixels, photographed, saved, scanned
from sightline.train.kinds.grids import draw_rows, look
from sightline.train.kinds.lettering import READING, number, paragraph, phrase, words
from sightline.train.kinds.photos import backdrop
from sightline.train.worlds.dice import chance, pick, span
from sightline.train.worlds.documents import draw_document, make_document
from sightline.train.worlds.pages import Kind
from sightline.train.worlds.typefaces import face

_KINDS: tuple[Kind, ...] = ("receipt", "receipt", "receipt", "invoice", "form")


def document(rng: Generator) -> Pixels:
    """One page as it comes in: a file, a scan, a photograph."""
    if chance(rng, 0.62):
        page = draw_document(make_document(rng, pick(rng, _KINDS)), span(rng, 320, 800))
    else:
        page = _page(rng)
    way = rng.random()
    if way < 0.72:
        return _handled(rng, saved(rng, page) if way < 0.25 else scanned(rng, page))
    high = span(rng, 500, 1000)
    return photographed(rng, page, backdrop(rng, round(high * float(rng.uniform(0.6, 1.3))), high))


def _handled(rng: Generator, page: Pixels) -> Pixels:
    """As files are kept: now and then with a note in the margin, or cut close to the print."""
    if chance(rng, 0.25):
        high, wide = page.shape[:2]
        note = Image.fromarray(page)
        size = max(round(wide * float(rng.uniform(0.02, 0.06))), 9)
        text = number(rng) if chance(rng, 0.6) else phrase(rng)
        at = float(rng.uniform(0.02, 0.6)) * wide, pick(rng, (0.002, 0.01, 0.03, 0.93)) * high
        ImageDraw.Draw(note).text(at, text, (span(rng, 0, 120),) * 3, face("sans", size))
        page = np.array(note, np.uint8)
    if chance(rng, 0.25):
        high, wide = page.shape[:2]
        left, right, above, below = (float(rng.uniform(0, 0.1)) for _ in range(4))
        page = page[
            round(above * high) : high - round(below * high), round(left * wide) : wide - round(right * wide)
        ]
    return np.ascontiguousarray(page)


def _page(rng: Generator) -> Pixels:
    """A page of running text in one to three columns, with a heading, now and then a table or a picture."""
    width = span(rng, 500, 900)
    height = round(width * float(rng.uniform(0.7, 1.45)))
    base = span(rng, 240, 255)
    image = Image.new("RGB", (width, height), (base, base, base - span(rng, 0, 18)))
    name, size = pick(rng, READING), span(rng, 12, 17)
    margin, columns = round(width * float(rng.uniform(0.06, 0.13))), pick(rng, (1, 1, 1, 2, 2, 3))
    top = _head(rng, image, name, size, margin)
    gap = 2 * size
    column = (width - 2 * margin - gap * (columns - 1)) / columns
    for n in range(columns):
        _fill(rng, image, (margin + n * (column + gap), top), round(column), name, size, height - margin)
    if chance(rng, 0.5):
        ImageDraw.Draw(image).text(
            (width / 2, height - margin / 2), str(span(rng, 1, 400)), (60,) * 3, face(name, size)
        )
    return np.array(image, np.uint8)


def _head(rng: Generator, image: Image.Image, name: str, size: int, margin: int) -> float:
    """A letter's head, a headline or nothing; returns where the text goes on, px."""
    brush, y = ImageDraw.Draw(image), float(margin)
    if chance(rng, 0.35):
        for _ in range(span(rng, 2, 5)):
            x = margin if chance(rng, 0.7) else image.width * 0.6
            brush.text((x, y), phrase(rng), (30,) * 3, face(name, size))
            y += 1.4 * size
        y += size
    if chance(rng, 0.6):
        large = round(size * float(rng.uniform(1.3, 2.2)))
        brush.text((margin, y), words(rng, 2, 5).title(), (20,) * 3, face("sans-bold", large))
        y += 2 * large
    return y


def _fill(
    rng: Generator,
    image: Image.Image,
    at: tuple[float, float],
    width: int,
    name: str,
    size: int,
    bottom: float,
) -> None:
    """Fill a column with paragraphs, headings, small tables and pictures, down to `bottom`."""
    (x, y), brush, font = at, ImageDraw.Draw(image), face(name, size)
    ink, end = (span(rng, 0, 70),) * 3, bottom * float(rng.uniform(0.55, 1))
    while y < end - 3 * size:
        what = rng.random()
        if what < 0.1:
            brush.text((x, y), words(rng, 1, 3).capitalize(), ink, face("sans-bold", size))
            y += 1.6 * size
        elif what < 0.16:
            part = Image.fromarray(
                draw_rows([[phrase(rng)[:18], number(rng)] for _ in range(span(rng, 3, 6))], look(rng))
            )
            part.thumbnail((width, max(int(end - y), 20)))
            image.paste(part, (round(x), round(y)))
            y += part.height + size
        elif what < 0.2:
            high = min(round(width * 0.6), max(int(end - y), 20))
            image.paste(Image.fromarray(backdrop(rng, width, high)), (round(x), round(y)))
            y += high + size
        else:
            for line in paragraph(rng, name, size, width, span(rng, 2, 9)):
                if y < end - size:
                    brush.text((x, y), line, ink, font)
                y += 1.35 * size
            y += 0.6 * size
