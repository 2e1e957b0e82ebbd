"""A tool as the planner reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sightline.tools.base import Tool
from sightline.tools.signature import Kind

ArgumentKind = Kind | Literal["sql"]

SQL = "sql"
"""A text argument of this name is held to the grammar of SQL over what was read."""


@dataclass(frozen=True, kw_only=True)
class Argument:
    """One argument: its name and kind, whether it must be given, and the words of a choice."""

    name: str
    kind: ArgumentKind
    required: bool = True
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """A tool's name, what it does in one line, its arguments in their order, and the medium that it reads."""

    name: str
    doc: str = ""
    params: tuple[Argument, ...] = ()
    reads: str = ""

    def to_text(self) -> str:
        """One line, such as `detect(query: phrase) Finds objects and where they are`; `?` may be left out."""
        told = ", ".join(f"{p.name}{'' if p.required else '?'}: {_said(p)}" for p in self.params)
        return f"{self.name}({told}) {self.doc}".rstrip()


def _said(argument: Argument) -> str:
    return "|".join(argument.options) if argument.kind == "choice" else argument.kind


def spec_of(tool: Tool) -> ToolSpec:
    """The spec of a real tool."""
    params = tuple(
        Argument(
            name=p.name,
            kind="sql" if p.kind == "text" and p.name == SQL else p.kind,
            required=p.required,
            options=p.options,
        )
        for p in tool.parameters
    )
    return ToolSpec(name=tool.name, doc=tool.doc, params=params, reads=tool.reads)
