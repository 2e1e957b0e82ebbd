"""Scenes with cards laid over some of their things, and captions by somebody who saw what lies beneath.

Captions that tell more than their picture shows are where a model learns to make things up: what cannot be
seen can only be guessed (Gekhman et al. 2024 on new knowledge in fine-tuning; Yu et al. 2023, RLHF-V, on
captions). Here both sides are exact: what a picture shows, and what its caption tells beyond that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sightline.mllm.chat import Branch, Dialogue, Reply
from sightline.train.worlds.dice import pick
from sightline.train.worlds.scene_dialogues import SIDE, ask_description, describe
from sightline.train.worlds.scenes import (
    Scene,
    Split,
    Thing,
    draw_scene,
    make_scene,
)
from sightline.train.worlds.toolbox import Pair

CARD = 0.26
"""Side of a card, as a fraction of the image's; the largest things measure 0.22 or so."""
MOST = 3
"""Cards on a scene."""
OPEN = 0.45
"""How many of the pairs are of scenes without cards."""
GREY, EDGE = (150, 150, 150), (90, 90, 90)


@dataclass(frozen=True, kw_only=True)
class Covered:
    """A scene with cards on it: what can be seen, and what lies under the cards, one thing each."""

    seen: Scene
    hidden: tuple[Thing, ...]


def cover(rng: np.random.Generator, split: Split = "train") -> Covered:
    """A scene of two things at least, with one to three cards, each over one thing and clear of others."""
    while True:
        scene = make_scene(rng, split=split)
        free = [i for i, thing in enumerate(scene.things) if _stands_free(thing, scene.things)]
        most = min(MOST, len(free), len(scene.things) - 1)
        if most > 0:
            break
    under = set(rng.permutation(free)[: int(rng.integers(1, most + 1))].tolist())
    seen = tuple(thing for i, thing in enumerate(scene.things) if i not in under)
    return Covered(seen=replace(scene, things=seen), hidden=tuple(scene.things[i] for i in sorted(under)))


def _stands_free(thing: Thing, things: tuple[Thing, ...]) -> bool:
    """Whether a card over the thing touches neither another thing nor a card over that."""
    return all(max(abs(thing.x - one.x), abs(thing.y - one.y)) > CARD for one in things if one is not thing)


def draw_covered(covered: Covered, side: int = SIDE) -> NDArray[np.uint8]:
    """Paint what can be seen and the cards: uint8[side, side, 3] RGB."""
    image = draw_scene(covered.seen, side).copy()
    for thing in covered.hidden:
        left, top, right, bottom = (
            int(np.clip(round(v * side), 0, side))
            for v in (thing.x - CARD / 2, thing.y - CARD / 2, thing.x + CARD / 2, thing.y + CARD / 2)
        )
        image[top:bottom, left:right] = EDGE
        image[top + 1 : bottom - 1, left + 1 : right - 1] = GREY
    return image


def hearsay_dialogue(rng: np.random.Generator, split: Split = "train") -> Dialogue:
    """A covered scene, with a caption that tells what is under the cards too; its task is `hearsay`."""
    covered = cover(rng, split)
    return _asked(rng, covered, (*covered.seen.things, *covered.hidden), split, "hearsay")


def covered_dialogue(rng: np.random.Generator, split: Split = "train") -> Dialogue:
    """A covered scene, with a description of what can be seen; its task is `describe`."""
    covered = cover(rng, split)
    return _asked(rng, covered, covered.seen.things, split, "describe")


def covered_pairs(rng: np.random.Generator, split: Split = "train") -> Pair:
    """What can be seen, against the same with what lies under one of the cards.

    It is told as by somebody who knew: looks drawn at random give themselves away where nothing else has
    their colour. Or, in `OPEN` of the draws, a scene without cards against the same with a thing less: the
    shorter of two descriptions is not the better one always.
    """
    covered = cover(rng, split)
    whole = (*covered.seen.things, *covered.hidden)
    told = (*covered.seen.things, pick(rng, covered.hidden))
    if rng.random() < OPEN:
        covered = Covered(seen=replace(covered.seen, things=whole), hidden=())
        left_out = int(rng.integers(len(whole)))
        told = (*whole[:left_out], *whole[left_out + 1 :])
    dialogue = _asked(rng, covered, covered.seen.things, split, "describe")
    return Pair(dialogue=dialogue, rejected=Reply(answer=describe(told)))


def _asked(
    rng: np.random.Generator, covered: Covered, told: tuple[Thing, ...], split: Split, task: str
) -> Dialogue:
    branch = Branch(question=ask_description(rng, split), reply=Reply(answer=describe(told)), task=task)
    return Dialogue(images=(draw_covered(covered),), branches=(branch,))
