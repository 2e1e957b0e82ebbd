"""One text that a language model reads: what the models behind `planning.decode.Session` share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class OneText(ABC):
    """One text, what was read of it kept; a text that begins alike is read from where it differs."""

    def __init__(self) -> None:
        """Nothing is read yet."""
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
            self._forget(len(self._read) - shared)
            self._read = self._read[:shared]
        self._ahead = list(tokens[shared:])
        self._logits = None

    def append(self, tokens: Sequence[int]) -> None:
        """Go on with these tokens."""
        self._ahead += tokens
        if tokens:
            self._logits = None

    def logits(self) -> NDArray[np.float32]:
        """float32[V]: of the token that comes next."""
        if self._logits is None:
            self._logits = self._after(self._ahead)
            self._read += self._ahead
            self._ahead = []
        return self._logits

    @abstractmethod
    def _after(self, tokens: list[int]) -> NDArray[np.float32]:
        """Read these tokens too; float32[V], what comes after them."""

    @abstractmethod
    def _forget(self, count: int) -> None:
        """Take back the last tokens that were read."""
