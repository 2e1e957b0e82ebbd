"""The planner's DPO: on fresh episodes, each reply of its own is set right at its first mistake.

    sightline train planner-dpo

The model decides greedily, so where its reply leaves the right one first is seen without sampling: it is the
first token of the right reply that is not the likeliest of those that the grammar allows. The pair is the
right token there against the model's own: the wrong tool, the dropped word, the field that was not asked for.
The reference is the planner as its SFT left it. An anchor keeps the likelihood of right replies, as in the
other stages of DPO (`preference.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from sightline.errors import ConfigError
from sightline.planning.tokens import Tokens
from sightline.train.loop import Plan, fit, process_group
from sightline.train.lora_merged import merge_forward
from sightline.train.planner import (
    PlannerStage,
    language_model,
    likeliest,
    made_ready,
    planner_batch,
    reply_logits,
    trained_adapter,
)
from sightline.train.preference import PAIR_LOSSES, Pairs
from sightline.train.recipe import Preference
from sightline.train.symbolic.batches import Source, WithChoices
from sightline.train.symbolic.mixture import sources


@dataclass(frozen=True, kw_only=True)
class PlannerPreference:
    """How preferences are trained.

    Args:
        plan: steps, rate and so on.
        preference: loss, beta, and the weight of the anchor.
        batch: rows and their length.
    """

    plan: Plan = field(
        default_factory=lambda: Plan(
            name="planner-dpo",
            steps=80,
            lr=1e-4,
            trains=(("lora_", 1.0),),
            warmup=5,
            decay_from=0.5,
            weight_decay=0.0,
            log_every=5,
            save_every=20,
        )
    )
    preference: Preference = field(default_factory=lambda: Preference(beta=0.3, anchor=0.2))
    batch: PlannerStage = field(default_factory=PlannerStage)


def train_planner_dpo(
    base: Path,
    adapter: Path,
    run: Path,
    stage: PlannerPreference,
    mixture: Sequence[Source],
    *,
    device: torch.device,
) -> Path:
    """Go on from an adapter. Returns the folder of the new one.

    Args:
        base: folder of the language model.
        adapter: as SFT left it, in PEFT's format.
        run: the run's folder.
        stage: how.
        mixture: of episodes.
        device: to train on.
    """
    model: Any = trained_adapter(language_model(base, device), adapter)
    reference = trained_adapter(language_model(base, device), adapter).requires_grad_(False)
    merge_forward(model)
    merge_forward(reference)
    make = partial(planner_batch, sources=mixture, tokens=Tokens.load(base), stage=stage.batch)
    loss = partial(own_mistakes_loss, reference=reference.get_base_model(), preference=stage.preference)
    fit(model.get_base_model(), stage.plan, make, loss, run)
    folder = run / stage.plan.name / "adapter"
    if process_group()[0] == 0:
        model.save_pretrained(str(folder))
    return folder


def run_planner_dpo(
    run: Path,
    *,
    adapter: Path | None = None,
    base: Path | None = None,
    pack: Path | None = None,
    found: Path | None = None,
    steps: int | None = None,
) -> Path:
    """Train on the whole mixture, going on from the last checkpoint. Returns the adapter's folder.

    Args:
        run: the run's folder.
        adapter: to go on from; None: that of the run's SFT.
        base: see `planner.run_planner`.
        pack: likewise.
        found: likewise.
        steps: likewise.
    """
    stage = PlannerPreference()
    if steps:
        stage = replace(stage, plan=replace(stage.plan, steps=steps))
    adapter = adapter or run / stage.batch.plan.name / "adapter"
    if not (adapter / "adapter_config.json").is_file():
        raise ConfigError(f"no adapter in {adapter}: train it first, with sightline train planner")
    base, device = made_ready(run, base)
    return train_planner_dpo(base, adapter, run, stage, sources(pack, found), device=device)


def own_mistakes_loss(
    model: nn.Module, batch: WithChoices, *, reference: PreTrainedModel, preference: Preference
) -> tuple[Tensor, float, dict[str, float]]:
    """The preference loss over first mistakes and the anchor over all replies, summed; the number of replies.

    The figures are pairs that are ranked right against the reference.
    """
    assert isinstance(model, PreTrainedModel)
    logits, wanted, where = reply_logits(model, batch.packed)
    said = likeliest(logits.detach(), wanted, batch.allowed)
    replies = reply_numbers(batch, where)
    total = preference.anchor * nn.functional.cross_entropy(logits, wanted, reduction="sum")
    count = float(replies.max() + 1) if len(replies) else 0.0
    at = first_mistakes(said != wanted, replies)
    if not len(at):
        return total, count, {}
    with torch.no_grad():
        was, _, _ = reply_logits(reference, batch.packed)
    pairs = pairs_at(logits[at], was[at], wanted[at], said[at])
    total = total + PAIR_LOSSES[preference.loss](pairs, preference.beta).sum()
    ranked = float((pairs.chosen_ratio > pairs.rejected_ratio).sum())
    return total, count, {"hit:ranked": ranked, "all:ranked": float(len(at))}


def reply_numbers(batch: WithChoices, where: Tensor) -> Tensor:
    """Which reply each token with a loss is of, int[N], from 0 in their order."""
    packed = batch.packed
    row, column = where.nonzero(as_tuple=True)
    key = torch.stack([row, packed.group[row, column + 1], packed.branch[row, column + 1]], -1)
    numbers: Tensor = key.unique(dim=0, return_inverse=True)[1]
    return numbers


def first_mistakes(wrong: Tensor, replies: Tensor) -> Tensor:
    """The place of the first wrong token of each reply that has one, int[M].

    Args:
        wrong: bool[N], tokens of all replies.
        replies: int[N], which reply each is of, in ascending order.
    """
    places = wrong.nonzero().flatten()
    of = replies[places]
    new = torch.ones_like(of, dtype=torch.bool)
    new[1:] = of[1:] != of[:-1]
    return places[new]


def pairs_at(logits: Tensor, was: Tensor, chosen: Tensor, rejected: Tensor) -> Pairs:
    """Pairs of single tokens, from logits float[M, V] of the model and of the reference."""

    def of(logits: Tensor, tokens: Tensor) -> Tensor:
        found: Tensor = logits.log_softmax(-1).gather(-1, tokens[:, None]).squeeze(-1)
        return found

    one = torch.ones_like(chosen)
    return Pairs(
        chosen=of(logits, chosen),
        rejected=of(logits, rejected),
        ref_chosen=of(was, chosen),
        ref_rejected=of(was, rejected),
        chosen_tokens=one,
        rejected_tokens=one,
    )
