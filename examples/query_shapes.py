"""A fixed set of shapes of SQL, filled in with the words and numbers of a question: what a planner might ask.

A shape is a SELECT over one relation: which rows (`filters_of`) and what of them (`wanted`). Literals come
from the question alone: names of cells that it says, words of it that stand within cells, its numbers. Never
from the answer, and never from cells that the question does not name. The kinds of shapes:

rows: all; a cell of them is named (=); words in a cell (ILIKE); a number (=, <, <=, >, >=, between); a year;
two of these at once; any of the names of one column; not so; the next and the previous row; the rows of the
same value as a named one, or of a larger or smaller value.

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
than supply, what follows in a row of even steps.
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import cache
from itertools import combinations, pairwise, permutations
from statistics import fmean, median

from rapidfuzz import fuzz

from sightline.tools.relations import Rows, Slot

Value = bool | float | int | str | date | time

MOST_FILTERS = 40
"""Ways to choose rows that are tried for one question and relation."""

MOST_VALUES = 30
"""Of a list that may be an answer."""

MOST_NUMBERED = 3
"""Columns of texts with numbers in them (`4th`) that are tried as numbers."""

STOP = frozenset(
    "a an the of in on at to for from by with and or is are was were be been did do does done has have had "
    "how many much what which who whom whose where when why that this these those it its their there than "
    "then as not no per about into over under after before between during all any each more most less least "
    "number total first last next previous year years name named list listed table chart".split()
)
"""Words that say nothing of a row by themselves."""

WORDS = {
    word: n
    for n, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
} | {"once": 1, "twice": 2, "half": 0.5}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A query: its kind, its SQL, the values that it gives, and how its rows are chosen.

    The values are worked out here, in Python, since thousands of shapes are tried; that SQL gives them too is
    checked by whoever counts one.
    """

    kind: str
    sql: str
    values: tuple[Value, ...]
    rows: str = "all"


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A way to choose rows: a condition, the rows that it keeps, and the column that it looks at."""

    kind: str
    sql: str
    rows: frozenset[int]
    column: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question as words without case, accents and endings, and its numbers."""

    text: str
    words: tuple[str, ...]
    numbers: tuple[float, ...]

    @classmethod
    def of(cls, text: str) -> Question:
        """Read a question."""
        return cls(text=text, words=words_of(text), numbers=numbers_of(text))

    def says(self, cell: str) -> bool:
        """Whether a cell is named: its words in a row, all of them somewhere, or nearly the same letters."""
        words = words_of(cell)
        if not words or (len(words) == 1 and words[0] in STOP):
            return False
        runs = zip(*(self.words[n:] for n in range(len(words))), strict=False)
        if words in runs:
            return True
        telling = [word for word in words if word not in STOP]
        if len(telling) > 1 and set(telling) <= set(self.words):
            return True
        letters = " ".join(words)
        numbers = {word for word in words if word.isdigit()}
        near = len(letters) > 5 and fuzz.partial_ratio(letters, " ".join(self.words)) >= 90
        return near and numbers <= set(self.words)

    def place(self, cell: str) -> int:
        """Which word of the question a cell that it says begins at; 0 where it is not said in a row."""
        tokens, words = self.text.split(), words_of(cell)
        starts = [n for n in range(len(tokens)) if words_of(" ".join(tokens[n:]))[: len(words)] == words]
        return starts[0] if starts else 0

    def cues(self, shape: Shape) -> bool:
        """Whether a word of the question asks for what a shape does, and for the rows that it takes."""
        kind = shape.kind.removeprefix("cells ").removeprefix("columns ")
        return _asked(self.text, kind) and _asked(self.text, f"rows {shape.rows}")

    def runs(self) -> list[str]:
        """Words and runs of up to four words that may stand within a cell, the longest first."""
        tokens = re.findall(r"[^\s,;?\"]+", self.text.rstrip("?. "))
        found = []
        for n in range(4, 0, -1):
            for start in range(len(tokens) - n + 1):
                part = tokens[start : start + n]
                telling = [word for word in part if word.casefold() not in STOP and len(word) > 1]
                if telling and part[0].casefold() not in STOP and part[-1].casefold() not in STOP:
                    found.append(" ".join(part))
        return list(dict.fromkeys(found))


