"""How people ask for what stands on a document.

A question is a frame ("What is {n}{w}?") around a noun phrase of the field ("the total amount") and the
place ("on this receipt"), or a sentence of its own. Frames, nouns and sentences for `heldout` are
never used for `train`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from numpy.random import Generator

from sightline.train.worlds.dice import chance, pick
from sightline.train.worlds.pages import Kind
from sightline.train.worlds.scenes import Split


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Noun phrases and whole sentences that ask for one field, and those that are held out."""

    nouns: tuple[str, ...]
    sentences: tuple[str, ...] = ()
    held_nouns: tuple[str, ...]
    held_sentences: tuple[str, ...] = ()


FRAMES = (
    "What is {n}{w}?",
    "What is {n}{w}?",
    "What is {n}{w}?",
    "What's {n}{w}?",
    "what is {n}{w}",
    "Tell me {n}{w}.",
    "Give me {n}{w}.",
    "Find {n}{w}.",
    "Read {n}{w}.",
    "Can you read {n}{w}?",
    "I need {n}{w}.",
    "Show me {n}{w}",
    "What does it say for {n}{w}?",
    "Extract {n}{w}.",
)
HELD_FRAMES = (
    "Please state {n}{w}.",
    "Look up {n}{w}.",
    "Could you tell me {n}{w}?",
    "I would like to know {n}{w}.",
)
_PLACES: dict[Kind, tuple[str, ...]] = {
    "receipt": (
        "",
        "",
        " on this receipt",
        " on the receipt",
        " of this receipt",
        " on this bill",
        " shown here",
    ),
    "invoice": ("", "", " on this invoice", " on the invoice", " of this invoice", " on this document"),
    "form": ("", "", " on this form", " on the form", " in the document", " on this page"),
    "sign": ("", " on the sign", " on this notice"),
}

WORDINGS: dict[str, Wording] = {
    "total": Wording(
        nouns=(
            "the total",
            "the total",
            "the total amount",
            "the total amount",
            "the grand total",
            "the amount due",
            "the final total",
            "the amount payable",
            "the total price",
            "the total to pay",
            "the full amount",
            "the total cost",
        ),
        sentences=(
            "How much is the total?",
            "How much was it in total?",
            "How much did everything cost?",
            "How much does the customer have to pay?",
            "What did it cost in total?",
            "How much is the bill?",
            "Total?",
            "total",
            "How much has to be paid?",
        ),
        held_nouns=("the overall amount", "the final amount to pay", "the sum total"),
        held_sentences=("What did the purchase come to?", "How much was spent altogether?"),
    ),
    "date": Wording(
        nouns=(
            "the date",
            "the date",
            "the date",
            "the purchase date",
            "the date of purchase",
            "the date of the sale",
            "the transaction date",
            "the printed date",
            "the issue date",
        ),
        sentences=(
            "When was it issued?",
            "When was this bought?",
            "What date is on it?",
            "What day was it printed?",
            "On which date was this?",
            "When did the purchase take place?",
            "Date?",
            "date",
            "What is the date on this document?",
            "Which date is shown?",
        ),
        held_nouns=("the day of the transaction", "the date of issue"),
        held_sentences=("On what day did this take place?", "When was the payment made?"),
    ),
    "company": Wording(
        nouns=(
            "the company",
            "the company name",
            "the name of the shop",
            "the store name",
            "the seller",
            "the business name",
        ),
        sentences=(
            "Which company is this from?",
            "Who issued it?",
            "What is the shop called?",
            "Which store is it?",
        ),
        held_nouns=("the merchant", "the vendor's name"),
    ),
    "time": Wording(
        nouns=("the time", "the time of day", "the time of purchase", "the printed time"),
        sentences=("At what time was it printed?", "What time was it?"),
        held_nouns=("the hour of the sale",),
    ),
    "number": Wording(
        nouns=(
            "the receipt number",
            "the invoice number",
            "the bill number",
            "the document number",
            "the number of the receipt",
        ),
        held_nouns=("the reference of this receipt", "the receipt id"),
    ),
    "subtotal": Wording(
        nouns=("the subtotal", "the sub total", "the sub-total"),
        sentences=("How much is the subtotal?",),
        held_nouns=("the subtotal amount",),
    ),
    "net": Wording(
        nouns=("the total before tax", "the total excluding tax", "the net amount without tax"),
        held_nouns=("the amount before tax",),
    ),
    "tax": Wording(
        nouns=("the tax", "the tax amount", "the amount of tax"),
        sentences=("How much is the tax?", "How much tax was charged?"),
        held_nouns=("the tax charged",),
    ),
    "cash": Wording(
        nouns=("the cash paid", "the cash amount", "the amount tendered"),
        sentences=("How much cash was given?", "How much cash was handed over?"),
        held_nouns=("the cash received",),
    ),
    "change": Wording(
        nouns=("the change", "the change given", "the amount of change"),
        sentences=("How much change was given?", "How much change is there?"),
        held_nouns=("the change returned",),
    ),
    "discount": Wording(
        nouns=("the discount", "the discount amount"),
        sentences=("How much is the discount?",),
        held_nouns=("the reduction",),
    ),
    "service": Wording(
        nouns=("the service charge", "the service fee"), held_nouns=("the charge for service",)
    ),
    "rounding": Wording(
        nouns=("the rounding", "the rounding adjustment"), held_nouns=("the amount of rounding",)
    ),
    "phone": Wording(
        nouns=("the phone number", "the telephone number", "the telephone", "the phone"),
        sentences=("Which number can I call?",),
        held_nouns=("the contact number",),
    ),
    "cashier": Wording(
        nouns=("the cashier", "the name of the cashier", "the cashier's name"),
        sentences=("Who was the cashier?", "Who served the customer?"),
        held_nouns=("the person at the till",),
    ),
    "table": Wording(
        nouns=("the table number", "the table"),
        sentences=("Which table was it?",),
        held_nouns=("the number of the table",),
    ),
    "customer": Wording(
        nouns=("the customer", "the name of the customer", "the buyer"),
        sentences=("Who is billed?",),
        held_nouns=("the client",),
    ),
    "due date": Wording(
        nouns=("the due date", "the payment due date"),
        sentences=("When is it due?",),
        held_nouns=("the deadline",),
    ),
    "title": Wording(
        nouns=("the title", "the heading"),
        sentences=("What kind of form is this?", "What is the form called?"),
        held_nouns=("the form's title",),
    ),
    "issuer": Wording(
        nouns=("the company", "the organisation"),
        sentences=("Which company issued the form?",),
        held_nouns=("the issuer",),
    ),
    "sign": Wording(
        nouns=("the first line", "the heading"),
        sentences=(
            "What does the sign say?",
            "What does it say?",
            "What is written at the top?",
            "Read the sign.",
            "What does this sign say?",
        ),
        held_nouns=("the top line",),
        held_sentences=("What is the message of the sign?",),
    ),
    "hours": Wording(
        nouns=("the opening hours", "the hours"),
        sentences=("When is it open?",),
        held_nouns=("the opening times",),
    ),
    "price": Wording(
        nouns=("the price", "the fee"),
        sentences=("How much is it?", "How much does it cost?"),
        held_nouns=("the cost",),
    ),
}

