"""The planner's language model: a small adapter on a pretrained one, trained on symbolic episodes.

    sightline train planner
    sightline train planner --pack data/wtq_train --found wtq.jsonl

or, with a process for each core, `torchrun --nproc-per-node 2 -m sightline train planner ...`.

The loss is taken on replies alone. Rows are packed: an episode's tools and evidence are read once for all
rounds of all its questions. The adapter (LoRA on all linear layers) is kept in PEFT's format in
`run/<stage>/adapter`.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, PreTrainedModel

from sightline import weights
from sightline.errors import ConfigError
from sightline.mllm.attention import TREE, trees_of
from sightline.mllm.gguf_folder import write_folder
from sightline.mllm.loading import load_whole
from sightline.mllm.masks import attention_mask
from sightline.mllm.prepared import ENTRY, FILE, build
from sightline.planning.tokens import Tokens
from sightline.train.checkpoint import checkpoints, load_checkpoint
from sightline.train.detector import fast_bf16
from sightline.train.loop import Plan, barrier, fit, process_group
from sightline.train.lora import old_names
from sightline.train.lora_merged import merge_forward
from sightline.train.losses import exact_by_task
from sightline.train.packing import Packed, targets
from sightline.train.symbolic.batches import Source, WithChoices, as_tokens, drawn, packed
from sightline.train.symbolic.mixture import sources

LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class PlannerStage:
    """How the adapter is trained.

    Args:
        plan: steps, rate and so on.
        rank: of the adapter's matrices; their products are scaled by two.
        first_layer: the adapter is on this layer (from 0) and those above it. Those below stay as they are,
            and no gradient is computed for them: a fifth of a step of all thirty.
        rows, length: of a batch, and tokens of a row.
    """

    plan: Plan = field(
        default_factory=lambda: Plan(
            name="planner",
            steps=1500,
            lr=1e-3,
            trains=(("lora_", 1.0),),
            warmup=10,
            decay_from=0.6,
            ema=0.97,
            weight_decay=0.0,
            log_every=5,
            save_every=20,
        )
    )
    rank: int = 32
    first_layer: int = 10
    rows: int = 1
    length: int = 1536


def train_planner(
    base: Path, run: Path, stage: PlannerStage, sources: Sequence[Source], *, device: torch.device
) -> Path:
    """Train the adapter, going on from the last checkpoint of the run. Returns the adapter's folder.

    Args:
        base: folder of the language model.
        run: the run's folder.
        stage: how.
        sources: the mixture of episodes.
        device: to train on.
    """
    model = language_model(base, device)
    adapter = with_adapter(model, stage)
    merge_forward(model)
    make = partial(planner_batch, sources=sources, tokens=Tokens.load(base), stage=stage)
    fit(model, stage.plan, make, planner_loss, run)
    folder = run / stage.plan.name / "adapter"
    if process_group()[0] == 0:
        adapter.save_pretrained(str(folder))
    return folder


def language_model(base: Path, device: torch.device) -> PreTrainedModel:
    """The model of a folder of transformers, with the attention and the precision that suit the device.

    Raises `WeightsError` where there is no such folder, or weights are missing in it.
    """
    # Without bfloat16 units a CPU computes it fifty times slower than float32.
    dtype = torch.bfloat16 if device.type == "cuda" or fast_bf16() else torch.float32
    attention = TREE if device.type == "cpu" else "sdpa"
    model: PreTrainedModel = load_whole(
        AutoModelForCausalLM.from_pretrained, base, dtype=dtype, attn_implementation=attention
    )
    return model.to(device)  # type: ignore[arg-type,no-any-return]  # transformers hides the signature


def planner_so_far(
    run: Path,
    to: Path,
    *,
    base: Path | None = None,
    stage: PlannerStage | None = None,
    mean: bool = False,
) -> Path:
    """Write the planner as the last checkpoint of a run has it.

    Args:
        run: the run's folder.
        to: gets `adapter` (PEFT's format), `merged` (transformers) and `int4` (onnxruntime-genai).
        base: folder of the language model; None: the one in the run.
        stage: that was trained; None: the usual one.
        mean: take the running mean of the weights, which lags some thirty steps: early in a run it has
            learnt next to nothing.

    Returns:
        The folder `int4`, for `agent.builder.language_planner`.

    Raises:
        ConfigError: the run has no checkpoint yet.
    """
    stage = stage or PlannerStage()
    saved = checkpoints(run / stage.plan.name)
    if not saved:
        raise ConfigError(f"{run / stage.plan.name} has no checkpoint yet")
    state = load_checkpoint(saved[-1])
    base = base or run / "base"
    model: PreTrainedModel = load_whole(AutoModelForCausalLM.from_pretrained, base, dtype=torch.float32)
    adapter = with_adapter(model, stage)
    weights_ = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in state["means" if mean else "masters"].items():
            weights_[name].copy_(value)
    adapter.save_pretrained(str(to / "adapter"))
    with old_names():
        merged = adapter.merge_and_unload()
    merged.to(torch.bfloat16).save_pretrained(to / "merged")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(base / name, to / "merged" / name)
    shutil.rmtree(to / "int4", ignore_errors=True)
    build(to / "merged", to / "int4", to / "cache")
    return to / "int4"


def with_adapter(model: PreTrainedModel, stage: PlannerStage) -> Any:
    """Put a new adapter into `model`, in place. Returns PEFT's wrapper."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(stage.plan.seed)
    config = LoraConfig(
        r=stage.rank,
        lora_alpha=2 * stage.rank,
        target_modules=list(LINEAR),
        layers_to_transform=list(range(stage.first_layer, model.config.num_hidden_layers)),
        task_type="CAUSAL_LM",
    )
    with old_names():
        return get_peft_model(model, config, autocast_adapter_dtype=False)


def trained_adapter(model: PreTrainedModel, folder: Path) -> Any:
    """Put the adapter of a folder into `model`, in place, to be trained on. Returns PEFT's wrapper."""
    from peft import PeftModel

    with old_names():
        return PeftModel.from_pretrained(model, str(folder), is_trainable=True, autocast_adapter_dtype=False)


def planner_batch(
    seed: int, draw: int, *, sources: Sequence[Source], tokens: Tokens, stage: PlannerStage
) -> WithChoices:
    """Packed episodes: a function of (seed, draw)."""
    rng = np.random.default_rng((seed, draw, 12))
    rejected: list[str] = []

    def groups() -> Any:
        while True:
            _, episode, tools = drawn(sources, rng)
            yield as_tokens(episode, tools, tokens, rejected)

    return packed(groups(), rows=stage.rows, length=stage.length)


def planner_loss(model: nn.Module, batch: WithChoices) -> tuple[Tensor, float, dict[str, float]]:
    """Cross-entropy summed over the replies' tokens, their number, and replies right by task.

    Where the grammar leaves a choice, a token is held against what it allows there alone, as in decoding. A
    reply is right where each of its tokens is the likeliest of those.
    """
    assert isinstance(model, PreTrainedModel)
    logits, wanted, where = reply_logits(model, batch.packed)
    loss = nn.functional.cross_entropy(allowed_alone(logits, batch.allowed), wanted, reduction="sum")
    right = likeliest(logits.detach(), wanted, batch.allowed) == wanted
    return loss, float(len(wanted)), exact_by_task(batch.packed, where, right)


def reply_logits(
    model: PreTrainedModel, packed: Packed, embedded: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Logits where a reply's token is predicted, float32[N, V], those tokens int[N], and bool[B, T] where.

    `embedded`, float[B, T, D], is taken in place of the ids' own embeddings.
    """
    where, wanted = targets(packed)
    hidden = hidden_states(model, packed, embedded)
    return model.get_output_embeddings()(hidden[where]).float(), wanted, where


def allowed_alone(logits: Tensor, allowed: Sequence[tuple[int, ...]]) -> Tensor:
    """The logits, float[N, V], minus infinity for what is not allowed; see `batches.WithChoices`.

    Where nothing is said to be allowed they stay as they are: free text, or the one token that is possible.
    """
    closed = torch.zeros_like(logits, dtype=torch.bool)
    closed[[n for n, options in enumerate(allowed) if options]] = True
    rows = [n for n, options in enumerate(allowed) for _ in options]
    closed[rows, [token for options in allowed for token in options]] = False
    return logits.masked_fill(closed, -torch.inf)


def likeliest(logits: Tensor, wanted: Tensor, allowed: Sequence[tuple[int, ...]]) -> Tensor:
    """Of each token the likeliest that is allowed, int[N]; where nothing else is allowed, itself.

    Args:
        logits: float[N, V].
        wanted: int[N], the tokens themselves.
        allowed: see `batches.WithChoices`.
    """
    found = wanted.clone()
    for n, options in enumerate(allowed):
        if options:
            of = torch.tensor(options, device=wanted.device)
            found[n] = of[logits[n, of].argmax()]
    return found


def hidden_states(model: PreTrainedModel, batch: Packed, embedded: Tensor | None = None) -> Tensor:
    """What the last layer gives at every token, [B, T, D]; `embedded` in place of the ids' own embeddings."""
    decoder: Any = model.get_decoder()
    if embedded is None:
        embedded = model.get_input_embeddings()(batch.ids)
    ours = model.config._attn_implementation == TREE
    hidden: Tensor = decoder(
        inputs_embeds=embedded,
        attention_mask=attention_mask(batch.group, batch.branch, embedded.dtype),
        position_ids=batch.position,
        use_cache=False,
        **({"trees": trees_of(batch.group, batch.branch)} if ours else {}),
    ).last_hidden_state
    return hidden


def run_planner(
    run: Path,
    *,
    base: Path | None = None,
    pack: Path | None = None,
    found: Path | None = None,
    steps: int | None = None,
) -> Path:
    """Train on the whole mixture, going on from the last checkpoint of the run. Returns the adapter's folder.

    Args:
        run: the run's folder.
        base: folder of the language model; None: the pretrained one, fetched and unpacked into the run.
        pack: see `mixture.sources`.
        found: likewise.
        steps: in place of the stage's.
    """
    stage = PlannerStage()
    if steps:
        stage = replace(stage, plan=replace(stage.plan, steps=steps))
    base, device = made_ready(run, base)
    return train_planner(base, run, stage, sources(pack, found), device=device)


def made_ready(run: Path, base: Path | None) -> tuple[Path, torch.device]:
    """The folder of the language model, fetched and unpacked into the run for None; what to train on."""
    rank, world = process_group()
    if world > 1 and not torch.cuda.is_available():
        torch.set_num_threads(1)
    if base is None:
        base = run / "base"
        if rank == 0 and not (base / "config.json").is_file():
            write_folder(weights.path(ENTRY, FILE), base)
        barrier()
    return base, torch.device("cuda" if torch.cuda.is_available() else "cpu")
