"""The repeated blocks of a model: what is recomputed, compiled and sharded one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


def blocks(model: nn.Module) -> list[nn.Module]:
    """The layers of `model`'s transformers, in order: what its outermost lists of modules hold."""
    found: list[nn.Module] = []
    for child in model.children():
        found += child if isinstance(child, nn.ModuleList) else blocks(child)
    return found


@contextmanager
def rewired(model: nn.Module, *, recompute: bool, compile: bool) -> Iterator[None]:
    """Within the context, the blocks of `model` are recomputed, those of them that train compiled, or both.

    Args:
        model: its parameters' `requires_grad` is set.
        recompute: of a block, its input alone is kept for the backward pass (Chen et al. 2016). A frozen one
            may have a gradient to pass on; where it has none, nothing is kept and nothing recomputed.
        compile: each block for itself; blocks alike share what was compiled. Shapes are fixed, so batches
            must be too: packed rows are.
    """
    trained = [block for block in blocks(model) if any(p.requires_grad for p in block.parameters())]
    changed = blocks(model) if recompute else trained
    before = [vars(block).get("forward") for block in changed]
    for block in changed:
        forward = block.forward
        if compile and block in trained:
            forward = torch.compile(forward, dynamic=False)
        block.forward = partial(checkpoint, forward, use_reentrant=False) if recompute else forward
    try:
        yield
    finally:
        for block, own in zip(changed, before, strict=True):
            del block.forward
            if own is not None:
                block.forward = own
