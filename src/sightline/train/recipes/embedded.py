"""The embedded model: about 20M parameters, from nothing, on a CPU.

    sightline train pretrain --recipe embedded
    sightline train sft --recipe embedded
    sightline train dpo --recipe embedded

or, over both cores of a small machine, `torchrun --nproc-per-node 2 -m sightline train ...`.
"""

from __future__ import annotations

from sightline.train.loop import Plan
from sightline.train.recipe import DenseData, Recipe

RECIPE = Recipe(
    name="embedded",
    vision=Plan(name="vision", steps=700, lr=1e-3, trains=(("", 1.0),), warmup=40, decay_from=0.3, save_every=100),
    vision_data=DenseData(images=32, words_share=0.35),
)
