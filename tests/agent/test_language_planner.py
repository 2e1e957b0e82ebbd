"""The embedded planner in a real agent: what a reply does there. The model's place is taken by a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.agent.doubles import Blobs, Cropper, Faulty, Page, Toolish, canvas, raise_

from sightline.agent import Agent, Request
from sightline.agent.language_planner import MOST_EVIDENCE, LanguagePlanner, situation_of
from sightline.agent.planners import Plan
from sightline.images import ImageStore, Picture, load_image
from sightline.planning.choices import Steps, pieces
from sightline.planning.decode import Decided, OutOfTime
from sightline.planning.grammar import Reply, written
from sightline.tools.base import Tool
from sightline.types import Answer, Box, Detection, Detections, Evidence, ToolCall, ToolResult
from sightline.types.overview import Overview

REDS = canvas(("red", 10, 5), ("red", 100, 40), ("blue", 150, 70))
ALL = 'detect(query="red squares")'


class Look(Toolish):
    name = "look"

    def __call__(self, picture: Picture) -> Overview:
        """Looks at the picture as a whole."""
        frame = picture.frame
        whole = Box(x1=0, y1=0, x2=frame.width, y2=frame.height, frame=frame)
        return Overview(region=whole, medium="drawing")


class Either(Toolish):
    """Finds one square that is certain of each of two colors, or one that is not certain at all."""

    name = "detect"

    def __init__(self, *, sure: bool) -> None:
        self.sure = sure

    def __call__(self, picture: Picture, query: str) -> Detections:
        """Finds objects."""
        found = tuple(
            Detection(
                label="square",
                score=0.5,
                box=Box(x1=x, y1=5, x2=x + 20, y2=25, frame=picture.frame),
                attributes={"color": color},
            )
            for x, color in ((10, "red"), (50, "blue"))
        )
        return (
            Detections(query=query, items=found)
            if self.sure
            else Detections(query=query, perhaps=found[:1], score=0.5)
        )


class Script:
    """Stands where the decoder stands: says its replies, held to the grammar as a model's are."""

    def __init__(self, *replies: str | Exception) -> None:
        self._replies = list(replies)
        self.prompts: list[str] = []
        self.deadlines: list[float | None] = []

    def decide(
        self, prompt: Sequence[str], steps: Steps[Reply], *, deadline: float | None = None
    ) -> Decided[Reply]:
        self.prompts.append("".join(prompt))
        self.deadlines.append(deadline)
        said = self._replies.pop(0)
        if isinstance(said, Exception):
            raise said
        _, value = pieces(written(said), steps)
        return Decided(value, said, 0.5, 9)


def run(
    *replies: str | Exception,
    question: str = "How many red squares are there?",
    tools: dict[str, Tool] | None = None,
    **kwargs: Any,
) -> tuple[Answer, Script]:
    script = Script(*replies)
    planner = LanguagePlanner(script, "feedfacefeedface")  # type: ignore[arg-type] # has what is used of it
    offered = {"look": Look(), **(tools or {"detect": Blobs()})}
    return Agent(planner, tools=offered, **kwargs).run(REDS, question), script


def test_it_looks_first_and_answers_from_what_was_found() -> None:
    answer, script = run(f"number: {ALL}", "number: count of e2")
    assert [(e.id, e.call.name) for e in answer.evidence] == [("e1", "look"), ("e2", "detect")]
    assert (answer.status, answer.text, answer.value, answer.cites) == ("answered", "2", 2, ("e2",))
    assert [(b.x1, b.y1) for b in answer.boxes] == [(10, 5), (100, 40)]
    assert answer.confidence == pytest.approx(0.5 * 0.5 * 0.9)
    assert answer.usage.tokens == 18
    assert "e1 look() ok: " in script.prompts[0]
    assert "e2 detect(query=red squares) ok: 2 found" in script.prompts[1]
    assert script.prompts[1].index("e2 detect") < script.prompts[1].index("How many red squares")


