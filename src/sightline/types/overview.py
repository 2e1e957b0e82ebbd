"""What `classify` and `look` find: the kind of thing, and the picture at a glance."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from sightline.types.findings import Detection, Finding
from sightline.types.geometry import Box, BoxFormat, Model, pixels

Medium = Literal["photo", "drawing", "chart", "table", "document", "screenshot", "text", "blank"]
"""What a picture is, whatever it shows.

photo: by a camera, a microscope, or rendered to look like it. drawing: shapes, sketches, cartoons, diagrams.
chart: values as marks. table: rows and columns. document: a page, also one that was scanned or photographed.
screenshot: of a screen or a window. text: a few lines of print and nothing else. blank: nothing.
"""

MEDIUMS: tuple[Medium, ...] = get_args(Medium)


class Class(Model):
    """One class: `kinds` are what it is a kind of, from specific to general."""

    label: str
    score: float = Field(ge=0, le=1)
    kinds: tuple[str, ...] = ()


class Kind(Model):
    """A kind of thing and how likely it is: the sum of all classes that are of it."""

    name: str
    score: float = Field(ge=0, le=1)


class Classes(Finding):
    """What `classify` holds a picture or a region to show, likeliest first."""

    kind: Literal["classes"] = "classes"
    region: Box = Field(description="what was looked at")
    items: tuple[Class, ...] = ()
    kinds: tuple[Kind, ...] = Field(default=(), description="the likely ones, from specific to general")
    shown: str = Field(default="", description="the most specific word that is surely right; empty: none")
    nearest: Class | None = Field(default=None, description="where it is empty: what came nearest")

    @property
    def is_empty(self) -> bool:
        """Whether nothing that is known is likely enough."""
        return not self.items

    def boxes(self) -> list[Box]:
        """What was looked at."""
        return [self.region]

    def to_text(self, budget: int = 400, *, place: BoxFormat | None = None) -> str:
        """Each class with its kinds, such as `tabby cat 62% (cat 91%, animal 99%), lynx 4%`.

        Kinds are said at the first class that is of them. `place`, where given, writes the region before.
        """
        before = f"{place(self.region)} " if place else ""
        if self.nearest and not self.items:
            said = f"{self.nearest.label} {self.nearest.score:.0%}"
            return f"{before}nothing that it knows, nearest is {said}"[:budget]
        left = {kind.name: f"{kind.name} {kind.score:.0%}" for kind in self.kinds}
        parts = []
        for item in self.items:
            own = [left.pop(name) for name in item.kinds if name in left]
            parts.append(f"{item.label} {item.score:.0%}" + (f" ({', '.join(own)})" if own else ""))
        return before + fit(parts, budget - len(before))


class Overview(Finding):
    """A picture at a glance: what `look` says before anything is asked."""

    kind: Literal["overview"] = "overview"
    region: Box = Field(description="the whole picture")
    medium: Medium = Field(description="photo, drawing, chart, table, document, screenshot, text or blank")
    mediums: dict[str, float] = Field(default_factory=dict, description="each medium's probability")
    objects: tuple[Detection, ...] = ()
    things: tuple[str, ...] = Field(default=(), description="the objects in words: 2 dogs (left, center)")
    lines: tuple[str, ...] = Field(default=(), description="the first lines of text, as read")
    line_boxes: tuple[Box, ...] = Field(default=(), description="of each of `lines`")
    line_count: int = Field(default=0, ge=0, description="how many lines of text there are")
    colors: tuple[str, ...] = Field(default=(), description="the main ones, the commonest first")

    def boxes(self) -> list[Box]:
        """Of the objects, then of the lines; of a picture with neither, the whole."""
        return [*(d.box for d in self.objects), *self.line_boxes] or [self.region]

    def to_text(self, budget: int = 600, *, place: BoxFormat = pixels) -> str:
        """Such as `photo 640x480; objects: 2 dogs (left, center), person (right); no text; colors: green`."""
        frame = self.region.frame
        parts = [f"{self._said_medium()} {frame.width}x{frame.height}"]
        if self.things:
            parts.append("objects: " + ", ".join(self.things))
        text = "text: " + str(self.line_count) + (" line" if self.line_count == 1 else " lines")
        text += f": {' / '.join(self.lines)}" if self.lines else ""
        parts.append(text if self.line_count else "no text")
        if self.colors:
            parts.append("colors: " + ", ".join(self.colors))
        return _fit_parts(parts, budget)

    def _said_medium(self) -> str:
        """The medium; two of them where the first is not sure."""
        others = [name for name, score in self.mediums.items() if name != self.medium and score >= 0.2]
        return f"{self.medium} (or {others[0]})" if others else self.medium


def fit(parts: list[str], budget: int) -> str:
    """As many whole parts as fit, set apart by commas, then `…`."""
    text = ", ".join(parts)
    while len(text) > budget and len(parts) > 1:
        parts = parts[:-1]
        text = ", ".join(parts) + ", …"
    return text[: max(budget, 0)]


def _fit_parts(parts: list[str], budget: int) -> str:
    """All parts, the longest of them cut until they fit."""
    parts = list(parts)
    while len(text := "; ".join(parts)) > budget:
        longest = max(range(1, len(parts)), key=lambda n: len(parts[n]), default=0)
        over = len(text) - budget
        kept = len(parts[longest]) - over - 1
        if kept < 12:
            return text[: max(budget - 1, 0)] + "…" if budget > 0 else ""
        parts[longest] = parts[longest][:kept] + "…"
    return text
