"""The graph's behaviour, with a scripted planner and small tools that look at real pixels."""

from __future__ import annotations

import json
import logging
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from tests.agent.doubles import Blobs, Cropper, CropReader, Faulty, Page, canvas, hang, meet, raise_

from sightline.agent import Agent, Budget, Plan, Request, ScriptedPlanner
from sightline.errors import ImageError, PathRefused, QuestionError, WeightsError
from sightline.images import ImageStore
from sightline.tools.draw import Drawer
from sightline.types import Answer, ToolCall, ToolResult

TWO_REDS = canvas(("red", 10, 5), ("red", 100, 40), ("blue", 150, 70))


def detect(query: str) -> ToolCall:
    return ToolCall(name="detect", arguments={"query": query})


class Recorder:
    """A planner that keeps what it was asked, and says what its script says."""

    weights = ""

    def __init__(self, *plans: Plan) -> None:
        self.requests: list[Request] = []
        self._plans = list(plans)

    def plan(self, request: Request) -> Plan:
        self.requests.append(request)
        return self._plans.pop(0)


def run(*plans: Plan, question: str = "How many red squares are there?", **kwargs: object) -> Answer:
    kwargs.setdefault("tools", {"detect": Blobs()})
    return Agent(ScriptedPlanner(plans), **kwargs).run(TWO_REDS, question)  # type: ignore[arg-type] # any keyword


def test_a_count_stands_on_the_boxes_that_the_tool_found() -> None:
    answer = run(
        Plan(thought="look", calls=(detect("red squares"),), tokens=7),
        Plan(answer="2", cites=("e1",), confidence=0.5, tokens=3),
    )
    assert (answer.status, answer.text, answer.value, answer.cites) == ("answered", "2", 2, ("e1",))
    assert [(b.x1, b.y1, b.x2, b.y2) for b in answer.boxes] == [(10, 5, 30, 25), (100, 40, 120, 60)]
    assert answer.confidence == pytest.approx(0.5 * 0.9)
    assert [(c.name, c.passed) for c in answer.checks] == [("cites", True), ("count", True)]
    assert [step.evidence for step in answer.trace] == [("e1",), ()]
    assert answer.trace[0].thought == "look"
    assert (answer.usage.steps, answer.usage.calls, answer.usage.tokens) == (2, 1, 10)
    assert answer.evidence[0].result.version == "test 1"
    assert answer.evidence[0].result.weights == "0123456789abcdef"


def test_calls_of_one_step_run_at_the_same_time_and_keep_their_order() -> None:
    together = threading.Barrier(3)
    tools = {name: Faulty(name, meet(together)) for name in ("a", "b", "c")}
    calls = tuple(ToolCall(name=name) for name in ("c", "a", "b"))
    answer = run(Plan(calls=calls), Plan(answer="no"), tools=tools)
    assert [(e.id, e.call.name, e.result.status) for e in answer.evidence] == [
        ("e1", "c", "empty"),
        ("e2", "a", "empty"),
        ("e3", "b", "empty"),
    ]


def test_a_tool_that_hangs_is_a_typed_timeout_and_the_run_goes_on() -> None:
    tools = {"slow": Faulty("slow", hang), "detect": Blobs()}
    plans = (Plan(calls=(ToolCall(name="slow"), detect("blue"))), Plan(answer="1", cites=("e2",)))
    answer = run(*plans, tools=tools, question="How many?", budget=Budget(per_tool_seconds=1.0))
    assert [e.result.status for e in answer.evidence] == ["timeout", "ok"]
    assert "1.0 s" in answer.evidence[0].result.message
    assert (answer.status, answer.value) == ("answered", 1)


def test_loading_does_not_count_as_the_time_of_a_call() -> None:
    class Slow(Blobs):
        loaded = False

        def warm(self) -> None:
            if not self.loaded:
                time.sleep(1.5)
            self.loaded = True

    plans = (Plan(calls=(detect("blue"),)), Plan(answer="1", cites=("e1",)))
    answer = run(*plans, tools={"detect": Slow()}, question="How many?", budget=Budget(per_tool_seconds=1.0))
    assert answer.evidence[0].result.status == "ok"


