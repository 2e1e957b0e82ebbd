"""Stem-and-leaf plots of many subjects, and what such plots are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from numpy.random import Generator

from sightline.train.symbolic.table_lists import groups
from sightline.train.symbolic.table_phrases import Family
from sightline.train.symbolic.table_states import Draft
from sightline.train.symbolic.table_topics_say import topic_ask
from sightline.train.symbolic.table_view import Ask, Speak, Value, View, number_literal
from sightline.train.symbolic.table_words import chance, fill, number_said, pick, sections_of

WORDINGS = "tables_stems.txt"
MOST_LEAVES = 8

BOUNDED = (
    "least",
    "least",
    "more",
    "fewer",
    "fewer",
    "most",
    "exactly",
    "exactly",
    "between",
    "between",
    "within",
    "inside",
)
COMPUTED = ("max", "max", "max", "min", "min", "min", "count", "range", "median", "mean", "mode", "row")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a plot is about, and how that is said.

    Args:
        who: what has the numbers, plural and singular: `melons`, `melon`.
        verbs: before a number: `weigh`; `tails`: after it: `ounces`.
        noun: what is measured, singular and plural: `weight`, `weights`.
        how: its word, and of the largest and the smallest: `heavy`, `heaviest`, `lightest`; or empty.
    """

    titles: tuple[str, ...]
    story: str
    who: tuple[str, str]
    verbs: tuple[str, ...]
    tails: tuple[str, ...]
    noun: tuple[str, str]
    how: tuple[str, str, str] | None


@cache
def subjects() -> tuple[Subject, ...]:
    """All subjects."""
    found = []
    for line in sections_of(WORDINGS)["subjects"]:
        titles, story, who, verbs, tails, noun, how = line.split(";")
        many, one = who.split(",")
        name, names = noun.split(",")
        word, top, low = how.split(",") if how else ("", "", "")
        found.append(
            Subject(
                titles=tuple(titles.split("/")),
                story=story,
                who=(many, one),
                verbs=tuple(verbs.split("/")),
                tails=tuple(tails.split("/")),
                noun=(name, names),
                how=(word, top, low) if how else None,
            )
        )
    return tuple(found)


def stem_plot(rng: Generator) -> Draft:
    """A stem-and-leaf plot, its leaves printed and read as they are: set apart, run together, with commas."""
    at = int(rng.integers(len(subjects())))
    subject = subjects()[at]
    count = int(rng.integers(3, 9))
    first = int(rng.integers(0, 13 - count)) if chance(rng, 0.9) else int(rng.integers(5, 20))
    leaves = [_digits(rng) for _ in range(count)]
    leaves[0], leaves[-1] = leaves[0] or [int(rng.integers(10))], leaves[-1] or [int(rng.integers(10))]
    comma, together = chance(rng, 0.12), pick(rng, (0.0, 0.15, 0.15, 0.4))
    heads = pick(rng, (("Stem", "Leaf"), ("Stem", "Leaf"), ("Stem", "Leaf"), ("Stem", "Leaves")))
    if chance(rng, 0.06):
        heads = (
            (heads[0].upper(), heads[1].upper()) if chance(rng, 0.5) else (heads[0].lower(), heads[1].lower())
        )
    story = fill(subject.story, rng, {"p": groups()["person"].names})
    said = pick(rng, ("", "", "", " The stem-and-leaf plot shows the results.", " Here is the plot."))
    return Draft(
        entity=("stem", "stems"),
        heads=heads,
        columns=(
            tuple(str(first + n) for n in range(count)),
            tuple(
                ("" if chance(rng, together) else ", " if comma else " ").join(map(str, row))
                for row in leaves
            ),
        ),
        speaks=(Speak(noun=("stem",)), Speak(noun=("leaf",))),
        roles=("name", "leaf"),
        title=pick(rng, subject.titles) if chance(rng, 0.9) else pick(rng, ("", "Stem-and-leaf plot")),
        intro=(f"{story}{said}", str(at)),
        topic="stem",
        clean=True,
    )


def _digits(rng: Generator) -> list[int]:
    """The leaves of one stem, none now and then; some are there twice."""
    if chance(rng, 0.18):
        return []
    count = min(int(rng.integers(1, MOST_LEAVES + 1)), int(rng.integers(1, MOST_LEAVES + 1)) + 1)
    return sorted(int(digit) for digit in rng.integers(0, 10, min(count, MOST_LEAVES)))


