"""From a noun phrase, such as `small red circles`, to classes of a detector and measured attributes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sightline.tools.attributes import COLOURS, SIZES

DROPPED = frozenset(
    "a an the any all some every each this that these those my your its his her their "
    "one two three four five six seven eight nine ten no".split()
)
"""Words before a noun that do not change what is looked for. (`one` alone is a noun: see `GENERIC`.)"""

GENERIC = frozenset("thing object shape item figure element one something anything everything".split())
"""Nouns that mean every class."""

COLOUR_WORDS = {name: name for name in COLOURS} | {
    "gray": "grey",
    "violet": "purple",
    "scarlet": "red",
    "crimson": "red",
    "golden": "yellow",
    "magenta": "pink",
    "navy": "blue",
}
SIZE_WORDS = {name: name for name in SIZES} | {
    "little": "small",
    "tiny": "small",
    "big": "large",
    "huge": "large",
}
SYNONYMS = {
    "disc": "circle",
    "disk": "circle",
    "dot": "circle",
    "ring": "circle",
    "plus": "cross",
    "plus sign": "cross",
    "rhombus": "diamond",
    "rhombi": "diamond",
    "lozenge": "diamond",
    "box": "square",
    "pentagram": "star",
    "asterisk": "star",
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "mice": "mouse",
    "knives": "knife",
}
"""Read only where the word is no class itself and the class on the right is one."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for: any of `labels`, with the attributes named (None: any)."""

    labels: frozenset[str]
    colour: str | None = None
    size: str | None = None

    def wants(self, label: str, attributes: dict[str, str]) -> bool:
        """Whether a detection of that label and these measured attributes is meant."""
        return (
            label in self.labels
            and self.colour in (None, attributes.get("color"))
            and self.size in (None, attributes.get("size"))
        )


def resolve(text: str, classes: Sequence[str]) -> Query | str:
    """What `text` asks a detector of `classes` for; a `str` is the noun that it has no class for.

    Attribute words come before the noun. A class that is called like an attribute (`orange`) wins as the
    last word: `red oranges` are red things of the class orange.
    """
    words = re.findall(r"\w[\w'’-]*", text.lower().replace("_", " "))
    colour: str | None = None
    size: str | None = None
    while words:
        if labels := _labels(" ".join(words), classes):
            return Query(labels=labels, colour=colour, size=size)
        word, rest = words[0], words[1:]
        if word in COLOUR_WORDS and colour is None:
            colour = COLOUR_WORDS[word]
        elif word in SIZE_WORDS and size is None:
            size = SIZE_WORDS[word]
        elif not (word in DROPPED or word.isdigit()) or not rest:
            break
        words = rest
    if not words and (colour or size):
        return Query(labels=frozenset(classes), colour=colour, size=size)
    return " ".join(words) or text.strip()


def _labels(noun: str, classes: Sequence[str]) -> frozenset[str]:
    """The classes that a noun names, in the singular or the plural; empty where there are none."""
    by_name = {name.lower().replace("_", " "): name for name in classes}
    forms = singulars(noun)
    for form in forms:
        if form in by_name:
            return frozenset({by_name[form]})
    for form in forms:
        if SYNONYMS.get(form) in by_name:
            return frozenset({by_name[SYNONYMS[form]]})
    return frozenset(classes) if GENERIC.intersection(forms) else frozenset()


def singulars(noun: str) -> list[str]:
    """The noun as it stands, then what it may be the plural of: `boxes` -> boxes, boxe, box."""
    forms = [noun]
    if noun.endswith("s") and not noun.endswith("ss"):
        forms.append(noun[:-1])
    if noun.endswith("es"):
        forms.append(noun[:-2])
    if noun.endswith("ies"):
        forms.append(noun[:-3] + "y")
    return forms
