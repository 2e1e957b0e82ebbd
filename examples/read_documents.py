"""How often what a receipt says is there as a field of `read_document`: 120 scanned receipts.

    python examples/read_documents.py [--data FOLDER] [--cache runs/ocr] [--missed 0]

The pack `sroie_receipts` (ICDAR 2019 SROIE; evaluation alone) labels each receipt's date, total, company and
address. `among the fields`: some field, by whatever name, is that value; `by its own name`: the field called
`date`, `total`, `company` or `address` is it. A date is right as the same day or the same text, a total as
the same number, a company and an address as the same letters and digits, case, spaces and punctuation aside;
no letter that the reader mistook is forgiven. The control asks the same fields for another receipt's answers:
how much of the share is luck.

No label says what was bought. The second table counts the receipts where line items were read, and those
where they add up to a sum that is printed, alone or with the tax: sums do not come right by chance.

The pack is looked for in FOLDER, in $SIGHTLINE_DATA and in ../shared/data. What the OCR read is kept in
`--cache`, so that a second run takes seconds.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from packs import ROOT, KeptReader, find_pack, markdown, rows_of
from scoring import percent
from sightline import load_image
from sightline.tools.document_items import adds_up
from sightline.tools.document_values import days_in, money_in
from sightline.tools.guard import run
from sightline.tools.read_document import DocumentReader
from sightline.types import DocumentField, Fields

KINDS = ("date", "total", "company", "address")
CENT = 0.005
NEXT = 7
"""How far on the receipt stands whose answers are the control: neighbours are often of one shop."""


def receipts(pack: Path) -> list[dict[str, Any]]:
    """Each receipt with its image, and its answers where they are labelled."""
    kept: dict[str, dict[str, Any]] = {}
    for row in rows_of(pack):
        kept.setdefault(row["image"], {"image": row["image"]})[row["id"].rpartition("-")[2]] = row["answer"]
    return list(kept.values())


def is_it(kind: str, gold: str, field: DocumentField) -> bool:
    """Whether a field's text or value is the answer."""
    if kind == "total":
        wanted = money_in(gold)
        value = wanted[-1].value if wanted else float(re.sub(r"[^\d.-]", "", gold))
        return isinstance(field.value, float) and abs(field.value - value) < CENT
    same = _letters(field.text) == _letters(gold)
    return same or (kind == "date" and field.value in _days(gold))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _days(gold: str) -> list[str]:
    """The day as YYYY-MM-DD; where it may be two days, the one that the pack's country writes: day first."""
    found = []
    for day in days_in(gold, compact=True):
        if day.value:
            found.append(day.value.isoformat())
            continue
        first, second, year = (int(number) for number in re.findall(r"\d+", day.text))
        found.append(date(year + (2000 if year < 100 else 0), second, first).isoformat())
    return found


def shares(read: Sequence[Fields], gold: Sequence[dict[str, str]]) -> tuple[list[list[str]], list[str]]:
    """The rows of the table, and what was not found under its own name."""
    lines, missed = [], []
    for kind in KINDS:
        pairs = [(fields, row) for fields, row in zip(read, gold, strict=True) if row.get(kind)]
        there = [any(is_it(kind, row[kind], field) for field in fields.items) for fields, row in pairs]
        own = [_named(kind, row[kind], fields) for fields, row in pairs]
        others = [row[kind] for _, row in pairs]
        luck = [
            any(is_it(kind, others[(n + NEXT) % len(others)], field) for field in fields.items)
            for n, (fields, _) in enumerate(pairs)
        ]
        lines.append([kind, str(len(pairs)), percent(there), percent(own), percent(luck)])
        missed += [
            f"{row['image']}: {kind} {row[kind]!r}, read {[f.text for f in fields.items if f.name == kind]}"
            for (fields, row), right in zip(pairs, own, strict=True)
            if not right
        ]
    return lines, missed


def _named(kind: str, gold: str, fields: Fields) -> bool:
    return any(is_it(kind, gold, field) for field in fields.items if field.name == kind)


def sums_up(fields: Fields) -> bool:
    """Whether the line items add up to a printed total or subtotal, alone or with the tax."""
    sums = [f.value for f in fields.items if "total" in f.name.casefold() and isinstance(f.value, float)]
    taxes = [f.value for f in fields.items if f.name == "tax" and isinstance(f.value, float)]
    return any(adds_up(fields.lines, value, taxes) for value in sums)


def main() -> int:
    """Read the receipts and print two tables. Returns the exit code: 2 without the pack."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of packs")
    parser.add_argument("--cache", type=Path, default=ROOT / "runs" / "ocr", help="folder of what was read")
    parser.add_argument("--missed", type=int, default=0, help="answers that were not found to print")
    args = parser.parse_args()
    here = args.data / "sroie_receipts" if args.data else None
    pack = here if here and (here / "data.jsonl").is_file() else find_pack("sroie_receipts")
    if pack is None:
        print("the pack sroie_receipts is neither in --data nor in $SIGHTLINE_DATA", file=sys.stderr)
        return 2
    tool, gold = DocumentReader(KeptReader(args.cache)), receipts(pack)
    read, began = [], time.process_time()
    for row in track(gold, "receipts", console=Console(stderr=True)):
        payload = run(tool, load_image(pack / row["image"]), {}, timeout_s=600).payload
        read.append(payload if isinstance(payload, Fields) else Fields())
    seconds = time.process_time() - began
    tool.close()
    lines, missed = shares(read, gold)
    heads = ["field", "receipts", "among the fields", "by its own name", "control: another receipt's"]
    print(markdown(heads, lines))
    items, right = [bool(fields.lines) for fields in read], [sums_up(fields) for fields in read]
    print(
        "\n"
        + markdown(
            ["receipts", "with line items", "whose sum is right"],
            [[str(len(read)), percent(items), percent(right)]],
        )
    )
    print(f"\n{seconds / max(len(read), 1) * 1000:.0f} ms of CPU a receipt beside OCR")
    print("\n".join(missed[: args.missed]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
