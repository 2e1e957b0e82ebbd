"""POPE: is there such an object? Li et al. 2023, arXiv 2305.10355, and its `evaluate.py`."""

from __future__ import annotations

from collections.abc import Sequence

from sightline.train.evaluation.scores import Scores, share


def parse(reply: str) -> str:
    """`no` where the first sentence holds the word no or not, otherwise `yes`: the official reading."""
    words = reply.split(".")[0].replace(",", "").split(" ")
    return "no" if {"No", "no", "not"} & set(words) else "yes"


def pope(replies: Sequence[str | None], labels: Sequence[str]) -> Scores:
    """The POPE score.

    Args:
        replies: as said; None where there is none, which counts as the wrong one of yes and no.
        labels: `yes` or `no`.

    Returns:
        Percentages: `F1`, `accuracy`, `precision`, `recall` (of yes) and `yes_ratio` (of the replies).
    """
    golds = [label.strip().lower() == "yes" for label in labels]
    said = [
        parse(reply) == "yes" if reply is not None else not gold
        for reply, gold in zip(replies, golds, strict=True)
    ]
    both = sum(s and g for s, g in zip(said, golds, strict=True))
    precision = both / sum(said) if any(said) else 0.0
    recall = both / sum(golds) if any(golds) else 0.0
    credits = [float(s == g) for s, g in zip(said, golds, strict=True)]
    figures = {
        "F1": 200 * precision * recall / (precision + recall) if both else 0.0,
        "accuracy": share(credits),
        "precision": 100 * precision,
        "recall": 100 * recall,
        "yes_ratio": share([float(s) for s in said]),
    }
    return Scores(figures=figures, credits=tuple(credits))
