"""Episodes as packed rows of tokens: what the planner's language model is trained on.

An episode is one group: its tools and shared evidence are read once, and each round of each question is a
branch behind them. A reply that its grammar does not allow is a fault of its generator: it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from sightline.errors import ConfigError
from sightline.planning.choices import NotAllowed, choices_made
from sightline.planning.decode import alternatives
from sightline.planning.grammar import reply_steps, written
from sightline.planning.situation import Situation, evidence_parts, question_parts, tools_parts
from sightline.planning.sql_relations import sql_relations
from sightline.planning.tokens import Tokens
from sightline.planning.tool_spec import ToolSpec
from sightline.train.packing import Packed
from sightline.train.symbolic.episode import Branch, Episode

MOST_LEFT_OUT = 1000

Make = Callable[[np.random.Generator], tuple[Episode, tuple[ToolSpec, ...]]]
"""An episode and the tools that are offered in it."""


@dataclass(frozen=True)
class Source:
    """One kind of episodes: its name, its share of the groups, and what makes one."""

    name: str
    share: float
    make: Make


class Round(NamedTuple):
    """A branch as tokens: what is asked, what is replied, its task, and see `decode.alternatives`."""

    asked: list[int]
    said: list[int]
    task: str
    allowed: list[tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class Group:
    """An episode as tokens: shared ones, and its branches."""

    prefix: list[int]
    branches: list[Round]


@dataclass(frozen=True, kw_only=True)
class WithChoices:
    """A batch, and what the grammar allows in place of each token that has a loss, in their order."""

    packed: Packed
    allowed: tuple[tuple[int, ...], ...]


def situation_of(episode: Episode, tools: Sequence[ToolSpec], branch: Branch) -> Situation:
    """What the planner decides on in a round. In a later round the kind of the answer is known."""
    return Situation(
        question=branch.question,
        tools=tuple(tools),
        evidence=(*episode.evidence, *branch.evidence),
        kind=branch.reply.partition(":")[0] if branch.evidence else "",
    )


def as_tokens(episode: Episode, tools: Sequence[ToolSpec], tokens: Tokens, rejected: list[str]) -> Group:
    """An episode as tokens. A reply that its grammar refuses is added to `rejected`, with the reason."""
    prefix = tokens.pieces([*tools_parts(tools), *evidence_parts(episode.evidence)])
    branches = []
    for branch in episode.branches:
        situation = situation_of(episode, tools, branch)
        relations = sql_relations(situation.evidence, branch.question)
        try:
            made, _ = choices_made(written(branch.reply), reply_steps(situation, relations))
        except NotAllowed as why:
            rejected.append(f"{branch.task}: {branch.question!r} -> {branch.reply!r}: {why}")
            continue
        asked = tokens.pieces([*evidence_parts(branch.evidence), *question_parts(branch.question)])
        said = tokens.pieces(piece for _, piece in made)
        branches.append(Round(asked, said, branch.task, alternatives(made, tokens)))
    return Group(prefix=prefix, branches=branches)


def drawn(sources: Sequence[Source], rng: np.random.Generator) -> tuple[str, Episode, tuple[ToolSpec, ...]]:
    """One episode of a mixture, and the name of its source."""
    shares = np.array([source.share for source in sources])
    source = sources[int(rng.choice(len(sources), p=shares / shares.sum()))]
    return source.name, *source.make(rng)


def packed(groups: Iterator[Group], *, rows: int, length: int, most_branches: int = 64) -> WithChoices:
    """Fill `rows` rows of up to `length` tokens. A branch that does not fit into what is left is left out.

    The batch is as wide as the fullest of its rows.

    A group whose prefix and first branch do not fit opens the next row; one that no row could hold is left
    out. Raises `ConfigError` where a thousand are.
    """
    made = [_Row(length) for _ in range(rows)]
    at, tasks, left_out = 0, dict[str, int](), 0
    while at < rows:
        group = next(groups)
        if not group.branches:
            continue
        least = len(group.prefix) + min(len(one.asked) + len(one.said) for one in group.branches)
        if least > length:
            left_out += 1
            if left_out == MOST_LEFT_OUT:
                raise ConfigError(f"{left_out} episodes in a batch do not fit into rows of {length} tokens")
            continue
        if made[at].left < least:
            at += 1
            if at == rows:
                break
        made[at].add(group, tasks, most_branches)
    width = max(row.used for row in made)
    fields = {name: torch.tensor([getattr(row, name)[:width] for row in made]) for name in _FIELDS}
    return WithChoices(
        packed=Packed(pixels=None, tasks=tuple(tasks), dropped=0, **fields),
        allowed=tuple(allowed for row in made for allowed in row.allowed),
    )


_FIELDS = ("ids", "group", "branch", "position", "loss", "task")


class _Row:
    """One row while it is filled. Its lists are `Packed`'s."""

    def __init__(self, length: int) -> None:
        self.ids, self.group, self.branch = [0] * length, [0] * length, [0] * length
        self.position, self.loss, self.task = [0] * length, [0] * length, [-1] * length
        self.used, self.groups, self.left = 0, 0, length
        self.allowed: list[tuple[int, ...]] = []

    def add(self, group: Group, tasks: dict[str, int], most: int) -> None:
        """The prefix and as many branches as fit."""
        self.groups += 1
        self._put(group.prefix, branch=0, start=0, said=0, task=-1)
        number = 0
        for asked, said, task, allowed in group.branches:
            if len(asked) + len(said) <= self.left and number < most:
                number += 1
                index = tasks.setdefault(task, len(tasks))
                self._put([*asked, *said], branch=number, start=len(group.prefix), said=len(said), task=index)
                self.allowed += allowed

    def _put(self, ids: list[int], *, branch: int, start: int, said: int, task: int) -> None:
        """Tokens of one branch; the last `said` of them have a loss."""
        where = slice(self.used, self.used + len(ids))
        replied = slice(where.stop - said, where.stop)
        self.ids[where] = ids
        self.group[where] = [self.groups] * len(ids)
        self.branch[where] = [branch] * len(ids)
        self.position[where] = range(start, start + len(ids))
        self.loss[replied] = [1] * said
        self.task[replied] = [task] * said
        self.used, self.left = where.stop, self.left - len(ids)
