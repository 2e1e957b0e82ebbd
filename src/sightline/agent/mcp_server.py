"""The door for other agents: three tools over the Model Context Protocol, and each single tool as `run_NAME`.

Models load at the first call, so that `initialize` costs nothing. Clients choose neither weights nor
devices, and see only files under the roots that the operator named.
"""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool as ServedTool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp_types import CallToolResult, ImageContent, TextContent, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field

import sightline
from sightline.agent.budget import Budget
from sightline.errors import ConfigError, InputError
from sightline.images import ImageStore, Picture, check_root, load_image
from sightline.tools.arguments import schema
from sightline.tools.base import Tool
from sightline.tools.guard import run
from sightline.types import Answer, Box, Detections, Status, TextLines, ToolResult

if TYPE_CHECKING:
    from PIL.Image import Image

    from sightline.agent.agent import Agent

XYXY = tuple[float, float, float, float]

PLANNED = ("detect", "read_text", "crop")
"""The tools that the embedded planner was trained to call."""

_LOOKS = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)
_IMAGE = "a path under the allowed folders, or a data URI (data:image/png;base64,...)"
_PICTURE_PX = 1024
_TEXT_CHARS = 12_000


class Found(BaseModel):
    """One call that an answer stands on."""

    id: str
    tool: str
    arguments: dict[str, Any]
    status: Status
    text: str


class Asked(BaseModel):
    """An answer. Boxes are [x1, y1, x2, y2] in pixels of the image."""

    question: str
    text: str
    value: bool | int | float | str | None
    status: str
    confidence: float
    cites: list[str]
    boxes: list[XYXY]
    checks: list[str] = Field(description="checks that failed")
    evidence: list[Found]
    seconds: float
    message: str


class TextSeen(BaseModel):
    """One run of text and where it stands."""

    text: str
    score: float
    box: XYXY


class TextRead(BaseModel):
    """Rows of text from top to bottom; `empty` means that there is none."""

    status: Status
    rows: list[list[TextSeen]]
    message: str


class ObjectSeen(BaseModel):
    """One object and where it is."""

    name: str
    label: str
    score: float
    box: XYXY


class ObjectsFound(BaseModel):
    """Objects, best first. `unsupported` means that the detector knows no such class."""

    status: Status
    query: str
    objects: list[ObjectSeen]
    message: str


class ToolFinding(BaseModel):
    """What one tool found. `empty` means nothing is there, `unsupported` that it knows no such thing."""

    tool: str
    status: Status
    text: str = Field(description="the finding in words")
    finding: dict[str, Any] | None = Field(description="boxes are [x1, y1, x2, y2] in pixels of the image")
    message: str
    version: str
    seconds: float


class _Desk:
    """What the served tools share: the single tools, and one agent, which is asked one by one."""

    def __init__(self, roots: Sequence[Path], agent: Agent | None) -> None:
        self.roots = [root.resolve() for root in roots]
        self.store = agent.store if agent is not None else ImageStore()
        self.tools = _all_tools(self.store) if agent is None else dict(agent.tools)
        self._seconds = (agent.budget if agent is not None else Budget()).per_tool_seconds
        self._agent = agent
        self._lock = Lock()

    def open(self, image: str) -> Picture:
        """The picture behind a path or a data URI. Raises `ToolError` with a line that says why not."""
        try:
            if image[:5].lower() == "data:":
                return load_image(image)
            path = Path(image)
            path = path if path.is_absolute() else self.roots[0] / path
            return load_image(check_root(path, self.roots))
        except InputError as error:
            raise ToolError(str(error)) from error

    def ask(self, picture: Picture, question: str) -> Answer:
        """The agent's answer."""
        try:
            with self._lock:
                return self._ready().run(picture, question)
        except InputError as error:
            raise ToolError(str(error)) from error

    def call(self, tool: str, picture: Picture, given: dict[str, Any]) -> ToolResult:
        """One call of a tool. Raises `ToolError` if it could not be carried out."""
        if tool not in self.tools:
            raise ToolError(f"this server has no tool {tool}")
        result = run(self.tools[tool], picture, given, timeout_s=self._seconds)
        if result.status in ("error", "timeout", "refused"):
            raise ToolError(f"{result.status}: {result.message}")
        return result

    def _ready(self) -> Agent:
        if self._agent is None:
            from sightline.agent.agent import Agent

            tools = {name: self.tools[name] for name in PLANNED}
            self._agent = Agent(tools=tools, store=self.store)
        return self._agent

    def close(self) -> None:
        """Free the tools' processes."""
        for tool in self.tools.values():
            tool.close()


