"""Policy losses against closed forms, and against TRL's own trainers: GRPO's here, PPO's by its figures."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tests.train.ppo_golden import BETA, CONFIG, GOLDEN
from torch import Tensor

from sightline.train.policy import (
    clipped_loss,
    gae,
    group_advantages,
    grpo_loss,
    kl_to_reference,
    token_rewards,
    value_loss,
    whiten,
)


def row(*values: float) -> Tensor:
    return torch.tensor([values])


def test_advantages_of_a_group_by_hand() -> None:
    rewards = torch.tensor([[1.0, 0.0, 0.0, 1.0], [0.5, 0.5, 0.5, 0.5]])
    deviation = math.sqrt(4 * 0.25 / 3)
    wanted = [0.5 / (deviation + 1e-4), -0.5 / (deviation + 1e-4)]
    assert group_advantages(rewards)[0].tolist() == pytest.approx(
        [wanted[0], wanted[1], wanted[1], wanted[0]]
    )
    assert group_advantages(rewards)[1].tolist() == [0.0] * 4  # all alike: nothing to learn
    assert group_advantages(rewards, scale=False)[0].tolist() == [0.5, -0.5, -0.5, 0.5]


def test_rewards_by_token() -> None:
    mask = torch.tensor([[False, True, True, False]])
    rewards = token_rewards(torch.tensor([2.0]), row(9, -1, -2, 9), row(0, -2, -2.5, 0), mask, beta=0.1)
    assert rewards[0].tolist() == pytest.approx([0.0, -0.1, 2.0 - 0.05, 0.0])


def test_gae_by_hand() -> None:
    mask = torch.tensor([[True, True, True, False]])
    rewards, values = row(0.0, 0.0, 1.0, 7.0), row(0.2, 0.4, 0.5, 9.0)
    advantages, returns = gae(rewards, values, mask, gamma=0.9, lam=0.8)
    third = 1.0 - 0.5
    second = (0.9 * 0.5 - 0.4) + 0.72 * third
    first = (0.9 * 0.4 - 0.2) + 0.72 * second
    assert advantages[0].tolist() == pytest.approx([first, second, third, 0.0])
    assert returns[0].tolist() == pytest.approx([first + 0.2, second + 0.4, 1.0, 0.0])


def test_gae_to_the_end_is_the_return_less_the_value() -> None:
    generator = torch.Generator().manual_seed(1)
    rewards, values = torch.rand(3, 6, generator=generator), torch.rand(3, 6, generator=generator)
    mask = torch.ones(3, 6, dtype=torch.bool)
    advantages, _ = gae(rewards, values, mask, gamma=1.0, lam=1.0)
    to_come = rewards.flip(1).cumsum(1).flip(1)
    torch.testing.assert_close(advantages, to_come - values)


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"),
    [
        (1.1, 2.0, -2.2),
        (1.5, 2.0, -2.4),  # gains are clipped
        (0.5, 2.0, -1.0),  # losses of good replies are not
        (0.5, -2.0, 1.6),
        (1.5, -2.0, 3.0),
    ],
)
def test_the_clipped_loss_by_hand(ratio: float, advantage: float, expected: float) -> None:
    loss = clipped_loss(row(math.log(ratio)), row(0.0), row(advantage), clip=0.2)
    assert loss.item() == pytest.approx(expected, rel=1e-6)


def test_the_value_loss_by_hand() -> None:
    assert value_loss(row(1.0), row(0.0), row(1.0)).item() == pytest.approx(0.5 * 0.8**2)
    assert value_loss(row(0.1), row(0.0), row(1.0)).item() == pytest.approx(0.5 * 0.9**2)


def test_the_divergence_is_never_negative_and_zero_at_home() -> None:
    assert kl_to_reference(row(-1.0), row(-1.0)).item() == 0.0
    away = kl_to_reference(row(-1.0, -1.0), row(-0.5, -3.0))
    assert away[0].tolist() == pytest.approx([math.exp(0.5) - 1.5, math.exp(-2.0) + 1.0])


def test_ppo_raises_what_was_better_than_expected() -> None:
    torch.manual_seed(0)
    logits = torch.zeros(1, 2, requires_grad=True)
    old = logits.detach().log_softmax(-1)[:, :1]
    loss = clipped_loss(logits.log_softmax(-1)[:, :1], old, row(1.0)).sum()
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[0, 0] < 0 < logits.grad[0, 1]


@pytest.mark.parametrize("beta", [0.0, 0.04, 0.5])
def test_grpo_as_trl_has_it(beta: float) -> None:
    trainer = pytest.importorskip("trl.trainer.grpo_trainer", reason="TRL is not installed").GRPOTrainer
    generator = torch.Generator().manual_seed(3)
    ours, old, reference = (-torch.rand(4, 6, generator=generator) * 2 for _ in range(3))
    mask = torch.tensor([[n < length for n in range(6)] for length in (6, 3, 1, 5)])
    advantages = group_advantages(torch.tensor([[1.0, 0.0, 0.0, 1.0]]))[0]
    same: Any = lambda x, **_: x  # noqa: E731
    itself = SimpleNamespace(
        model=SimpleNamespace(training=False),
        accelerator=SimpleNamespace(device="cpu", gather=same, gather_for_metrics=same, reduce=same),
        aux_loss_enabled=False,
        top_entropy_quantile=1.0,
        off_policy_mask_threshold=None,
        importance_sampling_level="token",
        beta=beta,
        args=SimpleNamespace(use_bias_correction_kl=False, delta=None),
        loss_type="grpo",
        epsilon_low=0.2,
        epsilon_high=0.2,
        use_vllm=False,
        _entropy_bonus_enabled=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
        _get_per_token_logps_and_entropies=lambda *_, **__: (ours, torch.zeros_like(ours), None),
    )
    ids = torch.zeros(4, 6, dtype=torch.long)
    inputs = {
        "prompt_ids": ids[:, :1],
        "prompt_mask": ids[:, :1],
        "completion_ids": ids,
        "completion_mask": mask.long(),
        "advantages": advantages,
        "old_per_token_logps": old,
        "ref_per_token_logps": reference,
    }
    theirs = trainer._compute_loss(itself, None, inputs)
    loss = grpo_loss(ours, old, reference, advantages, mask, clip=0.2, beta=beta).mean()
    assert loss.item() == pytest.approx(float(theirs), rel=1e-5)


def logprobs_of(logits: Tensor, ids: Tensor) -> Tensor:
    return logits.log_softmax(-1).gather(-1, ids[..., None]).squeeze(-1)


@pytest.fixture(scope="module")
def golden() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What TRL's PPO was given and what it made of it; see `ppo_golden.py`."""
    found = json.loads(GOLDEN.read_text())
    given, wanted = ({name: torch.tensor(v) for name, v in found[part].items()} for part in found)
    return given, wanted


