"""What is asked about a table before it is worded, and words for its rows and cells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sightline.train.worlds.dice import shuffled
from sightline.train.worlds.lexicon import MONTHS
from sightline.train.worlds.table_words import AT, DAYS
from sightline.train.worlds.tables import Table


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What is asked. `key` names its lines; `options` are all the answers that could be meant."""

    key: str
    family: str
    args: tuple[object, ...] = ()
    slots: dict[str, object]
    thought: str = ""
    options: tuple[str, ...] = ()


Asker = Callable[[np.random.Generator, Table], Draft]


def some_row(rng: np.random.Generator, table: Table) -> int:
    """A row, at random."""
    return int(rng.random() * len(table.rows))


def two_rows(rng: np.random.Generator, table: Table) -> tuple[int, int]:
    """Two different rows."""
    first, second = shuffled(rng, range(len(table.rows)))[:2]
    return first, second


def some_column(rng: np.random.Generator, table: Table) -> int:
    """A column other than the names."""
    return 1 + int(rng.random() * (len(table.rows[0]) - 1))


def across(table: Table, at: int) -> str:
    """How a column of a table with several stands in a sentence: ` on Monday`; else nothing."""
    if table.kind != "pairs":
        return ""
    name = table.header[at]
    return " " + AT["day" if name in DAYS else "month" if name in MONTHS else "year"].format(name)


def cell_words(table: Table, row: int, at: int) -> str:
    """`by Tom`, or `by Tom on Monday`."""
    return table.about.at.format(table.labels[row]) + across(table, at)


def shown(table: Table, row: int, at: int = 1) -> str:
    """A cell in a thought: `Tom on Monday: 12`, with a full stop."""
    return f"{table.labels[row]}{across(table, at)}: {table.rows[row][at]}."


def facts(table: Table, rows: list[int], at: int = 1) -> str:
    """Cells of a column in a thought."""
    return " ".join(shown(table, row, at) for row in rows)


def which(table: Table) -> str:
    """`on which day`, `by whom`."""
    return table.about.at.format("whom" if table.about.row == "name" else f"which {table.about.row}")
