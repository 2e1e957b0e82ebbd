"""Every stage runs at a tiny size, goes on from the one before it, and gives a model that answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from sightline.errors import SightlineError
from sightline.mllm.reasoner import Reasoner
from sightline.mllm.weights import MANIFEST
from sightline.train.cli import app
from sightline.train.dpo import dpo
from sightline.train.evaluate import score
from sightline.train.grpo import grpo
from sightline.train.recipe import Played, Preference
from sightline.train.recipes.tiny import RECIPE
from sightline.train.rollouts import Sampling
from sightline.train.sft import sft

STAGES = ("pretrain", "sft", "dpo", "grpo")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of all stages, by the command that a user types."""
    folder = tmp_path_factory.mktemp("run")
    for stage in STAGES:
        result = CliRunner().invoke(
            app, [stage, "--recipe", "tiny", "--run", str(folder)], catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
    return folder


def test_each_stage_leaves_a_log_a_plot_and_a_checkpoint(run: Path) -> None:
    pretraining = (RECIPE.vision, RECIPE.language, RECIPE.copying, RECIPE.align, RECIPE.looking)
    for plan in (*pretraining, RECIPE.sft, RECIPE.dpo, RECIPE.grpo):
        assert plan is not None
        log = [json.loads(line) for line in (run / plan.name / "log.jsonl").read_text().splitlines()]
        assert [record["step"] for record in log] == list(range(1, plan.steps + 1))
        assert all(np.isfinite(record["loss"]) for record in log)
        assert (run / plan.name / "curves.png").read_bytes().startswith(b"\x89PNG")
        assert list((run / plan.name).glob("step-*"))


def test_sft_shows_what_the_loss_covers_and_what_the_model_says(run: Path) -> None:
    assert "⟦" in (run / "sft" / "view.txt").read_text()
    samples = [json.loads(line) for line in (run / "sft" / "samples.jsonl").read_text().splitlines()]
    assert [sample["step"] for sample in samples] == [2] * 6 + [4] * 6
    assert all(sample["asked"] and sample["wanted"] for sample in samples)


def test_the_tower_trains_first_and_is_frozen_afterwards(run: Path) -> None:
    after = {
        stage: Reasoner.load(run / stage / "model").model.vision_tower.state_dict()
        for stage in ("copying", "sft", "dpo")
    }
    for name, value in after["copying"].items():
        assert torch.equal(value, after["sft"][name])
        assert torch.equal(value, after["dpo"][name])


def test_the_language_model_moves_in_every_stage(run: Path) -> None:
    weights = [
        Reasoner.load(run / stage / "model").model.language_model.lm_head.weight
        for stage in ("copying", "sft", "dpo")
    ]
    assert not torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[1], weights[2])


def test_what_is_exported_answers(run: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["export", str(tmp_path / "out"), "--recipe", "tiny", "--run", str(run)])
    assert result.exit_code == 0
    assert (tmp_path / "out" / MANIFEST).is_file()
    reasoner = Reasoner.load(tmp_path / "out")
    said = reasoner.reply(
        images=[np.zeros((40, 60, 3), np.uint8)], tools=[], notes=[], question="Is there a red circle?"
    )
    assert said.reply.answer is not None
    scores = score(reasoner, ("direct", "planner"), dialogues=1)
    assert all(0 <= s.right <= s.total for s in scores.values())
    assert any(task.startswith("planner/") for task in scores)


def test_dpo_on_what_the_model_says_itself(run: Path, tmp_path: Path) -> None:
    """It says nothing right yet: each reply has its first mistake, and the model moves."""
    own = Played(
        mixture=(("covered", 1.0),), dialogues=2, sampling=Sampling(replies=2, questions=1, max_tokens=8)
    )
    recipe = replace(RECIPE, own_pairs=own, preference=Preference(anchor=0.0))
    start = run / "sft" / "model"
    folder = dpo(recipe, tmp_path, torch.device("cpu"), start=start)
    before, after = (Reasoner.load(one).model.state_dict() for one in (start, folder))
    assert any(not torch.equal(before[name], value) for name, value in after.items())
    log = [json.loads(line) for line in (tmp_path / "dpo" / "log.jsonl").read_text().splitlines()]
    assert all("ranked" in record and "describe" in record for record in log)


def test_grpo_begins_with_any_model(run: Path, tmp_path: Path) -> None:
    assert RECIPE.grpo is not None
    still = replace(RECIPE, grpo=replace(RECIPE.grpo, steps=1, lr=0.0))
    folder = grpo(still, tmp_path, torch.device("cpu"), start=run / "sft" / "model")
    after = Reasoner.load(folder).model.state_dict()
    for name, value in Reasoner.load(run / "sft" / "model").model.state_dict().items():
        assert torch.equal(after[name], value)


def test_a_stage_without_the_one_before_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(SightlineError, match="run the stage `looking` of this recipe to its end first"):
        sft(RECIPE, tmp_path, torch.device("cpu"))


def test_an_unknown_recipe_is_named_with_those_there_are() -> None:
    result = CliRunner().invoke(app, ["sft", "--recipe", "nonesuch"])
    assert result.exit_code == 2
    assert "nonesuch" in result.output
    assert all(name in result.output for name in ("embedded", "llava", "moe_llava", "seeing", "tiny"))
