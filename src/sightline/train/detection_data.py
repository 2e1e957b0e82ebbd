"""A user's folder of annotated images, to train a detector on.

Three forms are read (`read_folder`): COCO's JSON files, VOC's XML files, and `boxes.jsonl`. A training
sample is one image or a mosaic of four (Bochkovskiy et al., YOLOv4, 2020), each mirrored, scaled, moved
and coloured at random.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sightline.errors import InputError
from sightline.train.data.adapt import Annotated, Marked, coco_annotated, voc_annotated
from sightline.train.data.faults import Broken
from sightline.train.data.pictures import open_image
from sightline.train.data.rows import ImageRef
from sightline.train.data.shapes import need
from sightline.train.detection_scenes import GREY, SEEN, Boxes, Image, Sampler, area

_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
_HELD_BACK = 5
"""Where a folder names no split, every fifth image (by name) is kept for validation."""

_KEPT_IN_MEMORY = 400
"""Images; each is held at about the side that is trained on."""


@dataclass(frozen=True, kw_only=True)
class DetectionSet:
    """Annotated images under `root`, the classes in order, and which images are for what."""

    root: Path
    names: tuple[str, ...]
    train: tuple[Annotated, ...]
    val: tuple[Annotated, ...]


@dataclass(frozen=True, kw_only=True)
class Augment:
    """How images are varied. Shares are 0..1."""

    mosaic: float = 0.5
    """Share of samples put together from four images."""
    scale: tuple[float, float] = (0.6, 1.6)
    """Least and greatest size, where 1 fits the image's longer side to the sample's."""
    colour: float = 0.25
    """How far brightness and contrast may go up or down; a third of it for each colour channel."""
    any_way_up: bool = False
    """Whether what is shown may lie any way: micrographs and aerial images, not photos or text."""


# Reading.


def read_folder(folder: Path) -> DetectionSet:
    """The annotated images of a folder.

    - COCO: `*.json` in the folder or in `annotations/`; files with `train` or `val` in their names say
      what is for what.
    - VOC: `*.xml` in the folder or in `Annotations/`, with `ImageSets/Main/train.txt` and `val.txt`.
    - `boxes.jsonl`: rows `{"image", "boxes_xyxy": [[label, x1, y1, x2, y2], ...], "split"}` in px.

    Where no split is named, every fifth image by name is for validation. Images are found by the path that
    the annotation gives, or by their file name anywhere in the folder.

    Raises:
        InputError: nothing of these is there, a file is broken, an image is missing or named twice, or there
            is nothing to train or to validate on.
    """
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}")
    parts = _read_lines(folder) or _read_coco(folder) or _read_voc(folder)
    if not parts:
        raise InputError(f"{folder}: neither COCO's .json, nor VOC's .xml, nor boxes.jsonl is there")
    train, val = parts.get("train", []), parts.get("val", [])
    if rest := sorted(parts.get("", []), key=lambda one: one.image.path):
        held = {n for n in range(len(rest)) if n % _HELD_BACK == _HELD_BACK - 1} if not val else set()
        val = val + [rest[n] for n in sorted(held)]
        train = train + [one for n, one in enumerate(rest) if n not in held]
    if not (train and val):
        raise InputError(f"{folder}: {len(train)} images to train on and {len(val)} to validate on")
    names = sorted({thing.label for one in [*train, *val] for thing in one.objects})
    if not names:
        raise InputError(f"{folder}: not one box in {len(train) + len(val)} images")
    where = _places(folder)
    return DetectionSet(
        root=folder,
        names=tuple(names),
        train=tuple(_found(one, folder, where) for one in train),
        val=tuple(_found(one, folder, where) for one in val),
    )


_Parts = dict[str, list[Annotated]]
"""Annotated images by split: train, val, or empty where none is named."""


def _split_of(name: str) -> str:
    """What a file's name or a row says that it is for."""
    name = name.lower()
    return next((split for split in ("train", "val", "test") if split in name), "")


