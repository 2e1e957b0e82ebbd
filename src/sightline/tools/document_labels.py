"""Which value belongs to which label: beside it, after its colon, or under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sightline.tools.document_layout import (
    AMOUNTS,
    TYPED,
    Piece,
    Row,
    cut_out,
    fits,
    is_currency,
    is_name,
    is_value,
)
from sightline.tools.document_values import Style, days_in, money_in
from sightline.tools.document_words import kinds_of
from sightline.tools.reading import whole
from sightline.types import Box, TextSpan

COLON, KNOWN, BESIDE, BELOW, ALONE = 0.95, 0.92, 0.8, 0.85, 0.8
"""How sure a label is of its value, by how they stand; times the reader's own score."""

BLOCKS = ("bill to", "ship to", "company")
"""Whose value is a block of lines: a name, then an address."""

FEWEST = 3
"""Labels of a form that a page has, for `Level` or `Room` without a colon to be such a label too."""

NEAR = 1.2
"""Times the height of a line: the white space between a label and a value under it, at most."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A label with its value. `row`: in which row the label stands; `kinds`: what it may be."""

    name: str
    spans: tuple[TextSpan, ...]
    score: float
    row: int
    kinds: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The value as printed."""
        text = " ".join(span.text for span in self.spans).strip(" :：")
        return text.rstrip(") ") if text.count(")") > text.count("(") else text

    @property
    def box(self) -> Box:
        """Of the value."""
        return whole([span.box for span in self.spans])


def labels_of(rows: Sequence[Row], style: Style, heads: set[int]) -> list[Found]:
    """Every label of the rows with its value, from top to bottom.

    `heads`: rows of heads of columns, no labels.
    """
    return _Pairing(rows, style, heads).found()


class _Pairing:
    """Walks the rows once; a piece is the value of one label alone."""

    def __init__(self, rows: Sequence[Row], style: Style, heads: set[int]) -> None:
        self._rows, self._style, self._heads = rows, style, heads
        self._used: set[tuple[int, int]] = set()
        self._columns = _label_columns(rows)
        asked = sum(piece.label and "" in kinds_of(piece.text) for row in rows for piece in row)
        self._form = asked >= FEWEST

    def found(self) -> list[Found]:
        """All of them."""
        found: list[Found] = []
        for r in range(len(self._rows)):
            if r not in self._heads:
                found += self._in_row(r)
        return sorted(found, key=lambda one: (one.row, one.box.x1))

    def _in_row(self, r: int) -> list[Found]:
        """The labels of a row with their values, beside or under them; without labels, words and a value."""
        row, found = self._rows[r], []
        labels = self._labels(r)
        waiting = []
        for at, end in zip(labels, [*labels[1:], len(row)], strict=False):
            if value := self._value(row, at, end):
                self._used |= {(r, at), *((r, n) for n in value)}
                spans = [row[n].span for n in value]
                found.append(self._made(r, at, [*spans, *self._wrapped(r, at, value)]))
            else:
                waiting.append(at)
        for at in waiting:
            found += self._under(r, at)
        taken = any((r, n) in self._used for n in range(len(row)))
        return found if labels or taken else self._beside(r)

    def _labels(self, r: int) -> list[int]:
        """Which pieces of a row stand as labels."""
        row = self._rows[r]
        heads = len(row) > 1 and all(piece.label for piece in row)
        return [
            n
            for n, piece in enumerate(row)
            if (heads or self._is_label(piece) or (r, n) in self._columns) and (r, n) not in self._used
        ]

    def _is_label(self, piece: Piece) -> bool:
        return piece.label and (piece.colon or self._form or any(kinds_of(piece.text)))

    def _value(self, row: Row, at: int, end: int) -> list[int]:
        """Which pieces after the label `at` and before `end` are its value."""
        between = list(range(at + 1, end))
        kinds = kinds_of(row[at].text)
        if not between:
            return []
        if any(kind in AMOUNTS for kind in kinds):
            paid = [n for n in between if money_in(self._with_sign(row, n), self._style)]
            if paid:
                sign = [paid[-1] - 1] if paid[-1] - 1 > at and is_currency(row[paid[-1] - 1].text) else []
                return [*sign, paid[-1]]
        fitting = [n for n in between if any(kind and fits(kind, row[n].text, self._style) for kind in kinds)]
        first = fitting[0] if fitting else between[0]
        if not (row[at].colon or fitting or not kinds or "" in kinds):
            return []
        return self._joined(row, first, end)

    def _with_sign(self, row: Row, n: int) -> str:
        before = row[n - 1].text if n and is_currency(row[n - 1].text) else ""
        return f"{before} {row[n].text}".strip()

    def _joined(self, row: Row, first: int, end: int) -> list[int]:
        """The piece `first` and those that follow it at the distance of a space."""
        value = [first]
        for n in range(first + 1, end):
            if row[n].box.x1 - row[n - 1].box.x2 > 0.9 * min(row[n].box.height, row[n - 1].box.height):
                break
            value.append(n)
        return value

    def _made(self, r: int, at: int, spans: Sequence[TextSpan], sure: float | None = None) -> Found:
        label = self._rows[r][at]
        sure = sure or (COLON if label.colon else KNOWN)
        return _found(label.text, spans, sure * label.span.score, r)

    def _beside(self, r: int) -> list[Found]:
        """The words that a row begins with, and the amount or date that it ends with."""
        row = self._rows[r]
        last = next((n for n in range(len(row) - 1, 0, -1) if is_value(row[n].text, self._style)), None)
        if last is None:
            return self._within(r)
        name = next((n for n in range(last) if is_name(row[n].text)), None)
        if name is None or not (
            money_in(row[last].text, self._style) or days_in(row[last].text) or len(row) == 2
        ):
            return []
        self._used |= {(r, name), (r, last)}
        sign = [row[last - 1].span] if last - 1 > name and is_currency(row[last - 1].text) else []
        return [_found(row[name].text, [*sign, row[last].span], BESIDE, r)]

    def _within(self, r: int) -> list[Found]:
        """A row that ends with a run of words and an amount in one."""
        row = self._rows[r]
        for n, piece in enumerate(row):
            money = money_in(piece.text, self._style)
            if money and is_name(piece.text[: money[-1].start]):
                last = money[-1]
                self._used.add((r, n))
                amount = cut_out(piece.span, last.start, last.end)
                return [_found(piece.text[: last.start], [amount], BESIDE, r)]
        return []

    def _wrapped(self, r: int, at: int, value: Sequence[int]) -> list[TextSpan]:
        """The lines in which a text goes on that stands right of its label: alone in their rows, under it."""
        row, first = self._rows[r], self._rows[r][value[0]]
        text = not any(kind in TYPED for kind in kinds_of(row[at].text)) and first.box.x1 > row[at].box.x2
        if not text or value[-1] != len(row) - 1 or is_value(first.text, self._style):
            return []
        alone = r + 1
        while alone < len(self._rows) and min(p.box.x1 for p in self._rows[alone]) > row[at].box.x2:
            alone += 1
        return self._column(r + 1, first, alone)

    def _under(self, r: int, at: int) -> list[Found]:
        """What stands under a label that has no value in its row; of a block, its lines."""
        label = self._rows[r][at]
        kinds = kinds_of(label.text)
        if not (label.colon or kinds) or r + 1 >= len(self._rows):
            return []
        n = self._below(r, at)
        if n is None:
            return []
        below = self._rows[r + 1]
        self._used.add((r + 1, n))
        lines = [below[n].span]
        found = [self._made(r, at, lines, BELOW)]
        if any(kind in BLOCKS for kind in kinds):
            rest = self._column(r + 2, below[n])
            if rest:
                one = _found(f"{label.text.strip(' :：')} address", rest, BELOW, r + 2)
                found.append(replace(one, kinds=("address of another",)))
        return found

    def _below(self, r: int, at: int) -> int | None:
        """The piece of the next row that stands under a label; None where none does or fits."""
        label, below = self._rows[r][at], self._rows[r + 1]
        if min(piece.box.y1 for piece in below) - label.box.y2 > NEAR * label.box.height:
            return None
        kinds = kinds_of(label.text)
        free = [n for n, piece in enumerate(below) if not piece.label and (r + 1, n) not in self._used]
        typed = [kind for kind in kinds if kind]
        fitting = [n for n in free if any(fits(kind, below[n].text, self._style) for kind in typed)]
        if any(kind in AMOUNTS for kind in kinds):
            # An amount may stand far to the right, if it is alone and no other amount follows (a column of a
            # table).
            alone = [n for n in fitting if money_in(below[n].text, self._style)]
            single = len(self._rows[r]) == 1 and len(below) - len(alone) == sum(
                is_currency(piece.text) for piece in below
            )
            if len(alone) == 1 and (single or _under(label, below[alone[0]])):
                return alone[0]
            typed = [kind for kind in typed if kind not in AMOUNTS]  # `Due`: an amount, or else a date
            fitting = [n for n in free if any(fits(kind, below[n].text, self._style) for kind in typed)]
        if (kinds and not typed and "" not in kinds) or self._is_table(r):
            return None
        return next((n for n in (fitting if typed else free) if _under(label, below[n])), None)

    def _is_table(self, r: int) -> bool:
        """Whether a row of labels goes on with two rows or more that stand alike under it."""
        if len(self._rows[r]) < 2 or r + 2 >= len(self._rows):
            return False
        heads, first, second = self._rows[r : r + 3]
        if any(piece.label for piece in (*first, *second)):
            return False
        if len(first) != len(heads) or len(second) != len(heads):
            return False
        values = sum(is_value(piece.text, self._style) for piece in second)
        pairs = list(zip(first, second, strict=True))
        return values > 0 and all(_under(a, b) and self._alike(a, b) for a, b in pairs)

    def _alike(self, a: Piece, b: Piece) -> bool:
        """Whether both are dates, both amounts, or neither, as in a column."""
        kinds = [(bool(days_in(one.text)), bool(money_in(one.text, self._style))) for one in (a, b)]
        return kinds[0] == kinds[1]

    def _column(self, r: int, above: Piece, end: int | None = None) -> list[TextSpan]:
        """The lines from row `r` to `end` that go on under a piece.

        They end at a label, an amount or white space.
        """
        found: list[TextSpan] = []
        for n in range(r, min(r + 5, len(self._rows) if end is None else end)):
            last = found[-1].box if found else above.box
            for at, piece in enumerate(self._rows[n]):
                aligned = abs(piece.box.x1 - above.box.x1) < above.box.height
                near = piece.box.y1 - last.y2 < 0.9 * above.box.height
                if aligned and near and not piece.label and not is_value(piece.text, self._style):
                    self._used.add((n, at))
                    found.append(piece.span)
                    break
            else:
                break
        return found


def _found(name: str, spans: Sequence[TextSpan], sure: float, row: int) -> Found:
    score = sure * min(span.score for span in spans)
    name = name.strip(" :：.-*=•")
    name = name.strip("()[] ") if name.count("(") != name.count(")") else name
    return Found(name=name, spans=tuple(spans), score=score, row=row, kinds=kinds_of(name))


def _under(above: Piece, below: Piece) -> bool:
    overlap = min(above.box.x2, below.box.x2) - max(above.box.x1, below.box.x1)
    return overlap > 0 or abs(above.box.x1 - below.box.x1) < above.box.height


def _label_columns(rows: Sequence[Row]) -> set[tuple[int, int]]:
    """Left pieces of rows of two that are labels by their column.

    A known label stands in their column, and none in the other.
    """
    found: set[tuple[int, int]] = set()
    block: list[int] = []
    for r in range(len(rows) + 1):
        if r < len(rows) and len(rows[r]) == 2 and is_name(rows[r][0].text) and _lines_up(rows, block, r):
            block.append(r)
            continue
        if (
            len(block) > 1
            and any(rows[n][0].label for n in block)
            and not any(rows[n][1].label for n in block)
        ):
            found |= {(n, 0) for n in block}
        block = [r] if r < len(rows) and len(rows[r]) == 2 and is_name(rows[r][0].text) else []
    return found


def _lines_up(rows: Sequence[Row], block: list[int], r: int) -> bool:
    if not block:
        return True
    (a, b), (c, d) = rows[block[-1]], rows[r]
    height = a.box.height
    left = abs(a.box.x1 - c.box.x1) < height
    right = abs(b.box.x1 - d.box.x1) < height or abs(b.box.x2 - d.box.x2) < height
    return left and right and r == block[-1] + 1
