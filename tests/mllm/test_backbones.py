"""Pretrained parts in the slots: their own weights, their own eyes and words, and one model to keep."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.mllm import backbone_dirs as dirs
from transformers import AutoTokenizer, BertConfig, CLIPImageProcessor, CLIPModel, Qwen2Config, SiglipModel
from transformers.utils import logging

from sightline.errors import ConfigError, WeightsError
from sightline.mllm.backbones import join_backbones
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.reasoner import Reasoner
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import write_manifest

logging.set_verbosity_error()
logging.disable_progress_bar()

PAIRS = [("siglip", "qwen2"), ("clip", "qwen3"), ("siglip", "llama")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    root = tmp_path_factory.mktemp("backbones")
    return {
        "siglip": dirs.siglip(root / "siglip"),
        "clip": dirs.clip(root / "clip"),
        "qwen2": dirs.language(root / "qwen2"),
        "qwen3": dirs.language(root / "qwen3", "qwen3", tied=False, spare=400),
        "llama": dirs.language(root / "llama", "llama", tied=False),
    }


def ids_and_pixels(v: Vocabulary) -> tuple[torch.Tensor, torch.Tensor]:
    ids = [*[v.marks["image"]] * 16, *v.text("What is there?"), v.marks["reply"]]
    return torch.tensor([ids]), torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.parametrize(("vision", "language"), PAIRS)
def test_the_weights_are_those_of_the_folders(folders: dict[str, str], vision: str, language: str) -> None:
    model, _ = join_backbones(folders[vision], folders[language], dtype=torch.float32)
    stored = load_file(Path(folders[language]) / "model.safetensors")
    own = len(AutoTokenizer.from_pretrained(folders[language]))
    for name, value in model.language_model.state_dict().items():
        rows = own if "embed" in name or "lm_head" in name else len(value)
        assert torch.equal(value[:rows], stored.get(name, stored["model.embed_tokens.weight"])[:rows]), name
    seen = load_file(Path(folders[vision]) / "model.safetensors")
    tower = {
        name.removeprefix("vision_model."): value for name, value in model.vision_tower.state_dict().items()
    }
    for name, value in tower.items():
        assert torch.equal(value, seen[f"vision_model.{name}"]), name
    assert not any(parameter.is_meta for parameter in model.parameters())
    assert not any(buffer.is_meta for buffer in model.buffers())


@pytest.mark.parametrize(("vision", "language"), PAIRS)
def test_kept_as_one_model_it_gives_the_same_outputs(
    folders: dict[str, str], vision: str, language: str, tmp_path: Path
) -> None:
    model, v = join_backbones(folders[vision], folders[language], dtype=torch.float32)
    model.save_pretrained(tmp_path)
    v.tokenizer.save_pretrained(tmp_path)
    again = SightlineForConditionalGeneration.from_pretrained(tmp_path).eval()
    words = Vocabulary.load(tmp_path)
    assert (words.marks, words.texts, words.shown) == (v.marks, v.texts, v.shown)
    ids, pixels = ids_and_pixels(v)
    with torch.no_grad():
        assert torch.equal(
            model(input_ids=ids, pixel_values=pixels).logits, again(input_ids=ids, pixel_values=pixels).logits
        )
    said = again.generate(input_ids=ids, pixel_values=pixels, max_new_tokens=4, do_sample=False)
    assert said.shape[1] <= ids.shape[1] + 4


def test_clip_is_read_before_its_last_layer_and_without_its_class(folders: dict[str, str]) -> None:
    model, _ = join_backbones(folders["clip"], folders["qwen2"], dtype=torch.float32)
    whole = CLIPModel.from_pretrained(folders["clip"]).eval()
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    theirs = CLIPImageProcessor.from_pretrained(folders["clip"])(images=[image], return_tensors="pt")
    ours = to_pixels([image], 32)
    assert torch.allclose(model._normalised(ours), theirs["pixel_values"], atol=1e-5)
    with torch.no_grad():
        layers = whole.vision_model(**theirs, output_hidden_states=True).hidden_states
        assert torch.allclose(model.patches(ours), layers[-2][:, 1:], atol=1e-5)


def test_siglip_can_be_read_after_its_last_layer(folders: dict[str, str]) -> None:
    model, _ = join_backbones(folders["siglip"], folders["qwen2"], dtype=torch.float32, select_layer=None)
    whole = SiglipModel.from_pretrained(folders["siglip"]).eval()
    pixels = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        last = whole.vision_model(pixel_values=pixels).last_hidden_state
        assert torch.allclose(model.patches(pixels), last, atol=1e-6)


def test_new_tokens_start_as_the_words_of_their_names(folders: dict[str, str]) -> None:
    model, v = join_backbones(folders["siglip"], folders["qwen3"], dtype=torch.float32)
    for table in (model.get_input_embeddings().weight, model.get_output_embeddings().weight):
        assert torch.allclose(table[v.marks["user"]], table[v.text("user")].mean(0))
        assert torch.allclose(table[v.first_bin + 7], table[v.text("07")].mean(0))
    own = AutoTokenizer.from_pretrained(folders["qwen3"])
    assert v.marks["eos"] == own.eos_token_id
    assert v.text("What is there?") == own("What is there?")["input_ids"]
    assert (
        v.decode([v.marks["answer"], *v.text(" 12.50 <eos> ä"), v.first_bin + 7])
        == "<answer> 12.50 <eos> ä<07>"
    )


def test_it_reasons_under_the_grammar(folders: dict[str, str], tmp_path: Path) -> None:
    model, v = join_backbones(folders["siglip"], folders["qwen3"])
    model.save_pretrained(tmp_path)
    v.tokenizer.save_pretrained(tmp_path)
    write_manifest(tmp_path, {})
    said = Reasoner.load(tmp_path).reply(
        images=[np.zeros((20, 30, 3), np.uint8)], tools=[], notes=[], question="What is there?", max_tokens=40
    )
    assert said.reply.answer is not None


def test_what_does_not_fit_is_said_in_a_line(folders: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="qwen2 is no vision encoder"):
        join_backbones(folders["qwen2"], folders["qwen2"])
    with pytest.raises(WeightsError, match="nowhere"):
        join_backbones(str(tmp_path / "nowhere"), folders["qwen2"])
    with pytest.raises(ConfigError, match="no layer -9"):
        join_backbones(folders["siglip"], folders["qwen2"], select_layer=-9)
    with pytest.raises(ConfigError, match="a Q-Former is trained before it connects"):
        join_backbones(folders["siglip"], folders["qwen2"], connector="qformer")
    (tmp_path / "bert").mkdir()
    BertConfig(hidden_size=32).save_pretrained(tmp_path / "bert")
    with pytest.raises(ConfigError, match="bert is no vision encoder"):
        join_backbones(str(tmp_path / "bert"), folders["qwen2"])
    sliding = Qwen2Config(num_hidden_layers=2, use_sliding_window=True, max_window_layers=0)
    sliding.save_pretrained(tmp_path / "sliding")
    with pytest.raises(ConfigError, match="sliding_attention"):
        join_backbones(folders["siglip"], str(tmp_path / "sliding"))


def test_a_folder_that_lacks_weights_is_refused(folders: dict[str, str], tmp_path: Path) -> None:
    folder = Path(dirs.language(tmp_path / "cut"))
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(WeightsError, match=r"lacks 1 weights, the first of them model\.layers\.1"):
        join_backbones(folders["siglip"], str(folder))
