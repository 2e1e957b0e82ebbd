"""Serves MCP on stdio with a scripted planner over the small tools: `drive_mcp ROOT ...`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.agent.doubles import Blobs, Page

from sightline.agent import Agent, Plan, ScriptedPlanner
from sightline.agent.mcp_server import serve
from sightline.images import ImageStore, Picture
from sightline.tools.crop import Cropper
from sightline.types import Detections, ToolCall


class Chatty(Blobs):
    """Prints to stdout, as libraries do."""

    def __call__(self, picture: Picture, query: str) -> Detections:
        """Finds objects and where they are."""
        print("loading the model: 100%", flush=True)
        return super().__call__(picture, query)


def main(*roots: str) -> None:
    look = Plan(calls=(ToolCall(name="detect", arguments={"query": "red squares"}),))
    planner = ScriptedPlanner([look, Plan(answer="2", cites=("e1",))])
    store = ImageStore()
    tools = {"detect": Chatty(), "read_text": Page(("TOTAL", "12.50")), "crop": Cropper(store)}
    serve([Path(root) for root in roots], Agent(planner, tools, store=store))


if __name__ == "__main__":
    main(*sys.argv[1:])
