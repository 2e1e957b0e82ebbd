"""The contract: what a tool may be asked, and the one guarded way to ask it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.agent.doubles import Blobs, CropReader, Faulty, Toolish, canvas, raise_

from sightline.images import Picture, load_image
from sightline.tools.base import MOST_PLACES, Parameter, finish, why_refused, why_unfit
from sightline.tools.guard import checked, guarded_run
from sightline.types import Box, Detection, Detections, Fact, Facts, Frame, ToolResult

PICTURE = load_image(canvas(("red", 10, 5)))
OTHER = load_image(canvas(("blue", 10, 5)))


def box(x1: float, y1: float, x2: float, y2: float, frame: Frame = PICTURE.frame) -> Box:
    return Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=frame)


def found(*boxes: Box) -> ToolResult:
    items = tuple(Detection(label="square", score=0.5, box=one) for one in boxes)
    return ToolResult(status="ok", payload=Detections(query="x", items=items))


def doing(act: Callable[[], Any]) -> Faulty:
    return Faulty("faulty", act)


def run(tool: Toolish, timeout_s: float = 20, load_s: float = 60, **arguments: Any) -> ToolResult:
    return guarded_run(tool, PICTURE, arguments, timeout_s=timeout_s, load_s=load_s)


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("text", "x", ""),
        ("phrase", " \n", "a must be a text that is not empty"),
        ("choice", "b", ""),
        ("choice", "B", "a must be one of b, c"),
        ("number", 1.5, ""),
        ("number", math.inf, "a must be a number"),
        ("number", "1", "a must be a number"),
        ("region", box(0, 0, 5, 5), ""),
        ("region", (0, 0, 5, 5), "a must be a region"),
        ("region", box(0, 0, 5, 5, OTHER.frame), "frames of two different images"),
        ("regions", (box(0, 0, 5, 5),), ""),
        ("regions", (), f"a must be 1 to {MOST_PLACES} regions"),
        ("regions", [box(0, 0, 5, 5)], f"a must be 1 to {MOST_PLACES} regions"),
        ("regions", (box(0, 0, 5, 5), 3), "a must be a region"),
        ("points", ((1, 2.5),), ""),
        ("points", ((1, math.nan),), f"a must be 1 to {MOST_PLACES} points"),
        ("points", ((1, 2, 3),), f"a must be 1 to {MOST_PLACES} points"),
    ],
)
def test_each_kind_of_argument(kind: Any, value: Any, reason: str) -> None:
    class One(Toolish):
        parameters = (Parameter(name="a", kind=kind, doc="one", options=("b", "c")),)

    why = why_refused(One(), PICTURE, {"a": value})
    assert why == why_unfit(One(), PICTURE.frame, {"a": value})
    assert (reason in why) if reason else (why == "")
    assert why_refused(One(), PICTURE, {}) == "tool needs a"
    assert why_refused(One(), PICTURE, {"a": value, "b": 1}) in (why, "tool takes no argument b")


def test_finish_names_the_maker() -> None:
    result = finish(Blobs(), time.monotonic() - 1, "empty")
    assert (result.tool, result.version, result.weights) == ("detect", "test 1", "0123456789abcdef")
    assert 1 <= result.seconds < 20


def test_a_good_result_passes_with_its_maker() -> None:
    result = run(Blobs(), query="red squares")
    assert result.status == "ok"
    assert result.payload == Blobs().run(PICTURE, {"query": "red squares"}, timeout_s=1).payload
    assert (result.tool, result.version, result.weights) == ("detect", "test 1", "0123456789abcdef")
    assert run(CropReader()).status == "ok"  # boxes in another frame of the same original


def test_arguments_are_checked_before_the_tool_sees_them() -> None:
    assert run(Blobs()).message == "detect needs query"
    assert run(Blobs(), query=3).status == "refused"
    assert run(Blobs(), query="red", colour="blue").message == "detect takes no argument colour"


def test_what_is_raised_is_an_error_in_a_line() -> None:
    result = run(doing(raise_))
    assert (result.status, result.message) == ("error", "RuntimeError: the lens fell off")
    assert result.tool == "faulty"

    def leave() -> ToolResult:
        raise SystemExit(3)

    assert run(doing(leave)).message == "SystemExit: 3"

    class Unversioned(Faulty):
        @property
        def version(self) -> str:  # type: ignore[override]
            raise ImportError("no such package")

    assert run(Unversioned("x", lambda: found())).message == "ImportError: no such package"


def test_a_tool_that_cannot_be_loaded_is_an_error() -> None:
    class Unloaded(Blobs):
        def warm(self) -> None:
            raise OSError("the weights are gone")

    assert run(Unloaded(), query="red").message == "OSError: the weights are gone"


@pytest.mark.parametrize("late", ["load", "run"])
def test_a_tool_that_hangs_is_left_behind(late: str) -> None:
    go_on = threading.Event()

    class Late(Blobs):
        def warm(self) -> None:
            if late == "load":
                go_on.wait(60)

        def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
            go_on.wait(60)
            return found()

    began = time.monotonic()
    result = run(Late(), timeout_s=0.2, load_s=0.3 if late == "load" else 60, query="red")
    said = "not loaded within 0.3 s" if late == "load" else "not answered within 0.2 s"
    assert (result.status, result.message) == ("timeout", said)
    assert time.monotonic() - began < 15
    go_on.set()


def test_the_call_has_what_loading_left_over() -> None:
    times: list[float] = []

    class Slow(Blobs):
        def warm(self) -> None:
            time.sleep(0.2)

        def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
            times.append(timeout_s)
            return found()

    run(Slow(), timeout_s=5, load_s=60, query="red")
    run(Slow(), timeout_s=50, load_s=30, query="red")
    assert times[0] == 5
    assert 20 < times[1] < 29.9


MALFORMED: dict[str, tuple[Any, str]] = {
    "nothing": (None, "it returned a NoneType, not a ToolResult"),
    "dict": ({"status": "ok"}, "it returned a dict, not a ToolResult"),
    "infinite": (found(box(-math.inf, 0, math.inf, 5)), "a box that is not finite: (-inf, 0, inf, 5)"),
    "outside": (
        found(box(0, 0, 5, 5), box(0, 0, 250, 5)),
        "a box outside its frame of 200x100 px: (0, 0, 250, 5)",
    ),
    "above": (found(box(0, -50, 5, 5)), "a box outside its frame"),
    "foreign": (found(box(0, 0, 5, 5, OTHER.frame)), f"a box on another image: {OTHER.frame.image[:12]}"),
    "number": (
        ToolResult(status="ok", payload=Facts(items=(Fact(name="n", value=math.nan),))),
        "it returned the number nan",
    ),
    "fact": (
        ToolResult(status="ok", payload=Facts(items=(Fact(name="n", value=1, of=(box(0, 0, 900, 5),)),))),
        "a box outside its frame",
    ),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_finding_is_an_error(kind: str) -> None:
    returned, reason = MALFORMED[kind]
    result = run(doing(lambda: returned))
    assert result.status == "error"
    assert result.payload is None
    assert reason in result.message


def test_a_box_that_cannot_be_made_is_an_error() -> None:
    result = run(doing(lambda: found(Box.clipped(math.nan, 0, 5, 5, PICTURE.frame))))
    assert result.status == "error"
    assert result.message == "ValidationError: Value error, not a box: (nan, 0.0, 5.0, 5.0)"


def test_rounding_beyond_the_edge_passes() -> None:
    result = found(box(-0.5, 0, 200.9, 100.0))
    assert checked(result, PICTURE.frame) is result
