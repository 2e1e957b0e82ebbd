"""A causal language model on onnxruntime-genai behind `planning.decode.Session`: no torch, no transformers.

A folder holds what its model builder writes: `genai_config.json`, `model.onnx` and the weights beside it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sightline.errors import WeightsError
from sightline.mllm.one_text import OneText

CONTEXT = 6144
"""Tokens of the cache that is kept: 140 MB for SmolLM2-135M in float32."""


class OnnxSession(OneText):
    """A model in a folder that reads one text.

    Args:
        folder: of the model.
        context: the longest text, in tokens; that of the model where it is less.
    """

    def __init__(self, folder: Path, *, context: int = CONTEXT) -> None:
        super().__init__()
        try:
            about = json.loads((folder / "genai_config.json").read_text(encoding="utf-8"))
            context = min(context, int(about["model"]["context_length"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise WeightsError(f"no model of onnxruntime-genai in {folder}: {error}") from error
        import onnxruntime_genai as genai

        self._model = genai.Model(str(folder))
        params = genai.GeneratorParams(self._model)
        params.set_search_options(max_length=context, do_sample=False)
        self._generator = genai.Generator(self._model, params)
        self._context = context

    def start(self, tokens: Sequence[int]) -> None:
        """Begin with these tokens. Raises `ValueError` where they are longer than the context."""
        if len(tokens) >= self._context:
            raise ValueError(f"a prompt of {len(tokens)} tokens; the model is given {self._context}")
        super().start(tokens)

    def _after(self, tokens: list[int]) -> NDArray[np.float32]:
        self._generator.append_tokens(np.array(tokens, dtype=np.int32))
        logits: NDArray[np.float32] = np.asarray(self._generator.get_logits(), dtype=np.float32)[0, -1]
        return logits

    def _forget(self, count: int) -> None:
        self._generator.rewind_to(len(self._read) - count)
