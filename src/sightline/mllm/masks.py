"""One mask for every way tokens are laid out: causal, packed, and many branches on one prefix."""

from __future__ import annotations

import torch
from torch import Tensor


def attention_mask(group: Tensor, branch: Tensor, dtype: torch.dtype) -> Tensor:
    """Which token sees which, to be added to the attention scores.

    A token sees itself and what stands before it in its own group, if that is the group's prefix
    (branch 0) or its own branch. Plain causal attention is one group and branch 0 throughout; packing
    is several groups; many questions on one image are one group with a branch each.

    Args:
        group: int[B, T], from 1 on; 0 marks padding, which is seen by nobody.
        branch: int[B, T], 0 for the prefix.
        dtype: of the scores.

    Returns:
        [B, 1, T, T]: 0 where row may see column, the lowest number of `dtype` elsewhere.
    """
    length = group.shape[1]
    order = torch.arange(length, device=group.device)
    before = order[:, None] >= order[None]
    same = (group[:, :, None] == group[:, None]) & (group[:, None] > 0)
    reach = (branch[:, None] == 0) | (branch[:, None] == branch[:, :, None])
    # Padding sees itself: a row with nothing to see would turn into NaN in some kernels.
    seen = (before & same & reach) | torch.eye(length, dtype=torch.bool, device=group.device)
    mask = torch.zeros(seen.shape, dtype=dtype, device=group.device)
    return mask.masked_fill(~seen, torch.finfo(dtype).min)[:, None]
