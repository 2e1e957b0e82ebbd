"""Which of the amounts of a document is the one to pay, and which are its parts.

They are told by label, place and arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sightline.tools.document_items import CENT, adds_up
from sightline.tools.document_labels import Found
from sightline.tools.document_layout import AMOUNTS, Row, is_currency
from sightline.tools.document_values import Style, amount_in, money_in, pointless
from sightline.tools.document_words import LOOSE, PLAIN, amount_label, plain, words
from sightline.types import TextSpan
from sightline.types.documents import LineItem

AGREES, PAID, ROUNDS, REPEATED = 2.0, 3.0, 1.5, 0.3
"""Points of a total beside the strength of its label: it is what its parts make; it is what was paid less
the change; it is a total above it, rounded; it is printed again."""

PARTS = (
    *("subtotal", "tax", "discount", "rounding", "service", "tip", "delivery"),
    *("cash", "card", "paid", "change"),
)
"""What else is known of a bill, in the order in which it is given."""

MOSTLY = 0.6
"""The part of a row's words that are heads of columns where it is a row of heads."""

LOST = -0.5
"""Strength of a label beside digits whose point a reader lost: arithmetic has to confirm them."""

LEAST = 1.0
"""Points of a total: a loose label alone is enough, the word `amount` alone is none."""

ROUNDED = 0.06
"""The most that cash is rounded by, in units of the currency, where it is by 5 or 10 cents.

Others round by a whole unit.
"""

