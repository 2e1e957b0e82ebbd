"""Stage 2, SFT: questions, thoughts and planner traces over all worlds, or own rows; loss on replies alone.

sightline train sft --recipe embedded
sightline train sft --recipe embedded --data mine.json=0.8 --data worlds=0.2 --images photos --lora 16
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from sightline.train.backbones import BackboneRecipe
from sightline.train.loop import barrier, fit, process_group
from sightline.train.lora import Lora, add_lora, four_bit, merge
from sightline.train.moe import balanced_loss
from sightline.train.own_data import OwnData, stage_batches
from sightline.train.preview import loss_view
from sightline.train.recipe import Recipe
from sightline.train.stage import held_out_sampler, load_folder, load_stage, save_stage


def sft(
    recipe: Recipe | BackboneRecipe,
    run: Path,
    device: torch.device,
    *,
    own: OwnData | None = None,
    lora: Lora | None = None,
    start: Path | None = None,
) -> Path:
    """From the model after pretraining, or that of `start`. Returns the folder of the model after SFT.

    Args:
        recipe: its `sft`.
        run: the run's folder.
        device: to train on.
        own: rows to train on; None takes the recipe's worlds.
        start: a model's folder to begin with; None takes the run's own after pretraining.
        lora: train an adapter and the projector, and add them in at the end; None trains what the plan says.
    """
    load = partial(load_folder, start) if start else partial(load_stage, recipe.pretrained, run)
    settings = four_bit(device) if lora and lora.quantize else {}
    model, vocabulary = load(device, **settings)
    plan = lora.plan(recipe.sft) if lora else recipe.sft
    plan, make = stage_batches(own, plan, run, vocabulary, model.config, data=recipe.sft_data)
    adapter = add_lora(model, lora) if lora else None
    view, said = partial(loss_view, vocabulary=vocabulary), held_out_sampler(recipe.sft_data, vocabulary)
    fit(model, plan, make, balanced_loss, run, view=view, sampler=said)
    if adapter is not None:
        folder = run / plan.name / "adapter"
        if process_group()[0] == 0:
            adapter.save_pretrained(str(folder))
        barrier()
        model = merge(load(device)[0], folder)
    return save_stage(model, vocabulary, plan, run)
