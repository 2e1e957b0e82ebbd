"""Pictures that hold a few lines of print and nothing else, and pictures that hold nothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from sightline.train.kinds.effects import Pixels, as_bytes, blurred, jpeg, lit, noisy, resized, saved, scanned
from sightline.train.kinds.lettering import phrase, sentence, words, written
from sightline.train.worlds.dice import chance, pick, span
from sightline.train.worlds.documents import draw_document, make_document
from sightline.train.worlds.typefaces import FACES, face

RGB = tuple[int, int, int]


def text(rng: Generator) -> Pixels:
    """A line cut out of a page, a sign, a slide, a title, a logo of letters."""
    kind = rng.random()
    if kind < 0.45:
        return _cut_line(rng)
    if kind < 0.6:
        return saved(rng, draw_document(make_document(rng, "sign"), span(rng, 300, 700)))
    return saved(rng, _poster(rng))


def _cut_line(rng: Generator) -> Pixels:
    """One line, cut close, as print or as a scan of it."""
    base = span(rng, 150, 255)
    ground = (base, base, base) if chance(rng, 0.7) else _color(rng, light=True)
    dark = span(rng, 0, max(base - 110, 1))
    line = sentence(rng) if chance(rng, 0.2) else phrase(rng)
    image = written(rng, span(rng, 14, 64), (dark, dark, dark), ground, line)
    if chance(rng, 0.15):
        image = 255 - image
    if chance(rng, 0.6):
        image = noisy(rng, blurred(image, float(rng.uniform(0.2, 1.1))), float(rng.uniform(0, 14)))
    if chance(rng, 0.15):
        image = _struck(rng, image)
    return jpeg(image, span(rng, 40, 95)) if chance(rng, 0.6) else image


def _struck(rng: Generator, image: Pixels) -> Pixels:
    """With a stroke, a fold or a shadow across."""
    image = image.copy()
    height, width = image.shape[:2]
    start, end = (int(rng.random() * width), 0), (int(rng.random() * width), height)
    cv2.line(image, start, end, (span(rng, 60, 160),) * 3, max(height // 12, 1))
    return image


def _poster(rng: Generator) -> Pixels:
    """One to six large lines on a plain or shaded ground, in the middle or at the left."""
    width, height = span(rng, 240, 1000), span(rng, 120, 800)
    light = chance(rng, 0.6)
    ground, ink = _color(rng, light=light), _color(rng, light=not light)
    image = Image.new("RGB", (width, height), ground)
    brush, name = ImageDraw.Draw(image), pick(rng, tuple(FACES))
    count = span(rng, 1, 6)
    size = max(min(round(height / count * float(rng.uniform(0.3, 0.7))), 120), 10)
    y, left = (height - count * size * 1.3) / 2, chance(rng, 0.4)
    for n in range(count):
        line, em = words(rng, 1, 4), round(size * (0.7 if n and chance(rng, 0.5) else 1))
        line = pick(rng, (str.upper, str.title, str.capitalize))(line)
        while face(name, em).getlength(line) > 0.92 * width and em > 8:
            em -= 2
        x = 0.05 * width if left else (width - face(name, em).getlength(line)) / 2
        brush.text((x, y), ("• " if left and n and count > 3 else "") + line, ink, face(name, em))
        y += size * 1.3
    if chance(rng, 0.3):
        room = span(rng, 3, 14)
        brush.rectangle((room, room, width - room, height - room), outline=ink, width=span(rng, 1, 6))
    made = np.array(image, np.uint8)
    return lit(rng, made, float(rng.uniform(0.1, 0.4))) if chance(rng, 0.2) else made


def _color(rng: Generator, *, light: bool) -> RGB:
    if chance(rng, 0.4):
        level = span(rng, 235, 255) if light else span(rng, 0, 50)
        return level, level, level
    low, high = (170, 255) if light else (0, 110)
    return span(rng, low, high), span(rng, low, high), span(rng, low, high)


def blank(rng: Generator) -> Pixels:
    """One color, an empty page as it was scanned, a dark picture: nothing to see."""
    height, width = span(rng, 32, 900), span(rng, 32, 900)
    image = np.empty((height, width, 3), np.uint8)
    kind = rng.random()
    image[:] = _color(rng, light=kind < 0.75)
    if kind < 0.35:
        return jpeg(image, 90) if chance(rng, 0.3) else image
    if kind < 0.55:
        page = scanned(rng, image)
        return resized(page, span(rng, 100, 900))
    if kind < 0.75:
        return noisy(rng, lit(rng, image, float(rng.uniform(0.02, 0.3))), float(rng.uniform(0, 4)))
    if kind < 0.85:
        return noisy(rng, as_bytes(np.full((height, width, 3), span(rng, 0, 14))), float(rng.uniform(0, 3)))
    ramp = np.linspace(0, span(rng, 10, 90), height)[:, None, None]
    return as_bytes(image.astype(np.float32) - ramp)
