"""MoE-LLaVA: the loss by hand, whom it reaches, and the recipe's stages on tiny folders by the command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tests.mllm import backbone_dirs as dirs
from torch import Tensor, nn
from transformers.utils import logging
from typer.testing import CliRunner

from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.moe import load_balance, routed, upcycle
from sightline.mllm.reasoner import Reasoner
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.backbones import BackboneRecipe
from sightline.train.blocks import rewired
from sightline.train.cli import app
from sightline.train.losses import reply_loss
from sightline.train.mixtures import dialogue_batch
from sightline.train.moe import EXPERTS, balanced_loss
from sightline.train.optim import select
from sightline.train.packing import Packed
from sightline.train.plan import Plan
from sightline.train.recipe import TextData
from sightline.train.recipes import moe_llava
from sightline.train.throughput import FlopMeter

logging.set_verbosity_error()
logging.disable_progress_bar()

Model = SightlineForConditionalGeneration


@pytest.fixture
def model(new_model: Callable[[], Model]) -> Model:
    """Both layers have experts, which differ, and routers that prefer some."""
    made = new_model()
    upcycle(made, every=1)
    torch.manual_seed(1)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if ".router." in name or ".experts." in name:
                weight.add_(torch.randn_like(weight) * (2.0 if "router" in name else 0.05))
    return made


@pytest.fixture(scope="module")
def packed(vocabulary: Vocabulary) -> Packed:
    settings = {"rows": 2, "length": 512, "side": 128, "tokens_per_image": 64}
    return dialogue_batch(0, 0, mixture=(("direct", 1.0),), vocabulary=vocabulary, **settings)


def test_the_loss_is_that_of_the_replies_and_a_hundredth_of_the_imbalance_of_each_layer(
    model: Model, packed: Packed
) -> None:
    with torch.no_grad(), routed(model) as seen:
        plain, tokens, figures = reply_loss(model, packed)
    there = packed.group.flatten() > 0
    assert 0 < int(there.sum()) < len(there)
    imbalance = [load_balance(logits[there]).item() for logits in seen.values()]
    assert len(imbalance) == 2
    assert min(imbalance) > 1.0
    with torch.no_grad():
        loss, count, more = balanced_loss(model, packed)
    assert count == tokens
    assert loss.item() / count == pytest.approx(plain.item() / tokens + 0.01 * sum(imbalance), rel=1e-6)
    assert more.items() > figures.items()
    assert more["hit:balance"] / more["all:balance"] == pytest.approx(sum(imbalance) / 2)


def test_shares_are_of_the_tokens_that_are_no_padding(model: Model, packed: Packed) -> None:
    with torch.no_grad():
        _, _, figures = balanced_loss(model, packed)
    tokens = int((packed.group > 0).sum())
    for layer in (0, 1):
        names = [f"layer_{layer}_expert_{number}" for number in range(4)]
        assert sum(figures[f"hit:{name}"] for name in names) == 2 * tokens
        assert {figures[f"all:{name}"] for name in names} == {2.0 * tokens}
        assert max(figures[f"hit:{name}"] for name in names) <= tokens


def test_padding_counts_for_nothing(model: Model, packed: Packed) -> None:
    other = packed.ids.masked_fill(packed.group == 0, 40)
    with torch.no_grad():
        one, _, _ = balanced_loss(model, packed)
        two, _, _ = balanced_loss(model, replace(packed, ids=other))
    assert one.item() == pytest.approx(two.item(), rel=1e-6)


def test_a_model_without_experts_has_no_such_loss(new_model: Callable[[], Model], packed: Packed) -> None:
    plain = new_model()
    with torch.no_grad():
        (loss, count, figures), wanted = balanced_loss(plain, packed), reply_loss(plain, packed)
    assert (loss.item(), count, figures) == (wanted[0].item(), *wanted[1:])


def gradients(model: Model, packed: Packed, weight: float, *, recompute: bool = False) -> dict[str, Tensor]:
    chosen = select(model, EXPERTS)
    model.zero_grad()
    with rewired(model, recompute=recompute, compile=False):
        loss, count, _ = balanced_loss(model, packed, weight=weight)
        (loss / count).backward()
    assert all(parameter.grad is None for parameter in model.parameters() if not parameter.requires_grad)
    return {name: weight.grad.clone() for name, weight, _ in chosen if weight.grad is not None}


def test_experts_and_routers_alone_learn_and_all_of_them_do(model: Model, packed: Packed) -> None:
    reached = gradients(model, packed, 0.01)
    wanted = {name for name, _ in model.named_parameters() if ".experts." in name or ".router." in name}
    assert set(reached) == wanted
    assert len(wanted) == 2 * (4 * 3 + 1)
    assert all(bool(grad.any()) for grad in reached.values())


def test_the_balance_pushes_the_routers_and_survives_recomputing(model: Model, packed: Packed) -> None:
    without, kept, again = (
        gradients(model, packed, weight, recompute=recompute)
        for weight, recompute in ((0.0, False), (10.0, False), (10.0, True))
    )
    for name, grad in kept.items():
        torch.testing.assert_close(grad, again[name], atol=1e-6, rtol=1e-4)
        if "router" in name:
            assert not torch.allclose(grad, without[name], rtol=0.1)


def test_steps_against_the_balance_alone_spread_the_tokens(model: Model, packed: Packed) -> None:
    routers = [weight for name, weight in model.named_parameters() if "router" in name]
    optimizer = torch.optim.Adam(routers, lr=0.05)

    def step() -> float:
        optimizer.zero_grad()
        with routed(model) as seen:
            reply_loss(model, packed)
        there = packed.group.flatten() > 0
        loss = torch.stack([load_balance(logits[there]) for logits in seen.values()]).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    first, *_, last = [step() for _ in range(15)]
    assert first > 1.1
    assert last - 1 < 0.5 * (first - 1)


def test_the_meter_counts_the_experts_at_work(new_model: Callable[[], Model], packed: Packed) -> None:
    def counted(model: nn.Module) -> float:
        model.requires_grad_(False)
        with torch.no_grad():
            meter = FlopMeter(model)
            reply_loss(model, packed)
            meter.close()
        return meter.flops

    dense, sparse = new_model(), new_model()
    network = sum(p.numel() for p in dense.language_model.model.layers[0].mlp.parameters())
    upcycle(sparse, every=2)
    more = (
        2.0 * packed.ids.numel() * (network + sparse.language_model.model.layers[0].mlp.router.weight.numel())
    )
    assert counted(sparse) - counted(dense) == pytest.approx(more)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    made = []
    for number in range(8):
        assert cv2.imwrite(str(folder / f"{number}.png"), np.full((24, 40, 3), 30 * number, np.uint8))
        said = (("human", "What is there?\n<image>"), ("gpt", "A red circle."))
        turns = [{"from": a, "value": b} for a, b in said]
        made.append({"id": str(number), "image": f"{number}.png", "conversations": turns})
    (folder / "rows.json").write_text(json.dumps(made))
    return folder / "rows.json"


@pytest.fixture(scope="module")
def run(rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recipe's stages, then SFT, by the commands that a user types."""
    run, parts = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("parts")
    own = ("--recipe", "moe_llava", "--run", str(run), "--data", str(rows), "--batch", "4", "--epochs", "2")
    folders = ("--vision", dirs.clip(parts / "v"), "--language", dirs.language(parts / "l", "qwen3"))
    commands = (
        ("pretrain", *own, *folders),
        ("pretrain", *own, "--stage", "instruct"),
        ("pretrain", *own, "--stage", "experts"),
        ("sft", *own),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moe_llava, "RECIPE", small())
        for command in commands:
            result = CliRunner().invoke(app, list(command), catch_exceptions=False)
            assert result.exit_code == 0, result.output
    return run


