"""The model: mask, cache, batches, images in their places, saving."""

from __future__ import annotations

import pytest
import torch

from sightline.mllm.config import embedded_config
from sightline.mllm.masks import attention_mask
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary

Model = SightlineForConditionalGeneration


def prompt(v: Vocabulary, text: str) -> list[int]:
    return [v.marks["bos"], *[v.marks["image"]] * 64, v.marks["user"], *v.text(text), v.marks["reply"]]


def picture(seed: int, count: int = 1) -> torch.Tensor:
    return torch.randn(count, 3, 128, 128, generator=torch.Generator().manual_seed(seed))


def test_the_mask_by_hand() -> None:
    group = torch.tensor([[1, 1, 1, 1, 2, 2, 0]])
    branch = torch.tensor([[0, 1, 1, 2, 0, 1, 0]])
    seen = attention_mask(group, branch, torch.float32)[0, 0] == 0
    expected = [
        [1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [1, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ]
    assert seen.int().tolist() == expected


def test_one_group_without_branches_is_causal(model: Model, vocabulary: Vocabulary) -> None:
    ids = torch.tensor([prompt(vocabulary, "How many red circles?")])
    group, branch = torch.ones_like(ids), torch.zeros_like(ids)
    with torch.no_grad():
        plain = model(input_ids=ids, pixel_values=picture(1)).logits
        masked = model(
            input_ids=ids,
            pixel_values=picture(1),
            attention_mask=attention_mask(group, branch, torch.float32),
        ).logits
    torch.testing.assert_close(plain, masked, atol=1e-5, rtol=1e-5)


def test_cache_equals_no_cache(model: Model, vocabulary: Vocabulary) -> None:
    ids = torch.tensor([prompt(vocabulary, "What is the total?")])
    settings = {"max_new_tokens": 12, "do_sample": False, "eos_token_id": -1}
    with_cache = model.generate(input_ids=ids, pixel_values=picture(2), use_cache=True, **settings)
    without = model.generate(input_ids=ids, pixel_values=picture(2), use_cache=False, **settings)
    assert with_cache.tolist() == without.tolist()
    assert with_cache.shape[1] == ids.shape[1] + 12


def test_batch_equals_single(model: Model, vocabulary: Vocabulary) -> None:
    texts = ["Is the star red?", "How many small blue squares are left of the large red circle?"]
    prompts = [prompt(vocabulary, text) for text in texts]
    images = [picture(3), picture(4)]
    longest = max(map(len, prompts))
    pad = vocabulary.marks["pad"]
    ids = torch.tensor([[pad] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    settings = {"max_new_tokens": 8, "do_sample": False, "eos_token_id": -1, "pad_token_id": pad}
    both = model.generate(input_ids=ids, attention_mask=mask, pixel_values=torch.cat(images), **settings)
    for row, (p, image) in enumerate(zip(prompts, images, strict=True)):
        alone = model.generate(input_ids=torch.tensor([p]), pixel_values=image, **settings)
        assert both[row, longest:].tolist() == alone[0, len(p) :].tolist()


def test_each_image_goes_to_its_own_place(model: Model, vocabulary: Vocabulary) -> None:
    v = vocabulary
    ids = torch.tensor([[v.marks["image"]] * 64 + [v.marks["user"]] + [v.marks["image"]] * 64])
    images = picture(5, 2)
    embedded = model.embed(ids, images)
    features = model.image_features(images)
    torch.testing.assert_close(embedded[0, :64], features[0])
    torch.testing.assert_close(embedded[0, 65:], features[1])


def test_image_tokens_and_images_must_agree(model: Model, vocabulary: Vocabulary) -> None:
    ids = torch.tensor([prompt(vocabulary, "?")])
    with pytest.raises(ValueError, match="64 image tokens in the text, 128 from the images"):
        model(input_ids=ids, pixel_values=picture(1, 2))
    with pytest.raises(ValueError, match="no pixel_values"):
        model(input_ids=ids)


def test_the_image_changes_what_is_said(model: Model, vocabulary: Vocabulary) -> None:
    ids = torch.tensor([prompt(vocabulary, "?")])
    with torch.no_grad():
        one = model(input_ids=ids, pixel_values=picture(1)).logits[:, -1]
        other = model(input_ids=ids, pixel_values=picture(2)).logits[:, -1]
    assert not torch.allclose(one, other)


def test_saving_and_loading(model: Model, vocabulary: Vocabulary, tmp_path) -> None:
    model.save_pretrained(tmp_path)
    again = Model.from_pretrained(tmp_path).eval()
    ids = torch.tensor([prompt(vocabulary, "What is written here?")])
    with torch.no_grad():
        torch.testing.assert_close(
            again(input_ids=ids, pixel_values=picture(1)).logits,
            model(input_ids=ids, pixel_values=picture(1)).logits,
        )
    weights = again.language_model
    assert weights.lm_head.weight is weights.model.embed_tokens.weight


def test_places_start_from_the_bins(model: Model, vocabulary: Vocabulary) -> None:
    model.start_places(vocabulary.first_bin)
    bins = model.get_input_embeddings().weight[vocabulary.first_bin :][:100]
    # 100 bins over a grid of 8: the first four rows cover 13 bins each, the others 12.
    torch.testing.assert_close(model.projector.rows.weight[0], bins[:13].mean(0))
    torch.testing.assert_close(model.projector.columns.weight[7], bins[88:].mean(0))


def test_the_embedded_size() -> None:
    config = embedded_config(4096, image_token_id=3, pad_id=0, bos_id=1, eos_id=2)
    with torch.device("meta"):
        size = sum(p.numel() for p in Model(config).parameters())
    assert 18e6 < size < 22e6
