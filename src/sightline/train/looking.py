"""Looking: how a language model from nothing is started so that it finds what lies at a place of an image.

Left to itself it describes by statistics for tens of thousands of images: no head looks anywhere, so none is
taught to. Two starts change that. Coordinate bins that are near each other get embeddings that are alike, and
the projector's rows and columns are means of them, so that a bin and the visual tokens of its row resemble
each other. And the first layer's attention starts as a search by resemblance: queries and keys are the same
map, and what is found is added as it is. Only the first: where all layers search by resemblance each
token finds itself, and what does not resemble anything is never learnt.

The rest is order: images of one thing first, where all that is not ground is the thing, then of two, of four,
of all.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary

WAVES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Periods over the side of the image."""
NEARNESS = 2.0
"""Gain of the map that makes queries and keys; with 1 a search is nearly blind."""
FOUND = 0.4
"""Gain of the map of values: a little of what is found."""


@torch.no_grad()
def start_looking(model: SightlineForConditionalGeneration, vocabulary: Vocabulary, *, seed: int) -> None:
    """Prepare a new model, in place, before any stage over text. The same seed gives the same start."""
    generator = torch.Generator().manual_seed(seed)
    embeddings = model.get_input_embeddings().weight
    assert isinstance(embeddings, Tensor)
    bins = ordered_bins(100, embeddings.shape[1], spread=float(embeddings.std()), generator=generator)
    embeddings[vocabulary.first_bin : vocabulary.first_bin + 100] = bins.to(embeddings)
    attention = model.language_model.get_decoder().layers[0].self_attn
    for one, other, gain in (("q_proj", "k_proj", NEARNESS), ("v_proj", "o_proj", FOUND)):
        first, second = getattr(attention, one).weight, getattr(attention, other).weight
        if first.shape != second.shape:  # heads that share keys
            continue
        drawn = nn.init.orthogonal_(torch.empty(first.shape), gain, generator=generator)
        first.copy_(drawn)
        second.copy_(drawn if one == "q_proj" else drawn.T)


def ordered_bins(count: int, width: int, *, spread: float, generator: torch.Generator) -> Tensor:
    """Embeddings of coordinates, float32[count, width]: the nearer two are, the more they are alike.

    Args:
        count: of coordinates along a side.
        width: of an embedding.
        spread: their standard deviation.
        generator: draws the directions.
    """
    at = (torch.arange(count) + 0.5) / count
    turns = 2 * math.pi * at[:, None] * torch.tensor(WAVES)
    waves = torch.stack([turns.sin(), turns.cos()], -1).flatten(1)  # [count, 2 * waves]
    directions = nn.init.orthogonal_(torch.empty(width, waves.shape[1]), generator=generator)
    bins = waves @ directions.T
    return bins * (spread / bins.std())
