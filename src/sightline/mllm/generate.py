"""Greedy decoding under a grammar, with a cache, a limit of tokens and a limit of time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import DynamicCache

from sightline.mllm.grammar import Steps
from sightline.mllm.model import SightlineForConditionalGeneration


@dataclass(frozen=True)
class Decoded:
    """`ids` after the prompt; `logprobs` of each among what was open to it; `whole`: the grammar ended."""

    ids: list[int]
    logprobs: list[float]
    whole: bool


@torch.inference_mode()
def decode(
    model: SightlineForConditionalGeneration,
    prompt: list[int],
    pixels: Tensor | None,
    steps: Steps,
    *,
    max_tokens: int,
    deadline: float | None = None,
) -> Decoded:
    """The likeliest next id, again and again, until the grammar ends, or the tokens or the time.

    Args:
        model: in eval mode.
        prompt: ids of the prompt.
        pixels: float[N, 3, S, S] of the prompt's images.
        steps: the grammar's coroutine, not started.
        max_tokens: after which decoding stops short.
        deadline: on `time.monotonic`, likewise.
    """
    device = model.device
    cache = DynamicCache(config=model.config.text_config)
    inputs = torch.tensor([prompt], device=device)
    embeddings = model.embed(inputs, pixels.to(device) if pixels is not None else None)
    ids: list[int] = []
    logprobs: list[float] = []
    allowed = next(steps)
    while len(ids) < max_tokens and (deadline is None or time.monotonic() < deadline):
        logits = model(
            inputs_embeds=embeddings, past_key_values=cache, use_cache=True, logits_to_keep=1
        ).logits
        open_logits = logits[0, -1].float()[allowed]
        best = int(open_logits.argmax())
        token = int(allowed[best])
        ids.append(token)
        logprobs.append(float(open_logits.log_softmax(-1)[best]))
        try:
            allowed = steps.send(token)
        except StopIteration:
            return Decoded(ids, logprobs, whole=True)
        embeddings = model.get_input_embeddings()(torch.tensor([[token]], device=device))
    return Decoded(ids, logprobs, whole=False)
