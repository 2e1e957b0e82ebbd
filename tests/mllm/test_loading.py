"""Models that load at once are whole, and one that lacks a weight is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

from sightline.errors import WeightsError
from sightline.mllm.loading import load_whole

CONFIG = LlamaConfig(
    vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2,
    num_key_value_heads=1, tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=2,
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    LlamaForCausalLM(CONFIG).save_pretrained(tmp_path)
    return tmp_path


def test_eight_at_once_are_all_alike(folder) -> None:
    ids = torch.arange(10)[None]

    def logits(_: int) -> torch.Tensor:
        model = load_whole(AutoModelForCausalLM.from_pretrained, folder, dtype=torch.float32)
        with torch.no_grad():
            return model(ids).logits

    with ThreadPoolExecutor(8) as pool:
        first, *others = pool.map(logits, range(8))
    assert all(torch.equal(first, other) for other in others)
    assert first.std() > 0


def test_a_missing_weight_is_named(folder) -> None:
    file = folder / "model.safetensors"
    tensors = load_file(file)
    del tensors["model.layers.1.mlp.up_proj.weight"]
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"lacks 1 weights.*layers\.1\.mlp\.up_proj"):
        load_whole(AutoModelForCausalLM.from_pretrained, folder)


def test_no_model_is_one_clear_error(tmp_path) -> None:
    with pytest.raises(WeightsError, match=str(tmp_path)):
        load_whole(AutoModelForCausalLM.from_pretrained, tmp_path)


def test_a_folder_that_is_not_there_is_named_as_such(tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"no such folder: .*nowhere"):
        load_whole(AutoModelForCausalLM.from_pretrained, tmp_path / "nowhere")
