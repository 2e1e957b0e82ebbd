"""The embedded default: our model as the planner, and our tools. Everything else is passed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sightline.agent.planners import Planner
    from sightline.images import ImageStore
    from sightline.tools.base import Tool


def default_planner() -> Planner:
    """Our model with the embedded weights. Raises `WeightsError` if they are missing or changed."""
    from sightline.agent.planners import MLLMPlanner
    from sightline.mllm.reasoner import Reasoner

    return MLLMPlanner(Reasoner.load())


def embedded_tools(store: ImageStore) -> dict[str, Tool]:
    """The tools of the embedded tier; crops go to `store`. Nothing is loaded yet."""
    from sightline.tools.registry import default_tools

    return default_tools(store=store)
