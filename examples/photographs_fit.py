"""The thresholds and the calibration of the detector of photographs, from gold boxes and questions.

Part of `photographs.py --fit`. Everything is fitted on one half of the photographs and measured on the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from packs import markdown
from sightline.images import load_image
from sightline.tools import coco

KINDS = ("random", "popular", "adversarial")
ASKED = re.compile(r"(?:Is there an?|How many) (.+?)(?: instances)?(?: are)? in the image\?")
SAME_THING = 0.5
"""Intersection over union from which a detection is right."""
GRID = (0.10, 0.125, 0.15, 0.175, 0.20, 0.225, 0.25, 0.30, 0.35, 0.40)
"""Thresholds of the raw score to choose from."""

Questions = Mapping[str, Sequence[Mapping[str, Any]]]
Boxes = Mapping[str, Sequence[Sequence[Any]]]
"""By image: class, and center and size in fractions of the image."""


def thing_of(question: str) -> str:
    """The words for what a question of the pack asks for."""
    asked = ASKED.fullmatch(question)
    if asked is None:
        raise ValueError(f"not a question of this pack: {question}")
    return asked[1]


@dataclass(frozen=True)
class Seen:
    """The rows of `coco` for a photograph, its size in px, and which half of the photographs it is in."""

    rows: NDArray[np.float32]
    size: tuple[int, int]
    half: int

    def scores(self, name: str) -> NDArray[np.float64]:
        """The raw scores of a class, best first."""
        return np.array([row[4] for row in self.rows if coco.NAMES[int(row[5])] == name], float)


@dataclass(frozen=True)
class Case:
    """A raw score, whether what it stands for is true, and the half that it is from."""

    raw: float
    is_true: bool
    half: int


def print_fit(pack: Path, questions: Questions, boxes: Boxes) -> None:
    """Fit what `coco` holds as constants, on the photographs in `pack`."""
    network = coco.Coco()
    seen: dict[str, Seen] = {}
    for number, image in enumerate(track(list(questions), "raw scores", console=Console(stderr=True))):
        picture = load_image(pack / image)
        size = picture.frame.width, picture.frame.height
        seen[image] = Seen(network.rows(picture)[0], size, number % 2)
    network.close()
    right = [case for image, one in seen.items() for case in detections(one, boxes[image])]
    there = [case for image, one in seen.items() for case in classes(one, questions[image])]
    lines = [
        ["a box is right", *calibrated([case for case in right if case.raw >= coco.SHOWN_FROM])],
        ["a class is there", *calibrated(there)],
    ]
    print()
    print(markdown(["", "cases", "offset, slope", "error, raw", "error, fitted on the other half"], lines))
    print()
    head = ["raw score from which", "best by each half", "reached on the other half"]
    print(markdown(head, [shown_from(seen, questions), counted_from(seen, questions)]))


def detections(seen: Seen, boxes: Sequence[Sequence[Any]]) -> list[Case]:
    """Whether each detection is right: a gold box is found once, by the best detection of its class."""
    left = list(boxes)
    cases = []
    for row in seen.rows:
        same = [box for box in left if box[0] == coco.NAMES[int(row[5])]]
        best = max(same, key=lambda box: overlap(row[:4], box[1:], seen.size), default=None)
        is_right = best is not None and overlap(row[:4], best[1:], seen.size) >= SAME_THING
        if is_right:
            left.remove(best)
        cases.append(Case(float(row[4]), is_right, seen.half))
    return cases


def overlap(found: NDArray[np.float32], gold: Sequence[float], size: tuple[int, int]) -> float:
    """Intersection over union of XYXY in px with a gold box in fractions of the size."""
    x, y, width, height = np.array(gold) * (*size, *size)
    corners = np.array([x - width / 2, y - height / 2, x + width / 2, y + height / 2])
    low, high = np.maximum(found[:2], corners[:2]), np.minimum(found[2:4], corners[2:])
    shared = float((high - low).clip(0).prod())
    return shared / (float((found[2:4] - found[:2]).prod()) + width * height - shared)


def classes(seen: Seen, questions: Sequence[Mapping[str, Any]]) -> list[Case]:
    """Whether each class that is asked for is there, by its best score."""
    asked = [row for row in questions if row["type"] != "count"]
    scores = [seen.scores(thing_of(row["question"])) for row in asked]
    return [
        Case(float(of.max(initial=0)), row["answer"] == "yes", seen.half)
        for row, of in zip(asked, scores, strict=True)
    ]


def calibrated(cases: Sequence[Case]) -> list[str]:
    """The line of a calibration: cases, offset and slope over all, errors before and after."""
    raw, true, half = (
        np.array([getattr(case, name) for case in cases]) for name in ("raw", "is_true", "half")
    )
    told = np.zeros(len(cases))
    for n in (0, 1):
        told[half == n] = logistic(raw[half == n], *fitted(raw[half != n], true[half != n]))
    offset, slope = fitted(raw, true)
    errors = [f"{calibration_error(said, true):.3f}" for said in (raw, told)]
    return [str(len(cases)), f"{offset:.3f}, {slope:.3f}", *errors]


def logit(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of scores, with those at the ends moved in as `coco` moves them."""
    kept = raw.clip(coco.LEAST, 1 - coco.LEAST)
    return np.log(kept / (1 - kept))


