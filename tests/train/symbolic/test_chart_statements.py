"""Charts of published statistics: every question's query gives what is computed here from the state."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
from tests.train.symbolic.test_mixture import bytewise
from tests.train.symbolic.test_tables import right

from sightline.train.symbolic.batches import as_tokens
from sightline.train.symbolic.chart_statements import (
    KINDS,
    statement_episode,
    statement_families,
    statement_plot,
)
from sightline.train.symbolic.mixer import offer
from sightline.train.symbolic.statement_lists import QUANTITIES, statements
from sightline.train.symbolic.table_payload import evidence
from sightline.train.symbolic.tables import drawn_from


def test_subjects_are_many_and_whole() -> None:
    assert len(statements()) >= 90
    for statement in statements():
        assert len(statement.asks) >= 2, statement.title
        assert statement.low < statement.high
        assert all(clause.kind in QUANTITIES and "<q>" in clause.text for clause in statement.clauses)
        assert all("<at>" in one or "<n>" in one for one in statement.asks), statement.title


def test_each_subject_is_right() -> None:
    rng = np.random.default_rng(8)
    seen: Counter[str] = Counter()
    wrong = []
    for statement in statements():
        chart, told = statement_plot(rng, statement)
        given = (evidence(2, "read_chart", chart.data),)
        for asked in drawn_from(statement_families(told), chart.view, rng, 5):
            seen[asked.family] += 1
            assert not {"<", ">", "{", "}", "|"} & set(asked.question), asked
            if seen[asked.family] <= 6 and not right(asked, given):
                wrong.append(asked)
    assert not wrong
    assert len(seen) > len(KINDS)


def test_a_count_in_a_question_is_a_value() -> None:
    rng = np.random.default_rng(1)
    found = Counter[bool]()
    for statement in statements():
        chart, told = statement_plot(rng, statement)
        for asked in drawn_from(statement_families(told), chart.view, rng, 6):
            if asked.question.startswith("How many"):
                assert ("count(" in asked.sql) == (asked.family == "said_count_over"), asked
                found["count(" in asked.sql] += 1
    assert found[False] > 3 * found[True]


def test_replies_are_allowed_and_episodes_follow_from_their_seed() -> None:
    tokens, rejected, calls = bytewise(), list[str](), Counter[str]()
    for seed in range(12):
        made = statement_episode(np.random.default_rng(seed))
        assert made == statement_episode(np.random.default_rng(seed))
        offered = offer(made, np.random.default_rng(seed))
        as_tokens(offered.episode, offered.tools, tokens, rejected)
        calls.update(branch.reply.partition(": ")[2].partition("(")[0] for branch in made.branches)
    assert not rejected
    assert calls["query"] > 30
    assert calls["read_chart"] > 0


def test_questions_are_not_those_of_the_everyday_suite() -> None:
    root = Path(__file__).parents[3]
    rows = json.loads((root / "examples" / "everyday.json").read_text(encoding="utf-8"))
    held = {row["question"].casefold() for row in rows}
    rng = np.random.default_rng(2)
    for _ in range(60):
        chart, told = statement_plot(rng)
        for asked in drawn_from(statement_families(told), chart.view, rng, 6):
            assert asked.question.casefold() not in held
