"""The nodes of the graph: functions from the state to a part of the next one.

What cannot be JSON (pictures, tools, the planner, the trace) is in the `Context` of a run.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from langgraph.runtime import Runtime

from sightline.agent.answers import make_answer
from sightline.agent.budget import Budget
from sightline.agent.calls import make_jobs, refuse, run_job
from sightline.agent.planners import CANNOT_TELL, OUT_OF_TIME, Plan, Planner, Request
from sightline.agent.state import Job, Json, State
from sightline.agent.time_limit import within
from sightline.agent.trace import TraceWriter
from sightline.agent.verify import verify as check_answer
from sightline.images import ImageStore, Picture
from sightline.tools.base import Tool
from sightline.tools.cache import Cache
from sightline.types import AnswerStatus, Crop, Drawing, Evidence, Frame, Step

GRACE_S = 0.5
"""A planner that heeds its deadline ends within this after it; then it is not waited for."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a run works with. `began` is on the clock of `time.monotonic`, in seconds."""

    planner: Planner
    tools: Mapping[str, Tool]
    store: ImageStore
    picture: Picture
    budget: Budget
    trace: TraceWriter
    began: float
    cache: Cache | None = None

    @property
    def seconds_left(self) -> float:
        """Of the time in which tools may run and rounds may start."""
        return self.began + self.budget.working_seconds - time.monotonic()


def prepare(state: State, runtime: Runtime[Context]) -> State:
    """Put the picture into the store and open the trace."""
    context = runtime.context
    reference = context.store.put(context.picture.pixels)
    frame = context.picture.frame.model_dump()
    tools = {name: {"version": tool.version, "weights": tool.weights} for name, tool in context.tools.items()}
    context.trace.write(
        "start",
        question=state["question"],
        frame=frame,
        tools=tools,
        planner={"name": type(context.planner).__name__, "weights": context.planner.weights},
        budget=asdict(context.budget),
    )
    return State(images=[reference], frames=[frame])


def plan(state: State, runtime: Runtime[Context]) -> State:
    """Ask the planner; turn its calls into jobs. Where a budget has ended, it must answer."""
    context, began = runtime.context, time.monotonic()
    evidence = _evidence(state)
    exhausted = state["exhausted"] or _spent(state, context)
    must_answer = bool(state["must_answer"] or exhausted or not context.tools)
    said = _ask(state, context, evidence, must_answer)
    if said.reason == OUT_OF_TIME:
        exhausted = exhausted or f"the time of {context.budget.seconds:g} s is spent"
    jobs = [] if said.answer is not None else _jobs(said, context, evidence, len(state["steps"]))
    step = Step(
        index=len(state["steps"]),
        thought=said.thought,
        calls=said.calls if jobs else (),
        evidence=tuple(job["id"] for job in jobs),
        answer=said.answer or "",
        seconds=time.monotonic() - began,
        tokens=said.tokens,
        confidence=said.confidence,
    ).model_dump(mode="json")
    context.trace.write("plan", **step)
    return State(
        plan=said.model_dump(mode="json"),
        jobs=jobs,
        steps=[step],
        exhausted=exhausted,
        kind=state["kind"] or said.kind,
    )


def _evidence(state: State) -> list[Evidence]:
    return [Evidence.model_validate(e) for e in state["evidence"]]


def _spent(state: State, context: Context) -> str:
    """Which budget has ended before this round, in words; empty if none has."""
    budget = context.budget
    if context.seconds_left <= 0:
        return f"the time of {budget.seconds:g} s is spent"
    if len(state["steps"]) >= budget.steps:
        return f"the {budget.steps} steps are spent"
    return ""


def _ask(state: State, context: Context, evidence: list[Evidence], must_answer: bool) -> Plan:
    """The planner's reply; `cannot tell` where its time is over, also for one that does not heed it."""
    share = context.budget.seconds if must_answer else context.budget.working_seconds
    request = Request(
        question=state["question"],
        pictures=tuple(_pictures(state, context)),
        tools=tuple(context.tools.values()),
        evidence=tuple(evidence),
        must_answer=must_answer,
        rejected=Plan.model_validate(state["rejected"]) if state["rejected"] else None,
        critique=state["critique"],
        deadline=context.began + share,
        kind=state["kind"],
    )
    left = context.began + share + GRACE_S - time.monotonic()
    said = within(lambda: context.planner.plan(request), left)
    if said is None:
        return Plan(answer=CANNOT_TELL, confidence=0.0, kind=state["kind"], reason=OUT_OF_TIME)
    if said.answer is None and (must_answer or not said.calls):
        return said.model_copy(update={"answer": CANNOT_TELL, "confidence": 0.0, "calls": ()})
    return said


