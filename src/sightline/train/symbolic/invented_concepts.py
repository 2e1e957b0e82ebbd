"""Invented tools as data: what each is called, takes, answers and returns (`wordings/invented_*.txt`).

A concept is a block of lines; one with `over: LIST` stands for as many concepts as the list has words.

    = bird_species | birds | classify      key, field, real tools that might do as well
    names: identify_bird, bird_species
    args: lang? text; region? region       name, ? where it is optional, kind, words of a choice
    fill lang: French, German, Spanish=es  how a question says an argument, and the value where it differs
    doc: Names the species of a bird
    ask name: Which bird is this? | What species is it?
    out: classes House Sparrow, Blue Jay
    see: photo: bird, branch
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from sightline.planning.tool_spec import Argument, ArgumentKind, ToolSpec
from sightline.train.symbolic.invented_names import argument_named, extra_argument, styled


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Questions of one kind and where their answer stands.

    Args:
        kind: of the answer.
        at: a field of the result, or `count`, `exists`, `place`, `color`; empty for its one value.
        wordings: with `{argument}` where an argument is said.
    """

    kind: str
    at: str
    wordings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Concept:
    """One invented tool before its name, words and arguments are drawn.

    Args:
        key: its name among concepts.
        field: what it is about; concepts of one field go together on a picture.
        real: real tools that might answer its questions too; none: without it, nothing can tell.
        fills: how a question says an argument, and the value that this means.
        out: how its result looks, see `invented_results`.
        see: what is in the picture.
        words: all words that it is about.
    """

    key: str
    field: str
    real: frozenset[str]
    names: tuple[str, ...]
    docs: tuple[str, ...]
    args: tuple[Argument, ...]
    fills: dict[str, tuple[tuple[str, str], ...]]
    asks: tuple[Ask, ...]
    out: str
    see: str
    words: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Made:
    """A concept as a tool. `arguments`: what the concept's arguments are called there."""

    concept: Concept
    spec: ToolSpec
    arguments: dict[str, str]


