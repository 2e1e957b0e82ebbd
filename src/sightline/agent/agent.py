"""The agent: the one way in for every door."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from sightline.agent.budget import Budget
from sightline.agent.builder import default_planner, embedded_tools
from sightline.agent.questions import clean_question
from sightline.agent.trace import TraceWriter
from sightline.images import ImageStore, Picture, Source, load_image
from sightline.tools.cache import Cache
from sightline.types import Answer, Evidence, Step, Usage

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from sightline.agent.nodes import Context
    from sightline.agent.planners import Planner
    from sightline.agent.state import State
    from sightline.tools.base import Tool

_log = logging.getLogger(__name__)


class Agent:
    """Answers questions about images: plans over tools until an answer stands on evidence.

    Making one loads nothing. `with Agent() as agent:` frees processes at the end; so does `close`.

    Args:
        planner: decides on each step; None for our model with the embedded weights.
        tools: by name, or a list of tools and typed functions; None for the embedded ones, `{}` for the
            planner alone.
        budget: of each run.
        trace_dir: where each run leaves its record; None for nowhere.
        store: keeps the pixels of crops; tools of your own that crop must share it.
        cache: of the tools' results, from one run to the next; None for one of its own in memory,
            `Cache(max_bytes=0)` for none.
    """

    def __init__(
        self,
        planner: Planner | None = None,
        tools: Mapping[str, Tool] | Iterable[Tool | Callable[..., Any]] | None = None,
        budget: Budget | None = None,
        trace_dir: str | Path | None = None,
        *,
        store: ImageStore | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.budget = budget or Budget()
        self.store = store if store is not None else ImageStore()
        self.cache = cache if cache is not None else Cache()
        self.tools = _tools(tools, self.store)
        self.last_trace: Path | None = None
        self._trace_dir = Path(trace_dir) if trace_dir is not None else None
        self._planner = planner
        self._building = Lock()

    def _ready_planner(self) -> Planner:
        """The planner, ours being loaded at its first use."""
        with self._building:
            if self._planner is None:
                self._planner = default_planner()
            return self._planner

    def run(self, image: Source, question: str, *, progress: Callable[[str], None] | None = None) -> Answer:
        """Answer one question about one image.

        Args:
            image: whatever `load_image` takes: a path, bytes, a data URI, a PIL image, an array.
            question: 1 to 2000 characters.
            progress: is told in a few words what is done next.

        Returns:
            The answer, whatever happened on the way: `status` says how the run ended.

        Raises:
            InputError: the image or the question cannot be used, or no trace can be written.
        """
        began = time.monotonic()
        asked = clean_question(question)
        picture = load_image(image)
        trace = TraceWriter(self._trace_dir, picture.frame.image)
        self.last_trace = trace.path
        try:
            return self._answer(asked, picture, trace, began, progress or _silent)
        finally:
            trace.close()

    def _answer(
        self,
        question: str,
        picture: Picture,
        trace: TraceWriter,
        began: float,
        progress: Callable[[str], None],
    ) -> Answer:
        """Run the graph; an error of ours ends as an answer that failed, with all that came before."""
        from sightline.agent.nodes import initial_state

        state = initial_state(question)
        progress("loading")
        try:
            for after in self._states(state, picture, trace):
                state = after
                progress(_next(state))
            answer = Answer.model_validate(state["answer"])
        except Exception as error:  # whatever it is, the caller gets an answer that says so
            _log.exception("the run failed")
            answer = _failed(question, state, error)
        answer = answer.model_copy(update=_account(state, began))
        trace.final(answer)
        return answer

    def _states(self, state: State, picture: Picture, trace: TraceWriter) -> Iterator[State]:
        """The state after each node. The time of the budget begins when the planner is loaded."""
        from sightline.agent.graph import build_graph, recursion_limit
        from sightline.agent.nodes import Context

        context: Context = Context(
            planner=self._ready_planner(),
            tools=self.tools,
            store=self.store,
            picture=picture,
            budget=self.budget,
            trace=trace,
            began=time.monotonic(),
            cache=self.cache,
        )
        limit: RunnableConfig = {"recursion_limit": recursion_limit(self.budget)}
        for values in build_graph().stream(state, limit, context=context, stream_mode="values"):
            yield cast("State", values)

    def warm(self) -> None:
        """Load now what the first run would load. Raises `WeightsError` if weights are missing."""
        from sightline.agent.graph import build_graph

        build_graph()
        self._ready_planner()
        for tool in self.tools.values():
            tool.warm()

    def close(self) -> None:
        """Free the memory and the processes of the tools; a later run sets up again."""
        for tool in self.tools.values():
            tool.close()

    def __enter__(self) -> Agent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _silent(_: str) -> None:
    """Tells nobody."""


def _next(state: State) -> str:
    """What comes after a state: the calls that were decided on, or thinking."""
    done = {evidence["id"] for evidence in state["evidence"]}
    calls = [job["call"] for job in state["jobs"] if job["id"] not in done and not job["refused"]]
    if not calls:
        return "thinking"
    return ", ".join(f"{c['name']}({', '.join(map(str, c['arguments'].values()))})" for c in calls)


def _tools(
    tools: Mapping[str, Tool] | Iterable[Tool | Callable[..., Any]] | None, store: ImageStore
) -> dict[str, Tool]:
    """The tools by name; None stands for the embedded ones."""
    if tools is None:
        return embedded_tools(store)
    from sightline.tools.registry import by_name

    return by_name(tools)


def _failed(question: str, state: State, error: Exception) -> Answer:
    said = str(error).strip() or "no message"
    return Answer(
        question=question,
        text="cannot tell",
        status="failed",
        confidence=0.0,
        evidence=tuple(Evidence.model_validate(e) for e in state["evidence"]),
        message=f"{type(error).__name__}: {said}",
    )


def _account(state: State, began: float) -> dict[str, Any]:
    """The steps and what the run cost."""
    steps = tuple(Step.model_validate(step) for step in state["steps"])
    usage = Usage(
        seconds=round(time.monotonic() - began, 4),
        steps=len(steps),
        calls=len(state["evidence"]),
        tokens=sum(step.tokens for step in steps),
    )
    return {"trace": steps, "usage": usage}
