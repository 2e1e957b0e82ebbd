"""A run for the tests to kill: `python -m tests.train.evaluation.drive_eval SUITE FOLDER SECONDS`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from sightline.train.evaluation.runner import run_suite
from sightline.train.evaluation.suites import load_suite

SETTINGS = {"kind": "driver"}


def main(suite: str, folder: str, seconds: str) -> None:
    def answerer(images: Any, question: str, choices: Any, examples: Any) -> tuple[str, dict[str, Any]]:
        time.sleep(float(seconds))
        return question.removeprefix("Say ").removesuffix("."), {"pid": True}

    run_suite(load_suite(suite), answerer, Path(folder), settings=SETTINGS)


if __name__ == "__main__":
    main(*sys.argv[1:])
