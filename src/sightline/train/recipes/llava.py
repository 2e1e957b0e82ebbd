"""LLaVA-1.5's two stages (Liu et al. 2023, "Improved Baselines with Visual Instruction Tuning") on one GPU.

    sightline train pretrain --recipe llava --data blip_laion_cc_sbu_558k.json --images images
    sightline train sft --recipe llava --data llava_v1_5_mix665k.json --images images --bad skip

SigLIP-so400m (384 px, 729 tokens an image) and Qwen2.5-1.5B-Instruct where LLaVA has CLIP-L and Vicuna; give
`--vision` and `--language` for others. Stage 1 trains the projector on 558,000 captions in steps of 256, at
1e-3; stage 2 projector and language model on 665,000 conversations in steps of 128, at 2e-5. Both are one
epoch, a cosine after 3 % of warm-up, without weight decay.

Computed by `cost`, not measured: on one H100 (80 GB) at 40 % of its 989 TFLOP/s, stage 1 takes 3.0 hours and
7.4 GiB, stage 2 takes 6.6 hours and 38.1 GiB. Expect what LLaVA-1.5 reports in kind (a VQAv2
of 78.5 with a language model of 7B parameters), and less at this size: it was not trained here. What was run
here is every step of it, on tiny folders of the same format (tests/train/test_backbones.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from sightline.train.backbones import CONNECTOR, LANGUAGE, BackboneRecipe, Stage
from sightline.train.plan import Plan
from sightline.train.recipe import TextData

PROJECTOR = ((CONNECTOR, 1.0),)
PROJECTOR_AND_LANGUAGE = ((CONNECTOR, 1.0), (LANGUAGE, 1.0))


def _plan(name: str, *, samples: int, batch: int, lr: float, trains: tuple[tuple[str, float], ...]) -> Plan:
    """One epoch of `samples` in steps of `batch`; own data of another number change the steps."""
    steps = -(-samples // batch)
    return Plan(
        name=name,
        steps=steps,
        lr=lr,
        trains=trains,
        warmup=round(0.03 * steps),
        decay_from=0.0,
        floor=0.0,
        weight_decay=0.0,
        betas=(0.9, 0.999),
        accumulate=8,
        workers=8,
        recompute=True,
    )


RECIPE = BackboneRecipe(
    name="llava",
    vision="google/siglip-so400m-patch14-384",
    language="Qwen/Qwen2.5-1.5B-Instruct",
    select_layer=-2,
    stages=(
        Stage(
            plan=_plan("align", samples=558_128, batch=256, lr=1e-3, trains=PROJECTOR),
            data=TextData(mixture=(), rows=8, length=2048),  # 32 rows of data a micro-batch
        ),
    ),
    sft=_plan("sft", samples=665_298, batch=128, lr=2e-5, trains=PROJECTOR_AND_LANGUAGE),
    sft_data=TextData(mixture=(), rows=4, length=2048),
    dpo=_plan("dpo", samples=5_733, batch=32, lr=5e-7, trains=PROJECTOR_AND_LANGUAGE),
    dpo_data=TextData(mixture=(), rows=1, length=2048),
)


ALIGN = {"samples": 558_128, "tokens": 770, "trains_language": False, "rows": 16, "replies": 0.02}
SFT = {"samples": 665_298, "tokens": 1100, "trains_language": True, "rows": 10, "replies": 0.2}
"""What `cost` takes of the two stages; tokens, rows and replies are estimates."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a stage costs; computed, not measured."""

    hours: float
    gib: float


def cost(
    *,
    language: float = 1.54e9,
    vision: float = 0.43e9,
    patches: int = 729,
    samples: int,
    tokens: float,
    trains_language: bool,
    width: int = 1536,
    layers: int = 28,
    rows: int,
    length: int = 2048,
    replies: float,
    words: int = 151_936,
    trains_vision: bool = False,
    images: int = 0,
    vision_width: int = 1152,
    vision_layers: int = 27,
    peak: float = 989e12,
    mfu: float = 0.4,
) -> Cost:
    """GPU hours and memory of a stage.

    FLOP (Kaplan et al. 2020): 2 for each parameter and token forward, 2 for the gradient of activations, 2
    for that of weights; a frozen language model has no weights' gradient but passes on that of activations,
    a frozen tower runs forward alone, and recomputation adds another forward pass. Memory: a frozen weight
    has 2 bytes; a trained one 20: itself and its gradient, and in float32 its master, the master's gradient
    and two moments; each token of the rows, and each patch where the tower trains, one activation a layer, 2
    bytes; each token of a reply its logits and two copies in float32. The connector, attention's scores and
    what one block holds while it is recomputed are left out.

    Args:
        language: parameters of the language model.
        vision: of the tower.
        patches: tokens of an image.
        samples: of the stage.
        tokens: of a sample on average, those of its image counted.
        trains_language: or the projector alone.
        width: of the language model.
        layers: of the language model.
        rows: of a micro-batch.
        length: tokens of a row.
        replies: share of the rows' tokens that have a loss.
        words: rows of the language model's head.
        trains_vision: the tower trains too.
        images: of a micro-batch; read where the tower trains.
        vision_width: of the tower, likewise.
        vision_layers: of the tower, likewise.
        peak: FLOP/s of the GPU in bf16.
        mfu: share of the peak that is reached.
    """
    seen = patches * vision * (8 if trains_vision else 2)
    flops = samples * (tokens * language * (8 if trains_language else 6) + seen)
    weights = language * (20 if trains_language else 2) + vision * (20 if trains_vision else 2)
    kept = rows * length * (2 * width * layers + 12 * words * replies)
    kept += 2 * images * patches * vision_width * vision_layers * trains_vision
    return Cost(hours=flops / (peak * mfu) / 3600, gib=(weights + kept) / 2**30)
