"""Train a detector: YOLO11n on shapes that are drawn as they are needed, or on a user's folder.

    sightline train detector runs/detector.json
    sightline train detector runs/detector.json --start OTHER.json
    sightline train detector runs/cells.json --data FOLDER

The first starts from nothing, the second from weights that know ordinary scenes. A fifth of what both see are
scenes as their world draws them; the rest are other grounds, small, many and hidden things, and pictures that
show no shape (see `detection_wide`). The embedded weights are of the second: 1,200 steps of 8 images from
weights of 2,500 steps of 16 ordinary scenes. Their manifest holds the sizes, the seconds and the mAP on new
scenes, on held-out ones, and on black and on dark grounds. A folder (see `detection_data`) is trained on from
the embedded weights, or from others, and scored on its validation images.

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
from sightline.tools.yolo import (
    EMBEDDED,
    load_model,
    load_predictor,
    new_model,
    read_manifest,
    save_model,
)
from sightline.train.detection_scenes import (
    Boxes,
    GroundKind,
    Image,
    Sampler,
    blank_sample,
    plain_scene,
    scene_sample,
)
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
    wide: float = 0.62
    """Share of views on other grounds, of small, many, hidden or nested things (see `detection_wide`)."""
    shapeless: float = 0.13
    """Share of documents, charts, tables, solids and photographs, which show no shape."""
    seed: int = 0
    save_every: int = 100
    """Steps between two saved states."""
    frozen: int = 0
    """The first layers of the network that stay as they are: with 5, all that sees at more than 1/8 of the
    size, which takes a third of the time."""
    bf16: bool = False
    """Whether the network runs in bfloat16 (the loss stays in float32)."""


FURTHER = DetectorConfig(steps=1200, batch=8, lr=8e-4, warmup=40, ema=0.995, save_every=50)
"""From weights that know ordinary scenes already."""


def scene_sampler(config: DetectorConfig) -> Sampler:
    """Draws scenes of the training split and, as often as `config` says, what is none."""
    from sightline.train.detection_wide import shapeless_sample, wide_sample

    upto = np.cumsum([config.blank, config.wide, config.shapeless])
    kinds: tuple[Callable[..., tuple[Image, Boxes]], ...]
    kinds = (blank_sample, wide_sample, shapeless_sample, scene_sample)

    def sample(rng: np.random.Generator) -> tuple[Image, Boxes]:
        return kinds[int(np.searchsorted(upto, rng.random(), side="right"))](rng, config.imgsz)

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
    start: Path | None = None,
    state: Path | None = None,
    scenes: int = 300,
    report: Report | None = None,
) -> dict[str, Any]:
    """Train on drawn shapes (or go on from `state`, if that file exists); write weights and manifest.

    Args:
        out: the manifest to write; the weights go beside it.
        config: sizes and rates.
        start: the manifest whose weights are started from; None: from scratch.
        state: where the training saves itself; the same call goes on from there.
        scenes: how many scenes of each split the result is measured on.
        report: called every 20 steps with the step, the loss and the seconds since the start.

    Returns:
        The manifest, with mAP for the training split's distribution (`fresh`: scenes never drawn
        before) and for `heldout` (color and shape pairs and a layout never trained on), and for held-out
        scenes on `black` and on `dark` grounds.
    """
    config = config or DetectorConfig()
    model, seconds = fit(config, scene_sampler(config), SHAPES, start=start, state=state, report=report)
    record: dict[str, Any] = {"config": asdict(config), "seconds": round(seconds)}
    record |= {"start": _origin(start)} if start else {}
    save_model(model, out, imgsz=config.imgsz, record=record)
    scores: dict[str, Any] = {name: score(out, shown) for name, shown in measured(scenes).items()}
    return save_model(model, out, imgsz=config.imgsz, record={**record, "scores": scores})


def _origin(start: Path) -> dict[str, Any]:
    """How the weights came about that a training started from."""
    given = read_manifest(start)
    return {key: given[key] for key in ("sha256", "config", "seconds", "start") if key in given}


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
    for layer in model.model[: config.frozen]:
        layer.eval().requires_grad_(False)
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


def fast_bf16() -> bool:
    """Whether bfloat16 is the faster here: on a processor not made for it, it takes ten times as long."""
    import torch

    spent: list[float] = []
    for kind in (torch.float32, torch.bfloat16):
        image, kernel = torch.ones(4, 64, 32, 32, dtype=kind), torch.ones(64, 64, 3, 3, dtype=kind)
        torch.conv2d(image, kernel)  # the first is slower
        began = time.perf_counter()
        torch.conv2d(image, kernel)
        spent.append(time.perf_counter() - began)
    return spent[1] < spent[0]


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


def new_scenes(
    split: Split, scenes: int, *, ground: GroundKind = "light", seed: int = 1_000_003
) -> Iterator[tuple[Image, Boxes]]:
    """Plain scenes, sides from 128 to 640 px, from a seed that training never uses."""
    for n in range(scenes):
        yield plain_scene(np.random.default_rng((seed, n)), split=split, sides=SIDES[1:], ground=ground)


def measured(scenes: int) -> dict[str, Iterator[tuple[Image, Boxes]]]:
    """What a detector of scenes is measured on, `scenes` of each kind."""
    return {
        "fresh": new_scenes("train", scenes),
        "heldout": new_scenes("heldout", scenes),
        "black": new_scenes("heldout", scenes, ground="black"),
        "dark": new_scenes("heldout", scenes, ground="dark"),
    }


def validation_images(data: DetectionSet) -> Iterator[tuple[Image, Boxes]]:
    """The images that a folder keeps for validation."""
    from sightline.train.detection_data import load_annotated

    return (load_annotated(one, data.root, data.names) for one in data.val)


def score(path: Path, shown: Iterable[tuple[Image, Boxes]]) -> dict[str, Any]:
    """COCO's mAP50 and mAP50-95, 0..1, of the weights at `path`, found as the tool finds (pycocotools)."""
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
            for label, sure, corners in predict(pixels).rows
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
