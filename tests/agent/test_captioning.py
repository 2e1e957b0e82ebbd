"""Speakers: our model asked alone, and a tiny model of transformers in its own process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.agent.captioning import DESCRIBE, ModelSpeaker, TransformersSpeaker
from sightline.errors import WeightsError
from sightline.images import make_picture
from sightline.mllm.chat import Reply
from sightline.mllm.reasoner import Reasoner, Said
from sightline.tools import guard
from sightline.tools.caption import Asker
from sightline.tools.clock import Clock, current
from sightline.tools.worker import WorkerFailed, WorkerTimeout
from sightline.types import Caption

PIXELS = np.full((40, 60, 3), 200, np.uint8)
WORDS = ["a", "b", "red", "dog", "Describe", "the", "image", ".", "?", "what", "is", "it"]


class Fake:
    """A reasoner that says what it was told to say."""

    weights = "f" * 64

    def __init__(self, answer: str, error: Exception | None = None) -> None:
        self.answer, self.error = answer, error
        self.asked: dict[str, Any] = {}

    def reply(self, **asked: Any) -> Said:
        self.asked = asked
        if self.error:
            raise self.error
        return Said(Reply(answer=self.answer), 0.25, 3)


def speaker(answer: str, error: Exception | None = None) -> tuple[ModelSpeaker, Fake]:
    fake = Fake(answer, error)
    return ModelSpeaker(lambda: fake), fake  # type: ignore[arg-type,return-value]


def test_our_model_is_asked_alone() -> None:
    said, fake = speaker("two red circles")
    assert said(PIXELS, None) == ("two red circles", 0.25)
    assert (fake.asked["question"], fake.asked["tools"], fake.asked["notes"]) == (DESCRIBE, (), ())
    assert fake.asked["must_answer"] is True
    assert [image.shape for image in fake.asked["images"]] == [PIXELS.shape]
    said(PIXELS, "How\nmany?")
    assert fake.asked["question"] == "How many?"
    assert said.weights == "f" * 16
    assert "chance" in said.covers()


def test_what_it_cannot_tell_is_no_caption() -> None:
    assert speaker("cannot tell")[0](PIXELS, None) == ("", None)
    spent = current.set(Clock(0))
    with pytest.raises(WorkerTimeout):
        speaker("cannot tell")[0](PIXELS, None)
    current.reset(spent)
    with pytest.raises(WorkerFailed, match="a prompt of"):
        speaker("x", ValueError("a prompt of 9999 tokens"))[0](PIXELS, "Why?")


def test_weights_that_are_missing_are_said_when_it_is_used(tmp_path: Path) -> None:
    missing = ModelSpeaker(lambda: Reasoner.load(tmp_path))
    assert missing.weights == ""
    with pytest.raises(WeightsError):
        missing.warm()
    result = guard.run(Asker(missing), make_picture(PIXELS), {"question": "What?"}, timeout_s=9)
    assert result.status == "error"


def test_the_embedded_model_replies() -> None:
    result = guard.run(
        Asker(ModelSpeaker(Reasoner.load)),
        make_picture(PIXELS),
        {"question": "What color is the square?"},
        timeout_s=300,
    )
    assert result.status in ("ok", "unsupported")
    if result.status == "ok":
        assert isinstance(result.payload, Caption)
        assert result.payload.confidence is not None


def save_llava(folder: Path) -> None:
    """A tiny LLaVA with random weights, as `save_pretrained` writes one."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        PreTrainedTokenizerFast,
    )

    vocabulary = {word: n for n, word in enumerate(["<pad>", "<eos>", "<unk>", "<image>", *WORDS])}
    plain = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=plain,
        pad_token="<pad>",
        eos_token="<eos>",
        unk_token="<unk>",
        additional_special_tokens=["<image>"],
    )
    size = {"height": 16, "width": 16}
    LlavaProcessor(
        image_processor=CLIPImageProcessor(size=size, crop_size=size),
        tokenizer=tokenizer,
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=(
            "{% for m in messages %}{% for c in m['content'] %}"
            "{% if c['type'] == 'image' %}<image> {% else %}{{ c['text'] }}{% endif %}"
            "{% endfor %}{% endfor %}"
        ),
    ).save_pretrained(folder)
    torch.manual_seed(0)
    shape = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = LlavaForConditionalGeneration(
        LlavaConfig(
            text_config=LlamaConfig(vocab_size=len(vocabulary), pad_token_id=0, eos_token_id=1, **shape),
            vision_config=CLIPVisionConfig(image_size=16, patch_size=8, **shape),
            image_token_index=3,
        )
    )
    model.save_pretrained(folder)


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TransformersSpeaker]:
    folder = tmp_path_factory.mktemp("tiny-llava")
    save_llava(folder)
    made = TransformersSpeaker(folder, max_tokens=5)
    yield made
    made.close()


def test_a_model_of_transformers_replies(llava: TransformersSpeaker) -> None:
    llava.warm()
    text, confidence = llava(PIXELS, "what is it ?")
    assert set(text.split()) <= set(WORDS)
    assert confidence is not None
    assert 0 < confidence <= 1
    assert (text, confidence) == llava(PIXELS, "what is it ?")
    assert len(llava.weights) == 16
    assert "of the kind llava" in llava.covers()
    result = guard.run(Asker(llava), make_picture(PIXELS), {"question": "what is it ?"}, timeout_s=120)
    assert result.status in ("ok", "unsupported")
    spent = current.set(Clock(0))
    with pytest.raises(WorkerTimeout):
        llava(PIXELS, "what is it ?")
    current.reset(spent)


def test_a_folder_without_a_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no model of transformers"):
        TransformersSpeaker(tmp_path).warm()
    assert TransformersSpeaker(tmp_path).weights == ""
    (tmp_path / "config.json").write_text('{"model_type": "llava"}')
    with pytest.raises(WeightsError, match="no safetensors"):
        TransformersSpeaker(tmp_path).warm()