def _read_coco(folder: Path) -> _Parts:
    parts: _Parts = {}
    for path in sorted([*folder.glob("*.json"), *folder.glob("annotations/*.json")]):
        parts.setdefault(_split_of(path.stem), []).extend(coco_annotated(path)[0])
    return parts


def _read_voc(folder: Path) -> _Parts:
    split: dict[str, str] = {}
    for name in ("train", "val"):
        listed = folder / "ImageSets" / "Main" / f"{name}.txt"
        if listed.is_file():
            split |= {line.split()[0]: name for line in listed.read_text().splitlines() if line.strip()}
    parts: _Parts = {}
    for path in sorted([*folder.glob("*.xml"), *folder.glob("Annotations/*.xml")]):
        if not split or path.stem in split:
            parts.setdefault(split.get(path.stem, ""), []).append(voc_annotated(path))
    return parts


def _read_lines(folder: Path) -> _Parts:
    path = folder / "boxes.jsonl"
    parts: _Parts = {}
    if not path.is_file():
        return parts
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            objects = tuple(
                Marked(label=str(label), box=(float(x1), float(y1), float(x2), float(y2)))
                for label, x1, y1, x2, y2 in need(row, "boxes_xyxy", list)
            )
            image = ImageRef(path=need(row, "image", str))
            split = _split_of(str(row.get("split", "")))
        except (Broken, ValueError, TypeError) as error:
            raise InputError(f"{path}:{number}: no row of boxes: {error}") from error
        parts.setdefault(split, []).append(
            Annotated(id=image.path, image=image, width=0, height=0, objects=objects)
        )
    return parts


def _places(folder: Path) -> dict[str, list[str]]:
    """Paths, from `folder` on, of the images in it by their names."""
    places: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in _IMAGES:
            places.setdefault(path.name, []).append(path.relative_to(folder).as_posix())
    return places


def _found(one: Annotated, folder: Path, where: dict[str, list[str]]) -> Annotated:
    """With the path of its image from `folder` on, and without boxes that have no area."""
    path = one.image.path
    places = where.get(Path(path).name, [])
    if path not in places:
        if len(places) != 1:
            raise InputError(f"{folder}: {path} is there {len(places)} times, not once")
        path = places[0]
    kept = tuple(t for t in one.objects if t.box[0] < t.box[2] and t.box[1] < t.box[3])
    return Annotated(id=one.id, image=ImageRef(path=path), width=one.width, height=one.height, objects=kept)


def load_annotated(one: Annotated, root: Path, names: Sequence[str]) -> tuple[Image, Boxes]:
    """The image, uint8[H, W, 3] RGB, and its boxes.

    Raises `InputError` where the image is not of the size that its annotation names (0: it names none).
    """
    pixels = open_image(one.image, root).pixels
    height, width = pixels.shape[:2]
    if one.width and (one.width, one.height) != (width, height):
        raise InputError(f"{one.image.path} is {width}x{height}, its boxes are for {one.width}x{one.height}")
    rows = [[names.index(thing.label), *thing.box] for thing in one.objects]
    return pixels, np.array(rows, np.float32).reshape(-1, 5)


# Sampling.


def folder_sampler(data: DetectionSet, imgsz: int, augment: Augment) -> Sampler:
    """Draws training samples of imgsz x imgsz px, each image of `data.train` as likely as the others."""

    @lru_cache(_KEPT_IN_MEMORY)
    def load(at: int) -> tuple[Image, Boxes]:
        return _shrunk(*load_annotated(data.train[at], data.root, data.names), imgsz)

    def draw(rng: np.random.Generator) -> tuple[Image, Boxes]:
        return load(int(rng.integers(len(data.train))))

    def sample(rng: np.random.Generator) -> tuple[Image, Boxes]:
        return compose(rng, lambda: draw(rng), imgsz, augment)

    return sample


