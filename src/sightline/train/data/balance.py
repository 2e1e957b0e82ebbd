"""Which rows to keep, and what to add to their questions: pure functions over rows.

SVIT (Zhao et al. 2023): yes and no equally often, and a core set that covers tasks and concepts evenly.
LLaVA-1.5 (Liu et al. 2023): a short answer is asked for in words of the question.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from sightline.train.data.rows import MARK, Row, Turn

AnswerType = Literal["yes_no", "number", "option", "short", "long"]

FORMAT_PROMPTS: dict[AnswerType, str] = {
    "yes_no": "Answer the question using a single word or phrase.",
    "number": "Answer the question using a single word or phrase.",
    "short": "Answer the question using a single word or phrase.",
    "option": "Answer with the option's letter from the given choices directly.",
}
"""Word for word LLaVA-1.5's. A long answer is asked for in no such words."""
SHORT = 3
"""Words of a short answer at most."""

_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d,. ]*%?")
_OPTION = re.compile(r"(?m)^\s*\(?([A-H])[).:]\s+\S")
_YES_NO = {"yes": "yes", "no": "no"}
_FIRST = re.compile(r"[a-z]+")
_WORD = re.compile(r"[a-z]{3,}")
_EMPTY = frozenset(
    "the and are was were what which who whose where when why how many much does did has have had can could "
    "there this that these those with from into onto for not you see image picture photo photograph any all "
    "its his her their one two some other than more less most least yes same different please answer using "
    "single word phrase question describe about between of".split()
)


def answer_type(question: str, answer: str) -> AnswerType:
    """What kind of answer it is."""
    said = answer.strip().rstrip(".").strip()
    letter = re.fullmatch(r"\(?([A-H])\)?", said)
    if letter and letter[1] in _OPTION.findall(question):
        return "option"
    if said.lower() in _YES_NO:
        return "yes_no"
    if _NUMBER.fullmatch(said):
        return "number"
    return "short" if len(said.split()) <= SHORT else "long"


def with_format_prompts(row: Row) -> Row:
    """The conversation with the words that ask for each answer's form, once, on a line after its question."""
    turns: list[Turn] = list(row.turns)
    for at, (question, answer) in enumerate(row.exchanges):
        prompt = FORMAT_PROMPTS.get(answer_type(question, answer), "")
        if prompt and prompt not in question:
            turns[2 * at] = replace(turns[2 * at], text=f"{question}\n{prompt}")
    return replace(row, turns=tuple(turns))


def yes_no(row: Row) -> str | None:
    """`yes` or `no` where the row is one such exchange, else None."""
    if len(row.exchanges) != 1:
        return None
    return _YES_NO.get(row.exchanges[0][1].strip().rstrip(".!").lower())


def balance_yes_no(rows: Sequence[Row], *, seed: int, how: Literal["drop", "repeat"] = "drop") -> list[Row]:
    """As many rows answered yes as no, in their order; all other rows stay.

    Args:
        rows: conversations.
        seed: of which are dropped or repeated.
        how: leave out rows of the commoner answer; or repeat rows of the rarer, as `id#2`, `id#3`, ...
            Where one answer never occurs, `repeat` has nothing to repeat and `drop` drops every other.
    """
    found: dict[str, list[int]] = {"yes": [], "no": []}
    for at, row in enumerate(rows):
        if answer := yes_no(row):
            found[answer].append(at)
    rarer, commoner = sorted(found.values(), key=len)
    rng = np.random.default_rng((seed, 8))
    times = Counter(range(len(rows)))
    if how == "drop":
        dropped = rng.permutation(commoner)[: len(commoner) - len(rarer)].tolist()
        times.subtract(map(int, dropped))
    elif rarer:
        whole, left = divmod(len(commoner), len(rarer))
        times.update({at: whole - 1 for at in rarer})
        times.update(map(int, rng.permutation(rarer)[:left].tolist()))
    return [
        replace(row, id=f"{row.id}#{n}") if n > 1 else row
        for at, row in enumerate(rows)
        for n in range(1, times[at] + 1)
    ]


Facets = Callable[[Row], Iterable[Hashable]]
"""The cells that a row covers."""


def task_of(row: Row) -> str:
    """What is asked, roughly: the question's first word or, after `how`, its first two."""
    asked = next((turn.text for turn in row.turns if turn.role == "user"), "")
    words = _FIRST.findall(asked.replace(MARK, "").lower())
    return " ".join(words[:2] if words[:1] == ["how"] else words[:1]) or "none"


def concepts_of(row: Row) -> set[str]:
    """The words that mean something, in questions and replies."""
    said = " ".join([*(turn.text for turn in row.turns), row.chosen or ""]).replace(MARK, "").lower()
    return set(_WORD.findall(said)) - _EMPTY


def task_concepts(row: Row) -> set[Hashable]:
    """Task x concept."""
    return {(task_of(row), concept) for concept in concepts_of(row)}


def core_set(rows: Sequence[Row], size: int, facets: Facets = task_concepts) -> list[Row]:
    """`size` rows, in their order, that cover the cells as evenly as a greedy choice can.

    Each further row of a cell is worth less: a cell of n rows is worth sqrt(n), a submodular sum, so that the
    greedy choice (Nemhauser et al. 1978; lazily, Minoux 1978) is within 1 - 1/e of the best. Of rows of
    the same worth the first is taken, so the same rows always give the same core set.
    """
    cells = [tuple(dict.fromkeys(facets(row))) for row in rows]
    held: dict[Hashable, int] = defaultdict(int)

    def gain(at: int) -> float:
        return sum(math.sqrt(held[cell] + 1) - math.sqrt(held[cell]) for cell in cells[at])

    waiting = [(-gain(at), at) for at in range(len(rows))]
    heapq.heapify(waiting)
    chosen: list[int] = []
    while waiting and len(chosen) < size:
        _, at = heapq.heappop(waiting)
        fresh = (-gain(at), at)
        if waiting and fresh > waiting[0]:
            heapq.heappush(waiting, fresh)
            continue
        chosen.append(at)
        for cell in cells[at]:
            held[cell] += 1
    return [rows[at] for at in sorted(chosen)]
