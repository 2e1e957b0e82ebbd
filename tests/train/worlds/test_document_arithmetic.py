"""Arithmetic over documents: answers are worked out again from the printed rows and the question's words."""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
import pytest

from sightline.train.worlds.document_arithmetic import BOOK, FAMILIES, NUMBERS, ask_arithmetic
from sightline.train.worlds.documents import Document, make_document
from sightline.train.worlds.sample import Asked
from sightline.train.worlds.scenes import Split


def asked(family: str, count: int, split: Split = "train") -> list[tuple[Document, Asked]]:
    made, seed = [], 0
    while len(made) < count:
        rng = np.random.default_rng(seed)
        document, seed = make_document(rng, "receipt"), seed + 1
        question = ask_arithmetic(rng, document, family, split)
        if question:
            made.append((document, question))
    return made


def printed(document: Document) -> list[tuple[str, Decimal]]:
    """Each item's name and its amount, read from the text that the page prints."""
    items = []
    for field, name in document.labels.items():
        if re.fullmatch(r"item\d+", field) and field in document.fields:
            text = re.sub(r"[^\d.,]", "", document.fields[field])
            cents = re.search(r"[.,](\d\d)$", text)
            whole = re.sub(r"\D", "", text[: cents.start()] if cents else text)
            items.append((name, Decimal(f"{whole}.{cents[1]}" if cents else whole)))
    return items


def named(question: str, items: list[tuple[str, Decimal]]) -> list[Decimal]:
    """The amounts of the items named, in the question.s order; a longer name hides one that it holds."""
    text, found = question.lower(), []
    for name, value in sorted(items, key=lambda item: -len(item[0])):
        at = text.find(name.lower())
        if at >= 0:
            text = text[:at] + "#" * len(name) + text[at + len(name) :]
            found.append((at, value))
    return [value for _, value in sorted(found)]


def read(document: Document, family: str, question: str) -> str | Decimal:
    items = printed(document)
    if family == "items":
        return str(len(items))
    if family in ("dearest", "cheapest"):
        best = max if family == "dearest" else min
        return best(items, key=lambda item: item[1])[0]
    values = named(question, items)
    if family == "sum":
        return values[0] + values[1]
    if family == "more":
        return abs(values[0] - values[1])
    rest = question.lower()
    for name, _ in items:
        rest = rest.replace(name.lower(), "")
    if family == "several":
        number = next(word for word in re.findall(r"[a-z]+", rest) if word in NUMBERS)
        return (NUMBERS.index(number) + 2) * values[0]
    notes = [int(word) for word in re.findall(r"\b\d+\b", rest)]
    return max(notes) - values[0]


@pytest.mark.parametrize("split", ["train", "heldout"])
@pytest.mark.parametrize("family", FAMILIES)
def test_answers_are_worked_out_again_from_the_page(family: str, split: Split) -> None:
    for document, question in asked(family, 60, split):
        again = read(document, family, re.sub(r"^question \d+: ", "", question.question, flags=re.I))
        given = Decimal(question.answer) if isinstance(again, Decimal) else question.answer
        assert given == again, question


@pytest.mark.parametrize("family", FAMILIES)
def test_held_out_wordings_are_not_trained_on(family: str) -> None:
    assert not any(BOOK.is_held_out(family, q.question) for _, q in asked(family, 80))
    assert any(BOOK.is_held_out(family, q.question) for _, q in asked(family, 20, "heldout"))
