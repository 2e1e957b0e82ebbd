"""The server for other agents, driven by the official client over stdio."""

from __future__ import annotations

import asyncio
import base64
import io
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult, ImageContent, TextContent
from PIL import Image
from tests.agent.doubles import Toolish, canvas

from sightline.agent import Agent, ScriptedPlanner
from sightline.agent.mcp_server import build_server
from sightline.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
TWO_REDS = canvas(("red", 10, 5), ("red", 100, 40), ("blue", 150, 70))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A root with a good image, a broken one, and a link out of it."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    for place in (inside, outside):
        Image.fromarray(TWO_REDS).save(place / "good.png")
    (inside / "broken.png").write_bytes((inside / "good.png").read_bytes()[:60])
    (inside / "link.png").symlink_to(outside / "good.png")
    return inside


def served(
    folder: Path, talk: Callable[[Client], Awaitable[None]], module: str = "tests.agent.drive_mcp"
) -> None:
    """Run `talk` with a client of a server that is a process of its own."""

    async def main() -> None:
        parameters = StdioServerParameters(
            command=sys.executable, args=["-m", module, str(folder)], cwd=ROOT, env={"OMP_NUM_THREADS": "1"}
        )
        async with Client(parameters, read_timeout_seconds=240) as client:
            await talk(client)

    asyncio.run(main())


def text_of(result: CallToolResult) -> str:
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


def image_of(result: CallToolResult) -> np.ndarray:
    block = result.content[1]
    assert isinstance(block, ImageContent)
    assert block.mime_type == "image/png"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(block.data))))


