"""Pieces of prompts and replies as tokens. Marks are tokens only where they are pieces of their own."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from tokenizers import Tokenizer

from sightline.errors import WeightsError
from sightline.planning.choices import Mark
from sightline.planning.situation import MARKS

LONGEST_KEPT = 64
"""Characters of a text whose tokens are remembered: names and keywords come again, notes do not."""


class Tokens:
    """A tokenizer that turns each piece into tokens by itself."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._tokenizer.encode_special_tokens = True  # text is data: a mark in it is so many characters
        self._marks: dict[str, int] = {}
        for mark in MARKS:
            index = tokenizer.token_to_id(mark)
            if index is None:
                raise WeightsError(f"the tokenizer has no {mark}")
            self._marks[mark] = index
        self._kept = lru_cache(maxsize=1 << 16)(self._encode)
        self.size = tokenizer.get_vocab_size()
        self.special = frozenset(tokenizer.get_added_tokens_decoder())
        """Tokens that are no text."""

    @classmethod
    def load(cls, folder: Path) -> Tokens:
        """From the `tokenizer.json` of a folder. Raises `WeightsError` where there is none."""
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise WeightsError(f"no tokenizer.json in {folder}")
        return cls(Tokenizer.from_file(str(file)))

    def piece(self, text: str) -> tuple[int, ...]:
        """The tokens of one piece: a mark, or any text."""
        if isinstance(text, Mark):
            return (self._marks[text],)
        return self._kept(text) if len(text) <= LONGEST_KEPT else self._encode(text)

    def pieces(self, texts: Iterable[str]) -> list[int]:
        """The tokens of pieces in a row."""
        return [token for text in texts for token in self.piece(text)]

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of tokens, marks included."""
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=False)
        return text

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer.encode(text, add_special_tokens=False).ids)
