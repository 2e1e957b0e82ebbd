"""Train a detector: YOLO11n on scenes that are drawn as they are needed, or on a user's folder.

    sightline train detector runs/detector.json
    sightline train detector runs/cells.json --data FOLDER

The embedded one, from scratch: 2,500 steps of 16 images, 24 minutes on one CPU core shared with other work.
Its manifest holds its mAP on new scenes and on held-out ones. A folder (see `detection_data`) is trained on
from the embedded weights, or from others, and scored on its validation images.

Model and loss are ultralytics'; scores are pycocotools'. Reference: Jocher and Qiu, Ultralytics YOLO11, 2024.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sightline.errors import InputError
from sightline.tools.yolo import EMBEDDED, load_model, load_predictor, new_model, save_model
from sightline.train.detection_scenes import Boxes, Image, Sampler, blank_sample, plain_scene, scene_sample
from sightline.train.evaluation.boxes import coco_map
from sightline.train.worlds.scenes import SHAPES, SIDES, Split

if TYPE_CHECKING:
    from sightline.train.detection_data import Augment, DetectionSet

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """How a detector is trained. One step sees `batch` new images of `imgsz` px."""

    steps: int = 2500
    batch: int = 16
    imgsz: int = 256
    lr: float = 2e-3
    """Peak learning rate of AdamW."""
    warmup: int = 100
    """Steps of linear warm-up; a cosine to 1 % of the peak follows."""
    weight_decay: float = 5e-4
    ema: float = 0.998
    """Decay of the weights' moving average, which is what ships."""
    blank: float = 0.05
    """Share of scenes without any shape."""
    seed: int = 0
    save_every: int = 100
    """Steps between two saved states."""
    bf16: bool = False
    """Whether the network runs in bfloat16 (the loss stays in float32)."""


def scene_sampler(config: DetectorConfig) -> Sampler:
    """Draws scenes of the training split, and some blank images."""

    def sample(rng: np.random.Generator) -> tuple[Image, Boxes]:
        blank = rng.random() < config.blank
        return blank_sample(rng, config.imgsz) if blank else scene_sample(rng, config.imgsz)

    return sample


def make_batch(rng: np.random.Generator, draw: Sampler, config: DetectorConfig) -> dict[str, Any]:
    """A batch as ultralytics' loss takes it.

    Returns:
        `img` float32[B, 3, S, S] RGB in 0..1; `cls` float32[N, 1]; `bboxes` float32[N, 4], the centre's x
        and y, width and height in fractions of the side; `batch_idx` float32[N], the image of each box.
    """
    import torch

    samples = [draw(rng) for _ in range(config.batch)]
    images = np.stack([image for image, _ in samples]).transpose(0, 3, 1, 2)
    rows = np.concatenate([boxes for _, boxes in samples])
    low, high = rows[:, 1:3] / config.imgsz, rows[:, 3:5] / config.imgsz
    owner = np.repeat(np.arange(len(samples)), [len(boxes) for _, boxes in samples])
    return {
        "img": torch.from_numpy(np.ascontiguousarray(images)).float() / 255,
        "cls": torch.from_numpy(rows[:, :1].copy()),
        "bboxes": torch.from_numpy(np.concatenate([(low + high) / 2, high - low], 1)),
        "batch_idx": torch.from_numpy(owner.astype(np.float32)),
    }


