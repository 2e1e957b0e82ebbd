"""Questions about a scene that are answered after a look at all of it: the thought says what is there.

The questions are those that `scene_dialogues.direct_dialogue` has answered at once. A model that sees what is
there reads the answer off its own words (multimodal chain of thought, Zhang et al. 2023).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sightline.mllm.chat import Dialogue
from sightline.train.worlds.scene_dialogues import SIDE, ask_direct, describe
from sightline.train.worlds.scenes import Split, draw_scene, make_scene


def thinking_dialogue(rng: np.random.Generator, split: Split = "train", questions: int = 3) -> Dialogue:
    """An image and `questions` branches that describe it in a thought, then answer."""
    scene = make_scene(rng, split=split)
    thought = describe(scene.things)
    branches = tuple(
        replace(branch, reply=replace(branch.reply, thought=thought))
        for branch in ask_direct(rng, scene, split, questions)
    )
    return Dialogue(images=(draw_scene(scene, SIDE),), branches=branches)
