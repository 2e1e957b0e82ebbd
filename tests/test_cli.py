"""The command line: what it prints where, its exit codes, and what it refuses in one line."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.agent.doubles import Blobs, Page, canvas

import sightline
from sightline import cli
from sightline.agent import Agent, Plan, ScriptedPlanner
from sightline.types import Answer, ToolCall

TWO_REDS = canvas(("red", 10, 5), ("red", 100, 40), ("blue", 150, 70))
QUESTION = "How many red squares are there?"


def command(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`sightline` as a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "sightline.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"},
    )


def assert_refused(done: subprocess.CompletedProcess[str], *, says: str) -> None:
    """One line on stderr, nothing on stdout, exit code 2."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("sightline: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default agent, with a script in place of the model and small tools in place of the tools."""
    look = Plan(thought="look for them", calls=(ToolCall(name="detect", arguments={"query": "red squares"}),))
    planner = ScriptedPlanner([look, Plan(answer="2", cites=("e1",))])
    tools = {"detect": Blobs(), "read_text": Page(("TOTAL", "12.50"))}
    monkeypatch.setattr("sightline.agent.agent.default_planner", lambda: planner)
    monkeypatch.setattr("sightline.agent.agent.embedded_tools", lambda store: tools)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "two.png"
    Image.fromarray(TWO_REDS).save(path)
    return path


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command run in this process."""
    code = 0
    try:
        cli.app(args=[str(a) for a in arguments], standalone_mode=True)
    except SystemExit as stop:
        code = int(stop.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


def test_help_and_version_load_nothing_heavy() -> None:
    code = (
        "import sys, sightline.cli\n"
        "assert 'torch' not in sys.modules\n"
        "sys.argv = ['sightline', '--help']\n"
        "try:\n"
        "    sightline.cli.main()\n"
        "finally:\n"
        "    heavy = {'torch', 'numpy', 'pydantic', 'PIL', 'langgraph', 'mcp'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    for name in ("ask", "batch", "mcp", "doctor", "train"):
        assert f"\n  {name}" in done.stdout
    version = command("--version")
    assert version.stdout == f"sightline {sightline.__version__}\n"


def test_weights_that_are_not_there_are_one_clear_line(
    image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = call(capsys, "ask", image, QUESTION, "--detector", "none.pt")
    assert (code, out, err) == (2, "", "sightline: no such weights for detect: none.pt\n")


@pytest.mark.usefixtures("scripted")
def test_ask_shows_answer_evidence_and_steps(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(capsys, "ask", image, QUESTION)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "2"
    assert lines[1] == "answered, confidence 90%, stands on e1"
    assert '  e1  detect(query="red squares")' in lines
    assert "look for them" in out
    assert "red square (10,5)-(30,25) 90%" in out
    assert "2 steps, 1 call, 0 tokens" in out


@pytest.mark.usefixtures("scripted")
def test_json_is_the_answer_and_nothing_else(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "ask", image, QUESTION, "--json")
    assert code == 0
    answer = Answer.model_validate_json(out)
    assert (answer.value, answer.cites, len(answer.boxes)) == (2, ("e1",), 2)
    assert out.count("\n") == 1


@pytest.mark.usefixtures("scripted")
def test_ask_leaves_a_trace_and_a_picture(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, _ = call(
        capsys, "ask", image, QUESTION, "--trace", tmp_path / "t", "--picture", tmp_path / "p" / "run.png"
    )
    assert code == 0
    (trace,) = (tmp_path / "t").glob("*.jsonl")
    assert json.loads(trace.read_text().splitlines()[-1])["text"] == "2"
    with Image.open(tmp_path / "p" / "run.png") as drawn:
        assert drawn.width > 1000


@pytest.mark.usefixtures("scripted")
def test_an_output_that_cannot_be_written_is_refused(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (
        ("ask", image, QUESTION, "--picture", tmp_path),
        ("ask", image, QUESTION, "--trace", image),
        ("batch", tmp_path, "-q", QUESTION, "--out", tmp_path),
        ("batch", tmp_path, "-q", QUESTION, "--out", image / "in" / "out.jsonl"),
    ):
        code, out, err = call(capsys, *arguments)
        assert (code, out) == (2, ""), arguments
        assert err.splitlines()[-1].startswith("sightline: cannot write"), err


@pytest.mark.usefixtures("scripted")
def test_batch_ends_with_a_summary(image: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out_file = image.parent, image.parent / "out.jsonl"
    (folder / "broken.jpg").write_text("not an image")
    code, out, err = call(capsys, "batch", folder, "-q", QUESTION, "-q", "Is it?", "--out", out_file)
    assert (code, out) == (0, "")
    assert f"sightline: 4 rows written to {out_file}, 2 of them errors; 0 were there before" in err
    assert len(out_file.read_text().splitlines()) == 4
    code, _, err = call(capsys, "batch", folder, "-q", QUESTION, "-q", "Is it?", "--out", out_file)
    assert code == 0
    assert "0 rows written" in err


def test_ctrl_c_ends_a_batch_with_130_and_a_line(
    image: Path, scripted: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: Agent, image: object, question: str) -> Answer:
        raise KeyboardInterrupt

    monkeypatch.setattr(Agent, "run", stop)
    out_file = image.parent / "out.jsonl"
    code, _, err = call(capsys, "batch", image.parent, "-q", QUESTION, "--out", out_file)
    assert code == 130
    assert "sightline: stopped; what is done is in" in err
    assert "Traceback" not in err


def test_a_failed_run_exits_with_1_and_a_line(
    image: Path, scripted: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("the weights\nare gone")

    monkeypatch.setattr("sightline.agent.agent.default_planner", broken)
    code, out, err = call(capsys, "ask", image, QUESTION, "--json")
    assert code == 1
    assert json.loads(out)["status"] == "failed"
    assert err == "sightline: RuntimeError: the weights are gone\n"


def png_header(width: int, height: int) -> bytes:
    """A PNG whose header claims a size, and that holds nothing else."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk


def bad_inputs(folder: Path) -> dict[str, tuple[str, str, str]]:
    """Image, question, and what the line must say."""
    good = folder / "good.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)).save(good)
    (folder / "cut.jpg").write_bytes(good.read_bytes()[:-900])
    (folder / "text.png").write_text("hello")
    (folder / "huge.png").write_bytes(png_header(30_000, 30_000))
    return {
        "missing": (str(folder / "none.png"), QUESTION, "none.png"),
        "text": (str(folder / "text.png"), QUESTION, "not an image"),
        "cut": (str(folder / "cut.jpg"), QUESTION, "truncated"),
        "huge": (str(folder / "huge.png"), QUESTION, "huge.png"),
        "folder": (str(folder), QUESTION, "not a regular file"),
        "url": ("https://example.com/a.png", QUESTION, "URLs are off"),
        "question": (str(good), " ", "the question is empty"),
    }


@pytest.mark.parametrize("kind", ["missing", "text", "cut", "huge", "folder", "url", "question"])
def test_bad_input_is_one_line_and_exit_code_2(tmp_path: Path, kind: str) -> None:
    image, question, says = bad_inputs(tmp_path)[kind]
    assert_refused(command("ask", image, question), says=says)


def test_bad_input_of_the_other_commands(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    assert_refused(command("mcp", "--root", nowhere), says="not a folder")
    done = command("batch", nowhere, "-q", QUESTION, "--out", tmp_path / "out.jsonl")
    assert done.returncode == 2
    assert "no such folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_usage_errors_exit_with_2() -> None:
    done = command("ask")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_train_forwards_its_arguments() -> None:
    done = command("train", "--help")
    assert done.returncode == 0, done.stderr
    for stage in ("pretrain", "sft", "dpo"):
        assert stage in done.stdout
    assert "sightline train" in done.stdout


def test_the_doctor_tells_what_is_broken(
    scripted: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(Blobs):
        def warm(self) -> None:
            raise RuntimeError("the hash is another one")

    planner = ScriptedPlanner([])
    monkeypatch.setattr("sightline.agent.doctor.default_planner", lambda: planner)
    monkeypatch.setattr("sightline.agent.doctor.embedded_tools", lambda store: {"detect": Blobs()})
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = call(capsys, "doctor")
    assert code == 0, out
    for said in ("torch", "langgraph", "rapidocr", "0123456789abcdef", "what the tests need"):
        assert said in out
    monkeypatch.setattr("sightline.agent.doctor.embedded_tools", lambda store: {"detect": Broken()})
    code, out, err = call(capsys, "doctor")
    assert code == 1
    assert "the hash is another one" in out
    assert "does not work" in err
