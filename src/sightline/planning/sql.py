"""The SQL that the planner may say: one SELECT over the relations at hand, names and literals held to them.

Columns are those of the relations. A literal that a column is compared with is a text of that column as
printed; `LIKE` takes words of the question; numbers come from the question, from the column or are small.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sightline.planning.choices import OneOf, Steps
from sightline.planning.phrases import Phrases, numbers_in
from sightline.tools.relations import quoted

Kind = Literal["number", "text", "other"]
_After = Callable[[], tuple[str, ...]]
"""What may follow an expression, asked once its last operand is known."""

DEPTH = 3
"""SELECTs within SELECTs."""

MOST_TEXTS = 400
"""Texts of a column that a literal may be; those that share words with the question come first."""

FEW = 12
"""Texts of a column that has a fixed set of them, such as places."""

MOST_ITEMS = 6
"""Of what is selected, of conditions, of texts in a list."""

MOST_OPERANDS = 4
"""In a row, with signs between."""

SMALL = (*range(13), 100)

AGGREGATES = ("count", "sum", "avg", "min", "max", "median", "mode")
COMPUTED = ("sum", "avg", "median")
"""Those that are not of texts."""

COMPARED = (" =", " <>", " <", " <=", " >", " >=")
ARITHMETIC = (" +", " -", " *", " /")


@dataclass(frozen=True)
class SqlColumn:
    """A column as the grammar needs it: its kind, and the texts that stand in it, each once."""

    name: str
    kind: Kind
    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """As SQL takes it."""
        return quoted(self.name)


@dataclass(frozen=True)
class SqlRelation:
    """A relation and its columns."""

    name: str
    columns: tuple[SqlColumn, ...]

    @property
    def said(self) -> str:
        """As SQL takes it."""
        return quoted(self.name)


@dataclass
class _Level:
    """What one SELECT has used so far: columns that need a relation, and whether it needs one at all."""

    used: list[str] = field(default_factory=list)
    bare: bool = False
    relation: SqlRelation | None = None


class SqlGrammar:
    """The queries over some relations for one question."""

    def __init__(self, relations: Sequence[SqlRelation], question: str) -> None:
        self.relations = tuple(relations)
        self.phrases = Phrases(question)
        asked = numbers_in(question)
        self.numbers = tuple(dict.fromkeys([*asked, *map(str, SMALL)]))
        self.words = {word.casefold() for word in re.findall(r"\w+", question)}

    def steps(self) -> Steps[None]:
        """A query and the bracket that closes the call."""
        yield from self._select(1, top=True)

    def _select(self, depth: int, *, top: bool = False) -> Steps[None]:
        yield OneOf(("SELECT",))
        level = _Level()
        for item in range(1, MOST_ITEMS + 1):
            after = yield from self._expression(level, depth, self._after_item(level, item, top))
            if after == ")":
                return
            if after == " FROM":
                break
        fitting = [r for r in self.relations if set(level.used) <= {c.said for c in r.columns}]
        said = yield OneOf(tuple(f" {r.said}" for r in fitting))
        level.relation = next(r for r in fitting if f" {r.said}" == said)
        yield from self._clauses(level, depth)

    def _after_item(self, level: _Level, item: int, top: bool) -> _After:
        """What may follow an item that is selected; a query without a relation needs none."""

        def after() -> tuple[str, ...]:
            more = (",",) if item < MOST_ITEMS else ()
            fits = any(set(level.used) <= {c.said for c in r.columns} for r in self.relations)
            from_ = (" FROM",) if level.bare and fits else ()
            ends = (")",) if not level.bare and (top or not more) else ()
            return (*more, *from_, *ends)

        return after

    def _clauses(self, level: _Level, depth: int) -> Steps[None]:
        """What follows FROM, up to the closing bracket."""
        order = (" WHERE", " GROUP BY", " ORDER BY", " LIMIT")
        said = yield OneOf((*order, ")"))
        if said == " WHERE":
            said = yield from self._conditions(level, depth)
        if said == " GROUP BY":
            yield OneOf(tuple(f" {c.said}" for c in self._columns(level)))
            said = yield OneOf((" HAVING", " ORDER BY", " LIMIT", ")"))
            if said == " HAVING":
                yield from self._expression(level, depth, lambda: COMPARED)
                yield OneOf(tuple(f" {n}" for n in self.numbers))
                said = yield OneOf((" ORDER BY", " LIMIT", ")"))
        if said == " ORDER BY":
            said = yield from self._expression(level, depth, lambda: (" DESC", " LIMIT", ")"))
            if said == " DESC":
                said = yield OneOf((" LIMIT", ")"))
        if said == " LIMIT":
            yield OneOf(tuple(f" {n}" for n in self.numbers if n.isdecimal() and n != "0"))
            said = yield OneOf((" OFFSET", ")"))
            if said == " OFFSET":
                yield OneOf(tuple(f" {n}" for n in self.numbers if n.isdecimal()))
                yield OneOf((")",))

    def _conditions(self, level: _Level, depth: int) -> Steps[str]:
        """Conditions up to what follows them. A column that equals something is not asked again after AND."""
        settled: list[SqlColumn] = []
        for number in range(1, MOST_ITEMS + 1):
            open_ = len(settled) < len(self._columns(level))
            more = (*((" AND",) if open_ else ()), " OR") if number < MOST_ITEMS else ()
            follow = (*more, " GROUP BY", " ORDER BY", " LIMIT", ")")
            said = yield from self._condition(level, depth, follow, settled)
            if said == " OR":
                settled = []
            elif said != " AND":
                return said
        return ")"

    def _condition(
        self, level: _Level, depth: int, follow: tuple[str, ...], settled: list[SqlColumn]
    ) -> Steps[str]:
        """One condition and what follows it; its column is added to `settled` where it equals something."""
        columns = [c for c in self._columns(level) if c not in settled]
        said = yield OneOf(tuple(f" {c.said}" for c in columns) + ((" (SELECT",) if depth < DEPTH else ()))
        if said == " (SELECT":
            yield from self._rest_of_select(depth + 1)
            yield OneOf(COMPARED)
            after: str = yield from self._expression(level, depth, lambda: follow)
            return after
        column = next(c for c in columns if f" {c.said}" == said)
        signs = (" LIKE", " IN (", " BETWEEN", " IS NULL", " IS NOT NULL")
        sums = ARITHMETIC if column.kind != "text" else ()
        sign = yield OneOf((*COMPARED, *sums, *(s for s in signs if s != " LIKE" or self.phrases.any)))
        if sign in (" =", " IN (") and len(columns) > 1:
            settled.append(column)
        if sign in sums:
            sign = yield from self._expression(level, depth, lambda: COMPARED)
        elif sign == " LIKE":
            yield from self._like(column)
            after = yield OneOf(follow)
            return after
        elif sign == " IN (":
            return (yield from self._listed(column, follow))
        elif sign == " BETWEEN":
            values = self._literals(column)
            yield OneOf(values)
            yield OneOf((" AND",))
            yield OneOf(values)
            after = yield OneOf(follow)
            return after
        elif sign.startswith(" IS"):
            after = yield OneOf(follow)
            return after
        return (yield from self._right_side(level, depth, column, follow))

    def _like(self, column: SqlColumn) -> Steps[None]:
        """Words of the question, or a word of a column that holds few, with anything around them."""
        few = column.texts if len(column.texts) <= FEW else ()
        yield OneOf((" '%",))
        words = dict.fromkeys(word for text in few for word in text.split() if "'" not in word)
        yield from self.phrases.steps("%'", lead="", others=tuple(words))

    def _listed(self, column: SqlColumn, follow: tuple[str, ...]) -> Steps[str]:
        """Different values of a column, the bracket that closes them, and what follows."""
        values = [v[1:] for v in self._literals(column)]
        values.remove((yield OneOf(tuple(values))))
        for _ in range(MOST_ITEMS):
            said = yield OneOf((", ", ")") if values else (")",))
            if said == ")":
                break
            values.remove((yield OneOf(tuple(values))))
        else:
            yield OneOf((")",))
        after = yield OneOf(follow)
        return after

    def _right_side(
        self, level: _Level, depth: int, column: SqlColumn, follow: tuple[str, ...]
    ) -> Steps[str]:
        """A literal of the column, another column, or a SELECT; a number may be added to it."""
        others = tuple(f" {c.said}" for c in self._columns(level) if c.kind == column.kind and c != column)
        nested = (" (SELECT",) if depth < DEPTH else ()
        said = yield OneOf((*self._literals(column), *others, *nested))
        if said == " (SELECT":
            yield from self._rest_of_select(depth + 1)
        if column.kind == "text":
            after = yield OneOf(follow)
            return after
        sign = yield OneOf((*ARITHMETIC, *follow))
        if sign not in ARITHMETIC:
            return sign
        after = yield from self._expression(level, depth, lambda: follow)
        return after

    def _rest_of_select(self, depth: int) -> Steps[None]:
        """A nested query whose ` (SELECT` has been said, up to its closing bracket."""
        inner = self._select(depth)
        next(inner)
        yield from _resumed(inner, "SELECT")

    def _expression(self, level: _Level, depth: int, after: _After) -> Steps[str]:
        """Operands with signs between, no two numbers in a row. Returns what follows, one of `after()`."""
        compared, plain = False, True
        for number in range(1, MOST_OPERANDS + 1):
            column = yield from self._operand(level, depth, " ", numbers=plain)
            plain = column != "number"
            follow = after()
            if (
                isinstance(column, SqlColumn)
                and column.kind == "text"
                and not compared
                and not set(COMPARED) & set(follow)
            ):
                like = (" LIKE",) if self.phrases.any else ()
                said = yield OneOf((*((*COMPARED[:2], *like) if level.relation is None else ()), *follow))
                if said in follow:
                    return said
                if said == " LIKE":
                    yield from self._like(column)
                else:
                    yield OneOf(self._literals(column))
                return (yield OneOf(after()))
            signs = ARITHMETIC if number < MOST_OPERANDS else ()
            checks = () if compared or set(COMPARED) & set(follow) or level.relation else COMPARED
            said = yield OneOf((*signs, *(checks if number < MOST_OPERANDS else ()), *follow))
            if said in COMPARED and said not in follow:
                compared = plain = True
            elif said not in ARITHMETIC:
                return said
        raise AssertionError("the last operand has no sign after it")

    def _operand(
        self, level: _Level, depth: int, lead: str, *, numbers: bool = True
    ) -> Steps[SqlColumn | Literal["number"] | None]:
        """A column, number, function or SELECT. Returns a column by itself, or "number" for a number."""
        columns = self._columns(level)
        named = {f"{lead}{c.said}": c for c in columns}
        opened = (f"{lead}(SELECT",) if depth < DEPTH else ()
        computes = any(c.kind != "text" for c in columns)
        able = [name for name in AGGREGATES if computes or name not in COMPUTED]
        functions = (f"{lead}count(*)", *(f"{lead}{name}(" for name in able))
        others = (f"{lead}abs(", f"{lead}round(")
        plain = tuple(f"{lead}{n}" for n in self.numbers) if numbers else ()
        said = yield OneOf((*named, *functions, *others, *opened, *plain))
        if said in named:
            self._use(level, named[said])
            return named[said]
        if said == f"{lead}(SELECT":
            yield from self._rest_of_select(depth + 1)
        elif said == f"{lead}count(*)":
            level.bare = True
        elif said.endswith("round("):
            yield from self._inner(level, depth, (",",))
            yield OneOf(tuple(f" {n}" for n in range(5)))
            yield OneOf((")",))
        elif said.endswith("abs("):
            yield from self._inner(level, depth, (")",))
        elif said.endswith("("):
            level.bare = True
            yield from self._aggregate(level, said.strip(" ("))
        return "number" if said in plain else None

    def _inner(self, level: _Level, depth: int, after: tuple[str, ...]) -> Steps[None]:
        """Operands within the brackets of a function, and what closes them."""
        lead, plain = "", True
        for number in range(1, MOST_OPERANDS + 1):
            plain = (yield from self._operand(level, depth, lead, numbers=plain)) != "number"
            said = yield OneOf((*(ARITHMETIC if number < MOST_OPERANDS else ()), *after))
            if said not in ARITHMETIC:
                return
            lead = " "

    def _aggregate(self, level: _Level, name: str) -> Steps[None]:
        """A column within an aggregate's brackets, numbers where it computes, and what closes them."""
        columns = {c.said: c for c in self._columns(level) if c.kind != "text" or name not in COMPUTED}
        said = yield OneOf((*columns, *(("DISTINCT",) if name == "count" else ())))
        if said == "DISTINCT":
            columns = {f" {name}": c for name, c in columns.items()}
            said = yield OneOf(tuple(columns))
        self._use(level, columns[said])
        if columns[said].kind == "text":
            yield OneOf((")",))
            return
        for _ in range(MOST_OPERANDS):
            sign = yield OneOf((*ARITHMETIC, ")"))
            if sign == ")":
                return
            spaced = {f" {c.said}": c for c in self._columns(level) if c.kind != "text"}
            said = yield OneOf((*spaced, *(f" {n}" for n in self.numbers)))
            if said in spaced:
                self._use(level, spaced[said])
        yield OneOf((")",))

    def _use(self, level: _Level, column: SqlColumn) -> None:
        level.bare = True
        level.used.append(column.said)

    def _columns(self, level: _Level) -> list[SqlColumn]:
        """Columns that may still be named: of the relation, or of those that hold all that were named."""
        if level.relation is not None:
            return list(level.relation.columns)
        fitting = [r for r in self.relations if set(level.used) <= {c.said for c in r.columns}]
        return list({c.said: c for r in reversed(fitting) for c in r.columns}.values())

    def _literals(self, column: SqlColumn) -> tuple[str, ...]:
        """What a column may be compared with, a space before each."""
        if column.name == "row_no" and column.numbers:
            return tuple(f" {n}" for n in column.numbers)
        texts = self._nearest(column.texts)
        values = [f" '{text.replace(chr(39), chr(39) * 2)}'" for text in texts]
        if column.kind == "number":
            values += [f" {n}" for n in dict.fromkeys((*self.numbers, *column.numbers))]
        return tuple(dict.fromkeys(values)) or (" ''",)

    def _nearest(self, texts: Iterable[str]) -> list[str]:
        known = list(texts)
        if len(known) <= MOST_TEXTS:
            return known
        shared = {t: len(self.words & set(re.findall(r"\w+", t.casefold()))) for t in known}
        return sorted(known, key=lambda t: -shared[t])[:MOST_TEXTS]


def _resumed(steps: Steps[None], sent: str) -> Steps[None]:
    """A coroutine that waits for its first answer, which is known."""
    try:
        choice = steps.send(sent)
        while True:
            choice = steps.send((yield choice))
    except StopIteration:
        return