def test_a_tool_that_cannot_be_loaded_is_a_typed_error() -> None:
    class Gone(Blobs):
        def warm(self) -> None:
            raise WeightsError("its weights are missing")

    answer = run(Plan(calls=(detect("blue"),)), Plan(answer="cannot tell"), tools={"detect": Gone()})
    result = answer.evidence[0].result
    assert (result.status, result.message) == ("error", "its weights are missing")


def test_a_tool_that_hangs_while_it_loads_is_a_typed_timeout() -> None:
    class Stuck(Blobs):
        def warm(self) -> None:
            hang()

    plans = (Plan(calls=(detect("blue"),)), Plan(answer="cannot tell"))
    answer = run(*plans, tools={"detect": Stuck()}, budget=Budget(seconds=1.0))
    assert answer.evidence[0].result.status == "timeout"
    assert "not loaded, or busy" in answer.evidence[0].result.message


def test_a_tool_that_raises_is_a_typed_error_that_the_planner_sees(caplog: pytest.LogCaptureFixture) -> None:
    planner = Recorder(Plan(calls=(ToolCall(name="bad"),)), Plan(answer="cannot tell"))
    with caplog.at_level(logging.ERROR, logger="sightline"):
        answer = Agent(planner, {"bad": Faulty("bad", raise_)}).run(TWO_REDS, "What?")
    result = planner.requests[1].evidence[0].result
    assert (result.status, result.message) == ("error", "RuntimeError: the lens fell off")
    assert (answer.status, answer.value) == ("cannot_tell", None)
    assert "the lens fell off" in caplog.text


def test_unsupported_stays_unsupported() -> None:
    answer = run(Plan(calls=(detect("dogs"),)), Plan(answer="cannot tell"), question="Any dogs?")
    assert answer.evidence[0].result.status == "unsupported"
    assert answer.status == "cannot_tell"
    assert answer.boxes == ()


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (ToolCall(name="fly"), 'no tool "fly"; there are detect, crop'),
        (ToolCall(name="detect", arguments={"query": "red", "where": "left"}), "takes no argument where"),
        (ToolCall(name="detect"), "needs query"),
        (ToolCall(name="detect", arguments={"query": 3}), "query must be a text"),
        (ToolCall(name="crop", arguments={"region": "e9"}), "e9 holds no box"),
    ],
)
def test_a_call_that_cannot_be_run_is_refused_with_the_reason(call: ToolCall, reason: str) -> None:
    store = ImageStore()
    tools = {"detect": Blobs(), "crop": Cropper(store)}
    answer = run(Plan(calls=(call, detect("red"))), Plan(answer="2", cites=("e2",)), tools=tools, store=store)
    assert [e.result.status for e in answer.evidence] == ["refused", "ok"]
    assert reason in answer.evidence[0].result.message


def test_a_repeated_call_is_refused_and_then_the_planner_must_answer() -> None:
    planner = Recorder(
        Plan(calls=(detect("red squares"),)),
        Plan(calls=(detect(" Red  squares"),)),
        Plan(answer="2", cites=("e1",)),
    )
    answer = Agent(planner, {"detect": Blobs()}).run(TWO_REDS, "How many red squares?")
    assert [e.result.status for e in answer.evidence] == ["ok", "refused"]
    assert "the same call as e1" in answer.evidence[1].result.message
    assert [r.must_answer for r in planner.requests] == [False, False, True]
    assert answer.status == "answered"


def test_the_same_call_twice_in_one_step_runs_once() -> None:
    answer = run(Plan(calls=(detect("red"), detect("red"))), Plan(answer="2", cites=("e1",)))
    assert [e.result.status for e in answer.evidence] == ["ok", "refused"]


def test_at_the_end_of_the_steps_the_planner_must_answer_with_what_it_has() -> None:
    planner = Recorder(
        Plan(calls=(detect("red"),)), Plan(calls=(detect("blue"),)), Plan(answer="2", cites=("e1",))
    )
    answer = Agent(planner, {"detect": Blobs()}, Budget(steps=2)).run(TWO_REDS, "How many red squares?")
    assert [r.must_answer for r in planner.requests] == [False, False, True]
    assert (answer.status, answer.text) == ("budget_exhausted", "2")
    assert "2 steps" in answer.message
    assert len(answer.trace) == 3


