"""The planner's loss and batches, with a tiny random Llama and a small tokenizer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.planning.doubles import TOOLS, done, looked, objects, tokenizer
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from sightline.mllm.attention import TREE
from sightline.planning.choices import END
from sightline.planning.tokens import Tokens
from sightline.planning.tool_spec import ToolSpec
from sightline.train.packing import Packed
from sightline.train.planner import (
    PlannerStage,
    allowed_alone,
    hidden_states,
    likeliest,
    planner_batch,
    planner_loss,
)
from sightline.train.symbolic.batches import Group, Source, WithChoices, as_tokens
from sightline.train.symbolic.episode import Branch, Episode

STAGE = PlannerStage(rows=2, length=420)


def some(rng: np.random.Generator) -> tuple[Episode, tuple[ToolSpec, ...]]:
    """Two rounds of one question, and another question."""
    count = int(rng.integers(1, 5))
    seen = done(2, "detect", objects(*["red"] * count), query="red squares")
    question = ("How many red squares are there?", "Count the red squares.")[count % 2]
    branches = (
        Branch(question=question, reply='number: detect(query="red squares")', task="call"),
        Branch(question=question, reply="number: count of e2", task="answer", evidence=(seen,)),
        Branch(question="Who painted it?", reply="name: cannot tell: no tool", task="answer"),
    )
    return Episode(needs=(), evidence=(looked("cup"),), branches=branches), TOOLS[:3]


SOURCES = (Source("some", 1.0, some),)


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens(tokenizer())


@pytest.fixture(scope="module")
def whole(tokens: Tokens) -> WithChoices:
    return planner_batch(0, 0, sources=SOURCES, tokens=tokens, stage=STAGE)


@pytest.fixture(scope="module")
def batch(whole: WithChoices) -> Packed:
    return whole.packed


def llama(size: int, attention: str = TREE) -> LlamaForCausalLM:
    torch.manual_seed(2)
    config = LlamaConfig(
        vocab_size=size, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=1024, attn_implementation=attention,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def test_a_batch_is_a_function_of_seed_and_draw(tokens: Tokens, batch: Packed) -> None:
    again = planner_batch(0, 0, sources=SOURCES, tokens=tokens, stage=STAGE).packed
    other = planner_batch(0, 1, sources=SOURCES, tokens=tokens, stage=STAGE).packed
    assert batch.ids.shape == (2, int((batch.group > 0).sum(1).max()))
    assert 210 < batch.ids.shape[1] <= 420
    assert torch.equal(batch.ids, again.ids)
    assert not torch.equal(batch.ids, other.ids)


def test_only_replies_have_a_loss(tokens: Tokens, batch: Packed) -> None:
    said = {tokens.decode(run) for run in _runs(batch)}
    assert said == {
        f'number: detect(query=" red squares"){END}',
        f"number: count of e2{END}",
        f"name: cannot tell: no tool{END}",
    }


def _runs(batch: Packed) -> list[list[int]]:
    """The tokens of each reply."""
    runs: dict[tuple[int, int, int], list[int]] = {}
    for row, column in batch.loss.nonzero().tolist():
        key = (row, int(batch.group[row, column]), int(batch.branch[row, column]))
        runs.setdefault(key, []).append(int(batch.ids[row, column]))
    return list(runs.values())


def groups(tokens: Tokens, batch: Packed) -> list[Group]:
    """The same episodes, one after another, as they went in."""
    rng = np.random.default_rng((0, 0, 12))
    found = []
    while len(found) < int(batch.group.max(1).values.sum()):
        rng.choice(1, p=np.ones(1))
        episode, tools = some(rng)
        found.append(as_tokens(episode, tools, tokens, []))
    return found


def test_the_loss_is_that_of_each_reply_by_itself(tokens: Tokens, whole: WithChoices, batch: Packed) -> None:
    """Packed or alone after its own prompt: the same cross-entropy, here over all tokens."""
    model = llama(tokens.size)
    loss, count, figures = planner_loss(model, replace(whole, allowed=((),) * len(whole.allowed)))
    plain = llama(tokens.size, "eager")
    expected, number = 0.0, 0
    for row in range(len(batch.ids)):
        for group in range(1, int(batch.group[row].max()) + 1):
            mine = batch.group[row] == group
            for branch in range(1, int(batch.branch[row][mine].max()) + 1):
                here = mine & ((batch.branch[row] == 0) | (batch.branch[row] == branch))
                ids, replied = batch.ids[row][here], batch.loss[row][here].bool()
                assert batch.position[row][here].tolist() == list(range(len(ids)))
                with torch.no_grad():
                    logits = plain(input_ids=ids[None]).logits[0, :-1]
                each = nn.functional.cross_entropy(logits, ids[1:], reduction="none")
                expected += float(each[replied[1:]].sum())
                number += int(replied.sum())
    assert count == number
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-4)
    assert figures["all:call"] + figures["all:answer"] == len(_runs(batch))


def test_the_episodes_of_a_batch_are_those_of_its_seed(tokens: Tokens, batch: Packed) -> None:
    prefixes = [group.prefix for group in groups(tokens, batch)]
    first = batch.ids[0][(batch.group[0] == 1) & (batch.branch[0] == 0)].tolist()
    assert first == prefixes[0]


def test_attention_does_not_change_the_loss(tokens: Tokens, whole: WithChoices, batch: Packed) -> None:
    ours, plain = llama(tokens.size), llama(tokens.size, "eager")
    losses: list[Tensor] = []
    for model in (ours, plain):
        loss, *_ = planner_loss(model, whole)
        loss.backward()
        losses.append(loss.detach())
    torch.testing.assert_close(losses[0], losses[1], rtol=1e-5, atol=1e-3)
    for (name, a), (_, b) in zip(ours.named_parameters(), plain.named_parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-3, rtol=1e-3, msg=name)
    there = batch.group > 0
    torch.testing.assert_close(
        hidden_states(ours, batch)[there], hidden_states(plain, batch)[there], atol=1e-5, rtol=1e-4
    )


def test_replies_are_learned(tokens: Tokens, whole: WithChoices) -> None:
    """The loss of a token falls to a fraction; no more replies are exact than there are."""
    model = llama(tokens.size)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses: list[float] = []
    for _ in range(30):
        optimizer.zero_grad()
        loss, count, figures = planner_loss(model, whole)
        (loss / count).backward()
        optimizer.step()
        losses.append(float(loss.detach()) / count)
    assert losses[-1] < losses[0] / 4
    for task in ("call", "answer"):
        assert 0 <= figures[f"hit:{task}"] <= figures[f"all:{task}"]


def test_a_token_is_held_against_what_is_allowed_alone() -> None:
    logits = torch.tensor([[9.0, 1.0, 2.0], [9.0, 1.0, 2.0]], requires_grad=True)
    held = allowed_alone(logits, [(1, 2), ()])
    assert held[0].tolist() == [-torch.inf, 1.0, 2.0]
    assert held[1].tolist() == [9.0, 1.0, 2.0]
    loss = nn.functional.cross_entropy(held, torch.tensor([2, 2]), reduction="none")
    loss.sum().backward()
    assert float(loss[0].detach()) == pytest.approx(float(np.log1p(np.exp(-1.0))), rel=1e-5)
    assert logits.grad is not None
    assert float(logits.grad[0, 0]) == 0.0


def test_the_likeliest_is_one_that_the_grammar_allows() -> None:
    logits = torch.tensor([[9.0, 1.0, 2.0], [9.0, 1.0, 2.0], [0.0, 3.0, 2.0]])
    found = likeliest(logits, torch.tensor([1, 1, 2]), [(1, 2), (), (0, 1, 2)])
    assert found.tolist() == [2, 1, 1]
