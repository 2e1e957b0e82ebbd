"""What can be seen of a run: its records everywhere the same, MFU by hand, curves to look at."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.text import Text
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.train.loop import Plan, fit
from sightline.train.optim import select
from sightline.train.plots import plot_log
from sightline.train.throughput import FlopMeter, matmul_peak
from sightline.train.watch import Sample, _installed

PLAN = Plan(name="seen", steps=4, lr=1e-3, trains=(("", 1.0),), warmup=1, log_every=2, save_every=9)


def batch(seed: int, draw: int) -> Tensor:
    return torch.full((2, 8), float(draw))


def loss(model: nn.Module, numbers: Tensor) -> tuple[Tensor, float, dict[str, float]]:
    return model(numbers).square().sum(), 6.0, {"hit:right": float(numbers[0, 0]), "all:right": 4.0}


def records(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "seen/log.jsonl").read_text().splitlines()]


def test_a_record_holds_means_shares_speed_and_mfu(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Linear(8, 4)
    fit(model, PLAN, batch, loss, tmp_path)
    first, second = records(tmp_path)
    assert (first["step"], second["step"]) == (2, 4)
    assert (first["right"], second["right"]) == (0.125, 0.625)
    assert first["count_per_second"] * first["seconds"] == pytest.approx(12)
    # Two rows through 32 weights, forward and for the weights' gradients, in each of two steps.
    done = 2 * 2 * (2 * 2 * 32)
    peak = matmul_peak(torch.device("cpu"), torch.float32)
    assert first["mfu"] * first["seconds"] * peak == pytest.approx(done)


def test_operations_by_hand() -> None:
    def counted(trained: Sequence[str]) -> float:
        model = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.Flatten(), nn.Linear(128, 10))
        select(model, tuple((name, 1.0) for name in trained))
        meter = FlopMeter(model)
        model(torch.ones(2, 3, 8, 8)).sum().backward()
        meter.close()
        model(torch.ones(2, 3, 8, 8))
        return meter.flops

    conv, linear = 2 * 2 * 16 * (8 * 3 * 9), 2 * 2 * 1280
    assert counted(["2"]) == conv + 2 * linear  # the convolution is frozen, and nothing before it trains
    assert counted(["0"]) == 2 * conv + 2 * linear
    assert counted([""]) == 2 * conv + 3 * linear


def test_operations_of_the_model_agree_with_torchs_counter(
    new_model: Callable[[], SightlineForConditionalGeneration],
) -> None:
    """torch counts attention scores too, a few percent here."""
    from torch.utils.flop_counter import FlopCounterMode

    model = new_model()
    select(model, (("^projector", 1.0), ("^language_model", 1.0)))
    ids = torch.full((2, 80), 200)
    ids[:, :64] = model.config.image_token_id
    meter = FlopMeter(model)
    with FlopCounterMode(display=False) as counter:
        model(input_ids=ids, pixel_values=torch.ones(2, 3, 128, 128)).logits.sum().backward()
    meter.close()
    assert 0.8 * counter.get_total_flops() < meter.flops <= counter.get_total_flops()


def test_a_peak_is_measured() -> None:
    assert 1e8 < matmul_peak(torch.device("cpu"), torch.float32, side=256) < 1e14


def test_tensorboard_holds_what_the_log_holds(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    sampled = [Sample(asked="What?", wanted="this", said="that")]
    plan = replace(PLAN, watch=("tensorboard",), sample_every=3)
    fit(nn.Linear(8, 4), plan, batch, loss, tmp_path, sampler=lambda model: sampled)
    events = EventAccumulator(str(tmp_path / "seen"))
    events.Reload()
    for name in ("loss", "mfu", "right"):
        assert [(e.step, e.value) for e in events.Scalars(name)] == [
            (record["step"], pytest.approx(record[name])) for record in records(tmp_path)
        ]
    assert [e.step for e in events.Tensors("samples/text_summary")] == [3, 4]
    assert b"said: that" in events.Tensors("samples/text_summary")[0].tensor_proto.string_val[0]


def test_wandb_keeps_an_offline_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    sampled = [Sample(asked="What?", wanted="this", said="that")]
    plan = replace(PLAN, watch=("wandb",), sample_every=4)
    fit(nn.Linear(8, 4), plan, batch, loss, tmp_path, sampler=lambda model: sampled)
    (kept,) = (tmp_path / "seen/wandb").glob("offline-run-*/*.wandb")
    deadline = time.monotonic() + 60  # its own process writes when it likes
    while b"samples" not in kept.read_bytes() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert b"count_per_second" in kept.read_bytes()
    assert b"samples" in kept.read_bytes()


def test_a_watcher_that_is_not_installed_is_named() -> None:
    with pytest.raises(ConfigError, match=r"nonesuch is not installed: pip install 'sightline\[watch\]'"):
        _installed("nonesuch.module", "nonesuch")


def test_the_view_is_of_the_first_batch_and_shown_once(tmp_path: Path) -> None:
    seen: list[float] = []
    trained: list[float] = []

    def view(numbers: Tensor) -> Text:
        seen.append(float(numbers[0, 0]))
        assert not trained
        return Text("what the loss covers")

    def watched(model: nn.Module, numbers: Tensor) -> tuple[Tensor, float, dict[str, float]]:
        trained.append(float(numbers[0, 0]))
        return loss(model, numbers)

    plan = replace(PLAN, save_every=2)
    fit(nn.Linear(8, 4), plan, batch, watched, tmp_path, view=view)
    assert seen == [0.0]
    assert trained == [0.0, 1.0, 2.0, 3.0]
    assert (tmp_path / "seen/view.txt").read_text() == "what the loss covers\n"


def test_samples_are_kept_with_their_step(tmp_path: Path) -> None:
    weights: list[Tensor] = []

    def sampler(model: nn.Module) -> list[Sample]:
        weights.append(next(model.parameters()).detach().clone())
        return [Sample(asked="[What]?", wanted="this", said="this")]

    fit(nn.Linear(8, 4), replace(PLAN, sample_every=2), batch, loss, tmp_path, sampler=sampler)
    lines = [json.loads(line) for line in (tmp_path / "seen/samples.jsonl").read_text().splitlines()]
    assert lines == [{"step": step, "asked": "[What]?", "wanted": "this", "said": "this"} for step in (2, 4)]
    assert not torch.equal(*weights)


def test_curves_are_drawn(tmp_path: Path) -> None:
    log = tmp_path / "sft" / "log.jsonl"
    log.parent.mkdir()
    rows = [
        {"step": s, "loss": 4 / s, "lr": 1e-3, "norm": 1.0, "seconds": 1.0, "mfu": 0.2, "call": s / 50}
        for s in range(1, 51)
    ]
    log.write_text("".join(json.dumps(row) + "\n" for row in rows))
    picture = plot_log(log)
    assert picture is not None
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    blue = (abs(pixels - (31, 119, 180)) < 30).all(-1)  # matplotlib's tab:blue
    left, right = blue[:, : pixels.shape[1] // 2], blue[:, pixels.shape[1] // 2 :]
    assert left.sum() > 100
    assert right.sum() > 100
    log.write_text(json.dumps({"step": 1, "loss": -0.5}) + "\n")  # of a policy, without a rate
    assert plot_log(log) is not None
