"""Word lists for drawn words and documents: products, companies, places, names.

They stand in lexicon.txt. Nothing there was taken from a data set: it is everyday vocabulary written
down for this package. An item `-` in the file is the empty string (a company without a legal form).
"""

from __future__ import annotations

import re
from pathlib import Path

from numpy.random import Generator

Words = tuple[str, ...]


def _sections() -> dict[str, Words]:
    text = (Path(__file__).parent / "lexicon.txt").read_text(encoding="utf-8")
    parts = re.split(r"^\[(.+)\]$", text, flags=re.MULTILINE)[1:]
    items = [" ".join(body.split()).split(", ") for body in parts[1::2]]
    return {
        name: tuple("" if i == "-" else i for i in body) for name, body in zip(parts[::2], items, strict=True)
    }


_ALL = _sections()


def _family(prefix: str) -> dict[str, Words]:
    return {
        name.removeprefix(prefix + " "): words
        for name, words in _ALL.items()
        if name.startswith(prefix + " ")
    }


COMMON = _ALL["common"]
PRODUCTS = _ALL["products"]
COMPANY_WORDS = _ALL["company words"]
AREAS = _ALL["areas"]
FIRST_NAMES = _ALL["first names"]
LAST_NAMES = _ALL["last names"]
TRADES = _family("trades")
"""Kind of shop -> what such a shop calls itself."""
SUFFIXES = _family("suffixes")
"""Country -> legal forms."""
STREETS = _family("streets")
CITIES = _family("cities")
MONTHS = tuple(
    "January February March April May June July August September October November December".split()
)

_ONSETS = "b bl br c ch cl d dr f fl g gl gr h j k l m n p pl pr qu r s sh sk sl st t th tr v w z".split()
_VOWELS = "a e i o u a e i o ai ea oo ou".split()
_COARSE = ("shit", "fuc", "cunt", "slut", "twat", "dick", "piss", "fag", "nig", "tit", "cock", "rape", "cum")
_CODAS = ["", "", "", *"b ck d f g l m n nd ng nt p r rn s st t x".split()]


def invented_word(rng: Generator, syllables: int | None = None) -> str:
    """A pronounceable word that is (nearly always) no word, such as `blicket`.

    Args:
        rng: where the randomness comes from.
        syllables: how many; drawn from 1..3 where None.
    """
    count = int(rng.integers(1, 4)) if syllables is None else syllables
    parts = (_ONSETS, _VOWELS, _CODAS) * count
    while True:
        word = "".join(options[int(rng.integers(len(options)))] for options in parts)
        if not any(coarse in word for coarse in _COARSE):
            return word
