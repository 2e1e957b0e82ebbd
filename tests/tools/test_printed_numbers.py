"""Numbers as they are printed around the world, read by their decimal mark."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.tools.printed_numbers import decimal_mark, marks_of, number_in

POINT = {
    "1,234": (1234.0, ""),
    "1,23,456.00": (123456.0, ""),
    "1'180.00": (1180.0, ""),
    "12 000": (12000.0, ""),
    "12\u202f000.5": (12000.5, ""),
    "(7.25)": (-7.25, ""),
    "($7.25)": (-7.25, "$"),
    "−5": (-5.0, ""),
    "–3": (-3.0, ""),
    "5.00-": (-5.0, ""),
    ".04": (0.04, ""),
    "12 %": (12.0, "%"),
    "$1,234.50": (1234.5, "$"),
    "US$ 3": (3.0, "US$"),
    "EUR 3.50": (3.5, "EUR"),
    "1.2M": (1.2e6, ""),
    "3.4 bn": (3.4e9, ""),
    "$1.2m": (1.2e6, "$"),
    "400 m": (400.0, "m"),
    "5 lakh": (5e5, ""),
    "1, 250": (1250.0, ""),
    "5,628[1]": (5628.0, ""),
    "2005*": (2005.0, ""),
    "#14": (14.0, ""),
    "$7 per pound": (7.0, "$/pound"),
    "$5/lb": (5.0, "$/lb"),
    "-5 °C": (-5.0, "°C"),
    "007": (7.0, ""),
}
COMMA = {
    "1.355,29": (1355.29, ""),
    "€ 3,50": (3.5, "€"),
    "3,50 €": (3.5, "€"),
    "1.234": (1234.0, ""),
    "12,5 %": (12.5, "%"),
    "12 000,75": (12000.75, ""),
}
NONE = [
    "1st",
    "2nd",
    "4th, Western",
    "2–1",
    "2013-14",
    "6-5",
    "A",
    "",
    "4/7",
    "3 1/2",
    "1 of 2",
    "1.2.3",
    "1,2,3",
]


@pytest.mark.parametrize(("text", "wanted"), POINT.items())
def test_with_a_decimal_point(text: str, wanted: tuple[float, str]) -> None:
    found = number_in(text, ".")

    assert found
    assert (found.value, found.unit) == wanted


@pytest.mark.parametrize(("text", "wanted"), COMMA.items())
def test_with_a_decimal_comma(text: str, wanted: tuple[float, str]) -> None:
    found = number_in(text, ",")

    assert found
    assert (found.value, found.unit) == wanted


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_number_as_a_whole(text: str) -> None:
    assert number_in(text, ".") is None


def test_a_number_of_more_digits_than_a_float_holds_is_a_name() -> None:
    assert number_in("12345678901234567", ".") is None
    assert number_in("123456789012345", ".")


@pytest.mark.parametrize(
    ("texts", "mark"),
    [
        (["1.234", "3.456", "12,5"], ","),
        (["1.234", "0.75"], "."),
        (["1,234", "5,678"], "."),
        (["1.234.567", "1.234"], ","),
        (["1,234.5", "12"], "."),
        ([], "."),
    ],
)
def test_the_column_tells_the_decimal_mark(texts: list[str], mark: str) -> None:
    assert decimal_mark(marks_of(texts)) == mark


def test_a_column_that_does_not_tell_is_read_as_its_table() -> None:
    own, table = marks_of(["1.234", "2.345"]), marks_of(["1.234", "2.345", "0,5"])

    assert decimal_mark(own, table) == ","


@given(
    st.integers(-(10**9), 10**9),
    st.integers(0, 99),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", ".")]),
)
def test_what_is_printed_is_read_again(whole: int, cents: int, marks: tuple[str, str]) -> None:
    group, mark = marks
    printed = f"{abs(whole):,}".replace(",", group) + f"{mark}{cents:02d}"
    found = number_in(f"-{printed}" if whole < 0 else printed, mark)

    assert found
    assert abs(found.value) == pytest.approx(abs(whole) + cents / 100, abs=1e-6)
    assert found.value <= 0 if whole < 0 else found.value >= 0


@given(st.text(max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    number_in(text, ".")
    marks_of([text])
