"""ChartQA's relaxed accuracy: numbers within 5 %, all else to the letter.

Masry et al. 2022, arXiv 2203.10244, after Methani et al. 2020 (PlotQA), as Pix2Struct's scorer has it: a
percent sign divides by 100, and a target of 0 is compared as text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sightline.train.evaluation.scores import Scores, accuracy

TOLERANCE = 0.05


def relaxed(replies: Sequence[str | None], golds: Sequence[Sequence[str]]) -> Scores:
    """Replies (None: there is none) that fit one of their gold answers, in percent."""
    return accuracy(
        [
            float(reply is not None and any(fits(reply, gold) for gold in of))
            for reply, of in zip(replies, golds, strict=True)
        ],
        "relaxed",
    )


def fits(reply: str, gold: str) -> bool:
    """Whether a reply is the gold answer, or a number within `TOLERANCE` of it."""
    said, target = _number(reply), _number(gold)
    if said is not None and target:
        return abs(said - target) / abs(target) <= TOLERANCE
    return reply.strip().lower() == gold.strip().lower()


def _number(text: str) -> float | None:
    text = text.strip()
    try:
        value = float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
