"""What each tool is and can do, said without loading one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sightline.errors import SightlineError
from sightline.tools.arguments import schema
from sightline.tools.base import Parameter, Tool
from sightline.tools.guard import said

State = Literal["ready", "missing", "broken"]


@dataclass(frozen=True, kw_only=True)
class ToolInfo:
    """One line of `sightline tools`. `arguments` is a JSON schema; `note` says why it is not ready."""

    name: str
    doc: str
    arguments: dict[str, Any]
    usage: str
    version: str
    weights: str
    covers: str
    state: State
    note: str = ""


def describe(tools: Mapping[str, Tool]) -> list[ToolInfo]:
    """Each tool in its order. One that cannot say what it is has a state that says why; nothing is raised."""
    return [_described(name, tool) for name, tool in tools.items()]


def _described(name: str, tool: Tool) -> ToolInfo:
    version = weights = covers = note = ""
    state: State = "ready"
    try:
        version, weights, covers = tool.version, tool.weights, tool.covers()
    except SightlineError as error:  # weights that are not there
        state, note = "missing", str(error)
    except Exception as error:
        state, note = "broken", said(error)
    return ToolInfo(
        name=name,
        doc=tool.doc,
        arguments=schema(tool),
        usage=usage(tool),
        version=version,
        weights=weights,
        covers=covers,
        state=state,
        note=note,
    )


def usage(tool: Tool) -> str:
    """How a call is written, such as `region=x1,y1,x2,y2 [mode=fast|slow]`."""
    return " ".join(_usage(parameter) for parameter in tool.parameters)


def _usage(parameter: Parameter) -> str:
    forms = {
        "text": "TEXT",
        "phrase": "TEXT",
        "choice": "|".join(parameter.options),
        "number": "NUMBER",
        "region": "x1,y1,x2,y2",
        "regions": "x1,y1,x2,y2;…",
        "points": "x,y;…",
    }
    said = f"{parameter.name}={forms[parameter.kind]}"
    return said if parameter.required else f"[{said}]"
