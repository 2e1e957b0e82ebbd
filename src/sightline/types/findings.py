"""What tools find. Every finding says itself in words (`to_text`) and where it lies (`boxes`).

All texts are deterministic, ordered, and never longer than their budget.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sightline.types.documents import LineItem
from sightline.types.geometry import Box, BoxFormat, Frame, Model, Point, fit_lines, pixels


class Finding(Model):
    """What every finding shares: what it left out, and how sure it is as a whole."""

    partial: str = Field(
        default="", description="what was not looked at or not read, in one line; empty where nothing was"
    )
    score: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="how likely the whole is right; of an empty one, that there is nothing; None: not known",
    )

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of what was looked for."""
        return False

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return []

    def to_text(self, budget: int = 2000, *, place: BoxFormat = pixels) -> str:
        """In words and numbers, at most `budget` characters; `place` writes a box."""
        raise NotImplementedError


class Detection(Model):
    """One object: `label` is the detector's class; `attributes` are what was measured in its box."""

    label: str
    score: float = Field(ge=0, le=1)
    box: Box
    attributes: dict[str, str] = Field(default_factory=dict, description="such as color=red, size=small")

    def name(self) -> str:
        """Attributes and label in words, such as `small red circle`."""
        return " ".join([*self.attributes.values(), self.label])


class TextSpan(Model):
    """One run of text on one line, as the reader returned it."""

    text: str
    score: float = Field(ge=0, le=1)
    box: Box


class Detections(Finding):
    """What `detect` found for `query`, best first.

    `perhaps` is what may be there and does not count: weak enough that counts are better without it, and sure
    enough to say that there may be one. `score` is how likely the picture shows any.
    """

    kind: Literal["detections"] = "detections"
    query: str
    items: tuple[Detection, ...] = ()
    perhaps: tuple[Detection, ...] = ()
    unclear: str = ""
    lacks: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of what was looked for."""
        return not (self.items or self.perhaps)

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [d.box for d in self.items or self.perhaps]

    def to_text(self, budget: int = 2000, *, place: BoxFormat = pixels) -> str:
        """In words and numbers, at most `budget` characters; `place` writes a box."""
        lines = [f"{d.name()} {place(d.box)} {d.score:.0%}" for d in self.items]
        lines += [f"perhaps: {d.name()} {place(d.box)} {d.score:.0%}" for d in self.perhaps]
        head = f"{len(self.items)} found"
        head += (f"; unclear: {self.unclear}" if self.unclear else "") + (
            f"; not there: {self.lacks}" if self.lacks else ""
        )
        return fit_lines([head, *lines], budget)


class TextLines(Finding):
    """What `read_text` read: rows in reading order, from top to bottom, each row's spans from left to right.

    On a page set in columns a row ends at its column's edge, and a column is read before the next one.
    """

    kind: Literal["text"] = "text"
    rows: tuple[tuple[TextSpan, ...], ...] = ()
    blocks: tuple[tuple[int, ...], ...] = Field(
        default=(), description="indices of the rows of each column, title, ...; empty where there is but one"
    )

    def spans(self) -> list[TextSpan]:
        """All spans in reading order."""
        return [span for row in self.rows for span in row]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of what was looked for."""
        return not self.rows

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [s.box for s in self.spans()]

    def to_text(self, budget: int = 4000, *, place: BoxFormat | None = None) -> str:
        """A line a row, spans of a row set apart by ` | `; at most `budget` characters.

        Where that is too little, rows in the middle go first: a page is known by its head, and sums stand
        at its foot. `place`, where given, writes each row's first box before it.
        """
        lines = [
            (place(row[0].box) + " " if place and row else "") + " | ".join(span.text for span in row)
            for row in self.rows
        ]
        return fit_lines(lines, budget, tail=len(lines))


class Crop(Finding):
    """A part of an image, enlarged: the new frame and where its pixels are kept."""

    kind: Literal["crop"] = "crop"
    frame: Frame
    image: str = Field(description="sha256 of the crop's pixels in the image store")
    region: Box = Field(description="the same region in the frame that was cropped")

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [self.region]

    def to_text(self, budget: int = 200, *, place: BoxFormat = pixels) -> str:
        """Where the crop was taken and how large it is now."""
        return f"crop of {place(self.region)}, {self.frame.width}x{self.frame.height} px"[:budget]


