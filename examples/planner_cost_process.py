"""The process that `planner_cost.py` measures: it gets ready, asks, and tells what that took.

Nothing is imported here that a question would not import too, but for a few modules of Python's own.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sightline.tools.read_text import TextReader

if TYPE_CHECKING:
    from sightline.agent.planners import Plan, Planner, Request
    from sightline.images import ImageStore
    from sightline.tools.base import Tool

F = TypeVar("F", bound=Callable[..., Any])
JsonRow = dict[str, Any]

SECONDS, TOOL_SECONDS = 300.0, 120.0
HEAVY = ("torch", "transformers")


def timed(method: F) -> F:
    """A method of `TimedReader` that counts the CPU seconds of its thread."""

    @wraps(method)
    def counting(self: TimedReader, *args: Any, **kwargs: Any) -> Any:
        began = time.thread_time()
        try:
            return method(self, *args, **kwargs)
        finally:
            self.threads += time.thread_time() - began

    return cast("F", counting)


class TimedReader(TextReader):
    """`read_text` that knows its CPU seconds: of the threads that called it, and of its process."""

    threads = 0.0
    __call__ = timed(TextReader.__call__)
    warm = timed(TextReader.warm)

    @property
    def cpu(self) -> float:
        """All CPU seconds so far, loading included."""
        pid = self._worker.pid if self._worker else None
        return self.threads + (cpu_of(pid) if pid is not None else 0.0)


class TimedPlanner:
    """A planner that knows the CPU seconds of this process while it planned."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.weights = planner.weights
        self.cpu = 0.0

    def plan(self, request: Request) -> Plan:
        """What the planner says."""
        began = time.process_time()
        try:
            return self._planner.plan(request)
        finally:
            self.cpu += time.process_time() - began


def cpu_of(pid: int) -> float:
    """CPU seconds of one process so far; 0 where it has ended."""
    import psutil

    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def peak_mb(pid: int) -> float:
    """The most memory that a process has held, in MB; 0 where it is not known.

    `ru_maxrss` would be as much as its parent had held, where that was more.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6 if pid == os.getpid() else 0.0


def workers() -> dict[int, str]:
    """The processes of our tools that run now, each named by the module that it runs."""
    from sightline.tools import worker

    running = [(one.pid, one._factory) for one in list(worker._workers)]
    return {pid: factory.partition(":")[0].rpartition(".")[2] for pid, factory in running if pid is not None}


def counted(planner: TimedPlanner, reader: TimedReader) -> JsonRow:
    """CPU seconds so far: all, inside OCR, while planning, and of each kind of process."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    processes: dict[str, float] = {}
    for pid, name in workers().items():
        processes[name] = processes.get(name, 0.0) + cpu_of(pid)
    total = time.process_time() + sum(processes.values()) + ended.ru_utime + ended.ru_stime
    return {"cpu": total, "ocr": reader.cpu, "planning": planner.cpu, "processes": processes}


def ask_all(
    planner: Planner,
    tools: Mapping[str, Tool],
    store: ImageStore,
    reader: TimedReader,
    asked: Sequence[Sequence[str]],
) -> list[JsonRow]:
    """Pairs of a picture and a question answered one after another, a row of costs for each.

    The first row counts from the start of this process. `reader` is what reads among the tools.
    """
    from sightline.agent.agent import Agent
    from sightline.agent.budget import Budget

    rows: list[JsonRow] = []
    timed = TimedPlanner(planner)
    before: JsonRow = {"cpu": 0.0, "ocr": 0.0, "planning": 0.0, "processes": {}}
    budget = Budget(seconds=SECONDS, per_tool_seconds=TOOL_SECONDS)
    with Agent(timed, tools, budget, store=store) as agent:
        for picture, question in asked:
            began = time.monotonic()
            answer = agent.run(picture, question)
            now = counted(timed, reader)
            row = {key: round(now[key] - before[key], 3) for key in ("cpu", "ocr", "planning")}
            known = before["processes"]
            rows.append(
                {"picture": Path(picture).name, "question": question}
                | {"answer": answer.text, "status": answer.status, "message": answer.message}
                | row
                | {"beyond": round(row["cpu"] - row["ocr"], 3)}
                | {"processes": {n: round(s - known.get(n, 0.0), 2) for n, s in now["processes"].items()}}
                | {"started": sorted(set(now["processes"]) - set(known))}
                | {"calls": [call.name for step in answer.trace for call in step.calls]}
                | {"tokens": answer.usage.tokens, "seconds": round(time.monotonic() - began, 2)}
                | {"peak_mb": round(peak_mb(os.getpid())), "all_mb": round(all_mb())}
                | {"imported": [name for name in HEAVY if name in sys.modules]}
            )
            before = now
    return rows


