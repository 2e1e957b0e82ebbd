"""What is shown before and during training is what is trained on and what the model says."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from sightline.mllm.attention import PACKED
from sightline.mllm.chat import render
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.loop import Plan, fit
from sightline.train.losses import reply_loss
from sightline.train.packing import Packed, pack, targets
from sightline.train.preview import loss_view, sampler
from sightline.train.worlds.echo import echo_dialogue
from sightline.train.worlds.scene_dialogues import direct_dialogue, planner_dialogue

NewModel = Callable[[], SightlineForConditionalGeneration]
RNG = np.random.default_rng
DIALOGUES = [direct_dialogue(RNG(1), "train"), planner_dialogue(RNG(2), "train")]


def packed(v: Vocabulary, **options: bool) -> Packed:
    dialogues = iter(DIALOGUES * 9)
    return pack(dialogues, v, rows=1, length=2000, side=128, tokens_per_image=64, **options)


def test_the_view_marks_replies_and_nothing_else(vocabulary: Vocabulary) -> None:
    view = loss_view(packed(vocabulary), vocabulary, groups=2)
    marked = re.findall(r"⟦(.*?)⟧", view.plain.split("\n", 1)[1])
    replies = [
        vocabulary.decode([i for i, kept in zip(ids, reply, strict=True) if kept])
        for dialogue in DIALOGUES
        for ids, reply in render(dialogue, vocabulary, 64).branches
    ]
    assert marked == replies
    green = [view.plain[span.start : span.end] for span in view.spans if span.style == "bold green"]
    assert green[1:] == [f"⟦{reply}⟧" for reply in replies]
    assert "<image> × 64" in view.plain
    assert DIALOGUES[0].branches[0].question in view.plain


def test_the_view_tells_a_shifted_loss(vocabulary: Vocabulary) -> None:
    """A batch whose loss is off by one is seen to be: the view shows what is, not what was meant."""
    right = packed(vocabulary)
    wrong = replace(right, loss=right.loss.roll(-1, dims=1))
    assert loss_view(wrong, vocabulary).plain != loss_view(right, vocabulary).plain
    marked = re.findall(r"⟦(.*?)⟧", loss_view(wrong, vocabulary, groups=1).plain.split("\n", 1)[1])
    assert "<eos>" not in marked[0]


def test_the_view_counts_what_the_loss_is_taken_on(vocabulary: Vocabulary) -> None:
    batch = packed(vocabulary, all_text=True)
    assert f"the loss covers {int(targets(batch)[0].sum())}: " in loss_view(batch, vocabulary).plain


def test_samples_are_greedy_and_leave_the_model_as_it_was(
    new_model: NewModel, vocabulary: Vocabulary
) -> None:
    model = new_model().train()
    model.set_attn_implementation(PACKED)
    dice = torch.get_rng_state()
    first, second = sampler(vocabulary, DIALOGUES, max_tokens=5)(model)
    assert DIALOGUES[0].branches[0].question in first.asked
    assert first.wanted.endswith("<eos>")
    assert first.said
    assert second.asked != first.asked
    assert model.training
    assert model.language_model.config._attn_implementation == PACKED
    assert torch.equal(torch.get_rng_state(), dice)


def test_a_model_that_knows_an_answer_says_it(
    new_model: NewModel, vocabulary: Vocabulary, tmp_path: Path
) -> None:
    dialogue = echo_dialogue(RNG(4))
    one = replace(dialogue, branches=dialogue.branches[:1])
    batch = pack(iter([one] * 9), vocabulary, rows=1, length=200, side=128, tokens_per_image=64)
    plan = Plan(
        name="heart", steps=150, lr=1e-2, trains=(("^language_model", 1.0),), warmup=5, decay_from=0.5
    )
    model = new_model()
    fit(model, plan, lambda seed, draw: batch, reply_loss, tmp_path)
    (said,) = sampler(vocabulary, [one], max_tokens=90)(model)
    assert said.said == said.wanted


def test_the_view_holds_as_many_groups_as_asked_for(vocabulary: Vocabulary) -> None:
    view = loss_view(packed(vocabulary), vocabulary, groups=1)
    assert "group 1" in view.plain
    assert "group 2" not in view.plain
