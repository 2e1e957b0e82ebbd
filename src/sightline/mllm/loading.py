"""Loading a model of transformers: one at a time in a process, and whole.

While transformers builds a model it changes settings of the whole process (the default dtype and device):
two threads that load at once leave weights as they were initialized. What a folder lacks would stay so too,
without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any

from sightline.errors import WeightsError

LOADING = RLock()
"""Held by whoever builds a model."""


def load_whole(load: Callable[..., Any], folder: Path, **settings: Any) -> Any:
    """A model, every weight of which stands in the folder.

    Args:
        load: `from_pretrained` of its class.
        folder: with `config.json` and safetensors.
        **settings: handed to `load`.

    Raises:
        WeightsError: no such folder, nothing usable in it, or weights are missing or of another shape.
    """
    if not folder.is_dir():  # transformers would take it for the name of a model on the hub
        raise WeightsError(f"no such folder: {folder}")
    with LOADING:
        try:
            model, found = load(
                folder, local_files_only=True, use_safetensors=True, output_loading_info=True, **settings
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise WeightsError(f"{folder}: {' '.join(str(error).split())[:300]}") from error
    if wrong := sorted(map(str, [*found["missing_keys"], *found["mismatched_keys"]])):
        raise WeightsError(f"{folder} lacks {len(wrong)} weights, the first of them {wrong[0]}")
    return model
