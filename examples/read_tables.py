"""Cells and tables that `read_table` reads exactly: 994 pictures of tables from TabMWP (dev1k).

    python examples/read_tables.py [--count N] [--kept runs/ocr] [--worst 0]

The pack `tabmwp_dev1k` gives each picture's table as text. Each of its cells is compared with the cell read
at its row and column, white space aside; what is read beside the table (more rows, more columns) makes the
table wrong. In stem-and-leaf plots the pack writes commas between leaves that the pictures do not show
(`0 6` is `0, 6`): `as printed` leaves these commas out, `as labelled` does not. What the OCR read is kept,
so that a second run takes seconds.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from packs import ROOT, KeptReader, find_pack, markdown, rows_of
from scoring import percent
from sightline import load_image
from sightline.tools.guard import run
from sightline.tools.read_table import TableReader
from sightline.types import Table

Grid = list[list[str]]


@dataclass(frozen=True, kw_only=True)
class Score:
    """One picture: which cells of its table are right, whether it is all of the table and nothing else."""

    right: list[bool]
    whole: bool
    titled: bool
    wrong: str = ""


def labelled(row: dict[str, Any], *, printed: bool) -> Grid:
    """The pack's table; `printed`: without the commas that stand between leaves."""
    grid = [[cell.strip() for cell in line.split("|")] for line in row["table"].split("\n")]
    if printed and grid[0] == ["Stem", "Leaf"]:
        return [[cell.replace(",", "") for cell in line] for line in grid]
    return grid


def bare(text: str) -> str:
    """Without white space."""
    return re.sub(r"\s+", "", text)


def score(said: Table | None, wanted: Grid, title: str) -> Score:
    """How the table that was `said` compares with the one `wanted`."""
    got = said.texts() if said else []
    pairs = [
        (got[r][c] if r < len(got) and c < len(got[r]) else "", cell)
        for r, line in enumerate(wanted)
        for c, cell in enumerate(line)
    ]
    right = [bare(is_) == bare(cell) for is_, cell in pairs]
    size = (len(wanted), max(map(len, wanted))) == (len(got), len(got[0]) if got else 0)
    wrong = ", ".join(f"{cell!r} as {is_!r}" for (is_, cell), ok in zip(pairs, right, strict=True) if not ok)
    titled = bool(said) and bare(said.title) == bare(title)
    return Score(right=right, whole=all(right) and size, titled=titled, wrong=wrong)


def read(tool: TableReader, pack: Path, row: dict[str, Any]) -> tuple[Table | None, float]:
    """The table, None where none was found, and the seconds that it took beside the OCR that was kept."""
    picture = load_image(pack / row["image"])
    began = time.process_time()
    payload = run(tool, picture, {}, timeout_s=300).payload
    return payload if isinstance(payload, Table) else None, time.process_time() - began


def table(scores: dict[str, list[Score]]) -> str:
    """The shares of cells, tables and titles, by how they were compared."""
    lines = []
    for name, of in scores.items():
        cells = [ok for one in of for ok in one.right]
        shares = [percent([one.whole for one in of]), percent([one.titled for one in of])]
        lines.append([name, str(len(of)), str(len(cells)), f"{sum(cells) / max(len(cells), 1):.2%}", *shares])
    return markdown(["compared", "tables", "cells", "cells exact", "tables wholly exact", "titles"], lines)


def main() -> int:
    """Read the tables and print one of them. Returns the exit code: 2 without the pack."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--count", type=int, help="tables to read, evenly spread, all if not given")
    parser.add_argument("--kept", type=Path, default=ROOT / "runs" / "ocr", help="folder of what was read")
    parser.add_argument("--worst", type=int, default=0, help="tables with faults to print")
    args = parser.parse_args()
    pack = find_pack("tabmwp_dev1k")
    if pack is None:
        print("the pack tabmwp_dev1k is neither in $SIGHTLINE_DATA nor in ../shared/data", file=sys.stderr)
        return 2
    tool = TableReader(KeptReader(args.kept))
    scores: dict[str, list[Score]] = {"as printed": [], "as labelled": []}
    faults, seconds = [], 0.0
    for row in track(rows_of(pack, args.count), "tables", console=Console(stderr=True)):
        said, took = read(tool, pack, row)
        seconds += took
        for name, of in scores.items():
            wanted = labelled(row, printed=name == "as printed")
            of.append(score(said, wanted, row["table_title"] or ""))
        if not scores["as printed"][-1].whole:
            faults.append(f"{row['image']}: {scores['as printed'][-1].wrong or 'of another size'}")
    tool.close()
    print(table(scores))
    print(f"\n{seconds / max(len(scores['as printed']), 1) * 1000:.0f} ms of CPU a table beside OCR")
    print("\n".join(faults[: args.worst]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
