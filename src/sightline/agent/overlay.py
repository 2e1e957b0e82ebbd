"""What a tool found, drawn over the image that it looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image
from pydantic import BaseModel

from sightline.agent.render import MARKS, annotate
from sightline.images import ImageStore, Picture, Pixels
from sightline.types import (
    Box,
    ChartData,
    Crop,
    Detections,
    Drawing,
    Fields,
    Frame,
    Mask,
    Masks,
    Payload,
    Table,
    TextLines,
    ToolResult,
    map_box,
)

MOST_LABELS = 40
"""More boxes than this are drawn without names, which would cover the image."""

_TINT = 0.5


def draw_result(
    picture: Picture, result: ToolResult, *, store: ImageStore, longest: int = 1600, shortest: int = 640
) -> Image.Image:
    """The image with the boxes and masks of a result; of a crop or a drawing, that picture itself.

    Args:
        picture: what the tool looked at.
        result: whatever it returned; one without a finding leaves the image bare.
        store: where crops and drawings have their pixels.
        longest: of the picture that comes back, px.
        shortest: its longer side is at least this, px; smaller images are enlarged.
    """
    payload = result.payload
    if isinstance(payload, Crop | Drawing):
        return annotate(store.get(payload.image), [], [], longest=longest, shortest=shortest)
    boxes = [map_box(box, picture.frame) for box in payload.boxes()] if payload else []
    labels = _labels(payload) if payload and len(boxes) <= MOST_LABELS else [""] * len(boxes)
    pixels = picture.pixels
    if isinstance(payload, Masks):
        pixels = _tinted(pixels, payload.items, labels)
    return annotate(pixels, boxes, labels, longest=longest, shortest=shortest)


def _labels(payload: Payload) -> list[str]:
    """What each box of a finding is called on the image."""
    match payload:
        case Detections():
            return [item.name() for item in payload.items]
        case Masks():
            return [mask.label or str(n) for n, mask in enumerate(payload.items, 1)]
        case ChartData():
            return [f"{mark.value:.6g}{payload.unit}" for mark in payload.marks]
        case Fields():
            return [field.name for field in payload.items]
        case TextLines() | Table():  # a tag would cover the text
            return [""] * len(payload.boxes())
        case _:
            boxes = payload.boxes()
            return [str(n) for n in range(1, len(boxes) + 1)] if len(boxes) > 1 else [""] * len(boxes)


def _tinted(pixels: Pixels, masks: Sequence[Mask], labels: Sequence[str]) -> Pixels:
    """The image with each mask in the colour of its label; the masks stand in the image's own frame."""
    tinted = pixels.copy()
    colours = {label: MARKS[n % len(MARKS)] for n, label in enumerate(dict.fromkeys(labels))}
    for mask, label in zip(masks, labels, strict=True):
        where = decode(mask)
        if where.shape == tinted.shape[:2]:
            tint = np.array(colours[label], np.float32) * _TINT
            tinted[where] = (tinted[where] * (1 - _TINT) + tint).astype(np.uint8)
    return tinted


def decode(mask: Mask) -> np.ndarray:
    """bool[H, W] of the frame of the mask's box."""
    from supervision import rle_to_mask  # pycocotools warns with this numpy

    frame = mask.box.frame
    return np.asarray(rle_to_mask(mask.rle, (frame.width, frame.height)), bool)


def plain(value: Any, frame: Frame) -> Any:
    """A finding as JSON for other programs: each box as [x1, y1, x2, y2] in px of `frame`."""
    if isinstance(value, Box):
        box = map_box(value, frame)
        return [round(n, 1) for n in (box.x1, box.y1, box.x2, box.y2)]
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name), frame) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {name: plain(one, frame) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one, frame) for one in value]
    return value
