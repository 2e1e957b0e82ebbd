"""Questions: each answer is found again from the text alone, by a reader that shares no code."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import numpy as np
import pytest

from sightline.train.worlds.scene_questions import (
    FAMILIES,
    Question,
    ask,
    ask_some,
)
from sightline.train.worlds.scene_wordings import HELD_OUT, TRAIN, expand, is_held_out, variants
from sightline.train.worlds.scenes import COLOURS, SHAPES, SIZES, Scene, Split, Thing, make_scene
from sightline.train.worlds.scenes import HELD_OUT as HELD_OUT_PAIRS

SINGULAR = {f"{s}es" if s == "cross" else f"{s}s": s for s in (*SHAPES, "thing", "object", "shape")}
EVERY = (*FAMILIES, "unanswerable")


def asked(count: int, split: Split, family: str, seed: int = 0) -> list[tuple[Scene, Question]]:
    rng = np.random.default_rng(seed)
    made = []
    while len(made) < count:
        scene = make_scene(rng, split=split)
        question = ask(rng, scene, family, split)
        if question:
            made.append((scene, question))
    return made


def fitting(scene: Scene, said: str) -> list[Thing]:
    """The things that a phrase such as `small red circles` speaks of."""
    *adjectives, noun = said.split()
    noun = SINGULAR.get(noun, noun)
    assert noun in (*SHAPES, "thing", "object", "shape")
    assert all(word in (*COLOURS, *SIZES) for word in adjectives)
    found = [t for t in scene.things if noun in (t.shape, "thing", "object", "shape")]
    return [t for t in found if all(word in (t.colour, t.size) for word in adjectives)]


def read_answer(scene: Scene, question: Question) -> str:
    """The answer, from the text and its noun phrases."""
    text = question.text.lower()
    groups = [fitting(scene, said) for said in question.lookups]
    if question.family == "exist":
        return "yes" if groups[0] else "no"
    if question.family == "count":
        return str(len(groups[0]))
    if question.family == "attribute":
        ((thing,),) = groups
        rest = text.replace(question.lookups[0], "")
        return thing.size if re.search(r"\b(size|large|big)\b", rest) else thing.colour
    if question.family == "compare_counts":
        a, b = len(groups[0]), len(groups[1])
        true = (
            a == b
            if re.search("as many|same number", text)
            else a < b
            if re.search("fewer|less|smaller", text)
            else a > b
        )
        return "yes" if true else "no"
    ((one,), (other,)) = groups
    between = text[text.index(question.lookups[0]) + len(question.lookups[0]) :]
    between = between[: between.index(question.lookups[1])]
    if "left" in between or "right" in between:
        true = one.x < other.x if "left" in between else one.x > other.x
    else:
        true = one.y < other.y if re.search("above|higher|over|further up", between) else one.y > other.y
    return "yes" if true else "no"


@pytest.mark.parametrize("split", ["train", "heldout"])
@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_found_again_from_the_text(family: str, split: Split) -> None:
    for scene, question in asked(500, split, family):
        assert all(said in question.text for said in question.lookups), question
        assert question.family == family
        if question.asks == "shape":
            continue  # "shape" may also be the noun: see the next test
        assert read_answer(scene, question) == question.answer, question


def test_shapes_that_are_asked_for_are_found_again() -> None:
    asks = [(s, q) for s, q in asked(600, "heldout", "attribute") if q.asks == "shape"]
    assert len(asks) > 100
    for scene, question in asks:
        (thing,) = fitting(scene, question.lookups[0])
        assert question.answer == thing.shape
        rest = question.text.replace(question.lookups[0], "").lower()
        assert "shape" in rest or "form" in rest or "what is the" in rest


def test_relations_are_clear_and_between_two_things() -> None:
    for scene, question in asked(400, "train", "relation"):
        (one,), (other,) = (fitting(scene, said) for said in question.lookups)
        gap = abs(one.x - other.x) if question.asks in ("left", "right") else abs(one.y - other.y)
        assert gap >= 0.08
        assert one is not other


@pytest.mark.parametrize("family", ["exist", "relation", "compare_counts"])
def test_yes_and_no_are_even(family: str) -> None:
    answers: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for _, question in asked(2000, "train", family):
        answers[question.asks][question.answer] += 1
        answers["all"][question.answer] += 1
    assert set(answers) > {"all"} or family == "exist"
    for asks, tally in answers.items():
        share = tally["yes"] / tally.total()
        assert 0.4 < share < 0.6, (asks, tally)


def test_counts_reach_from_none_to_many() -> None:
    tally = Counter(question.answer for _, question in asked(3000, "train", "count"))
    shares = {n: tally[str(n)] / 3000 for n in range(11)}
    assert all(shares[n] > 0.08 for n in range(5)), shares
    assert max(shares.values()) < 0.25
    assert all(shares[n] > 0.003 for n in range(5, 11)), shares


def test_a_no_is_a_near_miss() -> None:
    """What is missing differs in one word from something that is there."""
    for scene, question in asked(400, "train", "exist"):
        if question.answer == "yes":
            continue
        *adjectives, noun = question.lookups[0].split()
        noun = SINGULAR.get(noun, noun)
        noun = "" if noun in ("thing", "object", "shape") else noun
        words = [*adjectives, *([noun] if noun else [])]
        missed = [sum(w not in (t.size, t.colour, t.shape) for w in words) for t in scene.things]
        assert min(missed) == 1, question


def test_what_no_picture_shows_cannot_be_told() -> None:
    about_nouns = 0
    for _, question in asked(500, "train", "unanswerable"):
        assert question.answer == "cannot tell"
        for said in question.lookups:
            about_nouns += 1
            last = said.split()[-1]
            assert SINGULAR.get(last, last) not in (*SHAPES, "thing", "object", "shape")
    assert 200 < about_nouns < 400


def test_held_out_pairs_are_not_even_named_while_training() -> None:
    rng = np.random.default_rng(5)
    for _ in range(3000):
        scene = make_scene(rng)
        for question in ask_some(rng, scene, 2, "train", EVERY):
            for colour, shape in HELD_OUT_PAIRS:
                assert f"{colour} {shape}" not in question.text


@pytest.mark.parametrize("family", EVERY)
def test_wordings_are_many_and_none_that_is_held_out_is_trained_on(family: str) -> None:
    assert sum(map(variants, TRAIN[family])) >= 200
    assert len(HELD_OUT[family]) >= 4
    assert not any(is_held_out(family, question.text) for _, question in asked(800, "train", family))
    fresh = [is_held_out(family, question.text) for _, question in asked(200, "heldout", family)]
    least = 0.1 if family == "unanswerable" else 0.3  # those about nouns are worded as other families
    assert least < sum(fresh) / len(fresh) < 0.7


def test_variants_counts_what_expand_draws() -> None:
    line = "[a|b [c|d]] e [f|]"
    rng = np.random.default_rng(3)
    assert variants(line) == len({expand(rng, line) for _ in range(300)}) == 6


def test_texts_vary_as_people_type() -> None:
    texts = [question.text for family in EVERY for _, question in asked(200, "train", family)]
    assert 0.1 < sum(t[0].islower() for t in texts) / len(texts) < 0.35
    assert 0.15 < sum(t[-1] not in ".?" for t in texts) / len(texts) < 0.4
    assert len(set(texts)) > 0.9 * len(texts)
    assert not any("  " in t or "{" in t for t in texts)


def test_the_same_seed_asks_the_same() -> None:
    def questions() -> list[Question]:
        rng = np.random.default_rng(9)
        return ask_some(rng, make_scene(rng), 20, "heldout", EVERY)

    assert questions() == questions()
