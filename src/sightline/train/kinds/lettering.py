"""Words, and print of them, for pictures that are about something else."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from sightline.train.kinds.effects import Pixels
from sightline.train.worlds.dice import chance, digits, pick, span
from sightline.train.worlds.lexicon import COMMON, FIRST_NAMES, LAST_NAMES, MONTHS, PRODUCTS, invented_word
from sightline.train.worlds.typefaces import FACES, face

RGB = tuple[int, int, int]
SANS = ("sans", "grotesque", "narrow", "sans-bold")
READING = ("sans", "serif", "grotesque", "narrow")


def words(rng: Generator, low: int, high: int) -> str:
    """Some common words."""
    return " ".join(pick(rng, COMMON) for _ in range(span(rng, low, high)))


def sentence(rng: Generator) -> str:
    """Words that begin with a capital and end with a stop."""
    return words(rng, 5, 16).capitalize() + pick(rng, ".....?!")


def phrase(rng: Generator) -> str:
    """What may stand by itself: a name, a number, a date, a price, some words."""
    made = (
        f"{pick(rng, FIRST_NAMES)} {pick(rng, LAST_NAMES)}",
        words(rng, 1, 3).title(),
        words(rng, 1, 4).capitalize(),
        words(rng, 1, 3).upper(),
        number(rng),
        number(rng),
        f"{span(rng, 1, 28)} {pick(rng, MONTHS)} {span(rng, 1950, 2026)}",
        f"{span(rng, 1, 12):02d}/{span(rng, 1, 28):02d}/{span(rng, 1990, 2026)}",
        pick(rng, PRODUCTS),
        invented_word(rng).title(),
        f"{pick(rng, COMMON).title()}: {number(rng)}",
    )
    return pick(rng, made)


def number(rng: Generator) -> str:
    """A number as print has it."""
    value = float(10 ** rng.uniform(0, 5))
    made = (
        f"{value:.0f}",
        f"{value:,.0f}",
        f"{value:.2f}",
        f"${value:,.2f}",
        f"{value:.1f}%",
        f"{span(rng, 1900, 2026)}",
        digits(rng, span(rng, 3, 9)),
    )
    return pick(rng, made)


def paragraph(rng: Generator, name: str, size: int, width: int, most: int) -> list[str]:
    """Lines of running text that fit `width` px in the typeface; at most `most` of them."""
    font = face(name, size)
    lines, line = list[str](), ""
    while len(lines) < most:
        for word in sentence(rng).split():
            longer = f"{line} {word}".strip()
            if font.getlength(longer) > width and line:
                lines.append(line)
                line = word
            else:
                line = longer
        if chance(rng, 0.15) and len(lines) >= 2:
            break
    return [*lines, line][:most]


def written(rng: Generator, size: int, ink: RGB, ground: RGB, text: str = "") -> Pixels:
    """One line of print on its own ground, uint8[h, w, 3]."""
    font = face(pick(rng, tuple(FACES)), size)
    text = text or phrase(rng)
    room = round(size * float(rng.uniform(0.1, 0.5)))
    left, top, right, bottom = font.getbbox(text)
    image = Image.new(
        "RGB", (round(right - left) + 2 * room, round(bottom - top) + 2 * room), tuple(map(int, ground))
    )
    ImageDraw.Draw(image).text((room - left, room - top), text, tuple(map(int, ink)), font)
    return np.array(image, np.uint8)
