"""What every scorer gives back, and how sure a mean is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
"""Bootstrap samples behind an interval."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """A scored list of replies.

    Args:
        figures: the benchmark's published figures by name, the headline first, in the units that they are
            published in (most in percent, MME in points).
        credits: of each reply in its order, 0..1 (CIDEr: 0..10).
    """

    figures: dict[str, float]
    credits: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean and its 95 % bootstrap interval, in the unit of what was averaged."""

    mean: float
    low: float
    high: float


def share(credits: Sequence[float]) -> float:
    """The mean in percent; 0 where there is nothing."""
    return 100 * float(np.mean(credits)) if len(credits) else 0.0


def accuracy(credits: Sequence[float], name: str = "accuracy") -> Scores:
    """Scores whose one figure is the mean credit in percent."""
    return Scores(figures={name: share(credits)}, credits=tuple(map(float, credits)))


def all_right(credits: Sequence[float], groups: Sequence[Hashable]) -> dict[Hashable, bool]:
    """For each group, in the order of their first rows, whether every row of it has full credit."""
    right: dict[Hashable, bool] = {}
    for credit, group in zip(credits, groups, strict=True):
        right[group] = right.get(group, True) and credit == 1
    return right


def group_means(credits: Sequence[float], groups: Sequence[Hashable]) -> list[float]:
    """The mean credit of each group, in the order of their first rows."""
    by_group: dict[Hashable, list[float]] = defaultdict(list)
    for credit, group in zip(credits, groups, strict=True):
        by_group[group].append(credit)
    return [sum(of) / len(of) for of in by_group.values()]


def interval(credits: Sequence[float], groups: Sequence[Hashable], *, seed: int = 0) -> Interval:
    """The mean over groups, and the percentile bootstrap over groups (rows of a group hang together).

    Raises `ValueError` where there are no credits.
    """
    if not credits:
        raise ValueError("no credits to average")
    values = np.asarray(group_means(credits, groups))
    rng = np.random.default_rng(seed)
    # A sample at a time: a matrix of all of them would be large for large suites.
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(DRAWS)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))