def learning_rate(step: int, config: DetectorConfig) -> float:
    """Linear warm-up to `lr`, then a cosine to 1 % of it at the last step."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    done = (step - config.warmup) / max(config.steps - config.warmup, 1)
    return config.lr * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))


def train_detector(
    out: Path = EMBEDDED,
    *,
    config: DetectorConfig | None = None,
    state: Path | None = None,
    scenes: int = 300,
    report: Report | None = None,
) -> dict[str, Any]:
    """Train on scenes from scratch (or go on from `state`, if that file exists); write weights and manifest.

    Args:
        out: the manifest to write; the weights go beside it.
        config: sizes and rates.
        state: where the training saves itself; the same call goes on from there.
        scenes: how many scenes of each split the result is measured on.
        report: called every 20 steps with the step, the loss and the seconds since the start.

    Returns:
        The manifest, with mAP for the training split's distribution (`fresh`: scenes never drawn
        before) and for `heldout` (colour and shape pairs and a layout never trained on).
    """
    config = config or DetectorConfig()
    model, seconds = fit(config, scene_sampler(config), SHAPES, state=state, report=report)
    record = {"config": asdict(config), "seconds": round(seconds)}
    save_model(model, out, imgsz=config.imgsz, record=record)
    splits: tuple[tuple[str, Split], ...] = (("fresh", "train"), ("heldout", "heldout"))
    scores = {name: score(out, new_scenes(split, scenes)) for name, split in splits}
    return save_model(model, out, imgsz=config.imgsz, record={**record, "scores": scores})


def train_on_folder(
    folder: Path,
    out: Path,
    *,
    config: DetectorConfig,
    augment: Augment | None = None,
    start: Path | None = EMBEDDED,
    state: Path | None = None,
    report: Report | None = None,
) -> dict[str, Any]:
    """Train on a user's annotated images (see `read_folder`); write weights and manifest.

    Args:
        folder: the images and their annotations.
        out: the manifest to write; the weights go beside it.
        config: sizes and rates.
        augment: how images are varied.
        start: the manifest whose weights are started from, as far as their shapes agree; None: from scratch.
        state: where the training saves itself; the same call goes on from there.
        report: called every 20 steps with the step, the loss and the seconds since the start.

    Returns:
        The manifest, with mAP on the folder's validation images.

    Raises:
        InputError: the folder cannot be trained on, or `state` is of another training.
        WeightsError: `start` cannot be read.
    """
    from sightline.train.detection_data import Augment, folder_sampler, read_folder

    data, augment = read_folder(folder), augment or Augment()
    draw = folder_sampler(data, config.imgsz, augment)
    model, seconds = fit(config, draw, data.names, start=start, state=state, report=report)
    record: dict[str, Any] = {"config": asdict(config), "augment": asdict(augment), "seconds": round(seconds)}
    record["images"] = {"train": len(data.train), "val": len(data.val)}
    save_model(model, out, imgsz=config.imgsz, record=record)
    scores = {"val": score(out, validation_images(data))}
    return save_model(model, out, imgsz=config.imgsz, record={**record, "scores": scores})


def fit(
    config: DetectorConfig,
    draw: Sampler,
    names: Sequence[str],
    *,
    start: Path | None = None,
    state: Path | None = None,
    report: Report | None = None,
) -> tuple[Any, float]:
    """Train, or go on from `state`; the averaged model, and the seconds that its training took in all."""
    import torch

    torch.manual_seed(config.seed)
    model = new_model("yolo11n.yaml", list(names))
    if start:
        take_over(model, start)
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.ema), use_buffers=True
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    parts = {"model": model, "average": average, "optimiser": optimiser}
    about = {"names": list(names), **asdict(config)}
    step, before = _restore(state, parts, about)
    began = time.monotonic()
    model.train()
    while step < config.steps:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, config)
        batch = make_batch(np.random.default_rng((config.seed, step)), draw, config)
        loss = step_once(model, optimiser, batch, config)
        average.update_parameters(model)
        step += 1
        seconds = before + time.monotonic() - began
        if report and (step % 20 == 0 or step == config.steps):
            report({"step": step, "loss": round(loss, 4), "seconds": round(seconds, 1)})
        if state and (step % config.save_every == 0 or step == config.steps):
            _save(state, parts, about, step, seconds)
    return average.module.eval(), before + time.monotonic() - began


def take_over(model: Any, start: Path) -> None:
    """Copy into `model` every tensor of the weights at `start` that it has by the same name and shape."""
    own = model.state_dict()
    given = load_model(start)[0].state_dict()
    agreed = {name: given[name] for name in own if name in given and given[name].shape == own[name].shape}
    model.load_state_dict(own | agreed)


def step_once(model: Any, optimiser: Any, batch: dict[str, Any], config: DetectorConfig) -> float:
    """One optimiser step; returns the loss an image."""
    import torch

    with torch.autocast("cpu", torch.bfloat16) if config.bf16 else nullcontext():
        raw = model(batch["img"])
    predictions = {
        key: [f.float() for f in value] if isinstance(value, list) else value.float()
        for key, value in raw.items()
    }
    loss = model.loss(batch, predictions)[0].sum() / config.batch
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
    optimiser.step()
    return float(loss.detach())


def _save(path: Path, parts: dict[str, Any], about: dict[str, Any], step: int, seconds: float) -> None:
    """Write the training's state, so that a kill in the middle leaves the former one."""
    import torch

    whole = {name: part.state_dict() for name, part in parts.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(whole | {"about": about, "step": step, "seconds": seconds}, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _restore(path: Path | None, parts: dict[str, Any], about: dict[str, Any]) -> tuple[int, float]:
    """Load the state at `path`, if there is one; the step to go on with and the seconds spent."""
    import torch

    if path is None or not path.exists():
        return 0, 0.0
    whole = torch.load(path, weights_only=True)
    if whole.get("about") != about:
        raise InputError(f"{path} is the state of a training with other classes or settings: name another")
    for name, part in parts.items():
        part.load_state_dict(whole[name])
    return int(whole["step"]), float(whole["seconds"])


# Scoring.


def new_scenes(split: Split, scenes: int, *, seed: int = 1_000_003) -> Iterator[tuple[Image, Boxes]]:
    """Plain scenes, sides from 128 to 640 px, from a seed that training never uses."""
    for n in range(scenes):
        yield plain_scene(np.random.default_rng((seed, n)), split=split, sides=SIDES[1:])


def validation_images(data: DetectionSet) -> Iterator[tuple[Image, Boxes]]:
    """The images that a folder keeps for validation."""
    from sightline.train.detection_data import load_annotated

    return (load_annotated(one, data.root, data.names) for one in data.val)


def score(path: Path, shown: Iterable[tuple[Image, Boxes]]) -> dict[str, Any]:
    """COCO's mAP50 and mAP50-95, 0..1, of the weights at `path`, found as the expert finds (pycocotools)."""
    names, predict = load_predictor(path, score_from=0.001)
    truth: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": []}
    found: list[dict[str, Any]] = []
    for image, (pixels, boxes) in enumerate(shown, 1):
        truth["images"].append({"id": image})
        for label, *corners in boxes.tolist():
            about = _coco_row(image, int(label), corners)
            truth["annotations"].append({**about, "id": len(truth["annotations"]) + 1, "iscrowd": 0})
        found += [
            {**_coco_row(image, names.index(label), list(corners)), "score": sure}
            for label, sure, corners in predict(pixels)
        ]
    categories = [{"id": n, "name": name} for n, name in enumerate(names)]
    figures = coco_map({**truth, "categories": categories}, found) if found else {"AP50": 0.0, "AP": 0.0}
    return {
        "images": len(truth["images"]),
        "map50": round(figures["AP50"], 4),
        "map50_95": round(figures["AP"], 4),
    }


def _coco_row(image: int, label: int, corners: list[float]) -> dict[str, Any]:
    x1, y1, x2, y2 = corners
    size = x2 - x1, y2 - y1
    return {"image_id": image, "category_id": label, "bbox": [x1, y1, *size], "area": size[0] * size[1]}
