"""Tools as LangChain tools: their schema, what a model reads, and what comes with it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import StructuredTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from tests.agent.doubles import Blobs, Faulty, canvas, raise_

from sightline.agent.langchain import as_langchain
from sightline.errors import ImageError
from sightline.images import ImageStore
from sightline.tools.cache import Cache
from sightline.tools.crop import Cropper
from sightline.types import Crop, Detections, ToolResult

IMAGE = canvas(("red", 10, 5), ("red", 100, 40))


@pytest.fixture
def tools() -> dict[str, StructuredTool]:
    tools = {"detect": Blobs(), "crop": Cropper(ImageStore()), "broken": Faulty("broken", raise_)}
    return {tool.name: tool for tool in as_langchain(tools, IMAGE)}


def ask(tool: StructuredTool, **arguments: Any) -> ToolMessage:
    message = tool.invoke({"name": tool.name, "args": arguments, "id": "1", "type": "tool_call"})
    assert isinstance(message, ToolMessage)
    return message


def test_a_model_sees_the_schema(tools: dict[str, StructuredTool]) -> None:
    function = convert_to_openai_tool(tools["crop"])["function"]
    assert (function["name"], function["description"]) == ("crop", "Enlarges a region")
    region = function["parameters"]["properties"]["region"]
    assert (region["type"], region["minItems"], region["maxItems"]) == ("array", 4, 4)
    assert function["parameters"]["required"] == ["region"]


def test_a_call_says_what_was_found_and_carries_it(tools: dict[str, StructuredTool]) -> None:
    message = ask(tools["detect"], query="red squares")
    assert str(message.content).startswith("ok: 2 found\nred square (10,5)-(30,25) 90%")
    assert isinstance(message.artifact, ToolResult)
    assert isinstance(message.artifact.payload, Detections)
    assert len(message.artifact.payload.items) == 2
    cut = ask(tools["crop"], region=[10, 5, 30, 25]).artifact
    assert isinstance(cut.payload, Crop)
    assert (cut.payload.region.x1, cut.payload.region.y2) == (10, 25)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("detect", {"query": "dogs"}, 'unsupported: no class for "dogs"; it knows red, blue, green'),
        ("detect", {"query": " "}, "refused: query must be a text that is not empty"),
        ("detect", {}, "refused: detect needs query"),
        ("detect", {"query": "red", "colour": "x"}, "refused: detect takes no argument colour"),
        ("crop", {"region": [1, 2]}, "refused: region must be x1,y1,x2,y2 in px of the image, not [1, 2]"),
        ("broken", {}, "error: RuntimeError: the lens fell off"),
    ],
)
def test_a_model_reads_what_went_wrong(
    tools: dict[str, StructuredTool], name: str, arguments: dict[str, Any], said: str
) -> None:
    assert ask(tools[name], **arguments).content == said


def test_a_graph_runs_them(tools: dict[str, StructuredTool]) -> None:
    """As a LangGraph user has it: a node of tools, called by a model's message."""
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode(list(tools.values())))
    graph.add_edge(START, "tools")
    graph.add_edge("tools", END)
    calls = [
        {"name": "detect", "args": {"query": "red"}, "id": "a", "type": "tool_call"},
        {"name": "broken", "args": {}, "id": "b", "type": "tool_call"},
    ]
    after = graph.compile().invoke({"messages": [AIMessage(content="", tool_calls=calls)]})
    said = {m.tool_call_id: m for m in after["messages"] if isinstance(m, ToolMessage)}
    assert str(said["a"].content).startswith("ok: 2 found")
    assert said["a"].artifact.status == "ok"
    assert str(said["b"].content).startswith("error: ")


def test_texts_are_held_to_their_length_and_results_are_kept() -> None:
    cache = Cache()
    (short,) = as_langchain({"find": Blobs()}, IMAGE, chars=20, cache=cache)
    assert short.name == "find"
    assert len(str(ask(short, query="red").content)) <= 20
    assert ask(short, query="red").artifact.cached


def test_a_bad_image_is_refused_at_once() -> None:
    with pytest.raises(ImageError, match="no such file"):
        as_langchain({"detect": Blobs()}, "nothing.png")


def test_importing_it_does_not_load_langchain() -> None:
    code = "import sys, sightline.agent.langchain; assert 'langchain_core' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
