"""count(query): how many there are, by the detector, with the boxes that were counted.

A count is as sure as its weakest box. Where some boxes are doubtful, the facts say so: how many at least,
and how many at most. A query that compares, such as `more dogs than cats`, is counted twice, and one fact
says whether it is so.
"""

from __future__ import annotations

import re
from collections import Counter as Tally
from collections.abc import Callable
from operator import eq, gt, lt
from typing import Any

from sightline.tools.base import Phrase, Picture, Tool
from sightline.tools.guard import use
from sightline.types import Detection, Detections, Fact, Facts, ToolResult

SURE_FROM = 0.6
"""Detections of a lower score are doubtful."""

TWICE_FROM = 0.6
"""Intersection over union from which two boxes may be one thing that was found twice."""


_OTHER = r"(?:the number of |that of )?(?:the )?(.+)"
_COMPARED: tuple[tuple[re.Pattern[str], str, Callable[[int, int], bool]], ...] = tuple(
    (re.compile(rf"\W*(?:{'|'.join(patterns)})", re.IGNORECASE | re.DOTALL), said, holds)
    for said, holds, patterns in (
        (
            "more {} than {}",
            gt,
            (
                r"(?:more|(?:a )?(?:larger|greater|higher|bigger) number of) (.+?) than (.+)",
                rf"(?:the )?number of (.+?) (?:is )?(?:larger|greater|higher|bigger) than {_OTHER}",
                r"(.+?) (?:that |which )?outnumber (?:the )?(.+)",
            ),
        ),
        (
            "fewer {} than {}",
            lt,
            (
                r"(?:fewer|less|(?:a )?(?:smaller|lower) number of) (.+?) than (.+)",
                rf"(?:the )?number of (.+?) (?:is )?(?:smaller|lower) than {_OTHER}",
            ),
        ),
        (
            "as many {} as {}",
            eq,
            (
                r"(?:just |exactly )?as many (.+?) as (.+)",
                r"(?:the same|an equal|equal) number of (.+?) (?:as|and) (.+)",
                r"equally many (.+?) (?:as|and) (.+)",
                rf"(?:the )?number of (.+?) (?:is )?(?:the same as|equal to) {_OTHER}",
            ),
        ),
    )
)
"""How a fact says that two numbers compare, what holds then, and the queries that mean it."""


class Counter(Tool):
    """The tool `count`. Its process and its weights are the detector's."""

    name = "count"

    def __init__(self, detector: Tool, *, sure_from: float = SURE_FROM) -> None:
        """Count with `detector`, which takes a `query`; below `sure_from`, 0..1, its boxes are doubtful."""
        self._detector = detector
        self._sure_from = sure_from

    @property
    def version(self) -> str:
        """The detector's, and the score from which a box is sure."""
        return f"{self._detector.version}, sure from {self._sure_from:g}"

    @property
    def weights(self) -> str:
        """The detector's."""
        return self._detector.weights

    def covers(self) -> str:
        """What the detector covers."""
        return f"counts by the detector, which {self._detector.covers()}"

    def __call__(self, picture: Picture, query: Phrase) -> ToolResult:
        """Counts objects, or compares how many there are of two kinds.

        Args:
            query: what to count, such as: small red circles; or: more circles than squares
        """
        if two := compared(query):
            one, other = (use(self._detector, picture, Detections, query=phrase) for phrase in two)
            return ToolResult(status="ok", payload=comparison(query, one, other))
        found = use(self._detector, picture, Detections, query=query)
        facts = Facts(items=counts(found.items, self._sure_from), partial=found.partial, score=found.score)
        return ToolResult(status="ok" if found.items else "empty", payload=facts)

    def warm(self) -> None:
        """Load the detector. Raises as it does."""
        self._detector.warm()

    def close(self) -> None:
        """Close the detector; a later call of either sets up again."""
        self._detector.close()


def compared(query: str) -> tuple[str, str] | None:
    """The two kinds of things whose numbers a query compares; None where it compares none."""
    for pattern, _, _ in _COMPARED:
        if found := pattern.fullmatch(query.strip()):
            one, other = filter(None, found.groups())
            return one, other
    return None


def comparison(query: str, one: Detections, other: Detections) -> Facts:
    """Whether the numbers of two kinds of things are as a query says. It must compare (see `compared`)."""
    two = compared(query)
    assert two is not None
    said, holds = next((said, holds) for p, said, holds in _COMPARED if p.fullmatch(query.strip()))
    n, m = len(one.items), len(other.items)
    name = said.format(f"{two[0]} ({n})", f"{two[1]} ({m})")
    boxes = dict.fromkeys(d.box for d in (*one.items, *other.items))
    scores = [score for score in (one.score, other.score) if score is not None]
    return Facts(
        items=(Fact(name=name, value=holds(n, m), of=tuple(boxes)),),
        partial="; ".join(dict.fromkeys(filter(None, (one.partial, other.partial)))),
        score=min(scores) if len(scores) == 2 else None,
    )


def counts(found: tuple[Detection, ...], sure_from: float) -> tuple[Fact, ...]:
    """The count with its boxes; `at least` and `at most` where some are doubtful; then a count a label."""
    boxes = tuple(d.box for d in found)
    facts = [Fact(name="count", value=len(found), of=boxes)]
    doubtful = [d for n, d in enumerate(found) if d.score < sure_from or _twice(d, found[:n])]
    if doubtful:
        of = tuple(d.box for d in doubtful)
        facts.append(Fact(name="count, at least", value=len(found) - len(doubtful), of=()))
        facts.append(Fact(name="count, at most", value=len(found), of=()))
        facts.append(
            Fact(name="doubtful", value=", ".join(f"{d.name()} {d.score:.0%}" for d in doubtful), of=of)
        )
    labels = Tally(d.label for d in found)
    if len(labels) > 1:
        for label, number in sorted(labels.items(), key=lambda item: (-item[1], item[0])):
            facts.append(Fact(name=f"count of {label}", value=number, of=_of(found, label)))
    return tuple(facts)


def _of(found: tuple[Detection, ...], label: str) -> tuple[Any, ...]:
    return tuple(d.box for d in found if d.label == label)


def _twice(one: Detection, better: tuple[Detection, ...]) -> bool:
    """Whether a better detection has nearly the same box."""
    return any(one.box.iou(other.box) >= TWICE_FROM for other in better)
