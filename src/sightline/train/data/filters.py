"""Rows to leave out: images that are there already, and answers that do not fit their images.

Perceptual hashes are imagehash's, 64 bits of the low frequencies. A scorer is any function from a row to a
number, higher where the text fits the image: CLIP's cosine, or our own model's likelihood of the answer.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from sightline.errors import ConfigError
from sightline.images import Picture
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.data.bridge import to_dialogue
from sightline.train.data.pictures import open_image
from sightline.train.data.rows import MARK, Row

BITS = 64
Scorer = Callable[[Row], float]


def perceptual_hash(picture: Picture) -> int:
    """64 bits that change little where the picture does: DCT of 32 x 32 px, the lowest 8 x 8 frequencies."""
    import imagehash
    from PIL import Image

    bits = imagehash.phash(Image.fromarray(picture.pixels)).hash.ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


class NearHashes:
    """Hashes, and whether one within a Hamming radius is among them.

    The 64 bits are cut into radius + 1 bands. Two hashes within the radius agree in one band at least, so
    only those that share a band are compared (Manku et al. 2007).
    """

    def __init__(self, radius: int) -> None:
        """`radius`: bits that may differ, 0 to 31."""
        if not 0 <= radius < BITS // 2:
            raise ConfigError(f"a radius is 0 to {BITS // 2 - 1} bits, not {radius}")
        self.radius = radius
        edges = [round(BITS * n / (radius + 1)) for n in range(radius + 2)]
        self._bands = [(low, (1 << (high - low)) - 1) for low, high in pairwise(edges)]
        self._kept: list[dict[int, list[int]]] = [defaultdict(list) for _ in self._bands]

    def add(self, value: int) -> None:
        """Keep a hash."""
        for (low, mask), kept in zip(self._bands, self._kept, strict=True):
            kept[value >> low & mask].append(value)

    def near(self, value: int) -> bool:
        """Whether a hash within the radius was kept."""
        return any(
            (value ^ other).bit_count() <= self.radius
            for (low, mask), kept in zip(self._bands, self._kept, strict=True)
            for other in kept.get(value >> low & mask, ())
        )


def without_duplicates(
    rows: Iterable[Row],
    root: Path,
    *,
    radius: int = 4,
    same: Literal["image", "image and text"] = "image and text",
    against: Iterable[Picture] = (),
) -> Iterator[Row]:
    """Rows whose image is not there already; a row without images always stays.

    Args:
        rows: streamed; the first of those that are alike stays.
        root: the folder of their images' paths.
        radius: bits of the hash that may differ; 0 to 4 for copies that were resized or compressed.
        same: `image` leaves out every further row of an image; `image and text` those alone that ask the same
            of it, letters' case and spaces aside.
        against: pictures that none of the rows may show, whatever is asked (those of an evaluation).

    A row of several images is alike another where its first image is. Raises as `open_image` does.
    """
    barred = NearHashes(radius)
    for picture in against:
        barred.add(perceptual_hash(picture))
    seen: dict[str, NearHashes] = defaultdict(lambda: NearHashes(radius))
    for row in rows:
        hashes = [perceptual_hash(open_image(ref, root)) for ref in row.images]
        held = seen[_asked(row) if same == "image and text" else ""]
        if any(map(barred.near, hashes)) or (hashes and held.near(hashes[0])):
            continue
        if hashes:
            held.add(hashes[0])
        yield row


def _asked(row: Row) -> str:
    said = " ".join(turn.text for turn in row.turns if turn.role == "user").replace(MARK, "")
    return " ".join(said.lower().split())


def best_rows(
    rows: Sequence[Row], scorer: Scorer, *, at_least: float = -math.inf, share: float = 1.0
) -> list[Row]:
    """The rows of the highest scores, in their order.

    Args:
        rows: each is scored once.
        scorer: NaN counts as the lowest score.
        at_least: rows below it go.
        share: of all rows, 0..1, that stay at most.
    """
    scored = [(scorer(row), at) for at, row in enumerate(rows)]
    fine = [(-score, at) for score, at in scored if score >= at_least]
    fine += [(math.inf, at) for score, at in scored if math.isnan(score) and at_least == -math.inf]
    return [rows[at] for at in sorted(at for _, at in sorted(fine)[: math.floor(share * len(rows))])]


def clip_scorer(folder: Path, root: Path) -> Scorer:
    """The cosine, -1..1, of a row's first image and its last answer, by a CLIP model of transformers.

    Args:
        folder: what `save_pretrained` wrote: model, tokenizer and image processor. Nothing is downloaded.
        root: the folder of the rows' images.

    Raises `ConfigError`, when a row is scored, for one without an image.
    """
    import torch
    from transformers import CLIPModel, CLIPProcessor

    model: Any = CLIPModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
    processor: Any = CLIPProcessor.from_pretrained(folder, local_files_only=True)
    longest = model.config.text_config.max_position_embeddings

    @torch.no_grad()
    def score(row: Row) -> float:
        if not row.images:
            raise ConfigError(f"row {row.id} has no image to compare its text with")
        pixels = open_image(row.images[0], root).pixels.copy()  # torch takes no read-only arrays
        text = processor.tokenizer(
            [row.replies[-1]], truncation=True, max_length=longest, return_tensors="pt"
        )
        shown = processor.image_processor(images=[pixels], return_tensors="pt")
        out = model(**text, **shown)
        return float((out.image_embeds * out.text_embeds).sum())

    return score


def likelihood_scorer(model: SightlineForConditionalGeneration, vocabulary: Vocabulary, root: Path) -> Scorer:
    """The mean log-probability of a token of a conversation's replies, by our own model; 0 at most.

    Raises `ConfigError`, when a row is scored, for one that is longer than the model's context.
    """
    import torch

    from sightline.mllm.chat import render
    from sightline.train.losses import reply_tokens
    from sightline.train.packing import pack

    config = model.config

    @torch.no_grad()
    def score(row: Row) -> float:
        dialogue = to_dialogue(row, root)
        rendered = render(dialogue, vocabulary, config.tokens_per_image)
        length = len(rendered.prefix) + sum(len(ids) for ids, _ in rendered.branches)
        longest = len(rendered.prefix) + max(len(ids) for ids, _ in rendered.branches)
        if longest > config.text_config.max_position_embeddings:
            raise ConfigError(f"row {row.id}: {longest} tokens are more than the model reads")
        packed = pack(
            iter([dialogue, dialogue]),  # the second opens a further row, which ends the first
            vocabulary,
            rows=1,
            length=length,
            side=config.vision_config.image_size,
            tokens_per_image=config.tokens_per_image,
            whole=True,
        )
        said = sum(sum(loss) for _, loss in rendered.branches)
        return float(reply_tokens(model, packed).logprobs.sum()) / said

    return score
