"""The tools as LangChain tools, for agents that are built with LangChain or LangGraph.

    from langgraph.prebuilt import ToolNode
    tools = as_langchain(default_tools(), load_image("receipt.jpg"))
    model.bind_tools(tools); ToolNode(tools)

A model reads what a tool found in words, and what went wrong too: nothing is raised at it. The whole
`ToolResult` comes with the message as its `artifact`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sightline.images import Picture, Source, load_image
from sightline.tools.arguments import schema
from sightline.tools.base import Tool
from sightline.tools.cache import Cache
from sightline.tools.guard import run
from sightline.types import ToolResult

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool


def as_langchain(
    tools: Mapping[str, Tool],
    image: Source,
    *,
    timeout_s: float = 20.0,
    chars: int = 4000,
    cache: Cache | None = None,
) -> list[StructuredTool]:
    """Each tool for one image. Loads the image, and no tool.

    Args:
        tools: by the names that the model sees, such as `default_tools()`.
        image: whatever `load_image` takes; all calls look at it.
        timeout_s: of one call.
        chars: the longest text that a call returns.
        cache: of results; None for none.

    Raises:
        InputError: the image cannot be used.
    """
    picture = load_image(image)
    return [_structured(name, tool, picture, timeout_s, chars, cache) for name, tool in tools.items()]


def _structured(
    name: str, tool: Tool, picture: Picture, timeout_s: float, chars: int, cache: Cache | None
) -> StructuredTool:
    from langchain_core.tools import StructuredTool

    def call(**given: Any) -> tuple[str, ToolResult]:
        result = run(tool, picture, given, timeout_s=timeout_s, cache=cache)
        return result.to_text(chars), result

    return StructuredTool.from_function(
        call,
        name=name,
        description=tool.doc,
        args_schema=schema(tool),
        response_format="content_and_artifact",
    )
