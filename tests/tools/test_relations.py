"""Findings as relations: columns named as printed, typed; each value knows its cells."""

from __future__ import annotations

from tests.tools.query_worlds import asked, chart, fields, objects, table, texts

from sightline.tools.relations import LONG, Rows, Source, quoted, schema_text, source_of, unique
from sightline.types import Table


def wide(source: Source) -> Rows:
    return source.relations[0]


def test_a_table() -> None:
    source = source_of(table())
    names = [(column.name, column.kind, column.unit) for column in wide(source).columns]

    assert names == [
        ("row_no", "integer", ""),
        ("Team", "text", ""),
        ("Points", "number", ""),
        ("Pay", "number", "$"),
        ("Since", "day", ""),
    ]
    assert [slot.value for slot in wide(source).rows[2]] == [3, "Cats", None, 2000.0, None]
    assert [slot.text for slot in wide(source).rows[2]] == ["", "Cats", "DNF", "$2,000", ""]


def test_every_cell_is_cited_where_it_stands() -> None:
    source = source_of(table())
    slot = wide(source).rows[1][3]

    (cell,) = (source.cells[n] for n in slot.cells)
    assert (cell.text, cell.unit, cell.score, cell.source) == ("$900", "$", 0.9, "table")
    assert cell.box
    assert (cell.box.x1, cell.box.y1) == (20, 20)


def test_a_table_without_a_head_has_numbered_columns() -> None:
    source = source_of(table([["pear", "$1"], ["fig", "$2"]], header_rows=0))

    assert [column.name for column in wide(source).columns] == ["row_no", "column_1", "column_2"]


def test_a_head_of_two_rows_is_joined() -> None:
    source = source_of(
        table([["", "Won", "Won"], ["Team", "home", "away"], ["Ants", "1", "2"]], header_rows=2)
    )

    assert [column.name for column in wide(source).columns] == ["row_no", "Team", "Won home", "Won away"]


def test_names_are_unique_whatever_their_case() -> None:
    assert unique(["Total", "total", "", "Row_no", "a  b"]) == [
        "Total",
        "total_2",
        "column_3",
        "Row_no_2",
        "a b",
    ]


def test_the_long_form_is_one_for_all() -> None:
    for finding in (table(), chart({("a", ""): 1.0}), fields(total=("$5", 5.0)), objects(("cup", "red"))):
        long = source_of(finding).relations[1]
        assert long.columns == LONG
        assert long.rows
        assert all(slot.cells for row in long.rows for slot in row[3:7])


def test_the_long_form_of_a_table() -> None:
    found = asked(
        "SELECT row_no, row_name, column_name, text, value, unit FROM table_cells WHERE column_name = 'Pay'"
    )

    assert texts(found)[0] == ["1", "Ants", "Pay", "$1,200", "$1,200", "$"]


PLOT = [["STEM", "Leaves"], ["0", "6"], ["1", "0 3"], ["2", ""], ["3", "5, 5, 9"], ["10", "068"]]


def leaves(rows: list[list[str]], **how: int) -> list[list[object]] | None:
    """Stem, leaf and value of each; None where the table is no plot."""
    found = [one for one in source_of(table(rows, **how)).relations if one.name == "leaves"]
    return [[slot.value for slot in row[1:]] for row in found[0].rows] if found else None


def test_leaves_of_a_stem_and_leaf_plot() -> None:
    found = leaves(PLOT)

    assert found is not None
    assert [value for *_, value in found] == [6, 10, 13, 35, 35, 39, 100, 106, 108]
    assert found[-1] == [10, 8, 108]
    assert [one.name for one in source_of(table(PLOT)).relations] == ["table", "table_cells", "leaves"]


def test_a_leaf_cites_the_cells_that_it_stands_in() -> None:
    found = asked("SELECT stem, leaf, value FROM leaves WHERE value = 39", table(PLOT))

    assert texts(found) == [["3", "9", "39"]]
    cited = [[found.cited[n].text for n in value.cells] for value in found.rows[0]]
    assert cited == [["3"], ["5, 5, 9"], ["3", "5, 5, 9"]]


