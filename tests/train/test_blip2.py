"""Stage 1 of BLIP-2: who sees whom, scores as transformers has them, losses by hand, a stage that resumes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from transformers import Blip2ForImageTextRetrieval

from sightline.errors import ConfigError, SightlineError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.qformer import QFormer, Sight, sight_mask
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.blip2 import (
    TowerAndQFormer,
    blip2,
    captions_batch,
    contrast,
    hard_negatives,
    load_qformer,
    matching,
    new_qformer,
    saying,
    three_losses,
)
from sightline.train.recipes.embedded import RECIPE as EMBEDDED
from sightline.train.recipes.tiny import RECIPE

NewModel = Callable[[], SightlineForConditionalGeneration]
CPU = torch.device("cpu")


@pytest.fixture
def model(new_model: NewModel, vocabulary: Vocabulary) -> TowerAndQFormer:
    before = new_model()
    assert RECIPE.blip2_data is not None
    return TowerAndQFormer(before.vision_tower, new_qformer(RECIPE.blip2_data, before, vocabulary)).eval()


@pytest.fixture(scope="module")
def batch(vocabulary: Vocabulary) -> dict[str, Tensor]:
    return captions_batch(0, 0, images=4, side=128, vocabulary=vocabulary)


@pytest.fixture
def features(model: TowerAndQFormer, batch: dict[str, Tensor]) -> Tensor:
    return model.features(batch["pixels"])


@pytest.mark.parametrize(
    ("sight", "rows"),
    [
        ("apart", ["11000", "11000", "00110", "00110", "00110"]),
        ("together", ["11110"] * 5),
        ("onward", ["11000", "11000", "11100", "11110", "11110"]),
    ],
)
def test_the_mask_by_hand(sight: Sight, rows: list[str]) -> None:
    mask = sight_mask(sight, 2, torch.tensor([[True, True, False]]))
    assert ["".join("1" if value == 0 else "0" for value in row) for row in mask[0, 0].tolist()] == rows


def changed(model: TowerAndQFormer, batch: dict[str, Tensor], sight: Sight, at: int) -> tuple[Any, Any]:
    """Where queries and words change when the word `at` does: bool[Q] and bool[T] of the first row."""
    ids, text = batch["ids"], batch["text"]
    other = ids.clone()
    other[:, at] = ids[:, at] % 50 + 20
    features = model.features(batch["pixels"])
    with torch.no_grad():
        before, after = (model.qformer.read(features, one, text, sight) for one in (ids, other))
    return tuple((a - b).abs().amax(-1)[0] > 1e-7 for a, b in zip(before, after, strict=True))


def test_a_query_sees_text_only_where_it_may(model: TowerAndQFormer, batch: dict[str, Tensor]) -> None:
    assert not changed(model, batch, "apart", 3)[0].any()
    assert not changed(model, batch, "onward", 3)[0].any()
    assert changed(model, batch, "together", 3)[0].all()


def test_a_word_sees_no_later_word_where_it_is_to_be_said(
    model: TowerAndQFormer, batch: dict[str, Tensor]
) -> None:
    words = int(batch["text"][0].sum())
    onward = changed(model, batch, "onward", 5)[1]
    assert not onward[:5].any()
    assert onward[5:words].all()
    assert changed(model, batch, "apart", 5)[1][:words].all()


def test_text_sees_the_image_through_the_queries_alone(
    model: TowerAndQFormer, batch: dict[str, Tensor], features: Tensor
) -> None:
    ids, text = batch["ids"], batch["text"]
    with torch.no_grad():
        for sight, moves in (("apart", False), ("onward", True), ("together", True)):
            here = model.qformer.read(features, ids, text, sight)  # type: ignore[arg-type]
            there = model.qformer.read(features.flip(0), ids, text, sight)  # type: ignore[arg-type]
            assert bool(((here[1] - there[1])[text].abs() > 1e-7).any()) == moves
            assert bool(((here[0] - there[0]).abs() > 1e-7).any())


def test_padding_changes_nothing(model: TowerAndQFormer, batch: dict[str, Tensor], features: Tensor) -> None:
    ids = nn.functional.pad(batch["ids"], (0, 4), value=0)
    text = nn.functional.pad(batch["text"], (0, 4), value=False)
    qformer, kept = model.qformer, batch["text"]
    with torch.no_grad():
        for score in (qformer.similarity, qformer.match):
            torch.testing.assert_close(score(features, batch["ids"], kept), score(features, ids, text))
        short, long = qformer.predict(features, batch["ids"], kept), qformer.predict(features, ids, text)
    torch.testing.assert_close(short[kept], long[:, :-4][kept])


def test_scores_as_transformers_has_them(
    model: TowerAndQFormer, batch: dict[str, Tensor], features: Tensor
) -> None:
    config = model.qformer.config
    config.vision_config.num_hidden_layers, config.vision_config.intermediate_size = 1, 16
    theirs = Blip2ForImageTextRetrieval(config).eval()
    ours = {k: v for k, v in model.qformer.state_dict().items() if not k.startswith(("words", "temperature"))}
    missing, unexpected = theirs.load_state_dict(ours, strict=False)
    assert not unexpected
    assert all(name.startswith("vision_model") for name in missing)
    theirs.vision_model = _Seen(features)  # type: ignore[assignment]
    given = {
        "pixel_values": batch["pixels"],
        "input_ids": batch["ids"],
        "attention_mask": batch["text"].long(),
    }
    with torch.no_grad():
        alike = theirs(**given).logits_per_image
        fits = theirs(**given, use_image_text_matching_head=True).logits_per_image
        torch.testing.assert_close(
            model.qformer.similarity(features, batch["ids"], batch["text"]), alike, atol=1e-5, rtol=1e-4
        )
        torch.testing.assert_close(
            model.qformer.match(features, batch["ids"], batch["text"]), fits, atol=1e-5, rtol=1e-4
        )


class _Seen(nn.Module):
    """A vision model that has seen these features."""

    def __init__(self, features: Tensor) -> None:
        super().__init__()
        self.features = features

    def forward(self, **_: Any) -> tuple[Tensor]:
        return (self.features,)


def smoothed(logits: list[float], right: int) -> float:
    """Cross-entropy with a tenth of the label spread over all."""
    total = math.log(sum(math.exp(x) for x in logits))
    losses = [total - x for x in logits]
    return 0.9 * losses[right] + 0.1 * sum(losses) / len(losses)


def test_contrast_by_hand() -> None:
    scores = torch.tensor([[2.0, 1.0], [3.0, 0.5]])
    by_hand = smoothed([2, 1], 0) + smoothed([3, 0.5], 1) + smoothed([2, 3], 0) + smoothed([1, 0.5], 1)
    loss, right, count = contrast(scores)
    assert loss.item() == pytest.approx(by_hand / 4, rel=1e-6)
    assert (right, count) == (1.0, 2.0)


def test_hard_negatives_are_never_the_right_ones_and_mostly_the_alike() -> None:
    scores = torch.zeros(4, 4).fill_diagonal_(50.0)
    scores[0, 2] = 30.0  # image 0 with text 2
    drawn = [hard_negatives(scores, torch.Generator().manual_seed(seed)) for seed in range(50)]
    own = torch.arange(4)
    assert not any(bool((part == own).any()) for pair in drawn for part in pair)
    assert all(int(images[2]) == 0 and int(texts[0]) == 2 for images, texts in drawn)
    assert {int(texts[1]) for _, texts in drawn} == {0, 2, 3}
    with pytest.raises(ConfigError, match="two images"):
        hard_negatives(torch.zeros(1, 1), torch.Generator())


def test_matching_asks_for_the_right_pairs_and_two_wrong_ones_of_each(
    model: TowerAndQFormer, batch: dict[str, Tensor], features: Tensor
) -> None:
    ids, text, qformer = batch["ids"], batch["text"], model.qformer
    wrong_image, wrong_text = torch.tensor([1, 2, 3, 0]), torch.tensor([3, 0, 1, 2])
    with torch.no_grad():
        loss, _, count = matching(qformer, features, ids, text, wrong_image, wrong_text)
        by_hand = 0.0
        for i in range(4):
            for image, words, fits in ((i, i, 1), (int(wrong_image[i]), i, 0), (i, int(wrong_text[i]), 0)):
                pair = slice(image, image + 1), slice(words, words + 1)
                logits = qformer.match(features[pair[0]], ids[pair[1]], text[pair[1]])
                by_hand -= logits.log_softmax(-1)[0, fits].item()
    assert count == 12.0
    assert loss.item() == pytest.approx(by_hand / 12, rel=1e-4)


def test_saying_counts_every_word_but_the_first(
    model: TowerAndQFormer, batch: dict[str, Tensor], features: Tensor
) -> None:
    with torch.no_grad():
        loss, _, count = saying(model.qformer, features, batch["ids"], batch["text"], opening=5)
        nn.init.zeros_(model.qformer.embeddings.word_embeddings.weight)
        blind, _, _ = saying(model.qformer, features, batch["ids"], batch["text"], opening=5)
    assert count == int(batch["text"].sum()) - 4
    size = model.qformer.words_bias.shape[0]
    assert blind.item() == pytest.approx(math.log(size), rel=1e-5)
    assert loss.item() == pytest.approx(math.log(size), rel=0.2)


def test_a_batch_is_a_function_of_its_draw(vocabulary: Vocabulary, batch: dict[str, Tensor]) -> None:
    again = captions_batch(0, 0, images=4, side=128, vocabulary=vocabulary)
    other = captions_batch(0, 1, images=4, side=128, vocabulary=vocabulary)
    assert all(torch.equal(batch[name], again[name]) for name in batch)
    assert not torch.equal(batch["pixels"], other["pixels"])
    for ids, text in zip(batch["ids"], batch["text"], strict=True):
        assert ids[0] == vocabulary.marks["bos"]
        assert ids[text][-1] == vocabulary.marks["eos"]
        assert set(ids[~text].tolist()) <= {vocabulary.marks["pad"]}


def test_all_three_losses_fall_and_reach_every_weight_but_the_tower(
    model: TowerAndQFormer, batch: dict[str, Tensor], vocabulary: Vocabulary
) -> None:
    opening, figures = vocabulary.marks["reply"], []
    batch = batch | {"ids": batch["ids"][:, :16], "text": batch["text"][:, :16]}
    for parameter in model.qformer.parameters():
        if parameter.ndim > 1:  # from weights as small as the usual ones it takes hundreds of steps
            nn.init.normal_(parameter, std=0.2)
    optimizer = torch.optim.Adam(model.qformer.parameters(), lr=3e-3)
    for step in range(50):
        optimizer.zero_grad()
        loss, count, seen = three_losses(model, batch, opening=opening)
        (loss / count).backward()
        if step == 0:
            unmoved = {n for n, p in model.qformer.named_parameters() if p.grad is None or not p.grad.any()}
            assert unmoved <= _USELESS
            assert all(p.grad is None for p in model.tower.parameters())
        optimizer.step()
        figures.append(
            {name: value / seen[f"all:{name[4:]}"] for name, value in seen.items() if "hit" in name}
        )
    for name, share in (("itc", 0.4), ("itm", 0.5), ("itg", 0.4)):  # of what it was at first
        assert figures[-1][f"hit:{name}_loss"] < share * figures[0][f"hit:{name}_loss"], name
    assert figures[-1]["hit:itc"] == 1.0


_USELESS = {
    f"qformer.encoder.layer.{n}.{part}.attention.key.bias"
    for n in (0, 1)
    for part in ("attention", "crossattention")
}
"""A bias of all keys adds the same to all scores."""


@pytest.fixture
def after_align(after_sft: Path) -> Path:
    (after_sft / RECIPE.sft.name).rename(after_sft / RECIPE.pretrained.name)
    return after_sft


def test_the_stage_goes_on_where_it_was_cut(after_align: Path, resumed: Any) -> None:
    assert RECIPE.blip2 is not None
    whole, again = resumed(blip2, RECIPE.blip2, after_align)
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    qformer = load_qformer(after_align / "blip2" / "model")
    assert isinstance(qformer, QFormer)
    state = qformer.state_dict()
    assert all(torch.equal(state[name], whole[name]) for name in whole)
    assert set(state) == set(whole)


def test_a_missing_stage_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no stage blip2"):
        blip2(EMBEDDED, tmp_path, CPU)
    with pytest.raises(SightlineError, match="run the stage `looking`"):
        blip2(RECIPE, tmp_path, CPU)
    with pytest.raises(SightlineError, match="run the stage `blip2`"):
        load_qformer(tmp_path)
