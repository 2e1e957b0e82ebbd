"""Signs: answers are found again from a table of facts, and every text is drawn to be read."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import numpy as np
import pytest

from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scenes import HELD_OUT, Split
from sightline.train.worlds.sign_scenes import (
    HELD_OUT_LAYOUT,
    LEAST,
    SHOP,
    SignScene,
    draw_sign_scene,
    holds_held_out,
    is_held_out,
    make_sign_scene,
    sign_scene_sample,
)
from sightline.train.worlds.typefaces import cap_height, face

COLOURS = "red|orange|yellow|green|blue|purple|pink|brown|black"


@cache
def draws(count: int, split: Split = "train") -> list[Sample]:
    return [sign_scene_sample(np.random.default_rng(seed), split) for seed in range(count)]


def facts(sample: Sample) -> dict[str, tuple[str, str]]:
    """Text -> colour and shape."""
    assert isinstance(sample.state, SignScene)
    return {sign.text: (sign.colour, sign.shape) for sign in sample.state.signs}


def asked_thing(question: str, table: dict[str, tuple[str, str]]) -> str:
    """The text on the one thing that the question names."""
    colour, shape = re.findall(rf"\b({COLOURS}) (circle|square|diamond)\b", question)[-1]
    (text,) = (text for text, name in table.items() if name == (colour, shape))
    return text


def answer_again(asked: Asked, table: dict[str, tuple[str, str]]) -> str:
    numbers = [int(text) for text in table if text.isdigit()]
    said = re.findall(r"'(.*)'", asked.question)
    if asked.family == "read":
        return next(iter(table)) if SHOP in table[next(iter(table))] else asked_thing(asked.question, table)
    if asked.family == "carrier":
        return " ".join(table[said[0]])
    if asked.family == "exist":
        return "yes" if said[0] in table else "no"
    if asked.family == "says":
        rest = asked.question.replace(f"'{said[0]}'", "")
        return "yes" if asked_thing(rest, table) == said[0] else "no"
    if asked.family == "count":
        others = re.search(r"words|no numbers", asked.question)
        return str(len(table) - len(numbers) if others else len(numbers))
    if asked.family == "sum":
        return str(sum(numbers))
    largest = re.search("largest|highest|greatest", asked.question)
    return " ".join(table[str((max if largest else min)(numbers))])


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_answers_are_found_again(split: Split) -> None:
    families = Counter()
    for sample in draws(160, split):
        table = facts(sample)
        for asked in sample.asked:
            families[asked.family] += 1
            assert answer_again(asked, table) == asked.answer, asked
    assert min(families.values()) > 15, families
    assert len(families) == 7


@pytest.mark.parametrize("family", ["exist", "says"])
def test_yes_and_no_are_even(family: str) -> None:
    answers = [a.answer for s in draws(160) for a in s.asked if a.family == family]
    assert 0.38 < answers.count("yes") / len(answers) < 0.62


def test_counts_are_spread() -> None:
    tally = Counter(a.answer for s in draws(160) for a in s.asked if a.family == "count")
    assert len(tally) >= 5
    assert max(tally.values()) / tally.total() < 0.45


def test_texts_differ_fit_and_are_large_enough() -> None:
    for sample in draws(160):
        assert isinstance(sample.state, SignScene)
        texts = [sign.text.lower() for sign in sample.state.signs]
        assert len(set(texts)) == len(texts)
        for sign in sample.state.signs:
            assert cap_height(sign.face, sign.size) >= LEAST
            assert face(sign.face, sign.size).getlength(sign.text) <= sign.diameter
            assert sign.diameter / 2 <= min(sign.x, sign.y) + 1
            assert max(sign.x, sign.y) + sign.diameter / 2 <= sample.state.side + 1


def test_each_text_is_drawn_where_its_sign_is() -> None:
    """The picture without a text differs from the one with it on that sign alone."""
    from dataclasses import replace

    for seed in range(12):
        scene = make_sign_scene(np.random.default_rng(seed))
        sign = scene.signs[0]
        mute = replace(scene, signs=(replace(sign, text=" "), *scene.signs[1:]))
        rows, columns = np.nonzero((draw_sign_scene(scene) != draw_sign_scene(mute)).any(-1))
        assert len(rows) > 4
        half = sign.diameter / 2
        assert abs(columns.mean() - sign.x) < half / 2
        assert rows.min() >= sign.y - half - 1
        assert rows.max() <= sign.y + half + 1


def test_held_out_material_is_kept_apart() -> None:
    for split in ("train", "heldout"):
        for sample in draws(160, split):
            assert isinstance(sample.state, SignScene)
            pairs = {(sign.colour, sign.shape) for sign in sample.state.signs}
            rare = bool(pairs & HELD_OUT) or sample.state.layout == HELD_OUT_LAYOUT
            assert rare == (split == "heldout") == holds_held_out(sample.state)
            if split == "train":
                assert not any(is_held_out(a.family, a.question) for a in sample.asked)
    assert any(is_held_out(a.family, a.question) for s in draws(160, "heldout") for a in s.asked)


def test_a_seed_gives_the_same_bytes() -> None:
    for seed, sample in enumerate(draws(160)[:6]):
        again = sign_scene_sample(np.random.default_rng(seed))
        assert again.asked == sample.asked
        assert (again.images[0] == sample.images[0]).all()
