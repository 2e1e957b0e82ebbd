"""Episodes: answers follow from the state by a second reading, and the examples do not mislead."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from sightline.train.worlds.episodes import (
    HELD_OUT_RULES,
    HELD_OUT_TASKS,
    RULES,
    TASKS,
    WAYS,
    RuleEpisode,
    SymbolEpisode,
    TaskEpisode,
    episode_sample,
    holds_held_out,
    is_held_out,
)
from sightline.train.worlds.glyphs import APART, Pen, different_glyphs, distance, draw_glyph, written
from sightline.train.worlds.sample import Sample
from sightline.train.worlds.scenes import COLOURS, SHAPES, Scene, Split


@cache
def draws(count: int, split: Split = "train") -> list[Sample]:
    return [episode_sample(np.random.default_rng(seed), split) for seed in range(count)]


def table(scene: Scene) -> list[dict[str, object]]:
    return [vars(thing) for thing in scene.things]


def holds_again(meaning: str, scene: Scene) -> bool:
    """The rule read from its words, over a table of what is in the scene."""
    rows = table(scene)
    sets = [{str(row["colour"]), str(row["shape"])} for row in rows]
    words = [word for word in meaning.split() if word in (*COLOURS, *SHAPES)]
    number = re.search(r"at (least|most) (\d+) things", meaning)
    if number:
        n = int(number[2])
        return len(rows) >= n if number[1] == "least" else len(rows) <= n
    side = re.search("left of|above", meaning)
    if side:
        key = "x" if side[0] == "left of" else "y"
        firsts = [row[key] for row, has in zip(rows, sets, strict=True) if words[0] in has]
        seconds = [row[key] for row, has in zip(rows, sets, strict=True) if words[1] in has]
        return bool(firsts and seconds) and max(seconds) - min(firsts) > 0.08  # type: ignore[type-var, operator]
    if "one shape" in meaning:
        return len({row["shape"] for row in rows}) == 1
    if "same colour" in meaning:
        ordered = sorted(str(row["colour"]) for row in rows)
        return any(a == b for a, b in pairwise(ordered))
    hits = sum(set(words) <= has for has in sets)
    return not hits if "nothing" in meaning else hits >= (2 if "two" in meaning else 1)


def answer_again(task: str, scene: Scene) -> str:
    rows = table(scene)
    what, _, end = re.fullmatch(r"(colour|shape|number) of (the )?(.*)", task).groups()  # type: ignore[union-attr]
    if what == "number":
        counted = {"things": rows, "small things": [r for r in rows if r["size"] == "small"]}
        kind = end.rstrip("s")
        return str(len(counted[end]) if end in counted else len({row[kind] for row in rows}))
    key, low = {
        "largest": ("diameter", False),
        "leftmost": ("x", True),
        "rightmost": ("x", False),
        "topmost": ("y", True),
        "lowest": ("y", False),
    }[end.removesuffix(" thing")]
    ordered = sorted(rows, key=lambda row: row[key])  # type: ignore[arg-type, return-value]
    return str(ordered[0 if low else -1][what])


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_answers_are_found_again(split: Split) -> None:
    kinds: Counter[str] = Counter()
    for sample in draws(120, split):
        (asked,) = sample.asked
        kinds[asked.family] += 1
        state = sample.state
        if isinstance(state, RuleEpisode):
            assert len(sample.images) == len(state.scenes)
            again = ["yes" if holds_again(state.meaning, scene) else "no" for scene in state.scenes]
            told = re.findall(rf"{state.word}: (yes|no)", asked.question)
        elif isinstance(state, TaskEpisode):
            again = [answer_again(state.task, scene) for scene in state.scenes]
            told = re.findall(r"image \d+: ([a-z0-9]+)\.", asked.question.lower())
        else:
            assert isinstance(state, SymbolEpisode)
            again = [state.names[n] for n in state.shown]
            told = re.findall(r"image \d+: ([a-z]+)\.", asked.question.lower())
            # A shape is closest to the writing that stands beside the answer.
            gaps = [distance(state.writings[-1], w) for w in state.writings[:-1]]
            kinds["closest"] += again[int(np.argmin(gaps))] == asked.answer
            assert set(again) == set(asked.choices)
        assert told == again[:-1], asked
        assert again[-1] == asked.answer
    assert kinds["closest"] / kinds["new_symbol"] > 0.9
    assert min(kinds["new_symbol"], kinds["new_rule"], kinds["new_task"]) > 20


def test_rules_are_even_and_shown_from_both_sides() -> None:
    states = [s.state for s in draws(120) if isinstance(s.state, RuleEpisode)]
    for state in states:
        told = state.answers[:-1]
        assert told.count("yes") == told.count("no") >= 2
    share = np.mean([state.answers[-1] == "yes" for state in states])
    assert 0.3 < share < 0.7


def test_no_simpler_task_explains_the_examples() -> None:
    for sample in draws(120):
        state = sample.state
        if isinstance(state, TaskEpisode):
            for task in TASKS:
                answers = [answer_again(task, scene) for scene in state.scenes]
                assert answers[:-1] != list(state.answers[:-1]) or answers[-1] == state.answers[-1]


def test_glyphs_of_an_episode_differ_and_two_writings_of_one_too() -> None:
    rng = np.random.default_rng(0)
    glyphs = different_glyphs(rng, 20)
    assert min(distance(a, b) for n, a in enumerate(glyphs) for b in glyphs[:n]) >= APART
    same = [distance(glyph, written(rng, glyph)) for glyph in glyphs]
    assert 0 < min(same)
    assert np.mean(same) < APART


def test_a_glyph_fills_its_paper_and_stays_on_it() -> None:
    rng = np.random.default_rng(1)
    for glyph in different_glyphs(rng, 12):
        image = draw_glyph(glyph, Pen(), 105)
        ink = image[..., 0] < 128
        assert 0.01 < ink.mean() < 0.35
        rows, columns = np.nonzero(ink)
        assert max(np.ptp(rows), np.ptp(columns)) > 60


def test_held_out_material_is_kept_apart() -> None:
    assert set(WAYS["train"]).isdisjoint(WAYS["heldout"])
    assert set(RULES) > HELD_OUT_RULES
    for split in ("train", "heldout"):
        for sample in draws(120, split):
            state = sample.state
            assert isinstance(state, (SymbolEpisode, RuleEpisode, TaskEpisode))
            assert holds_held_out(state) == (split == "heldout")
            if isinstance(state, RuleEpisode):
                assert (state.rule in HELD_OUT_RULES) == (split == "heldout")
            if isinstance(state, TaskEpisode):
                assert (state.task in HELD_OUT_TASKS) == (split == "heldout")
            held = is_held_out(sample.asked[0].family, sample.asked[0].question)
            assert not held or split == "heldout"
    assert any(is_held_out(s.asked[0].family, s.asked[0].question) for s in draws(120, "heldout"))


def test_a_seed_gives_the_same_bytes() -> None:
    for seed, sample in enumerate(draws(120)[:9]):
        again = episode_sample(np.random.default_rng(seed))
        assert again.asked == sample.asked
        assert again.state == sample.state
        assert all((a == b).all() for a, b in zip(again.images, sample.images, strict=True))
