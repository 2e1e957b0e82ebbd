"""A small model that sees by itself: a language model of four layers over the embedded recipe's tower.

    sightline train pretrain --recipe seeing
    sightline train sft --recipe seeing
    sightline train dpo --recipe seeing
    sightline train grpo --recipe seeing --start runs/seeing/sft/model
    python examples/alignment.py runs/seeing

It is there to study what alignment does: it describes scenes and answers questions about them with no tool,
and makes mistakes; SFT teaches it some, with captions that tell more than their pictures show. On one core of
a busy machine the tower takes 11 minutes, looking 40, SFT 8, DPO 18 and GRPO 12. Expect four of five things
named right after SFT, and of what is named on covered scenes about two fifths made up; about a quarter after
DPO. docs/training.md has the table.
"""

from __future__ import annotations

from dataclasses import replace

from sightline.mllm.config import SightlineConfig, embedded_config
from sightline.train.plan import Plan
from sightline.train.recipe import Played, Policy, Preference, Recipe, TextData
from sightline.train.recipes.embedded import RECIPE as EMBEDDED
from sightline.train.recipes.embedded import TOWER_FROZEN
from sightline.train.rollouts import Sampling

TEXT = {
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
}


def config(vocab_size: int, **ids: int) -> SightlineConfig:
    """The embedded model's, with a smaller language model and content of a fixed scale."""
    made = embedded_config(vocab_size, **ids)
    for name, value in TEXT.items():
        setattr(made.text_config, name, value)
    made.content_scale = 0.027
    return made


FEW = (("describe_1", 1.0),)
FEWER_THAN_THREE = (("describe_1", 0.3), ("describe_2", 0.7))
FEWER_THAN_FIVE = (("describe_2", 0.4), ("describe_4", 0.6))
ALL = (("describe_4", 0.3), ("describe", 0.5), ("direct", 0.2))
CARELESS = (("describe", 0.15), ("hearsay", 0.2), ("covered", 0.08), ("direct", 0.57))
"""As data for SFT are: of the captions of covered scenes most tell more than their pictures show."""

RECIPE = Recipe(
    name="seeing",
    config=config,
    vocab_size=EMBEDDED.vocab_size,
    corpus=EMBEDDED.corpus,
    vision=EMBEDDED.vision,
    vision_data=EMBEDDED.vision_data,
    align=replace(EMBEDDED.align, steps=120),
    align_data=EMBEDDED.align_data,
    looking=Plan(
        name="looking", steps=1600, lr=1e-3, trains=TOWER_FROZEN, warmup=40, decay_from=0.3, save_every=100
    ),
    looking_data=TextData(
        mixture=FEW,
        later=((120, FEWER_THAN_THREE), (320, FEWER_THAN_FIVE), (560, ALL)),
        rows=4,
        length=1024,
    ),
    sft=Plan(name="sft", steps=400, lr=3e-4, trains=TOWER_FROZEN, warmup=20, decay_from=0.3, save_every=100),
    sft_data=TextData(mixture=CARELESS, rows=4, length=1024),
    dpo=Plan(name="dpo", steps=300, lr=5e-5, trains=TOWER_FROZEN, warmup=10, decay_from=0.5, save_every=50),
    dpo_data=TextData(mixture=(("covered", 1.0),), rows=4, length=1024),
    preference=Preference(beta=0.2, anchor=0.0),
    own_pairs=Played(
        mixture=(("covered", 0.45), ("describe", 0.35), ("direct", 0.2)),
        dialogues=10,
        sampling=Sampling(replies=4, questions=2, max_tokens=150),
        length=1024,
    ),
    grpo=Plan(name="grpo", steps=180, lr=1e-4, trains=TOWER_FROZEN, warmup=10, decay_from=0.5, save_every=20),
    policy=Policy(
        mixture=(("covered", 0.7), ("describe", 0.3)),
        dialogues=6,
        sampling=Sampling(replies=10, questions=1, max_tokens=150),
        beta=0.01,
    ),
)
