"""draw(regions, style?, marks?, note?): marks on a copy of the picture, to look at again.

The drawing is brought to between 448 and 2048 px, so that marks are legible on any picture, and kept in
the image store. Its frame maps back to the original.
"""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version

from sightline.errors import InputError
from sightline.images import ImageStore
from sightline.tools.base import Picture, Tool
from sightline.tools.marking import STYLES, Style, draw_marks, sized
from sightline.types import Box, Drawing, map_box

PAIRED = ("line", "arrow")
"""Styles that join two regions."""

LONGEST_MARK = 24
"""Characters of a region's mark."""


class Drawer(Tool):
    """The tool `draw`. The pixels of the drawings go to `store`; no process and no weights are needed."""

    name = "draw"
    keeps_results = False

    def __init__(self, store: ImageStore) -> None:
        self.store = store

    @cached_property
    def version(self) -> str:
        """Of Pillow, which draws."""
        return f"pillow {version('pillow')}"

    def covers(self) -> str:
        """In one line, what it does."""
        return f"draws {', '.join(STYLES)}, numbered or named, on a copy of the picture"

    def __call__(
        self,
        picture: Picture,
        regions: tuple[Box, ...],
        style: Style = "boxes",
        marks: str | None = None,
        note: str | None = None,
    ) -> Drawing:
        """Marks regions on a copy of the image.

        Args:
            regions: what to mark; two for a line or an arrow
            style: else boxes
            marks: names in order, commas between; else 1, 2, ...
            note: a line of text to write on it
        """
        if style in PAIRED and len(regions) != 2:
            raise InputError(f"{style} joins two regions, not {len(regions)}")
        names = mark_names(marks or "", len(regions))
        canvas = sized(picture)
        on_canvas = [map_box(box, canvas.frame) for box in regions]
        pixels = draw_marks(canvas.pixels, on_canvas, names, style, note or "")
        return Drawing(frame=canvas.frame, image=self.store.put(pixels), marked=regions, names=names)


def mark_names(marks: str, count: int) -> tuple[str, ...]:
    """The mark of each region. Raises `InputError` where these cannot be used."""
    names = [" ".join(name.split()) for name in marks.split(",")] if marks.strip() else []
    if not names:
        return tuple(str(n) for n in range(1, count + 1))
    if len(names) != count or not all(names):
        raise InputError(f"marks must name each of the {count} regions, not {len([n for n in names if n])}")
    long = next((name for name in names if len(name) > LONGEST_MARK), "")
    if long:
        raise InputError(f'the mark "{long[:40]}" is longer than {LONGEST_MARK} characters')
    return tuple(names)
