"""Attention over packed rows equals transformers' own, forwards and backwards."""

from __future__ import annotations

import torch
from torch import Tensor

from sightline.mllm.attention import PACKED, blocks_of
from sightline.mllm.masks import attention_mask
from sightline.mllm.model import SightlineForConditionalGeneration

GROUP = torch.tensor([[1, 1, 1, 1, 1, 2, 2, 2, 3, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]])
BRANCH = torch.tensor([[0, 0, 1, 1, 2, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3]])


def test_the_blocks_of_a_row() -> None:
    assert blocks_of(GROUP) == [[(0, 5), (5, 8), (8, 9)], [(0, 11)]]
    assert blocks_of(torch.zeros(1, 4, dtype=torch.long)) == [[]]


def run(model: SightlineForConditionalGeneration, how: str) -> tuple[Tensor, Tensor]:
    """Logits where no padding is, and a gradient that every layer had a part in."""
    model.set_attn_implementation(how)
    model.zero_grad()
    ids = torch.arange(22).view(2, 11) + 300
    extra = {"blocks": blocks_of(GROUP)} if how == PACKED else {}
    mask = attention_mask(GROUP, BRANCH, torch.float32)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False, **extra).logits[GROUP > 0]
    logits.square().mean().backward()
    gradient = model.language_model.model.layers[0].self_attn.q_proj.weight.grad
    assert gradient is not None
    return logits.detach(), gradient.clone()


def test_packed_equals_eager(model: SightlineForConditionalGeneration) -> None:
    expected, gradient = run(model, "eager")
    logits, ours = run(model, PACKED)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours, gradient, atol=1e-7, rtol=1e-4)
