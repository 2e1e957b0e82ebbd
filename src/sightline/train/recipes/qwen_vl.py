"""Qwen-VL's three stages (Bai et al. 2023, arXiv 2308.12966) on one GPU, or on several with torchrun.

    sightline train pretrain --recipe qwen_vl --data captions.json --images images
    sightline train pretrain --recipe qwen_vl --stage multitask --data tasks.json --images images --bad skip
    sightline train sft --recipe qwen_vl --data chats.json --images images --epochs 3

SigLIP-so400m (224 px, 256 patches) where the paper has OpenCLIP's ViT-bigG, Qwen2.5-1.5B-Instruct where it
has Qwen-7B. Between them one layer of cross-attention from 256 learned queries with 2-D positions: an image
is 256 tokens at any resolution. The encoder is read after its last layer, as in the release's `visual.py`.

| | trains | px | rate | least | steps of | steps | warm-up |
|---|---|---|---|---|---|---|---|
| `align` | encoder, connector | 224 | 2e-4 | 1e-6 | 30,720 | 50,000 | 500 |
| `multitask` | all | 448 | 5e-5 | 1e-5 | 4,096 | 19,000 | 400 |
| `sft` | connector, language model | 448 | 1e-5 | 1e-6 | 128 | 8,000 | 3,000 |

These, AdamW's betas (0.9, 0.98), the decay of 0.05, the norm of 1, the cosine, and 0.95 a layer of the
encoder in the first two stages are those of the paper's sections 3.1 to 3.3 and of the table of
hyperparameters in its appendix, which was not at hand to read again: check before you quote them. The order
of the layers' rates is BEiT's, for the paper gives none; its epsilon of 1e-6 is 1e-8 here. With own data the
steps are as many as they need, and the warm-up keeps its share: on less than some millions of captions take
fewer rows a step (`accumulate`). N processes want an N-th of `accumulate`.

What differs beside: images are padded to a square, not squeezed; `<image>` has no marks around it; a
coordinate is one of the dialect's bins, `<07>`, one token and 1 % of a side, where Qwen-VL writes it in
digits as a 1000th, `<box>(71,523),(380,640)</box>`. Rows written so are learnt as the text they are.

Computed by `llava.cost`, not measured: on one H100 (80 GB) at 40 % of its 989 TFLOP/s, the paper's amount of
data takes 3895.3 hours and 17.1 GiB in `align`, 425.9 hours and 43.4 GiB in `multitask`, 5.0 hours and 35.5
GiB in `sft`. It was not trained here, and no score is promised: the paper's 79.5 on VQAv2 is of 9.6B
parameters. What was run here is every step of it, on tiny folders of the same format
(tests/train/test_schedules.py).
"""

from __future__ import annotations

from sightline.train.backbones import CONNECTOR, LANGUAGE, VISION, BackboneRecipe, Stage
from sightline.train.plan import Plan
from sightline.train.recipe import TextData
from sightline.train.recipes import llava


def _plan(
    name: str, *, steps: int, lr: float, least: float, warmup: int, accumulate: int, trains: tuple[str, ...]
) -> Plan:
    return Plan(
        name=name,
        steps=steps,
        lr=lr,
        trains=tuple((part, 1.0) for part in trains),
        warmup=warmup,
        decay_from=0.0,
        floor=least / lr,
        weight_decay=0.05,
        betas=(0.9, 0.98),
        clip=1.0,
        accumulate=accumulate,
        workers=8,
        recompute=True,
    )


_ALIGN = _plan(
    "align",
    steps=50_000,
    lr=2e-4,
    least=1e-6,
    warmup=500,
    accumulate=480,  # of 64 samples: 30,720
    trains=(VISION, CONNECTOR),
)
_MULTITASK = _plan(
    "multitask",
    steps=19_000,
    lr=5e-5,
    least=1e-5,
    warmup=400,
    accumulate=128,  # of 32 samples: 4,096
    trains=(VISION, CONNECTOR, LANGUAGE),
)
_SFT = _plan(
    "sft",
    steps=8_000,
    lr=1e-5,
    least=1e-6,
    warmup=3_000,
    accumulate=8,  # of 16 samples: 128
    trains=(CONNECTOR, LANGUAGE),
)

RECIPE = BackboneRecipe(
    name="qwen_vl",
    vision="google/siglip-so400m-patch14-224",
    language="Qwen/Qwen2.5-1.5B-Instruct",
    select_layer=None,
    connector="resampler",
    queries=256,
    stages=(
        Stage(
            plan=_ALIGN, data=TextData(mixture=(), rows=16, length=2048), side=224, vision_decay=0.95
        ),  # a micro-batch has four samples for each of the rows
        Stage(plan=_MULTITASK, data=TextData(mixture=(), rows=8, length=2048), side=448, vision_decay=0.95),
    ),
    sft=_SFT,
    sft_data=TextData(mixture=(), rows=4, length=2048),
    dpo=llava.RECIPE.dpo,  # the paper has no such stage
    dpo_data=llava.RECIPE.dpo_data,
)


COSTS = {
    "align": {
        "samples": 50_000 * 30_720,
        "tokens": 300,
        "vision": 0.41e9,
        "patches": 256,
        "trains_language": False,
        "trains_vision": True,
        "images": 64,
        "rows": 11,
        "replies": 0.1,
    },
    "multitask": {
        "samples": 19_000 * 4_096,
        "tokens": 360,
        "vision": 0.41e9,
        "patches": 1024,
        "trains_language": True,
        "trains_vision": True,
        "images": 32,
        "rows": 6,
        "replies": 0.2,
    },
    "sft": {
        "samples": 8_000 * 128,
        "tokens": 500,
        "vision": 0.41e9,
        "patches": 1024,
        "trains_language": True,
        "rows": 5,
        "replies": 0.3,
    },
}
"""What `llava.cost` takes of each stage: samples are the paper's; tokens, rows and replies are estimates."""
