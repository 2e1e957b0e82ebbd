"""Tables that the test draws itself: with rules, bands or white space alone, read by the real models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from sightline.images import Picture, load_image
from sightline.tools import guard
from sightline.tools.base import Tool
from sightline.tools.crop import cut
from sightline.tools.read_table import TableReader, _joined
from sightline.tools.read_text import TextReader
from sightline.tools.reading import Page
from sightline.tools.recognise import ink_in, unread, without_icons
from sightline.tools.table_grid import grid_of, rules_of
from sightline.types import Box, Table, TextLines, TextSpan, ToolResult

Rows = Sequence[Sequence[str]]

FRUIT = [["Fruit", "Monday", "Tuesday"], ["Apples", "12", "7"], ["Pears", "305", "48"], ["Plums", "9", "61"]]
WIDTHS = (130, 130, 130)
ROW = 36


def draw_table(
    rows: Rows, widths: Sequence[int] = WIDTHS, *, title: str = "", rules: str = "all", top: str = "#d8e4f8"
) -> Picture:
    """`rules`: all, across (below the first row), bands, or none. Numbers are centred, words start left."""
    font, bold = ImageFont.load_default(20), ImageFont.load_default(21)
    first = 20 + (ROW if title else 0)
    image = Image.new("RGB", (sum(widths) + 40, first + ROW * len(rows) + 20), "white")
    draw = ImageDraw.Draw(image)
    if title:
        draw.text((sum(widths) / 2 + 20, 20 + ROW / 2), title, "black", bold, anchor="mm")
    for r, row in enumerate(rows):
        y, x = first + r * ROW, 20
        ground = top if r == 0 and rules == "all" else "#f0f0ec" if rules == "bands" and r % 2 else "white"
        draw.rectangle((20, y, 20 + sum(widths), y + ROW), ground)
        for text, wide in zip(row, widths, strict=True):
            if rules == "all":
                draw.rectangle((x, y, x + wide, y + ROW), outline="#305090")
            centred = any(c.isdigit() for c in text)
            for k, line in enumerate(text.split("\n")):
                at = (x + wide / 2 if centred else x + 8, y + ROW / 2 + k * 22)
                draw.text(at, line, "black", font, anchor="mm" if centred else "lm")
            x += wide
        if rules == "across" and r == 0:
            draw.line((20, y + ROW, 20 + sum(widths), y + ROW), "black", 2)
    return load_image(image)


@pytest.fixture(scope="module")
def tables() -> Iterator[TableReader]:
    made = TableReader(TextReader())
    made.warm()
    yield made
    made.close()


def table(result: ToolResult) -> Table:
    assert result.status == "ok", result.message
    assert isinstance(result.payload, Table)
    return result.payload


@pytest.mark.parametrize("rules", ["all", "across", "bands", "none"])
def test_a_table_however_it_is_ruled(tables: TableReader, rules: str) -> None:
    read = table(guard.run(tables, draw_table(FRUIT, title="Fruit we sold", rules=rules), {}, timeout_s=60))
    assert read.texts() == FRUIT
    assert read.title.replace(" ", "") == "Fruitwesold"
    assert read.header_rows == 1


def test_years_are_heads_over_other_numbers(tables: TableReader) -> None:
    rows = [["Region", "2022", "2023"], ["Asia", "1,204", "1,310"], ["Europe", "980", "1,007"]]
    read = table(guard.run(tables, draw_table(rows, rules="none"), {}, timeout_s=60))
    assert (read.texts(), read.header_rows) == (rows, 1)
    rows[1][1:], rows[2][1:] = ["1999", "2001"], ["1987", "2004"]
    assert table(guard.run(tables, draw_table(rows, rules="none"), {}, timeout_s=60)).header_rows == 0


def test_empty_cells_and_an_empty_corner_keep_their_places(tables: TableReader) -> None:
    rows = [["", "Boys", "Girls"], ["Chess", "14", ""], ["Drama", "", "22"], ["Choir", "31", "18"]]
    assert table(guard.run(tables, draw_table(rows), {}, timeout_s=60)).texts() == rows


def test_stems_and_leaves(tables: TableReader) -> None:
    rows = [["Stem", "Leaf"], ["1", "0 2 2 7"], ["2", ""], ["3", "4"], ["4", "1 1 9"]]
    picture = draw_table(rows, (80, 160), rules="none")
    pixels = picture.pixels.copy()
    pixels[20:, 99:102] = (120, 80, 160)
    pixels[54:57, 20:] = (120, 80, 160)
    assert table(guard.run(tables, load_image(Image.fromarray(pixels)), {}, timeout_s=60)).texts() == rows


def test_cells_stand_where_their_words_are(tables: TableReader) -> None:
    picture = draw_table(FRUIT)
    read = table(guard.run(tables, picture, {}, timeout_s=60))
    for r, row in enumerate(read.rows):
        for c, cell in enumerate(row):
            assert cell.box is not None
            assert cell.box.frame == picture.frame
            x, y = cell.box.center
            assert 20 + c * 130 < x < 150 + c * 130
            assert 20 + r * ROW < y < 20 + (r + 1) * ROW


def test_a_region_in_the_frame_of_another_crop(tables: TableReader) -> None:
    picture = draw_table([*FRUIT, ["Total", "326", "116"]])
    low = Box(x1=18, y1=20 + 2 * ROW, x2=420, y2=20 + 5 * ROW + 2, frame=picture.frame)
    part = cut(picture, Box(x1=0, y1=0, x2=430, y2=120, frame=picture.frame), at_least=900)
    read = table(guard.run(tables, picture, {"region": low}, timeout_s=60))
    assert read.texts() == [["Pears", "305", "48"], ["Plums", "9", "61"], ["Total", "326", "116"]]
    assert all(low.intersection(box) == pytest.approx(box.area) for box in read.boxes())
    top = Box(x1=18, y1=20, x2=420, y2=20 + 2 * ROW + 2, frame=picture.frame)
    read = table(guard.run(tables, part, {"region": top}, timeout_s=60))
    assert read.texts() == FRUIT[:2]
    assert read.boxes()[0].frame == part.frame


@pytest.mark.parametrize("words", [[], ["A single line of print"], ["No columns", "in these", "three lines"]])
def test_no_table_is_empty(tables: TableReader, words: list[str]) -> None:
    image = Image.new("RGB", (400, 200), "white")
    for n, line in enumerate(words):
        ImageDraw.Draw(image).text((20, 30 + 40 * n), line, "black", ImageFont.load_default(20))
    result = guard.run(tables, load_image(image), {}, timeout_s=60)
    assert result.status == "empty"
    assert "no" in result.message
    assert result.payload == Table()


@pytest.mark.parametrize("arguments", [{"region": "e1"}, {"query": "x"}])
def test_bad_arguments_are_refused(tables: TableReader, arguments: dict[str, Any]) -> None:
    assert guard.run(tables, draw_table(FRUIT), arguments, timeout_s=60).status == "refused"


def test_no_time_is_a_timeout() -> None:
    reader = TableReader(TextReader())
    assert guard.run(reader, draw_table(FRUIT), {}, timeout_s=0.01).status == "timeout"
    reader.close()


def test_what_it_is(tables: TableReader) -> None:
    assert tables.version.startswith("rapidocr 3.")
    assert len(tables.weights) == 16
    assert "tables" in tables.covers()


# Its parts, on words that the test lays itself.


def words_on(picture: Picture, places: dict[str, tuple[float, float, float, float]]) -> Page:
    spans = tuple(
        TextSpan(text=text, score=0.9, box=Box(x1=a, y1=b, x2=c, y2=d, frame=picture.frame))
        for text, (a, b, c, d) in places.items()
    )
    return Page(picture=picture, spans=spans)


def test_rules_are_no_letters() -> None:
    picture = draw_table(FRUIT)
    across, down = rules_of(picture.pixels, 22)
    assert across[20 + ROW - 2 : 20 + ROW + 2, 30:400].any(0).all()
    assert down[30:150, 148:152].any(1).all()
    assert not down[60:90, 155:270].any()
    across, down = rules_of(draw_table(FRUIT, rules="none").pixels, 22)
    assert not across.any()
    assert not down.any()


def test_a_digit_that_two_runs_share_is_read_once() -> None:
    image = Image.new("RGB", (120, 40), "white")
    for n, digit in enumerate("2337"):
        ImageDraw.Draw(image).text((10 + 20 * n, 20), digit, "black", ImageFont.load_default(20), anchor="lm")
    picture = load_image(image)

    def joined(*runs: tuple[str, float, float]) -> str:
        page = words_on(picture, {text: (left, 8, right, 32) for text, left, right in runs})
        return _joined(list(page.spans), picture.pixels).replace(" ", "")

    assert joined(("233", 6, 68), ("37", 46, 88)) == "2337"
    assert joined(("23", 6, 46), ("37", 46, 88)) == "2337"  # side by side: one 3 in each
    assert joined(("23", 6, 46), ("337", 24, 88)) == "2337"
    assert joined(("23", 6, 50), ("37", 44, 88)) == "2337"  # they lap over, but each has its own 3


def test_letters_that_the_edge_cuts_are_no_rules() -> None:
    pixels = np.full((80, 120, 3), 255, np.uint8)
    pixels[:16, 40:43] = 0  # a stem of 16 px at the upper edge, as of a title that is cut off
    assert not rules_of(pixels, 18)[1].any()
    pixels[:34, 40:43] = 0
    assert rules_of(pixels, 18)[1][:34, 39:44].any(1).all()


def test_wrapped_cells_are_one_row() -> None:
    blank = np.full((200, 300, 3), 255, np.uint8)
    for y in (10, 70, 130, 190):
        blank[y, 10:290] = 0
    boxes = np.array(
        [(15, 15, 90, 35), (15, 40, 90, 60), (160, 28, 250, 48)]
        + [(15, y + 25, 90, y + 45) for y in (70, 130)]
        + [(160, y + 25, 250, y + 45) for y in (70, 130)],
        float,
    )
    for x1, y1, x2, y2 in boxes.astype(int):
        blank[y1 + 3 : y2 - 3, x1:x2:5] = 0  # strokes of print
    grid = grid_of(blank, boxes, 20)
    assert grid is not None
    assert len(grid.ys) == 4
    assert [grid.cell_of(box) for box in boxes[:3]] == [(0, 0), (0, 0), (0, 1)]


def test_overlooked_print_is_found_and_rules_are_not() -> None:
    picture = draw_table(FRUIT)
    page = words_on(picture, {"Fruit": (24, 26, 90, 48), "Apples": (24, 62, 90, 84)})
    found = unread(page)
    centres = {(int(x1 + x2) // 260, int(y1 + y2) // 2) for x1, y1, x2, y2 in found}
    assert len(found) == 10
    assert all(abs((y - 20) % ROW - ROW / 2) < 6 for _, y in centres)
    assert not unread(words_on(load_image(Image.new("RGB", (90, 60), "white")), {"a": (5, 5, 20, 20)})).size


def test_ink_is_dark_on_light_and_light_on_dark() -> None:
    pixels = draw_table([["Word", "12"]], (100, 100), rules="none").pixels
    box = np.array([24, 24, 90, 52], float)
    ink = ink_in(pixels, box)
    assert ink.shape == (28, 66)
    assert 0.1 < ink.mean() < 0.4
    assert (ink_in((255 - pixels).astype(np.uint8), box) == ink).all()


def test_icons_are_no_words() -> None:
    picture = draw_table([["Apples", "12"], ["Pears", "48"]], (100, 100), rules="none")
    pixels = picture.pixels.copy()
    pixels[30:46, 205:217] = (0, 160, 230)
    picture = load_image(Image.fromarray(pixels))
    page = words_on(
        picture,
        {
            "Apples": (26, 26, 90, 50),
            "12": (158, 26, 184, 50),
            "1)": (203, 28, 219, 48),
            "48": (158, 62, 184, 86),
        },
    )
    assert [span.text for span in without_icons(page).spans] == ["Apples", "12", "48"]


def test_an_icon_between_rules_is_no_word() -> None:
    pixels = np.full((60, 160, 3), 255, np.uint8)
    pixels[8:11, 8:] = pixels[50:53, 8:] = pixels[8:53, 8:10] = (40, 80, 200)
    pixels[20:40, 14:30] = (0, 160, 230)
    pixels[22:38, 60:64] = pixels[22:38, 70:74] = 20
    places = {"1": (10, 10, 40, 50), "Total": (50, 15, 90, 45)}
    page = words_on(load_image(Image.fromarray(pixels)), dict(places))
    assert [span.text for span in without_icons(page).spans] == ["Total"]


class FixedReader(Tool):
    """Reads what it is told, so that a fault of the reader can be planted."""

    name = "read_text"
    version = "fixed"

    def __init__(self, status: str, message: str = "") -> None:
        self.result = ToolResult(status=status, payload=TextLines(), message=message)  # type: ignore[arg-type]

    def covers(self) -> str:
        return "nothing"

    def __call__(self, picture: Picture) -> ToolResult:
        """Reads the words."""
        return self.result


@pytest.mark.parametrize("status", ["error", "timeout"])
def test_a_failure_of_the_reader_is_no_empty_table(status: str) -> None:
    result = guard.run(TableReader(FixedReader(status, "it died")), draw_table(FRUIT), {}, timeout_s=60)
    assert (result.status, result.message, result.payload) == (status, "it died", None)
