"""Names of categories that a chart leaves out: where every second year or month is printed, those between."""

from __future__ import annotations

import re
from calendar import month_abbr, month_name
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

FEWEST = 3
"""Names that must be printed to tell how the others go."""

_MONTHS = [name.casefold() for name in month_abbr[1:]]
_MONTH = re.compile(r"(?P<month>[A-Za-z]{3,9})\.?(?P<gap>\s?['’°`]?\s?)(?P<year>\d{4}|\d\d)")


def filled(texts: Sequence[str], places: Sequence[float]) -> list[str]:
    """The names with empty ones filled in, where all that are there are years or months at even steps.

    Args:
        texts: the names, empty where none is printed.
        places: where each stands along the axis, px.
    """
    slots = _slots(places)
    there = [(slot, text) for slot, text in zip(slots, texts, strict=True) if text]
    if len(there) < FEWEST or len(there) == len(texts):
        return list(texts)
    for read, write in ((_year, _as_year), (_month, _as_month)):
        known = sorted((slot, at) for slot, text in there if (at := read(text)) is not None)
        if len(known) == len(there) and (step := _step(known)):
            (first, start), like = known[0], there[0][1]
            return [
                text or write(start + step * (slot - first), like)
                for slot, text in zip(slots, texts, strict=True)
            ]
    return list(texts)


def _slots(places: Sequence[float]) -> list[int]:
    """The places counted in steps: a category of nothing, whose bar is not drawn, leaves one free."""
    ordered = sorted(places)
    pitch = median([b - a for a, b in pairwise(ordered)]) if len(ordered) > 1 else 1.0
    return [round((place - ordered[0]) / max(pitch, 1e-9)) for place in places]


def _step(numbers: Sequence[tuple[int, int]]) -> int:
    """By how much each place is more than the one before; 0 where that is not even, or not whole."""
    (n, at), (m, other) = numbers[0], numbers[-1]
    step, rest = divmod(other - at, max(m - n, 1))
    even = all(value == at + step * (place - n) for place, value in numbers)
    return step if even and not rest else 0


def _year(text: str) -> int | None:
    return int(text) if re.fullmatch(r"(?:1[5-9]|20|21)\d\d", text.strip()) else None


def _as_year(at: int, like: str) -> str:
    return str(at)


def _month(text: str) -> int | None:
    """Months since the year 0."""
    found = _MONTH.fullmatch(text.strip())
    if not found or found["month"][:3].casefold() not in _MONTHS:
        return None
    year = int(found["year"]) + (2000 if len(found["year"]) == 2 else 0)
    return 12 * year + _MONTHS.index(found["month"][:3].casefold())


def _as_month(at: int, like: str) -> str:
    """A month in the form of another."""
    found = _MONTH.fullmatch(like.strip())
    assert found
    names = month_abbr if len(found["month"]) == 3 else month_name
    year = at // 12
    return f"{names[at % 12 + 1]}{found['gap']}{year if len(found['year']) == 4 else f'{year % 100:02d}'}"