def test_a_planner_that_never_answers_ends_in_cannot_tell() -> None:
    plans = [Plan(calls=(detect(c),)) for c in ("red", "blue", "green", "red square", "blue square")]
    answer = Agent(Recorder(*plans), {"detect": Blobs()}, Budget(steps=4)).run(TWO_REDS, "How many?")
    assert (answer.status, answer.text, answer.value) == ("budget_exhausted", "cannot tell", None)
    assert len(answer.evidence) == 4


def test_calls_beyond_the_budget_are_refused() -> None:
    plans = (Plan(calls=(detect("red"), detect("blue"), detect("green"))), Plan(answer="2", cites=("e1",)))
    answer = run(*plans, budget=Budget(calls=2))
    assert [e.result.status for e in answer.evidence] == ["ok", "ok", "refused"]
    assert (answer.status, answer.text, answer.message) == ("budget_exhausted", "2", "the 2 calls are spent")


def test_at_the_end_of_the_time_comes_an_answer_and_the_whole_trace() -> None:
    def doze() -> ToolResult:
        time.sleep(2.5)
        return ToolResult(status="empty")

    plans = (Plan(calls=(detect("red"),)), Plan(calls=(ToolCall(name="doze"),)), Plan(answer="2"))
    tools = {"detect": Blobs(), "doze": Faulty("doze", doze)}
    answer = run(*plans, tools=tools, budget=Budget(seconds=2.0))
    assert answer.status == "budget_exhausted"
    assert "2 s" in answer.message
    assert [e.call.name for e in answer.evidence][:1] == ["detect"]


def test_an_answer_against_the_evidence_is_thought_over_once() -> None:
    planner = Recorder(
        Plan(calls=(detect("red"),)), Plan(answer="5", cites=("e1",)), Plan(answer="2", cites=("e1",))
    )
    answer = Agent(planner, {"detect": Blobs()}).run(TWO_REDS, "How many red squares?")
    again = planner.requests[2]
    assert again.rejected is not None
    assert again.rejected.answer == "5"
    assert "2 found, 5 answered" in again.critique
    assert (answer.status, answer.value) == ("answered", 2)


def test_an_answer_that_stays_wrong_is_given_up_and_says_why() -> None:
    plans = (Plan(calls=(detect("red"),)), *[Plan(answer="5", cites=("e1",))] * 3)
    answer = run(*plans)
    assert (answer.status, answer.text, answer.value) == ("cannot_tell", "cannot tell", None)
    assert answer.confidence == 0
    assert [c.detail for c in answer.checks if not c.passed] == ["2 found, 5 answered"]
    assert '"5" contradicts the evidence' in answer.message
    assert len(answer.trace) == 3


def test_a_repair_may_call_tools_and_then_sees_all_evidence() -> None:
    planner = Recorder(
        Plan(calls=(detect("red"),)),
        Plan(answer="1", cites=("e1",)),
        Plan(calls=(detect("blue"),)),
        Plan(answer="1", cites=("e2",)),
    )
    answer = Agent(planner, {"detect": Blobs()}).run(TWO_REDS, "How many squares?")
    assert planner.requests[3].rejected is None
    assert [e.id for e in planner.requests[3].evidence] == ["e1", "e2"]
    assert (answer.status, answer.value) == ("answered", 1)


def test_a_region_is_resolved_and_the_crop_goes_to_the_planner_as_an_image() -> None:
    store = ImageStore()
    planner = Recorder(
        Plan(calls=(detect("red"),)),
        Plan(calls=(ToolCall(name="crop", arguments={"region": "e1"}),)),
        Plan(answer="red", cites=("e2",)),
    )
    agent = Agent(planner, {"detect": Blobs(), "crop": Cropper(store)}, store=store)
    answer = agent.run(TWO_REDS, "What colour is it?")
    assert [len(r.pictures) for r in planner.requests] == [1, 1, 2]
    crop = planner.requests[2].pictures[1]
    assert crop.pixels.shape == (60, 60, 3)
    assert (crop.pixels == TWO_REDS[5, 10]).all()
    assert (crop.frame.x0, crop.frame.y0, crop.frame.scale) == (10, 5, 3)
    assert [(b.x1, b.y1, b.x2, b.y2) for b in answer.boxes] == [(10, 5, 30, 25)]


