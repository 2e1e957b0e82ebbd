"""The search for a query that answers: its shapes give what the tool gives; when answers are the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

import ceilings
from denotations import number_of, same_chartqa, same_tabmwp, same_wtq
from drawn_tables import draw_table, style_of
from query_kinds import CUES
from query_question import Question, numbers_of
from query_shapes import Shapes
from sightline.tools.relations import Source, source_of
from sightline.types import Cell, Table

ROWS = [
    ["Team", "Wins", "Pay", "Since", "City"],
    ["Ants", "3", "$1,200", "January 3, 2009", "Oslo"],
    ["Bees", "5", "$900", "March 4, 2010", "Rome"],
    ["Cats", "7", "$2,000", "May 5, 2010", "Oslo"],
    ["Dogs", "5", "$1,000", "May 6, 2011", "Bern"],
]


def source() -> Source:
    return source_of(Table(header_rows=1, rows=tuple(tuple(Cell(text=t) for t in row) for row in ROWS)))


def reached(question: str, answer: str, *, cued: bool = True) -> str | None:
    """The kind of the shape that gives an answer."""
    shape = ceilings.Search.over(source(), question).reaches((answer,), same_wtq, cued=cued)
    return shape.kind if shape else None


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many wins did the Bees have?", "5"),
        ("Which team has the most wins?", "Cats"),
        ("Which team won the second most?", "Bees"),
        ("How many teams are from Oslo?", "2"),
        ("How many teams have at least 5 wins?", "3"),
        ("What is the total pay of Ants and Bees?", "2100"),
        ("How much more are the Cats paid than the Bees?", "1100"),
        ("What is the average of the wins?", "5"),
        ("Which team comes after the Bees?", "Cats"),
        ("Which other team is from the same city as the Ants?", "Cats"),
        ("How many teams are there since 2010?", "2"),
        ("Which city has the most teams?", "Oslo"),
        ("How many different cities are there?", "3"),
        ("Which team began first?", "Ants"),
        ("How many years passed between Ants and Dogs?", "2"),
    ],
)
def test_questions_that_some_query_answers(question: str, answer: str) -> None:
    assert reached(question, answer)


def test_what_no_query_gives_is_not_reached() -> None:
    assert reached("Which team has the most wins?", "Elks", cued=False) is None


def test_a_shape_must_be_asked_for() -> None:
    assert reached("What is the median of the wins?", "5") is not None
    question = Question.of("Which team is from Rome?")
    (wide, long, *_), shapes = source().relations, []
    shapes = list(Shapes(wide, long, question))
    kinds = {shape.kind for shape in shapes if question.cues(shape)}
    assert "lookup" in kinds
    assert not {"median", "sum", "count"} & kinds


def test_every_shape_gives_in_sql_what_it_gives_here() -> None:
    """Of each kind of shapes the first, by the tool itself."""
    search = ceilings.Search.over(
        source(), "How many more wins do the Cats have than the 5 of the Bees in 2010?"
    )
    seen: set[str] = set()
    wrong = []
    for told, shapes in search.shapes.items():
        for shape in shapes:
            if shape.kind in seen:
                continue
            seen.add(shape.kind)
            if not search._confirmed(shape, told, same_wtq):
                wrong.append((shape.kind, shape.sql, told))
    assert len(seen) > 30
    assert wrong == []


def test_every_cue_is_of_a_shape() -> None:
    search = ceilings.Search.over(source(), "How many more than 5 wins in 2010 have the Cats and the Bees?")
    kinds = {shape.kind for of in search.shapes.values() for shape in of}
    assert {"lookup", "count", "difference", "at max"} <= kinds
    assert {"count", "median", "rows next"} <= set(CUES)


def test_numbers_of_a_question() -> None:
    assert numbers_of("Buy 3/4 of 1,200 or 4+1/2, twice") == (0.75, 1200.0, 4.5, 2)
    assert Question.of("the 1980 Winter Olympics").says("1980 winter olympics")
    assert not Question.of("the 1980 Winter Olympics").says("1984 Winter Olympics")


def test_chartqa() -> None:
    assert same_chartqa(["98"], ["100"])
    assert not same_chartqa(["94"], ["100"])
    assert not same_chartqa(["2015"], ["2016"])
    assert same_chartqa(["united states"], ["United States"])
    assert not same_chartqa(["1", "2"], ["1"])


def test_tabmwp() -> None:
    assert same_tabmwp(["0.75"], ["3/4"])
    assert same_tabmwp(["$1,200"], ["1200"], unit="$")
    assert same_tabmwp(["75"], ["1 hour and 15 minutes"])
    assert same_tabmwp(["Geometry"], ["Geometry class"], choices=["Geometry class", "Art class"])
    assert not same_tabmwp(["class"], ["Geometry class"], choices=["Geometry class", "Art class"])
    assert not same_tabmwp(["7.7"], ["7.71"])
    assert number_of("1/0") is None


@pytest.mark.parametrize("seed", range(6))
def test_tables_are_drawn_whole(seed: int) -> None:
    image = draw_table(
        [*ROWS, ["A name that is so long that it must be wrapped " * 4, "1", "", "", ""]], style_of(seed)
    )

    assert isinstance(image, Image.Image)
    assert image.width < 1700
    assert len(image.getcolors(2**20) or []) > 2


def test_the_whole_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over the gold tables of a tiny pack: nothing is read."""
    pack = tmp_path / "wtq_train"
    pack.mkdir()
    asked = [("most", "which team has the most wins?", ["Cats"]), ("no", "who is it?", ["Elks"])]
    lines = [{"id": name, "table": "t", "question": q, "answers": a} for name, q, a in asked]
    (pack / "data.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (pack / "tables.jsonl").write_text(json.dumps({"table": "t", "rows": ROWS}))
    monkeypatch.setattr(
        ceilings, "PACKS", (ceilings.PACKS[2].__class__(**{**vars(ceilings.PACKS[2]), "count": 2}),)
    )
    monkeypatch.setattr(
        "sys.argv",
        [
            "ceilings.py",
            "--data",
            str(tmp_path),
            "--cache",
            str(tmp_path / "kept"),
            "--gold",
            "--missed",
            "9",
        ],
    )
    assert ceilings.main() == 0
    said = capsys.readouterr().out
    assert "| wtq_train | 2 | 100% | 50.0%" in said
    assert "no: who is it? ['Elks']" in said
