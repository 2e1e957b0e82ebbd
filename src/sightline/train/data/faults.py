"""What can be wrong with a row, and how a reader counts it.

A reader raises at the first fault (`on_fault="raise"`), or counts it and goes on (`on_fault="skip"`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, get_args

from sightline.errors import DataError

OnFault = Literal["raise", "skip"]
Kind = Literal[
    "bad_json",
    "missing_field",
    "wrong_type",
    "empty_turns",
    "role_order",
    "image_marks",
    "missing_image",
    "damaged_image",
    "path_escapes",
    "duplicate_id",
    "too_long",
    "same_replies",
    "damaged_shard",
    "tool_failed",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
MOST_KEPT = 20
"""Faults that a tally keeps whole; all are counted."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One broken row.

    Args:
        file: as the reader was given it.
        line: from 1: of the line (JSON, JSON lines) on which the row begins, or the number of the row
            (Parquet, shards, answers of a server).
        row: its id, where that could be read.
        kind: see `Kind`.
        message: in one line.
    """

    file: str
    line: int
    row: str
    kind: Kind
    message: str

    def __str__(self) -> str:
        named = f" row {self.row}:" if self.row else ""
        return f"{self.file}:{self.line}:{named} {self.kind}: {self.message}"

    def error(self) -> DataError:
        """The same as an exception."""
        named = f"row {self.row}: " if self.row else ""
        return DataError(f"{named}{self.kind}: {self.message}", file=self.file, line=self.line)


class Broken(Exception):
    """Raised where a row is parsed, by code that knows neither file nor line; never leaves this package."""

    def __init__(self, kind: Kind, message: str, *, row: str = "") -> None:
        super().__init__(message)
        self.kind: Kind = kind
        self.message = " ".join(message.split())[:300]
        self.row = row


def said_of(kind: type) -> str:
    """What JSON calls a type, for messages: `a text`, `a list`, ..."""
    names = {str: "a text", int: "a number", float: "a number", list: "a list", dict: "an object"}
    return names.get(kind, kind.__name__)


@dataclass(kw_only=True)
class Tally:
    """What a reader met: rows given, faults by kind, and the first of them whole."""

    on_fault: OnFault = "raise"
    rows: int = 0
    counts: Counter[Kind] = field(default_factory=Counter)
    first: list[Fault] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """Of every kind."""
        return self.counts.total()

    def lines(self) -> list[str]:
        """The faults in words: how many of each kind, then the first of them."""
        counts = [(kind, self.counts[kind]) for kind in KINDS if self.counts[kind]]
        return [
            f"{self.faults:>10,} faults",
            *(f"{number:>10,}   {kind}" for kind, number in counts),
            *map(str, self.first),
        ]

    def add(self, fault: Fault) -> None:
        """Count a fault. Raises `DataError` where the reader is to raise."""
        if self.on_fault == "raise":
            raise fault.error()
        self.counts[fault.kind] += 1
        if len(self.first) < MOST_KEPT:
            self.first.append(fault)

    def broken(self, broken: Broken, *, file: str, line: int, row: str = "") -> None:
        """Count what was raised while a row was parsed."""
        self.add(Fault(file=file, line=line, row=broken.row or row, kind=broken.kind, message=broken.message))
