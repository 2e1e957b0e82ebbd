"""Reading pages that the test draws itself, with the real models in their real process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from sightline.errors import WeightsError
from sightline.images import Picture, load_image
from sightline.tools import guard
from sightline.tools.crop import cut
from sightline.tools.ocr_rapid import RapidOcr
from sightline.tools.read_text import TextReader, clean, spans_of
from sightline.tools.worker import Worker
from sightline.types import Box, Frame, TextLines, ToolResult

LINES = [
    "GREEN GROCER LTD",
    "12 Station Road",
    "Apples 2 x 1.20      2.40",
    "Bread      1.85",
    "TOTAL      4.25",
]


def page(lines: list[str], size: int = 22, turn: float = 0.0) -> Picture:
    """A receipt: parts of a line set six spaces apart stand at the left and at the right edge."""
    font = ImageFont.load_default(size)
    image = Image.new("RGB", (460, 60 + len(lines) * 2 * size), "white")
    draw = ImageDraw.Draw(image)
    for n, line in enumerate(lines):
        left, _, right = line.partition("      ")
        draw.text((30, 30 + n * 2 * size), left, "black", font)
        draw.text((430 - draw.textlength(right, font), 30 + n * 2 * size), right, "black", font)
    return load_image(image.rotate(turn, fillcolor="white", resample=Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def reader() -> Iterator[TextReader]:
    made = TextReader()
    made.warm()
    yield made
    made.close()


def rows(result: ToolResult) -> list[str]:
    assert result.status == "ok", result.message
    assert isinstance(result.payload, TextLines)
    return ["      ".join(span.text for span in row) for row in result.payload.rows]


@pytest.mark.parametrize("turn", [0.0, 2.0, -2.0])
def test_a_receipt(reader: TextReader, turn: float) -> None:
    read = rows(guard.run(reader, page(LINES, turn=turn), {}, timeout_s=60))
    assert [row.replace(" ", "") for row in read] == [line.replace(" ", "") for line in LINES]


def test_small_print(reader: TextReader) -> None:
    read = rows(guard.run(reader, page(LINES, size=11), {}, timeout_s=60))
    assert [row.replace(" ", "") for row in read] == [line.replace(" ", "") for line in LINES]


def test_boxes_stand_where_the_ink_is(reader: TextReader) -> None:
    picture = page(["", "", "HELLO"])
    result = guard.run(reader, picture, {}, timeout_s=60)
    assert isinstance(result.payload, TextLines)
    (box,) = result.payload.boxes()
    assert box.frame == picture.frame
    ys, xs = np.nonzero(picture.pixels[:, :, 0] < 128)
    ink = Box.clipped(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1, picture.frame)
    assert box.iou(ink) > 0.5


def test_a_region_alone_is_read(reader: TextReader) -> None:
    picture = page(LINES)
    low = Box(x1=0, y1=30 + 4 * 44 - 14, x2=460, y2=30 + 4 * 44 + 36, frame=picture.frame)
    result = guard.run(reader, picture, {"region": low}, timeout_s=60)
    assert [row.replace(" ", "") for row in rows(result)] == ["TOTAL4.25"]
    assert isinstance(result.payload, TextLines)
    for box in result.payload.boxes():
        assert box.frame == picture.frame
        assert low.intersection(box) == pytest.approx(box.area)


def test_a_crop_is_read_in_its_own_frame(reader: TextReader) -> None:
    picture = page(LINES)
    low = Box(x1=0, y1=190, x2=460, y2=250, frame=picture.frame)
    part = cut(picture, low, at_least=900)
    result = guard.run(reader, part, {"region": low}, timeout_s=60)
    assert isinstance(result.payload, TextLines)
    assert result.payload.boxes()[0].frame == part.frame
    assert "TOTAL" in result.payload.to_text()


def test_columns_are_read_one_after_the_other(reader: TextReader) -> None:
    """A title across, then two columns of running text, the ends of their paragraphs ragged."""
    font = ImageFont.load_default(18)
    image = Image.new("RGB", (900, 420), "white")
    draw = ImageDraw.Draw(image)
    draw.text((40, 20), "A long title that stands across both of the columns below", "black", font)
    columns = [[f"{name} column line number {n} of the running text" for n in range(7)] for name in "AB"]
    columns[0][3] = "end of paragraph"
    for x, lines in zip((40, 480), columns, strict=True):
        for n, line in enumerate(lines):
            draw.text((x, 80 + 40 * n), line, "black", font)
    result = guard.run(reader, load_image(image), {}, timeout_s=60)
    read = [row.replace(" ", "") for row in rows(result)]
    assert read[0].startswith("Alongtitle")
    assert read[1:] == [line.replace(" ", "") for lines in columns for line in lines]
    assert isinstance(result.payload, TextLines)
    assert result.payload.blocks == ((0,), tuple(range(1, 8)), tuple(range(8, 15)))


@pytest.mark.parametrize("size", [(300, 400), (1, 1), (2, 900)])
def test_an_empty_page(reader: TextReader, size: tuple[int, int]) -> None:
    result = guard.run(reader, load_image(Image.new("RGB", size, "white")), {}, timeout_s=60)
    assert result.status == "empty", result.message
    assert result.payload == TextLines()


def test_what_it_is(reader: TextReader) -> None:
    result = guard.run(reader, page(["Hi"]), {}, timeout_s=60)
    assert result.tool == "read_text"
    assert result.version.startswith("rapidocr 3.")
    assert len(result.weights) == 16
    assert "det" in reader.covers()


def test_no_time_is_a_timeout_and_the_next_call_works() -> None:
    reader = TextReader()
    assert guard.run(reader, page(["Hi"]), {}, timeout_s=0.01).status == "timeout"
    reader.warm()
    assert guard.run(reader, page(["Hello there"]), {}, timeout_s=60).status == "ok"
    reader.close()


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "How many are there?"), ("DE", "Größe: 12 Straße"), (" fr ", "élève, garçon"), ("cs", "příliš")],
)
def test_a_language_that_is_read(reader: TextReader, language: str, text: str) -> None:
    """Drawn with a typeface that has these letters, which Pillow's own lacks."""
    font = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", 28)
    image = Image.new("RGB", (460, 100), "white")
    ImageDraw.Draw(image).text((30, 30), text, "black", font)
    assert rows(guard.run(reader, load_image(image), {"lang": language}, timeout_s=60)) == [text]