def wording(name: str) -> list[str]:
    """The lines of a file of `wordings`, without empty ones and remarks."""
    text = (files("sightline.train.symbolic") / "wordings" / f"{name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@cache
def concepts(*, held_out: bool = False) -> tuple[Concept, ...]:
    """All concepts for training, or those that are only for evaluation."""
    kept = frozenset(wording("invented_held_out"))
    return tuple(c for c in every_concept() if (c.key in kept) == held_out)


@cache
def every_concept() -> tuple[Concept, ...]:
    """All concepts, in the order of their files. Raises `ValueError` for two of one key."""
    found: dict[str, Concept] = {}
    lists = _lists()
    for name in _FILES:
        for block in _blocks(wording(name)):
            for concept in _expanded(block, lists):
                if concept.key in found:
                    raise ValueError(f"two concepts are called {concept.key}")
                found[concept.key] = concept
    return tuple(found.values())


_FILES = (
    "invented_nature",
    "invented_people",
    "invented_print",
    "invented_science",
    "invented_things",
    "invented_pixels",
    "invented_places",
    "invented_families",
)


@cache
def by_field(*, held_out: bool = False) -> dict[str, tuple[Concept, ...]]:
    """The concepts of each field."""
    found: dict[str, list[Concept]] = {}
    for concept in concepts(held_out=held_out):
        found.setdefault(concept.field, []).append(concept)
    return {field: tuple(of) for field, of in found.items()}


# From a concept to a tool.


def made(concept: Concept, rng: np.random.Generator, taken: Collection[str]) -> Made:
    """A tool for a concept, under a name that is not taken."""
    name = styled(concept.names, rng, taken)
    args, arguments = list[Argument](), dict[str, str]()
    for arg in concept.args:
        new = argument_named(arg.name, rng, {*arguments.values(), *(a.name for a in concept.args)})
        arguments[arg.name] = new
        args.append(Argument(name=new, kind=arg.kind, required=arg.required, options=arg.options))
    if len(args) < 3 and rng.random() < 0.3 and (more := extra_argument(rng)).name not in arguments.values():
        args.append(more)
    args.sort(key=lambda arg: not arg.required)
    doc = concept.docs[int(rng.integers(0, len(concept.docs)))]
    if rng.random() < 0.08:
        doc = f"{_OWN_DOCS[int(rng.integers(0, len(_OWN_DOCS)))]}: {doc[:1].lower()}{doc[1:]}"
    return Made(concept=concept, spec=ToolSpec(name=name, doc=doc, params=tuple(args)), arguments=arguments)


_OWN_DOCS = ("Our own model", "In-house", "Special tool", "Web service", "Plugin", "Beta", "Trained by us")


def distractors(
    rng: np.random.Generator,
    most: int,
    *,
    avoid: Collection[str],
    taken: Collection[str],
    held_out: bool = False,
) -> list[ToolSpec]:
    """Up to `most` invented tools that share no word with `avoid`, under names that are not taken."""
    pool, taken, found = concepts(held_out=held_out), set(taken), list[ToolSpec]()
    avoid = frozenset(avoid)
    for n in rng.integers(0, len(pool), size=4 * most):
        concept = pool[int(n)]
        if len(found) == most:
            break
        if concept.words.isdisjoint(avoid):
            spec = made(concept, rng, taken).spec
            taken.add(spec.name)
            found.append(spec)
    return found


@cache
def _stop_words() -> frozenset[str]:
    return frozenset(word for line in wording("invented_stop_words") for word in line.split())


def content_words(*texts: str) -> frozenset[str]:
    """The words of texts that say what they are about, without an `s` at their ends."""
    found = re.findall(r"[a-z]+", " ".join(texts).replace("_", " ").lower())
    return frozenset(_stem(word) for word in found if len(word) > 2 and word not in _stop_words())


def _stem(word: str) -> str:
    return word[:-1] if word.endswith("s") and len(word) > 3 else word


# Reading blocks.


def _blocks(lines: Sequence[str]) -> list[list[str]]:
    blocks: list[list[str]] = []
    for line in lines:
        if line.startswith("= "):
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _lists() -> dict[str, list[tuple[str, str]]]:
    """The lists of `invented_lists.txt`: one and many of each word."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in wording("invented_lists"):
        name, _, words = line.partition(": ")
        for word in words.split(", "):
            one, _, many = word.strip().partition("/")
            found.setdefault(name, []).append((one, many or f"{one}s"))
    return found


def _expanded(block: list[str], lists: dict[str, list[tuple[str, str]]]) -> list[Concept]:
    over = next((line.removeprefix("over: ") for line in block if line.startswith("over: ")), "")
    if not over:
        return [_concept(block)]
    rest = [line for line in block if not line.startswith("over: ")]
    return [_concept([_put(line, one, many) for line in rest]) for one, many in lists[over]]


def _put(line: str, one: str, many: str) -> str:
    """A line of a family for one word: `<s>`, `<p>`, `<S>`, `<P>` (as names) and `<a>` (an article)."""
    named = {"<S>": one, "<P>": many}
    for mark, word in named.items():
        line = line.replace(mark, re.sub(r"[^A-Za-z0-9]+", "_", word).lower())
    line = line.replace("<a>", "an" if one[0].lower() in "aeiou" else "a")
    return line.replace("<s>", one).replace("<p>", many)


def _concept(block: list[str]) -> Concept:
    key, field, *real = (part.strip() for part in block[0][2:].split("|"))
    names = list[str]()
    docs, asks = list[str](), list[Ask]()
    args: tuple[Argument, ...] = ()
    fills: dict[str, tuple[tuple[str, str], ...]] = {}
    out = see = ""
    for line in block[1:]:
        head, _, rest = line.partition(": ")
        rest = rest.strip()
        match head.split():
            case ["names"]:
                names = rest.split(", ")
            case ["args"]:
                args = tuple(_argument(part) for part in rest.split("; "))
            case ["fill", name]:
                fills[name] = tuple(_fill(part) for part in rest.split(", "))
            case ["doc"]:
                docs += rest.split(" | ")
            case ["ask", kind, *at]:
                asks.append(Ask(kind=kind, at=" ".join(at), wordings=tuple(rest.split(" | "))))
            case ["out"]:
                out = rest
            case ["see"]:
                see = rest
            case _:
                raise ValueError(f"{key}: {line}")
    if not (names and docs and asks and out and see):
        raise ValueError(f"{key} lacks names, doc, ask, out or see")
    return Concept(
        key=key,
        field=field,
        real=frozenset(name for part in real for name in part.split()),
        names=tuple(names),
        docs=tuple(docs),
        args=args,
        fills=fills,
        asks=tuple(asks),
        out=out,
        see=see,
        words=content_words(*names, *docs, *(w for ask in asks for w in ask.wordings)),
    )


def _fill(part: str) -> tuple[str, str]:
    said, _, value = part.strip().partition("=")
    return said, value or said


_KINDS: dict[str, ArgumentKind] = {
    "text": "text",
    "phrase": "phrase",
    "choice": "choice",
    "number": "number",
    "region": "region",
    "regions": "regions",
    "points": "points",
}


def _argument(part: str) -> Argument:
    """Such as `unit? choice cm|in`."""
    name, kind, *options = part.split()
    return Argument(
        name=name.rstrip("?"),
        kind=_KINDS[kind],
        required=not name.endswith("?"),
        options=tuple(options[0].split("|")) if options else (),
    )
