"""How fast a step is against what the machine can do: FLOPs of a batch, the peak of a matrix product, MFU."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from sightline.mllm.moe import shares_at_work
from sightline.train.blocks import blocks


class FlopMeter:
    """Counts the floating-point operations of a forward and a backward pass, while it is open.

    Each matrix multiplies every position once forward (2 operations an entry), once more where its input
    has a gradient, and once more where it trains; an expert's, its even share of the positions. Attention
    scores and what is computed again are not counted: this is the model's own work, as in PaLM (Chowdhery et
    al. 2022, appendix B), without attention.
    """

    def __init__(self, model: nn.Module) -> None:
        self.flops = 0.0
        whole = blocks(model)
        inside = {part for block in whole for part in block.modules()}
        single = [m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d)) and m not in inside]
        self.handles = [
            module.register_forward_hook(self._count, with_kwargs=True) for module in (*whole, *single)
        ]

    def close(self) -> None:
        """Count no more."""
        while self.handles:
            self.handles.pop().remove()

    def _count(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any) -> None:
        out = output if isinstance(output, Tensor) else output[0]
        taken = next(value for value in (*args, *kwargs.values()) if isinstance(value, Tensor))
        width = out.shape[1] if isinstance(module, nn.Conv2d) else out.shape[-1]
        matrices = [(p, share) for p, share in shares_at_work(module) if p.ndim > 1]
        entries = sum(_entries(p) * share for p, share in matrices)
        trained = sum(p.numel() * share for p, share in matrices if p.requires_grad)
        trained = trained if torch.is_grad_enabled() else 0
        times = entries * (1 + int(taken.requires_grad)) + trained
        self.flops += 2.0 * times * (out.numel() // width)


def _entries(weight: Tensor) -> int:
    """Of the matrix that a parameter stands for: in 4 bits (bitsandbytes), a byte holds two."""
    quantized = getattr(weight, "quant_state", None)
    return weight.numel() if quantized is None else int(quantized.shape.numel())


@lru_cache
def matmul_peak(device: torch.device, dtype: torch.dtype, *, side: int = 1024, tries: int = 20) -> float:
    """FLOP/s of the fastest of `tries` products of square matrices, with the threads that torch has now.

    On a CPU it is told by the process's CPU time: what the machine would do if nobody else was busy on it.
    """
    a = torch.ones(side, side, device=device, dtype=dtype)
    best = float("inf")
    for _ in range(tries):
        start = _clock(device)
        a @ a
        best = min(best, _clock(device) - start)
    return 2.0 * side**3 / best


def _clock(device: torch.device) -> float:
    """Seconds; of a CPU's, those that each of torch's threads was given."""
    if device.type == "cpu":
        return time.process_time() / torch.get_num_threads()
    torch.accelerator.synchronize(device)
    return time.perf_counter()
