"""The graph: prepare -> plan -> act (parallel) -> observe -> plan ... -> answer -> verify -> end | plan."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from sightline.agent import nodes
from sightline.agent.budget import Budget
from sightline.agent.state import Job, State

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph


def after_plan(state: State) -> list[Send] | Literal["answer"]:
    """To the calls, one branch each, or to the answer."""
    if not state["jobs"]:
        return "answer"
    return [Send("act", job) for job in state["jobs"]]


def after_verify(state: State) -> Literal["plan", "__end__"]:
    """Back to the planner if the answer was refused and may be repaired."""
    return "plan" if state["rejected"] else "__end__"


def recursion_limit(budget: Budget) -> int:
    """Above what any run within `budget` takes: three nodes a round, and the answers' own."""
    rounds = budget.steps + 1 + budget.repairs
    return 3 * rounds + 2 * (budget.repairs + 1) + 10


@cache
def build_graph() -> CompiledStateGraph[State, nodes.Context, State, State]:
    """The compiled graph, the same for every door."""
    graph = StateGraph(State, context_schema=nodes.Context)
    graph.add_node("prepare", nodes.prepare)
    graph.add_node("plan", nodes.plan)
    graph.add_node("act", nodes.act, input_schema=Job)
    graph.add_node("observe", nodes.observe)
    graph.add_node("answer", nodes.answer)
    graph.add_node("verify", nodes.verify)
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "plan")
    graph.add_conditional_edges("plan", after_plan, ["act", "answer"])
    graph.add_edge("act", "observe")
    graph.add_edge("observe", "plan")
    graph.add_edge("answer", "verify")
    graph.add_conditional_edges("verify", after_verify, ["plan", END])
    return graph.compile()
