"""Character error rates of the OCR engines beside each other: scanned receipt lines, and pages drawn here.

    python examples/ocr_engines.py [--lines 400] [--pages 40] [--engine rapidocr ...] [--worst 0]

Lines are those of the pack `sroie_lines` (ICDAR 2019 SROIE; evaluation alone), evenly spread over it. Pages
are receipts, invoices, forms and signs of the document world, half of them in layouts that nothing was
trained on, with the blur, grain and tilt of a scan; their exact words are known. An error rate is the
Levenshtein distance to the exact text over its length, all texts together. White space counts as one space
between words. The pack's texts are in capitals whatever is printed: `no case` makes none of it, `nor space`
also leaves spaces out. PaddleOCR takes part where $SIGHTLINE_PADDLE_PYTHON names an
interpreter that has it, Tesseract where it is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein
from rich.console import Console
from rich.progress import track
from rich.table import Table

from packs import find_pack
from sightline import load_image
from sightline.errors import WeightsError
from sightline.images import Picture
from sightline.tools.guard import run
from sightline.tools.ocr import Engine
from sightline.tools.ocr_paddle import PaddleOcr
from sightline.tools.ocr_rapid import RapidOcr
from sightline.tools.ocr_tesseract import Tesseract
from sightline.tools.read_text import TextReader
from sightline.train.worlds.documents import draw_document, make_document
from sightline.types import TextLines

ENGINES = {"rapidocr": RapidOcr, "paddleocr": PaddleOcr, "tesseract": Tesseract}
Pair = tuple[str, str]
"""What is printed, and what was read."""


def lines(pack: Path, count: int) -> Iterator[tuple[Picture, str]]:
    """`count` lines of the pack, evenly spread, with their text."""
    rows = [json.loads(line) for line in (pack / "data.jsonl").read_text(encoding="utf-8").splitlines()]
    for at in np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(int):
        yield load_image(pack / rows[at]["image"]), rows[at]["answer"]


def pages(count: int, seed: int = 7) -> Iterator[tuple[Picture, str]]:
    """`count` drawn pages with their exact text, row by row."""
    for n in range(count):
        document = make_document(np.random.default_rng((seed, n)), split="heldout" if n % 2 else "train")
        yield load_image(draw_document(document, 800)), "\n".join(document.text_rows()).replace(" | ", " ")


def read(reader: TextReader, picture: Picture) -> str:
    """All rows as the engine reads them. Raises `WeightsError` where it fails."""
    result = run(reader, picture, {}, timeout_s=300)
    if result.status == "empty":
        return ""
    if not isinstance(result.payload, TextLines):
        raise WeightsError(result.message)
    return "\n".join(" ".join(span.text for span in row) for row in result.payload.rows)


def error_rate(pairs: Sequence[Pair], *, case: bool = True, spaces: bool = True) -> float:
    """Edits a character of what is printed, over all pairs, with `case` and `spaces` or without."""

    def plain(text: str) -> str:
        return (" " if spaces else "").join((text if case else text.casefold()).split())

    compared = [(plain(printed), plain(said)) for printed, said in pairs]
    edits = sum(Levenshtein.distance(printed, said) for printed, said in compared)
    return edits / max(sum(len(printed) for printed, _ in compared), 1)


def measure(name: str, reader: TextReader, shown: list[tuple[Picture, str]]) -> tuple[list[Pair], float]:
    """What the engine reads, and the seconds that a picture takes."""
    reader.warm()
    began = time.monotonic()
    console = Console(stderr=True)
    pairs = [(text, read(reader, picture)) for picture, text in track(shown, name, console=console)]
    return pairs, (time.monotonic() - began) / len(shown)


def main() -> int:
    """Read everything and print the table. Returns the exit code: 2 without an engine."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--lines", type=int, default=400, help="lines of the pack to read")
    parser.add_argument("--pages", type=int, default=40, help="pages to draw and read")
    parser.add_argument("--engine", action="append", choices=list(ENGINES), help="all if not given")
    parser.add_argument("--worst", type=int, default=0, help="pairs of each set to print, the worst first")
    args = parser.parse_args()
    pack = find_pack("sroie_lines")
    sets = {"lines": list(lines(pack, args.lines)) if pack and args.lines else []}
    sets["pages"] = list(pages(args.pages))
    table = Table("engine", "set", "read", "errors", "no case", "nor space", "seconds", title="OCR engines")
    for name in args.engine or ENGINES:
        engine: Engine = ENGINES[name]()
        try:
            engine.version()
        except WeightsError as error:
            print(f"{name} is left out: {error}", file=sys.stderr)
            continue
        reader = TextReader(engine)
        for what, shown in sets.items():
            if not shown:
                continue
            pairs, seconds = measure(f"{name}, {what}", reader, shown)
            plain = [error_rate(pairs), error_rate(pairs, case=False)]
            rates = [*plain, error_rate(pairs, case=False, spaces=False)]
            shares = [f"{rate:.2%}" for rate in rates]
            table.add_row(engine.version(), what, str(len(pairs)), *shares, f"{seconds:.2f}")
            for printed, said in sorted(pairs, key=lambda pair: -Levenshtein.distance(*pair))[: args.worst]:
                print(f"printed: {printed!r}\n   read: {said!r}")
        reader.close()
    if not pack:
        print("the pack sroie_lines is neither in $SIGHTLINE_DATA nor in ../shared/data", file=sys.stderr)
    Console().print(table)
    return 0 if table.row_count else 2


if __name__ == "__main__":
    sys.exit(main())
