"""Toolboxes: roles keep their kinds of arguments, names differ, and seven of ten draws are the real one."""

from __future__ import annotations

import numpy as np
import pytest

from sightline.mllm.chat import Call
from sightline.train.worlds.nouns import HELD_OUT_NOUNS, TRAIN_NOUNS, plural, unseen_noun, with_article
from sightline.train.worlds.scenes import COLOURS, SHAPES
from sightline.train.worlds.toolbox import random_toolbox, real_toolbox


def test_the_real_toolbox_is_what_the_agent_lists() -> None:
    box = real_toolbox()
    listed = [(spec.name, spec.params, spec.doc) for spec in box.specs]
    assert listed == [
        ("detect", (("query", "text"),), "finds objects and where they are"),
        ("read_text", (), "reads the words"),
        ("crop", (("region", "region"),), "enlarges a region"),
    ]
    assert box.call("detect", "red circles") == Call(name="detect", args=(("query", "red circles"),))
    assert box.call("read_text") == Call(name="read_text")


def test_random_toolboxes_keep_roles_and_kinds() -> None:
    rng = np.random.default_rng(3)
    boxes = [random_toolbox(rng) for _ in range(2000)]
    for box in boxes:
        by_name = {spec.name: spec for spec in box.specs}
        assert len(by_name) == len(box.specs), "two tools of one name"
        kinds = {role: [kind for _, kind in by_name[name].params] for role, name in box.names.items()}
        assert kinds.pop("crop", ["region"]) == ["region"]
        assert kinds == {"detect": ["text"], "read_text": []}
    real = sum(box == real_toolbox() for box in boxes) / len(boxes)
    others = [box for box in boxes if box != real_toolbox()]
    assert 0.66 < real < 0.74
    assert any("crop" not in box.names for box in others)
    assert any(len(box.specs) > len(box.names) for box in others), "no distractor in any"
    assert any(box.specs[0].name != box.names["detect"] for box in others), "never shuffled"
    assert len({box.names["detect"] for box in others}) > 50, "invented names are missing"


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("circle", "circles"),
        ("cross", "crosses"),
        ("potted plant", "potted plants"),
        ("butterfly", "butterflies"),
        ("key", "keys"),
        ("person", "people"),
        ("knife", "knives"),
        ("box", "boxes"),
        ("brush", "brushes"),
    ],
)
def test_plurals(one: str, many: str) -> None:
    assert plural(one) == many


def test_articles() -> None:
    assert with_article("orange star") == "an orange star"
    assert with_article("red star") == "a red star"


def test_unseen_nouns_are_no_shapes_and_keep_to_their_split() -> None:
    assert len(TRAIN_NOUNS) >= 150
    assert len(set(TRAIN_NOUNS)) == len(TRAIN_NOUNS)
    assert not set(TRAIN_NOUNS) & set(HELD_OUT_NOUNS)
    assert not set(TRAIN_NOUNS + HELD_OUT_NOUNS) & {*SHAPES, *COLOURS, "thing", "object", "shape"}
    rng = np.random.default_rng(0)
    train = {unseen_noun(rng, "train") for _ in range(3000)}
    held_out = {unseen_noun(rng, "heldout") for _ in range(3000)}
    assert not train & set(HELD_OUT_NOUNS)
    assert not held_out & set(TRAIN_NOUNS)
    assert train >= set(TRAIN_NOUNS[:20])
    assert len(train - set(TRAIN_NOUNS)) > 500, "too few invented words"
