"""Reads and works out one line of arithmetic: numbers, units, money, percent and dates, all of it exact.

The text is cut into tokens here; each number, with its unit, becomes a name for an exact value, and what
is left (names, operators, parentheses, functions) is a Python expression that simpleeval walks. Nothing is
ever handed to `eval`, and powers are bounded, so that any text of the length that a tool takes is done
with in a fraction of a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import pi
from typing import Any, Literal

from sightline.errors import InputError
from sightline.tools.dates import DATE, read_date
from sightline.tools.exact import worked_out
from sightline.tools.units import (
    convert,
    currencies,
    is_percent,
    is_quantity,
    money,
    plain,
    quantity,
    unit_text,
)

MOST_DIGITS = 40
"""Of a result; a longer one is of no use to anybody."""

FUNCTIONS = "sum mean average median min max round floor ceil abs sqrt percent mod weekday".split()

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3}(?![\w.]))?|\.\d+"
_TOKENS = re.compile(
    rf"\s*(?:(?P<number>{_NUMBER})|(?P<name>°\s?[CF]\b|°|[^\W\d_]+)"
    r"|(?P<sign>->|\*\*|<=|>=|==|!=|[-+*/^%(),<>=²³→×·÷−–—≤≥≠]))"
)
_SAME = {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "—": "-", "^": "**", "=": "==", "→": "->"}
_SAME |= {"≤": "<=", "≥": ">=", "≠": "!=", "²": "**2", "³": "**3"}
_WORDS = {"of": "*", "x": "*", "times": "*", "plus": "+", "minus": "-", "per": "/"}
_CONVERT = ("to", "in", "as", "into", "->")
_BETWEEN = re.compile(
    r"(?i)\s*(?P<unit>days|weeks|months|years)\s+(?:between|from)\s(?P<a>.+?)\s(?:and|to)\s(?P<b>.+)"
)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an expression comes to. `exact`: the fraction, where `value` rounds one of small terms."""

    value: bool | int | float | str
    unit: str = ""
    exact: str = ""


@dataclass(frozen=True)
class _Token:
    kind: Literal["number", "name", "sign", "date", "money"]
    text: str
    at: int
    value: Any = None
    """Of a number, a date or an amount of money."""

    @property
    def end(self) -> int:
        return self.at + len(self.text)


def evaluate(text: str) -> Result:
    """What `text` comes to. Raises `InputError`, in one line, where it cannot be read or worked out."""
    text = text.rstrip(" =?")
    if between := _BETWEEN.fullmatch(text):
        text = f"({between['b']}) - ({between['a']}) to {between['unit']}"
    tokens = _tokens(text)
    cut = next((n for n in range(1, len(tokens)) if _converts(tokens, n)), len(tokens))
    value = _value(tokens[:cut])
    if cut == len(tokens):
        return _result(value if is_percent(value) else plain(value))
    target = _value(tokens[cut + 1 :])
    if not is_quantity(target) or target.magnitude != 1:
        raise InputError(f"no unit: {text[tokens[cut].end :].strip()[:60]}")
    if isinstance(value, bool | str | date):
        raise InputError("only numbers and amounts have units")
    return _result(convert(plain(value), target))


def _converts(tokens: list[_Token], n: int) -> bool:
    """Whether a unit to convert to follows token `n`: `5 ft in cm`, but not the inches of `5 in`."""
    if tokens[n].text.lower() not in _CONVERT or tokens[n].text != "in" or tokens[n - 1].kind != "number":
        return tokens[n].text.lower() in _CONVERT
    power = n > 1 and (tokens[n - 2].end == tokens[n - 1].at or tokens[n - 2].text in ("^", "**"))
    return power and tokens[n - 2].kind in ("name", "sign")  # `5 m2 in cm2`


# Tokens.


def _tokens(text: str) -> list[_Token]:
    """The text cut up. Raises `InputError` at what cannot be read."""
    tokens: list[_Token] = []
    at = 0
    while text[at:].strip():
        token = _date(text, at) or _money(text, at) or _simple(text, at)
        tokens.append(token)
        at = token.end
    if not tokens:
        raise InputError("there is nothing to work out")
    return tokens


