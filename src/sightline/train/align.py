"""Alignment: the projector starts where the language model already understands.

Once the language model reads notes, its embeddings say what `large red circle` is. The projector is taught,
by itself, to give each cell that holds a thing the sum of the embeddings of the thing's words, and every
other cell that of `nothing`: a picture then looks to the language model like a page of words with places,
and what it learnt on notes carries over. It needs no forward pass of the language model.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sightline.mllm.connectors import MLPProjector
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.worlds.pointing import NOTHING
from sightline.train.worlds.scenes import COLOURS, SHAPES, SIZES

WORDS: dict[str, tuple[str, ...]] = {"colour": COLOURS, "size": SIZES, "shape": SHAPES}


class Alignment(nn.Module):
    """A model's tower and projector, and what the projector is to give: float[words, D] a kind of label."""

    def __init__(self, model: SightlineForConditionalGeneration, vocabulary: Vocabulary) -> None:
        super().__init__()
        assert isinstance(model.projector, MLPProjector)
        self.tower, self.projector = model.vision_tower, model.projector
        weights = model.get_input_embeddings().weight
        assert isinstance(weights, Tensor)
        for name, words in {**WORDS, "nothing": (NOTHING,)}.items():
            means = [weights[vocabulary.text(f" {word}")].float().mean(0) for word in words]
            self.register_buffer(name, torch.stack(means).detach(), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """float[B, 3, S, S] -> float[B, N, D]: what the projector makes of each cell, places left out."""
        with torch.no_grad():
            features = self.tower(pixel_values=pixels).last_hidden_state
        content: Tensor = self.projector.content(features)
        return content.float()

    def targets(self, batch: dict[str, Tensor]) -> Tensor:
        """float[B, N, D] for a batch of `dense.dense_batch`."""
        filled = batch["object"] > 0  # [B, N]
        target = self.get_buffer("nothing").expand(*filled.shape, -1).clone()
        target[filled] = sum(self.get_buffer(name)[batch[name][filled]] for name in WORDS)
        return target


def align_loss(model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, float, dict[str, float]]:
    """The squared distance as a share of the target's square; filled and empty cells weigh the same."""
    assert isinstance(model, Alignment)
    target, given = model.targets(batch), model(batch["pixels"])
    filled = batch["object"] > 0
    off = (given - target).square().sum(-1) / target.square().sum(-1).clamp_min(1e-12)  # [B, N]
    count = float(filled.sum())
    loss = off[filled].mean() + off[~filled].mean()
    figures = {"hit:close": float((off[filled] < 0.1).sum()), "all:close": count}
    return loss * len(filled), float(len(filled)), figures
