"""What travels through the graph: JSON and image references, never pixels."""

from __future__ import annotations

import operator
from typing import Annotated, Any

from typing_extensions import TypedDict

Json = dict[str, Any]


class Job(TypedDict):
    """One call on its way to a tool.

    `arguments` are the call's, with each region resolved to a dumped `Box`. A job whose `refused` is
    not empty is not run: the text is the reason.
    """

    id: str
    step: int
    call: Json
    arguments: Json
    refused: str


class State(TypedDict, total=False):
    """The state of a run; all of it is JSON.

    Attributes:
        question: cleaned.
        images: references into the image store, the original first.
        frames: the dumped `Frame` of each of `images`.
        jobs: of the round in hand.
        evidence: dumped `Evidence`, one a finished call; parallel calls append to it.
        steps: dumped `Step`, one a round of planning.
        plan: the dumped `Plan` of the last round.
        rejected: the dumped `Plan` that a check refused, or None.
        critique: why it was refused.
        repairs: how many answers were refused so far.
        must_answer: the next round may not call tools.
        exhausted: which budget ended, in words; empty while none did.
        kind: of answer that the question expects; empty until a plan has said it.
        answer: the dumped `Answer`, once there is one.
    """

    question: str
    images: list[str]
    frames: list[Json]
    jobs: list[Job]
    evidence: Annotated[list[Json], operator.add]
    steps: Annotated[list[Json], operator.add]
    plan: Json
    rejected: Json | None
    critique: str
    repairs: int
    must_answer: bool
    exhausted: str
    kind: str
    answer: Json
