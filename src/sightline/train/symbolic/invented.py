"""Questions for which a tool is right that the planner has never seen: it has to read what the tool says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from sightline.planning.tool_spec import Argument, ToolSpec
from sightline.train.symbolic.episode import Branch, Episode
from sightline.train.symbolic.invented_concepts import Ask, Concept, Made, by_field, concepts, made
from sightline.train.symbolic.invented_results import (
    FAILURES,
    boxes,
    classified,
    frame_of,
    labels,
    overview,
    result,
)
from sightline.train.symbolic.noise import noisy
from sightline.types import Evidence, Frame, ToolCall, ToolResult

ABSENT = 0.2
"""Share of tools that are asked for and not offered, where no real tool might do."""
FAILED = 0.1
EMPTY = 0.08
NOISY = 0.35
FAMILIES = 0.4

_PLACES = ("region", "regions", "points")


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A question, and its arguments: as the question says them and as the call does."""

    ask: Ask
    question: str
    said: dict[str, str]
    values: dict[str, str]


def invented_episode(
    rng: np.random.Generator, *, held_out: bool = False
) -> tuple[Episode, tuple[ToolSpec, ...]]:
    """An episode that invented tools are right for, and their specs (with some that are wrong).

    Args:
        rng: all chance comes from it.
        held_out: only with concepts that never come up in training.
    """
    pool = concepts(held_out=held_out)
    first = _first(pool, rng)
    near = by_field(held_out=held_out)[first.field]
    asked = _picked(first, near, rng, int(rng.integers(1, 4)))
    wrong = _picked(first, near, rng, int(rng.integers(1, 5)))[1:] if rng.random() < 0.5 else []
    if rng.random() < 0.3:
        wrong += [pool[int(n)] for n in rng.integers(0, len(pool), size=2)]
    absent = [c for c in asked if rng.random() < ABSENT]
    tools = list[Made]()
    offered = list({c.key: c for c in (*asked, *wrong) if c not in absent}.values())
    for concept in offered:
        if any(not concept.words.isdisjoint(a.words) and _could(concept, a) for a in absent):
            continue
        tools.append(made(concept, rng, {tool.spec.name for tool in tools}))
    frame = frame_of(rng)
    glance = ToolResult(status="ok", payload=overview(first.see, frame, rng), tool="look")
    e1 = Evidence(id="e1", step=0, call=ToolCall(name="look"), result=glance)
    named = {tool.concept.key: tool for tool in tools}
    needs, branches = ["look"], list[Branch]()
    for concept in asked:
        for of in {o.question: o for o in (_question(concept, rng) for _ in range(3))}.values():
            tool = named.get(concept.key)
            if tool is not None:
                of = _with_setting(tool, of, rng)
                more, rounds = _rounds(tool, of, frame, rng)
                more = [tool.spec.name, *more]
            elif concept.real:
                more, rounds = _by_real(concept, of, (), frame, rng)
            else:
                more, rounds = [], [_branch(of, "cannot tell: no tool", "absent")]
            needs += more
            branches += rounds
            if rng.random() < 0.35:
                break
    episode = Episode(needs=tuple(dict.fromkeys(needs)), evidence=(e1,), branches=tuple(branches))
    return episode, tuple(tool.spec for tool in tools)


def episodes(
    rng: np.random.Generator, *, held_out: bool = False
) -> Iterator[tuple[Episode, tuple[ToolSpec, ...]]]:
    """Without end."""
    while True:
        yield invented_episode(rng, held_out=held_out)


def _first(pool: Sequence[Concept], rng: np.random.Generator) -> Concept:
    """A concept; those of families, which are alike, are drawn in two of five cases only."""
    is_family = rng.random() < FAMILIES
    while True:
        concept = pool[int(rng.integers(0, len(pool)))]
        if ("/" in concept.key) == is_family:
            return concept


def _picked(first: Concept, near: Sequence[Concept], rng: np.random.Generator, most: int) -> list[Concept]:
    """A concept and some others of its field."""
    others = [near[int(n)] for n in rng.integers(0, len(near), size=most - 1)]
    return list({c.key: c for c in (first, *others)}.values())


def _could(offered: Concept, absent: Concept) -> bool:
    """Whether a tool that is offered might answer what an absent one is asked: they share most words."""
    shared = len(offered.words & absent.words)
    return shared >= 0.6 * min(len(offered.words), len(absent.words))


# Questions.


