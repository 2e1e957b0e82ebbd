"""Stage 1, pretrain: the vision tower on dense labels, then, that frozen, descriptions, text and copying.

The tower is frozen after its own part. Language is a language model's pretraining on what the worlds say,
pages, notes and questions included; copying is a short drill of what every later task is made of.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch import nn

from sightline.mllm.config import SightlineConfig
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary, train_tokenizer
from sightline.train.corpus import corpus
from sightline.train.dense import DensePretrainer, dense_batch, dense_loss
from sightline.train.loop import barrier, fit, process_group
from sightline.train.losses import reply_loss
from sightline.train.plots import plot_log
from sightline.train.recipe import Recipe
from sightline.train.stage import attention_for, save_stage, text_batches


def pretrain(recipe: Recipe, run: Path, device: torch.device) -> Path:
    """Tokenizer, vision tower, descriptions, language, copying. Returns the folder of the model after it."""
    vocabulary = tokenizer(recipe, run)
    config = model_config(recipe, vocabulary)
    tower = pretrain_vision(recipe, run, config, device)
    torch.manual_seed(recipe.describe.seed)
    model = SightlineForConditionalGeneration(config)
    model.set_attn_implementation(attention_for(device))
    model.start_places(vocabulary.first_bin)
    model.vision_tower.load_state_dict(tower.state_dict())
    model.to(device, torch.bfloat16)  # type: ignore[arg-type]  # transformers hides the signature of `to`
    fit(model, recipe.describe, text_batches(recipe.describe_data, vocabulary, config), reply_loss, run)
    save_stage(model, vocabulary, recipe.describe, run)
    fit(model, recipe.language, text_batches(recipe.language_data, vocabulary, config), reply_loss, run)
    save_stage(model, vocabulary, recipe.language, run)
    fit(model, recipe.copying, text_batches(recipe.copying_data, vocabulary, config), reply_loss, run)
    return save_stage(model, vocabulary, recipe.copying, run)


def pretrain_vision(recipe: Recipe, run: Path, config: SightlineConfig, device: torch.device) -> nn.Module:
    """Train the config's tower on dense labels. Returns it in bf16, the heads left behind."""
    torch.manual_seed(recipe.vision.seed)
    tower: nn.Module = SightlineForConditionalGeneration(config).vision_tower
    vision, data = config.vision_config, recipe.vision_data
    model = DensePretrainer(tower, vision.hidden_size).to(device, torch.bfloat16)
    make = partial(
        dense_batch,
        images=data.images,
        words_share=data.words_share,
        side=vision.image_size,
        grid=config.grid,
    )
    fit(model, recipe.vision, make, dense_loss, run)
    plot_log(run / recipe.vision.name / "log.jsonl")
    return tower


def tokenizer(recipe: Recipe, run: Path) -> Vocabulary:
    """The run's tokenizer, trained on the worlds' texts by the first process if it is not there yet."""
    folder = run / "tokenizer"
    rank, _ = process_group()
    if rank == 0 and not (folder / "tokenizer.json").is_file():
        texts = corpus(recipe.vision.seed, recipe.corpus)
        train_tokenizer(texts, recipe.vocab_size).save_pretrained(folder)
    barrier()
    return Vocabulary.load(folder)


def model_config(recipe: Recipe, vocabulary: Vocabulary) -> SightlineConfig:
    """The recipe's config for a vocabulary."""
    marks = vocabulary.marks
    return recipe.config(
        vocabulary.size,
        image_token_id=marks["image"],
        pad_id=marks["pad"],
        bos_id=marks["bos"],
        eos_id=marks["eos"],
    )
