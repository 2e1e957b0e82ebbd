"""Statements: the programs agree with a reader of sentences that shares no code with the grammar."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from sightline.errors import QuestionError
from sightline.train.worlds.coverage_panels import grid_coverage, panel_coverage
from sightline.train.worlds.panel_questions import panel_sample
from sightline.train.worlds.panels import Box, Item, Panel, make_panel
from sightline.train.worlds.statement_parser import read_statement

NUMBERS = {word: n for n, word in enumerate("zero one two three four five six seven".split())}
NUMBERS |= {str(n): n for n in range(8)} | {"a": 1, "an": 1}
Q = r"(?P<{0}>(?:(?:exactly|at least|at most|more than|only) )?(?:\d|one|two|three|four|five|six|an?))"
NOUN = (
    r"(?P<{0}>(?:(?:small|medium|big|black|blue|yellow) )*"
    r"(?:items?|objects?|circles?|squares?|triangles?|blocks?))"
)
PLACE = r"(?P<place>(?:the|an?) (?:wall|edge|bottom|base|corner|top edge)|right wall|left wall)(?: of a box)?"
PLACES: dict[str, Callable[[int, int, int], bool]] = {
    "wall": lambda x, y, s: x == 0 or y == 0 or x + s == 100 or y + s == 100,
    "bottom": lambda x, y, s: y + s == 100,
    "corner": lambda x, y, s: x in (0, 100 - s) and y in (0, 100 - s),
    "top edge": lambda x, y, s: y == 0,
    "right wall": lambda x, y, s: x + s == 100,
    "left wall": lambda x, y, s: x == 0,
}
PLACES |= {"edge": PLACES["wall"], "base": PLACES["bottom"]}


def within(said: str, count: int) -> bool:
    *op, number = said.split()
    n = NUMBERS[number]
    if not op:
        return count >= 1 if number in ("a", "an") else count == n
    ops = {"at least": count >= n, "at most": count <= n, "more than": count > n}
    return ops.get(" ".join(op), count == n)


def is_a(said: str, item: Item) -> bool:
    *adjectives, noun = said.split()
    noun = noun.rstrip("s")
    sizes = {10: "small", 20: "medium", 30: "big"}
    return all(a in (item.colour, sizes[item.size]) for a in adjectives) and noun in (
        "item",
        "object",
        "block",
        item.shape,
    )


def touches(said: str, item: Item) -> bool:
    place = re.sub("^(the|an?) ", "", said)
    return PLACES[place](item.x, item.y, item.size)


def touching(panel: Panel, said: str, place: str, wanted: bool = True) -> int:
    return sum(touches(place, i) == wanted for box in panel.boxes for i in box if is_a(said, i))


def found(said: str, items: Box) -> int:
    return sum(is_a(said, item) for item in items)


def column(box: Box) -> list[str]:
    """Colours from the base up."""
    return [i.colour for i in sorted(box, key=lambda i: -i.y)]


def over(column: list[str], upper: str, lower: str) -> bool:
    return any(a == lower and b == upper for a, b in pairwise(column))


M = re.Match[str]
START = r"\b(?:there (?:is|are)|we see|the picture shows) "
BOXES = Q.format("n") + r" (?:box|boxes|towers?)"
HAVE = r"(?:with|which (?:has|have)|that (?:has|have)|has|have|contains?|holds?|holding|includes?)"
READERS: tuple[tuple[str, Callable[[M, Panel], bool]], ...] = (
    (START + Q.format("n") + " " + NOUN.format("i") + "(?: in all| in total)?",
     lambda m, p: within(m["n"], sum(found(m["i"], b) for b in p.boxes))),
    (START + Q.format("n") + " " + NOUN.format("i") + "(?: closely)? touching " + PLACE,
     lambda m, p: within(m["n"], touching(p, m["i"], m["place"]))),
    (START + Q.format("n") + " " + NOUN.format("i") + " not touching any edge",
     lambda m, p: within(m["n"], touching(p, m["i"], "the wall", False))),
    (r"\b(?:all|every) " + NOUN.format("i") + " (?:is|are) touching " + PLACE,
     lambda m, p: all(touches(m["place"], i) for b in p.boxes for i in b if is_a(m["i"], i))),
    (r"\b(?:no|none of the) " + NOUN.format("i") + " are touching " + PLACE,
     lambda m, p: not any(touches(m["place"], i) for b in p.boxes for i in b if is_a(m["i"], i))),
    (f"(?:{START})?\\b{BOXES} {HAVE} " + Q.format("k") + " " + NOUN.format("i"),
     lambda m, p: within(m["n"], sum(within(m["k"], found(m["i"], b)) for b in p.boxes))),
    (r"\b(?:each|every|all)(?: 3| three)? (?:grey )?(?:box|boxes|towers?|stack) " + HAVE + " " + Q.format("k")
     + " " + NOUN.format("i"), lambda m, p: all(within(m["k"], found(m["i"], b)) for b in p.boxes)),
    (START + Q.format("k") + " " + NOUN.format("i") + " in each (?:box|tower)",
     lambda m, p: all(within(m["k"], found(m["i"], b)) for b in p.boxes)),
    (f"{START}{BOXES} with only (?P<c>black|blue|yellow) (?:items|blocks)",
     lambda m, p: within(m["n"], sum({i.colour for i in b} == {m["c"]} for b in p.boxes))),
    (f"{START}{BOXES} with only (?P<c>black|blue|yellow) and (?P<d>black|blue|yellow) (?:items|blocks)",
     lambda m, p: within(m["n"], sum({i.colour for i in b} == {m["c"], m["d"]} for b in p.boxes))),
    (f"{START}{BOXES} with (?:items|blocks) of (?P<k>2|3|two|three) different colou?rs",
     lambda m, p: within(m["n"], sum(len({i.colour for i in b}) == NUMBERS[m["k"]] for b in p.boxes))),
    (r"\ball (?P<c>black|blue|yellow) (?:items|blocks) are in the same (?:box|tower)",
     lambda m, p: sum(any(i.colour == m["c"] for i in b) for b in p.boxes) == 1),
    (f"{START}{BOXES} with a (?P<c>black|blue|yellow) block at the (?P<end>base|bottom|top)",
     lambda m, p: within(m["n"], sum(column(b)[-(m["end"] == "top")] == m["c"] for b in p.boxes))),
    (f"{START}{BOXES} (?:with|which ha\\w+) a (?P<c>black|blue|yellow) block (?:over|above|on top of) "
     "a (?P<d>black|blue|yellow) block",
     lambda m, p: within(m["n"], sum(over(column(b), m["c"], m["d"]) for b in p.boxes))),
    (f"{START}{BOXES} with a (?P<c>black|blue|yellow) block below a (?P<d>black|blue|yellow) block",
     lambda m, p: within(m["n"], sum(over(column(b), m["d"], m["c"]) for b in p.boxes))),
    (r"\bthere is no (?P<c>black|blue|yellow) block (?:over|above) a (?P<d>black|blue|yellow) block",
     lambda m, p: not any(over(column(b), m["c"], m["d"]) for b in p.boxes)),
    (r"\bthere is a box with an? " + NOUN.format("i") + "(?: above| over) an? " + NOUN.format("j"),
     lambda m, p: any(is_a(m["i"], i) and is_a(m["j"], j) and i.y + i.size / 2 < j.y + j.size / 2
                      for b in p.boxes for i in b for j in b)),
    (r"\bthere is a box with an? " + NOUN.format("i") + " and no " + NOUN.format("j"),
     lambda m, p: any(found(m["i"], b) and not found(m["j"], b) for b in p.boxes)),
    (r"\bthere is a box with an? " + NOUN.format("i") + " and " + Q.format("n") + " items in all",
     lambda m, p: any(found(m["i"], b) and within(m["n"], len(b)) for b in p.boxes)),
    (f"{START}{BOXES} with an? " + NOUN.format("i") + " on top",
     lambda m, p: within(m["n"], sum(is_a(m["i"], min(b, key=lambda i: i.y)) for b in p.boxes))),
    (f"{START}{BOXES} where the second block from the (?P<end>base|top) is (?P<c>black|blue|yellow)",
     lambda m, p: within(m["n"], sum(
         len(b) > 1 and column(b)[1 if m["end"] == "base" else -2] == m["c"] for b in p.boxes))),
    (r"\bthe (?P<end>base|top) of the tower with (?P<k>\w+) blocks is (?P<c>black|blue|yellow)",
     lambda m, p: all(column(b)[-(m["end"] == "top")] == m["c"] for b in p.boxes
                      if len(b) == NUMBERS[m["k"]])),
)  # fmt: skip
BEFORE = re.compile(
    r"^(true or false: |is it [a-z ]*? that |can one say that |does this [a-z ]*\? |judge the \w+: "
    r"|statement: |claim: |somebody claims: |verify: )"
)
AFTER = re.compile(
    r"[.?]? (is it true|does it hold|do you agree|yes or no|is that so|is that true|is this right"
    r"|true or false)\??$"
)


def bare(question: str) -> str:
    """The statement without what it is asked with."""
    return AFTER.sub("", BEFORE.sub("", question.lower())).strip(" ?.")


def read_again(text: str, panel: Panel) -> bool | None:
    for pattern, holds in READERS:
        match = re.fullmatch(pattern, text)
        if match:
            return holds(match, panel)
    return None


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_truth_is_found_again_from_the_sentence(split: str) -> None:
    read, total, wordings = 0, 0, set()
    for seed in range(120):
        sample = panel_sample(np.random.default_rng(seed), split)  # type: ignore[arg-type]
        assert isinstance(sample.state, Panel)
        for asked in sample.asked:
            total += 1
            again = read_again(bare(asked.question), sample.state)
            if again is not None:
                read += 1
                wordings.add(asked.wording)
                assert again == (asked.answer == "yes"), (asked, sample.state)
    assert read / total > 0.4, (read, total)
    assert len(wordings) > 25


def block(colour: str, level: int) -> Item:
    return Item(shape="square", colour=colour, size=20, x=40, y=80 - 21 * level)


TOWERS = Panel(
    kind="towers",
    boxes=(
        (block("black", 0), block("blue", 1), block("blue", 2)),
        (block("yellow", 0),),
        (block("black", 0), block("yellow", 1)),
    ),
)
SCATTER = Panel(
    kind="scatter",
    boxes=(
        (
            Item(shape="circle", colour="yellow", size=20, x=0, y=40),
            Item(shape="square", colour="black", size=10, x=50, y=90),
        ),
        (Item(shape="triangle", colour="blue", size=30, x=70, y=70),),
        (
            Item(shape="circle", colour="yellow", size=10, x=20, y=10),
            Item(shape="circle", colour="yellow", size=30, x=50, y=50),
        ),
    ),
)


@pytest.mark.parametrize(
    ("text", "panel", "truth"),
    [
        ("There is exactly one tower which has a blue block over a black block.", TOWERS, True),
        ("There is 1 tower with 2 blue blocks stacked together.", TOWERS, True),
        ("there are two black blocks as the base of a tower with at least two blocks", TOWERS, True),
        ("There are only two towers which has the same base color.", TOWERS, True),
        ("The base of a two block tower is yellow", TOWERS, False),
        ("There is a tower with only one block", TOWERS, True),
        ("There is a black tower.", TOWERS, False),
        ("All three towers contain a blue block.", TOWERS, False),
        ("There is a tower where the second block from the base is yellow", TOWERS, True),
        ("Each box has a yellow item.", SCATTER, False),
        ("There is exactly one yellow circle touching the wall.", SCATTER, True),
        ("there is exactly one blue triangle touching a corner", SCATTER, True),
        ("There are at least two yellow circles not touching any edge", SCATTER, True),
        ("There is a box with a yelow cirlce and 2 items in all.", SCATTER, True),  # as people mistype
        ("There is a box with only yellow items", SCATTER, True),
        ("There is a box with items of 2 different colours.", SCATTER, True),
        ("All blue items are in the same box", SCATTER, True),
        ("There is a box with a circle on top.", SCATTER, True),
    ],
)
def test_readings(text: str, panel: Panel, truth: bool) -> None:
    assert read_statement(text).holds(panel) == truth


@pytest.mark.parametrize(
    "text", ["", "Colourless green ideas sleep furiously.", "There is a box with", "is is is"]
)
def test_what_is_no_statement_is_refused(text: str) -> None:
    with pytest.raises(QuestionError, match="no reading"):
        read_statement(text)


def test_at_least_and_more_than_differ_by_one() -> None:
    for seed in range(60):
        panel = make_panel(np.random.default_rng(seed))
        for n in range(1, 6):
            more = read_statement(f"There are more than {n} items.").holds(panel)
            assert more == read_statement(f"There are at least {n + 1} items.").holds(panel)
            assert more != read_statement(f"There are at most {n} items.").holds(panel)


def data(name: str) -> Path:
    root = Path(os.environ.get("SIGHTLINE_DATA", "../shared/data"))
    for folder in (root / name, root / name / name):
        if (folder / "data.jsonl").is_file():
            return folder
    pytest.skip(f"{name} is not unpacked under {root}")


def test_nlvr_is_read() -> None:
    coverage = panel_coverage(data("nlvr1_dev"))
    assert coverage.read / coverage.total > 0.9
    assert coverage.right is not None
    assert coverage.right / coverage.read > 0.96


def test_shapes_is_read() -> None:
    coverage = grid_coverage(data("shapes"))
    assert coverage.read == coverage.total
    assert coverage.right is not None
    assert coverage.right / coverage.total > 0.995
