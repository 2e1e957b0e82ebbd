"""Small words of plain English: numbers, articles, lists, quotations, places."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBERS = (
    "no one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
).split()

_LIKE_YOU = re.compile(r"(?:uni|use|usu|eu|ewe|one|once|u[bcfhjkqrstn][aeiou])", re.IGNORECASE)
"""Vowels that are spoken as in `unicorn` or `one`."""

_LIKE_HOUR = re.compile(r"(?:hour|honest|honor|heir)|[aefhilmnorsx](?:\b|\d)|8|1[18]\b", re.IGNORECASE)
"""What is spoken with a vowel first: silent h, single letters, numbers."""

_PLACES = {
    "center": "in the middle",
    "left": "on the left",
    "right": "on the right",
    "top": "at the top",
    "bottom": "at the bottom",
}
"""A ninth of the picture as `places.place_of` calls it -> where that is."""


def number(count: int) -> str:
    """`two`, `twelve`, `21`."""
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count:,}"


def a(noun: str) -> str:
    """The noun with its article."""
    vowel = noun[:1].lower() in "aeiou" and not _LIKE_YOU.match(noun)
    return ("an " if vowel or _LIKE_HOUR.match(noun) else "a ") + noun


def listed(parts: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`; parts that hold commas themselves are set apart by semicolons."""
    if len(parts) < 2:
        return "".join(parts)
    if any("," in part for part in parts[:-1]):
        mark = "; " if len(parts) > 2 else ""
        return mark.join(parts[:-1]) + f"{';' if mark else ','} {last} {parts[-1]}"
    return ", ".join(parts[:-1]) + f" {last} {parts[-1]}"


def quoted(text: str, longest: int = 90) -> str:
    """The text in quotation marks, cut where it is long."""
    text = " ".join(text.split())
    return f'"{text if len(text) <= longest else text[: longest - 1].rstrip() + "…"}"'


def at(place: str) -> str:
    """Where a ninth of the picture is: `on the left`, `at the top left`."""
    return _PLACES.get(place, f"at the {place}")


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", '."')) else ".")
