"""The one loop that every stage runs in.

A stage is a `Plan` (what trains, how long, how fast), a data set whose item is a pure function of
(seed, step, rank), and a loss that returns a sum, a count and figures to log. Gradients are summed over
micro-batches and processes and divided by the global count, so that accumulation and data parallelism
change nothing but speed. Data and whatever the loss draws depend on (seed, step, rank) alone, so a resumed
run is the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from rich.text import Text
from torch import nn
from torch.utils.data import DataLoader, Dataset

from sightline.errors import ConfigError
from sightline.train.blocks import rewired
from sightline.train.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from sightline.train.optim import MasterWeights, learning_rate, select
from sightline.train.parallel import (
    Batch,
    Loss,
    Worker,
    barrier,
    process_group,
    sum_gradients,
    sum_numbers,
    to_device,
)
from sightline.train.plan import Plan, signature
from sightline.train.throughput import FlopMeter, matmul_peak
from sightline.train.watch import Log, Sample, ratios

__all__ = ["Batch", "Draws", "Loss", "Plan", "barrier", "fit", "process_group", "ratios", "to_device"]

View = Callable[[Batch], Text]
"""What the loss covers of a batch, to be read before the first step."""

Sampler = Callable[[nn.Module], Sequence[Sample]]
"""What the model says now."""


class Draws(Dataset[Batch]):
    """Item i is `make(seed, i)`: the same in any process and in any order."""

    def __init__(self, make: Callable[[int, int], Batch], seed: int, length: int) -> None:
        self.make, self.seed, self.length = make, seed, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Batch:
        return self.make(self.seed, index)


def fit(
    model: nn.Module,
    plan: Plan,
    make: Callable[[int, int], Batch],
    loss: Loss,
    run: Path,
    *,
    view: View | None = None,
    sampler: Sampler | None = None,
) -> None:
    """Train `model` in place by `plan`, going on from the last checkpoint in `run/<plan.name>`.

    Args:
        model: on its device and in its precision.
        plan: see `Plan`.
        make: (seed, draw) -> batch; draws are numbered over steps, processes and micro-batches.
        loss: see `Loss`.
        run: the run's folder; gets `<name>/log.jsonl`, checkpoints, `view.txt` and `samples.jsonl`.
        view: of the first batch, shown before the first step.
        sampler: called each `plan.sample_every` steps, in the first process.

    Raises:
        SightlineError: the gradient was not finite `max_bad` times in a row, or the disk is full.
        ConfigError: the checkpoint belongs to another plan.
    """
    worker = Worker(model, loss, plan.parallel)
    chosen = select(worker.model, plan.trains)
    optimizer = MasterWeights(
        chosen, weight_decay=plan.weight_decay, betas=plan.betas, kind=plan.optimizer, ema=plan.ema
    )
    start = _resume(run / plan.name, plan, optimizer)
    if start < plan.steps:
        model.train()
        worker.train()
        with rewired(worker.model, recompute=plan.recompute, compile=plan.compile), _own_dice(worker):
            _train(model, worker, plan, optimizer, make, run / plan.name, start, view, sampler)
    optimizer.finish()
    worker.fill(model)


def _train(
    model: nn.Module,
    worker: Worker,
    plan: Plan,
    optimizer: MasterWeights,
    make: Callable[[int, int], Batch],
    folder: Path,
    start: int,
    view: View | None,
    sampler: Sampler | None,
) -> None:
    rank, world = process_group()
    first = next(worker.parameters())
    draws = _draws(plan, make, start=start, rank=rank, world=world)
    peak = matmul_peak(first.device, first.dtype)
    with Log(folder, plan, start, quiet=rank > 0, peak=peak) as log:
        if view and start == 0 and rank == 0:
            batch = next(draws)
            draws = chain([batch], draws)
            log.view(view(batch))
        meter = FlopMeter(worker.model)
        for step in range(start, plan.steps):
            _throw(plan.seed, step, rank)
            total, count, figures = _gradients(worker, plan, optimizer, draws, meter)
            log.flops = meter.flops * plan.accumulate
            sum_gradients(optimizer.gradients())
            total, count = sum_numbers([total, count], first.device)
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
            if _due(step + 1, plan.save_every, plan):
                _save(folder, plan, step + 1, optimizer, rank)
            if sampler and plan.sample_every and _due(step + 1, plan.sample_every, plan):
                worker.fill(model)
                if rank == 0:
                    log.samples(step + 1, sampler(model))
                worker.empty(model)


def _due(step: int, every: int, plan: Plan) -> bool:
    return step % every == 0 or step == plan.steps


@contextmanager
def _own_dice(worker: Worker) -> Iterator[None]:
    """Torch's generators, put back afterwards as they were."""
    device = next(worker.parameters()).device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        yield


def _throw(seed: int, step: int, rank: int) -> None:
    """Dropout and sampling follow from (seed, step, rank), as the data do: there is no state to save."""
    torch.manual_seed(int(np.random.SeedSequence((seed, step, rank)).generate_state(1)[0]))


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


def _gradients(
    worker: Worker, plan: Plan, optimizer: MasterWeights, draws: Iterator[Batch], meter: FlopMeter
) -> tuple[float, float, dict[str, float]]:
    total = count = 0.0
    figures: dict[str, float] = {}
    device = next(worker.parameters()).device
    for _ in range(plan.accumulate):
        summed, counted, seen = worker(to_device(next(draws), device))
        meter.close()
        summed.backward()
        optimizer.collect()
        total, count = total + float(summed.detach()), count + counted
        for name, value in seen.items():
            figures[name] = figures.get(name, 0.0) + value
    return total, count, figures


def _save(folder: Path, plan: Plan, step: int, optimizer: MasterWeights, rank: int) -> None:
    state = {
        "plan": signature(plan),
        "step": step,
        **optimizer.state_dict(),
    }  # all processes give their share
    if rank == 0:
        save_checkpoint(folder, step, state, keep=plan.keep)


def _resume(folder: Path, plan: Plan, optimizer: MasterWeights) -> int:
    saved = checkpoints(folder)
    if not saved:
        return 0
    state = load_checkpoint(saved[-1])
    if state["plan"] != signature(plan):
        changed = sorted(k for k, v in signature(plan).items() if state["plan"].get(k) != v)
        raise ConfigError(
            f"{saved[-1]} was made by another plan ({', '.join(changed)}): choose another run folder"
        )
    optimizer.load_state_dict(state)
    return int(state["step"])
