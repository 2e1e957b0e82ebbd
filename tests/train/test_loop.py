"""The loop: what trains moves and nothing else, resuming and accumulating change nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sightline.errors import ConfigError, SightlineError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from sightline.train.loop import Plan, fit, to_device
from sightline.train.losses import reply_loss
from sightline.train.mixtures import dialogue_batch
from sightline.train.optim import learning_rate
from sightline.train.packing import Packed
from sightline.train.plots import plot_log
from sightline.train.recipes.embedded import TOWER_FROZEN

NewModel = Callable[[], SightlineForConditionalGeneration]
PLAN = Plan(name="try", steps=6, lr=1e-2, trains=TOWER_FROZEN, warmup=2, log_every=1, save_every=3)
MIXTURE = (("planner", 0.5), ("direct", 0.5))


@pytest.fixture
def make(vocabulary: Vocabulary) -> Callable[[int, int], Packed]:
    return partial(
        dialogue_batch,
        mixture=MIXTURE,
        rows=1,
        length=400,
        vocabulary=vocabulary,
        side=128,
        tokens_per_image=64,
    )


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters()}


def test_trained_parameters_move_and_frozen_ones_do_not(new_model: NewModel, make, tmp_path: Path) -> None:
    model = new_model()
    before = weights(model)
    fit(model, PLAN, make, reply_loss, tmp_path)
    for name, after in weights(model).items():
        same = torch.equal(before[name], after)
        assert same == name.startswith("vision_tower"), name


def test_a_pattern_that_matches_nothing_is_an_error(new_model: NewModel, make, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'projecter'"):
        fit(new_model(), replace(PLAN, trains=(("projecter", 1.0),)), make, reply_loss, tmp_path)


@pytest.mark.parametrize("plan", [PLAN, replace(PLAN, optimizer="muon", ema=0.5)], ids=["adamw", "muon"])
def test_resume_equals_an_uninterrupted_run(new_model: NewModel, make, tmp_path: Path, plan: Plan) -> None:
    whole = new_model().to(torch.bfloat16)
    fit(whole, plan, make, reply_loss, tmp_path / "whole")

    class Interrupted(Exception):
        pass

    def cut(seed: int, draw: int) -> Packed:
        if draw == 4:
            raise Interrupted
        return make(seed, draw)

    with pytest.raises(Interrupted):
        fit(new_model().to(torch.bfloat16), plan, cut, reply_loss, tmp_path / "cut")
    torch.manual_seed(999)
    resumed = new_model().to(torch.bfloat16)
    fit(resumed, plan, make, reply_loss, tmp_path / "cut")
    done = new_model().to(torch.bfloat16)
    fit(done, plan, make, reply_loss, tmp_path / "cut")  # there is nothing left to do
    for name, value in weights(whole).items():
        assert torch.equal(value, dict(resumed.named_parameters())[name]), name
        assert torch.equal(value, dict(done.named_parameters())[name]), name


def test_a_checkpoint_of_another_plan_is_refused(new_model: NewModel, make, tmp_path: Path) -> None:
    fit(new_model(), PLAN, make, reply_loss, tmp_path)
    with pytest.raises(ConfigError, match=r"another plan \(lr\)"):
        fit(new_model(), replace(PLAN, lr=5e-3), make, reply_loss, tmp_path)


def test_accumulating_four_batches_equals_one_of_all(new_model: NewModel, make, tmp_path: Path) -> None:
    once = replace(PLAN, steps=1, warmup=0)
    in_four = new_model()
    fit(in_four, replace(once, accumulate=4), make, reply_loss, tmp_path / "four")

    def all_four(seed: int, draw: int) -> list[Packed]:
        return [make(seed, one) for one in range(4)]

    def loss(model: nn.Module, batches: list[Packed]) -> tuple[Tensor, float, dict[str, float]]:
        sums, counts, _ = zip(*(reply_loss(model, batch) for batch in batches), strict=True)
        assert len(set(counts)) > 1  # a mean of means would be another number
        return torch.stack(sums).sum(), sum(counts), {}

    in_one = new_model()
    fit(in_one, once, all_four, loss, tmp_path / "one")
    for name, value in weights(in_four).items():
        torch.testing.assert_close(value, dict(in_one.named_parameters())[name], msg=name)
    logged = [json.loads((tmp_path / run / "try/log.jsonl").read_text()) for run in ("four", "one")]
    for figure in ("loss", "norm"):  # AdamW's first step is the same for a gradient of any length
        assert logged[0][figure] == pytest.approx(logged[1][figure], rel=1e-5)


def test_training_learns_a_batch_by_heart(new_model: NewModel, make, tmp_path: Path) -> None:
    plan = replace(PLAN, steps=60, lr=3e-3, save_every=60)
    fit(new_model(), plan, lambda seed, draw: make(seed, 0), reply_loss, tmp_path)
    log = [json.loads(line) for line in (tmp_path / "try" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["loss"] < 0.5 * log[0]["loss"]
    picture = plot_log(tmp_path / "try" / "log.jsonl")
    assert picture is not None
    assert picture.stat().st_size > 10_000


def test_gradients_that_are_never_finite_end_the_run(new_model: NewModel, make, tmp_path: Path) -> None:
    def broken(model: nn.Module, batch: Packed) -> tuple[Tensor, float, dict[str, float]]:
        loss, count, figures = reply_loss(model, batch)
        return loss * math.nan, count, figures

    model = new_model()
    before = weights(model)
    with pytest.raises(SightlineError, match="no finite gradient in 3 steps"):
        fit(model, replace(PLAN, max_bad=2), make, broken, tmp_path)
    assert all(torch.equal(before[name], value) for name, value in weights(model).items())


def test_a_checkpoint_that_fails_half_way_leaves_the_last_one_whole(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, 1, {"x": torch.ones(3)})

    class Unsaveable:
        def __reduce__(self) -> tuple[type, tuple[()]]:
            raise OSError("no space left on device")

    with pytest.raises(SightlineError, match="step-00000002: no space"):
        save_checkpoint(tmp_path, 2, {"x": Unsaveable()})
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]


@pytest.mark.parametrize("content", [b"", b"PK", b"no checkpoint at all", b"\x80\x02}q\x00."])
def test_a_damaged_checkpoint_is_named(tmp_path: Path, content: bytes) -> None:
    folder = save_checkpoint(tmp_path, 1, {"x": torch.ones(1)})
    (folder / "state.pt").write_bytes(content)
    with pytest.raises(SightlineError, match="cannot read the checkpoint"):
        load_checkpoint(folder)


def test_a_batch_goes_to_the_models_device_whole(make) -> None:
    """The device `meta` stands for any that is not the CPU."""
    meta, packed = torch.device("meta"), make(0, 0)
    moved = to_device(packed, meta)
    assert isinstance(moved, Packed)
    tensors = {name for name, value in vars(packed).items() if isinstance(value, Tensor)}
    assert {
        name for name, value in vars(moved).items() if isinstance(value, Tensor) and value.is_meta
    } == tensors
    assert (moved.tasks, moved.dropped) == (packed.tasks, packed.dropped)
    labels = to_device({"pixels": torch.ones(2), "count": 3}, meta)
    assert labels["pixels"].is_meta
    assert labels["count"] == 3
    assert to_device(packed, torch.device("cpu")).ids is packed.ids


def test_the_last_checkpoints_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 3, 10):
        save_checkpoint(tmp_path, step, {"x": torch.ones(1)}, keep=2)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-00000003", "step-00000010"]


def test_the_schedule() -> None:
    rates = [learning_rate(s, peak=1.0, steps=100, warmup=10, decay_from=0.5, floor=0.1) for s in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9:51] == pytest.approx([1.0] * 42)
    assert rates[75] == pytest.approx(0.55)
    assert rates[100] == pytest.approx(0.1)
