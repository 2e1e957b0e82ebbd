"""Samples of any world of the catalogue as dialogues: images, a branch for each question, thoughts or none.

In-context episodes come the same way: their examples' images stand before the last one's.
"""

from __future__ import annotations

from string import ascii_uppercase

import numpy as np

from sightline.mllm.chat import Branch, Dialogue, Reply
from sightline.train.worlds.catalogue import WORLDS
from sightline.train.worlds.sample import Asked
from sightline.train.worlds.scenes import Split

THOUGHTFUL = 0.5
"""How many of the questions that have a thought are answered with it."""


def asking_dialogue(rng: np.random.Generator, world: str, split: Split = "train") -> Dialogue:
    """A sample's images and questions; a branch's task is the world with the family, `tables sum`."""
    sample = WORLDS[world](rng, split)
    branches = tuple(
        Branch(
            question=with_choices(asked),
            reply=Reply(answer=asked.answer, thought=asked.thought if rng.random() < THOUGHTFUL else ""),
            task=f"{world} {asked.family}",
        )
        for asked in sample.asked
    )
    return Dialogue(images=sample.images, branches=branches)


def with_choices(asked: Asked) -> str:
    """The question and its options, lettered from A, as evaluation asks them."""
    options = [f"{letter}. {choice}" for letter, choice in zip(ascii_uppercase, asked.choices, strict=False)]
    return " ".join([asked.question, *options])
