"""What a data set holds and what is wrong with it, before a night is spent on it.

sightline train check llava_instruct.json --images coco/train2017
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sightline.train.data.faults import Tally
from sightline.train.data.readers import Source, read_rows

Count = Callable[[str], int]
"""Tokens of a text."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What would be trained on, and the faults.

    Args:
        tally: rows and faults.
        images: that the rows show, each time it is shown.
        turns: of all rows, the replies of preferences counted.
        tokens: of all that is said, as our tokenizer counts it; those of images are not among them.
        reply_tokens: those of them that have a loss.
    """

    tally: Tally
    images: int
    turns: int
    tokens: int
    reply_tokens: int

    def lines(self) -> list[str]:
        """The report in words, a line each."""
        return [
            f"{self.tally.rows:>10,} rows to train on",
            f"{self.images:>10,} images",
            f"{self.turns:>10,} turns",
            f"{self.tokens:>10,} tokens of text, {self.reply_tokens:,} of them in replies",
            *self.tally.lines(),
        ]


def check(source: Source, count: Count) -> Report:
    """Read everything once. `count` says how many tokens a text has."""
    tally = Tally(on_fault="skip")
    images = turns = tokens = reply_tokens = 0
    for row in read_rows(source, tally):
        images += len(row.images)
        turns += len(row.turns) + 2 * row.is_pair
        said = sum(map(count, row.replies))
        asked = (turn.text for turn in row.turns if row.is_pair or turn.role == "user")
        reply_tokens += said
        tokens += said + sum(map(count, (*asked, row.system, *row.notes)))
    return Report(tally=tally, images=images, turns=turns, tokens=tokens, reply_tokens=reply_tokens)