def logistic(raw: NDArray[np.float64], offset: float, slope: float) -> NDArray[np.float64]:
    """The probability that a raw score stands for."""
    return 1 / (1 + np.exp(-(offset + slope * logit(raw))))


def fitted(raw: NDArray[np.float64], true: NDArray[np.bool_]) -> tuple[float, float]:
    """Offset and slope of highest likelihood, by Newton's method (Platt 1999)."""
    inputs = np.stack([np.ones(len(raw)), logit(raw)], axis=1)
    weights = np.zeros(2)
    for _ in range(50):
        said = 1 / (1 + np.exp(-inputs @ weights))
        curvature = inputs.T @ (inputs * (said * (1 - said))[:, None])
        weights += np.linalg.solve(curvature + 1e-6 * np.eye(2), inputs.T @ (true - said))
    return float(weights[0]), float(weights[1])


def calibration_error(said: NDArray[np.float64], true: NDArray[np.bool_], *, bins: int = 10) -> float:
    """Expected calibration error: how far what is said is from what is true, by bins of equal width."""
    number = (said * bins).astype(int).clip(0, bins - 1)
    parts = [number == n for n in range(bins) if (number == n).any()]
    return float(sum(part.mean() * abs(said[part].mean() - true[part].mean()) for part in parts))


def shown_from(seen: Mapping[str, Seen], questions: Questions) -> list[str]:
    """The threshold of existence: F1, the mean of the kinds of question."""

    def score(half: int, threshold: float) -> float:
        scores = []
        for kind in KINDS:
            asked = {i: [q for q in questions[i] if q["type"] == f"pope_{kind}"] for i in seen}
            cases = [case for i, one in seen.items() if one.half == half for case in classes(one, asked[i])]
            said = np.array([case.raw >= threshold for case in cases])
            true = np.array([case.is_true for case in cases])
            scores.append(2 * (said & true).sum() / max(said.sum() + true.sum(), 1))
        return float(np.mean(scores))

    return ["a thing may be there", *chosen(score)]


def counted_from(seen: Mapping[str, Seen], questions: Questions) -> list[str]:
    """The threshold of counting: the share of exact counts."""

    def score(half: int, threshold: float) -> float:
        counts = [
            int((one.scores(thing_of(row["question"])) >= threshold).sum()) == int(row["answer"])
            for image, one in seen.items()
            if one.half == half
            for row in questions[image]
            if row["type"] == "count"
        ]
        return float(np.mean(counts))

    return ["a thing counts", *chosen(score)]


def chosen(score: Callable[[int, float], float]) -> list[str]:
    """The best threshold by each half of the photographs, and its score on the other half."""
    best = [max(GRID, key=lambda threshold: score(half, threshold)) for half in (0, 1)]
    reached = [score(1 - half, threshold) for half, threshold in enumerate(best)]
    return [" and ".join(f"{t:g}" for t in best), " and ".join(f"{share:.3f}" for share in reached)]
