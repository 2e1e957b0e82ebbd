"""Episodes over tables: every family's query gives what is computed here from the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, time

import numpy as np
import pytest

from sightline.train.symbolic.episode import Episode, run_query
from sightline.train.symbolic.noise import noisy
from sightline.train.symbolic.table_payload import evidence
from sightline.train.symbolic.table_phrases import QUESTIONS
from sightline.train.symbolic.table_view import EMPTY, Ask
from sightline.train.symbolic.table_words import sections_of
from sightline.train.symbolic.tables import asks, draw, table_episode, table_first_calls
from sightline.types import Evidence, Relation


def plain(value: object) -> object:
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value)
    return value.casefold() if isinstance(value, str) else value


def right(asked: Ask, given: Sequence[Evidence]) -> bool:
    """Whether the engine gives what the question expects."""
    result = run_query(asked.sql, given)
    if asked.expect == EMPTY:
        return result.status == "empty"
    if not isinstance(result.payload, Relation):
        return False
    found = [row[0] for row in result.payload.rows]
    many = isinstance(asked.expect, list)
    wanted = [plain(v) for v in (asked.expect if isinstance(asked.expect, list) else [asked.expect])]
    if asked.kind == "text" and isinstance(asked.expect, str):
        had = [plain(one.text) for one in found]
    else:
        had = [plain(one.value) for one in found]
    if many and "ORDER" not in asked.sql:
        wanted, had = sorted(wanted, key=str), sorted(had, key=str)
    return len(wanted) == len(had) and all(map(alike, wanted, had))


def alike(one: object, two: object) -> bool:
    if isinstance(one, float) and isinstance(two, float) and not isinstance(one, bool):
        return two == pytest.approx(one, rel=1e-9, abs=1e-9)
    return one == two


def test_each_family_is_right() -> None:
    rng = np.random.default_rng(5)
    seen: Counter[str] = Counter()
    wrong = []
    for _ in range(400):
        draft, table, view = draw(rng)
        given = (evidence(2, "read_table", table),)
        for asked in asks(view, draft.topic, rng, 8):
            seen[asked.family] += 1
            if asked.sql and seen[asked.family] == 1 and not right(asked, given):
                wrong.append(asked)
    assert not wrong
    assert len(seen) > 150


def test_wordings_are_many() -> None:
    found = {name: part for file in QUESTIONS for name, part in sections_of(file).items()}
    found |= {k: v for k, v in sections_of("tables_topics.txt").items() if not k.startswith("stem_thing")}
    assert not {name for name, part in found.items() if len(part) < 4}


def replies(episode: Episode) -> list[str]:
    return [branch.reply for branch in episode.branches]


def test_episodes() -> None:
    rng = np.random.default_rng(3)
    episodes = [table_episode(rng) for _ in range(12)]
    assert all(episode.evidence[0].call.name == "look" for episode in episodes)
    assert all(episode.evidence[1].call.name == "read_table" for episode in episodes)
    assert sum(": query(sql=SELECT" in reply for e in episodes for reply in replies(e)) > 60
    again = table_episode(np.random.default_rng(8))
    assert replies(again) == replies(table_episode(np.random.default_rng(8)))


def test_answers_point_at_the_last_result() -> None:
    rng = np.random.default_rng(1)
    answers = [b for _ in range(25) for b in table_episode(rng).branches if b.task == "answer"]
    assert answers
    for branch in answers:
        last = branch.evidence[-1]
        if last.result.status == "ok" and "cannot tell" not in branch.reply:
            assert branch.reply.endswith(f"value of {last.id}")
        else:
            assert "cannot tell" in branch.reply


def test_first_calls_read_the_table() -> None:
    episode = table_first_calls(np.random.default_rng(2))
    assert len(episode.evidence) == 1
    assert all(reply.endswith(": read_table()") for reply in replies(episode))


def test_noise_keeps_names_with_capitals() -> None:
    rng = np.random.default_rng(0)
    made = [noisy("Which town near Millbrook has the most libraries?", rng) for _ in range(300)]
    assert sum("millbrook" in one.casefold() for one in made) == 300
    assert len(set(made)) > 60