def _pictures(state: State, context: Context) -> list[Picture]:
    """The original, the crops and the drawings, pixels fetched from the store."""
    kept = zip(state["images"], state["frames"], strict=True)
    return [
        Picture(pixels=context.store.get(image), frame=Frame.model_validate(frame)) for image, frame in kept
    ]


def _jobs(said: Plan, context: Context, evidence: list[Evidence], step: int) -> list[Job]:
    run = sum(e.result.status != "refused" for e in evidence)
    return make_jobs(
        said.calls,
        context.tools,
        evidence,
        step=step,
        original=context.picture.frame,
        calls_left=context.budget.calls - run,
    )


def act(state: Job, runtime: Runtime[Context]) -> Json:
    """One call. Several of these run at the same time."""
    job, context = state, runtime.context
    left = context.seconds_left
    if not job["refused"] and left <= 0:
        job = Job(**{**job, "refused": "the time is spent"})
    if job["refused"]:
        done = refuse(job)
    else:
        tool, limit = context.tools[job["call"]["name"]], min(context.budget.per_tool_seconds, left)
        done = run_job(job, tool, context.picture, timeout_s=limit, within_s=left, cache=context.cache)
    return {"evidence": [done.model_dump(mode="json")]}


def observe(state: State, runtime: Runtime[Context]) -> State:
    """Write the round's results to the trace; show new crops and drawings; note whether there is more to do.

    A round whose calls were all refused has taught the planner nothing: the next one must answer.
    One that found something out closes the case of an answer that was refused before it.
    """
    context = runtime.context
    ids = {job["id"]: job for job in state["jobs"]}
    new = [e for e in _evidence(state) if e.id in ids]
    images, frames = list(state["images"]), list(state["frames"])
    for e in new:
        context.trace.call(e, ids[e.id]["arguments"], context.picture.frame.model_dump())
        shown = e.result.payload
        if isinstance(shown, Crop | Drawing) and len(images) <= context.budget.images:
            images.append(shown.image)
            frames.append(shown.frame.model_dump())
    refused = [e for e in new if e.result.status == "refused"]
    spent = any("budget of calls" in e.result.message for e in refused)
    learnt = len(refused) < len(new)
    return State(
        images=images,
        frames=frames,
        must_answer=not learnt,
        rejected=None if learnt else state["rejected"],
        critique="" if learnt else state["critique"],
        exhausted=f"the {context.budget.calls} calls are spent" if spent else state["exhausted"],
    )


def answer(state: State, runtime: Runtime[Context]) -> State:
    """Draft the answer from the plan that gave one."""
    said = Plan.model_validate(state["plan"])
    status: AnswerStatus = "budget_exhausted" if state["exhausted"] else "answered"
    evidence = _evidence(state)
    draft = make_answer(
        state["question"],
        said,
        evidence,
        steps=[Step.model_validate(step) for step in state["steps"]],
        original=runtime.context.picture.frame,
        status=status,
        message=state["exhausted"],
    )
    return State(answer=draft.model_dump(mode="json"))


def verify(state: State, runtime: Runtime[Context]) -> State:
    """Check the draft. A refused one is thought over again, within the repairs; then it is given up."""
    context, said = runtime.context, Plan.model_validate(state["plan"])
    checks = check_answer(state["question"], said, _evidence(state))
    for check in checks:
        context.trace.write("verify", **check.model_dump())
    failed = "; ".join(f"{check.name}: {check.detail}" for check in checks if not check.passed)
    answer = {**state["answer"], "checks": [check.model_dump() for check in checks]}
    if not failed:
        return State(answer=answer, rejected=None)
    if state["repairs"] < context.budget.repairs and not state["exhausted"] and context.seconds_left > 0:
        return State(answer=answer, rejected=state["plan"], critique=failed, repairs=state["repairs"] + 1)
    answer |= {"text": CANNOT_TELL, "value": None, "boxes": [], "confidence": 0.0}
    if answer["status"] == "answered":
        answer |= {"status": "cannot_tell"}
    answer |= {"message": f'"{said.answer}" contradicts the evidence: {failed}'}
    return State(answer=answer, rejected=None)


def initial_state(question: str) -> State:
    """What a run starts from."""
    return State(
        question=question,
        images=[],
        frames=[],
        jobs=[],
        evidence=[],
        steps=[],
        plan={},
        rejected=None,
        critique="",
        repairs=0,
        must_answer=False,
        exhausted="",
        kind="",
        answer={},
    )
