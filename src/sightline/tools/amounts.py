"""Numbers as people print them.

Among them: `1,250`, `1.355,29`, `1'180.00`, `1,23,456.00`, `16 130`, `40%`, `$2.5k`, `-3`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Point = Literal[".", ","]
"""What stands before the decimals."""

_TIMES = {"k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12, "tn": 1e12}
_AMOUNT = re.compile(
    r"(?P<sign>[-−–+]?)\s*(?P<before>US\$|[$€£¥])?\s*(?P<minus>[-−–]?)\s*"
    r"(?P<digits>\d[\d ,.'’]*|\.\d+)\s*(?P<times>k|K|M|m|mn|Mn|B|b|bn|Bn|T|tn)?\s*(?P<after>%|[$€£¥])?\*?"
)
_PLAIN = re.compile(r"\d*(?:(?P<point>[.,])\d+)?")
_GROUPED = re.compile(
    r"(?!0)(?:\d{1,3}(?P<mark>[ ,.'])\d{3}(?:(?P=mark)\d{3})*"  # by thousands
    r"|\d{1,2}(?P<indian>,)(?:\d{2},)+\d{3})"  # by lakh and crore
    r"(?:(?P<point>[.,])\d+)?"
)
_NUMBER = re.compile(r"\d+(?:[.,'’]\d+)+")
BLANK = str.maketrans({"’": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " "})
"""The apostrophe and the spaces that set thousands apart, in one form."""


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number and the sign printed with it: `%`, a currency, or nothing."""

    value: float
    unit: str = ""


def amount_of(text: str, point: Point | None = None) -> Amount | None:
    """The number that `text` is, as a whole; None where it is something else. `point` as in `number_of`."""
    found = _AMOUNT.fullmatch(text.strip().translate(BLANK))
    if not found or (number := number_of(found["digits"].strip().rstrip(".,"), point)) is None:
        return None
    minus = found["sign"] in ("-", "−", "–") or bool(found["minus"])
    value = number * _TIMES.get((found["times"] or "").lower(), 1.0)
    return Amount(value=-value if minus else value, unit=found["after"] or found["before"] or "")


def number_of(digits: str, point: Point | None = None) -> float | None:
    """The number that digits and the marks between them are; None where they are set apart as in no number.

    `1.234` and `1,234` may be read in two ways. `point`, the mark that this page has before decimals, tells;
    without it they are read as in English.
    """
    digits = digits.translate(BLANK)
    whole, grouped = _PLAIN.fullmatch(digits), _GROUPED.fullmatch(digits)
    if grouped and grouped["mark"] and grouped["mark"] == grouped["point"]:
        grouped = None
    if whole and grouped:
        # Both: one mark with three digits after it.
        mark = grouped["mark"]
        grouped = grouped if (mark != point if point else mark == ",") else None
    if grouped:
        number = re.sub("[ ']", "", digits)
        mark = grouped["mark"] or grouped["indian"]
        return float(number.replace(mark, "").replace(",", "."))
    return float(digits.replace(",", ".")) if whole and digits else None


def point_of(texts: Iterable[str]) -> Point | None:
    """The mark that most numbers of a page have before their decimals; None where none tells."""
    votes = {".": 0, ",": 0}
    for number in (n for text in texts for n in _NUMBER.findall(text.translate(BLANK))):
        if point := _told(number):
            votes[point] += 1
    if votes["."] == votes[","]:
        return None
    return "." if votes["."] > votes[","] else ","


def _told(number: str) -> Point | None:
    """The point of one number that can be read in one way alone."""
    whole, grouped = _PLAIN.fullmatch(number), _GROUPED.fullmatch(number)
    if whole and not grouped:
        return "." if whole["point"] == "." else ","
    if not grouped or (whole and grouped):
        return None
    mark = grouped["point"] or {".": ",", ",": "."}.get(grouped["mark"] or grouped["indian"])
    return None if mark not in (".", ",") or mark == grouped["mark"] else "." if mark == "." else ","
