"""Texts and the coroutines that allow them."""

from __future__ import annotations

import pytest

from sightline.planning.choices import Free, NotAllowed, OneOf, Steps, pieces


def greeting() -> Steps[tuple[str, str]]:
    word = yield OneOf(("Hello", "Hello again", "Good day"))
    yield OneOf((", ",))
    name = yield Free(stop="!")
    return word, name.removesuffix("!")


def test_a_text_is_cut_into_the_pieces_of_its_grammar() -> None:
    cut, value = pieces("Good day, my dear!", greeting())
    assert cut == ["Good day", ", ", "my dear!"]
    assert value == ("Good day", "my dear")


def test_the_longest_option_is_meant() -> None:
    assert pieces("Hello again, you!", greeting())[1] == ("Hello again", "you")


def test_a_free_text_may_be_empty() -> None:
    assert pieces("Hello, !", greeting())[1] == ("Hello", "")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Hi, you!", "begins with none of 3"),
        ("Hello; you!", "begins with none of 1"),
        ("Hello, you", "has no '!'"),
        ("Hello, y\nou!", "has no '!'"),
        ("Hello, you! Bye", "is too much"),
        ("Hello", "begins with none"),
        ("", "begins with none"),
    ],
)
def test_what_the_grammar_does_not_say_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(NotAllowed, match=why):
        pieces(text, greeting())
