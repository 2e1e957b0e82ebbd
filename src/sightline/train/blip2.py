"""BLIP-2's stage 1: a Q-Former learns from images with texts, the tower frozen.

    sightline train blip2 --recipe tiny --run runs/tiny        after `pretrain`

Source: Li et al. 2023 and LAVIS, three losses of equal weight: contrast of images with texts (ITC), whether a
text is of an image, against hard ones of the same batch (ITM), and the text from the image, word by word
(ITG). The texts are full descriptions of scenes. The tiny recipe's four steps take seconds on a CPU; with 4
images a batch expect a loss from about log 4 + log 2 + log 800 = 8.8 downwards.

Other images of the micro-batch are the negatives, so its size is part of what is learnt.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from sightline.errors import ConfigError, SightlineError
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.qformer import QFormer, qformer_config
from sightline.mllm.tokenizer import Vocabulary
from sightline.mllm.weights import MANIFEST, check_weights, write_manifest
from sightline.train.loop import Plan, barrier, fit, process_group
from sightline.train.plots import plot_log
from sightline.train.recipe import QFormerData, Recipe
from sightline.train.stage import load_stage
from sightline.train.worlds.scene_dialogues import describe
from sightline.train.worlds.scenes import Split, draw_scene, make_scene

SMOOTHING = 0.1
"""Of the labels of ITC and ITG, as LAVIS has it."""


class TowerAndQFormer(nn.Module):
    """A vision tower, which no gradient reaches, and the Q-Former that reads its features."""

    def __init__(self, tower: nn.Module, qformer: QFormer) -> None:
        super().__init__()
        self.tower, self.qformer = tower, qformer

    @torch.no_grad()
    def features(self, pixels: Tensor) -> Tensor:
        """float[B, 3, S, S] -> float32[B, N, D_vision]."""
        seen: Tensor = self.tower(pixel_values=pixels).last_hidden_state
        return seen.float()


def blip2(recipe: Recipe, run: Path, device: torch.device) -> Path:
    """From the tower after pretraining. Returns the folder of the Q-Former.

    Raises `ConfigError` where the recipe has no such stage.
    """
    plan, data = recipe.blip2, recipe.blip2_data
    if plan is None or data is None:
        raise ConfigError(f"the recipe {recipe.name} has no stage blip2")
    before, vocabulary = load_stage(recipe.pretrained, run, device)
    torch.manual_seed(plan.seed)
    model = TowerAndQFormer(before.vision_tower, new_qformer(data, before, vocabulary)).to(device)
    side = before.config.vision_config.image_size
    make = partial(captions_batch, images=data.images, side=side, vocabulary=vocabulary)
    fit(model, plan, make, partial(three_losses, opening=vocabulary.marks["reply"]), run)
    return _save(model.qformer, vocabulary, plan, run)


def new_qformer(
    data: QFormerData, before: SightlineForConditionalGeneration, vocabulary: Vocabulary
) -> QFormer:
    """A Q-Former of the recipe's sizes for a model's tower."""
    config = qformer_config(
        vocabulary.size,
        pad_id=vocabulary.marks["pad"],
        vision_width=before.config.vision_config.hidden_size,
        width=data.width,
        layers=data.layers,
        heads=data.heads,
        queries=data.queries,
        joint=data.joint,
    )
    return QFormer(config)


def _save(qformer: QFormer, vocabulary: Vocabulary, plan: Plan, run: Path) -> Path:
    folder = run / plan.name / "model"
    if process_group()[0] == 0:
        qformer.save_pretrained(folder)
        vocabulary.tokenizer.save_pretrained(folder)
        write_manifest(folder, {"stage": plan.name, "steps": plan.steps})
        plot_log(run / plan.name / "log.jsonl")
    barrier()
    return folder


def load_qformer(folder: Path) -> QFormer:
    """The Q-Former that the stage left. Raises `SightlineError` if it is not there or not whole."""
    if not (folder / MANIFEST).is_file():
        raise SightlineError(f"{folder} is not there: run the stage `blip2` of this recipe to its end first")
    check_weights(folder)
    return QFormer.from_pretrained(folder, local_files_only=True, use_safetensors=True)


def captions_batch(
    seed: int, draw: int, *, images: int, side: int, vocabulary: Vocabulary, split: Split = "train"
) -> dict[str, Tensor]:
    """Scenes and their descriptions, a pure function of (seed, draw).

    Returns:
        `pixels` float[B, 3, side, side]; `ids` int[B, T], from `<bos>` to `<eos>`, then padding; `text`
        bool[B, T], true on tokens; `seed` int[], for what is drawn of the batch.
    """
    rng = np.random.default_rng((seed, draw, 7))
    scenes = [make_scene(rng, split=split) for _ in range(images)]
    marks = vocabulary.marks
    texts = [vocabulary.text(f" {describe(scene.things)}", places=True) for scene in scenes]
    rows = [torch.tensor([marks["bos"], *text, marks["eos"]]) for text in texts]
    lengths = torch.tensor([len(row) for row in rows])
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=marks["pad"])
    return {
        "pixels": to_pixels([draw_scene(scene, side) for scene in scenes], side),
        "ids": ids,
        "text": torch.arange(ids.shape[1]) < lengths[:, None],
        "seed": torch.tensor(rng.integers(2**31)),
    }


def three_losses(
    model: nn.Module, batch: dict[str, Tensor], *, opening: int
) -> tuple[Tensor, float, dict[str, float]]:
    """ITC + ITM + ITG, times the images, their number, and how often each is right.

    Args:
        model: see `TowerAndQFormer`.
        batch: of `captions_batch`.
        opening: the id that takes `<bos>`'s place where a text is to be said and not read.
    """
    assert isinstance(model, TowerAndQFormer)
    features, ids, text = model.features(batch["pixels"]), batch["ids"], batch["text"]
    scores = model.qformer.similarity(features, ids, text) / model.qformer.temperature
    generator = torch.Generator(ids.device).manual_seed(int(batch["seed"]))
    wrong = hard_negatives(scores, generator)
    losses = {
        "itc": contrast(scores),
        "itm": matching(model.qformer, features, ids, text, *wrong),
        "itg": saying(model.qformer, features, ids, text, opening),
    }
    figures: dict[str, float] = {}
    for name, (loss, right, count) in losses.items():
        figures |= {f"hit:{name}": right, f"all:{name}": count}
        figures |= {f"hit:{name}_loss": float(loss.detach()), f"all:{name}_loss": 1.0}
    total = torch.stack([loss for loss, _, _ in losses.values()]).sum()
    return total * len(ids), float(len(ids)), figures


Judged = tuple[Tensor, float, float]
"""A mean loss, how many were right, and of how many."""


def contrast(scores: Tensor) -> Judged:
    """Each image finds its text among all, each text its image; `scores` float32[B, B] are logits."""
    own = torch.arange(len(scores), device=scores.device)
    loss = sum(cross_entropy(one, own, label_smoothing=SMOOTHING) for one in (scores, scores.T)) / 2
    assert isinstance(loss, Tensor)
    return loss, float((scores.argmax(1) == own).sum()), float(len(own))


@torch.no_grad()
def hard_negatives(scores: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Of each text a wrong image, of each image a wrong text, int[B]: drawn, the more alike the likelier.

    Raises `ConfigError` for a batch of one.
    """
    if len(scores) < 2:
        raise ConfigError("a batch needs two images at least: the wrong ones are drawn from it")
    others = scores.masked_fill(torch.eye(len(scores), dtype=torch.bool, device=scores.device), -torch.inf)
    images = torch.multinomial(others.T.softmax(1), 1, generator=generator)
    texts = torch.multinomial(others.softmax(1), 1, generator=generator)
    return images[:, 0], texts[:, 0]


