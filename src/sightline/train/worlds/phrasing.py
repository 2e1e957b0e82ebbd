"""Lines that questions are worded with, by key, some of them held out; and numbers as people write them.

A key is a family (`count`) or a family and what it asks (`count between`). A line is in the grammar of
`scene_wordings`: `[a|b|]` is a choice, `{slot}` is filled by the question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import floor

import numpy as np

from sightline.train.worlds.dice import pick
from sightline.train.worlds.scene_wordings import dress, expand
from sightline.train.worlds.scenes import Split

Lines = dict[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Phrasebook:
    """Lines by key. No sentence of `train` is one of `held_out`'s, and each key has lines in both."""

    train: Lines
    held_out: Lines

    def word(
        self, rng: np.random.Generator, key: str, split: Split, slots: dict[str, object]
    ) -> tuple[str, str]:
        """A question and the name of its wording; half of a held-out split's are held out."""
        held = split == "heldout" and rng.random() < 0.5
        lines = (self.held_out if held else self.train)[key]
        line = pick(rng, lines)
        text = expand(rng, line).format(**slots).strip()
        name = f"{key}/{'held' if held else 'train'}{lines.index(line)}"
        return dress(rng, text[0].upper() + text[1:]), name

    def is_held_out(self, family: str, text: str) -> bool:
        """Whether the text is one of the held-out sentences of a family, dressed or not."""
        keys = [key for key in self.held_out if key == family or key.startswith(family + " ")]
        return any(_pattern(line).search(text) for key in keys for line in self.held_out[key])


@cache
def _pattern(line: str) -> re.Pattern[str]:
    """The line as a pattern: a slot stands for any text, or none, and the last mark may be missing."""
    parts = re.split(r"(\{.*?\}|[\[\]|])", line.rstrip("?."))
    known = {"[": "(?:", "]": ")", "|": "|"}
    body = "".join(known.get(p, ".*" if p.startswith("{") else re.escape(p)) for p in parts)
    return re.compile(rf"\b{body}(?=\W|$)", re.IGNORECASE)


def rounded(value: Fraction, places: int) -> Fraction:
    """The value to so many decimal places, halves away from zero."""
    scale = 10**places
    whole = floor(abs(value) * scale + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, scale)


def decimal(value: Fraction, places: int = 2) -> str:
    """Digits without trailing zeros, rounded to `places`: `1250`, `3.5`, `-0.25`."""
    text = f"{float(rounded(value, places)):.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: Fraction) -> str:
    """Money: whole, or with two decimals."""
    return decimal(value) if value.denominator == 1 else f"{float(rounded(value, 2)):.2f}"


def ratio(value: Fraction) -> str:
    """A fraction in lowest terms: `3/11`, or `1`."""
    return str(value)


def listing(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
