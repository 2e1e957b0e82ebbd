"""The one loop that every stage runs in.

A stage is a `Plan` (what trains, how long, how fast), a data set whose item is a pure function of
(seed, step, rank), and a loss that returns a sum, a count and figures to log. Gradients are summed over
micro-batches and processes and divided by the global count, so that accumulation and data parallelism
change nothing but speed. Since data depend on the step alone, a resumed run is the same run.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import torch
import torch.distributed as dist
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from sightline.errors import ConfigError, SightlineError
from sightline.train.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from sightline.train.optim import Masters, OptimizerName, learning_rate, select

Batch = Any
Loss = Callable[[nn.Module, Batch], tuple[Tensor, float, dict[str, float]]]
"""(model, batch) -> (sum of losses, how many were summed, figures to log as (sum, ...) of the batch)."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a stage trains.

    Args:
        name: of the stage; its folder in the run.
        steps: optimizer steps.
        lr: peak learning rate.
        trains: (pattern, scale of the rate); a parameter that no pattern is found in is frozen.
        warmup: steps of linear warm-up.
        decay_from: share of the steps after which the rate falls to `floor`.
        floor: the last rate as a share of the peak.
        accumulate: micro-batches a step and process.
        weight_decay: of matrices; vectors and token embeddings are not decayed.
        betas: of AdamW.
        clip: the gradient's largest norm; 0 is no limit.
        optimizer: of the matrices inside the network; all else moves by AdamW.
        ema: decay a step of the running mean of the weights, which the stage then leaves; 0: no mean.
        seed: of the data and of the weights that are new.
        log_every: steps.
        save_every: steps; the last step is always saved.
        workers: processes that make data; 0 makes them in the loop.
        max_bad: updates in a row with a gradient that is not finite, after which the stage gives up.
    """

    name: str
    steps: int
    lr: float
    trains: tuple[tuple[str, float], ...]
    warmup: int = 50
    decay_from: float = 0.2
    floor: float = 0.05
    accumulate: int = 1
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    optimizer: OptimizerName = "adamw"
    ema: float = 0.0
    seed: int = 0
    log_every: int = 10
    save_every: int = 200
    workers: int = 0
    max_bad: int = 20


class Draws(Dataset[Batch]):
    """Item i is `make(seed, i)`: the same in any process and in any order."""

    def __init__(self, make: Callable[[int, int], Batch], seed: int, length: int) -> None:
        self.make, self.seed, self.length = make, seed, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Batch:
        return self.make(self.seed, index)


def fit(model: nn.Module, plan: Plan, make: Callable[[int, int], Batch], loss: Loss, run: Path) -> None:
    """Train `model` in place by `plan`, going on from the last checkpoint in `run/<plan.name>`.

    Args:
        model: on its device and in its precision.
        plan: see `Plan`.
        make: (seed, draw) -> batch; draws are numbered over steps, processes and micro-batches.
        loss: see `Loss`.
        run: the run's folder; gets `<name>/log.jsonl` and checkpoints.

    Raises:
        SightlineError: the gradient was not finite `max_bad` times in a row.
        ConfigError: the checkpoint belongs to another plan.
    """
    rank, world = process_group()
    folder = run / plan.name
    chosen = select(model, plan.trains)
    optimizer = Masters(
        chosen, weight_decay=plan.weight_decay, betas=plan.betas, kind=plan.optimizer, ema=plan.ema
    )
    start = _resume(folder, plan, optimizer)
    if start >= plan.steps:
        optimizer.finish()
        return
    model.train()
    draws = _draws(plan, make, start=start, rank=rank, world=world)
    with _Log(folder, plan, start, quiet=rank > 0) as log:
        for step in range(start, plan.steps):
            total, count, figures = _gradients(model, plan, optimizer, loss, draws)
            total, count, figures = _share(optimizer, total, count, figures, world)
            lr = learning_rate(
                step,
                peak=plan.lr,
                steps=plan.steps,
                warmup=plan.warmup,
                decay_from=plan.decay_from,
                floor=plan.floor,
            )
            norm = optimizer.step(lr=lr, count=max(count, 1.0), clip=plan.clip)
            log.step(step + 1, loss=total / max(count, 1.0), count=count, lr=lr, norm=norm, figures=figures)
            if rank == 0 and ((step + 1) % plan.save_every == 0 or step + 1 == plan.steps):
                save_checkpoint(
                    folder, step + 1, {"plan": _signature(plan), "step": step + 1, **optimizer.state_dict()}
                )
    optimizer.finish()


def process_group() -> tuple[int, int]:
    """This process's rank and how many there are; joins the group that torchrun describes, once."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1 and not dist.is_initialized():
        if torch.cuda.is_available():  # NCCL talks from the current device
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return (dist.get_rank(), world) if world > 1 else (0, 1)


def barrier() -> None:
    """Wait for the other processes, if there are any."""
    if dist.is_initialized():
        dist.barrier()


def _draws(
    plan: Plan, make: Callable[[int, int], Batch], *, start: int, rank: int, world: int
) -> Iterator[Batch]:
    each = world * plan.accumulate
    order = [
        step * each + micro * world + rank
        for step in range(start, plan.steps)
        for micro in range(plan.accumulate)
    ]
    data = Draws(make, plan.seed, plan.steps * each)
    return iter(DataLoader(data, batch_size=None, sampler=order, num_workers=plan.workers))


