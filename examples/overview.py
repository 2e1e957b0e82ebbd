"""Which kind of picture `look` takes a picture for, and what a look costs: 60 pictures of each pack.

    python examples/overview.py --data DATA [--count 60] [--cache runs/overview] [--objects]

DATA holds the packs (see docs/evaluation.md). A pack's pictures are all of one kind: those of COCO and of
blood cells are photos, those of NLVR, SHAPES, easy-VQA and Omniglot drawings, whole receipts documents, and
lines cut out of receipts text. The tables of WikiTableQuestions come as text and are drawn here. None of
these pictures was trained on. Below them stand kinds that no pack has, drawn by the generators that made the
training pictures, with another seed. What `read_text` read is kept in the cache, and a second run is quick.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.progress import track

from packs import ROOT, KeptReader, markdown
from sightline import load_image
from sightline.images import Picture, make_picture
from sightline.tools.detect import Detector
from sightline.tools.guard import run
from sightline.tools.look import Looker
from sightline.tools.looks import colors
from sightline.tools.picture_kind import kinds_of
from sightline.train.kinds.fit import MAKERS
from sightline.train.kinds.grids import draw_rows, look
from sightline.types import TextLines

PACKS = {
    "coco_train125": "photo",
    "bccd": "photo",
    "nlvr1_dev": "drawing",
    "shapes": "drawing",
    "easyvqa": "drawing",
    "omniglot_oneshot": "drawing",
    "chartqa_train1k": "chart",
    "tabmwp_dev1k": "table",
    "wtq_train": "table",
    "sroie_receipts": "document",
    "sroie_lines": "text",
}

DRAWN = ("screenshot", "document", "text", "blank", "chart", "table")
"""Kinds that are drawn here."""

NEVER_TRAINED = 2_000_003
"""The seed of what is drawn here; training draws with 1."""

BAR = 0.97


@dataclass
class Group:
    """Pictures of one kind: how many were taken for what, and CPU seconds by part."""

    kind: str
    told: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Of the pictures that were taken for what they are."""
        return self.told[self.kind] / max(self.told.total(), 1)


def of_pack(pack: Path, count: int) -> Iterator[tuple[str, Picture]]:
    """`count` pictures of a pack, drawn at random, always the same; tables that come as text are drawn."""
    rng = np.random.default_rng(0)
    if (pack / "tables.jsonl").is_file():
        lines = (pack / "tables.jsonl").read_text(encoding="utf-8").splitlines()
        for n in rng.choice(len(lines), min(count, len(lines)), replace=False):
            table = json.loads(lines[n])
            rows = [[cell[:24] for cell in row[:7]] for row in table["rows"][: int(rng.integers(4, 18))]]
            yield table["table"], make_picture(draw_rows(rows, look(rng)))
        return
    rows = [json.loads(line) for line in (pack / "data.jsonl").read_text(encoding="utf-8").splitlines()]
    names = sorted({row["image"] for row in rows})
    for n in rng.choice(len(names), min(count, len(names)), replace=False):
        yield names[n], load_image(pack / names[n])


def drawn(kind: str, count: int) -> Iterator[tuple[str, Picture]]:
    """Pictures of a kind that training never saw."""
    for n in range(count):
        yield f"{kind} {n}", make_picture(MAKERS[kind](np.random.default_rng((NEVER_TRAINED, n))))


class Meter:
    """CPU seconds of this process and all below it, by part."""

    def __init__(self, spent: Counter[str]) -> None:
        self._spent, self._me = spent, psutil.Process()

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """What is spent in here is added to the part."""
        before = self._seconds()
        yield
        self._spent[part] += self._seconds() - before

    def _seconds(self) -> float:
        """Of children as far as the system counts: in hundredths."""
        times = [child.cpu_times() for child in self._me.children(recursive=True)]
        return time.process_time() + sum(one.user + one.system for one in times)


def measure(group: Group, pictures: Iterator[tuple[str, Picture]], reader: KeptReader) -> None:
    """Tell the kind of each picture, part by part as `look` does it."""
    meter = Meter(group.seconds)
    for name, picture in pictures:
        with meter.of("text"):
            result = run(reader, picture, {}, timeout_s=300)
        if not isinstance(result.payload, TextLines):
            raise RuntimeError(f"read_text on {name}: {result.message}")
        with meter.of("kind"):
            kinds = kinds_of(picture.pixels, result.payload)
        with meter.of("colors"):
            colors(picture.pixels)
        told = next(iter(kinds))
        group.told[told] += 1
        if told != group.kind:
            group.wrong.append(f"{name} as {told} ({kinds[told]:.0%})")


def cost_of_objects(looker: Looker, pack: Path, count: int, spent: Counter[str]) -> list[str]:
    """Look at `count` pictures with everything; returns what is said of the first ones."""
    meter, texts = Meter(spent), []
    for _, picture in of_pack(pack, count):
        with meter.of("look"):
            result = run(looker, picture, {}, timeout_s=300)
        texts.append(result.to_text(240))
    return texts


def main() -> int:
    """Measure, print a table; 0 where every pack is told right as often as the bar says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--cache", type=Path, default=ROOT / "runs" / "overview")
    parser.add_argument("--objects", action="store_true", help="also look with everything at 10 photographs")
    options = parser.parse_args()
    console, reader = Console(), KeptReader(options.cache)
    groups: dict[str, Group] = {}
    missing = [name for name in PACKS if not (options.data / name / "data.jsonl").is_file()]
    for name in track([name for name in PACKS if name not in missing], "packs", console=Console(stderr=True)):
        groups[name] = Group(PACKS[name])
        measure(groups[name], of_pack(options.data / name, options.count), reader)
    for kind in DRAWN:
        groups[f"drawn: {kind}"] = Group(kind)
        measure(groups[f"drawn: {kind}"], drawn(kind, options.count), reader)
    console.print(f"{reader.version}; {options.count} pictures each", soft_wrap=True)
    head = ("pictures", "are", "told right", "else told", "text s", "kind s", "colors s")
    print(markdown(head, [_line(name, group) for name, group in groups.items()]))
    for name, group in groups.items():
        for wrong in group.wrong:
            print(f"  {name}: {wrong}")
    if options.objects and "coco_train125" in groups:
        looker, spent = Looker(Detector(), reader), Counter[str]()
        for text in cost_of_objects(looker, options.data / "coco_train125", 10, spent):
            print(text)
        print(f"look with objects: {spent['look'] / 10:.2f} CPU s a picture, text kept")
        looker.close()
    reader.close()
    if missing:
        print(f"not here: {', '.join(missing)}", file=sys.stderr)
    return 0 if all(group.share >= BAR for name, group in groups.items() if name in PACKS) else 1


def _line(name: str, group: Group) -> list[str]:
    count = group.told.total()
    others = ", ".join(f"{n} {kind}" for kind, n in group.told.most_common() if kind != group.kind)
    costs = [f"{group.seconds[part] / max(count, 1):.3f}" for part in ("text", "kind", "colors")]
    return [name, group.kind, f"{group.share:.1%} ({group.told[group.kind]} of {count})", others, *costs]


if __name__ == "__main__":
    sys.exit(main())
