"""Exact match for date and total over 120 scanned receipts (ICDAR 2019 SROIE), by the whole agent.

    python examples/receipts.py [--limit N] [--out runs/receipts.jsonl]

The pack `sroie_receipts` is looked for in $SIGHTLINE_DATA and in ../shared/data beside the repository, as
a folder or as `sroie_receipts.tar.xz`, which is unpacked into data/ (git ignores it). It is for evaluation
alone. An answer counts if it equals the label once case, white space and a currency before the number are
taken away from both; no date format is translated and no digit forgiven. Predictions go to a JSONL file, a
row a question, with the hash of the model's weights; a second run does what is missing for these weights.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from scoring import append_row, normalise, percent, read_rows
from sightline import Agent
from sightline.mllm.weights import EMBEDDED, check_weights

ROOT = Path(__file__).resolve().parent.parent
PACK = "sroie_receipts"
FIELDS = ("date", "total")


def find_pack() -> Path | None:
    """The folder with data.jsonl, unpacked if need be; None where the pack is not on this machine."""
    places = [ROOT.parent / "shared" / "data", ROOT / "data"]
    if os.environ.get("SIGHTLINE_DATA"):
        places.insert(0, Path(os.environ["SIGHTLINE_DATA"]))
    unpacked = next((p / PACK for p in [*places, ROOT / "data"] if (p / PACK / "data.jsonl").is_file()), None)
    archive = next((p / f"{PACK}.tar.xz" for p in places if (p / f"{PACK}.tar.xz").is_file()), None)
    if unpacked or not archive:
        return unpacked
    with tarfile.open(archive) as tar:
        # Older releases of Python 3.11 know no filters.
        tar.extractall(ROOT / "data", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return ROOT / "data" / PACK


def questions(pack: Path, limit: int | None) -> list[dict[str, Any]]:
    """The rows that ask for a date or a total, of the first `limit` receipts (None: of all)."""
    rows = [json.loads(line) for line in (pack / "data.jsonl").read_text(encoding="utf-8").splitlines()]
    images = list(dict.fromkeys(row["image"] for row in rows))[:limit]
    return [row for row in rows if row["image"] in images and row["id"].rpartition("-")[2] in FIELDS]


def predict(agent: Agent, pack: Path, row: dict[str, Any], weights: str) -> dict[str, Any]:
    """One question answered, as a row of the predictions file."""
    answer = agent.run(pack / row["image"], row["question"])
    return {
        "id": row["id"],
        "field": row["id"].rpartition("-")[2],
        "question": row["question"],
        "expected": row["answer"],
        "answer": answer.text,
        "right": normalise(answer.text) == normalise(row["answer"]),
        "status": answer.status,
        "confidence": answer.confidence,
        "cites": answer.cites,
        "seconds": round(answer.usage.seconds, 2),
        "weights": weights,
    }


def table(rows: list[dict[str, Any]]) -> Table:
    """Exact match by field."""
    shown = Table("field", "receipts", "exact match [95 %]", "no answer", "seconds", title="SROIE receipts")
    for field in FIELDS:
        of = [row for row in rows if row["field"] == field]
        if of:
            silent = sum(row["status"] != "answered" for row in of)
            seconds = sum(row["seconds"] for row in of) / len(of)
            hits = percent([row["right"] for row in of])
            shown.add_row(field, str(len(of)), hits, str(silent), f"{seconds:.1f}")
    return shown


def main() -> int:
    """Answer what is missing and print the table. Returns the exit code: 2 without the pack."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--limit", type=int, help="receipts to read, all if not given")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "receipts.jsonl", help="predictions")
    args = parser.parse_args()
    pack = find_pack()
    if pack is None:
        print(f"the pack {PACK} is neither in $SIGHTLINE_DATA nor in ../shared/data", file=sys.stderr)
        return 2
    asked = questions(pack, args.limit)
    weights = check_weights(EMBEDDED)
    done = {row["id"]: row for row in read_rows(args.out) if row["weights"] == weights}
    missing = [row for row in asked if row["id"] not in done]
    with Agent() as agent:
        for row in track(missing, "receipts", console=Console(stderr=True)):
            done[row["id"]] = predict(agent, pack, row, weights)
            append_row(args.out, done[row["id"]])
    Console().print(table([done[row["id"]] for row in asked]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
