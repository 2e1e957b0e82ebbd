"""Dense labels for the vision tower: what stands in each cell, before any language is learnt.

A tower trained from scratch together with the language model learns to see last. Trained first, alone,
on exact labels of every cell, it sees after minutes, and is then frozen: it takes the place that a
CLIP-pretrained encoder has elsewhere. The heads are thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from sightline.mllm.processor import to_pixels
from sightline.train.worlds.scenes import COLOURS, SHAPES, SIZES, Split, dense_labels, draw_scene, make_scene
from sightline.train.worlds.words import CHARSET, char_labels, draw_words, make_words

SUB_BINS = 8
HEADS: dict[str, int] = {
    "object": 2,
    "colour": len(COLOURS),
    "size": len(SIZES),
    "shape": len(SHAPES),
    "sub_x": SUB_BINS,
    "sub_y": SUB_BINS,
    "char_left": len(CHARSET),
    "char_right": len(CHARSET),
}
IGNORED = -100


class DensePretrainer(nn.Module):
    """A vision tower with a linear head a label. float[B, 3, S, S] -> {name: float[B, N, classes]}."""

    def __init__(self, tower: nn.Module, width: int) -> None:
        super().__init__()
        self.tower = tower
        self.heads = nn.ModuleDict({name: nn.Linear(width, classes) for name, classes in HEADS.items()})

    def forward(self, pixels: Tensor) -> dict[str, Tensor]:
        """See the class."""
        features = self.tower(pixel_values=pixels).last_hidden_state
        return {name: head(features).float() for name, head in self.heads.items()}


def dense_batch(
    seed: int, draw: int, *, images: int, words_share: float, side: int, grid: int, split: Split = "train"
) -> dict[str, Tensor]:
    """`images` images and their labels: `pixels` float[B, 3, side, side], each label int[B, grid * grid]."""
    rng = np.random.default_rng((seed, draw, 1))
    pictures, labels = [], []
    for _ in range(images):
        if rng.random() < words_share:
            words = make_words(rng)
            pictures.append(draw_words(words, side))
            labels.append(_word_labels(char_labels(words, grid)))
        else:
            scene = make_scene(rng, split=split)
            pictures.append(draw_scene(scene, side))
            labels.append(_scene_labels(dense_labels(scene, grid), grid))
    stacked = {name: torch.from_numpy(np.stack([label[name] for label in labels])) for name in HEADS}
    return {"pixels": to_pixels(pictures, side), **stacked}


def _scene_labels(labels: Mapping[str, np.ndarray], grid: int) -> dict[str, np.ndarray]:
    nothing = np.zeros(grid * grid, np.int64)
    return {name: labels[name].reshape(-1) if name in labels else nothing for name in HEADS}


def _word_labels(chars: np.ndarray) -> dict[str, np.ndarray]:
    cells = chars.reshape(-1, 2)
    unknown = np.full(len(cells), IGNORED, np.int64)
    known = {"object": np.zeros(len(cells), np.int64), "char_left": cells[:, 0], "char_right": cells[:, 1]}
    return {name: known.get(name, unknown) for name in HEADS}


def dense_loss(model: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, float, dict[str, float]]:
    """The mean cross-entropy of each head over its labelled cells, summed over heads and images.

    Empty cells and cells without a character outnumber the others; each of the two kinds has half the weight.
    """
    outputs = model(batch["pixels"])
    images = len(batch["pixels"])
    total = torch.zeros((), device=batch["pixels"].device)
    figures: dict[str, float] = {}
    for name, logits in outputs.items():
        labels = batch[name].flatten()
        scores = logits.flatten(0, 1)
        kept = labels != IGNORED
        if not bool(kept.any()):
            continue
        if name == "object" or name.startswith("char"):
            filled, bare = kept & (labels > 0), kept & (labels == 0)
            parts = [part for part in (filled, bare) if bool(part.any())]
            loss = torch.stack(
                [nn.functional.cross_entropy(scores[part], labels[part]) for part in parts]
            ).mean()
            counted = filled
        else:
            loss = nn.functional.cross_entropy(scores[kept], labels[kept])
            counted = kept
        total = total + loss * images
        right = scores.argmax(-1) == labels
        figures[f"hit:{name}"] = float(right[counted].sum())
        figures[f"all:{name}"] = float(counted.sum())
        if name == "object":
            figures["hit:empty"], figures["all:empty"] = (
                float(right[labels == 0].sum()),
                float((labels == 0).sum()),
            )
    return total, float(images), figures
