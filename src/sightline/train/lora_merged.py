"""An adapter's layers computed as one product each: faster where the products themselves are the cost.

PEFT computes x W' + s (x A') B': on a CPU the second term's thin products and the passes over its output take
a tenth of a step. Here W + s B A is made once for a call (A and B are thin, so that is cheap), and x is
multiplied by it once; the gradients of A and B are taken as PEFT's are. In float32 both are the same but for
rounding; in bfloat16 a small s B A would be lost in W, so `merge_forward` leaves such a model alone.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

ADAPTER = "default"
"""PEFT's name of an adapter that was given none."""


def merge_forward(model: nn.Module) -> int:
    """Let each of the adapted linear layers in `model` compute one product. Returns how many do so.

    Layers that are not float32, have a dropout, or more than one adapter, stay as they are. In the others the
    adapter is always on: PEFT's `disable_adapter` does nothing to them.
    """
    from peft.tuners.lora import Linear

    changed = 0
    for layer in model.modules():
        if isinstance(layer, Linear) and _is_plain(layer):
            layer.forward = partial(_forward, layer)  # type: ignore[method-assign]
            changed += 1
    return changed


def _is_plain(layer: Any) -> bool:
    return (
        list(layer.lora_A) == [ADAPTER]
        and layer.get_base_layer().weight.dtype == torch.float32
        and isinstance(layer.lora_dropout[ADAPTER], nn.Identity)
        and not layer.use_dora[ADAPTER]
    )


def _forward(layer: Any, x: Tensor) -> Tensor:
    base = layer.get_base_layer()
    a, b = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
    made: Tensor = _Merged.apply(x, base.weight, a, b, layer.scaling[ADAPTER])
    return made if base.bias is None else made + base.bias


class _Merged(Function):
    """x (W + s B A)': x is [..., in], W [out, in], A [rank, in], B [out, rank]. W has no gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, a: Tensor, b: Tensor, scale: float) -> Tensor:
        merged = torch.addmm(weight, b, a, alpha=scale)
        ctx.save_for_backward(x, merged, a, b)
        ctx.scale = scale
        return x @ merged.t()

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, None, Tensor, Tensor, None]:
        x, merged, a, b = ctx.saved_tensors
        dy, flat = grads[0].flatten(0, -2), x.flatten(0, -2)
        dx = (dy @ merged).view_as(x) if ctx.needs_input_grad[0] else None
        da = ((dy @ b).t() @ flat).mul_(ctx.scale)
        db = (dy.t() @ (flat @ a.t())).mul_(ctx.scale)
        return dx, None, da, db, None