class Mask(Model):
    """The pixels of one thing."""

    label: str = ""
    score: float = Field(ge=0, le=1, description="how good the segmenter holds it to be")
    box: Box = Field(description="the tightest around it")
    area: int = Field(ge=0, description="px of the box's frame")
    rle: str = Field(description="COCO's compressed run lengths over the whole frame, column by column")
    polygon: tuple[Point, ...] = Field(default=(), description="outline of its largest part, px of the frame")


class Masks(Finding):
    """What `segment` cut out."""

    kind: Literal["masks"] = "masks"
    items: tuple[Mask, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of what was looked for."""
        return not any(mask.area for mask in self.items)

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [m.box for m in self.items]

    def to_text(self, budget: int = 2000, *, place: BoxFormat = pixels) -> str:
        """A line a mask: its label, box, area in px and share of the frame."""
        lines = [
            f"{m.label or 'region'} {place(m.box)} {m.area} px, "
            f"{m.area / (m.box.frame.width * m.box.frame.height):.1%} of the image, {m.score:.0%}"
            for m in self.items
        ]
        return fit_lines([f"{len(self.items)} masks", *lines], budget)


class Caption(Finding):
    """What a model says of an image or a part of it, in words of its own: a claim, not a measurement."""

    kind: Literal["caption"] = "caption"
    text: str
    region: Box
    confidence: float | None = Field(default=None, ge=0, le=1, description="of the model, where it gives one")

    def boxes(self) -> list[Box]:
        """What was looked at."""
        return [self.region]

    def to_text(self, budget: int = 2000, *, place: BoxFormat | None = None) -> str:
        """The words; `place`, where given, writes the region before them."""
        return ((place(self.region) + " " if place else "") + self.text)[:budget]


class Drawing(Finding):
    """A copy of an image with marks on it, to look at again."""

    kind: Literal["drawing"] = "drawing"
    frame: Frame
    image: str = Field(description="sha256 of the drawing's pixels in the image store")
    marked: tuple[Box, ...] = Field(default=(), description="what the marks are about")
    names: tuple[str, ...] = Field(
        default=(), description="the mark of each of `marked`: 1, 2, ... or a word"
    )

    def boxes(self) -> list[Box]:
        """What was marked."""
        return list(self.marked)

    def to_text(self, budget: int = 500, *, place: BoxFormat = pixels) -> str:
        """A line a mark."""
        lines = [f"{name} {place(box)}" for name, box in zip(self.names, self.marked, strict=True)]
        return fit_lines([f"drew {len(lines)} marks", *lines], budget)


class Fact(Model):
    """One thing that was measured, counted, compared or computed."""

    name: str = Field(description="what, such as: distance, overlap, color of the first")
    value: bool | int | float | str
    unit: str = Field(default="", description="px, %, °, ... or empty")
    of: tuple[Box, ...] = Field(default=(), description="the regions it is about")

    def to_text(self) -> str:
        """Such as `distance: 41.5 px`. A float is written with all its 15 digits: round it first."""
        value = self.value
        if isinstance(value, bool):
            said = "yes" if value else "no"
        elif isinstance(value, float):
            said = f"{value:.15g}"
        else:
            said = str(value)
        return f"{self.name}: {said}" + (f" {self.unit}" if self.unit else "")


class Facts(Finding):
    """What `measure`, `count`, `compare` and `calculate` found."""

    kind: Literal["facts"] = "facts"
    items: tuple[Fact, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of what was looked for."""
        return not self.items

    def boxes(self) -> list[Box]:
        """The regions that the facts are about, each once, in their order."""
        found: list[Box] = []
        for box in (box for fact in self.items for box in fact.of):
            if box not in found:
                found.append(box)
        return found

    def to_text(self, budget: int = 2000, *, place: BoxFormat | None = None) -> str:
        """A line a fact; `place`, where given, writes its regions before it."""
        lines = [
            (" ".join(place(box) for box in fact.of) + " " if place and fact.of else "") + fact.to_text()
            for fact in self.items
        ]
        return fit_lines(lines, budget)


class Cell(Model):
    """One cell of a grid; an empty text is an empty cell."""

    text: str = ""
    score: float = Field(default=1.0, ge=0, le=1)
    box: Box | None = Field(default=None, description="of its words; None where it is empty")


class Table(Finding):
    """What `read_table` read: a full grid, each row with as many cells as the others."""

    kind: Literal["table"] = "table"
    title: str = ""
    header_rows: int = Field(default=0, ge=0, description="how many rows at the top name the columns")
    rows: tuple[tuple[Cell, ...], ...] = ()

    def texts(self) -> list[list[str]]:
        """The grid as texts."""
        return [[cell.text for cell in row] for row in self.rows]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of what was looked for."""
        return not self.rows

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [cell.box for row in self.rows for cell in row if cell.box is not None]

    def to_text(self, budget: int = 4000, *, place: BoxFormat | None = None) -> str:
        """The title, then a line a row, cells set apart by ` | `. `place` writes each row's first box."""
        lines = [self.title] if self.title else []
        for row in self.rows:
            first = next((cell.box for cell in row if cell.box is not None), None)
            before = place(first) + " " if place and first is not None else ""
            lines.append(before + " | ".join(cell.text for cell in row))
        return fit_lines(lines, budget)


class ChartMark(Model):
    """One bar, point or slice, with the value that its drawing stands for."""

    category: str = Field(default="", description="what the axis or the label calls it")
    series: str = Field(default="", description="what the legend calls it; empty where there is one series")
    value: float
    score: float = Field(ge=0, le=1, description="how sure the reading is")
    printed: bool = Field(default=False, description="whether the value was read as print, not measured")
    box: Box


class ChartData(Finding):
    """What `read_chart` read: the data behind a chart."""

    kind: Literal["chart"] = "chart"
    chart: Literal["columns", "bars", "lines", "pie"]
    title: str = ""
    unit: str = Field(default="", description="as printed beside the numbers: %, $, million")
    colors: dict[str, str] = Field(default_factory=dict, description="series or category -> color word")
    marks: tuple[ChartMark, ...] = ()
    confidence: float = Field(ge=0, le=1)

    @property
    def is_empty(self) -> bool:
        """Whether no value was read."""
        return not self.marks

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [mark.box for mark in self.marks]

    def to_text(self, budget: int = 4000, *, place: BoxFormat | None = None) -> str:
        """The kind and title, then a line a category with the value of each series."""
        head = f"{self.chart}, {self.confidence:.0%} sure" + (f": {self.title}" if self.title else "")
        grouped: dict[str, list[ChartMark]] = {}
        for mark in self.marks:
            grouped.setdefault(mark.category, []).append(mark)
        lines = []
        for category, marks in grouped.items():
            before = place(marks[0].box) + " " if place else ""
            values = ", ".join(
                (f"{mark.series} " if mark.series else "") + f"{mark.value:.6g}{self.unit}" for mark in marks
            )
            lines.append(f"{before}{category}: {values}" if category else before + values)
        return fit_lines([head, *lines], budget)


class DocumentField(Model):
    """A label of a form or a receipt and what stands for it."""

    name: str = Field(description="as printed, or what it is: date, total, company")
    text: str = Field(description="as printed")
    value: float | str | None = Field(
        default=None, description="a number, or a date as YYYY-MM-DD; else None"
    )
    score: float = Field(ge=0, le=1)
    box: Box = Field(description="of `text`")


class Fields(Finding):
    """What `read_document` read."""

    kind: Literal["fields"] = "fields"
    items: tuple[DocumentField, ...] = ()
    lines: tuple[LineItem, ...] = Field(default=(), description="what was bought, line by line")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing of what was looked for."""
        return not (self.items or self.lines)

    def boxes(self) -> list[Box]:
        """Where what was found lies, in its order."""
        return [*(field.box for field in self.items), *(line.box for line in self.lines)]

    def to_text(self, budget: int = 4000, *, place: BoxFormat | None = None) -> str:
        """A line a field, then a line for each thing that was bought."""
        lines = [(place(f.box) + " " if place else "") + f"{f.name}: {f.text}" for f in self.items]
        lines += [(place(line.box) + " " if place else "") + line.to_text() for line in self.lines]
        return fit_lines(lines, budget)
