"""The controller: it plans over tools until an answer stands on evidence.

Names load on first use. The package may also be reached as `agent` from the repository's root; it
names its parts absolutely, so that both ways give the same classes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sightline.agent.agent import Agent
    from sightline.agent.budget import Budget
    from sightline.agent.planners import MLLMPlanner, Plan, Planner, Request, ScriptedPlanner

__all__ = ["Agent", "Budget", "MLLMPlanner", "Plan", "Planner", "Request", "ScriptedPlanner"]

_HOMES = {name: "sightline.agent.planners" for name in __all__} | {
    "Agent": "sightline.agent.agent",
    "Budget": "sightline.agent.budget",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
