"""The contract of every expert.

A tool is a name, a signature and a function from a picture and arguments to a `ToolResult`. Its
signature is its schema: `parameters` names each argument with its kind. `text` is free text;
`region` is a box of the picture's frame (the controller resolves `"e1"` to the box that e1 found).
Setting up is lazy: making a tool loads nothing, the first `run` (or `warm`) does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from sightline.types import Frame, ToolResult

Kind = Literal["text", "region"]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Pixels and the frame they stand in. `pixels`: uint8[H, W, 3] RGB, read-only."""

    pixels: np.ndarray
    frame: Frame


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
