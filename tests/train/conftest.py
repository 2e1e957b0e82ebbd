"""A vocabulary and a tiny model that the tests of this package share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from sightline.mllm.chat import Dialogue
from sightline.mllm.config import tiny_config
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary, train_tokenizer
from sightline.mllm.weights import write_manifest
from sightline.train.checkpoint import checkpoints
from sightline.train.corpus import corpus
from sightline.train.loop import Plan
from sightline.train.losses import reply_loss
from sightline.train.packing import pack
from sightline.train.recipe import Recipe
from sightline.train.recipes.tiny import RECIPE


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary(train_tokenizer(corpus(0, 60), 800))


@pytest.fixture
def new_model(vocabulary: Vocabulary) -> Callable[[], SightlineForConditionalGeneration]:
    def make() -> SightlineForConditionalGeneration:
        torch.manual_seed(0)
        marks = vocabulary.marks
        config = tiny_config(
            vocabulary.size,
            image_token_id=marks["image"],
            pad_id=marks["pad"],
            bos_id=marks["bos"],
            eos_id=marks["eos"],
        )
        model = SightlineForConditionalGeneration(config)
        model.set_attn_implementation("eager")
        return model

    return make


TwoMinds = Callable[[Dialogue], tuple[SightlineForConditionalGeneration, SightlineForConditionalGeneration]]


@pytest.fixture
def of_two_minds(
    new_model: Callable[[], SightlineForConditionalGeneration], vocabulary: Vocabulary
) -> TwoMinds:
    """A dialogue of two answers to one question -> a model as likely to give either, and its like, frozen."""

    def train(both: Dialogue) -> tuple[SightlineForConditionalGeneration, SightlineForConditionalGeneration]:
        model, reference = new_model(), new_model()
        packed = pack(iter([both] * 10), vocabulary, rows=1, length=200, side=128, tokens_per_image=64)
        optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
        for _ in range(60):
            optimizer.zero_grad()
            loss, count, _ = reply_loss(model, packed)
            (loss / count).backward()
            optimizer.step()
        reference.load_state_dict(model.state_dict())
        return model, reference.requires_grad_(False)

    return train


@pytest.fixture
def after_sft(
    new_model: Callable[[], SightlineForConditionalGeneration], vocabulary: Vocabulary, tmp_path: Path
) -> Path:
    """The folder of a run of the tiny recipe that has come as far as SFT, or says so."""
    folder = tmp_path / RECIPE.sft.name / "model"
    new_model().save_pretrained(folder)
    vocabulary.tokenizer.save_pretrained(folder)
    write_manifest(folder, {})
    return tmp_path


Stage = Callable[[Recipe, Path, torch.device], Path]


@pytest.fixture
def resumed() -> Callable[[Stage, Plan, Path], tuple[dict[str, Tensor], dict[str, Tensor]]]:
    """(stage, plan, run) -> the weights of the whole run, and those of one that lost its last steps."""

    def run_twice(stage: Stage, plan: Plan, run: Path) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        whole = load_file(stage(RECIPE, run, torch.device("cpu")) / "model.safetensors")
        shutil.rmtree(checkpoints(run / plan.name)[-1])
        assert checkpoints(run / plan.name)
        shutil.rmtree(run / plan.name / "model")
        return whole, load_file(stage(RECIPE, run, torch.device("cpu")) / "model.safetensors")

    return run_twice
