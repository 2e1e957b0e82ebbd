"""The eyes of the embedded language model: a picture becomes 64 embeddings that stand in the user's turn.

    <|im_start|>user
    [64 embeddings of the picture]
    What color is the triangle?<|im_end|>
    <|im_start|>assistant
    yellow<|im_end|>

The encoder (`vision.ConvStemViT`, trained here) and the language model (SmolLM2) stay as they are; the
projector between them is what `sightline train eyes` trains, as LLaVA's first stage does (Liu et al. 2023).
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import DynamicCache, PreTrainedModel

from sightline.errors import WeightsError
from sightline.mllm.config import ConvStemViTConfig
from sightline.mllm.connectors import MLPProjector
from sightline.mllm.processor import to_pixels
from sightline.mllm.vision import ConvStemViT

FILE = "eyes.safetensors"

PLACE = 0
"""The token that stands in the ids where an embedding of the picture goes: `<|endoftext|>`, which no text
encodes to."""


class Eyes(nn.Module):
    """float[N, 3, S, S] in -1..1 -> float[N, (S/16)^2, width]: encoder and projector.

    Args:
        width: of the language model's embeddings.
        scale: their standard deviation: the projector's content is held to it.
        config: of the encoder.
    """

    def __init__(self, width: int, scale: float, config: ConvStemViTConfig | None = None) -> None:
        super().__init__()
        config = config or ConvStemViTConfig()
        self.encoder = ConvStemViT(config)
        self.projector = MLPProjector(config.hidden_size, width, config.grid, content_scale=scale)
        self.scale = scale

    @property
    def tokens(self) -> int:
        """Embeddings of one picture."""
        return int(self.projector.grid**2)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        seen: Tensor = self.encoder(pixels).last_hidden_state
        projected: Tensor = self.projector(seen)
        return projected

    def save(self, folder: Path) -> None:
        """Write `eyes.safetensors`, in bfloat16."""
        folder.mkdir(parents=True, exist_ok=True)
        about = {"scale": repr(self.scale), "encoder": self.encoder.config.to_json_string()}
        halves = {name: value.detach().bfloat16().contiguous() for name, value in self.state_dict().items()}
        save_file(halves, folder / FILE, metadata=about)

    @classmethod
    def load(cls, folder: Path) -> Eyes:
        """From what `save` wrote, in float32. Raises `WeightsError`."""
        from safetensors import safe_open

        try:
            with safe_open(folder / FILE, framework="pt") as file:
                about = file.metadata()
                scale = float(about["scale"])
                config = ConvStemViTConfig.from_dict(json.loads(about["encoder"]))
            weights = {name: value.float() for name, value in load_file(folder / FILE).items()}
            width = weights["projector.linear_2.weight"].shape[0]
            eyes = cls(width, scale, config)
            eyes.load_state_dict(weights)
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise WeightsError(f"no eyes in {folder}: {' '.join(str(error).split())[:200]}") from error
        return eyes.eval()


class SeeingModel(nn.Module):
    """A language model and its eyes.

    Args:
        eyes: see `Eyes`.
        language: a causal language model.
    """

    def __init__(self, eyes: Eyes, language: PreTrainedModel) -> None:
        super().__init__()
        self.eyes, self.language = eyes, language

    def embedded(self, ids: Tensor, pixels: Tensor | None) -> Tensor:
        """The embeddings of tokens, float[B, T, W]; the pictures' in place of `PLACE`, in order."""
        found: Tensor = self.language.get_input_embeddings()(ids)
        if pixels is None:
            return found
        seen = self.eyes(pixels).flatten(0, 1).to(found.dtype)
        return found.masked_scatter((ids == PLACE)[..., None], seen)

    @torch.inference_mode()
    def reply(
        self, image: np.ndarray, asked: Sequence[int], *, stop: int, most: int, deadline: float
    ) -> tuple[list[int], float]:
        """What it says to a picture: its likeliest tokens, `stop` left out, and their probability.

        Args:
            image: RGB uint8[H, W, 3].
            asked: the prompt's tokens, `PLACE` for each embedding of the picture.
            stop: the token that ends a reply.
            most: tokens of a reply.
            deadline: on the clock of `time.monotonic`; what has been said by then is returned.
        """
        language: Any = self.language
        device = language.device
        pixels = to_pixels([image], self.eyes.encoder.config.image_size).to(device)
        given = self.embedded(torch.tensor([asked], device=device), pixels)
        cache, said, logprob = DynamicCache(config=language.config), list[int](), 0.0
        while len(said) < most and time.monotonic() < deadline:
            out = language(inputs_embeds=given, past_key_values=cache, use_cache=True, logits_to_keep=1)
            sure, best = out.logits[0, -1].float().log_softmax(-1).max(-1)
            logprob += float(sure)
            if int(best) == stop:
                break
            said.append(int(best))
            given = self.embedded(best.view(1, 1), None)
        return said, float(np.exp(logprob))
