"""Finds the SQL that a question about a table most likely means, where it gives the right answer.

Each shape costs what it takes beyond the question's words, and what it leaves of them unused. A question is
kept where a cheap shape gives its answer and hardly any other answer is cheaper: one that is met by chance
has many others before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sightline.tools.relations import Rows
from sightline.train.evaluation.wtq import normalized, same_wtq
from sightline.train.symbolic.wtq_asked import Asked
from sightline.train.symbolic.wtq_named import Shape
from sightline.train.symbolic.wtq_rows import atoms_of, fields_of, wheres_of
from sightline.train.symbolic.wtq_shapes import Shapes
from sightline.train.symbolic.wtq_words import Question

MOST_COSTS = (2.9, 2.1, 1.5, 1.1)
"""Of a shape that is kept, by how many other answers are as cheap or cheaper."""

MOST_GUESSED = (1.7, 0.9)
"""The same where an answer is easily met by chance."""

MOST_LEFT = 1.9
"""What may be left of the question unused."""

TIED = 0.04
"""Two shapes whose costs differ by less are equally likely."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A query that gives the answer.

    Args:
        shape: the query.
        cost: its own, and of what it leaves unused.
        left: what it leaves unused.
        before: how many other answers are as cheap or cheaper.
        unsure: whether another kind of shape gives the same small number at the same cost.
    """

    shape: Shape
    cost: float
    left: float
    before: int
    unsure: bool

    @property
    def good(self) -> bool:
        """Whether it is likely to be what the question means."""
        most = MOST_GUESSED if _guessed(self.shape.values) else MOST_COSTS
        if self.unsure or self.before >= len(most):
            return False
        return self.cost <= most[self.before] and self.left <= MOST_LEFT


def _guessed(values: Sequence[str]) -> bool:
    """Whether an answer is met by chance: yes, no, a small number."""
    return len(values) == 1 and bool(re.fullmatch(r"yes|no|\d{1,2}", values[0]))


def ranked(text: str, wide: Rows) -> list[tuple[float, Shape]]:
    """All shapes for a question, the cheapest first, with their costs."""
    question = Question(text)
    fields = fields_of(wide, question)
    atoms = atoms_of(fields, question)
    asked = Asked(question, fields, atoms)
    weights = asked.weights
    costs: dict[int, float] = {}
    found = []
    for shape in Shapes(asked, wheres_of(atoms, len(wide.rows), question)):
        mask = shape.mask
        if mask not in costs:
            costs[mask] = sum(w for n, w in enumerate(weights) if w and not mask >> n & 1)
        found.append((shape.cost + costs[mask], shape))
    found.sort(key=lambda one: (one[0], len(one[1].sql)))
    return found


def find(text: str, answer: Sequence[str], wide: Rows) -> Found | None:
    """The cheapest shape that gives an answer; None where none does."""
    others: set[tuple[str, ...]] = set()
    best: tuple[float, Shape] | None = None
    unsure = False
    wanted = [one.casefold() if one in ("Yes", "No") else one for one in answer]
    same: dict[tuple[str, ...], bool] = {}
    for cost, shape in ranked(text, wide):
        if best is not None and cost > best[0] + TIED:
            break
        values = shape.values
        if values not in same:
            same[values] = same_wtq(values, wanted)
        if same[values]:
            best = best or (cost, shape)
            unsure = unsure or (_guessed(values) and shape.kind != best[1].kind)
        else:
            others.add(tuple(sorted(map(normalized, values))))
    if best is None:
        return None
    cost, shape = best
    return Found(shape=shape, cost=cost, left=cost - shape.cost, before=len(others), unsure=unsure)


def right(given: Iterable[tuple[str, str]], answer: Sequence[str]) -> bool:
    """Whether the prints or the values that a query gave are the answer."""
    pairs = list(given)
    wanted = [one.casefold() if one in ("Yes", "No") else one for one in answer]
    return same_wtq([text for text, _ in pairs], wanted) or same_wtq([v for _, v in pairs], wanted)
