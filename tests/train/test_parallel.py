"""Two processes are one with twice the data, and sharded weights are whole ones."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.train.two import PLANS, make, new_model
from torch import Tensor, nn

from sightline.train.loop import fit
from sightline.train.losses import reply_loss
from sightline.train.packing import Packed

Weights = dict[str, Tensor]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes left that trained by every plan; see `two`."""
    root = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("pair")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(root / "tests/train/process.py"), "two", str(folder)],
            env=os.environ | common | {"RANK": str(rank), "PYTHONPATH": str(root)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [process.communicate(timeout=280)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    return folder


def left(folder: Path, name: str) -> Weights:
    return torch.load(folder / f"{name}.pt", weights_only=True)


def near(one: Weights, other: Weights, tolerance: float) -> None:
    """Distances in all tensors, relative to how far training went."""
    start = dict(new_model().named_parameters())
    for name, value in one.items():
        moved = float((value - start[name].detach()).norm())
        away = float((value - other[name]).norm())
        assert away <= tolerance * moved, f"{name}: {away:.2e} apart, moved by {moved:.2e}"


def same_figures(one: Path, other: Path, tolerance: float) -> None:
    """Losses and norms: AdamW itself does not feel how long a gradient is."""
    texts = [(run / "two/log.jsonl").read_text() for run in (one, other)]
    logs = [[json.loads(line) for line in text.splitlines()] for text in texts]
    for a, b in zip(*logs, strict=True):
        assert a["loss"] == pytest.approx(b["loss"], rel=tolerance)
        assert a["norm"] == pytest.approx(b["norm"], rel=tolerance)


@pytest.mark.parametrize(("name", "tolerance"), [("ddp", 1e-3), ("ddp_muon", 0.1)])
def test_two_processes_are_one_with_the_double_batch(
    pair: Path, tmp_path: Path, name: str, tolerance: float
) -> None:
    def both(seed: int, draw: int) -> tuple[Packed, Packed]:
        return make(seed, 2 * draw), make(seed, 2 * draw + 1)

    def loss(model: nn.Module, batches: tuple[Packed, Packed]) -> tuple[Tensor, float, dict[str, float]]:
        (a, n, _), (b, m, _) = (reply_loss(model, batch) for batch in batches)
        return a + b, n + m, {}

    alone = new_model()
    fit(alone, PLANS[name], both, loss, tmp_path)
    near({key: value.detach() for key, value in alone.named_parameters()}, left(pair, name), tolerance)
    same_figures(tmp_path, pair / name, 1e-3)


@pytest.mark.parametrize(
    ("name", "tolerance"),
    # Newton and Schulz iterate in bf16, and shards are multiplied in another order: what of a gradient is
    # noise, most of it in a model as small as this, comes out as other noise.
    [("fsdp", 1e-3), ("fsdp_muon", 0.25)],
)
def test_sharded_is_whole(pair: Path, name: str, tolerance: float) -> None:
    whole = name.replace("fsdp", "ddp")
    near(left(pair, whole), left(pair, name), tolerance)
    same_figures(pair / whole, pair / name, 1e-3)


def test_a_sharded_run_resumes_to_the_bit(pair: Path) -> None:
    whole, resumed = left(pair, "fsdp"), left(pair, "resumed")
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_a_sharded_run_goes_on_in_one_process(pair: Path, tmp_path: Path) -> None:
    """Checkpoints are whole, whoever wrote them."""
    model, plan = new_model(), replace(PLANS["fsdp"], parallel="ddp")
    fit(model, plan, make, reply_loss, pair / "fsdp")  # nothing is left to do: the mean is taken up
    assert all(torch.equal(value, left(pair, "fsdp")[name]) for name, value in model.named_parameters())


def figures(folder: Path) -> list[dict[str, float]]:
    return [json.loads((folder / f"figures{rank}.json").read_text()) for rank in range(2)]


def test_each_process_holds_half(pair: Path) -> None:
    for held in figures(pair):
        assert 0.49 * held["ddp"] <= held["fsdp"] <= 0.51 * held["ddp"]


def test_muon_moves_sharded_matrices_as_whole_ones(pair: Path) -> None:
    for moved in figures(pair):
        assert moved["wide"] < 0.05
        assert moved["tall"] < 0.05
