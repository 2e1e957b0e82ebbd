"""Shapes of SQL about rows that a question names: those beside them, like them, more than they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cached_property
from itertools import pairwise

from sightline.train.symbolic.wtq_asked import Asked
from sightline.train.symbolic.wtq_rows import Field, Where, text_in_sql
from sightline.train.symbolic.wtq_words import plain

FROM = 'FROM "table"'
MOST_LISTED = 12


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A query: kind, SQL, the values that it gives, the tokens that it stands for, and its own cost."""

    kind: str
    sql: str
    values: tuple[str, ...]
    mask: int
    cost: float


def told(value: float | bool) -> str:
    """A computed value as answers are written."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.12g}"


_MORE = "more|higher|larger|greater|bigger|longer|taller|heavier|better|later|newer"
_LESS = "less|fewer|lower|smaller|shorter|lighter|worse|earlier|older"

_DIFFERENCE = re.compile(
    r"\bdifference|"
    r"how (?:many|much) (?:\w+ )?(?:more|less|fewer|longer|taller|higher|lower|greater|older|later|earlier)|"
    r"\bhow many \w+ more|\bhow many \w+ (?:apart|later|between)|\bmany (?:more|fewer|less)|\bapart\b|"
    r"\bmore .* than"
)


class NamedRows:
    """The shapes for one question about rows that it names."""

    def __init__(self, asked: Asked, wheres: Sequence[Where]) -> None:
        self._asked = asked
        self._fields = asked.fields
        self._wheres = wheres
        self._mask = asked.question.mask
        self._wanted = {f.sql: asked.wanted(f) for f in self._fields}

    def _shape(
        self, kind: str, what: str, where: Where, values: Sequence[str], mask: int, cost: float
    ) -> Shape:
        sql = f"SELECT {what} {FROM}{where.tail}"
        return Shape(kind=kind, sql=sql, values=tuple(values), mask=mask | where.mask, cost=cost + where.cost)

    # Neighbors and likenesses of a named row.

    def _single(self, most: int = 1) -> list[Where]:
        return [w for w in self._wheres if len(w.rows) <= most and w.kind not in ("all", "or", "not")]

    def _beside(self) -> Iterator[Shape]:
        words = {
            1: r"\b(?:after|next|following|follow(?:s|ed)?|below|beneath|subsequent|succeed(?:s|ed)?)\b",
            -1: r"\b(?:before|previous(?:ly)?|prior|preced(?:ing|ed|es)|above)\b",
        }
        quick = self._mask(r"\b(?:directly|immediately|right|just|listed|comes?|came|name|next)\b")
        for step, pattern in words.items():
            cue = self._mask(pattern)
            if not cue:
                continue
            at = (cue & -cue).bit_length() - 1
            for where in self._single(most=3):
                far = 0.0 if at < where.at <= at + 5 else 0.5
                if self._asked.counting:
                    yield from self._beyond(where, step, cue, far)
                    continue
                mask = cue | where.mask | quick
                turned = self._falls and not self._mask(
                    r"\b(?:listed|list|below|above|beneath|chart|table|row)\b"
                )
                for way, more in ((step, 0.3), (-step, 0.2)) if turned else ((step, 0.0),):
                    yield from self._next_to(where, way, mask, 0.2 + far + more)

    @cached_property
    def _falls(self) -> bool:
        """Whether the rows go back in time."""
        for field in self._fields:
            known = [v for v in field.values if v is not None]
            if (
                field.kind == "day" or "year" in field.words or "season" in field.words
            ) and field.kind != "text":
                pairs = list(pairwise(known))
                if len(pairs) > 1 and all(a >= b for a, b in pairs) and known[0] != known[-1]:  # type: ignore[operator]
                    return True
        return False

    def _next_to(self, where: Where, step: int, used: int, base: float) -> Iterator[Shape]:
        """The cells of the row after or before a named one."""
        n = where.rows[-1] + step if step > 0 else where.rows[0] + step
        if not 0 <= n < len(self._fields[0].prints):
            return
        several = "max(row_no)" if step > 0 else "min(row_no)"
        inner = f"SELECT {'row_no' if len(where.rows) == 1 else several} {FROM}{where.tail}"
        for field in self._fields:
            if not field.prints[n]:
                continue
            cost = min(self._wanted[field.sql], 0.25 if field.sql in where.fields else 9.0)
            sql = f"SELECT {field.sql} {FROM} WHERE row_no = ({inner}) {'+' if step > 0 else '-'} 1"
            more = 0.15 * (len(where.rows) - 1)
            yield Shape(
                kind="beside",
                sql=sql,
                values=(field.prints[n],),
                mask=used | field.mask,
                cost=base + cost + where.cost + more,
            )

    def _beyond(self, where: Where, step: int, cue: int, far: float) -> Iterator[Shape]:
        """How many rows come before or after a named one."""
        if len(where.rows) != 1:
            return
        inner = f"SELECT row_no {FROM}{where.tail}"
        count = len(self._fields[0].prints)
        rows = range(where.rows[0] + 1, count) if step > 0 else range(where.rows[0])
        sql = f"SELECT count(*) {FROM} WHERE row_no {'>' if step > 0 else '<'} ({inner})"
        mask = cue | where.mask | self._asked.counting
        yield Shape(kind="beyond", sql=sql, values=(told(len(rows)),), mask=mask, cost=0.4 + far + where.cost)

    def _same(self) -> Iterator[Shape]:
        cue = self._mask(r"\b(?:same|as|other|else|also|besides|another|share[sd]?|tied|equal)\b")
        if not self._mask(r"\b(?:same|else|tied|equal|shares?|other than|besides|as many)\b"):
            return
        for where in self._single():
            at = where.rows[0]
            named = next((f for f in self._fields if f.sql == where.fields[0]), None)
            if named is None or named.kind != "text":
                continue
            for key in self._fields:
                if not key.mask or key.sql in where.fields or not key.prints[at]:
                    continue
                rows = [
                    n
                    for n, p in enumerate(key.plains)
                    if p == key.plains[at] and named.plains[n] != named.plains[at]
                ]
                if not 0 < len(rows) <= MOST_LISTED:
                    continue
                condition = f"{key.sql} = (SELECT {key.sql} {FROM}{where.tail})"
                condition += f" AND {named.sql} <> {text_in_sql(named.prints[at])}"
                mask = cue | key.mask | where.mask
                cost = 0.25 + (0.0 if key.named >= 0.5 else 0.3) + where.cost
                if self._asked.counting:
                    yield self._how_many("same", condition, rows, mask, cost + 0.3)
                else:
                    yield from self._cells_of("same", condition, rows, key, (named.sql,), mask, cost)

    def _compared(self) -> Iterator[Shape]:
        """Rows with more or less than a named row has; how many they are."""
        for sign, pattern in (
            (">", rf"\b(?:{_MORE})\b.*\bthan\b|\babove\b"),
            ("<", rf"\b(?:{_LESS})\b.*\bthan\b|\bbelow\b"),
        ):
            if not re.search(pattern, self._asked.text):
                continue
            cue = self._mask(rf"\b(?:{_MORE}|{_LESS}|than|above|below)\b")
            for where in self._single():
                for key in self._fields:
                    value = key.values[where.rows[0]]
                    if (
                        key.kind not in ("number", "day")
                        or not key.mask
                        or key.sql in where.fields
                        or value is None
                    ):
                        continue
                    rows = [n for n, v in enumerate(key.values) if v is not None and _beats(v, value, sign)]
                    condition = f"{key.sql} {sign} (SELECT {key.sql} {FROM}{where.tail})"
                    mask = cue | key.mask | where.mask
                    cost = 0.25 + (0.0 if key.named >= 0.5 else 0.3) + where.cost
                    if self._asked.counting:
                        yield self._how_many("compared", condition, rows, mask, cost)
                    elif 0 < len(rows) <= MOST_LISTED:
                        yield from self._cells_of("compared", condition, rows, key, where.fields, mask, cost)

    def _how_many(self, kind: str, condition: str, rows: Sequence[int], mask: int, cost: float) -> Shape:
        """The number of the rows that meet a condition."""
        sql = f"SELECT count(*) {FROM} WHERE {condition}"
        mask |= self._asked.counting
        return Shape(kind=kind, sql=sql, values=(told(len(rows)),), mask=mask, cost=cost)

    def _cells_of(
        self,
        kind: str,
        condition: str,
        rows: Sequence[int],
        key: Field,
        naming: Sequence[str],
        mask: int,
        cost: float,
    ) -> Iterator[Shape]:
        """The cells of the rows that meet a condition on `key`, in each other column without gaps.

        The columns `naming`, which name rows, need not be asked for.
        """
        for field in self._fields:
            cells = tuple(field.prints[n] for n in rows)
            if field is key or not all(cells):
                continue
            more = min(self._wanted[field.sql], 0.2 if field.sql in naming else 9.0)
            sql = f"SELECT {field.sql} {FROM} WHERE {condition}"
            yield Shape(kind=kind, sql=sql, values=cells, mask=mask | field.mask, cost=cost + more)

    # Two named rows.

    def _pairs(self) -> Iterator[tuple[Where, Where]]:
        single = [w for w in self._wheres if w.kind not in ("all", "or", "not")][:14]
        for a in single:
            for b in single:
                if (
                    a.at < b.at
                    and not a.span & b.span
                    and not set(a.rows) & set(b.rows)
                    and set(a.fields) & set(b.fields)
                ):
                    yield a, b

    def _differences(self) -> Iterator[Shape]:
        cue = self._mask(
            r"\b(?:difference|between|and|more|less|fewer|than|longer|taller|apart|after|later|older|"
            r"higher|greater|gap|lower|heavier|earlier|margin)\b"
        )
        if not _DIFFERENCE.search(self._asked.text):
            return
        counting = self._asked.counting
        for a, b in self._pairs():
            mask = a.mask | b.mask | cue | counting
            first, second = (a, b) if len(a.rows) >= len(b.rows) else (b, a)
            gap = len(first.rows) - len(second.rows)
            sql = f"SELECT (SELECT count(*) {FROM}{first.tail}) - (SELECT count(*) {FROM}{second.tail})"
            if len(first.rows) + len(second.rows) > 2:
                yield Shape(
                    kind="difference of counts",
                    sql=sql,
                    values=(told(gap),),
                    mask=mask,
                    cost=0.7 + a.cost + b.cost,
                )
            if len(a.rows) != 1 or len(b.rows) != 1:
                continue
            for key in self._fields:
                x, y = key.values[a.rows[0]], key.values[b.rows[0]]
                if key.kind != "number" or not isinstance(x, float) or not isinstance(y, float):
                    continue
                if key.sql in a.fields:
                    continue
                yearly = bool(set(key.words) & {"year"}) and self._mask(r"\byears?\b")
                named = 0.0 if (key.mask and key.named >= 0.5) or yearly else 0.3 if key.mask else 1.3
                (one, u), (two, v) = ((a, x), (b, y)) if x >= y else ((b, y), (a, x))
                sql = f"SELECT (SELECT {key.sql} {FROM}{one.tail}) - (SELECT {key.sql} {FROM}{two.tail})"
                yield Shape(
                    kind="difference",
                    sql=sql,
                    values=(told(round(u - v, 9)),),
                    mask=mask | key.mask,
                    cost=0.2 + named + a.cost + b.cost,
                )
        yield from self._ranges(cue)

    def _ranges(self, cue: int) -> Iterator[Shape]:
        """The largest value less the smallest."""
        big = self._mask(
            r"\b(?:highest|most|largest|greatest|longest|biggest|tallest|top|maximum|last|best|latest)\b"
        )
        small = self._mask(
            r"\b(?:lowest|least|smallest|fewest|shortest|bottom|minimum|first|worst|earliest)\b"
        )
        if not big or not small:
            return
        for where in self._wheres:
            for key in self._fields:
                values = key.numbers(where.rows)
                if key.kind != "number" or len(values) < 2 or not key.mask or key.sql in where.fields:
                    continue
                what = f"max({key.sql}) - min({key.sql})"
                value = told(round(max(values) - min(values), 9))
                yield self._shape(
                    "range", what, where, [value], cue | big | small | key.mask | self._asked.counting, 0.3
                )

    def _whether(self) -> Iterator[Shape]:
        """Yes or no: one is more than the other, the same, or there is such a row."""
        more = self._mask(
            r"\b(?:more|higher|larger|greater|bigger|longer|taller|heavier|later|newer|after|better|over)\b"
        )
        less = self._mask(
            r"\b(?:less|fewer|lower|smaller|shorter|lighter|earlier|older|before|under|worse)\b"
        )
        than = self._mask(r"\bthan\b|\bas\b|\bor\b|\bequal\b|\blonger\b|\bnumber\b")
        same = self._mask(r"\bsame\b|\bequal\b")
        for a, b in self._pairs():
            if len(a.rows) > 1 or len(b.rows) > 1:
                continue
            for sign, cue in ((">", more), ("<", less), ("=", same)):
                for key in self._fields if cue else ():
                    x, y = key.values[a.rows[0]], key.values[b.rows[0]]
                    if x is None or y is None or key.sql in a.fields or (key.kind == "text" and sign != "="):
                        continue
                    timely = key.kind == "day" or "year" in key.words or "build" in key.words
                    cued = bool(self._mask(r"\b(?:later|newer|after|earlier|older|before)\b"))
                    named = (
                        0.0
                        if key.mask and key.named >= 0.5
                        else 0.3
                        if key.mask or (timely and cued)
                        else 1.3
                    )
                    value = _beats(x, y, sign)
                    sql = f"SELECT (SELECT {key.sql} {FROM}{a.tail}) {sign} (SELECT {key.sql} {FROM}{b.tail})"
                    yield Shape(
                        kind="whether more",
                        sql=sql,
                        values=(told(value),),
                        mask=a.mask | b.mask | cue | than | key.mask,
                        cost=0.2 + named + a.cost + b.cost,
                    )
        for where in self._wheres:
            if where.kind == "and" or (where.kind in ("=", "like", "number") and where.span.bit_count() > 1):
                sql = f"SELECT (SELECT count(*) {FROM}{where.tail}) > 0"
                yield Shape(
                    kind="whether there", sql=sql, values=("yes",), mask=where.mask, cost=0.4 + where.cost
                )


def _beats(x: object, y: object, sign: str) -> bool:
    """Whether two values of a column are so."""
    if sign == "=":
        return (plain(x) == plain(y)) if isinstance(x, str) and isinstance(y, str) else x == y
    if isinstance(x, float) and isinstance(y, float):
        return x > y if sign == ">" else x < y
    if isinstance(x, date) and isinstance(y, date):
        return x > y if sign == ">" else x < y
    if isinstance(x, time) and isinstance(y, time):
        return x > y if sign == ">" else x < y
    return False
