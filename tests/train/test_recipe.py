"""A mixture that changes on the way: which draw comes from which."""

from __future__ import annotations

import pytest

from sightline.mllm.config import tiny_config
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.recipe import TextData
from sightline.train.stage import text_batches

ECHO, COPY, POINT = (("echo", 1.0),), (("copy", 1.0),), (("pointing", 1.0),)


@pytest.mark.parametrize(
    ("draw", "mixture"), [(0, ECHO), (9, ECHO), (10, COPY), (19, COPY), (20, POINT), (99, POINT)]
)
def test_a_draw_has_the_last_mixture_that_has_begun(draw: int, mixture: object) -> None:
    data = TextData(mixture=ECHO, later=((10, COPY), (20, POINT)), rows=1, length=256)
    assert data.mixture_at(draw) == mixture


def test_batches_follow_the_mixture(vocabulary: Vocabulary) -> None:
    marks = vocabulary.marks
    ids = {f"{name}_id": marks[name] for name in ("pad", "bos", "eos")}
    config = tiny_config(vocabulary.size, image_token_id=marks["image"], **ids)
    data = TextData(mixture=ECHO, later=((3, POINT),), rows=2, length=512)
    make = text_batches(data, vocabulary, config)
    assert [make(0, draw).pixels is not None for draw in range(5)] == [False] * 3 + [True] * 2
