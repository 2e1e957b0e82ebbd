"""The shapes of SQL that a question about a table may mean, each with its value, tokens and cost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import fmean

from sightline.train.symbolic.wtq_asked import RANKS, YEARLIKE, Order
from sightline.train.symbolic.wtq_named import FROM, MOST_LISTED, NamedRows, Shape, told
from sightline.train.symbolic.wtq_rows import Field, Where
from sightline.train.symbolic.wtq_words import plain


class Shapes(NamedRows):
    """All shapes for one question."""

    def __iter__(self) -> Iterator[Shape]:
        """Those that words of the question call for."""
        if self._asked.yes_no:
            yield from self._whether()
            if not re.search(r",|\bor\b", self._asked.text):
                return
        for where in self._wheres:
            if self._asked.counting or self._mask(r"\btotal\b|\bcombined\b|\bsum\b|\baverage\b|\bmean\b"):
                yield from self._counts(where)
                yield from self._sums(where)
            yield from self._lookups(where)
            for order in self._asked.orders:
                yield from self._ordered(where, order)
                yield from self._grouped(where, order)
        yield from self._beside()
        yield from self._same()
        yield from self._compared()
        yield from self._differences()
        yield from self._often()

    # One set of rows.

    def _lookups(self, where: Where) -> Iterator[Shape]:
        rows = where.rows
        if where.kind == "all" or len(rows) > MOST_LISTED:
            return
        mask = self._mask(r"\bonly\b|\bboth\b|\bexactly\b")
        if where.kind == "or":
            mask |= self._mask(r"\bor\b|\band\b")
        for field in self._fields:
            if field.sql in where.fields and where.kind not in ("like", "compare", "not", "and"):
                continue
            if field.sql in where.fields and f"{field.sql} = " in where.sql:
                continue
            cells = [field.prints[n] for n in rows if field.prints[n]]
            if not cells:
                continue
            cost = self._wanted[field.sql] + (0.35 if field.sql in where.fields else 0.0)
            used = mask | field.mask
            if self._asked.counting:
                numeric = field.kind == "number" or (field.mask & self._asked.head and cells[0][:1].isdigit())
                if not numeric or len(rows) > 1:
                    continue
                used |= self._asked.counting
            elif len(set(map(plain, cells))) > 1:
                cost += 0.25
            yield self._shape("lookup" if len(rows) == 1 else "list", field.sql, where, cells, used, cost)

    def _counts(self, where: Where) -> Iterator[Shape]:
        asked = self._asked
        counting = asked.counting | self._mask(r"\btotal\b|\bexactly\b|\bonly\b|\blisted\b")
        if not asked.counting:
            counting |= self._mask(r"\btotal number\b")
        if where.kind == "or":
            counting |= self._mask(r"\bor\b|\band\b")
        sums = any(f.kind == "number" and f.mask & asked.head and f.named >= 0.5 for f in self._fields)
        cost = 0.2 + (1.2 if sums else 0.0) + (0.0 if asked.counting else 1.5)
        if re.search(r"\bhow much\b|\bamount\b", asked.text):
            cost += 0.8
        heads = sum((f.mask for f in self._fields if f.kind == "text"), 0) & 0
        for field in self._fields:
            if field.mask & asked.head:
                heads |= field.mask & asked.head
        yield self._shape("count", "count(*)", where, [told(len(where.rows))], counting | heads, cost)
        different = self._mask(r"\bdifferent\b|\bunique\b|\bdistinct\b|\bvarious\b|\beach\b")
        for field in self._fields:
            if field.sql in where.fields or not (field.mask & asked.head):
                continue
            cells = {field.plains[n] for n in where.rows if field.plains[n]}
            if len(cells) == len(where.rows) and not different:
                continue
            more = 0.0 if different else 0.35
            what = f"count(DISTINCT {field.sql})"
            used = counting | different | field.mask
            values = [told(len(cells))]
            if field.kind == "number" and not different:
                continue
            yield self._shape("count distinct", what, where, values, used, 0.2 + more)

    def _sums(self, where: Where) -> Iterator[Shape]:
        if len(where.rows) < 2:
            return
        total = self._mask(
            r"\b(?:total|combined|sum|altogether|in all|all together|together|overall|entire)\b"
        )
        mean = self._mask(r"\b(?:average|mean)\b")
        many = self._asked.counting
        both = self._mask(r"\band\b|\bboth\b") if where.kind == "or" else 0
        for field in self._fields:
            values = field.numbers(where.rows)
            if field.kind != "number" or len(values) < 2 or field.sql in where.fields:
                continue
            named = 0.0 if field.mask and field.named >= 0.5 else 0.35 if field.mask else 1.3
            if set(field.words) & (YEARLIKE | RANKS):
                if not field.mask & self._asked.head or not total:
                    continue
                named += 0.8
            if total or many:
                cost = 0.15 + named + (0.0 if total else 0.3)
                used = total | many | field.mask | both
                yield self._shape("sum", f"sum({field.sql})", where, [told(sum(values))], used, cost)
            if mean:
                used = mean | many | field.mask | both
                yield self._shape(
                    "mean", f"avg({field.sql})", where, [told(fmean(values))], used, 0.1 + named
                )

    # Orders.

    def _ordered(self, where: Where, order: Order) -> Iterator[Shape]:
        if order.between != (where.kind == "or") and order.between:
            return
        if len(where.rows) < 2 or len(where.rows) < order.limit:
            return
        if order.of == "row":
            yield from self._picked(where, order, None, 0.2 if order.word not in ("first", "last") else 0.25)
            return
        for field in self._fields:
            cost = self._asked.by(field, order)
            if cost is None or any(f == field.sql and where.kind != "compare" for f in where.fields):
                continue
            if self._asked.flipped(field, order):
                cost += 1.0
            yield from self._picked(where, order, field, cost)

    def _picked(self, where: Where, order: Order, key: Field | None, cost: float) -> Iterator[Shape]:
        values = {n: key.values[n] if key else float(n) for n in where.rows}
        known = [(value, n) for n, value in values.items() if value is not None]
        if len(known) < max(2, order.offset + order.limit):
            return
        known.sort(key=lambda one: one[0], reverse=order.down)
        cut = order.offset + order.limit
        tied = cut < len(known) and known[cut][0] == known[cut - 1][0]
        tied = tied or (order.offset > 0 and known[order.offset][0] == known[order.offset - 1][0])
        chosen = [n for _, n in known[order.offset : cut]]
        name = key.sql if key else "row_no"
        tail = f" ORDER BY {name}{' DESC' if order.down else ''} LIMIT {order.limit}"
        tail += f" OFFSET {order.offset}" if order.offset else ""
        used = order.mask | (key.mask if key else 0)
        if where.kind == "or":
            used |= self._mask(r"\bor\b")
        if self._asked.counting:
            used |= self._asked.counting
        f = "max" if order.down else "min"
        if key and order.limit == 1 and not order.offset and where.kind != "or":
            yield self._extreme(where, key, f, key.prints[chosen[0]], used, cost)
        if tied:
            if key and order.limit == 1 and not order.offset:
                yield from self._tied(where, key, f, known, used, cost)
            return
        for field in self._fields:
            if key and field.sql == key.sql:
                continue
            cells = [field.prints[n] for n in chosen]
            if not all(cells):
                continue
            more = self._wanted[field.sql]
            if where.kind == "or" and field.sql in where.fields:
                more = min(more, 0.1)
            elif order.between:
                more += 0.6
            elif field.sql in where.fields and f"{field.sql} = " in where.sql:
                continue
            if self._asked.counting and field.kind != "number":
                continue
            sql = f"SELECT {field.sql} {FROM}{where.tail}{tail}"
            kind = "row order" if key is None else "second" if order.offset else "superlative"
            mask = used | field.mask | where.mask
            yield Shape(kind=kind, sql=sql, values=tuple(cells), mask=mask, cost=cost + more + where.cost)

    def _extreme(self, where: Where, key: Field, f: str, text: str, used: int, cost: float) -> Shape:
        more = max(0.0, self._wanted[key.sql] - (0.4 if key.mask else 0.0))
        if re.search(r"\bwho\b|\bwhich\b|\bwhere\b", self._asked.text) and not key.mask & self._asked.head:
            more += 0.8
        return self._shape("extreme", f"{f}({key.sql})", where, [text], used, cost + more)

    def _tied(
        self, where: Where, key: Field, f: str, known: Sequence[tuple[object, int]], used: int, cost: float
    ) -> Iterator[Shape]:
        best = known[0][0]
        rows = sorted(n for value, n in known if value == best)
        if len(rows) > MOST_LISTED or where.kind == "or":
            return
        inner = f"SELECT {f}({key.sql}) {FROM}{where.tail}"
        tail = f"{where.sql} AND " if where.sql else ""
        for field in self._fields:
            cells = [field.prints[n] for n in rows]
            if field.sql == key.sql or not all(cells) or field.sql in where.fields or self._asked.counting:
                continue
            sql = f"SELECT {field.sql} {FROM} WHERE {tail}{key.sql} = ({inner})"
            mask = used | field.mask | where.mask
            more = self._wanted[field.sql] + where.cost + 0.1
            yield Shape(kind="tied", sql=sql, values=tuple(cells), mask=mask, cost=cost + more)

    def _grouped(self, where: Where, order: Order) -> Iterator[Shape]:
        """The commonest or rarest value, or that of the largest sum."""
        if order.of != "size" or order.offset or order.between != (where.kind == "or"):
            return
        asked = self._asked
        weights, last = asked.weights, order.mask.bit_length()
        odd = 0.5 if last < len(weights) and weights[last] > 0.25 else 0.0  # the most of what no column is
        for field in self._fields:
            groups: dict[str, list[int]] = {}
            for n in where.rows:
                if field.prints[n]:
                    groups.setdefault(field.plains[n], []).append(n)
            if field.kind == "number" and not set(field.words) & {"year", "season"}:
                continue
            if len(groups) < 2 or len(groups) == sum(map(len, groups.values())):
                continue
            if field.sql in where.fields and where.kind != "or":
                continue
            named = [f for f in self._fields if f.kind == "number" and f.mask and f.sql != field.sql]
            counted = [f for f in named if not set(f.words) & (YEARLIKE | RANKS)]
            for key in (None, *counted):
                sums = {k: float(len(v)) if key is None else sum(key.numbers(v)) for k, v in groups.items()}
                ranked = sorted(sums.items(), key=lambda one: one[1], reverse=order.down)
                if len(ranked) > order.limit and ranked[order.limit - 1][1] == ranked[order.limit][1]:
                    continue
                by = "count(*)" if key is None else f"sum({key.sql})"
                tail = f"{where.tail} GROUP BY {field.sql} ORDER BY {by}{' DESC' if order.down else ''}"
                texts = [field.prints[groups[k][0]] for k, _ in ranked[: order.limit]]
                cost = 0.35 + self._wanted[field.sql] + where.cost + (0.15 if key else odd)
                mask = order.mask | field.mask | where.mask | (key.mask if key else 0)
                mask |= self._mask(r"\b(?:often|frequent(?:ly)?|common(?:ly)?|times)\b") if key is None else 0
                mask |= self._mask(r"\bor\b") if where.kind == "or" else 0
                limit = f" LIMIT {order.limit}"
                if not self._asked.counting or re.search(
                    r"most number of|greatest number|number of", self._asked.text
                ):
                    yield Shape(
                        kind="group",
                        sql=f"SELECT {field.sql} {FROM}{tail}{limit}",
                        values=tuple(texts),
                        mask=mask | self._asked.counting,
                        cost=cost,
                    )

    def _often(self) -> Iterator[Shape]:
        """Values that are there more than once."""
        cue = self._mask(
            r"\b(?:more than (?:once|one|1)|multiple|twice|at least (?:two|twice|2)|"
            r"repeat(?:ed)?|two or more)\b"
        )
        if not cue or self._asked.counting:
            return
        for where in self._wheres:
            for field in self._fields:
                if (field.kind == "number" and "year" not in field.words) or field.sql in where.fields:
                    continue
                groups: dict[str, list[int]] = {}
                for n in where.rows:
                    groups.setdefault(field.plains[n], []).append(n)
                texts = [field.prints[v[0]] for k, v in groups.items() if k and len(v) > 1]
                if 0 < len(texts) <= MOST_LISTED:
                    sql = f"SELECT {field.sql} {FROM}{where.tail} GROUP BY {field.sql} HAVING count(*) > 1"
                    yield Shape(
                        kind="often",
                        sql=sql,
                        values=tuple(texts),
                        mask=cue | field.mask | where.mask,
                        cost=0.3 + self._wanted[field.sql] + where.cost,
                    )
