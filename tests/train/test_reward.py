"""The reward model: what it reads, that it learns to rank, and that its stage goes on where it was cut."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from sightline.errors import ConfigError, SightlineError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.mixtures import pair_batch
from sightline.train.packing import Packed, targets
from sightline.train.recipes.embedded import RECIPE as EMBEDDED
from sightline.train.recipes.tiny import JUDGE, RECIPE
from sightline.train.reward import (
    RewardModel,
    held_out,
    held_out_pairs,
    last_tokens,
    load_reward,
    ranking_loss,
    reward,
)

NewModel = Callable[[], SightlineForConditionalGeneration]
CPU = torch.device("cpu")


@pytest.fixture
def pairs(vocabulary: Vocabulary) -> Packed:
    return pair_batch(
        0,
        0,
        mixture=(("scenes", 1.0),),
        rows=2,
        length=700,
        vocabulary=vocabulary,
        side=128,
        tokens_per_image=64,
    )


@pytest.fixture
def judge(new_model: NewModel) -> RewardModel:
    """With a head that is not zero any more."""
    judge = RewardModel(new_model())
    torch.nn.init.normal_(judge.head.weight)
    return judge.eval()


def test_it_reads_each_reply_at_its_end(pairs: Packed, vocabulary: Vocabulary) -> None:
    last = last_tokens(pairs)
    replies = torch.stack([pairs.group, pairs.branch], -1)[pairs.loss.bool()].unique_consecutive(dim=0)
    assert int(last.sum()) == len(replies)
    assert set(pairs.ids[last].tolist()) == {vocabulary.marks["eos"]}
    assert bool((pairs.loss[last] == 1).all())


def test_a_reply_is_worth_the_same_alone_and_packed(judge: RewardModel, pairs: Packed) -> None:
    with torch.no_grad():
        together = judge(pairs)
        alone = []
        for row, column in last_tokens(pairs).nonzero().tolist():
            group, branch = pairs.group[row, column], pairs.branch[row, column]
            kept = (pairs.group[row] == group) & torch.isin(
                pairs.branch[row], torch.stack([branch, branch * 0])
            )
            before = int((pairs.ids[:row] == judge.model.config.image_token_id).sum())
            before += int(
                (pairs.ids[row][: int(kept.nonzero()[0])] == judge.model.config.image_token_id).sum()
            )
            ids = pairs.ids[row][kept][None]
            shown = int((ids == judge.model.config.image_token_id).sum()) // 64
            pixels = pairs.pixels[before // 64 :][:shown] if pairs.pixels is not None and shown else None
            hidden = judge.model.language_model.get_decoder()(inputs_embeds=judge.model.embed(ids, pixels))
            alone.append(judge.head(hidden.last_hidden_state[0, -1]))
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-4, rtol=1e-4)


def test_before_training_every_reply_is_worth_nothing(new_model: NewModel, pairs: Packed) -> None:
    judge = RewardModel(new_model())
    assert judge(pairs).tolist() == [0.0] * int(last_tokens(pairs).sum())
    loss, count, figures = ranking_loss(judge, pairs)
    assert loss.item() / count == pytest.approx(math.log(2))
    assert figures["all:ranked"] == count
    assert sum(figures[f"all:{task}"] for task in pairs.tasks) == count


def test_the_loss_by_hand(judge: RewardModel, pairs: Packed) -> None:
    worth = judge(pairs).tolist()
    by_hand = sum(math.log1p(math.exp(b - a)) for a, b in zip(worth[::2], worth[1::2], strict=True))
    loss, _, figures = ranking_loss(judge, pairs)
    assert loss.item() == pytest.approx(by_hand, rel=1e-5)
    assert figures["hit:ranked"] == sum(a > b for a, b in zip(worth[::2], worth[1::2], strict=True))


def test_it_learns_to_rank_a_batch(new_model: NewModel, pairs: Packed) -> None:
    judge = RewardModel(new_model())
    judge.model.vision_tower.requires_grad_(False)
    optimizer = torch.optim.Adam(judge.parameters(), lr=1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        loss, count, figures = ranking_loss(judge, pairs)
        loss.backward()
        optimizer.step()
    assert loss.item() / count < 0.4
    assert figures["hit:ranked"] / figures["all:ranked"] > 0.8


def test_held_out_pairs_are_others(judge: RewardModel, vocabulary: Vocabulary) -> None:
    assert RECIPE.reward_data is not None
    data = replace(RECIPE.reward_data, pairs=replace(RECIPE.reward_data.pairs, rows=1))
    pairs = held_out_pairs(data, vocabulary, judge.model, seed=0)
    assert torch.equal(pairs(0).ids, pairs(0).ids)
    where, _ = targets(pairs(0))
    assert bool(where.any())
    found = held_out(judge, pairs, 2)
    assert found["pairs"] == int(sum(last_tokens(pairs(draw)).sum() for draw in range(2))) / 2
    assert 0 <= found["ranked"] <= 1


def test_the_stage_trains_the_judge_alone_and_goes_on_where_it_was_cut(
    after_sft: Path, resumed: Any, new_model: NewModel, pairs: Packed
) -> None:
    assert RECIPE.reward is not None
    whole, again = resumed(reward, RECIPE.reward, after_sft)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    start: dict[str, Tensor] = new_model().to(torch.bfloat16).state_dict()
    for name in whole:
        trained = any(name.startswith(pattern.removeprefix("^model.")) for pattern, _ in JUDGE)
        if whole[name].ndim > 1 or not trained:  # in bf16 a norm's 1 does not move in so few steps
            assert torch.equal(start[name], whole[name]) != trained, name
    found = json.loads((after_sft / "reward" / "heldout.json").read_text())
    assert found["pairs"] > 0
    judge = load_reward(RECIPE.reward, after_sft, CPU)
    assert float(judge.head.weight.abs().sum()) > 0
    assert not any(p.requires_grad for p in judge.parameters())
    assert float(judge(pairs).abs().sum()) > 0


def test_a_recipe_without_the_stage_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no stage reward"):
        reward(EMBEDDED, tmp_path, CPU)


def test_a_run_without_sft_says_so(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="run the stage `sft`"):
        reward(RECIPE, tmp_path, CPU)
