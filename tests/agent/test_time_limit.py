"""A planner that does not heed its deadline ends the run in time, as a spent budget."""

from __future__ import annotations

from threading import Event

import numpy as np
import pytest
from PIL import Image

from sightline.agent.agent import Agent
from sightline.agent.budget import Budget
from sightline.agent.planners import Plan, Request
from sightline.agent.time_limit import within


def test_what_is_returned_and_raised() -> None:
    assert within(lambda: 7, 60) == 7
    with pytest.raises(ZeroDivisionError):
        within(lambda: 1 // 0, 60)


def test_no_time_is_no_call() -> None:
    called = []
    assert within(lambda: called.append(1), 0) is None
    assert not called


def test_a_planner_that_blocks_is_a_spent_budget() -> None:
    freed = Event()

    class Blocking:
        weights = ""

        def plan(self, request: Request) -> Plan:
            freed.wait(600)
            return Plan(answer="late")

    picture = Image.fromarray(np.full((40, 40, 3), 200, np.uint8))
    try:
        with Agent(Blocking(), tools={}, budget=Budget(seconds=0.2)) as agent:
            answer = agent.run(picture, "How many circles are there?")
    finally:
        freed.set()
    assert answer.status == "budget_exhausted"
    assert answer.text == "cannot tell"
    assert "time" in answer.message
