"""The table of planners: what is right, runs that go on, the report, and one question asked end to end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner_scores as scores
import planner_suites as suites
import planner_table as table
from everyday_score import right as right_everyday
from planner_scores import Said
from scenes_table import FAMILIES
from sightline.agent.language_planner import LanguagePlanner
from sightline.agent.planners import Plan, Request, ScriptedPlanner
from sightline.images import load_image
from sightline.planning.choices import Steps, pieces
from sightline.planning.decode import Decided, Decoder
from sightline.planning.grammar import Reply, written
from sightline.tools.registry import all_tools
from sightline.types import ToolCall

GRID = [["Team", "Points"], ["Ants", "3"], ["Bees", "7"], ["Cats", "7"]]


def made_row(**more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "1",
        "group": "",
        "question": "q?",
        "expected": ["yes"],
        "planner": "abc",
        "text": "yes",
    }
    row |= {"value": True, "status": "answered", "confidence": 0.9, "cites": ["e1"], "calls": [], "first": ""}
    row |= {"failures": [], "message": "", "kept": 0, "seconds": 1.0, "cpu": 0.5, "right": True, "near": None}
    return row | more


def silent() -> Said:
    return Said(text="cannot tell", status="cannot_tell")


# What is right.


@pytest.mark.parametrize(
    ("text", "value", "expected", "right"),
    [
        ("102", 102, "100", True),
        ("$41.9", 41.9, "42", True),
        ("106", 106, "100", False),
        ("2014", 2014, "2015", False),
        ("Asia Pacific", "Asia Pacific", "asia pacific", True),
        ("5.2 %", 5.2, "5.2", True),
    ],
)
def test_charts(text: str, value: Any, expected: str, right: bool) -> None:
    assert scores.right_chartqa((expected,), Said(text=text, value=value)) is right
    assert not scores.right_chartqa((expected,), silent())


@pytest.mark.parametrize("text", ["linear", "A. linear", "A", "A."])
def test_a_choice_may_be_said_by_its_letter(text: str) -> None:
    assert scores.right_tabmwp(("linear",), None, ["linear", "nonlinear"], Said(text=text, value=text))
    assert not scores.right_tabmwp(("nonlinear",), None, ["linear", "nonlinear"], Said(text=text))


def test_a_list_may_have_commas_of_its_own() -> None:
    said = Said(text="Rome, Italy, Oslo", value="Rome, Italy, Oslo", listed=(("Rome, Italy", "Oslo"),))
    assert scores.right_wtq(("Oslo", "Rome, Italy"), said)
    assert not scores.right_wtq(("Oslo", "Rome", "Italy"), said)


@pytest.mark.parametrize(
    ("kind", "expected", "text", "value", "right"),
    [
        ("date", "28/12/2017", "2017-12-28", "2017-12-28", True),
        ("date", "28/12/2017", "28 Dec 2017", None, True),
        ("date", "28/12/2017", "29 Dec 2017", None, False),
        ("total", "9.00", "RM 9.00", 9, True),
        ("total", "9.00", "Total: 9.00", None, True),
        ("total", "9.00", "90.0", 90.0, False),
        ("company", "Ants & Co.", "ANTS CO", None, True),
        ("address", "1 Road, Town", "1 Road", None, False),
    ],
)
def test_receipts(kind: str, expected: str, text: str, value: Any, right: bool) -> None:
    assert scores.right_field(kind, (expected,), Said(text=text, value=value)) is right
    assert not scores.right_field(kind, (expected,), silent())


def test_counts_and_sides() -> None:
    assert scores.right_count(("3",), 0, Said(text="three"))
    assert not scores.right_count(("3",), 0, Said(text="4", value=4))
    assert scores.right_count(("3",), 1, Said(text="4", value=4))
    assert not scores.right_count(("1",), 1, Said(text="yes", value=True))
    assert scores.right_side(("no",), Said(text="No, there is none.", value=None))
    assert not scores.right_side(("no",), silent())
    assert not scores.right_count(("0",), 0, silent())


def test_existence_is_counted_as_pope_counts_it() -> None:
    said = [("yes", "yes"), ("yes", "no"), ("no", "yes"), ("no", "no")]
    rows = [made_row(expected=[gold], text=text) for gold, text in said]
    assert scores.existence_scores(rows) == (0.5, 0.5)
    rows.append(made_row(expected=["no"], text="cannot tell", status="cannot_tell"))
    assert scores.existence_scores(rows)[1] == pytest.approx(0.4)


def test_calibration() -> None:
    rows = [made_row(confidence=0.8, right=n < 5) for n in range(10)]
    rows.append(made_row(confidence=0.0, text="cannot tell", status="cannot_tell", right=False))
    error, bins = scores.calibration(rows)
    assert error == pytest.approx(0.3)
    assert [count for *_, count in bins] == [10]
    assert np.isnan(scores.calibration([])[0])


def test_answers_that_may_not_be() -> None:
    assert scores.faults(made_row()) == []
    assert scores.faults(made_row(text="detect(query=dogs)")) == ["call syntax"]
    row = made_row(text="the model is not there", failures=["the model is not there"], cites=[])
    assert scores.faults(row) == ["message of a failed call", "no cited evidence"]
    assert scores.faults(made_row(text="cannot tell", status="cannot_tell", cites=[])) == []


def test_first_calls_are_told_without_what_they_are_about() -> None:
    sql = """SELECT "Team" FROM "table" WHERE "Points" > 5.5 AND "Team" = 'O''Hara'"""
    told = scores.first_call([("query", {"sql": sql}), ("detect", {"query": "dogs"})])
    assert told == """query(SELECT "…" FROM "table" WHERE "…" > n AND "…" = '…'); detect(query)"""


# Going on.


def asked(names: Sequence[str], log: list[str]) -> Iterator[table.Asked]:
    def ask(name: str) -> dict[str, Any]:
        if name == "killed":
            raise KeyboardInterrupt
        log.append(name)
        return {"text": name}

    for name in names:
        yield {"id": name, "question": "q?", "expected": ["1"]}, lambda name=name: ask(name)  # type: ignore[misc]


def test_a_second_run_goes_on(tmp_path: Path) -> None:
    file, log = tmp_path / "me-made.jsonl", list[str]()
    with pytest.raises(KeyboardInterrupt):
        table.go_on(file, "abc", list(asked(["a", "killed", "b"], log)), "first")
    with file.open("a") as torn:
        torn.write('{"id": "b", "que')
    rows = table.go_on(file, "abc", list(asked(["a", "b"], log)), "second")
    assert log == ["a", "b"]
    assert [row["text"] for row in rows] == ["a", "b"]
    file.write_text("".join(json.dumps(row | {"late": row["id"] == "b"}) + "\n" for row in rows))
    rows = table.go_on(file, "abc", list(asked(["a", "b"], log)), "again", again=True)
    assert (log.pop(), len(log)) == ("b", 2)
    assert table.kept(tmp_path, ["made"])["made", "me"] == rows
    table.go_on(file, "new", list(asked(["a"], log)), "another planner")
    assert log == ["a", "b", "a"]
    assert [json.loads(line)["planner"] for line in file.read_text().splitlines()] == ["new"]


def test_a_folder_is_told_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "weights").write_bytes(b"12")
    first = table.folder_digest(tmp_path)
    (tmp_path / "weights").write_bytes(b"13")
    assert table.folder_digest(tmp_path) != first
    assert table.voice(f"mine={tmp_path}").name == "mine"
    with pytest.raises(ValueError, match="no folder"):
        table.voice(str(tmp_path / "none"))


# The report.


def test_the_report_is_made_of_the_files_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "mine-coco_existence": [made_row(group="random"), made_row(id="2", group="popular", right=False)],
        "my-own-coco_counts": [made_row(near=True, right=False, text="f(x)", first="count(query)")],
        "mine-unanswerable": [
            made_row(group="order", text="cannot tell", status="cannot_tell"),
            made_row(id="2", group="answerable"),
        ],
        "mine-first_calls": [made_row(group="tables", status="reply", cites=[], near=True)],
        "mine-receipts": [made_row(group="date"), made_row(id="2", group="address")],
        "mine-everyday": [
            made_row(group="photo"),
            made_row(id="2", group="photo", right=False),
            made_row(id="3", group="photo", right=False, text="cannot tell", status="cannot_tell"),
            made_row(id="4", group="photo", right=False, text="cannot tell", status="cannot_tell"),
        ],
        "mine-user_tools": [made_row(right=True, near=False, confidence=1.0)],
    }
    for name, rows in files.items():
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert table.main(["--report", "--out", str(tmp_path)]) == 0
    told = (tmp_path / "report.md").read_text()
    assert told in capsys.readouterr().out
    assert "| coco_existence | mine | 2 | 50.0% [0.0%, 100.0%] | 0.0% | 50.0% | 0.0% | 0.50 |" in told
    assert "| coco_existence: random | mine | 1 |" in told
    assert "F1 .936" in told
    assert "| random | mine | 1 | 1.000 | .84 | 1.000 |" in told
    assert "| coco_counts | my-own | 1 | 0.0% | 44 % | 100.0% | 78 % |" in told
    assert "| 52.9 %, within one 83.3 % | 44 % |" in told
    assert "| first_calls | mine | 1 | 100.0% |  | 100.0% | 96 % |" in told
    assert "| 97.5 % | 90 % |" in told
    assert "| 65.0 % |  |" in told
    assert "| mine | 4 | 25.0% | 60 % | 25.0% | at most 12 % |" in told
    assert "| mine | 1 | 100.0% [100.0%, 100.0%] | 90 % | 1 | 0.0% [0.0%, 0.0%] | at most 8 % |" in told
    assert "| user_tools | mine | 1 | 100.0% [100.0%, 100.0%] | 0.0% | 0.0% |" in told
    assert "| coco_counts | my-own | 1 | call syntax | f(x) |" in told
    assert "| first_calls | mine | 1 | no cited" not in told
    assert "- 1 x `count(query)`" in told
    assert (tmp_path / "reliability.png").read_bytes().startswith(b"\x89PNG")


def test_every_bar_is_one_of_a_suite() -> None:
    assert {suite for suite, *_ in scores.BARS} == set(table.NAMES)
    figures = {"right", "near", "wrong", "F1", "cannot tell", "wrongly cannot tell"}
    assert {figure for *_, figure in scores.BARS} == figures


def test_confidence_is_that_of_the_answer() -> None:
    wrong = made_row(right=True, near=False, confidence=1.0)
    assert "| mine | 1 | 1.000 |" in scores.report({("user_tools", "mine"): [wrong]}, [])


def test_there_may_be_nothing_to_report(tmp_path: Path) -> None:
    assert table.main(["--report", "--out", str(tmp_path)]) == 2
    assert table.main(["--out", str(tmp_path)]) == 2
    assert table.main(["--planner", str(tmp_path / "none"), "--out", str(tmp_path)]) == 2


def test_what_is_not_here_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (table, suites):
        monkeypatch.setattr(module, "find_pack", lambda name: None)
    args = table.options().parse_args(["--planner", "x", "--out", str(tmp_path), "--count", "500"])
    notes: list[str] = []
    kept = {suite.name: len(table.rows_here(suite, args, notes)) for suite in suites.SUITES if suite.pack}
    assert not any(kept.values())
    assert "chartqa: the pack chartqa_train1k is not here" in notes
    assert "bccd: no weights for it are given (--detector)" in notes
    unable = next(suite for suite in suites.SUITES if suite.name == "unanswerable")
    assert all(isinstance(row.picture(), np.ndarray) for row in table.rows_here(unable, args, notes))
    assert "coco_train125" in notes[-1]


# Asking.


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[table.Bench]:
    made = table.Bench(folder=tmp_path / "cache")
    yield made
    made.close()


def one_row(question: str, suite: suites.Suite, row: suites.Row, bench: table.Bench, *plans: Plan) -> Any:
    who = table.Voice(name="scripted", folder=Path(), digest="abc", _planner=ScriptedPlanner(plans))
    ((head, ask),) = table.asked_of(suite, [row], who, bench)
    return head | ask()


def call(name: str, **arguments: Any) -> ToolCall:
    return ToolCall(name=name, arguments=arguments)


def test_one_question_is_asked(bench: table.Bench) -> None:
    row = suites.Row(
        id="1",
        question="What is 6 times 7?",
        expected=("42",),
        picture=lambda: suites.drawn_scene("large red circle 30,50; small blue star 70,40"),
        right=lambda said: said.text == "42",
    )
    plans = (Plan(calls=(call("calculate", expression="6*7"),)), Plan(answer="42", cites=("e1",)))
    told = one_row("", suites.Suite(name="made", rows=lambda *_: [row]), row, bench, *plans)
    assert (told["text"], told["status"], told["right"], told["cites"]) == ("42", "answered", True, ["e1"])
    assert told["first"] == "calculate(expression)"
    assert told["calls"] == ["calculate(expression=6*7)"]
    assert told["cpu"] >= 0
    assert json.loads(json.dumps(told)) == told


def test_an_exact_table_is_read_without_its_picture(bench: table.Bench) -> None:
    row = suites.Row(
        id="1",
        question="Which teams have most points?",
        expected=("Bees", "Cats"),
        picture=lambda: np.full((40, 60, 3), 255, np.uint8),
        right=lambda said: scores.right_wtq(("Bees", "Cats"), said),
        grid=GRID,
    )
    sql = 'SELECT "Team" FROM "table" WHERE "Points" = 7'
    plans = (
        Plan(calls=(call("look"),)),
        Plan(calls=(call("read_table"), call("query", sql=sql))),
        Plan(answer="Bees, Cats", cites=("e3",)),
    )
    suite = suites.Suite(name="made", rows=lambda *_: [row], tools="exact")
    told = one_row("", suite, row, bench, *plans)
    assert told["right"]
    assert told["failures"] == []
    assert told["first"] == """read_table(); query(SELECT "…" FROM "table" WHERE "…" = n)"""


def test_the_tools_are_those_of_the_registry(bench: table.Bench) -> None:
    every, exact = bench.tools("all"), bench.tools("exact")
    real = all_tools()
    assert list(every) == list(exact) == list(real)
    for name in ("read_table", "look"):
        assert exact[name].doc == real[name].doc
        assert [(p.name, p.kind, p.required) for p in exact[name].parameters] == [
            (p.name, p.kind, p.required) for p in real[name].parameters
        ]
    assert every["read_text"].doc == real["read_text"].doc
    changed = {name for name in every if every[name] is not exact[name]}
    assert changed == {"read_table", "look", "query", "describe"}
    assert set(bench.tools("old")) == {"detect", "read_text", "crop"}


# Tools that are left out.


class Told(ScriptedPlanner):
    """Notes down which tools it was offered."""

    offered: tuple[str, ...] = ()

    def plan(self, request: Request) -> Plan:
        self.offered = tuple(tool.name for tool in request.tools)
        return super().plan(request)


@pytest.mark.parametrize("without", [("query",), ("look",), ("query", "look")])
def test_tools_can_be_left_out(bench: table.Bench, tmp_path: Path, without: tuple[str, ...]) -> None:
    planner = Told([Plan(calls=(call("calculate", expression="6*7"),)), Plan(answer="42", cites=("e1",))])
    agent = bench.agent(planner, "all", without=without)
    assert agent.run(suites.drawn_scene("large red circle 30,50"), "What is 6 times 7?").text == "42"
    assert set(planner.offered) == set(bench.tools("all")) - set(without)
    who = table.voice(f"mine={tmp_path}", without[::-1])
    assert (who.label, who.without) == (f"mine-without-{'-'.join(without)}", without)


def test_without_a_look_the_language_planner_does_not_look_first() -> None:
    class Blank(Decoder):
        def __init__(self) -> None:
            self.prompts: list[str] = []

        def decide(
            self, prompt: Sequence[str], steps: Steps[Any], *, deadline: float | None = None
        ) -> Decided[Any]:
            self.prompts.append("".join(prompt))
            said = "name: cannot tell: no tool"
            _, value = pieces(written(said), steps)
            return Decided(value, said, 0.5, 1)

    tools, decoder = all_tools(), Blank()
    picture = load_image(suites.drawn_scene("large red circle 30,50"))
    for offered in (tools, {name: tool for name, tool in tools.items() if name != "look"}):
        request = Request(question="Who is it?", pictures=(picture,), tools=tuple(offered.values()))
        plan = LanguagePlanner(decoder).plan(request)
        looks = [one.name for one in plan.calls] == ["look"]
        assert looks == ("look" in offered)
    (prompt,) = decoder.prompts
    assert "look(" not in prompt
    assert "query(" in prompt


def test_rows_without_a_tool_stand_beside_those_with_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        suites.Row(
            id=f"{n}",
            question="q?",
            expected=("yes",),
            picture=lambda: suites.drawn_scene("large red circle 30,50"),
            right=lambda said: said.text == "yes",
        )
        for n in range(2)
    ]
    made = suites.Suite(name="made", rows=lambda pack, count, seed: rows[:count])
    monkeypatch.setattr(table, "SUITES", (made,))
    monkeypatch.setattr(table, "NAMES", ("made", "rounds"))
    monkeypatch.setattr(table, "language_planner", lambda folder: ScriptedPlanner([Plan(answer="yes")]))
    folder = tmp_path / "plan"
    folder.mkdir()
    out = tmp_path / "out"

    def measured(count: int, *more: str) -> tuple[dict[tuple[str, str], int], list[str]]:
        told = ["--planner", str(folder), "--cache", str(tmp_path / "cache"), "--out", str(out), *more]
        args = table.options().parse_args([*told, "--count", f"{count}"])
        files, notes = table.measure(args, [table.voice(args.planner, args.without)])
        return {key: len(found) for key, found in files.items()}, notes

    monkeypatch.setattr(table, "REPLIES", {})
    assert measured(1, "--without", "query")[0] == {("made", "plan-without-query"): 1}
    assert measured(2)[0] == {("made", "plan"): 2}
    both = {("made", "plan"): 1, ("made", "plan-without-query"): 1}
    assert measured(1, "--without", "query")[0] == both
    assert list(table.kept(out, ["made"])) == [("made", "plan"), ("made", "plan-without-query")]
    monkeypatch.setattr(table, "REPLIES", {"rounds": suites.first_calls})
    assert measured(1, "--without", "query")[1] == [
        "rounds for plan-without-query: its rounds have tools of their own"
    ]
    (folder / "weights").write_bytes(b"other ones")
    assert measured(1, "--without", "query")[0] == {("made", "plan-without-query"): 1}


def test_a_tool_that_there_is_not_cannot_be_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        table.options().parse_args(["--out", "out", "--without", "telepathy"])
    assert "telepathy" in capsys.readouterr().err


# Suites that need no packs.


def test_scenes_are_the_same_each_time() -> None:
    for look in ("plain", "text", "dark"):
        rows = suites.scenes(look, Path(), 8, 0)
        again = suites.scenes(look, Path(), 4, 0)
        assert Counter(row.group for row in rows) == dict.fromkeys(FAMILIES, 2)
        assert [row.id for row in again] == [row.id for row in rows[:4]]
        picture = load_image(rows[0].picture())
        assert picture.frame == load_image(again[0].picture()).frame
        assert (np.median(picture.pixels) < 80) == (look == "dark")


def test_a_few_rows_are_the_first_of_more() -> None:
    assert suites.chosen(range(50), 5, 3) == suites.chosen(range(50), 20, 3)[:5]


def test_the_unanswerable_questions_are_whole(root: Path) -> None:
    rows = json.loads((root / "examples" / "unanswerable.json").read_text(encoding="utf-8"))
    counts = Counter(row["group"] for row in rows)
    assert counts.pop("answerable") == 30
    assert counts == dict.fromkeys(("unanswerable", "ambiguous", "false premise", "order"), 15)
    assert len({(row["image"], row["question"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["cannot_tell"] == (row["group"] != "answerable")
        assert right_everyday(row, "cannot tell", "cannot_tell") == row["cannot_tell"]
        for said in row["answers"]:
            assert right_everyday(row, said, "answered") != row["cannot_tell"]
        if row["pack"] == "drawn":
            assert suites.drawn_scene(row["image"]).shape == (256, 256, 3)


class Echo(Decoder):
    """Says one reply, whatever is asked."""

    def __init__(self, reply: str) -> None:
        self._reply = reply

    def decide(
        self, prompt: Sequence[str], steps: Steps[Any], *, deadline: float | None = None
    ) -> Decided[Any]:
        _, value = pieces(written(self._reply), steps)
        return Decided(value, self._reply, 0.5, 1)


@pytest.mark.parametrize("name", list(suites.REPLIES))
def test_the_right_reply_is_right(name: str) -> None:
    rounds = suites.REPLIES[name](6, 0)
    assert len({one.id for one in rounds}) == 6
    for one in rounds:
        told = table.replied(Echo(one.reply), one)
        assert told["right"]
        assert told["near"]
        told = table.replied(Echo(f"{one.reply.partition(':')[0]}: cannot tell: not about the picture"), one)
        assert not told["right"]


def test_replies_differ_in_what_they_do_not_in_the_kind() -> None:
    (one, *_) = suites.first_calls(1, 0)
    assert suites.same_reply(Reply(kind="list", calls=one.value.calls), one.value) == (True, True)
    assert suites.same_reply(Reply(kind="list", reason="no tool"), one.value) == (False, False)
