"""Tools of a user's own: the rows of the file, the tools made of them, and how their answers are judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import planner_scores as scores
import planner_suites as suites
import planner_table as table
from planner_scores import Said
from planner_user_tools import digest_of, tool_rows, user_tool
from sightline.agent.planners import Plan, ScriptedPlanner
from sightline.images import load_image
from sightline.planning.phrases import numbers_in
from sightline.tools.arguments import schema
from sightline.tools.guard import run
from sightline.tools.registry import TOOLS
from sightline.train.symbolic.invented_concepts import concepts, content_words, wording
from sightline.types import ToolCall

BILL: dict[str, Any] = {
    "name": "split_bill",
    "doc": "Splits a bill",
    "takes": {"picture": "Picture", "people": "int", "round": "up|down"},
    "returns": 20.95,
    "question": "Split this bill among 4.",
    "pack": "images",
    "image": "receipt.png",
}


# The rows.


def test_the_rows_are_whole() -> None:
    rows = tool_rows()
    assert len(rows) >= 40
    assert len({row["name"] for row in rows}) == len({row["question"] for row in rows}) == len(rows)
    argued = [row for row in rows if set(row["takes"]) - {"picture"}]
    assert len(rows) / 4 < len(argued) < len(rows) / 2
    for row in rows:
        assert row["name"] not in TOOLS
        assert not scores.right_returned(row["returns"], Said(text=row["question"]))
        assert scores.right_returned(row["returns"], Said(text=str(row["returns"])))
        asked = row["question"].casefold()
        for name, told in row["takes"].items():
            if told in ("int", "float"):
                assert numbers_in(row["question"]), name
            if "|" in told:
                assert any(option in asked for option in told.split("|"))


def test_every_row_has_a_picture() -> None:
    for row in suites.user_tools(Path(), 1000, 0):
        assert load_image(row.picture()).frame.width > 100


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def test_no_tool_is_like_one_that_the_planner_is_trained_on() -> None:
    trained = concepts()
    names = {plain(name) for concept in trained for name in concept.names}
    for line in wording("mixer_tools"):
        if line.startswith("names: "):
            names |= {plain(name) for name in line.removeprefix("names: ").split(", ")}
    words = [content_words(*concept.names, *concept.docs) for concept in trained]
    for row in tool_rows():
        own = content_words(row["name"], row["doc"])
        assert plain(row["name"]) not in names
        assert max(len(own & other) for other in words) <= 0.6 * len(own), row["name"]


# The tools.


def test_a_row_becomes_a_tool() -> None:
    made = user_tool(BILL)
    assert (made.name, made.doc) == ("split_bill", "Splits a bill")
    assert [(p.name, p.kind, p.options) for p in made.parameters] == [
        ("people", "number", ()),
        ("round", "choice", ("up", "down")),
    ]
    assert schema(made)["required"] == ["people", "round"]
    picture = load_image(suites.drawn_scene("large red circle 30,50"))
    found = run(made, picture, {"people": 4.0, "round": "up"}, timeout_s=5)
    assert found.to_text() == "ok: split bill: 20.95"
    assert run(made, picture, {"people": "a few", "round": "up"}, timeout_s=5).status == "refused"


def test_a_changed_row_is_another_one() -> None:
    changed = BILL | {"returns": 30}
    assert digest_of(changed) != digest_of(BILL) == digest_of(dict(reversed(BILL.items())))
    assert user_tool(changed).version != user_tool(BILL).version


@pytest.mark.parametrize(
    ("returned", "text", "right"),
    [
        (20.95, "20.95", True),
        (20.95, "$20.95 each", True),
        (20.95, "20.9", False),
        (7, "70", False),
        ("late shift", "the late shift", True),
        ("late shift", "late", False),
        ("no", "yes", False),
    ],
)
def test_the_answer_holds_what_was_returned(returned: str | float, text: str, right: bool) -> None:
    assert scores.right_returned(returned, Said(text=text)) is right
    assert not scores.right_returned(returned, Said(text=text, status="cannot_tell"))


# Asking.


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[table.Bench]:
    made = table.Bench(folder=tmp_path / "cache")
    yield made
    made.close()


def asked(bench: table.Bench, calls: list[ToolCall], answer: Plan) -> dict[str, Any]:
    rows = suites.user_tools(Path(), 1000, 0)
    row = next(row for row in rows if row.id.startswith("split_bill-"))
    plans = [*(Plan(calls=(one,)) for one in calls), answer]
    who = table.Voice(name="scripted", folder=Path(), digest="abc", _planner=ScriptedPlanner(plans))
    suite = next(suite for suite in suites.SUITES if suite.name == "user_tools")
    ((_, ask),) = table.asked_of(suite, [row], who, bench)
    return ask()


SPLIT = ToolCall(name="split_bill", arguments={"people": 4})
SUM = ToolCall(name="calculate", arguments={"expression": "83.8/4"})


def test_the_tool_is_called_beside_the_real_ones(bench: table.Bench) -> None:
    told = asked(bench, [SPLIT], Plan(answer="20.95", cites=("e1",)))
    assert (told["right"], told["near"], told["text"]) == (True, True, "20.95")
    assert told["first"] == "split_bill(people)"


def test_another_tool_at_first_is_not_right(bench: table.Bench) -> None:
    told = asked(bench, [SUM, SPLIT], Plan(answer="20.95", cites=("e2",)))
    assert (told["right"], told["near"]) == (False, True)
    told = asked(bench, [SPLIT], Plan(answer="cannot tell"))
    assert (told["right"], told["near"]) == (True, False)
