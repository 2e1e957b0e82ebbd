"""Walks a Python expression over names of exact values (fractions, quantities, dates) by simpleeval.

Nodes other than names, operators, comparisons and calls of the functions below do not exist here: there
are no constants, attributes, subscripts, texts or comprehensions to misuse.
"""

from __future__ import annotations

import ast
import operator
import statistics
from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from math import ceil, floor, isqrt, sqrt
from typing import Any

from sightline.errors import InputError
from sightline.tools.dates import days_between, moved, weekday
from sightline.tools.units import is_percent, is_quantity, plain, quantity, registry, unit_text

MOST_BITS = 4096
"""Of the numerator and the denominator that a power may give."""

_NODES = (ast.Expr, ast.Name, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Call)


def worked_out(source: str, values: Mapping[str, Any], place: Callable[[int], int]) -> Any:
    """The value of a Python expression over `values`.

    Args:
        source: names of `values`, operators, parentheses, calls, and 2 and 3 as powers.
        values: fractions, quantities and dates.
        place: from an offset in `source` to the place, from 1, in what the user wrote.

    Raises:
        InputError: it cannot be read or worked out, in one line.
    """
    from pint.errors import PintError
    from simpleeval import InvalidExpression, SimpleEval  # type: ignore[import-untyped]

    walker = SimpleEval(operators=_OPERATORS, functions=_FUNCTIONS, names=dict(values))
    walker.nodes = {node: walker.nodes[node] for node in _NODES}
    walker.nodes[ast.Constant] = lambda node: Fraction(node.value)  # the 2 and 3 of ² and ³
    try:
        return walker.eval(source)
    except SyntaxError as error:
        raise InputError(_misread(source, error, place)) from None
    except ZeroDivisionError:
        raise InputError("division by zero") from None
    except (RecursionError, MemoryError):
        raise InputError("too many signs or parentheses inside one another") from None
    except PintError as error:
        raise InputError(_mixed(error)) from None
    except (
        InvalidExpression,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
        ArithmeticError,
    ) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot be worked out: {_said(error)}") from None


def _misread(source: str, error: SyntaxError, place: Callable[[int], int]) -> str:
    if source.count("(") != source.count(")"):
        return "a parenthesis is not closed" if source.count("(") > source.count(")") else "a ) without its ("
    at = min(max((error.offset or 1) - 1, 0), len(source))
    ends = not source[at:].strip(" )") or not source.strip().endswith((")", *"0123456789"))
    return "it ends too early" if ends else f"cannot be read at {place(at)}"


def _mixed(error: Exception) -> str:
    """What pint holds against it, without its reprs, which do not know fractions."""
    if "Offset" in type(error).__name__:
        return "temperatures can only be converted"
    units = [getattr(error, name, None) for name in ("units1", "units2")]
    names = [unit_text(registry().Quantity(Fraction(1), unit)) or "plain numbers" for unit in units if unit]
    return f"{' and '.join(names)} do not go together" if len(names) == 2 else "the units do not go together"


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


# Operators.


def _add(a: Any, b: Any) -> Any:
    if isinstance(b, date):
        a, b = b, a
    if isinstance(a, date):
        return moved(a, b, 1)
    return _sum_of(a, b, 1)


def _subtract(a: Any, b: Any) -> Any:
    if isinstance(a, date):
        return days_between(a, b) if isinstance(b, date) else moved(a, b, -1)
    return _sum_of(a, b, -1)


def _sum_of(a: Any, b: Any, sign: int) -> Any:
    if is_percent(a) != is_percent(b) and 1 not in (a, b):  # 1 + 15% leaves no doubt
        raise InputError("percent of what? write 80 * (1 + 15%), or 80 + 15% * 80")
    return _number_or_amount(a) + sign * _number_or_amount(b)


def _number_or_amount(value: Any) -> Any:
    if not isinstance(value, Fraction) and not is_quantity(value):
        raise InputError("only numbers and amounts can be reckoned with")
    return value


