"""How questions about tables of special kinds are put."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from numpy.random import Generator

from sightline.train.symbolic.table_view import Ask, Value, View
from sightline.train.symbolic.table_words import chance, fill, fitting, pick, sections_of

HE_SHE = ("he", "she")


def topic_ask(
    view: View,
    rng: Generator,
    family: str,
    sql: str,
    expect: Value | list[Value],
    kind: str,
    slots: Mapping[str, str | Sequence[str]],
    wordings: str = "tables_topics.txt",
) -> Ask:
    """A question of a family in one of its wordings; most come with the story of the table."""
    question = fill(pick(rng, fitting(sections_of(wordings)[family], slots)), rng, slots)
    if view.intro and chance(rng, 0.75):
        question = f"{view.intro[0]} {question}"
    return Ask(family=family, kind=kind, question=question, sql=sql, expect=expect)
