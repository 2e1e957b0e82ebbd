"""The ways to choose rows of a table that a question names: cells, words in cells, numbers, days."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from rapidfuzz import fuzz

from sightline.tools.relations import Rows, Value, quoted
from sightline.train.symbolic.wtq_words import ORDINALS, STOP, Question, plain, stems_of

MOST_ATOMS = 14
MOST_WHERES = 70

SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
}

_NOT = re.compile(
    r"\b(?:not|n t|other than|besides|beside|except|excluding|without|never|aside from|apart from|didn t|"
    r"wasn t|isn t|non|rather than|in addition to|didnt|wasnt|weren t)(?: \w+){0,2}$"
)
_MORE = re.compile(
    r"(?:(?:more|greater|higher|larger|better|longer|later|older|bigger|further|taller|heavier|faster) than|"
    r"over|above|exceed\w*|after|past)(?: the| a| year| of)?$"
)
_LESS = re.compile(
    r"(?:(?:less|fewer|lower|smaller|earlier|younger|shorter|lighter) than|"
    r"under|below|before|prior to)(?: the| a| year)?$"
)
_LEAST = re.compile(
    r"(?:at least|minimum of|since|no less than|no fewer than|not less than|starting in)(?: the| a| year)?$"
)
_MOST = re.compile(
    r"(?:at most|up to|no more than|not more than|maximum of|until|through|or less than)(?: the| a| year)?$"
)
_AFTER_LEAST = re.compile(
    r"(?:\w+ )?(?:or|and) (?:more|higher|greater|above|later|over|better|up|older|longer|after)\b|^plus\b"
)
_AFTER_MOST = re.compile(r"(?:\w+ )?(?:or|and) (?:less|lower|fewer|below|under|before|earlier|shorter)\b")


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column: its name as SQL writes it, kind, values and prints by row, and the tokens that name it."""

    sql: str
    name: str
    kind: str
    values: tuple[Value, ...]
    prints: tuple[str, ...]
    plains: tuple[str, ...]
    words: tuple[str, ...]
    mask: int = 0
    named: float = 0.0

    def numbers(self, rows: Sequence[int]) -> list[float]:
        """The numbers of some rows."""
        return [v for n in rows if isinstance(v := self.values[n], float)]


@dataclass(frozen=True, kw_only=True)
class Where:
    """A condition: its SQL, the rows that meet it, the tokens it stands for, its cost and columns."""

    sql: str = ""
    rows: tuple[int, ...] = ()
    mask: int = 0
    cost: float = 0.0
    fields: tuple[str, ...] = ()
    at: int = 0
    kind: str = "all"
    span: int = 0

    @property
    def tail(self) -> str:
        """With its keyword; nothing where all rows are taken."""
        return f" WHERE {self.sql}" if self.sql else ""


def fields_of(wide: Rows, question: Question) -> list[Field]:
    """The columns of a table, with the tokens of the question that name each."""
    found = []
    for n, column in enumerate(wide.columns):
        if column.name == "row_no":
            continue
        prints = tuple(row[n].text for row in wide.rows)
        words = tuple(w for w in stems_of(column.name) if w)
        telling = [w for w in words if w not in STOP] or list(words)
        mask = sum(
            1 << i for i, s in enumerate(question.stems) if s in telling and question.words[i] not in STOP
        )
        met = sum(w in question.stems for w in telling)
        found.append(
            Field(
                sql=quoted(column.name),
                name=column.name,
                kind=column.kind,
                values=tuple(row[n].value for row in wide.rows),
                prints=prints,
                plains=tuple(map(plain, prints)),
                words=words,
                mask=mask,
                named=met / max(len(telling), 1) if mask else 0.0,
            )
        )
    return found


