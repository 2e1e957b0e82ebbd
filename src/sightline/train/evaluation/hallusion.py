"""HallusionBench: yes or no over figures that mislead; Guan et al. 2024, arXiv 2310.14566, `evaluation.py`.

The official run lets GPT-4 say whether a reply agrees with the label. Here yes and no are read from the
reply's first words (`parse`), or verdicts of a judge are handed in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sightline.train.evaluation.scores import Scores, all_right, share


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a question stands in the benchmark, by the names of its JSON file."""

    category: str
    subcategory: str
    set_id: str
    figure_id: str
    question_id: str

    @property
    def figure(self) -> tuple[str, ...]:
        """What questions about the same figure share."""
        return self.category, self.subcategory, self.set_id, self.figure_id

    @property
    def pair(self) -> tuple[str, ...]:
        """What the same question about several figures shares."""
        return self.category, self.subcategory, self.set_id, self.question_id

    @property
    def has_figure(self) -> bool:
        """Questions of the category VS with figure 0 are asked without any."""
        return not (self.category == "VS" and self.figure_id == "0")


def parse(reply: str) -> str:
    """`yes` or `no` where the reply begins with it, otherwise `unclear`."""
    head = re.match(r"\W*(yes|no)\b", reply.casefold())
    return head[1] if head else "unclear"


def rights(replies: Sequence[str | None], labels: Sequence[str]) -> list[bool]:
    """Whether each reply (None: there is none) is its label, `1` for yes and `0` for no."""
    words = {"1": "yes", "0": "no"}
    return [
        reply is not None and parse(reply) == words[label]
        for reply, label in zip(replies, labels, strict=True)
    ]


def hallusion(right: Sequence[bool], places: Sequence[Place]) -> Scores:
    """`aAcc`: questions, `fAcc`: figures with all questions right, `qAcc`: questions right over all figures.

    They are percentages; `overall` is the mean of the three, as the leaderboard has it.
    """
    credits = tuple(float(r) for r in right)
    seen = [(credit, place) for credit, place in zip(credits, places, strict=True) if place.has_figure]
    figure = all_right([credit for credit, _ in seen], [place.figure for _, place in seen])
    pair = all_right(credits, [place.pair for place in places])
    shares = {
        "aAcc": share(credits),
        "fAcc": share(list(figure.values())),
        "qAcc": share(list(pair.values())),
    }
    return Scores(figures={"overall": sum(shares.values()) / 3} | shares, credits=credits)
