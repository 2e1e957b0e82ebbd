"""Yi-VL's three stages (01.AI 2024, "Yi: Open Foundation Models", arXiv 2403.04652, section 7.2) on one GPU.

    sightline train pretrain --recipe yi_vl --data captions.json --images images
    sightline train pretrain --recipe yi_vl --stage sharpen --data captions448.json --images images --bad skip
    sightline train sft --recipe yi_vl --data chats.json --images images --epochs 2

LAION's CLIP ViT-H/14 as there, and Qwen2.5-1.5B-Instruct where it has Yi-6B or Yi-34B: their tokenizers put
spaces before pieces, and such are refused. Between them two linear layers, a LayerNorm behind each (the
release's `mlp2x_gelu_Norm`): an image is a token a patch, 256 at 224 px and 1,024 at 448.

| | trains | px | rate | steps of | norm | rows |
|---|---|---|---|---|---|---|
| `align` | encoder, connector | 224 | 1e-4 | 4,096 | 0.5 | 100M captions, once |
| `sharpen` | encoder, connector | 448 | 1e-4 | 4,096 | 0.5 | 24.8M captions and more, once |
| `sft` | all | 448 | 2e-5 | 256 | 1.0 | 1M, twice |

These are the paper's. The cosine after 3 % of warm-up, without weight decay, and the layer before the last as
what is read are those of the release's `VL/scripts/finetune.sh`, for the paper gives none; the last layer is
loaded, and since nothing reads it, it stays as it is. With own data the steps are as many as they need: on
less than some hundred thousand captions take fewer rows a step (`accumulate`). N processes want an N-th of
it.

Computed by `llava.cost`, not measured: on one H100 (80 GB) at 40 % of its 989 TFLOP/s, the paper's amount of
data takes 285.2 hours and 21.5 GiB in `align`, 262.0 hours and 23.0 GiB in `sharpen`, 29.7 hours and 45.2 GiB
in `sft`. It was not trained here, and no score is promised: the paper's 37.8 on MMMU is of Yi-VL-6B. What was
run here is every step of it, on tiny folders of the same format (tests/train/test_schedules.py).
"""

from __future__ import annotations

from sightline.train.backbones import CONNECTOR, LANGUAGE, VISION, BackboneRecipe, Stage
from sightline.train.plan import Plan
from sightline.train.recipe import TextData
from sightline.train.recipes import llava


def _plan(
    name: str, *, samples: int, lr: float, accumulate: int, batch: int, clip: float, trains: tuple[str, ...]
) -> Plan:
    steps = -(-samples // batch)
    return Plan(
        name=name,
        steps=steps,
        lr=lr,
        trains=tuple((part, 1.0) for part in trains),
        warmup=round(0.03 * steps),
        decay_from=0.0,
        floor=0.0,
        weight_decay=0.0,
        betas=(0.9, 0.999),
        clip=clip,
        accumulate=accumulate,
        workers=8,
        recompute=True,
    )


_ALIGN = _plan(
    "align",
    samples=100_000_000,
    lr=1e-4,
    accumulate=64,  # of 64 samples
    batch=4096,
    clip=0.5,
    trains=(VISION, CONNECTOR),
)
_SHARPEN = _plan(
    "sharpen",
    samples=24_800_000,
    lr=1e-4,
    accumulate=128,  # of 32 samples
    batch=4096,
    clip=0.5,
    trains=(VISION, CONNECTOR),
)
_SFT = _plan(
    "sft",
    samples=2_000_000,
    lr=2e-5,
    accumulate=32,  # of 8 samples
    batch=256,
    clip=1.0,
    trains=(VISION, CONNECTOR, LANGUAGE),
)

RECIPE = BackboneRecipe(
    name="yi_vl",
    vision="laion/CLIP-ViT-H-14-laion2B-s32B-b79K",
    language="Qwen/Qwen2.5-1.5B-Instruct",
    select_layer=-2,
    connector="mlp_norm",
    stages=(
        Stage(plan=_ALIGN, data=TextData(mixture=(), rows=16, length=2048), side=224),
        Stage(plan=_SHARPEN, data=TextData(mixture=(), rows=8, length=4096), side=448),
    ),
    sft=_SFT,
    sft_data=TextData(mixture=(), rows=2, length=4096),
    dpo=llava.RECIPE.dpo,  # the paper has no such stage
    dpo_data=llava.RECIPE.dpo_data,
)


_VISION = {"vision": 0.63e9, "vision_width": 1280, "vision_layers": 32, "trains_vision": True}
COSTS = {
    "align": {
        **_VISION,
        "samples": 100_000_000,
        "tokens": 300,
        "patches": 256,
        "trains_language": False,
        "images": 64,
        "rows": 11,
        "replies": 0.1,
    },
    "sharpen": {
        **_VISION,
        "samples": 24_800_000,
        "tokens": 1070,
        "patches": 1024,
        "trains_language": False,
        "images": 32,
        "rows": 11,
        "length": 4096,
        "replies": 0.03,
    },
    "sft": {
        **_VISION,
        "samples": 2_000_000,
        "tokens": 1300,
        "patches": 1024,
        "trains_language": True,
        "images": 8,
        "rows": 3,
        "length": 4096,
        "replies": 0.15,
    },
}
"""What `llava.cost` takes of each stage: samples are the paper's; tokens, rows and replies are estimates."""
