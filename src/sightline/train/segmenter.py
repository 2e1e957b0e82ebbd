"""Train the embedded segmenter: a SAM of 2.25M parameters, from scratch, on pictures drawn on the way.

    sightline train segmenter runs/segmenter.json

Every picture is new and its masks are exact: flat scenes, ray-cast solids and collages of overlapping
textured shapes, mirrored, recoloured, blurred or compressed. Most are windows around one thing, because that
is how the tool looks (`tools.masks`): small things in whole pictures take far longer to learn. A picture is
encoded once for several prompts: boxes, moved a little, and points, on things and beside them.

Losses as in the paper on the single mask and on the best of the three, and the squared error of the foreseen
IoU. Only the focal loss made way for a cross entropy whose positives weigh more at first: with the focal
loss, 250 steps from scratch still gave empty masks. A point beside every thing asks for no mask.
Reference: Kirillov et al. 2023, Segment Anything, section 3 and appendix A.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sightline.tools.masks import Soft, full_mask, segment
from sightline.tools.sam import (
    EMBEDDED,
    SamSizes,
    Segmentation,
    decode,
    load_segmentation,
    new_sam,
    save_sam,
)
from sightline.train.checkpoint import checkpoints, load_checkpoint, save_checkpoint
from sightline.train.optim import learning_rate
from sightline.train.plots import plot_log
from sightline.train.segmenter_data import (
    LEAST,
    Example,
    Image,
    World,
    inside,
    make_example,
    scene_world,
    solid_world,
    things_seen,
    tight_box,
    to_pixels,
)
from sightline.train.worlds.dice import pick

if TYPE_CHECKING:
    from torch import Tensor

Report = Callable[[dict[str, Any]], None]

_SMALL = 64.0
"""Cells of a mask: smaller ones weigh as much as this one."""
_SIDES = (192, 256, 320, 448)
"""Sides in px of the pictures that a result is measured on."""


@dataclass(frozen=True, kw_only=True)
class SegmenterConfig:
    """How the segmenter is trained. One step sees `images` new pictures with `prompts` prompts each."""

    steps: int = 2000
    images: int = 8
    prompts: int = 4
    lr: float = 6e-4
    """Peak learning rate of AdamW; a cosine to 1 % of it follows the warm-up."""
    warmup: int = 100
    """Steps of linear warm-up."""
    weight_decay: float = 0.02
    opening: float = 0.5
    """Share of the steps over which views widen, and a mask's few pixels lose their greater weight."""
    seed: int = 0
    bf16: bool = True
    """Whether the network runs in bfloat16 (the losses stay in float32)."""
    save_every: int = 100
    """Steps between two saved states."""
    sizes: SamSizes = field(default_factory=SamSizes)


# The network and its losses.


def as_input(sam: Any, image: Image) -> Tensor:
    """float32[3, S, S]: normalised as `Sam` does, and padded to the right and below."""
    import torch

    pixels = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float()
    padded: Tensor = sam.preprocess(pixels)
    return padded