def _date(text: str, at: int) -> _Token | None:
    start = at + len(text[at:]) - len(text[at:].lstrip())
    found = DATE.match(text, start)
    day = read_date(found) if found else None
    return _Token("date", found.group(), start, day) if found and day else None


def _money(text: str, at: int) -> _Token | None:
    """`RM 12.50`, `$1,200`: a currency, then a number."""
    start = at + len(text[at:]) - len(text[at:].lstrip())
    symbol = next((s for s in currencies() if text.startswith(s, start)), "")
    found = re.compile(rf"\s?({_NUMBER})").match(text, start + len(symbol)) if symbol else None
    if not found:
        return None
    amount = money(Fraction(found[1].replace(",", "")), symbol)
    return _Token("money", text[start : found.end()], start, amount)


def _simple(text: str, at: int) -> _Token:
    found = _TOKENS.match(text, at)
    if not found or not (kind := found.lastgroup):
        place = at + len(text[at:]) - len(text[at:].lstrip())
        raise InputError(f'cannot read "{text[place : place + 12]}" at {place + 1}')
    part, start = found[kind], found.start(kind)
    if kind == "number":
        return _Token("number", part, start, Fraction(part.replace(",", "")))
    return _Token("name" if kind == "name" else "sign", part, start)


# From tokens to a Python expression over names of exact values.


def _value(tokens: list[_Token]) -> Any:
    """What the tokens come to. Raises `InputError`."""
    if not tokens:
        raise InputError("it ends too early")
    source = _Source(tokens)
    while source.n < len(tokens):
        source.step()
    return worked_out(source.text, source.values, source.place)


