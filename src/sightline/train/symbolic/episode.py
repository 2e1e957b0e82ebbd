"""What an episode is: evidence that questions share, and for each round of each the right reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.tools.query import Book
from sightline.tools.relations import source_of
from sightline.tools.sql_engine import answer, look
from sightline.types import ChartData, Detections, Evidence, Fields, Table, ToolResult

QUERY_SECONDS = 5.0
"""A query over a generated state takes milliseconds: one that takes longer is a fault of its generator."""


@dataclass(frozen=True, kw_only=True)
class Branch:
    """One round of one question.

    Args:
        question: as a user asks it.
        reply: what the planner should say, in the language of `planning.grammar`.
        task: a name under which its accuracy is logged.
        evidence: finished calls that follow those of the episode.
    """

    question: str
    reply: str
    task: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Episode:
    """Rounds of questions about one picture.

    Args:
        needs: names of the tools that must be offered.
        evidence: finished calls that all branches share; e1 is the overview.
        branches: the rounds.
    """

    needs: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    branches: tuple[Branch, ...]


def run_query(sql: str, evidence: Sequence[Evidence]) -> ToolResult:
    """What the tool `query` returns where its readers find what `evidence` holds.

    A relation that no evidence holds is unsupported, as it is where the readers find nothing.
    """
    looked = look(sql)
    if looked.status != "ok":
        return ToolResult(status="error", message=looked.message, tool="query")
    found = [e.result.payload for e in evidence if e.result.status == "ok"]
    sources = [source_of(p) for p in found if isinstance(p, Table | ChartData | Fields | Detections)]
    named = {rows.name for source in sources for rows in source.relations}
    if missing := [name for name in looked.reads if name not in named]:
        return ToolResult(status="unsupported", message=f"no {missing[0]} in the picture", tool="query")
    book = Book.of(sources)
    reply = answer(sql, book.relations, seconds=QUERY_SECONDS)
    if reply.status != "ok":
        return ToolResult(status="error", message=reply.message, tool="query")
    relation = book.cited(reply)
    return ToolResult(status="empty" if relation.is_empty else "ok", payload=relation, tool="query")
