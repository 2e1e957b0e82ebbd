"""Boxes: RefCOCO's accuracy at IoU 0.5, COCO's mean average precision by pycocotools, Pascal VOC's AP."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sightline.train.evaluation.scores import Scores, accuracy

Corners = tuple[float, float, float, float]
Unit = Literal["px", "thousandths", "fraction"]
"""What a box is written in: pixels, 0..999 of the image's sides (Qwen-VL), or 0..1 of them."""

IOU_FROM = 0.5
_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_BOX = re.compile(r"\D*?".join(f"({_NUMBER})" for _ in range(4)))
COCO_STATS = (
    "AP",
    "AP50",
    "AP75",
    "APsmall",
    "APmedium",
    "APlarge",
    "AR1",
    "AR10",
    "AR100",
    "ARsmall",
    "ARmedium",
    "ARlarge",
)


def parse(reply: str, size: tuple[int, int], unit: Unit = "px") -> Corners | None:
    """The first box that a reply writes as x1, y1, x2, y2, in px; None where there is none.

    Args:
        reply: such as `[10, 20, 30, 40]`, `(10,20),(30,40)` or `<box>(10,20),(30,40)</box>`.
        size: the image's width and height, px.
        unit: what the numbers mean.
    """
    found = _BOX.search(reply)
    if not found:
        return None
    scale = {"px": 1.0, "thousandths": 1 / 1000, "fraction": 1.0}[unit]
    width, height = (1, 1) if unit == "px" else size
    x1, y1, x2, y2 = (float(v) * scale for v in found.groups())
    if not (x1 < x2 and y1 < y2):
        return None
    return x1 * width, y1 * height, x2 * width, y2 * height


def iou(a: Corners, b: Corners) -> float:
    """Intersection over union of two XYXY boxes, 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def refcoco(boxes: Sequence[Corners | None], golds: Sequence[Corners]) -> Scores:
    """The share of boxes with an IoU of at least 0.5, in percent; None (unparseable) is wrong."""
    credits = [
        float(box is not None and iou(box, gold) >= IOU_FROM) for box, gold in zip(boxes, golds, strict=True)
    ]
    return accuracy(credits, "IoU@0.5")


def coco_map(truth: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The twelve figures of COCO's detection evaluation, 0..1, by pycocotools.

    Args:
        truth: an `instances` file of COCO as a dict.
        found: results as COCO has them: image_id, category_id, bbox (x, y, width, height in px), score.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        gold = COCO()
        gold.dataset = dict(truth)
        gold.createIndex()
        evaluation = COCOeval(gold, gold.loadRes([dict(row) for row in found]), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return dict(zip(COCO_STATS, map(float, evaluation.stats), strict=True))


@dataclass(frozen=True, kw_only=True)
class Found:
    """A detection: the image, the XYXY box in px, and how sure, higher is surer."""

    image: str
    box: Corners
    score: float


def voc_ap(
    truth: Mapping[str, Sequence[Corners]],
    found: Sequence[Found],
    *,
    from_iou: float = IOU_FROM,
    eleven: bool = False,
) -> float:
    """The average precision of one class as Pascal VOC counts it, 0..1; 0 where there are no true boxes.

    Everingham et al. 2010 and its `VOCevaldet.m`: sides are counted in whole px, both ends within. The surest
    detection comes first; each goes to the true box that it overlaps most, and only the first one there is
    right.

    Args:
        truth: XYXY boxes in px by image.
        found: detections of all images.
        from_iou: the least IoU of a right one.
        eleven: the mean of precision at the recalls 0, 0.1, ..., 1 (VOC 2007), not the area below all points.
    """
    total = sum(map(len, truth.values()))
    if not total:
        return 0.0
    right = np.cumsum(_right(truth, found, from_iou))
    recall = right / total
    precision = right / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]  # at this recall or a higher one
    if eleven:
        points = np.searchsorted(recall, np.linspace(0, 1, 11))  # 0.6000000000000001, as published figures
        return float(np.append(best, 0.0)[points].mean())
    return float((np.diff(recall, prepend=0.0) * best).sum())


def _right(truth: Mapping[str, Sequence[Corners]], found: Sequence[Found], from_iou: float) -> list[bool]:
    """Whether each detection is right, the surest first."""
    taken: set[tuple[str, int]] = set()
    rights = []
    for one in sorted(found, key=lambda f: -f.score):
        overlaps = [iou(_whole(one.box), _whole(box)) for box in truth.get(one.image, ())]
        at = int(np.argmax(overlaps)) if overlaps else -1
        right = at >= 0 and overlaps[at] >= from_iou and (one.image, at) not in taken
        taken |= {(one.image, at)} if right else set()
        rights.append(right)
    return rights


def _whole(box: Corners) -> Corners:
    """With the last px within, as VOC counts."""
    return box[0], box[1], box[2] + 1, box[3] + 1
