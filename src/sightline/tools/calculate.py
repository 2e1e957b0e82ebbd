"""calculate(expression): exact arithmetic with units, dates, money and percent; see `expressions`."""

from __future__ import annotations

import time
from functools import cached_property
from importlib.metadata import version
from typing import Any

from sightline.errors import InputError
from sightline.tools.base import Parameter, Picture, finish, why_refused
from sightline.tools.expressions import FUNCTIONS, evaluate
from sightline.tools.units import registry
from sightline.types import Fact, Facts, ToolResult


class Calculator:
    """The expert `calculate`. It does not look at the picture."""

    name = "calculate"
    doc = "works out a sum, a difference of dates, a unit"
    parameters: tuple[Parameter, ...] = (
        Parameter(
            name="expression",
            kind="text",
            doc="such as: 15% of RM 80; 5 ft 2 in to cm; 2018-03-04 - 2018-01-01",
        ),
    )
    weights = ""

    @cached_property
    def version(self) -> str:
        """Of the libraries behind it."""
        return ", ".join(f"{name} {version(name)}" for name in ("simpleeval", "pint", "dateparser"))

    def covers(self) -> str:
        """In one line, what it does."""
        return f"exact arithmetic, units, dates, amounts of money; {', '.join(FUNCTIONS)}"

    def run(self, picture: Picture, arguments: dict[str, Any], *, timeout_s: float) -> ToolResult:
        """Takes milliseconds, whatever `timeout_s` is. What it cannot read is `refused`, with the place."""
        started = time.monotonic()
        if reason := why_refused(self, picture, arguments):
            return finish(self, started, "refused", message=reason)
        try:
            result = evaluate(arguments["expression"])
        except InputError as error:
            return finish(self, started, "refused", message=str(error))
        facts = [Fact(name="result", value=result.value, unit=result.unit)]
        if result.exact:
            facts.append(Fact(name="exactly", value=result.exact, unit=result.unit))
        return finish(self, started, "ok", Facts(items=tuple(facts)))

    def warm(self) -> None:
        """Read the table of units."""
        registry()

    def close(self) -> None:
        """Nothing is held."""