def _question(concept: Concept, rng: np.random.Generator) -> _Asked:
    """One question for a concept."""
    ask = concept.asks[int(rng.integers(0, len(concept.asks)))]
    wordings = ask.wordings
    if rng.random() < 0.6:
        wordings = tuple(w for w in wordings if "{" in w) or wordings
    text = wordings[int(rng.integers(0, len(wordings)))]
    said, values = dict[str, str](), dict[str, str]()
    kinds = {"thing": "phrase"} | {arg.name: arg.kind for arg in concept.args}

    def put(match: re.Match[str]) -> str:
        name = match[1]
        if name not in said:
            fills = concept.fills[name]
            said[name], values[name] = fills[int(rng.integers(0, len(fills)))]
            if re.fullmatch(r"\d+-\d+", said[name]):
                low, _, high = said[name].partition("-")
                said[name] = values[name] = str(int(rng.integers(int(low), int(high) + 1)))
        return said[name]

    question = re.sub(r"\{(\w+)\}", put, text)
    question = question[:1].upper() + question[1:] if rng.random() < 0.8 else question
    if rng.random() < NOISY:
        changed = noisy(question, rng)
        if all(_found(value, changed) for value in said.values()):
            question = changed
    for name, value in said.items():  # as the question writes it, capitals and all
        found = _found(value, question)
        if found and values[name] == value and kinds[name] != "choice":
            values[name] = found
        said[name] = found or value
    return _Asked(ask=ask, question=question, said=said, values=values)


def _with_setting(tool: Made, of: _Asked, rng: np.random.Generator) -> _Asked:
    """In some cases the question sets an argument that few questions are about."""
    known = set(tool.arguments.values())
    free = [p for p in tool.spec.params if p.name not in known and p.kind in ("choice", "number")]
    if not free or rng.random() > 0.3:
        return of
    param, name = free[0], free[0].name.replace("_", " ")
    if param.options == ("yes", "no"):
        said, value = f"Be {name}.", "yes"
    elif param.options:
        value = param.options[int(rng.integers(0, len(param.options)))]
        said = f"Use {value} {name}."
    else:
        value = str(int(rng.integers(2, 6))) if name == "retries" else f"0.{int(rng.integers(1, 10))}"
        said = f"Use {name} {value}." if rng.random() < 0.5 else f"{name.capitalize()}: {value}."
    mark = "" if of.question.endswith(("?", ".", "!")) else "."
    question = f"{of.question}{mark} {said}"
    return replace(of, question=question, values={**of.values, f"={param.name}": value})


def _found(words: str, question: str) -> str:
    """Words as they stand in the question, whole; empty where they do not."""
    at = re.search(rf"(?<!\w){re.escape(words)}(?![\w'])", question, re.IGNORECASE)
    return at[0] if at else ""


# Rounds.


def _branch(of: _Asked, reply: str, task: str, evidence: Sequence[Evidence] = ()) -> Branch:
    return Branch(
        question=of.question,
        reply=f"{of.ask.kind}: {reply}",
        task=f"invented/{task}",
        evidence=tuple(evidence),
    )


def _rounds(tool: Made, of: _Asked, frame: Frame, rng: np.random.Generator) -> tuple[list[str], list[Branch]]:
    """All rounds of a question, and the real tools that they need beside the invented one."""
    places = [arg for arg in tool.concept.args if arg.kind in _PLACES and arg.required]
    branches, before, needs = list[Branch](), list[Evidence](), list[str]()
    where, box = dict[str, str](), dict[str, object]()
    if places:
        needs.append("detect")
        thing = of.said["thing"]
        branches.append(_branch(of, f"detect(query={_quoted(thing)})", "locate"))
        found, where = _located(places[0], rng)
        seen = boxes(thing.lower(), found, frame, rng, query=thing)
        status = "ok" if found else "empty"
        res = ToolResult(status=status, payload=seen, tool="detect")  # type: ignore[arg-type]
        before.append(_evidence(2, ToolCall(name="detect", arguments={"query": thing}), res))
        if not where:
            reason = "ambiguous" if found else "not there"
            return needs, [*branches, _branch(of, f"cannot tell: {reason}", "located", before)]
        box = {name: value.replace("[", "").replace("]", "") for name, value in where.items()}
    told, arguments = _arguments(tool, of, where, box)
    branches.append(_branch(of, f"{tool.spec.name}({told})", "call", before))
    call = partial(_evidence, len(before) + 2, ToolCall(name=tool.spec.name, arguments=arguments))
    draw = rng.random()
    if draw < FAILED:
        status, message = FAILURES[int(rng.integers(0, len(FAILURES)))]
        failed = ToolResult(status=status, message=message, tool=tool.spec.name)  # type: ignore[arg-type]
        more, rounds = _after_failure(tool, of, [*before, call(failed)], frame, rng)
        return needs + more, branches + rounds
    if draw < FAILED + EMPTY:
        is_boxes = tool.concept.out.startswith("boxes")
        nothing = boxes(_label(tool, of), 0, frame, rng) if is_boxes else None
        res = ToolResult(status="empty", payload=nothing, tool=tool.spec.name)
        stays = is_boxes and of.ask.at in ("count", "exists")
        reply = _reference(of, len(before) + 2) if stays else "cannot tell: not there"
        return needs, [*branches, _branch(of, reply, "empty", [*before, call(res)])]
    res = _fitting(tool, of, frame, rng)
    several = of.ask.at in ("place", "color") and len(res.payload.boxes() if res.payload else ()) > 1
    reply = "cannot tell: ambiguous" if several else _reference(of, len(before) + 2)
    return needs, [*branches, _branch(of, reply, "answer", [*before, call(res)])]


