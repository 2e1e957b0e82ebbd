"""What the planner decides on: the question, the tools and the evidence, and its text for the language model.

    <|im_start|>system     a line for each tool
    <|im_start|>tool       e1 look() ok: photo 640x480; objects: ...      one turn for each finished call
    <|im_start|>user       the question
    <|im_start|>assistant  number: detect(query=" dogs")

What is shared comes first: tools, then evidence, then the question, so that many questions on one picture,
and the rounds of one question, share what the model has read. Text is data: no text, wherever it comes from,
is encoded into one of the marks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sightline.planning.choices import END, Mark
from sightline.planning.tool_spec import ToolSpec
from sightline.tools.relations import Rows, quoted, source_of
from sightline.types import ChartData, Detections, Evidence, Table, TextLines
from sightline.types.geometry import Box, fit_lines
from sightline.types.overview import Overview

START, STOP = Mark("<|im_start|>"), END
MARKS = (START, STOP)

BUDGET = 900
"""Characters of one finished call: some 350 tokens, two seconds of reading on one core."""

GLANCE = 400
"""Of one that lists objects or takes in the picture as a whole: how many there are stands at its head."""

ANSWER_KINDS = (
    "number",
    "yes/no",
    "name",
    "text",
    "date",
    "money",
    "list",
    "place",
    "color",
    "description",
)
"""What a question may expect."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """A question in the middle of its run.

    Args:
        question: as the user asked it.
        tools: that are offered.
        evidence: finished calls, in their order.
        kind: of the answer, where an earlier round has said it.
        must_answer: no more calls.
    """

    question: str
    tools: tuple[ToolSpec, ...]
    evidence: tuple[Evidence, ...] = ()
    kind: str = ""
    must_answer: bool = False


def prompt_parts(situation: Situation) -> list[str]:
    """The prompt as pieces, marks and texts in turn; each is encoded by itself."""
    return [
        *tools_parts(situation.tools),
        *evidence_parts(situation.evidence),
        *question_parts(situation.question),
    ]


def tools_parts(tools: Sequence[ToolSpec]) -> list[str]:
    """The turn of the system: a line for each tool."""
    return _turn("system", "\n".join(tool.to_text() for tool in tools))


def evidence_parts(evidence: Sequence[Evidence]) -> list[str]:
    """A turn for each finished call."""
    return [part for one in evidence for part in _turn("tool", evidence_text(one))]


def question_parts(question: str) -> list[str]:
    """The user's turn, and the head of the planner's."""
    return [*_turn("user", question), START, "assistant\n"]


def _turn(role: str, text: str) -> list[str]:
    return [START, f"{role}\n", str(text), STOP, "\n"]


def evidence_text(evidence: Evidence, budget: int = BUDGET) -> str:
    """`e2 detect(query=dogs) ok: 2 found ...`; tables and charts as columns with their types, then rows."""
    told = ", ".join(f"{name}={value}" for name, value in evidence.call.arguments.items())
    head = f"{evidence.id} {evidence.call.name}({told}) "
    payload, rest = evidence.result.payload, max(budget - len(head), 80)
    if isinstance(payload, Detections | Overview):
        rest = min(rest, GLANCE)
    if isinstance(payload, Table | ChartData) and evidence.result.status == "ok":
        return head + _relation_text(payload, rest)
    place = _percent if isinstance(payload, Detections) else None
    if isinstance(payload, TextLines):
        return head + evidence.result.to_text(rest)
    return head + evidence.result.to_text(rest, place=place)


def _percent(box: Box) -> str:
    """A box's middle in percent of its frame."""
    x, y = box.center
    return f"at {100 * x / box.frame.width:.0f},{100 * y / box.frame.height:.0f}"


def _relation_text(payload: Table | ChartData, budget: int) -> str:
    wide, *others = source_of(payload).relations
    lines = [schema_text_of(one) for one in (wide, *others) if one.name in (wide.name, "leaves")]
    if payload.title:
        lines.insert(0, f"title: {payload.title}")
    if isinstance(payload, ChartData):
        lines.insert(0, f"{payload.chart}, {payload.confidence:.0%} sure")
        if payload.colors:
            lines.append("colors: " + ", ".join(f"{name} {color}" for name, color in payload.colors.items()))
    if payload.partial:
        lines.append(f"not seen: {payload.partial}")
    own = [n for n, column in enumerate(wide.columns) if column.name != "row_no"]
    rows = [" | ".join(row[n].text for n in own) for row in wide.rows]
    return "ok: " + fit_lines([*lines, f"{len(rows)} rows", *rows], budget, tail=1)


def schema_text_of(rows: Rows) -> str:
    """A relation and its columns, named as in SQL: `"table": "Team", "Points" number, "Pay" number $`."""
    told = [
        quoted(c.name) + _KINDS[c.kind] + (f" {c.unit}" if c.unit else "")
        for c in rows.columns
        if c.name != "row_no"
    ]
    return f"{quoted(rows.name)}: {', '.join(told)}"


_KINDS = {"number": " number", "integer": " number", "text": "", "day": " day", "time": " time"}
