"""What is bought on a receipt or an invoice, line by line."""

from __future__ import annotations

from pydantic import Field

from sightline.types.geometry import Box, Model


class Printed(Model):
    """What is printed at a place, and what it means."""

    text: str = Field(description="as printed")
    value: float | None = Field(default=None, description="of a number; else None")
    box: Box


class LineItem(Model):
    """One thing that is charged: its name, how many, what one costs and what all cost, as far as printed."""

    name: Printed
    quantity: Printed | None = None
    price: Printed | None = Field(default=None, description="of one")
    amount: Printed | None = Field(default=None, description="of all")
    score: float = Field(ge=0, le=1)
    box: Box = Field(description="of all of it")

    def to_text(self) -> str:
        """Such as `2 x Bread @ 1.50 = 3.00`, without what is not printed."""
        before = f"{self.quantity.text} x " if self.quantity else ""
        after = f" @ {self.price.text}" if self.price else ""
        return before + self.name.text + after + (f" = {self.amount.text}" if self.amount else "")
