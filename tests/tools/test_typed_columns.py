"""What the cells of a column mean, told by one another."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.tools.typed_columns import TypedColumn, typed_columns


def column(*texts: str) -> TypedColumn:
    return typed_columns([texts])[0]


def test_numbers_with_one_cell_that_is_none() -> None:
    found = column("47.12", "DNF", "46.30", "—")

    assert found.kind == "number"
    assert [cell.number for cell in found.cells] == [47.12, None, 46.3, None]


def test_one_column_one_decimal_mark() -> None:
    assert [cell.number for cell in column("1.234", "3.456", "12,5").cells] == [1234.0, 3456.0, 12.5]
    assert [cell.number for cell in column("1.234", "0.75").cells] == [1.234, 0.75]


def test_other_columns_tell_the_mark_where_the_own_does_not() -> None:
    quantity, price = typed_columns([["1.000", "2.000"], ["3,50", "1.355,29"]])

    assert [cell.number for cell in quantity.cells] == [1000.0, 2000.0]
    assert [cell.number for cell in price.cells] == [3.5, 1355.29]


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        (("$1,234.50", "$3"), "$"),
        (("188 kg", "12 kg"), "kg"),
        (("5 goals", "6 goals"), "goals"),
        (("12 %", "7%"), "%"),
    ],
)
def test_units(texts: tuple[str, ...], unit: str) -> None:
    found = column(*texts)

    assert (found.kind, found.unit) == ("number", unit)


def test_a_name_that_begins_with_a_number_is_a_text() -> None:
    assert column("7 Nation Army", "3 Doors Down").kind == "text"
    assert column("1st", "2nd", "3rd").kind == "text"
    assert column("2–1", "0–0").kind == "text"


def test_days() -> None:
    found = column("January 3, 2009", "28 June 2007", "12 Mai 2020", "2018-03-04")

    assert found.kind == "day"
    assert [cell.day for cell in found.cells] == [
        date(2009, 1, 3),
        date(2007, 6, 28),
        date(2020, 5, 12),
        date(2018, 3, 4),
    ]


def test_a_day_that_may_be_two_is_none_unless_its_column_tells() -> None:
    assert column("04/05/2024").cells[0].day is None
    assert column("04/05/2024", "25/12/2024").cells[0].day == date(2024, 5, 4)
    assert column("04/05/2024", "12/25/2024").cells[0].day == date(2024, 4, 5)
    assert typed_columns([["04/05/2024"], ["25/12/2024"]])[0].cells[0].day == date(2024, 5, 4)


def test_no_day_is_made_of_a_month_alone_or_of_nonsense() -> None:
    assert column("April 2008", "May 2009").kind == "text"
    assert column("31 February 2008").cells[0].day is None
    assert column("Scooby 5, 2008").cells[0].day is None


def test_times() -> None:
    found = column("8:55 A.M.", "12:05 p.m.", "1:45PM")

    assert found.kind == "time"
    assert [cell.time for cell in found.cells] == [time(8, 55), time(12, 5), time(13, 45)]
    assert column("12:00 A.M.", "14:30", "25:00").cells[0].time == time(0)


def test_how_long_something_took_is_a_number_of_seconds() -> None:
    found = column("47.12", "3:06.12", "2h28m50.8s")

    assert found.kind == "number"
    assert [cell.number for cell in found.cells] == [47.12, 186.12, 8930.8]


def test_a_column_without_anything_is_text() -> None:
    assert column("", "–", "n/a").kind == "text"
    assert typed_columns([]) == []


@given(st.lists(st.lists(st.text(max_size=20), min_size=1, max_size=4), max_size=3))
def test_no_texts_break_it(columns: list[list[str]]) -> None:
    typed = typed_columns(columns)

    assert [len(of.cells) for of in typed] == [len(of) for of in columns]
