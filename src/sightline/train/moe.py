"""What trains a mixture of experts: the replies' loss and, beside it, how unevenly the routers spread tokens.

Source: MoE-LLaVA (Lin et al. 2024 and its code): 0.01 of the sum over layers. Its code counts padding with
the tokens; here padding, which is routed too, does not count.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.moe import load_balance, route, routed
from sightline.train.losses import reply_loss
from sightline.train.packing import Packed

EXPERTS = ((r"^language_model.*\.mlp\.(experts|router)\.", 1.0),)
"""What MoE-LLaVA's last stage trains (`Plan.trains`): of the layers with experts, these and their router."""

BALANCE = 0.01
"""Weight of the balance loss, as MoE-LLaVA has it."""


def balanced_loss(
    model: nn.Module, packed: Packed, *, weight: float = BALANCE
) -> tuple[Tensor, float, dict[str, float]]:
    """`reply_loss`, plus the routers' `load_balance`, summed over layers, for each token that has a loss.

    The balance is that of the micro-batch; a model without experts has none. Logged beside the figures of
    `reply_loss`: `balance`, its mean over layers (1 is even), and `layer_<n>_expert_<n>`, the share of the
    tokens' choices that went there.
    """
    assert isinstance(model, SightlineForConditionalGeneration)
    with routed(model) as seen:
        loss, count, figures = reply_loss(model, packed)
    there = packed.group.flatten() > 0
    layers = {model.config.expert_layers[number]: logits[there] for number, logits in seen.items()}
    if not layers:
        return loss, count, figures
    uneven = torch.stack([load_balance(logits) for logits in layers.values()])
    figures |= {"hit:balance": float(uneven.detach().sum()), "all:balance": float(len(layers))}
    for layer, logits in layers.items():
        figures |= _shares(logits, model.config.experts_per_token, layer)
    return loss + weight * count * uneven.sum(), count, figures


def _shares(logits: Tensor, per_token: int, layer: int) -> dict[str, float]:
    """Of each expert of a layer: tokens that chose it, and all choices."""
    got = route(logits, per_token)[1].flatten().bincount(minlength=logits.shape[1]).tolist()
    names = [f"layer_{layer}_expert_{number}" for number in range(len(got))]
    return {f"hit:{name}": float(tokens) for name, tokens in zip(names, got, strict=True)} | {
        f"all:{name}": float(sum(got)) for name in names
    }