def segment_loss(
    logits: Tensor, quality: Tensor, masks: Tensor, *, balance: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The loss of a picture's prompts, and the IoU of each of their four masks, float32[N, 4].

    Args:
        logits: float32[N, 4, S / 4, S / 4]; they are enlarged to the masks' size.
        quality: float32[N, 4].
        masks: float32[N, S / 2, S / 2] in 0..1.
        balance: 1 where a mask's inside and its outside weigh the same in the cross entropy, 0 where each
            of their pixels does.
    """
    import torch
    from torch.nn import functional as F

    large = F.interpolate(logits, masks.shape[-2:], mode="bilinear", align_corners=False)
    wanted = masks[:, None].expand_as(large)
    area = masks.sum((1, 2))[:, None, None]
    inside = area.clamp(min=_SMALL)
    outside = (masks[0].numel() - area).clamp(min=_SMALL)
    weights = masks / inside + (1 - masks) / (outside**balance * inside ** (1 - balance))
    entropy = F.binary_cross_entropy_with_logits(large, wanted, reduction="none")
    shown = large.sigmoid()
    dice = 1 - (2 * (shown * wanted).sum((2, 3)) + 1) / (shown.sum((2, 3)) + wanted.sum((2, 3)) + 1)
    each = (entropy * weights[:, None]).sum((2, 3)) / 2 + dice
    with torch.no_grad():
        found, true = large > 0, wanted > 0.5
        union = (found | true).sum((2, 3))
        iou = torch.where(union > 0, (found & true).sum((2, 3)) / union.clamp(min=1), 0.0)
    best = each[:, 1:].min(1).values
    return (each[:, 0] + best).mean() + F.mse_loss(quality, iou), iou


def aim(sam: Any, gain: float = 2.0) -> None:
    """Start attention between prompts and picture with equal maps of queries and keys.

    What lies near in the picture is near in its code of places: so a prompt sees its surroundings from the
    first step on.
    """
    from torch import nn

    decoder = sam.mask_decoder.transformer
    crossing = [
        one
        for layer in decoder.layers
        for one in (layer.cross_attn_token_to_image, layer.cross_attn_image_to_token)
    ]
    for attention in (*crossing, decoder.final_attn_token_to_image):
        nn.init.orthogonal_(attention.q_proj.weight, gain)
        attention.k_proj.load_state_dict(attention.q_proj.state_dict())


def step_once(
    sam: Any, optimiser: Any, examples: list[Example], *, balance: float, bf16: bool, clip: float = 1.0
) -> dict[str, float]:
    """One optimiser step; the loss, and the mean IoU of the single mask of boxes and of points on things."""
    import torch

    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        embeddings = sam.image_encoder(torch.stack([as_input(sam, example.image) for example in examples]))
    losses, of_boxes, of_points = [], [], []
    for example, embedding in zip(examples, embeddings, strict=True):
        boxes, points = torch.from_numpy(example.boxes), torch.from_numpy(example.points)
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits, quality = decode(sam, embedding, boxes, points)
        masks = torch.from_numpy(example.masks)
        loss, iou = segment_loss(logits.float(), quality.float(), masks, balance=balance)
        losses.append(loss)
        of_boxes.append(iou[: len(boxes), 0])
        of_points.append(iou[len(boxes) :, 0][masks[len(boxes) :].amax((1, 2)) > 0])
    total = torch.stack(losses).mean()
    optimiser.zero_grad()
    total.backward()
    torch.nn.utils.clip_grad_norm_(sam.parameters(), clip)
    optimiser.step()
    means = {"boxes": _mean(torch.cat(of_boxes)), "points": _mean(torch.cat(of_points))}
    return {"loss": float(total.detach()), **means}


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else float("nan")


# The run.


def train_segmenter(
    out: Path = EMBEDDED,
    *,
    run: Path,
    config: SegmenterConfig | None = None,
    pictures: int = 200,
    report: Report | None = None,
) -> dict[str, Any]:
    """Train from scratch (or go on from the last checkpoint in `run`) and write weights and manifest.

    Args:
        out: the manifest to write; the weights go beside it.
        run: the folder of checkpoints, log (`log.jsonl`) and curves (`curves.png`).
        config: sizes and rates.
        pictures: how many held-out pictures of each world the result is measured on.
        report: called every 10 steps with the step, the loss, the IoU of boxes and points, and the seconds.

    Returns:
        The manifest, with the mean IoU on held-out scenes and solids of the weights as they are shipped.
    """
    config = config or SegmenterConfig()
    sam, seconds = fit(config, run, report)
    plot_log(run / "log.jsonl")
    record = {"config": asdict(config), "seconds": round(seconds)}
    save_sam(sam, out, record=record)
    shipped = load_segmentation(out)
    worlds = {"scenes": scene_world, "solids": solid_world}
    scores = {name: evaluate(shipped, world, pictures=pictures) for name, world in worlds.items()}
    return save_sam(sam, out, record={**record, "scores": scores})


def fit(config: SegmenterConfig, run: Path, report: Report | None = None) -> tuple[Any, float]:
    """Train, or go on from the last checkpoint in `run`.

    Returns:
        The model in evaluation mode, and the seconds that its training took in all. `run/log.jsonl` gets a
        line every 10 steps with the means since the line before.
    """
    import torch

    torch.manual_seed(config.seed)
    sam = new_sam(config.sizes)
    aim(sam)
    trained = [
        p for name, p in sam.named_parameters() if "mask_downscaling" not in name
    ]  # no masks as prompts
    optimiser = torch.optim.AdamW(trained, lr=config.lr, weight_decay=config.weight_decay, fused=True)
    step, before = _restore(run, sam, optimiser)
    start, rows = time.monotonic(), []
    sam.train()
    while step < config.steps:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(
                step, peak=config.lr, steps=config.steps, warmup=config.warmup, decay_from=0.0, floor=0.01
            )
        rng = np.random.default_rng((config.seed, step))
        progress = min(step / (config.opening * config.steps), 1.0)
        examples = [
            make_example(rng, side=config.sizes.image, prompts=config.prompts, progress=progress)
            for _ in range(config.images)
        ]
        rows.append(step_once(sam, optimiser, examples, balance=1 - progress, bf16=config.bf16))
        step += 1
        seconds = before + time.monotonic() - start
        if step % 10 == 0 or step == config.steps:
            _log(run, {"step": step, **_means(rows), "seconds": round(seconds, 1)}, report)
            rows = []
        if step % config.save_every == 0 or step == config.steps:
            state = {"model": sam.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
            save_checkpoint(run, step, {**state, "seconds": seconds})
    return sam.eval(), before + time.monotonic() - start


def _restore(run: Path, sam: Any, optimiser: Any) -> tuple[int, float]:
    """Load the last checkpoint of `run`, if there is one; the step to go on with and the seconds spent."""
    saved = checkpoints(run)
    if not saved:
        return 0, 0.0
    state = load_checkpoint(saved[-1])
    sam.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    return int(state["step"]), float(state["seconds"])


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each number, where there is one."""
    means = {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}
    return {name: round(value, 4) for name, value in means.items() if math.isfinite(value)}


def _log(run: Path, row: dict[str, Any], report: Report | None) -> None:
    run.mkdir(parents=True, exist_ok=True)
    with (run / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    if report:
        report(row)


def evaluate(model: Segmentation, world: World, *, pictures: int, seed: int = 1_000_003) -> dict[str, float]:
    """The mean IoU, in full resolution, over all things of held-out pictures from a seed never trained on.

    Boxes are exact, and each thing gets one point, anywhere on it.
    """
    of_boxes: list[float] = []
    of_points: list[float] = []
    for number in range(pictures):
        rng = np.random.default_rng((seed, number))
        image, ids = world(rng, pick(rng, _SIDES), "heldout")
        things = [ids == thing for thing in things_seen(ids, least=LEAST)]
        true = [to_pixels(mask) for mask in things]
        corners = [tight_box(mask).tolist() for mask in things]
        of_boxes += _overlaps(
            image, true, segment(model, image, [(a, b, c, d) for a, b, c, d in corners], [])
        )
        of_points += _overlaps(image, true, segment(model, image, [], [inside(rng, mask) for mask in things]))
    return {
        "pictures": pictures,
        "things": len(of_boxes),
        "boxes": round(float(np.mean(of_boxes)), 4),
        "points": round(float(np.mean(of_points)), 4),
    }


def _overlaps(image: Image, true: list[NDArray[np.bool_]], found: list[Soft]) -> list[float]:
    """The IoU of each mask with the true one."""
    ious = []
    for soft, wanted in zip(found, true, strict=True):
        got = full_mask(soft, image.shape[:2]) > 0
        ious.append(float(np.count_nonzero(got & wanted) / np.count_nonzero(got | wanted)))
    return ious
