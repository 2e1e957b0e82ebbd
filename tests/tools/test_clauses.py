"""Findings in plain English: things by number, look and place, text, charts, tables and documents."""

from __future__ import annotations

import pytest

from sightline.tools import clauses
from sightline.tools.clauses import Thing
from sightline.tools.english import a, listed, number, quoted, sentence
from sightline.types import (
    Box,
    Cell,
    ChartData,
    ChartMark,
    DocumentField,
    Fields,
    Frame,
    LineItem,
    Printed,
    Table,
    TextLines,
    TextSpan,
)

FRAME = Frame(image="x", width=300, height=300)


def box(x: float = 0, y: float = 0, side: float = 20) -> Box:
    return Box.clipped(x, y, x + side, y + side, FRAME)


def thing(
    label: str, color: str, place: str, size: str = "small", score: float = 0.9, side: float = 20
) -> Thing:
    return Thing(label=label, score=score, box=box(side=side), place=place, color=color, size=size)


CUPS = (("blue", "left"), ("blue", "top"), ("red", "right"), ("blue", "right"), ("red", "left"))


def said(*things: Thing, full: bool = True) -> str:
    return listed([clause.text for clause in clauses.of_things(things, full=full, tool="detect")])


@pytest.mark.parametrize(
    ("things", "text"),
    [
        ([("dog", "brown", "left")], "a brown dog on the left"),
        ([("circle", "red", "top left")], "a small red circle at the top left"),
        ([("person", "blue", "right")], "a person on the right"),
        ([("orange", "orange", "center")], "an orange in the middle"),
        ([("zebra", "black and white", "center")], "a black and white zebra in the middle"),
        (
            [("dog", "brown", "left"), ("dog", "white", "left")],
            "two dogs on the left, one brown and one white",
        ),
        (
            [("dog", "brown", "left"), ("dog", "white", "right")],
            "two dogs, a brown one on the left and a white one on the right",
        ),
        ([("person", "red", "left"), ("person", "blue", "left")], "two people on the left"),
        ([("mouse", "gray", "left"), ("mouse", "gray", "top")], "two gray mice, on the left and at the top"),
        ([("cup", "white", "top")] * 5, "five white cups at the top"),
        ([("cup", "white", "top")] * 4 + [("cup", "white", "left")], "five white cups, mostly at the top"),
        (
            [("cup", "blue", "left"), ("cup", "blue", "top")]
            + [("cup", c, "right") for c in ("red", "blue", "red")],
            "five cups across the picture, three blue and two red",
        ),
        ([("scissors", "red", "left")], "a red pair of scissors on the left"),
        ([("broccoli", "green", "left")], "green broccoli on the left"),
    ],
)
def test_things_of_a_kind(things: list[tuple[str, str, str]], text: str) -> None:
    assert said(*(thing(*one) for one in things)) == text


def test_kinds_are_told_by_their_size_and_the_rest_counted() -> None:
    kinds = [thing(f"kind{chr(97 + n)}", "red", "left", side=100 - 8 * n) for n in range(11)]
    made = clauses.of_things([*kinds, kinds[-1]], full=True, tool="detect")
    assert [clause.text for clause in made[:2]] == ["a red kinda on the left", "a red kindb on the left"]
    assert made[-1].text == "also a kindi, two kindks and a kindj"
    assert len(made[-1].boxes) == 4
    assert made[-1].data == {"also": {"kindi": 1, "kindj": 1, "kindk": 2}}


def test_a_clause_carries_its_evidence() -> None:
    (clause,) = clauses.of_things(
        [thing("dog", "brown", "left", score=0.4), thing("dog", "white", "left")], full=False, tool="detect"
    )
    assert clause.text == "perhaps two dogs, one brown and one white"
    assert (clause.tool, clause.score, len(clause.boxes)) == ("detect", 0.4, 2)
    assert clause.to_json() == {
        "what": "dog",
        "count": 2,
        "looks": ["brown", "white"],
        "places": ["left", "left"],
        "boxes": [[0, 0, 20, 20], [0, 0, 20, 20]],
        "score": 0.4,
        "tool": "detect",
    }


