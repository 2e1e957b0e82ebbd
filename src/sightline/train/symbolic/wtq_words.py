"""A question as the search for its SQL sees it: tokens and numbers."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property

STOP = frozenset(
    "a an the of in on at to for from by with and or is are was were be been being did do does done has "
    "have had what which who whom whose where when why how that this these those it its their there "
    "than then as s t m per about into during any each if so he she his her they them him we our you "
    "your i me my us can could would will shall should may might also very just please tell list name "
    "give show find say me all ever only one own chart table listed list recorded shown according based "
    "value entry row column here out up down but get got go many much number amount come came take took "
    "make made time times not no".split()
)
"""Words that need no counterpart in the SQL."""

SYNONYMS = {
    "won": "win", "winner": "win", "winning": "win", "lost": "loss", "lose": "loss", "loser": "loss",
    "nation": "country", "countries": "country", "town": "city", "cities": "city", "movie": "film",
    "attend": "attendance", "attended": "attendance", "competitor": "opponent", "played": "play",
    "born": "birth", "die": "death", "died": "death", "pt": "point", "venue": "location", "place": "place",
    "located": "location", "stadium": "stadium", "nationality": "country", "premiere": "air", "aired": "air",
    "built": "build", "began": "begin", "length": "length", "distance": "distance", "tenure": "term",
    "scored": "score", "placed": "place", "finished": "finish", "held": "hold", "no": "no", "pos": "position",
    "pop": "population", "people": "people", "rank": "rank", "ranked": "rank", "weigh": "weight",
    "matches": "match", "games": "game", "losses": "loss", "wins": "win", "ties": "tie", "draws": "draw",
}  # fmt: skip
SYNONYMS |= {word: word for word in SYNONYMS.values()} | {"attendance": "attendance"}
"""Words that stand for one another in questions and heads of columns."""

NUMBER_WORDS = {
    word: float(n)
    for n, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"once": 1.0, "twice": 2.0}

ORDINALS = {
    word: n
    for n, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)
}

_TOKEN = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+|\d+(?:st|nd|rd|th)\b|\d+|[a-z]+")


def plain(text: str) -> str:
    """As texts compare: without case and accents, one character for each of them where that can be."""
    return "".join(_plain_letter(c) for c in text)


@cache
def _plain_letter(letter: str) -> str:
    folded = unicodedata.normalize("NFKD", letter.casefold())
    bare = "".join(c for c in folded if not unicodedata.combining(c))
    return bare if len(bare) == 1 else letter


@cache
def stem(word: str) -> str:
    """A word without its ending, as heads of columns and questions share it."""
    if word in SYNONYMS:
        return SYNONYMS[word]
    if word[:1].isdigit():
        return re.sub(r"(\d),(?=\d{3})", r"\1", word)
    for ending, put in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x")):
        if word.endswith(ending) and len(word) > 4:
            return word.removesuffix(ending) + put
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 3:
            return word.removesuffix(ending).removesuffix("e")
    if word.endswith(("er", "or")) and len(word) > 5 and word not in SYNONYMS:
        return word[:-2]
    return SYNONYMS.get(word, word.removesuffix("e") if len(word) > 4 else word)


@cache
def stems_of(text: str) -> tuple[str, ...]:
    """The stems of a text, in its order."""
    return tuple(stem(found) for found in _TOKEN.findall(plain(text)))


@dataclass(frozen=True, kw_only=True)
class Token:
    """A word of a question: where it stands, as it compares, and its stem."""

    start: int
    end: int
    word: str
    stem: str


class Question:
    """A question as tokens."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.plain = plain(text)
        self.tokens = tuple(
            Token(start=m.start(), end=m.end(), word=m.group(), stem=stem(m.group()))
            for m in _TOKEN.finditer(self.plain)
        )
        self.words = tuple(t.word for t in self.tokens)
        self.stems = tuple(t.stem for t in self.tokens)

    @cached_property
    def numbers(self) -> tuple[tuple[int, float], ...]:
        """The numbers with the token of each; `one` is none."""
        found: list[tuple[int, float]] = []
        for n, word in enumerate(self.words):
            if re.fullmatch(r"[\d,]+(?:\.\d+)?", word):
                found.append((n, float(word.replace(",", ""))))
            elif word in NUMBER_WORDS and word != "one":
                found.append((n, NUMBER_WORDS[word]))
        return tuple(found)

    def mask(self, pattern: str) -> int:
        """The tokens that a pattern matches, as bits; 0 where it is nowhere."""
        bits = 0
        for found in re.finditer(pattern, self.plain):
            for n, token in enumerate(self.tokens):
                if token.start < found.end() and token.end > found.start():
                    bits |= 1 << n
        return bits

    def before(self, n: int, words: int = 4) -> str:
        """The few words before a token."""
        return " ".join(self.words[max(0, n - words) : n])

    def after(self, n: int, words: int = 3) -> str:
        """The few words after a token."""
        return " ".join(self.words[n + 1 : n + 1 + words])

    def phrase(self, first: int, last: int) -> str:
        """The print from one token to another."""
        return self.text[self.tokens[first].start : self.tokens[last].end]
