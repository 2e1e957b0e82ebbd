"""Two hundred calls in four threads, a tenth of them to tools that hang, crash, grow or talk nonsense.

Every good call is right, every bad one is typed, and no process, no pipe and no memory is left behind.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import psutil
import pytest
from tests.agent.doubles import Toolish

from sightline.images import make_picture
from sightline.tools import guard
from sightline.tools.base import Picture
from sightline.tools.pool import Pool
from sightline.tools.worker import Worker
from sightline.types import Box, Detection, Detections, ToolResult

pytestmark = pytest.mark.filterwarnings("error::ResourceWarning")

PICTURES = [make_picture(np.full((60 + n, 80, 3), 10 * n, np.uint8)) for n in range(5)]

FAULTS = {
    "sleep": ("timeout", ("stopped after", "busy with other calls", "no time left", "still loading")),
    "raise": ("error", ("ValueError: no good",)),
    "segfault": ("error", ("killed by SIGSEGV",)),
    "allocate": ("error", ("over its limit of 150 MB",)),
    "nan": ("error", ("ValidationError: Value error, not a box: (nan",)),
    "infinite": ("error", ("it returned a box that is not finite",)),
}
"""How each fault must end, and the beginnings of what may be said."""


class Fragile(Toolish):
    """Finds one box, x1 to x1 + 10, through a process of its own; or does what is wrong."""

    def __init__(self, name: str, pool: Pool) -> None:
        self.name = name
        self.worker = Worker("tests.tools.faulty_functions:make", pool=pool, memory_limit_mb=150)

    def __call__(self, picture: Picture, what: str, x: float) -> Detections:
        """Echoes, or does what is wrong.

        Args:
            what: echo, or a fault
            x: where
        """
        sent = {"nan": math.nan, "infinite": -math.inf}.get(what, x)
        task = "echo" if what in ("nan", "infinite") else what
        corner, pixel = self.worker.call(task, (sent, picture.pixels[0, 0, 0]))
        box = Box(x1=corner, y1=0, x2=x + 10, y2=5, frame=picture.frame)
        return Detections(query=self.name, items=(Detection(label=str(pixel), score=1, box=box),))

    def close(self) -> None:
        self.worker.close()


@pytest.fixture
def tools() -> Iterator[list[Fragile]]:
    pool = Pool(4000)
    made = [Fragile(f"tool{n}", pool) for n in range(4)]
    yield made
    for tool in made:
        tool.close()


def child_pids() -> set[int]:
    return {child.pid for child in psutil.Process().children(recursive=True)}


def test_two_hundred_calls_of_which_a_tenth_are_faulty(tools: list[Fragile]) -> None:
    before = child_pids()
    me = psutil.Process()
    for tool in tools:
        assert guard.run(tool, PICTURES[0], {"what": "echo", "x": 1}, timeout_s=60).status == "ok"
    memory, files = me.memory_info().rss, me.num_fds()
    faulty = [fault for fault in FAULTS for _ in range(3)] + ["sleep", "segfault"]
    calls = faulty + ["echo"] * (200 - len(faulty))
    random.Random(7).shuffle(calls)

    def one(number: int) -> None:
        what, tool, picture = calls[number], tools[number % 4], PICTURES[number % 5]
        limit = 0.4 if what == "sleep" else 90
        result = guard.run(tool, picture, {"what": what, "x": number % 50}, timeout_s=limit)
        assert result.tool == tool.name
        if what == "echo":
            (item,) = result.payload.items  # type: ignore[union-attr]
            assert item.label == str(picture.pixels[0, 0, 0])
            assert item.box == Box(x1=number % 50, y1=0, x2=number % 50 + 10, y2=5, frame=picture.frame)
        else:
            status, beginnings = FAULTS[what]
            assert result.status == status, (what, result)
            assert any(beginning in result.message for beginning in beginnings), (what, result.message)
            assert result.payload is None

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(one, range(200)))
    assert len(child_pids() - before) <= 4
    for tool in tools:
        tool.close()
    assert child_pids() == before
    assert me.num_fds() <= files
    assert me.memory_info().rss - memory < 64 * 2**20


def test_others_go_on_while_one_is_hung(tools: list[Fragile]) -> None:
    hung, good = tools[:2]
    for tool in (hung, good):
        tool.worker.warm()
    ended: list[ToolResult] = []

    def hang() -> None:
        ended.append(guard.run(hung, PICTURES[0], {"what": "sleep", "x": 1}, timeout_s=60))

    thread = threading.Thread(target=hang)
    thread.start()
    while not hung.worker._lock.locked():
        time.sleep(0.01)
    for n in range(20):
        assert guard.run(good, PICTURES[0], {"what": "echo", "x": n}, timeout_s=60).status == "ok"
    assert ended == []
    hung.close()
    thread.join(30)
    assert ended[0].status == "error"
    assert guard.run(hung, PICTURES[0], {"what": "echo", "x": 1}, timeout_s=60).status == "ok"
