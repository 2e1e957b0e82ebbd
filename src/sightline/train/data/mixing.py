"""Endless mixtures of row sets: row number `index` is a pure function of (seed, index).

Sources are drawn in blocks that hold each in its share exactly; within a source every row is shown once
before any is shown again, in an order that is new each time. To resume, go on from the index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from sightline.errors import ConfigError
from sightline.train.data.containers import container_of, records
from sightline.train.data.faults import Broken, Fault
from sightline.train.data.json_stream import LONGEST_ELEMENT, parse
from sightline.train.data.rows import Row
from sightline.train.data.shapes import Shape, check_row, shape_of, to_row

BLOCK = 1000
"""Draws in which each source has its share to within one draw."""


class RowFile(Sequence[Row]):
    """The rows of a JSON or JSON lines file by their number; 24 bytes of memory each.

    The file is read through once. A row is parsed when it is asked for, and then raises `DataError` if it is
    broken: `check` the file first.
    """

    def __init__(self, path: Path, shape: Shape | None = None) -> None:
        """Find where the rows stand.

        Raises:
            ConfigError: a file that is neither, or holds no rows.
            DataError: a file that cannot be read to its end.
        """
        if container_of(path) not in ("json", "jsonl"):
            raise ConfigError(f"{path.name}: rows by number are read from .json and .jsonl; write it as one")
        self.path = path
        self._places: NDArray[np.int64] = np.fromiter(self._found(), dtype=(np.int64, 3))
        if not len(self._places):
            raise ConfigError(f"no rows in {path}")
        try:
            self._shape: Shape = shape or shape_of(self._value(0))
        except Broken as broken:
            raise ConfigError(f"{path}: {broken.message}") from broken

    def _found(self) -> Iterator[tuple[int, int, int]]:
        """Offset, size and line of each row."""
        for element in records(self.path):
            if element.broken and not element.size:  # of the file, not of a row
                raise self._fault(element.broken, element.line).error()
            yield element.offset, element.size, element.line

    def _fault(self, broken: Broken, line: int) -> Fault:
        return Fault(file=str(self.path), line=line, row=broken.row, kind=broken.kind, message=broken.message)

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> Row:  # type: ignore[override]  # no slices: nobody cuts a mixture
        line = int(self._places[number, 2])
        try:
            row = to_row(self._value(number), self._shape, unnamed=str(line))
            check_row(row)
        except Broken as broken:
            raise self._fault(broken, line).error() from broken
        return row

    def _value(self, number: int) -> object:
        offset, size = self._places[number, :2].tolist()
        with self.path.open("rb") as file:
            file.seek(offset)
            return parse(file.read(min(size, LONGEST_ELEMENT)).removeprefix(b"\xef\xbb\xbf"))


@dataclass(frozen=True)
class RowMixture:
    """Several sources in fixed shares.

    Args:
        sources: rows by the name of their set.
        weights: shares by name, of any sum; or `sqrt`, in proportion to the square root of the number of
            rows (InstructBLIP); or `size`.
        seed: of every order.

    Raises `ConfigError` for an empty source, an unknown name, or a share below one draw in `BLOCK`.
    """

    sources: Mapping[str, Sequence[Row]]
    weights: Mapping[str, float] | Literal["sqrt", "size"] = "sqrt"
    seed: int = 0

    def __post_init__(self) -> None:
        if empty := [name for name, rows in self.sources.items() if not len(rows)]:
            raise ConfigError(f"no rows in {', '.join(empty)}")
        if not isinstance(self.weights, str) and set(self.weights) != set(self.sources):
            raise ConfigError(
                f"weights are for {', '.join(self.weights)}; there are {', '.join(self.sources)}"
            )
        if small := [name for name, count in zip(self.sources, self.counts, strict=True) if count < 1]:
            raise ConfigError(f"less than one draw in {BLOCK} for {', '.join(small)}")

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Of each source, float64[S], of sum 1."""
        sizes = np.array([len(rows) for rows in self.sources.values()], np.float64)
        if isinstance(self.weights, str):
            weights = np.sqrt(sizes) if self.weights == "sqrt" else sizes
        else:
            weights = np.array([self.weights[name] for name in self.sources], np.float64)
        if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
            raise ConfigError(f"weights are numbers from 0, not all 0: {self.weights}")
        return np.asarray(weights / weights.sum(), np.float64)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Draws of each source in a block, int64[S], by largest remainder."""
        exact = self.shares * BLOCK
        counts = np.floor(exact).astype(np.int64)
        for best in np.argsort(counts - exact, kind="stable")[: BLOCK - int(counts.sum())]:
            counts[best] += 1
        return counts

    def __getitem__(self, index: int) -> tuple[str, Row]:
        """The set's name and the row of draw number `index`, from 0."""
        block, place = divmod(index, BLOCK)
        order = _block_order(self.seed, block, tuple(self.counts.tolist()))
        source = int(order[place])
        before = block * int(self.counts[source]) + int((order[:place] == source).sum())
        name = list(self.sources)[source]
        rows = self.sources[name]
        epoch, number = divmod(before, len(rows))
        return name, rows[int(_epoch_order(self.seed, crc32(name.encode()), epoch, len(rows))[number])]

    def draws(self, start: int = 0, *, step: int = 1) -> Iterator[tuple[str, Row]]:
        """Draws without end from `start` on; worker k of n takes `draws(start + k, step=n)`."""
        index = start
        while True:
            yield self[index]
            index += step


@lru_cache(maxsize=16)
def _block_order(seed: int, block: int, counts: tuple[int, ...]) -> NDArray[np.int64]:
    slots = np.repeat(np.arange(len(counts)), counts)
    return np.asarray(np.random.default_rng((seed, block, 6)).permutation(slots), np.int64)


@lru_cache(maxsize=16)
def _epoch_order(seed: int, source: int, epoch: int, size: int) -> NDArray[np.int64]:
    return np.asarray(np.random.default_rng((seed, source, epoch, 7)).permutation(size), np.int64)