def _fitting(tool: Made, of: _Asked, frame: Frame, rng: np.random.Generator) -> ToolResult:
    """A result; where one thing is asked about, mostly of one thing."""
    if of.ask.at in ("place", "color") and rng.random() < 0.8:
        seen = boxes(_label(tool, of), 1, frame, rng)
        return ToolResult(status="ok", payload=seen, tool=tool.spec.name)
    return result(tool, of.said, of.values, frame, rng)


def _located(argument: Argument, rng: np.random.Generator) -> tuple[int, dict[str, str]]:
    """How many things are found, and the argument that names them; none where it cannot be told which."""
    draw = rng.random()
    if argument.kind == "region":
        count = 1 if draw < 0.8 else 0 if draw < 0.9 else int(rng.integers(2, 4))
        return count, {argument.name: "e2.1"} if count == 1 else {}
    if draw < 0.08:
        return 0, {}
    count = 2 if draw < 0.7 or argument.name == "pair" else int(rng.integers(3, 5))
    return count, {argument.name: f"[{', '.join(f'e2.{n}' for n in range(1, count + 1))}]"}


def _arguments(
    tool: Made, of: _Asked, where: dict[str, str], box: dict[str, object]
) -> tuple[str, dict[str, object]]:
    """The arguments of the call in the order of its signature: as written, and as they arrive."""
    concept = {new: old for old, new in tool.arguments.items()}
    told, arguments = list[str](), dict[str, object]()
    for param in tool.spec.params:
        name = concept.get(param.name, f"={param.name}")
        if name in where:
            told.append(f"{param.name}={where[name]}")
            arguments[param.name] = box[name]
        elif name in of.values:
            value = of.said[name] if param.kind == "phrase" else of.values[name]
            told.append(f"{param.name}={value if param.kind == 'number' else _quoted(value)}")
            arguments[param.name] = value
    return ", ".join(told), arguments


def _label(tool: Made, of: _Asked) -> str:
    return labels(tool.concept.out, of.said)[0]


def _reference(of: _Asked, number: int) -> str:
    """What the answer points at."""
    at = of.ask.at
    if at in ("count", "place", "color"):
        return f"{at} of e{number}"
    if at == "exists":
        return f"exists in e{number}"
    if at == "text":
        return f"text of e{number}"
    return f"field of e{number}: {at}" if at else f"value of e{number}"


def _after_failure(
    tool: Made, of: _Asked, before: Sequence[Evidence], frame: Frame, rng: np.random.Generator
) -> tuple[list[str], list[Branch]]:
    """What is left after a failure: a real tool that can tell, or nothing."""
    if not tool.concept.real:
        return [], [_branch(of, "cannot tell: failed", "failed", before)]
    return _by_real(tool.concept, of, before, frame, rng)


def _by_real(
    concept: Concept, of: _Asked, before: Sequence[Evidence], frame: Frame, rng: np.random.Generator
) -> tuple[list[str], list[Branch]]:
    """Rounds of a real tool where the invented one failed or is not offered; none where it is not clear."""
    number = len(before) + 2
    if "detect" in concept.real and of.ask.at in ("count", "exists"):
        told = [
            found for one in reversed(labels(concept.out, of.said)) if (found := _found(one, of.question))
        ]
        if not told:
            return [], []
        call = ToolCall(name="detect", arguments={"query": told[0]})
        count = int(rng.integers(0, 6))
        seen = boxes(labels(concept.out, of.said)[0], count, frame, rng, query=told[0])
        res = ToolResult(status="ok" if count else "empty", payload=seen, tool="detect")
        first = f"detect(query={_quoted(told[0])})"
    elif concept.real == {"classify"} and not of.ask.at and concept.out.startswith("classes") and not of.said:
        call = ToolCall(name="classify")
        res = classified(concept.out, frame, rng)
        first = "classify()"
    else:
        return [], []
    return [call.name], [
        _branch(of, first, "instead", before),
        _branch(of, _reference(of, number), "answer", [*before, _evidence(number, call, res)]),
    ]


def _evidence(number: int, call: ToolCall, res: ToolResult) -> Evidence:
    return Evidence(id=f"e{number}", step=number - 1, call=call, result=res)


def _quoted(text: str) -> str:
    return f'"{text}"'
