"""An adapter as the package ships it: half the bytes, nothing of where it was made, and a manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from sightline.errors import WeightsError
from sightline.mllm.weights import write_manifest

BASE = "HuggingFaceTB/SmolLM2-135M-Instruct"

KEPT = (
    "peft_type",
    "task_type",
    "r",
    "lora_alpha",
    "lora_dropout",
    "bias",
    "target_modules",
    "layers_to_transform",
)
"""Of PEFT's settings: what tells how the matrices are added to the model's."""


def ship(adapter: Path, to: Path, about: dict[str, Any]) -> Path:
    """Write an adapter of `sightline train planner` to a folder of its own, in float16.

    Args:
        adapter: a folder in PEFT's format.
        to: the folder; its README.md stays as it is.
        about: what the manifest says of how it was made.

    Returns:
        `to`.

    Raises:
        WeightsError: there is no such adapter, or a number that float16 cannot hold.
    """
    try:
        tensors = load_file(adapter / "adapter_model.safetensors")
        settings = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"no adapter in {adapter}: {error}") from error
    most = np.finfo(np.float16).max
    if wild := next((name for name, values in tensors.items() if not (np.abs(values) <= most).all()), None):
        raise WeightsError(f"{adapter}: {wild} has numbers that float16 cannot hold")
    halves = {name: values.astype(np.float16) for name, values in tensors.items()}
    to.mkdir(parents=True, exist_ok=True)
    save_file(halves, to / "adapter_model.safetensors", metadata={"format": "pt"})
    kept = {name: settings[name] for name in KEPT if name in settings}
    kept |= {"base_model_name_or_path": BASE, "target_modules": sorted(settings["target_modules"])}
    (to / "adapter_model.safetensors").chmod(0o644)  # safetensors writes it for its owner alone
    (to / "adapter_config.json").write_text(
        json.dumps(kept, indent=2, sort_keys=True) + "\n", encoding="utf-8"
    )
    write_manifest(to, about)
    return to
