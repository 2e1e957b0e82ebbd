"""The model ready to use: weights, tokenizer and grammar behind one method."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers.utils import logging

from sightline.mllm.chat import Note, Reply, ToolSpec, prompt_prefix, question_ids
from sightline.mllm.generate import Decoded, decode
from sightline.mllm.grammar import ReplyGrammar, parse
from sightline.mllm.loading import load_whole
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import EMBEDDED, check_weights

CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Said:
    """A reply, the probability of its answer or calls among all that the grammar allowed, and its tokens."""

    reply: Reply
    confidence: float
    tokens: int


class Reasoner:
    """Plans and answers. Not for use from two threads at once."""

    def __init__(
        self, model: SightlineForConditionalGeneration, vocabulary: Vocabulary, weights: str = ""
    ) -> None:
        self.model = model
        self.model.train(False)
        self.vocabulary = vocabulary
        self.weights = weights

    @classmethod
    def load(cls, folder: Path | None = None) -> Reasoner:
        """The weights in `folder`; the embedded ones if there is none given.

        Raises `WeightsError` if files or weights are missing, or hashes are not those of the manifest.
        """
        folder = folder or EMBEDDED
        digest = check_weights(folder)
        logging.disable_progress_bar()  # transformers draws one on stderr for each load
        # float32: on a CPU a single token is decoded faster than in bf16.
        model = load_whole(SightlineForConditionalGeneration.from_pretrained, folder, dtype=torch.float32)
        return cls(model, Vocabulary.load(folder), digest)

    def reply(
        self,
        *,
        images: Sequence[np.ndarray],
        tools: Sequence[ToolSpec],
        notes: Sequence[Note],
        question: str,
        must_answer: bool = False,
        max_tokens: int = 160,
        deadline: float | None = None,
    ) -> Said:
        """Calls or an answer.

        Args:
            images: RGB uint8[H, W, 3], the image first, then crops of it.
            tools: what may be called.
            notes: what has been found so far.
            question: as the user asked it.
            must_answer: no more calls.
            max_tokens: of the reply; one that is cut short is an answer of `cannot tell`.
            deadline: on `time.monotonic`; likewise.

        Raises `ValueError` if the prompt is longer than the model's context, or there are more than 32 notes.
        """
        v, config = self.vocabulary, self.model.config
        prompt = [
            *prompt_prefix(v, tools, len(images), notes, config.tokens_per_image),
            *question_ids(v, question),
        ]
        longest = config.text_config.max_position_embeddings - max_tokens
        if len(prompt) > longest:
            raise ValueError(f"a prompt of {len(prompt)} tokens; the model takes {longest}")
        pixels = to_pixels(images, config.vision_config.image_size) if images else None
        grammar = ReplyGrammar(v, tools=tools, notes=notes, question=question, must_answer=must_answer)
        said = decode(self.model, prompt, pixels, grammar.steps(), max_tokens=max_tokens, deadline=deadline)
        if not said.whole:
            return Said(Reply(answer=CANNOT_TELL), 0.0, len(said.ids))
        return Said(parse(said.ids, v, tools), self._confidence(said), len(said.ids))

    def _confidence(self, said: Decoded) -> float:
        """The probability of the answer's or the calls' tokens, the thought and the cited ids left out."""
        marks = self.vocabulary.marks
        start = next(i for i, token in enumerate(said.ids) if token in (marks["answer"], marks["call"]))
        end = said.ids.index(marks["cite"]) if marks["cite"] in said.ids else len(said.ids)
        return math.exp(sum(said.logprobs[start:end]))
