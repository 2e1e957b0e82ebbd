"""LLaVA's recipe on tiny folders of the real format: both stages by the command, and what they move."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.mllm import backbone_dirs as dirs
from torch import Tensor
from transformers.utils import logging
from typer.testing import CliRunner

from sightline.errors import ConfigError
from sightline.mllm.backbones import join_backbones
from sightline.mllm.reasoner import Reasoner
from sightline.train.cli import app
from sightline.train.losses import reply_loss
from sightline.train.optim import select
from sightline.train.own_data import OwnData, own_batches
from sightline.train.plan import Plan
from sightline.train.pretrain import pretrain
from sightline.train.recipe import TextData
from sightline.train.recipes import llava
from sightline.train.sft import sft

logging.set_verbosity_error()
logging.disable_progress_bar()

PARTS = [("siglip", "qwen2"), ("clip", "qwen3")]
Weights = dict[str, dict[str, Tensor]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dirs.rows(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module", params=PARTS, ids="-".join)
def folders(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    vision, language = request.param
    root = tmp_path_factory.mktemp("parts")
    return getattr(dirs, vision)(root / "v"), dirs.language(root / "l", language, tied=language == "qwen2")


def small() -> llava.BackboneRecipe:
    """The recipe in smaller batches, made in the process."""
    data = TextData(mixture=(), rows=1, length=256)

    def tiny(plan: Plan) -> Plan:
        return replace(plan, accumulate=1, workers=0, lr=1e-2)

    stages = tuple(replace(stage, plan=tiny(stage.plan), data=data) for stage in llava.RECIPE.stages)
    return replace(llava.RECIPE, stages=stages, sft=tiny(llava.RECIPE.sft), sft_data=data)


@pytest.fixture(scope="module")
def stages(folders: tuple[str, str], data: Path, tmp_path_factory: pytest.TempPathFactory) -> Weights:
    """Weights before training and after each stage; the folder of the run stands in `run`."""
    run = tmp_path_factory.mktemp("run")
    own = ("--recipe", "llava", "--run", str(run), "--data", str(data), "--batch", "4")
    parts = ("--vision", folders[0], "--language", folders[1])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llava, "RECIPE", small())
        for command in (("pretrain", *own, *parts), ("sft", *own, "--epochs", "2")):
            result = CliRunner().invoke(app, list(command), catch_exceptions=False)
            assert result.exit_code == 0, result.output
    before = join_backbones(*folders)[0].state_dict()
    after = {name: Reasoner.load(run / name / "model").model for name in ("align", "sft")}
    assert len((run / "sft" / "log.jsonl").read_text().splitlines()) >= 1
    return {"before": before, **{name: model.bfloat16().state_dict() for name, model in after.items()}}


def moved(one: dict[str, Tensor], other: dict[str, Tensor]) -> set[str]:
    assert set(one) == set(other)
    return {name for name in one if not torch.equal(one[name], other[name])}


def test_the_first_stage_moves_the_projector_alone(stages: Weights) -> None:
    names = {name for name in stages["before"] if name.startswith("projector.")}
    assert moved(stages["before"], stages["align"]) == names


def test_the_second_moves_the_language_model_too_and_the_tower_stays(stages: Weights) -> None:
    changed = moved(stages["align"], stages["sft"])
    wanted = {name for name in stages["sft"] if not name.startswith("vision_tower.")}
    assert {name.split(".")[0] for name in changed} == {"projector", "language_model"}
    assert wanted - changed <= {name for name in wanted if name.endswith(("bias", "norm.weight"))}


@pytest.mark.parametrize("stage", ["align", "sft"])
def test_all_that_trains_has_a_gradient(
    folders: tuple[str, str], data: Path, tmp_path: Path, stage: str
) -> None:
    model, v = join_backbones(*folders, dtype=torch.float32)
    plan = small().pretrained if stage == "align" else small().sft
    _, make = own_batches(
        OwnData(sources=((str(data), None),)), plan, tmp_path, v, model.config, data=llava.RECIPE.sft_data
    )
    chosen = select(model, plan.trains)
    assert all(name.startswith(("projector.", "language_model.")) for name, _, _ in chosen)
    reply_loss(model, make(0, 0))[0].backward()
    assert [name for name, weight, _ in chosen if weight.grad is None or not weight.grad.any()] == []
    frozen = [weight for weight in model.parameters() if not weight.requires_grad]
    assert len(frozen) + len(chosen) == len(list(model.parameters()))
    assert all(weight.grad is None for weight in frozen)


def test_what_was_trained_answers_after_reloading(
    folders: tuple[str, str], data: Path, tmp_path: Path
) -> None:
    recipe = replace(small(), vision=folders[0], language=folders[1])
    own = OwnData(sources=((str(data), None),), samples=6, epochs=35.0)
    cpu = torch.device("cpu")
    pretrain(recipe, tmp_path, cpu, own=replace(own, epochs=1.0))
    reasoner = Reasoner.load(sft(recipe, tmp_path, cpu, own=own))
    said = reasoner.reply(
        images=[np.zeros((24, 40, 3), np.uint8)], tools=[], notes=[], question="What is there?"
    )
    assert said.reply.answer in ("A red circle.", "A blue square.")


def test_the_costs_that_the_recipe_names_are_those_computed() -> None:
    named = [float(x) for x in re.findall(r"([\d.]+) (?:hours|GiB)", " ".join((llava.__doc__ or "").split()))]
    costs = [llava.cost(**llava.ALIGN), llava.cost(**llava.SFT)]
    assert named == [round(x, 1) for cost in costs for x in (cost.hours, cost.gib)]
    assert (llava.RECIPE.pretrained.steps, llava.RECIPE.sft.steps) == (2181, 5198)  # as LLaVA-1.5's


def test_without_data_it_says_what_it_wants(tmp_path: Path) -> None:
    for stage in ("pretrain", "sft"):
        result = CliRunner().invoke(app, [stage, "--recipe", "llava", "--run", str(tmp_path / stage)])
        assert result.exit_code != 0
    with pytest.raises(ConfigError, match="give it --data"):
        CliRunner().invoke(
            app, ["pretrain", "--recipe", "llava", "--run", str(tmp_path)], catch_exceptions=False
        )
    result = CliRunner().invoke(app, ["pretrain", "--recipe", "embedded", "--vision", "x"])
    assert result.exit_code == 2
    assert "recipe embedded takes no --vision" in result.output
