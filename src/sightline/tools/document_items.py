"""What was bought, line by line: name, quantity, price and amount.

They are told by the heads of columns or by arithmetic. An item is an amount with the words that name it: in
its row, above it or below it, as most of the document has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from sightline.tools.amounts import number_of
from sightline.tools.document_layout import Spans, cut_out, is_currency, is_value
from sightline.tools.document_values import Style, days_in, money_in, number_in, times_in
from sightline.tools.document_words import LOOSE, amount_label, column_of, kinds_of, words
from sightline.tools.reading import whole
from sightline.types import Box, TextSpan
from sightline.types.documents import LineItem, Printed

CENT = 0.011
"""Amounts are equal if they differ by less: a cent, for amounts that were rounded."""

NAMED, CHECKED, SUMMED = 0.75, 0.9, 0.97
"""How sure an item is.

In this order: it has a name; quantity times price is its amount; all amounts add up to a printed sum.
"""

FEWEST_DIGITS = 4
"""Of a code of goods."""

MOST_NAMES = 3
"""Rows of words over an amount that may all belong to it: a name, a code, a note."""

ENDS = frozenset("subtotal total tax net cash change paid card rounding service tip".split())
"""Kinds of amounts that stand after the goods."""

_TIMES = re.compile(
    r"(?<![\w.,])(?P<count>-?(?:\d+(?:[.,]\d+)?|[Il]))\s*(?P<unit>[^\W\d_]{0,5}\.?)\s*[xX×*@]\s*"
    r"(?P<sign>[^\W\d_]{1,3}\$?|[$€£¥₹])?\s?(?P<price>\d[\d.,']*[.,]\d+|(?<=[^\W\d_]|[$€£¥₹@\s])\d{4,})(?![\w%])"
)
_AFTER = re.compile(r"\s[xX×]\s?(?P<count>\d{1,3})\s*$")
_NUMBER = re.compile(r"(?<![\w(])\d+(?![\w%)])")
_COUNT = re.compile(r"^\s*(?P<count>\d{1,3}(?:[.,]\d{1,3})?)\s*(?:[xX×*]\s*)?(?=\s[^\W\d]|[xX×]\s)")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number of a row. `money`: written as an amount of money; `column`: the head that it stands under."""

    span: TextSpan
    value: float
    money: bool
    column: str = ""
    weak: bool = False
    """After a name, as in `Batteries x4`: a quantity, or how many are in a packet."""

    def printed(self) -> Printed:
        """As a part of an item."""
        return Printed(text=self.span.text, value=self.value, box=self.span.box)


@dataclass
class Line:
    """A row of goods taken apart. `times`: a quantity and a price written as `2 x 1.50`."""

    row: int
    names: list[TextSpan] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    times: tuple[Number, Number] | None = None
    kind: str = ""
    top: float = 0.0
    bottom: float = 0.0

    @property
    def amount(self) -> Number | None:
        """Its last amount of money; one under the head of another column is none."""
        paid = [n for n in self.numbers if n.money and n.column in ("", "amount")]
        headed = [n for n in paid if n.column]
        chosen = headed or paid
        return chosen[-1] if chosen else None

    @property
    def text(self) -> str:
        """Its words."""
        return " ".join(span.text for span in self.names)


def items_of(rows: Sequence[Spans], style: Style) -> tuple[list[LineItem], set[int]]:
    """The items from top to bottom, and the rows that they stand in."""
    start, heads = _start(rows, style)
    if start is None:
        return [], set()
    lines = _lines(rows, start, heads, style)
    groups = _groups(lines, headed=bool(heads))
    found = [(item, group) for group in groups if (item := _item(group, style))]
    return [item for item, _ in found], {line.row for _, group in found for line in group}


