"""What descriptions make up is counted against the exact state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.hallucination import Captions, judge, score_captions
from sightline.train.worlds.scene_dialogues import describe, looks_in
from sightline.train.worlds.scenes import Thing

RED = Thing(shape="circle", colour="red", size="small", x=0.2, y=0.2, diameter=0.12)
BLUE = Thing(shape="square", colour="blue", size="large", x=0.6, y=0.3, diameter=0.22)
BOTH = (RED, BLUE)


def test_a_true_description_makes_nothing_up() -> None:
    found = judge(describe(BOTH), BOTH)
    assert found == Captions(captions=1, exact=1, named=2, made_up=0, things=2)
    assert (found.hallucinated, found.recall) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("said", "named", "made_up"),
    [
        ((RED,), 1, 0),
        ((RED, RED, BLUE), 3, 1),
        ((RED, replace(BLUE, colour="green")), 2, 1),
        ((RED, replace(BLUE, size="small")), 2, 1),
        ((), 0, 0),
    ],
)
def test_each_thing_backs_one_object(said: tuple[Thing, ...], named: int, made_up: int) -> None:
    found = judge(describe(said), BOTH)
    assert (found.named, found.made_up, found.exact) == (named, made_up, 0)
    assert found.recall == (named - made_up) / 2


def test_objects_are_read_in_order_and_other_words_are_passed_over() -> None:
    assert looks_in("a red small circle, then blue large square; green square, cannot tell") == [
        ("red", "small", "circle"),
        ("blue", "large", "square"),
    ]


def test_sums_are_of_counts() -> None:
    both = judge(describe(BOTH), BOTH) + judge(describe((BLUE, BLUE)), BOTH)
    assert both == Captions(captions=2, exact=1, named=4, made_up=1, things=4)


def test_a_model_is_judged_on_its_own_words(
    new_model: Callable[[], SightlineForConditionalGeneration], vocabulary: Vocabulary
) -> None:
    model = new_model()
    once, again = (score_captions(model, vocabulary, count=2) for _ in range(2))
    assert once == again
    assert once.captions == 2
    assert once.things > 0
