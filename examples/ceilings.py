"""How many questions some query over what is read would answer: ChartQA, TabMWP, WikiTableQuestions.

    python examples/ceilings.py [--data FOLDER] [--cache runs/readings] [--only PACK] [--missed 0]

A ceiling: of so many questions (a fixed seed) the share for which one SELECT of a fixed set of shapes (see
`query_shapes`), filled in with the words and numbers of the question alone, gives the gold answer over what
was read in the picture. A planner that always wrote the right one of these queries would be right so often.

Many queries hit many values, so that beside it stands a control: how often the same queries give the answer
of another question of the pack. What a query gives is counted once the tool itself has given it, with the
cells that it cites. Nothing is trained or tuned on these questions.

The packs are looked for in FOLDER, in $SIGHTLINE_DATA and in ../shared/data. Tables of WikiTableQuestions
have no pictures: they are drawn here (`drawn_tables`), those of at most 25 rows, which are three quarters.
What was read is kept in the folder `--cache`, by the code of the readers, and a second run takes minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

import sightline.tools
from denotations import Answer, same_chartqa, same_tabmwp, same_wtq
from drawn_tables import draw_table, style_of
from packs import ROOT, KeptReader, find_pack, markdown
from query_shapes import Question, Shape, Shapes
from scoring import percent
from sightline import load_image
from sightline.images import Picture
from sightline.tools.base import Tool
from sightline.tools.cache import Cache
from sightline.tools.guard import run
from sightline.tools.query import Book
from sightline.tools.read_chart import ChartReader
from sightline.tools.read_table import TableReader
from sightline.tools.relations import Rows, Source, source_of
from sightline.tools.sql_engine import answer
from sightline.types import ChartData, Finding, Table

SEED = 7

MOST_ROWS = 25
"""Of a table of WikiTableQuestions that is drawn."""

MOST_CHECKED = 8
"""Queries that give the answer without the tool, of which the tool must confirm one."""

QUERY_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Pack:
    """A set of questions: how many are taken, the bar, the reader, and what counts as the answer."""

    name: str
    count: int
    bar: float
    reader: str
    same: Callable[..., bool]


PACKS = (
    Pack(name="chartqa_train1k", count=300, bar=0.60, reader="read_chart", same=same_chartqa),
    Pack(name="tabmwp_dev1k", count=300, bar=0.90, reader="read_table", same=same_tabmwp),
    Pack(name="wtq_train", count=200, bar=0.55, reader="read_table", same=same_wtq),
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One question of a pack: its answer, whether some values are it, and its picture."""

    id: str
    question: str
    answer: Answer
    same: Callable[[Answer, Answer], bool]
    picture: Callable[[], Picture]
    grid: tuple[tuple[str, ...], ...] = ()


@dataclass(kw_only=True)
class Found:
    """What came of one question: the shape that gives its answer, another's answer; how many queries ran."""

    own: Shape | None = None
    other: Shape | None = None
    own_cued: Shape | None = None
    other_cued: Shape | None = None
    ran: int = 0
    cued: int = 0
    read: bool = False


# The questions.


def rows_of(pack: Pack, folder: Path) -> list[Row]:
    """The questions of a pack, always the same ones."""
    made = {"wtq_train": _wtq, "tabmwp_dev1k": _tabmwp, "chartqa_train1k": _chartqa}[pack.name]
    lines = (folder / "data.jsonl").read_text(encoding="utf-8").splitlines()
    return made(pack, folder, [json.loads(line) for line in lines])


def _chartqa(pack: Pack, folder: Path, lines: list[dict[str, Any]]) -> list[Row]:
    return [
        Row(
            id=one["id"],
            question=one["question"],
            answer=(one["answer"],),
            same=pack.same,
            picture=partial(load_image, folder / one["image"]),
        )
        for one in random.Random(SEED).sample(lines, pack.count)
    ]


def _tabmwp(pack: Pack, folder: Path, lines: list[dict[str, Any]]) -> list[Row]:
    return [
        Row(
            id=one["id"],
            question=one["question"],
            answer=(one["answer"],),
            same=partial(pack.same, unit=one["unit"], choices=one["choices"]),
            picture=partial(load_image, folder / one["image"]),
            grid=tuple(tuple(cell.strip() for cell in line.split("|")) for line in one["table"].split("\n")),
        )
        for one in random.Random(SEED).sample(lines, pack.count)
    ]


