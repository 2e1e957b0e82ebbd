"""Runs a batch with a scripted planner over the small tools: `python drive_batch.py FOLDER OUT [SECONDS]`.

SECONDS is what each call takes, so that a test can stop the run while it is under way.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.agent.doubles import Blobs

from sightline.agent import Agent, Plan, ScriptedPlanner
from sightline.agent.batch import run_batch
from sightline.images import Picture
from sightline.types import Detections, ToolCall

QUESTIONS = ["How many red squares are there?"]


class SlowBlobs(Blobs):
    """Takes its time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __call__(self, picture: Picture, query: str) -> Detections:
        """Finds objects and where they are."""
        time.sleep(self._seconds)
        return super().__call__(picture, query)


def main(folder: str, out: str, seconds: str = "0") -> None:
    look = Plan(calls=(ToolCall(name="detect", arguments={"query": "red squares"}),))
    planner = ScriptedPlanner([look, Plan(answer="1", cites=("e1",))])
    summary = run_batch(
        Agent(planner, {"detect": SlowBlobs(float(seconds))}), Path(folder), QUESTIONS, Path(out)
    )
    print(summary.before, summary.written, summary.errors)


if __name__ == "__main__":
    main(*sys.argv[1:])
