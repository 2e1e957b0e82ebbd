"""The planner's DPO: pairs of first mistakes, their loss, and that it mends them."""

from __future__ import annotations

import pytest
import torch
from tests.planning.doubles import tokenizer
from tests.train.test_planner import SOURCES, STAGE, llama

from sightline.planning.choices import END as STOP
from sightline.planning.tokens import Tokens
from sightline.train.planner import likeliest, planner_batch, reply_logits
from sightline.train.planner_dpo import first_mistakes, own_mistakes_loss, pairs_at, reply_numbers
from sightline.train.preference import sigmoid
from sightline.train.recipe import Preference
from sightline.train.symbolic.batches import WithChoices


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens(tokenizer())


@pytest.fixture(scope="module")
def batch(tokens: Tokens) -> WithChoices:
    return planner_batch(0, 0, sources=SOURCES, tokens=tokens, stage=STAGE)


def test_first_mistakes_of_replies() -> None:
    replies = torch.tensor([0, 0, 0, 1, 1, 2, 2, 3])
    wrong = torch.tensor([False, True, True, False, False, True, False, True])
    assert first_mistakes(wrong, replies).tolist() == [1, 5, 7]
    assert first_mistakes(torch.zeros(8, dtype=torch.bool), replies).tolist() == []


def test_replies_are_numbered_in_their_order(tokens: Tokens, batch: WithChoices) -> None:
    _, wanted, where = reply_logits(llama(tokens.size), batch.packed)
    numbers = reply_numbers(batch, where)
    assert (numbers.diff() >= 0).all()
    ends = int((wanted == tokens.piece(STOP)[0]).sum())
    assert int(numbers.max()) + 1 == ends


def test_the_loss_is_that_of_the_pairs_and_the_anchor(tokens: Tokens, batch: WithChoices) -> None:
    model, reference = llama(tokens.size), llama(tokens.size)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.02 * torch.randn_like(parameter)
    preference = Preference(beta=0.5, anchor=0.25)
    loss, count, figures = own_mistakes_loss(model, batch, reference=reference, preference=preference)
    logits, wanted, where = reply_logits(model, batch.packed)
    was, *_ = reply_logits(reference, batch.packed)
    said = likeliest(logits.detach(), wanted, batch.allowed)
    expected, pairs, before = 0.0, 0, -1
    for n, number in enumerate(reply_numbers(batch, where).tolist()):
        expected -= 0.25 * float(logits[n].log_softmax(-1)[wanted[n]].detach())
        if said[n] != wanted[n] and number != before:
            before, pairs = number, pairs + 1
            gain = (logits[n, wanted[n]] - logits[n, said[n]]) - (was[n, wanted[n]] - was[n, said[n]])
            expected -= float(torch.nn.functional.logsigmoid(0.5 * gain).detach())
    assert pairs > 3
    assert figures["all:ranked"] == pairs
    assert count == int(reply_numbers(batch, where).max()) + 1
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-4)


def test_pairs_of_tokens_need_no_normalizer() -> None:
    logits, was = torch.randn(4, 9), torch.randn(4, 9)
    chosen, rejected = torch.tensor([0, 1, 2, 3]), torch.tensor([5, 6, 7, 8])
    shifted = pairs_at(logits + 3, was - 2, chosen, rejected)
    torch.testing.assert_close(sigmoid(shifted, 0.3), sigmoid(pairs_at(logits, was, chosen, rejected), 0.3))


def test_mistakes_become_fewer(tokens: Tokens, batch: WithChoices) -> None:
    model, reference = llama(tokens.size), llama(tokens.size).requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    preference = Preference(beta=1.0, anchor=0.0)
    counts = []
    for _ in range(40):
        optimizer.zero_grad()
        loss, count, figures = own_mistakes_loss(model, batch, reference=reference, preference=preference)
        (loss / count).backward()
        optimizer.step()
        counts.append(figures.get("all:ranked", 0.0))
        if not counts[-1]:
            break
    assert counts[-1] <= counts[0] / 3
