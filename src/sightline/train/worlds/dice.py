"""Quick draws from a generator: `Generator.choice` is some ten times slower on short lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from numpy.random import Generator

T = TypeVar("T")


def pick(rng: Generator, options: Sequence[T]) -> T:
    """One of `options`, each equally likely."""
    return options[int(rng.random() * len(options))]


def chance(rng: Generator, probability: float) -> bool:
    """True with `probability`."""
    return bool(rng.random() < probability)


def weighted(rng: Generator, options: dict[T, float]) -> T:
    """One of the keys, as likely as its weight says."""
    left = rng.random() * sum(options.values())
    for option, weight in options.items():
        left -= weight
        if left < 0:
            return option
    return next(reversed(options))


def span(rng: Generator, low: int, high: int) -> int:
    """A whole number from `low` to `high`, both included."""
    return low + int(rng.random() * (high - low + 1))


def digits(rng: Generator, count: int, first: str = "0123456789") -> str:
    """A string of `count` digits that starts with one of `first`."""
    return pick(rng, first) + "".join(pick(rng, "0123456789") for _ in range(count - 1))


def shuffled(rng: Generator, options: Sequence[T]) -> list[T]:
    """The options in a random order."""
    return [options[int(i)] for i in rng.permutation(len(options))]
