"""Arithmetic over scenes: answers are found again from the question's words by a reader of its own."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from sightline.train.worlds.sample import Asked
from sightline.train.worlds.scene_arithmetic import BOOK, FAMILIES, NUMBERS, ask_arithmetic
from sightline.train.worlds.scenes import COLOURS, HELD_OUT, SHAPES, SIZES, Scene, Split, make_scene

NOUNS = {**{f"{s}es" if s == "cross" else f"{s}s": s for s in SHAPES}, "things": ""}
PHRASE = re.compile(rf"((?:(?:{'|'.join((*SIZES, *COLOURS))}) )*)({'|'.join(NOUNS)})\b")


def asked(family: str, count: int, split: Split = "train") -> list[tuple[Scene, Asked]]:
    made, seed = [], 0
    while len(made) < count:
        rng = np.random.default_rng(seed)
        scene, seed = make_scene(rng, split=split), seed + 1
        question = ask_arithmetic(rng, scene, family, split)
        if question:
            made.append((scene, question))
    return made


def tally(scene: Scene, adjectives: str, noun: str) -> int:
    words = [*adjectives.split(), *([NOUNS[noun]] if NOUNS[noun] else [])]
    return sum(all(w in (t.size, t.colour, t.shape) for w in words) for t in scene.things)


def read(scene: Scene, family: str, text: str) -> int:
    """The answer, from the phrases and number words in the order in which they stand."""
    text = text.lower()
    found = [m.groups() for m in PHRASE.finditer(text)]
    found = [(a, n) for a, n in found if a or n != "things"]
    counts = list(dict.fromkeys(found))
    numbers = [NUMBERS.index(w) for w in re.findall(r"[a-z]+", text) if w in NUMBERS[2:]]
    every = len(scene.things)
    if family == "remove":
        return every - tally(scene, *counts[0])
    if family == "add":
        return tally(scene, *counts[0]) + numbers[0]
    if family == "change":
        return every - numbers[0] + numbers[1]
    first, second = (tally(scene, *phrase) for phrase in counts)
    return first + second if family == "together" else abs(first - second)


@pytest.mark.parametrize("split", ["train", "heldout"])
@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_found_again_from_the_text(family: str, split: Split) -> None:
    for scene, question in asked(family, 150, split):
        assert str(read(scene, family, question.question)) == question.answer, question


@pytest.mark.parametrize("family", FAMILIES)
def test_no_number_is_the_answer_too_often(family: str) -> None:
    answers = Counter(question.answer for _, question in asked(family, 300))
    assert max(answers.values()) < 0.6 * answers.total(), answers
    assert len(answers) >= 4


@pytest.mark.parametrize("family", FAMILIES)
def test_held_out_wordings_and_pairs_are_not_trained_on(family: str) -> None:
    for _, question in asked(family, 200):
        assert not BOOK.is_held_out(family, question.question)
        assert not any(f"{colour} {shape}" in question.question for colour, shape in HELD_OUT)
    assert any(BOOK.is_held_out(family, q.question) for _, q in asked(family, 20, "heldout"))


def test_a_thought_ends_in_the_answer() -> None:
    for family in FAMILIES:
        for _, question in asked(family, 20):
            assert question.thought.endswith(f"= {question.answer}")
