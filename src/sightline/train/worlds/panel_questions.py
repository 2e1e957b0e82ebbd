"""What is asked about panels: statements whose truth their programs give.

A statement is drawn first, then panels until there is one of which it is true and one of which it is not;
a coin takes one of the two. So no text is worth a guess. Further statements about the same panel are drawn
until a wording has a true and a false one, and a coin takes one of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sightline.train.worlds.dice import chance, pick, span
from sightline.train.worlds.nouns import with_article
from sightline.train.worlds.panel_draw import draw_panel
from sightline.train.worlds.panels import (
    COLOURS,
    HELD_OUT,
    SHAPES,
    SIZES,
    Kind,
    Panel,
    is_orderly,
    make_panel,
    with_look,
)
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scene_wordings import expand
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.statement_parser import read_statement
from sightline.train.worlds.statement_wordings import FRAMES, PHRASES, SIDED, WALLS
from sightline.train.worlds.statements import Program

FAMILIES = tuple(PHRASES.train)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven")
_ORDERED = ("scatter order",)
"""Families that ask what is higher, which has to be beyond doubt."""
_PANELS = 40
_TRIES = 12
_FURTHER = 3
_SIZE_WORDS = {"small": SIZES["small"], "medium": SIZES["medium"], "big": SIZES["big"]}


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A sentence, its program and the line (of `family`) that it was made from."""

    text: str
    program: Program
    family: str
    wording: str


def panel_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """A panel and one to four statements about it; the state is the `Panel`."""
    kind: Kind = pick(rng, ("scatter", "towers"))
    statement, panel = _first(rng, kind, split)
    said, asked = {statement.text}, [_asked(rng, statement, panel, split)]
    for _ in range(_FURTHER):
        further = _further(rng, panel, split)
        if further and further.text not in said:
            said.add(further.text)
            asked.append(_asked(rng, further, panel, split))
    return Sample(draw=lambda: (draw_panel(panel),), asked=tuple(asked), state=panel)


def is_held_out(family: str, text: str) -> bool:
    """Whether the text is a held-out wording of the family, or is framed in a held-out way."""
    return PHRASES.is_held_out(family.replace("_", " "), text) or FRAMES.is_held_out("frame", text)


def _asked(rng: np.random.Generator, statement: Statement, panel: Panel, split: Split) -> Asked:
    answer = "yes" if statement.program.holds(panel) else "no"
    return Asked(
        question=_framed(rng, statement.text, split),
        answer=answer,
        family=statement.family.replace(" ", "_"),
        thought=f"{statement.program.because(panel)}: {answer}.",
        wording=statement.wording,
    )


def _framed(rng: np.random.Generator, text: str, split: Split) -> str:
    """The statement alone in a half of the draws, else as a question; at times without its full stop."""
    book = FRAMES.held_out if split == "heldout" and chance(rng, 0.3) else FRAMES.train
    lower = text[0].lower() + text[1:]
    framed = expand(rng, pick(rng, book["frame"])).format(S=text, s=lower, q=lower.rstrip("."))
    return framed.rstrip(".") if chance(rng, 0.2) else framed


def _first(rng: np.random.Generator, kind: Kind, split: Split) -> tuple[Statement, Panel]:
    while True:
        statement = _statement(rng, *_line(rng, kind, split), split)
        found: dict[bool, Panel] = {}
        for _ in range(_PANELS):
            panel = make_panel(rng, split, kind, orderly=statement.family in _ORDERED)
            if not statement.program.empty(panel):
                found[statement.program.holds(panel)] = panel
            if len(found) == 2:
                return statement, with_look(rng, found[chance(rng, 0.5)])


def _further(rng: np.random.Generator, panel: Panel, split: Split) -> Statement | None:
    line = _line(rng, panel.kind, split)
    found: dict[bool, Statement] = {}
    for _ in range(_TRIES if line[0] not in _ORDERED or is_orderly(panel) else 0):
        statement = _statement(rng, *line, split)
        if not statement.program.empty(panel):
            found.setdefault(statement.program.holds(panel), statement)
        if len(found) == 2:
            return found[chance(rng, 0.5)]
    return None


