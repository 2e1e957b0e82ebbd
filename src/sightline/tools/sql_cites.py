"""Rewrites a SELECT so that every value that it gives says which printed cells it was computed from.

Beside each column `x` of a relation stands `x§cells`, the list of its cells, and the rewritten query carries
such lists along: a plain value has the cells of the columns in it, `sum` and its like those of all rows that
they take in, `max` and `min` those that are the extreme, a joined or nested query its own. A further column,
`§why`, lists the cells that filters, joins and orders looked at for the row. The values are left as they
were, but for one thing: where a column of numbers, days or times meets a text, its print is meant.

The source is how-provenance by annotation (Glavic and Alonso, "Perm", ICDE 2009), with lists for the sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from sightline.tools.relations import SQL_TYPES
from sightline.tools.sql_guard import DIALECT, Refused
from sightline.tools.sql_prints import PRINT, Kinds, column_of, print_where_text_is_meant, sources_of
from sightline.tools.sql_reply import Flags

CELLS = "§cells"
"""After the name of a column: the lists of its cells."""

WHY, KEY = "§why", "§key"
"""Columns: the cells that a row was chosen by, and the first cell of a row that is printed."""

MACROS = (
    "create macro cells_all(l) as coalesce(list_sort(list_distinct(flatten(l))), []::integer[])",
    "create macro cells_of(v, c) as cells_all(list(c) filter (where v is not null))",
    "create macro cells_at(v, c, most) as "
    "cells_all(list_transform(list_filter(list({'v': v, 'c': c}), lambda x: x.v = most), lambda x: x.c))",
    "create macro cells_max(v, c) as cells_at(v, c, max(v))",
    "create macro cells_min(v, c) as cells_at(v, c, min(v))",
    "create macro cells_mode(v, c) as cells_at(v, c, mode(v))",
)
"""What a rewritten query calls."""

_EXTREMES = {exp.Max: "cells_max", exp.Min: "cells_min", exp.Mode: "cells_mode"}
_PICKS = (exp.First, exp.Last, exp.AnyValue)
_LIKE_ITS_ARGUMENT = (exp.FirstValue, exp.LastValue, exp.NthValue, exp.Lag, exp.Lead)
_SAME_UNIT = (
    exp.Sum,
    exp.Avg,
    exp.Median,
    exp.Quantile,
    exp.PercentileCont,
    exp.PercentileDisc,
    exp.Stddev,
    exp.StddevSamp,
    exp.StddevPop,
    exp.Abs,
    exp.Round,
    exp.Ceil,
    exp.Floor,
    exp.Neg,
)
_RANKS = (exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile)
_AGGREGATES = frozenset("mean arbitrary mad product fsum kahan_sum sumkahan favg entropy".split())
"""Aggregates that sqlglot has no class for."""

COMPUTED = Flags()


@dataclass(frozen=True, kw_only=True)
class Cited:
    """A rewritten query: n columns, n lists of cells, the reasons. `names` and `flags` are of the columns."""

    sql: str
    names: tuple[str, ...]
    flags: tuple[Flags, ...]


@dataclass(kw_only=True)
class _Origin:
    """Where columns of one alias come from: a relation, a query that was rewritten, or nothing cited."""

    base: Kinds | None = None
    flags: dict[str, Flags] | None = None
    free: exp.Expr | None = None


@dataclass(kw_only=True)
class _Scope:
    """One SELECT: its sources by alias, the queries named by WITH, and whether it aggregates."""

    origins: dict[str, _Origin]
    named: dict[str, dict[str, Flags] | None]
    grouped: bool
    where: exp.Expr | None = None


def with_cells(query: exp.Query, relations: Mapping[str, Kinds]) -> Cited:
    """The query with lists of cells.

    Args:
        query: checked.
        relations: the columns of each relation that it reads.

    Raises:
        OptimizeError: of sqlglot, for a column that is not there.
        Refused: what it gives cannot be traced to cells.
    """
    names = tuple(_output_name(one) for one in query.selects)
    schema = MappingSchema(
        {name: _sql_types(of) for name, of in relations.items()}, dialect=DIALECT, normalize=False
    )
    full = qualify(_with_brackets(query), schema=schema, dialect=DIALECT)
    assert isinstance(full, exp.Query)
    if any(isinstance(one, exp.Star) for one in query.selects) or len(names) != len(full.selects):
        names = tuple(one.output_name for one in full.selects)
    print_where_text_is_meant(full, relations)
    rewritten, flags = _Rewriter(relations).query(full, {})
    return Cited(sql=rewritten.sql(DIALECT), names=names, flags=tuple(flags.values()))


def _with_brackets(query: exp.Query) -> exp.Query:
    """A copy with scalar queries among the columns in brackets.

    Without brackets `qualify` takes no `ORDER BY 1` of them.
    """
    query = query.copy()
    for select in list(query.find_all(exp.Select)):
        for one in select.selects:
            if isinstance(one, exp.Subquery):
                name, inner = one.alias, one.copy()
                inner.set("alias", None)
                one.replace(_alias(exp.Paren(this=inner), name) if name else exp.Paren(this=inner))
    return query


def _sql_types(of: Kinds) -> dict[str, str]:
    return {name: SQL_TYPES[column.kind] for name, column in of.columns.items()}


def _output_name(one: exp.Expr) -> str:
    return one.output_name or one.sql(DIALECT)


# The rewriting.


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[one.copy() for one in arguments])


def _merged(parts: Iterable[exp.Expr]) -> exp.Expr:
    """The cells of several lists as one list."""
    unique = list({one.sql(DIALECT): one for one in parts}.values())
    if not unique:
        return exp.cast(exp.Array(expressions=[]), "INTEGER[]", dialect=DIALECT)
    return _call("cells_all", exp.Array(expressions=[one.copy() for one in unique]))


def _alias(expression: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(expression, exp.to_identifier(name, quoted=True))


class _Rewriter:
    def __init__(self, relations: Mapping[str, Kinds]) -> None:
        self._relations = relations

    def query(
        self, query: exp.Query, named: dict[str, dict[str, Flags] | None]
    ) -> tuple[exp.Query, dict[str, Flags]]:
        """The query with lists of cells, and the flags of its columns by name. `named`: what WITH names."""
        query = query.copy()
        named = dict(named)
        if with_ := query.args.get("with_"):
            for cte in with_.expressions:
                if with_.recursive and _reads(cte.this, cte.alias):
                    named[cte.alias] = None  # a value made over and over again has no cells
                    continue
                body, named[cte.alias] = self.query(cte.this, named)
                cte.set("this", body)
                _widen(cte, named[cte.alias])
        if isinstance(query, exp.Union):
            return self._union(query, named)
        if not isinstance(query, exp.Select):
            raise Refused("only SELECT can be traced to cells")
        return self._select(query, named)

    def _union(
        self, union: exp.Union, named: dict[str, dict[str, Flags] | None]
    ) -> tuple[exp.Query, dict[str, Flags]]:
        left, flags = self.query(_unnested(union.this), named)
        right, others = self.query(_unnested(union.expression), named)
        both = {
            name: a if a == b else COMPUTED
            for (name, a), b in zip(flags.items(), others.values(), strict=True)
        }
        distinct = bool(union.args.get("distinct"))
        joined = exp.union(left, right, distinct=False, dialect=DIALECT)
        tail = {key: union.args[key] for key in ("order", "limit", "offset") if union.args.get(key)}
        outer = _grouped_by_value(joined, both) if distinct else _all_of(joined, both)
        for key, value in tail.items():
            outer.set(key, value)
        if with_ := union.args.get("with_"):
            outer.set("with_", with_)
        return outer, both

    def _select(
        self, select: exp.Select, named: dict[str, dict[str, Flags] | None]
    ) -> tuple[exp.Query, dict[str, Flags]]:
        _name_apart(select)
        scope = self._scope(select, named)
        flags = {one.output_name: self._flags(one.unalias(), scope) for one in select.selects}
        lists = [_alias(self._cells(one.unalias(), scope), one.output_name + CELLS) for one in select.selects]
        why = _alias(self._why(select, scope), WHY)
        distinct = select.args.get("distinct")
        order, limit, offset = (select.args.get(key) for key in ("order", "limit", "offset"))
        if distinct and not distinct.args.get("on"):
            for key in ("distinct", "order", "limit", "offset"):
                select.set(key, None)
            values = {one.unalias().sql(DIALECT): one.output_name for one in select.selects}
            with_ = select.args.get("with_")
            select.set("with_", None)
            select.set("expressions", [*select.selects, *lists, why])
            outer = _grouped_by_value(select, flags)
            for key, value in (("order", _by_name(order, values)), ("limit", limit), ("offset", offset)):
                outer.set(key, value)
            outer.set("with_", with_)
            return outer, flags
        select.set("expressions", [*select.selects, *lists, why])
        return select, flags

    def _scope(self, select: exp.Select, named: dict[str, dict[str, Flags] | None]) -> _Scope:
        """The sources of a SELECT; queries among them are rewritten in place."""
        scope = _Scope(origins={}, named=named, grouped=_is_grouped(select))
        for source in sources_of(select):
            scope.origins[source.alias_or_name] = self._origin(source, scope)
        where = select.args.get("where")
        scope.where = where.this if where else None
        return scope

    def _origin(self, source: exp.Expr, scope: _Scope) -> _Origin:
        if isinstance(source, exp.Table):
            if source.name in scope.named:
                return _Origin(flags=scope.named[source.name])
            return _Origin(base=self._relations.get(source.name))
        if isinstance(source, exp.Unnest):
            inner = replace(scope, grouped=False)
            return _Origin(free=_merged(self._parts(source.expressions, inner)))
        inner_query = source.this.this if isinstance(source, exp.Lateral) else source.this
        if isinstance(source, exp.Subquery | exp.Lateral) and isinstance(inner_query, exp.Query):
            body, flags = self.query(_unnested(inner_query), scope.named)
            (source.this if isinstance(source, exp.Lateral) else source).set("this", body)
            _widen(source, flags)
            return _Origin(flags=flags)
        return _Origin()

    # Cells of expressions.

    def _cells(self, expression: exp.Expr, scope: _Scope) -> exp.Expr:
        return _merged(self._parts([expression], scope))

    def _parts(self, expressions: Iterable[exp.Expr], scope: _Scope) -> list[exp.Expr]:
        """Lists of cells of all that stands in some expressions of a scope."""
        found: list[exp.Expr] = []
        for one in expressions:
            if isinstance(one, exp.Query) or (
                isinstance(one, exp.Subquery) and isinstance(one.this, exp.Query)
            ):
                found.append(self._of_query(_unnested(one), scope, lambda flags: next(iter(flags)) + CELLS))
            elif isinstance(one, exp.Exists):
                found.append(self._of_query(_unnested(one.this), scope, lambda _: WHY))
            elif isinstance(one, exp.Window):
                found += self._of_window(one, scope)
            elif _is_aggregate(one):
                found += self._of_aggregate(one, scope)
            elif isinstance(one, exp.Column):
                found += self._of_column(one, scope)
            else:
                found += self._parts(one.iter_expressions(), scope)
        return found

    def _of_column(self, column: exp.Column, scope: _Scope) -> list[exp.Expr]:
        origin = scope.origins.get(column.table)
        if origin is None:  # of a query around this one, which tells of it itself
            return []
        if origin.free is not None:
            cells: exp.Expr = origin.free
        elif origin.base or origin.flags is not None:
            name = column.name.removesuffix(PRINT)
            cells = column_of(column.table, name + CELLS)
        else:
            return []
        if not scope.grouped:
            return [cells]
        return [_call("cells_of", exp.true(), cells)]

    def _of_query(self, query: exp.Query, scope: _Scope, pick: Callable[[dict[str, Flags]], str]) -> exp.Expr:
        """The cells of a query inside an expression: all of its rows together."""
        body, flags = self.query(query, scope.named)
        inner = _all_of(body, flags)
        listed = _call("cells_of", exp.true(), exp.column(exp.to_identifier(pick(flags), quoted=True)))
        inner.set("expressions", [listed])
        return exp.Subquery(this=inner)

    def _of_window(self, window: exp.Window, scope: _Scope) -> list[exp.Expr]:
        function, _ = _unwrapped(window.this)
        if isinstance(function, _RANKS):
            order = window.args.get("order")
            return self._parts(order.expressions if order else [], scope)
        argument = _argument(function)
        cells = self._cells(argument, scope) if argument is not None else self._row(scope)
        if not _holds_columns(cells):
            return []
        again = window.copy()
        if isinstance(function, _LIKE_ITS_ARGUMENT):
            inner = _unwrapped(again.this)[0]
            inner.set("this", cells)
            inner.set("default", None)
            return [again]
        again.set("this", exp.ArrayAgg(this=cells))
        return [_call("flatten", again)]

    def _of_aggregate(self, node: exp.Expr, scope: _Scope) -> list[exp.Expr]:
        function, condition = _unwrapped(node)
        rows = replace(scope, grouped=False)
        argument = _argument(function)
        if isinstance(node, exp.WithinGroup):
            argument = node.expression.expressions[0].this
        counted = exp.true() if argument is None or isinstance(argument, exp.Star) else argument.copy()
        if isinstance(function, exp.CountIf):
            condition, counted = argument, exp.true()
        if isinstance(function, exp.Sum) and isinstance(counted, exp.Case):
            counted = exp.func("nullif", counted, exp.Literal.number(0), dialect=DIALECT)
        if argument is None or counted == exp.true():
            cells = self._row(scope, condition)
        else:
            cells = _merged(self._parts([argument], rows))
        if not _holds_columns(cells):
            return []
        if condition is not None:
            counted = exp.Case().when(condition.copy(), counted)
        for kind, macro in _EXTREMES.items():
            if isinstance(function, kind):
                return [_call(macro, counted, cells)]
        if isinstance(function, exp.ArgMax | exp.ArgMin):
            name = "arg_max" if isinstance(function, exp.ArgMax) else "arg_min"
            by = function.expression
            by_cells = _merged(self._parts([by], rows))
            if condition is not None:
                by = exp.Case().when(condition.copy(), by.copy())
            return [_call(name, cells, by), _call(name, by_cells, by)]
        if isinstance(function, _PICKS):
            return [self._picked(function, counted, cells)]
        return [_call("cells_of", counted, cells)]

    def _picked(self, function: exp.Expr, counted: exp.Expr, cells: exp.Expr) -> exp.Expr:
        """The cells of the value that `first`, `last` or `any_value` takes."""
        order = function.this if isinstance(function.this, exp.Order) else None
        name = "last" if isinstance(function, exp.Last) else "first"
        inner: exp.Expr = exp.Order(this=cells, expressions=order.expressions) if order else cells
        picked = exp.Last(this=inner) if name == "last" else exp.First(this=inner)
        if not isinstance(function, exp.AnyValue):
            return picked
        there = exp.Not(this=exp.Is(this=counted.copy(), expression=exp.Null()))
        return exp.Filter(this=picked, expression=exp.Where(this=there))

    def _row(self, scope: _Scope, condition: exp.Expr | None = None) -> exp.Expr:
        """The cells that speak for a row that is counted: what it was chosen by, else its first."""
        rows = replace(scope, grouped=False)
        chosen = [one for one in (scope.where, condition) if one is not None]
        if parts := self._parts(chosen, rows):
            return _merged(parts)
        found: list[exp.Expr] = []
        for alias, origin in scope.origins.items():
            if origin.base:
                found.append(column_of(alias, KEY))
            elif origin.flags:
                found.append(column_of(alias, next(iter(origin.flags)) + CELLS))
            elif origin.free is not None:
                found.append(origin.free)
        return _merged(found)

    def _why(self, select: exp.Select, scope: _Scope) -> exp.Expr:
        """What decided that a row is there: filters, joins, the order where some are left out."""
        rows = replace(scope, grouped=False)
        conditions = [scope.where] if scope.where is not None else []
        conditions += [
            join.args["on"]
            for join in select.args.get("joins") or []
            if join.args.get("on") and join.kind not in ("SEMI", "ANTI")
        ]
        parts = self._parts(conditions, rows)
        parts += [
            column_of(alias, WHY) for alias, origin in scope.origins.items() if origin.flags is not None
        ]
        parts += [
            self._of_query(query, rows, lambda _: WHY) for query in _nested([*select.selects, *conditions])
        ]
        if scope.grouped:
            parts = [_call("cells_of", exp.true(), _merged(parts))] if parts else []
        late = [select.args[key].this for key in ("having", "qualify") if select.args.get(key)]
        if select.args.get("order") and select.args.get("limit"):
            late += [one.this for one in select.args["order"].expressions]
        return _merged(parts + self._parts(late, scope))

    # What values are.

    def _flags(self, one: exp.Expr, scope: _Scope) -> Flags:
        one = _without_brackets(one)
        if isinstance(one, exp.Column):
            origin = scope.origins.get(one.table)
            if origin is None or origin.free is not None:
                return COMPUTED
            if origin.base and (column := origin.base.columns.get(one.name.removesuffix(PRINT))):
                has_unit = bool(column.unit) or column.mixed
                return Flags(printed=column.printed, unit=has_unit, named=column.unit)
            return (origin.flags or {}).get(one.name, COMPUTED)
        if isinstance(one, exp.Subquery):
            return next(iter(self.query(_unnested(one), scope.named)[1].values()))
        function, _ = _unwrapped(one.this if isinstance(one, exp.Window) else one)
        if isinstance(function, (*_EXTREMES, *_PICKS, *_LIKE_ITS_ARGUMENT, exp.ArgMax, exp.ArgMin)):
            argument = _argument(function)
            return self._flags(argument, scope) if argument is not None else COMPUTED
        return self._unit(one, scope)

    def _unit(self, one: exp.Expr, scope: _Scope) -> Flags:
        """Whether a computed value is still in the unit of its cells."""
        function, _ = _unwrapped(one.this if isinstance(one, exp.Window) else one)
        if isinstance(function, _SAME_UNIT):
            argument = _argument(function)
            if isinstance(one, exp.WithinGroup):
                argument = one.expression.expressions[0].this
            return self._carried(argument, scope)
        if not isinstance(one, exp.Add | exp.Sub | exp.Mul | exp.Div):
            return COMPUTED
        left, right = self._carried(one.this, scope), self._carried(one.expression, scope)
        if left.unit and right.unit:  # dollars and dollars are dollars, and dollars a dollar are none
            return left if isinstance(one, exp.Add | exp.Sub) else COMPUTED
        return COMPUTED if isinstance(one, exp.Div) and right.unit else left if left.unit else right

    def _carried(self, one: exp.Expr | None, scope: _Scope) -> Flags:
        flags = self._flags(one, scope) if one is not None else COMPUTED
        return replace(flags, printed=False)


def _holds_columns(cells: exp.Expr) -> bool:
    return cells.find(exp.Column) is not None


def _without_brackets(one: exp.Expr) -> exp.Expr:
    while isinstance(one, exp.Paren):
        one = one.this
    return one


def _name_apart(select: exp.Select) -> None:
    """Give columns of one name names of their own, in place: `SELECT a, a`."""
    taken: set[str] = set()
    for n, one in enumerate(select.selects):
        if one.output_name in taken:
            one.replace(_alias(one.unalias(), f"{one.output_name}§{n}"))
        taken.add(one.output_name)


def _unnested(query: exp.Expr) -> exp.Query:
    inner = query.unnest()
    if not isinstance(inner, exp.Query):
        raise Refused("only SELECT can be traced to cells")
    return inner


def _nested(expressions: Iterable[exp.Expr]) -> Iterator[exp.Query]:
    """The queries inside expressions, not those inside of these."""
    for one in expressions:
        if isinstance(one, exp.Query):
            yield _unnested(one)
        else:
            yield from _nested(one.iter_expressions())


def _reads(query: exp.Expr, name: str) -> bool:
    return any(table.name == name for table in query.find_all(exp.Table))


def _widen(source: exp.Expr, flags: Mapping[str, Flags] | None) -> None:
    """Let an alias that names columns, `t(a, b)`, name the lists of cells too."""
    alias = source.args.get("alias")
    columns = alias.args.get("columns") if alias else None
    if alias and columns and flags is not None:
        more = [name + CELLS for name in flags] + [WHY]
        alias.set("columns", [*columns, *(exp.to_identifier(name, quoted=True) for name in more)])


def _all_of(query: exp.Query, flags: Mapping[str, Flags]) -> exp.Select:
    """`SELECT` of all columns of a rewritten query, the lists of cells too."""
    names = [*flags, *(name + CELLS for name in flags), WHY]
    columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in names]
    return exp.select(*columns).from_(query.subquery("rows_of"))


def _grouped_by_value(query: exp.Query, flags: Mapping[str, Flags]) -> exp.Select:
    """A rewritten query with rows of equal values made one, in the order of the first of each."""
    quoted = {name: exp.column(exp.to_identifier(name, quoted=True)) for name in flags}
    lists = [
        _alias(_call("cells_of", exp.true(), exp.column(exp.to_identifier(name, quoted=True))), name)
        for name in [*(name + CELLS for name in flags), WHY]
    ]
    numbered = exp.select("*", 'row_number() over () as "§n"', dialect=DIALECT).from_(
        query.subquery("rows_of")
    )
    grouped = exp.select(*quoted.values(), *lists).from_(numbered.subquery("rows_of"))
    grouped = grouped.group_by(*quoted.values())
    return grouped.order_by(exp.func("min", exp.column(exp.to_identifier("§n", quoted=True))))


def _by_name(order: exp.Expr | None, values: Mapping[str, str]) -> exp.Expr | None:
    """The order of a SELECT DISTINCT with its expressions as names of columns of the result."""
    if order is None:
        return None
    order = order.copy()
    for one in order.expressions:
        if isinstance(one.this, exp.Literal) and one.this.is_int:  # by its place, which stays the same
            continue
        if (name := values.get(one.this.sql(DIALECT))) is not None:
            one.set("this", exp.column(exp.to_identifier(name, quoted=True)))
        elif not (isinstance(one.this, exp.Column) and not one.this.table):
            raise Refused("SELECT DISTINCT can be ordered by what it selects alone")
    return order


def _is_grouped(select: exp.Select) -> bool:
    having = select.args.get("having")
    return bool(select.args.get("group") or having) or any(map(_aggregates, select.selects))


def _aggregates(one: exp.Expr) -> bool:
    """Whether an aggregate stands in an expression, outside of queries and windows."""
    if isinstance(one, exp.Query | exp.Subquery):
        return False
    if isinstance(one, exp.Window):
        inner = _unwrapped(one.this)[0]
        return any(map(_aggregates, [*inner.iter_expressions(), *(one.args.get("partition_by") or [])]))
    return _is_aggregate(one) or any(map(_aggregates, one.iter_expressions()))


def _is_aggregate(one: exp.Expr) -> bool:
    function, _ = _unwrapped(one)
    if isinstance(function, exp.Anonymous):
        return function.name.casefold() in _AGGREGATES
    return isinstance(function, exp.AggFunc) and not isinstance(function, (*_LIKE_ITS_ARGUMENT, *_RANKS))


def _unwrapped(one: exp.Expr) -> tuple[exp.Expr, exp.Expr | None]:
    """A function without FILTER, WITHIN GROUP and IGNORE NULLS around it, and the condition of the FILTER."""
    condition = None
    while isinstance(one, exp.Filter | exp.WithinGroup | exp.IgnoreNulls | exp.RespectNulls):
        if isinstance(one, exp.Filter):
            condition = one.expression.this
        one = one.this
    return one, condition


def _argument(function: exp.Expr) -> exp.Expr | None:
    """What a function is of; None where it is of whole rows."""
    argument = (
        function.expressions[0] if isinstance(function, exp.Anonymous) and function.expressions else None
    )
    argument = argument or function.args.get("this")
    while isinstance(argument, exp.Order | exp.Distinct):
        argument = argument.expressions[0] if isinstance(argument, exp.Distinct) else argument.this
    return argument if isinstance(argument, exp.Expr) and not isinstance(argument, exp.Star) else None