_ABSENT = (
    ("the email address", "@"),
    ("the customer's age", "age"),
    ("the website", "www"),
    ("the delivery address", "deliver"),
    ("the loyalty points", "point"),
    ("the password", "password"),
    ("the name of the manager", "manager"),
    ("the licence plate", "vehicle"),
    ("the blood type", "blood"),
    ("the flight number", "flight"),
    ("the expiry date", "expir"),
    ("the room number", "room"),
    ("the tracking number", "track"),
    ("the postcode of the customer", "postcode"),
)
_ITEM = (
    "What is the price of {n}?",
    "How much is the {n}?",
    "How much does the {n} cost?",
    "How much was the {n}?",
    "What does the {n} cost?",
    "price of {n}",
    "Find the price of the {n}.",
)
_HELD_ITEM = ("What was paid for the {n}?", "What is charged for {n}?")


def ask(rng: Generator, field: str, kind: Kind, split: Split) -> str:
    """A question for `field` (a key of WORDINGS) of a document of `kind`."""
    wording = WORDINGS[field]
    if split == "train":
        if wording.sentences and chance(rng, 0.3):
            return pick(rng, wording.sentences)
        return frame(rng, pick(rng, wording.nouns), kind, "train")
    if wording.held_sentences and chance(rng, 0.3):
        return pick(rng, wording.held_sentences)
    if chance(rng, 0.5):
        return _framed(rng, pick(rng, HELD_FRAMES), pick(rng, wording.nouns), kind)
    return _framed(rng, pick(rng, FRAMES), pick(rng, wording.held_nouns), kind)


def frame(rng: Generator, noun: str, kind: Kind, split: Split) -> str:
    """A question for a noun phrase: a frame of the split around it."""
    return _framed(rng, pick(rng, FRAMES if split == "train" else HELD_FRAMES), noun, kind)


def _framed(rng: Generator, template: str, noun: str, kind: Kind) -> str:
    return template.format(n=noun, w=pick(rng, _PLACES[kind]))


def ask_price(rng: Generator, item: str, split: Split) -> str:
    """A question for what one item costs."""
    return pick(rng, _ITEM if split == "train" else _HELD_ITEM).format(n=item)


def ask_label(rng: Generator, label: str, kind: Kind, split: Split) -> str:
    """A question for the value beside a label, which is copied as it stands or in lower case."""
    name = label if chance(rng, 0.5) else label.lower()
    return frame(rng, f"the {name}" if chance(rng, 0.85) else f'"{name}"', kind, split)


def ask_absent(rng: Generator, text: str, kind: Kind, split: Split) -> str:
    """A question for something that `text` does not hold."""
    lower = text.lower()
    nouns = [noun for noun, key in _ABSENT if key not in lower]
    return frame(rng, pick(rng, nouns), kind, split)


def is_held_out(text: str) -> bool:
    """Whether a question's text is one of the held-out wordings."""
    frames = (*HELD_FRAMES, *_HELD_ITEM)
    sentences = {sentence for wording in WORDINGS.values() for sentence in wording.held_sentences}
    nouns = (noun for wording in WORDINGS.values() for noun in wording.held_nouns)
    return (
        text in sentences
        or text.startswith(tuple(frame.split("{")[0] for frame in frames))
        or any(re.search(rf"\b{re.escape(noun)}\b", text) for noun in nouns)
    )
