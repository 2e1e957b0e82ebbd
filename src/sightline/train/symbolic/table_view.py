"""What questions are made of: a relation as the engine has it, and how people speak of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time

from numpy.random import Generator

from sightline.tools.relations import quoted
from sightline.train.symbolic.table_words import pick

Value = bool | int | float | str | date | time | None
EMPTY = "nothing"
"""What a query gives that finds nothing, where an `Ask` expects that."""


@dataclass(frozen=True, kw_only=True)
class Speak:
    """How people speak of a column.

    Args:
        noun: noun phrases in the singular: `population`, `price`.
        many: what is counted, in the plural: `goals`; empty where nothing is counted.
        verb: base form and past of what a row does to it: `score`, `scored`.
        there: base form and past of what it does at a row: `live`, `lived`.
        subject: whose story it is, where rows are days or places: `Mia`.
        adj: measure word, its comparative and superlative, both of its opposite: tall, taller, tallest,
            shorter, shortest.
        unit: in words, `meters`; money: whether it is an amount of money.
        where: phrases for rows with a value of it: `from <v>`, `directed by <v>`.
        who: whether its values are persons.
        can_add: whether the sum of its numbers means anything.
    """

    noun: tuple[str, ...]
    many: str = ""
    verb: tuple[str, str] | None = None
    there: tuple[str, str] | None = None
    subject: str = ""
    adj: tuple[str, ...] = ()
    unit: str = ""
    money: bool = False
    where: tuple[str, ...] = ()
    who: bool = False
    can_add: bool = True


@dataclass(frozen=True, kw_only=True)
class Col:
    """A column: its name, the kind and values that the engine gives it, its print, how it is said."""

    name: str
    kind: str
    values: tuple[Value, ...]
    texts: tuple[str, ...]
    speak: Speak
    role: str

    @property
    def sql(self) -> str:
        """Its name as SQL takes it."""
        return quoted(self.name)

    @property
    def numbers(self) -> list[float]:
        """Its numbers, without the missing ones."""
        return [float(v) for v in self.values if isinstance(v, int | float)]

    def number(self, row: int) -> float:
        """The number of a row that has one."""
        value = self.values[row]
        assert isinstance(value, int | float)
        return float(value)

    def whole(self) -> bool:
        """Whether all its numbers are whole and none is missing."""
        numbers = self.numbers
        return len(numbers) == len(self.values) and all(n == int(n) for n in numbers)

    @property
    def answer(self) -> str:
        """The kind of answer that a value of it is."""
        if self.kind == "number":
            return "money" if self.speak.money else "number"
        if self.kind == "day":
            return "date"
        if self.speak.noun[0] == "color":
            return "color"
        if self.kind == "time" or self.role == "record":
            return "text"
        return "name"

    def literal(self, row: int) -> str:
        """The value of a row as a literal of SQL."""
        value = self.values[row]
        return (
            number_literal(value)
            if self.kind == "number" and isinstance(value, float)
            else text_literal(self.texts[row])
        )

    def counts(self) -> Counter[Value]:
        """How often each value is there, case aside."""
        return Counter(v.casefold() if isinstance(v, str) else v for v in self.values if v is not None)

    def rows_of(self, value: Value) -> list[int]:
        """The rows that have a value, case aside."""
        wanted = value.casefold() if isinstance(value, str) else value
        return [
            n
            for n, v in enumerate(self.values)
            if (v.casefold() if isinstance(v, str) else v) == wanted and v is not None
        ]


@dataclass(frozen=True, kw_only=True)
class View:
    """A relation with words for it.

    Args:
        rel: its name as SQL takes it; `cells`: that of its long form.
        entity: what a row is, singular and plural.
        key: the index of the column that names rows.
        at: prepositions before the name of a row: `in 2010`, `on Monday`; empty: `of <name>`.
        told: how each row may be called in a question.
        clean: the names of rows as they stand in the picture, without misreadings.
        cols: the columns without row_no.
        intro: sentences that may stand before a question.
        matrix: columns that can be set against each other (indices).
        series: what a series of a chart is, singular and plural.
        measure: what the series of a chart measure.
        ordered: whether the rows are in the order of time.
        marks: what stands for a row of one series, singular and plural.
        colors: of a chart's series or categories.
        absent: names of the same kind that are not there.
        other_columns: what is not told of the rows.
    """

    rel: str
    cells: str
    entity: tuple[str, str]
    key: int
    at: tuple[str, ...]
    told: tuple[str, ...]
    clean: tuple[str, ...]
    cols: tuple[Col, ...]
    intro: tuple[str, ...] = ()
    matrix: tuple[int, ...] = ()
    series: tuple[str, str] = ("", "")
    measure: str = ""
    ordered: bool = False
    marks: tuple[str, str] = ("row", "rows")
    colors: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    other_columns: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """How many rows."""
        return len(self.cols[0].values)

    @property
    def name(self) -> Col:
        """The column that names rows."""
        return self.cols[self.key]

    def is_key(self, row: int) -> bool:
        """Whether a row can be found by its name."""
        column = self.name
        value = column.values[row]
        return value is not None and len(column.rows_of(value)) == 1

    def rows(self, *columns: Col) -> list[int]:
        """The rows that can be named and that have a value in each of some columns."""
        return [
            n for n in range(self.size) if self.is_key(n) and all(c.values[n] is not None for c in columns)
        ]

    def cond(self, row: int) -> str:
        """The condition that finds a row by its name."""
        return f"{self.name.sql} = {self.name.literal(row)}"

    def among(self, rows: Sequence[int]) -> str:
        """The condition that finds some rows by their names."""
        return f"{self.name.sql} IN ({', '.join(self.name.literal(n) for n in rows)})"

    def numeric(self) -> list[Col]:
        """The columns of numbers that can be asked for."""
        return [c for c in self.cols if c.role == "num" and c.kind == "number" and len(c.numbers) >= 3]

    def textual(self) -> list[Col]:
        """The columns of categories."""
        return [c for c in self.cols if c.role == "cat" and c.kind == "text"]

    def select(self, what: str, where: str = "", tail: str = "") -> str:
        """A query over the relation."""
        return (
            f"SELECT {what} FROM {self.rel}"
            + (f" WHERE {where}" if where else "")
            + (f" {tail}" if tail else "")
        )

    def cell(self, column: Col, row: int) -> str:
        """A nested query for one cell."""
        return f"({self.select(column.sql, self.cond(row))})"

    def at_row(self, row: int, rng: Generator) -> str:
        """A row's name with its preposition."""
        return f"{pick(rng, self.at or ('for', 'of'))} {self.told[row]}"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A question and its SQL.

    Args:
        family: what kind of question it is.
        kind: what kind of answer is expected.
        question: before it is made noisy.
        sql: the query; empty where `final` is said without one.
        expect: the value (or the list of rows' first values) that it must give.
        final: what is said of its result, where that is not its value.
    """

    family: str
    kind: str
    question: str
    sql: str
    expect: Value | list[Value] = None
    final: str = "value"


def number_literal(value: float) -> str:
    """A number as SQL takes it."""
    return f"{value:.15g}"


def text_literal(text: str) -> str:
    """A text as SQL takes it."""
    return "'" + text.replace("'", "''") + "'"
