"""Attention over trees of packed rows equals what the whole mask gives, forwards and backwards."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from sightline.mllm.attention import PACKED, TREE, blocks_of, packed_attention, tree_attention, trees_of
from sightline.mllm.masks import attention_mask
from sightline.mllm.model import SightlineForConditionalGeneration

GROUP = torch.tensor(
    [[1, 1, 1, 1, 1, 2, 2, 2, 3, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 2, 2, 2, 2, 2, 0, 0, 0, 0]]
)
BRANCH = torch.tensor(
    [[0, 0, 1, 1, 2, 0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3], [0, 1, 0, 0, 0, 1, 2, 0, 0, 0, 0]]
)


def test_the_trees_of_a_row() -> None:
    assert trees_of(GROUP, BRANCH) == [
        [((0, 2), ((2, 4), (4, 5))), ((5, 7), ((7, 8),)), ((8, 9), ())],
        [((0, 4), ((4, 7), (7, 9), (9, 11)))],
        [((0, 1), ((1, 2),)), ((2, 5), ((5, 6), (6, 7)))],
    ]
    assert trees_of(torch.zeros(1, 4, dtype=torch.long), torch.zeros(1, 4, dtype=torch.long)) == [[]]


def plain(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scaling: float) -> Tensor:
    """Every score written out."""
    shared = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
    return ((query @ key.transpose(2, 3) * scaling + mask).softmax(-1) @ value).transpose(1, 2)


def states(heads: int, shared: int, seed: int, dtype: torch.dtype) -> list[Tensor]:
    chance = torch.Generator().manual_seed(seed)
    counts = (heads, heads // shared, heads // shared)
    made = [torch.randn(len(GROUP), n, GROUP.shape[1], 8, generator=chance) for n in counts]
    return [one.to(dtype).requires_grad_() for one in made]


@pytest.mark.parametrize("shared", [1, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_equals_the_whole_mask_forwards_and_backwards(shared: int, dtype: torch.dtype) -> None:
    mask = attention_mask(GROUP, BRANCH, dtype)
    there = GROUP > 0
    weights = torch.randn(3, 11, 6, 8, generator=torch.Generator().manual_seed(1)).to(dtype)
    found = []
    ways = (
        lambda *of: plain(*of, mask, 0.3),
        lambda *of: packed_attention(nn.Identity(), *of, mask, 0.3, blocks=blocks_of(GROUP))[0],
        lambda *of: tree_attention(nn.Identity(), *of, mask, 0.3, trees=trees_of(GROUP, BRANCH))[0],
    )
    for way in ways:
        of = states(6, shared, 0, dtype)
        out = way(*of)
        (out * weights)[there].sum().backward()
        found.append([out.detach()[there], *(one.grad for one in of)])
    for other in found[1:]:
        for got, expected in zip(other, found[0], strict=True):
            torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)


def test_padding_comes_out_as_zero() -> None:
    mask = attention_mask(GROUP, BRANCH, torch.float32)
    of = states(2, 1, 0, torch.float32)
    out, none = tree_attention(nn.Identity(), *of, mask, 1.0, trees=trees_of(GROUP, BRANCH))
    assert none is None
    assert out.shape == (3, 11, 2, 8)
    assert not out[GROUP == 0].any()


def test_a_branch_is_computed_as_if_it_stood_alone_behind_its_prefix() -> None:
    mask = attention_mask(GROUP, BRANCH, torch.float32)
    of = states(2, 1, 3, torch.float32)
    out, _ = tree_attention(nn.Identity(), *of, mask, 0.5, trees=trees_of(GROUP, BRANCH))
    alone = [0, 1, 2, 3, 7, 8]  # of the second row: the prefix and the second branch
    part = [one[1:2, :, alone] for one in of]
    group = torch.ones(1, len(alone), dtype=torch.long)
    causal = attention_mask(group, torch.zeros_like(group), torch.float32)
    torch.testing.assert_close(out[1:2, alone], plain(*part, causal, 0.5))


def run(model: SightlineForConditionalGeneration, how: str) -> tuple[Tensor, Tensor]:
    """Logits where no padding is, and a gradient that every layer had a part in."""
    model.set_attn_implementation(how)
    model.zero_grad()
    ids = torch.arange(33).view(3, 11) + 300
    extra: dict[str, object] = {
        PACKED: {"blocks": blocks_of(GROUP)},
        TREE: {"trees": trees_of(GROUP, BRANCH)},
    }.get(how, {})
    mask = attention_mask(GROUP, BRANCH, torch.float32)
    logits = model(input_ids=ids, attention_mask=mask, use_cache=False, **extra).logits[GROUP > 0]
    logits.square().mean().backward()
    gradient = model.language_model.model.layers[0].self_attn.q_proj.weight.grad
    assert gradient is not None
    return logits.detach(), gradient.clone()


@pytest.mark.parametrize("other", ["eager", PACKED])
def test_a_model_says_the_same_with_it(model: SightlineForConditionalGeneration, other: str) -> None:
    expected, gradient = run(model, other)
    logits, ours = run(model, TREE)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours, gradient, atol=1e-7, rtol=1e-4)