def lines(*texts: str) -> TextLines:
    return TextLines(rows=tuple((TextSpan(text=text, score=0.9, box=box()),) for text in texts))


def test_text_is_quoted_and_counted() -> None:
    assert clauses.of_text(lines("SALE"), full=False, tool="t").text == 'the text reads "SALE"'
    clause = clauses.of_text(lines(*"abcde"), full=False, tool="t")
    assert clause.text == 'there are five lines of text, which begin "a", "b" and "c"'
    assert (clause.score, clause.data, len(clause.boxes)) == (0.9, {"lines": list("abcde"), "count": 5}, 5)


def mark(category: str, value: float, series: str = "", *, printed: bool = False) -> ChartMark:
    return ChartMark(category=category, series=series, value=value, score=0.8, printed=printed, box=box())


def test_a_chart_by_its_kind_title_series_and_extremes() -> None:
    chart = ChartData(
        chart="columns",
        title="Sales",
        unit="%",
        confidence=0.9,
        colors={"Pears": "green"},
        marks=(mark("2019", 3.04, "Pears"), mark("2020", 41.02, "Pears"), mark("2019", 12, "Plums")),
    )
    made = clauses.of_chart(chart, full=True, tool="read_chart")
    assert [clause.text for clause in made] == [
        'a column chart titled "Sales", with two series (Pears in green and Plums) over two categories '
        "(2019 and 2020)",
        "the highest value is about 41% (Pears, 2020)",
        "the lowest value is about 3.04% (Pears, 2019)",
    ]
    assert made[1].boxes == (chart.marks[1].box,)
    plain = chart.model_copy(update={"title": "", "unit": "$", "marks": (mark("a", 1250, printed=True),)})
    assert [c.text for c in clauses.of_chart(plain, full=False, tool="t")] == [
        "a column chart of one category"
    ]


def test_a_table_by_its_columns_and_rows() -> None:
    rows = tuple(
        tuple(Cell(text=text, box=box()) for text in row) for row in (("Name", "Price"), ("Tea", "2"))
    )
    (clause,) = clauses.of_table(Table(title="Menu", header_rows=1, rows=rows), full=False, tool="t")
    assert clause.text == 'a table titled "Menu" with two columns (Name, Price) and one row'
    assert clause.data == {"title": "Menu", "columns": ["Name", "Price"], "rows": 1}


def test_a_document_by_company_date_total_and_items() -> None:
    def field(name: str, text: str, score: float = 0.9) -> DocumentField:
        return DocumentField(name=name, text=text, score=score, box=box(len(text)))

    bread = LineItem(name=Printed(text="Bread", box=box()), score=0.7, box=box())
    fields = Fields(
        items=(
            field("total", "9.00", 0.3),
            field("total", "12.50"),
            field("company", "ACME"),
            field("Tel", "1234567"),
            field("cash", "100.00"),
        ),
        lines=(bread,),
    )
    made = clauses.of_document(fields, full=True, tool="t")
    assert [clause.text for clause in made] == [
        "a receipt from ACME, for a total of 12.50",
        "it lists one item: Bread",
        "it also says Tel: 1234567; cash: 100.00",
    ]
    assert len(made[0].boxes) == 2


def test_small_words() -> None:
    assert [a(noun) for noun in ("umbrella", "unicorn", "hour", "red ball", "one", "x-ray", "8 ball")] == [
        "an umbrella",
        "a unicorn",
        "an hour",
        "a red ball",
        "a one",
        "an x-ray",
        "an 8 ball",
    ]
    assert listed(["a, b", "c", "d"]) == "a, b; c; and d"
    assert listed(["a, b", "c"]) == "a, b, and c"
    assert (number(0), number(13), number(1200)) == ("no", "thirteen", "1,200")
    assert quoted("a " * 90) == '"' + "a " * 44 + 'a…"'
    assert (sentence("the end"), sentence('it reads "Stop."')) == ("The end.", 'It reads "Stop."')
