"""What printed cells mean: numbers, days and times, told by columns, since a column is written in one way.

`1.234` is a thousand and more in a column with `12,5`, and little over one beside `0.75`. `04/05/2024` is a
day where another cell of its column tells whether months come first, and none where nothing does. A text that
only begins with a number (`1st`, `2–1`, `4th, Western`) is a text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Literal

from sightline.tools.document_values import Day, days_in, settled
from sightline.tools.months import month_of
from sightline.tools.printed_numbers import bare, decimal_mark, is_known_unit, marks_of, number_in

Kind = Literal["number", "day", "time", "text"]

MOST = 0.5
"""The share of a column's cells that must be of a kind for the column to be of it."""

LONGEST_DATE = 30
"""Characters of a cell that may be a date."""


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a cell means: at most one of a number with its unit, a day, and a time of the day."""

    number: float | None = None
    unit: str = ""
    day: date | None = None
    time: time | None = None


@dataclass(frozen=True, kw_only=True)
class TypedColumn:
    """The kind of a column, the meaning of each of its cells, and the unit that its numbers have."""

    kind: Kind
    cells: tuple[Meaning, ...]
    unit: str = ""


NOTHING = Meaning()

_BLANK = re.compile(r"[-–—−‐.·?*\s]*|n\.?/?\s?a\.?|nil|none", re.IGNORECASE)
"""How an empty cell is printed."""


def typed_columns(columns: Sequence[Sequence[str]]) -> list[TypedColumn]:
    """The columns of one table or page. What a column does not tell of itself, the others tell of it."""
    marks = [marks_of(column) for column in columns]
    whole = sum(marks, Counter[str]())
    days = [[_day(cell) for cell in column] for column in columns]
    order = {day.month_first for column in days for day in column if day and day.month_first is not None}
    return [
        _typed(column, decimal_mark(own, whole), _settled(of, order))
        for column, own, of in zip(columns, marks, days, strict=True)
    ]


def _typed(texts: Sequence[str], mark: str, days: Sequence[Day | None]) -> TypedColumn:
    numbers = _agreed([_number(text, mark) for text in texts])
    lasted = [_seconds(text) for text in texts]
    times = [_time(text) for text in texts]
    if any(lasted) and not any(_HALF.search(text) for text in texts):
        # Of a race, say: those under a minute are printed as plain seconds.
        numbers = [long or number for long, number in zip(lasted, numbers, strict=True)]
        times = [None] * len(texts)
    cells = []
    for number, day, at in zip(numbers, days, times, strict=True):
        cells.append(Meaning(day=day.value) if day else Meaning(time=at) if at else number or NOTHING)
    units = Counter(cell.unit for cell in cells if cell.unit)  # a bill often prints it in one row alone
    unit = units.most_common(1)[0][0] if units else ""
    return TypedColumn(kind=_kind(texts, cells, days), cells=tuple(cells), unit=unit)


def _kind(texts: Sequence[str], cells: Sequence[Meaning], days: Sequence[Day | None]) -> Kind:
    counts: dict[Kind, int] = {
        "number": sum(cell.number is not None for cell in cells),
        "day": sum(day is not None for day in days),
        "time": sum(cell.time is not None for cell in cells),
    }
    kind = max(counts, key=lambda one: counts[one])
    filled = sum(not _BLANK.fullmatch(text.strip()) for text in texts)
    return kind if counts[kind] >= max(MOST * filled, 1) else "text"


def _number(text: str, mark: str) -> Meaning | None:
    found = number_in(text, mark)
    return Meaning(number=found.value, unit=found.unit) if found else None


def _agreed(numbers: Sequence[Meaning | None]) -> list[Meaning | None]:
    """The numbers without those whose unit nobody knows and too few others of the column share.

    `5 goals` is a number in a column of such, and `7 Nation Army` is none.
    """
    shared = Counter(number.unit for number in numbers if number)
    least = max(2, MOST * sum(shared.values()))
    return [n if n and (is_known_unit(n.unit) or shared[n.unit] >= least) else None for n in numbers]


# Days and times.

_WORDED = re.compile(
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[.,]?\s*)?"
    r"(?:(?P<d1>\d{1,2})(?:st|nd|rd|th)?[\s.-]\s*(?:of\s)?(?P<m1>[a-z]{3,9})\.?,?[\s-]\s*(?P<y1>\d{4})"
    r"|(?P<m2>[a-z]{3,9})\.?\s*(?P<d2>\d{1,2})(?:st|nd|rd|th)?\s?[,.]?\s*(?P<y2>\d{4}))",
    re.IGNORECASE,
)
"""Days in English words; `document_values` knows other languages, at some ms each."""
_TIME = re.compile(
    r"(?P<h>\d{1,2})(?P<mark>[:.])(?P<m>[0-5]\d)(?::(?P<s>[0-5]\d))?\s*(?P<half>[ap]\.?\s?m\.?)?",
    re.IGNORECASE,
)
_HALF = re.compile(r"\d\s*[ap]\.?\s?m\b", re.IGNORECASE)
_LASTED = re.compile(
    r"(?:(?P<h>\d+)\s?(?:h|hrs?|:)\s?)?(?P<m>\d{1,3})\s?(?:m|min|[:'′])\s?(?P<s>\d{1,2}(?:[.,]\d+)?)\s?[s\"″]?"
)


def _day(text: str) -> Day | None:
    """The day that a cell is as a whole."""
    text = bare(text)[0]
    if sum(map(str.isdigit, text)) < 3 or len(text) > LONGEST_DATE:
        return None
    if (found := _WORDED.fullmatch(text)) and (month := month_of(found["m1"] or found["m2"])):
        return _on(text, int(found["y1"] or found["y2"]), month, int(found["d1"] or found["d2"]))
    days = days_in(text)
    return days[0] if len(days) == 1 and len(days[0].text) >= len(text) - 1 else None


def _on(text: str, year: int, month: int, day: int) -> Day | None:
    try:
        return Day(text=text, value=date(year, month, day))
    except ValueError:
        return None


def _settled(days: Sequence[Day | None], order: set[bool]) -> list[Day | None]:
    """The days with those that may be two read as the column is written, or else as its table is."""
    known = [day for day in days if day]
    told = {day.month_first for day in known if day.month_first is not None} or order
    if len(told) == 1:
        known = settled([*known, Day(text="", value=date.min, month_first=next(iter(told)))])[:-1]
    again = iter(known)
    return [next(again) if day else None for day in days]


def _time(text: str) -> time | None:
    """The time of the day that a cell is."""
    found = _TIME.fullmatch(bare(text)[0])
    if not found or not (found["half"] or found["mark"] == ":"):
        return None
    hour = int(found["h"])
    if half := (found["half"] or "").casefold():
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    return time(hour, int(found["m"]), int(found["s"] or 0)) if hour < 24 else None


def _seconds(text: str) -> Meaning | None:
    """How long a cell says that something took, such as `3:06.12` or `2h28m50.8s`: seconds."""
    found = _LASTED.fullmatch(bare(text)[0])
    if not found or not (found["h"] or re.search(r"[.,]", found["s"]) or int(found["m"]) > 23):
        return None
    seconds = float(found["s"].replace(",", "."))
    return Meaning(number=int(found["h"] or 0) * 3600 + int(found["m"]) * 60 + seconds, unit="s")
