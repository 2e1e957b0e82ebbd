"""What the process that runs SQL says to the one that asked: plain values, which pickle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Literal

MOST_ROWS = 200
"""Rows of a result. More say nothing to a planner, and no answer needs them."""

Plain = bool | int | float | str | date | time | None


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Of a column of a result: whether its values are cells as printed, and have the unit of their cells.

    `named`: the unit where cells say none; `days`: it is so many days between two.
    """

    printed: bool = False
    unit: bool = False
    named: str = ""
    days: bool = False


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came of a query.

    Args:
        status: `ok`, or how it failed; `message` says why.
        reads: the relations that it names (of a query that was only looked at).
        classes: the texts that it compares `class` with.
        names, flags: of the columns.
        rows: for each row its values, for each value the cells that it was computed from, and the cells that
            the row was chosen by.
        more: how many rows were left out.
    """

    status: Literal["ok", "refused", "timeout"] = "ok"
    message: str = ""
    reads: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    flags: tuple[Flags, ...] = ()
    rows: tuple[tuple[tuple[Plain, ...], tuple[tuple[int, ...], ...], tuple[int, ...]], ...] = ()
    more: int = 0
