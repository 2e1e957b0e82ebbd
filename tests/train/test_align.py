"""Alignment: what the projector is taught is the sum of the words' embeddings, and nothing else moves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.align import Alignment, align_loss
from sightline.train.dense import dense_batch
from sightline.train.loop import Plan, fit
from sightline.train.worlds.scenes import COLOURS, SHAPES, SIZES


@pytest.fixture
def aligned(
    new_model: Callable[[], SightlineForConditionalGeneration], vocabulary: Vocabulary
) -> tuple[Alignment, SightlineForConditionalGeneration]:
    model = new_model()
    return Alignment(model, vocabulary), model


def batches(model: SightlineForConditionalGeneration) -> partial[dict[str, torch.Tensor]]:
    vision = model.config.vision_config
    return partial(dense_batch, images=4, words_share=0.0, side=vision.image_size, grid=model.config.grid)


def test_a_cell_is_to_be_the_sum_of_its_words(
    aligned: tuple[Alignment, SightlineForConditionalGeneration], vocabulary: Vocabulary
) -> None:
    alignment, model = aligned
    batch = batches(model)(0, 0)
    target = alignment.targets(batch)
    weights = model.get_input_embeddings().weight

    def word(text: str) -> torch.Tensor:
        return weights[vocabulary.text(f" {text}")].float().mean(0)

    for image, cell in batch["object"].nonzero().tolist():
        at = {name: int(batch[name][image, cell]) for name in ("colour", "size", "shape")}
        expected = word(COLOURS[at["colour"]]) + word(SIZES[at["size"]]) + word(SHAPES[at["shape"]])
        torch.testing.assert_close(target[image, cell], expected)
    image, cell = (batch["object"] == 0).nonzero()[0].tolist()
    torch.testing.assert_close(target[image, cell], word("nothing"))


def test_the_projector_comes_nearer_and_nothing_else_moves(
    aligned: tuple[Alignment, SightlineForConditionalGeneration], tmp_path: Path
) -> None:
    alignment, model = aligned
    make = batches(model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with torch.no_grad():
        first = float(align_loss(alignment, make(1, 0))[0])
    plan = Plan(name="align", steps=30, lr=3e-3, trains=(("^projector.linear", 1.0),), warmup=1)
    fit(alignment, plan, make, align_loss, tmp_path)
    with torch.no_grad():
        assert float(align_loss(alignment, make(1, 0))[0]) < 0.6 * first
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert moved == {f"projector.linear_{n}.{part}" for n in (1, 2) for part in ("weight", "bias")}
