"""Several processes: who they are, what they add up, and FSDP2, where each holds a share of every weight.

DDP here is one sum over the gradients after the last micro-batch. FSDP2 (torch's `fully_shard`, Zhao et al.
2023) gathers a block's weights when it runs and scatters its gradients when they are there; the optimizer's
masters are then shards like the weights, and nothing else in the loop knows.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor

from sightline.train.blocks import blocks
from sightline.train.plan import Parallel
from sightline.train.shards import whole

Batch = Any
Loss = Callable[[nn.Module, Batch], tuple[Tensor, float, dict[str, float]]]
"""(model, batch) -> (sum of losses, how many were summed, figures to log as (sum, ...) of the batch)."""


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


class Worker(nn.Module):
    """A model and its loss as one module: a batch goes in, the loss comes out.

    With one process or DDP it holds `model` itself. With FSDP it holds a sharded copy, and `model` is empty
    until `fill` brings the weights back: stages call parts of their model, while shards are gathered
    by the outermost call alone.
    """

    def __init__(self, model: nn.Module, loss: Loss, parallel: Parallel) -> None:
        super().__init__()
        self.loss, self.sharded = loss, parallel == "fsdp" and process_group()[1] > 1
        self.model = copy.deepcopy(model) if self.sharded else model
        if self.sharded:
            _shard(self)
            self.empty(model)

    def forward(self, batch: Batch) -> tuple[Tensor, float, dict[str, float]]:
        """See `Loss`."""
        return self.loss(self.model, batch)

    @torch.no_grad()
    def fill(self, model: nn.Module) -> None:
        """Put the whole weights into `model`, the one that was handed in, in every process."""
        if self.sharded:
            for parameter, shard in zip(model.parameters(), self.model.parameters(), strict=True):
                parameter.data = whole(shard)
                parameter.requires_grad_(shard.requires_grad)
            for buffer, own in zip(model.buffers(), self.model.buffers(), strict=True):
                buffer.copy_(own)

    def empty(self, model: nn.Module) -> None:
        """Let go of the weights that `fill` has put into `model`."""
        if self.sharded:
            for parameter in model.parameters():
                parameter.data = parameter.data.new_empty(0)


def _shard(worker: Worker) -> None:
    device = next(worker.parameters()).device
    mesh = init_device_mesh(device.type, (process_group()[1],))
    policy = MixedPrecisionPolicy(reduce_dtype=torch.float32)
    for module in (*blocks(worker), worker):
        fully_shard(module, mesh=mesh, mp_policy=policy)
    for module in worker.modules():
        if isinstance(module, FSDPModule):  # gradients are summed: the loop divides by the global count
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)


def sum_gradients(grads: Iterable[Tensor]) -> None:
    """Add up each gradient over the processes, in place. Sharded ones are sums already."""
    plain = [grad for grad in grads if not isinstance(grad, DTensor)]
    if not plain or not dist.is_initialized():
        return
    flat = torch.cat([grad.flatten() for grad in plain])
    dist.all_reduce(flat)
    for grad, part in zip(plain, flat.split([grad.numel() for grad in plain]), strict=True):
        grad.copy_(part.view_as(grad))


def sum_numbers(numbers: list[float], device: torch.device) -> list[float]:
    """Each number summed over the processes, in float64."""
    if not dist.is_initialized():
        return numbers
    sums = torch.tensor(numbers, dtype=torch.float64, device=device)
    dist.all_reduce(sums)
    return [float(one) for one in sums]
