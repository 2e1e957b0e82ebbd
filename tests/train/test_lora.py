"""LoRA: what is frozen stays to the bit, the adapter moves, and added in it changes no output."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.mllm import backbone_dirs as dirs
from torch import Tensor
from transformers.utils import logging
from typer.testing import CliRunner

from sightline.errors import ConfigError
from sightline.mllm.backbones import join_backbones
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.reasoner import Reasoner
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import write_manifest
from sightline.train import lora as lora_module
from sightline.train.cli import app
from sightline.train.loop import fit
from sightline.train.lora import REPACKS, TRAINS, Lora, add_lora, four_bit, merge
from sightline.train.losses import reply_loss
from sightline.train.optim import select
from sightline.train.own_data import OwnData, own_batches
from sightline.train.recipe import TextData
from sightline.train.recipes.tiny import RECIPE
from sightline.train.stage import load_folder
from sightline.train.throughput import FlopMeter

logging.set_verbosity_error()
logging.disable_progress_bar()

CPU = torch.device("cpu")
DATA = TextData(mixture=(), rows=1, length=256)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    root = tmp_path_factory.mktemp("parts")
    return dirs.siglip(root / "v"), dirs.language(root / "l")


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    said = [{"from": "human", "value": "What is there?"}, {"from": "gpt", "value": "A red circle."}]
    path.write_text("\n".join(json.dumps({"id": n, "conversations": said}) for n in range(4)))
    return path


def trained(parts: tuple[str, str], rows: Path, run: Path) -> tuple[SightlineForConditionalGeneration, Path]:
    """After a few steps by hand, in float32, and the folder of the adapter."""
    model, v = join_backbones(*parts, dtype=torch.float32)
    _, make = own_batches(OwnData(sources=((str(rows), None),)), RECIPE.sft, run, v, model.config, data=DATA)
    wrapped = add_lora(model, Lora(rank=4))
    chosen = select(model, TRAINS)
    optimizer = torch.optim.SGD([weight for _, weight, _ in chosen], lr=0.05)
    for draw in range(3):
        optimizer.zero_grad()
        reply_loss(model, make(0, draw))[0].backward()
        missing = [name for name, weight, _ in chosen if weight.grad is None]
        assert [name for name in missing if "projector" not in name] == []  # the rows have no images
        if draw:  # at first B is 0, and A has no gradient but 0
            assert all(
                weight.grad.any() for name, weight, _ in chosen if "lora" in name and weight.grad is not None
            )
        optimizer.step()
    wrapped.save_pretrained(str(run / "adapter"))
    return model.eval(), run / "adapter"


def test_only_the_adapter_moves_and_it_is_in_every_layer(
    parts: tuple[str, str], rows: Path, tmp_path: Path
) -> None:
    model, _ = trained(parts, rows, tmp_path)
    before = join_backbones(*parts, dtype=torch.float32)[0].state_dict()
    kept = {}
    for name, weight in model.state_dict().items():
        plain = name.replace(".base_layer.", ".").replace(".original_module.", ".")
        if "lora_" not in name and "modules_to_save" not in name:
            kept[plain] = weight
    assert set(kept) == set(before)
    assert all(torch.equal(kept[name], before[name]) for name in before)
    adapted = {name.split(".lora_A")[0] for name in model.state_dict() if ".lora_A" in name}
    assert len(adapted) == 2 * 7  # q k v o gate up down, of two layers
    assert all(name.startswith("language_model.") for name in adapted)


def test_added_in_and_reloaded_it_says_the_same(parts: tuple[str, str], rows: Path, tmp_path: Path) -> None:
    model, adapter = trained(parts, rows, tmp_path)
    ids = torch.tensor([[*[model.config.image_token_id] * 16, 40, 41, 42, 43]])
    pixels = torch.rand(1, 3, 32, 32) * 2 - 1
    plain = join_backbones(*parts, dtype=torch.float32)[0]
    merged = merge(join_backbones(*parts, dtype=torch.float32)[0], adapter)
    with torch.no_grad():
        beside, added, without = (
            one(input_ids=ids, pixel_values=pixels).logits for one in (model, merged, plain)
        )
    assert torch.allclose(beside, added, atol=1e-5)
    assert not torch.allclose(beside, without, atol=1e-3)
    merged.save_pretrained(tmp_path / "merged")
    again = SightlineForConditionalGeneration.from_pretrained(tmp_path / "merged").eval()
    assert set(again.state_dict()) == set(plain.state_dict())
    with torch.no_grad():
        assert torch.equal(again(input_ids=ids, pixel_values=pixels).logits, added)


def test_the_command_keeps_adapter_and_model(parts: tuple[str, str], rows: Path, tmp_path: Path) -> None:
    model, v = join_backbones(*parts)
    folder = tmp_path / "run" / RECIPE.pretrained.name / "model"
    model.save_pretrained(folder)
    v.tokenizer.save_pretrained(folder)
    write_manifest(folder, {})
    command = ["sft", "--recipe", "tiny", "--run", str(tmp_path / "run"), "--data", str(rows)]
    result = CliRunner().invoke(app, [*command, "--batch", "2", "--lora", "2"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    kept = {path.name for path in (tmp_path / "run" / "sft" / "adapter").iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors"} <= kept
    after = Reasoner.load(tmp_path / "run" / "sft" / "model")
    said = after.reply(
        images=[np.zeros((9, 9, 3), np.uint8)], tools=[], notes=[], question="What?", max_tokens=9
    )
    assert said.reply.answer is not None
    moved = {
        name.split(".")[0]
        for name, weight in after.model.state_dict().items()
        if not torch.equal(weight.bfloat16(), model.state_dict()[name])
    }
    assert moved == {"language_model"}  # the projector had no image to learn from


def quantized(folder: Path) -> SightlineForConditionalGeneration:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    return load_folder(folder, CPU, **four_bit(CPU))[0]


@pytest.fixture
def folder(parts: tuple[str, str], tmp_path: Path) -> Path:
    """A model on disk, as a stage leaves it."""
    model, v = join_backbones(*parts)
    with torch.no_grad():  # the table stays as it is: words that are all alike could not be told apart
        model.language_model.get_input_embeddings().weight.mul_(20)
    model.save_pretrained(tmp_path / "model")
    v.tokenizer.save_pretrained(tmp_path / "model")
    write_manifest(tmp_path / "model", {})
    return tmp_path / "model"


def codes(model: SightlineForConditionalGeneration) -> dict[str, Tensor]:
    """All that is frozen, without the adapter."""
    return {
        name.replace(".base_layer.", "."): weight.clone()
        for name, weight in model.state_dict().items()
        if "lora_" not in name and not name.startswith("projector.")
    }


def test_in_four_bits_the_adapter_learns_and_the_codes_stay(folder: Path, rows: Path, tmp_path: Path) -> None:
    model, v = quantized(folder), Vocabulary.load(folder)
    linear = dict(model.named_modules())["language_model.model.layers.0.mlp.up_proj"]
    assert linear.weight.dtype == torch.uint8
    assert linear.weight.numel() == 32 * 64 // 2  # two weights a byte
    own = OwnData(sources=((str(rows), None),), epochs=20.0, samples=4)
    plan = replace(Lora().plan(RECIPE.sft), lr=2e-2, warmup=1, log_every=1, decay_from=1.0)
    plan, make = own_batches(own, plan, tmp_path, v, model.config, data=DATA)
    before, adapter = codes(model), add_lora(model, Lora(rank=4))
    with torch.no_grad():  # as a sampler does amid the run
        model.eval()
        reply_loss(model, make(0, 0))
    fit(model, plan, make, reply_loss, tmp_path)
    log = [json.loads(line)["loss"] for line in (tmp_path / "sft" / "log.jsonl").read_text().splitlines()]
    assert len(log) == 20
    assert log[-1] < 0.5 * log[0]
    after = codes(model)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert all("lora_" in n or "modules_to_save" in n for n, p in model.named_parameters() if p.requires_grad)
    adapter.save_pretrained(str(tmp_path / "adapter"))
    merged = merge(load_folder(folder, CPU)[0], tmp_path / "adapter")
    assert {weight.dtype for weight in merged.parameters()} == {torch.bfloat16}
    with torch.no_grad():
        loss, count, _ = reply_loss(merged.eval(), make(0, 0))
    assert log[0] - float(loss) / count > 0.75 * (log[0] - log[-1])  # on weights that it has not seen before


def test_gradients_in_four_bits_are_those_of_the_weights_that_they_stand_for(
    folder: Path, rows: Path, tmp_path: Path
) -> None:
    model, v = quantized(folder), Vocabulary.load(folder)
    from bitsandbytes.functional import dequantize_4bit

    plain = load_folder(folder, CPU)[0]
    for name, module in model.named_modules():
        if hasattr(module, REPACKS):
            held = dequantize_4bit(module.weight.data, module.weight.quant_state)
            plain.get_submodule(name).weight.data = held.to(torch.bfloat16)
    _, make = own_batches(
        OwnData(sources=((str(rows), None),)), RECIPE.sft, tmp_path, v, model.config, data=DATA
    )
    gradients, flops = [], []
    for one in (model, plain):
        torch.manual_seed(0)
        add_lora(one, Lora(rank=4))
        chosen = select(one, TRAINS)
        for name, weight, _ in chosen:
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.1)
        meter = FlopMeter(one)
        reply_loss(one.train(), make(0, 0))[0].backward()
        flops.append(meter.flops)
        gradients.append([weight.grad for name, weight, _ in chosen if "lora_" in name])
    assert flops[0] == flops[1]
    for mine, theirs in zip(*gradients, strict=True):
        assert mine is not None
        assert theirs is not None
        assert (mine - theirs).norm() <= 0.05 * theirs.norm()


def test_the_command_trains_in_four_bits(folder: Path, rows: Path, tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes", reason="bitsandbytes is not installed")
    command = ["sft", "--recipe", "tiny", "--run", str(tmp_path / "run"), "--start", str(folder)]
    own = ["--data", str(rows), "--batch", "2", "--lora", "2", "--quantize"]
    result = CliRunner().invoke(app, [*command, *own], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    after = load_folder(tmp_path / "run" / "sft" / "model", CPU)[0]
    assert {weight.dtype for weight in after.parameters()} == {torch.bfloat16}


def test_four_bits_say_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lora_module, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"bitsandbytes is not installed: pip install 'sightline\[qlora\]'"):
        four_bit(CPU)
    with pytest.raises(ConfigError, match="at least 1"):
        Lora(rank=0)
    assert CliRunner().invoke(app, ["sft", "--quantize"]).exit_code == 2
