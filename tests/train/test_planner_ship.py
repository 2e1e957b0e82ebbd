"""An adapter as it is shipped: PEFT reads it, its numbers are the trained ones, and its manifest holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from sightline.errors import WeightsError
from sightline.mllm.gguf_folder import _changes
from sightline.mllm.weights import check_weights
from sightline.train.lora import old_names
from sightline.train.planner import PlannerStage, with_adapter
from sightline.train.planner_ship import ship

SMALL = LlamaConfig(
    vocab_size=32,
    hidden_size=8,
    intermediate_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
)


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    model = with_adapter(LlamaForCausalLM(SMALL), PlannerStage(rank=2, first_layer=1))
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    model.save_pretrained(str(tmp_path / "adapter"))
    return tmp_path / "adapter"


def test_it_is_the_trained_adapter_in_half_the_bytes(adapter: Path, tmp_path: Path) -> None:
    folder = ship(adapter, tmp_path / "shipped", {"made by": "a test"})
    trained, shipped = _changes(adapter), _changes(folder)
    assert trained.keys() == shipped.keys()
    for name, (a, b, scale) in trained.items():
        np.testing.assert_allclose(shipped[name][0], a, rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(shipped[name][1], b, rtol=1e-3, atol=1e-6)
        assert shipped[name][2] == scale
    assert {v.dtype for v in load_file(folder / "adapter_model.safetensors").values()} == {
        np.dtype("float16")
    }
    assert json.loads((folder / "manifest.json").read_text())["made by"] == "a test"
    assert check_weights(folder)
    assert str(tmp_path) not in (folder / "adapter_config.json").read_text()


def test_peft_reads_what_is_shipped(adapter: Path, tmp_path: Path) -> None:
    from peft import PeftModel

    folder = ship(adapter, tmp_path / "shipped", {})
    torch.manual_seed(1)
    model = LlamaForCausalLM(SMALL)
    ids = torch.arange(6)[None]
    before = model(ids).logits
    with old_names():
        after = PeftModel.from_pretrained(model, str(folder))(ids).logits
    assert (after - before).abs().max() > 1e-3


def test_numbers_too_large_are_refused(adapter: Path, tmp_path: Path) -> None:
    file = adapter / "adapter_model.safetensors"
    tensors = load_file(file)
    save_file({name: values * 1e7 for name, values in tensors.items()}, file)
    with pytest.raises(WeightsError, match="float16 cannot hold"):
        ship(adapter, tmp_path / "shipped", {})
    with pytest.raises(WeightsError, match="no adapter in"):
        ship(tmp_path, tmp_path / "shipped", {})
