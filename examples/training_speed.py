"""Our SFT loop against the plain transformers Trainer: answer tokens a second, in one run on one machine.

Both train the embedded model in bf16, its tower frozen, on the same questions. The Trainer gets a question
a sample with a prefix of its own, padded by transformers' collator, eight a batch (its default). Ours packs
many questions behind one prefix. Rounds alternate, so that a busy machine is busy for both.

    python examples/training_speed.py --rounds 4 --steps 8
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import transformers
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn
from transformers import DataCollatorForSeq2Seq, Trainer, TrainerCallback, TrainingArguments

from sightline.mllm.attention import PACKED
from sightline.mllm.chat import Dialogue, render
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import EMBEDDED
from sightline.train.loop import Plan, fit
from sightline.train.losses import reply_loss
from sightline.train.mixtures import DIALOGUES
from sightline.train.optim import select
from sightline.train.packing import Packed, pack
from sightline.train.recipes.embedded import BROAD, RECIPE, TOWER_FROZEN
from sightline.train.throughput import FlopMeter, matmul_peak

LENGTH = RECIPE.sft_data.length
SIDE, IMAGE_TOKENS = 128, 64


@dataclass
class Clock:
    """Starts of steps, on the wall and of this process's CPU time, and the answer tokens of each."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def start(self) -> None:
        """A step starts now."""
        self.wall.append(time.perf_counter())
        self.cpu.append(time.process_time())

    def rates(self) -> tuple[float, float]:
        """Answer tokens a second and a CPU second, from the second step's start to the last one's."""
        tokens = sum(self.answers[1 : len(self.wall) - 1])
        return tokens / (self.wall[-1] - self.wall[1]), tokens / (self.cpu[-1] - self.cpu[1])

    def steps(self) -> tuple[float, float]:
        """Steps a second and a CPU second, likewise."""
        count = len(self.wall) - 2
        return count / (self.wall[-1] - self.wall[1]), count / (self.cpu[-1] - self.cpu[1])


def dialogues(count: int, seed: int) -> list[Dialogue]:
    """Of the mixture that SFT starts with."""
    rng = np.random.default_rng(seed)
    names, shares = zip(*BROAD, strict=True)
    return [DIALOGUES[str(rng.choice(names, p=shares))](rng, "train") for _ in range(count)]


def model(attention: str) -> SightlineForConditionalGeneration:
    """The embedded one, in bf16."""
    net = SightlineForConditionalGeneration.from_pretrained(
        EMBEDDED, dtype=torch.bfloat16, local_files_only=True
    )
    net.language_model.set_attn_implementation(attention)
    return net


def ours(pool: list[Dialogue], v: Vocabulary, steps: int) -> tuple[Clock, float]:
    """Rates of our loop, and FLOPs of a step."""
    clock, net = Clock(), model(PACKED)
    plan = Plan(name="ours", steps=steps, lr=1e-5, trains=TOWER_FROZEN, save_every=steps)

    def make(seed: int, draw: int) -> Packed:
        order = np.random.default_rng((seed, draw)).permutation(len(pool))
        rows = RECIPE.sft_data.rows
        mixed = iter([pool[i] for i in order] * 9)
        return pack(mixed, v, rows=rows, length=LENGTH, side=SIDE, tokens_per_image=IMAGE_TOKENS)

    def loss(net: nn.Module, packed: Packed) -> tuple[Tensor, float, dict[str, float]]:
        clock.start()
        clock.answers.append(int(packed.loss.sum()))
        return reply_loss(net, packed)

    with counting(net) as meter, tempfile.TemporaryDirectory() as run:
        fit(net, plan, make, loss, Path(run))
    return clock, meter.flops / steps