def test_where_nothing_looks_it_asks_at_once() -> None:
    script = Script(f"number: {ALL}", "number: count of e1")
    planner = LanguagePlanner(script)  # type: ignore[arg-type] # has what is used of it
    answer = Agent(planner, tools={"detect": Blobs()}).run(REDS, "How many red squares are there?")
    assert (answer.text, answer.cites) == ("2", ("e1",))


def test_the_kind_of_the_answer_is_kept_through_the_rounds() -> None:
    answer, _ = run(f"number: {ALL}", 'number: detect(query="squares")', "number: count of e2")
    assert answer.text == "2"
    answer, _ = run(f"number: {ALL}", "text: count of e2")
    assert answer.status == "failed"
    assert "begins with none of 1: 'number:'" in answer.message


def test_a_box_of_a_finding_reaches_the_tool() -> None:
    store = ImageStore()
    for number, corner in ((1, (10, 5)), (2, (100, 40))):
        answer, _ = run(
            f"number: {ALL}",
            f"number: crop(region=e2.{number})",
            "number: cannot tell: no tool",
            tools={"detect": Blobs(), "crop": Cropper(store)},
            store=store,
        )
        crop = answer.evidence[2]
        assert (crop.call.arguments, crop.result.status) == ({"region": f"e2.{number}"}, "ok")
        (region,) = [crop.result.payload.region]  # type: ignore[union-attr] # a Crop
        assert (region.x1, region.y1, region.x2, region.y2) == (*corner, corner[0] + 20, corner[1] + 20)


def test_several_boxes_reach_the_tool_in_their_order() -> None:
    seen: list[list[float]] = []

    class Measure(Toolish):
        name = "measure"

        def __call__(self, regions: tuple[Box, ...]) -> ToolResult:
            """Measures."""
            seen.append([box.x1 for box in regions])
            return ToolResult(status="empty")

    run(
        f"number: {ALL}",
        "number: measure(regions=[e2.2, e2.1]); measure(regions=[e2])",
        "number: cannot tell: not there",
        tools={"detect": Blobs(), "measure": Measure()},
    )
    assert sorted(seen) == [[10, 100], [100, 10]]


def test_what_fits_several_things_cannot_be_told() -> None:
    answer, _ = run(
        'color: detect(query="square")',
        "color: color of e2",
        question="What color is the square?",
        tools={"detect": Either(sure=True)},
    )
    assert (answer.status, answer.text, answer.confidence) == ("cannot_tell", "cannot tell", 0.5 * 0.5)
    assert answer.message == "the question fits several things"
    assert answer.boxes == ()


def test_what_is_not_resolved_cannot_be_told_and_says_why() -> None:
    class Plain(Either):
        def __call__(self, picture: Picture, query: str) -> Detections:
            """Finds objects."""
            found = super().__call__(picture, query)
            bare = tuple(one.model_copy(update={"attributes": {}}) for one in found.items)
            return found.model_copy(update={"items": bare})

    answer, _ = run(
        'color: detect(query="square")',
        "color: color of e2",
        question="What color is the square?",
        tools={"detect": Plain(sure=True)},
    )
    assert (answer.status, answer.message) == ("cannot_tell", "its color could not be told")


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("not there", "looked for and is not there"),
        ("ambiguous", "fits several things"),
        ("no tool", "no tool can tell"),
        ("not about the picture", "no question about the picture"),
    ],
)
def test_a_reason_is_told_in_words(reason: str, said: str) -> None:
    answer, _ = run(f"number: cannot tell: {reason}")
    assert answer.status == "cannot_tell"
    assert said in answer.message


def test_failures_are_told_with_their_own_reasons() -> None:
    answer, script = run(
        "number: broken()",
        "number: cannot tell: failed",
        tools={"broken": Faulty("broken", raise_), "detect": Blobs()},
    )
    assert answer.status == "cannot_tell"
    assert answer.message.startswith("the calls that could tell have failed; broken: ")
    assert "the lens fell off" in answer.message
    assert "e2 broken() error" in script.prompts[1]


