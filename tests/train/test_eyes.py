"""The eyes of a tiny language model: batches, what a packed row computes, training, replies."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tests.planning.doubles import tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from sightline.errors import ConfigError, WeightsError
from sightline.mllm.attention import TREE
from sightline.mllm.config import ConvStemViTConfig, tiny_config
from sightline.mllm.eyes import PLACE, Eyes, SeeingModel
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.planning.choices import END
from sightline.planning.picture_prompt import before_question, from_question
from sightline.planning.tokens import Tokens
from sightline.train.eyes import EyesStage, description, eyes_batch, eyes_loss, train_eyes
from sightline.train.packing import Packed
from sightline.train.planner import hidden_states
from sightline.train.worlds.scenes import make_scene

ENCODER = ConvStemViTConfig(image_size=32, stem_channels=(8, 8, 16), hidden_size=16, depth=1, num_heads=2)
STAGE = EyesStage(
    plan=replace(EyesStage().plan, steps=2, save_every=2, log_every=1), rows=2, length=600, questions=3
)


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens(tokenizer())


@pytest.fixture(scope="module")
def language(tokens: Tokens) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokens.size, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=2, pad_token_id=0,
    )  # fmt: skip
    model: LlamaForCausalLM = LlamaForCausalLM(config).eval()
    return model


@pytest.fixture(scope="module")
def model(language: LlamaForCausalLM) -> SeeingModel:
    torch.manual_seed(1)
    return SeeingModel(Eyes(32, 0.02, ENCODER), language).eval()


@pytest.fixture(scope="module")
def batch(tokens: Tokens) -> Packed:
    return eyes_batch(0, 0, tokens=tokens, stage=STAGE, places=4, side=32)


def test_a_batch_has_a_picture_for_each_group(batch: Packed, tokens: Tokens) -> None:
    assert batch.pixels is not None
    groups = sum(int(row.max()) for row in batch.group)
    assert batch.pixels.shape == (groups, 3, 32, 32)
    assert int(((batch.ids == PLACE) & (batch.group > 0)).sum()) == 4 * groups
    again = eyes_batch(0, 0, tokens=tokens, stage=STAGE, places=4, side=32)
    assert torch.equal(again.ids, batch.ids)
    assert torch.equal(again.pixels, batch.pixels)  # type: ignore[arg-type]  # has some, see above
    assert "describe" in batch.tasks


def test_each_branch_is_computed_as_if_it_stood_alone(model: SeeingModel, batch: Packed) -> None:
    assert batch.pixels is not None
    row = 1
    before = int(batch.group[0].max())  # pictures of the row above
    model.language.set_attn_implementation(TREE)
    hidden = hidden_states(model.language, batch, model.embedded(batch.ids, batch.pixels))[row]
    model.language.set_attn_implementation("sdpa")
    for group in range(1, int(batch.group[row].max()) + 1):
        own = (batch.group[row] == group) & ((batch.branch[row] == 0) | (batch.branch[row] == 2))
        ids, picture = batch.ids[row][own][None], batch.pixels[before + group - 1][None]
        alone = model.language.model(inputs_embeds=model.embedded(ids, picture)).last_hidden_state[0]
        torch.testing.assert_close(hidden[own], alone, rtol=1e-4, atol=1e-5)


def test_padding_is_no_picture(model: SeeingModel, batch: Packed) -> None:
    """Rows are filled up with the token that stands for a picture: it takes no picture's embedding."""
    assert batch.pixels is not None
    loss, count, _ = eyes_loss(model, batch)
    assert torch.isfinite(loss)
    assert count > 0
    embedded = model.embedded(batch.ids, batch.pixels)
    seen = model.eyes(batch.pixels).flatten(0, 1)
    shown = (batch.ids == PLACE) & (batch.group > 0)
    torch.testing.assert_close(embedded[shown], seen)


def test_the_projector_alone_is_trained_and_comes_back(
    language: LlamaForCausalLM, tokens: Tokens, tmp_path: Path
) -> None:
    torch.manual_seed(2)
    config = tiny_config(64, image_token_id=3, pad_id=0, bos_id=1, eos_id=2)
    seeing = SightlineForConditionalGeneration(config).bfloat16()  # as weights are kept
    seeing.save_pretrained(tmp_path / "seeing")
    language.save_pretrained(tmp_path / "base")
    tokenizer().save(str(tmp_path / "base" / "tokenizer.json"))
    first = replace(STAGE, plan=replace(STAGE.plan, steps=1, lr=1e-30))
    start = Eyes.load(train_eyes(tmp_path / "base", tmp_path / "still", tmp_path / "seeing", first))
    eyes = Eyes.load(train_eyes(tmp_path / "base", tmp_path / "run", tmp_path / "seeing", STAGE))
    for name, value in seeing.vision_tower.state_dict().items():
        torch.testing.assert_close(eyes.encoder.state_dict()[name], value.float())
    assert not torch.equal(eyes.projector.linear_1.weight, start.projector.linear_1.weight)
    image = np.full((20, 40, 3), 200, np.uint8)
    asked = [*before_question(tokens, eyes.tokens, PLACE), *from_question(tokens, "How many?")]
    stop = tokens.piece(END)[0]
    said, sure = SeeingModel(eyes, language).reply(
        image, asked, stop=stop, most=4, deadline=time.monotonic() + 600
    )
    assert len(said) <= 4
    assert 0 < sure <= 1
    with pytest.raises(WeightsError, match="no eyes in"):
        Eyes.load(tmp_path)


def test_a_description_counts_what_is_alike() -> None:
    scene = make_scene(np.random.default_rng(0))
    told = description(scene)
    assert told.endswith(".")
    assert sum(int(w) if w.isdigit() else w == "a" for w in told.split()) == len(scene.things)


def test_an_encoder_of_another_kind_is_refused(
    language: LlamaForCausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    language.save_pretrained(tmp_path / "base")
    other = SimpleNamespace(vision_tower=SimpleNamespace(config=SimpleNamespace(model_type="siglip")))
    monkeypatch.setattr("sightline.train.eyes.load_whole", lambda *_, **__: other)
    with pytest.raises(ConfigError, match="an encoder of another kind: siglip"):
        train_eyes(tmp_path / "base", tmp_path / "run", tmp_path, STAGE)
