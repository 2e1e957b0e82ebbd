"""Arithmetic over what a flat scene shows: remove some, add some, more than, together.

Families: remove, add, difference, together, change. Answers are numbers; the thought says what was counted.
"""

from __future__ import annotations

import numpy as np

from sightline.train.worlds.dice import pick
from sightline.train.worlds.phrasing import Phrasebook
from sightline.train.worlds.sample import Asked
from sightline.train.worlds.scene_questions import Phrase, allowed
from sightline.train.worlds.scenes import COLOURS, SHAPES, SIZES, Scene, Split

FAMILIES = ("remove", "add", "difference", "together", "change")
NUMBERS = ("zero", "one", "two", "three", "four", "five")
ALL = Phrase(noun="thing")
TRIES = 40
ONE_MORE = 0.25
"""How many of the differences of one are kept: most differences are."""

_TAKE = "[take away|remove|rub out|delete|erase|cover|subtract]"
_IF = "[If I|If you|If we|Suppose you|Imagine that we|Say we]"
BOOK = Phrasebook(
    train={
        "remove": (
            f"{_IF} {_TAKE} [the|all the|all] {{a.many}}, how many [things|shapes] are left{{where}}?",
            f"How many [things|shapes] are left{{where}} [if|when] you {_TAKE} [the|all the] {{a.many}}?",
            f"{_TAKE} all {{a.many}}: how many [things|objects|shapes] remain{{where}}?",
            "Without the {a.many}, how many [things|objects|shapes] are there{where}?",
            "How many [things|objects|shapes] are not {a.many}{where}?",
        ),
        "add": (
            f"{_IF} add {{number}} more {{a.many}}, how many {{a.many}} are there{{where}}?",
            "[Someone|Anna|Your friend] [paints|puts|draws] {number} more {a.many}{where}. "
            "How many {a.many} are there [then|now|in all]?",
            "{number} {a.many} more and there would be how many {a.many}{where}?",
            "How many {a.many} [are there|does that make] after {number} more are added{where}?",
        ),
        "difference": (
            "How many more {a.many} than {b.many} are [there|{done}]{where}?",
            "By how [many|much] do the {a.many} outnumber the {b.many}{where}?",
            "What is the number of {a.many} minus the number of {b.many}{where}?",
            "How many {b.many} [are missing|must be added] to have as many as {a.many}{where}?",
        ),
        "together": (
            "How many {a.many} and {b.many} are [there|{done}] [together|in all|altogether]{where}?",
            "What is the number of {a.many} plus the number of {b.many}{where}?",
            "Count the {a.many} and the {b.many}{where}. How many [is that|are they|do you get] together?",
            "How many things are either {a.many} or {b.many}{where}?",
        ),
        "change": (
            f"{_IF} {_TAKE} {{gone}} {{a.many}} and add {{number}} {{b.many}}, how many "
            "[things|objects|shapes] are there{where}?",
            f"First {_TAKE} {{gone}} {{a.many}}, then add {{number}} {{b.many}}. How many "
            "[things|objects|shapes] [are there|do you have]{where}?",
        ),
    },
    held_out={
        "remove": (
            "Once every one of the {a.many} has gone, what number of things stays behind{where}?",
            "All the {a.many} disappear. Count what remains{where}.",
        ),
        "add": ("Were there {number} additional {a.many}{where}, how many {a.many} would one count?",),
        "difference": ("Compare {a.many} and {b.many}: how large is the surplus of the former{where}?",),
        "together": ("Give the sum of {a.many} and {b.many}{where}.",),
        "change": ("With {gone} {a.many} fewer and {number} {b.many} extra, what would the scene total?",),
    },
)


def ask_arithmetic(
    rng: np.random.Generator, scene: Scene, family: str, split: Split = "train"
) -> Asked | None:
    """A question of a family over the scene, or None where a few tries find none to ask."""
    for _ in range(TRIES):
        a, b = (_phrase(rng, scene, split) for _ in range(2))
        made = _numbers(rng, scene, family, a, b)
        if made:
            answer, thought, slots = made
            text, wording = BOOK.word(rng, family, split, {"a": a, "b": b, **slots})
            return Asked(question=text, answer=str(answer), family=family, thought=thought, wording=wording)
    return None


Made = tuple[int, str, dict[str, object]]


def _numbers(rng: np.random.Generator, scene: Scene, family: str, a: Phrase, b: Phrase) -> Made | None:
    """The answer, the thought and the numbers that the question names; None where it makes no sense."""
    of_a, of_b, every = count(scene, a), count(scene, b), len(scene.things)
    number, gone = int(rng.integers(2, 6)), int(rng.integers(2, 6))
    said: dict[str, object] = {"number": NUMBERS[number], "gone": NUMBERS[gone]}
    counted = f"{_said(of_a, a)}, {_said(of_b, b)}"
    apart = not any(a.fits(t) and b.fits(t) for t in scene.things) and not _contains(a, b)
    if family == "remove" and (of_a or rng.random() < 0.1):
        return every - of_a, f"{every} in all, {_said(of_a, a)}; {every} - {of_a} = {every - of_a}", said
    if family == "add":
        return of_a + number, f"{_said(of_a, a)}; {of_a} + {number} = {of_a + number}", said
    if family == "difference" and apart and of_a > of_b and (of_a > of_b + 1 or rng.random() < ONE_MORE):
        return of_a - of_b, f"{counted}; {of_a} - {of_b} = {of_a - of_b}", said
    if family == "together" and apart and of_a and (of_b or rng.random() < 0.2):
        return of_a + of_b, f"{counted}; {of_a} + {of_b} = {of_a + of_b}", said
    if family == "change" and of_a >= gone:
        answer = every - gone + number
        return answer, f"{every} in all; {every} - {gone} + {number} = {answer}", said
    return None


def _said(number: int, phrase: Phrase) -> str:
    return f"{number} {phrase.one if number == 1 else phrase.many}"


def count(scene: Scene, phrase: Phrase) -> int:
    """How many things of the scene the phrase fits."""
    return sum(phrase.fits(thing) for thing in scene.things)


def _contains(a: Phrase, b: Phrase) -> bool:
    """Whether a thing could be both: then `a and b together` could be read in two ways."""
    pairs = ((a.size, b.size), (a.colour, b.colour), (a.noun, b.noun))
    return all(x == y or not (x and y) or "thing" in (x, y) for x, y in pairs)


def _phrase(rng: np.random.Generator, scene: Scene, split: Split) -> Phrase:
    """One that fits a thing of the scene in most draws; never all things."""
    while True:
        thing = pick(rng, scene.things)
        phrase = Phrase(
            noun=thing.shape if rng.random() < 0.6 else "thing",
            size=thing.size if rng.random() < 0.3 else "",
            colour=thing.colour if rng.random() < 0.55 else "",
        )
        if rng.random() < 0.15:
            phrase = Phrase(
                noun=pick(rng, SHAPES), size=pick(rng, ("", *SIZES)), colour=pick(rng, ("", *COLOURS))
            )
        if phrase != ALL and allowed(phrase, split):
            return phrase
