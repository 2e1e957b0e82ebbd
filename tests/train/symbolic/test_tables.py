"""Episodes over tables: every family's query gives what is computed here from the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, time

import numpy as np
import pytest

from sightline.planning.choices import choices_made
from sightline.planning.grammar import reply_steps, written
from sightline.planning.situation import Situation
from sightline.planning.sql_relations import sql_relations
from sightline.planning.tool_spec import Argument, ToolSpec
from sightline.train.symbolic.episode import Episode, run_query
from sightline.train.symbolic.noise import noisy
from sightline.train.symbolic.table_payload import evidence, table_of, view_of
from sightline.train.symbolic.table_phrases import QUESTIONS
from sightline.train.symbolic.table_topics_stems import BOUNDED, COMPUTED, stem_plot, subjects
from sightline.train.symbolic.table_view import EMPTY, Ask
from sightline.train.symbolic.table_words import sections_of
from sightline.train.symbolic.tables import asks, draw, query_reply, table_episode, table_first_calls
from sightline.types import Evidence, Relation

QUERY = ToolSpec(name="query", params=(Argument(name="sql", kind="sql"),))


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
    found |= sections_of("tables_topics.txt") | sections_of("tables_stems.txt")
    assert not {name for name, part in found.items() if len(part) < 4}


def test_plots_are_right_and_their_replies_allowed() -> None:
    rng = np.random.default_rng(4)
    seen: Counter[str] = Counter()
    for _ in range(60):
        draft = stem_plot(rng)
        read = table_of(draft, rng)
        given = (evidence(2, "read_table", read),)
        for asked in asks(view_of(draft, read, rng), "stem", rng, 10):
            seen[asked.family] += 1
            world = Situation(question=noisy(asked.question, rng), tools=(QUERY,), evidence=given)
            choices_made(
                written(query_reply(asked)), reply_steps(world, sql_relations(given, world.question))
            )
            if seen[asked.family] <= 6:
                assert right(asked, given), asked
    wanted = [*BOUNDED, *COMPUTED]
    assert set(seen) == {f"stem_{name}" for name in wanted}


def test_plots_are_of_many_kinds() -> None:
    rng = np.random.default_rng(6)
    drafts = [stem_plot(rng) for _ in range(300)]
    printed = [leaf for draft in drafts for leaf in draft.columns[1]]
    assert {3, 8} <= {len(draft.columns[0]) for draft in drafts} <= set(range(3, 9))
    assert {0, 8} <= {sum(map(str.isdigit, leaf)) for leaf in printed} <= set(range(9))
    assert any(", " in leaf for leaf in printed)
    assert any(leaf.isdigit() and len(leaf) > 1 for leaf in printed)
    assert len({draft.intro[1] for draft in drafts}) == len(subjects())


def test_a_share_of_tables_are_plots() -> None:
    rng = np.random.default_rng(0)
    plots = sum(draw(rng)[0].topic == "stem" for _ in range(600))
    assert 0.05 <= plots / 600 <= 0.09


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