# Where goods begin, and the heads of their columns.


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a column: what stands under it, and where it lies."""

    column: str
    box: Box


def _start(rows: Sequence[Spans], style: Style) -> tuple[int | None, list[Head]]:
    """The first row of goods and the heads over it.

    Without heads, it is the first row with a name and an amount.
    """
    ends = (r for r, row in enumerate(rows) if _kind(row, style) in ENDS and _has_amount(row, style))
    end = next(ends, len(rows))
    for r, row in enumerate(rows[:end]):
        if heads := heads_of(row):
            more = _more_heads(rows[r + 1]) if r + 1 < len(rows) else []
            both = _both(heads, more)
            # Without the head over the amounts the others do not tell them apart: arithmetic does.
            return r + 1 + bool(more), both if any(head.column == "amount" for head in both) else []
    for r, row in enumerate(rows[:end]):
        if not _kind(row, style) and _has_amount(row, style):
            return _first_name(rows, r, style), []
    return None, []


def _more_heads(row: Spans) -> list[Head]:
    """The heads in a second row of heads; none where it is goods."""
    parts = [_heads_in(piece) for piece in row]
    goods = any(rest for _, rest in parts) or any(_NUMBER.search(piece.text) for piece in row)
    return [] if goods else [head for heads, _ in parts for head in heads]


def heads_of(row: Spans) -> list[Head]:
    """The heads of columns that a row is made of; none where it is another row."""
    found: list[Head] = []
    parts = 0
    for piece in row:
        heads, rest = _heads_in(piece)
        found += heads
        parts += rest
        if _NUMBER.search(piece.text):
            return []
    named = {head.column for head in found} & {"name", "price", "quantity"}
    return found if len(found) > 1 and parts <= 0.34 * (parts + len(found)) and named else []


def _heads_in(span: TextSpan) -> tuple[list[Head], int]:
    """The heads in one run, and how many words are none."""
    matches = list(re.finditer(r"\S+", span.text))
    found, rest, n = [], 0, 0
    while n < len(matches):
        for end in range(min(n + 4, len(matches)), n, -1):
            part = cut_out(span, matches[n].start(), matches[end - 1].end())
            if column := column_of(part.text):
                found.append(Head(column=column, box=part.box))
                n = end
                break
        else:
            rest += not is_currency(matches[n].group()) and any(c.isalpha() for c in matches[n].group())
            n += 1
    return found, rest


def _both(first: Sequence[Head], second: Sequence[Head]) -> list[Head]:
    """The heads of two rows: one that stands under another goes on with it."""
    kept = [h for h in second if not any(_overlap(h.box, other.box) > 0 for other in first)]
    return [*first, *kept]


def _overlap(a: Box, b: Box) -> float:
    return min(a.x2, b.x2) - max(a.x1, b.x1)


def _has_amount(row: Spans, style: Style) -> bool:
    return bool(row) and any(money_in(piece.text, style) for piece in row[-2:])


def _kind(row: Spans, style: Style) -> str:
    """What kind of amount the row's label says, `part`: a sum of some; `label`: others; empty: goods."""
    for piece in row:
        money = money_in(piece.text, style)
        if days_in(piece.text):
            return "label"
        name = (piece.text[: money[0].start] if money else piece.text).strip()
        if not name or name[0].isdigit() or not any(c.isalpha() for c in name) or number_in(name) is not None:
            continue
        label = amount_label(name)
        if label and label.kind == "total" and label.strength == LOOSE:
            return "part"  # of what is taxed at one rate: more goods may follow
        if label and label.strength >= LOOSE:
            return label.kind
        if kinds_of(name):
            return "label"
    return ""


def _first_name(rows: Sequence[Spans], r: int, style: Style) -> int:
    """Where the goods begin whose first amount stands in row `r`.

    They begin with its name, as far above as others have theirs.
    """
    if any(_is_words(piece.text, style) for piece in rows[r]):
        return r
    after = next((n for n in range(r + 1, len(rows)) if _has_amount(rows[n], style)), None)
    if after is not None and _kind(rows[after], style):
        after = None
    most = MOST_NAMES if after is None else min(max(after - r - 1, 1), MOST_NAMES)
    first = r
    while first and r - first < most and _may_be_goods(rows[first - 1]):
        first -= 1
        if after is None and _names_goods(rows[first], style):
            break  # one item alone: its name is the nearest
    return next((n for n in range(first, r) if _names_goods(rows[n], style)), r)


def _may_be_goods(row: Spans) -> bool:
    """Whether a row without an amount is a name or a code, no label and no date."""
    text = " ".join(piece.text for piece in row)
    return not (kinds_of(text) or any(":" in piece.text for piece in row) or days_in(text) or times_in(text))


def _names_goods(row: Spans, style: Style) -> bool:
    return _is_words(" ".join(piece.text for piece in row), style)


def _is_words(text: str, style: Style) -> bool:
    """Whether a text names something: it has a word beside codes, quantities, signs of tax or currency."""
    if is_value(text, style) or number_in(text, style) is not None:
        return False
    kept = _measures().sub(" ", _TIMES.sub(" ", text))
    return any(_is_word(part) for part in kept.split())


@cache
def _measures() -> re.Pattern[str]:
    """Quantities with their units: `2 PCS`."""
    units = "|".join(sorted(map(re.escape, words().units), key=len, reverse=True))
    return re.compile(rf"(?<!\w)\d[\d.,]*\s?(?:{units})(?![^\W_])", re.IGNORECASE)


