"""A small tokenizer, a language model of seeded chance, a scripted one, and a few situations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from sightline.planning.choices import NotAllowed, pieces
from sightline.planning.grammar import Reply, reply_steps, written
from sightline.planning.situation import MARKS, Situation
from sightline.planning.sql_relations import sql_relations
from sightline.planning.tokens import Tokens
from sightline.planning.tool_spec import Argument, ToolSpec
from sightline.types import (
    Box,
    Cell,
    Detection,
    Detections,
    DocumentField,
    Evidence,
    Fields,
    Finding,
    Frame,
    Table,
    TextLines,
    TextSpan,
    ToolCall,
    ToolResult,
)
from sightline.types.overview import Overview

TEXTS = [
    "number: detect(query= red circles)",
    "How many of the teams in the table have more points than the others?",
    'money: query(sql=SELECT "Team", sum(value) FROM "table" WHERE class = \'circle\' ORDER BY x DESC LIMIT 1)',
    "text: quote of e2: TOTAL RM 45.00 ; yes/no: exists in e3 ; color: cannot tell: not there",
] * 10

FRAME = Frame(image="0" * 64, width=400, height=200)


def tokenizer() -> Tokenizer:
    """Byte-level, with the two marks, as SmolLM's."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=["<|endoftext|>", *MARKS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(TEXTS, trainer)
    return made


class Chance:
    """A session whose logits are a function of its seed and of how many were asked for."""

    def __init__(self, seed: int, size: int) -> None:
        self._rng, self._size = np.random.default_rng(seed), size
        self.ids: list[int] = []

    def start(self, tokens: Sequence[int]) -> None:
        self.ids = list(tokens)

    def append(self, tokens: Sequence[int]) -> None:
        self.ids += tokens

    def logits(self) -> NDArray[np.float32]:
        return (3 * self._rng.standard_normal(self._size)).astype(np.float32)


class Script:
    """A session that wants to say one text after another: for each `start`, the next one."""

    def __init__(self, tokens: Tokens, *replies: str) -> None:
        self._tokens, self._replies = tokens, list(replies)
        self.prompts: list[list[int]] = []
        self._steps: list[int] = []
        self.appended: list[int] = []

    def start(self, tokens: Sequence[int]) -> None:
        self.prompts.append(list(tokens))
        self.appended = []

    def append(self, tokens: Sequence[int]) -> None:
        self.appended += tokens

    def logits(self) -> NDArray[np.float32]:
        raise NotImplementedError