def _leaves(view: View) -> list[int]:
    """The numbers of a stem-and-leaf plot, from the smallest."""
    stems, leaves = view.cols
    return sorted(
        10 * int(stem) + int(digit)
        for stem, leaf in zip(stems.texts, leaves.texts, strict=True)
        for digit in leaf
        if digit.isdigit()
    )


def _ask(
    view: View,
    rng: Generator,
    family: str,
    sql: str,
    expect: Value,
    slots: dict[str, str],
) -> Ask:
    """A question in words of the plot's subject."""
    subject = subjects()[int(view.intro[1])]
    who, one = subject.who
    own: dict[str, str | tuple[str, ...]] = {
        "who": who,
        "one": one,
        "verb": subject.verbs,
        "tail": subject.tails,
        "noun": subject.noun[0],
        "nouns": subject.noun[1],
        "trait": "" if subject.noun[0].startswith("number of") else subject.noun[0],
        **slots,
    }
    if subject.how:
        own |= dict(zip(("how", "top", "low"), subject.how, strict=True))
    return topic_ask(view, rng, f"stem_{family}", sql, expect, "number", own, WORDINGS)


def _bound(values: list[int], rng: Generator) -> int:
    """A number to compare with: one of the plot, a round one, or any one near."""
    value = pick(rng, values)
    kind = int(rng.integers(3))
    return value if kind == 0 else max(10 * round(value / 10), 1) if kind == 1 else max(value + _step(rng), 1)


def _step(rng: Generator) -> int:
    return int(rng.integers(-6, 7))


def stem_count(view: View, rng: Generator) -> Ask | None:
    """How many numbers of the plot are above, below, at least, at most, exactly or between so much."""
    values = _leaves(view)
    family = pick(rng, BOUNDED)
    value = pick(rng, values) if family == "exactly" and chance(rng, 0.75) else _bound(values, rng)
    high = value + (int(rng.integers(2, 50)) if chance(rng, 0.6) else 10 * int(rng.integers(1, 6)))
    tests: dict[str, tuple[str, Callable[[int], bool]]] = {
        "least": (">= {v}", lambda n: n >= value),
        "more": ("> {v}", lambda n: n > value),
        "fewer": ("< {v}", lambda n: n < value),
        "most": ("<= {v}", lambda n: n <= value),
        "exactly": ("= {v}", lambda n: n == value),
        "between": (">= {v} AND value < {w}", lambda n: value <= n < high),
        "within": ("BETWEEN {v} AND {w}", lambda n: value <= n <= high),
        "inside": ("> {v} AND value < {w}", lambda n: value < n < high),
    }
    sign, test = tests[family]
    sql = f"SELECT count(*) FROM leaves WHERE value {sign.format(v=value, w=high)}"
    slots = {"v": number_said(value, rng), "v2": number_said(high, rng)}
    return _ask(view, rng, family, sql, sum(map(test, values)), slots)


def stem_value(view: View, rng: Generator) -> Ask | None:
    """The largest and smallest number of the plot, how many there are, range, median, mean and mode."""
    values = _leaves(view)
    family = pick(rng, COMPUTED)
    if family == "row":
        stems, leaves = view.cols
        row = int(rng.integers(view.size))
        sql = f"SELECT count(*) FROM leaves WHERE stem = {number_literal(float(stems.texts[row]))}"
        found = sum(map(str.isdigit, leaves.texts[row]))
        return _ask(view, rng, family, sql, found, {"s": stems.texts[row]})
    counts = Counter(values).most_common(2)
    if family == "mode" and (counts[0][1] == 1 or (len(counts) > 1 and counts[0][1] == counts[1][1])):
        return None
    middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
    asked: dict[str, tuple[str, Value]] = {
        "max": ("max(value)", values[-1]),
        "min": ("min(value)", values[0]),
        "count": ("count(*)", len(values)),
        "range": ("max(value) - min(value)", values[-1] - values[0]),
        "median": ("median(value)", middle),
        "mean": ("avg(value)", sum(values) / len(values)),
        "mode": ("mode(value)", counts[0][0]),
    }
    what, expect = asked[family]
    return _ask(view, rng, family, f"SELECT {what} FROM leaves", expect, {})


STEMS: dict[str, tuple[Family, float]] = {"stem_count": (stem_count, 3), "stem_value": (stem_value, 2)}
"""Families of questions about a plot, and how often each is asked."""
