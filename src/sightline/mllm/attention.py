"""Attention for training on packed rows: each group of tokens by itself.

A packed row holds several groups that do not see each other (see `masks`), so the scores between them need
not be computed at all. Scores, scale and mask are one product, where transformers' eager attention writes
them out five times: on a CPU this is most of a step's time. The softmax reduces in float32 inside the
kernel either way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

PACKED = "sightline_packed"
"""The name under which a transformers model asks for it: `attn_implementation=PACKED`."""

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
    """Masked softmax attention with as many key heads as query heads.

    Args:
        module: the layer that asks; not used.
        query: [B, H, T, D].
        key: [B, H, T, D].
        value: [B, H, T, D].
        attention_mask: [B, 1, T, T] to be added to the scores, from `masks.attention_mask`.
        scaling: of the scores.
        dropout: must be 0.
        blocks: of each row, in order and without gaps, the rest of the row being padding; None takes a
            row for one block. What is attended to across blocks is not computed, whatever the mask says.

    Returns:
        [B, T, H, D], zero in the padding, and no weights.
    """
    assert dropout == 0.0
    assert attention_mask is not None
    length = query.shape[2]
    rows = []
    for row, parts in enumerate(blocks or [[(0, length)]] * len(query)):
        mixed = []
        for start, end in parts:
            q, k, v = (x[row, :, start:end] for x in (query, key, value))  # [H, N, D]
            mask = attention_mask[row, :, start:end, start:end].expand(len(q), -1, -1)
            mixed.append(torch.baddbmm(mask, q, k.transpose(1, 2), alpha=scaling).softmax(-1) @ v)
        end = parts[-1][1] if parts else 0
        rows.append(torch.cat([*mixed, query.new_zeros(query.shape[1], length - end, value.shape[3])], 1))
    return torch.stack(rows).transpose(1, 2).contiguous(), None


def blocks_of(group: Tensor) -> list[list[Block]]:
    """The blocks of each row of `group` (int[B, T], groups counted from 1 in their order, then 0)."""
    found = []
    for row in group:
        lengths = row[row > 0].unique_consecutive(return_counts=True)[1].tolist()
        ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
        found.append(list(zip([0, *ends][: len(ends)], ends, strict=True)))
    return found


ALL_ATTENTION_FUNCTIONS.register(PACKED, packed_attention)
