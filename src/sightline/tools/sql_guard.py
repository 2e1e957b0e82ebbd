"""Which SQL may run: one SELECT, over named relations, of functions that compute and do nothing else.

A list of what is allowed, since a list of what is not would always miss something. DuckDB itself is closed as
well (no files, no settings, no extensions), and runs in a process of its own with little memory.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

DIALECT = "duckdb"

MOST_PARTS = 2000
"""Nodes of the parsed query."""

_NAMED = frozenset(
    """
    even gcd lcm fmod fdiv divide strlen prefix suffix damerau_levenshtein jaccard jaro_similarity hamming
    strip_accents nfc_normalize weekday yearweek date_part datepart date_sub datesub age to_months to_years
    to_hours to_minutes to_seconds try_strptime mean arbitrary mad product fsum kahan_sum sumkahan favg
    entropy list_sum list_avg list_position list_extract list_element array_extract list_count list_unique
    list_any_value list_first list_last list_median list_mode list_product date_diff datediff
    century decade epoch isoyear nullif list_slice list_reverse
    """.split()
)
"""Functions that sqlglot knows no class for."""

_KNOWN = frozenset(
    """
    And Or Xor Exists Case If Cast TryCast Coalesce Nullif Typeof Anonymous
    Abs Ceil Floor Round Trunc Sign Sqrt Cbrt Exp Ln Log Pow Greatest Least IsNan IsInf Pi Radians Degrees
    Lower Upper Trim Length Replace Reverse Left Right Substring StrPosition SplitPart Split RegexpSplit
    Contains StartsWith EndsWith Concat ConcatWs RegexpLike RegexpFullMatch RegexpExtract RegexpExtractAll
    RegexpReplace Levenshtein JarowinklerSimilarity Ascii Chr Unicode Initcap Translate
    Year Month Day Quarter Week DayOfWeek DayOfWeekIso DayOfYear WeekOfYear Hour Minute Second Dayname
    Monthname Extract DateTrunc TimestampTrunc DateDiff DateAdd DateSub TsOrDsAdd LastDay DateFromParts
    TimeFromParts TimeToStr StrToTime StrToDate ToDays TimeToUnix CurrentDate
    Count CountIf Sum Avg Min Max Median Mode AnyValue First Last ArgMax ArgMin FirstValue LastValue NthValue
    Lag Lead RowNumber Rank DenseRank PercentRank CumeDist Ntile Stddev StddevSamp StddevPop Variance
    VariancePop Corr CovarSamp CovarPop RegrSlope RegrIntercept Quantile PercentileCont PercentileDisc
    LogicalAnd LogicalOr GroupConcat ArrayAgg Kurtosis Skewness
    Explode Unnest GenerateSeries Array ArrayMin ArrayMax ArraySort ArrayDistinct ArrayContains ArraySize
    ArraySlice Flatten ArraySum ArrayReverse
    """.split()
)
"""Functions, by the classes of sqlglot."""

_NEVER = (
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Into,
    exp.Pivot,
    exp.Parameter,
    exp.Placeholder,
    exp.SessionParameter,
    exp.Lambda,
    exp.Comprehension,
    exp.Lock,
    exp.Except,
    exp.Intersect,
    exp.TableSample,
)
"""Parts of SQL that are not taken, be it for what they do or since nothing that they give has a cell."""


class Refused(Exception):
    """Why a query is not run, in one line."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A query that may run: parsed, the relations that it reads, and the classes of objects it asks for."""

    query: exp.Query
    reads: tuple[str, ...]
    classes: tuple[str, ...]


def checked(sql: str, known: Collection[str]) -> Checked:
    """The query of a text, over relations of the `known` names. Raises `Refused`."""
    query = _parsed(sql)
    nodes = list(query.walk())
    if len(nodes) > MOST_PARTS:
        raise Refused("the query is too long")
    named = {cte.alias.casefold() for cte in query.find_all(exp.CTE)}
    if taken := sorted(named & set(known)):
        raise Refused(f"{taken[0]} is a relation already: call the WITH something else")
    reads = []
    for node in nodes:
        _check(node)
        if isinstance(node, exp.Table) and (name := _table(node, named, known)):
            reads.append(name)
    return Checked(query=query, reads=tuple(dict.fromkeys(reads)), classes=_classes(query))


def _parsed(sql: str) -> exp.Query:
    try:
        statements = [one for one in sqlglot.parse(sql, read=DIALECT) if one is not None]
    except RecursionError:
        raise Refused("the query is nested too deep") from None
    except SqlglotError as error:
        said = re.sub(r"\x1b\[\d*m", "", str(error))  # it underlines for terminals
        raise Refused(f"not SQL: {' '.join(said.split())[:200]}") from None
    if len(statements) != 1:
        raise Refused(f"one SELECT is taken, not {len(statements)} statements")
    (query,) = statements
    if not isinstance(query, exp.Query):
        raise Refused(f"only SELECT is taken, not {query.key.upper()}")
    if any(not select.expressions for select in query.find_all(exp.Select)):
        raise Refused("SELECT names nothing to select")
    inner = query.unnest()
    return inner if isinstance(inner, exp.Query) else query


def _check(node: exp.Expr) -> None:
    """Raises `Refused` for a part that is not taken."""
    if isinstance(node, _NEVER):
        raise Refused(f"{node.key.upper()} is not taken in a query")
    if isinstance(node, exp.Anonymous):
        if node.name.casefold() not in _NAMED:
            raise Refused(f"the function {node.name} is not taken")
    elif isinstance(node, exp.Func) and type(node).__name__ not in _KNOWN:
        raise Refused(f"the function {node.sql_name().lower()} is not taken")
    if isinstance(node, exp.GenerateSeries) and not isinstance(node.parent, exp.Table):
        raise Refused("range and generate_series are taken in FROM alone")
    if isinstance(node, exp.Star) and isinstance(node.parent, exp.Columns):
        raise Refused("COLUMNS(*) is not taken: name the columns")


def _table(table: exp.Table, named: Collection[str], known: Collection[str]) -> str:
    """The relation that a table is; empty for a WITH's or a range. Raises `Refused` for any other."""
    name = table.name.casefold()
    if isinstance(table.this, exp.GenerateSeries) or (not table.db and name in named):
        return ""
    if not isinstance(table.this, exp.Identifier) or table.db or name not in known:
        said = table.this.sql(DIALECT)[:60]
        raise Refused(f"there is no relation {said}; there are {', '.join(known)}")
    return name


def _classes(query: exp.Query) -> tuple[str, ...]:
    """The texts that the column `class` is compared with."""
    found: list[str] = []
    for node in query.find_all(exp.EQ, exp.In):
        sides = (
            [node.this, *node.expressions]
            if isinstance(node, exp.In)
            else [node.this, node.args["expression"]]
        )
        if any(isinstance(side, exp.Column) and side.name.casefold() == "class" for side in sides):
            found += [side.name for side in sides if isinstance(side, exp.Literal) and side.is_string]
    return tuple(dict.fromkeys(found))
