"""Qwen-VL's and Yi-VL's schedules on tiny folders: what each stage moves, and at which size."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from tests.mllm import backbone_dirs as dirs
from torch import Tensor
from transformers.utils import logging
from typer.testing import CliRunner

from sightline.errors import ConfigError, SightlineError
from sightline.mllm.backbones import join_backbones, set_resolution
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.reasoner import Reasoner
from sightline.train.backbones import BackboneRecipe, Stage, layerwise
from sightline.train.checkpoint import checkpoints
from sightline.train.cli import app
from sightline.train.losses import reply_loss
from sightline.train.optim import select
from sightline.train.own_data import OwnData, own_batches
from sightline.train.plan import Plan
from sightline.train.recipe import TextData
from sightline.train.recipes import llava, qwen_vl, yi_vl
from sightline.train.stage import load_folder

logging.set_verbosity_error()
logging.disable_progress_bar()

CPU = torch.device("cpu")
SIDES = {224: 32, 448: 48}
"""px of the papers, and of the tiny tower with patches of 8 px."""
UNREAD = {
    "yi_vl": ("vision_tower.encoder.layers.2.", "vision_tower.post_layernorm."),
    "qwen_vl": ("nothing",),
}
"""What comes after the layer that is read, of three."""


@dataclass(frozen=True)
class Run:
    recipe: BackboneRecipe
    run: Path
    data: Path
    models: dict[str, SightlineForConditionalGeneration]
    """Before training, as `backbones`, and after each stage."""


def small(recipe: BackboneRecipe, vision: str, language: str) -> BackboneRecipe:
    """The same stages in smaller batches and images, made in the process."""
    data = TextData(mixture=(), rows=1, length=256)

    def tiny(plan: Plan) -> Plan:
        return replace(plan, accumulate=1, workers=0, lr=1e-2, save_every=1, keep=9)

    def stage(one: Stage) -> Stage:
        assert one.side
        return replace(one, plan=tiny(one.plan), data=data, side=SIDES[one.side])

    return replace(
        recipe,
        vision=vision,
        language=language,
        queries=9,
        stages=tuple(stage(one) for one in recipe.stages),
        sft=tiny(recipe.sft),
        sft_data=data,
    )


@pytest.fixture(scope="module", params=["qwen_vl", "yi_vl"])
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """All stages by their commands."""
    module: ModuleType = {"qwen_vl": qwen_vl, "yi_vl": yi_vl}[request.param]
    root = tmp_path_factory.mktemp(request.param)
    vision = dirs.siglip(root / "v") if module is qwen_vl else dirs.clip(root / "v")
    language = dirs.language(root / "l", "qwen2" if module is qwen_vl else "qwen3", tied=module is qwen_vl)
    recipe, run, data = small(module.RECIPE, vision, language), root / "run", dirs.rows(root)
    own = ("--recipe", recipe.name, "--run", str(run), "--data", str(data), "--batch", "4")
    first, second = (stage.name for stage in recipe.stages)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "RECIPE", recipe)
        for command in (("pretrain", *own), ("pretrain", *own, "--stage", second), ("sft", *own)):
            result = CliRunner().invoke(app, list(command), catch_exceptions=False)
            assert result.exit_code == 0, result.output
    settings = {"select_layer": recipe.select_layer, "connector": recipe.connector, "queries": recipe.queries}
    models = {"backbones": join_backbones(vision, language, **settings)[0]}
    models |= {name: load_folder(run / name / "model", CPU)[0] for name in (first, second, "sft")}
    return Run(recipe, run, data, models)


def part(name: str) -> str:
    return name.split(".")[0]


def steps_of(done: Run) -> list[tuple[str, int, Plan]]:
    """(the model before, px, plan) of each stage."""
    one, two = done.recipe.stages
    return [
        ("backbones", one.side or 0, one.plan),
        (one.name, two.side or 0, two.plan),
        (two.name, two.side or 0, done.recipe.sft),
    ]


WANTED = {
    "qwen_vl": [
        {"vision_tower", "projector"},
        {"vision_tower", "projector", "language_model"},
        {"projector", "language_model"},
    ],
    "yi_vl": [
        {"vision_tower", "projector"},
        {"vision_tower", "projector"},
        {"vision_tower", "projector", "language_model"},
    ],
}
"""What trains in each stage, as the papers say."""


def test_each_stage_moves_all_that_the_paper_trains_and_nothing_else(done: Run) -> None:
    for (before, side, plan), wanted in zip(steps_of(done), WANTED[done.recipe.name], strict=True):
        model, after = done.models[before], done.models[plan.name].state_dict()
        folder = done.run / before / "model"
        fresh = load_folder(folder, CPU)[0] if before != "backbones" else model
        set_resolution(fresh, side)
        start = fresh.state_dict()
        assert set(start) == set(after)
        moved = {name for name in start if not torch.equal(start[name], after[name])}
        read = {name for name in start if not name.startswith(UNREAD[done.recipe.name])}
        assert {name for name in read if part(name) in wanted} - moved == set(), plan.name
        assert {name for name in moved if part(name) not in wanted} == set(), plan.name


def test_each_stage_sees_at_its_own_resolution(done: Run) -> None:
    first, second = done.recipe.stages
    resampled = done.recipe.connector == "resampler"
    for name, side, tokens in ((first.name, 32, 16), (second.name, 48, 36), ("sft", 48, 36)):
        config = done.models[name].config
        assert (config.vision_config.image_size, config.grid) == (side, side // 8)
        assert config.tokens_per_image == (9 if resampled else tokens)
        assert config.connector == done.recipe.connector


def test_what_comes_out_answers(done: Run) -> None:
    reasoner = Reasoner.load(done.run / "sft" / "model")
    image = np.zeros((24, 40, 3), np.uint8)
    said = reasoner.reply(images=[image], tools=[], notes=[], question="What is there?", max_tokens=24)
    assert said.reply.answer is not None


def test_all_that_trains_has_a_gradient(done: Run, tmp_path: Path) -> None:
    for before, side, plan in steps_of(done):
        name = before if before != "backbones" else done.recipe.stages[0].name
        model, v = load_folder(done.run / name / "model", CPU)
        set_resolution(model.float(), side)
        own = OwnData(sources=((str(done.data), None),))
        data = done.recipe.sft_data
        make = own_batches(own, plan, tmp_path / plan.name, v, model.config, data=data)[1]
        chosen = select(model, plan.trains)
        reply_loss(model, make(0, 0))[0].backward()
        still = {name for name, weight, _ in chosen if weight.grad is None or not weight.grad.any()}
        assert {name for name in still if not name.startswith(UNREAD[done.recipe.name])} == set()


def test_a_later_stage_goes_on_to_the_bit(done: Run, tmp_path: Path) -> None:
    from sightline.train.pretrain import pretrain

    second = done.recipe.stages[1]
    run = tmp_path / "again"
    shutil.copytree(done.run, run)
    saved = checkpoints(run / second.name)
    assert len(saved) == 3
    for checkpoint in saved[1:]:
        shutil.rmtree(checkpoint) if checkpoint.is_dir() else checkpoint.unlink()
    shutil.rmtree(run / second.name / "model")
    own = OwnData(sources=((str(done.data), None),), samples=4)
    folder = pretrain(done.recipe, run, CPU, own=own, stage=second.name)
    weights: dict[str, Tensor] = load_folder(folder, CPU)[0].state_dict()
    assert all(
        torch.equal(value, weights[name])
        for name, value in load_folder(done.run / second.name / "model", CPU)[0].state_dict().items()
    )


def test_a_stage_waits_for_the_one_before(done: Run, tmp_path: Path) -> None:
    from sightline.train.pretrain import pretrain

    own = OwnData(sources=((str(done.data), None),))
    second = done.recipe.stages[1].name
    with pytest.raises(SightlineError, match="run the stage `align` of this recipe to its end first"):
        pretrain(done.recipe, tmp_path, CPU, own=own, stage=second)
    with pytest.raises(ConfigError, match=rf"no stage 'sft' in the pretraining of .*: align, {second}"):
        pretrain(done.recipe, tmp_path, CPU, own=own, stage="sft")


def test_what_a_command_cannot_take_is_said(tmp_path: Path) -> None:
    run = ("--run", str(tmp_path))
    later = ["pretrain", "--recipe", "qwen_vl", *run, "--stage", "multitask", "--vision", "x"]
    result = CliRunner().invoke(app, later)
    assert result.exit_code == 2
    assert "--vision is for the first stage" in " ".join(result.output.split())
    command = ["pretrain", "--recipe", "embedded", *run, "--stage", "align"]
    with pytest.raises(ConfigError, match="takes no --stage"):
        CliRunner().invoke(app, command, catch_exceptions=False)


def test_a_layer_of_the_encoder_learns_slower_than_the_next(tmp_path: Path) -> None:
    model, _ = join_backbones(dirs.clip(tmp_path / "v"), dirs.language(tmp_path / "l"))
    plan = layerwise(qwen_vl.RECIPE.stages[0].plan, model.vision_tower, 0.5)
    scales = {name: scale for name, _, scale in select(model, plan.trains)}
    assert scales["vision_tower.encoder.layers.2.mlp.fc1.weight"] == 0.5
    assert scales["vision_tower.encoder.layers.0.mlp.fc1.weight"] == 0.125
    for name in ("embeddings.class_embedding", "embeddings.position_embedding.weight", "pre_layrnorm.bias"):
        assert scales[f"vision_tower.{name}"] == 0.0625
    assert scales["vision_tower.post_layernorm.weight"] == scales["projector.linear_1.weight"] == 1.0
    assert not any(name.startswith("language_model") for name in scales)
    assert layerwise(plan, model.vision_tower, 1.0) is plan


@pytest.mark.parametrize("module", [qwen_vl, yi_vl])
def test_the_costs_that_a_recipe_names_are_those_computed(module: ModuleType) -> None:
    named = [
        float(x) for x in re.findall(r"([\d.]+) (?:hours|GiB)", " ".join((module.__doc__ or "").split()))
    ]
    costs = [llava.cost(**stage) for stage in module.COSTS.values()]
    assert named == [round(x, 1) for cost in costs for x in (cost.hours, cost.gib)]


def test_the_numbers_are_the_papers() -> None:
    def numbers(recipe: BackboneRecipe) -> list[tuple[float, float, int | None, int]]:
        """Peak rate, least rate, px and samples a step."""
        parts = [(stage.plan, stage.data, stage.side) for stage in recipe.stages]
        parts.append((recipe.sft, recipe.sft_data, None))
        return [
            (plan.lr, round(plan.lr * plan.floor, 9), side, 4 * data.rows * plan.accumulate)
            for plan, data, side in parts
        ]

    assert numbers(qwen_vl.RECIPE) == [
        (2e-4, 1e-6, 224, 30_720),
        (5e-5, 1e-5, 448, 4_096),
        (1e-5, 1e-6, None, 128),
    ]
    assert numbers(yi_vl.RECIPE) == [(1e-4, 0, 224, 4_096), (1e-4, 0, 448, 4_096), (2e-5, 0, None, 256)]


def test_the_recipe_in_the_documentation_is_one() -> None:
    text = (Path(__file__).parents[2] / "docs/training.md").read_text(encoding="utf-8")
    section = text[text.index("## Schedules on backbones") :]
    space: dict[str, BackboneRecipe] = {}
    exec(section.split("```python\n")[1].split("```")[0], space)
    recipe = space["RECIPE"]
    assert [stage.side for stage in recipe.stages] == [224, 336]
    assert 4 * recipe.stages[0].data.rows * recipe.stages[0].plan.accumulate == 256
