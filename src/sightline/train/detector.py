"""Train the embedded detector: YOLO11n from scratch on scenes that are drawn as they are needed.

    sightline train detector runs/detector.json

On one CPU core shared with other work, 2,500 steps of 16 images took 24 minutes: mAP50 0.995 and mAP50-95
0.99, on new scenes and on held-out ones alike.

Every image is new: a scene of the training split, drawn at a random side, sometimes moved and zoomed,
blurred or compressed; a few show no shape at all (lines, words, texture), so that paper stays empty.
Model, loss and metrics are ultralytics'. Reference: Jocher and Qiu, Ultralytics YOLO11, 2024.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.tools.yolo import EMBEDDED, load_model, new_model, save_model, ultralytics
from sightline.train.worlds.scenes import SHAPES, SIDES, Split, draw_scene, make_scene, thing_box

Image = NDArray[np.uint8]
Boxes = NDArray[np.float32]
Report = Callable[[dict[str, Any]], None]
_GREY = 114  # the padding of ultralytics' letterbox


@dataclass(frozen=True, kw_only=True)
class DetectorConfig:
    """How the detector is trained. One step sees `batch` new images of `imgsz` px."""

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
    """Share of images without any shape."""
    seed: int = 0
    save_every: int = 100
    """Steps between two saved states."""
    bf16: bool = False
    """Whether the network runs in bfloat16 (the loss stays in float32)."""


def scene_sample(rng: np.random.Generator, imgsz: int, *, split: Split = "train") -> tuple[Image, Boxes]:
    """A scene as the detector sees it.

    Returns:
        uint8[imgsz, imgsz, 3] RGB and float32[N, 5] rows of class, x1, y1, x2, y2 in px of that image.
    """
    scene = make_scene(rng, split=split)
    side = int(rng.choice(SIDES))
    image = draw_scene(scene, side)
    boxes = np.array([[SHAPES.index(t.shape), *thing_box(t, side)] for t in scene.things], np.float32)
    if rng.random() < 0.35:
        image, boxes = _zoom(rng, image, boxes)
    image = _degrade(rng, image)
    boxes[:, 1:] *= imgsz / image.shape[0]
    return cv2.resize(image, (imgsz, imgsz), interpolation=cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    ), boxes


def _zoom(rng: np.random.Generator, image: Image, boxes: Boxes) -> tuple[Image, Boxes]:
    """Scale by 0.55 to 2 around a random place; boxes are clipped, and hardly visible ones are dropped."""
    side = image.shape[0]
    scale = float(np.exp(rng.uniform(np.log(0.55), np.log(2.0))))
    shift = rng.uniform(0, 1, 2) * side * (1 - scale)
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    border = (_GREY,) * 3 if rng.random() < 0.6 else tuple(int(v) for v in image[0, 0])
    moved = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=border)
    corners = boxes[:, 1:] * scale + np.tile(shift, 2).astype(np.float32)
    clipped = corners.clip(0, side)
    seen = _area(clipped) / _area(corners)
    kept = np.concatenate([boxes[:, :1], clipped], 1)[seen > 0.35]
    return moved.astype(np.uint8, copy=False), kept.astype(np.float32)


def _area(corners: Boxes) -> NDArray[np.float32]:
    return (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])


def _degrade(rng: np.random.Generator, image: Image) -> Image:
    """Sometimes blurred or compressed as JPEG."""
    kind = rng.random()
    if kind < 0.15:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2) * image.shape[0] / 256).astype(np.uint8)
    elif kind < 0.45:
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 95))])
        assert done
        image = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return image


def blank_sample(rng: np.random.Generator, imgsz: int) -> tuple[Image, Boxes]:
    """An image without any shape: words, rules or texture on a light or a grey ground."""
    image = np.full((imgsz, imgsz, 3), rng.integers(190, 256, 3), np.uint8)
    ink = tuple(int(v) for v in rng.integers(0, 140, 3))
    kind = rng.random()
    if kind < 0.6:
        letters = np.array(list("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0123456789 .,:-%"))
        size = float(rng.uniform(0.25, 1.2))
        for y in range(int(24 * size) + 4, imgsz, int(32 * size) + 3):
            words = "".join(rng.choice(letters, int(rng.integers(0, 30))))
            cv2.putText(
                image,
                words,
                (int(rng.integers(2, 60)), y),
                cv2.FONT_HERSHEY_SIMPLEX,
                size,
                ink,
                1,
                cv2.LINE_AA,
            )
    elif kind < 0.85:
        for _ in range(int(rng.integers(1, 8))):
            a, b = rng.integers(0, imgsz, (2, 2)).tolist()
            cv2.line(image, a, b, ink, int(rng.integers(1, 4)), cv2.LINE_AA)
    else:
        coarse = rng.integers(0, 256, (int(rng.integers(2, 12)), int(rng.integers(2, 12)), 3), np.uint8)
        image = cv2.resize(coarse, (imgsz, imgsz), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    return image, np.zeros((0, 5), np.float32)


def make_batch(rng: np.random.Generator, config: DetectorConfig) -> dict[str, Any]:
    """A batch as ultralytics' loss takes it.

    Returns:
        `img` float32[B, 3, S, S] RGB in 0..1; `cls` float32[N, 1]; `bboxes` float32[N, 4], the centre's x
        and y, width and height in fractions of the side; `batch_idx` float32[N], the image of each box.
    """
    import torch

    samples = [
        blank_sample(rng, config.imgsz) if rng.random() < config.blank else scene_sample(rng, config.imgsz)
        for _ in range(config.batch)
    ]
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
    """Train from scratch (or go on from `state`, if that file exists) and write weights and manifest.

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
    model, seconds = fit(config, state, report)
    record = {"config": asdict(config), "seconds": round(seconds)}
    save_model(model, out, imgsz=config.imgsz, record=record)
    shipped, _ = load_model(out)
    splits: tuple[tuple[str, Split], ...] = (("fresh", "train"), ("heldout", "heldout"))
    scores = {
        name: evaluate(shipped, split=split, scenes=scenes, imgsz=config.imgsz) for name, split in splits
    }
    return save_model(model, out, imgsz=config.imgsz, record={**record, "scores": scores})


