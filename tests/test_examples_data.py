"""The examples that need data from outside: on tiny packs of their own, as they come in."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import cells
import ocr_engines
import packs
from sightline import Agent
from sightline.tools import yolo
from sightline.tools.detect import Detector
from sightline.tools.ocr_rapid import RapidOcr
from sightline.tools.read_text import TextReader
from sightline.train.worlds.scenes import Scene, Thing, draw_scene

THINGS = (
    Thing(shape="circle", colour="red", size="large", x=0.25, y=0.25, diameter=0.24),
    Thing(shape="circle", colour="green", size="large", x=0.7, y=0.7, diameter=0.24),
    Thing(shape="star", colour="blue", size="large", x=0.7, y=0.25, diameter=0.24),
)


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Shapes for cells: two circles and a star, asked for in the words of the pack."""
    folder = tmp_path / "bccd"
    (folder / "images").mkdir(parents=True)
    Image.fromarray(draw_scene(Scene(things=THINGS), 320)).save(folder / "images/0.png")
    rows = [
        {"id": f"{split}-{kind}", "image": "images/0.png", "question": f"How many {noun} are in the image?"}
        | {"answer": str(count), "split": split}
        for split in ("train", "val")
        for kind, noun, count in (
            ("RBC", "circles", 2),
            ("WBC", "stars (shapes)", 1),
            ("Platelets", "dogs", 0),
        )
    ]
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.setenv("SIGHTLINE_DATA", str(tmp_path))
    return folder


def test_cells_are_counted_by_the_agent(pack: Path) -> None:
    with Agent(cells.CountingPlanner(), {"detect": Detector(yolo.EMBEDDED)}) as agent:
        rows = [cells.predict(agent, pack, row, "k") for row in cells.questions(pack, "val")]
    assert [(row["kind"], row["said"], row["expected"]) for row in rows] == [
        ("RBC", 2, 2),
        ("WBC", 1, 1),
        ("Platelets", -1, 0),
    ]
    assert rows[2]["text"] == "cannot tell"  # no class for dogs: not told as none


def test_the_table_of_cells() -> None:
    train = [{"kind": "RBC", "answer": answer} for answer in ("1", "1", "1", "9")]
    rows = [{"kind": "RBC", "said": said, "expected": 3} for said in (3, 4, 9)]
    shown = cells.table("agent", rows, train)
    columns = {str(column.header): list(column.cells) for column in shown.columns}
    assert columns["cells"] == ["RBC"] * 3 + ["all"] * 3
    assert columns["by"] == ["agent", "commonest", "mean"] * 2
    assert columns["±1"] == ["66.7%", "0.0%", "100.0%"] * 2  # of 3: said 3, 4 and 9; 1; 3
    assert columns["error"] == ["2.33", "2.00", "0.00"] * 2
    assert [cell.split(" ")[0] for cell in columns["exact [95 %]"]] == ["33.3%", "0.0%", "100.0%"] * 2


def test_all_cells_together() -> None:
    train = [{"kind": kind, "answer": answer} for kind, answer in (("RBC", "1"), ("WBC", "5"))]
    rows = [{"kind": kind, "said": said, "expected": 5} for kind, said in (("WBC", 5), ("RBC", 2))]
    shown = cells.table("agent", rows, train)
    columns = {str(column.header): list(column.cells) for column in shown.columns}
    assert columns["images"][-3:] == ["2", "2", "2"]
    assert columns["error"][-3:] == ["1.50", "2.00", "2.00"]


def test_a_pack_is_found_where_the_variable_points(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert packs.find_pack("bccd") == pack
    assert packs.find_pack("no_such_pack") is None


def test_error_rates() -> None:
    assert ocr_engines.error_rate([("TOTAL  4.25", "TOTAL 4.25")]) == 0
    assert ocr_engines.error_rate([("abcd", "abxd"), ("abcdef", "abcdef")]) == pytest.approx(0.1)
    assert ocr_engines.error_rate([("a b", "ab")]) == pytest.approx(1 / 3)
    assert ocr_engines.error_rate([("a b", "ab")], spaces=False) == 0
    assert ocr_engines.error_rate([("abc", "")]) == 1
    assert ocr_engines.error_rate([("AB", "aB")]) == 0.5
    assert ocr_engines.error_rate([("AB", "aB")], case=False) == 0


def test_lines_are_read_and_timed(tmp_path: Path) -> None:
    (tmp_path / "lines").mkdir()
    rows = []
    for n, text in enumerate(("TOTAL 4.25", "CASH", "Thank you")):
        image = Image.new("L", (240, 32), 255)
        ImageDraw.Draw(image).text((6, 4), text, 0, ImageFont.load_default(20))
        image.save(tmp_path / f"lines/{n}.png")
        rows.append({"image": f"lines/{n}.png", "answer": text})
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = list(ocr_engines.lines(tmp_path, 2))
    assert [text for _, text in shown] == ["TOTAL 4.25", "Thank you"]
    reader = TextReader(RapidOcr(threads=1))
    pairs, _ = ocr_engines.measure("rapidocr", reader, shown)
    reader.close()
    assert ocr_engines.error_rate(pairs) == 0


def test_pages_are_drawn_with_their_words() -> None:
    (picture, text), (again, same) = next(ocr_engines.pages(1)), next(ocr_engines.pages(1))
    assert text == same
    assert np.array_equal(picture.pixels, again.pixels)
    assert " | " not in text
    assert text.count("\n") >= 1
