"""What the tests of the loop run in processes of their own, to be killed or to work as one of two.

python process.py JOB FOLDER [ARGUMENT]
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from sightline.train.checkpoint import save_checkpoint
from sightline.train.loop import Plan, fit, process_group

KILLED = 7
"""The step, counted from 0, in whose middle the process dies: checkpoints lie at 5 and 10."""

SMALL = Plan(name="small", steps=10, lr=1e-2, trains=(("", 1.0),), warmup=2, log_every=1, save_every=5)
PLANS = {
    "adamw": SMALL,
    "muon": Plan(**{**vars(SMALL), "optimizer": "muon", "ema": 0.9, "accumulate": 2}),
}


def small_model() -> nn.Module:
    """Weights in bf16, and dropout, so that a generator's state counts."""
    torch.manual_seed(0)
    layers = nn.ModuleList(nn.Sequential(nn.Linear(12, 12), nn.GELU(), nn.Dropout(0.3)) for _ in range(2))
    return nn.Sequential(nn.Linear(8, 12), nn.Sequential(*layers), nn.Linear(12, 4)).to(torch.bfloat16)


def small_batch(seed: int, draw: int) -> tuple[int, Tensor]:
    generator = torch.Generator().manual_seed(1000 * seed + draw)
    return draw, torch.randn(16, 12, generator=generator)


def small_loss(
    model: nn.Module, batch: tuple[int, Tensor], die: Callable[[int], None] = lambda draw: None
) -> tuple[Tensor, float, dict[str, float]]:
    draw, numbers = batch
    said = model(numbers[:, :8].to(torch.bfloat16)).float()
    die(draw)  # between the forward and the backward pass
    return (said - numbers[:, 8:]).square().sum(), float(len(numbers)), {}


def killed(folder: Path, kind: str) -> None:
    """Train, and die by SIGKILL in the middle of a step."""
    plan = PLANS[kind]

    def die(draw: int) -> None:
        if draw == KILLED * plan.accumulate + plan.accumulate - 1:
            os.kill(os.getpid(), signal.SIGKILL)

    fit(small_model(), plan, small_batch, partial(small_loss, die=die), folder)


def saving(folder: Path) -> None:
    """Kill, by SIGKILL, a process that writes checkpoints, until it was in the middle of one."""
    save_checkpoint(folder, 1, numbered(1))
    while not list(folder.glob(".draft-*")):
        child = os.fork()
        if not child:
            for step in range(2, 10_000):
                save_checkpoint(folder, step, numbered(step))
        while not writes(folder):
            time.sleep(0.001)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def writes(folder: Path) -> bool:
    """Whether a draft has grown beyond a megabyte."""
    try:
        return any(path.stat().st_size > 2**20 for path in folder.glob(".draft-*/state.pt"))
    except FileNotFoundError:  # it has just become a checkpoint
        return False


def numbered(step: int) -> dict[str, object]:
    """A state of 32 MB that holds its step in every place."""
    return {"step": step, "numbers": torch.full((8_000_000,), float(step))}


def full_disk(folder: Path) -> None:
    """Write a checkpoint where no file may grow beyond 1 MiB, after one that fits."""
    import resource

    from sightline.errors import SightlineError

    save_checkpoint(folder, 1, {"numbers": torch.ones(10)})
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
    try:
        save_checkpoint(folder, 2, {"numbers": torch.ones(2**20)})
    except SightlineError as error:
        print(error)


if __name__ == "__main__":
    torch.set_num_threads(1)
    job, to = sys.argv[1], Path(sys.argv[2])
    if job == "two":
        from tests.train.two import two

        process_group()
        two(to)
    else:
        {"killed": killed, "saving": saving, "full_disk": full_disk}[job](to, *sys.argv[3:])
