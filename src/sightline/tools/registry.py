"""The tools by name. A registry is a dict: add your own to it.

`default_tools` are those that the embedded planner was trained to call; `all_tools` is every tool here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sightline.errors import ConfigError
from sightline.images import ImageStore
from sightline.tools.base import Tool
from sightline.tools.caption import Speaker
from sightline.tools.crop import Cropper
from sightline.tools.detect import Detector
from sightline.tools.function_tool import FunctionTool
from sightline.tools.read_text import TextReader

TOOLS: dict[str, tuple[str, tuple[str, ...]]] = {
    "detect": ("sightline.tools.detect:Detector", ()),
    "read_text": ("sightline.tools.read_text:TextReader", ()),
    "crop": ("sightline.tools.crop:Cropper", ("store",)),
    "draw": ("sightline.tools.draw:Drawer", ("store",)),
    "count": ("sightline.tools.count:Counter", ("detect",)),
    "measure": ("sightline.tools.measure:Measurer", ()),
    "compare": ("sightline.tools.compare:Comparer", ()),
    "calculate": ("sightline.tools.calculate:Calculator", ()),
    "caption": ("sightline.tools.caption:Captioner", ("detect", "read_text")),
    "ask": ("sightline.tools.caption:Asker", ("speaker",)),
    "find_similar": ("sightline.tools.find_similar:Finder", ()),
    "segment": ("sightline.tools.segment:Segmenter", ()),
    "read_table": ("sightline.tools.read_table:TableReader", ("read_text",)),
    "read_chart": ("sightline.tools.read_chart:ChartReader", ("read_text",)),
    "read_document": ("sightline.tools.read_document:DocumentReader", ("read_text",)),
    "query": ("sightline.tools.query:Query", ("read_table", "read_chart", "read_document", "detect")),
    "classify": ("sightline.tools.classify:Classifier", ()),
    "look": ("sightline.tools.look:Looker", ("detect", "read_text")),
    "describe": (
        "sightline.tools.describe:Describer",
        ("detect", "read_text", "look", "read_table", "read_chart", "read_document"),
    ),
}
"""Where each class is, and what it is made of: `store`, `speaker`, or tools that stand above it.

A tool whose module is not part of this installation, or that needs a speaker where there is none, is left
out.
"""


def default_tools(*, store: ImageStore | None = None, detector: str | Path | None = None) -> dict[str, Tool]:
    """`detect`, `read_text` and `crop`. Nothing is loaded and no process is started yet.

    Args:
        store: where crops keep their pixels; None makes one, `tools["crop"].store`.
        detector: weights for `detect` (see `Detector`); None for the embedded ones.
    """
    tools: tuple[Tool, ...] = (Detector(detector), TextReader(), Cropper(store or ImageStore()))
    return {tool.name: tool for tool in tools}


def all_tools(
    *,
    store: ImageStore | None = None,
    speaker: Speaker | None = None,
    detector: str | Path | None = None,
) -> dict[str, Tool]:
    """Every tool here, in the order of `TOOLS`; those that need another share it. Nothing is loaded yet.

    Args:
        store: where crops and drawings keep their pixels; None makes one.
        speaker: the model behind `ask`, such as `sightline.agent.captioning.ModelSpeaker`; without one there
            is no `ask`.
        detector: weights for `detect` (see `Detector`); None for the embedded ones.
    """
    parts: dict[str, Any] = {"store": store or ImageStore()}
    if detector:
        parts["detect"] = Detector(detector)
    if speaker:
        parts["speaker"] = speaker
    for name, (where, needs) in TOOLS.items():
        module, _, made_by = where.partition(":")
        if name not in parts and find_spec(module) is not None and (speaker or "speaker" not in needs):
            parts[name] = getattr(import_module(module), made_by)(*(parts[need] for need in needs))
    return {name: parts[name] for name in TOOLS if name in parts}


def by_name(tools: Mapping[str, Tool] | Iterable[Tool | Callable[..., Any]]) -> dict[str, Tool]:
    """Tools by their names; typed functions among them become tools.

    Raises:
        ConfigError: a function that cannot be a tool, or two of one name.
    """
    if isinstance(tools, Mapping):
        return dict(tools)
    named: dict[str, Tool] = {}
    for one in tools:
        made = one if isinstance(one, Tool) else FunctionTool(one)
        if made.name in named:
            raise ConfigError(f"two tools are called {made.name}")
        named[made.name] = made
    return named
