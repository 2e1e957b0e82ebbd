"""Samples of the catalogue as dialogues."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.mllm.chat import render
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.mixtures import DIALOGUES
from sightline.train.worlds.asking import asking_dialogue, with_choices
from sightline.train.worlds.catalogue import WORLDS
from sightline.train.worlds.sample import Asked


@pytest.mark.parametrize("world", WORLDS)
def test_each_question_is_a_branch_over_all_images(world: str, vocabulary: Vocabulary) -> None:
    sample = WORLDS[world](np.random.default_rng(7), "train")
    dialogue = DIALOGUES[f"world:{world}"](np.random.default_rng(7), "train")
    assert len(dialogue.images) == len(sample.images)
    assert all(np.array_equal(a, b) for a, b in zip(dialogue.images, sample.images, strict=True))
    for branch, asked in zip(dialogue.branches, sample.asked, strict=True):
        assert branch.question.startswith(asked.question)
        assert (branch.reply.answer, branch.task) == (asked.answer, f"{world} {asked.family}")
        assert branch.reply.thought in ("", asked.thought)
    rendered = render(dialogue, vocabulary, 4)
    assert rendered.prefix.count(vocabulary.marks["image"]) == 4 * len(sample.images)


def test_half_of_the_thoughts_are_told() -> None:
    drawn = (asking_dialogue(np.random.default_rng(seed), "episodes") for seed in range(60))
    thoughts = [bool(branch.reply.thought) for dialogue in drawn for branch in dialogue.branches]
    assert 0.2 < np.mean(thoughts) < 0.8


def test_options_stand_behind_the_question() -> None:
    asked = Asked(question="Which?", answer="b", family="which", choices=("a", "b"))
    assert with_choices(asked) == "Which? A. a B. b"
