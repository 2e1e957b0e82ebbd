"""The agent as an environment in which a policy is trained: the graph, budgets and checks of every run.

The training room plays episodes in it (`sightline.train.episodes.Environment`) and does not know it; the
command line hands it over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sightline.agent.agent import Agent
from sightline.agent.answerers import OracleDetector, gold_boxes, with_choices
from sightline.agent.budget import Budget
from sightline.agent.builder import embedded_tools
from sightline.agent.planners import MLLMPlanner
from sightline.errors import SightlineError
from sightline.images import ImageStore
from sightline.tools.base import Tool
from sightline.tools.cache import Cache

if TYPE_CHECKING:
    from sightline.mllm.reasoner import Reasoner

UNHURRIED = Budget(steps=4, calls=8, seconds=600.0, per_tool_seconds=120.0)
"""Ample time: what is sampled must not depend on how busy the machine is."""


class AgentEnvironment:
    """Episodes of the agent whose planner is the policy. Nothing is loaded before a tool is called.

    Args:
        labels: what there may be in an image. Where given, `detect` is right by construction, over the boxes
            of the world; else it is the embedded detector.
        budget: of an episode.
    """

    def __init__(self, *, labels: Sequence[str] = (), budget: Budget = UNHURRIED) -> None:
        self._labels, self._budget = tuple(labels), budget
        self._store, self._cache = ImageStore(), Cache()
        self._tools = embedded_tools(self._store)

    def play(
        self,
        image: Path | bytes,
        question: str,
        choices: Sequence[str],
        state: Mapping[str, Any] | None,
        reasoner: Reasoner,
    ) -> str:
        """One episode. Returns the answer as the agent's caller would get it.

        Args:
            image: a picture's file or bytes.
            question: about it.
            choices: its options, which are written behind it.
            state: with `boxes`, as evaluation suites have them; read only where there are `labels`.
            reasoner: the policy.

        Raises:
            ConfigError: the state has no boxes that can be read.
            SightlineError: the run failed.
        """
        agent = Agent(
            MLLMPlanner(reasoner),
            self._tools_for(image, state),
            self._budget,
            store=self._store,
            cache=self._cache,
        )
        answer = agent.run(image, with_choices(question, choices))
        if answer.status == "failed":
            raise SightlineError(f"an episode failed: {answer.message}")
        return answer.text

    def _tools_for(self, image: Path | bytes, state: Mapping[str, Any] | None) -> dict[str, Tool]:
        if not self._labels:
            return self._tools
        return {**self._tools, "detect": OracleDetector(gold_boxes([(image, state)]), self._labels)}

    def close(self) -> None:
        """Free the memory and the processes of the tools."""
        for tool in self._tools.values():
            tool.close()

    def __enter__(self) -> AgentEnvironment:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