class _Source:
    """A Python expression in the making."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.n = 0
        self.text = ""
        self.values: dict[str, Any] = {}
        self._origins: list[tuple[int, int]] = []
        self._after_operand = False
        self._last_number = ""
        """The name of the amount just written, nothing having followed it: `5 ft` of `5 ft 2 in`."""
        self._calls: list[bool] = []

    def place(self, offset: int) -> int:
        """Where, in the user's text and from 1, the part at `offset` of `self.text` stands."""
        return max((pair for pair in self._origins if pair[0] <= offset), default=(0, 0))[1] + 1

    def step(self) -> None:
        """Take the next token, and those that belong to it."""
        token = self.tokens[self.n]
        self.n += 1
        match token.kind:
            case "number":
                self._number(token)
            case "name":
                self._name(token)
            case "sign":
                self._sign(token)
            case _:
                self._operand(token.value, token)

    def _next(self, ahead: int = 0) -> _Token | None:
        return self.tokens[self.n + ahead] if self.n + ahead < len(self.tokens) else None

    def _add(self, part: str, token: _Token, *, operand: bool) -> None:
        self._origins.append((len(self.text), token.at))
        self.text += part + " "
        self._after_operand, self._last_number = operand, ""

    def _operand(self, value: Any, token: _Token) -> None:
        if self._after_operand:
            raise InputError(f"an operator is missing at {token.at + 1}")
        name = f"v{len(self.values)}"
        self.values[name] = value
        self._add(name, token, operand=True)

    def _number(self, token: _Token) -> None:
        """A number and the unit behind it; `5 ft 2 in` is one amount."""
        if "," in token.text and any(self._calls):
            raise InputError(f'write "{token.text}" without its comma, or with a space behind it')
        value = token.value
        if (unit := self._unit()) is not None:
            value = value * unit if not _is_temperature(unit) else type(unit)(value, unit.units)
            before = self._last_number
            if before and self.values[before].dimensionality == value.dimensionality:
                self.values[before] = self.values[before] + value
                return
        self._operand(value, token)
        self._last_number = f"v{len(self.values) - 1}" if unit is not None else ""

    def _unit(self) -> Any | None:
        """One of the unit that stands next, such as `km/h` or `m²`; None, and nothing taken, for no unit."""
        if (made := self._one_unit()) is None:
            return None
        while (
            (stroke := self._next())
            and (below := self._next(1))
            and _joined(stroke, below, self.tokens[self.n - 1])
        ):
            self.n += 1
            if (under := self._one_unit()) is None:
                self.n -= 1
                break
            made = made / under
        return made

    def _one_unit(self) -> Any | None:
        token = self._next()
        percent = token is not None and token.text == "%" and not self._starts_operand(1)
        if token is None or not (token.kind == "name" or percent) or self._is_call(0):
            return None
        if token.text in _WORDS or (made := quantity(Fraction(1), token.text)) is None:
            return None
        self.n += 1
        power = self._power(token)
        return made if power == 1 else made**power

    def _is_call(self, ahead: int) -> bool:
        """Whether a function stands there; `min` alone is minutes."""
        token, following = self._next(ahead), self._next(ahead + 1)
        if token is None or token.text.lower() not in FUNCTIONS:
            return False
        return token.text != "min" or (following is not None and following.text == "(")

    def _power(self, unit: _Token) -> int:
        """The 2 or 3 of `m²`, `m^2` and `m2`; else 1, and nothing is taken."""
        first, second = self._next(), self._next(1)
        if first and first.text in "²³":
            self.n += 1
            return 2 if first.text == "²" else 3
        if first and first.text in ("2", "3") and first.at == unit.end:
            self.n += 1
            return int(first.text)
        if first and second and first.text in ("^", "**") and second.text in ("2", "3"):
            self.n += 2
            return int(second.text)
        return 1

    def _starts_operand(self, ahead: int) -> bool:
        """Whether a value begins there, so that the `%` before it is a remainder: `7 % 3`."""
        token = self._next(ahead)
        return token is not None and (token.kind in ("number", "money", "date") or token.text == "(")

    def _name(self, token: _Token) -> None:
        word = token.text.lower()
        if self._is_call(-1):
            self._function(token, word)
        elif word in _WORDS and self._after_operand:
            self._add(_WORDS[word], token, operand=False)
        elif word in ("pi", "π"):
            self._operand(Fraction(pi), token)
        else:
            self.n -= 1
            if (unit := self._unit()) is None:
                raise InputError(f'unknown word "{token.text[:30]}" at {token.at + 1}')
            self._operand(unit, token)

    def _function(self, token: _Token, word: str) -> None:
        """`sum(`, or `weekday of DATE` without parentheses."""
        following = self._next()
        if following and following.text == "(":
            return self._add(word, token, operand=False)
        if following and following.text == "of":
            self.n += 1
        if not (value := self._next()) or value.kind != "date":
            raise InputError(f"{word} at {token.at + 1} needs parentheses")
        self.n += 1
        self._add(f"{word}(", token, operand=False)
        self._operand(value.value, value)
        self._add(")", value, operand=True)

    def _sign(self, token: _Token) -> None:
        if token.text == "%" and not self._after_operand:
            return self._operand(quantity(Fraction(1), "%"), token)
        if token.text == "(":
            if self._after_operand:
                raise InputError(f"an operator is missing at {token.at + 1}")
            self._calls.append(self.n > 1 and self.tokens[self.n - 2].kind == "name")
        elif token.text == ")" and self._calls:
            self._calls.pop()
        elif token.text == "," and not any(self._calls):
            raise InputError(f"a comma at {token.at + 1}; decimals are written 12.50")
        sign = _SAME.get(token.text, token.text)
        self._add(sign, token, operand=sign == ")" or sign in ("**2", "**3"))


def _joined(stroke: _Token, below: _Token, above: _Token) -> bool:
    """Whether `/ h` belongs to the unit before it: `90 km/h`, `90 km per h`."""
    close = stroke.text == "/" and stroke.at == above.end and below.at == stroke.end
    return below.kind == "name" and (close or stroke.text.lower() == "per")


def _is_temperature(unit: Any) -> bool:
    return unit_text(unit) in ("°C", "°F")


# Results.


def _result(value: Any) -> Result:
    unit = ""
    if is_quantity(value):
        unit, value = unit_text(value), value.magnitude
    if isinstance(value, bool | str):
        return Result(value=value)
    if isinstance(value, date):
        return Result(value=value.isoformat())
    value = Fraction(value)
    if value and not Fraction(1, 10**MOST_DIGITS) < abs(value) < 10**MOST_DIGITS:
        raise InputError(f"the result has more than {MOST_DIGITS} digits")
    if value.denominator == 1:
        return Result(value=int(value), unit=unit)
    exact = f"{value}" if value.denominator <= 1000 and not _terminates(value) else ""
    return Result(value=float(value), unit=unit, exact=exact)


def _terminates(value: Fraction) -> bool:
    """Whether its decimals end."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
