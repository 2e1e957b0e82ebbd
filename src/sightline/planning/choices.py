"""How a grammar is written: a coroutine that says what may come next, and is sent what was chosen.

    def greeting() -> Steps[str]:
        word = yield OneOf(("Hello", "Good day"))
        yield OneOf((", ",))
        name = yield Free(stop="!", most=20)
        return name

A language model decides (`decode`), or a text that is known decides (`pieces`). Both cut the text into the
same pieces, and a piece is turned into tokens by itself: what is trained is what is decoded.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")


class Mark(str):
    """A piece that is one token of the language model's form. A text that reads alike is no mark."""


END = Mark("<|im_end|>")
"""The piece that ends a reply."""


@dataclass(frozen=True)
class OneOf:
    """Exactly one of these texts."""

    options: tuple[str, ...]


@dataclass(frozen=True)
class Free:
    """Any text without line breaks up to `stop`, which is a part of it; `most` tokens."""

    stop: str
    most: int = 48


Choice: TypeAlias = OneOf | Free
Steps: TypeAlias = Generator[Choice, str, T]
Encode: TypeAlias = Callable[[str], Sequence[int]]


class NotAllowed(ValueError):
    """A text that its grammar does not allow."""


def pieces(text: str, steps: Steps[T]) -> tuple[list[str], T]:
    """A text cut into the pieces of its grammar, and what the grammar returns for it.

    Where several options begin the rest of the text, the longest is meant. Raises `NotAllowed`.
    """
    made, value = choices_made(text, steps)
    return [piece for _, piece in made], value


def choices_made(text: str, steps: Steps[T]) -> tuple[list[tuple[Choice, str]], T]:
    """As `pieces`, each piece with the choice that it answers."""
    made: list[tuple[Choice, str]] = []
    at = 0
    try:
        choice = next(steps)
        while True:
            piece = _piece(text, at, choice)
            made.append((choice, piece))
            at += len(piece)
            choice = steps.send(piece)
    except StopIteration as stop:
        if at != len(text):
            raise NotAllowed(f"{text[at:]!r} is too much") from None
        return made, stop.value


def _piece(text: str, at: int, choice: Choice) -> str:
    if isinstance(choice, Free):
        end = text.find(choice.stop, at)
        if end < 0 or "\n" in text[at:end]:
            raise NotAllowed(f"{text[at:]!r} has no {choice.stop!r}")
        return text[at : end + len(choice.stop)]
    fitting = [option for option in choice.options if text.startswith(option, at)]
    if not fitting:
        told = ", ".join(map(repr, choice.options[:8]))
        raise NotAllowed(f"{text[at : at + 60]!r} begins with none of {len(choice.options)}: {told}")
    return max(fitting, key=len)
