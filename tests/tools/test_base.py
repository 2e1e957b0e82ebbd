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
from sightline.tools import guard
from sightline.tools.base import Tool
from sightline.tools.cache import Cache
from sightline.tools.clock import DIRECT_CALL_S, Clock, seconds_left
from sightline.tools.guard import checked, use
from sightline.tools.worker import Worker
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


def run(tool: Tool, timeout_s: float = 20, within_s: float = 60, **arguments: Any) -> ToolResult:
    return guard.run(tool, PICTURE, arguments, timeout_s=timeout_s, within_s=within_s)


def test_a_good_result_passes_with_its_maker() -> None:
    result = run(Blobs(), query="red squares")
    assert result.status == "ok"
    assert result.payload == Blobs()(PICTURE, query="red squares")
    assert (result.tool, result.version, result.weights) == ("detect", "test 1", "0123456789abcdef")
    assert run(CropReader()).status == "ok"  # boxes in another frame of the same original


def test_arguments_are_checked_before_the_tool_sees_them() -> None:
    assert run(Blobs()).message == "detect needs query"
    assert run(Blobs(), query=3).status == "refused"
    assert run(Blobs(), query="red", color="blue").message == "detect takes no argument color"


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

        def __call__(self, picture: Picture, query: str) -> Detections:
            """Comes too late."""
            go_on.wait(60)
            return Detections(query=query)

    result = run(Late(), timeout_s=0.2, within_s=0.3 if late == "load" else 60, query="red")
    said = "not loaded, or busy with other calls, within its time"
    assert (result.status, result.message) == (
        "timeout",
        said if late == "load" else "not answered within 0.2 s",
    )
    go_on.set()


def test_loading_and_waiting_are_not_the_time_of_the_call() -> None:
    left: list[float] = []

    class Slow(Blobs):
        def warm(self) -> None:
            time.sleep(0.3)

        def __call__(self, picture: Picture, query: str) -> None:
            """Says how much time it has."""
            left.append(seconds_left())

    run(Slow(), timeout_s=0.2, within_s=60, query="red")
    run(Slow(), timeout_s=50, within_s=30, query="red")
    assert 0 < left[0] <= 0.2
    assert 20 < left[1] < 29.9


def test_a_clock_stands_still_while_it_is_paused() -> None:
    clock = Clock(100, until=time.monotonic() + 200)
    with clock.paused():
        with clock.paused():
            assert clock.is_paused
        assert clock.is_paused
        before = clock.left()
        time.sleep(0.05)
        assert clock.left() == before
    assert not clock.is_paused
    assert Clock(100, until=time.monotonic() - 1).left() == 0
    assert 0 < seconds_left() <= DIRECT_CALL_S  # outside of any call


def test_a_busy_tool_is_waited_for_beyond_the_time_of_a_call() -> None:
    """Else calls fail in rows where many ask one process at once."""
    worker = Worker("tests.tools.faulty_functions:make")

    class Echo(Toolish):
        def __call__(self, what: str) -> str:
            """Echoes."""
            return str(worker.call("nap", what))

    worker.warm()
    results: list[ToolResult] = []
    threads = [
        threading.Thread(target=lambda: results.append(run(Echo(), timeout_s=30, within_s=120, what="0.3")))
        for _ in range(4)
    ]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        worker.close()
    assert [result.status for result in results] == ["ok"] * 4


class Doubled(Toolish):
    """Stands on another tool."""

    def __init__(self, part: Tool) -> None:
        self.part = part

    def __call__(self, picture: Picture, query: str) -> int:
        """Counts twice."""
        return 2 * len(use(self.part, picture, Detections, query=query).items)


def test_a_tool_stands_on_another() -> None:
    assert run(Doubled(Blobs()), query="red").to_text() == "ok: tool: 2"
    unknown = run(Doubled(Blobs()), query="a dog")
    assert unknown.status == "unsupported"
    assert unknown.message == 'no class for "a dog"; it knows red, blue, green'
    assert run(Doubled(CropReader()), query="red").message == "read_text takes no argument query"


def test_what_is_used_is_kept_by_the_cache_of_the_call() -> None:
    cache, asked = Cache(), list[str]()

    class Counted(Blobs):
        def __call__(self, picture: Picture, query: str) -> Detections:
            """Finds and counts."""
            asked.append(query)
            return super().__call__(picture, query)

    part = Counted()
    for tool in (part, Doubled(part), Doubled(part)):
        guard.run(tool, PICTURE, {"query": "red"}, timeout_s=20, cache=cache)
    assert asked == ["red"]


def test_what_was_not_seen_is_said() -> None:
    part = Detections(query="x", partial="the left half was not looked at", score=0.4)
    result = run(doing(lambda: part))
    assert result.status == "empty"
    assert result.to_text() == "empty: 0 found\nnot seen: the left half was not looked at"
    assert len(result.to_text(30)) <= 30


MALFORMED: dict[str, tuple[Any, str]] = {
    "dict": ({"status": "ok"}, "TypeError: it returned a dict, which is no finding"),
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
