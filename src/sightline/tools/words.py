"""What a noun means to a detector: synonyms, plurals, and the classes that it takes in. Data: words.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from rapidfuzz import fuzz, process

Fit = Literal["class", "narrower", "wider", "any"]
"""How the classes fit the noun: they are what it names, more than it names, parts of it, or all there are."""

GENERIC = frozenset("thing object item element one something anything everything".split())
"""Nouns that mean every class."""

IRREGULAR = {
    "men": "man",
    "women": "woman",
    "gentlemen": "gentleman",
    "policemen": "policeman",
    "children": "child",
    "people": "person",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "oxen": "ox",
    "calves": "calf",
    "leaves": "leaf",
    "loaves": "loaf",
    "shelves": "shelf",
    "wolves": "wolf",
    "potatoes": "potato",
    "tomatoes": "tomato",
    "dice": "die",
}
MOST_NEAREST = 3
"""Classes that are named where a noun is none of them."""

_SAME_IN_PLURAL = frozenset("sheep skis scissors cattle furniture food electronics fruit tableware".split())
_ALIKE = 75
"""Of 100, by rapidfuzz: `girafe` and `giraffe` are 92 alike, `cat` and `car` 67."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """The classes that a noun means. `note` says in one line what a finding of them does not tell."""

    labels: frozenset[str]
    fit: Fit
    note: str = ""
    plural: bool = False


@dataclass(frozen=True, kw_only=True)
class Words:
    """The tables of words.toml, by word in the singular."""

    same: Mapping[str, tuple[str, ...]]
    """A word -> all words for the same."""
    drawn: Mapping[str, str]
    narrower: Mapping[str, tuple[str, ...]]
    """A word -> what it is a kind of."""
    wider: Mapping[str, tuple[str, ...]]
    """A word -> what is a kind of it."""
    akin: Mapping[str, tuple[str, ...]]
    """A word that nothing takes in -> what is nearest to it."""
    shapes: frozenset[str]
    shape_words: frozenset[str]


@cache
def words() -> Words:
    """The tables, read once."""
    tables = tomllib.loads(files("sightline.tools").joinpath("words.toml").read_text(encoding="utf-8"))
    groups = [(name, *_listed(more)) for name, more in tables["same"].items()]
    return Words(
        same={word: group for group in groups for word in group},
        drawn={word: shape for shape, more in tables["drawn"].items() for word in _listed(more)},
        narrower=_turned(tables["narrower"]),
        wider={word: tuple(_listed(parts)) for word, parts in tables["wider"].items()},
        akin=_turned(tables["akin"]),
        shapes=frozenset(_listed(tables["shapes"]["names"])),
        shape_words=frozenset(_listed(tables["shapes"]["words"])),
    )


def _turned(table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """From the words of each name to the names of each word."""
    names: dict[str, list[str]] = {}
    for name, kinds in table.items():
        for kind in _listed(kinds):
            names.setdefault(kind, []).append(name)
    return {kind: tuple(found) for kind, found in names.items()}


def _listed(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split(",") if part.strip()]


def meaning(noun: str, classes: Sequence[str]) -> Meaning | None:
    """What `noun`, in the singular or the plural, means to a detector of these classes; None: nothing.

    A class of that name comes first, then one of another word for the same, then one that takes the noun in
    (men -> person), then those that the noun takes in (animals -> cat, dog, ...), then `things`: all.
    """
    index = _index(tuple(classes))
    forms = singulars(noun)
    for form in forms:
        if form in index:
            return Meaning(
                labels=frozenset({index[form]}), fit="class", plural=form != noun or _is_many(noun)
            )
    for form in forms:
        if made := _by_table(form, index):
            labels, fit, note = made
            return Meaning(labels=labels, fit=fit, note=note, plural=form != noun or _is_many(noun))
    return None


def _is_many(noun: str) -> bool:
    return noun in IRREGULAR or noun in _SAME_IN_PLURAL


@cache
def _index(classes: tuple[str, ...]) -> dict[str, str]:
    """Class by its name in plain words, and by what its name may be the plural of."""
    by_name = {form: name for name in classes for form in reversed(singulars(plain(name)))}
    return by_name | {plain(name): name for name in classes}


def _by_table(form: str, index: Mapping[str, str]) -> tuple[frozenset[str], Fit, str] | None:
    """Labels, how they fit, and the note, by the tables of words; None where they know nothing."""
    known = words()
    if labels := _of((*known.same.get(form, ()), known.drawn.get(form, "")), index)[:1]:
        return frozenset(labels), "class", ""
    if labels := _of(known.narrower.get(form, ()), index):
        others = " and ".join(plural(label) for label in labels)
        return frozenset(labels), "narrower", f"{plural(form)} are not told from other {others}"
    if labels := _of(_parts(form), index):
        told = ", ".join(plain(label) for label in labels)
        return frozenset(labels), "wider", f"of {plural(form)} it knows {told} alone"
    if form in known.shape_words and (labels := _of(sorted(known.shapes), index)):
        return frozenset(labels), "class", ""
    return (frozenset(index.values()), "any", "") if form in GENERIC else None


def _of(names: Sequence[str], index: Mapping[str, str]) -> list[str]:
    """The classes that are called so, or by another word for the same, each once and in order."""
    same = words().same
    found = [index[word] for name in names for word in (name, *same.get(name, ())) if word in index]
    return list(dict.fromkeys(found))


def _parts(word: str) -> list[str]:
    """What `word` takes in, down to names that take in nothing."""
    wider = words().wider
    return [leaf for part in wider.get(word, ()) for leaf in (_parts(part) if part in wider else [part])]


def nearest(noun: str, classes: Sequence[str]) -> list[str]:
    """Up to `MOST_NEAREST` classes that `noun` may have meant; none where nothing is near.

    First what the table holds akin to it (helicopter -> airplane), then what a word of it means (`shiny
    circles` -> circle), then what is spelled alike (`girafe` -> giraffe).
    """
    index, known = _index(tuple(classes)), words()
    akin = [_of(known.akin.get(form, ()), index) for form in singulars(noun)]
    parts = [word for word in noun.split() if len(word) > 2]
    spelled = [*index, *known.same, *known.narrower]
    last = singulars(noun)[-1]
    alike = process.extract(last, spelled, scorer=fuzz.ratio, limit=MOST_NEAREST, score_cutoff=_ALIKE)
    means = [meaning(word, classes) for word in [*reversed(parts), *(word for word, _, _ in alike)]]
    labels = [sorted(found.labels) for found in means if found and found.fit in ("class", "narrower")]
    return list(dict.fromkeys(label for found in [*akin, *labels] for label in found))[:MOST_NEAREST]


def plain(name: str) -> str:
    """The name of a class in plain words: `Wine_Glass` -> `wine glass`."""
    return " ".join(name.lower().replace("_", " ").replace("-", " ").split())


def plural(noun: str) -> str:
    """The noun for several: `man` -> men, `box` -> boxes."""
    noun = plain(noun)
    head, space, last = noun.rpartition(" ")
    irregular = {one: many for many, one in IRREGULAR.items()}
    if last in _SAME_IN_PLURAL:
        return noun
    if last in irregular:
        last = irregular[last]
    elif last.endswith("ife"):
        last = last[:-2] + "ves"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "es" if last.endswith(("s", "x", "z", "ch", "sh")) else "s"
    return head + space + last


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