def matching(
    qformer: QFormer, features: Tensor, ids: Tensor, text: Tensor, wrong_image: Tensor, wrong_text: Tensor
) -> Judged:
    """Is the text of the image: for right pairs, each text with a wrong image, each image with a wrong text.

    Args:
        qformer: that is asked.
        features: float32[B, N, D_vision].
        ids: int[B, T].
        text: bool[B, T].
        wrong_image: int[B], of each text.
        wrong_text: int[B], of each image.
    """
    logits = qformer.match(
        torch.cat([features, features[wrong_image], features]),
        torch.cat([ids, ids, ids[wrong_text]]),
        torch.cat([text, text, text[wrong_text]]),
    )
    fits = (torch.arange(len(logits), device=ids.device) < len(ids)).long()
    return cross_entropy(logits, fits), float((logits.argmax(1) == fits).sum()), float(len(fits))


def saying(qformer: QFormer, features: Tensor, ids: Tensor, text: Tensor, opening: int) -> Judged:
    """The text from the image, each word from those before it; the first id is `opening`."""
    given = ids.clone()
    given[:, 0] = opening
    kept = text[:, 1:]
    logits = qformer.predict(features, given, text)[:, :-1][kept]
    wanted = ids[:, 1:][kept]
    loss = cross_entropy(logits, wanted, label_smoothing=SMOOTHING)
    return loss, float((logits.argmax(-1) == wanted).sum()), float(len(wanted))
