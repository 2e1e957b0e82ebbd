"""A run that is killed goes on to the bit, and what kills a checkpoint leaves the one before it whole."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.train.process import KILLED, PLANS, small_batch, small_loss, small_model
from torch import nn

from sightline.train.checkpoint import checkpoints, load_checkpoint
from sightline.train.loop import fit


def start(root: Path, *arguments: str | Path) -> subprocess.Popen[str]:
    script = [sys.executable, str(root / "tests/train/process.py"), *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        script, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_a_killed_run_goes_on_to_the_bit(root: Path, tmp_path: Path, kind: str) -> None:
    """Ten steps are five, a kill in the eighth, and five: weights, mean, momenta and dropout."""
    plan = PLANS[kind]
    process = start(root, "killed", tmp_path / "cut", kind)
    _, said = process.communicate(timeout=120)
    assert process.returncode == -9, said
    logged = (tmp_path / "cut/small/log.jsonl").read_text().splitlines()
    assert len(logged) == KILLED
    assert [path.name for path in checkpoints(tmp_path / "cut/small")] == ["step-00000005"]

    resumed, whole = small_model(), small_model()
    with torch.no_grad():
        for parameter in resumed.parameters():
            parameter.zero_()  # all comes from the checkpoint
    torch.manual_seed(12345)
    fit(resumed, plan, small_batch, small_loss, tmp_path / "cut")
    fit(whole, plan, small_batch, small_loss, tmp_path / "whole")
    assert all(torch.equal(a, b) for a, b in zip(resumed.parameters(), whole.parameters(), strict=True))
    one, other = (load_checkpoint(checkpoints(tmp_path / run / "small")[-1]) for run in ("cut", "whole"))
    same(one, other, "state")


def same(one: object, other: object, where: str) -> None:
    """Equal to the bit, all the way down."""
    if isinstance(one, dict):
        assert isinstance(other, dict)
        assert one.keys() == other.keys(), where
        for key, value in one.items():
            same(value, other[key], f"{where}/{key}")
    elif isinstance(one, list):
        assert isinstance(other, list)
        for i, (a, b) in enumerate(zip(one, other, strict=True)):
            same(a, b, f"{where}/{i}")
    else:
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other, where


def test_what_the_loss_draws_follows_from_the_seed_and_leaves_torchs_dice_alone(tmp_path: Path) -> None:
    def trained(seed: int, before: int) -> nn.Module:
        model = small_model()
        torch.manual_seed(before)
        plan = replace(PLANS["adamw"], steps=2, seed=seed)
        fit(model, plan, lambda _, draw: small_batch(0, draw), small_loss, tmp_path / f"{seed}-{before}")
        assert torch.initial_seed() == before
        return model

    one, two, three = ([*trained(*seeds).parameters()] for seeds in ((0, 1), (0, 2), (3, 1)))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(one, three, strict=True))


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before_it(root: Path, tmp_path: Path) -> None:
    process = start(root, "saving", tmp_path)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert list(tmp_path.glob(".draft-*")), "no kill came in the middle"
    last = checkpoints(tmp_path)[-1]
    state = load_checkpoint(last)
    assert last.name == f"step-{state['step']:08d}"
    assert bool((state["numbers"] == state["step"]).all())


def test_a_full_disk_leaves_the_one_before_it_and_takes_its_draft_away(root: Path, tmp_path: Path) -> None:
    """A real limit: the kernel refuses to let the file grow."""
    process = start(root, "full_disk", tmp_path)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert said.startswith(f"cannot write the checkpoint {tmp_path / 'step-00000002'}: ")
    assert "File too large" in said
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000001"]
    assert load_checkpoint(tmp_path / "step-00000001")["numbers"].sum() == 10