def _by(act: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operator over plain numbers and amounts, percent being hundredths."""
    return lambda a, b: act(_plain(a), _plain(b))


def _plain(value: Any) -> Any:
    return plain(value) if is_percent(value) else _number_or_amount(value)


def _compare(act: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(a: Any, b: Any) -> bool:
        if isinstance(a, date) and isinstance(b, date):
            return act(a, b)
        return bool(act(plain(_number_or_amount(a)), plain(_number_or_amount(b))))

    return compared


def _power(base: Any, exponent: Any) -> Any:
    base, exponent = _plain(base), plain(_plain(exponent))
    if is_quantity(exponent) or (is_quantity(base) and (exponent.denominator != 1 or abs(exponent) > 6)):
        raise InputError("a power must be a plain number, and of an amount a whole one up to 6")
    if is_quantity(base):
        return base ** int(exponent)
    if exponent.denominator != 1:
        return _root_like(base, exponent)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if bits > 1 and bits * abs(exponent) > MOST_BITS:
        raise InputError("the power is too large")
    return base ** int(exponent)


def _root_like(base: Fraction, exponent: Fraction) -> Fraction:
    if base < 0:
        raise InputError("no root of a number below zero")
    return _sqrt(base) if exponent == Fraction(1, 2) else Fraction(float(base) ** float(exponent))


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add,
    ast.Sub: _subtract,
    ast.Mult: _by(operator.mul),
    ast.Div: _by(operator.truediv),
    ast.Mod: _by(operator.mod),
    ast.Pow: _power,
    ast.UAdd: _number_or_amount,
    ast.USub: lambda value: -_number_or_amount(value),
    ast.Eq: _compare(operator.eq),
    ast.NotEq: _compare(operator.ne),
    ast.Lt: _compare(operator.lt),
    ast.LtE: _compare(operator.le),
    ast.Gt: _compare(operator.gt),
    ast.GtE: _compare(operator.ge),
}


# Functions.


def _sum(*values: Any) -> Any:
    if not values:
        raise InputError("there are no numbers in the parentheses")
    total = values[0]
    for value in values[1:]:
        total = _add(total, value)
    return total


def _mean(*values: Any) -> Any:
    return _sum(*values) / len(values)


def _median(*values: Any) -> Any:
    return statistics.median(map(_number_or_amount, values))


def _round(value: Any, digits: Any = Fraction(0)) -> Any:
    """Halves go away from zero, as people round."""
    if not isinstance(digits, Fraction) or digits.denominator != 1 or abs(digits) > 30:
        raise InputError("round takes a whole number of digits, 30 at most")
    scale = Fraction(10) ** int(digits)

    def rounded(number: Fraction) -> Fraction:
        return (1 if number >= 0 else -1) * Fraction(floor(abs(number) * scale + Fraction(1, 2))) / scale

    return _on_number(rounded, value)


def _on_number(act: Callable[[Fraction], Any], value: Any) -> Any:
    """`act` on a number, or on the number of an amount, which keeps its unit."""
    value = _number_or_amount(value)
    if is_quantity(value):
        return registry().Quantity(Fraction(act(value.magnitude)), value.units)
    return Fraction(act(value))


def _sqrt(value: Any) -> Any:
    """Exact where the root is a fraction, else as a float has it."""
    value = _plain(value)
    if is_quantity(value):
        return registry().Quantity(_sqrt(value.magnitude), value.units ** Fraction(1, 2))
    if value < 0:
        raise InputError("no root of a number below zero")
    root = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    return root if root * root == value else Fraction(sqrt(value))


def _percent(part: Any, whole: Any) -> Any:
    share = plain(_plain(part) / _plain(whole))
    if is_quantity(share):
        raise InputError(f"a share has no unit, not {unit_text(share)}")
    return quantity(share * 100, "%")


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": _sum,
    "mean": _mean,
    "average": _mean,
    "median": _median,
    "min": lambda *values: min(values),
    "max": lambda *values: max(values),
    "round": _round,
    "floor": lambda value: _on_number(floor, value),
    "ceil": lambda value: _on_number(ceil, value),
    "abs": lambda value: abs(_number_or_amount(value)),
    "sqrt": _sqrt,
    "percent": _percent,
    "mod": _by(operator.mod),
    "weekday": weekday,
}
