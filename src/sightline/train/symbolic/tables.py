"""Episodes about tables: what to call first, what to ask of what was read, how to answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from sightline.train.symbolic.episode import Branch, Episode, run_query
from sightline.train.symbolic.noise import noisy
from sightline.train.symbolic.table_payload import (
    evidence,
    lines_of_table,
    overview_of,
    table_of,
    view_of,
)
from sightline.train.symbolic.table_phrases import Family
from sightline.train.symbolic.table_questions_counts import COUNTS
from sightline.train.symbolic.table_questions_rows import ROWS
from sightline.train.symbolic.table_questions_sums import SUMS
from sightline.train.symbolic.table_questions_wide import WIDE
from sightline.train.symbolic.table_states import Draft, matrix_table, named_table, schema_table, story_table
from sightline.train.symbolic.table_topics import TOPICS, topic_table
from sightline.train.symbolic.table_topics_stems import stem_plot
from sightline.train.symbolic.table_view import Ask, View
from sightline.train.symbolic.table_words import chance, pick, some
from sightline.types import Evidence, Table, ToolCall, ToolResult
from sightline.types.overview import Medium

FAMILIES: Mapping[str, tuple[Family, float]] = {**ROWS, **SUMS, **COUNTS, **WIDE}
"""Families that any table may be asked, and how often each is."""

MAKERS = (
    named_table,
    named_table,
    matrix_table,
    story_table,
    story_table,
    schema_table,
    schema_table,
    schema_table,
    topic_table,
    topic_table,
    topic_table,
)
PLOTS = 0.07
"""Share of stem-and-leaf plots among tables."""

LEAST, MOST = 14, 22
"""Questions about a table: tools and table, read once for all of them, are half of an episode's tokens."""

ANSWERED = 0.2
"""Share of episodes that answer a question from a real result: the engine takes 65 ms a query."""


def draw(rng: Generator) -> tuple[Draft, Table, View]:
    """A table, what is read of it, and the view of that."""
    draft = stem_plot(rng) if chance(rng, PLOTS) else pick(rng, MAKERS)(rng)
    table = table_of(draft, rng)
    return draft, table, view_of(draft, table, rng)


def asks(view: View, topic: str, rng: Generator, count: int) -> Iterator[Ask]:
    """Questions of different families about one table."""
    own = TOPICS.get(topic, {})
    return drawn_from(
        {**FAMILIES, **own} if topic in ("", "prices", "unit prices") else own, view, rng, count
    )


def drawn_from(
    families: Mapping[str, tuple[Family, float]], view: View, rng: Generator, count: int
) -> Iterator[Ask]:
    """Questions of some families, each as often as its weight says, none twice."""
    names = list(families)
    weights = np.array([weight for _, weight in families.values()])
    seen: set[str] = set()
    for at in rng.choice(len(names), size=count * 4, p=weights / weights.sum()):
        if len(seen) >= count:
            return
        made = families[names[int(at)]][0](view, rng)
        if made is None or made.question in seen:
            continue
        seen.add(made.question)
        yield with_options(made, view, rng)


def with_options(asked: Ask, view: View, rng: Generator) -> Ask:
    """Now and then with choices at its end, one of which is right."""
    if (
        not chance(rng, 0.05)
        or asked.final != "value"
        or isinstance(asked.expect, list)
        or asked.expect is None
    ):
        return asked
    if asked.kind == "yes/no":
        choices = ["yes", "no"]
    elif isinstance(asked.expect, str) and asked.expect in view.name.texts:
        named = [t for t in view.name.texts if f"'{t}'" in asked.sql and " IN (" in asked.sql]
        others = [t for t in dict.fromkeys(view.name.texts) if t and t != asked.expect]
        choices = sorted(named or [asked.expect, *some(rng, others, 3)])
    elif isinstance(asked.expect, int | float) and asked.kind in ("number", "money"):
        value = round(float(asked.expect), 2)
        step = max(round(abs(value) * 0.1), 1)
        choices = [f"{n:,.10g}" for n in sorted({value, value + 1, value + step, max(value - step, 0.0)})]
    else:
        return asked
    form = pick(rng, ("{letter}. {text}", "({letter}) {text}", "{letter}) {text}"))
    letters = "ABCDEFGH" if chance(rng, 0.7) else "abcdefgh"
    text = " ".join(form.format(letter=letters[n], text=choice) for n, choice in enumerate(choices[:8]))
    lead = pick(rng, (" ", " Options: ", " Choices: ", "\n"))
    return replace(asked, question=asked.question + lead + text)


