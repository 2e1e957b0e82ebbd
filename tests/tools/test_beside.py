"""How phrases say where things stand, and which things then are meant."""

from __future__ import annotations

import pytest

from sightline.tools.nouns import Query, resolve
from sightline.types import Box, Detection, Frame

SHAPES = ("circle", "cross", "diamond", "square", "star", "triangle")
FRAME = Frame(image="0" * 64, width=400, height=400)


def thing(name: str, x: float, y: float, side: float = 20, label: str = "") -> Detection:
    """A thing `name`, such as `red circle`, whose center is at (x, y) px."""
    color, shape = name.split()
    box = Box(x1=x - side / 2, y1=y - side / 2, x2=x + side / 2, y2=y + side / 2, frame=FRAME)
    return Detection(label=shape, score=0.9, box=box, attributes={"color": color, "size": "small"})


FOUND = (
    thing("red circle", 50, 50),
    thing("blue circle", 200, 60, 40),
    thing("red square", 210, 200, 120),
    thing("green star", 350, 100),
    thing("yellow star", 215, 205),
    thing("black cross", 60, 300),
)


def query(words: str) -> Query:
    found = resolve(words, SHAPES)
    assert isinstance(found, Query), found
    return found


def chosen(words: str) -> list[str]:
    return [f"{one.attributes['color']} {one.label}" for one in query(words).choose(FOUND)]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("circles left of the red square", ["red circle", "blue circle"]),
        ("circle to the right of the black cross", ["blue circle"]),
        ("thing on the left side of the blue circle", ["red circle", "black cross"]),
        ("circles further left than the blue circle", ["red circle"]),
        ("red circle is above the red square", ["red circle"]),
        ("red square above the red circle", []),
        ("cross lies somewhere below the red square", ["black cross"]),
        ("star that is higher up than the red square", ["green star"]),
        ("things bigger than the blue circle", ["red square"]),
        ("circles smaller than the red square", ["red circle", "blue circle"]),
        ("star in the square", ["yellow star"]),
        ("on the red square", ["yellow star"]),
        ("shape nearest to the green star", ["blue circle"]),
        ("closest circle to the black cross", ["red circle"]),
        (
            "thing between the red circle and the green star",
            ["blue circle", "red square", "yellow star", "black cross"],
        ),
        ("circle left of a star above the red square", ["red circle", "blue circle"]),
        ("circle left of the star that is in the red square", ["red circle", "blue circle"]),
        ("biggest thing left of the green star", ["red square"]),
        ("things other than circles above the red square", ["green star"]),
        ("left of the blue circle", ["red circle", "black cross"]),
        ("red things on the left", ["red circle"]),
    ],
)
def test_what_stands_so_is_chosen(words: str, names: list[str]) -> None:
    assert chosen(words) == names


@pytest.mark.parametrize(
    "words", ["zebra left of the star", "star left of the zebra", "star nearest to the zebra", "nearest star"]
)
def test_what_has_no_class_is_said(words: str) -> None:
    assert isinstance(resolve(words, SHAPES), str)


def test_classes_of_the_others_are_looked_for_too() -> None:
    assert query("circle left of the star").labels() == {"circle", "star"}
    assert not query("circle left of the star").is_plain


def test_what_is_left_open_is_said_where_it_matters() -> None:
    assert query("cross left of the star").open(FOUND) == ""  # of both
    assert query("square above the star").open(FOUND) == "2 things fit the star"
    assert query("square above a star").open(FOUND) == ""
    assert query("the circle left of the blue circle").open(FOUND) == "2 things fit the circle"
    assert query("circles left of the blue circle").open(FOUND) == ""


def test_what_is_taken_for_granted_and_lacks_is_said() -> None:
    assert query("circle left of the diamond").lacks(FOUND) == "the diamond"
    assert query("the diamond left of the circle").lacks(FOUND) == "the diamond"
    assert query("circle left of a diamond").lacks(FOUND) == ""
    assert query("circle left of the small pink star").lacks(FOUND) == "the small pink star"
    assert query("circle left of the square above the diamond").lacks(FOUND) == "the diamond"


def test_weak_sightings_may_stand_so_perhaps() -> None:
    clear, weak = FOUND[:3], FOUND[3:]
    assert query("circle left of the star").sure_and_perhaps(clear, weak) == ((), FOUND[:2])
    assert query("circle nearest to the square").sure_and_perhaps(clear, weak) == ((FOUND[1],), ())
