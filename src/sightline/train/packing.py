"""Dialogues into rows of one length: many branches on one prefix, many prefixes in a row.

A row wastes nothing on padding and no image or document is encoded twice for two questions. The mask
(`mllm.masks`) keeps the groups and the branches apart, and positions start anew in each, so that a branch
in a packed row is computed as if it stood alone after its prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from sightline.errors import ConfigError
from sightline.mllm.chat import Dialogue, render
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.rollouts import Episode


@dataclass
class _Row:
    """One row under construction; `task` holds the index of a reply token's task, -1 elsewhere."""

    ids: list[int] = field(default_factory=list)
    group: list[int] = field(default_factory=list)
    branch: list[int] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    loss: list[int] = field(default_factory=list)
    task: list[int] = field(default_factory=list)
    images: list[np.ndarray] = field(default_factory=list)

    def add(
        self,
        ids: list[int],
        *,
        group: int,
        branch: int,
        start: int,
        reply: list[int],
        loss: list[int],
        task: int,
    ) -> None:
        self.ids += ids
        self.group += [group] * len(ids)
        self.branch += [branch] * len(ids)
        self.position += range(start, start + len(ids))
        self.loss += loss
        self.task += [task if counted else -1 for counted in reply]


@dataclass(frozen=True)
class Packed:
    """A batch of rows. All are int[B, T] but `pixels`: float[N, 3, S, S], in the order of their tokens."""

    ids: Tensor
    group: Tensor
    branch: Tensor
    position: Tensor
    loss: Tensor
    task: Tensor
    pixels: Tensor | None
    tasks: tuple[str, ...]
    dropped: int = 0
    """Dialogues left out since their prefix and one branch are longer than a row."""


def pack(
    dialogues: Iterator[Dialogue],
    v: Vocabulary,
    *,
    rows: int,
    length: int,
    side: int,
    tokens_per_image: int,
    whole: bool = False,
    all_text: bool = False,
) -> Packed:
    """Fill `rows` rows of `length` tokens from `dialogues`.

    A dialogue whose branches do not all fit what is left of a row gives those that do; one whose prefix
    and shortest branch do not fit opens the next row; one that no row could hold is counted in `dropped`.
    With `whole`, a dialogue goes in with all its branches or not at all. With `all_text`, tools, notes and
    questions have a loss too, as in the pretraining of a language model.

    Raises `ConfigError` if none of a thousand dialogues fits into a row.
    """
    done: list[_Row] = []
    row, groups, dropped = _Row(), 0, 0
    tasks: dict[str, int] = {}
    while len(done) < rows:
        dialogue = next(dialogues)
        rendered = render(dialogue, v, tokens_per_image)
        if not rendered.branches:
            continue
        lengths = [len(ids) for ids, _ in rendered.branches]
        least = len(rendered.prefix) + (sum(lengths) if whole else min(lengths))
        if least > length:
            dropped += 1
            if dropped >= 1000 and not done and not row.ids:
                raise ConfigError(f"none of {dropped} dialogues fits into a row of {length} tokens")
            continue
        if len(row.ids) + least > length:
            done.append(row)
            row, groups = _Row(), 0
            if len(done) == rows:
                break
        groups += 1
        prefix = rendered.prefix
        silent = [0] * len(prefix)
        text = _text_loss(prefix, v.marks["image"]) if all_text else silent
        row.add(prefix, group=groups, branch=0, start=0, reply=silent, loss=text, task=-1)
        row.images += [np.asarray(image) for image in dialogue.images]
        for number, ((ids, reply), branch) in enumerate(
            zip(rendered.branches, dialogue.branches, strict=True), 1
        ):
            if len(row.ids) + len(ids) <= length:
                task = tasks.setdefault(branch.task or "other", len(tasks))
                loss = _text_loss(ids, v.marks["image"]) if all_text else reply
                row.add(
                    ids, group=groups, branch=number, start=len(prefix), reply=reply, loss=loss, task=task
                )
    return _batch(done, v, length, side, tuple(tasks), dropped)


def pack_episodes(episodes: Sequence[Episode], v: Vocabulary, *, length: int, side: int) -> Packed:
    """All replies of all episodes, in their order, as branches of as many rows as they need.

    A prefix is repeated where its branches need more than a row. Raises `ConfigError` where a prefix, a
    question and a reply are longer than `length` tokens.
    """
    done, row, groups = [], _Row(), 0
    tasks: dict[str, int] = {}
    for episode in episodes:
        prefix, open_, number = episode.prefix, False, 0
        for asked, said, task in _said(episode):
            ids, reply = [*asked, *said], [0] * len(asked) + [1] * len(said)
            if len(prefix) + len(ids) > length:
                raise ConfigError(f"a reply of {len(prefix) + len(ids)} tokens; a row holds {length}")
            if not open_ or len(row.ids) + len(ids) > length:
                if len(row.ids) + len(prefix) + len(ids) > length:
                    done.append(row)
                    row, groups = _Row(), 0
                silent = [0] * len(prefix)
                groups, number, open_ = groups + 1, 0, True
                row.add(prefix, group=groups, branch=0, start=0, reply=silent, loss=silent, task=-1)
                row.images += [np.asarray(image) for image in episode.images]
            number += 1
            index = tasks.setdefault(task, len(tasks))
            row.add(ids, group=groups, branch=number, start=len(prefix), reply=reply, loss=reply, task=index)
    return _batch([*done, row], v, length, side, tuple(tasks), 0)


def _said(episode: Episode) -> Iterator[tuple[list[int], list[int], str]]:
    """(question, reply, task) of every reply, question by question."""
    for asked, group, task in zip(episode.asked, episode.replies, episode.tasks, strict=True):
        for said in group:
            yield asked, said, task


def _text_loss(ids: list[int], image: int) -> list[int]:
    """1 for each token but images and the first: what stands before that in the row is not its context."""
    return [int(i > 0 and token != image) for i, token in enumerate(ids)]


def _batch(
    rows: list[_Row], v: Vocabulary, length: int, side: int, tasks: tuple[str, ...], dropped: int
) -> Packed:
    def stack(name: str, fill: int) -> Tensor:
        values = [getattr(row, name) for row in rows]
        return torch.tensor([value + [fill] * (length - len(value)) for value in values])

    images = [image for row in rows for image in row.images]
    return Packed(
        ids=stack("ids", v.marks["pad"]),
        group=stack("group", 0),
        branch=stack("branch", 0),
        position=stack("position", 0),
        loss=stack("loss", 0),
        task=stack("task", -1),
        pixels=to_pixels(images, side) if images else None,
        tasks=tasks,
        dropped=dropped,
    )


def targets(packed: Packed) -> tuple[Tensor, Tensor]:
    """Where the loss is taken and what is predicted there.

    Returns:
        bool[B, T], true at the position before each token that has a loss, and the tokens int[N] themselves
        in the same order. A branch's first token has no loss, so what predicts it stands just before it.
    """
    after = torch.zeros_like(packed.loss)
    after[:, :-1] = packed.loss[:, 1:]
    ahead = torch.zeros_like(packed.ids)
    ahead[:, :-1] = packed.ids[:, 1:]
    where = after.bool()
    return where, ahead[where]
