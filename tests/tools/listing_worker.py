"""Asks tools about a few pictures and prints which modules this process and its workers hold, as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from sightline.tools import worker

HEAVY = ("torch", "torchvision", "transformers", "ultralytics", "timm")
ASKED = "sys.modules"
CALLS: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("detect", 0, {"query": "circles"}),
    ("detect", 1, {"query": "things"}),
    ("detect", 1, {"query": "stars"}),
    ("look", 0, {}),
    ("look", 1, {}),
    ("read_text", 2, {}),
    ("classify", 1, {}),
    ("read_document", 2, {}),
)
"""The tool, the number of the picture (a drawing, noise, a receipt), the arguments."""


def load(factory: str, *arguments: Any) -> Callable[..., Any]:
    """The worker's side: what `factory` makes, which also tells the modules of its process."""
    function = worker._make(factory, arguments)

    def call(*given: Any) -> Any:
        return held() if isinstance(given[0], str) and given[0] == ASKED else function(*given)

    return call


def held() -> list[str]:
    return [name for name in HEAVY if name in sys.modules]


def main() -> None:
    from sightline.images import load_image
    from sightline.tools.guard import run
    from sightline.tools.registry import all_tools
    from sightline.train.worlds.documents import make_document
    from sightline.train.worlds.pages import draw_document
    from sightline.train.worlds.scenes import draw_scene, make_scene

    rng = np.random.default_rng(4)
    noise = rng.integers(0, 256, (240, 320, 3)).astype(np.uint8)
    pages = draw_scene(make_scene(rng), 320), noise, draw_document(make_document(rng))
    pictures = [load_image(page) for page in pages]
    made: list[tuple[str, worker.Worker]] = []
    first = worker.Worker.__init__

    def listing(self: worker.Worker, factory: str, *arguments: Any, **settings: Any) -> None:
        first(self, "tests.tools.listing_worker:load", factory, *arguments, **settings)
        made.append((factory, self))

    worker.Worker.__init__ = listing  # type: ignore[method-assign]
    tools = all_tools()
    said = []
    for name, number, arguments in CALLS:
        result = run(tools[name], pictures[number], arguments, timeout_s=100)
        said.append((name, result.status, result.message))
    workers = {name: one.call(ASKED, timeout_s=60) for name, one in made if one.pid is not None}
    print(json.dumps({"said": said, "parent": held(), "workers": workers}))
    for tool in tools.values():
        tool.close()


if __name__ == "__main__":
    main()
