"""What the tools say of real pictures: photographs and a page of scikit-image, in the public domain.

    python examples/real_pictures.py [--out FOLDER] [NAME ...]

For each picture: the likeliest classes, a description, and what was found in it. With --out,
each picture is saved with its boxes drawn. Exit code 1: a tool failed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from skimage import data

from sightline import load_image
from sightline.agent.overlay import draw_result
from sightline.images import ImageStore
from sightline.tools.base import Tool
from sightline.tools.cache import Cache
from sightline.tools.guard import run
from sightline.tools.registry import all_tools

PICTURES = ("chelsea", "coffee", "astronaut", "page", "coins")
"""A cat, a cup, a person, a scanned page, and coins, which no detector here has a class for."""

QUESTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("classify", {"top": 3}),
    ("look", {}),
    ("describe", {}),
    ("detect", {"query": "objects"}),
)


def main(arguments: list[str]) -> int:
    """Print what each tool says of each picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", default=PICTURES, help="pictures of skimage.data")
    parser.add_argument("--out", type=Path, help="where pictures with boxes go")
    options = parser.parse_args(arguments)
    store, cache = ImageStore(), Cache()
    tools = all_tools(store=store)
    try:
        return max(shown(name, tools, store, cache, options.out) for name in options.names)
    finally:
        for tool in tools.values():
            tool.close()


def shown(name: str, tools: dict[str, Tool], store: ImageStore, cache: Cache, out: Path | None) -> int:
    """Print what the tools say of one picture; 1 where one of them failed."""
    picture = load_image(getattr(data, name)())
    print(f"# {name}, {picture.frame.width}x{picture.frame.height} px")
    failed = 0
    for tool, given in QUESTIONS:
        result = run(tools[tool], picture, given, timeout_s=120, cache=cache)
        print(f"\n## {tool}\n\n{result.to_text(1500)}")
        failed |= result.status in ("error", "timeout", "refused")
        if out is not None and tool == "detect":
            out.mkdir(parents=True, exist_ok=True)
            draw_result(picture, result, store=store).save(out / f"{name}.png")
    print()
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
