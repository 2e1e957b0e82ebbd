"""The masters: whose matrices move how, and what their mean is."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sightline.train.optim import MasterWeights


def one(weight: nn.Parameter, name: str = "layer.weight", **options: object) -> MasterWeights:
    return MasterWeights([(name, weight, 1.0)], weight_decay=0.0, betas=(0.9, 0.98), **options)  # type: ignore[arg-type]


def pull(masters: MasterWeights, weight: nn.Parameter, grad: torch.Tensor, lr: float = 0.1) -> None:
    weight.grad = grad.clone()
    masters.collect()
    masters.step(lr=lr, count=1.0, clip=0.0)


def test_the_mean_by_hand() -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    masters = one(weight, ema=0.75)
    values, mean = [], 1.0
    for _ in range(3):
        pull(masters, weight, torch.tensor([1.0]))
        values.append(weight.item())
        mean = 0.75 * mean + 0.25 * values[-1]
    assert values[0] < 1.0
    masters.finish()
    assert weight.item() == pytest.approx(mean, rel=1e-6)


def test_without_a_mean_the_weights_stay() -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    masters = one(weight)
    pull(masters, weight, torch.tensor([1.0]))
    before = weight.item()
    masters.finish()
    assert weight.item() == before


def spread(step: torch.Tensor) -> float:
    """The largest singular value over the smallest."""
    values = torch.linalg.svdvals(step)
    return float(values[0] / values[-1])


def test_muon_moves_matrices_alike_in_all_directions() -> None:
    torch.manual_seed(0)
    grad = torch.randn(16, 32) * torch.logspace(0, -2, 16)[:, None]
    steps = {}
    for kind, name in (("muon", "layer.weight"), ("adamw", "layer.weight"), ("muon", "embed_tokens.weight")):
        weight = nn.Parameter(torch.zeros(16, 32))
        pull(one(weight, name, kind=kind), weight, grad)
        steps[kind, name] = weight.detach()
    assert spread(grad) > 20
    assert spread(steps["muon", "layer.weight"]) < 2.5
    # A table of embeddings is AdamW's, whatever was asked for.
    assert torch.equal(steps["muon", "embed_tokens.weight"], steps["adamw", "layer.weight"])


def test_muons_steps_are_as_long_as_adamws() -> None:
    torch.manual_seed(0)
    lengths = {}
    for kind in ("muon", "adamw"):
        weight = nn.Parameter(torch.zeros(16, 32))
        pull(one(weight, kind=kind), weight, torch.randn(16, 32))
        lengths[kind] = float(weight.detach().square().mean().sqrt())
    assert 0.1 < lengths["muon"] / lengths["adamw"] < 1.0  # torch aims at 0.2 of the first step's length


def test_a_gradient_that_is_not_finite_changes_nothing() -> None:
    weight = nn.Parameter(torch.tensor([1.0]))
    masters = one(weight, ema=0.5)
    pull(masters, weight, torch.tensor([float("nan")]))
    assert weight.item() == 1.0
    masters.finish()
    assert weight.item() == 1.0