def test_a_drawing_goes_to_the_planner_as_an_image() -> None:
    store = ImageStore()
    planner = Recorder(
        Plan(calls=(detect("red"),)),
        Plan(calls=(ToolCall(name="draw", arguments={"regions": "e1", "style": "arrow"}),)),
        Plan(answer="red", cites=("e2",)),
    )
    answer = Agent(planner, {"detect": Blobs(), "draw": Drawer(store)}, store=store).run(TWO_REDS, "Which?")
    drawing = planner.requests[2].pictures[1]
    assert drawing.pixels.shape == (224, 448, 3)
    assert (drawing.frame.width, drawing.frame.height, drawing.frame.scale) == (448, 224, 2.24)
    assert [(b.x1, b.y1) for b in answer.boxes] == [(10, 5), (100, 40)]


def test_no_more_crops_are_shown_than_the_budget_says() -> None:
    store = ImageStore()
    crops = (
        Plan(calls=(detect("red"), detect("blue"))),
        Plan(
            calls=(
                ToolCall(name="crop", arguments={"region": "e1"}),
                ToolCall(name="crop", arguments={"region": "e2"}),
            )
        ),
        Plan(answer="red"),
    )
    planner = Recorder(*crops)
    tools = {"detect": Blobs(), "crop": Cropper(store)}
    Agent(planner, tools, Budget(images=1), store=store).run(TWO_REDS, "What?")
    assert len(planner.requests[2].pictures) == 2


def test_boxes_of_a_crop_are_mapped_back_to_the_original() -> None:
    plans = (
        Plan(calls=(ToolCall(name="read_text"),)),
        Plan(answer="TOTAL", quote=True, cites=("e1",)),
    )
    answer = run(*plans, tools={"read_text": CropReader()}, question="Which word?")
    assert len(answer.boxes) == 1
    box = answer.boxes[0]
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((20, 10, 30, 20))
    assert (box.frame.width, box.frame.height, box.frame.scale) == (200, 100, 1)


def test_a_quotation_is_typed_and_stands_on_the_spans_that_hold_it() -> None:
    page = Page(("Tea", "2.50"), ("TOTAL", "12.50"))
    plans = (
        Plan(calls=(ToolCall(name="read_text"),)),
        Plan(answer="12.50", quote=True, cites=("e1",)),
    )
    answer = run(*plans, tools={"read_text": page}, question="What is the total?")
    assert (answer.value, answer.text) == (12.5, "12.50")
    assert [(b.x1, b.y1) for b in answer.boxes] == [(50, 10)]


def test_the_planner_alone_gets_no_tools_and_must_answer() -> None:
    planner = Recorder(Plan(answer="yes", confidence=0.7))
    answer = Agent(planner, {}).run(TWO_REDS, "Is there a red square?")
    assert planner.requests[0].tools == ()
    assert planner.requests[0].must_answer
    assert (answer.value, answer.confidence, answer.evidence) == (True, 0.7, ())


def test_an_error_in_a_node_is_an_answer_that_failed_with_what_came_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    planner = Recorder(Plan(calls=(detect("red"),)))  # and then its list is empty: an IndexError
    with caplog.at_level(logging.ERROR, logger="sightline"):
        answer = Agent(planner, {"detect": Blobs()}).run(TWO_REDS, "How many?")
    assert answer.status == "failed"
    assert answer.message.startswith("IndexError")
    assert [e.id for e in answer.evidence] == ["e1"]
    assert len(answer.trace) == 1
    assert "pop from empty list" in caplog.text


@pytest.mark.parametrize("question", ["", "  \n\t ", "\u202e\u200f", "x" * 2001])
def test_a_bad_question_is_refused_before_anything(question: str) -> None:
    planner = Recorder()
    with pytest.raises(QuestionError):
        Agent(planner, {}).run("no such file", question)
    assert planner.requests == []


def test_control_and_bidi_characters_leave_the_question() -> None:
    planner = Recorder(Plan(answer="yes"))
    Agent(planner, {}).run(TWO_REDS, " Is\u202e it\x00\x1b\n red\u2069? ")
    assert planner.requests[0].question == "Is it red?"


