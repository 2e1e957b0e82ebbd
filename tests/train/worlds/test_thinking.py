"""Questions with a thought: the same questions and answers, after a look at all that is there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sightline.train.worlds.scene_dialogues import SIDE, describe, direct_dialogue
from sightline.train.worlds.scenes import draw_scene, make_scene
from sightline.train.worlds.thinking import thinking_dialogue


@pytest.mark.parametrize("seed", range(20))
def test_the_thought_is_a_description_and_nothing_else_differs(seed: int) -> None:
    scene = make_scene(np.random.default_rng((seed, 4)))
    thinking = thinking_dialogue(np.random.default_rng((seed, 4)))
    direct = direct_dialogue(np.random.default_rng((seed, 4)), questions=3)
    assert np.array_equal(thinking.images[0], draw_scene(scene, SIDE))
    assert {branch.reply.thought for branch in thinking.branches} == {describe(scene.things)}
    bare = [replace(branch, reply=replace(branch.reply, thought="")) for branch in thinking.branches]
    assert tuple(bare) == direct.branches
