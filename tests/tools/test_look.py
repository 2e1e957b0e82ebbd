"""A glance with the real reader, the real detector and pictures drawn here or taken from scikit-image."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from sightline.errors import WeightsError
from sightline.images import Pixels, load_image
from sightline.tools.base import Picture, Tool, Unsupported
from sightline.tools.cache import Cache
from sightline.tools.detect import Detector
from sightline.tools.guard import run
from sightline.tools.look import Looker, _printed, said
from sightline.tools.picture_kind import embedded, kinds_of, numbers_of
from sightline.tools.read_text import TextReader
from sightline.train.kinds.fit import MAKERS
from sightline.types import Box, Detection, Detections, Frame, TextLines, TextSpan, ToolResult
from sightline.types.overview import MEDIUMS, Overview

SEED = 77
"""Training draws with 1."""


@pytest.fixture(scope="module")
def reader() -> Iterator[TextReader]:
    tool = TextReader()
    yield tool
    tool.close()


@pytest.fixture(scope="module")
def looker(reader: TextReader) -> Iterator[Looker]:
    detector = Detector()
    yield Looker(detector, reader)
    detector.close()


def glance(looker: Looker, pixels: Pixels) -> Overview:
    result = run(looker, load_image(pixels), {}, timeout_s=120)
    assert result.status == "ok", result.message
    assert isinstance(result.payload, Overview)
    return result.payload


def page(lines: list[str], size: int = 20, width: int = 520) -> Image.Image:
    image = Image.new("RGB", (width, 60 + 2 * size * len(lines)), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for n, line in enumerate(lines):
        draw.text((30, 30 + 2 * size * n), line, "black", font)
    return image


def ruled_table(*, dark: bool) -> Pixels:
    ground, ink = ((18, 18, 18), (230, 230, 230)) if dark else ((255, 255, 255), (0, 0, 0))
    image = Image.new("RGB", (480, 300), ground)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(18)
    rows = [
        ("Name", "Year", "Points"),
        ("Ann", "1999", "31"),
        ("Ben", "2004", "17"),
        ("Cleo", "2011", "45"),
        ("Dan", "2020", "8"),
    ]
    for r, row in enumerate(rows):
        draw.line((20, 20 + 50 * r, 460, 20 + 50 * r), (120, 120, 120))
        for c, cell in enumerate(row):
            draw.text((40 + 150 * c, 34 + 50 * r), cell, ink, font)
    draw.line((20, 270, 460, 270), (120, 120, 120))
    return np.array(image)


def bar_chart(*, dark: bool) -> Pixels:
    ground, ink = ((24, 24, 28), (220, 220, 220)) if dark else ((255, 255, 255), (40, 40, 40))
    image = Image.new("RGB", (560, 380), ground)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    draw.text((60, 10), "Visitors of the museum", ink, font)
    for n in range(6):
        y = 330 - 55 * n
        draw.line((60, y, 540, y), (128, 128, 128))
        draw.text((50, y), str(200 * n), ink, font, anchor="rm")
    for n, high in enumerate((120, 210, 160, 250, 90, 200)):
        x = 80 + 78 * n
        draw.rectangle((x, 330 - high, x + 44, 330), (60, 130, 220))
        draw.text((x + 22, 345), str(2015 + n), ink, font, anchor="mm")
    return np.array(image)


def test_a_photo_with_its_object_its_place_and_colors(looker: Looker) -> None:
    found = glance(looker, data.chelsea())
    assert found.medium == "photo"
    assert found.mediums["photo"] > 0.9
    assert "cat" in [one.label for one in found.objects]
    assert any(thing.startswith("cat (") for thing in found.things)
    assert found.to_text().startswith("photo 451x300; objects: ")
    assert found.colors


@pytest.mark.parametrize("name", ["astronaut", "coffee", "camera", "rocket"])
def test_photographs_in_color_and_gray(looker: Looker, name: str) -> None:
    assert glance(looker, getattr(data, name)()).medium == "photo"


@pytest.mark.parametrize("dark", [False, True])
def test_charts_and_tables_light_and_dark(looker: Looker, dark: bool) -> None:
    chart, table = glance(looker, bar_chart(dark=dark)), glance(looker, ruled_table(dark=dark))
    assert (chart.medium, table.medium) == ("chart", "table")
    assert chart.objects == ()
    assert "objects not looked for on a chart" in chart.partial
    assert chart.lines[0].startswith("Visitors")


def test_a_page_is_a_document_scanned_or_photographed(looker: Looker) -> None:
    text = "The meeting of the board was held on Monday and all members were there".split()
    lines = ["Minutes of the meeting", *(" ".join(text[n % 5 :]) for n in range(16))]
    sheet = np.array(page(lines, width=760))
    assert glance(looker, sheet).medium == "document"
    height, width = sheet.shape[:2]
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    corners = np.array([(150, 90), (780, 120), (830, 800), (90, 780)], np.float32)
    turned = cv2.warpPerspective(sheet, cv2.getPerspectiveTransform(source, corners), (900, 880))
    table = cv2.resize(data.gravel()[:200, :200], (900, 880))[:, :, None] // 2
    cover = cv2.warpPerspective(
        np.full_like(sheet, 255), cv2.getPerspectiveTransform(source, corners), (900, 880)
    )
    shade = np.linspace(0.65, 1, 900)[None, :, None]
    photographed = np.where(cover > 0, turned * shade, table).astype(np.uint8)
    assert glance(looker, photographed).medium == "document"


def test_a_few_words_are_text_and_its_lines_have_their_boxes(looker: Looker) -> None:
    found = glance(looker, np.array(page(["NO ENTRY", "Staff only"], 40, 360)))
    assert found.medium == "text"
    assert found.lines == ("NO ENTRY", "Staff only")
    assert found.line_count == 2
    assert found.boxes() == list(found.line_boxes)
    assert found.line_boxes[0].y2 < found.line_boxes[1].y1 + 10


@pytest.mark.parametrize("level", [255, 0, 128])
def test_nothing_is_blank(looker: Looker, level: int) -> None:
    found = glance(looker, np.full((300, 400, 3), level, np.uint8))
    assert found.medium == "blank"
    assert "no text" in found.to_text()


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_generated_pictures_of_every_kind(reader: TextReader, kind: str) -> None:
    right = 0
    for n in range(6):
        picture = load_image(MAKERS[kind](np.random.default_rng((SEED, n))))
        lines = run(reader, picture, {}, timeout_s=120).payload
        assert isinstance(lines, TextLines)
        right += next(iter(kinds_of(picture.pixels, lines))) == kind
    assert right >= 5


@pytest.mark.parametrize("size", [(1, 1), (1, 700), (700, 1), (3, 3), (17, 2)])
def test_the_smallest_pictures_are_measured(size: tuple[int, int]) -> None:
    numbers = numbers_of(np.full((*size, 3), 40, np.uint8), TextLines())
    assert set(numbers) >= set(embedded().numbers)
    assert np.isfinite(list(numbers.values())).all()
    assert sum(kinds_of(np.full((*size, 3), 40, np.uint8), TextLines()).values()) == pytest.approx(
        1, abs=1e-3
    )


def test_every_kind_has_a_probability() -> None:
    assert set(kinds_of(data.coffee(), TextLines())) == set(MEDIUMS) == set(MAKERS)


class NoWeights(Tool):
    """A detector whose weights are missing, as `weights.path` says it offline."""

    name = "detect"

    def __call__(self, picture: Picture, query: str) -> Detections:
        raise WeightsError("ssd-mobilenet-v2-coco is not here")


class Blind(Tool):
    """A detector that has no class for anything."""

    name = "detect"

    def __call__(self, picture: Picture, query: str) -> Detections:
        raise Unsupported("it knows only shapes")


@pytest.mark.parametrize(("detector", "why"), [(NoWeights(), "not here"), (Blind(), "only shapes")])
def test_without_a_detector_that_sees_it_says_so(reader: TextReader, detector: Tool, why: str) -> None:
    found = glance(Looker(detector, reader), data.coffee())
    assert found.medium == "photo"
    assert why in found.partial


def test_a_later_reading_is_taken_from_the_cache(looker: Looker, reader: TextReader) -> None:
    cache, picture = Cache(), load_image(np.array(page(["Total 12.40"])))
    assert run(looker, picture, {}, timeout_s=120, cache=cache).status == "ok"
    assert run(reader, picture, {}, timeout_s=120, cache=cache).cached
    assert run(looker, picture, {}, timeout_s=120, cache=cache).cached


def test_objects_are_said_by_label_with_their_places() -> None:
    frame = Frame(image="0" * 64, width=300, height=300)
    spots = [("dog", 10, 140), ("person", 250, 140), ("dog", 140, 140)]
    things = [
        Detection(label=label, score=0.9, box=Box(x1=x, y1=y, x2=x + 20, y2=y + 20, frame=frame))
        for label, x, y in spots
    ]
    assert said(things) == ("2 dogs (left, center)", "person (right)")
    unsure = tuple(one.model_copy(update={"score": 0.3}) for one in things)
    assert said(unsure) == ("perhaps 2 dogs (left, center)", "perhaps person (right)")


def test_the_text_keeps_to_its_budget() -> None:
    frame = Frame(image="0" * 64, width=640, height=480)
    whole = Box(x1=0, y1=0, x2=640, y2=480, frame=frame)
    found = Overview(
        region=whole,
        medium="photo",
        mediums={"photo": 0.7, "drawing": 0.25},
        things=("2 dogs (left, center)", "person (right)"),
        lines=("SALE", "everything must go " * 4),
        line_boxes=(whole, whole),
        line_count=9,
        colors=("green", "white"),
    )
    assert found.to_text().startswith(
        "photo (or drawing) 640x480; objects: 2 dogs (left, center), person (right); text: 9"
    )
    assert found.to_text().endswith("; colors: green, white")
    for budget in (0, 1, 5, 20, 60, 100, 150, 600):
        assert len(found.to_text(budget)) <= budget
    assert "photo" in found.to_text(40)
    assert ToolResult(status="ok", payload=found).to_text(100)


def test_shapes_are_not_said_as_letters_again() -> None:
    frame = Frame(image="0" * 64, width=300, height=300)

    def span(text: str, x: float) -> TextSpan:
        return TextSpan(text=text, score=0.9, box=Box(x1=x, y1=10, x2=x + 30, y2=40, frame=frame))

    disk = Detection(label="circle", score=0.9, box=Box(x1=10, y1=8, x2=41, y2=41, frame=frame))
    rows = [(span("O", 11), span("Gate", 60)), (span("●", 120),), (span("O", 200),)]
    assert [[one.text for one in row] for row in _printed(rows, [disk])] == [["Gate"], ["O"]]
