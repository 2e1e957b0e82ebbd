"""What a noun phrase asks a detector for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.tools.attributes import COLOURS
from sightline.tools.query import Query, resolve

SHAPES = ("circle", "cross", "diamond", "square", "star", "triangle")
COCO = (
    *("person bus bicycle airplane couch tv donut truck knife skis scissors orange mouse".split()),
    *("cell phone", "sports ball", "traffic light", "teddy bear", "Wine_Glass", "RBC", "WBC", "Platelets"),
)


@pytest.mark.parametrize(
    ("text", "label", "colour", "size"),
    [
        ("circle", "circle", None, None),
        ("red circles", "circle", "red", None),
        ("the small blue star", "star", "blue", "small"),
        ("BIG Grey squares", "square", "grey", "large"),
        ("little gray boxes", "square", "grey", "small"),
        ("tiny violet dot", "circle", "purple", "small"),
        ("any crosses?", "cross", None, None),
        ("crosses", "cross", None, None),
        ("plus signs", "cross", None, None),
        ("a plus", "cross", None, None),
        ("rhombus", "diamond", None, None),
        ("rhombuses", "diamond", None, None),
        ("3 triangles", "triangle", None, None),
        ("two large, green triangles", "triangle", "green", "large"),
        ("blue small diamond.", "diamond", "blue", "small"),
    ],
)
def test_shapes(text: str, label: str, colour: str | None, size: str | None) -> None:
    assert resolve(text, SHAPES) == Query(labels=frozenset({label}), colour=colour, size=size)


@pytest.mark.parametrize(
    "text", ["things", "objects", "a shape", "shapes", "items", "figures", "everything", "the thing"]
)
def test_generic_nouns_mean_every_class(text: str) -> None:
    assert resolve(text, SHAPES) == Query(labels=frozenset(SHAPES))


@pytest.mark.parametrize(
    ("text", "colour", "size"), [("red", "red", None), ("the large red ones", "red", "large")]
)
def test_attributes_alone(text: str, colour: str, size: str | None) -> None:
    assert resolve(text, SHAPES) == Query(labels=frozenset(SHAPES), colour=colour, size=size)


@pytest.mark.parametrize(
    ("text", "noun"),
    [
        ("dog", "dog"),
        ("small red dogs", "dogs"),
        ("rectangle", "rectangle"),
        ("fire hydrants", "fire hydrants"),
        ("shiny circles", "shiny circles"),
        ("circle dog", "circle dog"),
        ("red blue circles", "blue circles"),
        ("the", "the"),
        ("?!", "?!"),
    ],
)
def test_what_it_has_no_class_for(text: str, noun: str) -> None:
    assert resolve(text, SHAPES) == noun


@pytest.mark.parametrize(
    ("text", "label", "colour"),
    [
        ("people", "person", None),
        ("buses", "bus", None),
        ("bus", "bus", None),
        ("red traffic lights", "traffic light", "red"),
        ("orange", "orange", None),
        ("oranges", "orange", None),
        ("red oranges", "orange", "red"),
        ("orange bus", "bus", "orange"),
        ("orange orange", "orange", "orange"),
        ("mice", "mouse", None),
        ("wine glasses", "Wine_Glass", None),
        ("persons", "person", None),
        ("human beings", "person", None),
        ("bikes", "bicycle", None),
        ("black bicycles", "bicycle", "black"),
        ("aeroplanes", "airplane", None),
        ("planes", "airplane", None),
        ("sofa", "couch", None),
        ("television", "tv", None),
        ("TVs", "tv", None),
        ("TV sets", "tv", None),
        ("mobile phones", "cell phone", None),
        ("doughnuts", "donut", None),
        ("lorries", "truck", None),
        ("knives", "knife", None),
        ("ski", "skis", None),
        ("a pair of scissors", "scissors", None),
        ("ball", "sports ball", None),
        ("people in the picture", "person", None),
        ("number of red buses visible in this image", "bus", "red"),
        ("red blood cells", "RBC", None),
        ("white blood cells (WBC)", "WBC", None),
        ("(people)", "person", None),
        ("erythrocytes", "RBC", None),
        ("leukocytes", "WBC", None),
        ("platelets", "Platelets", None),
        ("platelet", "Platelets", None),
        ("RBCs", "RBC", None),
    ],
)
def test_classes_of_others(text: str, label: str, colour: str | None) -> None:
    assert resolve(text, COCO) == Query(labels=frozenset({label}), colour=colour)


@pytest.mark.parametrize("text", ["women", "puppies", "pigeons", "people in the car", "men and women"])
def test_a_part_of_a_class_is_not_the_class(text: str) -> None:
    assert isinstance(resolve(text, ("person", "dog", "bird", "car")), str)


@pytest.mark.parametrize("text", ["men", "wise men", "women", "geese", "leaves", "loaves", "computer mice"])
def test_irregular_plurals(text: str) -> None:
    classes = ("man", "wise man", "woman", "goose", "leaf", "loaf", "computer mouse")
    found = resolve(text, classes)
    assert isinstance(found, Query), found
    assert len(found.labels) == 1


def test_words_for_the_same_go_both_ways() -> None:
    for name in ("tvmonitor", "television", "TV"):
        assert resolve("tv", (name,)) == Query(labels=frozenset({name}))
        assert resolve("tv monitors", (name,)) == Query(labels=frozenset({name}))
    assert resolve("squares", ("box",)) == "squares"


def test_a_class_wins_over_a_synonym() -> None:
    assert resolve("boxes", ("box", "square")) == Query(labels=frozenset({"box"}))
    assert resolve("dots", ("square",)) == "dots"


@given(
    st.sampled_from(SHAPES),
    st.none() | st.sampled_from(sorted(COLOURS)),
    st.none() | st.sampled_from(["small", "large"]),
    st.booleans(),
    st.sampled_from(["", "a ", "the ", "any "]),
)
def test_any_phrase_of_the_grammar(
    shape: str, colour: str | None, size: str | None, plural: bool, article: str
) -> None:
    noun = (shape + ("es" if shape.endswith("s") else "s")) if plural else shape
    text = article + " ".join(word for word in (size, colour, noun) if word)
    assert resolve(text, SHAPES) == Query(labels=frozenset({shape}), colour=colour, size=size)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(resolve(text, SHAPES), Query | str)
    assert isinstance(resolve(text, COCO), Query | str)


def test_filters_act_on_what_was_measured() -> None:
    query = resolve("small red circles", SHAPES)
    assert isinstance(query, Query)
    assert query.wants("circle", {"size": "small", "color": "red"})
    assert not query.wants("circle", {"size": "large", "color": "red"})
    assert not query.wants("circle", {"size": "small", "color": "blue"})
    assert not query.wants("square", {"size": "small", "color": "red"})
