"""Mixtures of worlds: what a stage's batches are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from sightline.errors import ConfigError
from sightline.mllm.chat import Dialogue
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.packing import Packed, pack
from sightline.train.worlds.asking import asking_dialogue
from sightline.train.worlds.catalogue import WORLDS
from sightline.train.worlds.covered import covered_dialogue, covered_pairs, hearsay_dialogue
from sightline.train.worlds.document_dialogues import (
    copy_dialogue,
    reading_call_dialogue,
    reading_dialogue,
    reading_pairs,
)
from sightline.train.worlds.echo import echo_dialogue
from sightline.train.worlds.pointing import pointing_dialogue
from sightline.train.worlds.scene_dialogues import (
    comparing_dialogue,
    describe_dialogue,
    description_pairs,
    direct_dialogue,
    planner_dialogue,
    preference_pairs,
)
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.thinking import thinking_dialogue
from sightline.train.worlds.toolbox import Pair
from sightline.train.worlds.words import words_dialogue

Rng = np.random.Generator
Mixture = tuple[tuple[str, float], ...]
"""(world, share of the dialogues) ..."""


def _asking(world: str, rng: Rng, split: Split) -> Dialogue:
    return asking_dialogue(rng, world, split)


DIALOGUES: Mapping[str, Callable[[Rng, Split], Dialogue]] = {
    "describe": lambda rng, split: describe_dialogue(rng, split),
    "describe_1": lambda rng, split: describe_dialogue(rng, split, most=1),
    "describe_2": lambda rng, split: describe_dialogue(rng, split, most=2),
    "describe_4": lambda rng, split: describe_dialogue(rng, split, most=4),
    "thinking": lambda rng, split: thinking_dialogue(rng, split),
    "covered": lambda rng, split: covered_dialogue(rng, split),
    "hearsay": lambda rng, split: hearsay_dialogue(rng, split),
    "echo": lambda rng, split: echo_dialogue(rng),
    "pointing": lambda rng, split: pointing_dialogue(rng, split),
    "words": lambda rng, split: words_dialogue(rng),
    "comparing": lambda rng, split: comparing_dialogue(rng, split),
    "direct": lambda rng, split: direct_dialogue(rng, split),
    "planner": lambda rng, split: planner_dialogue(rng, split),
    "reading": lambda rng, split: reading_dialogue(rng, split, questions=14),
    "reading_call": lambda rng, split: reading_call_dialogue(rng, split),
    "copy": lambda rng, split: copy_dialogue(rng),
    **{f"world:{name}": partial(_asking, name) for name in WORLDS},
}
"""By name; `world:tables` and the like are questions about samples of the catalogue's worlds."""
PAIRS: Mapping[str, Callable[[Rng, Split], Pair]] = {
    "scenes": preference_pairs,
    "descriptions": description_pairs,
    "covered": covered_pairs,
    "documents": reading_pairs,
}


def dialogue_batch(
    seed: int,
    draw: int,
    *,
    mixture: Mixture,
    rows: int,
    length: int,
    vocabulary: Vocabulary,
    side: int,
    tokens_per_image: int,
    all_text: bool = False,
    split: Split = "train",
) -> Packed:
    """Batch number `draw` of the mixture, a pure function of (seed, draw)."""
    rng = np.random.default_rng((seed, draw, 2))
    dialogues = _dialogues(rng, mixture, split)
    return pack(
        dialogues,
        vocabulary,
        rows=rows,
        length=length,
        side=side,
        tokens_per_image=tokens_per_image,
        all_text=all_text,
    )


def dialogues_batch(
    seed: int, draw: int, *, mixture: Mixture, count: int, split: Split = "train"
) -> tuple[int, tuple[Dialogue, ...]]:
    """`count` dialogues of the mixture, and a seed for what is sampled on them: functions of (seed, draw)."""
    rng = np.random.default_rng((seed, draw, 4))
    dialogues = _dialogues(rng, mixture, split)
    return int(rng.integers(2**31)), tuple(next(dialogues) for _ in range(count))


def pair_batch(
    seed: int,
    draw: int,
    *,
    mixture: Mixture,
    rows: int,
    length: int,
    vocabulary: Vocabulary,
    side: int,
    tokens_per_image: int,
    split: Split = "train",
) -> Packed:
    """Preference pairs: each group has two branches, the chosen reply and the rejected one."""
    rng = np.random.default_rng((seed, draw, 3))
    dialogues = (_both(pair) for pair in _pairs(rng, mixture, split))
    return pack(
        dialogues,
        vocabulary,
        rows=rows,
        length=length,
        side=side,
        tokens_per_image=tokens_per_image,
        whole=True,
    )


def _dialogues(rng: Rng, mixture: Mixture, split: Split) -> Iterator[Dialogue]:
    names, shares = _shares(mixture, DIALOGUES)
    while True:
        yield DIALOGUES[names[int(rng.choice(len(names), p=shares))]](rng, split)


def _pairs(rng: Rng, mixture: Mixture, split: Split) -> Iterator[Pair]:
    names, shares = _shares(mixture, PAIRS)
    while True:
        yield PAIRS[names[int(rng.choice(len(names), p=shares))]](rng, split)


def _both(pair: Pair) -> Dialogue:
    chosen = pair.dialogue.branches[0]
    return replace(pair.dialogue, branches=(chosen, replace(chosen, reply=pair.rejected)))


def _shares(mixture: Mixture, known: Mapping[str, object]) -> tuple[list[str], np.ndarray]:
    unknown = [name for name, _ in mixture if name not in known]
    if unknown:
        raise ConfigError(f"no such world: {', '.join(unknown)}; there are {', '.join(known)}")
    shares = np.array([share for _, share in mixture])
    return [name for name, _ in mixture], shares / shares.sum()
