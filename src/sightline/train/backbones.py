"""Stage 1 on pretrained backbones: the projector alone learns to say what an image shows.

    sightline train pretrain --recipe llava --data captions.json --images images
    sightline train sft --recipe llava --data instruct.json --images images

The stages after it (`sft`, `dpo`) are those of every other recipe.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import torch

from sightline.mllm.backbones import join_backbones
from sightline.train.loop import fit
from sightline.train.losses import reply_loss
from sightline.train.own_data import OwnData, own_batches
from sightline.train.plan import Plan
from sightline.train.preview import loss_view
from sightline.train.recipe import Policy, Preference, TextData
from sightline.train.stage import attention_for, save_stage


@dataclass(frozen=True, kw_only=True)
class BackboneRecipe:
    """The stages of a model on a pretrained vision encoder and language model.

    Args:
        name: of the recipe and of its run's folder.
        vision: folder or name of the encoder.
        language: folder or name of the language model.
        select_layer: see `SightlineConfig`.
        align, align_data: the projector alone, on captions.
        sft, sft_data: projector and language model, on questions and answers.
        dpo, dpo_data: preference pairs.
        preference: the loss of DPO.
        grpo, policy: as in a `Recipe`.
    """

    name: str
    vision: str
    language: str
    select_layer: int | None = -2
    align: Plan
    align_data: TextData
    sft: Plan
    sft_data: TextData
    dpo: Plan
    dpo_data: TextData
    preference: Preference = field(default_factory=Preference)
    grpo: Plan | None = None
    policy: Policy | None = None

    @property
    def pretrained(self) -> Plan:
        """The last stage of pretraining."""
        return self.align


def align_backbones(recipe: BackboneRecipe, run: Path, device: torch.device, own: OwnData) -> Path:
    """Join the backbones and train the projector on rows of images with captions. Returns the folder."""
    model, vocabulary = join_backbones(
        recipe.vision, recipe.language, select_layer=recipe.select_layer, seed=recipe.align.seed
    )
    model.language_model.set_attn_implementation(attention_for(device))
    model.to(device)  # type: ignore[arg-type]  # transformers hides the signature of `to`
    plan, make = own_batches(own, recipe.align, run, vocabulary, model.config, data=recipe.align_data)
    fit(model, plan, make, reply_loss, run, view=partial(loss_view, vocabulary=vocabulary))
    return save_stage(model, vocabulary, plan, run)