def data_uri() -> str:
    buffer = io.BytesIO()
    Image.fromarray(TWO_REDS).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def test_the_tools_answer_with_text_structure_and_a_picture(folder: Path) -> None:
    async def talk(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        run = ["run_crop", "run_detect", "run_read_text"]
        assert sorted(tools) == ["ask_image", "detect_objects", "read_text", *run]
        assert tools["ask_image"].input_schema["required"] == ["image", "question"]
        assert tools["ask_image"].output_schema is not None

        asked = await client.call_tool(
            "ask_image", {"image": "good.png", "question": "How many red squares are there?"}
        )
        assert not asked.is_error
        assert text_of(asked).startswith("2 (answered, confidence 90%; it stands on e1)")
        answer = asked.structured_content
        assert (answer["value"], answer["status"], answer["cites"]) == (2, "answered", ["e1"])
        assert answer["boxes"] == [[10, 5, 30, 25], [100, 40, 120, 60]]
        assert answer["evidence"][0]["text"].startswith("ok: 2 found")
        assert image_of(asked).shape == TWO_REDS.shape
        assert not np.array_equal(image_of(asked), TWO_REDS), "the boxes are drawn"

        found = await client.call_tool("detect_objects", {"image": data_uri(), "query": "blue squares"})
        (one,) = found.structured_content["objects"]
        assert (one["name"], one["box"]) == ("blue square", [150, 70, 170, 90])

        none = await client.call_tool("detect_objects", {"image": "good.png", "query": "green"})
        assert (none.is_error, none.structured_content["status"]) == (False, "empty")
        unknown = await client.call_tool("detect_objects", {"image": "good.png", "query": "dogs"})
        assert unknown.structured_content["status"] == "unsupported"
        assert 'no class for "dogs"' in unknown.structured_content["message"]

        read = await client.call_tool("read_text", {"image": str(folder / "good.png")})
        assert [[s["text"] for s in row] for row in read.structured_content["rows"]] == [["TOTAL", "12.50"]]

    served(folder, talk)


def test_each_tool_is_served_with_its_own_schema(folder: Path) -> None:
    async def talk(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        crop = tools["run_crop"]
        assert crop.description == "Enlarges a region (the tool crop)."
        assert list(crop.input_schema["properties"]) == ["image", "region"]
        assert crop.input_schema["required"] == ["image", "region"]
        assert crop.input_schema["properties"]["region"]["minItems"] == 4
        assert crop.output_schema is not None

        found = await client.call_tool("run_detect", {"image": "good.png", "query": "red squares"})
        said = found.structured_content
        assert (said["status"], said["tool"], said["version"]) == ("ok", "detect", "test 1")
        assert [item["box"] for item in said["finding"]["items"]] == [[10, 5, 30, 25], [100, 40, 120, 60]]
        assert text_of(found).startswith("ok: 2 found\nred square (10,5)-(30,25) 90%")
        assert not np.array_equal(image_of(found), TWO_REDS), "the boxes are drawn"

        cut = await client.call_tool("run_crop", {"image": "good.png", "region": [100, 40, 120, 60]})
        assert cut.structured_content["finding"]["region"] == [100, 40, 120, 60]
        assert image_of(cut).shape == (448, 448, 3)  # the crop itself
        assert (image_of(cut) == (220, 30, 30)).all()

        for name, arguments, reason in (
            ("run_crop", {"region": [1, 2, 3]}, "region must be x1,y1,x2,y2 in px of the image"),
            ("run_crop", {}, "refused: crop needs region"),
            ("run_detect", {"query": "red", "size": 3}, "refused: detect takes no argument size"),
            ("run_crop", {"image": "../out/good.png", "region": [1, 2, 3, 4]}, "outside the allowed folders"),
            ("run_crop", {"image": 3, "region": [1, 2, 3, 4]}, "refused: image must be a text"),
        ):
            refused = await client.call_tool(name, {"image": "good.png", **arguments})
            assert refused.is_error
            assert reason in text_of(refused)
        unknown = await client.call_tool("run_detect", {"image": "good.png", "query": "dogs"})
        assert (unknown.is_error, unknown.structured_content["status"]) == (False, "unsupported")
        assert unknown.structured_content["finding"] is None

    served(folder, talk)


def test_an_argument_that_is_called_image_is_refused(folder: Path) -> None:
    class Twice(Toolish):
        def __call__(self, image: str) -> None:
            """Looks at another."""

    with pytest.raises(ConfigError, match="tool cannot be served"):
        build_server([folder], Agent(ScriptedPlanner([]), {"tool": Twice()}))


def test_what_cannot_be_used_is_said_in_a_line(folder: Path) -> None:
    refused = {
        "../out/good.png": "outside the allowed folders",
        str(folder.parent / "out" / "good.png"): "outside the allowed folders",
        "link.png": "outside the allowed folders",
        "/dev/zero": "outside the allowed folders",
        "broken.png": "truncated",
        "nothing.png": "no such file",
        ".": "not a regular file",
        "data:image/png;base64,aGVsbG8=": "not an image",
        "https://example.com/x.png": "no such file",
    }

    async def talk(client: Client) -> None:
        for image, reason in refused.items():
            result = await client.call_tool("ask_image", {"image": image, "question": "What is it?"})
            assert result.is_error, image
            assert reason in text_of(result), image
            assert "Traceback" not in text_of(result)
        empty = await client.call_tool("ask_image", {"image": "good.png", "question": "  "})
        assert empty.is_error
        assert "the question is empty" in text_of(empty)
        missing = await client.call_tool("ask_image", {"image": "good.png"})
        assert missing.is_error
        # and the server is still there
        good = await client.call_tool("read_text", {"image": "good.png"})
        assert not good.is_error

    served(folder, talk)


def test_a_handshake_loads_no_model(folder: Path) -> None:
    """`initialize` is answered by a process that has neither torch nor LangGraph in memory."""
    script = (
        "import sys, asyncio, pathlib\n"
        "from sightline.agent.mcp_server import build_server\n"
        "from sightline.agent.captioning import embedded_speaker\n"
        "from sightline.tools.registry import all_tools\n"
        "from mcp.client import Client\n"
        "server, _ = build_server([pathlib.Path(sys.argv[1])])\n"
        "async def main():\n"
        "    async with Client(server, mode='legacy') as client:\n"
        "        tools = all_tools(speaker=embedded_speaker())\n"
        "        assert len((await client.list_tools()).tools) == 3 + len(tools)\n"
        "asyncio.run(main())\n"
        "heavy = {'torch', 'transformers', 'langgraph', 'ultralytics', 'rapidocr'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, timeout=240, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not a folder"):
        build_server([tmp_path / "nowhere"])
