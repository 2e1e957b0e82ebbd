"""Dates, times, telephone numbers and amounts of money, in the writing of many countries."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.tools.amounts import Point, amount_of, number_of, point_of
from sightline.tools.document_values import (
    Style,
    days_in,
    money_in,
    number_in,
    phones_in,
    settled,
    style_of,
    times_in,
)
from sightline.tools.months import month_of

WHOLE = Style(point=",", whole=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2018-03-04", date(2018, 3, 4)),
        ("25/12/2018", date(2018, 12, 25)),
        ("25 / 12 / 2018", date(2018, 12, 25)),
        ("12/28/2017 10:17", date(2017, 12, 28)),
        ("25.12.18", date(2018, 12, 25)),
        ("03.04.2018", date(2018, 4, 3)),
        ("25-DEC-2018", date(2018, 12, 25)),
        ("16MAY2018", date(2018, 5, 16)),
        ("29-Mar-11 - 4:10:11 PM", date(2011, 3, 29)),
        ("March 4, 2018", date(2018, 3, 4)),
        ("4 mars 2018", date(2018, 3, 4)),
        ("5 de julio de 2024", date(2024, 7, 5)),
        ("3. März 2024", date(2024, 3, 3)),
        ("17 Ogos 2023", date(2023, 8, 17)),
        ("2018年3月4日", date(2018, 3, 4)),
        ("03/03/2018", date(2018, 3, 3)),
        ("04/13/201815:41:52", date(2018, 4, 13)),
        ("03/04/2018", None),
    ],
)
def test_dates(text: str, value: date | None) -> None:
    (day,) = days_in(text)
    assert day.value == value


@pytest.mark.parametrize(
    "text",
    [
        "31/02/2018",
        "12.50",
        "1.2.3.4",
        "012-3456789",
        "12/2018",
        "10:17:32",
        "99/99/99",
        "Room 12 2018",
        "12 Apples 20",
        "RC11-23-42",
        "20180304",
        "4953/0602/00602",
    ],
)
def test_no_dates(text: str) -> None:
    assert days_in(text) == []


def test_digits_are_a_date_where_one_is_asked_for() -> None:
    for text in ("20180413", "13.042018"):
        (day,) = days_in(text, compact=True)
        assert day.value == date(2018, 4, 13)


def test_a_date_that_may_be_two_days_is_told_by_another_of_the_page() -> None:
    first, second = settled([*days_in("03/04/2018"), *days_in("12/28/2018")])
    assert (first.value, second.value) == (date(2018, 3, 4), date(2018, 12, 28))
    first, second = settled([*days_in("03/04/2018"), *days_in("28/12/2018")])
    assert first.value == date(2018, 4, 3)
    (alone,) = settled(days_in("03/04/2018"))
    assert alone.value is None
    (told,) = settled(days_in("03/04/2018"), day_first=True)
    assert told.value == date(2018, 4, 3)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("$ 1,234.50", [1234.5]),
        ("1.234,50 EUR", [1234.5]),
        ("1 234,50 €", [1234.5]),
        ("CHF 1'180.00", [1180.0]),
        ("1’180.00", [1180.0]),
        ("1,23,456.00", [123456.0]),
        ("RM15.00", [15.0]),
        ("-3.20", [-3.2]),
        ("11.60-", [-11.6]),
        ("-RM0.02", [-0.02]),
        ("RM-5.00", [-5.0]),
        ("(3.20)", [-3.2]),
        ("(excl. 3.20)", [3.2]),
        ("2 x 1.20 2.40", [1.2, 2.4]),
        ("1X3.90", [3.9]),
        ("1 200.00", [200.0]),
        ("€5", [5.0]),
        ("Total:$8.20", [8.2]),
        ("3.30*", [3.3]),
        ("7.00 T", [7.0]),
        ("2.10ZRL", [2.1]),
        (".50", [0.5]),
        ("RMO.00", [0.0]),
        ("14.U0", [14.0]),
        ("Rp 75.000", [75000.0]),
        ("12", []),
        ("10.5 kg", []),
        ("1.50L", []),
        ("25.12.2018", []),
        ("6.00%", []),
        ("RON97", []),
        ("10:17:32", []),
        ("35.0000", []),
    ],
)
def test_money(text: str, values: list[float]) -> None:
    assert [money.value for money in money_in(text)] == values


def test_amounts_without_cents_where_the_page_has_none() -> None:
    assert [money.value for money in money_in("75.000", WHOLE)] == [75000.0]
    assert [money.value for money in money_in("7500", WHOLE)] == [7500.0]
    assert money_in("75.000") == []
    assert style_of(["Rp 75.000", "13.500"]) == Style(point=",", whole=True, day_first=True)
    assert style_of(["7.000", "13.500", "20.500"]).whole
    assert style_of(["Total", "24500", "73500", "1200"]).whole
    assert not style_of(["2.570", "16.320", "3.125", "41.95"]).whole


def test_how_a_page_is_written() -> None:
    assert style_of(["1.355,29 €"]) == Style(point=",", day_first=True)
    assert style_of(["RM 3.90"]) == Style(point=".", day_first=True)
    assert style_of(["$8.20"]) == Style(point=".")
    assert point_of(["1,180", "12.5"]) == "."
    assert point_of(["1,180"]) is None


@pytest.mark.parametrize(
    ("digits", "point", "value"),
    [
        ("1,250", None, 1250.0),
        ("1,250", ",", 1.25),
        ("12.000", None, 12.0),
        ("12.000", ",", 12000.0),
        ("12.000", ".", 12.0),
        ("1.234.567", None, 1234567.0),
        ("10,00,000", None, 1000000.0),
        ("0,500", None, 0.5),
        ("16 130", None, 16130.0),
        ("12 34", None, None),
        ("1,2,3", None, None),
        ("1.234.56", None, None),
    ],
)
def test_marks_between_digits(digits: str, point: Point | None, value: float | None) -> None:
    assert number_of(digits, point) == value


@given(
    cents=st.integers(0, 10**11),
    marks=st.sampled_from(
        [(",", "."), (".", ","), ("'", "."), ("’", "."), (" ", ","), ("\u202f", ","), ("", "."), ("", ",")]
    ),
    around=st.sampled_from(["{}", "Total: {}", "EUR {}", "{} EUR", "RM{}", "({})", "-{}", "{} SR"]),
)
def test_an_amount_is_read_whole(cents: int, marks: tuple[str, str], around: str) -> None:
    whole, rest = divmod(cents, 100)
    text = around.format(f"{whole:,}".replace(",", marks[0]) + f"{marks[1]}{rest:02}")
    sign = -1 if around[0] in "(-" else 1
    assert [money.value for money in money_in(text)] == [pytest.approx(sign * cents / 100)]


@given(st.text(max_size=40))
def test_any_text_is_looked_through(text: str) -> None:
    for money in money_in(text):
        assert money.text
        assert text[money.start : money.end].strip()
    assert all(day.text in text for day in days_in(text, compact=True))
    assert all(phone in text for phone in phones_in(text))
    number_in(text)
    amount_of(text)


def test_times() -> None:
    assert times_in("25/12/2018 10:17:32 PM") == ["10:17:32 PM"]
    assert times_in("à 18h42") == ["18h42"]
    assert times_in("04/03/201815:41") == ["15:41"]
    assert times_in("A8:24 12.50") == []


def test_telephone_numbers() -> None:
    for text in (
        "03-3271 9872",
        "(555) 123-4567",
        "+65 6123 4567",
        "555-0142",
        "0211/123456",
        "1300 123 456",
    ):
        assert phones_in(f"Tel {text}.") == [text]
    for text in ("90817", "2018-03-04", "12.50 13.50", "1234567890123456"):
        assert phones_in(text) == []


def test_months() -> None:
    assert [month_of(word) for word in ("MARCH", "März", "août", "Dic.", "ogos", "Disember")] == [
        3,
        3,
        8,
        12,
        8,
        12,
    ]
    assert month_of("apples") is None
