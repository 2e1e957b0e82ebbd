"""Stage 2, SFT: questions, thoughts and planner traces over all worlds, loss on replies alone."""

from __future__ import annotations

from pathlib import Path

import torch

from sightline.train.loop import fit
from sightline.train.losses import reply_loss
from sightline.train.recipe import Recipe
from sightline.train.stage import load_stage, save_stage, text_batches


def sft(recipe: Recipe, run: Path, device: torch.device) -> Path:
    """From the model after pretraining. Returns the folder of the model after SFT."""
    model, vocabulary = load_stage(recipe.align, run, device)
    fit(model, recipe.sft, text_batches(recipe.sft_data, vocabulary, model.config), reply_loss, run)
    return save_stage(model, vocabulary, recipe.sft, run)