def _is_word(part: str) -> bool:
    letters, digits = sum(c.isalpha() for c in part), sum(c.isdigit() for c in part)
    bare = part.strip("*()[]=.,:-")
    return letters >= 2 and letters >= digits and bare not in words().tails and not is_currency(bare)


def _bare(span: TextSpan) -> TextSpan:
    """A name without the code and the sign of tax before it."""
    parts = list(re.finditer(r"\S+", span.text))
    first = 0
    while first + 1 < len(parts) and _is_code(parts[first].group()):
        first += 1
    return cut_out(span, parts[first].start(), len(span.text)) if parts else span


def _is_code(part: str) -> bool:
    return sum(c.isdigit() for c in part) >= FEWEST_DIGITS or part in words().tails


# Rows of goods.


def _lines(rows: Sequence[Spans], start: int, heads: Sequence[Head], style: Style) -> list[Line]:
    """The rows from `start` until the first that is no goods."""
    found: list[Line] = []
    for r in range(start, len(rows)):
        kind = _kind(rows[r], style)
        if (kind in ENDS or kind == "quantity") and found:
            break
        if kind == "part":
            continue
        if kind != "label" or not _has_amount(rows[r], style):
            found.append(_line(rows[r], r, heads, style, kind))
    return found


def _line(row: Spans, r: int, heads: Sequence[Head], style: Style, kind: str) -> Line:
    box = whole([piece.box for piece in row])
    line = Line(row=r, kind=kind, top=box.y1, bottom=box.y2)
    for at, piece in enumerate(row):
        if at and is_currency(piece.text):
            continue
        _take(line, piece, heads, style, signed=at > 1 and is_currency(row[at - 1].text))
    return line


def _take(line: Line, span: TextSpan, heads: Sequence[Head], style: Style, *, signed: bool) -> None:
    """Add a run to a line: as numbers, as a name, or as a name with numbers around it."""
    text = span.text
    if (times := _TIMES.search(text)) and line.times is None:
        line.times = _quantity_and_price(span, times, style)
    money = [
        m for m in money_in(text, style) if not times or m.end <= times.start() or m.start >= times.end()
    ]
    for m in money:
        line.numbers.append(_number(cut_out(span, m.start, m.end), m.value, heads, money=True))
    cut = min([m.start for m in money] + ([times.start()] if times else []) + [len(text)])
    name = text[:cut]
    if not money and not times and (plain := _plain_number(text, style)) is not None:
        digits = re.search(r"-?\d[\d.,']*", text)
        line.numbers.append(
            _number(cut_out(span, *digits.span()) if digits else span, plain, heads, money=signed)
        )
        return
    if after := _AFTER.search(name):
        of = cut_out(span, *after.span("count"))
        line.numbers.append(Number(span=of, value=float(after["count"]), money=False, weak=True))
    if (count := _COUNT.match(name)) and _is_words(name[count.end() :], style):
        value = number_of(count["count"], style.point)
        if value:
            line.numbers.append(_number(cut_out(span, *count.span("count")), value, heads, money=False))
            line.names.append(cut_out(span, count.end(), cut))
            return
    if _is_words(name, style):
        line.names.append(_bare(cut_out(span, 0, cut)))


def _plain_number(text: str, style: Style) -> float | None:
    found = re.fullmatch(r"\W?(\d[\d.,']*)\s?(?:[xX×]|([^\W\d_]{1,8})\.?)?\W?", text.strip())
    if not found or (found[2] and found[2].casefold() not in words().units):
        return None
    value = number_of(found[1].rstrip(".,"), style.point)
    return -value if value and text.strip()[0] in "-−" else value


def _quantity_and_price(span: TextSpan, times: re.Match[str], style: Style) -> tuple[Number, Number] | None:
    count = times["count"].replace("I", "1").replace("l", "1")
    values = number_of(count.lstrip("-"), style.point), number_of(times["price"], style.point)
    if values[0] is None or values[1] is None:
        return None
    sign = -1 if count.startswith("-") else 1
    start = times.start("sign") if times["sign"] else times.start("price")
    return (
        Number(
            span=cut_out(span, *times.span("count")), value=sign * values[0], money=False, column="quantity"
        ),
        Number(span=cut_out(span, start, times.end("price")), value=values[1], money=True, column="price"),
    )


def _number(span: TextSpan, value: float, heads: Sequence[Head], *, money: bool) -> Number:
    return Number(span=span, value=value, money=money, column=_column(span.box, heads))


