"""Where a column of numbers, days or times meets a text, it is its print that is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from sightline.tools.relations import SQL_TYPES, Column

PRINT = "§print"
"""After the name of a column whose values are no texts: its print."""

_TEXTUAL = (
    exp.Lower,
    exp.Upper,
    exp.Trim,
    exp.Length,
    exp.Replace,
    exp.Left,
    exp.Right,
    exp.Substring,
    exp.StrPosition,
    exp.SplitPart,
    exp.Split,
    exp.RegexpSplit,
    exp.Contains,
    exp.StartsWith,
    exp.EndsWith,
    exp.Concat,
    exp.ConcatWs,
    exp.DPipe,
    exp.RegexpLike,
    exp.RegexpFullMatch,
    exp.RegexpExtract,
    exp.RegexpExtractAll,
    exp.RegexpReplace,
    exp.Like,
    exp.ILike,
    exp.SimilarTo,
    exp.Glob,
    exp.GroupConcat,
)
"""Whose arguments are texts."""


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """The columns of a relation by name, in small letters; and which of them have a print beside them."""

    columns: Mapping[str, Column]
    prints: frozenset[str]


def column_of(table: str, name: str) -> exp.Column:
    """A column of a source, in quotes."""
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(table, quoted=True))


def print_where_text_is_meant(query: exp.Query, relations: Mapping[str, Kinds]) -> None:
    """Change columns that are compared as texts, or used as such, to their print, in place."""
    for column in list(query.find_all(exp.Column)):
        of = relations.get(_relation_of(column))
        if (
            of
            and column.name in of.prints
            and _is_text_meant(column, SQL_TYPES[of.columns[column.name].kind])
        ):
            if isinstance(column.parent, exp.Cast):
                column.parent.replace(column_of(column.table, column.name + PRINT))
            else:
                column.this.set("this", column.name + PRINT)


def _relation_of(column: exp.Column) -> str:
    """The relation that a qualified column is of; empty where it is of a query."""
    node = column.parent_select
    while node is not None:
        for source in sources_of(node):
            if source.alias_or_name == column.table:
                return source.name if isinstance(source, exp.Table) else ""
        node = node.parent_select
    return ""


def sources_of(select: exp.Expr) -> list[exp.Expr]:
    """What stands in FROM and JOIN."""
    first = select.args.get("from_")
    return [one.this for one in ([first] if first else []) + list(select.args.get("joins") or [])]


def _is_text_meant(column: exp.Column, kind: str) -> bool:
    parent = column.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    if isinstance(parent, exp.Cast):
        return bool(parent.to.is_type(*exp.DataType.TEXT_TYPES))
    if isinstance(parent, exp.EQ | exp.NEQ | exp.In):
        others = [parent.this, *(parent.expressions if isinstance(parent, exp.In) else [parent.expression])]
        return any(isinstance(o, exp.Literal) and o.is_string and not _is_of(o.name, kind) for o in others)
    return isinstance(parent, _TEXTUAL)


def _is_of(text: str, kind: str) -> bool:
    """Whether DuckDB reads a text as a value of the kind."""
    forms = {"DATE": r"\d{4}-\d\d?-\d\d?", "TIME": r"\d\d?:\d\d(:\d\d)?"}
    return bool(re.fullmatch(forms.get(kind, r"[-+]?\d*\.?\d+"), text.strip()))
