"""Wordings of questions about objects, by family, from the text files `wordings/objects_*.txt`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from numpy.random import Generator

from sightline.train.worlds.dice import chance, pick

FILES = ("simple", "logic", "order", "other")

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")

_IN = (
    *("",) * 12,
    *(" in the {img}",) * 4,
    *(" in this {img}", " in this {img}") * 1,
    " here",
    " on the {img}",
    " on this {img}",
    " in total",
    " altogether",
)
_IMAGES = {
    "photo": ("picture", "image", "photo", "photo", "image", "picture", "scene", "photograph", "shot"),
    "drawing": ("picture", "image", "image", "picture", "drawing", "figure", "scene", "graphic"),
}


@cache
def lines() -> Mapping[str, tuple[str, ...]]:
    """All wordings by family."""
    found: dict[str, list[str]] = {}
    for name in FILES:
        text = (files("sightline.train.symbolic") / "wordings" / f"objects_{name}.txt").read_text("utf-8")
        _, *sections = re.split(r"^== ", text, flags=re.MULTILINE)
        for section in sections:
            family, *own = filter(None, section.splitlines())
            found.setdefault(family.strip(), []).extend(own)
    return {family: tuple(own) for family, own in found.items()}


def expanded(rng: Generator, line: str) -> str:
    """A line with its choices made. What looks like a call or data is left as it is."""
    while choice := _CHOICE.search(line):
        line = line[: choice.start()] + pick(rng, choice[1].split("|")) + line[choice.end() :]
    return line


def worded(rng: Generator, family: str, medium: str, slots: Mapping[str, object]) -> tuple[str, str]:
    """A question of a family, and the line that it was made from, with its choices made.

    Args:
        rng: chooses.
        family: of `lines`.
        medium: photo or drawing.
        slots: by name; `img` and `in` are filled here.
    """
    line = expanded(rng, pick(rng, lines()[family]))
    here = pick(rng, _IN)
    if "{img}" in line:
        here = ""
    if here in (" in total", " altogether") and not line.startswith("How many"):
        here = ""
    line = line.replace("{in}", here)
    image = pick(rng, _IMAGES.get(medium, _IMAGES["drawing"]))
    given = {"img": image, **slots}
    text = _SLOT.sub(lambda slot: str(given.get(slot[1], slot[0])), line)
    text = re.sub(r" (?=[ ?.,!:])(?! ?\.\.)", "", text).strip() if family != "not about text" else text
    if "side" in slots:
        text = re.sub(r"\bon the (top|bottom)(?! side)", r"at the \1", text)
    if text[:1].islower() and not (line[:1].islower() and chance(rng, 0.7)):
        text = text[:1].upper() + text[1:]
    return text, line


@cache
def lists(start: str) -> Mapping[str, tuple[str, ...]]:
    """Lists of `objects_lists.txt` whose names begin so, by the rest of their names."""
    text = (files("sightline.train.symbolic") / "wordings" / "objects_lists.txt").read_text("utf-8")
    found = {}
    for section in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        name, _, items = section.partition("\n")
        if name.startswith(start):
            found[name.removeprefix(start)] = tuple(" ".join(items.split()).split(" | "))
    return found
