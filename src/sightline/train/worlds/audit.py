"""What is drawn, counted: nothing held out while training, and no template whose answer can be guessed.

    report = audit("scenes", samples=100_000)
    report.held_out, report.guessable()

Nothing is drawn as an image, so that a million questions take minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from sightline.train.worlds.catalogue import HELD_OUT, WORLDS
from sightline.train.worlds.sample import Sample
from sightline.train.worlds.scenes import Split

ENOUGH = 200
"""Draws of a template before its answers are judged."""


@dataclass(kw_only=True)
class Audit:
    """Counts over the samples of a world.

    Args:
        world: its name.
        samples: how many were drawn.
        questions: how many were asked about them.
        held_out: the first held-out wordings and states that were met, in words.
        answers: template -> how often each answer came.
        most: the share that the commonest answer of a template may have.
    """

    world: str
    samples: int = 0
    questions: int = 0
    held_out: list[str] = field(default_factory=list)
    answers: dict[str, Counter[str]] = field(default_factory=dict)
    most: float = 0.7

    def add(self, sample: Sample) -> None:
        """Count one sample."""
        kept = HELD_OUT[self.world]
        self.samples += 1
        if kept.state(sample.state):
            self.held_out.append(f"sample {self.samples}: {sample.state}")
        for asked in sample.asked:
            self.questions += 1
            if kept.wording(asked.family, asked.question):
                self.held_out.append(f"sample {self.samples}: {asked.question}")
            key = asked.wording or asked.family
            self.answers.setdefault(key, Counter())[asked.answer] += 1

    def shares(self) -> dict[str, tuple[str, float]]:
        """Template -> its commonest answer and that one's share, the largest share first."""
        found = {
            key: (tally.most_common(1)[0][0], max(tally.values()) / tally.total())
            for key, tally in self.answers.items()
            if tally.total() >= ENOUGH
        }
        return dict(sorted(found.items(), key=lambda item: -item[1][1]))

    def guessable(self) -> dict[str, tuple[str, float]]:
        """The templates where that share is above `most`."""
        return {key: share for key, share in self.shares().items() if share[1] > self.most}


def audit(world: str, *, samples: int, seed: int = 0, split: Split = "train") -> Audit:
    """Draw `samples` samples of a world, without their images, and count."""
    return audit_of(world, (WORLDS[world](np.random.default_rng((seed, i)), split) for i in range(samples)))


def audit_of(world: str, samples: Iterable[Sample]) -> Audit:
    """Count given samples of a world."""
    report = Audit(world=world)
    for sample in samples:
        report.add(sample)
    return report
