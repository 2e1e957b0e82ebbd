"""Stage 3, DPO: pairs of replies on one prefix, the rejected one an exact hallucination.

Both branches of a pair share the encoding of the image and of what was read. The reference is the model
as SFT left it. A pair of the worlds is fresh and seen once: the reference reads it with the batch. A user's
rows are shown again: what the reference holds of them is computed once and kept (`reference.py`). A recipe's
`own_pairs` are made of what the model says itself (`online_dpo.py`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.weights import MANIFEST, sha256
from sightline.train.backbones import BackboneRecipe
from sightline.train.loop import fit
from sightline.train.losses import ReplyTokens, reply_tokens
from sightline.train.mixtures import dialogues_batch
from sightline.train.online_dpo import own_pairs_loss
from sightline.train.own_data import OwnData, RowBatches, stage_batches
from sightline.train.packing import Packed
from sightline.train.preference import PAIR_LOSSES, Pairs, token_weights
from sightline.train.preview import loss_view
from sightline.train.recipe import Preference, Recipe
from sightline.train.reference import WithReference, keep_reference, shown_whole
from sightline.train.stage import load_folder, load_stage, save_stage


def dpo(
    recipe: Recipe | BackboneRecipe,
    run: Path,
    device: torch.device,
    *,
    own: OwnData | None = None,
    start: Path | None = None,
) -> Path:
    """From the model after SFT, or that of `start`, on the recipe's pairs or on `own`.

    Returns the folder of the model.
    """
    load = partial(load_folder, start) if start else partial(load_stage, recipe.sft, run)
    model, vocabulary = load(device)
    if own is None and isinstance(recipe, Recipe) and recipe.own_pairs:
        plan, own_pairs = recipe.dpo, recipe.own_pairs
        beside = partial(pair_loss, reference=_still(load(device)[0]), preference=recipe.preference)
        spoken = partial(own_pairs_loss, vocabulary=vocabulary, own=own_pairs, loss=beside)
        prompts = partial(dialogues_batch, mixture=own_pairs.mixture, count=own_pairs.dialogues)
        fit(model, plan, prompts, spoken, run)
        return save_stage(model, vocabulary, plan, run)
    plan, make = stage_batches(
        own, recipe.dpo, run, vocabulary, model.config, data=recipe.dpo_data, pairs=True
    )
    if isinstance(make, RowBatches) and shown_whole(make.own):
        key = sha256((start or run / recipe.sft.name / "model") / MANIFEST)
        kept = keep_reference(make, model, run / plan.name / "reference", key=key, workers=plan.workers)
        loss = partial(kept_loss, preference=recipe.preference)
        fit(model, plan, kept, loss, run, view=lambda batch: loss_view(batch.packed, vocabulary))
    else:
        beside = partial(pair_loss, reference=_still(load(device)[0]), preference=recipe.preference)
        fit(model, plan, make, beside, run, view=partial(loss_view, vocabulary=vocabulary))
    return save_stage(model, vocabulary, plan, run)


def _still(model: SightlineForConditionalGeneration) -> SightlineForConditionalGeneration:
    model.train(False)
    return model.requires_grad_(False)


def pair_loss(
    model: nn.Module,
    packed: Packed,
    *,
    reference: SightlineForConditionalGeneration,
    preference: Preference,
) -> tuple[Tensor, float, dict[str, float]]:
    """The preference loss over the batch's pairs, plus the anchor, summed.

    Returns the sum, the number of pairs, and how many pairs are ranked right against the reference.
    """
    with torch.no_grad():
        was = reply_tokens(reference, packed).logprobs
    return kept_loss(model, WithReference(packed=packed, reference=was), preference=preference)


def kept_loss(
    model: nn.Module, batch: WithReference, *, preference: Preference
) -> tuple[Tensor, float, dict[str, float]]:
    """As `pair_loss`, where it is known what the reference holds of the replies' tokens."""
    assert isinstance(model, SightlineForConditionalGeneration)
    said = reply_tokens(model, batch.packed)
    pairs = pairs_of(said, replace(said, logprobs=batch.reference), gamma=preference.gamma)
    loss = PAIR_LOSSES[preference.loss](pairs, preference.beta)
    loss = loss - preference.anchor * said.total()[::2]
    right = pairs.chosen_ratio > pairs.rejected_ratio
    count = float(len(right))
    return loss.sum(), count, {"hit:ranked": float(right.sum()), "all:ranked": count}


def pairs_of(said: ReplyTokens, was: ReplyTokens, *, gamma: float = 1.0) -> Pairs:
    """Replies 0, 2, ... as chosen and 1, 3, ... as rejected ones.

    Args:
        said: by the model that learns.
        was: the same tokens by the reference.
        gamma: weight of what differs within a pair against what both share; 1 takes plain sums.
    """
    weights = None if gamma == 1 else pair_weights(said, gamma)
    chosen, rejected = said.total(weights).view(-1, 2).unbind(1)
    ref_chosen, ref_rejected = was.total(weights).view(-1, 2).unbind(1)
    lengths = said.lengths.view(-1, 2) if weights is None else torch.ones_like(said.lengths.view(-1, 2))
    return Pairs(
        chosen=chosen,
        rejected=rejected,
        ref_chosen=ref_chosen,
        ref_rejected=ref_rejected,
        chosen_tokens=lengths[:, 0],
        rejected_tokens=lengths[:, 1],
    )


def pair_weights(said: ReplyTokens, gamma: float) -> Tensor:
    """Weights of all tokens for dense DPO, float[N]; those of a reply sum to 1."""
    weights = torch.empty_like(said.logprobs)
    for first in range(0, len(said.lengths), 2):
        mine, other = said.reply == first, said.reply == first + 1
        left, right = token_weights(said.ids[mine].tolist(), said.ids[other].tolist(), gamma)
        weights[mine], weights[other] = left.to(weights), right.to(weights)
    return weights
