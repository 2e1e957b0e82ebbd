"""Episodes over charts: every family's query gives what is computed here from the state."""

from __future__ import annotations

from collections import Counter

import numpy as np
from tests.train.symbolic.test_tables import right

from sightline.train.symbolic.chart_states import plot, topics
from sightline.train.symbolic.charts import chart_asks, chart_episode, chart_first_calls
from sightline.train.symbolic.table_payload import evidence


def test_each_family_is_right() -> None:
    rng = np.random.default_rng(6)
    seen: Counter[str] = Counter()
    wrong = []
    for _ in range(300):
        chart = plot(rng)
        given = (evidence(2, "read_chart", chart.data),)
        for asked in chart_asks(chart, rng, 8):
            seen[asked.family] += 1
            if asked.sql and seen[asked.family] == 1 and not right(asked, given):
                wrong.append(asked)
    assert not wrong
    assert len(seen) > 110


def test_episodes() -> None:
    rng = np.random.default_rng(3)
    episodes = [chart_episode(rng) for _ in range(12)]
    assert all(episode.evidence[1].call.name == "read_chart" for episode in episodes)
    found = [branch.reply for episode in episodes for branch in episode.branches]
    assert sum(": query(sql=SELECT" in reply for reply in found) > 60
    assert not [reply for reply in found if '"table"' in reply]


def test_first_calls_read_the_chart() -> None:
    episode = chart_first_calls(np.random.default_rng(2))
    assert len(episode.evidence) == 1
    assert all(branch.reply.endswith(": read_chart()") for branch in episode.branches)


def test_topics_are_many() -> None:
    assert len(topics()) > 70