def _shrunk(image: Image, boxes: Boxes, imgsz: int) -> tuple[Image, Boxes]:
    """At most 1.5 times `imgsz` long: more would be lost in every sample."""
    scale = min(1.5 * imgsz / max(image.shape[:2]), 1.0)
    if scale < 1:
        image = np.asarray(
            cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8
        )
        boxes = boxes * np.array([1, scale, scale, scale, scale], np.float32)
    return image, boxes


def compose(
    rng: np.random.Generator, draw: Callable[[], tuple[Image, Boxes]], imgsz: int, augment: Augment
) -> tuple[Image, Boxes]:
    """One sample of one image, or of four around a random point.

    Returns:
        uint8[imgsz, imgsz, 3] RGB and float32[N, 5].
    """
    canvas = np.full((imgsz, imgsz, 3), GREY, np.uint8)
    windows = [(0, 0, imgsz, imgsz)]
    if rng.random() < augment.mosaic:
        x, y = (int(v) for v in rng.uniform(0.3, 0.7, 2) * imgsz)
        windows = [(0, 0, x, y), (x, 0, imgsz, y), (0, y, x, imgsz), (x, y, imgsz, imgsz)]
    parts = []
    for window in windows:
        image, boxes = _turned(rng, *draw(), any_way_up=augment.any_way_up)
        parts.append(_place(rng, canvas, image, boxes, window, augment))
    return _coloured(rng, canvas, augment.colour), np.concatenate(parts)


def _turned(rng: np.random.Generator, image: Image, boxes: Boxes, *, any_way_up: bool) -> tuple[Image, Boxes]:
    """Mirrored left to right half of the time; any way up also top to bottom and along the diagonal."""
    height, width = image.shape[:2]
    boxes = boxes.copy()
    turned: np.ndarray[Any, Any] = image
    if rng.random() < 0.5:
        turned, boxes[:, [1, 3]] = cv2.flip(turned, 1), width - boxes[:, [3, 1]]
    if any_way_up and rng.random() < 0.5:
        turned, boxes[:, [2, 4]] = cv2.flip(turned, 0), height - boxes[:, [4, 2]]
    if any_way_up and rng.random() < 0.5:
        turned, boxes = cv2.transpose(turned), boxes[:, [0, 2, 1, 4, 3]]
    return turned.astype(np.uint8, copy=False), boxes


def _place(
    rng: np.random.Generator,
    canvas: Image,
    image: Image,
    boxes: Boxes,
    window: tuple[int, int, int, int],
    augment: Augment,
) -> Boxes:
    """Draw `image` into `window` (XYXY px) of `canvas`, scaled and moved at random; its boxes there."""
    x1, y1, x2, y2 = window
    scale = canvas.shape[0] / max(image.shape[:2]) * float(np.exp(rng.uniform(*np.log(augment.scale))))
    room = x2 - x1, y2 - y1
    # What is larger than the window fills it, what is smaller lies within it.
    spare = [room[0] - image.shape[1] * scale, room[1] - image.shape[0] * scale]
    shift = np.array([rng.uniform(min(0.0, one), max(0.0, one)) for one in spare])
    matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    canvas[y1:y2, x1:x2] = cv2.warpAffine(image, matrix, room, borderValue=(GREY,) * 3)
    whole = boxes[:, 1:] * scale + np.tile(shift, 2)
    seen = whole.clip(0, room * 2)
    kept = area(seen) > SEEN * area(whole)
    placed: Boxes = np.concatenate([boxes[:, :1], seen + np.array((x1, y1) * 2)], 1, dtype=np.float32)
    return placed[kept]


def _coloured(rng: np.random.Generator, image: Image, reach: float) -> Image:
    """Brightness, contrast and the balance of the channels, each changed by up to `reach`."""
    contrast = 1 + rng.uniform(-reach, reach)
    gain = (1 + rng.uniform(-reach, reach)) * (1 + rng.uniform(-reach, reach, 3) / 3)
    levels = np.arange(256)[:, None]
    middle = image.mean()
    table = (((levels - middle) * contrast + middle) * gain).clip(0, 255).astype(np.uint8)  # 256, 3
    return cv2.LUT(image, table[None]).astype(np.uint8, copy=False)
