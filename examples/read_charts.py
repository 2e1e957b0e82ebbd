"""Values that `read_chart` reads right: charts drawn here that are exactly known, and real ones (ChartQA).

    python examples/read_charts.py [--drawn 150] [--questions N] [--kept runs/ocr] [--worst 0]

Drawn are held-out charts of the chart world, of each kind in turn. A value is right within 5 %: `values`
looks for it anywhere among the chart's marks, each of which counts for one value; `named` wants it under its
category and series (case and punctuation aside). The pack `chartqa_train1k` has questions alone, so that
what can be told is how often the labelled answer is in what was read at all: a number within 5 %, or a text
that equals the title, a category or a series. Answers to other questions stand beside it, since a chart of
many values holds one or another by chance. What the OCR read is kept, so that a second run takes seconds.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from packs import ROOT, KeptReader, find_pack, markdown, rows_of
from scoring import percent
from sightline import load_image
from sightline.images import Picture
from sightline.tools.amounts import amount_of
from sightline.tools.guard import run
from sightline.tools.read_chart import ChartReader
from sightline.train.worlds.chart_draw import draw_chart
from sightline.train.worlds.charts import KINDS, Chart, make_chart
from sightline.types import ChartData

SIDE = 640
"""px of a drawn chart's longer side."""

WITHIN = 0.05
"""Of a value, by which a reading may be off (as in ChartQA's relaxed accuracy)."""

Values = dict[tuple[str, str], float]
"""By category and series, both plain."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """One drawn chart: its kind, and which of its values were read, anywhere and under their names."""

    kind: str
    values: list[bool]
    named: list[bool]


def drawn(count: int, seed: int = 7) -> Iterator[tuple[Chart, Picture]]:
    """Held-out charts, of each kind in turn."""
    for n in range(count):
        chart = make_chart(np.random.default_rng((seed, n)), "heldout", KINDS[n % len(KINDS)])
        yield chart, load_image(draw_chart(chart, SIDE))


def plain(text: str) -> str:
    """Without case, white space and punctuation."""
    return re.sub(r"[^\w.]|_", "", text.casefold())


def known(chart: Chart) -> Values:
    """What the chart shows."""
    return {
        (plain(category), plain(series.name)): value / 10**chart.decimals
        for series in chart.series
        for category, value in zip(chart.categories, series.values, strict=True)
    }


def near(said: float, value: float) -> bool:
    """Whether a reading is right."""
    return abs(said - value) <= WITHIN * abs(value) + 1e-9


def score(kind: str, said: ChartData | None, wanted: Values) -> Score:
    """How what was `said` compares with what is `wanted`."""
    marks = said.marks if said else ()
    by_name = {(plain(mark.category), plain(mark.series)): mark.value for mark in marks}
    named = [name in by_name and near(by_name[name], value) for name, value in wanted.items()]
    left, values = [mark.value for mark in marks], []
    for value in wanted.values():
        best = min(left, key=lambda one: abs(one - value), default=float("nan"))
        values.append(near(best, value))
        if values[-1]:
            left.remove(best)
    return Score(kind=kind, values=values, named=named)


def holds(said: ChartData, answer: str) -> bool:
    """Whether an answer stands in what was read."""
    amount = amount_of(answer)
    texts = [said.title, *(text for mark in said.marks for text in (mark.category, mark.series))]
    if plain(answer) in map(plain, texts):
        return True
    return amount is not None and any(near(mark.value, amount.value) for mark in said.marks)


def read(tool: ChartReader, picture: Picture) -> tuple[ChartData | None, float]:
    """The chart, None where none was found, and the CPU seconds of this process beside the OCR."""
    began = time.process_time()
    payload = run(tool, picture, {}, timeout_s=300).payload
    return payload if isinstance(payload, ChartData) else None, time.process_time() - began


GROUPS = {
    "columns and bars": ("columns", "bars"),
    "grouped": ("grouped_columns", "grouped_bars"),
    "stacked": ("stacked_columns", "stacked_bars"),
    "line": ("line",),
    "lines": ("lines",),
    "pie": ("pie",),
}


def table(scores: list[Score]) -> str:
    """The shares of values by kind of chart."""
    lines = []
    for group, kinds in GROUPS.items():
        of = [one for one in scores if one.kind in kinds]
        values, named = ([ok for one in of for ok in getattr(one, by)] for by in ("values", "named"))
        if of:
            lines.append([group, str(len(of)), str(len(values)), percent(values), percent(named)])
    return markdown(["drawn charts", "charts", "values", "values within 5 %", "named"], lines)


def measure_drawn(tool: ChartReader, count: int, worst: int) -> None:
    """Print the table of drawn charts."""
    scores, seconds, faults = [], 0.0, []
    for chart, picture in track(drawn(count), "drawn", count, console=Console(stderr=True)):
        said, took = read(tool, picture)
        seconds += took
        scores.append(score(chart.kind, said, known(chart)))
        if not all(scores[-1].named):
            right, of = sum(scores[-1].named), len(scores[-1].named)
            faults.append(f"{len(scores) - 1} {chart.kind}: {right} of {of} named right; {chart.title}")
    print(table(scores))
    print(f"\n{seconds / max(count, 1) * 1000:.0f} ms of CPU a chart beside OCR")
    print("\n".join(faults[:worst]))


def measure_real(tool: ChartReader, pack: Path, count: int | None) -> None:
    """Print the table of real charts."""
    rows, kinds = rows_of(pack, count), Counter[str]()
    found: dict[str, list[bool]] = {"own": [], "other": []}
    read_by: dict[str, ChartData | None] = {}
    for n, row in enumerate(track(rows, "questions", console=Console(stderr=True))):
        if row["image"] not in read_by:
            read_by[row["image"]], _ = read(tool, load_image(pack / row["image"]))
        said = read_by[row["image"]]
        kinds[said.chart if said else "no chart"] += 1
        for name, answer in (("own", row["answer"]), ("other", rows[n - 1]["answer"])):
            found[name].append(said is not None and holds(said, answer))
    of = ", ".join(f"{name} {n}" for name, n in kinds.most_common())
    line = ["ChartQA", str(len(read_by)), str(len(rows)), *map(percent, found.values()), of]
    names = ["charts", "questions", "answer among what was read", "of another question", "read as"]
    print(markdown(["real charts", *names], [line]))


def main() -> int:
    """Read the charts and print both tables. Returns the exit code: 2 where there is nothing to read."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--drawn", type=int, default=150, help="charts to draw and read")
    parser.add_argument("--questions", type=int, help="of the pack, evenly spread, all if not given")
    parser.add_argument("--kept", type=Path, default=ROOT / "runs" / "ocr", help="folder of what was read")
    parser.add_argument("--worst", type=int, default=0, help="drawn charts with faults to print")
    args = parser.parse_args()
    pack = find_pack("chartqa_train1k")
    if pack is None:
        print("the pack chartqa_train1k is neither in $SIGHTLINE_DATA nor in ../shared/data", file=sys.stderr)
    tool = ChartReader(KeptReader(args.kept))
    if args.drawn:
        measure_drawn(tool, args.drawn, args.worst)
    if pack and args.questions != 0:
        measure_real(tool, pack, args.questions)
    tool.close()
    return 0 if args.drawn or pack else 2


if __name__ == "__main__":
    sys.exit(main())
