"""BLIP-2's stage 2: what moves, a run that resumes, a loss that falls, and a model that goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from sightline.errors import ConfigError, SightlineError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.reasoner import Reasoner
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import MANIFEST, write_manifest
from sightline.train.blip2 import load_qformer, new_qformer
from sightline.train.blip2_language import blip2_llm, connect
from sightline.train.cli import app
from sightline.train.losses import reply_loss
from sightline.train.optim import select
from sightline.train.recipes.embedded import RECIPE as EMBEDDED
from sightline.train.recipes.tiny import RECIPE
from sightline.train.stage import load_stage, text_batches

NewModel = Callable[[], SightlineForConditionalGeneration]
CPU = torch.device("cpu")


@pytest.fixture
def after_blip2(after_sft: Path, new_model: NewModel, vocabulary: Vocabulary) -> Path:
    """A run that has come as far as `blip2`, or says so."""
    (after_sft / RECIPE.sft.name).rename(after_sft / RECIPE.pretrained.name)
    assert RECIPE.blip2_data is not None
    torch.manual_seed(7)
    new_qformer(RECIPE.blip2_data, new_model(), vocabulary).save_pretrained(after_sft / "blip2" / "model")
    write_manifest(after_sft / "blip2" / "model", {})
    return after_sft


def test_connector_alone_moves_and_a_cut_run_goes_on(after_blip2: Path, resumed: Any) -> None:
    assert RECIPE.blip2_llm is not None
    whole, again = resumed(blip2_llm, RECIPE.blip2_llm, after_blip2)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    before = load_stage(RECIPE.pretrained, after_blip2, CPU)[0].state_dict()
    kept = [name for name in whole if not name.startswith("projector.")]
    assert {name.split(".")[0] for name in kept} == {"vision_tower", "language_model"}
    assert all(torch.equal(whole[name], before[name]) for name in kept)
    learnt = load_qformer(after_blip2 / "blip2" / "model").bfloat16().state_dict()
    inner = [name for name in whole if name.startswith("projector.") and "language_projection" not in name]
    same = {name for name in inner if torch.equal(whole[name], learnt[name.removeprefix("projector.")])}
    assert same <= {f"projector.qformer.encoder.layer.{n}.{part}" for n, part in _USELESS}


_USELESS = [(n, f"{part}.attention.key.bias") for n in (0, 1) for part in ("attention", "crossattention")]
"""A bias of all keys adds the same to all scores."""


def test_the_commands_end_in_a_model_that_describes_and_goes_on(after_blip2: Path) -> None:
    run = ("--recipe", "tiny", "--run", str(after_blip2))
    last = ("sft", *run, "--start", str(after_blip2 / "blip2-llm" / "model"))
    for command in (("blip2-llm", *run), last):
        result = CliRunner().invoke(app, list(command), catch_exceptions=False)
        assert result.exit_code == 0, result.output
    assert "⟦" in (after_blip2 / "blip2-llm" / "view.txt").read_text()
    log = [json.loads(line) for line in (after_blip2 / "blip2-llm" / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in log] == [1, 2, 3, 4]
    for stage in ("blip2-llm", "sft"):
        reasoner = Reasoner.load(after_blip2 / stage / "model")
        assert reasoner.model.config.tokens_per_image == 8
        picture = np.zeros((40, 60, 3), np.uint8)
        said = reasoner.reply(images=[picture], tools=[], notes=[], question="Describe the picture.")
        assert said.reply.answer is not None


def test_the_loss_falls_and_reaches_the_connector_alone(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model()
    assert RECIPE.blip2_data is not None
    assert RECIPE.blip2_llm is not None
    assert RECIPE.blip2_llm_data is not None
    for weight in model.language_model.parameters():  # one that has things to say
        nn.init.normal_(weight, std=0.2) if weight.ndim > 1 else None
    connect(model, new_qformer(RECIPE.blip2_data, model, vocabulary))
    chosen = select(model, RECIPE.blip2_llm.trains)
    assert {name.split(".")[0] for name, _, _ in chosen} == {"projector"}
    packed = text_batches(RECIPE.blip2_llm_data, vocabulary, model.config)(0, 0)
    optimizer = torch.optim.Adam([weight for _, weight, _ in chosen], lr=1e-2)
    losses: list[Tensor] = []
    for step in range(30):
        optimizer.zero_grad()
        loss, count, _ = reply_loss(model, packed)
        (loss / count).backward()
        if step == 0:
            silent = {name for name, weight, _ in chosen if weight.grad is None or not weight.grad.any()}
            assert all(name.endswith("key.bias") for name in silent)
        optimizer.step()
        losses.append(loss.detach() / count)
    frozen = [weight for weight in model.parameters() if not weight.requires_grad]
    assert len(frozen) + len(chosen) == len(list(model.parameters()))
    assert all(weight.grad is None for weight in frozen)
    assert losses[-1] < 0.9 * losses[0]  # the frozen model, of random weights, can be led no further


def test_a_missing_stage_says_so(after_blip2: Path) -> None:
    with pytest.raises(ConfigError, match="has no stage blip2-llm"):
        blip2_llm(EMBEDDED, after_blip2, CPU)
    (after_blip2 / "blip2" / "model" / MANIFEST).unlink()
    with pytest.raises(SightlineError, match="run the stage `blip2`"):
        blip2_llm(RECIPE, after_blip2, CPU)
