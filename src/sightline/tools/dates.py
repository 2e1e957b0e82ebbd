"""Dates for `calculate`: how they are written, and what can be added to them."""

from __future__ import annotations

import re
from calendar import day_name, monthrange
from datetime import MAXYEAR, MINYEAR, date, timedelta
from typing import Any

from sightline.errors import InputError
from sightline.tools.months import month_of
from sightline.tools.units import is_quantity, registry

_WORD = r"[^\W\d_]{3,12}"
DATE = re.compile(
    r"(?P<iso>\d{4}-\d{1,2}-\d{1,2})(?![\d-])"
    r"|(?P<numbers>\d{1,2}(?P<mark>[/.])\d{1,2}(?P=mark)\d{4})(?!\d)"
    rf"|(?P<words>\d{{1,2}}(?:st|nd|rd|th)?\.?\s+(?:of\s+)?{_WORD}\.?,?\s+\d{{4}}"
    rf"|{_WORD}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+\d{{4}})(?!\d)"
)
"""What may be a date: 2018-03-04, 25/12/2018, 25.12.2018, 4 March 2018, March 4, 2018."""


def read_date(found: re.Match[str]) -> date | None:
    """The date that a match of `DATE` names; None where its word is no month.

    Raises `InputError` for a day that does not exist, or one that may be two.
    """
    text = found.group()
    try:
        if found["iso"]:
            year, month, day = map(int, text.split("-"))
            return date(year, month, day)
        if found["numbers"]:
            return _from_numbers(text, found["mark"])
        return _from_words(text)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"there is no day {text}") from None


def _from_numbers(text: str, mark: str) -> date:
    """With dots the day comes first; with strokes it may stand second, and then one of the two must tell."""
    first, second, year = map(int, text.split(mark))
    if mark == "/" and first <= 12 and second <= 12 and first != second:
        days = f"{year}-{second:02d}-{first:02d} or {year}-{first:02d}-{second:02d}"
        raise InputError(f"{text} may be two days; write {days}")
    day, month = (first, second) if mark == "." or first > 12 else (second, first)
    return date(year, month, day)


def _from_words(text: str) -> date | None:
    words = re.findall(r"[^\W\d_]+", re.sub(r"(?<=\d)(?:st|nd|rd|th)\b|\bof\b", " ", text))
    month = month_of(words[0]) if len(words) == 1 else None
    day, year = (int(number) for number in re.findall(r"\d+", text))
    return date(year, month, day) if month else None


def moved(day: date, by: Any, sign: int) -> date:
    """`day` and so many days, weeks, months or years on (`sign` 1) or back (-1).

    A month on from the 31st is the last day of a shorter month. Raises `InputError` for anything else.
    """
    if not is_quantity(by) or not by.check("[time]"):
        raise InputError("to a date, days, weeks, months or years can be added")
    unit = dict(by.unit_items())
    months = 12 * by.magnitude if unit == {"year": 1} else by.magnitude
    whole_days = by.to("day").magnitude
    try:
        if unit in ({"month": 1}, {"year": 1}):
            return _by_months(day, sign * _whole(months, "months"))
        return day + timedelta(days=sign * _whole(whole_days, "days"))
    except OverflowError:
        raise InputError("the date is out of range") from None


def _by_months(day: date, months: int) -> date:
    year, month = divmod(12 * day.year + day.month - 1 + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise InputError("the date is out of range")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _whole(number: Any, name: str) -> int:
    if number.denominator != 1 or abs(number) > 10**7:
        raise InputError(f"a date is moved by whole {name}, 10 million at most")
    return int(number)


def days_between(later: date, earlier: date) -> Any:
    """How many days on `later` is: a quantity in days, below zero where it is earlier."""
    return registry().Quantity(registry().non_int_type((later - earlier).days), "day")


def weekday(day: object) -> str:
    """Such as `Sunday`. Raises `InputError` where it is no date."""
    if not isinstance(day, date):
        raise InputError("weekday is of a date")
    return day_name[day.weekday()]
