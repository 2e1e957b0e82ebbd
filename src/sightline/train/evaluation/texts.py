"""Short answers that are compared as text: exact match, and ANLS (Biten et al. 2019, arXiv 1905.13648).

Edit distance is written out here: this package runs where no string library is installed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sightline.train.evaluation.scores import Scores, accuracy

CURRENCY = re.compile(r"^(?:rm|myr|us\$|usd|s\$|sgd|\$|eur|€|gbp|£)\s*(?=[\d.,-])")
"""May stand before an amount on paper or in a label; it is no part of the amount."""

THRESHOLD = 0.5
"""A similarity below it is worth nothing (ANLS)."""


def normalise(text: str) -> str:
    """`text` with three things taken away and nothing else: case, white space, a currency before a number."""
    return CURRENCY.sub("", re.sub(r"\s+", "", text.casefold()))


def exact(replies: Sequence[str | None], golds: Sequence[Sequence[str]]) -> Scores:
    """Replies that equal one of their gold answers once both are normalised; None is wrong."""
    return accuracy(
        [
            float(reply is not None and normalise(reply) in {normalise(g) for g in of})
            for reply, of in zip(replies, golds, strict=True)
        ],
        "exact",
    )


def anls(replies: Sequence[str | None], golds: Sequence[Sequence[str]]) -> Scores:
    """Average normalised Levenshtein similarity to the nearest gold answer, case and spacing aside."""
    return accuracy(
        [
            0.0 if reply is None else max(similarity(reply, gold) for gold in of)
            for reply, of in zip(replies, golds, strict=True)
        ],
        "ANLS",
    )


def similarity(reply: str, gold: str) -> float:
    """1 minus the edit distance over the longer length; 0 where that is below THRESHOLD."""
    a, b = (" ".join(text.casefold().split()) for text in (reply, gold))
    alike = 1 - distance(a, b) / max(len(a), len(b), 1)
    return alike if alike >= THRESHOLD else 0.0


def distance(a: str, b: str) -> int:
    """Levenshtein's: the fewest insertions, deletions and substitutions that turn `a` into `b`."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        corner, row[0] = row[0], i
        for j, right in enumerate(b, start=1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (left != right))
    return row[-1]
