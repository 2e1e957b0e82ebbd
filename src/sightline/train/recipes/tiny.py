"""A rehearsal: every stage of the embedded recipe for a few steps, at a size that takes seconds.

    sightline train pretrain --recipe tiny --run runs/tiny

It learns nothing; it shows that a machine can run the stages.
"""

from __future__ import annotations

from dataclasses import replace

from sightline.mllm.config import tiny_config
from sightline.train.backbones import CONNECTOR
from sightline.train.loop import Plan
from sightline.train.recipe import (
    DenseData,
    Policy,
    PPOPolicy,
    QFormerData,
    Recipe,
    RewardData,
    TextData,
    ToolPolicy,
)
from sightline.train.recipes.embedded import EVERYTHING, TOWER_FROZEN
from sightline.train.recipes.embedded import RECIPE as EMBEDDED
from sightline.train.rollouts import Sampling

JUDGE = (("^head", 1.0), ("^model.language_model", 0.1))
ACTOR = (("^head", 1.0), ("^model.projector", 1.0), ("^model.language_model", 1.0))


def _plan(name: str, trains: tuple[tuple[str, float], ...]) -> Plan:
    return Plan(name=name, steps=4, lr=1e-3, trains=trains, warmup=1, log_every=1, save_every=2)


RECIPE = Recipe(
    name="tiny",
    config=tiny_config,
    vocab_size=800,
    corpus=40,
    vision=_plan("vision", (("", 1.0),)),
    vision_data=DenseData(images=4, words_share=0.5),
    language=_plan("language", TOWER_FROZEN),
    language_data=TextData(mixture=EVERYTHING, rows=2, length=2048, all_text=True),
    copying=_plan("copying", TOWER_FROZEN),
    copying_data=TextData(mixture=(("echo", 1.0),), rows=2, length=256),
    align=_plan("align", (("^projector.linear", 1.0),)),
    align_data=DenseData(images=4, words_share=0.0),
    looking=_plan("looking", TOWER_FROZEN),
    looking_data=TextData(mixture=(("describe_1", 1.0),), rows=2, length=512),
    sft=replace(_plan("sft", TOWER_FROZEN), sample_every=2),
    sft_data=TextData(mixture=EMBEDDED.sft_data.mixture, rows=2, length=2048),
    dpo=_plan("dpo", TOWER_FROZEN),
    dpo_data=TextData(mixture=EMBEDDED.dpo_data.mixture, rows=2, length=2048),
    grpo=_plan("grpo", TOWER_FROZEN),
    policy=Policy(
        mixture=(("reading", 0.5), ("direct", 0.5)),
        dialogues=2,
        sampling=Sampling(replies=3, questions=2, max_tokens=8),
    ),
    reward=_plan("reward", JUDGE),
    reward_data=RewardData(
        pairs=TextData(mixture=EMBEDDED.dpo_data.mixture, rows=1, length=1024), held_out=2
    ),
    ppo=_plan("ppo", ACTOR),
    ppo_policy=PPOPolicy(
        mixture=(("direct", 1.0),),
        dialogues=2,
        sampling=Sampling(replies=3, questions=2, max_tokens=8),
        length=512,
        reward="model",
    ),
    grpo_tools=_plan("grpo-tools", TOWER_FROZEN),
    tool_policy=ToolPolicy(questions=2, sampling=Sampling(replies=2, max_tokens=8), length=1024),
    blip2=_plan("blip2", (("^qformer", 1.0),)),
    blip2_data=QFormerData(images=4, width=32, layers=2, heads=2, queries=8, joint=16),
    blip2_llm=_plan("blip2-llm", ((CONNECTOR, 1.0),)),
    blip2_llm_data=TextData(mixture=(("describe", 1.0),), rows=2, length=512),
)