def _all_tools(store: ImageStore) -> dict[str, Tool]:
    from sightline.agent.captioning import embedded_speaker
    from sightline.tools.registry import all_tools

    return all_tools(store=store, speaker=embedded_speaker())


def build_server(roots: Sequence[Path], agent: Agent | None = None) -> tuple[MCPServer[Any], _Desk]:
    """The server and what is to be closed after it.

    Args:
        roots: folders whose files may be read; a relative path is looked up in the first.
        agent: None for the embedded default, made at the first call.

    Raises `ConfigError` if a root is not a folder.
    """
    for root in roots:
        if not root.is_dir():
            raise ConfigError(f"not a folder: {root}")
    desk = _Desk(roots, agent)
    server: MCPServer[Any] = MCPServer(
        "sightline",
        version=sightline.__version__,
        instructions="Answers questions about images, reads their text and finds objects, with evidence. "
        "The tools run_... are its single tools, each for itself.",
        tools=[_served(name, tool, desk) for name, tool in desk.tools.items()],
        log_level="WARNING",
    )
    _add_tools(server, desk)
    return server, desk


def _add_tools(server: MCPServer[Any], desk: _Desk) -> None:
    @server.tool(
        annotations=_LOOKS, description="Answer a question about an image, with the evidence for it."
    )
    def ask_image(
        image: Annotated[str, Field(description=_IMAGE)],
        question: Annotated[str, Field(description="1 to 2000 characters")],
    ) -> Annotated[CallToolResult, Asked]:
        picture = desk.open(image)
        answer = desk.ask(picture, question)
        if answer.status == "failed":
            raise ToolError(answer.message)
        return _result(_answer_text(answer), _asked(answer), picture, answer.boxes)

    @server.tool(annotations=_LOOKS, description="Read the text in an image, row by row.")
    def read_text(image: Annotated[str, Field(description=_IMAGE)]) -> Annotated[CallToolResult, TextRead]:
        picture = desk.open(image)
        result = desk.call("read_text", picture, {})
        return _result(result.to_text(_TEXT_CHARS), _text_read(result), picture, _boxes(result))

    @server.tool(
        annotations=_LOOKS, description="Find objects in an image by what they are, such as 'red circles'."
    )
    def detect_objects(
        image: Annotated[str, Field(description=_IMAGE)],
        query: Annotated[
            str, Field(description="a noun, with a colour or a size if need be", max_length=200)
        ],
    ) -> Annotated[CallToolResult, ObjectsFound]:
        picture = desk.open(image)
        result = desk.call("detect", picture, {"query": query})
        return _result(result.to_text(_TEXT_CHARS), _objects_found(result, query), picture, _boxes(result))


class _Given(ArgModelBase):
    """Arguments of any name: `typed` checks them, by the schema that is published."""

    model_config = ConfigDict(extra="allow")

    def model_dump_one_level(self) -> dict[str, Any]:
        """All of them."""
        return dict(self.model_extra or {})


def _served(name: str, tool: Tool, desk: _Desk) -> ServedTool:
    """`run_NAME`: a tool with its own schema, and the image beside its arguments.

    Raises `ConfigError` where an argument of its own is called `image`.
    """
    parameters = schema(tool)
    if "image" in parameters["properties"]:
        raise ConfigError(f"{name} cannot be served: its argument `image` would stand for two things")
    image = {"type": "string", "description": _IMAGE}
    parameters["properties"] = {"image": image, **parameters["properties"]}
    parameters["required"] = ["image", *parameters["required"]]

    def run(**given: Any) -> CallToolResult:
        image = given.pop("image", None)
        if not isinstance(image, str):
            raise ToolError("refused: image must be a text")
        picture = desk.open(image)
        return _tool_result(desk.call(name, picture, given), picture, desk.store)

    return ServedTool(
        fn=run,
        name=f"run_{name}",
        title=None,
        description=f"{tool.doc} (the tool {name}).",
        parameters=parameters,
        fn_metadata=FuncMetadata(arg_model=_Given, output_model=ToolFinding),
        is_async=False,
        context_kwarg=None,
        annotations=_LOOKS,
    )


