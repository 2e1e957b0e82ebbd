"""What every stage over text shares: batches, and how a model is kept and taken up again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedConfig

from sightline.errors import SightlineError
from sightline.mllm.attention import PACKED
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import MANIFEST, SHARD_BYTES, check_weights, write_manifest
from sightline.train.loop import Plan, barrier, process_group
from sightline.train.mixtures import dialogue_batch, dialogues_batch, pair_batch
from sightline.train.packing import Packed
from sightline.train.plots import plot_log
from sightline.train.preview import Say, sampler
from sightline.train.recipe import TextData

Make = Callable[[int, int], Packed]


def text_batches(
    data: TextData, vocabulary: Vocabulary, config: PreTrainedConfig, *, pairs: bool = False
) -> Make:
    """(seed, draw) -> a batch of `data`'s dialogues, or of its preference pairs."""
    kind: dict[str, Any] = {} if pairs else {"all_text": data.all_text}
    make: Callable[..., Packed] = partial(
        pair_batch if pairs else dialogue_batch,
        **kind,
        rows=data.rows,
        length=data.length,
        vocabulary=vocabulary,
        side=config.vision_config.image_size,
        tokens_per_image=config.tokens_per_image,
    )
    return lambda seed, draw: make(seed, draw, mixture=data.mixture_at(draw))


def held_out_sampler(data: TextData, vocabulary: Vocabulary, *, count: int = 6) -> Say | None:
    """What a model answers to held-out dialogues of the last mixture; None where `data` has no worlds."""
    mixture = [data.mixture, *(later for _, later in data.later)][-1]
    if not mixture:
        return None
    _, dialogues = dialogues_batch(0, 0, mixture=mixture, count=count, split="heldout")
    return sampler(vocabulary, dialogues)


def attention_for(device: torch.device) -> str:
    """Which attention trains fastest there: ours by groups on a CPU, the fused kernel elsewhere."""
    return PACKED if device.type == "cpu" else "sdpa"


def save_stage(
    model: SightlineForConditionalGeneration, vocabulary: Vocabulary, plan: Plan, run: Path
) -> Path:
    """Write the model after a stage, its tokenizer, hashes and plot. Returns the folder."""
    folder = run / plan.name / "model"
    rank, _ = process_group()
    if rank == 0:
        model.save_pretrained(folder, max_shard_size=SHARD_BYTES)
        vocabulary.tokenizer.save_pretrained(folder)
        write_manifest(folder, {"stage": plan.name, "steps": plan.steps})
        plot_log(run / plan.name / "log.jsonl")
    barrier()
    return folder


def load_stage(
    plan: Plan, run: Path, device: torch.device, **settings: Any
) -> tuple[SightlineForConditionalGeneration, Vocabulary]:
    """The model that a stage left, in bf16; `settings` are those of `from_pretrained`.

    Raises `SightlineError` if the stage is not done.
    """
    folder = run / plan.name / "model"
    if not (folder / MANIFEST).is_file():  # the last file that a stage writes
        raise SightlineError(
            f"{folder} is not there: run the stage `{plan.name}` of this recipe to its end first"
        )
    return load_folder(folder, device, **settings)


def load_folder(
    folder: Path, device: torch.device, **settings: Any
) -> tuple[SightlineForConditionalGeneration, Vocabulary]:
    """The model of any folder with a manifest, in bf16. Raises `WeightsError` if it is not whole."""
    check_weights(folder)
    model = SightlineForConditionalGeneration.from_pretrained(
        folder,
        dtype=torch.bfloat16,
        local_files_only=True,
        use_safetensors=True,
        **settings,
    )
    model.language_model.set_attn_implementation(attention_for(device))
    if "device_map" not in settings:
        model.to(device)  # type: ignore[arg-type]  # transformers hides the signature of `to`
    return model, Vocabulary.load(folder)


def export_stage(model: Path, to: Path) -> str:
    """Copy a stage's model to `to`. Returns a line on what was written.

    Raises `WeightsError` if the model is not whole.
    """
    check_weights(model)
    to.mkdir(parents=True, exist_ok=True)
    for stale in to.glob("*.safetensors*"):
        stale.unlink()
    for file in sorted(model.iterdir()):
        shutil.copyfile(file, to / file.name)
    size = sum(path.stat().st_size for path in to.iterdir())
    return f"{to}: weights {check_weights(to)}, {size / 2**20:.1f} MiB"
