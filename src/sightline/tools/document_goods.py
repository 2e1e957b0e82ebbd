"""One row of goods taken apart: its words, its numbers, and which of them is an amount."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from sightline.tools.amounts import number_of
from sightline.tools.document_heads import Head, column_at
from sightline.tools.document_layout import Spans, cut_out, is_currency, is_value
from sightline.tools.document_values import Money, Style, days_in, money_in, number_in
from sightline.tools.document_words import LOOSE, amount_label, kinds_of, words
from sightline.tools.reading import whole
from sightline.types import Printed, TextSpan

FEWEST_DIGITS = 4
"""Of a code of goods."""

_TIMES = re.compile(
    r"(?<![\w.,])(?P<count>-?(?:\d+(?:[.,]\d+)?|[Il]))\s*(?P<unit>[^\W\d_]{0,5}\.?)\s*[xX×*@]\s*"
    r"(?P<sign>[^\W\d_]{1,3}\$?|[$€£¥₹])?\s?(?P<price>\d[\d.,']*[.,]\d+|(?<=[^\W\d_]|[$€£¥₹@\s])\d{4,})(?![\w%])"
)
"""2 x 1.50, 3 PCS @ RM2.00"""
_AFTER = re.compile(r"\s[xX×]\s?(?P<count>\d{1,3})\s*$")
_COUNT = re.compile(r"^\s*(?P<count>\d{1,3}(?:[.,]\d{1,3})?)\s*(?:[xX×*]\s*)?(?=\s[^\W\d]|[xX×]\s)")
_PLAIN = re.compile(r"\W?(\d[\d.,']*)\s?(?:[xX×]|([^\W\d_]{1,8})\.?)?\W?")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number of a row. `money`: written as an amount; `column`: of the head that it stands under."""

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
    """A row of goods. `times`: a quantity and a price written as `2 x 1.50`; `kind`: as `kind_of` says."""

    row: int
    kind: str
    top: float
    bottom: float
    names: list[TextSpan] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    times: tuple[Number, Number] | None = None

    @property
    def amount(self) -> Number | None:
        """Its last amount of money; one under the head of another column is none."""
        paid = [n for n in self.numbers if n.money and n.column in ("", "amount")]
        headed = [n for n in paid if n.column]
        return (headed or paid)[-1] if paid else None

    @property
    def named(self) -> bool:
        """Whether it has words."""
        return bool(self.names)


def line_of(row: Spans, r: int, heads: Sequence[Head], style: Style) -> Line:
    """The row `r` taken apart."""
    box = whole([span.box for span in row])
    line = Line(row=r, kind=kind_of(row, style), top=box.y1, bottom=box.y2)
    for at, span in enumerate(row):
        if at and is_currency(span.text):
            continue
        signed = at > 1 and is_currency(row[at - 1].text)
        _take(line, span, heads, style, signed=signed)
    return line


def kind_of(row: Spans, style: Style) -> str:
    """What kind of amount the row's label says; empty for goods.

    `part` is a sum of some goods, `label` another known label, or a date.
    """
    if any(days_in(span.text) for span in row):
        return "label"
    for span in row:
        money = money_in(span.text, style)
        name = (span.text[: money[0].start] if money else span.text).strip()
        if any(c.isalpha() for c in name) and not is_currency(name) and number_in(name) is None:
            return _said(name)  # a label stands first
    return ""


def _said(name: str) -> str:
    counted = name[0].isdigit()
    label = amount_label(name.lstrip("0123456789 "))
    if counted:
        return label.kind if label and label.strength > LOOSE and label.kind != "quantity" else ""
    if label and label.kind == "total" and label.strength == LOOSE:
        return "part"  # of what is taxed at one rate: more goods may follow
    if label and label.strength >= LOOSE:
        return label.kind
    return "label" if kinds_of(name) else ""


def has_amount(row: Spans, style: Style) -> bool:
    """Whether one of the last two runs of a row is an amount; a sign of tax may follow it."""
    return any(money_in(span.text, style) for span in row[-2:])


