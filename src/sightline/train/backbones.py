"""Pretraining on pretrained backbones: stage by stage, each with data, a plan and a resolution of its own.

    sightline train pretrain --recipe llava --data captions.json --images images
    sightline train sft --recipe llava --data instruct.json --images images

    sightline train pretrain --recipe qwen_vl --data captions.json --images images
    sightline train pretrain --recipe qwen_vl --stage multitask --data tasks.json --images images

A stage begins with the model of the one before it, the first with the backbones as they were published. What
follows (`sft`, `dpo`) are the stages of every other recipe.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from sightline.errors import ConfigError
from sightline.mllm.backbones import join_backbones, set_resolution
from sightline.mllm.config import ConnectorName
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.loop import Loss, fit
from sightline.train.losses import reply_loss
from sightline.train.own_data import OwnData, stage_batches
from sightline.train.plan import Plan
from sightline.train.preview import loss_view
from sightline.train.recipe import Policy, Preference, TextData
from sightline.train.stage import attention_for, load_stage, save_stage

VISION, CONNECTOR, LANGUAGE = "^vision_tower", "^projector", "^language_model"
"""What a plan's `trains` calls the three parts."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of pretraining.

    Args:
        plan: how it trains, and its name.
        data: how long its rows are, and the worlds that may be mixed in.
        side: of its images, px; None leaves it as it was before. Position embeddings are interpolated.
        vision_decay: how fast a layer of the encoder learns, as a share of the one after it; 1: all alike.
        loss: see `loop.Loss`.
        prepare: what is done to the model first, in place; None: nothing.
    """

    plan: Plan
    data: TextData
    side: int | None = None
    vision_decay: float = 1.0
    loss: Loss = reply_loss
    prepare: Callable[[SightlineForConditionalGeneration], None] | None = None

    @property
    def name(self) -> str:
        """As `--stage` names it, and its folder in the run."""
        return self.plan.name


@dataclass(frozen=True, kw_only=True)
class BackboneRecipe:
    """The stages of a model on a pretrained vision encoder and language model.

    Args:
        name: of the recipe and of its run's folder.
        vision: folder or name of the encoder.
        language: folder or name of the language model.
        select_layer: see `SightlineConfig`.
        connector, queries: likewise.
        stages: of pretraining, in their order; one at least.
        sft, sft_data: on questions and answers.
        dpo, dpo_data: preference pairs.
        preference: the loss of DPO.
        grpo, policy: as in a `Recipe`.
    """

    name: str
    vision: str
    language: str
    select_layer: int | None = -2
    connector: ConnectorName = "mlp"
    queries: int = 256
    stages: tuple[Stage, ...]
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
        return self.stages[-1].plan

    def stage(self, name: str | None) -> tuple[Stage | None, Stage]:
        """The stage before it, if there is one, and the stage of a name; None is the first.

        Raises `ConfigError` where there is none of that name.
        """
        names = [stage.name for stage in self.stages]
        if name is not None and name not in names:
            raise ConfigError(f"no stage {name!r} in the pretraining of {self.name}: {', '.join(names)}")
        number = names.index(name) if name else 0
        return (self.stages[number - 1] if number else None), self.stages[number]


def pretrain_backbones(
    recipe: BackboneRecipe, run: Path, device: torch.device, own: OwnData | None, name: str | None = None
) -> Path:
    """Run one stage of pretraining. Returns the folder of the model after it.

    Args:
        recipe: its `stages`.
        run: the run's folder, with the stage before it in it, run to its end.
        device: to train on.
        own: rows of images with captions or answers; None takes the stage's worlds.
        name: of the stage; None is the first.
    """
    before, stage = recipe.stage(name)
    if own is None and not stage.data.mixture:
        raise ConfigError("this recipe trains on data of yours: give it --data")
    model, vocabulary = load_stage(before.plan, run, device) if before else _joined(recipe, device)
    if stage.side:
        set_resolution(model, stage.side)
    if stage.prepare:
        stage.prepare(model)
    plan = layerwise(stage.plan, model.vision_tower, stage.vision_decay)
    plan, make = stage_batches(own, plan, run, vocabulary, model.config, data=stage.data)
    fit(model, plan, make, stage.loss, run, view=partial(loss_view, vocabulary=vocabulary))
    return save_stage(model, vocabulary, plan, run)


def _joined(
    recipe: BackboneRecipe, device: torch.device
) -> tuple[SightlineForConditionalGeneration, Vocabulary]:
    model, vocabulary = join_backbones(
        recipe.vision,
        recipe.language,
        select_layer=recipe.select_layer,
        connector=recipe.connector,
        queries=recipe.queries,
        seed=recipe.stages[0].plan.seed,
    )
    model.language_model.set_attn_implementation(attention_for(device))
    model.to(device)  # type: ignore[arg-type]  # transformers hides the signature of `to`
    return model, vocabulary


def layerwise(plan: Plan, tower: nn.Module, decay: float) -> Plan:
    """`plan` with the rate of the encoder's layer i of n scaled by decay^(n - i), counted from 0.

    What comes before the layers has decay^(n + 1), what comes after them the whole rate. Source: BEiT's
    `LayerDecayValueAssigner` (Bao et al. 2022).
    """
    scales = dict(plan.trains)
    if decay == 1 or VISION not in scales:
        return plan
    names = [name for name, _ in tower.named_parameters()]
    numbers = {int(found[1]) for name in names if (found := re.search(r"(?:layers|blocks)\.(\d+)\.", name))}
    n, whole = len(numbers), scales.pop(VISION)
    layers = [(rf"{VISION}\..*(layers|blocks)\.{i}\.", whole * decay ** (n - i)) for i in sorted(numbers)]
    first = (rf"{VISION}\..*(embed|pre_layrnorm|stem|positions)", whole * decay ** (n + 1))
    return replace(plan, trains=(*layers, first, (VISION, whole), *scales.items()))
