"""What a call may take from a question: its words, its numbers."""

from __future__ import annotations

from itertools import combinations

import pytest

from sightline.planning.choices import NotAllowed, pieces
from sightline.planning.phrases import LONGEST, Phrases, numbers_in

QUESTION = 'Is the "small" red circle (top left) left of Tom\'s blue-green star, or not?'
LONG = "how many red circles stand left of the large blue star that is above the green square"


def said(question: str, run: str) -> str:
    return pieces(f' {run}"', Phrases(question).steps('"'))[1]


@pytest.mark.parametrize(
    "run",
    [
        "Is", "small red", "red circle (top left", "top left", "left of Tom's blue-green star", "or not",
        "the small red circle (top left) left of",
    ],
)  # fmt: skip
def test_a_run_of_whole_words_may_be_said(run: str) -> None:
    assert said(QUESTION, run) == run


@pytest.mark.parametrize(
    "run",
    [
        "is", "smal", "mall", "red star", "circle red", "blue", "star,", "not?", "(top", "", "circle  top",
    ],
)  # fmt: skip
def test_other_texts_may_not(run: str) -> None:
    with pytest.raises(NotAllowed):
        said(QUESTION, run)


def test_a_run_of_too_many_words_may_not() -> None:
    assert said(LONG, " ".join(LONG.split()[2 : 2 + LONGEST]))
    with pytest.raises(NotAllowed):
        said(LONG, " ".join(LONG.split()[1 : 2 + LONGEST]))


def test_every_run_of_a_question_may_be_said_up_to_the_longest() -> None:
    words = "one two three two three four one two five six".split()
    for start, end in combinations(range(len(words) + 1), 2):
        run = " ".join(words[start:end])
        if end - start <= LONGEST:
            assert said(" ".join(words), run) == run
        else:
            with pytest.raises(NotAllowed):
                said(" ".join(words), run)


def test_a_word_that_comes_twice_goes_on_either_way() -> None:
    for run in ("left of", "left side"):
        assert said("left of the left side", run) == run
    with pytest.raises(NotAllowed):
        said("left of the left side", "left the")


def test_a_question_of_signs_has_no_words() -> None:
    assert not Phrases('?! ... "').any
    assert Phrases("a?").any


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("over 1,250.50 or 7?", ["1250.5", "1250.50", "7"]),
        ("is .5 more than one half", ["0.5", "1", "2"]),
        ("the twelve of 1999", ["12", "1999"]),
        ("someone in a stone boat", []),
        ("1,25", ["1", "25"]),
    ],
)
def test_numbers_are_said_as_sql_takes_them(question: str, numbers: list[str]) -> None:
    assert numbers_in(question) == numbers


def test_numbers_are_numerals_of_sql() -> None:
    for said in numbers_in("007 and 3.14 and 1,000 and ٣ and ½"):
        assert said.isascii(), said
        assert said.replace(".", "", 1).isdecimal(), said
