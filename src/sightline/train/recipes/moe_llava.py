"""MoE-LLaVA (Lin et al. 2024, "MoE-LLaVA: Mixture of Experts for Large Vision-Language Models") on one GPU.

    sightline train pretrain --recipe moe_llava --data blip_laion_cc_sbu_558k.json --images images
    sightline train pretrain --recipe moe_llava --stage instruct --data tuning.json --images images --bad skip
    sightline train pretrain --recipe moe_llava --stage experts --data llava_v1_5_mix665k.json --images images

CLIP-L (336 px, 576 tokens an image) as there, and Qwen2.5-1.5B-Instruct where the paper has Qwen-1.8B,
StableLM-1.6B and Phi-2. `align` trains the projector on LLaVA's 558,000 captions in steps of 256, at 1e-3;
`instruct` projector and language model on 964,000 rows (MIMIC-IT, LRV, SViT, LVIS) in steps of 128, at 2e-5.
`experts` makes four experts of every second layer's feed-forward network and trains these and their routers
on LLaVA's mix of 665,000, in steps of 128, at 2e-5, with 0.01 of the balance loss. Each is one epoch, a
cosine after 3 % of warm-up, without weight decay. Of the language model's 3.3 billion parameters 2.1 work on
a token. `sft` goes on from there on rows of yours, training what `experts` did. The published scripts differ:
their last stage trains the feed-forward networks of the other layers too, whose names match its patterns,
where the paper trains the layers with experts; for capacity and noise see `mllm.moe`.

Computed by `costs`, not measured: on one H100 (80 GB) at 40 % of its 989 TFLOP/s, the stages take 2.4 hours
and 7.2 GiB, 8.1 hours and 37.8 GiB, 6.8 hours and 54.0 GiB. Expect what MoE-LLaVA-1.8Bx4 reports in kind
(VQAv2 76.2, GQA 61.5), and not these numbers: it was not trained here. What was run here is every step of
it, on tiny folders of the same format (tests/train/test_moe.py).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from sightline.mllm.moe import upcycle
from sightline.train.backbones import Stage
from sightline.train.moe import EXPERTS, balanced_loss
from sightline.train.plan import Plan
from sightline.train.recipes import llava

TUNING, MIX = 964_000, 665_298
"""Rows of the second stage and of the third, as the paper has them."""


def _as_sft(name: str, samples: int) -> Plan:
    """LLaVA's second stage over this many rows."""
    steps = -(-samples // 128)
    return replace(llava.RECIPE.sft, name=name, steps=steps, warmup=round(0.03 * steps))


_EXPERTS = replace(_as_sft("experts", MIX), trains=EXPERTS)

RECIPE = replace(
    llava.RECIPE,
    name="moe_llava",
    vision="openai/clip-vit-large-patch14-336",
    stages=(
        llava.RECIPE.stages[0],
        Stage(plan=_as_sft("instruct", TUNING), data=llava.RECIPE.sft_data),
        Stage(plan=_EXPERTS, data=llava.RECIPE.sft_data, loss=balanced_loss, prepare=upcycle),
    ),
    sft=replace(_EXPERTS, name="sft"),
    dpo=replace(llava.RECIPE.dpo, trains=EXPERTS),
)


NETWORK, LAYERS = 3 * 1536 * 8960, 14
"""Parameters of a feed-forward network of Qwen2.5-1.5B, and how many of its layers have experts."""


def costs() -> tuple[llava.Cost, llava.Cost, llava.Cost]:
    """GPU hours and memory of the three stages, by the rules of `llava.cost`.

    In the last, each token's two experts have gradients, and all four have optimizer's states.
    """
    stage: Any = partial(llava.cost, vision=0.30e9, patches=576)
    fewer = 729 - 576  # tokens of an image than LLaVA's recipe has
    rows = {**llava.SFT, "tokens": llava.SFT["tokens"] - fewer}
    at_work, trained = 2 * LAYERS * NETWORK, 4 * LAYERS * NETWORK
    frozen = stage(**rows | {"trains_language": False, "language": 1.54e9 + at_work / 2})
    whole = stage(**rows | {"language": float(at_work)})
    halves = stage(**rows | {"trains_language": False, "language": float(at_work)})
    states = 18 * trained + 2 * (trained - at_work)
    return (
        stage(**llava.ALIGN | {"tokens": llava.ALIGN["tokens"] - fewer}),
        stage(**rows | {"samples": TUNING}),
        llava.Cost(hours=frozen.hours + whole.hours - halves.hours, gib=frozen.gib + states / 2**30),
    )
