"""A causal language model of transformers behind `planning.decode.Session`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import AutoModelForCausalLM, DynamicCache, PreTrainedModel

from sightline.mllm.loading import load_whole


def load_language_model(folder: Path) -> PreTrainedModel:
    """The causal language model of a folder, in float32. Raises `WeightsError` if weights are missing."""
    loaded: PreTrainedModel = load_whole(AutoModelForCausalLM.from_pretrained, folder, dtype=torch.float32)
    return loaded


class TorchSession:
    """One text, its keys and values kept; a text that begins alike is read from where it differs.

    Args:
        model: a causal language model, in any precision.
    """

    def __init__(self, model: PreTrainedModel) -> None:
        self._model: Any = model.eval()
        self._cache = DynamicCache(config=model.config)
        self._read: list[int] = []
        self._ahead: list[int] = []
        self._logits: NDArray[np.float32] | None = None

    def start(self, tokens: Sequence[int]) -> None:
        """Begin with these tokens."""
        shared = 0
        for a, b in zip(self._read, tokens[:-1], strict=False):
            if a != b:
                break
            shared += 1
        if shared < len(self._read):
            self._cache.crop(shared - len(self._read))
            self._read = self._read[:shared]
        self._ahead = list(tokens[shared:])
        self._logits = None

    def append(self, tokens: Sequence[int]) -> None:
        """Go on with these tokens."""
        self._ahead += tokens
        if tokens:
            self._logits = None

    @torch.inference_mode()
    def logits(self) -> NDArray[np.float32]:
        """float32[V]: of the token that comes next."""
        if self._logits is None:
            ids = torch.tensor([self._ahead], device=self._model.device)
            out = self._model(input_ids=ids, past_key_values=self._cache, use_cache=True, logits_to_keep=1)
            self._read += self._ahead
            self._ahead = []
            self._logits = out.logits[0, -1].float().cpu().numpy()
        assert self._logits is not None
        return self._logits
