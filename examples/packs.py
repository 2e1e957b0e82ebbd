"""Packs of third-party data on this machine, for evaluation and never committed; what was read in them."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sightline.images import Picture
from sightline.tools.cache import Cache
from sightline.tools.read_text import TextReader
from sightline.types import Box, TextLines, ToolResult

ROOT = Path(__file__).resolve().parent.parent


def find_pack(name: str) -> Path | None:
    """The folder of a pack; None where it is not on this machine.

    It is looked for in $SIGHTLINE_DATA and in ../shared/data beside the repository, as a folder or as
    `name.tar.xz`, which is unpacked into data/ (git ignores it).
    """
    places = [ROOT.parent / "shared" / "data", ROOT / "data"]
    if os.environ.get("SIGHTLINE_DATA"):
        places.insert(0, Path(os.environ["SIGHTLINE_DATA"]))
    unpacked = next((p / name for p in places if (p / name / "data.jsonl").is_file()), None)
    archive = next((p / f"{name}.tar.xz" for p in places if (p / f"{name}.tar.xz").is_file()), None)
    if unpacked or not archive:
        return unpacked
    with tarfile.open(archive) as tar:
        # Older releases of Python 3.11 know no filters.
        tar.extractall(ROOT / "data", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return ROOT / "data" / name


def rows_of(pack: Path, count: int | None = None) -> list[dict[str, Any]]:
    """The rows of a pack, or `count` of them, evenly spread."""
    rows = [json.loads(line) for line in (pack / "data.jsonl").read_text(encoding="utf-8").splitlines()]
    if count is None or count >= len(rows):
        return rows
    return [rows[at] for at in np.linspace(0, len(rows) - 1, count).astype(int)]


def markdown(names: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table: the names of its columns, then its lines."""
    return "\n".join(f"| {' | '.join(line)} |" for line in [names, ["---"] * len(names), *lines])


class KeptReader(TextReader):
    """`read_text` that keeps what it read in a folder, so that a second run over a pack takes seconds."""

    def __init__(self, folder: Path) -> None:
        """Nothing is loaded. Raises `ConfigError` where the folder cannot be written to."""
        super().__init__()
        self._kept = Cache(folder, max_bytes=2**30)

    def warm(self) -> None:
        """Nothing: what is kept needs no models, and what is not loads them."""

    def __call__(self, picture: Picture, region: Box | None = None, lang: str | None = None) -> TextLines:
        """Reads the words.

        As kept, or read now.

        Args:
            region: where to read; else everywhere
            lang: its language, as en or de
        """
        key = self._kept.key(self, picture, {"region": region, "lang": lang})
        known = self._kept.get(key)
        if known is not None and isinstance(known.payload, TextLines):
            return known.payload
        lines = super().__call__(picture, region, lang)
        self._kept.put(key, ToolResult(status="empty" if lines.is_empty else "ok", payload=lines))
        return lines
