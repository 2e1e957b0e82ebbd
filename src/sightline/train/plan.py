"""How a stage trains: the numbers that the loop takes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sightline.train.optim import OptimizerName

Parallel = Literal["ddp", "fsdp"]
WatcherName = Literal["tensorboard", "wandb"]


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
        seed: of the data, of the weights that are new, and of what the loss draws.
        log_every: steps.
        save_every: steps; the last step is always saved.
        keep: the last checkpoints that are kept.
        workers: processes that make data; 0 makes them in the loop.
        max_bad: updates in a row with a gradient that is not finite, after which the stage gives up.
        parallel: of several processes, each holds all (`ddp`) or its share (`fsdp`) of the weights.
        recompute: activations inside a block are computed again in the backward pass, not kept.
        compile: the blocks that train are compiled (torch.compile, shapes fixed).
        watch: where records go beside `log.jsonl`; the extra `watch` installs both.
        sample_every: steps between sample generations, where the stage hands in how; 0: none.
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
    keep: int = 2
    workers: int = 0
    max_bad: int = 20
    parallel: Parallel = "ddp"
    recompute: bool = False
    compile: bool = False
    watch: tuple[WatcherName, ...] = ()
    sample_every: int = 0


_FREE = (
    "log_every",
    "save_every",
    "keep",
    "workers",
    "max_bad",
    "parallel",
    "recompute",
    "compile",
    "watch",
    "sample_every",
)
"""What may change between a checkpoint and the run that goes on from it: what is computed stays the same."""


def signature(plan: Plan) -> dict[str, Any]:
    """What must not change between a checkpoint and the run that goes on from it, as JSON has it."""
    kept = {name: value for name, value in asdict(plan).items() if name not in _FREE}
    return json.loads(json.dumps(kept))  # type: ignore[no-any-return]  # JSON