def query_reply(asked: Ask) -> str:
    """The round that asks for the answer."""
    return f"{asked.kind}: query(sql={asked.sql})" if asked.sql else f"{asked.kind}: {asked.final}"


def rounds(
    asked: Ask, question: str, given: tuple[Evidence, ...], rng: Generator, *, answered: bool
) -> list[Branch]:
    """The rounds of one question over evidence that holds what was read."""
    task = f"sql {asked.family}" if asked.sql else "cannot tell"
    found = [Branch(question=question, reply=query_reply(asked), task=task)]
    if not answered or not asked.sql:
        return found
    number = len(given) + 1
    own: tuple[Evidence, ...] = ()
    if asked.final == "value" and chance(rng, 0.25):
        wrong = wrong_query(asked, rng)
        own = (_called(number, wrong, given),)
        if own[0].result.status != "ok":
            found.append(Branch(question=question, reply=query_reply(asked), task="sql again", evidence=own))
            number += 1
        else:
            own = ()
    last = _called(number, asked.sql, given)
    value = f"value of e{number}" if last.result.status == "ok" else "cannot tell: not there"
    final = value if asked.final == "value" else asked.final
    found.append(
        Branch(question=question, reply=f"{asked.kind}: {final}", task="answer", evidence=(*own, last))
    )
    return found


def _called(number: int, sql: str, given: tuple[Evidence, ...]) -> Evidence:
    result: ToolResult = run_query(sql, given)
    return Evidence(
        id=f"e{number}", step=number, call=ToolCall(name="query", arguments={"sql": sql}), result=result
    )


def wrong_query(asked: Ask, rng: Generator) -> str:
    """A first query that goes wrong: of another relation, a column or a name that is not there."""
    sql = asked.sql
    other = "chart" if '"table"' in sql else '"table"'
    kind = int(rng.integers(3))
    if kind == 0:
        return (
            sql.replace('"table"', other) if '"table"' in sql else sql.replace("FROM chart", f"FROM {other}")
        )
    if kind == 1:
        return f"{sql.split(' FROM ')[0]} FROM {other}" if " FROM " in sql else sql
    return (
        sql.replace("= '", "= 'the ", 1) if "= '" in sql else sql.replace("SELECT ", 'SELECT "Value" + ', 1)
    )


def table_episode(rng: Generator) -> Episode:
    """Questions about one table that has been read."""
    draft, table, view = draw(rng)
    medium, second = mediums(rng)
    frame = next(cell.box.frame for row in table.rows for cell in row if cell.box)
    seen = overview_of(medium, lines_of_table(table, rng), frame, rng, second)
    given = (evidence(1, "look", seen), evidence(2, "read_table", table))
    answered = chance(rng, ANSWERED)
    branches: list[Branch] = []
    for n, asked in enumerate(asks(view, draft.topic, rng, int(rng.integers(LEAST, MOST + 1)))):
        question = noisy(asked.question, rng)
        one = answered and (n == 0 or asked.final != "value") and n < 3
        branches += rounds(asked, question, given, rng, answered=one)
    if not branches:
        return table_episode(rng)
    return Episode(needs=("read_table", "query"), evidence=given, branches=tuple(branches))


def mediums(rng: Generator) -> tuple[Medium, Medium | None]:
    """What the overview holds the picture to be: a table, mostly."""
    first: tuple[Medium, ...] = ("table",) * 8 + ("document", "text")
    medium = pick(rng, first)
    others: tuple[Medium, ...] = ("document", "text", "screenshot", "chart")
    second = pick(rng, [o for o in others if o != medium]) if chance(rng, 0.2) else None
    return medium, (second if medium == "table" else "table")


def table_first_calls(rng: Generator) -> Episode:
    """Questions about one table of which only the overview is known."""
    draft, table, view = draw(rng)
    medium, second = mediums(rng)
    frame = next(cell.box.frame for row in table.rows for cell in row if cell.box)
    seen = evidence(1, "look", overview_of(medium, lines_of_table(table, rng), frame, rng, second))
    branches = [
        Branch(question=noisy(asked.question, rng), reply=f"{asked.kind}: read_table()", task="first table")
        for asked in asks(view, draft.topic, rng, int(rng.integers(4, 9)))
    ]
    return (
        Episode(needs=("read_table", "query"), evidence=(seen,), branches=tuple(branches))
        if branches
        else table_first_calls(rng)
    )