SURE, TOLD, DOUBTFUL = 0.97, 0.9, 0.6
"""How sure a total is: arithmetic confirms it; its label says so; its label is loose."""


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A labelled amount."""

    found: Found
    kind: str
    value: float
    strength: float


def sums_of(found: Iterable[Found], style: Style) -> list[Sum]:
    """The labelled amounts of a document, from top to bottom."""
    sums: list[Sum] = []
    for one in found:
        label = amount_label(one.name)
        if label is None or label.kind not in AMOUNTS:
            continue
        kind, strength = label.kind, label.strength
        value = amount_in(one.text, style)
        if value is None and not style.whole:
            value, strength = pointless(one.text), LOST
        if plain(one.name).split()[:1] == ["balance"] and any(s.kind in ("cash", "paid") for s in sums):
            kind = "change"  # what is left of what was handed over, not what is owed
        if value is not None:
            sums.append(Sum(found=one, kind=kind, value=value, strength=strength))
    return sums


def tax_tables(rows: Sequence[Row], style: Style) -> set[int]:
    """The rows of tables of taxes: under `GST Summary`, or under heads such as `Rate | Net | Tax | Gross`."""
    inside: set[int] = set()
    r = 0
    while r < len(rows):
        if not _begins_table(rows[r], style):
            r += 1
            continue
        inside.add(r)
        r += 1
        while r < len(rows) and _goes_on(rows[r], style):
            inside.add(r)
            r += 1
    return inside


def _goes_on(row: Row, style: Style) -> bool:
    """Whether a row is of the table above it: more heads, their currencies, or numbers."""
    signs = all(is_currency(piece.text) for piece in row)
    return signs or _begins_table(row, style) or (len(row) > 1 and _numeric(row, style))


def _begins_table(row: Row, style: Style) -> bool:
    said = plain(" ".join(piece.text for piece in row)).split()
    parts = {part for part in said if part not in words().currencies}
    taxed = {part for part in parts if "tax" in words().roles.get(part, frozenset())}
    if not taxed or any(money_in(piece.text, style) for piece in row):
        return False
    columns = parts & words().summary_columns
    heads = len(row) > 1 and len(columns) > 1 and len(columns | taxed) >= MOSTLY * len(parts)
    return bool(parts & words().summary) or (heads and not _goods(parts))


def _goods(parts: Collection[str]) -> bool:
    columns = words().columns
    return any(columns.get(part) in ("name", "quantity", "price") for part in parts)


def _numeric(row: Row, style: Style) -> bool:
    """Whether a row is of a table: two amounts, or an amount and a rate."""
    amounts = sum(bool(money_in(piece.text, style)) for piece in row)
    return amounts > 1 or (amounts == 1 and any(re.search(r"\d\s?%|^\d{1,2}$", piece.text) for piece in row))


def total_of(sums: Sequence[Sum], items: Sequence[LineItem]) -> tuple[Sum, float] | None:
    """The amount to pay and how sure it is; None where no label says so."""
    candidates = [s for s in sums if s.kind == "total"]
    candidates += _rounded(sums, candidates) + _paid_for(sums, candidates)
    if not candidates:
        return None
    points = [_points(s, sums, candidates, items) for s in candidates]
    # Of equals the last: a total is printed before it is rounded and after.
    best = max(range(len(candidates)), key=lambda n: (points[n], n))
    if points[best] < LEAST:
        return None
    chosen = candidates[best]
    paid = _paid(sums)
    if points[best] >= chosen.strength + AGREES:
        return chosen, SURE
    against = bool(_values(sums, "change")) and not any(_near(chosen.value, p) for p in paid)
    return chosen, TOLD if chosen.strength >= PLAIN and not against else DOUBTFUL


def _paid_for(sums: Sequence[Sum], totals: Sequence[Sum]) -> list[Sum]:
    """Subtotals that are what was paid less the change, where no total is."""
    paid = _paid(sums) if _values(sums, "change") else []
    if any(_near(t.value, p) for t in totals for p in paid):
        return []
    return [
        replace(s, kind="total", strength=LOOSE)
        for s in sums
        if s.kind == "subtotal" and any(_near(s.value, p) for p in paid)
    ]


def _rounded(sums: Sequence[Sum], totals: Sequence[Sum]) -> list[Sum]:
    """Amounts labelled as rounding that are as large as a total: the total after it."""
    near = [s for s in sums if s.kind == "rounding" and any(_near(s.value, t.value, ROUNDED) for t in totals)]
    return [replace(s, kind="total", strength=PLAIN) for s in near if abs(s.value) > 10 * ROUNDED]


def _near(a: float, b: float, most: float = CENT) -> bool:
    return abs(a - b) < most


def _points(candidate: Sum, sums: Sequence[Sum], totals: Sequence[Sum], items: Sequence[LineItem]) -> float:
    value = candidate.value
    points = candidate.strength
    points += PAID * any(_near(value, paid) for paid in _paid(sums))
    made = [*_made(sums), *_of_totals(candidate, totals)]
    points += AGREES * (any(_near(value, one) for one in made) or adds_up(items, value, _values(sums, "tax")))
    points += ROUNDS * any(_near(value - t.value, r) for t in totals for r in _values(sums, "rounding") if r)
    return points + REPEATED * sum(_near(value, other.value) for other in totals if other is not candidate)


def _of_totals(candidate: Sum, totals: Sequence[Sum]) -> list[float]:
    """What two totals of parts make, as of what is taxed at two rates."""
    values = sorted({s.value for s in totals if s.value != candidate.value and s.value})
    return [a + b for n, a in enumerate(values) for b in values[n + 1 :]]


def _values(sums: Sequence[Sum], *kinds: str) -> list[float]:
    return [s.value for s in sums if s.kind in kinds]


def _paid(sums: Sequence[Sum]) -> list[float]:
    """What was paid, less the change given back."""
    paid = [abs(value) for value in _values(sums, "cash", "card", "paid")]
    change = [abs(value) for value in _values(sums, "change")]
    return [p - c for p in paid for c in change] if change else paid


def _made(sums: Sequence[Sum]) -> list[float]:
    """What the parts make: a subtotal and what comes on top of it, taken off it, rounded."""
    tax, rest = sum(_values(sums, "tax")), sum(_values(sums, "service", "tip", "delivery"))
    off, rounding = sum(map(abs, _values(sums, "discount"))), sum(_values(sums, "rounding"))
    found = []
    for base in _values(sums, "net", "subtotal"):
        for added in {0.0, tax, max(_values(sums, "tax"), default=0.0)}:
            for more in {0.0, rest}:
                for less in {0.0, off}:
                    for cents in {0.0, rounding, -rounding}:
                        if added or more or less or cents:
                            found.append(base + added + more - less + cents)
    return found


def tax_in(rows: Sequence[Row], tables: Collection[int], style: Style) -> list[TextSpan]:
    """The amounts under the head of tax in a table of taxes.

    Of a table with a row of totals, that one alone.
    """
    heads = [(r, span) for r in sorted(tables) for span in _tax_heads(rows[r], style)]
    if not heads:
        return []
    r, head = heads[-1]
    below = [n for n in sorted(tables) if n > r]
    found = {n: cell for n in below if (cell := _beneath(rows[n], head, style))}
    total = [n for n in found if _is_total(rows[n])]
    return [found[total[0]]] if total else list(found.values())


def _tax_heads(row: Row, style: Style) -> list[TextSpan]:
    """The head of the amounts of tax: the last of a row of heads that says tax and no code or rate."""
    if any(money_in(piece.text, style) for piece in row) or len(row) < 2:
        return []
    said = [(piece.span, set(plain(piece.text).split())) for piece in row]
    roles = words().roles
    taxed = [
        span
        for span, parts in said
        if any("tax" in roles.get(part, ()) for part in parts)
        and not parts & {"code", "rate", "summary", "excl", "incl", "taxable"}
    ]
    return taxed[-1:]


def _beneath(row: Row, head: TextSpan, style: Style) -> TextSpan | None:
    """The amount of a row that stands under a head, and not rather under another."""
    amounts = [piece.span for piece in row if money_in(piece.text, style)]
    middle = (head.box.x1 + head.box.x2) / 2
    near = min(amounts, key=lambda s: abs((s.box.x1 + s.box.x2) / 2 - middle), default=None)
    return (
        near if near and near.box.x2 > head.box.x1 - head.box.height and near.box.x1 < head.box.x2 else None
    )


def _is_total(row: Row) -> bool:
    return any((label := amount_label(piece.text)) is not None and label.kind == "total" for piece in row)


def parts_of(sums: Sequence[Sum], total: Sum | None) -> list[Sum]:
    """The other amounts, one of each kind of `PARTS`; without a subtotal, what is due before tax."""
    found: list[Sum] = []
    for kind in PARTS:
        of_kind = [s for s in sums if s.kind == kind and s is not total]
        if kind == "subtotal" and not of_kind:
            of_kind = [s for s in sums if s.kind == "net"]
        if of_kind:
            found.append(_one_of(kind, of_kind))
    return found


def _one_of(kind: str, of_kind: Sequence[Sum]) -> Sum:
    """The first of what is printed once; the largest discount, which is of all; else the last."""
    if kind == "discount":
        return max(of_kind, key=lambda s: abs(s.value))
    return of_kind[0] if kind in ("cash", "subtotal") else of_kind[-1]
