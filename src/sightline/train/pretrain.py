"""Stage 1: the vision tower alone on dense labels, then description through the projector, the tower frozen."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from sightline.mllm.config import ConvStemViTConfig
from sightline.mllm.vision import ConvStemViT
from sightline.train.dense import DensePretrainer, dense_batch, dense_loss
from sightline.train.loop import fit
from sightline.train.recipe import Recipe


def pretrain_vision(recipe: Recipe, run: Path, config: ConvStemViTConfig) -> ConvStemViT:
    """Train a tower of `config` on dense labels. Returns it in bf16."""
    torch.manual_seed(recipe.vision.seed)
    tower = ConvStemViT(config)
    model = DensePretrainer(tower, config.hidden_size).to(torch.bfloat16)
    data = recipe.vision_data
    make = partial(
        dense_batch, images=data.images, words_share=data.words_share, side=config.image_size, grid=config.grid
    )
    fit(model, recipe.vision, make, dense_loss, run)
    return tower
