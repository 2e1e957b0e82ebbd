"""How many questions of TabMWP and ChartQA are of a form that the table and chart worlds know.

    coverage = table_coverage(Path("tabmwp_dev1k"))
    coverage.covered, coverage.total, coverage.uncovered_forms

A table question is read when a reader of `table_patterns` takes it apart; it is covered when the family's
answer from the pack's own table is the pack's answer too. ChartQA gives no data behind its charts: there a
question is covered when its form alone is known.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from sightline.errors import InputError
from sightline.train.worlds.chart_patterns import read_form
from sightline.train.worlds.table_answers import Unanswerable
from sightline.train.worlds.table_patterns import read
from sightline.train.worlds.tables import Table

_SHOWN = 15


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What is covered.

    Args:
        covered: read, and answered as the pack answers where that can be told.
        read: whose form is known.
        total: all questions.
        families: how many were covered of each family.
        uncovered_forms: the commonest shapes of those that are not covered, and how many have them.
    """

    covered: int
    read: int
    total: int
    families: Counter[str] = field(default_factory=Counter)
    uncovered_forms: tuple[tuple[str, int], ...] = ()


def table_coverage(folder: Path) -> Coverage:
    """Coverage of a pack laid out as TabMWP's; `InputError` where the folder holds none."""
    return _count(_judge(row) for row in _rows(folder))


def chart_coverage(folder: Path) -> Coverage:
    """Coverage, by form alone, of a pack laid out as ChartQA's; `InputError` where there is none."""
    forms = ((row["question"], read_form(row["question"])) for row in _rows(folder))
    return _count((question, form, form is not None) for question, form in forms)


def pack_table(row: dict[str, Any]) -> Table:
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


def shape(question: str) -> str:
    """The first words of the sentence that asks, numbers masked."""
    asking = [s for s in re.split(r"(?<=[.?!])\s+", question) if s.endswith("?")] or [question]
    return " ".join(re.sub(r"\$?\d[\d,./]*", "#", asking[-1]).split()[:4])


def _is_header(cells: tuple[str, ...]) -> bool:
    """A first line without numbers, or with nothing but years."""
    rest = [c for c in cells[1:] if c]
    return all(re.fullmatch(r"(19|20)\d\d", c) for c in rest) or not any(re.search(r"\d", c) for c in rest)


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    path = folder / "data.jsonl"
    if not path.is_file():
        raise InputError(f"{folder} holds no data.jsonl")
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _judge(row: dict[str, Any]) -> tuple[str, str | None, bool]:
    table = pack_table(row)
    reading = read(row["question"], table)
    if reading is None:
        return row["question"], None, False
    try:
        return row["question"], reading.family, agrees(reading.answer(table), row["answer"])
    except Unanswerable:
        return row["question"], reading.family, False


def _count(judged: Iterable[tuple[str, str | None, bool]]) -> Coverage:
    everything = list(judged)
    missed = Counter(shape(question) for question, _, right in everything if not right)
    families = Counter(family for _, family, right in everything if family and right)
    return Coverage(
        covered=sum(right for *_, right in everything),
        read=sum(family is not None for _, family, _ in everything),
        total=len(everything),
        families=families,
        uncovered_forms=tuple(missed.most_common(_SHOWN)),
    )
