"""Wordings: sections of templates in text files, filled by chance.

A template is a line such as `{what is|tell me} the <noun> <of>?`: `{a|b}` is a choice (nested as deep as one
likes, an empty part is allowed), `<noun>` a slot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TypeVar

from numpy.random import Generator

T = TypeVar("T")
Slots = Mapping[str, str | Sequence[str]]

_CHOICE = re.compile(r"\{([^{}]*)\}")
_SLOT = re.compile(r"<(\w+)>")


@cache
def lines_of(name: str) -> tuple[str, ...]:
    """The lines of a text file of wordings without comments and empty ones."""
    text = (files("sightline.train.symbolic") / "wordings" / name).read_text(encoding="utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


@cache
def sections_of(name: str) -> dict[str, tuple[str, ...]]:
    """The templates of a file by section; a section begins with its name in brackets."""
    found: dict[str, list[str]] = {}
    here = ""
    for line in lines_of(name):
        if line.startswith("[") and line.endswith("]"):
            here = line[1:-1]
        else:
            found.setdefault(here, []).append(line)
    return {key: tuple(lines) for key, lines in found.items()}


def pick(rng: Generator, items: Sequence[T]) -> T:
    """One of the items."""
    return items[int(rng.integers(len(items)))]


def some(rng: Generator, items: Sequence[T], count: int) -> list[T]:
    """So many different ones, in any order."""
    return [items[int(n)] for n in rng.permutation(len(items))[:count]]


def chance(rng: Generator, share: float) -> bool:
    """True that often."""
    return float(rng.random()) < share


def fill(template: str, rng: Generator, slots: Slots) -> str:
    """A template with its choices made and its slots filled; spaces are set right."""
    while found := _CHOICE.search(template):
        template = template[: found.start()] + pick(rng, found[1].split("|")) + template[found.end() :]

    template = re.sub(r"(?<=[.?!] )[a-z]", lambda m: m[0].upper(), re.sub(r"\s+", " ", template))

    def put(match: re.Match[str]) -> str:
        value = slots[match[1]]
        return value if isinstance(value, str) else pick(rng, value)

    while _SLOT.search(template):
        template = _SLOT.sub(put, template)
    return tidy(template)


def tidy(text: str) -> str:
    """Single spaces, none before a mark, a capital at the beginning."""
    text = re.sub(r"\s+", " ", text).strip()
    text = re.sub(r" ([?,.;:!])(?=\s|$)", r"\1", text)
    text = re.sub(r"\b([Aa]) (?=[aeioAEIO][a-z]|un[^i]|up|ur)(?!one\b|euro|once\b)", r"\1n ", text)
    return text[:1].upper() + text[1:]


def fitting(templates: Sequence[str], slots: Slots) -> list[str]:
    """The templates all of whose slots there are."""
    return [one for one in templates if all(name in slots and slots[name] for name in _SLOT.findall(one))]


def joined(names: Sequence[str], word: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


NUMBER_NAMES = "zero one two three four five six seven eight nine ten eleven twelve".split()
ORDINAL_NAMES = "first second third fourth fifth sixth seventh eighth ninth tenth".split()


def number_said(value: float, rng: Generator) -> str:
    """A number as a person writes it: with or without separators, small ones now and then as words."""
    if value == int(value):
        if 0 <= value <= 12 and chance(rng, 0.25):
            return NUMBER_NAMES[int(value)]
        return f"{int(value):,}" if chance(rng, 0.6) else str(int(value))
    return f"{value:,.10g}" if abs(value) < 1000 else f"{value:,.2f}".rstrip("0").rstrip(".")


def plural_of(noun: str) -> str:
    """The plural of a noun phrase, by its last word."""
    irregular = {"person": "people", "child": "children", "man": "men", "woman": "women", "fish": "fish"}
    head, _, last = noun.rpartition(" ")
    if last in irregular:
        made = irregular[last]
    elif last.endswith(("s", "x", "ch", "sh")):
        made = last + "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        made = last[:-1] + "ies"
    else:
        made = last + "s"
    return f"{head} {made}".strip()