def fit(config: DetectorConfig, state: Path | None, report: Report | None = None) -> tuple[Any, float]:
    """Train, or go on from `state`; the averaged model, and the seconds that its training took in all."""
    import torch

    torch.manual_seed(config.seed)
    model = new_model("yolo11n.yaml", list(SHAPES))
    average = torch.optim.swa_utils.AveragedModel(
        model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.ema), use_buffers=True
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    parts = {"model": model, "average": average, "optimiser": optimiser}
    step, before = _restore(state, parts)
    start = time.monotonic()
    model.train()
    while step < config.steps:
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, config)
        loss = step_once(
            model, optimiser, make_batch(np.random.default_rng((config.seed, step)), config), config
        )
        average.update_parameters(model)
        step += 1
        seconds = before + time.monotonic() - start
        if report and (step % 20 == 0 or step == config.steps):
            report({"step": step, "loss": round(loss, 4), "seconds": round(seconds, 1)})
        if state and (step % config.save_every == 0 or step == config.steps):
            _save(state, parts, step, seconds)
    return average.module.eval(), before + time.monotonic() - start


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


def _save(path: Path, parts: dict[str, Any], step: int, seconds: float) -> None:
    """Write the training's state, so that a kill in the middle leaves the former one."""
    import torch

    whole = {name: part.state_dict() for name, part in parts.items()} | {"step": step, "seconds": seconds}
    torch.save(whole, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def _restore(path: Path | None, parts: dict[str, Any]) -> tuple[int, float]:
    """Load the state at `path`, if there is one; the step to go on with and the seconds spent."""
    import torch

    if path is None or not path.exists():
        return 0, 0.0
    whole = torch.load(path, weights_only=True)
    for name, part in parts.items():
        part.load_state_dict(whole[name])
    return int(whole["step"]), float(whole["seconds"])


def write_dataset(folder: Path, *, split: Split, scenes: int, seed: int) -> Path:
    """A YOLO data set of plain scenes, sides from 128 to 640 px; returns its YAML file."""
    images, labels = folder / "images", folder / "labels"
    images.mkdir(parents=True)
    labels.mkdir()
    for n in range(scenes):
        rng = np.random.default_rng((seed, n))
        scene, side = make_scene(rng, split=split), int(rng.choice(SIDES[1:]))
        cv2.imwrite(str(images / f"{n:05}.png"), cv2.cvtColor(draw_scene(scene, side), cv2.COLOR_RGB2BGR))
        rows = []
        for thing in scene.things:
            x1, y1, x2, y2 = (v / side for v in thing_box(thing, side))
            rows.append(f"{SHAPES.index(thing.shape)} {(x1 + x2) / 2} {(y1 + y2) / 2} {x2 - x1} {y2 - y1}")
        (labels / f"{n:05}.txt").write_text("\n".join(rows) + "\n")
    data = folder / "data.yaml"
    names = {n: name for n, name in enumerate(SHAPES)}
    data.write_text(json.dumps({"path": str(folder), "train": "images", "val": "images", "names": names}))
    return data


def evaluate(model: Any, *, split: Split, scenes: int, imgsz: int, seed: int = 1_000_003) -> dict[str, float]:
    """mAP50 and mAP50-95 on scenes from a seed that training never uses, measured by ultralytics."""
    library = ultralytics()
    with tempfile.TemporaryDirectory(prefix="sightline-detector-") as folder:
        data = write_dataset(Path(folder) / "set", split=split, scenes=scenes, seed=seed)
        yolo = library.YOLO("yolo11n.yaml", task="detect")
        yolo.model = deepcopy(model)  # validation fuses the layers in place
        found = yolo.val(
            data=str(data),
            imgsz=imgsz,
            batch=16,
            device="cpu",
            plots=False,
            verbose=False,
            project=folder,
            workers=0,
        )
    return {
        "scenes": scenes,
        "map50": round(float(found.box.map50), 4),
        "map50_95": round(float(found.box.map), 4),
    }
