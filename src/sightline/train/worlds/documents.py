"""Documents with exact symbolic state: receipts, invoices, forms and signs.

doc = make_document(rng)             never in a layout of HELD_OUT_LAYOUTS; split="heldout": always
page = draw_document(doc)            what a scanner gives
small = draw_thumbnail(doc)          what the model's vision tower sees of it
rows = read_rows(doc, rng, noise=1)  what a text reader makes of it
"""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from sightline.train.worlds.dice import weighted
from sightline.train.worlds.forms import make_form, make_invoice, make_sign
from sightline.train.worlds.pages import (
    HELD_OUT_LAYOUTS,
    Bill,
    Document,
    Item,
    Kind,
    draw_document,
    draw_thumbnail,
)
from sightline.train.worlds.reader_noise import read_fields, read_rows, read_spans
from sightline.train.worlds.receipts import make_receipt
from sightline.train.worlds.scenes import Split

__all__ = [
    "HELD_OUT_LAYOUTS",
    "KINDS",
    "Bill",
    "Document",
    "Item",
    "Kind",
    "draw_document",
    "draw_thumbnail",
    "holds_held_out",
    "make_document",
    "read_fields",
    "read_rows",
    "read_spans",
]

KINDS: dict[Kind, float] = {"receipt": 0.68, "invoice": 0.1, "form": 0.14, "sign": 0.08}
_MAKERS: dict[Kind, Callable[[Generator, Split], Document]] = {
    "receipt": make_receipt,
    "invoice": make_invoice,
    "form": make_form,
    "sign": make_sign,
}


def make_document(rng: Generator, kind: Kind | None = None, split: Split = "train") -> Document:
    """A document of `kind`, or of a kind drawn from KINDS."""
    chosen: Kind = kind if kind is not None else weighted(rng, KINDS)
    return _MAKERS[chosen](rng, split)


def holds_held_out(document: Document) -> bool:
    """Whether the document is set out as no document of its kind is while training."""
    return document.layout == HELD_OUT_LAYOUTS[document.kind]
