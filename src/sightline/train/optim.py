"""AdamW or Muon over fp32 master copies of low-precision weights, their mean, and the learning rate.

The model keeps the weights that it computes with (bf16 as a rule); the optimizer keeps an fp32 copy of
each, moves that, and writes it back rounded. Gradients are summed in fp32 as well, so that many small
batches add up as one large one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import nn

from sightline.errors import ConfigError
from sightline.train.shards import share_of, whole

OptimizerName = Literal["adamw", "muon"]

_NOT_HIDDEN = re.compile(r"embed|lm_head|rows|columns")
"""Matrices that are tables, which Muon is not meant for."""


def learning_rate(
    step: int, *, peak: float, steps: int, warmup: int, decay_from: float, floor: float = 0.0
) -> float:
    """Linear warm-up, a plateau, then a cosine to `floor * peak` (warm-up, stable, decay: WSD).

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


class MasterWeights:
    """The optimizer of fp32 masters. Vectors and token embeddings are not decayed.

    With `muon`, matrices inside the network move by Muon (Jordan et al. 2024; torch's, scaled so that AdamW's
    rates fit it), all else by AdamW. With `ema` above 0, a running mean of the masters is kept beside them.
    Those of sharded weights (FSDP2) are sharded alike; what is saved is whole either way.
    """

    def __init__(
        self,
        chosen: list[tuple[str, nn.Parameter, float]],
        *,
        weight_decay: float,
        betas: tuple[float, float],
        kind: OptimizerName = "adamw",
        ema: float = 0.0,
    ) -> None:
        self.names = [name for name, _, _ in chosen]
        self.weights = [parameter for _, parameter, _ in chosen]
        self.masters = [parameter.detach().float().clone() for parameter in self.weights]
        self.decay = ema
        self.means = [master.clone() for master in self.masters] if ema else []
        adamw: list[dict[str, Any]] = []
        muon: list[dict[str, Any]] = []
        for (name, _, scale), master in zip(chosen, self.masters, strict=True):
            master.grad = torch.zeros_like(master)
            decayed = master.ndim > 1 and "embed" not in name
            group = {"params": [master], "scale": scale, "weight_decay": weight_decay if decayed else 0.0}
            hidden = kind == "muon" and master.ndim == 2 and not _NOT_HIDDEN.search(name)
            (muon if hidden else adamw).append(group)
        self.optimizers: list[torch.optim.Optimizer] = []
        if adamw:
            self.optimizers.append(torch.optim.AdamW(adamw, lr=0.0, betas=betas, fused=True))
        if muon:
            self.optimizers.append(torch.optim.Muon(muon, lr=0.0, adjust_lr_fn="match_rms_adamw"))

    @torch.no_grad()
    def collect(self) -> None:
        """Add the weights' gradients to the masters' and clear them. A weight without one adds nothing."""
        for weight, master in zip(self.weights, self.masters, strict=True):
            if weight.grad is not None:
                assert master.grad is not None
                master.grad += weight.grad
                weight.grad = None

    def gradients(self) -> list[torch.Tensor]:
        """The masters', summed so far."""
        grads = [master.grad for master in self.masters if master.grad is not None]
        assert len(grads) == len(self.masters)
        return grads

    @torch.no_grad()
    def step(self, *, lr: float, count: float, clip: float) -> float:
        """One update by the summed gradients over `count`. Returns the gradient's norm before clipping.

        A norm that is not finite skips the update.
        """
        grads = self.gradients()
        torch._foreach_div_(grads, count)
        norm = float(whole(nn.utils.clip_grad_norm_(self.masters, clip or math.inf)))
        if math.isfinite(norm):
            for optimizer in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = lr * group["scale"]
                optimizer.step()
            self._write(self.masters)
            if self.means:
                torch._foreach_lerp_(self.means, self.masters, 1 - self.decay)
        torch._foreach_zero_(grads)
        return norm

    @torch.no_grad()
    def finish(self) -> None:
        """Put the masters' mean into the weights, where one is kept: it is what a stage leaves."""
        if self.means:
            self._write(self.means)

    def _write(self, values: list[torch.Tensor]) -> None:
        for weight, value in zip(self.weights, values, strict=True):
            weight.copy_(value)

    def state_dict(self) -> dict[str, Any]:
        """The weights, their means and the optimizers' own state; sharded tensors are gathered."""
        masters, means = [whole(one) for one in self.masters], [whole(one) for one in self.means]
        return {
            "masters": dict(zip(self.names, masters, strict=True)),
            "means": dict(zip(self.names, means, strict=False)),
            "optimizers": [_gathered(optimizer.state_dict()) for optimizer in self.optimizers],
        }

    @torch.no_grad()
    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take all back, and write the masters into the weights."""
        for name, master in zip(self.names, self.masters, strict=True):
            master.copy_(share_of(state["masters"][name], master))
        for name, mean in zip(self.names, self.means, strict=False):
            mean.copy_(share_of(state["means"][name], mean))
        self._write(self.masters)
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
            for master, own in optimizer.state.items():
                moments = {name: value for name, value in own.items() if value.shape == master.shape}
                own.update({name: share_of(value, master) for name, value in moments.items()})


def _gathered(state: dict[str, Any]) -> dict[str, Any]:
    """An optimizer's state with whole tensors."""
    of = {i: {name: whole(value) for name, value in own.items()} for i, own in state["state"].items()}
    return {**state, "state": of}
