"""The embedded model: about 20M parameters, from nothing, on a CPU.

    sightline train pretrain --recipe embedded
    sightline train sft --recipe embedded
    sightline train dpo --recipe embedded
    sightline train export FOLDER --recipe embedded

or, with a process for each core, `torchrun --nproc-per-node 2 -m sightline train ...`: steps are the
optimizer's, so two processes see twice the data. Pretraining then takes half an hour, SFT an hour and a
quarter, DPO two minutes. This was run for the shipped weights; the model card says what they reach.
"""

from __future__ import annotations

from sightline.mllm.config import embedded_config
from sightline.train.loop import Plan
from sightline.train.recipe import DenseData, Recipe, TextData

TOWER_FROZEN = (("^projector", 1.0), ("^language_model", 1.0))

EVERYTHING = (
    ("planner", 0.20),
    ("reading", 0.22),
    ("copy", 0.06),
    ("reading_call", 0.04),
    ("direct", 0.13),
    ("pointing", 0.15),
    ("describe", 0.17),
    ("words", 0.03),
)

BROAD = (
    ("planner", 0.35),
    ("reading", 0.28),
    ("comparing", 0.14),
    ("pointing", 0.06),
    ("describe", 0.04),
    ("direct", 0.04),
    ("copy", 0.03),
    ("reading_call", 0.03),
    ("echo", 0.03),
)
COMPARING = (
    ("comparing", 0.36),
    ("reading", 0.30),
    ("planner", 0.24),
    ("pointing", 0.02),
    ("describe", 0.02),
    ("direct", 0.02),
    ("reading_call", 0.02),
    ("copy", 0.01),
    ("echo", 0.01),
)
"""Which of two numbers is larger is learnt last: it gets a large share once calls are exact."""

RECIPE = Recipe(
    name="embedded",
    config=embedded_config,
    vocab_size=4096,
    corpus=6000,
    vision=Plan(
        name="vision", steps=700, lr=1e-3, trains=(("", 1.0),), warmup=40, decay_from=0.3, save_every=100
    ),
    vision_data=DenseData(images=32, words_share=0.35),
    language=Plan(name="language", steps=400, lr=1e-3, trains=TOWER_FROZEN, decay_from=1.0, save_every=100),
    language_data=TextData(mixture=EVERYTHING, rows=2, length=1024, all_text=True),
    copying=Plan(
        name="copying", steps=400, lr=1e-3, trains=TOWER_FROZEN, warmup=20, decay_from=1.0, save_every=50
    ),
    copying_data=TextData(mixture=(("echo", 1.0),), rows=8, length=256),
    align=Plan(
        name="align",
        steps=150,
        lr=1e-3,
        trains=(("^projector.linear", 1.0),),
        warmup=20,
        decay_from=0.5,
        save_every=50,
    ),
    align_data=DenseData(images=32, words_share=0.0),
    sft=Plan(
        name="sft", steps=2700, lr=1e-3, trains=TOWER_FROZEN, decay_from=0.1, floor=0.02, sample_every=300
    ),
    sft_data=TextData(mixture=BROAD, later=((2800, COMPARING),), rows=2, length=1024),
    dpo=Plan(name="dpo", steps=60, lr=2e-5, trains=TOWER_FROZEN, warmup=10, decay_from=0.0, save_every=40),
    dpo_data=TextData(mixture=(("scenes", 0.7), ("documents", 0.3)), rows=2, length=1024),
)
