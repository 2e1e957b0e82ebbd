"""What two processes do together in the tests of the loop: the real model at a tiny size, by every plan."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from sightline.mllm.config import tiny_config
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import EMBEDDED
from sightline.train.loop import Plan, fit, process_group
from sightline.train.losses import reply_loss
from sightline.train.mixtures import dialogue_batch
from sightline.train.optim import MasterWeights, select
from sightline.train.packing import Packed
from sightline.train.parallel import Worker
from sightline.train.recipes.embedded import TOWER_FROZEN
from sightline.train.shards import whole

DDP = Plan(name="two", steps=3, lr=1e-2, trains=TOWER_FROZEN, warmup=2, log_every=1, save_every=2, ema=0.5)
MUON = replace(DDP, optimizer="muon")
PLANS = {
    "ddp": DDP,
    "ddp_muon": MUON,
    "fsdp": replace(DDP, parallel="fsdp", accumulate=1),
    "fsdp_muon": replace(MUON, parallel="fsdp", recompute=True),
}


def new_model() -> SightlineForConditionalGeneration:
    marks = VOCABULARY.marks
    torch.manual_seed(0)
    ids = {"image_token_id": marks["image"], "pad_id": marks["pad"]}
    config = tiny_config(VOCABULARY.size, **ids, bos_id=marks["bos"], eos_id=marks["eos"])
    model = SightlineForConditionalGeneration(config)
    model.set_attn_implementation("eager")
    return model


VOCABULARY = Vocabulary.load(EMBEDDED)
make = partial(
    dialogue_batch,
    mixture=(("direct", 0.5), ("planner", 0.5)),
    rows=1,
    length=300,
    vocabulary=VOCABULARY,
    side=128,
    tokens_per_image=64,
)


class Cut(Exception):
    """The run ends here."""


def two(folder: Path) -> None:
    """Train by every plan; the first process keeps the weights that each leaves."""
    for name, plan in PLANS.items():
        model = new_model()
        fit(model, plan, make, reply_loss, folder / name)
        keep(folder / f"{name}.pt", model)
    keep(folder / "resumed.pt", resumed(folder / "resumed"))
    said: list[list[str]] = []

    def sampler(model: nn.Module) -> list[object]:
        said.append([str(tuple(p.shape)) for p in model.parameters()])
        return []

    fit(
        new_model(),
        replace(PLANS["fsdp"], steps=1, sample_every=1),
        make,
        reply_loss,
        folder / "say",
        sampler=sampler,
    )
    if process_group()[0] == 0:
        assert said == [[str(tuple(p.shape)) for p in new_model().parameters()]]
    else:
        assert not said
    figures = {"ddp": held("ddp"), "fsdp": held("fsdp"), "wide": apart(32, 64), "tall": apart(64, 32)}
    (folder / f"figures{process_group()[0]}.json").write_text(json.dumps(figures))


def resumed(folder: Path) -> SightlineForConditionalGeneration:
    """By FSDP2, cut off in the third step, then on from the second."""

    def cut(seed: int, draw: int) -> Packed:
        if draw >= 4:
            raise Cut
        return make(seed, draw)

    try:
        fit(new_model(), PLANS["fsdp"], cut, reply_loss, folder)
    except Cut:
        pass
    model = new_model()
    with torch.no_grad():
        for parameter in model.language_model.parameters():
            parameter.zero_()
    fit(model, PLANS["fsdp"], make, reply_loss, folder)
    return model


def held(parallel: str) -> int:
    """Numbers of weights and masters that this process holds."""
    model = new_model()
    worker = Worker(model, reply_loss, parallel)  # type: ignore[arg-type]
    optimizer = MasterWeights(select(worker.model, TOWER_FROZEN), weight_decay=0.0, betas=(0.9, 0.98))
    inside = [*worker.parameters(), *optimizer.masters]
    outside = [] if parallel == "ddp" else list(model.parameters())
    return sum(own(tensor).numel() for tensor in (*inside, *outside))


def apart(rows: int, columns: int) -> float:
    """How far a sharded matrix stands from a whole one after Muon's update, relative to its length."""
    torch.manual_seed(0)
    grad, mesh = torch.randn(rows, columns), init_device_mesh("cpu", (2,))
    moved = []
    for given in (lambda whole: whole, lambda whole: distribute_tensor(whole, mesh, [Shard(0)])):
        weight = nn.Parameter(given(torch.zeros(rows, columns)))
        masters = MasterWeights([("w", weight, 1.0)], weight_decay=0.0, betas=(0.9, 0.98), kind="muon")
        weight.grad = given(grad.clone())
        masters.collect()
        masters.step(lr=0.1, count=1.0, clip=1.0)
        moved.append(whole(weight.detach()))
    return float((moved[0] - moved[1]).norm() / moved[0].norm())


def own(tensor: Tensor) -> Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def keep(path: Path, model: nn.Module) -> None:
    if process_group()[0] == 0:
        torch.save({name: p.detach().clone() for name, p in model.named_parameters()}, path)
