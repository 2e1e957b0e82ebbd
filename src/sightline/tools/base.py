"""The contract of every expert.

A tool is a name, a signature and a function from a picture and arguments to a `ToolResult`. Its
signature is its schema: `parameters` names each argument with its kind. `text` is free text,
`phrase` a text in the words of the question (how our planner is held to what was asked);
`region` is a box of the picture's frame (the controller resolves `"e1"` to the box that e1 found).
Setting up is lazy: making a tool loads nothing, the first `run` (or `warm`) does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sightline.errors import FrameError
from sightline.images import Picture
from sightline.types import Box, Payload, Status, ToolResult, map_box

__all__ = ["Kind", "Parameter", "Picture", "Tool", "finish", "why_refused"]

Kind = Literal["text", "phrase", "region"]

LONGEST_TEXT = 500
"""Characters of a `text` or `phrase` argument."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One argument: its name, its kind, one line on it, and whether it may be left out."""

    name: str
    kind: Kind
    doc: str
    required: bool = True


class Tool(Protocol):
    """One expert."""

    name: str
    doc: str
    parameters: tuple[Parameter, ...]

    @property
    def version(self) -> str:
        """Of the library behind the tool, such as `rapidocr 3.4.2`."""
        ...

    @property
    def weights(self) -> str:
        """sha256 of the weights, first 16 hex digits; empty where there are none."""
        ...

    def covers(self) -> str:
        """In one line, what it can do with the weights at hand (for `sightline doctor`)."""
        ...

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """Carry out one call. Never raises for what a picture or an argument may hold."""
        ...

    def warm(self) -> None:
        """Load now what the first `run` would load."""
        ...

    def close(self) -> None:
        """Free memory and processes; a later `run` sets up again."""
        ...


def finish(
    tool: Tool, started: float, status: Status, payload: Payload | None = None, *, message: str = ""
) -> ToolResult:
    """The result of a call that began at `started` (by `time.monotonic()`), with the tool's particulars."""
    return ToolResult(
        status=status,
        payload=payload,
        message=message,
        tool=tool.name,
        version=tool.version,
        weights=tool.weights,
        seconds=time.monotonic() - started,
    )


def why_refused(tool: Tool, picture: Picture, arguments: Mapping[str, Any]) -> str:
    """Why these arguments cannot be used, in one line; empty where they can.

    A region must be a `Box` of the same original as the picture.
    """
    known = {parameter.name: parameter for parameter in tool.parameters}
    for name, parameter in known.items():
        if parameter.required and arguments.get(name) is None:
            return f"{tool.name} needs {name}"
    for name, value in arguments.items():
        if name not in known:
            return f"{tool.name} takes no argument {name}"
        if value is None:
            continue
        if known[name].kind != "region" and not (isinstance(value, str) and value.strip()):
            return f"{name} must be a text that is not empty"
        if known[name].kind != "region" and len(value) > LONGEST_TEXT:
            return f"{name} is longer than {LONGEST_TEXT} characters"
        if known[name].kind == "region":
            if not isinstance(value, Box):
                return f"{name} must be a region"
            try:
                map_box(value, picture.frame)
            except FrameError as error:
                return str(error)
    return ""