def test_a_deadline_ends_the_run_with_its_reason() -> None:
    answer, script = run(f"number: {ALL}", OutOfTime())
    assert (answer.status, answer.text, answer.confidence) == ("budget_exhausted", "cannot tell", 0.0)
    assert "is spent" in answer.message
    assert [e.id for e in answer.evidence] == ["e1", "e2"]
    assert all(one is not None for one in script.deadlines)


def test_a_typed_value_goes_with_the_text() -> None:
    answer, _ = run(f"yes/no: {ALL}", "yes/no: exists in e2", question="Is there a red squares sign in it?")
    assert (answer.text, answer.value) == ("yes", True)


def test_a_quotation_stands_on_its_spans() -> None:
    answer, _ = run(
        "money: read_text()",
        "money: quote of e2: RM 45.00",
        question="What is the total?",
        tools={"read_text": Page(("TOTAL", "RM 45.00"))},
    )
    assert (answer.status, answer.text) == ("answered", "RM 45.00")
    assert [(b.x1, b.y1) for b in answer.boxes] == [(50, 0)]
    assert {c.name: c.passed for c in answer.checks} == {"kind": True, "cites": True, "quotation": True}


def test_a_quotation_over_two_rows_passes() -> None:
    answer, _ = run(
        "text: read_text()",
        "text: quote of e2: 12 High Street London",
        question="What is the address?",
        tools={"read_text": Page(("12 High Street",), ("London",))},
    )
    assert (answer.status, answer.text) == ("answered", "12 High Street London")


def test_a_quotation_over_two_spans_of_a_row_passes() -> None:
    answer, _ = run(
        "text: read_text()",
        "text: quote of e2: TOTAL RM 45.00",
        question="What does the last line say?",
        tools={"read_text": Page(("TOTAL", "RM 45.00"))},
    )
    assert (answer.status, answer.text) == ("answered", "TOTAL RM 45.00")


def test_what_is_there_perhaps_is_there() -> None:
    answer, _ = run(
        'yes/no: detect(query="square")',
        "yes/no: exists in e2",
        question="Is there a square?",
        tools={"detect": Either(sure=False)},
    )
    assert (answer.status, answer.text) == ("answered", "yes")


def test_a_call_that_was_made_before_is_refused_and_the_next_round_must_answer() -> None:
    answer, script = run(f"number: {ALL}", f"number: {ALL}", "number: count of e2")
    assert [e.result.status for e in answer.evidence] == ["ok", "ok", "refused"]
    assert answer.text == "2"
    assert "e3" not in script.prompts[2]


def evidence(number: int, name: str, status: str = "ok") -> Evidence:
    result = ToolResult.model_validate({"status": status, "message": "why"})
    return Evidence(id=f"e{number}", step=0, call=ToolCall(name=name), result=result)


def request(*found: Evidence, **told: Any) -> Request:
    return Request(
        question="How many?", pictures=(load_image(REDS),), tools=(Look(), Blobs()), evidence=found, **told
    )


def test_of_many_calls_the_overview_and_the_last_are_shown() -> None:
    many = [evidence(n, "look" if n == 1 else "detect", "error") for n in range(1, 20)]
    many[17] = evidence(18, "detect", "refused")
    shown = [one.id for one in situation_of(request(*many)).evidence]
    assert shown == ["e1", *(f"e{n}" for n in range(10, 18)), "e19"]
    assert len(shown) == MOST_EVIDENCE


def test_it_looks_once_and_not_where_it_must_answer() -> None:
    planner = LanguagePlanner(Script("number: cannot tell: failed"))  # type: ignore[arg-type]
    assert planner.plan(request()).calls == (ToolCall(name="look"),)
    assert planner.plan(request(must_answer=True)).answer == "cannot tell"
    again = LanguagePlanner(Script("number: cannot tell: failed"))  # type: ignore[arg-type]
    assert again.plan(request(evidence(1, "look", "error"))).answer == "cannot tell"


def test_a_plan_out_of_time_says_so() -> None:
    said = LanguagePlanner(Script(OutOfTime())).plan(  # type: ignore[arg-type]
        request(evidence(1, "look", "error"), kind="number")
    )
    assert said == Plan(kind="number", answer="cannot tell", reason="out of time", confidence=0.0)