def test_a_bad_image_is_raised_to_the_caller(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("not an image")
    with pytest.raises(ImageError, match=r"x\.png"):
        Agent(Recorder(), {}).run(tmp_path / "x.png", "What?")


def test_the_trace_holds_each_step_and_can_be_read_while_the_run_goes_on(tmp_path: Path) -> None:
    seen: list[str] = []

    class Peeper(Recorder):
        def plan(self, request: Request) -> Plan:
            seen.append(next(tmp_path.glob("*.jsonl")).read_text())
            return super().plan(request)

    planner = Peeper(
        Plan(thought="t", calls=(detect("red"),), tokens=5), Plan(answer="2", cites=("e1",), tokens=2)
    )
    agent = Agent(planner, {"detect": Blobs()}, trace_dir=tmp_path)
    answer = agent.run(TWO_REDS, "How many red squares?")
    sha = answer.boxes[0].frame.image
    assert agent.last_trace == tmp_path / f"{sha[:16]}-1.jsonl"
    records = [json.loads(line) for line in agent.last_trace.read_text().splitlines()]
    assert [r["record"] for r in records] == ["start", "plan", "call", "plan", "verify", "verify", "final"]
    assert [json.loads(line)["record"] for line in seen[1].splitlines()] == ["start", "plan", "call"]
    start, first, call, *_, final = records
    assert start["question"] == "How many red squares?"
    assert start["frame"] == {"image": sha, "width": 200, "height": 100, "x0": 0, "y0": 0, "scale": 1}
    assert start["tools"]["detect"] == {"version": "test 1", "weights": "0123456789abcdef"}
    assert (first["thought"], first["tokens"], first["evidence"]) == ("t", 5, ["e1"])
    assert (call["tool"], call["version"], call["weights"]) == ("detect", "test 1", "0123456789abcdef")
    assert (call["id"], call["status"], call["arguments"]) == ("e1", "ok", {"query": "red"})
    assert call["seconds"] >= 0
    assert len(call["payload"]["items"]) == 2
    assert call["frame"]["image"] == sha
    assert (final["text"], final["cites"], final["usage"]["tokens"]) == ("2", ["e1"], 7)


def test_each_run_gets_a_trace_of_its_own(tmp_path: Path) -> None:
    agent = Agent(ScriptedPlanner([Plan(answer="yes")]), {}, trace_dir=tmp_path)
    paths = set()
    for _ in range(2):
        agent.run(TWO_REDS, "Is it?")
        paths.add(agent.last_trace)
    assert len(paths) == 2


def test_a_trace_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PathRefused, match="cannot write traces"):
        Agent(ScriptedPlanner([]), {}, trace_dir=tmp_path / "file" / "in").run(TWO_REDS, "What?")


def test_a_script_starts_anew_with_each_run() -> None:
    planner = ScriptedPlanner([Plan(calls=(detect("red"),)), Plan(answer="2", cites=("e1",))])
    agent = Agent(planner, {"detect": Blobs()})
    assert [agent.run(TWO_REDS, "How many red?").text for _ in range(3)] == ["2", "2", "2"]


def test_the_state_holds_json_alone() -> None:
    from sightline.agent.graph import build_graph
    from sightline.agent.nodes import Context, initial_state
    from sightline.agent.trace import TraceWriter
    from sightline.images import load_image

    store = ImageStore()
    context = Context(
        planner=ScriptedPlanner([Plan(calls=(detect("red"),)), Plan(answer="2", cites=("e1",))]),
        tools={"detect": Blobs()},
        store=store,
        picture=load_image(TWO_REDS),
        budget=Budget(),
        trace=TraceWriter(None, ""),
        began=time.monotonic(),
    )
    for state in build_graph().stream(initial_state("How many?"), context=context, stream_mode="values"):
        assert len(json.dumps(state)) < 10_000
    assert np.array_equal(store.get(state["images"][0]), TWO_REDS)


def test_a_budget_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must be positive"):
        Budget(steps=0)
    with pytest.raises(ValueError, match="must not be negative"):
        Budget(calls=-1)


def test_the_longest_run_stays_under_the_recursion_limit() -> None:
    colours = ["red", "blue", "green"]
    calls = [Plan(calls=(detect(f"{colours[i % 3]} {i}"),)) for i in range(20)]
    wrong = Plan(answer="9", cites=("e1",))
    plans = [*calls[:10], wrong, *calls[10:], *[wrong] * 3]
    answer = Agent(Recorder(*plans), {"detect": Blobs()}, Budget(steps=21, calls=40, repairs=2)).run(
        TWO_REDS, "How many red squares?"
    )
    assert answer.status in ("cannot_tell", "budget_exhausted")
    assert "Recursion" not in answer.message
