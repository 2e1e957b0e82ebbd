"""Attention for training on packed rows: each group of tokens by itself.

A packed row holds several groups that do not see each other (see `masks`), so the scores between them need
not be computed at all. Scores, scale and mask are one product, where transformers' eager attention writes
them out five times: on a CPU this is most of a step's time. The softmax reduces in float32 inside the
kernel either way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

if TYPE_CHECKING:
    from sightline.mllm.model import SightlineForConditionalGeneration

PACKED, TREE = "sightline_packed", "sightline_tree"
"""The names under which a transformers model asks for them: `attn_implementation=PACKED`."""

Block = tuple[int, int]
"""First token of a group in its row, and the one after its last."""


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    blocks: Sequence[Sequence[Block]] | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Masked softmax attention; a key head serves as many query heads as there are to it.

    Args:
        module: the layer that asks; not used.
        query: [B, H, T, D].
        key: [B, K, T, D], where K divides H.
        value: [B, K, T, D].
        attention_mask: [B, 1, T, T] to be added to the scores, from `masks.attention_mask`.
        scaling: of the scores.
        dropout: must be 0.
        blocks: of each row, in order and without gaps, the rest of the row being padding; None takes a
            row for one block, and so does what torch compiles. What is attended to across blocks is not
            computed, whatever the mask says.

    Returns:
        [B, T, H, D], zero in the padding, and no weights.
    """
    if torch.compiler.is_compiling():  # blocks are other ones in each batch: shapes would be too
        blocks = None
    rows = blocks or [[(0, query.shape[2])]] * len(query)
    trees: list[list[Tree]] = [[(block, ()) for block in row] for row in rows]
    return tree_attention(module, query, key, value, attention_mask, scaling, dropout, trees)


Tree = tuple[Block, tuple[Block, ...]]
"""A group's prefix, and the branches that follow it without gaps: each sees the prefix and itself."""


def tree_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    dropout: float = 0.0,
    trees: Sequence[Sequence[Tree]] = (),
    **_: Any,
) -> tuple[Tensor, None]:
    """As `packed_attention`, and what one branch would see of another is not computed either.

    `trees` are those of each row, in order and without gaps, the rest of the row being padding.
    """
    assert dropout == 0.0
    assert attention_mask is not None
    shared = query.shape[1] // key.shape[1]
    if shared > 1:
        key, value = (x.repeat_interleave(shared, 1) for x in (key, value))
    rows = []
    for row, groups in enumerate(trees):
        parts = [part for prefix, branches in groups for part in (prefix, *branches)]
        end = parts[-1][1] if parts else 0
        sizes = [last - first for first, last in parts] + [query.shape[2] - end]
        # One split, not a slice for each part: the backward pass of a slice fills a whole tensor with zeros.
        queries, keys, values = (x[row].split(sizes, 1) for x in (query, key, value))
        mask, at = attention_mask[row], 0
        mixed: list[Tensor] = []  # `list[Tensor]()` is more than torch compiles
        for (start, middle), branches in groups:
            before, own = keys[at], values[at]
            seen = mask[:, start:middle, start:middle]
            mixed.append(_attended(queries[at], before, own, seen, scaling))
            for first, last in branches:
                at += 1
                seen = torch.cat([mask[:, first:last, start:middle], mask[:, first:last, first:last]], 2)
                both = torch.cat([before, keys[at]], 1), torch.cat([own, values[at]], 1)
                mixed.append(_attended(queries[at], *both, seen, scaling))
            at += 1
        rows.append(torch.cat([*mixed, query.new_zeros(query.shape[1], sizes[-1], value.shape[3])], 1))
    return torch.stack(rows).transpose(1, 2).contiguous(), None


def _attended(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, scaling: float) -> Tensor:
    """Masked softmax attention of one part, [H, N, D]; `mask` is [1, N, M]."""
    mask = mask.expand(len(query), -1, -1)
    return torch.baddbmm(mask, query, key.transpose(1, 2), alpha=scaling).softmax(-1) @ value


def trees_of(group: Tensor, branch: Tensor) -> list[list[Tree]]:
    """The trees of each row, from int[B, T] as `masks.attention_mask` takes them."""
    found = []
    for blocks, branches in zip(blocks_of(group), branch, strict=True):
        row = []
        for start, end in blocks:
            lengths = branches[start:end].unique_consecutive(return_counts=True)[1].tolist()
            ends = [start + sum(lengths[: i + 1]) for i in range(len(lengths))]
            row.append(((start, ends[0]), tuple(pairwise(ends))))
        found.append(row)
    return found


def blocks_of(group: Tensor) -> list[list[Block]]:
    """The blocks of each row of `group` (int[B, T], groups counted from 1 in their order, then 0)."""
    found = []
    for row in group:
        lengths = row[row > 0].unique_consecutive(return_counts=True)[1].tolist()
        ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
        found.append(list(zip([0, *ends][: len(ends)], ends, strict=True)))
    return found


@contextmanager
def cached_attention(model: SightlineForConditionalGeneration) -> Iterator[None]:
    """The model in eval mode, with attention that goes with a cache; both as before afterwards."""
    attention, training = model.config.text_config._attn_implementation, model.training
    model.language_model.set_attn_implementation("sdpa")
    model.train(False)
    try:
        yield
    finally:
        model.language_model.set_attn_implementation(attention)
        model.train(training)


ALL_ATTENTION_FUNCTIONS.register(PACKED, packed_attention)
ALL_ATTENTION_FUNCTIONS.register(TREE, tree_attention)
