"""How many questions of TabMWP and ChartQA are of a form that the table and chart worlds know.

    coverage = table_coverage(Path("tabmwp_dev1k"))
    coverage.read, coverage.right, coverage.total, coverage.unread

A table question is read when a reader of `table_patterns` takes it apart; it is right when the family's
answer from the pack's own table is the pack's answer too. ChartQA gives no data behind its charts: there a
question is read when its form is known, and no more can be told.
"""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

from sightline.train.worlds.chart_patterns import read_form
from sightline.train.worlds.coverage import Coverage, Judged, Row, rows, tally
from sightline.train.worlds.table_answers import Unanswerable
from sightline.train.worlds.table_patterns import read
from sightline.train.worlds.tables import Table


def table_coverage(folder: Path) -> Coverage:
    """Coverage of a pack laid out as TabMWP's; `InputError` where the folder holds none."""
    return tally(map(_judge, rows(folder)))


def chart_coverage(folder: Path) -> Coverage:
    """Coverage, by form alone, of a pack laid out as ChartQA's; `InputError` where there is none."""
    return tally(Judged(question=row["question"], family=read_form(row["question"])) for row in rows(folder))


def pack_table(row: Row) -> Table:
    """The table of a pack's row: lines of cells set apart by bars."""
    cells = [tuple(c.strip() for c in line.split("|")) for line in row["table"].split("\n")]
    width = max(map(len, cells))
    cells = [line + ("",) * (width - len(line)) for line in cells]
    headed = _is_header(cells[0])
    return Table(
        kind="", title=row["table_title"] or "", header=cells[0] if headed else (), rows=tuple(cells[headed:])
    )


def agrees(said: str, gold: str) -> bool:
    """Whether two answers are the same number, or the same words."""
    try:
        return Fraction(said.replace(",", "")) == Fraction(gold.replace(",", ""))
    except ValueError:
        return said.casefold().strip() == gold.casefold().strip()


def _is_header(cells: tuple[str, ...]) -> bool:
    """A first line without numbers, or with nothing but years."""
    rest = [c for c in cells[1:] if c]
    return all(re.fullmatch(r"(19|20)\d\d", c) for c in rest) or not any(re.search(r"\d", c) for c in rest)


def _judge(row: Row) -> Judged:
    table = pack_table(row)
    reading = read(row["question"], table)
    if reading is None:
        return Judged(question=row["question"], family=None)
    try:
        right = agrees(reading.answer(table), row["answer"])
    except Unanswerable:
        right = False
    return Judged(question=row["question"], family=reading.family, right=right)
