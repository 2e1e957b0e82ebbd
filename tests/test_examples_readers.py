"""The scores of tables and of charts, on tiny packs of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import packs
import read_charts
import read_tables
from scoring import append_row
from sightline import load_image
from sightline.types import Box, Cell, ChartData, ChartMark, Table

FRAME = load_image(Image.new("RGB", (40, 40))).frame
STEMS = {"table": "Stem | Leaf \n1 | 0, 6\n2 | ", "table_title": None}


def a_table(rows: list[list[str]], title: str = "") -> Table:
    return Table(title=title, rows=tuple(tuple(Cell(text=text) for text in row) for row in rows))


def a_chart(values: dict[tuple[str, str], float]) -> ChartData:
    box = Box(x1=0, y1=0, x2=9, y2=9, frame=FRAME)
    marks = [
        ChartMark(category=c, series=s, value=value, score=1, box=box) for (c, s), value in values.items()
    ]
    return ChartData(chart="columns", title="Sales by year", marks=tuple(marks), confidence=1)


def test_the_table_that_is_wanted() -> None:
    assert read_tables.labelled(STEMS, printed=False) == [["Stem", "Leaf"], ["1", "0, 6"], ["2", ""]]
    assert read_tables.labelled(STEMS, printed=True)[1] == ["1", "0 6"]
    account = {"table": "Date | Paid | Left\n | | $5\n | $2,000 | $3"}
    assert read_tables.labelled(account, printed=True)[1:] == [["", "", "$5"], ["", "$2,000", "$3"]]


def test_cells_tables_and_titles_are_scored() -> None:
    wanted = [["x", "y"], ["1", "2 5"]]
    assert read_tables.score(a_table([["x", "y"], ["1", "25"]]), wanted, "").whole
    wrong = read_tables.score(a_table([["x", "y"], ["7", "25"]], "T"), wanted, "t")
    assert (wrong.right, wrong.whole, wrong.titled) == ([True, True, False, True], False, False)
    assert wrong.wrong == "'1' as '7'"
    more = read_tables.score(a_table([["x", "y"], ["1", "25"], ["2", ""]]), wanted, "")
    assert (all(more.right), more.whole) == (True, False)
    none = read_tables.score(None, wanted, "")
    assert (none.right, none.whole, none.titled) == ([False] * 4, False, False)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two packs of one picture each, drawn here, as they come in."""
    image = Image.new("RGB", (300, 130), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(20)
    for r, row in enumerate([("Day", "Sold"), ("Monday", "12"), ("Friday", "305")]):
        for c, text in enumerate(row):
            draw.rectangle((5 + 140 * c, 5 + 40 * r, 145 + 140 * c, 45 + 40 * r), outline="black")
            draw.text((15 + 140 * c, 25 + 40 * r), text, "black", font, anchor="lm")
    table = {"table": "Day | Sold\nMonday | 12\nFriday | 305", "table_title": None}
    a_pack(tmp_path / "tabmwp_dev1k", image, table)
    chart, picture = next(read_charts.drawn(1))
    answers = [chart.categories[0], "no such thing"]
    rows = [{"question": "?", "answer": answer} for answer in answers]
    a_pack(tmp_path / "chartqa_train1k", Image.fromarray(picture.pixels), *rows)
    monkeypatch.setenv("SIGHTLINE_DATA", str(tmp_path))
    return tmp_path


def a_pack(folder: Path, image: Image.Image, *rows: dict[str, Any]) -> None:
    folder.mkdir()
    image.save(folder / "0.png")
    for row in rows:
        append_row(folder / "data.jsonl", {"image": "0.png", **row})


def test_the_packs_are_read_and_what_was_read_is_kept(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(script: Any, *more: str) -> str:
        monkeypatch.setattr("sys.argv", ["script", "--kept", str(data / "kept"), *more])
        assert script.main() == 0
        return capsys.readouterr().out

    for again in (False, True):
        if again:
            monkeypatch.setattr(packs.KeptReader, "_ready", lambda self: pytest.fail("it reads once more"))
        assert "| as printed | 1 | 6 | 100.00% | 100.0% " in said(read_tables)
        charts = said(read_charts, "--drawn", "1")
        assert "| columns and bars | 1 | " in charts
        assert "| ChartQA | 1 | 2 | 50.0% " in charts


def test_without_the_packs_there_is_nothing_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["script", "--kept", str(tmp_path)])
    monkeypatch.setattr(read_tables, "find_pack", lambda name: None)
    assert read_tables.main() == 2
    assert "is neither in $SIGHTLINE_DATA" in capsys.readouterr().err


def test_rows_are_spread_over_a_pack(tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(9)))
    assert [row["n"] for row in packs.rows_of(tmp_path, 3)] == [0, 4, 8]
    assert len(packs.rows_of(tmp_path)) == len(packs.rows_of(tmp_path, 50)) == 9


def test_values_are_right_within_five_percent() -> None:
    wanted = {("2020", "a"): 100.0, ("2021", "a"): 50.0, ("2022", "a"): 0.0}
    said = a_chart({("2020", "A"): 95.1, ("2021", "A"): 53.0, ("2022", "A"): 0.0})
    scored = read_charts.score("columns", said, wanted)
    assert scored.values == scored.named == [True, False, True]
    swapped = a_chart({("2021", "A"): 100.0, ("2020", "A"): 50.0})
    scored = read_charts.score("columns", swapped, wanted)
    assert (scored.values, scored.named) == ([True, True, False], [False, False, False])
    twice = read_charts.score("columns", a_chart({("2020", "A"): 7.0}), {("p", ""): 7.0, ("q", ""): 7.0})
    assert twice.values == [True, False]  # a mark counts for one value
    assert not any(read_charts.score("columns", None, wanted).values)


@pytest.mark.parametrize(
    ("answer", "there"),
    [
        ("2,040", True),
        ("2200", False),
        ("18%", True),
        ("Blue Team", True),
        ("Sales by Year", True),
        ("Yes", False),
    ],
)
def test_answers_in_what_was_read(answer: str, there: bool) -> None:
    said = a_chart({("2020", "Blue team"): 2000.0, ("2021", "Blue team"): 18.2})
    assert read_charts.holds(said, answer) is there


def test_drawn_charts_are_the_same_each_time_and_known() -> None:
    (chart, picture), (again, same) = next(read_charts.drawn(1)), next(read_charts.drawn(1))
    assert chart == again
    assert np.array_equal(picture.pixels, same.pixels)
    assert len(read_charts.known(chart)) == len(chart.categories) * len(chart.series)


def test_the_tables_of_scores() -> None:
    scores = [read_charts.Score(kind="pie", values=[True, True], named=[True, False])]
    shown = read_charts.table(scores).splitlines()
    assert shown[-1].startswith("| pie | 1 | 2 | 100.0% ")
    assert "| 50.0% " in shown[-1]
    one = read_tables.Score(right=[True, False], whole=False, titled=True)
    assert "| x | 1 | 2 | 50.00% | 0.0% " in read_tables.table({"x": [one]})
