"""From a reference to the answer: its text, its typed value, and the boxes that it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sightline.planning.grammar import Reference
from sightline.tools.attributes import size_of
from sightline.tools.places import place_of
from sightline.types import (
    Box,
    Caption,
    Classes,
    Description,
    Detection,
    Detections,
    Evidence,
    Facts,
    Fields,
    Finding,
    Masks,
    Relation,
    RelationValue,
    TextLines,
)

Value = bool | int | float | str | None

CURRENCIES = "$€£¥₹"
"""Signs before an amount, which has two decimals."""

DECIMALS, MOST_PRINTED = 2, 6
"""Of a number that was computed, and the most that are taken for print where a number is from one cell."""


class Unresolved(ValueError):
    """A reference that means no one thing. The message says why, in one line."""


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """What a reference means: text, typed value, boxes in their own frames, and how sure the finding is.

    It is `ambiguous` where several things are meant, and `lacking` where one that is taken for granted is not
    there.
    """

    text: str
    value: Value
    boxes: tuple[Box, ...] = ()
    score: float | None = None
    ambiguous: bool = False
    lacking: bool = False


def resolved(reference: Reference, evidence: Sequence[Evidence]) -> Resolved:
    """The answer that a reference stands for. Raises `Unresolved`."""
    one = next((e for e in evidence if e.id == reference.of), None)
    if one is None or one.result.payload is None or one.result.status not in ("ok", "empty"):
        raise Unresolved(f"{reference.of} found nothing that could be answered from")
    payload = one.result.payload
    match reference.what:
        case "count":
            return _count(payload)
        case "exists":
            return _exists(payload)
        case "color" | "size" | "place" | "label":
            return _attribute(reference.what, payload)
        case "field":
            return _fields(reference.names, payload)
        case "quote":
            return _quote(reference.names[0], payload)
        case "value":
            return _value(payload)
        case "text":
            return Resolved(
                text=_text(payload), value=None, boxes=tuple(payload.boxes()), score=payload.score
            )


def _count(payload: Finding) -> Resolved:
    match payload:
        case Detections() | Masks():
            number = len(payload.items)
            boxes = tuple(one.box for one in payload.items)
            scores = [one.score for one in payload.items]
            score = sum(scores) / len(scores) if scores else payload.score
        case Relation():
            number, boxes, score = len(payload.rows), tuple(payload.boxes()), payload.score
        case _:
            raise Unresolved(f"a {payload.kind} has no count")  # type: ignore[attr-defined]
    return _said_of(payload, Resolved(text=str(number), value=number, boxes=boxes, score=score))


def _said_of(payload: Finding, answer: Resolved) -> Resolved:
    """An answer, with what the detector says of its query."""
    if not isinstance(payload, Detections):
        return answer
    return replace(answer, ambiguous=bool(payload.unclear), lacking=bool(payload.lacks))


def _exists(payload: Finding) -> Resolved:
    there = not payload.is_empty
    score = payload.score
    if isinstance(payload, Detections):
        scores = [one.score for one in (*payload.items, *payload.perhaps)]
        score = max(scores, default=score or 0.0) if there else payload.score
    said = "yes" if there else "no"
    return _said_of(payload, Resolved(text=said, value=there, boxes=tuple(payload.boxes()), score=score))


def _attribute(what: str, payload: Finding) -> Resolved:
    """Of the one object that was found; of several, what all of them share."""
    if not isinstance(payload, Detections):
        raise Unresolved(f"there is no {what} of that")
    things = payload.items or payload.perhaps
    if not things:
        raise Unresolved("nothing was found")
    told = list(dict.fromkeys(_told(what, one) for one in things))
    if "" in told:
        raise Unresolved(f"its {what} could not be told")
    boxes = tuple(one.box for one in things)
    score = min(one.score for one in things)
    said = ", ".join(told)
    several = len(told) > 1 or bool(payload.unclear)
    return Resolved(text=said, value=said, boxes=boxes, score=score, ambiguous=several)


def _told(what: str, one: Detection) -> str:
    if what == "label":
        return one.label
    if what == "place":
        return place_of(one.box)
    return one.attributes.get(what, size_of(one.box) if what == "size" else "")


def _fields(names: Sequence[str], payload: Finding) -> Resolved:
    found: list[tuple[str, Value, tuple[Box, ...], float | None]] = []
    for name in names:
        if isinstance(payload, Fields):
            field = next((f for f in payload.items if f.name == name), None)
            if field is not None:
                typed: Value = field.text if field.value is None else field.value
                found.append((field.text, typed, (field.box,), field.score))
        elif isinstance(payload, Facts):
            fact = next((f for f in payload.items if f.name == name), None)
            if fact is not None:
                found.append((fact.to_text().partition(": ")[2], fact.value, fact.of, payload.score))
    if len(found) != len(names):
        raise Unresolved("there is no such field")
    if len(found) == 1:
        text, value, boxes, score = found[0]
        return Resolved(text=text, value=value, boxes=boxes, score=score)
    scores = [score for *_, score in found if score is not None]
    said = ", ".join(f"{name}: {text}" for name, (text, *_) in zip(names, found, strict=True))
    boxes = tuple(box for _, _, own, _ in found for box in own)
    return Resolved(text=said, value=said, boxes=boxes, score=min(scores, default=None))


def _quote(words: str, payload: Finding) -> Resolved:
    if not isinstance(payload, TextLines):
        raise Unresolved("there is no text to quote")
    wanted = words.split()
    pieces = [(word, span) for row in payload.rows for span in row for word in span.text.split()]
    for at in range(len(pieces) - len(wanted) + 1):
        run = pieces[at : at + len(wanted)]
        if [word for word, _ in run] == wanted:
            spans = list(dict.fromkeys(span for _, span in run))
            score = min(span.score for span in spans)
            return Resolved(text=words, value=words, boxes=tuple(s.box for s in spans), score=score)
    raise Unresolved("the quotation does not stand in the text")


def _value(payload: Finding) -> Resolved:
    match payload:
        case Relation():
            return _relation(payload)
        case Facts() if len(payload.items) == 1:
            fact = payload.items[0]
            text = fact.to_text().partition(": ")[2]
            return Resolved(text=text, value=fact.value, boxes=fact.of, score=payload.score)
        case Classes() if payload.items:
            shown = payload.shown or payload.items[0].label
            return Resolved(text=shown, value=shown, boxes=(payload.region,), score=payload.score)
        case Caption() | Description():
            return Resolved(text=payload.text, value=None, boxes=tuple(payload.boxes()), score=payload.score)
        case _:
            raise Unresolved("there is no one value")


def _relation(relation: Relation) -> Resolved:
    rows = [[v for v in row if v.kind != "nothing"] for row in relation.rows]
    values = [value for row in rows for value in row]
    if not values:
        raise Unresolved("the query found no value")
    said = list(dict.fromkeys(" ".join(value_text(v) for v in row) for row in rows if row))
    value = _typed(values[0]) if len(values) == 1 else ", ".join(said)
    return Resolved(text=", ".join(said), value=value, boxes=tuple(relation.boxes()), score=relation.score)


def value_text(value: RelationValue) -> str:
    """A value as an answer says it, with its unit: as printed, or with two decimals where computed."""
    if value.kind != "number" or not isinstance(value.value, int | float):
        return value.text
    text = value.text
    decimals = len(text.partition(".")[2])
    computed = decimals > (MOST_PRINTED if len(value.cells) == 1 else DECIMALS)
    if computed and abs(value.value) >= 0.01:
        text = f"{value.value:.{DECIMALS}f}".rstrip("0").rstrip(".")
    if not value.unit or value.unit in text:
        return text
    if value.unit in CURRENCIES:
        whole = float(value.value).is_integer() or len(value.cells) == 1
        return f"{value.unit}{text if whole else f'{value.value:.2f}'}"
    return f"{text}{value.unit}" if value.unit == "%" else f"{text} {value.unit}"


def _typed(value: RelationValue) -> Value:
    return value.value


def _text(payload: Finding) -> str:
    match payload:
        case TextLines():
            return "\n".join(" ".join(span.text for span in row) for row in payload.rows)
        case Caption() | Description():
            return payload.text
        case _:
            return payload.to_text()
