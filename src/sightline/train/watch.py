"""What can be seen of a run: records in JSONL first, a progress bar, and TensorBoard or W&B where asked."""

from __future__ import annotations

import importlib
import json
import math
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from sightline.errors import ConfigError, SightlineError
from sightline.train.plan import Plan, WatcherName

LOG = "log.jsonl"
SAMPLES = "samples.jsonl"
VIEW = "view.txt"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a model was asked in the middle of a run, what it should say and what it said."""

    asked: str
    wanted: str
    said: str


class Watcher(Protocol):
    """Where records go beside the log."""

    def record(self, step: int, values: dict[str, float]) -> None:
        """Take the figures of a step."""

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        """Take sample generations."""

    def close(self) -> None:
        """Write what is left."""


class TensorBoard:
    """Event files in the stage's folder."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.writer: Any = _installed("torch.utils.tensorboard", "tensorboard").SummaryWriter(str(folder))

    def record(self, step: int, values: dict[str, float]) -> None:
        """See `Watcher`."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, step)

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        """See `Watcher`."""
        self.writer.add_text("samples", "\n\n".join(map(_line, samples)), step)

    def close(self) -> None:
        """See `Watcher`."""
        self.writer.close()


class WandB:
    """A run of Weights & Biases: offline, in the stage's folder, unless WANDB_MODE says otherwise."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.wandb = _installed("wandb", "wandb")
        self.run = self.wandb.init(
            project="sightline",
            name=plan.name,
            dir=str(folder),
            config=asdict(plan),
            mode=os.environ.get("WANDB_MODE", "offline"),
        )

    def record(self, step: int, values: dict[str, float]) -> None:
        """See `Watcher`."""
        self.run.log(values, step=step)

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        """See `Watcher`."""
        rows = [list(asdict(sample).values()) for sample in samples]
        self.run.log({"samples": self.wandb.Table(columns=["asked", "wanted", "said"], data=rows)}, step=step)

    def close(self) -> None:
        """See `Watcher`."""
        self.run.finish()


def _installed(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(f"{package} is not installed: pip install 'sightline[watch]'") from error


WATCHERS: dict[WatcherName, type[TensorBoard] | type[WandB]] = {"tensorboard": TensorBoard, "wandb": WandB}


class Log:
    """The records of a run. The first process writes and shows; the others only count bad steps.

    Args:
        folder: of the stage; gets `log.jsonl`, appended to, one record each `log_every` steps.
        plan: of the stage.
        start: the steps that were done before.
        quiet: not the first process.
        peak: FLOP/s of this process's device; with `flops`, it gives MFU.
    """

    def __init__(self, folder: Path, plan: Plan, start: int, *, quiet: bool, peak: float) -> None:
        self.plan, self.quiet, self.peak, self.bad = plan, quiet, peak, 0
        self.folder, self.flops = folder, 0.0
        self.total = self.count = 0.0
        self.figures: dict[str, float] = {}
        self.since, self.last = time.monotonic(), start
        folder.mkdir(parents=True, exist_ok=True)
        self.file: TextIO | None = None if quiet else (folder / LOG).open("a", encoding="utf-8")
        self.watchers: list[Watcher] = [] if quiet else [WATCHERS[name](folder, plan) for name in plan.watch]
        columns = (TextColumn(plan.name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self.bar = Progress(
            *columns, TextColumn("{task.fields[say]}"), console=Console(stderr=True), disable=quiet
        )
        self.task = self.bar.add_task(plan.name, total=plan.steps, completed=start, say="")

    def __enter__(self) -> Log:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
        for watcher in self.watchers:
            watcher.close()
        if self.file:
            self.file.close()

    def view(self, text: Text) -> None:
        """Show what the loss covers, and keep it as `view.txt`."""
        (self.folder / VIEW).write_text(text.plain + "\n", encoding="utf-8")
        self.bar.console.print(text)

    def step(
        self, step: int, *, loss: float, count: float, lr: float, norm: float, figures: dict[str, float]
    ) -> None:
        """Take a step's figures; `loss` is the mean over `count`.

        Raises:
            SightlineError: the norm was not finite `max_bad` times in a row.
        """
        self.bad = self.bad + 1 if not math.isfinite(norm) else 0
        if self.bad > self.plan.max_bad:
            raise SightlineError(
                f"{self.plan.name}: no finite gradient in {self.bad} steps up to step {step}"
            )
        self.total, self.count = self.total + loss * count, self.count + count
        for name, value in figures.items():
            self.figures[name] = self.figures.get(name, 0.0) + value
        if step % self.plan.log_every == 0 or step == self.plan.steps:
            self._write(step, lr, norm)

    def _write(self, step: int, lr: float, norm: float) -> None:
        seconds = time.monotonic() - self.since
        record = {
            "step": step,
            "loss": self.total / max(self.count, 1.0),
            "lr": lr,
            "norm": norm,
            "count_per_second": self.count / seconds,
            "seconds": seconds,
            "mfu": self.flops * (step - self.last) / seconds / self.peak,
            **ratios(self.figures),
        }
        if self.file:
            self.file.write(json.dumps(record) + "\n")
            self.file.flush()
        for watcher in self.watchers:
            watcher.record(step, record)
        say = f"loss {record['loss']:.3f}  {record['count_per_second']:.0f}/s  MFU {record['mfu']:.0%}"
        self.bar.update(self.task, completed=step, say=say)
        self.total = self.count = 0.0
        self.figures, self.since, self.last = {}, time.monotonic(), step

    def samples(self, step: int, samples: Sequence[Sample]) -> None:
        """Show sample generations, append them to `samples.jsonl` and hand them on."""
        with (self.folder / SAMPLES).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps({"step": step, **asdict(sample)}) + "\n" for sample in samples)
        self.bar.console.print(Text("\n".join([f"step {step}", *map(_line, samples)])))
        for watcher in self.watchers:
            watcher.samples(step, samples)


def _line(sample: Sample) -> str:
    mark = "✓" if sample.said == sample.wanted else "✗"
    return f"{mark} {sample.asked}  said: {sample.said}  wanted: {sample.wanted}"


def ratios(figures: dict[str, float]) -> dict[str, float]:
    """`hit:x` over `all:x` for each x; what has no such pair is left out."""
    names = sorted(name[4:] for name in figures if name.startswith("all:") and figures[name])
    return {name: figures.get(f"hit:{name}", 0.0) / figures[f"all:{name}"] for name in names}
