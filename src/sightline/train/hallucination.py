"""What descriptions of scenes name that is not there, and what they leave out.

An object named is made up where the scene holds no thing of that colour, size and shape that has not been
named before: the share of such objects among all that are named is CHAIR_i of Rohrbach et al. 2018, on exact
states in place of annotated captions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.mllm.chat import Branch, Dialogue, Reply
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.preview import answers
from sightline.train.worlds.covered import cover, draw_covered
from sightline.train.worlds.scene_dialogues import SIDE, ask_description, describe, looks_in
from sightline.train.worlds.scenes import Split, Thing, draw_scene, make_scene

LONGEST = 220
"""Tokens of a description; ten things take about 110."""


@dataclass(frozen=True, kw_only=True)
class Captions:
    """Counts over descriptions.

    Args:
        captions: descriptions.
        exact: those that name all things and nothing else.
        named: objects that they name.
        made_up: of these, those that the scenes do not hold.
        things: that the scenes hold.
    """

    captions: int = 0
    exact: int = 0
    named: int = 0
    made_up: int = 0
    things: int = 0

    @property
    def hallucinated(self) -> float:
        """The share of the named objects that are made up, 0..1."""
        return self.made_up / self.named if self.named else 0.0

    @property
    def recall(self) -> float:
        """The share of the things that are named, 0..1."""
        return (self.named - self.made_up) / self.things if self.things else 0.0

    def __add__(self, other: Captions) -> Captions:
        return Captions(
            captions=self.captions + other.captions,
            exact=self.exact + other.exact,
            named=self.named + other.named,
            made_up=self.made_up + other.made_up,
            things=self.things + other.things,
        )


def judge(text: str, things: Sequence[Thing]) -> Captions:
    """One description against what the scene holds."""
    named = Counter(looks_in(text))
    held = Counter((thing.colour, thing.size, thing.shape) for thing in things)
    made_up = (named - held).total()
    return Captions(
        captions=1,
        exact=int(named == held),
        named=named.total(),
        made_up=made_up,
        things=len(things),
    )


def score_captions(
    model: SightlineForConditionalGeneration,
    vocabulary: Vocabulary,
    *,
    count: int,
    seed: int = 1,
    split: Split = "heldout",
    covered: bool = False,
) -> Captions:
    """Let a model describe `count` scenes, greedily and without the grammar, and judge what it says.

    The scenes are of `split`; it is asked in wordings that it knows. With `covered`, cards lie over some of
    their things, and only what can be seen is held to be there.
    """
    total = Captions()
    for number in range(count):
        rng = np.random.default_rng((seed, number, 6))
        image, things = _picture(rng, split, covered)
        branch = Branch(question=ask_description(rng), reply=Reply(answer=describe(things)))
        asked = Dialogue(images=(image,), branches=(branch,))
        (said,) = answers(model, vocabulary, asked, max_tokens=LONGEST)
        total += judge(said.said, things)
    return total


def _picture(
    rng: np.random.Generator, split: Split, covered: bool
) -> tuple[NDArray[np.uint8], tuple[Thing, ...]]:
    if covered:
        partly = cover(rng, split)
        return draw_covered(partly), partly.seen.things
    scene = make_scene(rng, split=split)
    return draw_scene(scene, SIDE), scene.things
