"""Dense labels and their loss."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sightline.train.dense import HEADS, IGNORED, dense_batch, dense_loss


def batch(words_share: float) -> dict[str, torch.Tensor]:
    return dense_batch(0, 3, images=4, words_share=words_share, side=128, grid=8)


class Oracle(nn.Module):
    """Says what the labels say."""

    def __init__(self, labels: dict[str, torch.Tensor]) -> None:
        super().__init__()
        self.labels = labels

    def forward(self, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
        return {
            name: 20.0 * nn.functional.one_hot(self.labels[name].clamp(min=0), classes).float()
            for name, classes in HEADS.items()
        }


@pytest.mark.parametrize("words_share", [0.0, 0.5, 1.0])
def test_a_model_that_says_the_labels_has_no_loss(words_share: float) -> None:
    labels = batch(words_share)
    loss, images, figures = dense_loss(Oracle(labels), labels)
    assert images == 4
    assert float(loss) < 1e-3
    assert all(
        figures[f"hit:{name}"] == figures[f"all:{name}"] for name in (f[4:] for f in figures if f[0] == "a")
    )


def test_what_is_unknown_is_not_counted() -> None:
    words, scenes = batch(1.0), batch(0.0)
    assert bool((words["colour"] == IGNORED).all())
    assert bool((words["char_left"] > 0).any())
    assert bool((scenes["char_left"] == 0).all())
    assert bool(((scenes["colour"] >= 0) == (scenes["object"] == 1)).all())


def test_a_batch_is_a_function_of_seed_and_draw() -> None:
    once, again = batch(0.5), batch(0.5)
    assert all(torch.equal(once[name], again[name]) for name in once)
    other = dense_batch(0, 4, images=4, words_share=0.5, side=128, grid=8)
    assert not torch.equal(once["pixels"], other["pixels"])
