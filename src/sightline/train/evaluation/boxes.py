"""Boxes: RefCOCO's accuracy at IoU 0.5, and COCO's mean average precision by pycocotools."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

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
