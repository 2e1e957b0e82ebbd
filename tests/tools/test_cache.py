"""The cache: what it keeps, for whom, how much of it, and across processes and runs."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.agent.doubles import Blobs, Cropper, Toolish, canvas

from sightline.agent import Agent, Plan, ScriptedPlanner
from sightline.errors import ConfigError
from sightline.images import ImageStore, Picture, load_image
from sightline.tools import guard
from sightline.tools.cache import Cache
from sightline.types import Box, Detections, Fact, Facts, Frame, ToolCall, ToolResult

PICTURE = load_image(canvas(("red", 10, 5), ("blue", 100, 40)))
OTHER = load_image(canvas(("red", 10, 6)))


class Counted(Blobs):
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, picture: Picture, query: str) -> Detections:
        """Finds objects and where they are."""
        self.asked += 1
        return super().__call__(picture, query)


def ask(tool: Toolish, cache: Cache, picture: Picture = PICTURE, **arguments: Any) -> ToolResult:
    return guard.run(tool, picture, arguments, timeout_s=20, cache=cache)


def test_the_same_call_is_worked_out_once() -> None:
    tool, cache = Counted(), Cache()
    first, second = (ask(tool, cache, query="red squares") for _ in range(2))
    assert tool.asked == 1
    assert (first.cached, second.cached) == (False, True)
    assert second.payload == first.payload
    assert (second.tool, second.version, second.weights) == ("detect", "test 1", "0123456789abcdef")


@pytest.mark.parametrize("changed", ["query", "picture", "frame", "version", "weights", "name"])
def test_whatever_is_another_call_is_worked_out_anew(changed: str) -> None:
    tool, cache, picture, query = Counted(), Cache(), PICTURE, "red squares"
    ask(tool, cache, query=query)
    if changed == "query":
        query = "blue squares"
    elif changed == "picture":
        picture = OTHER
    elif changed == "frame":  # the same pixels, taken from elsewhere
        frame = Frame(image=PICTURE.frame.image, width=200, height=100, x0=5)
        picture = Picture(pixels=PICTURE.pixels, frame=frame)
    else:
        setattr(tool, changed, "another")
    assert not ask(tool, cache, picture, query=query).cached
    assert tool.asked == 2


def test_drawn_upon_pixels_in_the_same_frame_are_another_picture() -> None:
    drawn = PICTURE.pixels.copy()
    drawn[0, 0] = 0
    tool, cache = Counted(), Cache()
    ask(tool, cache, query="red")
    assert not ask(tool, cache, Picture(pixels=drawn, frame=PICTURE.frame), query="red").cached


@pytest.mark.parametrize(
    ("status", "kept"),
    [("ok", 1), ("empty", 1), ("unsupported", 1), ("error", 0), ("timeout", 0), ("refused", 0)],
)
def test_failures_are_not_kept(status: Any, kept: int) -> None:
    cache = Cache()
    facts = Facts(items=(Fact(name="n", value=1),)) if status == "ok" else None
    cache.put("key", ToolResult(status=status, payload=facts, message="why"))
    assert len(cache) == kept
    assert (cache.get("key") is not None) == bool(kept)


def test_what_points_into_a_store_is_not_kept() -> None:
    """Else a crop that was found again would name pixels that the store no longer holds."""
    cache = Cache()
    region = Box(x1=0, y1=0, x2=20, y2=20, frame=PICTURE.frame)
    for _ in range(2):
        store = ImageStore()
        result = ask(Cropper(store), cache, region=region)
        assert not result.cached
        assert store.get(result.payload.image).shape == (60, 60, 3)  # type: ignore[union-attr]
    assert len(cache) == 0


def facts_of(text: str) -> ToolResult:
    return ToolResult(status="ok", payload=Facts(items=(Fact(name="n", value=text),)))


def test_bytes_are_bounded_and_the_oldest_goes_first() -> None:
    size = len(facts_of("x" * 1000).model_dump_json())
    cache = Cache(max_bytes=3 * size)
    for key in "abc":
        cache.put(key, facts_of("x" * 1000))
    assert cache.get("a")  # now b is the one used longest ago
    cache.put("d", facts_of("x" * 1000))
    assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]
    cache.put("e", facts_of("x" * 5000))  # more than all together
    assert cache.get("e") is None
    nothing = Cache(max_bytes=0)
    nothing.put("a", facts_of("x"))
    assert len(nothing) == 0


def test_a_key_that_is_put_again_is_replaced() -> None:
    cache = Cache()
    cache.put("a", facts_of("x"))
    cache.put("a", facts_of("y"))
    assert len(cache) == 1
    assert cache.get("a") == facts_of("y").model_copy(update={"cached": True})
    cache.clear()
    assert cache.get("a") is None


def test_a_folder_is_shared_by_processes(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "cache"
    writes = (
        "import sys, pathlib\n"
        "from sightline.tools.cache import Cache\n"
        "from sightline.types import Fact, Facts, ToolResult\n"
        "cache = Cache(pathlib.Path(sys.argv[1]))\n"
        "for n in range(50):\n"
        "    facts = Facts(items=(Fact(name='n', value=n / 7),))\n"
        "    cache.put(sys.argv[2] + str(n), ToolResult(status='ok', payload=facts))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", writes, str(folder), name]) for name in "ab"]
    assert [process.wait(60) for process in running] == [0, 0]
    cache = Cache(folder)
    assert len(cache) == 100
    found = cache.get("b49")
    assert found is not None
    assert found.payload == Facts(items=(Fact(name="n", value=7.0),))


def test_threads_share_it() -> None:
    cache = Cache(max_bytes=20_000)

    def work(name: str) -> None:
        for n in range(100):
            cache.put(f"{name}{n}", facts_of(f"{name}{n}"))
            found = cache.get(f"{name}{n}")
            assert found is None or found.payload == facts_of(f"{name}{n}").payload

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 0 < len(cache) < 400


def test_a_file_that_is_no_cache_is_said(tmp_path: Path) -> None:
    (tmp_path / "results.sqlite").write_text("something else that is long enough to be looked at" * 20)
    with pytest.raises(ConfigError, match="no cache can be kept in"):
        Cache(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="no cache can be kept in"):
        Cache(tmp_path / "file")


def test_an_entry_of_other_types_is_worked_out_anew(tmp_path: Path) -> None:
    tool, cache = Counted(), Cache(tmp_path)
    ask(tool, cache, query="red")
    with sqlite3.connect(tmp_path / "results.sqlite") as store:
        store.execute("update results set body = ?", (json.dumps({"status": "fine"}).encode(),))
    store.close()
    assert not ask(tool, cache, query="red").cached
    assert ask(tool, cache, query="red").cached


def test_a_store_that_fails_costs_the_cache_and_not_the_call(caplog: pytest.LogCaptureFixture) -> None:
    tool, cache = Counted(), Cache()
    cache._store.execute("drop table results")
    assert ask(tool, cache, query="red").status == "ok"
    assert "could not be read" in caplog.text
    assert "could not be written" in caplog.text


def test_the_agent_asks_an_tool_once_for_the_same_question() -> None:
    look = Plan(calls=(ToolCall(name="detect", arguments={"query": "red squares"}),))
    planner, tool = ScriptedPlanner([look, Plan(answer="1", cites=("e1",))]), Counted()
    picture = np.array(PICTURE.pixels)
    with Agent(planner, {"detect": tool}) as agent:
        answers = [agent.run(picture, "How many red squares are there?") for _ in range(2)]
    assert tool.asked == 1
    assert [answer.text for answer in answers] == ["1", "1"]
    assert [answer.evidence[0].result.cached for answer in answers] == [False, True]
    assert answers[0].boxes == answers[1].boxes
    with Agent(planner, {"detect": tool}, cache=Cache(max_bytes=0)) as agent:
        agent.run(picture, "How many red squares are there?")
        agent.run(picture, "How many red squares are there?")
    assert tool.asked == 3
