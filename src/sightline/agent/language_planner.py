"""The embedded planner: a small language model that reads tools and evidence as text and points at answers.

It looks first (`look`, where it is offered), then says calls or a reference, held to the grammar of
`planning.grammar`. A reference is resolved here: what the answer says stands in the evidence to the letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import Any

from sightline.agent.planners import CANNOT_TELL, OUT_OF_TIME, Plan, Request
from sightline.planning.decode import Decided, Decoder, OutOfTime
from sightline.planning.grammar import Reply, Said, reply_steps
from sightline.planning.references import Unresolved, resolved
from sightline.planning.situation import Situation, prompt_parts
from sightline.planning.sql_relations import sql_relations
from sightline.planning.tool_spec import spec_of
from sightline.types import Evidence, ToolCall

LOOK = "look"

MOST_EVIDENCE = 10
"""Finished calls that are shown, the overview and the last ones: some four thousand tokens at most."""


class LanguagePlanner:
    """Plans with one language model. Calls from several threads wait for one another.

    Args:
        decoder: the model with its tokenizer.
        weights: sha256 of its weights, first 16 hex digits.
    """

    def __init__(self, decoder: Decoder, weights: str = "") -> None:
        self._decoder = decoder
        self.weights = weights
        self._one_at_a_time = Lock()

    def plan(self, request: Request) -> Plan:
        """The next calls, or the answer."""
        if self._looks_first(request):
            return Plan(calls=(ToolCall(name=LOOK),))
        situation = situation_of(request)
        steps = reply_steps(situation, sql_relations(situation.evidence, request.question))
        with self._one_at_a_time:
            try:
                said = self._decoder.decide(prompt_parts(situation), steps, deadline=request.deadline)
            except OutOfTime:
                return Plan(kind=situation.kind, answer=CANNOT_TELL, reason=OUT_OF_TIME, confidence=0.0)
        return plan_of(said, situation.evidence)

    def _looks_first(self, request: Request) -> bool:
        offered = any(tool.name == LOOK and not tool.parameters for tool in request.tools)
        looked = any(e.call.name == LOOK for e in request.evidence)
        return offered and not looked and not request.must_answer


def situation_of(request: Request) -> Situation:
    """What the model is shown: no refused calls, and of many finished ones the last."""
    told = [e for e in request.evidence if e.result.status != "refused"]
    if len(told) > MOST_EVIDENCE:
        told = [told[0], *told[1 - MOST_EVIDENCE :]]
    return Situation(
        question=request.question,
        tools=tuple(spec_of(tool) for tool in request.tools),
        evidence=tuple(told),
        kind=request.kind,
        must_answer=request.must_answer,
    )


def plan_of(said: Decided[Reply], evidence: Sequence[Evidence]) -> Plan:
    """A reply as a plan: calls, or the answer that its reference stands for."""
    reply = said.value
    told: dict[str, Any] = {"kind": reply.kind, "confidence": said.confidence, "tokens": said.tokens}
    if reply.calls:
        return Plan(calls=tuple(map(_call, reply.calls)), **told)
    if reply.reference is None:
        return Plan(answer=CANNOT_TELL, reason=reply.reason or "", **told)
    try:
        found = resolved(reply.reference, evidence)
    except Unresolved as why:
        return Plan(answer=CANNOT_TELL, reason=str(why), **told)
    if found.lacking:
        return Plan(answer=CANNOT_TELL, reason="not there", **told)
    if found.ambiguous and reply.kind != "list":
        return Plan(answer=CANNOT_TELL, reason="ambiguous", **told)
    told["confidence"] = said.confidence * (1.0 if found.score is None else found.score)
    return Plan(
        answer=found.text,
        value=found.value,
        boxes=found.boxes,
        quote=reply.reference.what == "quote",
        cites=(reply.reference.of,),
        **told,
    )


def _call(said: Said) -> ToolCall:
    """Places as the controller takes them: ids with spaces between."""
    arguments: dict[str, Any] = {
        name: " ".join(value) if isinstance(value, tuple) else value for name, value in said.arguments
    }
    return ToolCall(name=said.name, arguments=arguments)
