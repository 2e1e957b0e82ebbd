"""What a recipe holds."""

from __future__ import annotations

from dataclasses import dataclass

from sightline.train.loop import Plan


@dataclass(frozen=True, kw_only=True)
class DenseData:
    """Images for the vision tower alone.

    Args:
        images: in a batch of one process.
        words_share: share of images that show words; the others show scenes.
    """

    images: int
    words_share: float


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The stages of one model, in their order."""

    name: str
    vision: Plan
    vision_data: DenseData
