"""Scenes with cards: what is under one cannot be seen, and each side of a dialogue says its part."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.train.hallucination import judge
from sightline.train.worlds.covered import (
    CARD,
    EDGE,
    GREY,
    MOST,
    cover,
    covered_dialogue,
    covered_pairs,
    draw_covered,
    hearsay_dialogue,
)
from sightline.train.worlds.scene_dialogues import SIDE, describe
from sightline.train.worlds.scenes import draw_scene

SEEDS = range(40)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng((seed, 3))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_card_hides_its_thing_and_touches_no_other(seed: int) -> None:
    covered = cover(rng(seed))
    assert 1 <= len(covered.hidden) <= MOST
    assert covered.seen.things
    plain, image = draw_scene(covered.seen, SIDE), draw_covered(covered)
    changed = (plain != image).any(-1)
    under = np.zeros_like(changed)
    for thing in covered.hidden:
        assert thing.diameter < CARD
        left, top = (max(round((v - CARD / 2) * SIDE), 0) for v in (thing.x, thing.y))
        right, bottom = (round((v + CARD / 2) * SIDE) for v in (thing.x, thing.y))
        under[top:bottom, left:right] = True
        colours = {tuple(pixel) for pixel in image[top:bottom, left:right].reshape(-1, 3).tolist()}
        assert colours == {GREY, EDGE}
    assert not (changed & ~under).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_hearsay_tells_all_and_a_description_what_is_seen(seed: int) -> None:
    covered = cover(rng(seed))
    told, said = hearsay_dialogue(rng(seed)), covered_dialogue(rng(seed))
    assert np.array_equal(told.images[0], draw_covered(covered))
    assert np.array_equal(told.images[0], said.images[0])
    assert said.branches[0].reply.answer == describe(covered.seen.things)
    assert told.branches[0].reply.answer == describe((*covered.seen.things, *covered.hidden))
    assert told.branches[0].question == said.branches[0].question


def test_the_rejected_side_tells_what_a_card_hides_or_lacks_a_thing_where_there_is_none() -> None:
    telling = []
    for seed in SEEDS:
        covered, pair = cover(rng(seed)), covered_pairs(rng(seed))
        image, said = pair.dialogue.images[0], pair.dialogue.branches[0].reply.answer or ""
        telling.append(np.array_equal(image, draw_covered(covered)))
        things = covered.seen.things if telling[-1] else (*covered.seen.things, *covered.hidden)
        rejected = judge(pair.rejected.answer or "", things)
        assert judge(said, things).exact == 1
        if telling[-1]:
            assert rejected.named - len(things) == rejected.made_up == 1
            assert judge(pair.rejected.answer or "", (*things, *covered.hidden)).made_up == 0
        else:
            assert (rejected.named, rejected.made_up) == (len(things) - 1, 0)
    assert 0.3 < np.mean(telling) < 0.8
