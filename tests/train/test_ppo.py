"""PPO: its loss against sums by hand, replies kept for their epochs, and a task that gets better."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from sightline.errors import ConfigError, SightlineError
from sightline.mllm.chat import Branch, Dialogue, Reply
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.losses import reply_loss
from sightline.train.packing import pack
from sightline.train.policy import by_reply, whiten
from sightline.train.ppo import ActorCritic, PPOLoss, Prompts, ppo, prompts_batch
from sightline.train.recipe import PPOPolicy
from sightline.train.recipes.embedded import RECIPE as EMBEDDED
from sightline.train.recipes.tiny import RECIPE
from sightline.train.reward import RewardModel, reward
from sightline.train.rollouts import Sampling

NewModel = Callable[[], SightlineForConditionalGeneration]
CPU = torch.device("cpu")
POLICY = PPOPolicy(mixture=(), sampling=Sampling(replies=3, max_tokens=5), length=512, lam=0.9, gamma=0.95)


def coin(answer: str, other: str = "", *, blind: bool = False) -> Dialogue:
    """A picture (or none) and a question; with `other`, the same one a second time with another answer."""
    image = np.full((32, 32, 3), 200, np.uint8)
    branches = [
        Branch(question="Heads or tails?", reply=Reply(answer=said), task="coin")
        for said in (answer, other)
        if said
    ]
    return Dialogue(images=() if blind else (image,), branches=tuple(branches))


def asked(epoch: int = 0, seed: int = 1) -> Prompts:
    return Prompts(slot=0, epoch=epoch, seed=seed, dialogues=(coin("heads", "tails"),))


@pytest.fixture
def actor(new_model: NewModel) -> ActorCritic:
    """With a value head that is not zero any more."""
    actor = ActorCritic(new_model())
    torch.manual_seed(1)
    torch.nn.init.normal_(actor.head.weight, std=0.1)
    actor.model.vision_tower.requires_grad_(False)
    return actor


def moved(model: SightlineForConditionalGeneration, seed: int) -> SightlineForConditionalGeneration:
    """A copy whose words have other chances."""
    other = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        weight = other.language_model.lm_head.weight
        weight.add_(torch.randn(weight.shape, generator=generator) * 0.05)
    return other


def test_rows_of_replies() -> None:
    rows, mask = by_reply(torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([1, 3]))
    assert rows.tolist() == [[1.0, 0.0, 0.0], [2.0, 3.0, 4.0]]
    assert mask.tolist() == [[True, False, False], [True, True, True]]


def test_whitened_by_hand() -> None:
    mask = torch.tensor([[True, True], [True, False]])
    white = whiten(torch.tensor([[1.0, 2.0], [6.0, 99.0]]), mask)
    spread = math.sqrt((4 + 1 + 9) / 2)
    assert white.flatten().tolist() == pytest.approx([-2 / spread, -1 / spread, 3 / spread, 0.0])
    assert whiten(torch.tensor([[5.0]]), torch.tensor([[True]])).tolist() == [[0.0]]


def test_the_loss_is_the_sum_by_hand(actor: ActorCritic, vocabulary: Vocabulary) -> None:
    loss = PPOLoss(moved(actor.model, 1), vocabulary, POLICY)
    loss(actor, asked())
    rollout = loss._kept[0]
    later = ActorCritic(moved(actor.model, 2))
    torch.nn.init.normal_(later.head.weight, std=0.3)
    with torch.no_grad():
        total, count, figures = loss(later, asked(epoch=1))
        said, value = later(rollout.packed)
    new, values = by_reply(said.logprobs, said.lengths)[0], by_reply(value, said.lengths)[0]
    by_hand, clipped = 0.0, 0
    for i, t in rollout.mask.nonzero().tolist():
        ratio = math.exp(new[i, t] - rollout.old[i, t])
        gain = rollout.advantages[i, t].item()
        by_hand -= min(ratio * gain, min(max(ratio, 0.8), 1.2) * gain)
        old, wanted = rollout.values[i, t].item(), rollout.returns[i, t].item()
        near = min(max(values[i, t].item(), old - 0.2), old + 0.2)
        by_hand += 0.1 * 0.5 * max((values[i, t].item() - wanted) ** 2, (near - wanted) ** 2)
        clipped += abs(ratio - 1) > 0.2
    assert total.item() == pytest.approx(by_hand, rel=1e-4)
    assert count == rollout.mask.sum()
    assert figures["hit:clipped"] == clipped
    assert 0 < clipped < count


def test_what_is_expected_and_what_it_costs_by_hand(actor: ActorCritic, vocabulary: Vocabulary) -> None:
    reference = moved(actor.model, 1)
    loss = PPOLoss(reference, vocabulary, POLICY)
    rollout = loss.sample(actor, asked())
    with torch.no_grad():
        before, _ = ActorCritic(reference)(rollout.packed)
    away = rollout.old - by_reply(before.logprobs, before.lengths)[0]
    assert rollout.figures["hit:kl"] == pytest.approx(away[rollout.mask].sum().item(), rel=1e-4)
    at_home = PPOLoss(actor.model, vocabulary, POLICY)
    assert at_home.sample(actor, asked()).figures["hit:kl"] == pytest.approx(0.0, abs=1e-5)
    assert rollout.figures["hit:score"] == rollout.figures["hit:right"] == 0  # what it stammers is not right
    tokens = rollout.mask.sum(1)
    for i, length in enumerate(tokens.tolist()):  # returns are discounted with lambda: by their definition
        ahead = 0.0
        for t in reversed(range(length)):
            worth = -POLICY.kl * away[i, t].item()
            after = rollout.values[i, t + 1].item() if t + 1 < length else 0.0
            ahead = worth + 0.95 * after - rollout.values[i, t].item() + 0.95 * 0.9 * ahead
            wanted = ahead + rollout.values[i, t].item()
            assert rollout.returns[i, t].item() == pytest.approx(wanted, abs=1e-4)


def test_a_value_is_that_of_the_state_before_the_token(actor: ActorCritic, vocabulary: Vocabulary) -> None:
    rollout = PPOLoss(actor.model, vocabulary, POLICY).sample(actor, asked())
    first, second = rollout.values[:, 0], rollout.values[:, 1]
    torch.testing.assert_close(
        first, first[:1].expand_as(first), atol=1e-5, rtol=1e-4
    )  # all the same question
    assert float((second - second[0]).abs().max()) > 1e-3  # after different tokens


def test_replies_are_kept_for_their_epochs(actor: ActorCritic, vocabulary: Vocabulary) -> None:
    loss = PPOLoss(moved(actor.model, 1), vocabulary, POLICY)
    loss(actor, asked(seed=1))
    first = loss._kept[0]
    loss(actor, asked(epoch=1, seed=2))
    assert loss._kept[0] is first
    loss(actor, asked(seed=2))
    assert not torch.equal(loss._kept[0].packed.ids, first.packed.ids)


def test_a_draw_has_the_prompts_of_its_round() -> None:
    make = lambda draw: prompts_batch(0, draw, mixture=(("echo", 1.0),), count=1, epochs=2, each=3)  # noqa: E731
    drawn = [make(draw) for draw in range(9)]
    assert [one.slot for one in drawn] == [0, 1, 2] * 3
    assert [one.epoch for one in drawn] == [0] * 3 + [1] * 3 + [0] * 3
    questions = [one.dialogues for one in drawn]
    assert questions[:3] == questions[3:6]
    assert all(questions[i] != questions[j] for i in range(3) for j in (6, 7, 8))


def test_a_judge_counts_a_cut_reply_less(actor: ActorCritic, vocabulary: Vocabulary) -> None:
    judge = RewardModel(actor.model)  # a new one: all replies are worth 0
    loss = PPOLoss(actor.model, vocabulary, replace(POLICY, cut_penalty=0.5), judge)
    rollout = loss.sample(actor, asked())
    ends = [row[mask][-1] for row, mask in zip(rollout.packed.ids, rollout.packed.loss.bool(), strict=True)]
    assert len(ends) == 1
    last = (rollout.packed.loss[:, :-1] > rollout.packed.loss[:, 1:]).nonzero()
    cut = sum(int(rollout.packed.ids[r, c]) != vocabulary.marks["eos"] for r, c in last.tolist())
    assert cut > 0
    assert rollout.figures["hit:score"] == -0.5 * cut


def test_a_model_of_two_minds_learns_which_answer_is_right(
    new_model: NewModel, vocabulary: Vocabulary
) -> None:
    model = new_model()
    model.vision_tower.requires_grad_(False)
    both = iter([coin("heads", "tails", blind=True)] * 10)
    packed = pack(both, vocabulary, rows=1, length=60, side=128, tokens_per_image=64)
    optimizer = torch.optim.Adam(model.language_model.parameters(), lr=5e-3)
    for _ in range(60):  # as likely to say the one as the other
        optimizer.zero_grad()
        loss, count, _ = reply_loss(model, packed)
        (loss / count).backward()
        optimizer.step()
    policy = PPOPolicy(mixture=(), sampling=Sampling(replies=16, max_tokens=6), length=512, epochs=2)
    actor, judged = ActorCritic(model), PPOLoss(copy.deepcopy(model), vocabulary, policy)
    optimizer = torch.optim.Adam([*model.language_model.parameters(), *actor.head.parameters()], lr=2e-3)
    shares, values = [], []
    for step in range(50):
        prompts = Prompts(slot=0, epoch=step % 2, seed=step // 2, dialogues=(coin("heads", blind=True),))
        optimizer.zero_grad()
        loss, count, figures = judged(actor, prompts)
        (loss / count).backward()
        optimizer.step()
        shares.append(figures["hit:coin"] / figures["all:coin"])
        values.append(judged._kept[0].values[judged._kept[0].mask].mean().item())
    assert 0.2 < np.mean(shares[:4]) < 0.8
    assert np.mean(shares[-10:]) > 0.8
    assert values[-1] > values[0] == 0.0


def test_the_stage_moves_what_trains_and_goes_on_where_it_was_cut(
    after_sft: Path, resumed: Any, new_model: NewModel
) -> None:
    assert RECIPE.ppo is not None
    reward(RECIPE, after_sft, CPU)
    whole, again = resumed(ppo, RECIPE.ppo, after_sft)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    start: dict[str, Tensor] = new_model().to(torch.bfloat16).state_dict()
    for name in whole:
        frozen = name.startswith("vision_tower")
        if whole[name].ndim > 1 or frozen:  # in bf16 a norm's 1 does not move in so few steps
            assert torch.equal(start[name], whole[name]) == frozen, name


def test_saving_amid_the_epochs_is_refused(after_sft: Path) -> None:
    assert RECIPE.ppo is not None
    recipe = replace(RECIPE, ppo=replace(RECIPE.ppo, save_every=3))
    with pytest.raises(ConfigError, match="whole rounds of 2 epochs"):
        ppo(recipe, after_sft, CPU)


def test_a_missing_stage_says_so(after_sft: Path) -> None:
    with pytest.raises(ConfigError, match="has no stage ppo"):
        ppo(EMBEDDED, after_sft, CPU)
    with pytest.raises(SightlineError, match="run the stage `reward`"):
        ppo(RECIPE, after_sft, CPU)
    with pytest.raises(ConfigError, match="has no stage reward, which its ppo asks for"):
        ppo(replace(RECIPE, reward=None), after_sft, CPU)
