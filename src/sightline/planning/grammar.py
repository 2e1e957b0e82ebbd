"""What the planner may reply: calls of the tools that are offered, or a reference to evidence.

    number: detect(query=" red circles")          calls; several of one round are joined by `; `
    number: count of e2                           the answer is pointed at
    money: field of e2: total
    text: quote of e3: 012-345 678
    color: cannot tell: ambiguous

Every argument is held to what there is: a phrase to the words of the question, a region to evidence with
boxes, SQL to the columns that were read. Calls that failed have no reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from sightline.planning.choices import END, Free, OneOf, Steps
from sightline.planning.phrases import Phrases, numbers_in
from sightline.planning.situation import ANSWER_KINDS, Situation
from sightline.planning.sql import SqlGrammar, SqlRelation
from sightline.planning.tool_spec import Argument, ToolSpec
from sightline.types import (
    Caption,
    Description,
    Detections,
    Evidence,
    Facts,
    Fields,
    Masks,
    Relation,
    TextLines,
)
from sightline.types.overview import Classes, Overview

Accessor = Literal["count", "exists", "value", "color", "size", "place", "label", "field", "quote", "text"]
Reason = Literal["not there", "ambiguous", "no tool", "failed", "not about the picture"]
REASONS: tuple[Reason, ...] = get_args(Reason)

MOST_CALLS = 3
MOST_BOXES = 20
"""Boxes of one finding that a call may name."""

MOST_FIELDS = 8
LONGEST_QUOTE = 40
"""Words."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One call as it was said: arguments as texts, numbers, or names of places (`e2.1`)."""

    name: str
    arguments: tuple[tuple[str, str | float | tuple[str, ...]], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Where the answer stands: what of which evidence, fields by their names or a quotation."""

    what: Accessor
    of: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the planner says: the kind of answer that is expected, and calls, or where the answer stands."""

    kind: str
    calls: tuple[Said, ...] = ()
    reference: Reference | None = None
    reason: Reason | None = None


def reply_steps(situation: Situation, relations: Sequence[SqlRelation] = ()) -> Steps[Reply]:
    """The replies to a situation.

    Args:
        situation: what is decided on.
        relations: what SQL may name, see `sql_relations`.
    """
    return _Grammar(situation, relations).steps()


class _Grammar:
    def __init__(self, situation: Situation, relations: Sequence[SqlRelation]) -> None:
        self.situation = situation
        self.phrases = Phrases(situation.question)
        self.relations = relations
        found = _found(situation.evidence)
        self.places = {e.id: len(e.result.payload.boxes()) for e in found if e.result.payload}

    def steps(self) -> Steps[Reply]:
        kinds = (self.situation.kind,) if self.situation.kind else ANSWER_KINDS
        kind = (yield OneOf(tuple(f"{one}:" for one in kinds))).removesuffix(":")
        tools = [] if self.situation.must_answer else [t for t in self.situation.tools if self._callable(t)]
        heads = {f" {tool.name}(": tool for tool in tools}
        references = {
            f" {text}": (what, one) for text, what, one in self._references() if fits(kind, what, one)
        }
        silent = () if self._unread(tools) else (" cannot tell:",)
        said = yield OneOf((*heads, *references, *silent))
        if said in heads:
            return Reply(kind=kind, calls=(yield from self._calls(heads, heads[said])))
        if said == " cannot tell:":
            reasons = [one for one in REASONS if one != "ambiguous" or not self._found_one_at_most()]
            reason = yield OneOf(tuple(f" {one}" for one in reasons))
            yield OneOf((END,))
            return Reply(kind=kind, reason=next(one for one in REASONS if f" {one}" == reason))
        what, evidence = references[said]
        if what == "field":
            names = yield from self._fields(evidence)
        elif what == "quote":
            names = ((yield from _quote(evidence)),)
        else:
            names = ()
            yield OneOf((END,))
        return Reply(kind=kind, reference=Reference(what=what, of=evidence.id, names=names))

    def _callable(self, tool: ToolSpec) -> bool:
        """Whether there is something to hand over for what must be given, and the call is no repeat."""
        if not self._may_be_bare(tool) and not any(self._argument_open(p) for p in tool.params):
            return False
        return all(self._argument_open(p) for p in tool.params if p.required)

    def _may_be_bare(self, tool: ToolSpec) -> bool:
        """Whether a call without arguments would not be one that has an answer already."""
        return not any(
            e.call.name == tool.name and not e.call.arguments and e.result.status in _ANSWERED
            for e in self.situation.evidence
        )

    def _unread(self, tools: Sequence[ToolSpec]) -> bool:
        """Whether tools were asked, but not the one that reads pictures of this medium.

        Then nobody can tell yet that something is not there. SQL is asked of what the readers find.
        """
        asked = {e.call.name for e in self.situation.evidence if not _is_glance(e)}
        if asked & {tool.name for tool in tools if any(p.kind == "sql" for p in tool.params)}:
            return False
        seen = [e.result.payload for e in self.situation.evidence]
        mediums = {one.medium for one in seen if isinstance(one, Overview)}
        return bool(asked) and any(tool.reads in mediums and tool.name not in asked for tool in tools)

    def _argument_open(self, argument: Argument) -> bool:
        match argument.kind:
            case "region" | "regions":
                return any(self.places.values())
            case "phrase":
                return self.phrases.any
            case "sql":
                return bool(self.relations)
            case "points":
                return False
            case _:
                return True

    def _found_one_at_most(self) -> bool:
        """Whether things were looked for and never several were found: then no other can be meant."""
        found = [e.result.payload for e in self.situation.evidence if not _is_glance(e)]
        return bool(found) and all(
            isinstance(one, Detections) and len(one.items) <= 1 and not one.unclear for one in found
        )

    def _calls(self, heads: dict[str, ToolSpec], first: ToolSpec) -> Steps[tuple[Said, ...]]:
        calls, tool = [], first
        while True:
            calls.append((yield from self._call(tool)))
            more = ("; ",) if len(calls) < MOST_CALLS else ()
            if (yield OneOf((END, *more))) == END:
                return tuple(calls)
            bare = {head.removeprefix(" "): one for head, one in heads.items()}
            tool = bare[(yield OneOf(tuple(bare)))]

    def _call(self, tool: ToolSpec) -> Steps[Said]:
        required = [p for p in tool.params if p.required]
        left = [p for p in tool.params if not p.required and self._argument_open(p)]
        given: list[tuple[str, str | float | tuple[str, ...]]] = []
        for argument in required:
            yield OneOf((f"{', ' if given else ''}{argument.name}=",))
            given.append((argument.name, (yield from self._value(argument))))
            if argument.kind == "sql":  # its query ends with the bracket of the call
                return Said(name=tool.name, arguments=tuple(given))
        while left:
            names = {f"{', ' if given else ''}{one.name}=": one for one in left}
            ends = (")",) if given or self._may_be_bare(tool) else ()
            said = yield OneOf((*ends, *names))
            if said == ")":
                break
            argument = names[said]
            given.append((argument.name, (yield from self._value(argument))))
            left = left[left.index(argument) + 1 :]
        else:
            yield OneOf((")",))
        return Said(name=tool.name, arguments=tuple(given))

    def _value(self, argument: Argument) -> Steps[str | float | tuple[str, ...]]:
        match argument.kind:
            case "phrase":
                yield OneOf(('"',))
                return (yield from self.phrases.steps('"'))
            case "choice":
                said = yield OneOf(tuple(f'" {option}"' for option in argument.options))
                return said.strip('" ')
            case "number":
                asked = numbers_in(self.situation.question)
                return float((yield OneOf(tuple(dict.fromkeys([*asked, *map(str, range(21))])))))
            case "region":
                return (yield from self._place())
            case "regions":
                return (yield from self._places())
            case "sql":
                return (yield from self._sql())
            case _:
                yield OneOf(('"',))
                return (yield Free(stop='"')).removesuffix('"').strip()

    def _sql(self) -> Steps[str]:
        said: list[str] = []
        yield from _recorded(SqlGrammar(self.relations, self.situation.question).steps(), said)
        return "".join(said).removesuffix(")")

    def _place(self) -> Steps[str]:
        """One box of a finding: `e2.1`."""
        whole = yield OneOf(tuple(name for name, boxes in self.places.items() if boxes))
        numbers = tuple(f".{n}" for n in range(1, min(self.places[whole], MOST_BOXES) + 1))
        return whole + (yield OneOf(numbers))

    def _places(self) -> Steps[tuple[str, ...]]:
        """Some boxes, none of them twice: each by itself, or all of a finding."""
        yield OneOf(("[",))
        left = {
            name: [f".{n}" for n in range(1, min(boxes, MOST_BOXES) + 1)]
            for name, boxes in self.places.items()
            if boxes
        }
        found: list[str] = []
        while True:
            name = yield OneOf(tuple(left))
            more = (", ",) if len(left) > 1 and len(found) + 1 < MOST_BOXES else ()
            numbers = left.pop(name)
            again = (", ",) if len(numbers) > 1 and len(found) + 1 < MOST_BOXES else ()
            whole = () if any(one.startswith(f"{name}.") for one in found) else (*more, "]")
            said = yield OneOf((*numbers, *whole))
            if said.startswith("."):
                numbers.remove(said)
                if numbers:
                    left[name] = numbers
                name += said
                said = yield OneOf((*(more or again), "]"))
            found.append(name)
            if said == "]":
                return tuple(found)

    def _references(self) -> Iterator[tuple[str, Accessor, Evidence]]:
        """What may be said of the evidence, and what it means. The overview alone answers nothing."""
        for one in _found(self.situation.evidence):
            for what in accessors(one):
                if what == "exists":
                    yield f"exists in {one.id}", what, one
                elif what in ("field", "quote"):
                    yield f"{what} of {one.id}:", what, one
                else:
                    yield f"{what} of {one.id}", what, one

    def _fields(self, evidence: Evidence) -> Steps[tuple[str, ...]]:
        known = field_names(evidence)
        names = [(yield OneOf(tuple(f" {name}" for name in known)))[1:]]
        while len(names) < MOST_FIELDS:
            if (yield OneOf((END, ","))) == END:
                return tuple(names)
            names.append((yield OneOf(tuple(f" {name}" for name in known)))[1:])
        yield OneOf((END,))
        return tuple(names)


def _is_glance(evidence: Evidence) -> bool:
    return isinstance(evidence.result.payload, Overview)


_ANSWERED = ("ok", "empty", "unsupported")


def _found(evidence: Sequence[Evidence]) -> list[Evidence]:
    """What found something, or found out that there is nothing."""
    return [e for e in evidence if e.result.status in ("ok", "empty") and e.result.payload is not None]


_OF_ONE: tuple[Accessor, ...] = ("color", "size", "place", "label")


def accessors(evidence: Evidence) -> tuple[Accessor, ...]:
    """What may be said of a finding."""
    payload = evidence.result.payload
    match payload:
        case Detections():
            return ("count", "exists", *(_OF_ONE if payload.items or payload.perhaps else ()))
        case Masks():
            return ("count", "exists")
        case Relation():
            return ("value", "count") if not payload.is_empty else ("count",)
        case Facts():
            return ("value", "field") if len(payload.items) == 1 else ("field",) if payload.items else ()
        case Fields():
            return ("field",) if field_names(evidence) else ()
        case TextLines():
            return ("quote", "text", "exists") if payload.rows else ("exists",)
        case Caption() | Description():
            return ("text", "value")
        case Classes():
            return ("value",) if payload.items else ()
        case _:
            return ()


_ANSWERS: dict[str, tuple[Accessor, ...]] = {
    "number": ("count", "value", "field", "quote"),
    "yes/no": ("exists", "value"),
    "name": ("label", "value", "size", "field", "quote", "text"),
    "text": ("label", "value", "size", "field", "quote", "text"),
    "date": ("value", "field", "quote"),
    "money": ("value", "field", "quote"),
    "list": ("label", "value", "field", "quote", "text"),
    "place": ("place", "value", "field", "quote"),
    "color": ("color", "value", "field", "quote"),
    "description": ("text", "value", "size"),
}
"""What can be the answer to a question of each kind."""


def fits(kind: str, what: Accessor, evidence: Evidence) -> bool:
    """Whether a reference can be an answer of this kind; of a query's result its values tell it too."""
    if what not in _ANSWERS[kind]:
        return False
    payload = evidence.result.payload
    if isinstance(payload, Facts) and what == "value":
        return isinstance(payload.items[0].value, bool) == (kind == "yes/no")
    if not isinstance(payload, Relation):
        return True
    kinds = [value.kind for row in payload.rows for value in row if value.kind != "nothing"]
    if what == "count":  # of rows, and one number is no row
        return kinds != ["number"]
    if kind == "yes/no":
        return set(kinds) == {"bool"}
    return kind != "number" or "bool" not in kinds


def field_names(evidence: Evidence) -> tuple[str, ...]:
    """The names that stand for one thing each, in their order."""
    payload = evidence.result.payload
    if not isinstance(payload, Fields | Facts):
        return ()
    names = [item.name for item in payload.items]
    return tuple(n for n in dict.fromkeys(names) if names.count(n) == 1 and "," not in n and n.strip() == n)


def _quote(evidence: Evidence) -> Steps[str]:
    """A run of whole words of what was read, over the borders of rows too."""
    payload = evidence.result.payload
    assert isinstance(payload, TextLines)
    words = [word for row in payload.rows for span in row for word in span.text.split()]
    said = yield OneOf(tuple(dict.fromkeys(f" {word}" for word in words)))
    at = {i for i, word in enumerate(words) if f" {word}" == said}
    run = said
    for _ in range(LONGEST_QUOTE - 1):
        onward = {i + 1: f" {words[i + 1]}" for i in at if i + 1 < len(words)}
        said = yield OneOf(tuple(dict.fromkeys([END, *onward.values()])))
        if said == END:
            return run[1:]
        run += said
        at = {i for i, text in onward.items() if text == said}
    yield OneOf((END,))
    return run[1:]


def _recorded(steps: Steps[None], said: list[str]) -> Steps[None]:
    """A coroutine whose chosen pieces are noted down."""
    choice = next(steps)
    try:
        while True:
            piece = yield choice
            said.append(piece)
            choice = steps.send(piece)
    except StopIteration:
        return


def written(reply: str) -> str:
    """A reply as people write it -> as the grammar spells it: a space before the words of a text argument.

    So a word has the same tokens there as in the question that it is copied from.
    """
    return reply.replace('="', '=" ') + END
