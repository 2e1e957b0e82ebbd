"""Words and numbers of a question: what a call may take from it."""

from __future__ import annotations

import re

from sightline.planning.choices import OneOf, Steps

LONGEST = 14
"""Words of one phrase."""

_NUMBER = re.compile(r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+")
_WORDS = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12, "fifteen": 15, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
    "thousand": 1000, "million": 1000000, "once": 1, "twice": 2, "half": 2, "third": 3, "quarter": 4,
}  # fmt: skip


def numbers_in(question: str) -> list[str]:
    """The numbers of a question, as SQL writes them, in their order; number words among them."""
    found: list[tuple[int, str]] = []
    for match in _NUMBER.finditer(question):
        said = match[0].replace(",", "")
        if said.isascii():  # SQL has no other digits
            found.append((match.start(), f"0{said}" if said.startswith(".") else said))
        found.append((match.start(), f"{float(said):.15g}"))
    for match in re.finditer(r"[a-z]+", question.casefold()):
        if match[0] in _WORDS:
            found.append((match.start(), str(_WORDS[match[0]])))
    return list(dict.fromkeys(said for _, said in sorted(found)))


class Phrases:
    """The runs of whole words of a question. Quotation marks are left out, signs at a run's ends too."""

    def __init__(self, question: str) -> None:
        self._words: list[tuple[str, str, str]] = []
        for word in question.replace('"', "").replace("\n", " ").split():
            core = word.strip("?!.,;:()[]“”„«»'…")
            if core:
                before, _, after = word.partition(core)
                self._words.append((before, core, after))

    @property
    def any(self) -> bool:
        """Whether there is a word at all."""
        return bool(self._words)

    def steps(self, close: str, *, lead: str = " ", others: tuple[str, ...] = ()) -> Steps[str]:
        """A run, or one of some other words, then `close`. Returns it."""
        words = self._words
        at = set(range(len(words)))
        said = yield OneOf(tuple(dict.fromkeys([*(lead + words[i][1] for i in sorted(at)), *others])))
        at = {i for i in at if lead + words[i][1] == said}
        run = said.removeprefix(lead)
        for _ in range(LONGEST - 1):
            onward = {i: self._step(i) for i in at if i + 1 < len(words)}
            said = yield OneOf(tuple(dict.fromkeys([close, *onward.values()])))
            if said == close:
                return run
            run += said
            at = {i + 1 for i, text in onward.items() if text == said}
        yield OneOf((close,))
        return run

    def _step(self, i: int) -> str:
        """From the core of word i to the end of the core of the next."""
        before, core, _ = self._words[i + 1]
        return f"{self._words[i][2]} {before}{core}"
