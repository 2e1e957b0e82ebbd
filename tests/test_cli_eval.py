"""`sightline eval`: what it prints where, what it leaves, what it refuses, and what it must not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.agent.doubles import Blobs

from sightline import cli
from sightline.agent import Agent, Plan, ScriptedPlanner
from sightline.types import ToolCall

SUITE = "world:scenes?n=6&side=96&families=count,exist"


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planner that always says yes."""
    script(monkeypatch, Plan(answer="yes"))


def script(monkeypatch: pytest.MonkeyPatch, *plans: Plan) -> None:
    """Plans in place of the model, and a small tool in place of the tools."""
    monkeypatch.setattr("sightline.agent.answerers.default_planner", lambda: ScriptedPlanner(plans))
    monkeypatch.setattr("sightline.agent.answerers.embedded_tools", lambda store: {"detect": Blobs()})


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command run in this process."""
    code = 0
    try:
        cli.app(args=["eval", *map(str, arguments)], standalone_mode=True)
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()[1:]]


@pytest.mark.usefixtures("scripted")
def test_a_table_on_stdout_and_answers_in_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, SUITE, "--out", tmp_path / "e", "--limit", "4")
    assert code == 0, err
    assert out == (tmp_path / "e" / "summary.md").read_text()
    assert out.startswith(
        "# world:scenes?n=6&split=heldout&side=96&seed=0&families=count,exist\n\n4 questions"
    )
    assert "| **all** | 4 |" in out
    assert "the answers are in" in err
    assert len(rows(tmp_path / "e")) == 4
    code, whole, _ = call(capsys, SUITE, "--out", tmp_path / "e")
    assert code == 0
    assert len(rows(tmp_path / "e")) == 6
    yes = sum(row["answers"] == ["yes"] for row in rows(tmp_path / "e"))
    assert f"Figures: exact {100 * yes / 6:.4g}" in whole
    assert 0 < yes < 6
    code, again, err = call(capsys, "--rescore", tmp_path / "e" / "answers.jsonl")
    assert (code, err) == (0, "")
    assert again.splitlines()[4:] == whole.splitlines()[4:]


def test_the_oracle_gives_the_boxes_of_the_suite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Plan(calls=(ToolCall(name="detect", arguments={"query": "things"}),))
    script(monkeypatch, look, Plan(answer="yes", cites=("e1",)))
    code, out, err = call(capsys, SUITE, "--out", tmp_path / "o", "--oracle", "detect")
    assert code == 0, err
    assert "detect:oracle" in out
    from sightline.train.evaluation.suites import load_suite

    for row, item in zip(rows(tmp_path / "o"), load_suite(SUITE).items, strict=True):
        assert item.state is not None
        gold = sorted(round(v, 1) for box in item.state["boxes"] for v in box["box"])
        assert sorted(v for box in row["extras"]["boxes"] for v in box) == pytest.approx(gold, abs=0.051)


@pytest.mark.usefixtures("scripted")
def test_other_answerers_do_not_mix_and_have_folders_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders: list[Path] = []
    for flags in (["--no-tools"], ["--oracle", "detect"], []):
        assert call(capsys, SUITE, "--limit", "1", *flags)[0] == 0
        folders = [f for f in (tmp_path / "runs" / "eval").iterdir() if f not in folders] + folders
    assert len(folders) == 3
    code, out, err = call(capsys, SUITE, "--out", folders[0], "--limit", "1", "--seconds", "5")
    assert (code, out) == (2, "")
    assert "holds answers of other settings " in err
    assert "seconds 60.0, not 5.0" in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "no suite"),
        (("nowhere.jsonl",), "no suite"),
        (("world:scenes", "--bare-model", "--no-tools"), "at most one of"),
        (("world:scenes", "--oracle", "read_text"), "at most one of"),
        (("world:scenes?n=x",), "whole numbers"),
        (("--rescore", "nowhere.jsonl"), "cannot read"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("sightline: ")
    assert says in err
    assert err.count("\n") == 1


def test_ctrl_c_says_how_to_go_on(
    scripted: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: Agent, image: object, question: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Agent, "run", stop)
    code, out, err = call(capsys, SUITE, "--out", tmp_path)
    assert (code, out) == (130, "")
    assert "the same command goes on from there" in err


def test_rescoring_loads_no_model(tmp_path: Path) -> None:
    head = {"settings": {"suite": "s", "metric": "exact", "answerer": {"kind": "test"}}, "hash": ""}
    row = {
        "id": "a",
        "group": "a",
        "family": "f",
        "tags": {},
        "question": "?",
        "choices": [],
        "answers": ["1"],
    }
    row |= {"gold": {}, "said": "1", "error": "", "seconds": 0.5, "extras": {}}
    file = tmp_path / "answers.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in (head, row)))
    code = (
        "import sys, sightline.cli\n"
        f"sys.argv = ['sightline', 'eval', '--rescore', {str(file)!r}]\n"
        "try:\n"
        "    sightline.cli.main()\n"
        "finally:\n"
        "    heavy = {'torch', 'transformers', 'langgraph', 'cv2', 'PIL'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "| **all** | 1 | 100.0 [100.0, 100.0] | 0 | 0 | 0.50 |" in done.stdout
