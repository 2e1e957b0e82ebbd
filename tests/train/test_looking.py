"""Looking: coordinates that are near are alike, and the first layer finds what resembles what asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from sightline.mllm.connectors import MLPProjector
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.looking import ordered_bins, start_looking

NewModel = Callable[[], SightlineForConditionalGeneration]


def likeness(bins: torch.Tensor) -> torch.Tensor:
    unit = torch.nn.functional.normalize(bins, dim=-1)
    return unit @ unit.T


def test_the_nearer_two_bins_are_the_more_they_are_alike() -> None:
    bins = ordered_bins(100, 64, spread=0.02, generator=torch.Generator().manual_seed(0))
    assert bins.std() == pytest.approx(0.02, rel=1e-4)
    alike = likeness(bins)
    for at in (10, 50, 90):
        assert alike[at, at - 1] > alike[at, at - 3] > alike[at, at - 10]
        assert alike[at].argmax() == at


def test_a_bin_finds_its_row(new_model: NewModel, vocabulary: Vocabulary) -> None:
    """Of the rows that the projector adds, that which holds a bin resembles it most, in almost all cases."""
    model = new_model()
    start_looking(model, vocabulary, seed=0)
    model.start_places(vocabulary.first_bin)
    bins = model.get_input_embeddings().weight[vocabulary.first_bin :][:100].float()
    rows = model.projector.rows.weight.float()
    found = torch.nn.functional.normalize(bins, dim=-1) @ torch.nn.functional.normalize(rows, dim=-1).T
    wanted = torch.cat([torch.full((len(part),), n) for n, part in enumerate(bins.tensor_split(8))])
    assert (found.argmax(-1) == wanted).float().mean() > 0.9


def test_only_the_first_layer_searches_by_resemblance(new_model: NewModel, vocabulary: Vocabulary) -> None:
    before, model = new_model(), new_model()
    start_looking(model, vocabulary, seed=0)
    first = model.language_model.model.layers[0].self_attn
    assert torch.equal(first.q_proj.weight, first.k_proj.weight)
    assert torch.equal(first.o_proj.weight, first.v_proj.weight.T)
    moved = {
        name
        for (name, old), new in zip(before.named_parameters(), model.parameters(), strict=True)
        if not torch.equal(old, new)
    }
    assert {name.split(".")[-2] for name in moved} == {"embed_tokens", "q_proj", "k_proj", "v_proj", "o_proj"}
    assert all(".layers.0." in name or "embed_tokens" in name for name in moved)


def test_the_start_follows_from_its_seed(new_model: NewModel, vocabulary: Vocabulary) -> None:
    models = [new_model() for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        start_looking(model, vocabulary, seed=seed)
    weights = [model.get_input_embeddings().weight for model in models]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_content_of_a_fixed_scale_does_not_grow_with_the_weights() -> None:
    torch.manual_seed(0)
    projector = MLPProjector(16, 32, 4, content_scale=0.04)
    features = torch.randn(2, 16, 16)
    content = projector.content(features)
    torch.testing.assert_close(content.std(-1, correction=0), torch.full((2, 16), 0.04), rtol=1e-3, atol=0)
    with torch.no_grad():
        projector.linear_2.weight.mul_(20)
        projector.linear_2.bias.mul_(20)
    torch.testing.assert_close(projector.content(features), content, rtol=1e-3, atol=1e-5)
