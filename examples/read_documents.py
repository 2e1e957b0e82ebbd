"""How often `read_document` finds the date and the total of a receipt: 120 scanned receipts.

    python examples/read_documents.py [--count N] [--kept runs/ocr] [--worst 0]

The pack `sroie_receipts` (ICDAR 2019 SROIE; evaluation alone) labels each receipt's date as it is printed
and its total. A date is found where a field's text holds it, a total where a field's value is that number;
`named total` wants the field that is called so. No rule was written for these receipts. What the OCR read
is kept, so that a second run takes seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from packs import ROOT, KeptReader, find_pack, markdown, rows_of
from scoring import normalise, percent
from sightline import load_image
from sightline.tools.document_values import money_in
from sightline.tools.guard import run
from sightline.tools.read_document import DocumentReader
from sightline.types import DocumentField, Fields

CENT = 0.005


def holds_date(items: Sequence[DocumentField], label: str) -> bool:
    """Whether a field's text holds the date as it is labelled, case and white space aside."""
    return any(normalise(label) in normalise(item.text) for item in items)


def holds_total(items: Sequence[DocumentField], label: str, *, named: bool = False) -> bool:
    """Whether a field's value is the total; `named`: of a field that is called so."""
    found = money_in(label)
    kept = [item for item in items if not named or item.name.casefold() == "total"]
    values = [item.value for item in kept if isinstance(item.value, float)]
    return bool(found) and any(abs(value - found[0].value) < CENT for value in values)


def receipts(pack: Path, count: int | None) -> list[dict[str, Any]]:
    """The first `count` receipts: each with its image, and its date and total where they are labelled."""
    kept: dict[str, dict[str, Any]] = {}
    for row in rows_of(pack):
        kept.setdefault(row["image"], {"image": row["image"]})[row["id"].rpartition("-")[2]] = row["answer"]
    return list(kept.values())[:count]


def main() -> int:
    """Read the receipts and print a table. Returns the exit code: 2 without the pack."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--count", type=int, help="receipts to read, all if not given")
    parser.add_argument("--kept", type=Path, default=ROOT / "runs" / "ocr", help="folder of what was read")
    parser.add_argument("--worst", type=int, default=0, help="fields that were not found to print")
    args = parser.parse_args()
    pack = find_pack("sroie_receipts")
    if pack is None:
        print("the pack sroie_receipts is neither in $SIGHTLINE_DATA nor in ../shared/data", file=sys.stderr)
        return 2
    tool = DocumentReader(KeptReader(args.kept))
    hits: dict[str, list[bool]] = {"date": [], "total": [], "named total": []}
    faults, seconds, asked = [], 0.0, receipts(pack, args.count)
    for row in track(asked, "receipts", console=Console(stderr=True)):
        picture, began = load_image(pack / row["image"]), time.process_time()
        payload = run(tool, picture, {}, timeout_s=300).payload
        seconds += time.process_time() - began
        items = payload.items if isinstance(payload, Fields) else ()
        if date := row.get("date"):
            hits["date"].append(holds_date(items, date))
        if total := row.get("total"):
            hits["total"].append(holds_total(items, total))
            hits["named total"].append(holds_total(items, total, named=True))
        faults += [f"{row['image']}: {k} {row[k]}" for k in ("date", "total") if hits[k] and not hits[k][-1]]
    tool.close()
    lines = [[name, str(len(of)), percent(of)] for name, of in hits.items()]
    print(markdown(["field", "receipts", "among the fields"], lines))
    print(f"\n{seconds / max(len(asked), 1) * 1000:.0f} ms of CPU a receipt beside OCR")
    print("\n".join(faults[: args.worst]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