def test_what_else_is_a_plot() -> None:
    odd = [["Stem (tens)", "Leat"], ["1", "0 3"], ["2", ""], ["4", "5"]]
    assert leaves(odd) == [[1, 0, 10], [1, 3, 13], [4, 5, 45]]
    assert leaves([*odd[:2], ["1", "7"]]) is None  # they do not ascend
    assert leaves([*odd, ["5", "12 3"]]) is None
    assert leaves([["Stem length", "Leaf length"], ["12", "34"], ["15", "40"]]) is None
    assert leaves([["Plant", "Leaf"], ["1", "0 3"]]) is None
    assert leaves([["Stem", "Leaf", ""], ["1", "0 3", "x"]]) is None
    assert leaves([["Stem", "Leaf"], ["1", ""]]) == []


def test_of_a_plot_what_is_no_digit_is_not_seen() -> None:
    rows = [["Stem", "Leaf"], ["1", "0 B"], ["l", "4"], ["3", "5"]]

    assert leaves(rows) == [[1, 0, 10], [3, 5, 35]]
    assert source_of(table(rows)).partial == "stems or leaves of 2 rows that are no digits"
    assert not source_of(table(PLOT)).partial


def test_a_chart_of_one_series() -> None:
    source = source_of(chart({("2019", ""): 3.5, ("2020", ""): 4.0}, unit="%", colors={"2019": "blue"}))

    assert [(c.name, c.kind) for c in wide(source).columns] == [
        ("row_no", "integer"),
        ("category", "number"),
        ("value", "number"),
        ("color", "text"),
    ]
    found = asked("SELECT value FROM chart WHERE category = 2020", chart({("2020", ""): 4.0}, unit="%"))
    assert (found.rows[0][0].value, found.rows[0][0].unit) == (4.0, "%")


def test_a_chart_of_several_series_has_a_column_for_each() -> None:
    two = chart({("2019", "men"): 1.0, ("2019", "women"): 2.0, ("2020", "men"): 3.0})

    assert [column.name for column in wide(source_of(two)).columns] == ["row_no", "category", "men", "women"]
    assert texts(asked("SELECT men, women FROM chart ORDER BY row_no", two)) == [["1", "2"], ["3", ""]]


def test_categories_of_one_name_stay_apart() -> None:
    assert len(wide(source_of(chart({("a", ""): 1.0}))).rows) == 1
    double = chart({("a", ""): 1.0})
    double = double.model_copy(update={"marks": double.marks * 2})
    assert len(wide(source_of(double)).rows) == 2


def test_a_document_is_one_row_with_its_labels_as_columns() -> None:
    bill = fields(total=("$12.50", 12.5), date=("04/05/2024", "2024-05-04"), table_no=("7a", None))
    found = asked('SELECT total, date, "table no" FROM document', bill)

    assert [value.kind for value in found.rows[0]] == ["number", "day", "text"]
    assert found.rows[0][1].value == "2024-05-04"
    assert texts(asked("SELECT text FROM document_cells WHERE row_name = 'total'", bill)) == [["$12.50"]]


def test_objects() -> None:
    found = asked(
        "SELECT color, place, area FROM objects WHERE class = 'cup'",
        objects(("cup", "red"), ("dog", "brown")),
    )

    assert texts(found) == [["red", "top left", "81"]]
    assert found.rows[0][2].unit == "px²"
    assert [cell.text for cell in found.cited] == ["red cup"]


def test_the_schema_says_names_types_and_units() -> None:
    lines = schema_text(table()).splitlines()

    assert lines[0] == '"table": row_no INTEGER, "Team" TEXT, "Points" DOUBLE, "Pay" DOUBLE $, "Since" DATE'
    assert lines[1].startswith("table_cells: row_no INTEGER, row_name TEXT")
    assert len(schema_text(table(), 30)) == 30


def test_what_is_quoted() -> None:
    assert [quoted(name) for name in ("row_no", "Team", "table", 'a"b', "no 1")] == [
        "row_no",
        '"Team"',
        '"table"',
        '"a""b"',
        '"no 1"',
    ]


def test_nothing_read_is_nothing_to_ask() -> None:
    source = source_of(Table())

    assert source.cells == ()
    assert wide(source).rows == ()