def trainers(pool: list[Dialogue], v: Vocabulary, steps: int) -> tuple[Clock, float]:
    """Rates of transformers' Trainer, and FLOPs of a step."""
    clock, net = Clock(), model("sdpa")
    select(net, TOWER_FROZEN)
    pad = DataCollatorForSeq2Seq(v.tokenizer)

    def collate(rows: list[dict[str, Any]]) -> dict[str, Tensor]:
        images = [image for row in rows for image in row["images"]]
        kept = [{name: row[name] for name in ("input_ids", "labels")} for row in rows]
        batch: dict[str, Tensor] = dict(pad(kept))
        clock.answers.append(int((batch["labels"] != -100).sum()))
        return {**batch, "pixel_values": to_pixels(images, SIDE).bfloat16()} if images else batch

    class Starts(TrainerCallback):
        def on_step_begin(self, *_: Any, **__: Any) -> None:
            clock.start()

    with counting(net) as meter, tempfile.TemporaryDirectory() as run:
        settings = TrainingArguments(
            output_dir=run,
            max_steps=steps,
            learning_rate=1e-5,
            use_cpu=True,
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            disable_tqdm=True,
            remove_unused_columns=False,
            dataloader_pin_memory=False,
        )
        Trainer(
            net, settings, data_collator=collate, train_dataset=Questions(pool, v), callbacks=[Starts()]
        ).train()
    return clock, meter.flops / steps


class Questions(torch.utils.data.Dataset[dict[str, Any]]):
    """A question a sample, each behind a prefix of its own."""

    def __init__(self, pool: list[Dialogue], v: Vocabulary) -> None:
        self.rows = []
        for dialogue in pool:
            rendered = render(dialogue, v, IMAGE_TOKENS)
            images = [np.asarray(image) for image in dialogue.images]
            for ids, reply in rendered.branches:
                whole = [*rendered.prefix, *ids]
                labels = [-100] * len(rendered.prefix)
                labels += [i if kept else -100 for i, kept in zip(ids, reply, strict=True)]
                if len(whole) <= LENGTH:
                    self.rows.append({"input_ids": whole, "labels": labels, "images": images})

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.rows[index]


@contextlib.contextmanager
def counting(net: nn.Module) -> Iterator[FlopMeter]:
    """A meter that is open inside."""
    meter = FlopMeter(net)
    try:
        yield meter
    finally:
        meter.close()


def main() -> None:
    """Alternate, and print medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=8, help="of each side in a round, at least 3")
    parser.add_argument("--dialogues", type=int, default=100, help="in the pool that both draw from")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    v, pool = Vocabulary.load(EMBEDDED), dialogues(options.dialogues, seed=0)
    sides = {"Trainer": trainers, "Sightline": ours}
    found: dict[str, list[Round]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, side in sides.items():
            before = peak()
            clock, each = side(pool, v, options.steps)
            found[name].append(Round.of(clock, each, max(before, peak())))
    Console().print(table(found))


@dataclass(frozen=True, kw_only=True)
class Round:
    """Answer tokens and MFU, each a second of the wall and a CPU second; the peak around it, in FLOP/s."""

    rate: tuple[float, float]
    mfu: tuple[float, float]
    peak: float

    @classmethod
    def of(cls, clock: Clock, flops: float, peak: float) -> Round:
        """From FLOPs of a step; a CPU second is one of each thread."""
        wall, cpu = (flops * steps / peak for steps in clock.steps())
        return cls(rate=clock.rates(), mfu=(wall, cpu * torch.get_num_threads()), peak=peak)


def peak() -> float:
    """FLOP/s of bf16 products now."""
    return matmul_peak.__wrapped__(torch.device("cpu"), torch.bfloat16)


def table(found: dict[str, list[Round]]) -> Table:
    """Medians over the rounds, and their range."""
    peaks = [one.peak / 1e9 for rounds in found.values() for one in rounds]
    threads = torch.get_num_threads()
    drawn = Table(title=f"Answer tokens; bf16, {threads} thread(s)\npeak, GFLOP/s: {spread(peaks, '.0f')}")
    for heading in ("", "a second", "MFU", "a CPU second", "MFU by CPU"):
        drawn.add_column(heading, justify="right" if heading else "left")
    for name, rounds in found.items():
        cells = []
        for way in range(2):
            cells += [
                spread([r.rate[way] for r in rounds], ".0f"),
                spread([r.mfu[way] for r in rounds], ".1%"),
            ]
        drawn.add_row(name, *cells)
    pairs = list(zip(found["Sightline"], found["Trainer"], strict=True))
    ratios = [spread([a.rate[way] / b.rate[way] for a, b in pairs], ".1f") for way in range(2)]
    drawn.add_row("ratio", ratios[0], "", ratios[1], "")
    return drawn


def spread(values: list[float], form: str) -> str:
    """The median, and under it the least and the most."""
    return f"{median(values):{form}}\n{min(values):{form}} to {max(values):{form}}"


if __name__ == "__main__":
    main()
