"""Preference losses against closed forms, and against TRL's own trainer on the same log-probabilities."""

from __future__ import annotations

import math
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from sightline.train.dpo import pairs_of
from sightline.train.losses import ReplyTokens
from sightline.train.preference import (
    PAIR_LOSSES,
    Pairs,
    generation,
    quality,
    reward_loss,
    sigmoid,
    token_weights,
)

LENGTHS = ((3, 4), (6, 2), (5, 5))
"""Tokens of the chosen and of the rejected reply of each pair."""


def softplus(x: float) -> float:
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


def one(w: float, other: float, ref_w: float, ref_l: float, tokens: tuple[int, int] = (1, 1)) -> Pairs:
    values = (torch.tensor([x]) for x in (w, other, ref_w, ref_l, *map(float, tokens)))
    names = ("chosen", "rejected", "ref_chosen", "ref_rejected", "chosen_tokens", "rejected_tokens")
    return Pairs(**dict(zip(names, values, strict=True)))


PAIR = one(-1.0, -2.0, -1.5, -1.2, (2, 4))
"""Ratios of 0.5 and -0.8: a gain of 1.3."""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sigmoid", softplus(-0.5 * 1.3)),
        ("ipo", (0.5 / 2 + 0.8 / 4 - 1) ** 2),
        ("hinge", 1 - 0.5 * 1.3),
        ("mpo", 0.8 * softplus(-0.65) + 0.2 * (softplus(-0.25) + softplus(-0.4)) + 0.5),
    ],
)
def test_by_hand(name: str, expected: float) -> None:
    assert PAIR_LOSSES[name](PAIR, 0.5).item() == pytest.approx(expected, rel=1e-6)


def test_the_hinge_ends_and_ipo_does_not() -> None:
    far = one(5.0, -5.0, 0.0, 0.0)
    assert PAIR_LOSSES["hinge"](far, 0.5).item() == 0.0
    assert PAIR_LOSSES["ipo"](far, 0.5).item() == pytest.approx((10 - 1) ** 2)


def test_quality_moves_with_its_shift() -> None:
    assert quality(PAIR, 0.5, shift=0.1).item() == pytest.approx(softplus(-0.15) + softplus(-0.5), rel=1e-6)


def test_reward_by_hand() -> None:
    assert reward_loss(torch.tensor([2.0]), torch.tensor([0.5])).item() == pytest.approx(softplus(-1.5))


def test_dense_weights_by_hand() -> None:
    # 7 8 9 is shared and long enough; the 1 that both end in is not.
    left, right = token_weights([7, 8, 9, 4, 1], [7, 8, 9, 5, 6, 1], gamma=3.0)
    assert left.tolist() == pytest.approx([1 / 9] * 3 + [3 / 9] * 2)
    assert right.tolist() == pytest.approx([1 / 12] * 3 + [3 / 12] * 3)


def test_dense_weights_of_equal_replies_are_even() -> None:
    left, right = token_weights([1, 2, 3], [1, 2, 3], gamma=5.0)
    assert left.tolist() == right.tolist() == pytest.approx([1 / 3] * 3)


def test_dense_sums_are_weighed_token_by_token() -> None:
    ids = torch.tensor([7, 8, 9, 4, 7, 8, 9, 5])
    said = ReplyTokens(ids, torch.tensor([-1.0, -2, -3, -4, -1, -2, -3, -8]), torch.tensor([0] * 4 + [1] * 4))
    was = ReplyTokens(ids, torch.zeros(8), said.reply)
    pairs = pairs_of(said, was, gamma=4.0)
    assert pairs.chosen.item() == pytest.approx((-1 - 2 - 3 - 4 * 4) / 7)
    assert pairs.rejected.item() == pytest.approx((-1 - 2 - 3 - 4 * 8) / 7)
    plain = pairs_of(said, was)
    assert (plain.chosen.item(), plain.rejected.item()) == (-10.0, -14.0)
    assert (plain.chosen_tokens.item(), plain.rejected_tokens.item()) == (4, 4)


def drawn() -> tuple[Tensor, Tensor, Tensor]:
    """Log-probabilities of the model and of the reference, float[6, 8], chosen first, and their mask."""
    generator = torch.Generator().manual_seed(7)
    lengths = [chosen for chosen, _ in LENGTHS] + [rejected for _, rejected in LENGTHS]
    mask = torch.tensor([[n < length for n in range(8)] for length in lengths])
    ours, reference = (-torch.rand(6, 8, generator=generator) * 3 * mask for _ in range(2))
    return ours, reference, mask


def pairs_drawn() -> Pairs:
    ours, reference, mask = drawn()
    (w, other), (ref_w, ref_l), lengths = (x.sum(1).chunk(2) for x in (ours, reference, mask.float()))
    return Pairs(
        chosen=w,
        rejected=other,
        ref_chosen=ref_w,
        ref_rejected=ref_l,
        chosen_tokens=lengths[0],
        rejected_tokens=lengths[1],
    )


def trl_loss(kinds: list[str], weights: list[float], beta: float) -> float:
    """What TRL's DPOTrainer computes where the model gives these log-probabilities."""
    trainer = pytest.importorskip("trl.trainer.dpo_trainer", reason="TRL is not installed").DPOTrainer
    ours, reference, mask = drawn()
    ref_w, ref_l = reference.sum(1).chunk(2)
    completion = torch.cat([torch.zeros(6, 1, dtype=torch.bool), mask], 1).long()
    said = SimpleNamespace(
        log_probs=ours, entropy=ours, mean_logits=ours, is_top1=torch.zeros_like(mask), loss=None
    )
    same: Any = lambda x: x  # noqa: E731
    itself = SimpleNamespace(
        model=SimpleNamespace(training=False),
        accelerator=SimpleNamespace(device="cpu", gather=same, gather_for_metrics=same),
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=kinds,
        loss_weights=weights,
        beta=beta,
        label_smoothing=0.0,
        use_weighting=False,
        _metrics=defaultdict(lambda: defaultdict(list)),
        _total_train_tokens=0,
    )
    inputs = {
        "input_ids": torch.zeros_like(completion),
        "attention_mask": torch.ones_like(completion),
        "completion_mask": completion,
        "ref_chosen_logps": ref_w,
        "ref_rejected_logps": ref_l,
    }
    return float(trainer._compute_loss(itself, lambda **_: said, inputs, False))


@pytest.mark.parametrize("beta", [0.1, 0.7])
@pytest.mark.parametrize(
    ("ours", "theirs"), [("sigmoid", "sigmoid"), ("ipo", "ipo"), ("hinge", "hinge"), ("quality", "bco_pair")]
)
def test_as_trl_has_it(ours: str, theirs: str, beta: float) -> None:
    loss = {**PAIR_LOSSES, "quality": quality}[ours](pairs_drawn(), beta).mean()
    assert loss.item() == pytest.approx(trl_loss([theirs], [1.0], beta), rel=1e-5)


def test_the_mix_as_trl_has_it() -> None:
    # TRL takes the mean of the generation term over all tokens, ours that of each reply: compared apart.
    pairs = pairs_drawn()
    mixed = (0.8 * sigmoid(pairs, 0.1) + 0.2 * quality(pairs, 0.1)).mean()
    assert mixed.item() == pytest.approx(trl_loss(["sigmoid", "bco_pair"], [0.8, 0.2], 0.1), rel=1e-5)
    total = (generation(pairs) * pairs.chosen_tokens).sum() / pairs.chosen_tokens.sum()
    assert total.item() == pytest.approx(trl_loss(["sft"], [1.0], 0.1), rel=1e-5)
