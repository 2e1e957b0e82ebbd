"""Arithmetic over what a receipt or an invoice prints: together, more, several, change, how many, dearest.

Amounts in answers are plain decimals (`12.50`) in the page's own currency.
"""

from __future__ import annotations

import re

import numpy as np

from sightline.train.worlds.dice import pick
from sightline.train.worlds.pages import Document, Item
from sightline.train.worlds.phrasing import Phrasebook
from sightline.train.worlds.sample import Asked
from sightline.train.worlds.scenes import Split

FAMILIES = ("sum", "more", "several", "change", "items", "dearest", "cheapest")
NUMBERS = ("two", "three", "four", "five", "six")

_BUY = "[buy|take|order|get|pay for]"
BOOK = Phrasebook(
    train={
        "sum": (
            "How much [do|did] {a} and {b} cost [together|in all|altogether|]?",
            "What [do|did] {a} and {b} come to [together|in all]?",
            f"What would I pay if I {_BUY} only {{a}} and {{b}}?",
            "What is the price of {a} plus the price of {b}?",
        ),
        "more": (
            "How much more [does|did] {a} cost than {b}?",
            "By how much is {a} [dearer|more expensive] than {b}?",
            "What is the difference in price between {a} and {b}?",
        ),
        "several": (
            "How much would {number} of {a} cost?",
            f"What do I pay if I {_BUY} {{number}} of {{a}} at this price?",
            "{a} costs what it says here. What do {number} of them cost?",
        ),
        "change": (
            "How much change is there if I pay {a} with {note}?",
            "I have {note} and buy only {a}. How much is left?",
            "What remains of {note} after paying for {a} alone?",
        ),
        "items": (
            "How many [lines|different things|different items|articles] were [bought|sold|paid for]?",
            "How many [different items|articles|products] [does the receipt list|are listed|are printed]?",
            "Count the different [items|articles|products] on this [receipt|bill|page].",
        ),
        "dearest": (
            "Which [item|article|line] cost the most?",
            "What was the [dearest|most expensive] [item|article|thing]?",
            "For which [item|article] was the most paid?",
        ),
        "cheapest": (
            "Which [item|article|line] cost the least?",
            "What was the cheapest [item|article|thing]?",
            "For which [item|article] was the least paid?",
        ),
    },
    held_out={
        "sum": ("Put {a} and {b} on one bill: what does it say?",),
        "more": ("What would I save by choosing {b} instead of {a}?",),
        "several": ("A friend wants {number} of {a} too. What will that set them back?",),
        "change": ("I hand over {note} for {a} alone; what do I get back?",),
        "items": ("Over how many articles does the bill run?",),
        "dearest": ("Name the article with the highest amount beside it.",),
        "cheapest": ("Name the article with the lowest amount beside it.",),
    },
)


def ask_arithmetic(
    rng: np.random.Generator, document: Document, family: str, split: Split = "train"
) -> Asked | None:
    """A question of a family over the page's bill, or None where it has none to ask."""
    items = askable(document)
    made = _answer(rng, document, items, family) if len(items) > 1 else None
    if made is None:
        return None
    answer, thought, slots = made
    text, wording = BOOK.word(rng, family, split, slots)
    text = re.sub(r" +([?.])", r"\1", text)
    return Asked(question=text, answer=answer, family=family, thought=thought, wording=wording)


def askable(document: Document) -> list[Item]:
    """The items bought once, without a discount, whose name no other item's name holds."""
    if document.bill is None:
        return []
    names = [item.name.lower() for item in document.bill.items]
    return [
        item
        for item in document.bill.items
        if item.quantity == "1" and not item.discount and sum(item.name.lower() in n for n in names) == 1
    ]


def decimals(document: Document) -> int:
    """Decimal places of the page's amounts: 2, or 0 where a currency has none."""
    printed = document.fields.get("item0", "")
    return 2 if re.search(r"[.,]\d\d\D*$", printed) else 0


Made = tuple[str, str, dict[str, object]]


def _answer(rng: np.random.Generator, document: Document, items: list[Item], family: str) -> Made | None:
    assert document.bill is not None
    places = decimals(document)

    def say(minor: int) -> str:
        whole, rest = divmod(minor, 10**places)
        return f"{whole}.{rest:0{places}d}" if places else str(whole)

    a, b = (items[i] for i in rng.permutation(len(items))[:2])
    named: dict[str, object] = {"a": a.name, "b": b.name}
    x, y = a.amount, b.amount
    if family == "sum":
        return say(x + y), f"{a.name} {say(x)}, {b.name} {say(y)}; {say(x)} + {say(y)} = {say(x + y)}", named
    if family == "more":
        if x <= y:
            return None
        return say(x - y), f"{a.name} {say(x)}, {b.name} {say(y)}; {say(x)} - {say(y)} = {say(x - y)}", named
    if family == "several":
        word = pick(rng, NUMBERS)
        n = NUMBERS.index(word) + 2
        return say(n * x), f"{a.name} {say(x)}; {n} * {say(x)} = {say(n * x)}", {**named, "number": word}
    if family == "change":
        note = pick(rng, _notes(x, 10**places))
        thought = f"{a.name} {say(x)}; {say(note)} - {say(x)} = {say(note - x)}"
        return say(note - x), thought, {**named, "note": str(note // 10**places)}
    every = document.bill.items
    if family == "items":
        return str(len(every)), f"the items are {', '.join(i.name for i in every)}: {len(every)}", {}
    order = sorted(every, key=lambda item: item.amount, reverse=family == "dearest")
    if order[0].amount == order[1].amount:
        return None
    best = order[0]
    return best.name, f"{best.name} has the {family} amount, {say(best.amount)}", {}


def _notes(amount: int, unit: int) -> list[int]:
    """Round sums of money above an amount, in minor units: the next two of 1, 2, 5, 10, 20, ..."""
    sums = (unit * digit * 10**power for power in range(8) for digit in (1, 2, 5))
    return [money for money in sums if money > amount][:2]
