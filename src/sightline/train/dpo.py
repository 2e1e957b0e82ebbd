"""Stage 3, DPO: pairs of replies on one prefix, the rejected one an exact hallucination.

Both branches of a pair share the encoding of the image and of what was read. The reference is the model
as SFT left it; every pair is fresh from the world and seen once, so its log-probabilities are computed with
the batch and there is nothing to cache.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.train.loop import fit
from sightline.train.losses import dpo_loss, reply_logprobs
from sightline.train.packing import Packed
from sightline.train.recipe import Recipe
from sightline.train.stage import load_stage, save_stage, text_batches


def dpo(recipe: Recipe, run: Path, device: torch.device) -> Path:
    """From the model after SFT. Returns the folder of the model after DPO."""
    model, vocabulary = load_stage(recipe.sft, run, device)
    reference, _ = load_stage(recipe.sft, run, device)
    reference.train(False)
    reference.requires_grad_(False)
    loss = partial(pair_loss, reference=reference, beta=recipe.beta, anchor=recipe.anchor)
    fit(model, recipe.dpo, text_batches(recipe.dpo_data, vocabulary, model.config, pairs=True), loss, run)
    return save_stage(model, vocabulary, recipe.dpo, run)


def pair_loss(
    model: nn.Module,
    packed: Packed,
    *,
    reference: SightlineForConditionalGeneration,
    beta: float,
    anchor: float,
) -> tuple[Tensor, float, dict[str, float]]:
    """DPO over the batch's pairs, plus `anchor` times the chosen replies' own cross-entropy, summed.

    Returns the sum, the number of pairs, and how many pairs are ranked right against the reference.
    """
    assert isinstance(model, SightlineForConditionalGeneration)
    chosen, rejected = reply_logprobs(model, packed).view(-1, 2).unbind(1)
    with torch.no_grad():
        ref_chosen, ref_rejected = reply_logprobs(reference, packed).view(-1, 2).unbind(1)
    loss = dpo_loss(chosen, rejected, ref_chosen, ref_rejected, beta) - anchor * chosen
    right = (chosen - ref_chosen) > (rejected - ref_rejected)
    pairs = float(len(chosen))
    return loss.sum(), pairs, {"hit:ranked": float(right.sum()), "all:ranked": pairs}
