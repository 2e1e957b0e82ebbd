"""Another resolution: positions as transformers interpolates them, and a model in which all else follows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.mllm import backbone_dirs as dirs
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    Dinov2Config,
    Dinov2Model,
    PreTrainedModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)
from transformers.utils import logging

from sightline.errors import ConfigError
from sightline.mllm.backbones import join_backbones, set_resolution
from sightline.mllm.config import ConvStemViTConfig
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.reasoner import Reasoner
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.vision import ConvStemViT, resize_grid, set_side
from sightline.mllm.weights import write_manifest

logging.set_verbosity_error()
logging.disable_progress_bar()


def tower(kind: str) -> PreTrainedModel:
    torch.manual_seed(0)
    model = {
        "siglip": lambda: SiglipVisionModel(SiglipVisionConfig(**dirs.TOWER)),
        "clip": lambda: CLIPVisionModel(CLIPVisionConfig(**dirs.TOWER)),
    }[kind]()
    torch.nn.init.normal_(model.embeddings.position_embedding.weight)
    return model.eval()


@pytest.mark.parametrize("side", [48, 64, 16])
@pytest.mark.parametrize("kind", ["siglip", "clip"])
@torch.no_grad()
def test_a_tower_sees_what_transformers_makes_of_the_same_positions(kind: str, side: int) -> None:
    model, pixels = tower(kind), torch.randn(2, 3, side, side)
    wanted = model(pixel_values=pixels, interpolate_pos_encoding=True).last_hidden_state
    assert set_side(model, side) == side // 8
    assert torch.equal(model(pixel_values=pixels).last_hidden_state, wanted)
    again = type(model)(model.config).eval()
    again.load_state_dict(model.state_dict())
    assert torch.equal(again(pixel_values=pixels).last_hidden_state, wanted)


def test_its_own_side_changes_nothing() -> None:
    model = tower("clip")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    set_side(model, 32)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_our_own_tower_follows_too() -> None:
    torch.manual_seed(0)
    model = ConvStemViT(ConvStemViTConfig(stem_channels=(8, 8, 16), hidden_size=32, depth=2, num_heads=2))
    cells = model.positions.weight.detach().clone()
    assert set_side(model, 192) == 12
    assert model(torch.randn(1, 3, 192, 192)).last_hidden_state.shape == (1, 144, 32)
    assert torch.equal(model.positions.weight, resize_grid(cells, (8, 8), (12, 12)))
    assert ConvStemViT(model.config).positions.weight.shape == model.positions.weight.shape


def test_a_gradient_reaches_the_new_positions() -> None:
    model = tower("clip")
    set_side(model, 48)
    model(pixel_values=torch.randn(1, 3, 48, 48)).last_hidden_state.sum().backward()
    assert model.embeddings.position_embedding.weight.grad.abs().sum(-1).all()


@pytest.mark.parametrize(("connector", "tokens"), [("mlp", 36), ("resampler", 9)])
def test_all_of_a_model_follows_and_stays_when_kept(connector: str, tokens: int, tmp_path: Path) -> None:
    parts = dirs.clip(tmp_path / "v"), dirs.language(tmp_path / "l")
    model, v = join_backbones(*parts, connector=connector, queries=9, dtype=torch.float32)
    set_resolution(model, 48)
    config = model.config
    assert (config.grid, config.vision_config.image_size, config.tokens_per_image) == (6, 48, tokens)
    kept = tmp_path / "kept"
    model.save_pretrained(kept)
    v.tokenizer.save_pretrained(kept)
    write_manifest(kept, {})
    again = Reasoner.load(kept)
    pixels = torch.rand(1, 3, 48, 48) * 2 - 1
    with torch.no_grad():
        assert torch.equal(model.image_features(pixels), again.model.image_features(pixels))
    image = np.zeros((20, 30, 3), np.uint8)
    assert again.reply(images=[image], tools=[], notes=[], question="What?", max_tokens=40).reply is not None


def test_a_model_with_places_follows_too(
    model: SightlineForConditionalGeneration, vocabulary: Vocabulary
) -> None:
    set_resolution(model, 192)
    ids = torch.tensor([[*[vocabulary.marks["image"]] * 144, vocabulary.marks["reply"]]])
    with torch.no_grad():
        logits = model(input_ids=ids, pixel_values=torch.rand(1, 3, 192, 192)).logits
    assert logits.isfinite().all()
    assert model.projector.rows.weight.shape[0] == 12


def test_what_cannot_be_is_said_in_a_line() -> None:
    with pytest.raises(ConfigError, match="50 px cannot be cut into patches of 8 px"):
        set_side(tower("siglip"), 50)
    small = {name: value for name, value in dirs.TOWER.items() if name != "intermediate_size"}
    with pytest.raises(ConfigError, match="dinov2 keeps to its own resolution"):
        set_side(Dinov2Model(Dinov2Config(**small)), 48)