def _wtq(pack: Pack, folder: Path, lines: list[dict[str, Any]]) -> list[Row]:
    tables = {}
    for line in (folder / "tables.jsonl").read_text(encoding="utf-8").splitlines():
        one = json.loads(line)
        tables[one["table"]] = one["rows"]
    short = [one for one in lines if len(tables[one["table"]]) <= MOST_ROWS + 1]
    return [
        Row(
            id=one["id"],
            question=one["question"],
            answer=tuple(one["answers"]),
            same=pack.same,
            picture=partial(_drawn, one["table"], tables[one["table"]]),
            grid=tuple(map(tuple, tables[one["table"]])),
        )
        for one in random.Random(SEED).sample(short, pack.count)
    ]


def _drawn(name: str, rows: Sequence[Sequence[str]]) -> Picture:
    seed = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return load_image(draw_table(rows, style_of(seed)))


# What is read.


class Readings:
    """Findings of the readers, kept in a folder by what is read and by the readers' own code."""

    def __init__(self, folder: Path) -> None:
        code = sorted(Path(next(iter(sightline.tools.__path__))).glob("*.py"))
        wanted = [file for file in code if file.stem.startswith(("chart_", "read", "table_", "recognise"))]
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in wanted)).hexdigest()[:12]
        self._kept = Cache(folder / f"findings-{digest}", max_bytes=2**30)
        reader = KeptReader(folder)
        self._tools: dict[str, Tool] = {"read_table": TableReader(reader), "read_chart": ChartReader(reader)}

    def __call__(self, name: str, picture: Picture) -> Finding | None:
        """What a reader finds; None where it finds nothing."""
        result = run(self._tools[name], picture, {}, timeout_s=300, cache=self._kept)
        if result.status in ("error", "timeout", "refused"):
            raise RuntimeError(f"{name}: {result.message}")
        return result.payload if isinstance(result.payload, Table | ChartData) else None

    def close(self) -> None:
        """End the processes of the readers."""
        for tool in self._tools.values():
            tool.close()


# The search.


@dataclass(kw_only=True)
class Search:
    """All shapes over one finding for one question: what each gives."""

    question: Question
    source: Source
    shapes: dict[tuple[str, ...], list[Shape]]
    cued: dict[tuple[str, ...], list[Shape]]

    @classmethod
    def over(cls, source: Source, text: str) -> Search:
        """Run them all."""
        question = Question.of(text)
        shapes = [
            shape
            for wide, long in _pairs(source)
            for shape in (Shapes(wide, long, question) if wide.rows else ())
            if shape.values
        ]
        cued = _by_values(shape for shape in shapes if question.cues(shape))
        return cls(question=question, source=source, shapes=_by_values(shapes), cued=cued)

    def reaches(
        self, answer: Answer, same: Callable[[Answer, Answer], bool], *, cued: bool = False
    ) -> Shape | None:
        """A shape that gives the answer, with the tool too."""
        shapes = (self.cued if cued else self.shapes).items()
        hits = (shape for told, of in shapes if same(told, answer) for shape in of[:2])
        return next((one for one in islice(hits, MOST_CHECKED) if self._confirmed(one, answer, same)), None)

    def _confirmed(self, shape: Shape, answer_: Answer, same: Callable[[Answer, Answer], bool]) -> bool:
        reply = answer(shape.sql, self.source.relations, seconds=QUERY_S)
        if reply.status != "ok":
            return False
        relation = Book.of([self.source]).cited(reply)
        given = [row[0] for row in relation.rows if row[0].kind != "nothing"]
        texts, values = [v.text for v in given], [_told(v.value) for v in given]
        cites = any(v.cells for v in given) or any(relation.reasons)
        return cites and (same(texts, answer_) or same(values, answer_))


def _by_values(shapes: Iterable[Shape]) -> dict[tuple[str, ...], list[Shape]]:
    """Shapes by what they give."""
    found: dict[tuple[str, ...], list[Shape]] = {}
    for shape in shapes:
        found.setdefault(tuple(map(_told, shape.values)), []).append(shape)
    return found


def _pairs(source: Source) -> list[tuple[Rows, Rows | None]]:
    """Each wide relation with its long form."""
    by_name = {one.name: one for one in source.relations}
    found = [
        (by_name[w], by_name[n])
        for w, n in (("table", "table_cells"), ("chart", "chart_cells"))
        if w in by_name
    ]
    return [*found, *([(by_name["leaves"], None)] if "leaves" in by_name else [])]


