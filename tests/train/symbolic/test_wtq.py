"""The search for SQL that a question about a table means, and the episodes made of what it finds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.tools.relations import source_of
from sightline.train.symbolic import wtq
from sightline.train.symbolic.episode import run_query
from sightline.train.symbolic.wtq_pictures import table_of, with_noise
from sightline.train.symbolic.wtq_search import find
from sightline.train.symbolic.wtq_words import Question
from sightline.types import Overview, Table

GRID = [
    ["Rank", "Rider", "Nation", "Points", "Date", "Notes"],
    ["1", "Ana Berg", "Norway", "81", "May 5, 2011", "steel frame"],
    ["2", "Li Wei", "China", "77", "June 2, 2011", "carbon frame"],
    ["3", "Tom Hale", "Ireland", "64", "May 9, 2012", ""],
    ["4", "Eva Lund", "Norway", "90", "July 1, 2012", "steel fork"],
    ["5", "José Ruiz", "Spain", "12", "May 7, 2013", "wooden wheels"],
]

ASKED = [
    (
        "which rider had the most points?",
        ["Eva Lund"],
        'SELECT "Rider" FROM "table" ORDER BY "Points" DESC LIMIT 1',
    ),
    ("how many riders are from norway?", ["2"], """SELECT count(*) FROM "table" WHERE "Nation" = 'Norway'"""),
    (
        "what nation is tom hale from?",
        ["Ireland"],
        """SELECT "Nation" FROM "table" WHERE "Rider" = 'Tom Hale'""",
    ),
    (
        "who is listed after li wei?",
        ["Tom Hale"],
        """SELECT "Rider" FROM "table" WHERE row_no = """
        """(SELECT row_no FROM "table" WHERE "Rider" = 'Li Wei') + 1""",
    ),
    ("how many riders have more than 70 points?", ["3"], 'SELECT count(*) FROM "table" WHERE "Points" > 70'),
    (
        "who is the last rider on the list?",
        ["José Ruiz"],
        'SELECT "Rider" FROM "table" ORDER BY row_no DESC LIMIT 1',
    ),
    ("which nation has the most riders?", ["Norway"], None),
    (
        "what is the difference in points between ana berg and tom hale?",
        ["17"],
        """SELECT (SELECT "Points" FROM "table" WHERE "Rider" = 'Ana Berg') - """
        """(SELECT "Points" FROM "table" WHERE "Rider" = 'Tom Hale')""",
    ),
    (
        "besides eva lund, which rider is from norway?",
        ["Ana Berg"],
        """SELECT "Rider" FROM "table" WHERE "Rider" <> 'Eva Lund' AND "Nation" = 'Norway'""",
    ),
    (
        "who had more points, li wei or tom hale?",
        ["Li Wei"],
        """SELECT "Rider" FROM "table" WHERE "Rider" IN ('Li Wei', 'Tom Hale') """
        """ORDER BY "Points" DESC LIMIT 1""",
    ),
    (
        "how many have steel in their notes?",
        ["2"],
        """SELECT count(*) FROM "table" WHERE "Notes" LIKE '%steel%'""",
    ),
]


def _rows() -> list[dict[str, object]]:
    return [
        {"id": f"q-{n}", "table": "t", "question": question, "answers": answer}
        for n, (question, answer, _) in enumerate(ASKED)
    ]


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    """What is found for the questions, confirmed by the engine."""
    return wtq.search_table("t", GRID, _rows())


@pytest.mark.parametrize(("question", "answer", "sql"), ASKED)
def test_finds_the_query_that_is_meant(question: str, answer: list[str], sql: str | None) -> None:
    found = find(question, answer, source_of(wtq.exact_table(GRID)).relations[0])
    assert found is not None
    assert found.good
    if sql is not None:
        assert found.shape.sql == sql


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how many riders wore green gloves in the rain of tuesday?", ["2"]),
        ("who is the mayor of the town where the sponsor of the team lives?", ["Spain"]),
        ("how many riders are from norway?", ["77"]),
    ],
)
def test_drops_what_is_met_by_chance_or_not_at_all(question: str, answer: list[str]) -> None:
    found = find(question, answer, source_of(wtq.exact_table(GRID)).relations[0])
    assert found is None or not found.good


def test_the_engine_confirms_and_kinds_are_told(lines: list[dict[str, Any]]) -> None:
    assert len(lines) == len(ASKED)
    kinds = {line["question"]: line["kind"] for line in lines}
    assert kinds["which rider had the most points?"] == "name"
    assert kinds["how many riders are from norway?"] == "number"
    assert all("AS " not in line["sql"] and " JOIN " not in line["sql"] for line in lines)


def test_a_question_is_read_as_tokens() -> None:
    question = Question("How many won at least 3 of José's 1,200 races?")
    assert [number for _, number in question.numbers] == [3.0, 1200.0]
    assert "win" in question.stems
    assert question.phrase(7, 7) == "José"


def test_episodes_are_of_one_table_and_follow_the_generator(lines: list[dict[str, Any]]) -> None:
    one, two = (wtq.wtq_episode(lines, {"t": GRID}, np.random.default_rng(4)) for _ in range(2))
    assert one == two
    first, second = one.evidence
    assert isinstance(first.result.payload, Overview)
    assert isinstance(second.result.payload, Table)
    queries = [branch for branch in one.branches if not branch.evidence]
    assert len(queries) == wtq.MOST_QUESTIONS
    assert all(": query(sql=SELECT " in branch.reply for branch in queries)
    answers = [branch for branch in one.branches if branch.evidence]
    assert answers
    assert all(branch.reply.endswith(": value of e3") for branch in answers)
    for branch in answers:
        (step,) = branch.evidence
        assert step.result == run_query(step.call.arguments["sql"], one.evidence)


def test_noise_stays_out_of_the_columns_that_queries_name() -> None:
    rng = np.random.default_rng(0)
    table = table_of(GRID, rng)
    query = 'SELECT "Rider" FROM "table" ORDER BY "Points" DESC LIMIT 1'
    noisy = [with_noise(table, [query], rng).texts() for _ in range(20)]
    pairs = [pair for one in noisy for pair in zip(one, GRID, strict=True)]
    columns = {c for read, printed in pairs for c in range(6) if read[c] != printed[c]}
    assert columns
    assert not columns & {1, 3}
    assert all(cell.box is not None for row in table.rows for cell in row if cell.text)


def test_the_command_goes_on_and_leaves_out_tables_that_are_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = {
        "id": "x-1",
        "table": "u",
        "question": "which rider had the most points?",
        "answers": ["Eva Lund"],
    }
    also = {**aside, "id": "x-2"}
    monkeypatch.setattr(wtq, "held_out", lambda: frozenset({"x-1"}))
    asked = "\n".join(json.dumps(row) for row in [*_rows(), aside, also])
    (tmp_path / "data.jsonl").write_text(asked, encoding="utf-8")
    tables = "\n".join(json.dumps({"table": name, "rows": GRID}) for name in "tu")
    (tmp_path / "tables.jsonl").write_text(tables, encoding="utf-8")
    out = tmp_path / "found.jsonl"
    for _ in range(2):
        assert wtq.main(["--data", str(tmp_path), "--out", str(out)]) == 0
    found = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(found) == len(ASKED)
    assert {row["table"] for row in found} == {"t"}
    made = wtq.WtqEpisodes(tmp_path, out)
    assert len(made) == len(ASKED)
    assert made.episode(np.random.default_rng(1)).branches


def test_three_hundred_questions_are_held_out() -> None:
    assert len(wtq.held_out()) == 300