def _column(box: Box, heads: Sequence[Head]) -> str:
    """The head that a number stands under: the one it overlaps most, or else the nearest."""
    if not heads:
        return ""
    middle = (box.x1 + box.x2) / 2
    near = min(
        heads, key=lambda h: (-max(_overlap(box, h.box), 0.0), abs(middle - (h.box.x1 + h.box.x2) / 2))
    )
    return near.column


# Items.


def _groups(lines: Sequence[Line], *, headed: bool) -> list[list[Line]]:
    """The lines of each item: those with an amount, each with the lines of words that belong to it."""
    priced = [n for n, line in enumerate(lines) if line.amount and line.kind != "discount"]
    if not priced:
        return []
    own = sum(bool(lines[n].text.strip()) for n in priced) >= 0.6 * len(priced)
    trailing = _near(lines[priced[-1] :])[1:]
    below = priced[0] == 0 or (not headed and any(line.text and not line.numbers for line in trailing))
    return _with_following(lines, priced) if own or below else _with_leading(lines, priced)


def _with_following(lines: Sequence[Line], priced: Sequence[int]) -> list[list[Line]]:
    """Each amount with the lines below it, up to the next amount.

    After the last one there are as many as after others.
    """
    groups, most = [], 0
    for n, after in zip(priced, [*priced[1:], len(lines)], strict=True):
        last = after
        if after == len(lines):
            last = min(after, n + 1 + (most if len(priced) > 1 else 1))
        most = max(most, last - n - 1) if after != len(lines) else most
        groups.append(_near(lines[n:last]))
    return groups


def _with_leading(lines: Sequence[Line], priced: Sequence[int]) -> list[list[Line]]:
    """Each amount with the lines above it, down from the amount before."""
    return [
        list(reversed(_near(list(reversed(lines[before + 1 : n + 1])))))
        for before, n in zip([-1, *priced], priced, strict=False)
    ]


def _near(lines: Sequence[Line]) -> list[Line]:
    """The first line and those that go on from it without more white space than a line is high."""
    kept = list(lines[:1])
    for line in lines[1:]:
        gap = max(line.top - kept[-1].bottom, kept[-1].top - line.bottom)
        if gap > 1.2 * (line.bottom - line.top) or len(kept) > 4 or line.kind:
            break
        kept.append(line)
    return kept


def _item(group: Sequence[Line], style: Style) -> LineItem | None:
    priced = next((line for line in group if line.amount and line.kind != "discount"), None)
    names = [span for line in group for span in line.names if _is_words(span.text, style)]
    names = [span for span in names if not any(kinds_of(span.text))] or names
    if priced is None or not names or priced.amount is None:
        return None
    amount = priced.amount
    quantity, price = _quantity(group, amount)
    if quantity and quantity.weak:
        names = [cut_out(s, 0, after.start()) if (after := _AFTER.search(s.text)) else s for s in names]
    parts = [p for p in (quantity, price, amount) if p]
    checked = bool(quantity and price and abs(quantity.value * price.value - amount.value) < CENT)
    spans = [*names, *(p.span for p in parts)]
    score = (CHECKED if checked else NAMED) * min(span.score for span in spans)
    return LineItem(
        name=Printed(text=" ".join(s.text for s in names), box=whole([s.box for s in names])),
        quantity=quantity.printed() if quantity else None,
        price=price.printed() if price else None,
        amount=amount.printed(),
        score=score,
        box=whole([span.box for span in spans]),
    )


def _quantity(group: Sequence[Line], amount: Number) -> tuple[Number | None, Number | None]:
    """Quantity and price.

    As written with a times sign, by their columns, or such that they make the amount.
    """
    for line in group:
        if line.times:
            return line.times
    numbers = [n for line in group for n in line.numbers if n is not amount]
    headed = {n.column: n for n in numbers if n.column in ("quantity", "price")}
    if len(headed) == 2:
        return headed["quantity"], headed["price"]
    counts = [
        n
        for n in numbers
        if not n.money and 0 < abs(n.value) < 10_000 and n.column in ("", "quantity", "name")
    ]
    for count in counts:
        for price in (n for n in numbers if n is not count and n.column in ("", "price")):
            if abs(count.value * price.value - amount.value) < CENT:
                return count, price
    return headed.get("quantity") or next(iter(counts), None), headed.get("price")


def adds_up(items: Iterable[LineItem], value: float, taxes: Iterable[float] = ()) -> bool:
    """Whether the amounts of the items add up to `value`, alone or with one of `taxes`."""
    amounts = [item.amount.value or 0.0 for item in items if item.amount]
    return len(amounts) > 0 and any(abs(sum(amounts) + tax - value) < CENT for tax in (0.0, *taxes))
