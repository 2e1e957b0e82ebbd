"""Copies are found whatever their size and format, and scores are what the models say."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tests.train.data.conftest import conversations, image

from sightline.errors import ConfigError
from sightline.images import load_image
from sightline.mllm.chat import render
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.data.bridge import to_dialogue
from sightline.train.data.filters import (
    NearHashes,
    best_rows,
    clip_scorer,
    likelihood_scorer,
    perceptual_hash,
    without_duplicates,
)
from sightline.train.data.rows import ImageRef, Row, ask


@pytest.mark.parametrize("radius", [0, 1, 4, 9])
def test_near_hashes_are_those_that_brute_force_finds(radius: int) -> None:
    rng = np.random.default_rng(radius)
    kept = [int(v) for v in rng.integers(0, 2**63, 300)]
    near = NearHashes(radius)
    for value in kept:
        near.add(value)
    for _ in range(600):
        value = kept[int(rng.integers(len(kept)))]
        for bit in rng.choice(64, int(rng.integers(0, 14)), replace=False).tolist():
            value ^= 1 << bit
        assert near.near(value) == any((value ^ other).bit_count() <= radius for other in kept)
    with pytest.raises(ConfigError):
        NearHashes(32)


def rows_of_copies(tmp_path: Path, images: Path) -> list[Row]:
    """Scene 0, the same smaller and as JPEG, and eleven others, all asked the same."""
    for number in range(12):
        (tmp_path / f"{number}.png").write_bytes((images / f"{number}.png").read_bytes())
    pixels = cv2.imread(str(images / "0.png"))
    cv2.imwrite(str(tmp_path / "small.png"), cv2.resize(pixels, (80, 80), interpolation=cv2.INTER_AREA))
    cv2.imwrite(str(tmp_path / "worse.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 60])
    names = ["0.png", "small.png", "worse.jpg", *(f"{n}.png" for n in range(1, 12))]
    return [ask(name, "What?", "This.", ImageRef(path=name)) for name in names]


def test_copies_go_and_the_first_stays(tmp_path: Path, images: Path) -> None:
    rows = rows_of_copies(tmp_path, images)
    kept = [row.id for row in without_duplicates(rows, tmp_path)]
    assert kept == [row.id for row in rows if row.id not in ("small.png", "worse.jpg")]


def test_another_question_of_an_image_may_stay(images: Path) -> None:
    rows = [ask(str(n), asked, "x", image(0)) for n, asked in enumerate(["What?", "Where?", " what? "])]
    rows.append(ask("text", "What?", "x"))
    assert [r.id for r in without_duplicates(rows, images)] == ["0", "1", "text"]
    assert [r.id for r in without_duplicates(rows, images, same="image")] == ["0", "text"]
    against = [load_image(images / "0.png")]
    assert [r.id for r in without_duplicates(rows, images, against=against)] == ["text"]


def test_the_best_rows() -> None:
    rows = [ask(str(n), "?", "x") for n in range(6)]
    scores = {"0": 0.1, "1": 0.9, "2": math.nan, "3": 0.5, "4": 0.5, "5": -1.0}

    def kept(**limits: float) -> list[str]:
        return [row.id for row in best_rows(rows, lambda row: scores[row.id], **limits)]

    assert kept() == list("012345")
    assert kept(at_least=0.1) == list("0134")
    assert kept(share=0.5) == list("134")
    assert kept(share=0.99) == list("01345")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny CLIP of transformers, with random weights, in the files of a large one."""
    from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPTokenizer

    folder = tmp_path_factory.mktemp("clip")
    letters = [chr(c) for c in range(33, 127)]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    ends = {"bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1, "pad_token_id": len(words) - 1}
    size = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={**size, **ends, "vocab_size": len(words), "max_position_embeddings": 20},
        vision_config={**size, "image_size": 32, "patch_size": 8},
        projection_dim=8,
    )
    torch.manual_seed(0)
    CLIPModel(config).save_pretrained(folder)
    CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)
    side = {"height": 32, "width": 32}
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=side).save_pretrained(folder)
    return folder


def test_clip_gives_the_cosine(clip: Path, images: Path) -> None:
    from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizer

    score = clip_scorer(clip, images)
    model = CLIPModel.from_pretrained(clip).eval()
    rows = [ask(str(n), "What?", "a long answer " * n + "star", image(n)) for n in range(4)]
    for row in rows:
        words = CLIPTokenizer.from_pretrained(clip)(
            row.exchanges[0][1], truncation=True, max_length=20, return_tensors="pt"
        )
        pixels = load_image(images / row.images[0].path).pixels.copy()
        shown = CLIPImageProcessor.from_pretrained(clip)(pixels, return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            text = model.text_projection(model.text_model(**words).pooler_output)
            seen = model.visual_projection(model.vision_model(shown).pooler_output)
        assert score(row) == pytest.approx(float(torch.cosine_similarity(text, seen)), abs=1e-4)
    assert len({round(score(row), 4) for row in rows}) == 4
    with pytest.raises(ConfigError, match="no image"):
        score(ask("x", "?", "y"))


def test_likelihood_is_the_mean_of_the_answers_tokens(
    new_model: Callable[[], SightlineForConditionalGeneration], vocabulary: Vocabulary, images: Path
) -> None:
    model = new_model().eval()
    score = likelihood_scorer(model, vocabulary, images)
    per_image = model.config.tokens_per_image
    for row in (conversations()[0], conversations()[2], conversations()[3]):
        dialogue = to_dialogue(row, images)
        rendered = render(dialogue, vocabulary, per_image)
        shown = [np.asarray(one) for one in dialogue.images]
        pixels = to_pixels(shown, model.config.vision_config.image_size) if shown else None
        logged = []
        for ids, loss in rendered.branches:
            whole = torch.tensor([[*rendered.prefix, *ids]])
            with torch.no_grad():
                logits = model(input_ids=whole, pixel_values=pixels).logits[0].log_softmax(-1)
            first = len(rendered.prefix)
            logged += [float(logits[first + at - 1, ids[at]]) for at, counted in enumerate(loss) if counted]
        assert score(row) == pytest.approx(float(np.mean(logged)), abs=1e-3)


def test_a_hash_is_imagehashs_own(images: Path) -> None:
    import imagehash
    from PIL import Image

    picture = load_image(images / "3.png")
    assert f"{perceptual_hash(picture):016x}" == str(imagehash.phash(Image.fromarray(picture.pixels)))
