"""Calls inside a reply, found without touching what stands in quotes or in SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

_CALL = re.compile(r"([A-Za-z_]\w*)\(")
_ARGUMENT = re.compile(r"([A-Za-z_]\w*)=")
_REFERENCES = ("count of", "exists in", "value of", "color of", "size of", "place of", "label of", "field of")
_ENDS = (*_REFERENCES, "quote of", "text of", "cannot tell")


@dataclass(frozen=True, kw_only=True)
class Said:
    """A call as it stands in a reply: its tool, and each argument's name with what is written for it."""

    name: str
    arguments: tuple[tuple[str, str], ...]

    def to_text(self) -> str:
        """As it is written."""
        return f"{self.name}({', '.join(f'{name}={value}' for name, value in self.arguments)})"


def kind_of(reply: str) -> str:
    """The kind of answer that a reply says."""
    return reply.partition(": ")[0]


def calls_of(reply: str, sql: Collection[str] = ("sql",)) -> tuple[Said, ...]:
    """The calls of a reply; none where it is a reference.

    Args:
        reply: as the planner writes it.
        sql: names of arguments that run to the end of their call.

    Raises:
        ValueError: it begins like a call and does not go on like one.
    """
    rest = reply.partition(": ")[2]
    if rest.startswith(_ENDS):
        return ()
    found = []
    while rest:
        said, rest = _call(rest, sql)
        found.append(said)
        if rest and not rest.startswith("; "):
            raise ValueError(f"no call: {rest!r} of {reply!r}")
        rest = rest[2:]
    return tuple(found)


def rewritten(reply: str, change: Callable[[Said], Said]) -> str:
    """The reply with each of its calls changed; a reference stays as it is."""
    calls = calls_of(reply)
    if not calls:
        return reply
    return f"{kind_of(reply)}: {'; '.join(change(said).to_text() for said in calls)}"


def _call(text: str, sql: Collection[str]) -> tuple[Said, str]:
    """The call at the start of `text`, and what follows it."""
    begun = _CALL.match(text)
    if begun is None:
        raise ValueError(f"no call: {text!r}")
    at, arguments = begun.end(), []
    while text[at : at + 1] != ")":
        named = _ARGUMENT.match(text, at)
        if named is None:
            raise ValueError(f"no argument: {text[at:]!r}")
        end = _end(text, named.end(), ")" if named[1] in sql else ",)")
        arguments.append((named[1], text[named.end() : end]))
        at = end + 2 if text.startswith(", ", end) else end
    return Said(name=begun[1], arguments=tuple(arguments)), text[at + 1 :]


def _end(text: str, at: int, stops: str) -> int:
    """Where the value that begins at `at` ends: at one of `stops` outside quotes and brackets."""
    depth, quote = 0, ""
    while at < len(text):
        letter = text[at]
        if quote:
            if letter == "\\":
                at += 1
            elif letter == quote:
                quote = ""
        elif letter in "\"'":
            quote = letter
        elif not depth and letter in stops:
            return at
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        at += 1
    raise ValueError(f"it does not end: {text!r}")