def to_device(batch: Batch, device: torch.device) -> Batch:
    """`batch` with its tensors on `device`, where it is a tensor, or a dict or a dataclass of tensors."""
    if isinstance(batch, Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {name: to_device(value, device) for name, value in batch.items()}
    if is_dataclass(batch) and not isinstance(batch, type):
        moved = {part.name: to_device(getattr(batch, part.name), device) for part in fields(batch)}
        return replace(batch, **moved)
    return batch


def _gradients(
    model: nn.Module, plan: Plan, optimizer: Masters, loss: Loss, draws: Iterator[Batch]
) -> tuple[float, float, dict[str, float]]:
    total = count = 0.0
    figures: dict[str, float] = {}
    device = next(model.parameters()).device
    for _ in range(plan.accumulate):
        summed, counted, seen = loss(model, to_device(next(draws), device))
        summed.backward()
        optimizer.collect()
        total, count = total + float(summed.detach()), count + counted
        for name, value in seen.items():
            figures[name] = figures.get(name, 0.0) + value
    return total, count, figures


def _share(
    optimizer: Masters, total: float, count: float, figures: dict[str, float], world: int
) -> tuple[float, float, dict[str, float]]:
    """Sum gradients, losses and counts over the processes. Figures stay the first process's own."""
    if world == 1:
        return total, count, figures
    grads = [master.grad for master in optimizer.masters if master.grad is not None]
    flat = torch.cat([grad.flatten() for grad in grads])
    dist.all_reduce(flat)
    for grad, part in zip(grads, flat.split([grad.numel() for grad in grads]), strict=True):
        grad.copy_(part.view_as(grad))
    sums = torch.tensor([total, count], dtype=torch.float64, device=flat.device)
    dist.all_reduce(sums)
    return float(sums[0]), float(sums[1]), figures


def _signature(plan: Plan) -> dict[str, Any]:
    """What must not change between a checkpoint and the run that goes on from it."""
    fields = asdict(plan)
    free = ("log_every", "save_every", "workers", "max_bad")
    return json.loads(json.dumps({k: v for k, v in fields.items() if k not in free}))  # type: ignore[no-any-return]  # JSON


def _resume(folder: Path, plan: Plan, optimizer: Masters) -> int:
    saved = checkpoints(folder)
    if not saved:
        return 0
    state = load_checkpoint(saved[-1])
    if state["plan"] != _signature(plan):
        changed = sorted(k for k, v in _signature(plan).items() if state["plan"].get(k) != v)
        raise ConfigError(
            f"{saved[-1]} was made by another plan ({', '.join(changed)}): choose another run folder"
        )
    optimizer.load_state_dict(state)
    return int(state["step"])


class _Log:
    """The JSONL log (appended, one record each `log_every` steps) and the progress bar on stderr."""

    def __init__(self, folder: Path, plan: Plan, start: int, *, quiet: bool) -> None:
        self.plan, self.quiet, self.bad = plan, quiet, 0
        self.total = self.count = 0.0
        self.figures: dict[str, float] = {}
        self.since = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        self.file: TextIO | None = None if quiet else (folder / "log.jsonl").open("a", encoding="utf-8")
        columns = (TextColumn(plan.name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(
            *columns, TextColumn("{task.fields[say]}"), console=Console(stderr=True), disable=quiet
        )
        self.task = self.bar.add_task(plan.name, total=plan.steps, completed=start, say="")

    def __enter__(self) -> _Log:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
        if self.file:
            self.file.close()

    def step(
        self, step: int, *, loss: float, count: float, lr: float, norm: float, figures: dict[str, float]
    ) -> None:
        self.bad = self.bad + 1 if not math.isfinite(norm) else 0
        if self.bad > self.plan.max_bad:
            raise SightlineError(
                f"{self.plan.name}: no finite gradient in {self.bad} steps up to step {step}"
            )
        self.total, self.count = self.total + loss * count, self.count + count
        for name, value in figures.items():
            self.figures[name] = self.figures.get(name, 0.0) + value
        if step % self.plan.log_every and step != self.plan.steps:
            return
        seconds = time.monotonic() - self.since
        record = {
            "step": step,
            "loss": self.total / max(self.count, 1.0),
            "lr": lr,
            "norm": norm,
            "count_per_second": self.count / seconds,
            "seconds": seconds,
            **ratios(self.figures),
        }
        if self.file:
            self.file.write(json.dumps(record) + "\n")
            self.file.flush()
        self.bar.update(
            self.task, completed=step, say=f"loss {record['loss']:.3f}  {record['count_per_second']:.0f}/s"
        )
        self.total = self.count = 0.0
        self.figures, self.since = {}, time.monotonic()


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """`hit:x` over `all:x` for each x; what has no such pair is left out."""
    names = sorted(name[4:] for name in figures if name.startswith("all:") and figures[name])
    return {name: figures.get(f"hit:{name}", 0.0) / figures[f"all:{name}"] for name in names}
