"""How our model is asked, and how its replies become plans."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.agent.doubles import Blobs, Toolish, canvas

from sightline.agent.planners import MLLMPlanner, Plan, Request, ScriptedPlanner, bins, notes, tool_spec
from sightline.images import load_image
from sightline.mllm.chat import Call, Note, Reply, ToolSpec
from sightline.types import (
    Box,
    Crop,
    Detection,
    Detections,
    Evidence,
    Frame,
    TextLines,
    TextSpan,
    ToolCall,
    ToolResult,
)

PICTURE = load_image(canvas(("red", 10, 5)))
FRAME = PICTURE.frame


class Asked:
    """Stands where the model stands: keeps the prompt's parts and gives a fixed reply."""

    weights = "feedfacefeedface"

    def __init__(self, reply: Reply, confidence: float = 0.75) -> None:
        self.reply_, self.confidence, self.asked = reply, confidence, {}

    def reply(self, **asked: Any) -> SimpleNamespace:
        self.asked: dict[str, Any] = asked
        return SimpleNamespace(reply=self.reply_, confidence=self.confidence, tokens=11)


def found(number: int, result: ToolResult, **arguments: str) -> Evidence:
    return Evidence(id=f"e{number}", step=0, call=ToolCall(name="detect", arguments=arguments), result=result)


def circle(x1: float, y1: float, x2: float, y2: float, frame: Frame = FRAME) -> Detections:
    box = Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=frame)
    return Detections(
        query="q", items=(Detection(label="circle", score=0.97, box=box, attributes={"color": "red"}),)
    )


def ask(reply: Reply, evidence: Sequence[Evidence] = (), **request: Any) -> tuple[Plan, dict[str, Any]]:
    model = Asked(reply)
    planner = MLLMPlanner(model)  # type: ignore[arg-type] # has what the planner uses of a Reasoner
    plan = planner.plan(
        Request(
            question="How many?", pictures=(PICTURE,), tools=(Blobs(),), evidence=tuple(evidence), **request
        )
    )
    return plan, model.asked


def test_calls_come_back_as_calls() -> None:
    plan, asked = ask(Reply(thought="look", calls=(Call(name="detect", args=(("query", "red circles"),)),)))
    assert plan.calls == (ToolCall(name="detect", arguments={"query": "red circles"}),)
    assert (plan.thought, plan.answer, plan.confidence, plan.tokens) == ("look", None, 0.75, 11)
    assert asked["question"] == "How many?"
    assert asked["must_answer"] is False
    assert np.array_equal(asked["images"][0], PICTURE.pixels)
    assert asked["tools"] == [
        ToolSpec(name="detect", params=(("query", "text"),), doc="finds objects and where they are")
    ]


def test_an_answer_comes_back_with_its_cites() -> None:
    plan, _ = ask(Reply(answer="2", quote=True, cites=("e1",)))
    assert (plan.answer, plan.quote, plan.cites, plan.calls) == ("2", True, ("e1",), ())


def test_arguments_that_may_be_left_out_are_not_shown() -> None:
    class Reader(Toolish):
        name = "read_text"

        def __call__(self, region: Box | None = None) -> None:
            """Reads the words."""

    spec = tool_spec(Reader())
    assert (spec.params, spec.doc) == ((), "reads the words")


def test_places_are_bins_of_the_centre_in_the_original() -> None:
    result = ToolResult(status="ok", payload=circle(20, 10, 40, 30))
    _, asked = ask(Reply(answer="1"), [found(1, result, query="red circle")])
    assert asked["notes"] == [
        Note(
            id="e1",
            call=Call(name="detect", args=(("query", "red circle"),)),
            text="ok: 1 found\nred circle <15><20> 97%",
            places=True,
        )
    ]


def test_boxes_of_a_crop_are_placed_in_the_original() -> None:
    crop = Frame(image=FRAME.image, width=100, height=100, x0=100, y0=50, scale=2)
    assert bins(FRAME)(Box(x1=0, y1=0, x2=40, y2=40, frame=crop)) == "<55><60>"
    assert bins(FRAME)(Box(x1=200, y1=100, x2=200, y2=100, frame=FRAME)) == "<99><99>"


def test_text_is_shown_without_places_and_a_crop_with_them() -> None:
    span = TextSpan(text="12.50", score=1, box=Box(x1=0, y1=0, x2=1, y2=1, frame=FRAME))
    read = found(1, ToolResult(status="ok", payload=TextLines(rows=((span, span),))))
    crop = Crop(
        frame=Frame(image=FRAME.image, width=448, height=448, scale=4),
        image="0" * 64,
        region=Box(x1=0, y1=0, x2=100, y2=50, frame=FRAME),
    )
    shown = notes([read, found(2, ToolResult(status="ok", payload=crop))], FRAME)
    assert [(n.text, n.places) for n in shown] == [
        ("ok: 12.50 | 12.50", False),
        ("ok: crop of <25><25>, 448x448 px", True),
    ]


def test_failures_are_shown_and_refused_calls_are_not() -> None:
    failed = found(1, ToolResult(status="unsupported", message='no class for "dog"'))
    refused = found(2, ToolResult(status="refused", message="the same call as e1"))
    _, asked = ask(Reply(answer="cannot tell"), [failed, refused])
    assert [n.text for n in asked["notes"]] == ['unsupported: no class for "dog"']


def test_on_a_second_thought_only_the_cited_evidence_is_shown() -> None:
    both = [found(i, ToolResult(status="ok", payload=circle(0, 0, 1, 1)), query=str(i)) for i in (1, 2)]
    _, asked = ask(Reply(answer="1"), both, rejected=Plan(answer="7", cites=("e2",)), critique="count")
    assert [n.id for n in asked["notes"]] == ["e2"]
    _, asked = ask(Reply(answer="1"), both, rejected=Plan(answer="7", cites=()), critique="count")
    assert [n.id for n in asked["notes"]] == ["e1", "e2"]


def test_long_notes_share_the_room() -> None:
    span = TextSpan(text="x" * 50, score=1, box=Box(x1=0, y1=0, x2=1, y2=1, frame=FRAME))
    page = ToolResult(status="ok", payload=TextLines(rows=((span,),) * 100))
    shown = notes([found(1, page), found(2, page)], FRAME, budget=1000)
    assert all(len(n.text) <= 500 for n in shown)
    assert all("more" in n.text for n in shown)


@pytest.mark.parametrize("must_answer", [False, True])
def test_a_script_that_has_ended_cannot_tell(must_answer: bool) -> None:
    planner = ScriptedPlanner([Plan(calls=(ToolCall(name="detect"),))])
    request = Request(question="?", pictures=(PICTURE,), must_answer=must_answer)
    first = planner.plan(request)
    assert (first.answer is None) is not must_answer
    evidence = (found(1, ToolResult(status="empty")),)
    assert planner.plan(Request(question="?", pictures=(PICTURE,), evidence=evidence)).answer == "cannot tell"
