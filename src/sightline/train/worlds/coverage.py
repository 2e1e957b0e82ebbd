"""How much of four published sets the worlds' readers and programs know.

    for pack, coverage in measure(Path("data")): ...

A question is read where a reader of ours takes it apart; it is right where what was read gives the pack's
answer on the pack's own table, structure or grid. The packs are data for evaluation: nothing here is trained
on, and no grammar lists a pack's sentences. But the readers were written while looking at these very packs,
so the figures say how well they fit them and not how well they would fit others.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.errors import InputError

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A question: the family that it was read as, None where it was not; whether that gives the answer.

    `right` is None where the pack holds nothing to answer from.
    """

    question: str
    family: str | None
    right: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What of a pack is read.

    Args:
        total: questions; read: those of a known form.
        right: those read that give the pack's answer, None where that cannot be told.
        unread: the commonest shapes of those not read, and how many have each.
        wrong: those read to another answer, with their number, the most frequent first.
    """

    total: int
    read: int
    right: int | None
    unread: tuple[tuple[str, int], ...] = ()
    wrong: tuple[tuple[str, int], ...] = ()


def tally(judged: Iterable[Judged]) -> Coverage:
    """Judged questions, counted."""
    everything = list(judged)
    read = [one for one in everything if one.family is not None]
    told = [one.right for one in read if one.right is not None]
    return Coverage(
        total=len(everything),
        read=len(read),
        right=sum(told) if told else None,
        unread=_most(shape(one.question) for one in everything if one.family is None),
        wrong=_most(one.question for one in read if one.right is False),
    )


def shape(question: str) -> str:
    """The first words of the sentence that asks, numbers masked."""
    asking = [s for s in re.split(r"(?<=[.?!])\s+", question) if s.endswith("?")] or [question]
    return " ".join(re.sub(r"\$?\d[\d,./]*", "#", asking[-1]).split()[:4])


def rows(folder: Path) -> Iterator[Row]:
    """The rows of a pack; `InputError` where the folder holds none."""
    path = folder / "data.jsonl"
    if not path.is_file():
        raise InputError(f"{folder} holds no data.jsonl")
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def measure(data: Path) -> Iterator[tuple[str, Coverage]]:
    """(name, coverage) of each known pack under a folder; `InputError` where there is none."""
    folders = {pack: _folder(data, pack) for pack in _judges()}
    if not any(folders.values()):
        raise InputError(f"{data} holds none of the packs {', '.join(folders)}, unpacked")
    for pack, folder in folders.items():
        if folder:
            yield pack, _judges()[pack](folder)


def _folder(data: Path, pack: str) -> Path | None:
    places = (data / pack, data / pack / pack)
    return next((place for place in places if (place / "data.jsonl").is_file()), None)


def _judges() -> dict[str, Callable[[Path], Coverage]]:
    from sightline.train.worlds.coverage_panels import grid_coverage, panel_coverage
    from sightline.train.worlds.coverage_tables import chart_coverage, table_coverage

    return {
        "nlvr1_dev": panel_coverage,
        "shapes": grid_coverage,
        "tabmwp_dev1k": table_coverage,
        "chartqa_train1k": chart_coverage,
    }


def _most(texts: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(texts).most_common())