def small() -> BackboneRecipe:
    """The recipe in smaller batches, made in the process."""
    data = TextData(mixture=(), rows=1, length=256)

    def plan(of: Plan) -> Plan:
        return replace(of, accumulate=1, workers=0, lr=1e-2, log_every=1)

    recipe = moe_llava.RECIPE
    stages = tuple(replace(stage, plan=plan(stage.plan), data=data) for stage in recipe.stages)
    return replace(recipe, stages=stages, sft=plan(recipe.sft), sft_data=data)


def weights(run: Path, stage: str) -> dict[str, Tensor]:
    return Reasoner.load(run / stage / "model").model.bfloat16().state_dict()


def test_the_last_stage_moves_experts_and_routers_alone(run: Path) -> None:
    align, instruct, experts, sft = (weights(run, name) for name in ("align", "instruct", "experts", "sft"))
    moved = {name.split(".")[0] for name in align if not torch.equal(align[name], instruct[name])}
    assert moved == {"projector", "language_model"}
    same = [name for name in instruct if name in experts]
    assert all(torch.equal(instruct[name], experts[name]) for name in same)
    new = sorted(set(experts) - set(same))
    assert set(instruct) - set(same) == {
        f"language_model.model.layers.0.mlp.{part}_proj.weight" for part in ("gate", "up", "down")
    }
    assert len(new) == 4 * 3 + 1
    copies = [name for name in new if ".experts." in name]
    first = [instruct[re.sub(r"experts\.\d+\.", "", name)] for name in copies]
    assert not any(torch.equal(experts[name], was) for name, was in zip(copies, first, strict=True))
    changed = {name for name in experts if not torch.equal(experts[name], sft[name])}
    assert changed == set(new)


def test_the_log_says_the_balance_and_the_shares(run: Path) -> None:
    for stage in ("experts", "sft"):
        for line in (run / stage / "log.jsonl").read_text().splitlines():
            record = json.loads(line)
            assert record["balance"] > 0
            assert sum(record[f"layer_0_expert_{number}"] for number in range(4)) == pytest.approx(1.0)
    assert "balance" not in json.loads((run / "instruct" / "log.jsonl").read_text().splitlines()[0])


def test_what_was_trained_answers(run: Path) -> None:
    reasoner = Reasoner.load(run / "experts" / "model")
    assert reasoner.model.config.expert_layers == [0]
    picture = np.zeros((24, 40, 3), np.uint8)
    said = reasoner.reply(images=[picture], tools=[], notes=[], question="What is there?")
    assert said.reply.answer is not None


def test_the_costs_that_the_recipe_names_are_those_computed() -> None:
    text = " ".join((moe_llava.__doc__ or "").split())
    named = [float(x) for x in re.findall(r"([\d.]+) (?:hours|GiB)", text)]
    assert named == [round(x, 1) for cost in moe_llava.costs() for x in (cost.hours, cost.gib)]
    assert [stage.plan.steps for stage in moe_llava.RECIPE.stages] == [2181, 7532, 5198]
