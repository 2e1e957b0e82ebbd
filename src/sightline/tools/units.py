"""Numbers with units for `calculate`: lengths, weights, times and the like by pint, and money.

Every magnitude is a `Fraction`, so that conversions are exact. Each currency is a dimension of its own:
nothing here knows a rate of exchange.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

from sightline.errors import InputError

ALIASES = {
    "c": "degC",
    "°c": "degC",
    "celsius": "degC",
    "f": "degF",
    "°f": "degF",
    "fahrenheit": "degF",
    "°": "degree",
    "%": "percent",
    "pct": "percent",
    "px": "pixel",
    "sqft": "ft**2",
    "sqm": "m**2",
    "hrs": "hour",
    "mins": "minute",
    "secs": "second",
}
"""Names as people write them, in small letters. Nobody reads coulombs or farads off a picture."""

LETTERS = frozenset("m g s h d l L t N J W V A K".split())
"""Letters that may stand for a unit. Others (k, e, a, u) are constants to pint, or not what is meant."""

SAME_MONEY = {"€": "EUR", "£": "GBP", "RM": "MYR", "₹": "INR", "Rp": "IDR", "zł": "PLN", "US$": "USD"}
"""Symbols that stand for one currency alone, so that the symbol and the code are the same money."""

_SAID_AS = {
    "day": "days",
    "week": "weeks",
    "month": "months",
    "year": "years",
    "minute": "min",
    "percent": "%",
}
_POWERS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@cache
def registry() -> Any:
    """Pint's registry over fractions, with the currencies. Takes about 0.3 s the first time."""
    from pint import UnitRegistry

    units: Any = UnitRegistry(non_int_type=Fraction, cache_folder=None)
    for name in sorted(set(map(_money, currencies()))):
        units.define(f"{name} = [{name}]")
    return units


@cache
def currencies() -> tuple[str, ...]:
    """Symbols and codes of currencies as price-parser knows them, the longest first."""
    from price_parser import parser

    known: set[str] = {*SAME_MONEY, *parser.CURRENCY_CODES, *parser.SAFE_CURRENCY_SYMBOLS}  # type: ignore[attr-defined]
    return tuple(sorted(known, key=lambda symbol: (-len(symbol), symbol)))


def _money(symbol: str) -> str:
    """What the registry calls a currency: `currency_` and its code, or its symbol in hex."""
    code = SAME_MONEY.get(symbol, symbol)
    return "currency_" + (code if code.isascii() and code.isalpha() else code.encode().hex())


def _symbol(name: str) -> str:
    """How a currency of the registry is written."""
    code = name.removeprefix("currency_")
    if len(code) != 3:
        return bytes.fromhex(code).decode()
    return next((symbol for symbol, other in SAME_MONEY.items() if other == code and symbol != "US$"), code)


def money(amount: Fraction, symbol: str) -> Any:
    """An amount of a currency, one of `currencies()`."""
    return registry().Quantity(amount, _money(symbol))


def quantity(number: Fraction, unit: str, power: int = 1) -> Any | None:
    """`number` of a unit as people call it, to a power; None where there is no such unit."""
    if unit in currencies():
        return money(number, unit)
    name = ALIASES.get(unit.lower(), unit)
    if len(name) == 1 and name not in LETTERS:
        return None
    from pint.errors import PintError

    units = registry()
    try:
        return units.Quantity(number, units.parse_units(name) ** power)
    except (PintError, ValueError, TypeError):
        return None


def is_quantity(value: object) -> bool:
    """Whether it is a number with a unit."""
    return isinstance(value, registry().Quantity)


def is_percent(value: Any) -> bool:
    """Whether it is so many percent."""
    return is_quantity(value) and dict(value.unit_items()) == {"percent": 1}


def plain(value: Any) -> Any:
    """Percent, and ratios of like units, as numbers; everything else as it is."""
    if not is_quantity(value):
        return value
    if is_percent(value):
        return Fraction(value.magnitude) / 100
    reduced = value if _has_offset(value) else value.to_reduced_units()
    return Fraction(reduced.magnitude) if reduced.unitless else reduced


def _has_offset(value: Any) -> bool:
    return any(name in ("degree_Celsius", "degree_Fahrenheit") for name, _ in value.unit_items())


def convert(value: Any, target: Any) -> Any:
    """`value` in the unit of `target`, a quantity. Raises `InputError` where that cannot be."""
    from pint.errors import PintError

    if not is_quantity(value):
        value = registry().Quantity(value, "dimensionless")
    try:
        return value.to(target.units)
    except PintError:
        raise InputError(
            f"{unit_text(value) or 'a plain number'} cannot be given in {unit_text(target)}"
        ) from None


def unit_text(value: Any) -> str:
    """The unit in short: `km/h`, `m²`, `days`, `RM`, `%`."""
    above: list[str] = []
    below: list[str] = []
    for name, exponent in value.unit_items():
        (above if exponent > 0 else below).append(_unit(name, abs(exponent)))
    over = "·".join(above)
    return f"{over or '1'}/{'/'.join(below)}" if below else over


def _unit(name: str, exponent: Fraction) -> str:
    if name.startswith("currency_"):
        short = _symbol(name)
    else:
        short = _SAID_AS.get(name) or str(registry().get_symbol(name))
    if exponent == 1:
        return short
    return short + (str(exponent).translate(_POWERS) if exponent.denominator == 1 else f"^{exponent}")