@pytest.mark.parametrize("language", ["ru", "klingon", "x" * 300])
def test_another_language_is_unsupported(reader: TextReader, language: str) -> None:
    result = guard.run(reader, page(["Hi"]), {"lang": language}, timeout_s=60)
    assert result.status == "unsupported"
    assert "but en, zh, ja" in result.message
    assert len(result.message) < 200


def test_an_engine_without_models_says_so() -> None:
    class Broken(RapidOcr):
        def version(self) -> str:
            raise WeightsError("it is not installed")

        def files(self) -> list[Path]:
            raise WeightsError("no models")

        def worker(self) -> Worker:
            raise WeightsError("no models")

    reader = TextReader(Broken())
    result = guard.run(reader, page(["Hi"]), {}, timeout_s=60)
    assert (result.status, result.message, result.version, result.weights) == (
        "error",
        "no models",
        "rapidocr",
        "",
    )
    with pytest.raises(WeightsError, match="not installed"):
        reader.covers()
    with pytest.raises(WeightsError, match="no models"):
        reader.warm()
    reader.close()


@pytest.mark.parametrize("arguments", [{"region": "e1"}, {"query": "x"}, {"lang": 3}, {"lang": " "}])
def test_bad_arguments(reader: TextReader, arguments: dict[str, object]) -> None:
    assert guard.run(reader, page(["Hi"]), arguments, timeout_s=60).status == "refused"


def test_text_is_data() -> None:
    assert clean("a\u202eb\u0000c\u200bd\te  f\n") == "a b c d e f"
    assert clean("\u2066\x1b[31m\ue000") == "[31m"
    assert len(clean("x" * 10_000)) == 500
    assert clean("Total £4.25 合计") == "Total £4.25 合计"


def test_wide_forms_stay_in_east_asian_text_alone() -> None:
    assert clean("CLERK：WATI ８ ９") == "CLERK:WATI 8 9"
    assert clean("合计：９") == "合计：９"


def test_spans_of_nothing_but_control_characters_are_dropped() -> None:
    frame = Frame(image="x", width=100, height=100)
    quad = ((10.0, 10.0), (50.0, 10.0), (50.0, 20.0), (10.0, 20.0))
    kept = spans_of([("\u202e", 0.9, quad), ("ok", 1.2, quad)], frame, frame)
    assert [[span.text for span in row] for row in kept.rows] == [["ok"]]
    assert kept.rows[0][0].score == 1.0
