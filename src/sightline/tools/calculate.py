"""calculate(expression): exact arithmetic with units, dates, money and percent; see `expressions`."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version

from sightline.tools.base import Tool
from sightline.tools.expressions import FUNCTIONS, evaluate
from sightline.tools.units import registry
from sightline.types import Fact, Facts


class Calculator(Tool):
    """The tool `calculate`. It does not look at the picture."""

    name = "calculate"

    @cached_property
    def version(self) -> str:
        """Of the libraries behind it."""
        return ", ".join(f"{name} {version(name)}" for name in ("simpleeval", "pint", "dateparser"))

    def covers(self) -> str:
        """In one line, what it does."""
        return f"exact arithmetic, units, dates, amounts of money; {', '.join(FUNCTIONS)}"

    def __call__(self, expression: str) -> Facts:
        """Works out a sum, a difference of dates, a unit.

        Args:
            expression: such as: 15% of RM 80; 5 ft 2 in to cm; 2018-03-04 - 2018-01-01
        """
        result = evaluate(expression)
        facts = [Fact(name="result", value=result.value, unit=result.unit)]
        if result.exact:
            facts.append(Fact(name="exactly", value=result.exact, unit=result.unit))
        return Facts(items=tuple(facts))

    def warm(self) -> None:
        """Load the units and the names of months."""
        registry()
        evaluate("4 March 2018 - 1 day")
