"""NLVR: statements over three boxes, true or false; Suhr et al. 2017, https://lil.nlp.cornell.edu/nlvr."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

from sightline.train.evaluation.scores import Scores, all_right, share

_WORDS = {"true": True, "yes": True, "false": False, "no": False}


def parse(reply: str) -> bool | None:
    """Whether the reply's first true, yes, false or no is one of the first two; None where there is none."""
    found = re.search(r"\b(true|yes|false|no)\b", reply.casefold())
    return _WORDS[found[1]] if found else None


def nlvr(replies: Sequence[str | None], labels: Sequence[str], *, statements: Sequence[Hashable]) -> Scores:
    """Accuracy and consistency.

    Args:
        replies: as said; None where there is none, which is wrong.
        labels: `true` or `false`.
        statements: what the permutations of one picture under one statement have in common.

    Returns:
        `accuracy` over rows, and `consistency`: statements whose every permutation is right; in percent.
    """
    credits = [
        float(reply is not None and parse(reply) is _WORDS[label.strip().casefold()])
        for reply, label in zip(replies, labels, strict=True)
    ]
    whole = all_right(credits, statements)
    figures = {"accuracy": share(credits), "consistency": share(list(whole.values()))}
    return Scores(figures=figures, credits=tuple(credits))
