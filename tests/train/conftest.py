"""A vocabulary and a tiny model that the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from sightline.mllm.config import tiny_config
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary, train_tokenizer
from sightline.train.corpus import corpus


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary(train_tokenizer(corpus(0, 60), 800))


@pytest.fixture
def new_model(vocabulary: Vocabulary) -> Callable[[], SightlineForConditionalGeneration]:
    def make() -> SightlineForConditionalGeneration:
        torch.manual_seed(0)
        marks = vocabulary.marks
        config = tiny_config(
            vocabulary.size,
            image_token_id=marks["image"],
            pad_id=marks["pad"],
            bos_id=marks["bos"],
            eos_id=marks["eos"],
        )
        model = SightlineForConditionalGeneration(config)
        model.set_attn_implementation("eager")
        return model

    return make
