"""What joins the tower and the language model: what goes in, what comes out, and what of it is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.mllm import backbone_dirs as dirs
from torch import Tensor, nn
from transformers.utils import logging

from sightline.errors import ConfigError
from sightline.mllm.backbones import join_backbones
from sightline.mllm.config import SightlineConfig
from sightline.mllm.connectors import MLPProjector, Resampler, sine_places
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.reasoner import Reasoner
from sightline.mllm.vision import resize_grid
from sightline.mllm.weights import EMBEDDED, write_manifest

logging.set_verbosity_error()
logging.disable_progress_bar()


def test_the_norms_stand_where_yi_vl_has_them() -> None:
    """`mlp2x_gelu_Norm` of the release: Linear, LayerNorm, GELU, Linear, LayerNorm."""
    ours = MLPProjector(12, 20, 4, places=False, norm=True)
    parts = [nn.Linear(12, 20), nn.LayerNorm(20), nn.GELU(), nn.Linear(20, 20), nn.LayerNorm(20)]
    theirs = nn.Sequential(*parts)
    names = ("linear_1", "norm_1", "linear_2", "norm_2")
    for name, part in zip(names, (parts[0], parts[1], parts[3], parts[4]), strict=True):
        nn.init.normal_(part.weight)
        getattr(ours, name).load_state_dict(part.state_dict())
    features = torch.randn(2, 16, 12)
    assert torch.equal(ours(features), theirs(features))


def by_hand(resampler: Resampler, features: Tensor, heads: int) -> Tensor:
    """Qwen-VL's `Resampler`, `ln_post` and `proj`, written out with numpy's positions."""
    side, width = int(features.shape[1] ** 0.5), resampler.query.shape[1]
    own = torch.from_numpy(mae_positions(width, resampler.grid)).float()
    theirs = nn.functional.interpolate(
        own.reshape(1, resampler.grid, resampler.grid, -1).permute(0, 3, 1, 2),
        size=(side, side),
        mode="bicubic",
        align_corners=False,
    )
    places = theirs.permute(0, 2, 3, 1).flatten(0, 2)
    values = resampler.norm_values(resampler.values(features))
    queries = resampler.norm_queries(resampler.query) + own
    w_q, w_k, w_v = resampler.attention.in_proj_weight.chunk(3)
    b_q, b_k, b_v = resampler.attention.in_proj_bias.chunk(3)
    mixed = []
    for one in values:
        q, k, v = queries @ w_q.T + b_q, (one + places) @ w_k.T + b_k, one @ w_v.T + b_v
        parts = [x.unflatten(-1, (heads, -1)).transpose(0, 1) for x in (q, k, v)]
        weights = (parts[0] @ parts[1].transpose(1, 2) / (width // heads) ** 0.5).softmax(-1)
        mixed.append((weights @ parts[2]).transpose(0, 1).flatten(1))
    seen = resampler.attention.out_proj(torch.stack(mixed))
    return resampler.norm_out(seen) @ resampler.out.weight.T


def mae_positions(width: int, grid: int) -> np.ndarray:
    """MAE's `get_2d_sincos_pos_embed`, in which the column goes first."""
    omega = 1.0 / 10000 ** (np.arange(width // 4) / (width / 4))
    columns, rows = np.meshgrid(np.arange(grid), np.arange(grid))
    halves = []
    for at in (columns, rows):
        angles = np.outer(at.reshape(-1), omega)
        halves.append(np.concatenate([np.sin(angles), np.cos(angles)], 1))
    return np.concatenate(halves, 1)


def started(vision: int = 24, text: int = 256, queries: int = 16) -> Resampler:
    torch.manual_seed(0)
    resampler = Resampler(vision, text, queries)
    for parameter in resampler.parameters():
        nn.init.normal_(parameter, std=0.2)
    return resampler


def test_positions_are_those_of_mae() -> None:
    assert np.allclose(sine_places(5, 24).numpy(), mae_positions(24, 5), atol=1e-6)


@pytest.mark.parametrize("patches", [16, 36])
def test_the_resampler_equals_qwen_vl_s_written_out(patches: int) -> None:
    resampler, features = started(), torch.randn(2, patches, 24)
    assert resampler.attention.num_heads == 2
    given = resampler(features)
    assert given.shape == (2, 16, 256)
    assert torch.allclose(given, by_hand(resampler, features, 2), atol=1e-4)


def test_where_a_patch_lies_matters_and_without_positions_it_would_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resampler, features = started(), torch.randn(1, 36, 24)
    turned = features.unflatten(1, (6, 6)).transpose(1, 2).flatten(1, 2)  # rows become columns
    assert not torch.allclose(resampler(features), resampler(turned), atol=1e-2)
    monkeypatch.setattr(
        "sightline.mllm.connectors.sine_places", lambda grid, width, device: torch.zeros(grid * grid, width)
    )
    assert torch.allclose(resampler(features), resampler(turned), atol=1e-4)


def test_a_gradient_reaches_every_weight() -> None:
    for connector in (started(), MLPProjector(24, 256, 6, places=False, norm=True)):
        features = torch.randn(2, 36, 24, requires_grad=True)
        connector(features).square().sum().backward()
        assert features.grad is not None
        assert features.grad.abs().sum(-1).all()
        still = [name for name, one in connector.named_parameters() if one.grad is None or not one.grad.any()]
        assert still == []


def test_a_resampler_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="20 queries do not lie in a square"):
        Resampler(24, 32, 20)
    with pytest.raises(ConfigError, match="multiple of 4"):
        Resampler(24, 30, 16)
    assert Resampler(24, 960, 4).attention.num_heads == 6  # 960 is no multiple of 7


@pytest.mark.parametrize(("connector", "tokens"), [("mlp", 16), ("mlp_norm", 16), ("resampler", 9)])
def test_a_model_with_it_is_kept_loaded_and_speaks(connector: str, tokens: int, tmp_path: Path) -> None:
    parts = dirs.clip(tmp_path / "v"), dirs.language(tmp_path / "l", "qwen3", tied=False)
    model, v = join_backbones(*parts, connector=connector, queries=9, dtype=torch.float32)
    assert model.config.tokens_per_image == tokens
    kept = tmp_path / "kept"
    model.save_pretrained(kept)
    v.tokenizer.save_pretrained(kept)
    write_manifest(kept, {})
    reasoner = Reasoner.load(kept)
    assert reasoner.model.config.connector == connector
    pixels = torch.rand(2, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        given = model.image_features(pixels)
        assert given.shape == (2, tokens, 32)
        assert torch.equal(given, reasoner.model.image_features(pixels))
        ids = torch.tensor([[*[v.marks["image"]] * tokens, *v.text("What is there?"), v.marks["reply"]]])
        more = {"max_new_tokens": 4, "do_sample": False, "pixel_values": pixels[:1]}
        cached, not_cached = (model.generate(input_ids=ids, use_cache=use, **more) for use in (True, False))
    assert torch.equal(cached, not_cached)
    said = reasoner.reply(
        images=[np.zeros((20, 30, 3), np.uint8)], tools=[], notes=[], question="What is there?", max_tokens=40
    )
    assert said.reply.answer is not None


def test_the_shipped_model_has_the_connector_that_it_had() -> None:
    config = SightlineConfig.from_pretrained(EMBEDDED)
    assert (config.connector, config.tokens_per_image) == ("mlp", 64)
    with torch.device("meta"):
        projector = SightlineForConditionalGeneration(config).projector
    assert isinstance(projector, MLPProjector)
    named = {
        "rows.weight",
        "columns.weight",
        *(f"linear_{i}.{x}" for i in (1, 2) for x in ("weight", "bias")),
    }
    assert set(projector.state_dict()) == named


def test_rows_and_columns_follow_another_grid() -> None:
    projector = MLPProjector(12, 20, 4)
    before = projector.rows.weight.detach().clone()
    projector.set_grid(8)
    assert projector(torch.randn(2, 64, 12)).shape == (2, 64, 20)
    assert torch.allclose(projector.rows.weight, resize_grid(before, (4, 1), (8, 1)))
    assert projector.rows.weight.requires_grad
