"""Tools as a user would add them, made with `@tool` of the rows of `user_tools.json`.

A row is {"name", "doc", "takes", "returns", "question", "pack", "image"}. `takes` gives the type of each
parameter by its name: Picture, str, int, float, or the words of a choice with a bar between them. `returns`
is the text or the number that the tool always returns. The picture is a file of `examples/images`, or a
drawn scene. No tool here is like one of those that the planner is trained on.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sightline.images import Picture, Source, load_image
from sightline.tools.function_tool import FunctionTool, tool

HERE = Path(__file__).resolve().parent
JsonRow = dict[str, Any]
_TYPES: Mapping[str, Any] = {"Picture": Picture, "str": str, "int": int, "float": float}


def tool_rows() -> list[JsonRow]:
    """All rows of the file."""
    rows: list[JsonRow] = json.loads((HERE / "user_tools.json").read_text(encoding="utf-8"))
    return rows


def digest_of(row: JsonRow) -> str:
    """A hash of a row: a row that has changed is another one."""
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:12]


def user_tool(row: JsonRow) -> FunctionTool:
    """The tool of a row: a typed function with a docstring that returns what the row says.

    Its version is the hash of the row, so that no cache holds what an earlier row returned.
    """

    def function(**given: Any) -> Any:
        return row["returns"]

    types = {name: _type(told) for name, told in row["takes"].items()}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind, annotation=one) for name, one in types.items()]
    returned = type(row["returns"])
    function.__name__ = function.__qualname__ = row["name"]
    function.__doc__ = f"{row['doc']}."
    function.__annotations__ = types | {"return": returned}
    function.__signature__ = inspect.Signature(parameters, return_annotation=returned)  # type: ignore[attr-defined]
    return tool(version=digest_of(row))(function)


def _type(told: str) -> Any:
    return Literal[tuple(told.split("|"))] if "|" in told else _TYPES[told]


def picture_of(row: JsonRow, drawn: Callable[[str], Source]) -> Callable[[], Source]:
    """What makes the picture of a row. `drawn` draws a scene that is told in words."""
    if row["pack"] == "drawn":
        return partial(drawn, row["image"])
    return partial(load_image, HERE / "images" / row["image"])
