"""What a noun phrase asks a detector for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.images import make_picture
from sightline.tools.colors import COLORS
from sightline.tools.nouns import Query, resolve, resolve_among
from sightline.tools.terms import Term
from sightline.tools.words import nearest, plural, singulars, words
from sightline.types import Box, Detection

SHAPES = ("circle", "cross", "diamond", "square", "star", "triangle")
COCO = (
    *("person bus bicycle airplane couch tv donut truck knife skis scissors orange mouse".split()),
    *("cell phone", "sports ball", "traffic light", "teddy bear", "Wine_Glass", "RBC", "WBC", "Platelets"),
)
FRAME = make_picture(np.zeros((100, 200, 3), np.uint8)).frame


def ask(label: str, color: str | None = None, size: str | None = None) -> Query:
    return Query(terms=(term(label, color, size),))


def term(label: str, color: str | None = None, size: str | None = None) -> Term:
    colors = frozenset({color} if color else ())
    return Term(labels=(frozenset({label}),), colors=colors, size=size or "")


@pytest.mark.parametrize(
    ("text", "label", "color", "size"),
    [
        ("circle", "circle", None, None),
        ("red circles", "circle", "red", None),
        ("the small blue star", "star", "blue", "small"),
        ("BIG Grey squares", "square", "gray", "large"),
        ("little gray boxes", "square", "gray", "small"),
        ("tiny violet dot", "circle", "purple", "small"),
        ("red circle instances", "circle", "red", None),
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
def test_shapes(text: str, label: str, color: str | None, size: str | None) -> None:
    assert resolve(text, SHAPES) == ask(label, color, size)


@pytest.mark.parametrize(
    "text", ["things", "objects", "a shape", "shapes", "items", "figures", "everything", "the thing"]
)
def test_generic_nouns_mean_every_class(text: str) -> None:
    query = resolve(text, SHAPES)
    assert isinstance(query, Query)
    assert query.labels() == frozenset(SHAPES)
    assert not query.left_out(found=True)


@pytest.mark.parametrize(
    ("text", "color", "size"), [("red", "red", None), ("the large red ones", "red", "large")]
)
def test_attributes_alone(text: str, color: str, size: str | None) -> None:
    query = resolve(text, SHAPES)
    assert isinstance(query, Query)
    (one,) = query.terms
    assert (query.labels(), one.colors, one.size) == (frozenset(SHAPES), {color}, size or "")


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
    ("text", "label", "color"),
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
def test_classes_of_others(text: str, label: str, color: str | None) -> None:
    assert resolve(text, COCO) == ask(label, color)


@pytest.mark.parametrize(
    ("text", "labels", "note"),
    [
        ("women", "person", "women are not told from other people"),
        ("kids", "person", "kids are not told from other people"),
        ("puppies", "dog", "puppies are not told from other dogs"),
        ("a pigeon", "bird", "pigeons are not told from other birds"),
        ("school buses", "bus", "school buses are not told from other buses"),
        ("glasses", "cup, wine glass", "glasses are not told from other cups and wine glasses"),
        ("animals", "bird, cat, dog", "of animals it knows bird, cat, dog alone"),
        ("pets", "bird, cat, dog", "of pets it knows cat, dog, bird alone"),
        ("vehicles", "bus, car", "of vehicles it knows car, bus alone"),
        ("pieces of furniture", "", ""),
        ("dark blue buses", "bus", "dark blue is not told from other blue"),
    ],
)
def test_a_finding_says_what_it_does_not_tell(text: str, labels: str, note: str) -> None:
    classes = ("person", "dog", "bird", "cat", "car", "bus", "cup", "wine glass")
    query = resolve(text, classes)
    if not labels:
        assert isinstance(query, str)
        return
    assert isinstance(query, Query), query
    assert ", ".join(sorted(query.labels())) == labels
    assert query.left_out(found=True) == (note,)


@pytest.mark.parametrize(
    "text", ["people with a car", "people in red", "people except children", "cats and unicorns", "wet dogs"]
)
def test_what_it_cannot_look_for(text: str) -> None:
    assert isinstance(resolve(text, ("person", "dog", "cat", "car")), str)


@pytest.mark.parametrize("text", ["men", "wise men", "women", "geese", "leaves", "loaves", "computer mice"])
def test_irregular_plurals(text: str) -> None:
    classes = ("man", "wise man", "woman", "goose", "leaf", "loaf", "computer mouse")
    found = resolve(text, classes)
    assert isinstance(found, Query), found
    assert len(found.labels()) == 1


@pytest.mark.parametrize(
    ("one", "many"),
    [("giraffe", "giraffes"), ("knife", "knives"), ("leaf", "leaves"), ("wine glass", "wine glasses")],
)
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_words_for_the_same_go_both_ways() -> None:
    for name in ("tvmonitor", "television", "TV"):
        assert resolve("tv", (name,)) == ask(name)
        assert resolve("tv monitors", (name,)) == ask(name)
    assert resolve("squares", ("box",)) == "squares"


def test_a_class_wins_over_a_synonym() -> None:
    assert resolve("boxes", ("box", "square")) == ask("box")
    assert resolve("dots", ("square",)) == "dots"


@given(
    st.sampled_from(SHAPES),
    st.none() | st.sampled_from(sorted(COLORS)),
    st.none() | st.sampled_from(["small", "large"]),
    st.booleans(),
    st.sampled_from(["", "a ", "the ", "any "]),
)
def test_any_phrase_of_the_grammar(
    shape: str, color: str | None, size: str | None, plural: bool, article: str
) -> None:
    noun = (shape + ("es" if shape.endswith("s") else "s")) if plural else shape
    text = article + " ".join(word for word in (size, color, noun) if word)
    assert resolve(text, SHAPES) == ask(shape, color, size)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(resolve(text, SHAPES), Query | str)
    assert isinstance(resolve(text, COCO), Query | str)


def test_filters_act_on_what_was_measured() -> None:
    query = resolve("small red circles", SHAPES)
    assert isinstance(query, Query)
    (circle,) = query.terms
    assert circle.wants("circle", {"size": "small", "color": "red"})
    assert not circle.wants("circle", {"size": "large", "color": "red"})
    assert not circle.wants("circle", {"size": "small", "color": "blue"})
    assert not circle.wants("square", {"size": "small", "color": "red"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cats and dogs", "cat / dog"),
        ("a cat or a dog", "cat / dog"),
        ("cats, dogs and birds", "cat / dog / bird"),
        ("red cars and buses", "red car / red bus"),
        ("a red car and the bus", "red car / bus"),
        ("red or blue cars", "blue|red car"),
        ("black and white cats", "black|white cat"),
        ("orange and banana", "orange / banana"),
        ("orange and red cars", "orange|red car"),
        ("orange cars", "orange car"),
        ("turquoise buses", "blue|green bus"),
        ("cars that are not red", "not red car"),
        ("not red cars", "not red car"),
        ("cars which are red or blue", "blue|red car"),
        ("red colored cars", "red car"),
        ("red cars on the left", "red car left"),
        ("the dog in the top right corner of the picture", "dog right top"),
        ("dogs on the left hand side", "dog left"),
        ("dog at the bottom", "dog bottom"),
        ("cats and dogs in the middle", "cat middle / dog middle"),
        ("top left dog", "dog left top"),
        ("left dogs", "dog left"),
        ("the left dog", "dog 0+1"),
        ("leftmost cat", "cat 0+1"),
        ("left-most cat", "cat 0+1"),
        ("the two largest dogs", "dog 0+2"),
        ("third dog from the right", "dog 2+1"),
        ("second largest dog", "dog 1+1"),
        ("human/dog", "person / dog"),
    ],
)
def test_attributes_places_and_several_nouns(text: str, expected: str) -> None:
    query = resolve(text, ("cat", "dog", "bird", "car", "bus", "orange", "banana", "person"))
    assert isinstance(query, Query), query
    assert " / ".join(map(said, query.terms)) == expected


def said(term: Term) -> str:
    parts = ["|".join(sorted(term.colors)), "not " * bool(term.other_than) + "|".join(term.other_than)]
    parts += [term.size, "|".join(sorted(term.labels[0])), term.across, term.down]
    parts += [f"{term.pick.skip}+{term.pick.take}"] if term.pick else []
    return " ".join(part for part in parts if part)


def test_the_first_from_where() -> None:
    assert resolve("first dog", ("dog",)) == "first thing, without `from the left`"


def at(label: str, x: float, y: float, side: float = 10, **attributes: str) -> Detection:
    box = Box(x1=x - side / 2, y1=y - side / 2, x2=x + side / 2, y2=y + side / 2, frame=FRAME)
    measured = {"size": "small", "color": "red"} | attributes
    return Detection(label=label, score=0.9, box=box, attributes=measured)


FOUND = (
    at("dog", 20, 20),
    at("dog", 190, 80, color="white"),
    at("cat", 100, 50, side=30, size="large"),
    at("dog", 60, 90, side=14),
)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("dogs", [0, 1, 3]),
        ("dogs on the left", [0, 3]),
        ("dogs in the lower half", [1, 3]),
        ("the dog in the top left", [0]),
        ("cat in the middle", [2]),
        ("dog in the middle", []),
        ("leftmost dog", [0]),
        ("the right dog", [1]),
        ("last dog from the left", [1]),
        ("second dog from the left", [3]),
        ("lowest dog", [3]),
        ("the two largest things", [2, 3]),
        ("the largest", [2]),
        ("white dogs or cats", [1]),
        ("white dogs or a cat", [1, 2]),
        ("things other than dogs", [2]),
        ("everything but the cat", [0, 1, 3]),
        ("dogs that are not white", [0, 3]),
        ("something white", [1]),
    ],
)
def test_what_is_chosen(text: str, chosen: list[int]) -> None:
    query = resolve(text, ("dog", "cat"))
    assert isinstance(query, Query), query
    assert list(query.choose(FOUND)) == [FOUND[n] for n in chosen]


def test_several_vocabularies() -> None:
    def labels(text: str) -> list[str]:
        query = resolve_among(text, (("beagle", "dog"), ("dog", "cat", "circle"), ("circle", "star")))
        assert isinstance(query, Query), query
        return [", ".join(sorted(query.labels(number))) for number in range(3)]

    assert labels("dogs") == ["dog", "", ""]
    assert labels("beagles") == ["beagle", "", ""]
    assert labels("poodles") == ["dog", "dog", ""]
    assert labels("animals") == ["dog", "cat, dog", ""]
    assert labels("circles and dogs") == ["dog", "circle", ""]
    assert labels("things") == ["beagle, dog", "cat, circle, dog", "circle, star"]
    assert labels("shapes") == ["", "circle", ""]


@pytest.mark.parametrize(
    ("noun", "near"),
    [
        ("helicopter", "airplane"),
        ("helicopters", "airplane"),
        ("girafe", "giraffe"),
        ("shiny cars", "car"),
        ("lion", "cat"),
        ("rectangle", "square"),
        ("tractor", "car"),
        ("xylophone", ""),
    ],
)
def test_nearest(noun: str, near: str) -> None:
    found = nearest(noun, ("cat", "car", "airplane", "giraffe", "square", "sheep"))
    assert (found[0] if found else "") == near


def test_the_tables_hold_words_once_and_in_the_singular() -> None:
    known = words()
    for word in [*known.same, *known.narrower, *known.akin, *known.wider]:
        assert word == word.lower().strip()
        assert word in singulars(plural(word)), word
    assert not known.narrower.keys() & known.wider.keys()
    assert not known.akin.keys() & (known.narrower.keys() | known.wider.keys() | known.same.keys())
    assert not known.same.keys() & (known.narrower.keys() | known.wider.keys())
