"""Descriptions: what tools found, by the kind of picture; failures that are named; JSON; the real tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from sightline.images import Picture, make_picture
from sightline.tools import guard
from sightline.tools.base import Tool
from sightline.tools.describe import Describer
from sightline.tools.detect import Detector
from sightline.tools.read_text import TextReader
from sightline.train.worlds.scenes import Scene, Thing, draw_scene
from sightline.types import (
    Box,
    Cell,
    ChartData,
    ChartMark,
    Description,
    Detection,
    Detections,
    DocumentField,
    Fields,
    Finding,
    Table,
    TextLines,
    TextSpan,
    ToolResult,
)
from sightline.types.overview import Medium, Overview

PIXELS = np.full((300, 300, 3), 255, np.uint8)
PIXELS[10:30, 10:30] = (214, 38, 40)
PIXELS[140:160, 140:160] = (36, 92, 206)
PIXELS[140:160, 270:290] = (214, 38, 40)
PICTURE = make_picture(PIXELS)
THINGS = (("circle", 20.0, 20.0), ("star", 150.0, 150.0), ("circle", 280.0, 150.0))
LATE = ToolResult(status="timeout", message="stopped after 9 s")


class Given(Tool):
    """A tool that finds what it was given, in the frame of the picture that it is handed."""

    def __init__(self, name: str, found: Callable[[Picture], Finding] | ToolResult) -> None:
        self.name, self.found = name, found
        self.seen: list[Picture] = []

    @property
    def version(self) -> str:
        return f"{self.name} 1"

    def __call__(self, picture: Picture, query: str | None = None) -> Finding | ToolResult:
        """Finds what it was given."""
        self.seen.append(picture)
        return self.found if isinstance(self.found, ToolResult) else self.found(picture)


def things(*named: tuple[str, float, float], partial: str = "") -> Given:
    def found(picture: Picture) -> Detections:
        items = (
            Detection(label=label, score=0.9, box=Box.clipped(x - 10, y - 10, x + 10, y + 10, picture.frame))
            for label, x, y in named
        )
        return Detections(query="objects", items=tuple(items), partial=partial)

    return Given("detect", found)


def text(*lines: str) -> Given:
    def found(picture: Picture) -> TextLines:
        box = Box(x1=0, y1=0, x2=9, y2=9, frame=picture.frame)
        return TextLines(rows=tuple((TextSpan(text=line, score=0.8, box=box),) for line in lines))

    return Given("read_text", found)


def look(medium: Medium, *lines: str, score: float = 0.9, partial: str = "") -> Given:
    def found(picture: Picture) -> Overview:
        whole = Box(x1=0, y1=0, x2=picture.frame.width, y2=picture.frame.height, frame=picture.frame)
        return Overview(
            region=whole,
            medium=medium,
            score=score,
            partial=partial,
            lines=lines,
            line_boxes=(whole,) * len(lines),
            line_count=len(lines),
        )

    return Given("look", found)


def run(
    detector: Given, reader: Given, *, readers: Mapping[str, Tool] | None = None, **arguments: object
) -> ToolResult:
    return guard.run(Describer(detector, reader, **(readers or {})), PICTURE, arguments, timeout_s=60)


def description(result: ToolResult) -> Description:
    assert isinstance(result.payload, Description), result
    return result.payload


def test_each_clause_has_its_evidence() -> None:
    result = run(things(*THINGS), text("SALE", "50 % off"))
    assert result.to_text() == (
        "ok: Two small red circles, at the top left and on the right, and a small blue star in the middle. "
        'The text reads "SALE" and "50 % off".'
    )
    found = description(result)
    assert [(c.tool, c.topic, len(c.boxes)) for c in found.clauses] == [
        ("detect", "things", 2),
        ("detect", "things", 1),
        ("read_text", "text", 2),
    ]
    assert found.score == pytest.approx(0.8)
    assert len(found.boxes()) == 4
    assert result.version == "detect 1, read_text 1"


def test_in_short() -> None:
    assert run(things(*THINGS), text(*"abcde"), detail="short").to_text() == (
        "ok: Two small red circles and a small blue star. "
        'There are five lines of text, which begin "a", "b" and "c".'
    )


def test_as_json_that_fits() -> None:
    result = run(things(*THINGS), text("SALE"), format="json")
    said = json.loads(description(result).to_text())
    assert said["things"][0] == {
        "what": "circle",
        "count": 2,
        "looks": ["small red", "small red"],
        "places": ["top left", "right"],
        "boxes": [[10, 10, 30, 30], [270, 140, 290, 160]],
        "score": 0.9,
        "tool": "detect",
    }
    assert said["text"][0]["lines"] == ["SALE"]
    short = json.loads(description(result).to_text(300))
    assert (len(short["things"]), short["left out"]) == (1, 2)


def test_nothing_found_is_empty_and_claims_no_more() -> None:
    result = run(things(), text())
    assert result.to_text() == (
        "empty: Nothing was found of the kinds of things that can be detected. No text was found."
    )


def test_what_could_not_be_looked_at_is_named() -> None:
    result = run(things(THINGS[1], partial="small things may be missed"), Given("read_text", LATE))
    assert result.to_text() == (
        "ok: A small blue star in the middle.\n"
        "not seen: things: small things may be missed; text not seen: stopped after 9 s"
    )
    unknown = ToolResult(status="unsupported", message="no class")
    result = run(Given("detect", unknown), text("hi"), format="json")
    assert json.loads(description(result).to_text())["not seen"] == "things not seen: no class"


def test_where_all_fail_there_is_no_description() -> None:
    assert run(Given("detect", LATE), Given("read_text", LATE)).status == "timeout"
    broken = ToolResult(status="error", message="why")
    both = run(Given("detect", LATE), Given("read_text", broken))
    assert (both.status, both.payload) == ("error", None)
    assert both.message == "things not seen: stopped after 9 s; text not seen: why"


def test_a_region_is_described_by_its_own_places_and_boxes_stay_on_the_picture() -> None:
    region = Box(x1=130, y1=130, x2=300, y2=170, frame=PICTURE.frame)
    detector = things(("star", 20, 20))
    result = run(detector, text("hi"), region=region)
    assert result.to_text().startswith("ok: A small blue star on the left.")
    assert description(result).clauses[0].boxes == (Box(x1=140, y1=140, x2=160, y2=160, frame=PICTURE.frame),)
    assert (detector.seen[0].frame.x0, detector.seen[0].frame.width) == (130, 170)


def test_a_picture_is_described_by_its_kind() -> None:
    photo = run(things(THINGS[1]), text(), readers={"look": look("photo", "SALE")})
    assert photo.to_text() == 'ok: A photo. A small blue star in the middle. The text reads "SALE".'
    assert description(photo).clauses[0].tool == "look"
    assert run(things(), text(), readers={"look": look("text", "hi")}).to_text() == (
        'ok: A picture of text. The text reads "hi".'
    )
    unsure = run(things(), text(), readers={"look": look("chart", score=0.4, partial="objects: late")})
    assert unsure.to_text() == (
        "ok: Perhaps a chart. Nothing was found of the kinds of things that can be detected. "
        "No text was found.\nnot seen: objects: late"
    )


def test_a_chart_a_table_and_a_document_are_described_by_their_readers() -> None:
    box = Box(x1=0, y1=0, x2=9, y2=9, frame=PICTURE.frame)
    marks = tuple(
        ChartMark(category=name, value=value, score=0.9, printed=True, box=box)
        for name, value in (("Tea", 12), ("Milk", 3))
    )
    chart = ChartData(chart="bars", title="Drinks", confidence=0.9, marks=marks, partial="one label unread")
    rows = tuple(tuple(Cell(text=text, box=box) for text in row) for row in (("Name", "Price"), ("Tea", "2")))
    total = DocumentField(name="total", text="9.50", score=0.9, box=box)
    readers = {
        "read_chart": Given("read_chart", lambda picture: chart),
        "read_table": Given("read_table", lambda picture: Table(header_rows=1, rows=rows)),
        "read_document": Given("read_document", lambda picture: Fields(items=(total,))),
    }
    kinds: tuple[Medium, ...] = ("chart", "table", "document")
    told = {
        kind: run(things(*THINGS), text(), readers={"look": look(kind), **readers}).to_text()
        for kind in kinds
    }
    assert told == {
        "chart": 'ok: A bar chart titled "Drinks", of two categories (Tea and Milk). The highest value is '
        "12 (Tea) and the lowest value is 3 (Milk).\nnot seen: chart: one label unread",
        "table": "ok: A table with two columns (Name, Price) and one row; its rows begin with Tea.",
        "document": "ok: A document for a total of 9.50.",
    }


def test_a_chart_that_cannot_be_read_is_still_described_by_its_text() -> None:
    why = ToolResult(status="unsupported", message="no scale")
    readers = {"look": look("chart", "Sales"), "read_chart": Given("read_chart", why)}
    assert run(things(), text(), readers=readers).to_text() == (
        'ok: A chart. The text reads "Sales".\nnot seen: chart not seen: no scale'
    )


def test_where_the_kind_is_not_known_things_and_text_are() -> None:
    result = run(things(THINGS[1]), text("hi"), readers={"look": Given("look", LATE)})
    assert result.to_text() == (
        'ok: A small blue star in the middle. The text reads "hi".\n'
        "not seen: kind not seen: stopped after 9 s"
    )


def test_what_is_refused() -> None:
    assert run(things(), text(), detail="poetic").status == "refused"


def test_it_says_what_it_stands_on() -> None:
    made = Describer(things(), text())
    assert made.covers() == "says what detect and read_text find, and no more; not what people do or feel"


def test_with_the_real_tools() -> None:
    scene = Scene(
        things=(
            Thing(shape="circle", colour="red", size="small", x=0.15, y=0.15, diameter=0.12),
            Thing(shape="star", colour="blue", size="large", x=0.75, y=0.75, diameter=0.24),
        )
    )
    made = Describer(Detector(), TextReader())
    try:
        result = guard.run(made, make_picture(draw_scene(scene, 320)), {}, timeout_s=120)
    finally:
        made.close()
    assert "large blue star at the bottom right" in result.to_text()
    assert "small red circle at the top left" in result.to_text()
