"""Losses against closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch

from sightline.mllm.chat import Branch, Dialogue, Reply
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.dpo import pair_loss
from sightline.train.losses import reply_loss, reply_tokens
from sightline.train.packing import Packed, pack
from sightline.train.recipe import Preference

NewModel = Callable[[], SightlineForConditionalGeneration]


def batch(v: Vocabulary) -> Packed:
    pairs = [("Is it red?", "yes", "no"), ("How many?", "3", "12"), ("What colour?", "dark red", "blue")]
    dialogues = (
        Dialogue(
            branches=(
                Branch(question=question, reply=Reply(answer=good), task="good"),
                Branch(question=question, reply=Reply(answer=bad), task="bad"),
            )
        )
        for question, good, bad in pairs * 20
    )
    return pack(dialogues, v, rows=1, length=160, side=128, tokens_per_image=64, whole=True)


def test_dpo_of_a_model_against_itself_is_log_two(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    loss, pairs, _ = pair_loss(model, batch(vocabulary), reference=model, preference=Preference(anchor=0.0))
    assert pairs >= 3
    assert loss.item() / pairs == pytest.approx(math.log(2), rel=1e-5)


def test_the_gradient_of_dpo_favours_the_chosen_reply(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model, reference, packed = new_model(), new_model().requires_grad_(False), batch(vocabulary)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    before = reply_tokens(model, packed).total().detach().view(-1, 2)
    loss, pairs, _ = pair_loss(model, packed, reference=reference, preference=Preference(anchor=0.0))
    (loss / pairs).backward()
    optimizer.step()
    after = reply_tokens(model, packed).total().detach().view(-1, 2)
    assert float((after[:, 0] - after[:, 1]).sum()) > float((before[:, 0] - before[:, 1]).sum())


def test_the_sum_of_the_replies_logprobs_is_the_loss(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model, packed = new_model(), batch(vocabulary)
    loss, count, figures = reply_loss(model, packed)
    assert loss.item() == pytest.approx(-reply_tokens(model, packed).logprobs.sum().item(), rel=1e-5)
    assert count == float(packed.loss.sum())
    assert figures["all:good"] == figures["all:bad"] == len(reply_tokens(model, packed).lengths) / 2


def test_exact_replies_are_counted_by_task(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model, packed = new_model(), batch(vocabulary)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    only_good = packed.task == 0
    packed.loss[~only_good] = 0
    for _ in range(80):
        optimizer.zero_grad()
        loss, count, figures = reply_loss(model, packed)
        (loss / count).backward()
        optimizer.step()
    assert figures["hit:good"] == figures["all:good"] > 0
    assert figures["all:bad"] == 0
