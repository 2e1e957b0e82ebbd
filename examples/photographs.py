"""What `detect` sees in photographs: is there one, how many, of what color; the tools alone, no planner.

    python examples/photographs.py --data FOLDER [--limit N] [--fit]

FOLDER holds the pack `coco_train125` (photographs of COCO 2017 with their boxes, and questions made of them
by the protocol of POPE, Li et al. 2023), which is for evaluation alone; without `--data` it is looked for in
$SIGHTLINE_DATA and in ../shared/data. The colors are those of 40 objects in `photographs_colors.json`, named
by eye before any tool had seen them. The detector was trained on the training half of COCO: a validation half
in the pack is reported by itself. `--fit` prints the thresholds and the calibration that
`sightline.tools.coco` holds, each fitted on one half of the photographs and measured on the other. Needs some
minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from packs import find_pack, markdown
from photographs_fit import KINDS, print_fit, thing_of
from sightline.images import Picture, load_image
from sightline.tools.attributes import measure
from sightline.tools.detect import Detector
from sightline.tools.guard import run
from sightline.types import Box, Detections

PACK = "coco_train125"
COLORS = Path(__file__).with_name("photographs_colors.json")
SAME_THING = 0.5
"""Intersection over union from which a detection is the thing of a gold box."""


@dataclass
class Figures:
    """What was asked and said, by kind of question; a row is (expected, said)."""

    rows: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def add(self, kind: str, expected: int, said: int) -> None:
        """One more answer."""
        self.rows.setdefault(kind, []).append((expected, said))


def main() -> int:
    """Print the tables. Returns the exit code: 2 without the pack."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, help="the folder that holds the pack")
    parser.add_argument("--limit", type=int, help="photographs to look at, all if not given")
    parser.add_argument("--fit", action="store_true", help="fit thresholds and calibration too")
    args = parser.parse_args()
    pack = args.data / PACK if args.data else find_pack(PACK)
    if pack is None or not (pack / "data.jsonl").is_file():
        print(f"the pack {PACK} is not in --data, $SIGHTLINE_DATA or ../shared/data", file=sys.stderr)
        return 2
    questions = by_image(json_lines(pack / "data.jsonl"), args.limit)
    with_tools(pack, questions)
    if args.fit:
        boxes = {row["image"]: row["boxes_cxcywh_norm"] for row in json_lines(pack / "boxes.jsonl")}
        print_fit(pack, questions, boxes)
    return 0


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSONL file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def by_image(rows: Iterable[dict[str, Any]], limit: int | None) -> dict[str, list[dict[str, Any]]]:
    """The questions about each of the first `limit` images."""
    questions: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        questions.setdefault(row["image"], []).append(row)
    return dict(list(questions.items())[:limit])


def with_tools(pack: Path, questions: dict[str, list[dict[str, Any]]]) -> None:
    """Ask `detect` for each thing, and print what came of it."""
    detector = Detector()
    figures: dict[str, Figures] = {}
    named = json.loads(COLORS.read_text(encoding="utf-8"))
    colors: list[tuple[bool, bool]] = []
    for image, rows in track(list(questions.items()), "photographs", console=Console(stderr=True)):
        picture = load_image(pack / image)
        of = figures.setdefault(rows[0]["split"], Figures())
        began = time.process_time()
        for row in rows:
            found = look_for(detector, picture, thing_of(row["question"]))
            if row["type"] == "count":
                of.add("count", int(row["answer"]), len(found.items))
            else:
                of.add(row["type"].removeprefix("pope_"), row["answer"] == "yes", not found.is_empty)
        of.seconds.append(time.process_time() - began)
        colors += [color_of(detector, picture, one) for one in named if one["image"] == Path(image).stem]
    detector.close()
    for split, of in figures.items():
        print(f"\n{split} half, {len(of.seconds)} photographs\n")
        print(markdown(["is there one", "questions", "F1", "accuracy", "precision", "recall"], existence(of)))
        print()
        print(markdown(["how many", "questions", "exact", "within one"], [counting(of)]))
        print(f"\n{np.mean(of.seconds):.2f} CPU seconds a photograph, all its questions together")
    print()
    print(markdown(["color of", "right"], color_lines(colors)))


def look_for(detector: Detector, picture: Picture, words: str) -> Detections:
    """What the tool finds; nothing where it says that it cannot tell.

    Raises `RuntimeError` where it failed.
    """
    result = run(detector, picture, {"query": words}, timeout_s=60)
    if result.status == "unsupported":
        print(f"{words}: {result.message}", file=sys.stderr)
        return Detections(query=words)
    if not isinstance(result.payload, Detections):
        raise RuntimeError(f"{words}: {result.status}: {result.message}")
    return result.payload


def color_of(detector: Detector, picture: Picture, named: dict[str, Any]) -> tuple[bool, bool]:
    """Whether the color in the gold box is right, and whether that of what was found there is."""
    x1, y1, x2, y2 = named["box"]
    box = Box.clipped(x1, y1, x2, y2, picture.frame)
    in_box = measure(picture.pixels, box)["color"] in named["colors"]
    found = [
        one for one in look_for(detector, picture, named["class"]).items if one.box.iou(box) >= SAME_THING
    ]
    return in_box, any(one.attributes["color"] in named["colors"] for one in found)


def color_lines(colors: Sequence[tuple[bool, bool]]) -> list[list[str]]:
    """The lines of the table of colors."""
    names = ("the thing in a gold box", "the thing that was found and boxed")
    return [
        [f"{name}, {len(colors)}", f"{np.mean([pair[n] for pair in colors]):.1%}"]
        for n, name in enumerate(names)
        if colors
    ]


def existence(figures: Figures) -> list[list[str]]:
    """A line a kind of question: F1, accuracy, precision, recall of `yes`."""
    lines = []
    for kind in KINDS:
        rows = np.array(figures.rows.get(kind, []), bool).reshape(-1, 2)
        right, said, there = rows.all(axis=1).sum(), rows[:, 1].sum(), rows[:, 0].sum()
        shares = (2 * right / (said + there), (rows[:, 0] == rows[:, 1]).mean(), right / said, right / there)
        lines.append([kind, str(len(rows)), *(f"{share:.3f}" for share in shares)])
    return lines


def counting(figures: Figures) -> list[str]:
    """The line of the counts."""
    rows = np.array(figures.rows.get("count", [])).reshape(-1, 2)
    off = np.abs(rows[:, 0] - rows[:, 1])
    return ["", str(len(rows)), f"{(off == 0).mean():.1%}", f"{(off <= 1).mean():.1%}"]


if __name__ == "__main__":
    sys.exit(main())
