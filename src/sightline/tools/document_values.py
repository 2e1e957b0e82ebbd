"""Dates and amounts of money as documents print them, with what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sightline.tools.dates import LANGUAGES

_DATE = re.compile(
    r"(?<![\d/.-])(?:"
    r"(?P<iso>(?:19|20)\d\d(?P<m1>[-/.])\d{1,2}(?P=m1)\d{1,2})"
    r"|(?P<numbers>\d{1,2}(?P<m2>[-/.])\d{1,2}(?P=m2)(?:(?:19|20)\d\d|\d\d))"
    r"|(?P<words>\d{1,2}(?:st|nd|rd|th)?[-/. ]?\s?[^\W\d_]{3,9}[-/., ]{0,2}\s?(?:(?:19|20)\d\d|\d\d)"
    r"|[^\W\d_]{3,9}\.?\s\d{1,2}(?:st|nd|rd|th)?,?\s(?:19|20)\d\d)"
    r")(?!\d|[/-]\d|\.\d)"
)
_MONEY = re.compile(
    r"(?<![\w.,])[-(]?\s?(?:(?:[A-Z]{1,3}\$?|[$€£¥₹])\s?)?[-(]?"
    r"(?:\d{1,3}(?:[.,' ]\d{3})+|\d+)[.,]\d{2}\)?(?:\s?(?:[A-Z]{3}|[$€£¥₹]))?(?![\w%]|[.,]\d)"
    r"|(?<![\w.,])[$€£¥₹]\s?\d+(?![\w.,]*\d)"
)


@dataclass(frozen=True, kw_only=True)
class Day:
    """A date as printed; `value` is None where it may be one of two days."""

    text: str
    value: date | None
    month_first: bool | None = None


def days_in(text: str) -> list[Day]:
    """The dates in a text. What only looks like one (no such month, no such day) is left out."""
    return [day for found in _DATE.finditer(text) if (day := _day(found))]


def _day(found: re.Match[str]) -> Day | None:
    text = found.group()
    if found["words"]:
        return _worded(text)
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if found["iso"]:
        return _dated(text, numbers)
    first, second, year = numbers
    year += 2000 if year < 100 else 0
    if max(first, second) > 12 or first == second:
        month_first = second > first if first != second else None
        return _dated(text, [year, first, second] if month_first else [year, second, first], month_first)
    return Day(text=text, value=None)


def _dated(text: str, ymd: list[int], month_first: bool | None = None) -> Day | None:
    try:
        return Day(text=text, value=date(*ymd), month_first=month_first)
    except ValueError:
        return None


def _worded(text: str) -> Day | None:
    import dateparser

    found = dateparser.parse(text, languages=LANGUAGES, settings={"REQUIRE_PARTS": ["day", "month", "year"]})
    return Day(text=text, value=found.date()) if found else None


def settled(days: Iterable[Day]) -> list[Day]:
    """The days, with those that may be two read as the others of the page are written, where these tell."""
    days = list(days)
    known = {day.month_first for day in days if day.month_first is not None}
    if len(known) != 1:
        return days
    return [day if day.value else _settled(day, known == {True}) for day in days]


def _settled(day: Day, month_first: bool) -> Day:
    first, second, year = (int(number) for number in re.findall(r"\d+", day.text))
    year += 2000 if year < 100 else 0
    month, of_month = (first, second) if month_first else (second, first)
    return Day(text=day.text, value=date(year, month, of_month), month_first=month_first)


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount as printed, and its value."""

    text: str
    value: float


def money_in(text: str) -> list[Money]:
    """The amounts of money in a text: with two decimals, or with a currency before them."""
    from price_parser import Price

    found = []
    for match in _MONEY.finditer(text):
        amount = Price.fromstring(match.group()).amount_float
        if amount is not None:
            negative = match.group().lstrip().startswith(("-", "("))
            found.append(Money(text=match.group().strip(), value=-abs(amount) if negative else amount))
    return found