def _told(value: Any) -> str:
    """A value as the answers are written."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"
    return str(value)


def gold(row: Row) -> Source:
    """The relations of the table that the pack gives, as if it had been read without fault."""
    from sightline.types import Cell

    width = max(map(len, row.grid))
    grid = tuple(tuple(Cell(text=text) for text in (*line, *[""] * (width - len(line)))) for line in row.grid)
    headed = 0 if row.grid[0][-1][:1] in ("$", "€") else 1
    return source_of(Table(header_rows=headed, rows=grid))


def measure(rows: Sequence[Row], sources: Callable[[Row], Source | None], label: str) -> list[Found]:
    """The search for each question: for its own answer, and for that of the question before it."""
    found = []
    for n, row in enumerate(track(rows, label, console=Console(stderr=True))):
        source = sources(row)
        one = Found(read=source is not None)
        if source is not None and any(relation.rows for relation in source.relations):
            search = Search.over(source, row.question)
            one.own_cued = search.reaches(row.answer, row.same, cued=True)
            one.own = one.own_cued or search.reaches(row.answer, row.same)
            one.other_cued = search.reaches(rows[n - 1].answer, row.same, cued=True)
            one.other = one.other_cued or search.reaches(rows[n - 1].answer, row.same)
            one.ran, one.cued = (sum(map(len, of.values())) for of in (search.shapes, search.cued))
        found.append(one)
    return found


def report(pack: Pack, found: Sequence[Found]) -> list[str]:
    """A line of the table."""
    shares = [
        percent([getattr(one, name) is not None for one in found])
        for name in ("own_cued", "other_cued", "own", "other")
    ]
    read = sum(one.read for one in found) / len(found)
    counts = [f"{statistics.median(getattr(one, name) for one in found):.0f}" for name in ("cued", "ran")]
    return [
        pack.name,
        str(len(found)),
        f"{read:.0%}",
        *shares[:2],
        counts[0],
        *shares[2:],
        counts[1],
        f"{pack.bar:.0%}",
    ]


NAMES = (
    "questions of",
    "n",
    "read",
    "answered by a query that is asked for",
    "control",
    "queries",
    "answered by any query",
    "control",
    "queries",
    "bar",
)


def main() -> int:
    """Measure and print the table. Returns the exit code: 2 where no pack is there."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of the packs")
    parser.add_argument(
        "--cache", type=Path, default=ROOT / "runs" / "readings", help="folder of what was read"
    )
    parser.add_argument("--only", choices=[pack.name for pack in PACKS], action="append", help="this pack")
    parser.add_argument(
        "--gold", action="store_true", help="over the packs' own tables: what the shapes miss"
    )
    parser.add_argument(
        "--missed", type=int, default=0, help="questions without a query to print, of each pack"
    )
    parser.add_argument("--kinds", action="store_true", help="print which shapes gave the answers")
    args = parser.parse_args()
    if args.data:
        os.environ["SIGHTLINE_DATA"] = str(args.data)
    readings = Readings(args.cache)
    lines, notes = [], []
    for pack in PACKS:
        folder = find_pack(pack.name)
        if folder is None or (args.only and pack.name not in args.only):
            continue
        rows = rows_of(pack, folder)
        if args.gold and not rows[0].grid:
            continue

        def read(row: Row, reader: str = pack.reader) -> Source | None:
            finding = readings(reader, row.picture())
            return source_of(finding) if finding else None

        found = measure(rows, gold if args.gold else read, pack.name)
        lines.append(report(pack, found))
        if args.kinds:
            by_kind = Counter(one.own_cued.kind for one in found if one.own_cued)
            notes.append(f"{pack.name}: {dict(by_kind.most_common())}")
        missed = [row for row, one in zip(rows, found, strict=True) if one.own_cued is None]
        notes += [f"{row.id}: {row.question} {list(row.answer)}" for row in missed[: args.missed]]
    readings.close()
    if not lines:
        print("none of the packs is in --data, $SIGHTLINE_DATA or ../shared/data", file=sys.stderr)
        return 2
    print(markdown(NAMES, lines))
    if notes:
        print("\n".join(["", *notes]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
