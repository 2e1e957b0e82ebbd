"""From a planner's calls to finished evidence: checked, resolved, run within their time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sightline.agent.state import Job, Json
from sightline.errors import InputError
from sightline.images import Picture
from sightline.tools.arguments import dump_arguments, typed
from sightline.tools.base import Tool
from sightline.tools.cache import Cache
from sightline.tools.guard import run
from sightline.types import Evidence, Frame, ToolCall, ToolResult


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
    """The arguments as JSON, boxes dumped in the frame of the original, and why the call cannot be run."""
    if call.name not in tools:
        return {}, f'no tool "{call.name}"; there are {", ".join(tools) or "none"}'
    named = {e.id: e.result.payload.boxes() if e.result.payload else [] for e in evidence}
    named |= {f"{id}.{n}": [box] for id, boxes in named.items() for n, box in enumerate(boxes, 1)}
    try:
        return dump_arguments(typed(tools[call.name], call.arguments, original, named)), ""
    except InputError as error:
        return {}, str(error)


def run_job(
    job: Job, tool: Tool, picture: Picture, *, timeout_s: float, within_s: float, cache: Cache | None = None
) -> Evidence:
    """Run one job that was not refused, as `guard.run` does."""
    return finished(
        job, run(tool, picture, job["arguments"], timeout_s=timeout_s, within_s=within_s, cache=cache)
    )


def refuse(job: Job) -> Evidence:
    """The evidence of a job that was not run."""
    return finished(job, ToolResult(status="refused", message=job["refused"], tool=job["call"]["name"]))


def finished(job: Job, result: ToolResult) -> Evidence:
    """A job's result under its id."""
    return Evidence(id=job["id"], step=job["step"], call=ToolCall.model_validate(job["call"]), result=result)
