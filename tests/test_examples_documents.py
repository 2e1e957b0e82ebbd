"""What counts as a receipt's answer in `examples/read_documents.py`, and its tables on a pack of two."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

import read_documents
from scoring import append_row
from sightline import load_image
from sightline.types import Box, DocumentField, Fields, LineItem, Printed

FRAME = load_image(Image.new("RGB", (40, 40))).frame
BOX = Box(x1=0, y1=0, x2=9, y2=9, frame=FRAME)


def field(name: str, text: str, value: float | str | None = None) -> DocumentField:
    return DocumentField(name=name, text=text, value=value, score=1, box=BOX)


@pytest.mark.parametrize(
    ("kind", "gold", "said", "right"),
    [
        ("date", "28/12/2017", field("Date", "2017-12-28", "2017-12-28"), True),
        ("date", "20180304", field("date", "04/03/2018", "2018-03-04"), True),
        ("date", "03/04/2018", field("date", "03/04/2018"), True),
        ("date", "03/04/2018", field("date", "4 Mar 2018", "2018-03-04"), False),
        ("total", "RM 9.00", field("Total", "9.00", 9.0), True),
        ("total", "43.7", field("Total", "43.70", 43.7), True),
        ("total", "9.00", field("Total", "9.05", 9.05), False),
        ("company", "Oak Mart S/B", field("company", "OAK MART S/B."), True),
        ("company", "Oak Mart S/B", field("company", "OAK MART"), False),
    ],
)
def test_what_is_the_answer(kind: str, gold: str, said: DocumentField, right: bool) -> None:
    assert read_documents.is_it(kind, gold, said) is right


def test_sums_of_line_items() -> None:
    def line(value: float) -> LineItem:
        printed = Printed(text=f"{value:.2f}", value=value, box=BOX)
        return LineItem(name=Printed(text="Tea", box=BOX), amount=printed, score=1, box=BOX)

    total, tax = field("total", "9.54", 9.54), field("tax", "0.54", 0.54)
    assert read_documents.sums_up(Fields(items=(total, tax), lines=(line(4.0), line(5.0))))
    assert not read_documents.sums_up(Fields(items=(total,), lines=(line(4.0), line(5.0))))
    assert not read_documents.sums_up(Fields(items=(total,)))


def test_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pack, font = tmp_path / "sroie_receipts", ImageFont.load_default(22)
    pack.mkdir()
    for n, (company, day, total) in enumerate(
        [("OAK MART LTD", "25/12/2018", "4.00"), ("ELM CAFE LTD", "26/11/2017", "7.00")]
    ):
        image = Image.new("RGB", (420, 220), "white")
        draw = ImageDraw.Draw(image)
        for y, (left, right) in enumerate(
            [(company, ""), (f"Date: {day}", ""), ("Tea", total), ("Total", total)]
        ):
            draw.text((30, 20 + 45 * y), left, "black", font)
            draw.text((320, 20 + 45 * y), right, "black", font)
        image.save(pack / f"{n}.png")
        for kind, answer in (("date", day), ("total", total), ("company", company)):
            append_row(pack / "data.jsonl", {"id": f"{n}-{kind}", "image": f"{n}.png", "answer": answer})
    monkeypatch.setattr(read_documents, "NEXT", 1)
    monkeypatch.setattr("sys.argv", ["script", "--data", str(tmp_path), "--cache", str(tmp_path / "kept")])
    assert read_documents.main() == 0
    said = capsys.readouterr().out
    for kind in ("date", "total", "company"):
        assert f"| {kind} | 2 | 100.0% [100.0%, 100.0%] | 100.0% [100.0%, 100.0%] | 0.0% " in said
    assert "| 2 | 100.0% [100.0%, 100.0%] | 100.0% [100.0%, 100.0%] |" in said


def test_without_the_pack_there_is_nothing_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["script", "--data", str(tmp_path)])
    monkeypatch.setattr(read_documents, "find_pack", lambda name: None)
    assert read_documents.main() == 2
    assert "is neither in" in capsys.readouterr().err


def test_receipts_have_what_is_labelled(tmp_path: Path) -> None:
    rows = [{"id": f"1-{k}", "image": "1.png", "answer": k.upper()} for k in ("date", "total")]
    for row in [*rows, {"id": "2-total", "image": "2.png", "answer": "5.00"}]:
        append_row(tmp_path / "data.jsonl", row)
    assert read_documents.receipts(tmp_path) == [
        {"image": "1.png", "date": "DATE", "total": "TOTAL"},
        {"image": "2.png", "total": "5.00"},
    ]
