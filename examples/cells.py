"""Counting blood cells in real micrographs by the agent, with a detector that was trained on such a folder.

    sightline train detector runs/cells.json --data FOLDER --any-way-up --side 320 --steps 1800
    python examples/cells.py runs/cells.json [--limit N] [--planner own] [--score-from 0.4]

FOLDER is the pack `bccd` (364 micrographs, boxes around three kinds of cells; MIT), looked for in
$SIGHTLINE_DATA and in ../shared/data beside the repository. The training knows its training images alone;
the questions here ("How many red blood cells (RBC) are in the image?") are about its validation images. The
planner `count` asks `detect` for what the question names and answers how many were found; `own` is our
model. Beside them stand two answers that look at no image: the commonest count of the training images, and
their mean, rounded. The annotators left out many red cells, another part in each micrograph, so that their
counts are not what is seen: expect little there. Predictions go to a JSONL file; a second run does what is
missing for these weights.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from packs import ROOT, find_pack
from scoring import append_row, percent, read_rows
from sightline import Agent
from sightline.agent.builder import default_planner
from sightline.agent.planners import CANNOT_TELL, Plan, Planner, Request
from sightline.tools.detect import Detector
from sightline.types import Detections, ToolCall

KINDS = ("RBC", "WBC", "Platelets")


class CountingPlanner:
    """Calls `detect` once, for what `How many ... are` names, and answers how many were found."""

    weights = ""

    def plan(self, request: Request) -> Plan:
        """A call, then the count; what the detector cannot look for cannot be told."""
        if not request.evidence:
            asked = re.search(r"how many (.+?) are\b", request.question, re.I)
            query = asked[1] if asked else request.question
            return Plan(calls=(ToolCall(name="detect", arguments={"query": query}),))
        found = request.evidence[0]
        if not isinstance(found.result.payload, Detections):
            return Plan(answer=CANNOT_TELL, confidence=0.0)
        return Plan(answer=str(len(found.result.payload.items)), cites=(found.id,))


def questions(pack: Path, split: str) -> list[dict[str, Any]]:
    """The counting questions about the images of a split, with the kind of cell that they ask for."""
    rows = [json.loads(line) for line in (pack / "data.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{**row, "kind": row["id"].rpartition("-")[2]} for row in rows if row["split"] == split]


def predict(agent: Agent, pack: Path, row: dict[str, Any], key: str) -> dict[str, Any]:
    """One question answered, as a row of the predictions file; -1 for an answer that is no number."""
    answer = agent.run(pack / row["image"], row["question"])
    number = int(answer.text) if answer.text.isdecimal() else -1
    kept = {"id": row["id"], "kind": row["kind"], "expected": int(row["answer"]), "said": number, "key": key}
    return kept | {"text": answer.text, "status": answer.status, "seconds": round(answer.usage.seconds, 2)}


def blind(train: Sequence[dict[str, Any]], kind: str, average: Callable[[list[int]], float]) -> int:
    """One count for every image: an average of the training images'."""
    return round(average([int(row["answer"]) for row in train if row["kind"] == kind]))


def figures(said: Sequence[int], expected: Sequence[int]) -> list[str]:
    """How many, the share that is exact, the share within one, and the mean error."""
    errors = [abs(number - right) for number, right in zip(said, expected, strict=True)]
    near = sum(error <= 1 for error in errors) / len(errors)
    exact = percent([error == 0 for error in errors])
    return [str(len(errors)), exact, f"{near:.1%}", f"{statistics.mean(errors):.2f}"]


def table(name: str, rows: list[dict[str, Any]], train: list[dict[str, Any]]) -> Table:
    """Exact counts, those within one, and the mean error, by kind of cell and of all, by who answers."""
    shown = Table("cells", "by", "images", "exact [95 %]", "±1", "error", title="Counts of BCCD")
    kinds = [kind for kind in KINDS if any(row["kind"] == kind for row in rows)]
    expected = [row["expected"] for kind in kinds for row in rows if row["kind"] == kind]
    everyone: dict[str, list[int]] = {}
    for kind in kinds:
        of = [row for row in rows if row["kind"] == kind]
        said = {
            name: [row["said"] for row in of],
            "commonest": [blind(train, kind, statistics.mode)] * len(of),
            "mean": [blind(train, kind, statistics.mean)] * len(of),
        }
        for who, numbers in said.items():
            shown.add_row(kind, who, *figures(numbers, [row["expected"] for row in of]))
            everyone.setdefault(who, []).extend(numbers)
    for who, numbers in everyone.items():
        shown.add_row("all", who, *figures(numbers, expected))
    return shown


def main() -> int:
    """Answer what is missing and print the table. Returns the exit code: 2 without the pack."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("weights", type=Path, help="the manifest that the training wrote")
    parser.add_argument("--limit", type=int, help="questions to ask, all if not given")
    parser.add_argument("--planner", choices=["count", "own"], default="count")
    parser.add_argument("--score-from", type=float, default=0.4, help="detections below it do not count")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "cells.jsonl", help="predictions")
    args = parser.parse_args()
    pack = find_pack("bccd")
    if pack is None:
        print("the pack bccd is neither in $SIGHTLINE_DATA nor in ../shared/data", file=sys.stderr)
        return 2
    detector = Detector(args.weights, score_from=args.score_from)
    planner: Planner = CountingPlanner() if args.planner == "count" else default_planner()
    with Agent(planner, {"detect": detector}) as agent:
        key = f"{args.planner} {planner.weights} {detector.weights} {args.score_from}"
        done = {row["id"]: row for row in read_rows(args.out) if row["key"] == key}
        asked = questions(pack, "val")[: args.limit]
        for row in track(asked, "micrographs", console=Console(stderr=True)):
            if row["id"] not in done:
                done[row["id"]] = predict(agent, pack, row, key)
                append_row(args.out, done[row["id"]])
    Console().print(table("agent", [done[r["id"]] for r in asked], questions(pack, "train")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
