"""What was bought, line by line: name, quantity, price and amount.

They are told by the heads of columns or by arithmetic. An item is an amount with the words that name it: in
its row, above it or below it, as most of the document has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise, product

from sightline.tools.document_goods import Line, Number, has_amount, is_words, kind_of, line_of, without_count
from sightline.tools.document_heads import Head, both, heads_of, more_heads
from sightline.tools.document_layout import Spans
from sightline.tools.document_values import Style, days_in, times_in
from sightline.tools.document_words import kinds_of
from sightline.tools.reading import whole
from sightline.types import LineItem, Printed

CENT = 0.011
"""Amounts are equal if they differ by less: a cent, for amounts that were rounded."""

NAMED, CHECKED, SUMMED = 0.75, 0.9, 0.97
"""How sure an item is.

In this order: it has a name; quantity times price is its amount; all amounts add up to a printed sum.
"""

MOST_NAMES = 3
"""Rows of words over an amount that may all belong to it: a name, a code, a note."""

MOST_LINES = 5
"""Rows of an item."""

OWN = 0.6
"""The part of amounts with words in their rows for names to stand there, and not above or below."""

LARGEST_COUNT = 10_000
"""Larger whole numbers are codes."""

ENDS = frozenset("subtotal total tax net cash change paid card rounding service tip".split())
"""Kinds of amounts that stand after the goods."""


def items_of(rows: Sequence[Spans], style: Style) -> tuple[list[LineItem], set[int]]:
    """The items from top to bottom, and the rows that they stand in."""
    start, heads = _start(rows, style)
    if start is None:
        return [], set()
    groups = _groups(_lines(rows, start, heads, style), headed=bool(heads))
    found = [(item, group) for group in groups if (item := _item(group, style))]
    return [item for item, _ in found], {line.row for _, group in found for line in group}


def adds_up(items: Iterable[LineItem], value: float, taxes: Iterable[float]) -> bool:
    """Whether the amounts of the items add up to `value`, alone or with one of `taxes`."""
    amounts = [item.amount.value or 0.0 for item in items if item.amount]
    return len(amounts) > 0 and any(abs(sum(amounts) + tax - value) < CENT for tax in (0.0, *taxes))


# Where goods stand.


def _start(rows: Sequence[Spans], style: Style) -> tuple[int | None, list[Head]]:
    """The first row of goods and the heads over it.

    Without heads, it is the first row with a name and an amount.
    """
    ends = (r for r, row in enumerate(rows) if kind_of(row, style) in ENDS and has_amount(row, style))
    above = rows[: next(ends, len(rows))]
    for r, row in enumerate(above):
        if heads := heads_of(row):
            more = more_heads(rows[r + 1]) if r + 1 < len(rows) else []
            all_heads = both(heads, more)
            # Without the head over the amounts the others do not tell them apart: arithmetic does.
            told = any(head.column == "amount" for head in all_heads)
            return r + 1 + bool(more), all_heads if told else []
    goods = (r for r, row in enumerate(above) if not kind_of(row, style) and has_amount(row, style))
    first = next(goods, None)
    return (None if first is None else _first_name(rows, first, style)), []


def _first_name(rows: Sequence[Spans], r: int, style: Style) -> int:
    """Where the goods begin whose first amount stands in row `r`: with its name, where others have theirs."""
    if any(is_words(span.text, style) for span in rows[r]):
        return r
    after = next((n for n in range(r + 1, len(rows)) if has_amount(rows[n], style)), r)
    alone = after == r or bool(kind_of(rows[after], style))
    most = max(after - r - 1, 1)
    first = r
    found = r
    while first and r - first < MOST_NAMES and _may_be_goods(rows[first - 1]):
        first -= 1
        found = first if _names(rows[first], style) else found
        if found < r and (alone or r - first >= most):
            break  # as high as others have their names, or higher where there is none
    return found


def _may_be_goods(row: Spans) -> bool:
    """Whether a row without an amount is a name or a code, no label and no date."""
    text = " ".join(span.text for span in row)
    return not (kinds_of(text) or any(":" in span.text for span in row) or days_in(text) or times_in(text))


def _names(row: Spans, style: Style) -> bool:
    return is_words(" ".join(span.text for span in row), style)


def _lines(rows: Sequence[Spans], start: int, heads: Sequence[Head], style: Style) -> list[Line]:
    """The rows from `start` until the first that is no goods."""
    found: list[Line] = []
    for r in range(start, len(rows)):
        line = line_of(rows[r], r, heads, style)
        if found and (line.kind in ENDS or line.kind == "quantity"):
            break
        if line.kind != "part" and not (line.kind == "label" and has_amount(rows[r], style)):
            found.append(line)
    return found


# Which rows are one item.


def _groups(lines: Sequence[Line], *, headed: bool) -> list[list[Line]]:
    """The lines of each item: those with an amount, each with the lines of words that belong to it."""
    priced = [n for n, line in enumerate(lines) if _is_priced(line)]
    if not priced:
        return []
    own = sum(lines[n].named for n in priced) >= OWN * len(priced)
    trailing = _near(lines[priced[-1] :])[1:]
    below = priced[0] == 0 or (not headed and any(line.named and not line.numbers for line in trailing))
    return _with_following(lines, priced) if own or below else _with_leading(lines, priced)


def _is_priced(line: Line) -> bool:
    return line.amount is not None and line.kind != "discount"


def _with_following(lines: Sequence[Line], priced: Sequence[int]) -> list[list[Line]]:
    """Each amount with the lines below it, up to the next one; after the last as many as after others."""
    ends = [*priced[1:], len(lines)]
    most = max((end - n - 1 for n, end in pairwise(priced)), default=1)
    ends[-1] = min(ends[-1], priced[-1] + 1 + most)
    return [_near(lines[n:end]) for n, end in zip(priced, ends, strict=True)]


def _with_leading(lines: Sequence[Line], priced: Sequence[int]) -> list[list[Line]]:
    """Each amount with the lines above it, down from the amount before."""
    starts = [0, *(n + 1 for n in priced)]
    upwards = [_near(lines[start : n + 1][::-1]) for start, n in zip(starts, priced, strict=False)]
    return [group[::-1] for group in upwards]


def _near(lines: Sequence[Line]) -> list[Line]:
    """The first line and those that go on from it without more white space than a line is high."""
    kept = list(lines[:1])
    for line in lines[1:MOST_LINES]:
        gap = max(line.top - kept[-1].bottom, kept[-1].top - line.bottom)
        if gap > 1.2 * (line.bottom - line.top) or line.kind:
            break
        kept.append(line)
    return kept


# One item.


def _item(group: Sequence[Line], style: Style) -> LineItem | None:
    """The item of some lines; None where nothing names it."""
    amount = next((line.amount for line in group if _is_priced(line)), None)
    words = [span for line in group for span in line.names if is_words(span.text, style)]
    names = [span for span in words if not any(kinds_of(span.text))] or words
    if amount is None or not names:
        return None
    quantity, price = _quantity(group, amount)
    if quantity and quantity.weak:
        names = [without_count(span) for span in names]
    spans = [*names, *(part.span for part in (quantity, price, amount) if part)]
    sure = CHECKED if quantity and price and _makes(quantity, price, amount) else NAMED
    return LineItem(
        name=Printed(text=" ".join(s.text for s in names), box=whole([s.box for s in names])),
        quantity=quantity.printed() if quantity else None,
        price=price.printed() if price else None,
        amount=amount.printed(),
        score=sure * min(span.score for span in spans),
        box=whole([span.box for span in spans]),
    )


def _makes(quantity: Number, price: Number, amount: Number) -> bool:
    return abs(quantity.value * price.value - amount.value) < CENT


def _quantity(group: Sequence[Line], amount: Number) -> tuple[Number | None, Number | None]:
    """Quantity and price: with a times sign, by their columns, or such that they make the amount."""
    for line in group:
        if line.times:
            return line.times
    numbers = [n for line in group for n in line.numbers if n is not amount]
    headed = {n.column: n for n in numbers if n.column in ("quantity", "price")}
    if len(headed) == 2:
        return headed["quantity"], headed["price"]
    counts = sorted((n for n in numbers if _may_count(n)), key=lambda n: n.weak)
    prices = [n for n in numbers if n.column in ("", "price")]
    pairs = ((n, price) for n, price in product(counts, prices) if n is not price)
    told = next((pair for pair in pairs if _makes(*pair, amount)), None)
    # A price without a quantity is one where it is the amount; else it is another number, or misread.
    price = headed.get("price")
    alone = price if price and abs(price.value - amount.value) < CENT else None
    return told or (headed.get("quantity") or next(iter(counts), None), alone)


def _may_count(number: Number) -> bool:
    small = 0 < abs(number.value) < LARGEST_COUNT
    return small and not number.money and number.column in ("", "quantity", "name")