def test_ppo_as_trl_has_it(golden: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
    given, wanted = golden
    mask, ids = given["mask"], given["ids"]
    assert wanted["clipped"] > 0.2
    logits, values = given["logits"].requires_grad_(), given["values"].requires_grad_()
    old, reference = logprobs_of(given["old_logits"], ids), logprobs_of(given["reference_logits"], ids)
    rewards = token_rewards(given["scores"], old, reference, mask, beta=BETA)
    torch.testing.assert_close(rewards, wanted["rewards"])
    before = given["old_values"] * mask
    gain, returns = gae(rewards, before, mask, gamma=CONFIG["gamma"], lam=CONFIG["lam"])
    advantages = whiten(gain, mask)
    torch.testing.assert_close(returns, wanted["returns"])
    torch.testing.assert_close(advantages, wanted["advantages"])
    policy = clipped_loss(logprobs_of(logits, ids), old, advantages, clip=CONFIG["cliprange"])
    value = value_loss(values, before, returns, clip=CONFIG["cliprange_value"])
    policy, value = policy[mask].mean(), CONFIG["vf_coef"] * value[mask].mean()
    torch.testing.assert_close(policy, wanted["policy_loss"])
    torch.testing.assert_close(value, wanted["value_loss"])
    (policy + value).backward()
    torch.testing.assert_close(logits.grad, wanted["logits_gradient"])
    torch.testing.assert_close(values.grad, wanted["values_gradient"])
