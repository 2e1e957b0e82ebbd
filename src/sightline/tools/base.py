"""The contract of every expert.

A tool is a name, a signature and a function from a picture and arguments to a `ToolResult`. Its
signature is its schema: `parameters` names each argument with its kind (`Kind`). What a planner, a
client or a command line hands over as text is turned into typed values before a tool sees it: the
controller resolves `"e1"` to the box that e1 found, `"e1 e2"` to the boxes of both.
Setting up is lazy: making a tool loads nothing, the first `run` (or `warm`) does.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal, Protocol

from sightline.errors import FrameError
from sightline.images import Picture
from sightline.types import Box, Frame, Payload, Status, ToolResult, map_box

__all__ = ["Kind", "Parameter", "Picture", "Tool", "finish", "why_refused", "why_unfit"]

Kind = Literal["text", "phrase", "choice", "number", "region", "regions", "points"]
"""What an argument is:

- text: free text, str
- phrase: a text in the words of the question, str (how our planner is held to what was asked)
- choice: one of the parameter's `options`, str
- number: a finite float
- region: a `Box` of the same original as the picture
- regions: a tuple of one or more such boxes
- points: a tuple of one or more (x, y), px of the picture's frame
"""

LONGEST_TEXT = 500
"""Characters of a `text` or `phrase` argument."""

MOST_PLACES = 200
"""Boxes of a `regions` argument, points of a `points` argument."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One argument: its name, its kind, one line on it, and whether it may be left out.

    `options` are what a `choice` is one of.
    """

    name: str
    kind: Kind
    doc: str
    required: bool = True
    options: tuple[str, ...] = ()


class Tool(Protocol):
    """One expert."""

    name: str
    doc: str
    parameters: tuple[Parameter, ...]

    @property
    def version(self) -> str:
        """Of the library behind the tool, such as `rapidocr 3.4.2`.

        Results are kept under version and weights: a setting that changes them belongs in here.
        """
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
    """Why these arguments cannot be used on `picture`, in one line; empty where they can."""
    return why_unfit(tool, picture.frame, arguments)


def why_unfit(tool: Tool, frame: Frame, arguments: Mapping[str, Any]) -> str:
    """As `why_refused`, for a picture of that frame."""
    known = {parameter.name: parameter for parameter in tool.parameters}
    for name, parameter in known.items():
        if parameter.required and arguments.get(name) is None:
            return f"{tool.name} needs {name}"
    for name, value in arguments.items():
        if name not in known:
            return f"{tool.name} takes no argument {name}"
        if value is not None and (reason := _why_not(known[name], value, frame)):
            return reason
    return ""


def _why_not(parameter: Parameter, value: Any, frame: Frame) -> str:
    """Why `value` is none of the parameter's kind; empty where it is."""
    name = parameter.name
    match parameter.kind:
        case "text" | "phrase":
            if not (isinstance(value, str) and value.strip()):
                return f"{name} must be a text that is not empty"
            return f"{name} is longer than {LONGEST_TEXT} characters" if len(value) > LONGEST_TEXT else ""
        case "choice":
            return (
                "" if value in parameter.options else f"{name} must be one of {', '.join(parameter.options)}"
            )
        case "number":
            good = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
            return "" if good else f"{name} must be a number"
        case "region":
            return _why_no_region(name, value, frame)
        case "regions":
            if not (isinstance(value, tuple) and 1 <= len(value) <= MOST_PLACES):
                return f"{name} must be 1 to {MOST_PLACES} regions"
            return next(filter(None, (_why_no_region(name, one, frame) for one in value)), "")
        case "points":
            good = isinstance(value, tuple) and 1 <= len(value) <= MOST_PLACES
            return "" if good and all(map(_is_point, value)) else f"{name} must be 1 to {MOST_PLACES} points"


def _why_no_region(name: str, value: Any, frame: Frame) -> str:
    if not isinstance(value, Box):
        return f"{name} must be a region"
    try:
        map_box(value, frame)
    except FrameError as error:
        return str(error)
    return ""


def _is_point(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isfinite(v) for v in value)
