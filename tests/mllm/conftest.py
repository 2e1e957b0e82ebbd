"""A tokenizer and a tiny model that the tests of this package share."""

from __future__ import annotations

import pytest
import torch

from sightline.mllm.config import tiny_config
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary, train_tokenizer

TEXTS = [
    "How many red circles are there?",
    "Is the small blue square left of the large star?",
    "ok: 2 found\nsmall red circle 97%\nlarge blue star 88%",
    "TOTAL | RM 45.00\nDate: 25/12/2018 10:22 AM",
    "detect(query: text) finds objects\nread_text() reads the words\ncrop(region: region) enlarges",
    "the red circle is at and the blue square at; is less than",
] * 20


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary(train_tokenizer(TEXTS, 700))


@pytest.fixture
def model(vocabulary: Vocabulary) -> SightlineForConditionalGeneration:
    torch.manual_seed(0)
    marks = vocabulary.marks
    config = tiny_config(
        vocabulary.size,
        image_token_id=marks["image"],
        pad_id=marks["pad"],
        bos_id=marks["bos"],
        eos_id=marks["eos"],
    )
    return SightlineForConditionalGeneration(config).eval()
