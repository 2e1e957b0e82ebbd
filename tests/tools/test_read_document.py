"""Receipts, invoices and forms that the test draws or lays out itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from sightline.images import Picture, load_image
from sightline.tools import guard
from sightline.tools.base import Tool
from sightline.tools.document_fields import Reading, read_spans
from sightline.tools.document_turn import TURNS, back, turn_of, turned
from sightline.tools.read_document import DocumentReader
from sightline.tools.read_text import TextReader
from sightline.types import Box, Fields, TextLines, TextSpan, ToolResult

Rows = Sequence[Sequence[str]]

RECEIPT = [
    ["GREEN GROCER LTD"],
    ["7 Mill Road,"],
    ["Leeds LS1 4AB"],
    ["Tel: 0113 496 0182"],
    ["Invoice no: 4711"],
    ["Date:", "25/12/2018 10:17"],
    ["Apples", "", "12.40"],
    ["2 x Pears", "", "3.00"],
    ["Subtotal", "", "15.40"],
    ["VAT 20 %", "", "3.08"],
    ["Total", "", "£ 18.48"],
    ["Cash", "", "20.00"],
    ["Change", "", "1.52"],
]


def laid(rows: Rows, *, gap: float = 150, left: float = 10, top: float = 10) -> list[TextSpan]:
    """Words as a reader would return them: each row 20 px under the last, its runs `gap` px apart."""
    picture = load_image(Image.fromarray(np.full((20 * len(rows) + 400, 1400, 3), 255, np.uint8)))
    return [
        TextSpan(
            text=text,
            score=1.0,
            box=Box(
                x1=left + gap * c,
                y1=top + 20 * r,
                x2=left + gap * c + 6 * len(text),
                y2=top + 20 * r + 14,
                frame=picture.frame,
            ),
        )
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
        if text
    ]


def read(rows: Rows) -> dict[str, Any]:
    """The fields by name: their values, or their texts where they have none."""
    return shown(read_spans(laid(rows)))


def shown(reading: Reading) -> dict[str, Any]:
    return {f.name: f.value if f.value is not None else f.text for f in reversed(reading.fields)}


def bought(rows: Rows) -> list[str]:
    return [line.to_text() for line in read_spans(laid(rows)).lines]


def test_what_a_receipt_says() -> None:
    assert read(RECEIPT) == {
        "company": "GREEN GROCER LTD",
        "address": "7 Mill Road, Leeds LS1 4AB",
        "phone": "0113 496 0182",
        "date": "2018-12-25",
        "time": "10:17",
        "invoice number": "4711",
        "subtotal": 15.4,
        "tax": 3.08,
        "cash": 20.0,
        "change": 1.52,
        "total": 18.48,
        "Tel": "0113 496 0182",
        "Invoice no": "4711",
        "VAT 20 %": 3.08,
    }


def test_known_fields_come_first_and_say_where_they_are() -> None:
    reading = read_spans(laid(RECEIPT))
    names = [field.name for field in reading.fields]
    assert names[:4] == ["company", "address", "phone", "date"]
    total = next(field for field in reading.fields if field.name == "total")
    assert (total.text, total.box.x1, total.box.y1) == ("£ 18.48", 310, 210)
    day = next(field for field in reading.fields if field.name == "date")
    assert (day.text, day.box.x1) == ("25/12/2018", 160)
    assert day.box.x2 < 160 + 6 * len("25/12/2018 10:17")


# Labels and values.


@pytest.mark.parametrize(
    ("rows", "fields"),
    [
        ([["Pupil: Ada Lovelace"]], {"Pupil": "Ada Lovelace"}),
        ([["Pupil", ": Ada Lovelace"]], {"Pupil": "Ada Lovelace"}),
        ([["Server:", "Bob", "Table:", "7"]], {"Server": "Bob", "Table": 7.0}),
        ([["Server: Bob Table: 7"]], {"Server": "Bob", "Table": 7.0}),
        ([["Tel 020 7946 0018 Fax 020 7946 0019"]], {"phone": "020 7946 0018", "fax": "020 7946 0019"}),
        ([["Room 12"]], {"Room": 12.0}),
        ([["Printed 4 March 2019 at noon"]], {"date": "2019-03-04", "print date": "2019-03-04"}),
        ([["10:17:32"]], {"time": "10:17:32"}),
        ([["some words alone"]], {}),
        ([["Level 2,"], ["Denver CO 80202"]], {"address": "Level 2, Denver CO 80202"}),
    ],
)
def test_one_layout(rows: list[list[str]], fields: dict[str, Any]) -> None:
    found = read(rows)
    assert fields.items() <= found.items()
    assert not found or fields


def test_a_label_is_not_the_value_of_another() -> None:
    form = [["Surname", "First name", "Date of birth"], ["Brandt", "Ilse", "02.11.1984"]]
    said = {"Surname": "Brandt", "First name": "Ilse", "Date of birth": "1984-11-02"}
    assert said.items() <= read(form).items()
    with_colons = [[f"{text}:" for text in form[0]], form[1]]
    assert said.items() <= read(with_colons).items()
    side = [
        ["First name", "Ilse"],
        ["Surname", "Brandt"],
        ["Shoe size", "forty"],
        ["Date of birth", "02.11.1984"],
    ]
    assert (said | {"Shoe size": "forty"}).items() <= read(side).items()


def test_a_form_without_colons_in_single_runs() -> None:
    rows = [
        ["Name Ilse Brandt"],
        ["Nationality German"],
        ["Department Legal"],
        ["Height 171 cm"],
        ["Color red"],
    ]
    found = read(rows)
    assert found["Name"] == "Ilse Brandt"
    assert found["Height"] == "171 cm"
    assert (found["Department"], found["Color"]) == ("Legal", "red")


def test_a_value_that_wraps_is_joined_downwards() -> None:
    rows = [["Name:", "Maria Antonia"], ["", "von Hohenfels"], ["", "zu Werth"], ["City:", "Ulm"]]
    assert read(rows)["Name"] == "Maria Antonia von Hohenfels zu Werth"


def test_an_amount_under_its_label() -> None:
    rows = [["Tea", "", "3.50"], ["Subtotal"], ["", "", "7.70"], ["Total"], ["", "", "8.24"]]
    found = read(rows)
    assert (found["subtotal"], found["total"]) == (7.7, 8.24)


def test_two_address_blocks_beside_each_other() -> None:
    rows = [
        ["INVOICE"],
        ["Bill to", "", "Ship to"],
        ["Nadia Verne", "", "Omar Reyes"],
        ["4 Mill Lane", "", "9 Dock Street"],
        ["Oxford", "", "Bristol"],
        ["Invoice No.", "INV-7710"],
        ["PO Number", "PO-3318"],
        ["Description", "Hours", "Rate", "Amount"],
        ["Design", "10", "80.00", "800.00"],
        ["Travel", "", "", "55.00"],
        ["", "", "Balance Due", "$855.00"],
    ]
    found = read(rows)
    assert (found["bill to"], found["ship to"]) == ("Nadia Verne", "Omar Reyes")
    assert found["Ship to address"] == "9 Dock Street Bristol"
    assert (found["invoice number"], found["order number"], found["total"]) == ("INV-7710", "PO-3318", 855.0)
    assert "company" not in found
    assert bought(rows) == ["10 x Design @ 80.00 = 800.00", "Travel = 55.00"]


# Which amount is which.


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ([["Total", "9.00"], ["Grand total", "9.54"]], 9.54),
        ([["Total qty", "3.00"], ["Total excl. GST", "9.00"], ["Total incl. service", "9.54"]], 9.54),
        ([["Subtotal", "9.00"], ["Amount due", "9.54"], ["Cash", "20.00"], ["Change", "10.46"]], 9.54),
        ([["Total excl. VAT", "9.00"], ["Total incl. of 6% VAT", "9.54"]], 9.54),
        ([["Total", "9.00"], ["Total sales (inclusive of GST)", "9.54"], ["Total GST", "0.54"]], 9.54),
        ([["Total tax", "0.54"], ["Total (GST incl)", "9.54"]], 9.54),
        ([["Rounded total", "9.55"], ["Rounding", "0.01"]], 9.55),
        ([["Total", "9.54"], ["Rounding adj", "0.01"], ["Total", "9.55"], ["Cash", "9.55"]], 9.55),
        ([["TOTAL QTY", "14"], ["TOTAL ITEMS", "9"], ["TOTAL SAVINGS", "3.20"], ["TOTAL", "31.27"]], 31.27),
        ([["TOTAL", "31.27"], ["VISA", "31.27"], ["TOTAL POINTS", "312"]], 31.27),
        ([["Total 0% goods", "14.35"], ["Total 6% goods", "27.09"], ["Payable", "41.44"]], 41.44),
        (
            [["Zwischensumme", "1.138,90 €"], ["MwSt. 19 %", "216,39 €"], ["Gesamtbetrag", "1.355,29 €"]],
            1355.29,
        ),
        ([["Total HT", "1 169,96 €"], ["TVA 5,5 %", "64,60 €"], ["Total TTC", "1 234,56 €"]], 1234.56),
        ([["Base imponible", "10,00"], ["IVA 21 %", "2,10"], ["Total a pagar", "12,10"]], 12.1),
        ([["Imponibile", "10,00"], ["IVA 22 %", "2,20"], ["Totale", "12,20"]], 12.2),
        ([["Subtotaal", "10,00"], ["Btw 21 %", "2,10"], ["Te betalen", "12,10"]], 12.1),
        ([["Subtotal", "10,00"], ["IVA 23 %", "2,30"], ["Valor a pagar", "12,30"]], 12.3),
        ([["Jumlah kecil", "9.00"], ["Jumlah besar", "9.54"], ["Tunai", "10.00"], ["Baki", "0.46"]], 9.54),
        ([["Nasi goreng", "Rp 75.000"], ["Total bayar", "Rp 82.500"]], 82500.0),
        ([["Grand Total ₹", "1,23,456.00"]], 123456.0),
        ([["Total CHF", "1'180.00"]], 1180.0),
        ([["Refund total", "(7.25)"]], -7.25),
        ([["Subtotal", "23.00"], ["Tax", "1.38"], ["Total", "2438"]], 24.38),
    ],
)
def test_the_total_is_what_is_to_be_paid(rows: list[list[str]], total: float) -> None:
    (named,) = [field for field in read_spans(laid(rows)).fields if field.name == "total"]
    assert named.value == total


def test_arithmetic_makes_a_total_surer() -> None:
    def sure(*rows: list[str]) -> float:
        return next(f.score for f in read_spans(laid(rows)).fields if f.name == "total")

    alone = sure(["Total", "9.54"])
    assert sure(["Subtotal", "9.00"], ["Tax", "0.54"], ["Total", "9.54"]) > alone
    assert sure(["Total", "9.54"], ["Cash", "10.00"], ["Change", "0.46"]) > alone
    assert sure(["Total", "9.54"], ["Cash", "10.00"], ["Change", "3.46"]) < alone


@pytest.mark.parametrize(
    "rows",
    [
        [["Subtotal", "9.00"], ["Bread", "2.00"], ["GST included in total", "0.54"]],
        [["HILL BOOKSHOP"], ["14/03/2024"], ["NOVEL", "12.00"], ["ATLAS", "30.00"], ["PEN", "1.50"]],
        [["QUIET LANE HOSTEL"], ["Guest: A. N. Other"], ["Room 12"]],
        [["Total qty", "3"], ["Total savings", "1.00"], ["Change", "2.00"]],
    ],
)
def test_there_is_no_total_without_one(rows: list[list[str]]) -> None:
    assert "total" not in read(rows)


def test_what_is_not_printed_is_not_given() -> None:
    found = read([["HILL BOOKSHOP"], ["NOVEL", "12.00"], ["ATLAS", "30.00"], ["PLEASE PAY AT THE DESK"]])
    assert found == {"company": "HILL BOOKSHOP"}


def test_a_table_of_taxes_is_no_list_of_totals() -> None:
    rows = [
        ["Total", "", "106.00"],
        ["GST Summary", "Amount", "Tax"],
        ["SR 6%", "60.00", "3.60"],
        ["ZR 0%", "42.40", "0.00"],
        ["Total", "102.40", "3.60"],
    ]
    found = read(rows)
    assert (found["total"], found["tax"]) == (106.0, 3.6)


# Dates, company, address.


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["Due date: 01/02/2019"], ["Invoice date: 25/12/2018"]], {"due date": "2019-02-01"}),
        ([["Best before 30/06/2020"], ["25/12/2018"]], {"expiry date": "2020-06-30"}),
        ([["Rechnungsdatum", "25.12.2018"], ["Fällig am", "01.02.2019"]], {"due date": "2019-02-01"}),
        ([["Issued", "Due"], ["25.12.2018", "01.02.2019"], ["Nails", "12.00"]], {"due date": "2019-02-01"}),
        ([["Échéance : 01/02/2019"], ["Le 25/12/2018 à 18h42"]], {"due date": "2019-02-01", "time": "18h42"}),
        ([["Jatuh tempo: 01/02/2019"], ["Tanggal: 25/12/2018"]], {"due date": "2019-02-01"}),
        ([["Member since 25/11/2001"], ["Date 25/12/2018"]], {}),
        ([["DATE: 20181225"]], {}),
        ([["25/12/201815:41:52"]], {"time": "15:41:52"}),
    ],
)
def test_the_date_of_the_document_among_others(rows: list[list[str]], said: dict[str, str]) -> None:
    found = read(rows)
    assert found["date"] == "2018-12-25"
    assert said.items() <= found.items()


def test_a_date_that_may_be_two_days() -> None:
    assert read([["Date: 03/04/2018"]])["date"] == "03/04/2018"
    assert read([["Date: 03/04/2018"], ["Total", "RM 5.00"]])["date"] == "2018-04-03"
    assert read([["Date: 03/04/2018"], ["Due date: 04/28/2018"]])["date"] == "2018-03-04"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (["Hill & Sons Ltd", "12 Harbour Road"], "Hill & Sons Ltd"),
        (["TAX INVOICE", "Hill Trading GmbH", "Königstraße 7, 70173 Stuttgart"], "Hill Trading GmbH"),
        (["POPPY BOOK", "CO. (M) SDN BHD", "(Co. No. 113825-W)"], "POPPY BOOK CO. (M) SDN BHD"),
        (
            ["OAK HARDWARE", "ENTERPRISE (NORTH", "HILL) SDN BHD", "NO. 17, JALAN HILL"],
            "OAK HARDWARE ENTERPRISE (NORTH HILL) SDN BHD",
        ),
        (["31803060", "OAK MART S/B (519537-X)", "LOT 11, JALAN HILL,"], "OAK MART S/B"),
        (["Welcome to", "Bakery Rose", "Tel: 0113 496 0182"], "Bakery Rose"),
        (["Épicerie du Château", "12 rue de la Forêt, 69001 Lyon"], "Épicerie du Château"),
        (["LAVENDER", "LAVENDER CAKES S.A.", "Calle Mayor 5"], "LAVENDER CAKES S.A"),
        (["Oak Store", "Owned by:", "Elm Supply Sdn Bhd"], "Oak Store"),
    ],
)
def test_who_issued_it(head: list[str], name: str) -> None:
    rows = [[line] for line in head] + [["Receipt no: 4711"], ["Tea", "4.00"], ["Total", "4.00"]]
    assert read(rows)["company"] == name


def test_the_customer_is_not_the_company() -> None:
    rows = [
        ["Oak Cafe"],
        ["TAX INVOICE"],
        ["Invoice no: 4711"],
        ["Elm Fresh Market Sdn Bhd"],
        ["Total", "4.00"],
    ]
    assert read(rows)["company"] == "Oak Cafe"


def test_a_long_text_has_no_company() -> None:
    rows = [[f"Clause {n}: the tenant shall keep the house in order."] for n in range(9)]
    assert "company" not in read([*rows, ["Deposit: 2,450.00 to be paid by 1 May"]])


# What was bought.

TOTAL = ["Total", "", "", "9.00"]


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([["Tea", "", "", "4.00"], ["Cake", "", "", "5.00"]], ["Tea = 4.00", "Cake = 5.00"]),
        ([["2 Tea", "", "", "4.00"], ["1x Cake", "", "", "5.00"]], ["2 x Tea = 4.00", "1 x Cake = 5.00"]),
        ([["Tea x2", "", "", "4.00"], ["Cake", "", "", "5.00"]], ["2 x Tea = 4.00", "Cake = 5.00"]),
        (
            [["Tea"], ["2 x 2.00", "", "", "4.00"], ["Cake"], ["1 x 5.00", "", "", "5.00"]],
            ["2 x Tea @ 2.00 = 4.00", "1 x Cake @ 5.00 = 5.00"],
        ),
        (
            [["Qty", "U.Price", "Total"], ["2", "2.00", "4.00"], ["Tea"], ["1", "5.00", "5.00"], ["Cake"]],
            ["2 x Tea @ 2.00 = 4.00", "1 x Cake @ 5.00 = 5.00"],
        ),
        (
            [["9557068 Tea"], ["2 PCS", "2.00", "4.00 SR"], ["9557069 Cake"], ["1 PC", "5.00", "5.00 SR"]],
            ["2 x Tea @ 2.00 = 4.00", "1 x Cake @ 5.00 = 5.00"],
        ),
        (
            [["Item", "Qty", "Price", "Amount"], ["Tea", "2", "2.00", "4.00"], ["Cake", "", "", "5.00"]],
            ["2 x Tea @ 2.00 = 4.00", "Cake = 5.00"],
        ),
        (
            [
                ["Bezeichnung", "Menge", "Einzelpreis", "Betrag"],
                ["Tee", "2", "2,00", "4,00"],
                ["Kuchen", "1", "5,00", "5,00"],
            ],
            ["2 x Tee @ 2,00 = 4,00", "1 x Kuchen @ 5,00 = 5,00"],
        ),
        (
            [["Tea with a very"], ["long name", "", "", "4.00"], ["Cake", "", "", "5.00"]],
            ["long name = 4.00", "Cake = 5.00"],
        ),
        ([["Diesel"], ["40.500 L x 1.50", "", "", "60.75"]], ["40.500 x Diesel @ 1.50 = 60.75"]),
        (
            [["Tea", "", "", "4.00"], ["Less 10%", "", "", "-0.40"], ["Cake", "", "", "5.00"]],
            ["Tea = 4.00", "Cake = 5.00"],
        ),
    ],
)
def test_line_items(rows: list[list[str]], lines: list[str]) -> None:
    assert bought([["OAK CAFE"], ["25/12/2018"], *rows, TOTAL]) == lines


def test_items_know_their_numbers_and_places() -> None:
    rows = [["Item", "Qty", "Price", "Amount"], ["Tea", "2", "2.00", "4.00"], ["Cake", "1", "5.00", "5.00"]]
    tea, cake = read_spans(laid([*rows, TOTAL])).lines
    assert tea.quantity is not None
    assert tea.price is not None
    assert tea.amount is not None
    assert (tea.quantity.value, tea.price.value, tea.amount.value) == (2.0, 2.0, 4.0)
    assert (tea.name.text, tea.name.box.x1, tea.amount.box.x1) == ("Tea", 10, 460)
    assert (tea.box.x1, tea.box.x2) == (10, 460 + 6 * 4)
    unsummed = read_spans(laid([*rows, ["Total", "", "", "77.00"]])).lines[1]
    assert cake.score > unsummed.score


def test_a_form_has_no_items() -> None:
    rows = [["Name: Ilse"], ["Amount: 12.50"], ["Invoice No: 77"], ["Weight: 3.50 kg"]]
    assert bought(rows) == []


# Several documents, turned pages.


def test_two_receipts_beside_each_other() -> None:
    other = [
        ["ELM CAFE LTD"],
        ["01/02/2019"],
        ["Tea", "", "4.00"],
        ["Cake", "", "5.00"],
        ["Total", "", "9.00"],
    ]
    spans = [*laid(RECEIPT), *laid(other, left=600)]
    spans.sort(key=lambda span: (span.box.y1, span.box.x1))
    reading = read_spans(spans)
    assert [f.value for f in reading.fields if f.name == "total"] == [18.48, 9.0]
    assert [f.text for f in reading.fields if f.name == "company"] == ["GREEN GROCER LTD", "ELM CAFE LTD"]
    assert [line.name.text for line in reading.lines] == ["Apples", "Pears", "Tea", "Cake"]


def test_two_receipts_one_under_the_other() -> None:
    other = [
        ["ELM CAFE LTD"],
        ["21/02/2019"],
        ["Tea", "", "4.00"],
        ["Cake", "", "5.00"],
        ["Total", "", "9.00"],
    ]
    reading = read_spans([*laid(RECEIPT), *laid(other, top=10 + 20 * len(RECEIPT) + 50)])
    assert [f.value for f in reading.fields if f.name == "total"] == [18.48, 9.0]
    assert [f.value for f in reading.fields if f.name == "date"] == ["2018-12-25", "2019-02-21"]


def test_one_receipt_with_white_space_is_one() -> None:
    foot = [
        ["GST Summary", "Amount", "Tax"],
        ["SR 6%", "14.00", "1.40"],
        ["Total", "14.00", "1.40"],
        ["Thank you"],
    ]
    reading = read_spans([*laid(RECEIPT), *laid(foot, top=10 + 20 * len(RECEIPT) + 50)])
    assert [f.value for f in reading.fields if f.name == "total"] == [18.48]


@pytest.mark.parametrize("turn", TURNS[1:])
def test_a_turned_page_reads_as_one_that_stands(turn: int) -> None:
    upright = laid(RECEIPT)
    lying = [span.model_copy(update={"box": turned(span.box, turn)}) for span in upright]
    assert turn_of(upright) == 0
    assert turn_of(lying) == -turn % 360
    reading, wanted = read_spans(lying), read_spans(upright)
    assert shown(reading) == shown(wanted)
    assert reading.fields[0].box == turned(wanted.fields[0].box, turn)
    assert reading.lines[0].name.box == turned(wanted.lines[0].name.box, turn)
    assert back(turned(upright[3].box, turn), turn, upright[3].box.frame) == upright[3].box


# The tool.


class FixedReader(Tool):
    """Reads what it is told."""

    name = "read_text"
    version = "fixed"

    def __init__(self, spans: Sequence[TextSpan], status: str = "ok") -> None:
        self.result = ToolResult(status=status, payload=TextLines(rows=(tuple(spans),)), message="why")  # type: ignore[arg-type]

    def covers(self) -> str:
        return "nothing"

    def __call__(self, picture: Picture) -> ToolResult:
        """Reads the words."""
        return self.result


def test_no_fields_are_empty_and_a_failure_is_none() -> None:
    picture, spans = load_image(Image.new("RGB", (1400, 420), "white")), laid([["nothing to see"]])
    tool = DocumentReader(FixedReader(spans))
    result = guard.run(tool, picture, {}, timeout_s=9)
    assert (result.status, result.payload) == ("empty", Fields())
    result = guard.run(DocumentReader(FixedReader(spans, "timeout")), picture, {}, timeout_s=9)
    assert (result.status, result.payload, result.message) == ("timeout", None, "why")
    assert guard.run(tool, picture, {"x": 1}, timeout_s=9).status == "refused"
    assert tool.version.startswith("fixed, words ")
    assert "receipts" in tool.covers()


@pytest.fixture(scope="module")
def documents() -> Iterator[DocumentReader]:
    made = DocumentReader(TextReader())
    made.warm()
    yield made
    made.close()


def drawn(rows: Rows, size: tuple[int, int] = (520, 0), step: int = 40) -> Image.Image:
    """Rows of a receipt: the first run at the left, the last at the right edge."""
    font = ImageFont.load_default(22)
    image = Image.new("RGB", (size[0], size[1] or 50 + step * len(rows)), "white")
    draw = ImageDraw.Draw(image)
    for n, row in enumerate(rows):
        runs = [text for text in row if text]
        draw.text((30, 25 + step * n), runs[0], "black", font)
        for text in runs[1:]:
            draw.text((size[0] - 30 - draw.textlength(text, font), 25 + step * n), text, "black", font)
    return image


def test_a_drawn_receipt(documents: DocumentReader) -> None:
    picture = load_image(drawn(RECEIPT))
    result = guard.run(documents, picture, {}, timeout_s=60)
    assert isinstance(result.payload, Fields), result.message
    said = {
        field.name: field.value if field.value is not None else field.text for field in result.payload.items
    }
    assert (said["date"], said["total"], said["company"]) == ("2018-12-25", 18.48, "GREEN GROCER LTD")
    assert (said["subtotal"], said["tax"], said["cash"], said["change"]) == (15.4, 3.08, 20.0, 1.52)
    assert [line.to_text() for line in result.payload.lines] == ["Apples = 12.40", "2 x Pears = 3.00"]
    low = Box(x1=0, y1=25 + 40 * 9.8, x2=520, y2=25 + 40 * 10.8, frame=picture.frame)
    result = guard.run(documents, picture, {"region": low}, timeout_s=60)
    assert isinstance(result.payload, Fields)
    assert [field.name for field in result.payload.items] == ["total"]
    box = result.payload.boxes()[0]
    assert box.frame == picture.frame
    assert low.intersection(box) == pytest.approx(box.area)


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        (
            [
                ["Rosen Backhaus GmbH"],
                ["Datum: 03.04.2024"],
                ["Regal", "1.099,00 €"],
                ["Lieferung", "39,90 €"],
                ["Zwischensumme", "1.138,90 €"],
                ["MwSt. 19 %", "216,39 €"],
                ["Gesamtbetrag", "1.355,29 €"],
            ],
            1355.29,
        ),
        (
            [
                ["SHREE TRADERS"],
                ["Date: 03-Apr-2024"],
                ["Rice 25kg x 40", "1,02,000.00"],
                ["Oil x 20", "21,456.00"],
                ["Grand Total", "1,23,456.00"],
            ],
            123456.0,
        ),
        (
            [["Uhren Egli AG"], ["Datum 03.04.2024"], ["Armband", "1'180.00"], ["Total CHF", "1'180.00"]],
            1180.0,
        ),
    ],
)
def test_drawn_receipts_of_other_countries(documents: DocumentReader, rows: Rows, total: float) -> None:
    result = guard.run(documents, load_image(drawn(rows)), {}, timeout_s=60)
    assert isinstance(result.payload, Fields), result.message
    said = {field.name: field.value for field in result.payload.items}
    assert (said["total"], said["date"]) == (total, "2024-04-03")
    assert (result.payload.items[0].name, result.payload.items[0].text) == ("company", rows[0][0])
    assert sum(line.amount.value or 0 for line in result.payload.lines if line.amount) > 0
