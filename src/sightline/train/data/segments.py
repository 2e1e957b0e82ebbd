"""Two replies as the pieces that they share and those that differ, the way RLHF-V's corrections stand.

Yu et al. 2024 (RLHF-V), and its code: pieces are words, and what stands in both is a longest matching block.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

SHORTEST_BLOCK = 3
"""Words. A shorter run that happens to stand in both replies counts as changed, as in RLHF-V's code."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A piece of a reply as it was said and as it should have been; equal where nothing is wrong."""

    rejected: str
    chosen: str

    @property
    def changed(self) -> bool:
        """Whether it was corrected."""
        return self.rejected != self.chosen


def join(segments: Sequence[Segment]) -> tuple[str, str]:
    """(chosen, rejected): each side's pieces as one text, nothing put between them."""
    return "".join(s.chosen for s in segments), "".join(s.rejected for s in segments)


def split(chosen: str, rejected: str) -> tuple[Segment, ...]:
    """The pieces of two replies: `join(split(c, r)) == (c, r)`."""
    ours, theirs = _words(chosen), _words(rejected)
    found = SequenceMatcher(None, theirs, ours, autojunk=False).get_matching_blocks()
    blocks = [b for b in found if b.size >= SHORTEST_BLOCK or b.size == 0]
    segments: list[Segment] = []
    at_theirs = at_ours = 0
    for block in blocks:
        segments.append(
            Segment(rejected="".join(theirs[at_theirs : block.a]), chosen="".join(ours[at_ours : block.b]))
        )
        same = "".join(theirs[block.a : block.a + block.size])
        segments.append(Segment(rejected=same, chosen=same))
        at_theirs, at_ours = block.a + block.size, block.b + block.size
    return tuple(s for s in segments if s.rejected or s.chosen)


def _words(text: str) -> list[str]:
    """Words, each with the space before it; together they are the text."""
    return re.findall(r"\s*\S+|\s+\Z", text)
