"""Numbers as the world prints them, read by the decimal mark of their column.

`1.234` alone may be a thousand and more, or little over one: `decimal_mark` asks the other cells of its
column first, then those of its table. What stands beside a number (a currency, `%`, `kg`, `/lb`) is its unit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_NUMBER = 15
"""Digits. What has more is a name (of an account, a barcode), which a float would round."""

LONGEST_UNIT = 20
"""Characters."""

_SCALES = {
    **dict.fromkeys(("k", "thousand"), 1e3),
    **dict.fromkeys(("lakh", "lakhs", "lac"), 1e5),
    **dict.fromkeys(("m", "mn", "mio", "million", "millions", "millionen"), 1e6),
    **dict.fromkeys(("crore", "crores", "cr"), 1e7),
    **dict.fromkeys(("b", "bn", "mrd", "billion", "billions", "milliarden"), 1e9),
    **dict.fromkeys(("t", "tn", "trn", "trillion", "trillions"), 1e12),
}
_UNITS_TOO = frozenset({"m", "b", "t", "cr"})
"""Read as so many times in capitals or with a currency alone: `400 m` is a way."""

_CODE = r"[A-Z]{3}|Rs\.?|Rp|RM|Fr\.?|kr\.?|zł"
_CURRENCY = rf"(?:US|A|C|CA|AU|NZ|HK|S|R)?\$|[€£¥₹₩₺₽฿₫₱]|(?:{_CODE})(?=[\s\d(.-])"
_GAP = "[ \u00a0\u2009\u202f]"
_AMOUNT = re.compile(
    rf"(?P<sign>[-−–‐+]?)\s*(?P<before>{_CURRENCY}|\#|~|≈)?\s*(?P<minus>[-−–‐]?)\s*"
    rf"(?P<digits>(?:\d(?:[\d.,'’]|{_GAP}(?=\d))*|[.,]\d+))(?P<trailing>[-−](?!\S))?\s*"
    r"(?P<after>[^\d\s(\[][^\d(\[]*)?"
)
_NOTE = re.compile(r"\s*(?:\[[^\]]{1,8}\]|[*†‡§¹²³⁴⁵]+)\s*$|^\s*[*†‡]+\s*")
"""Marks of footnotes."""
_IN_BRACKETS = re.compile(r"(?P<before>[^\d(]*)\(\s*(?P<inside>[^()]*\d[^()]*)\)(?P<after>\s*\D{0,4})")
_ORDINAL = re.compile(r"(?:st|nd|rd|th)\b|[ºª]", re.IGNORECASE)
_PER = r"(?:/|per\b|an?\b|each\b)"
_WORD = r"[A-Za-zµ]{1,14}[²³]?\.?"
_UNIT = re.compile(
    rf"%|‰|°\s?[CFK]?|{_CURRENCY}|{_CODE}|(?:{_WORD})?\s*{_PER}\s*{_WORD}|{_WORD}(?:\s{_WORD})?"
)
_KNOWN_UNITS = frozenset(
    "mm cm dm m km in ft yd mi mg g kg t lb lbs oz ml cl l gal s sec secs min mins h hr hrs day days week "
    "weeks month months year years yr yrs km/h mph m/s kn kw mw gw w kwh mwh gwh twh v hz khz mhz ghz kb mb "
    "gb tb kbit/s mbit/s px pt bar k cal kcal kj j pa hpa ha acres hours minutes seconds pounds ounces "
    "inches feet miles meters metres kilometers kilograms grams liters litres gallons pp".split()
)


def _written(mark: str, other: str) -> re.Pattern[str]:
    """Numbers with the decimal mark `mark`: whole, in groups of three by `other`, or as India groups."""
    threes = rf"\d{{1,3}}(?:(?:{other}|['’]|{_GAP})\d{{3}})+"
    indian = rf"\d{{1,2}}(?:{other}\d{{2}})+{other}\d{{3}}"
    return re.compile(rf"(?P<whole>{threes}|{indian}|\d+)?(?:{re.escape(mark)}(?P<part>\d+))?")


_WRITTEN = {".": _written(".", ","), ",": _written(",", r"\.")}
"""How numbers are written, by their decimal mark."""


@dataclass(frozen=True, kw_only=True)
class PrintedNumber:
    """A number and its unit, as printed, with `per` as `/`."""

    value: float
    unit: str = ""


def bare(text: str) -> tuple[str, bool]:
    """A cell without marks of footnotes and without the brackets of an account's loss; whether it is one."""
    text = text.strip()
    while (shorter := _NOTE.sub("", text, count=1).strip()) and shorter != text:
        text = shorter
    if found := _IN_BRACKETS.fullmatch(text):
        return f"{found['before']}{found['inside']}{found['after']}".strip(), True
    return text, False


