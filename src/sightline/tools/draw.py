"""draw(regions, style?, marks?, note?): marks on a copy of the picture, to look at again.

The drawing is brought to between 448 and 2048 px, so that marks are legible on any picture, and kept in
the image store. Its frame maps back to the original.
"""

from __future__ import annotations

import time
from functools import cached_property
from importlib.metadata import version
from typing import Any

from sightline.images import ImageStore
from sightline.tools.base import Parameter, Picture, finish, why_refused
from sightline.tools.marking import STYLES, draw_marks, sized
from sightline.tools.places import mapped
from sightline.types import Drawing, ToolResult, map_box

PAIRED = ("line", "arrow")
"""Styles that join two regions."""

LONGEST_MARK = 24
"""Characters of a region's mark."""


class Drawer:
    """The expert `draw`. The pixels of the drawings go to `store`; no process and no weights are needed."""

    name = "draw"
    doc = "marks regions on a copy of the image"
    parameters: tuple[Parameter, ...] = (
        Parameter(name="regions", kind="regions", doc="what to mark; two for a line or an arrow"),
        Parameter(name="style", kind="choice", doc="else boxes", required=False, options=STYLES),
        Parameter(
            name="marks", kind="text", doc="names in order, commas between; else 1, 2, ...", required=False
        ),
        Parameter(name="note", kind="text", doc="a line of text to write on it", required=False),
    )
    weights = ""

    def __init__(self, store: ImageStore) -> None:
        self.store = store

    @cached_property
    def version(self) -> str:
        """Of Pillow, which draws."""
        return f"pillow {version('pillow')}"

    def covers(self) -> str:
        """In one line, what it does."""
        return f"draws {', '.join(STYLES)}, numbered or named, on a copy of the picture"

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """Takes milliseconds (a tenth of a second on large pictures), whatever `timeout_s` is."""
        started = time.monotonic()
        if reason := why_refused(self, picture, arguments):
            return finish(self, started, "refused", message=reason)
        boxes, style = mapped(arguments["regions"], picture), arguments.get("style") or "boxes"
        if isinstance(boxes, str):
            return finish(self, started, "refused", message=boxes)
        if style in PAIRED and len(boxes) != 2:
            return finish(self, started, "refused", message=f"{style} joins two regions, not {len(boxes)}")
        names = mark_names(arguments.get("marks") or "", len(boxes))
        if isinstance(names, str):
            return finish(self, started, "refused", message=names)
        canvas = sized(picture)
        on_canvas = [map_box(box, canvas.frame) for box in boxes]
        pixels = draw_marks(canvas.pixels, on_canvas, names, style, arguments.get("note") or "")
        drawing = Drawing(frame=canvas.frame, image=self.store.put(pixels), marked=boxes, names=names)
        return finish(self, started, "ok", drawing)

    def warm(self) -> None:
        """Nothing is loaded."""

    def close(self) -> None:
        """Nothing is held; the drawings are the store's."""


def mark_names(marks: str, count: int) -> tuple[str, ...] | str:
    """The mark of each region; a `str` says why these cannot be used."""
    names = [" ".join(name.split()) for name in marks.split(",")] if marks.strip() else []
    if not names:
        return tuple(str(n) for n in range(1, count + 1))
    if len(names) != count or not all(names):
        return f"marks must name each of the {count} regions, not {len([n for n in names if n])}"
    long = next((name for name in names if len(name) > LONGEST_MARK), "")
    return f'the mark "{long[:40]}" is longer than {LONGEST_MARK} characters' if long else tuple(names)
