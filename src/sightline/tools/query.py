"""From a noun phrase, such as `small red circles`, to classes of a detector and measured attributes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sightline.tools.attributes import COLOURS, SIZES

DROPPED = frozenset(
    "a an the any all some every each this that these those my your its his her their of number pair pairs "
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
}
"""Read only where the word is no class itself and the class on the right is one."""

_EQUAL = """
airplane, aeroplane, plane, aircraft
bicycle, bike, pushbike
cell phone, cellphone, mobile phone, mobile, smartphone, phone
couch, sofa, settee
cup, mug
dining table, diningtable, table
donut, doughnut
fire hydrant, hydrant
fridge, refrigerator
hair drier, hair dryer, hairdryer
motorcycle, motorbike
necktie, tie
person, people, human, human being, pedestrian
platelet, thrombocyte
potted plant, pottedplant, houseplant
red blood cell, rbc, erythrocyte
remote, remote control
sports ball, ball
suitcase, luggage
surfboard, surf board
teddy bear, teddy
traffic light, stoplight, traffic signal
truck, lorry
tv, television, tvmonitor, tv monitor, tv set, telly
white blood cell, wbc, leukocyte, leucocyte
"""
EQUAL = {
    word: tuple(group.split(", ")) for group in _EQUAL.strip().splitlines() for word in group.split(", ")
}
"""Words that name the same, whichever of them is the class: those of COCO and VOC, and of blood. A word for
some of a class's things (woman, puppy, pigeon) is not here: no detector of the class tells them apart."""

IRREGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "oxen": "ox",
}

_BRACKETS = re.compile(r"\([^()]*\)")
_IN_THE_IMAGE = re.compile(
    r"\s+((visible|shown|present|that you (can )?see)\b\s*)?"
    r"((in|on|of|from|across) (the|this|that) (image|picture|photo|photograph|scene|page|micrograph))?$"
)


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
    plain = _BRACKETS.sub(" ", text) if _BRACKETS.sub("", text).strip() else text
    said = " " + " ".join(re.findall(r"\w[\w'’-]*", plain.lower().replace("_", " ")))
    words = _IN_THE_IMAGE.sub("", said).split()
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
    by_name = {form: name for name in classes for form in reversed(singulars(_plain(name)))}
    by_name |= {_plain(name): name for name in classes}
    forms = singulars(noun)
    for form in forms:
        if form in by_name:
            return frozenset({by_name[form]})
    for form in forms:
        for same in (SYNONYMS.get(form), *EQUAL.get(form, ())):
            if same in by_name:
                return frozenset({by_name[same]})
    return frozenset(classes) if GENERIC.intersection(forms) else frozenset()


def _plain(name: str) -> str:
    return name.lower().replace("_", " ")


def singulars(noun: str) -> list[str]:
    """The noun as it stands, then what it may be the plural of: `boxes` -> boxes, boxe, box."""
    head, space, last = noun.rpartition(" ")
    forms = [last]
    if last in IRREGULAR:
        forms.append(IRREGULAR[last])
    if last.endswith("s") and not last.endswith("ss"):
        forms.append(last[:-1])
    if last.endswith("es"):
        forms.append(last[:-2])
    if last.endswith("ies"):
        forms.append(last[:-3] + "y")
    if last.endswith("ves"):
        forms += [last[:-3] + "f", last[:-3] + "fe"]
    return [head + space + form for form in forms]