def _tool_result(result: ToolResult, picture: Picture, store: ImageStore) -> CallToolResult:
    """What a tool found: in words, drawn, and as JSON."""
    from sightline.agent.overlay import draw_result, plain

    said = ToolFinding(
        tool=result.tool,
        status=result.status,
        text=result.to_text(_TEXT_CHARS),
        finding=plain(result.payload, picture.frame) if result.payload else None,
        message=result.message,
        version=result.version,
        seconds=round(result.seconds, 4),
    )
    drawn = draw_result(picture, result, store=store, longest=_PICTURE_PX, shortest=0)
    return _content(said.text, said, drawn)


def _result(text: str, structured: BaseModel, picture: Picture, boxes: Sequence[Box]) -> CallToolResult:
    """Text, the annotated image, and the structured output."""
    from sightline.agent.render import annotate

    labels = [str(i) for i in range(1, len(boxes) + 1)] if len(boxes) <= 20 else [""] * len(boxes)
    return _content(text, structured, annotate(picture.pixels, boxes, labels, longest=_PICTURE_PX))


def _content(text: str, structured: BaseModel, image: Image) -> CallToolResult:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return CallToolResult(
        content=[
            TextContent(type="text", text=text),
            ImageContent(type="image", data=data, mime_type="image/png"),
        ],
        structured_content=structured.model_dump(mode="json"),
    )


def _answer_text(answer: Answer) -> str:
    cites = f"; it stands on {', '.join(answer.cites)}" if answer.cites else ""
    lines = [f"{answer.text} ({answer.status}, confidence {answer.confidence:.0%}{cites})"]
    lines += [f"{e.id} {e.call.name}: {e.result.to_text(2000)}" for e in answer.evidence]
    return "\n".join(lines)[:_TEXT_CHARS]


def _asked(answer: Answer) -> Asked:
    evidence = [
        Found(
            id=e.id,
            tool=e.call.name,
            arguments=e.call.arguments,
            status=e.result.status,
            text=e.result.to_text(4000),
        )
        for e in answer.evidence
    ]
    return Asked(
        question=answer.question,
        text=answer.text,
        value=answer.value,
        status=answer.status,
        confidence=round(answer.confidence, 4),
        cites=list(answer.cites),
        boxes=[_xyxy(box) for box in answer.boxes],
        checks=[f"{c.name}: {c.detail}" for c in answer.checks if not c.passed],
        evidence=evidence,
        seconds=answer.usage.seconds,
        message=answer.message,
    )


def _text_read(result: ToolResult) -> TextRead:
    rows = result.payload.rows if isinstance(result.payload, TextLines) else ()
    return TextRead(
        status=result.status,
        rows=[[TextSeen(text=s.text, score=s.score, box=_xyxy(s.box)) for s in row] for row in rows],
        message=result.message,
    )


def _objects_found(result: ToolResult, query: str) -> ObjectsFound:
    items = result.payload.items if isinstance(result.payload, Detections) else ()
    return ObjectsFound(
        status=result.status,
        query=query,
        objects=[ObjectSeen(name=d.name(), label=d.label, score=d.score, box=_xyxy(d.box)) for d in items],
        message=result.message,
    )


def _boxes(result: ToolResult) -> list[Box]:
    return result.payload.boxes() if result.payload is not None else []


def _xyxy(box: Box) -> XYXY:
    return round(box.x1, 1), round(box.y1, 1), round(box.x2, 1), round(box.y2, 1)


def serve(roots: Sequence[Path], agent: Agent | None = None) -> None:
    """Serve over stdin and stdout until the client goes. stdout carries the protocol alone."""
    server, desk = build_server(roots, agent)
    logging.getLogger("mcp").setLevel(logging.WARNING)
    try:
        server.run("stdio")
    finally:
        desk.close()
