"""The experts of the embedded tier, by name. A registry is a dict: add your own to it."""

from __future__ import annotations

from pathlib import Path

from sightline.images import ImageStore
from sightline.tools.base import Tool
from sightline.tools.crop import Cropper
from sightline.tools.detect import Detector
from sightline.tools.read_text import TextReader


def default_tools(*, store: ImageStore | None = None, detector: Path | None = None) -> dict[str, Tool]:
    """`detect`, `read_text` and `crop`. Nothing is loaded and no process is started yet.

    Args:
        store: where crops keep their pixels; None makes one, `tools["crop"].store`.
        detector: weights for `detect` (see `Detector`); None for the embedded ones.
    """
    tools: tuple[Tool, ...] = (Detector(detector), TextReader(), Cropper(store or ImageStore()))
    return {tool.name: tool for tool in tools}
