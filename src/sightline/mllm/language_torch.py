"""A causal language model of transformers behind `planning.decode.Session`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedModel

from sightline.mllm.loading import load_whole
from sightline.mllm.one_text import OneText


def load_language_model(folder: Path) -> PreTrainedModel:
    """The causal language model of a folder, in float32. Raises `WeightsError` if weights are missing."""
    loaded: PreTrainedModel = load_whole(AutoModelForCausalLM.from_pretrained, folder, dtype=torch.float32)
    return loaded


class TorchSession(OneText):
    """A model that reads one text; its keys and values are kept.

    Args:
        model: a causal language model, in any precision.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self._model: Any = model.eval()
        self._cache = DynamicCache(config=model.config)

    @torch.inference_mode()
    def _after(self, tokens: list[int]) -> NDArray[np.float32]:
        ids = torch.tensor([tokens], device=self._model.device)
        out = self._model(input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
        logits: NDArray[np.float32] = out.logits[0, -1].float().cpu().numpy()
        return logits

    def _forget(self, count: int) -> None:
        self._cache.crop(-count)
