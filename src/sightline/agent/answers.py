"""From a plan that answers to the `Answer` that the caller gets."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from sightline.agent.planners import CANNOT_TELL, OUT_OF_TIME, Plan
from sightline.agent.verify import quoted_spans
from sightline.types import (
    Answer,
    AnswerStatus,
    Box,
    Check,
    Detections,
    Evidence,
    Frame,
    Step,
    TextLines,
    TextSpan,
    map_box,
)

_WHOLE = re.compile(r"[-+]?(0|[1-9]\d*|[1-9]\d{0,2}(,\d{3})+)")
_DECIMAL = re.compile(r"[-+]?(0|[1-9]\d*|[1-9]\d{0,2}(,\d{3})+)\.\d+")


def make_answer(
    question: str,
    plan: Plan,
    evidence: Sequence[Evidence],
    *,
    original: Frame,
    steps: Sequence[Step] = (),
    checks: tuple[Check, ...] = (),
    status: AnswerStatus = "answered",
    message: str = "",
) -> Answer:
    """The answer without its trace and usage.

    `status` is what the run came to; an answer of `cannot tell` turns `answered` into `cannot_tell`.
    Its confidence is the planner's, in the answer and in each of `steps` whose calls found something, times
    the mean score of the cited findings that carry one: the answer is right if the planner asked for the
    right things and read the evidence rightly, and the evidence is right.
    """
    text = (plan.answer or CANNOT_TELL).strip() or CANNOT_TELL
    cited = tuple(e for e in evidence if e.id in plan.cites)
    unknown = text.casefold() == CANNOT_TELL
    if unknown and status == "answered":
        status, message = "cannot_tell", message or why_not(plan, evidence)
    return Answer(
        question=question,
        text=text,
        value=None if unknown else typed(text) if plan.value is None else plan.value,
        status=status,
        confidence=plan.confidence
        * asked_rightly(steps, evidence, plan.cites)
        * (1.0 if plan.boxes is not None else evidence_score(cited, plan)),
        cites=tuple(e.id for e in cited),
        boxes=() if unknown else cited_boxes(cited, plan, original),
        checks=checks,
        evidence=tuple(evidence),
        message=message,
    )


def asked_rightly(steps: Sequence[Step], evidence: Sequence[Evidence], cites: Sequence[str]) -> float:
    """The planner's confidence in all rounds that the answer stands on, 0..1.

    Those are the rounds that found something, and those that are cited, as where nothing was found and the
    answer is no. Any other has been left behind.
    """
    on = {e.id for e in evidence if e.result.status == "ok" or e.id in cites}
    return math.prod(step.confidence for step in steps if on.intersection(step.evidence))


def why_not(plan: Plan, evidence: Sequence[Evidence]) -> str:
    """In one line: what the planner gave as its reason, and which calls failed, each with its own reason."""
    failed = [
        f"{e.call.name}: {e.result.message}"
        for e in evidence
        if e.result.status not in ("ok", "empty", "refused")
    ]
    told = REASONS.get(plan.reason, plan.reason) or "the planner found nothing to answer from"
    return "; ".join([told, *dict.fromkeys(failed)])


REASONS = {
    "not there": "what the question asks for was looked for and is not there",
    "ambiguous": "the question fits several things",
    "no tool": "no tool can tell that; give one that can: a tool of your own, or other weights to --detector",
    "failed": "the calls that could tell have failed",
    "not about the picture": "that is no question about the picture",
    OUT_OF_TIME: "the time was over before the planner could answer",
}
"""What a planner's reason means to the user."""


def typed(text: str) -> bool | int | float | str:
    """Yes and no as a bool, a number as int or float (commas may group thousands), else the text.

    A number that starts with a nought, such as a telephone number, stays a text.
    """
    if text.casefold() in ("yes", "no"):
        return text.casefold() == "yes"
    if _WHOLE.fullmatch(text):
        return int(text.replace(",", ""))
    if _DECIMAL.fullmatch(text):
        return float(text.replace(",", ""))
    return text


def evidence_score(cited: Sequence[Evidence], plan: Plan) -> float:
    """The mean score of what the answer stands on, 0..1; 1 where nothing cited carries a score."""
    scores = [score for e in cited for score in _scores(e, plan)]
    return min(sum(scores) / len(scores), 1.0) if scores else 1.0


def _scores(evidence: Evidence, plan: Plan) -> list[float]:
    payload = evidence.result.payload
    if isinstance(payload, Detections):
        return [d.score for d in payload.items]
    if isinstance(payload, TextLines):
        return [span.score for span in _spans(payload, plan)]
    return []


def _spans(text: TextLines, plan: Plan) -> list[TextSpan]:
    """Of a cited text: the spans that hold a quotation, or all of them for an answer in own words."""
    return quoted_spans(plan.answer or "", text) if plan.quote else text.spans()


def cited_boxes(cited: Sequence[Evidence], plan: Plan, original: Frame) -> tuple[Box, ...]:
    """The cited regions in the original's frame, in the order of the evidence; for a quotation, its spans."""
    if plan.boxes is not None:
        return tuple(map_box(box, original) for box in plan.boxes)
    found: list[Box] = []
    for e in cited:
        payload = e.result.payload
        if isinstance(payload, TextLines):
            found += [span.box for span in _spans(payload, plan)]
        elif payload is not None:
            found += payload.boxes()
    return tuple(map_box(box, original) for box in found)
