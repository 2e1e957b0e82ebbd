"""The word lists that tables and charts are made of, read from text files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from numpy.random import Generator

from sightline.train.symbolic.table_view import Speak
from sightline.train.symbolic.table_words import lines_of, pick


@dataclass(frozen=True, kw_only=True)
class Group:
    """Names of one kind: what a row is called, its prepositions, the names."""

    id: str
    entity: tuple[str, str]
    at: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A column of numbers: its heads, how it is said, its range, how it is printed."""

    groups: tuple[str, ...]
    heads: tuple[str, ...]
    speak: Speak
    low: float
    high: float
    decimals: int
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Story:
    """A table that a story tells of."""

    intro: str
    group: str
    heads: tuple[str, ...]
    many: str
    verb: tuple[str, str]
    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class SchemaColumn:
    """A column of a table of many kinds of columns; `source` says where its values are from."""

    heads: tuple[str, ...]
    role: str
    speak: Speak
    source: str
    unit: str = ""
    matrix: bool = False
    rank: bool = False


@dataclass(frozen=True, kw_only=True)
class Schema:
    """A table of many kinds of columns."""

    entity: tuple[str, str]
    titles: tuple[str, ...]
    columns: tuple[SchemaColumn, ...]


@cache
def groups() -> dict[str, Group]:
    """The groups of names."""
    found, head = {}, ""
    for line in lines_of("tables_groups.txt"):
        if line.startswith("@"):
            head = line[1:]
            continue
        key, one, many, at = head.split("|")
        found[key] = Group(id=key, entity=(one, many), at=tuple(at.split(",")), names=tuple(line.split(";")))
    return found


@cache
def names() -> dict[str, tuple[str, ...]]:
    """The other lists of names."""
    found, head = {}, ""
    for line in lines_of("tables_names.txt"):
        if line.startswith("@"):
            head = line[1:]
            continue
        found[head] = tuple(line.split(";"))
    return found


def speak_of(nouns: str, keys: str) -> tuple[Speak, dict[str, str]]:
    """How a column is said, from the keys of its line; and all keys."""
    told = dict(part.partition("=")[::2] for part in keys.split(";") if part)
    pairs = {key: tuple(told[key].split(",", 1)) for key in ("verb", "there") if key in told}
    speak = Speak(
        noun=tuple(nouns.split("/")),
        many=told.get("many", ""),
        verb=(pairs["verb"][0], pairs["verb"][1]) if "verb" in pairs else None,
        there=(pairs["there"][0], pairs["there"][1]) if "there" in pairs else None,
        adj=tuple(told["adj"].split(",")) if "adj" in told else (),
        unit=told.get("said", ""),
        money="money" in told,
        where=tuple(told["where"].split("/")) if "where" in told else (),
        who="who" in told,
        can_add="noadd" not in told,
    )
    return speak, told


def heads_of(text: str) -> tuple[str, ...]:
    """The heads of a line: those in brackets may hold a slash (`km/h`)."""
    return tuple(re.split(r"/(?![^(]*\))", text))


@cache
def measures() -> tuple[Measure, ...]:
    """All measures."""
    found = []
    for line in lines_of("tables_measures.txt"):
        of, heads, nouns, span, decimals, keys = line.split("|")
        speak, told = speak_of(nouns, keys)
        low, high = map(float, span.split(".."))
        unit = "$" if told.get("money") == "$" else told.get("unit", "")
        found.append(
            Measure(
                groups=tuple(of.split(",")),
                heads=heads_of(heads),
                speak=speak,
                low=low,
                high=high,
                decimals=int(decimals),
                unit=unit,
            )
        )
    return tuple(found)


@cache
def measures_of(group: str) -> tuple[Measure, ...]:
    """The measures of a group."""
    return tuple(one for one in measures() if group in one.groups)


@cache
def stories() -> tuple[Story, ...]:
    """All stories."""
    found = []
    for line in lines_of("tables_stories.txt"):
        # The story itself may hold choices: the other parts are split off from the right.
        intro, group, heads, many, verb, span = line.rsplit("|", 5)
        base, past = verb.split(",")
        low, high = map(int, span.split(".."))
        found.append(
            Story(
                intro=intro,
                group=group,
                heads=heads_of(heads),
                many=many,
                verb=(base, past),
                low=low,
                high=high,
            )
        )
    return tuple(found)


@cache
def schemas() -> tuple[Schema, ...]:
    """All tables of many kinds of columns."""
    found: list[Schema] = []
    for line in lines_of("tables_schemas.txt"):
        parts = line.split("|")
        if line.startswith("@"):
            found.append(
                Schema(entity=(parts[0][1:], parts[1]), titles=tuple(parts[2].split("/")), columns=())
            )
            continue
        heads, role, nouns, source, *keys = parts
        speak, told = speak_of(nouns, keys[0] if keys else "")
        column = SchemaColumn(
            heads=heads_of(heads),
            role=role,
            speak=speak,
            source=source,
            unit="$" if told.get("money") == "$" else told.get("unit", ""),
            matrix="matrix" in told,
            rank="rankcol" in told,
        )
        found[-1] = replace(found[-1], columns=(*found[-1].columns, column))
    return tuple(found)


def full_name(rng: Generator) -> str:
    """A first and a last name."""
    return f"{pick(rng, names()['first'])} {pick(rng, names()['last'])}"


def listed(source: str) -> Sequence[str]:
    """The names of a list or of a group."""
    return names()[source] if source in names() else groups()[source].names