def marks_of(texts: Sequence[str]) -> Counter[str]:
    """How many of the numbers can be read with one decimal mark alone, by that mark."""
    found: Counter[str] = Counter()
    for text in texts:
        if amount := _AMOUNT.fullmatch(bare(text)[0]):
            digits = _tight(amount["digits"])
            found.update(
                fits if len(fits := [m for m in _WRITTEN if _WRITTEN[m].fullmatch(digits)]) == 1 else []
            )
    return found


def decimal_mark(*told: Counter[str]) -> str:
    """The mark that the first of some counts tells that tells one, such as a column's and its table's."""
    for marks in told:
        if marks[","] != marks["."]:
            return "," if marks[","] > marks["."] else "."
    return "."


def number_in(text: str, mark: str) -> PrintedNumber | None:
    """The number that a text is as a whole; None where it is something else.

    Args:
        text: as printed.
        mark: the decimal mark, `.` or `,`.
    """
    plain, loss = bare(text)
    found = _AMOUNT.fullmatch(plain)
    number = _value(_tight(found["digits"]), mark) if found else None
    if not found or number is None or _ORDINAL.match(found["after"] or ""):
        return None
    before = (found["before"] or "").strip("#~≈ ")
    times, unit = _scaled(found["after"] or "", money=bool(before))
    if unit is None:
        return None
    below = loss or found["minus"] or found["trailing"] or found["sign"] in tuple("-−–‐")
    value = round(number * times, 6) if times > 1 else number  # 1.2e6 of 1.2, not 1199999.9999999998
    unit = f"{before}{unit}" if not unit or unit.startswith("/") else unit
    return PrintedNumber(value=-value if below and value else value, unit=unit)


def is_known_unit(unit: str) -> bool:
    """Whether a unit needs no other number to vouch for it: a sign, a currency, a usual measure, a rate."""
    whole = unit.partition("/")[0].rstrip(".")
    return (
        not any(map(str.isalpha, whole))
        or bool(re.fullmatch(rf"[A-Z]{{0,2}}\$|{_CODE}|°\s?[CFK]", whole))
        or unit.casefold().rstrip(".") in _KNOWN_UNITS
        or whole.casefold() in _KNOWN_UNITS
    )


def _tight(digits: str) -> str:
    """Digits without the space that a reader puts behind a mark: `1, 250`."""
    return re.sub(rf"(?<=[.,]){_GAP}(?=\d)", "", digits.rstrip(".,'’ "))


def _value(digits: str, mark: str) -> float | None:
    found = _WRITTEN[mark].fullmatch(digits)
    if not found or not (found["whole"] or found["part"]):
        return None
    whole, part = re.sub(r"\D", "", found["whole"] or ""), found["part"] or ""
    if len(whole.lstrip("0")) + len(part) > LONGEST_NUMBER:
        return None
    return float(f"{whole or 0}.{part or 0}")


def _scaled(after: str, *, money: bool) -> tuple[float, str | None]:
    """What a number is multiplied by, and its unit; None where what follows is no unit."""
    words = after.strip()
    first, _, rest = words.partition(" ")
    name, times = first.rstrip(".").casefold(), 1.0
    capital = first[:1].isupper() or rest[:1] in tuple("$€£¥")
    if name in _SCALES and (name not in _UNITS_TOO or money or capital):
        times, words = _SCALES[name], rest.strip()
    if not words:
        return times, ""
    fits = len(words) <= LONGEST_UNIT and _UNIT.fullmatch(words)
    return times, re.sub(rf"\s*{_PER}\s*(?=\w)", "/", words, count=1) if fits else None
