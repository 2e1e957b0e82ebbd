"""Dates, times, telephone numbers and amounts of money as documents print them, with what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache

from sightline.tools.amounts import BLANK, Point, number_of, point_of
from sightline.tools.document_words import amount_label, words
from sightline.tools.months import month_of

_DATE = re.compile(
    r"(?<![\d/.-])(?:"
    r"(?P<iso>(?:19|20)\d\d(?P<m1>\s?[-/.]\s?)\d{1,2}(?P=m1)\d{1,2})"
    r"|(?P<han>(?:19|20)\d\d\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日)"
    r"|(?P<numbers>\d{1,2}\s?(?P<m2>[-/.])\s?\d{1,2}\s?(?P=m2)\s?(?:(?:19|20)\d\d|\d\d))"
    r"|(?P<words>\d{1,2}(?:st|nd|rd|th|er)?[-/. ]{0,2}(?:de\s)?[^\W\d_]{3,10}[-/., ]{0,2}\s?(?:de\s)?"
    r"(?:(?:19|20)\d\d|\d\d)"
    r"|[^\W\d_]{3,10}\.?\s?\d{1,2}(?:st|nd|rd|th)?,?\s?(?:19|20)\d\d)"
    r")(?:(?=\d{1,2}[:.]\d\d)|(?!\d|\s?/\s?\d|[-.]\d))"
)
_COMPACT = re.compile(
    r"(?<![\w.,-])(?:(?P<ymd>(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"|(?P<first>\d{2})[./-](?P<second>\d{2})(?:19|20)\d\d)(?![\w,-]|\.\d)"
)
"""20180304, and 04.032018, whose second mark a reader lost."""
_TIME = re.compile(
    r"(?<![\w:.])(?:[01]?\d|2[0-3])(?:\s?:\s?[0-5]\d(?:\s?:\s?[0-5]\d)?|h[0-5]\d)(?:\s?[APap]\.?[Mm]\b\.?)?(?!\d|:\d)"
)
_PHONE = re.compile(r"(?<![\w+.,])(?:\+\s?\d|\(0?\d|\d)[\d\s()./-]{5,18}\d(?![\w,]|\.\d)")
_DIGITS = r"(?:\d{1,3}(?: \d{3})+,\d{2}(?!\d)|\d+(?:[.,'’]\d+)*|(?<!\d)[.,]\d{2}(?!\d))"
DAY_FIRST_MARK = "."
"""Between numbers: wherever dates are written so, the day stands before the month."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a page writes numbers and dates.

    `point`: before decimals; `whole`: its amounts have no decimals; `day_first`: None where nothing tells.
    """

    point: Point | None = None
    whole: bool = False
    day_first: bool | None = None


PLAIN = Style()

_DASHED = re.compile(r"\D{0,3}(\d{1,5})[-:;·](\d\d)")
"""An amount whose point was read as another mark."""

FEWEST_WHOLE = 3
"""Numbers such as 75.000, and none with cents, of a page whose amounts have no decimals."""

_CENTS = re.compile(r"\d[.,]\d\d(?![\d.,/-])")
_ALONE = re.compile(r"-?\d{3,7}")
_THOUSANDS = re.compile(r"(?<![\w.,/-])\d{1,3}([.,])\d{3}(?![\w.,/-])")


def style_of(texts: Sequence[str]) -> Style:
    """How a page with these texts writes numbers and dates, told by its numbers and its currencies."""
    found = {sign for text in texts for sign in [*_signs().findall(text), text.strip(" .:()")]}
    point = point_of(texts)
    marks = [match.group(1) for text in texts for match in _THOUSANDS.finditer(text)]
    whole = not any(_CENTS.search(text) for text in texts) and (
        bool(found & words().whole) or len(marks) >= FEWEST_WHOLE or _sums_of_whole(texts)
    )
    if whole and marks:
        point = "," if marks.count(".") > marks.count(",") else "."
    european = point == "," or bool(found & words().day_first)
    return Style(point=point, whole=whole, day_first=True if european else None)


def _sums_of_whole(texts: Sequence[str]) -> bool:
    """Whether a page has a label of a total and numbers alone that may be amounts without decimals."""
    alone = sum(bool(_ALONE.fullmatch(text)) for text in texts)
    labels = (amount_label(text.rstrip("0123456789 ")) for text in texts if text[:1].isalpha())
    return alone >= FEWEST_WHOLE and any(label and label.kind in ("total", "subtotal") for label in labels)


@cache
def _signs() -> re.Pattern[str]:
    """Currencies before or after digits, or alone in brackets as in the head of a column."""
    listed = "|".join(re.escape(sign) for sign in words().signs)
    return re.compile(
        rf"(?<![^\W\d_])(?:{listed})(?=\s?[.:]?\s?\d)|(?<=\d)(?:{listed})(?![^\W_])"
        rf"|(?<=\d\s)(?:{listed})(?![^\W_])|(?<=[(\[])(?:{listed})(?=[)\]])"
    )


# Dates.


@dataclass(frozen=True, kw_only=True)
class Day:
    """A date as printed; `value` is None where it may be one of two days."""

    text: str
    value: date | None
    month_first: bool | None = None


def days_in(text: str, *, compact: bool = False) -> list[Day]:
    """The dates in a text. What only looks like one (no such month, no such day) is left out.

    `compact`: 20180304 and 04.032018 too, which may as well be other numbers.
    """
    return list(_days_in(text, compact)) if any(c.isdigit() for c in text) else []


@lru_cache(maxsize=8192)
def _days_in(text: str, compact: bool) -> tuple[Day, ...]:
    found = [day for match in _DATE.finditer(text) if (day := _day(match))]
    if compact and not found:
        found = [day for match in _COMPACT.finditer(text) if (day := _run_together(match))]
    return tuple(found)


def _run_together(found: re.Match[str]) -> Day | None:
    text = found.group()
    if found["ymd"]:
        return _dated(text, [int(text[:4]), int(text[4:6]), int(text[6:])])
    first, second, year = int(found["first"]), int(found["second"]), int(text[-4:])
    return _dated(text, [year, second, first]) if first > 12 or text[len(found["first"])] == "." else None


def _day(found: re.Match[str]) -> Day | None:
    text = found.group()
    if found["words"]:
        return _worded(text)
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if found["iso"] or found["han"]:
        return _dated(text, numbers)
    first, second, year = numbers
    if year < 100 and found.string[: found.start()][-1:].isalpha():
        return None  # a part of a code: RC11-23-42
    year += 2000 if year < 100 else 0
    if max(first, second) > 12 or first == second or found["m2"] == DAY_FIRST_MARK:
        month_first = second > 12 if first != second else None
        return _dated(text, [year, first, second] if month_first else [year, second, first], month_first)
    return Day(text=text, value=None)


def _dated(text: str, ymd: list[int], month_first: bool | None = None) -> Day | None:
    try:
        return Day(text=text, value=date(*ymd), month_first=month_first)
    except ValueError:
        return None


def _worded(text: str) -> Day | None:
    months = [month for word in re.findall(r"[^\W\d_]+", text) if (month := month_of(word))]
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    if len(months) != 1 or len(numbers) != 2:
        return None
    day, year = numbers
    return _dated(text, [year + (2000 if year < 100 else 0), months[0], day])


def settled(days: Iterable[Day], day_first: bool | None = None) -> list[Day]:
    """The days, with those that may be two read as the others of the page are written, where these tell.

    `day_first`: how they are read where the others do not tell.
    """
    days = list(days)
    known = {day.month_first for day in days if day.month_first is not None}
    if len(known) != 1:
        known = set() if known or day_first is None else {not day_first}
    return [day if day.value or not known else _settled(day, known == {True}) for day in days]


def _settled(day: Day, month_first: bool) -> Day:
    first, second, year = (int(number) for number in re.findall(r"\d+", day.text))
    year += 2000 if year < 100 else 0
    month, of_month = (first, second) if month_first else (second, first)
    return replace(day, value=date(year, month, of_month), month_first=month_first)


def times_in(text: str) -> list[str]:
    """The times of day in a text, as printed: 10:17, 10:17:32 PM, 18h42."""
    return [match.group().strip() for match in _TIME.finditer(_DATE.sub(" ", text))]


def phones_in(text: str) -> list[str]:
    """What may be telephone numbers in a text, as printed: 7 to 15 digits, no date and no amount."""
    found = [match.group().strip(" ./-") for match in _PHONE.finditer(text)]
    return [
        phone
        for phone in found
        if 7 <= sum(c.isdigit() for c in phone) <= 15
        and not days_in(phone)
        and not re.search(r"[.,]\d\d$", phone)
    ]


# Money.


@dataclass(frozen=True, kw_only=True)
class Money:
    """An amount as printed, its value, and where in the text it stands."""

    text: str
    value: float
    start: int = 0
    end: int = 0
    currency: str = ""


@cache
def _money() -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in words().signs)
    tails = "|".join(sorted(words().tails, key=len, reverse=True))
    return re.compile(
        rf"(?:(?<![\w.,'’/#-])(?<!\d:)|(?<=\d[xX×@]))(?P<open>[-−–(]{{0,2}})\s?(?P<before>(?:{signs})\s?[:=]?\s?)?(?P<minus>[-−–(]?)"
        rf"(?P<digits>{_DIGITS})(?P<close>\)?-?(?!\d))(?P<after>\s?(?:{signs})(?![^\W_]))?"
        rf"(?:(?:{tails})?(?![\w%'’]|[.,:/-]\d|\s?%))"
    )


def money_in(text: str, style: Style = PLAIN) -> list[Money]:
    """The amounts of money in a text.

    They have two decimals or a currency, or are as whole as all amounts of the page.
    """
    return list(_money_in(text, style)) if any(c.isdigit() for c in text) else []


@lru_cache(maxsize=8192)
def _money_in(text: str, style: Style) -> tuple[Money, ...]:
    if style.whole and _ALONE.fullmatch(text.strip()):
        return (Money(text=text.strip(), value=float(text), start=0, end=len(text)),)
    return tuple(money for match in _money().finditer(_clear(text)) if (money := _amount(match, text, style)))


def _clear(text: str) -> str:
    """The text with letters that stand for digits made digits, its length kept.

    For instance: `RMO.00`, `14.U0`, `l5.00`.
    """
    text = text.translate(BLANK)
    return _doubtful().sub(lambda m: m.group()[: m.start(1) - m.start()] + _as_digits(m.group(1)), text)


@cache
def _doubtful() -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in words().signs)
    return re.compile(rf"(?<![^\W_])(?:{signs})?([\dOolIUD]{{1,6}}[.,][\dOolIUD]{{2}})(?!\w)")


def _as_digits(text: str) -> str:
    return text.translate(str.maketrans("OoUDlI", "000011")) if any(c.isdigit() for c in text) else text


def _amount(match: re.Match[str], text: str, style: Style) -> Money | None:
    digits = match["digits"]
    currency = (match["before"] or match["after"] or "").strip(" :=")
    value = number_of(digits, "," if currency in words().whole and "." in digits else style.point)
    # `RON97` is a fuel, `EUR 97` is money.
    named = digits.isdigit() and len(currency) == 3 and currency in (match["before"], match["after"])
    if value is None or not ((currency and not named) or _priced(digits, style)):
        return None
    start, end = match.start(), match.end("after") if match["after"] else match.end("close")
    printed = text[start:end].strip()
    if ("(" in printed) != (")" in printed):
        printed = printed.strip("() ")
    value = -value if _negative(match) else value
    return Money(text=printed, value=value, start=start, end=end, currency=currency)


def _negative(match: re.Match[str]) -> bool:
    before = match["open"] + match["minus"]
    return any(c in "-−–" for c in before + match["close"]) or ("(" in before and ")" in match["close"])


def _priced(digits: str, style: Style) -> bool:
    """Whether a bare number is written as an amount: with two decimals, or grouped where there are none."""
    if re.search(r"[.,]\d{2}$", digits) and number_of(digits, None) is not None:
        return True
    return style.whole and bool(re.fullmatch(r"\d{1,3}(?:[.,' ]\d{3})+", digits))


def number_in(text: str, style: Style = PLAIN) -> float | None:
    """The plain number that a text is, a unit after it aside; None for anything else.

    For instance: `3`, `16.320 L`, `2 pcs`.
    """
    found = re.fullmatch(r"\s*-?(\d[\d.,'’]*)\s?(?:([^\W\d_]{1,8})\.?)?\s*", text)
    if not found or (found[2] and found[2].casefold() not in words().units):
        return None
    return number_of(found[1].rstrip(".,"), style.point)


def amount_in(text: str, style: Style) -> float | None:
    """The last amount of money in a text; where amounts are whole, a whole number too."""
    if money := money_in(text, style):
        return money[-1].value
    if misread := _DASHED.fullmatch(text.strip()):
        return float(f"{misread[1]}.{misread[2]}")
    return number_in(text, style) if style.whole else None


def pointless(text: str) -> float | None:
    """The amount that digits are if a reader lost their point: `2438` is 24.38; None for other texts."""
    return int(text.strip()) / 100 if re.fullmatch(r"\d{3,6}", text.strip()) else None
