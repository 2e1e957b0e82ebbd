"""Mixtures of experts in a language model's layers, as MoE-LLaVA makes them (Lin et al. 2024 and its code).

    upcycle(model, experts=4, per_token=2, every=2)

The feed-forward network of every second layer becomes several, each a copy of it, and a linear router that
gives a token to the two it holds likeliest. Their outputs are weighed by the router's probabilities divided
by the sum of those two, as DeepSpeed's `top2gating` has it, so that a model says the same after upcycling as
before. Tokens of text, images and padding are routed alike.

Where DeepSpeed holds an expert to a capacity and drops the tokens beyond it, and draws the second expert by
Gumbel noise, nothing is dropped or drawn here: a token's output depends on that token alone, so a batch
equals single rows and a cache none. The paper's formulas have neither.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle
from transformers import PreTrainedModel

from sightline.errors import ConfigError

if TYPE_CHECKING:
    from sightline.mllm.model import SightlineForConditionalGeneration


class Router(nn.Linear):
    """Which expert suits a token, in float32 whatever its weights are. [N, D] -> float32[N, E] logits."""

    def __init__(self, width: int, experts: int) -> None:
        super().__init__(width, experts, bias=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """See the class."""
        return nn.functional.linear(tokens.float(), self.weight.float())


class Experts(nn.Module):
    """A router and the experts that it gives tokens to. [..., D] -> [..., D].

    Args:
        network: what each expert starts as a copy of.
        width: D.
        experts: how many.
        per_token: how many of them work on a token.
    """

    def __init__(self, network: nn.Module, *, width: int, experts: int, per_token: int) -> None:
        super().__init__()
        self.per_token = per_token
        self.router = Router(width, experts)
        self.experts = nn.ModuleList(copy.deepcopy(network) for _ in range(experts))

    @torch.compiler.disable  # type: ignore[untyped-decorator]  # how many tokens an expert gets is not known before
    def forward(self, hidden: Tensor) -> Tensor:
        """See the class."""
        tokens = hidden.flatten(0, -2)  # [N, D]
        weights, chosen = route(self.router(tokens), self.per_token)
        mixed = torch.zeros_like(tokens, dtype=torch.float32)
        for number, expert in enumerate(self.experts):
            token, place = (chosen == number).nonzero(as_tuple=True)
            mixed = mixed.index_add(0, token, expert(tokens[token]) * weights[token, place, None])
        return mixed.to(hidden.dtype).view_as(hidden)


def route(logits: Tensor, per_token: int) -> tuple[Tensor, Tensor]:
    """The likeliest experts of each token and what their outputs weigh; the weights' sum is 1.

    Args:
        logits: float32[N, E].
        per_token: K.

    Returns:
        float32[N, K] and int[N, K], the likeliest first.
    """
    weights, chosen = logits.softmax(-1).topk(per_token)
    return weights / weights.sum(-1, keepdim=True), chosen


def load_balance(logits: Tensor) -> Tensor:
    """How unevenly tokens are spread: E * sum over experts of f * P; 1 where all get alike.

    f is the share of the tokens whose likeliest expert it is, P its mean probability (Fedus et al. 2021,
    Switch Transformer, equations 4 to 6; DeepSpeed's `top2gating` counts first choices alone too).

    Args:
        logits: float32[N, E] of one layer's router.
    """
    likely = logits.softmax(-1)
    experts = logits.shape[-1]
    first = nn.functional.one_hot(likely.argmax(-1), experts).float()
    return experts * (first.mean(0) * likely.mean(0)).sum()


def shares_at_work(model: nn.Module) -> list[tuple[nn.Parameter, float]]:
    """Each parameter and the share of the tokens that it works on; of an expert, when all get alike."""
    shares = {
        weight: mixture.per_token / len(mixture.experts)
        for mixture in model.modules()
        if isinstance(mixture, Experts)
        for weight in mixture.experts.parameters()
    }
    return [(weight, shares.get(weight, 1.0)) for weight in model.parameters()]


@contextmanager
def routed(model: nn.Module) -> Iterator[dict[int, Tensor]]:
    """Within the context, what the routers said last, float32[N, E] by the number of a layer with experts."""
    seen: dict[int, Tensor] = {}
    mixtures = [module for module in model.modules() if isinstance(module, Experts)]

    def keep(number: int) -> RemovableHandle:
        router = mixtures[number].router  # an adapter around it, where there is one
        return router.register_forward_hook(lambda _, __, logits: seen.update({number: logits}))

    handles = [keep(number) for number in range(len(mixtures))]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def add_experts(language: PreTrainedModel, layers: Sequence[int], *, experts: int, per_token: int) -> None:
    """Put experts in the place of the feed-forward network of these layers, each a copy of it.

    Raises `ConfigError` where a layer has no gated network (as Llama, Qwen2 and Qwen3 have), or there are
    fewer experts than a token takes.
    """
    if not 1 <= per_token <= experts:
        raise ConfigError(
            f"a token takes {per_token} of {experts} experts: it takes one at least, and no more than all"
        )
    blocks = language.get_decoder().layers
    for number in layers:
        network: Any = getattr(blocks[number], "mlp", None)
        if not hasattr(network, "gate_proj"):
            raise ConfigError(
                f"layer {number} of {language.config.model_type} has no gated feed-forward network"
            )
        width = network.gate_proj.in_features
        mixture = Experts(network, width=width, experts=experts, per_token=per_token)
        blocks[number].mlp = mixture.to(network.gate_proj.weight)


def upcycle(
    model: SightlineForConditionalGeneration,
    *,
    experts: int = 4,
    per_token: int = 2,
    every: int = 2,
    seed: int = 0,
) -> None:
    """Give every `every`-th layer of the language model experts, the first layer among them, in place.

    The routers start, from `seed`, as torch starts a linear layer. The config says so afterwards, and a saved
    model loads with its experts. Raises `ConfigError` if it has some already, and as `add_experts` does.
    """
    if model.config.experts:
        raise ConfigError(f"the model has {model.config.experts} experts a layer already")
    torch.manual_seed(seed)
    layers = range(0, model.config.text_config.num_hidden_layers, every)
    add_experts(model.language_model, layers, experts=experts, per_token=per_token)
    config = model.config
    config.experts, config.experts_per_token, config.expert_layers = experts, per_token, list(layers)