def text_in_sql(value: str) -> str:
    """A text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def number_in_sql(value: float) -> str:
    """A number as SQL writes it."""
    return f"{value:.15g}"


def bits(first: int, last: int) -> int:
    """The bits from one token to another."""
    return sum(1 << n for n in range(first, last + 1))


def atoms_of(fields: Sequence[Field], question: Question) -> list[Where]:
    """The single conditions, those that stand for the longest runs of words first."""
    made = [*_cells(fields, question), *_numbered(fields, question), *_without(fields, question)]
    made += [*_decades(fields, question), *_days(fields, question)]
    made = [one for one in made if one.rows]
    best: dict[tuple[tuple[str, ...], tuple[int, ...], int], Where] = {}
    for one in made:
        key = (one.fields, one.rows, one.span)
        if key not in best or one.cost < best[key].cost:
            best[key] = one
    kept = [one for one in best.values() if not any(_within(one, other) for other in best.values())]
    kept.sort(key=lambda one: (one.cost - 0.5 * one.span.bit_count(), one.at))
    return kept[:MOST_ATOMS]


def _within(one: Where, other: Where) -> bool:
    """Whether another condition of the column stands for more words."""
    return one.fields == other.fields and one.span != other.span and one.span & other.span == one.span


def wheres_of(atoms: Sequence[Where], count: int, question: Question) -> list[Where]:
    """All rows, each condition, two and three at once in the order of the question, any of two or three."""
    everything = Where(rows=tuple(range(count)))
    found = [everything, *atoms]
    for a, b in combinations(sorted(atoms, key=lambda one: one.at), 2):
        if a.span & b.span:
            continue
        if a.fields != b.fields or (a.kind == b.kind == "compare") or (a.kind == b.kind == "not"):
            found.append(_both(a, b))
        if a.fields == b.fields and a.kind == b.kind and a.kind in ("=", "like", "number"):
            found.append(_either(a, b, question))
    for a, b, c in combinations(sorted(atoms, key=lambda one: one.at)[:9], 3):
        if a.span & b.span or a.span & c.span or b.span & c.span:
            continue
        if a.fields == b.fields == c.fields and a.kind == b.kind == c.kind == "=":
            found.append(_either(_either(a, b, question), c, question))
        elif len({a.fields, b.fields, c.fields}) == 3:
            found.append(_both(_both(a, b), c))
    found = [one for one in found if one.rows]
    found.sort(key=lambda one: one.cost - 0.8 * one.span.bit_count())
    return [everything, *(one for one in found[:MOST_WHERES] if one.kind != "all")]


def _both(a: Where, b: Where) -> Where:
    return Where(
        sql=f"{a.sql} AND {b.sql}",
        rows=tuple(n for n in a.rows if n in set(b.rows)),
        mask=a.mask | b.mask,
        cost=a.cost + b.cost + 0.05,
        fields=(*a.fields, *b.fields),
        at=a.at,
        kind="and",
        span=a.span | b.span,
    )


def _either(a: Where, b: Where, question: Question) -> Where:
    column = a.fields[0]
    between = " ".join(question.words[a.span.bit_length() : b.at])
    start, end = question.tokens[a.span.bit_length() - 1].end, question.tokens[b.at].start
    joined = re.search(r"\b(?:and|or|nor|to|than)\b", between) or "," in question.plain[start:end]
    if a.kind == "like":
        sql = f"{a.sql} OR {b.sql}"
    else:
        first = (
            a.sql.removeprefix(f"{column} = ")
            .removeprefix(f"{column} IN (")
            .removesuffix(")" if a.kind == "or" else "")
        )
        sql = f"{column} IN ({first}, {b.sql.removeprefix(f'{column} = ')})"
    return Where(
        sql=sql,
        rows=tuple(sorted({*a.rows, *b.rows})),
        mask=a.mask | b.mask,
        cost=a.cost + b.cost + (0.1 if joined else 1.6),
        fields=a.fields,
        at=a.at,
        kind="or",
        span=a.span | b.span,
    )


def _cells(fields: Sequence[Field], question: Question) -> Iterator[Where]:
    """Cells that are said as a whole, and runs of words that stand within cells."""
    stems = question.stems
    asked = {s for s, w in zip(stems, question.words, strict=True) if w not in STOP or len(w) > 4}
    ordinal = {i: str(ORDINALS[w]) for i, w in enumerate(question.words) if w in ORDINALS}
    for field in fields:
        for text in dict.fromkeys(field.prints):
            words = stems_of(re.sub(r"(?<=.)\s*[(\[].*$", "", text)) or stems_of(text)
            if not words or len(words) > 14:
                continue
            for first in _starts(stems, words):
                span = bits(first, first + len(words) - 1)
                if all(question.words[i] in STOP for i in range(first, first + len(words))):
                    continue
                yield from _equal(field, text, span, first, question)
            if not _starts(stems, words):
                yield from _misspelt(field, text, words, question)
            if len(words) == 1 and (found := re.fullmatch(r"(\d+)(?:st|nd|rd|th)", words[0])):
                for i, digit in ordinal.items():
                    if digit == found[1]:
                        yield from _equal(field, text, 1 << i, i, question)
        yield from _worded(field, question, asked)


def _misspelt(field: Field, text: str, words: Sequence[str], question: Question) -> Iterator[Where]:
    """A cell that the question says with a letter or two amiss."""
    letters = " ".join(words)
    if len(letters) < 6 or any(c.isdigit() for c in letters) or field.kind != "text":
        return
    for first in range(len(question.stems) - len(words) + 1):
        run = question.stems[first : first + len(words)]
        if run[0][:1] != words[0][:1] or question.words[first] in STOP:
            continue
        if fuzz.ratio(letters, " ".join(run), score_cutoff=85) and not any(c.isdigit() for c in "".join(run)):
            for one in _equal(field, text, bits(first, first + len(words) - 1), first, question):
                yield replace(one, cost=one.cost + 0.3)


def _starts(stems: Sequence[str], words: Sequence[str]) -> list[int]:
    count = len(words)
    return [n for n in range(len(stems) - count + 1) if tuple(stems[n : n + count]) == tuple(words)]


def _near_name(field: Field) -> float:
    """What it costs that a column of a condition is not named."""
    return 0.0 if field.named >= 0.5 else 0.05 if field.mask else 0.1


def _equal(field: Field, text: str, span: int, first: int, question: Question) -> Iterator[Where]:
    same = plain(text)
    number = None
    literal = text_in_sql(text)
    if field.kind == "number":
        at = field.prints.index(text)
        if isinstance(value := field.values[at], float):
            number, literal = value, number_in_sql(value)
    if number is not None:
        rows = tuple(n for n, v in enumerate(field.values) if v == number)
        others = tuple(n for n, v in enumerate(field.values) if isinstance(v, float) and v != number)
    else:
        rows = tuple(n for n, p in enumerate(field.plains) if p == same)
        others = tuple(n for n, p in enumerate(field.plains) if p and p != same)
    cost = 0.1 + _near_name(field) * (1 if number is None else _number_cost(field, number))
    negated = bool(_NOT.search(question.before(first)))
    extra = question.mask(
        r"\b(?:not|n't|other than|besides?|except|excluding|without|never|aside from|apart from)\b"
    )
    if negated:
        yield Where(
            sql=f"{field.sql} <> {literal}",
            rows=others,
            mask=span | field.mask | extra,
            span=span,
            cost=cost,
            kind="not",
            fields=(field.sql,),
            at=first,
        )
        cost += 0.6
    yield Where(
        sql=f"{field.sql} = {literal}",
        rows=rows,
        mask=span | field.mask,
        span=span,
        cost=cost,
        kind="=" if number is None else "number",
        fields=(field.sql,),
        at=first,
    )


def _number_cost(field: Field, number: float) -> float:
    """A small number alone says little of which column is meant; a year says it."""
    year = bool({"year", "season", "date"} & set(field.words)) and 1500 < number < 2100
    return 0.5 if year else 2.0 if number > 200 else 6.0


def _worded(field: Field, question: Question, asked: set[str]) -> Iterator[Where]:
    """The longest runs of words of the question that stand within cells of a column."""
    joined = "\n".join(field.plains)
    if not asked & set(stems_of(joined)) and not any(len(w) > 4 and w in joined for w in question.words):
        return
    count = len(question.tokens)
    taken = 0
    for length in range(min(7, count), 0, -1):
        for first in range(count - length + 1):
            last = first + length - 1
            span = bits(first, last)
            ends = (question.words[first], question.words[last])
            if span & taken == span or ends[0] in STOP or ends[1] in STOP:
                continue
            phrase = question.phrase(first, last)
            if len(phrase) < 2 or "%" in phrase or "_" in phrase:
                continue
            same = plain(phrase)
            if same not in joined or not re.search(rf"(?<!\w){re.escape(same)}(?:\b|(?<=\w{{5}}))", joined):
                continue
            rows = tuple(n for n, p in enumerate(field.plains) if same in p)
            whole = all(field.plains[n] == same for n in rows)
            taken |= span
            if whole or not rows:
                continue
            generic = len(rows) == len(field.plains)
            cost = 0.25 + _near_name(field) + (0.5 if generic else 0.0) + (0.3 if len(same) < 4 else 0.0)
            yield Where(
                sql=f"{field.sql} LIKE {text_in_sql(f'%{phrase}%')}",
                rows=rows,
                mask=span | field.mask,
                cost=cost,
                fields=(field.sql,),
                at=first,
                kind="like",
                span=span,
            )


def _numbered(fields: Sequence[Field], question: Question) -> Iterator[Where]:
    """Numbers that are passed, met or not reached, by the words beside them."""
    numbers = question.numbers
    for field in fields:
        if field.kind != "number":
            continue
        known = [(n, v) for n, v in enumerate(field.values) if isinstance(v, float)]
        for i, number in numbers:
            sign, cue = _sign(question, i)
            if sign is None:
                continue
            rows = tuple(n for n, v in known if SIGNS[sign](v, number))
            counter = field.name.strip() in ("#", "column_1") or {"no", "rank", "pick"} & set(field.words)
            if sign != "=" and (not _fits(field, number) or (counter and not field.mask)):
                continue
            cost = 0.1 + _near_name(field) * _number_cost(field, number)
            yield Where(
                sql=f"{field.sql} {sign} {number_in_sql(number)}",
                rows=rows,
                mask=1 << i | cue | field.mask,
                cost=cost,
                fields=(field.sql,),
                at=i,
                kind="compare",
                span=1 << i,
            )
        for (i, low), (j, high) in combinations(numbers, 2):
            if low >= high or j - i > 5 or not _fits(field, low):
                continue
            between = " ".join(question.words[i + 1 : j])
            before = question.before(i, 3)
            if (between in ("and", "and the") and "between" in before) or between in (
                "to",
                "",
                "through",
                "until",
            ):
                rows = tuple(n for n, v in known if low <= v <= high)
                cue = bits(max(0, i - 2), j) & question.mask(
                    r"\b(?:between|from|during|to|and|through|until)\b"
                )
                cost = 0.1 + _near_name(field) * _number_cost(field, low)
                yield Where(
                    sql=f"{field.sql} BETWEEN {number_in_sql(low)} AND {number_in_sql(high)}",
                    rows=rows,
                    mask=1 << i | 1 << j | cue | field.mask,
                    cost=cost,
                    fields=(field.sql,),
                    at=i,
                    kind="compare",
                    span=1 << i | 1 << j,
                )


def _without(fields: Sequence[Field], question: Question) -> Iterator[Where]:
    """Rows that have none of what a column counts, or nothing in it."""
    cue = question.mask(r"\b(?:no|any|zero|without|never|none|n't|not)\b")
    negative = question.mask(r"\b(?:no|zero|without|never|none|not|n't|didnt|didn)\b")
    if not negative:
        return
    for field in fields:
        if not field.mask or field.named < 0.5:
            continue
        first = (field.mask & -field.mask).bit_length() - 1
        if not re.search(r"\b(?:no|any|zero|without|not)(?: \w+)?$", question.before(first, 2)):
            continue
        zero = tuple(n for n, v in enumerate(field.values) if v == 0.0)
        empty = tuple(n for n, p in enumerate(field.prints) if not p)
        for sql, rows, cost in ((f"{field.sql} = 0", zero, 0.1), (f"{field.sql} IS NULL", empty, 0.3)):
            yield Where(
                sql=sql,
                rows=rows,
                mask=cue | field.mask,
                cost=cost,
                fields=(field.sql,),
                at=first,
                kind="number",
                span=field.mask,
            )


def _decades(fields: Sequence[Field], question: Question) -> Iterator[Where]:
    """Years of a decade: `in the 1980s`."""
    for i, (first, word) in enumerate(zip(question.tokens, question.words, strict=True)):
        if (
            not re.fullmatch(r"[12]\d\d0", word)
            or question.plain[first.end : first.end + 2].strip("'’")[:1] != "s"
        ):
            continue
        low = float(word)
        for field in fields:
            if field.kind != "number" or not {"year", "season", "date"} & set(field.words):
                continue
            rows = tuple(
                n for n, v in enumerate(field.values) if isinstance(v, float) and low <= v < low + 10
            )
            if rows:
                high = max(field.numbers(rows))
                sql = f"{field.sql} BETWEEN {number_in_sql(low)} AND {number_in_sql(high)}"
                span = (
                    bits(i, min(i + 1, len(question.words) - 1))
                    if question.words[i + 1 : i + 2] == ("s",)
                    else 1 << i
                )
                yield Where(
                    sql=sql,
                    rows=rows,
                    mask=span | field.mask,
                    cost=0.15,
                    fields=(field.sql,),
                    at=i,
                    kind="compare",
                    span=span,
                )


_MONTHS = "january february march april may june july august september october november december".split()
_DAY = re.compile(
    r"\b(?:(?P<m1>[a-z]{3,9})\.? (?P<d1>\d{1,2})(?:st|nd|rd|th)?|"
    r"(?P<d2>\d{1,2})(?:st|nd|rd|th)? (?:of )?(?P<m2>[a-z]{3,9})\.?)"
    r"(?:,? ?(?P<y>[12]\d{3}))?\b"
)


def _day_in(text: str) -> list[tuple[tuple[int, int, int], int, int]]:
    """Days in a text: (month, day, year or 0), and where they stand."""
    found = []
    for m in _DAY.finditer(text):
        name = m["m1"] or m["m2"]
        month = next((n for n, one in enumerate(_MONTHS, 1) if one.startswith(name) or name == one[:3]), 0)
        if (month and name not in ("mar", "may")) or (month and name == "may"):
            found.append(((month, int(m["d1"] or m["d2"]), int(m["y"] or 0)), m.start(), m.end()))
    return found


def _days(fields: Sequence[Field], question: Question) -> Iterator[Where]:
    """Days that are written in another way than in their cells."""
    for (month, number, year), start, end in _day_in(question.plain):
        span = sum(1 << n for n, t in enumerate(question.tokens) if t.start >= start and t.end <= end)
        first = (span & -span).bit_length() - 1
        for field in fields:
            if field.kind == "number":
                continue
            for text in dict.fromkeys(field.plains):
                told = _day_in(text) if len(text) < 40 else []
                if (
                    len(told) != 1
                    or told[0][0][:2] != (month, number)
                    or (year and told[0][0][2] not in (0, year))
                ):
                    continue
                n = field.plains.index(text)
                yield from _equal(field, field.prints[n], span, first, question)


def _fits(field: Field, number: float) -> bool:
    """Whether numbers of a column may be compared with a number: years with years."""
    values = [v for v in field.values if isinstance(v, float)]
    return bool(values) and min(values) - abs(min(values)) * 0.5 - 5 <= number <= max(values) * 1.5 + 5


def _sign(question: Question, i: int) -> tuple[str | None, int]:
    before, after = question.before(i), question.after(i)
    cues = ((_LEAST, ">="), (_MOST, "<="), (_MORE, ">"), (_LESS, "<"))
    for pattern, sign in cues:
        if found := pattern.search(before):
            return sign, bits(max(0, i - len(found.group().split())), i)
    if found := _AFTER_LEAST.match(after):
        return ">=", bits(i, i + len(found.group().split()))
    if found := _AFTER_MOST.match(after):
        return "<=", bits(i, i + len(found.group().split()))
    if re.search(r"\b(?:exactly|only|just|equal to|scored|had|of)$", before):
        return "=", 0
    return "=", 0
