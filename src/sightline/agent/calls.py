"""From a planner's calls to finished evidence: checked, resolved, run within their time."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from sightline.agent.state import Job, Json
from sightline.images import Picture
from sightline.tools.base import Parameter, Tool
from sightline.types import Box, Evidence, Frame, ToolCall, ToolResult, map_box

_log = logging.getLogger(__name__)

# What a tool that watches its own time may take beyond it before the controller stops waiting.
_GRACE_S = 0.5


def make_jobs(
    calls: Sequence[ToolCall],
    tools: Mapping[str, Tool],
    evidence: Sequence[Evidence],
    *,
    step: int,
    original: Frame,
    calls_left: int,
) -> list[Job]:
    """A job for each call, numbered on from `evidence`; what cannot be run carries the reason.

    A call is refused if its tool or an argument is unknown, if a region names no box, if the same
    call was made before, or if no calls are left.
    """
    jobs: list[Job] = []
    made = {_key(e.call): e.id for e in evidence}
    for number, call in enumerate(calls, start=len(evidence) + 1):
        arguments, refused = _resolve(call, tools, evidence, original)
        if not refused and _key(call) in made:
            refused = f"the same call as {made[_key(call)]}"
        if not refused and calls_left < 1:
            refused = "the budget of calls is spent"
        if not refused:
            calls_left -= 1
        made.setdefault(_key(call), f"e{number}")
        jobs.append(
            Job(id=f"e{number}", step=step, call=call.model_dump(), arguments=arguments, refused=refused)
        )
    return jobs


def _key(call: ToolCall) -> str:
    """Equal for two calls that ask for the same thing."""
    said = {k: " ".join(v.split()).casefold() if isinstance(v, str) else v for k, v in call.arguments.items()}
    return json.dumps([call.name, said], sort_keys=True, default=str)


def _resolve(
    call: ToolCall, tools: Mapping[str, Tool], evidence: Sequence[Evidence], original: Frame
) -> tuple[Json, str]:
    """The arguments with regions as dumped boxes of the original, and why the call cannot be run."""
    if call.name not in tools:
        return {}, f'no tool "{call.name}"; there are {", ".join(tools) or "none"}'
    parameters = {p.name: p for p in tools[call.name].parameters}
    if unknown := [name for name in call.arguments if name not in parameters]:
        return {}, f"{call.name} takes no argument {', '.join(unknown)}"
    if missing := [p.name for p in parameters.values() if p.required and p.name not in call.arguments]:
        return {}, f"{call.name} needs {', '.join(missing)}"
    resolved: Json = {}
    for name, value in call.arguments.items():
        resolved[name], refused = _argument(parameters[name], value, evidence, original)
        if refused:
            return {}, refused
    return resolved, ""


def _argument(
    parameter: Parameter, value: Any, evidence: Sequence[Evidence], original: Frame
) -> tuple[Any, str]:
    """The value that the tool gets, as JSON, or why it cannot be used."""
    if not isinstance(value, str):
        return None, f"{parameter.name} must be a text"
    if parameter.kind != "region":
        return value, ""
    found = next((e.result.payload for e in evidence if e.id == value), None)
    boxes = found.boxes() if found is not None else []
    if not boxes:
        return None, f"{parameter.name}: {value} holds no box"
    return map_box(boxes[0], original).model_dump(), ""


def run_job(job: Job, tool: Tool, picture: Picture, *, timeout_s: float, load_s: float) -> Evidence:
    """Run one job that was not refused. Never raises, and comes back soon after its time.

    A tool that was not used before loads first, for at most `load_s`; the call itself then has
    `timeout_s`, or what is left of `load_s`. Experts watch their own time, in processes that can be
    killed. One that does not is left alone in its thread: the controller goes on without it.
    """
    began = time.monotonic()
    kinds = {p.name: p.kind for p in tool.parameters}
    arguments = {k: Box.model_validate(v) if kinds[k] == "region" else v for k, v in job["arguments"].items()}
    loaded, results = threading.Event(), list[ToolResult]()

    def work() -> None:
        if (failed := _load(tool)) is not None:
            results.append(failed)
        loaded.set()
        if not results:
            left = min(timeout_s, load_s - (time.monotonic() - began))
            results.append(_guarded(tool, picture, arguments, max(left, 0.0)))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    waited = "loaded" if not loaded.wait(load_s) else "answered"
    if waited == "answered":
        worker.join(timeout_s + _GRACE_S)
    limit = load_s if waited == "loaded" else timeout_s
    result = (
        results[0] if results else ToolResult(status="timeout", message=f"not {waited} within {limit:.1f} s")
    )
    stamp = {"tool": tool.name, "seconds": time.monotonic() - began}
    return finished(job, result.model_copy(update=stamp))


def _load(tool: Tool) -> ToolResult | None:
    """Load what the tool needs; the `error` if that fails."""
    try:
        tool.warm()
    except Exception as error:
        _log.exception("tool %s could not be loaded", tool.name)
        return ToolResult(status="error", message=f"{type(error).__name__}: {error}")
    return None


def _guarded(tool: Tool, picture: Picture, arguments: Json, timeout_s: float) -> ToolResult:
    """The tool's result; what it should not have raised becomes an `error`."""
    try:
        result = tool.run(picture, arguments, timeout_s=timeout_s)
        maker = {"version": result.version or tool.version, "weights": result.weights or tool.weights}
        return result.model_copy(update=maker)
    except Exception as error:
        _log.exception("tool %s raised", tool.name)
        return ToolResult(status="error", message=f"{type(error).__name__}: {error}")


def refuse(job: Job) -> Evidence:
    """The evidence of a job that was not run."""
    return finished(job, ToolResult(status="refused", message=job["refused"], tool=job["call"]["name"]))


def finished(job: Job, result: ToolResult) -> Evidence:
    """A job's result under its id."""
    return Evidence(id=job["id"], step=job["step"], call=ToolCall.model_validate(job["call"]), result=result)