def words_of(text: str) -> tuple[str, ...]:
    """Words without case and accents, plurals without their s, and runs of digits."""
    plain_ = re.sub(r"(?<=\d),(?=\d{3})", "", plain(text)).replace("'", "")
    found = re.findall(r"[a-z]+|\d+", plain_)
    return tuple(w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in found)


def numbers_of(text: str) -> tuple[float, ...]:
    """The numbers of a question: digits, fractions, `4+1/10`, words up to twelve."""
    found: list[float] = []
    pattern = r"(\d+)\+(\d+)/(\d+)|(\d+)/(\d+)|(-?\d[\d,]*(?:\.\d+)?|\.\d+)|([a-z]+)"
    for mixed, over, under, top, bottom, digits, word in re.findall(pattern, text.casefold()):
        if mixed:
            found.append(int(mixed) + int(over) / int(under))
        elif top:
            found.append(int(top) / max(int(bottom), 1))
        elif digits:
            found.append(float(digits.replace(",", "")))
        elif word in WORDS:
            found.append(WORDS[word])
    return tuple(dict.fromkeys(found))


def _q(name: str) -> str:
    return '"' + name.lower().replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column, or numbers within one: its SQL, and its value and print in each row."""

    sql: str
    kind: str
    values: tuple[Value | None, ...]
    prints: tuple[str, ...]


class Shapes:
    """The shapes over one wide relation and its long form, for one question."""

    def __init__(self, wide: Rows, long: Rows | None, question: Question) -> None:
        self._wide = wide
        self._long = long
        self._question = question
        self._from = f"from {_q(wide.name)}"
        self._count = len(wide.rows)
        self._fields = [_field(wide, n) for n, c in enumerate(wide.columns) if c.name != "row_no"]
        self._numbers = [f for f in self._fields if f.kind == "number"] + self._within()[:MOST_NUMBERED]
        self._ordered = self._numbers + [f for f in self._fields if f.kind in ("day", "time")]

    def __iter__(self) -> Iterator[Shape]:
        """All shapes."""
        filters = self.filters()
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
        yield from self._of_cells()

    def _within(self) -> list[Field]:
        """Columns of texts with numbers in them, as these numbers."""
        found = []
        for field in self._fields:
            reads = [re.search(r"\d+\.?\d*", text.replace(",", "")) for text in field.prints]
            if field.kind == "text" and sum(map(bool, reads)) > 0.5 * len(reads):
                sql = f"try_cast(regexp_extract(replace({field.sql}, ',', ''), '\\d+\\.?\\d*') as double)"
                values = tuple(float(read.group()) if read else None for read in reads)
                found.append(Field(sql=sql, kind="number", values=values, prints=field.prints))
        return found

    # Rows.

    def filters(self) -> list[Filter]:
        """Ways to choose rows, each with other rows than the others."""
        everything = frozenset(range(self._count))
        kept = {everything: Filter(kind="all", sql="true", rows=everything)}

        def keep(found: Iterable[Filter]) -> list[Filter]:
            return [one for one in found if one.rows and kept.setdefault(one.rows, one) is one]

        named, worded = keep(self._named()), keep(self._worded())[:8]
        numbered = keep(self._numbered())[:16]
        keep(_any_of(named))
        keep(_both([*named, *worded, *numbered][:14]))
        keep(self._beside([*named, *worded, *numbered[:4]]))
        keep(self._not([*named, *worded][:6]))
        return sorted(kept.values(), key=lambda one: _ORDER.index(one.kind))[:MOST_FILTERS]

    def _filter(self, kind: str, sql: str, holds: Callable[[int], bool], column: str = "") -> Filter:
        rows = frozenset(n for n in range(self._count) if holds(n))
        return Filter(kind=kind, sql=sql, rows=rows, column=column)

    def _named(self) -> Iterator[Filter]:
        """A cell is one that the question names."""
        for field in self._fields:
            said = [text for text in dict.fromkeys(field.prints) if text and self._question.says(text)]
            for text in sorted(said, key=len, reverse=True)[:6]:
                sql = f"{field.sql} = {_text(text)}"
                same = [plain(one) == plain(text) for one in field.prints]
                yield self._filter("=", sql, same.__getitem__, field.sql)

    def _worded(self) -> Iterator[Filter]:
        """Words of the question stand within a cell."""
        for run in self._question.runs():
            for field in self._fields:
                has = [run.casefold() in text.casefold() for text in field.prints]
                if any(has):
                    sql = f"{field.sql} ilike {_text(f'%{run}%')}"
                    yield self._filter("like", sql, has.__getitem__, field.sql)

    def _numbered(self) -> Iterator[Filter]:
        """A number of the question is met, passed, or not reached; or is the year."""
        numbers = self._question.numbers[:5]
        for field in self._fields:
            if field.kind == "day":
                years = [value.year if isinstance(value, date) else 0 for value in field.values]
                for n in (n for n in numbers if 1000 < n < 2200):
                    year = [one == n for one in years]
                    yield self._filter("year", f"year({field.sql}) = {n:.0f}", year.__getitem__, field.sql)
        for field in self._numbers:
            for n in numbers:
                for sign, meets in _SIGNS.items():
                    met = [v is not None and meets(v, n) for v in field.values]
                    yield self._filter("number", f"{field.sql} {sign} {n:.15g}", met.__getitem__, field.sql)
            for low, high in combinations(sorted(numbers), 2):
                for a, b in ((">=", "<"), (">=", "<="), (">", "<")):
                    sql = f"{field.sql} {a} {low:.15g} and {field.sql} {b} {high:.15g}"
                    met = [v is not None and _SIGNS[a](v, low) and _SIGNS[b](v, high) for v in field.values]
                    yield self._filter("between", sql, met.__getitem__, field.sql)

    def _beside(self, base: Sequence[Filter]) -> Iterator[Filter]:
        """The rows next to those that are named, of the same value, of larger and of smaller values."""
        for one in base:
            inner = f"{self._from} where {one.sql}"
            first, last = min(one.rows), max(one.rows)
            yield self._filter("next", f"row_no = (select max(row_no) + 1 {inner})", (last + 1).__eq__)
            yield self._filter("previous", f"row_no = (select min(row_no) - 1 {inner})", (first - 1).__eq__)
            yield self._filter("until", f"row_no < (select min(row_no) {inner})", first.__gt__)
            yield self._filter("since", f"row_no > (select max(row_no) {inner})", last.__lt__)
            if len(one.rows) == 1:
                yield from self._like_one(one, first, inner)

    def _like_one(self, one: Filter, at: int, inner: str) -> Iterator[Filter]:
        for field in self._fields:
            if (value := field.values[at]) is None or field.sql == one.column:
                continue
            sql = f"{field.sql} = (select any_value({field.sql}) {inner}) and not ({one.sql})"
            same = [n != at and plain(v) == plain(value) for n, v in enumerate(field.values)]
            yield self._filter("same", sql, same.__getitem__)
        for field in self._numbers[:4]:
            if (value := field.values[at]) is None or field.sql == one.column:
                continue
            for kind, sign in (("more", ">"), ("less", "<")):
                met = [v is not None and _SIGNS[sign](v, value) for v in field.values]
                sql = f"{field.sql} {sign} (select any_value({field.sql}) {inner})"
                yield self._filter(kind, sql, met.__getitem__)

    def _not(self, base: Sequence[Filter]) -> Iterator[Filter]:
        everything = frozenset(range(self._count))
        for one in base:
            yield Filter(kind="not", sql=f"not ({one.sql})", rows=everything - one.rows)

    # Shapes of some rows.

    def _shape(self, kind: str, what: str, where: Filter, *values: Value | None) -> Shape:
        told = tuple(value for value in values if value is not None)
        tail = "" if where.kind == "all" else f" where {where.sql}"
        return Shape(kind=kind, sql=f"select {what} {self._from}{tail}", values=told, rows=where.kind)

    def _lookups(self, where: Filter) -> Iterator[Shape]:
        """The cells of a column in some rows."""
        rows = sorted(where.rows)
        for field in self._fields:
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
        for field in self._fields:
            cells = [plain(value) for n in rows if (value := field.values[n]) is not None]
            yield self._shape("count", f"count({field.sql})", where, len(cells))
            yield self._shape("count distinct", f"count(distinct {field.sql})", where, len(set(cells)))
            prints = [field.prints[n] for n in rows]
            yield self._shape("first", f"arg_min({field.sql}, row_no)", where, prints[0] or None)
            yield self._shape("last", f"arg_max({field.sql}, row_no)", where, prints[-1] or None)
        for field in self._numbers:
            if values := self._known(field, rows):
                name = field.sql
                yield self._shape("sum", f"sum({name})", where, sum(values))
                yield self._shape("mean", f"avg({name})", where, fmean(values))
                yield self._shape("median", f"median({name})", where, median(values))
                (mode, times), *others = Counter(values).most_common(2)
                if times > 1 and not (others and others[0][1] == times):
                    yield self._shape("mode", f"mode({name})", where, mode)
                yield self._shape("range", f"max({name}) - min({name})", where, max(values) - min(values))

    @staticmethod
    def _known(field: Field, rows: Iterable[int]) -> list[float]:
        return [value for n in rows if isinstance(value := field.values[n], float)]

    def _extremes(self, where: Filter) -> Iterator[Shape]:
        """The largest and smallest, the second ones, and the cells that stand there."""
        for field in self._ordered:
            known = [(value, n) for n in sorted(where.rows) if (value := field.values[n]) is not None]
            for ways, name in ((known, field.sql), (_off_zero(known), f"abs({field.sql})")):
                for f, order in (
                    ("max", sorted(ways, key=_first, reverse=True)),
                    ("min", sorted(ways, key=_first)),
                ):
                    if not order:
                        continue
                    if ways is known:
                        yield self._shape("extreme", f"{f}({name})", where, order[0][0])
                    yield from self._at(where, field, f, name, order)

    def _at(
        self, where: Filter, field: Field, f: str, name: str, order: list[tuple[Value, int]]
    ) -> Iterator[Shape]:
        for other in self._fields:
            if other.sql == field.sql:
                continue
            yield self._shape(f"at {f}", f"arg_{f}({other.sql}, {name})", where, other.prints[order[0][1]])
            if len(order) > 1 and not name.startswith("abs"):
                second = f"{other.sql} {self._from} where {where.sql} and {name} is not null"
                way = "desc" if f == "max" else "asc"
                yield Shape(
                    kind=f"at second {f}",
                    sql=f"select {second} order by {name} {way} limit 1 offset 1",
                    values=(other.prints[order[1][1]],),
                    rows=where.kind,
                )
                yield Shape(
                    kind=f"at two {f}",
                    sql=f"select {second} order by {name} {way} limit 2",
                    values=(other.prints[order[0][1]], other.prints[order[1][1]]),
                    rows=where.kind,
                )

    def _of_two_columns(self, where: Filter) -> Iterator[Shape]:
        """Of two columns of numbers, or of times."""
        rows = sorted(where.rows)
        for a, b in permutations(self._numbers[:6], 2):
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
            for other in self._fields:
                what = f"arg_max({other.sql}, abs({a.sql} - {b.sql}))"
                yield self._shape("at difference", what, where, other.prints[furthest] or None)
        for a, b in permutations([f for f in self._fields if f.kind == "time"][:4], 2):
            if len(rows) == 1 and (x := a.values[rows[0]]) and (y := b.values[rows[0]]):
                what = f"date_diff('minute', {a.sql}, {b.sql})"
                yield self._shape("minutes", what, where, _minutes(y) - _minutes(x))

    def _of_numbers(self, where: Filter) -> Iterator[Shape]:
        """Of some rows and a number of the question."""
        for field in self._numbers:
            if not (values := self._known(field, where.rows)):
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
        for field in self._numbers:
            part, whole = sum(self._known(field, where.rows)), sum(self._known(field, range(self._count)))
            if whole:
                total = f"(select sum({field.sql}) {self._from})"
                yield self._shape("share", f"sum({field.sql}) / {total}", where, part / whole)
                yield self._shape("share", f"100 * sum({field.sql}) / {total}", where, 100 * part / whole)
        whole = f"(select count(*) {self._from})"
        yield self._shape("share", f"count(*) / {whole}", where, len(where.rows) / self._count)

    # Shapes of two rows, of groups, of the whole.

    def _two_rows(self, filters: Sequence[Filter]) -> Iterator[Shape]:
        """Of two rows that are named: difference, sum, ratio, rate of change, which is more."""
        kinds = ("=", "like", "number", "and")
        single = [one for one in filters if one.kind in kinds and len(one.rows) == 1][:8]
        for one, two in permutations(single, 2):
            a, b = min(one.rows), min(two.rows)
            for field in self._ordered:
                x, y = field.values[a], field.values[b]
                first, second = (f"any_value({field.sql}) filter ({f.sql})" for f in (one, two))
                for kind, what, value in _compared(x, y, first, second):
                    yield Shape(kind=kind, sql=f"select {what} {self._from}", values=(value,))
            for u, v in permutations(self._numbers[:3], 2):
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
            yield Shape(kind="rate of change", sql=f"select {dv} / {du} {self._from}", values=(value,))

    def _groups(self) -> Iterator[Shape]:
        """The commonest and rarest value of a column, how often it is there; sums by value; repeated ones."""
        for field in self._fields:
            groups: dict[str, list[int]] = {}
            for n, text in enumerate(field.prints):
                if field.kind == "text" and text:
                    groups.setdefault(plain(text), []).append(n)
            if field.kind != "text" or len(groups) in (0, sum(map(len, groups.values()))):
                continue
            grouped = f"{self._from} where {field.sql} is not null group by {field.sql}"
            counts: list[tuple[str, dict[str, float]]] = [
                ("count(*)", {k: len(v) for k, v in groups.items()})
            ]
            counts += [
                (f"sum({f.sql})", {k: sum(self._known(f, v)) for k, v in groups.items()})
                for f in self._numbers[:4]
            ]
            for by, values in counts:
                for f, way in ((max, "desc"), (min, "asc")):
                    best = f(values, key=lambda k, of=values: of[k])
                    tail = f"{grouped} order by {by} {way}, min(row_no) limit 1"
                    yield Shape(
                        kind="group",
                        sql=f"select {field.sql} {tail}",
                        values=(field.prints[groups[best][0]],),
                    )
                    yield Shape(kind="group", sql=f"select {by} {tail}", values=(values[best],))
            for least in (2, *(int(n) for n in self._question.numbers[:2] if n >= 1)):
                for sign in (">=", "="):
                    some = [v for v in groups.values() if _SIGNS[sign](len(v), least)]
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
            name = next(f.prints[min(one.rows)] for f in self._fields if f.sql == one.column)
            place = self._question.place(name)
            before = re.findall(_NUMBER, " ".join(self._question.text.split()[:place]))
            if before and (read := numbers_of(before[-1].rstrip(".,"))):
                counted.setdefault(one.column, []).append((one, read[0]))
        for some in counted.values():
            cases = " ".join(f"when {one.sql} then {n:.15g}" for one, n in some)
            for field in self._numbers:
                parts = [n * v for one, n in some if isinstance(v := field.values[min(one.rows)], float)]
                sql = f"select sum({field.sql} * case {cases} end) {self._from}"
                yield Shape(kind="several", sql=sql, values=(sum(parts),))

    def _wholes(self) -> Iterator[Shape]:
        """Whether x tells y, whether y grows evenly with x; whether more is wanted than is offered."""
        numbers = [f for f in self._fields if f.kind == "number"]
        for x, y in permutations(numbers[:2], 2):
            pairs = [
                (a, b) for a, b in zip(x.values, y.values, strict=True) if a is not None and b is not None
            ]
            once = len({a for a, _ in pairs}) == len(set(pairs))
            inner = f"select distinct {x.sql}, {y.sql} {self._from}"
            yield Shape(
                kind="function",
                sql=f"select count(distinct {x.sql}) = count(*) from ({inner})",
                values=(once,),
            )
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

    # Shapes of the long form.

    def _of_cells(self) -> Iterator[Shape]:
        """Over rows and columns that are named, whatever side the table lies on."""
        if self._long is None:
            return
        cells = [dict(zip((c.name for c in self._long.columns), row, strict=True)) for row in self._long.rows]
        named = {
            name: [
                (f"{name} = {_text(text)}", [c for c in cells if c[name].text == text])
                for text in dict.fromkeys(c[name].text for c in cells)
                if text and self._question.says(text)
            ][:5]
            for name in ("row_name", "column_name")
        }
        rows, columns = named["row_name"], named["column_name"]
        both = [(f"{a} and {b}", [c for c in of if c in others]) for a, of in rows for b, others in columns]
        tail = f"from {self._long.name}"
        for where, of in [*rows, *columns, *both, ("true", cells)]:
            yield from self._cells_of(f"{tail} where {where}", of)
        whole = _total(cells)
        for where, of in both if whole else []:
            total = f"(select sum(value) {tail})"
            yield Shape(
                kind="cells share",
                sql=f"select sum(value) / {total} {tail} where {where}",
                values=(_total(of) / whole,),
            )
        for (a, first), (b, second) in permutations([*both, *rows, *columns][:6], 2):
            x, y = (f"(select sum(value) {tail} where {where})" for where in (a, b))
            one, two = _total(first), _total(second)
            yield Shape(kind="cells difference", sql=f"select {x} - {y}", values=(one - two,))
            if two:
                yield Shape(kind="cells ratio", sql=f"select {x} / {y}", values=(one / two,))
                yield Shape(
                    kind="cells part",
                    sql=f"select {x} / ({x} + {y})",
                    values=(one / (one + two),) if one + two else (),
                )
        yield from self._after(tail, rows, cells)

    def _cells_of(self, tail: str, of: list[dict[str, Slot]]) -> Iterator[Shape]:
        texts = [c["text"].text for c in of]
        if texts and len(texts) <= MOST_VALUES:
            yield Shape(kind="cells", sql=f"select text {tail}", values=tuple(texts))
        known = [(v, c) for c in of if isinstance(v := c["value"].value, float)]
        values = [v for v, _ in known]
        if not values:
            return
        for f, value in (
            ("sum", sum(values)),
            ("avg", fmean(values)),
            ("max", max(values)),
            ("min", min(values)),
            ("median", median(values)),
            ("count", len(values)),
        ):
            yield Shape(kind=f"cells {f}", sql=f"select {f}(value) {tail}", values=(value,))
        spread = max(values) - min(values)
        yield Shape(kind="cells range", sql=f"select max(value) - min(value) {tail}", values=(spread,))
        for f, pick in (("max", max), ("min", min)):
            best = pick(known, key=lambda one: one[0])[1]
            for name in ("column_name", "row_name"):
                sql = f"select arg_{f}({name}, value) {tail}"
                yield Shape(kind=f"cells at {f}", sql=sql, values=(best[name].text,))

    def _after(
        self, tail: str, rows: Sequence[tuple[str, list[dict[str, Slot]]]], cells: list[dict[str, Slot]]
    ) -> Iterator[Shape]:
        """The cell next to one that is named, in a row that is named."""
        for where, of in rows:
            for n, cell in enumerate(of):
                if not self._question.says(cell["text"].text) or cell["text"].text == cell["row_name"].text:
                    continue
                at = f"(select cell {tail} where {where} and text = {_text(cell['text'].text)})"
                for sign, other in ((">", of[n + 1 : n + 2]), ("<", of[n - 1 : n] if n else [])):
                    most = "min" if sign == ">" else "max"
                    pick = f"select {most}(cell) {tail} where {where} and cell {sign} {at}"
                    sql = f"select text {tail} where cell = ({pick})"
                    yield from (Shape(kind="cells beside", sql=sql, values=(c["text"].text,)) for c in other)
                yield from self._below(tail, cell, cells, at)

    def _below(
        self, tail: str, cell: dict[str, Slot], cells: list[dict[str, Slot]], at: str
    ) -> Iterator[Shape]:
        """In the column of that cell, the rows that are named."""
        column = f"column_name = (select column_name {tail} where cell = {at})"
        for other in cells:
            same = other["column_name"].text == cell["column_name"].text and other is not cell
            if same and self._question.says(other["row_name"].text):
                where = f"row_name = {_text(other['row_name'].text)} and {column}"
                yield Shape(
                    kind="cells across", sql=f"select text {tail} where {where}", values=(other["text"].text,)
                )


@cache
def _asked(text: str, kind: str) -> bool:
    return kind not in CUES or bool(re.search(CUES[kind], text, re.IGNORECASE))


def plain(value: object) -> str:
    """As texts compare: without case and accents."""
    text = unicodedata.normalize("NFKD", str(value).casefold())
    return "".join(c for c in text if not unicodedata.combining(c))


def _field(wide: Rows, n: int) -> Field:
    column = wide.columns[n]
    return Field(
        sql=_q(column.name),
        kind=column.kind,
        values=tuple(row[n].value for row in wide.rows),
        prints=tuple(row[n].text for row in wide.rows),
    )


def _first(one: tuple[Value, int]) -> Value:
    return one[0]


def _off_zero(known: Sequence[tuple[Value, int]]) -> list[tuple[Value, int]]:
    """How far from zero each is, where some are below."""
    numbers = [(value, n) for value, n in known if isinstance(value, float)]
    return [(abs(value), n) for value, n in numbers] if any(value < 0 for value, _ in numbers) else []


def _minutes(at: Value) -> int:
    return at.hour * 60 + at.minute if isinstance(at, time) else 0


def _total(cells: Iterable[dict[str, Slot]]) -> float:
    return sum(v for c in cells if isinstance(v := c["value"].value, float))


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


def _any_of(named: Sequence[Filter]) -> Iterator[Filter]:
    """Any of the names of one column."""
    for column in dict.fromkeys(one.column for one in named):
        of = [one for one in named if one.column == column][:5]
        for count in range(min(len(of), 4), 1, -1):
            for some in combinations(of, count):
                rows = frozenset().union(*(one.rows for one in some))
                yield Filter(
                    kind="or", sql=f"({' or '.join(one.sql for one in some)})", rows=rows, column=column
                )


def _both(base: Sequence[Filter]) -> Iterator[Filter]:
    for a, b in combinations(base, 2):
        if a.column != b.column:
            yield Filter(kind="and", sql=f"({a.sql}) and ({b.sql})", rows=a.rows & b.rows)


_SIGNS: dict[str, Callable[[object, object], bool]] = {
    "=": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_NUMBER = r"\d+\+\d+/\d+|\d+/\d+|\d[\d.,]*"
_ORDER = "all = or like number year between and next previous same more less until since not".split()


_MANY = r"how (?:many|often|much)|number|count|total|times|amount|sum|all\b|combined|together"
_SUPERLATIVE = (
    r"\b\w{2,}est\b|\bmost\b|\bleast\b|best|worst|max|min\b|minimum|\btop\b|bottom|lead|peak|record"
)
_COMPARATIVE = r"\b\w{2,}er\b|\bmore\b|\bless\b|than|better|worse|further|farther"
_ENDS = (
    r"first|last|earliest|latest|oldest|newest|start|begin|began|\bend|"
    r"\btop\b|bottom|final|recent|initial|win|won"
)
_BESIDE = (
    r"next|previous|before|after|follow|preced|above|below|prior|earlier|later|second|third|\d(?:nd|rd|th)"
)
_BETWEEN = (
    r"differ|more|less|fewer|than|between|change|apart|gap|margin|"
    r"long|after|later|older|increase|decrease|took"
)
_PART = r"fraction|percent|%|share|proportion|probability|portion|chance|ratio|part"

CUES = {
    "count": _MANY,
    "count distinct": rf"{_MANY}|different|distinct|unique",
    "sum": rf"{_MANY}|need|cost|spend|spent|pay|overall|altogether|earn",
    "mean": r"mean|average",
    "avg": r"mean|average",
    "median": r"median|middle",
    "mode": r"mode\b|common|often|frequent",
    "range": r"range|differ|between|gap|span|from",
    "extreme": rf"{_SUPERLATIVE}|{_ENDS}|{_COMPARATIVE}",
    "max": rf"{_SUPERLATIVE}|{_ENDS}|{_COMPARATIVE}",
    "min": rf"{_SUPERLATIVE}|{_ENDS}|{_COMPARATIVE}",
    "at max": rf"{_SUPERLATIVE}|{_ENDS}|{_COMPARATIVE}",
    "at min": rf"{_SUPERLATIVE}|{_ENDS}|{_COMPARATIVE}",
    "at second max": _BESIDE,
    "at second min": _BESIDE,
    "at two max": rf"{_SUPERLATIVE}|two|both",
    "at two min": rf"{_SUPERLATIVE}|two|both",
    "first": _ENDS,
    "last": _ENDS,
    "difference": _BETWEEN,
    "at difference": rf"{_SUPERLATIVE}|{_COMPARATIVE}|{_BETWEEN}",
    "ratio": rf"{_PART}|times|per\b|rate|average",
    "weighted": _MANY,
    "rate": r"\beach\b|\bevery\b|\bper\b",
    "minutes": r"long|minutes|hours|time|when",
    "rest": r"left|remain|rest\b|change|after|other than|differ|more|less|need|without|long|ago",
    "times": r"how much|cost|spend|spent|pay|total|price",
    "part": rf"{_PART}|each|per\b|average",
    "enough": r"enough|afford|can\b|could",
    "whether": (
        r"^(?:is|are|was|were|do|does|did|has|have|had|can|could)\b|"
        r"[.,?] (?:is|are|was|were|do|does|did|has|have)\b"
    ),
    "whether more": (
        r"^(?:is|are|was|were|do|does|did|has|have|had|can|could)\b|"
        r"[.,?] (?:is|are|was|were|do|does|did|has)\b"
    ),
    "share": _PART,
    "rate of change": r"\brate\b|per\b",
    "sum of two": rf"{_MANY}|and\b",
    "mean of two": r"mean|average",
    "percent change": r"percent|%|rate|change|increase|decrease|gr[eo]w|drop|fell|rose",
    "days between": rf"{_BETWEEN}|day",
    "years between": rf"{_BETWEEN}|year",
    "months between": rf"{_BETWEEN}|month",
    "minutes between": rf"{_BETWEEN}|minute|hour|time",
    "rows between": r"between|from|but|and\b|to\b",
    "group": rf"{_SUPERLATIVE}|{_COMPARATIVE}|often|common|times|only",
    "so often": r"once|twice|times|multiple|same|at least|more than|only|repeat|both|several",
    "several": r"\d",
    "function": r"function",
    "linear": r"linear",
    "market": r"shortage|surplus",
    "beside": rf"{_BESIDE}|miss|wait|until",
    "across": r"when|time|which|what|how long",
    "rows or": r"\band\b|\bor\b|,|both|combined",
    "rows next": _BESIDE,
    "rows previous": _BESIDE,
    "rows same": r"same|other|also|besides|equal|as\b|another|too\b|tied?",
    "rows more": _COMPARATIVE + "|above|over|exceed|before|after",
    "rows less": _COMPARATIVE + "|below|under|before|after",
    "rows until": rf"{_BESIDE}|until|remain",
    "rows since": rf"{_BESIDE}|since|remain",
    "rows not": r"\bnot\b|other|except|besides|without|never|n't|exclud|\bno\b|only",
}
"""Words that ask for a shape, by its kind, and for a way to choose rows (`rows` before it).

What is not here (a cell, a list, rows that are named) is asked for by any question.
"""
