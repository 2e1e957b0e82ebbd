"""Which tools an episode is asked with: more, fewer, other names, other words, one too few.

A planner that only ever saw one list of tools learns it by heart; over other lists it has to read them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from sightline.planning.tool_spec import ToolSpec, spec_of
from sightline.tools.registry import all_tools
from sightline.train.symbolic.episode import Branch, Episode
from sightline.train.symbolic.invented_concepts import content_words, distractors
from sightline.train.symbolic.mixer_calls import Said, calls_of, kind_of, rewritten
from sightline.types import Evidence

ALL = 0.2
"""Share of episodes with every real tool: enough to know them together, and the others are read faster."""
SHUFFLED = 1 / 3
"""Share of those in another order."""
DISTRACTED = 0.4
"""Share of episodes with invented tools that are never right."""
RENAMED = 0.15
"""Share of episodes whose real tools have other names."""
REWORDED = 0.25
"""Share of episodes whose real tools have other docstrings under their own names."""
REMOVED = 0.05
"""Share of episodes that lack a tool that they need."""

OWN_NAME = "look"
"""The agent calls it itself, under this name."""

_STAND_INS: dict[str, frozenset[str]] = {
    "detect": frozenset({"count", "query", "caption", "describe", "classify"}),
    "count": frozenset({"detect", "query", "caption", "describe"}),
    "read_text": frozenset({"read_document", "read_table", "read_chart", "query", "describe", "caption"}),
    "read_document": frozenset({"read_text", "read_table", "query", "describe"}),
    "read_table": frozenset({"read_text", "read_document", "query", "describe"}),
    "read_chart": frozenset({"read_text", "read_table", "query", "describe"}),
    "query": frozenset({"read_table", "read_chart", "read_document", "read_text", "detect", "count"}),
    "classify": frozenset({"caption", "describe"}),
    "caption": frozenset({"describe", "classify"}),
    "describe": frozenset({"caption", "classify"}),
    "calculate": frozenset({"query"}),
}
"""Tools that might do instead of one: they go with it, or a reply that nothing can tell would be wrong."""


@dataclass(frozen=True, kw_only=True)
class Offered:
    """An episode and the tools that it is asked with, in their order; names and calls fit each other."""

    tools: tuple[ToolSpec, ...]
    episode: Episode


@dataclass(frozen=True, kw_only=True)
class _Words:
    """Other names, docstrings, and names of arguments of a real tool."""

    names: tuple[str, ...]
    docs: tuple[str, ...]
    arguments: dict[str, tuple[str, ...]]


@cache
def real_specs() -> dict[str, ToolSpec]:
    """The real tools, in their order. What they read is left out: silence is for the planner to learn."""
    return {name: replace(spec_of(tool), reads="") for name, tool in all_tools().items()}


@cache
def _words() -> dict[str, _Words]:
    """Of `wordings/mixer_tools.txt`, by tool."""
    text = (files("sightline.train.symbolic") / "wordings" / "mixer_tools.txt").read_text("utf-8")
    found: dict[str, dict[str, list[str]]] = {}
    for line in text.splitlines():
        if line.startswith("["):
            lists = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, said = line.partition(": ")
            lists.setdefault(key, []).extend([said] if key == "doc" else said.split(", "))
    return {
        name: _Words(
            names=tuple(lists["names"]),
            docs=tuple(lists["doc"]),
            arguments={k: tuple(v) for k, v in lists.items() if k not in ("names", "doc")},
        )
        for name, lists in found.items()
    }


def offer(episode: Episode, rng: np.random.Generator, own: Sequence[ToolSpec] = ()) -> Offered:
    """The tools that an episode is asked with, and the episode in their names.

    Args:
        episode: in real names.
        rng: all chance comes from it.
        own: invented tools that come with it, right ones and wrong ones; all of them are offered.
    """
    real = real_specs()
    needed = [name for name in episode.needs if name in real]
    if rng.random() < ALL:
        names = list(real)
        if rng.random() < SHUFFLED:
            rng.shuffle(names)
    else:
        names = _some(list(real), needed, rng)
    if rng.random() < REMOVED and (left := _without(episode, needed, names, rng)):
        names, episode = left
    specs = {name: real[name] for name in names}
    taken = {spec.name for spec in own} | set(real)
    draw = rng.random()
    if draw < RENAMED:
        specs = _renamed(specs, taken, rng)
        episode = _in_names(episode, specs)
        taken |= {spec.name for spec in specs.values()}
    elif draw < RENAMED + REWORDED:
        specs = {name: _reworded(spec, name, rng) for name, spec in specs.items()}
    return Offered(tools=_listed(specs, own, _others(episode, own, taken, rng), rng), episode=episode)


def _some(real: list[str], needed: Sequence[str], rng: np.random.Generator) -> list[str]:
    """What is needed and some of the others; in half of the draws in the usual order."""
    share = rng.uniform(0.0, 0.45)
    kept = [name for name in real if name in needed or rng.random() < share]
    if rng.random() < 0.5:
        rng.shuffle(kept)
    return kept


def _others(
    episode: Episode, own: Sequence[ToolSpec], taken: set[str], rng: np.random.Generator
) -> list[ToolSpec]:
    """Invented tools that have nothing to do with what is asked."""
    if rng.random() >= DISTRACTED:
        return []
    asked = content_words(*(branch.question for branch in episode.branches))
    told = content_words(*(f"{spec.name} {spec.doc}" for spec in own))
    return distractors(rng, int(rng.integers(1, 7)), avoid=asked | told, taken=taken)


def _listed(
    specs: dict[str, ToolSpec], own: Sequence[ToolSpec], others: list[ToolSpec], rng: np.random.Generator
) -> tuple[ToolSpec, ...]:
    """All tools in one order: invented ones last, first, or anywhere."""
    real, invented = list(specs.values()), [*own, *others]
    rng.shuffle(invented)
    draw = rng.random()
    if draw < 0.5:
        return (*real, *invented)
    if draw < 0.65:
        return (*invented, *real)
    for spec in invented:
        real.insert(int(rng.integers(0, len(real) + 1)), spec)
    return tuple(real)


# Other names.


def _reworded(spec: ToolSpec, name: str, rng: np.random.Generator) -> ToolSpec:
    if name not in _words() or rng.random() < 0.15:
        return spec
    return replace(spec, doc=_one(rng, _words()[name].docs))


def _renamed(specs: dict[str, ToolSpec], taken: set[str], rng: np.random.Generator) -> dict[str, ToolSpec]:
    """The specs, most of them under other names, with other words, many with other names of arguments."""
    taken, share = set(taken), rng.uniform(0.5, 1.0)
    found: dict[str, ToolSpec] = {}
    for name, spec in specs.items():
        spec = _reworded(spec, name, rng)
        if name in _words() and name != OWN_NAME and rng.random() < share:
            words = _words()[name]
            fresh = [new for new in words.names if new not in taken]
            new = _opaque(rng, taken) if rng.random() < 0.08 or not fresh else _one(rng, fresh)
            taken.add(new)
            params = list(spec.params)
            if rng.random() < 0.6:
                for n, param in enumerate(params):
                    used = {p.name for p in params}
                    free = [a for a in words.arguments.get(param.name, ()) if a not in used]
                    if free and rng.random() < 0.7:
                        params[n] = replace(param, name=_one(rng, free))
            spec = replace(spec, name=new, params=tuple(params))
        found[name] = spec
    return found


def _opaque(rng: np.random.Generator, taken: set[str]) -> str:
    """A name that tells nothing."""
    while True:
        stem = _one(rng, ("tool", "fn", "skill", "helper", "module", "step", "op", "plugin"))
        if (name := f"{stem}_{int(rng.integers(1, 100))}") not in taken:
            return name


def _in_names(episode: Episode, specs: dict[str, ToolSpec]) -> Episode:
    """The episode in the names of `specs`, whose keys are the real names."""
    real = real_specs()
    names = {old: spec.name for old, spec in specs.items()}
    arguments = {
        old: {was.name: now.name for was, now in zip(real[old].params, spec.params, strict=True)}
        for old, spec in specs.items()
    }

    def change(said: Said) -> Said:
        of = arguments.get(said.name, {})
        told = tuple((of.get(argument, argument), value) for argument, value in said.arguments)
        return Said(name=names.get(said.name, said.name), arguments=told)

    def changed(one: Evidence) -> Evidence:
        of = arguments.get(one.call.name, {})
        told = {of.get(argument, argument): value for argument, value in one.call.arguments.items()}
        call = one.call.model_copy(
            update={"name": names.get(one.call.name, one.call.name), "arguments": told}
        )
        result = one.result.model_copy(update={"tool": names.get(one.result.tool, one.result.tool)})
        return one.model_copy(update={"call": call, "result": result})

    return Episode(
        needs=tuple(names.get(name, name) for name in episode.needs),
        evidence=tuple(map(changed, episode.evidence)),
        branches=tuple(
            replace(b, reply=rewritten(b.reply, change), evidence=tuple(map(changed, b.evidence)))
            for b in episode.branches
        ),
    )


# One too few.


def _without(
    episode: Episode, needed: Sequence[str], names: Sequence[str], rng: np.random.Generator
) -> tuple[list[str], Episode] | None:
    """The names and the episode without one needed tool and all that might do instead of it.

    First rounds that would call it cannot tell; what else stands on it is dropped. None where nothing can
    be taken away.
    """
    shared = {one.call.name for one in episode.evidence}
    firsts = {c.name for b in episode.branches if not b.evidence for c in calls_of(b.reply)}
    able = [name for name in needed if name in firsts & _STAND_INS.keys()]
    able = [name for name in able if not shared & ({name} | _STAND_INS[name])]
    if not able:
        return None
    gone = (lost := _one(rng, able), *_STAND_INS[lost])
    left = [name for name in names if name not in gone]
    branches = [b for branch in episode.branches if (b := _lacking(branch, gone, left)) is not None]
    if not any(branch.reply.endswith("cannot tell: no tool") for branch in branches):
        return None
    stays = tuple(name for name in episode.needs if name not in gone)
    return left, Episode(needs=stays, evidence=episode.evidence, branches=tuple(branches))


def _lacking(branch: Branch, gone: Sequence[str], left: Sequence[str]) -> Branch | None:
    """The round where tools are gone: as it was, unable to tell, or None where it could not come about."""
    called = {said.name for said in calls_of(branch.reply)}
    if any(one.call.name in gone for one in branch.evidence):
        return None
    if not called & set(gone):
        return branch
    if branch.evidence or any(_STAND_INS.get(name, frozenset()) & set(left) for name in called):
        return None
    return replace(
        branch, reply=f"{kind_of(branch.reply)}: cannot tell: no tool", task=f"{branch.task}/no_tool"
    )


def _one(rng: np.random.Generator, of: Sequence[str]) -> str:
    return of[int(rng.integers(0, len(of)))]
