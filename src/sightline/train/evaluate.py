"""What a model says of its own on held-out dialogues of the worlds, compared with the right reply."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np

from sightline.mllm.chat import Dialogue, Reply
from sightline.mllm.reasoner import Reasoner
from sightline.train.mixtures import DIALOGUES
from sightline.train.worlds.scenes import Split


@dataclass(frozen=True)
class Score:
    """Replies that are right, and replies in all."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """0..1."""
        return self.right / self.total if self.total else 0.0


def score(
    reasoner: Reasoner, worlds: tuple[str, ...], *, dialogues: int, seed: int = 1, split: Split = "heldout"
) -> dict[str, Score]:
    """Exact replies by `world/task` over `dialogues` dialogues of each of `worlds`.

    A reply is right if it makes the same calls, or gives the same answer. Its thought and what it cites
    are not compared.
    """
    counts: dict[str, list[bool]] = defaultdict(list)
    for world in worlds:
        rng = np.random.default_rng((seed, crc32(world.encode()), 5))
        for _ in range(dialogues):
            dialogue = DIALOGUES[world](rng, split)
            for task, right in _replies(reasoner, dialogue):
                counts[f"{world}/{task or 'other'}"].append(right)
    return {task: Score(sum(rights), len(rights)) for task, rights in sorted(counts.items())}


def _replies(reasoner: Reasoner, dialogue: Dialogue) -> list[tuple[str, bool]]:
    results = []
    for branch in dialogue.branches:
        said = reasoner.reply(
            images=[np.asarray(image) for image in dialogue.images],
            tools=dialogue.tools,
            notes=(*dialogue.notes, *branch.notes),
            question=branch.question,
            max_tokens=220,
        )
        results.append((branch.task, _bare(said.reply) == _bare(branch.reply)))
    return results


def _bare(reply: Reply) -> Reply:
    return replace(reply, thought="", cites=(), quote=False)
