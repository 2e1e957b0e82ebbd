"""Questions about tables, in many wordings, with exact answers and the steps to them.

What is asked of each kind of table stands in `table_money`, `table_counts` and `table_orders`: a draft names
a family and the cells, rows or numbers that it takes. Its answer is the family's (`table_answers`), from the
printed cells alone.
"""

from __future__ import annotations

import numpy as np

from sightline.train.worlds import table_counts, table_money, table_orders
from sightline.train.worlds.dice import chance, pick, shuffled
from sightline.train.worlds.lexicon import FIRST_NAMES
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.table_answers import Unanswerable
from sightline.train.worlds.table_drafts import Asker, Draft
from sightline.train.worlds.table_draw import draw_table
from sightline.train.worlds.table_patterns import Reading
from sightline.train.worlds.table_wordings import BOOK
from sightline.train.worlds.tables import Table, holds_held_out, make_table

__all__ = ["ASKERS", "ask_table", "holds_held_out", "is_held_out", "table_sample"]

ASKERS: dict[str, tuple[Asker, ...]] = {
    "prices": table_money.PRICES,
    "rates": table_money.RATES,
    "ledger": table_money.LEDGER,
    "counts": table_counts.COUNTS,
    "years": table_counts.YEARS,
    "pairs": table_counts.PAIRS,
    "two_way": table_counts.TWO_WAY,
    "votes": table_counts.VOTES,
    "frequency": table_counts.FREQUENCY,
    "stem": table_counts.STEM,
    "events": table_orders.EVENTS,
    "stops": table_orders.STOPS,
    "timetable": table_orders.TIMETABLE,
    "function": table_orders.FUNCTION,
    "market": table_orders.MARKET,
    "multiples": table_orders.MULTIPLES,
    "changes": table_orders.CHANGES,
}
"""Kind of table -> what is asked about it; one that stands there twice is asked twice as often."""
_KEYS = {"extremum": ("extremum", "compare")}  # families whose wordings stand under another name too
_OPTIONS = 4


def table_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """A table and up to five questions about it. The image has the table's own size, up to 448 px a side."""
    table = make_table(rng, split)
    return Sample(draw=lambda: (draw_table(table),), asked=ask_table(rng, table, 5, split), state=table)


def is_held_out(family: str, text: str) -> bool:
    """Whether a text is worded as one of the family's held-out lines."""
    return any(BOOK.is_held_out(key, text) for key in _KEYS.get(family, (family,)))


def ask_table(
    rng: np.random.Generator, table: Table, count: int, split: Split = "train"
) -> tuple[Asked, ...]:
    """Up to `count` different questions; few tables have fewer to ask."""
    found: dict[str, Asked] = {}
    for asker in shuffled(rng, ASKERS[table.kind] * count):
        try:
            draft = asker(rng, table)
            meant = repr((draft.key, draft.args))
            if meant not in found:
                found[meant] = _asked(rng, table, draft, split)
        except Unanswerable:
            continue
        if len(found) == count:
            break
    return tuple(found.values())


def _asked(rng: np.random.Generator, table: Table, draft: Draft, split: Split) -> Asked:
    answer = Reading(family=draft.family, args=draft.args).answer(table)
    slots = {"name": pick(rng, FIRST_NAMES), **draft.slots}
    question, wording = BOOK.word(rng, draft.key, split, slots)
    return Asked(
        question=question,
        answer=answer,
        family=draft.family,
        thought=f"{_stopped(draft.thought)} So {_stopped(answer)}",
        wording=wording,
        choices=_choices(rng, answer, draft.options),
    )


def _stopped(text: str) -> str:
    """The text with one full stop at its end, which `A.M.` has already."""
    return text.rstrip(".") + "."


def _choices(rng: np.random.Generator, answer: str, options: tuple[str, ...]) -> tuple[str, ...]:
    """Half of the questions with options are multiple choice: the answer and up to three others."""
    if not options or chance(rng, 0.5):
        return ()
    others = [o for o in shuffled(rng, list(dict.fromkeys(options))) if o != answer]
    return tuple(shuffled(rng, [answer, *others[: _OPTIONS - 1]]))
