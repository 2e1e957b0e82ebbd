"""Recomputing and compiling change what is kept and how fast it goes, and no gradient."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sightline.mllm.attention import PACKED
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.blocks import blocks, rewired
from sightline.train.loop import Plan, fit
from sightline.train.losses import reply_loss
from sightline.train.mixtures import dialogue_batch
from sightline.train.optim import select
from sightline.train.packing import Packed
from sightline.train.recipes.embedded import TOWER_FROZEN

NewModel = Callable[[], SightlineForConditionalGeneration]


def batch(vocabulary: Vocabulary, draw: int = 0) -> Packed:
    return dialogue_batch(
        0,
        draw,
        mixture=(("direct", 0.5), ("planner", 0.5)),
        rows=2,
        length=256,
        vocabulary=vocabulary,
        side=128,
        tokens_per_image=64,
    )


def test_blocks_are_the_layers_of_both_transformers(new_model: NewModel) -> None:
    model = new_model()
    assert len(blocks(model)) == model.config.vision_config.depth + model.config.text_config.num_hidden_layers
    assert blocks(model)[-1] is model.language_model.model.layers[-1]


def kept_and_gradients(model: nn.Module, packed: Packed, *, recompute: bool) -> tuple[int, dict[str, Tensor]]:
    """Numbers that autograd keeps for the backward pass, and the gradients after it."""
    kept = 0

    def pack(tensor: Tensor) -> Tensor:
        nonlocal kept
        kept += tensor.numel()
        return tensor

    model.zero_grad()
    with rewired(model, recompute=recompute, compile=False):
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            loss, _, _ = reply_loss(model, packed)
        loss.backward()
    return kept, {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("trains", ["", "^projector", "^vision_tower"])
def test_recomputing_keeps_less_and_gives_the_same_gradients(
    new_model: NewModel, vocabulary: Vocabulary, trains: str
) -> None:
    model, packed = new_model(), batch(vocabulary)
    select(model, ((trains, 1.0),))
    most, gradients = kept_and_gradients(model, packed, recompute=False)
    least, again = kept_and_gradients(model, packed, recompute=True)
    assert least < 0.5 * most
    assert all(torch.equal(value, again[name]) for name, value in gradients.items())
    assert not any("forward" in vars(block) for block in blocks(model))


@pytest.fixture
def graphs() -> Iterator[Callable[[], int]]:
    """How many graphs torch has compiled since the test began."""
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield lambda: torch._dynamo.utils.counters["stats"]["unique_graphs"]
    torch._dynamo.reset()


@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_the_models_blocks_are_compiled_once_and_learn_the_same(
    new_model: NewModel,
    vocabulary: Vocabulary,
    tmp_path: Path,
    graphs: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All of torch.compile but the C++ at its end, which takes a minute for this model; see the next test."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    plan = Plan(name="try", steps=4, lr=1e-3, trains=TOWER_FROZEN, warmup=1, log_every=1, save_every=9)
    compiled: list[int] = []

    def loss(model: nn.Module, packed: Packed) -> tuple[Tensor, float, dict[str, float]]:
        compiled.append(graphs())
        return reply_loss(model, packed)

    def trained(plan: Plan, run: Path) -> dict[str, Tensor]:
        model = new_model()
        model.set_attn_implementation(PACKED)
        fit(model, plan, lambda seed, draw: batch(vocabulary, draw), loss, run)
        return {name: p.detach() for name, p in model.named_parameters()}

    plain = trained(plan, tmp_path / "plain")
    assert compiled == [0] * 4
    compiled.clear()
    fast = trained(replace(plan, compile=True), tmp_path / "fast")
    assert compiled[1] > 0
    assert compiled[1:] == [compiled[1]] * 3, "compiled anew after the first step"
    for name, value in plain.items():
        torch.testing.assert_close(fast[name], value, atol=2e-4, rtol=0, msg=name)


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a CPU")
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_what_the_compiler_builds_gives_the_same_gradients(graphs: Callable[[], int]) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.ModuleList([nn.Sequential(nn.Linear(8, 8), nn.GELU())]))
    (block,) = blocks(model)
    numbers = torch.randn(4, 8)
    block(numbers).square().sum().backward()
    plain = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    with rewired(model, recompute=True, compile=True):
        block(numbers).square().sum().backward()
    assert graphs() == 1
    for before, after in zip(plain, model.parameters(), strict=True):
        torch.testing.assert_close(before, after.grad)
