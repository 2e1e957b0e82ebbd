"""What a shape of a query is, and the words of a question that ask for its kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time
from functools import cache

Value = bool | float | int | str | date | time

MOST_VALUES = 30
"""Of a list that may be an answer."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A query: its kind, its SQL, the values that it gives, and how its rows are chosen.

    The values are worked out here, in Python, since thousands of shapes are tried; that SQL gives them too is
    checked by whoever counts one.
    """

    kind: str
    sql: str
    values: tuple[Value, ...]
    rows: str = "all"


def asks_for(text: str, shape: Shape) -> bool:
    """Whether a word of a question asks for what a shape does, and for the rows that it takes."""
    kind = shape.kind.removeprefix("cells ").removeprefix("columns ")
    return _asked(text, kind) and _asked(text, f"rows {shape.rows}")


@cache
def _asked(text: str, kind: str) -> bool:
    return kind not in CUES or bool(re.search(CUES[kind], text, re.IGNORECASE))


_MANY = r"how (?:many|often|much)|number|count|total|times|amount|sum|all\b|combined|together"
_SUPERLATIVE = (
    r"\b\w{2,}est\b|\bmost\b|\bleast\b|best|worst|max|min\b|minimum|\btop\b|bottom|lead|peak|record"
)
_COMPARATIVE = r"\b\w{2,}er\b|\bmore\b|\bless\b|than|better|worse|further|farther"
_ENDS = (
    r"first|last|earliest|latest|oldest|newest|start|begin|began|\bend|"
    r"\btop\b|bottom|final|recent|initial|win|won"
)
_EXTREME = rf"{_SUPERLATIVE}|{_ENDS}|{_COMPARATIVE}"
_BESIDE = (
    r"next|previous|before|after|follow|preced|above|below|prior|earlier|later|second|third|\d(?:nd|rd|th)"
)
_BETWEEN = (
    r"differ|more|less|fewer|than|between|change|apart|gap|margin|"
    r"long|after|later|older|increase|decrease|took"
)
_PART = r"fraction|percent|%|share|proportion|probability|portion|chance|ratio|part"

CUES = {
    "count": _MANY,
    "count distinct": rf"{_MANY}|different|distinct|unique",
    "sum": rf"{_MANY}|need|cost|spend|spent|pay|overall|altogether|earn",
    "mean": r"mean|average",
    "avg": r"mean|average",
    "median": r"median|middle",
    "mode": r"mode\b|common|often|frequent",
    "range": r"range|differ|between|gap|span|from",
    "extreme": _EXTREME,
    "max": _EXTREME,
    "min": _EXTREME,
    "at max": _EXTREME,
    "at min": _EXTREME,
    "at second max": _BESIDE,
    "at second min": _BESIDE,
    "at two max": rf"{_SUPERLATIVE}|two|both",
    "at two min": rf"{_SUPERLATIVE}|two|both",
    "first": _ENDS,
    "last": _ENDS,
    "difference": _BETWEEN,
    "at difference": rf"{_SUPERLATIVE}|{_COMPARATIVE}|{_BETWEEN}",
    "ratio": rf"{_PART}|times|per\b|rate|average",
    "weighted": _MANY,
    "rate": r"\beach\b|\bevery\b|\bper\b",
    "minutes": r"long|minutes|hours|time|when",
    "rest": r"left|remain|rest\b|change|after|other than|differ|more|less|need|without|long|ago",
    "times": r"how much|cost|spend|spent|pay|total|price",
    "part": rf"{_PART}|each|per\b|average",
    "enough": r"enough|afford|can\b|could",
    "whether": (
        r"^(?:is|are|was|were|do|does|did|has|have|had|can|could)\b|"
        r"[.,?] (?:is|are|was|were|do|does|did|has|have)\b"
    ),
    "whether more": (
        r"^(?:is|are|was|were|do|does|did|has|have|had|can|could)\b|"
        r"[.,?] (?:is|are|was|were|do|does|did|has)\b"
    ),
    "share": _PART,
    "rate of change": r"\brate\b|per\b",
    "sum of two": rf"{_MANY}|and\b",
    "mean of two": r"mean|average",
    "percent change": r"percent|%|rate|change|increase|decrease|gr[eo]w|drop|fell|rose",
    "days between": rf"{_BETWEEN}|day",
    "years between": rf"{_BETWEEN}|year",
    "months between": rf"{_BETWEEN}|month",
    "minutes between": rf"{_BETWEEN}|minute|hour|time",
    "rows between": r"between|from|but|and\b|to\b",
    "group": rf"{_SUPERLATIVE}|{_COMPARATIVE}|often|common|times|only",
    "so often": r"once|twice|times|multiple|same|at least|more than|only|repeat|both|several",
    "several": r"\d",
    "function": r"function",
    "linear": r"linear",
    "market": r"shortage|surplus",
    "beside": rf"{_BESIDE}|miss|wait|until",
    "across": r"when|time|which|what|how long",
    "rows or": r"\band\b|\bor\b|,|both|combined",
    "rows next": _BESIDE,
    "rows previous": _BESIDE,
    "rows same": r"same|other|also|besides|equal|as\b|another|too\b|tied?",
    "rows more": _COMPARATIVE + "|above|over|exceed|before|after",
    "rows less": _COMPARATIVE + "|below|under|before|after",
    "rows until": rf"{_BESIDE}|until|remain",
    "rows since": rf"{_BESIDE}|since|remain",
    "rows not": r"\bnot\b|other|except|besides|without|never|n't|exclud|\bno\b|only",
}
"""Words that ask for a shape, by its kind, and for a way to choose rows (`rows` before it).

What is not here (a cell, a list, rows that are named) is asked for by any question.
"""
