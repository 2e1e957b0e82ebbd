"""Adapted layers computed as one product, against PEFT's own layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from sightline.train.lora_merged import merge_forward


def _adapted(*, dropout: float = 0.0, dtype: torch.dtype = torch.float32, bias: bool = False) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(6, 5, bias=bias), nn.Tanh(), nn.Linear(5, 4, bias=bias)).to(dtype)
    config = LoraConfig(r=2, lora_alpha=4, lora_dropout=dropout, target_modules=["0", "2"])
    model = get_peft_model(plain, config, autocast_adapter_dtype=False)
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(weight)
    return model


def _gradients(model: nn.Module, x: Tensor) -> tuple[Tensor, dict[str, Tensor], Tensor]:
    x = x.clone().requires_grad_()
    made = model(x)
    made.square().sum().backward()
    assert x.grad is not None
    found = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return made.detach(), found, x.grad


@pytest.mark.parametrize("bias", [False, True])
def test_values_and_gradients_are_pefts(bias: bool) -> None:
    model, x = _adapted(bias=bias), torch.randn(2, 3, 6)
    made, grads, dx = _gradients(model, x)
    assert merge_forward(model) == 2
    again, grads_again, dx_again = _gradients(model, x)
    torch.testing.assert_close(again, made)
    torch.testing.assert_close(dx_again, dx)
    assert grads.keys() == grads_again.keys()
    assert len(grads) == 4
    for name, grad in grads.items():
        torch.testing.assert_close(grads_again[name], grad, rtol=1e-4, atol=1e-5)  # sums in another order


def test_gradients_are_those_of_finite_differences() -> None:
    from sightline.train.lora_merged import _Merged

    shapes = ((2, 3, 4), (5, 4), (2, 4), (5, 2))
    x, w, a, b = (torch.randn(s, dtype=torch.float64, requires_grad=True) for s in shapes)
    assert torch.autograd.gradcheck(lambda *v: _Merged.apply(v[0], w.detach(), *v[1:], 2.0), (x, a, b))


def test_what_is_not_plain_stays_as_it_is() -> None:
    assert merge_forward(_adapted(dropout=0.5)) == 0
    assert merge_forward(_adapted(dtype=torch.bfloat16)) == 0
