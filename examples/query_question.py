"""A question as a planner of queries sees it: its words, its numbers, and the cells that it names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from rapidfuzz import fuzz

from query_kinds import Shape, asks_for

STOP = frozenset(
    "a an the of in on at to for from by with and or is are was were be been did do does done has have had "
    "how many much what which who whom whose where when why that this these those it its their there than "
    "then as not no per about into over under after before between during all any each more most less least "
    "number total first last next previous year years name named list listed table chart".split()
)
"""Words that say nothing of a row by themselves."""

WORDS = {
    word: n
    for n, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"once": 1, "twice": 2, "half": 0.5}


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question as words without case, accents and endings, and its numbers."""

    text: str
    words: tuple[str, ...]
    numbers: tuple[float, ...]

    @classmethod
    def of(cls, text: str) -> Question:
        """Read a question."""
        return cls(text=text, words=words_of(text), numbers=numbers_of(text))

    def says(self, cell: str) -> bool:
        """Whether a cell is named: its words in a row, all of them somewhere, or nearly the same letters."""
        words = words_of(cell)
        if not words or (len(words) == 1 and words[0] in STOP):
            return False
        runs = zip(*(self.words[n:] for n in range(len(words))), strict=False)
        if words in runs:
            return True
        telling = [word for word in words if word not in STOP]
        if len(telling) > 1 and set(telling) <= set(self.words):
            return True
        letters = " ".join(words)
        numbers = {word for word in words if word.isdigit()}
        near = len(letters) > 5 and fuzz.partial_ratio(letters, " ".join(self.words)) >= 90
        return near and numbers <= set(self.words)

    def place(self, cell: str) -> int:
        """Which word of the question a cell that it says begins at; 0 where it is not said in a row."""
        tokens, words = self.text.split(), words_of(cell)
        starts = [n for n in range(len(tokens)) if words_of(" ".join(tokens[n:]))[: len(words)] == words]
        return starts[0] if starts else 0

    def cues(self, shape: Shape) -> bool:
        """Whether a word of the question asks for what a shape does, and for the rows that it takes."""
        return asks_for(self.text, shape)

    def runs(self) -> list[str]:
        """Words and runs of up to four words that may stand within a cell, the longest first."""
        tokens = re.findall(r"[^\s,;?\"]+", self.text.rstrip("?. "))
        found = []
        for n in range(4, 0, -1):
            for start in range(len(tokens) - n + 1):
                part = tokens[start : start + n]
                telling = [word for word in part if word.casefold() not in STOP and len(word) > 1]
                if telling and part[0].casefold() not in STOP and part[-1].casefold() not in STOP:
                    found.append(" ".join(part))
        return list(dict.fromkeys(found))


def words_of(text: str) -> tuple[str, ...]:
    """Words without case and accents, plurals without their s, and runs of digits."""
    plain_ = re.sub(r"(?<=\d),(?=\d{3})", "", plain(text)).replace("'", "")
    found = re.findall(r"[a-z]+|\d+", plain_)
    return tuple(w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in found)


def numbers_of(text: str) -> tuple[float, ...]:
    """The numbers of a question: digits, fractions, `4+1/10`, words up to twelve."""
    found: list[float] = []
    pattern = r"(\d+)\+(\d+)/(\d+)|(\d+)/(\d+)|(-?\d[\d,]*(?:\.\d+)?|\.\d+)|([a-z]+)"
    for mixed, over, under, top, bottom, digits, word in re.findall(pattern, text.casefold()):
        if mixed:
            found.append(int(mixed) + int(over) / int(under))
        elif top:
            found.append(int(top) / max(int(bottom), 1))
        elif digits:
            found.append(float(digits.replace(",", "")))
        elif word in WORDS:
            found.append(WORDS[word])
    return tuple(dict.fromkeys(found))


def plain(value: object) -> str:
    """As texts compare: without case and accents."""
    text = unicodedata.normalize("NFKD", str(value).casefold())
    return "".join(c for c in text if not unicodedata.combining(c))