def all_mb() -> float:
    """The peaks of this process and of those of its tools together; what they share counts for each."""
    return peak_mb(os.getpid()) + sum(map(peak_mb, workers()))


def tools_of(folder: Path | None, store: ImageStore, reader: TimedReader) -> dict[str, Tool]:
    """The tools of a planner with our own reader, as `planner_table` makes them but with lighter imports."""
    from sightline.agent.builder import embedded_tools
    from sightline.tools.registry import TOOLS

    if folder is None:
        return embedded_tools(store) | {"read_text": reader}
    parts: dict[str, Any] = {"store": store, "read_text": reader}
    for name, (where, needs) in TOOLS.items():
        if name not in parts and all(need in parts for need in needs):
            module, _, made_by = where.partition(":")
            parts[name] = getattr(import_module(module), made_by)(*(parts[need] for need in needs))
    return {name: parts[name] for name in TOOLS if name in parts}


def child_asks(folder: Path | None, asked: Sequence[Sequence[str]]) -> JsonRow:
    """In a fresh process: make ready, ask, and tell what it took."""
    stages = {"imports": time.process_time()}
    from sightline.agent.builder import default_planner, language_planner
    from sightline.images import ImageStore

    reader, store = TimedReader(), ImageStore()
    tools = tools_of(folder, store, reader)
    stages["tools"] = time.process_time()
    planner = default_planner() if folder is None else language_planner(folder)
    stages["planner"] = time.process_time()
    from sightline.agent.graph import build_graph

    build_graph()
    stages["graph"] = ready = time.process_time()
    steps = zip(stages, [0.0, *stages.values()], stages.values(), strict=False)
    told = {name: round(end - start, 3) for name, start, end in steps}
    asks = ask_all(planner, tools, store, reader, asked)
    return {"ready": round(ready, 3), "stages": told, "asks": asks}


def child_tokens(folder: Path, repeat: int, sizes: Sequence[int], decoded: int) -> list[JsonRow]:
    """In a fresh process: milliseconds a token of one language model, the medians of some rounds."""
    from sightline.agent.builder import language_planner

    decoder = language_planner(folder)._decoder
    session, tokens = decoder._session, decoder._tokens
    plain = sorted(set(range(tokens.size)) - tokens.special)
    draw = random.Random(0)
    session.start(draw.choices(plain, k=8))
    session.logits()
    rows = []
    for size in sizes:
        read, said = [], []
        for _ in range(repeat):
            session.start(draw.choices(plain, k=size))
            began = time.process_time()
            logits = session.logits()
            read.append((time.process_time() - began) / size)
            began = time.process_time()
            for _ in range(decoded):
                session.append([int(logits.argmax())])
                logits = session.logits()
            said.append((time.process_time() - began) / decoded)
        row = {"prompt": size, "read_ms": 1000 * median(read), "decode_ms": 1000 * median(said)}
        rows.append({name: round(value, 3) for name, value in row.items()})
    return rows


def child(task: JsonRow) -> Any:
    """What a fresh process does: `asked` for questions, else tokens."""
    folder = Path(task["folder"]) if task["folder"] else None
    if "asked" in task:
        return child_asks(folder, task["asked"])
    assert folder is not None
    return child_tokens(folder, task["repeat"], task["sizes"], task["decoded"])
