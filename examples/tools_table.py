"""Measure every tool: how long it takes to load, to answer again, and the memory of its process.

    python examples/tools_table.py [--runs 20] [--into docs/tools.md]

Prints a table. `--into` writes it between the two comments `<!-- measured -->` of a document, too. The
machine should be quiet: the time is the wall clock's. Exit code 1: a tool could not be loaded or
failed at its own example; the others are in the table.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sightline.agent.captioning import embedded_speaker
from sightline.errors import SightlineError
from sightline.images import load_image
from sightline.tools.base import Tool
from sightline.tools.guard import run
from sightline.tools.pool import shared_pool
from sightline.tools.registry import all_tools
from sightline.tools.signature import Kind
from sightline.types import ToolResult

IMAGES = Path(__file__).parent / "images"
READERS = ("read_text", "read_table", "read_document", "query", "look", "describe")
BY_KIND: dict[Kind, str] = {
    "text": "What is it?",
    "phrase": "red circles",
    "region": "31,50,142,161",
    "regions": "31,50,142,161;370,241,428,298",
    "points": "86,105",
}
BY_NAME = {"calculate": {"expression": "15% of RM 80"}, "query": {"sql": "SELECT total FROM document"}}
MARK = re.compile(r"(?<=<!-- measured -->\n).*?(?=<!-- measured -->)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One tool's figures; `process_mb` is 0 where it has no process."""

    name: str
    image: str
    load_s: float
    again_ms: float
    process_mb: int
    status: str


def measure(name: str, runs: int) -> Row:
    """Load one tool afresh and ask it `runs` times."""
    tools = all_tools(speaker=embedded_speaker())
    tool = tools[name]
    image = "receipt.png" if name in READERS else "scene.png"
    try:
        began = time.monotonic()
        tool.warm()
        load_s = time.monotonic() - began
        ask(tool, image)
        again = [ask(tool, image) for _ in range(runs)]
        size = sum(shared_pool().sizes().values())
    finally:
        for one in tools.values():
            one.close()
    again_ms = 1000 * median(result.seconds for result in again)
    return Row(
        name=name, image=image, load_s=load_s, again_ms=again_ms, process_mb=size, status=again[-1].status
    )


def ask(tool: Tool, image: str) -> ToolResult:
    """The tool's own example, or what each kind of argument that it needs stands for."""
    picture = load_image(IMAGES / image)
    given = BY_NAME.get(tool.name) or {p.name: BY_KIND[p.kind] for p in tool.parameters if p.required}
    return run(tool, picture, given, timeout_s=300)


def table(rows: list[Row]) -> str:
    """Markdown, with the machine that it was measured on."""
    lines = ["| tool | image | loads in | answers in (median) | its processes |", "|---|---|---|---|---|"]
    for row in rows:
        size = f"{row.process_mb} MB" if row.process_mb else "none"
        status = "" if row.status in ("ok", "empty") else f" ({row.status})"
        lines.append(
            f"| `{row.name}` | {row.image} | {row.load_s:.1f} s | {row.again_ms:.1f} ms{status} | {size} |"
        )
    load = os.getloadavg()[0]
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, load {load:.1f}"
    return "\n".join([*lines, "", f"Measured by `examples/tools_table.py` on {machine}.", ""])


def main() -> int:
    """Measure, print, and write where it was asked for."""
    parser = argparse.ArgumentParser(description="Measure every tool.")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--into", type=Path)
    parser.add_argument("--only", nargs="*", default=[], help="these tools alone")
    options = parser.parse_args()
    rows: list[Row] = []
    failed: list[str] = []
    for name in options.only or list(all_tools(speaker=embedded_speaker())):
        try:
            rows.append(measure(name, options.runs))
        except SightlineError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed.append(name)
    said = table(rows)
    print(said)
    if options.into is not None:
        options.into.write_text(MARK.sub(lambda _: said, options.into.read_text(encoding="utf-8")), "utf-8")
    failed += [row.name for row in rows if row.status not in ("ok", "empty", "unsupported")]
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