# The runs of a row.


def _take(line: Line, span: TextSpan, heads: Sequence[Head], style: Style, *, signed: bool) -> None:
    """Add a run to a line: as numbers, as a name, or as a name with numbers around it."""
    times = _TIMES.search(span.text)
    if times and line.times is None:
        line.times = _quantity_and_price(span, times, style)
    money = [m for m in money_in(span.text, style) if not times or _apart(m, times)]
    line.numbers += [_number(cut_out(span, m.start, m.end), m.value, heads, money=True) for m in money]
    value = None if money or times else _plain_number(span.text, style)
    if value is not None:
        digits = cut_out(span, *_digits(span.text))
        line.numbers.append(_number(digits, value, heads, money=signed))
        return
    cut = min([m.start for m in money] + ([times.start()] if times else []) + [len(span.text)])
    _take_name(line, cut_out(span, 0, cut), heads, style)


def _apart(money: Money, times: re.Match[str]) -> bool:
    return money.end <= times.start() or money.start >= times.end()


def _take_name(line: Line, span: TextSpan, heads: Sequence[Head], style: Style) -> None:
    """Add a name, and the quantity before it or after it."""
    if after := _AFTER.search(span.text):
        of = cut_out(span, *after.span("count"))
        line.numbers.append(Number(span=of, value=float(after["count"]), money=False, weak=True))
    count = _COUNT.match(span.text)
    value = number_of(count["count"], style.point) if count else None
    if count and value and is_words(span.text[count.end() :], style):
        line.numbers.append(_number(cut_out(span, *count.span("count")), value, heads, money=False))
        line.names.append(cut_out(span, count.end(), len(span.text)))
    elif is_words(span.text, style):
        line.names.append(_bare(span))


def without_count(name: TextSpan) -> TextSpan:
    """A name without the quantity after it."""
    after = _AFTER.search(name.text)
    return cut_out(name, 0, after.start()) if after else name


def _plain_number(text: str, style: Style) -> float | None:
    """The number that a run is, a unit or a times sign after it aside."""
    found = _PLAIN.fullmatch(text.strip())
    if not found or (found[2] and found[2].casefold() not in words().units):
        return None
    value = number_of(found[1].rstrip(".,"), style.point)
    return -value if value and text.strip()[0] in "-−" else value


def _digits(text: str) -> tuple[int, int]:
    found = re.search(r"-?\d[\d.,']*", text)
    return found.span() if found else (0, len(text))


def _quantity_and_price(span: TextSpan, times: re.Match[str], style: Style) -> tuple[Number, Number] | None:
    count = times["count"].translate(str.maketrans("Il", "11"))
    quantity, price = number_of(count.lstrip("-"), style.point), number_of(times["price"], style.point)
    if quantity is None or price is None:
        return None
    start = times.start("sign") if times["sign"] else times.start("price")
    of = cut_out(span, *times.span("count"))
    each = cut_out(span, start, times.end("price"))
    signed = -quantity if count.startswith("-") else quantity
    return (
        Number(span=of, value=signed, money=False, column="quantity"),
        Number(span=each, value=price, money=True, column="price"),
    )


def _number(span: TextSpan, value: float, heads: Sequence[Head], *, money: bool) -> Number:
    return Number(span=span, value=value, money=money, column=column_at(span.box, heads))


# Words.


def is_words(text: str, style: Style) -> bool:
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
    return letters >= 2 and letters > digits and bare not in words().tails and not is_currency(bare)


def _bare(name: TextSpan) -> TextSpan:
    """A name without the code and the sign of tax before it."""
    parts = list(re.finditer(r"\S+", name.text))
    first = 0
    while first + 1 < len(parts) and _is_code(parts[first].group()):
        first += 1
    return cut_out(name, parts[first].start(), len(name.text)) if parts else name


def _is_code(part: str) -> bool:
    return sum(c.isdigit() for c in part) >= FEWEST_DIGITS or part in words().tails
