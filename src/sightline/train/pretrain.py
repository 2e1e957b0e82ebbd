"""Stage 1, pretrain: the vision tower, the language model by itself, then the two joined.

The tower learns alone, from dense labels, and is frozen. Language is a language model's pretraining on what
the worlds say, pages, notes and questions included; copying is a short drill of what every later task is
made of. Then the projector is aligned with the words that the language model knows, and where the recipe
says so the model learns to look (`train.looking`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.config import SightlineConfig
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary, train_tokenizer
from sightline.train.align import Alignment, align_loss
from sightline.train.backbones import BackboneRecipe, pretrain_backbones
from sightline.train.corpus import corpus
from sightline.train.dense import DensePretrainer, dense_batch, dense_loss
from sightline.train.looking import start_looking
from sightline.train.loop import barrier, fit, process_group
from sightline.train.losses import reply_loss
from sightline.train.own_data import OwnData
from sightline.train.plan import Plan
from sightline.train.plots import plot_log
from sightline.train.preview import loss_view
from sightline.train.recipe import DenseData, Recipe, TextData
from sightline.train.stage import attention_for, held_out_sampler, save_stage, text_batches


def pretrain(
    recipe: Recipe | BackboneRecipe,
    run: Path,
    device: torch.device,
    *,
    own: OwnData | None = None,
    stage: str | None = None,
) -> Path:
    """All that comes before SFT; on backbones, the one `stage` (the first if None), on `own`.

    Returns the folder of the model after it. Raises `ConfigError` for own data or a stage without backbones,
    or backbones without data.
    """
    if isinstance(recipe, BackboneRecipe):
        return pretrain_backbones(recipe, run, device, own, stage)
    if stage is not None:
        raise ConfigError(f"{recipe.name} is pretrained in one go: it takes no --stage")
    if own is not None:
        raise ConfigError(f"{recipe.name} is made from nothing: data of yours come in at `sft`")
    vocabulary = tokenizer(recipe, run)
    config = model_config(recipe, vocabulary)
    tower = pretrain_vision(recipe, run, config, device)
    torch.manual_seed(recipe.vision.seed)
    model = SightlineForConditionalGeneration(config)
    if recipe.looking:
        start_looking(model, vocabulary, seed=recipe.looking.seed)
    model.set_attn_implementation(attention_for(device))
    model.vision_tower.load_state_dict(tower.state_dict())
    model.to(device, torch.bfloat16)  # type: ignore[arg-type]  # transformers hides the signature of `to`

    def learn(plan: Plan | None, data: TextData | None) -> None:
        if plan and data:
            view, said = partial(loss_view, vocabulary=vocabulary), held_out_sampler(data, vocabulary)
            make = text_batches(data, vocabulary, config)
            fit(model, plan, make, reply_loss, run, view=view, sampler=said)
            save_stage(model, vocabulary, plan, run)

    learn(recipe.language, recipe.language_data)
    learn(recipe.copying, recipe.copying_data)
    align(model, recipe, vocabulary, run)
    save_stage(model, vocabulary, recipe.align, run)
    learn(recipe.looking, recipe.looking_data)
    return run / recipe.pretrained.name / "model"


def align(
    model: SightlineForConditionalGeneration, recipe: Recipe, vocabulary: Vocabulary, run: Path
) -> None:
    """Start the projector, in place, from the language model's own words and coordinates."""
    model.start_places(vocabulary.first_bin)
    make = _dense_batches(recipe.align_data, model.config)
    fit(Alignment(model, vocabulary), recipe.align, make, align_loss, run)


def pretrain_vision(recipe: Recipe, run: Path, config: SightlineConfig, device: torch.device) -> nn.Module:
    """Train the config's tower on dense labels. Returns it in bf16, the heads left behind."""
    torch.manual_seed(recipe.vision.seed)
    tower: nn.Module = SightlineForConditionalGeneration(config).vision_tower
    model = DensePretrainer(tower, config.vision_config.hidden_size).to(device, torch.bfloat16)
    fit(model, recipe.vision, _dense_batches(recipe.vision_data, config), dense_loss, run)
    plot_log(run / recipe.vision.name / "log.jsonl")
    return tower


def _dense_batches(data: DenseData, config: SightlineConfig) -> Callable[[int, int], dict[str, Tensor]]:
    """(seed, draw) -> a batch of images with a label a cell."""
    return partial(
        dense_batch,
        images=data.images,
        words_share=data.words_share,
        side=config.vision_config.image_size,
        grid=config.grid,
    )


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