def _line(rng: np.random.Generator, kind: Kind, split: Split) -> tuple[str, str, str]:
    """Family, name and text of a line for a kind of panel; half of the held-out split's are held out."""
    family = pick(rng, [f for f in FAMILIES if f.startswith(kind)])
    held = split == "heldout" and chance(rng, 0.5)
    lines = (PHRASES.held_out if held else PHRASES.train)[family]
    line = pick(rng, lines)
    return family, f"{family}/{'held' if held else 'train'}{lines.index(line)}", line


def _statement(rng: np.random.Generator, family: str, name: str, line: str, split: Split) -> Statement:
    """The line with its slots filled, and the program that the grammar reads in it."""
    towers = family.startswith("towers")
    text = expand(rng, line).format(**_slots(rng, towers=towers, split=split))
    text = text[0].upper() + text[1:]
    return Statement(text=text, program=read_statement(text), family=family, wording=name)


# What fills the slots.


def _slots(rng: np.random.Generator, *, towers: bool, split: Split) -> dict[str, str]:
    colours = rng.permutation(COLOURS).tolist()
    first, a, b, noun = _nouns(rng, 4, towers=towers, split=split)
    some, are = _some(rng, first, 2 if towers else 3)
    boxes, do = _some(rng, "tower" if towers else "box", 2)
    return {
        "some": some,
        "are": are,
        "boxes": boxes,
        "do": do,
        "have": "has" if do == "is" else "have",
        "a": with_article(a),
        "b": with_article(b),
        "item": noun,
        "items": _plural(noun),
        "place": pick(rng, WALLS + SIDED),
        "number": _number(rng, 2, 3 if towers else 5),
        "height": _number(rng, 2, 4),
        "more": _number(rng, 2, 4),
        "kinds": _number(rng, 2, 3),
        "c": colours[0],
        "d": colours[1],
    }


def _number(rng: np.random.Generator, low: int, high: int) -> str:
    return _written(rng, span(rng, low, high))


def _written(rng: np.random.Generator, number: int) -> str:
    return str(number) if chance(rng, 0.35) else _NUMBERS[number - 1]


def _some(rng: np.random.Generator, noun: str, most: int) -> tuple[str, str]:
    """An amount of a noun (`at least two boxes`) and the verb that goes with it, `is` or `are`."""
    if chance(rng, 0.2):
        return with_article(noun), "is"
    number = span(rng, 1, most)
    op = pick(rng, ("exactly ", "exactly ", "at least ", "at least ", "at most ", "more than ", "", "only "))
    said = f"{op}{_written(rng, number)} {noun if number == 1 else _plural(noun)}"
    return said, "is" if number == 1 else "are"


def _nouns(rng: np.random.Generator, count: int, *, towers: bool, split: Split) -> list[str]:
    """Nouns that differ, as far as there are so many."""
    nouns: list[str] = []
    while len(nouns) < count:
        noun = _noun(rng, towers=towers, split=split)
        if noun not in nouns or (towers and len(nouns) >= len(COLOURS)):
            nouns.append(noun)
    return nouns


def _noun(rng: np.random.Generator, *, towers: bool, split: Split) -> str:
    """`blue block`; or `yellow circle`, `small item`, `big black square`, without a held-out triple."""
    if towers:
        return f"{pick(rng, COLOURS)} block"
    while True:
        size = pick(rng, tuple(_SIZE_WORDS)) if chance(rng, 0.15) else ""
        colour = pick(rng, COLOURS) if chance(rng, 0.8) else ""
        shape = pick(rng, SHAPES) if chance(rng, 0.65) else pick(rng, ("item", "object"))
        triple = (colour, shape, _SIZE_WORDS.get(size, 0))
        if (size or colour or shape in SHAPES) and (split == "heldout" or triple not in HELD_OUT):
            return " ".join(word for word in (size, colour, shape) if word)


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith("x") else "s")
