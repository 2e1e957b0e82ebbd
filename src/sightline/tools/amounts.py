"""Numbers as charts print them: `1,250`, `16 130`, `40%`, `$2.5k`, `-3`, `1.2 bn`."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TIMES = {"k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "bn": 1e9, "t": 1e12, "tn": 1e12}
_AMOUNT = re.compile(
    r"(?P<sign>[-−–+]?)\s*(?P<before>US\$|[$€£¥])?\s*(?P<minus>[-−–]?)\s*"
    r"(?P<digits>\d[\d ,.']*|\.\d+)\s*(?P<times>k|K|M|m|mn|Mn|B|b|bn|Bn|T|tn)?\s*(?P<after>%|[$€£¥])?\*?"
)
_GROUPED = re.compile(r"\d{1,3}(?:[ ,']\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"\d*\.?\d+")
_COMMA = re.compile(r"\d+,\d{1,2}")


@dataclass(frozen=True, kw_only=True)
class Amount:
    """A number and the sign printed with it: `%`, a currency, or nothing."""

    value: float
    unit: str = ""


def amount_of(text: str) -> Amount | None:
    """The number that `text` is, as a whole; None where it is something else."""
    found = _AMOUNT.fullmatch(text.strip())
    if not found or (number := _number(found["digits"].strip().rstrip(".,"))) is None:
        return None
    minus = found["sign"] in ("-", "−", "–") or bool(found["minus"])
    value = number * _TIMES.get((found["times"] or "").lower(), 1.0)
    return Amount(value=-value if minus else value, unit=found["after"] or found["before"] or "")


def _number(digits: str) -> float | None:
    """A number with its thousands set apart by commas, spaces or apostrophes, or a plain one."""
    if _GROUPED.fullmatch(digits):
        return float(re.sub("[ ,']", "", digits))
    if _PLAIN.fullmatch(digits):
        return float(digits)
    return float(digits.replace(",", ".")) if _COMMA.fullmatch(digits) else None
