"""Pointing: what lies in a cell of the image, and in which place a thing lies.

The shortest way from a visual token to words and back: a language model that is new to its vision tower
learns here which token is where and what its features mean. Descriptions and answers build on it.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from sightline.mllm.chat import Branch, Dialogue, Reply
from sightline.train.worlds.scene_dialogues import SIDE, place
from sightline.train.worlds.scenes import GRID, Scene, Split, Thing, draw_scene, make_scene

NOTHING = "nothing"


def pointing_dialogue(rng: np.random.Generator, split: Split = "train", questions: int = 14) -> Dialogue:
    """An image and `questions` branches, of the tasks `what is there` and `where is it`."""
    scene = make_scene(rng, split=split)
    unique = _unique(scene)
    branches = []
    for _ in range(questions):
        if unique and rng.random() < 0.3:
            branches.append(_where(unique[int(rng.integers(len(unique)))]))
        else:
            branches.append(_what(rng, scene))
    return Dialogue(images=(draw_scene(scene, SIDE),), branches=tuple(branches))


def cell(thing: Thing) -> tuple[int, int]:
    """Row and column, from 1, of the cell of the 8 x 8 grid that holds the thing's centre."""
    return int(thing.y * GRID) + 1, int(thing.x * GRID) + 1


def _what(rng: np.random.Generator, scene: Scene) -> Branch:
    """What has its centre in a cell: a thing in three of four questions."""
    if rng.random() < 0.75:
        thing = scene.things[int(rng.integers(len(scene.things)))]
        row, column = cell(thing)
    else:
        row, column = (int(rng.integers(1, GRID + 1)) for _ in range(2))
    there = [t for t in scene.things if cell(t) == (row, column)]
    answer = f"{there[0].colour} {there[0].size} {there[0].shape}" if there else NOTHING
    return Branch(
        question=f"What is in row {row}, column {column} of {GRID}?",
        reply=Reply(answer=answer),
        task="what is there",
    )


def _unique(scene: Scene) -> list[Thing]:
    """Things whose colour and shape no other thing shares."""
    seen = Counter((t.colour, t.shape) for t in scene.things)
    return [t for t in scene.things if seen[t.colour, t.shape] == 1]


def _where(thing: Thing) -> Branch:
    return Branch(
        question=f"Where is the {thing.colour} {thing.shape}?",
        reply=Reply(answer=place(thing.y, thing.x)),
        task="where is it",
    )
