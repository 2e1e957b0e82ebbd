"""AdamW over fp32 master copies of low-precision weights, and the learning-rate schedule.

The model keeps the weights that it computes with (bf16 as a rule); the optimizer keeps an fp32 copy of
each, moves that, and writes it back rounded. Gradients are summed in fp32 as well, so that many small
batches add up as one large one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from sightline.errors import ConfigError


def learning_rate(
    step: int, *, peak: float, steps: int, warmup: int, decay_from: float, floor: float = 0.0
) -> float:
    """Linear warm-up, a plateau, then a cosine to `floor * peak`.

    Args:
        step: counted from 0.
        peak: the plateau's rate.
        steps: the stage's length.
        warmup: steps until the plateau.
        decay_from: share of `steps` after which the rate falls; 0 falls from the warm-up on.
        floor: the rate at the end, as a share of `peak`.
    """
    if step < warmup:
        return peak * (step + 1) / warmup
    start = max(warmup, round(decay_from * steps))
    if step < start or steps <= start:
        return peak
    done = min((step - start) / (steps - start), 1.0)
    return peak * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))


def select(model: nn.Module, trains: Sequence[tuple[str, float]]) -> list[tuple[str, nn.Parameter, float]]:
    """Which parameters train, each with its learning-rate scale; all others are frozen.

    Args:
        model: its parameters' `requires_grad` is set.
        trains: (pattern, scale); the first pattern found in a parameter's name counts.

    Raises:
        ConfigError: a pattern matches no parameter.
    """
    matched = dict.fromkeys((pattern for pattern, _ in trains), 0)
    chosen = []
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(False)
        for pattern, scale in trains:
            if re.search(pattern, name):
                matched[pattern] += 1
                parameter.requires_grad_(True)
                chosen.append((name, parameter, scale))
                break
    unused = [pattern for pattern, count in matched.items() if not count]
    if unused:
        raise ConfigError(f"no parameter to train matches {', '.join(map(repr, unused))}")
    return chosen


class MasterAdamW:
    """AdamW on fp32 masters. Vectors and token embeddings are not decayed."""

    def __init__(
        self,
        chosen: list[tuple[str, nn.Parameter, float]],
        *,
        weight_decay: float,
        betas: tuple[float, float],
    ) -> None:
        self.names = [name for name, _, _ in chosen]
        self.weights = [parameter for _, parameter, _ in chosen]
        self.masters = [parameter.detach().float().clone() for parameter in self.weights]
        for master in self.masters:
            master.grad = torch.zeros_like(master)
        groups = [
            {
                "params": [master],
                "scale": scale,
                "weight_decay": weight_decay if master.ndim > 1 and "embed" not in name else 0.0,
            }
            for (name, _, scale), master in zip(chosen, self.masters, strict=True)
        ]
        self.adamw = torch.optim.AdamW(groups, lr=0.0, betas=betas, fused=True)

    @torch.no_grad()
    def collect(self) -> None:
        """Add the weights' gradients to the masters' and clear them. A weight without one adds nothing."""
        for weight, master in zip(self.weights, self.masters, strict=True):
            if weight.grad is not None:
                assert master.grad is not None
                master.grad += weight.grad
                weight.grad = None

    @torch.no_grad()
    def step(self, *, lr: float, count: float, clip: float) -> float:
        """One update by the summed gradients over `count`. Returns the gradient's norm before clipping.

        A norm that is not finite skips the update.
        """
        grads = [master.grad for master in self.masters if master.grad is not None]
        assert len(grads) == len(self.masters)
        torch._foreach_div_(grads, count)
        norm = float(nn.utils.clip_grad_norm_(self.masters, clip or math.inf))
        if math.isfinite(norm):
            for group in self.adamw.param_groups:
                group["lr"] = lr * group["scale"]
            self.adamw.step()
            for weight, master in zip(self.weights, self.masters, strict=True):
                weight.copy_(master)
        torch._foreach_zero_(grads)
        return norm

    def state_dict(self) -> dict[str, Any]:
        """Masters by name, and AdamW's own state."""
        return {"masters": dict(zip(self.names, self.masters, strict=True)), "adamw": self.adamw.state_dict()}

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take both back, and write the masters into the weights."""
        for name, weight, master in zip(self.names, self.weights, self.masters, strict=True):
            master.copy_(state["masters"][name])
            weight.copy_(master)
        self.adamw.load_state_dict(state["adamw"])
