"""The tokenizer: byte-level BPE in which digits stand alone, with a token a coordinate bin and note id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from sightline.errors import ConfigError, WeightsError

BINS = 100
MAX_NOTES = 32
MARKS = (
    "<pad>",
    "<bos>",
    "<eos>",
    "<image>",
    "<tools>",
    "<note>",
    "<user>",
    "<reply>",
    "<think>",
    "<call>",
    "<answer>",
    "<quote>",
    "<cite>",
)
"""The marks that give a dialogue its form. No text, wherever it comes from, is ever encoded into one."""

_SPECIALS = (
    *MARKS,
    *(f"<{i:02d}>" for i in range(BINS)),
    *(f"<e{i}>" for i in range(1, MAX_NOTES + 1)),
)
_OWN = ("pad", "bos", "eos")
"""Marks for which a pretrained tokenizer may have tokens of its own."""
_BIN = re.compile(r"<(\d\d)>")
_LONGEST_KEPT = 64


def train_tokenizer(texts: Iterable[str], vocab_size: int = 4096) -> PreTrainedTokenizerFast:
    """A byte-level BPE of `vocab_size` tokens over `texts`; marks, bins and note ids come first."""
    tokenizer = Tokenizer(models.BPE())
    # Digits first: a number is a sequence of digits, whatever stands before it.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(_SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        max_token_length=16,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        clean_up_tokenization_spaces=False,
    )


def adopt_tokenizer(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerFast:
    """A pretrained tokenizer with the marks, bins and note ids that it lacks, after its own tokens.

    Its own tokens for padding, begin and end stay what they are.

    Raises `ConfigError` for one that does not give texts back piece by piece: SentencePiece's, for one, puts
    a space before each. Byte-level ones do (Qwen, Llama 3, GPT-2).
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ConfigError(f"{type(tokenizer).__name__} is no tokenizer of the `tokenizers` library")
    own = {f"{name}_token": getattr(tokenizer, f"{name}_token") or f"<{name}>" for name in _OWN}
    adopted = PreTrainedTokenizerFast(tokenizer_object=backend, clean_up_tokenization_spaces=False, **own)
    adopted.add_tokens([mark for mark in _SPECIALS if mark[1:-1] not in _OWN], special_tokens=True)
    v = Vocabulary(adopted)
    pieces = ("find", "(", " 12.50 ä", ")")
    if (back := v.decode([i for piece in pieces for i in v.text(piece)])) != "".join(pieces):
        raise ConfigError(f"the tokenizer gives {''.join(pieces)!r} back as {back!r}")
    return adopted


class Vocabulary:
    """Ids of marks, bins and notes, and text to ids and back, over one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.backend = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        # Text is data: "<eos>" in a question is five characters, not the end of the question.
        self.backend.encode_special_tokens = True
        self.size = len(tokenizer)
        own = {name: getattr(tokenizer, f"{name}_token") for name in _OWN}
        self.marks = {mark[1:-1]: self._id(own.get(mark[1:-1]) or mark) for mark in MARKS}
        self.first_bin = self._id("<00>")
        self.first_note = self._id("<e1>")
        self.shown = {index: f"<{name}>" for name, index in self.marks.items()}
        self.shown |= {self.first_bin + i: f"<{i:02d}>" for i in range(BINS)}
        self.shown |= {self.first_note + i: f"e{i + 1}" for i in range(MAX_NOTES)}
        added = self.backend.get_added_tokens_decoder()
        self.texts = [i for i in range(self.size) if i not in added]
        self.first_text = self.texts[0]
        self._words = lru_cache(maxsize=65536)(self._encode)  # of short texts alone, so that it stays small

    @classmethod
    def load(cls, folder: Path) -> Vocabulary:
        """From a folder that `save_pretrained` wrote. Raises `WeightsError` if there is none."""
        if not (folder / "tokenizer.json").is_file():
            raise WeightsError(f"no tokenizer.json in {folder}")
        return cls(PreTrainedTokenizerFast.from_pretrained(folder))

    @cached_property
    def plain(self) -> Tensor:
        """int[N]: ids of the text that may stand between quotation marks: printable, and none itself."""
        pieces = ((i, self.decode([i])) for i in self.texts)
        return torch.tensor([i for i, piece in pieces if '"' not in piece and piece.isprintable()])

    def _id(self, token: str) -> int:
        index: int | None = self.backend.token_to_id(token)
        if index is None:
            raise WeightsError(f"the tokenizer has no {token}")
        return index

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.backend.encode(text, add_special_tokens=False).ids)

    def text(self, text: str, *, places: bool = False) -> list[int]:
        """Ids of `text`, never a mark; with `places`, `<07>` becomes the bin of 7 %."""
        if not places:
            return list(self._encode(text) if len(text) > _LONGEST_KEPT else self._words(text))
        ids: list[int] = []
        for i, part in enumerate(_BIN.split(text)):
            ids += [self.first_bin + int(part)] if i % 2 else self._words(part)
        return ids

    def spans(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of `text` and the characters that each stands for."""
        encoding = self.backend.encode(text, add_special_tokens=False)
        return list(encoding.ids), list(encoding.offsets)

    def note(self, name: str) -> int:
        """The id of the note `e1`, `e2`, ..."""
        number = int(name[1:])
        if not 1 <= number <= MAX_NOTES:
            raise ValueError(f"notes are e1 to e{MAX_NOTES}, not {name}")
        return self.first_note + number - 1

    def decode(self, ids: Iterable[int]) -> str:
        """Text of `ids`; bins become `<07>` again, note ids `e1`, marks `<answer>` and the like."""
        return "".join(self._decoded(list(ids)))

    def _decoded(self, ids: list[int]) -> Iterator[str]:
        run: list[int] = []
        for index in ids:
            if index not in self.shown:
                run.append(index)
                continue
            yield self.backend.decode(run, skip_special_tokens=False)
            run = []
            yield self.shown[index]
        yield self.backend.decode(run, skip_special_tokens=False)
