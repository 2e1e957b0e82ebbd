"""Shared by the scripts here: what counts as the same answer, intervals, rows that survive a kill."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

# A currency may stand before an amount on paper or in a label; it is no part of the amount.
CURRENCY = re.compile(r"^(?:rm|myr|us\$|usd|s\$|sgd|\$|eur|€|gbp|£)\s*(?=[\d.,-])")


def normalise(text: str) -> str:
    """`text` with three things taken away and nothing else: case, white space, a currency before a number."""
    return CURRENCY.sub("", re.sub(r"\s+", "", text.casefold()))


def interval(hits: Sequence[bool], *, draws: int = 2000, seed: int = 0) -> tuple[float, float, float]:
    """The mean of `hits` and its 95 % bootstrap interval (percentiles), 0..1; NaN if there are none."""
    if not hits:
        return float("nan"), float("nan"), float("nan")
    values = np.asarray(hits, float)
    picks = np.random.default_rng(seed).integers(0, len(values), (draws, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def percent(hits: Sequence[bool]) -> str:
    """`mean [low, high]` in percent, with the 95 % interval."""
    mean, low, high = interval(hits)
    return f"{mean:.1%} [{low:.1%}, {high:.1%}]"


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The whole rows of a JSONL file; a last line that a kill tore is cut off the file. None: no rows."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        os.truncate(path, len(whole))
    return [json.loads(line) for line in whole.splitlines()]


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Add one row and see it onto the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
