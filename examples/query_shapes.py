"""A fixed set of shapes of SQL, filled in with the words and numbers of a question: what a planner might ask.

A shape is a SELECT over one relation: which rows (`query_rows`) and what of them. Literals come from the
question alone: names of cells that it says, words of it that stand within cells, its numbers. Never from the
answer, and never from cells that the question does not name. Shapes over the long form, a line a cell, are in
`query_cells`; which words of a question ask for a shape is in `query_kinds`. The kinds of shapes here:

of the rows: a cell; how many rows, distinct values; largest, smallest, second largest and smallest, sum,
mean, median, mode, range; the cell at the largest, smallest, second largest, second smallest value, at the
value nearest to and farthest from zero; first and last cell; the commonest and the rarest value, how often it
is there, how many are there more than once.

of two rows, or of two columns of a row: difference, sum, ratio, mean, rate of change, the larger and the
smaller one; minutes or years between.

of a row and all: its share of the total, as a part and in percent.

of a number of the question and the rows: the rest of it, so many times, a part, whether it is enough, whether
a value is more or less.

of the whole: whether x tells y (a function), whether y grows evenly with x (linear), whether demand is larger
than supply.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, time
from itertools import pairwise, permutations
from operator import itemgetter
from statistics import fmean, median

from query_cells import cell_shapes
from query_kinds import MOST_VALUES, Shape, Value
from query_question import Question, numbers_of, plain
from query_rows import SIGNS, Field, Filter, View, filters_of
from sightline.tools.relations import Rows

_NUMBER = r"\d+\+\d+/\d+|\d+/\d+|\d[\d.,]*"


class Shapes:
    """The shapes over one wide relation and its long form, for one question."""

    def __init__(self, wide: Rows, long: Rows | None, question: Question) -> None:
        self._view = View(wide)
        self._long = long
        self._question = question
        self._from = self._view.source

    def __iter__(self) -> Iterator[Shape]:
        """All shapes."""
        filters = filters_of(self._view, self._question)
        for one in filters:
            yield from self._lookups(one)
            yield from self._of_rows(one)
            yield from self._extremes(one)
            yield from self._of_two_columns(one)
            yield from self._of_numbers(one)
            yield from self._shares(one)
        yield from self._two_rows(filters)
        yield from self._groups()
        yield from self._several(filters)
        yield from self._wholes()
        if self._long is not None:
            yield from cell_shapes(self._long, self._question)

    # Shapes of some rows.

    def _shape(self, kind: str, what: str, where: Filter, *values: Value | None) -> Shape:
        told = tuple(value for value in values if value is not None)
        tail = "" if where.kind == "all" else f" where {where.sql}"
        return Shape(kind=kind, sql=f"select {what} {self._from}{tail}", values=told, rows=where.kind)

    def _lookups(self, where: Filter) -> Iterator[Shape]:
        """The cells of a column in some rows."""
        rows = sorted(where.rows)
        for field in self._view.fields:
            cells = [field.prints[n] for n in rows if field.prints[n]]
            if len(cells) > MOST_VALUES:
                continue
            yield self._shape("lookup" if len(rows) == 1 else "list", field.sql, where, *cells)
            if len(cells) > 1:
                once = {plain(cell): cell for cell in reversed(cells)}
                yield self._shape("list", f"distinct {field.sql}", where, *once.values())

    def _of_rows(self, where: Filter) -> Iterator[Shape]:
        """How many, how many different, sums and means."""
        rows = sorted(where.rows)
        yield self._shape("count", "count(*)", where, len(rows))
        for field in self._view.fields:
            cells = [plain(value) for n in rows if (value := field.values[n]) is not None]
            yield self._shape("count", f"count({field.sql})", where, len(cells))
            yield self._shape("count distinct", f"count(distinct {field.sql})", where, len(set(cells)))
            prints = [field.prints[n] for n in rows]
            yield self._shape("first", f"arg_min({field.sql}, row_no)", where, prints[0] or None)
            yield self._shape("last", f"arg_max({field.sql}, row_no)", where, prints[-1] or None)
        for field in self._view.numbers:
            if values := _known(field, rows):
                name = field.sql
                yield self._shape("sum", f"sum({name})", where, sum(values))
                yield self._shape("mean", f"avg({name})", where, fmean(values))
                yield self._shape("median", f"median({name})", where, median(values))
                (mode, times), *others = Counter(values).most_common(2)
                if times > 1 and not (others and others[0][1] == times):
                    yield self._shape("mode", f"mode({name})", where, mode)
                yield self._shape("range", f"max({name}) - min({name})", where, max(values) - min(values))

    def _extremes(self, where: Filter) -> Iterator[Shape]:
        """The largest and smallest, the second ones, and the cells that stand there."""
        for field in self._view.ordered:
            known = [(value, n) for n in sorted(where.rows) if (value := field.values[n]) is not None]
            for ways, name in ((known, field.sql), (_off_zero(known), f"abs({field.sql})")):
                for f, order in (
                    ("max", sorted(ways, key=itemgetter(0), reverse=True)),
                    ("min", sorted(ways, key=itemgetter(0))),
                ):
                    if not order:
                        continue
                    if ways is known:
                        yield self._shape("extreme", f"{f}({name})", where, order[0][0])
                    yield from self._at(where, field, f, name, order)

    def _at(
        self, where: Filter, field: Field, f: str, name: str, order: list[tuple[Value, int]]
    ) -> Iterator[Shape]:
        for other in self._view.fields:
            if other.sql == field.sql:
                continue
            yield self._shape(f"at {f}", f"arg_{f}({other.sql}, {name})", where, other.prints[order[0][1]])
            if len(order) > 1 and not name.startswith("abs"):
                second = f"{other.sql} {self._from} where {where.sql} and {name} is not null"
                way = "desc" if f == "max" else "asc"
                both = (other.prints[order[0][1]], other.prints[order[1][1]])
                for kind, limit, values in (("second", "1 offset 1", both[1:]), ("two", "2", both)):
                    sql = f"select {second} order by {name} {way} limit {limit}"
                    yield Shape(kind=f"at {kind} {f}", sql=sql, values=values, rows=where.kind)

    def _of_two_columns(self, where: Filter) -> Iterator[Shape]:
        """Of two columns of numbers, or of times."""
        rows = sorted(where.rows)
        for a, b in permutations(self._view.numbers[:6], 2):
            both = [
                (x, y, n)
                for n in rows
                if isinstance(x := a.values[n], float) and isinstance(y := b.values[n], float)
            ]
            if not both:
                continue
            xs, ys = sum(x for x, _, _ in both), sum(y for _, y, _ in both)
            yield self._shape("columns difference", f"sum({a.sql} - {b.sql})", where, xs - ys)
            yield self._shape("weighted", f"sum({a.sql} * {b.sql})", where, sum(x * y for x, y, _ in both))
            yield self._shape("columns sum", f"sum({a.sql} + {b.sql})", where, xs + ys)
            if ys:
                yield self._shape("columns ratio", f"sum({a.sql}) / sum({b.sql})", where, xs / ys)
            for x in self._question.numbers[:3]:
                if both[0][1]:
                    what = f"first({a.sql} / {b.sql} order by row_no) * {x:.15g}"
                    yield self._shape("rate", what, where, both[0][0] / both[0][1] * x)
            furthest = max(both, key=lambda one: abs(one[0] - one[1]))[2]
            for other in self._view.fields:
                what = f"arg_max({other.sql}, abs({a.sql} - {b.sql}))"
                yield self._shape("at difference", what, where, other.prints[furthest] or None)
        for a, b in permutations([f for f in self._view.fields if f.kind == "time"][:4], 2):
            if len(rows) == 1 and (x := a.values[rows[0]]) and (y := b.values[rows[0]]):
                what = f"date_diff('minute', {a.sql}, {b.sql})"
                yield self._shape("minutes", what, where, _minutes(y) - _minutes(x))

    def _of_numbers(self, where: Filter) -> Iterator[Shape]:
        """Of some rows and a number of the question."""
        for field in self._view.numbers:
            if not (values := _known(field, where.rows)):
                continue
            name, total = field.sql, sum(values)
            for x in self._question.numbers[:4]:
                yield self._shape("rest", f"{x:.15g} - sum({name})", where, x - total)
                yield self._shape("times", f"{x:.15g} * sum({name})", where, x * total)
                if x:
                    yield self._shape("part", f"sum({name}) / {x:.15g}", where, total / x)
                yield self._shape("enough", f"sum({name}) <= {x:.15g}", where, total <= x)
                yield self._shape("whether", f"max({name}) > {x:.15g}", where, max(values) > x)

    def _shares(self, where: Filter) -> Iterator[Shape]:
        """What part of all the rows are."""
        if where.kind == "all":
            return
        for field in self._view.numbers:
            part, whole = (sum(_known(field, one.rows)) for one in (where, self._view.everything))
            if whole:
                total = f"(select sum({field.sql}) {self._from})"
                yield self._shape("share", f"sum({field.sql}) / {total}", where, part / whole)
                yield self._shape("share", f"100 * sum({field.sql}) / {total}", where, 100 * part / whole)
        part = len(where.rows) / len(self._view.everything.rows)
        yield self._shape("share", f"count(*) / (select count(*) {self._from})", where, part)

    # Shapes of two rows, of groups, of the whole.

    def _two_rows(self, filters: Sequence[Filter]) -> Iterator[Shape]:
        """Of two rows that are named: difference, sum, ratio, rate of change, which is more."""
        kinds = ("=", "like", "number", "and")
        single = [one for one in filters if one.kind in kinds and len(one.rows) == 1][:8]
        for one, two in permutations(single, 2):
            a, b = min(one.rows), min(two.rows)
            for field in self._view.ordered:
                x, y = field.values[a], field.values[b]
                first, second = (f"any_value({field.sql}) filter ({f.sql})" for f in (one, two))
                for kind, what, value in _compared(x, y, first, second):
                    yield self._shape(kind, what, self._view.everything, value)
            for u, v in permutations(self._view.numbers[:3], 2):
                yield from self._slope(u, v, one, two)
            if a > b:
                rows = (f"(select row_no {self._from} where {f.sql})" for f in (one, two))
                yield Shape(kind="rows between", sql=f"select {' - '.join(rows)} - 1", values=(a - b - 1,))

    def _slope(self, u: Field, v: Field, one: Filter, two: Filter) -> Iterator[Shape]:
        a, b = min(one.rows), min(two.rows)
        known = [x for x in (u.values[a], u.values[b], v.values[a], v.values[b]) if isinstance(x, float)]
        if len(known) == 4 and known[0] != known[1]:
            du, dv = (
                f"(any_value({f.sql}) filter ({two.sql}) - any_value({f.sql}) filter ({one.sql}))"
                for f in (u, v)
            )
            value = (known[3] - known[2]) / (known[1] - known[0])
            yield self._shape("rate of change", f"{dv} / {du}", self._view.everything, value)

    def _groups(self) -> Iterator[Shape]:
        """The commonest and rarest value of a column, how often it is there; sums by value; repeated ones."""
        for field in self._view.fields:
            groups: dict[str, list[int]] = {}
            for n, text in enumerate(field.prints):
                if field.kind == "text" and text:
                    groups.setdefault(plain(text), []).append(n)
            if len(groups) == sum(map(len, groups.values())):
                continue
            grouped = f"{self._from} where {field.sql} is not null group by {field.sql}"
            counts: list[tuple[str, dict[str, float]]] = [
                ("count(*)", {k: len(v) for k, v in groups.items()})
            ]
            counts += [
                (f"sum({f.sql})", {k: sum(_known(f, v)) for k, v in groups.items()})
                for f in self._view.numbers[:4]
            ]
            for by, values in counts:
                for f, way in ((max, "desc"), (min, "asc")):
                    best = f(values, key=lambda k, of=values: of[k])
                    tail = f"{grouped} order by {by} {way}, min(row_no) limit 1"
                    text = field.prints[groups[best][0]]
                    yield Shape(kind="group", sql=f"select {field.sql} {tail}", values=(text,))
                    yield Shape(kind="group", sql=f"select {by} {tail}", values=(values[best],))
            for least in (2, *(int(n) for n in self._question.numbers[:2] if n >= 1)):
                for sign in (">=", "="):
                    some = [v for v in groups.values() if SIGNS[sign](len(v), least)]
                    inner = f"select {field.sql} {grouped} having count(*) {sign} {least}"
                    yield Shape(kind="so often", sql=f"select count(*) from ({inner})", values=(len(some),))
                    texts = tuple(field.prints[v[0]] for v in some)
                    if 0 < len(texts) <= MOST_VALUES:
                        yield Shape(kind="so often", sql=inner, values=texts)

    def _several(self, filters: Sequence[Filter]) -> Iterator[Shape]:
        """So much of each of several things that are named, with a number before each."""
        counted: dict[str, list[tuple[Filter, float]]] = {}
        for one in filters:
            if one.kind != "=" or len(one.rows) != 1:
                continue
            name = next(f.prints[min(one.rows)] for f in self._view.fields if f.sql == one.column)
            place = self._question.place(name)
            before = re.findall(_NUMBER, " ".join(self._question.text.split()[:place]))
            if before and (read := numbers_of(before[-1].rstrip(".,"))):
                counted.setdefault(one.column, []).append((one, read[0]))
        for some in counted.values():
            cases = " ".join(f"when {one.sql} then {n:.15g}" for one, n in some)
            for field in self._view.numbers:
                parts = [n * v for one, n in some if isinstance(v := field.values[min(one.rows)], float)]
                what = f"sum({field.sql} * case {cases} end)"
                yield self._shape("several", what, self._view.everything, sum(parts))

    def _wholes(self) -> Iterator[Shape]:
        """Whether x tells y, whether y grows evenly with x; whether more is wanted than is offered."""
        numbers = [f for f in self._view.fields if f.kind == "number"]
        for x, y in permutations(numbers[:2], 2):
            pairs = [
                (a, b) for a, b in zip(x.values, y.values, strict=True) if a is not None and b is not None
            ]
            once = len({a for a, _ in pairs}) == len(set(pairs))
            inner = f"select distinct {x.sql}, {y.sql} {self._from}"
            sql = f"select count(distinct {x.sql}) = count(*) from ({inner})"
            yield Shape(kind="function", sql=sql, values=(once,))
            slopes = {round((b - d) / (a - c), 6) if a != c else None for (c, d), (a, b) in pairwise(pairs)}
            over = "over (order by row_no)"
            slope = f"round(({y.sql} - lag({y.sql}) {over}) / ({x.sql} - lag({x.sql}) {over}), 6)"
            case = "case when count(distinct slope) = 1 then 'linear' else 'nonlinear' end"
            told = "linear" if len(slopes) == 1 else "nonlinear"
            sql = f"select {case} from (select {slope} as slope {self._from})"
            yield Shape(kind="linear", sql=sql, values=(told,))
        yield from self._market(numbers)

    def _market(self, numbers: Sequence[Field]) -> Iterator[Shape]:
        demand = [f for f in numbers if "demand" in f.sql]
        supply = [f for f in numbers if "suppl" in f.sql]
        for d, s in zip(demand, supply, strict=False):
            for n, (a, b) in enumerate(zip(d.values, s.values, strict=True)):
                price = numbers[0].values[n]
                if price in self._question.numbers and a is not None and b is not None:
                    case = f"case when {d.sql} > {s.sql} then 'shortage' else 'surplus' end"
                    sql = f"select {case} {self._from} where {numbers[0].sql} = {price:.15g}"
                    yield Shape(kind="market", sql=sql, values=("shortage" if a > b else "surplus",))


def _known(field: Field, rows: Iterable[int]) -> list[float]:
    """The numbers of a column in some rows."""
    return [value for n in rows if isinstance(value := field.values[n], float)]


def _off_zero(known: Sequence[tuple[Value, int]]) -> list[tuple[Value, int]]:
    """How far from zero each is, where some are below."""
    numbers = [(value, n) for value, n in known if isinstance(value, float)]
    return [(abs(value), n) for value, n in numbers] if any(value < 0 for value, _ in numbers) else []


def _minutes(at: Value) -> int:
    return at.hour * 60 + at.minute if isinstance(at, time) else 0


def _compared(x: Value | None, y: Value | None, a: str, b: str) -> Iterator[tuple[str, str, Value]]:
    """What two values are to one another: kinds, SQL and values."""
    if isinstance(x, float) and isinstance(y, float):
        yield "difference", f"{a} - {b}", x - y
        yield "sum of two", f"{a} + {b}", x + y
        yield "mean of two", f"({a} + {b}) / 2", (x + y) / 2
        yield "whether more", f"{a} > {b}", x > y
        if y:
            yield "ratio", f"{a} / {b}", x / y
            yield "percent change", f"100 * ({a} - {b}) / {b}", 100 * (x - y) / y
    elif isinstance(x, date) and isinstance(y, date):
        yield "days between", f"{a} - {b}", (x - y).days
        yield "years between", f"date_diff('year', {b}, {a})", x.year - y.year
        yield "months between", f"date_diff('month', {b}, {a})", 12 * (x.year - y.year) + x.month - y.month
    elif isinstance(x, time) and isinstance(y, time):
        yield "minutes between", f"date_diff('minute', {b}, {a})", _minutes(x) - _minutes(y)
