"""Batches: nothing lost, nothing twice, whatever kills the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from tests.agent.doubles import canvas
from tests.agent.drive_batch import QUESTIONS

from sightline.agent import Agent, Plan, ScriptedPlanner
from sightline.agent.batch import find_images, run_batch
from sightline.errors import ConfigError, InputError, PathRefused, QuestionError

ROOT = Path(__file__).resolve().parents[2]


def images(folder: Path, n: int) -> None:
    for i in range(n):
        place = folder / ("deep/er" if i % 3 == 0 else ".")
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(canvas(("red", i, i))).save(place / f"{i:03d}.png")


def rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_text().splitlines()]


def agent(answer: str = "yes") -> Agent:
    return Agent(ScriptedPlanner([Plan(answer=answer)]), {})


def start(folder: Path, out: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.agent.drive_batch", str(folder), str(out), str(seconds)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    # Where the tests run in the background of a shell, SIGINT is ignored, and children would inherit that.
    heed = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, preexec_fn=heed
    )


def wait_for_rows(out: Path, n: int, process: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + 200
    while not (out.exists() and out.read_bytes().count(b"\n") >= n):
        assert process.poll() is None, "the batch ended before it could be stopped"
        assert time.monotonic() < give_up, "the batch wrote nothing"
        time.sleep(0.01)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_batch_goes_on_where_it_stopped(tmp_path: Path, how: signal.Signals) -> None:
    folder, out = tmp_path / "images", tmp_path / "out.jsonl"
    images(folder, 30)
    for i in (0, 7, 29):
        (folder / f"broken{i}.png").write_bytes(b"not an image")
    process = start(folder, out, 0.1)
    wait_for_rows(out, 5, process)
    process.send_signal(how)
    process.communicate(timeout=240)
    before = rows(out)
    assert 5 <= len(before) < 33
    with out.open("ab") as file:  # what a kill in the middle of a write leaves
        file.write(b'{"image": "001.png", "question": "How ma')

    second = start(folder, out, 0)
    stdout, _ = second.communicate(timeout=240)
    assert second.returncode == 0
    assert stdout.split() == [str(len(before)), str(33 - len(before)), stdout.split()[2]]
    after = rows(out)
    assert after[: len(before)] == before
    keys = [(row["image"], row["question"]) for row in after]
    assert len(keys) == len(set(keys)) == 33
    broken = [row for row in after if row["status"] == "error"]
    assert {row["image"] for row in broken} == {"broken0.png", "broken7.png", "broken29.png"}
    assert all("not an image" in row["message"] for row in broken)
    good = [row for row in after if row["status"] != "error"]
    assert all((row["status"], row["value"]) == ("answered", 1) for row in good)
    assert next(row for row in good if row["image"] == "001.png")["boxes"] == [[1, 1, 21, 21]]


def test_rows_come_by_path_and_question_and_report_progress(tmp_path: Path) -> None:
    images(tmp_path / "in", 4)
    seen: list[tuple[int, int]] = []
    asked = ["Is it?", "Is  it?", "Was it?"]
    summary = run_batch(
        agent(),
        tmp_path / "in",
        asked,
        tmp_path / "new" / "out.jsonl",
        lambda done, total: seen.append((done, total)),
    )
    assert (summary.written, summary.errors, summary.before) == (8, 0, 0)
    assert [(row["image"], row["question"]) for row in rows(tmp_path / "new" / "out.jsonl")] == [
        (name, q)
        for name in ("001.png", "002.png", "deep/er/000.png", "deep/er/003.png")
        for q in ("Is it?", "Was it?")
    ]
    assert seen == [(i, 8) for i in range(9)]


def test_a_second_run_does_only_what_is_missing(tmp_path: Path) -> None:
    images(tmp_path / "in", 2)
    out = tmp_path / "out.jsonl"
    run_batch(agent("yes"), tmp_path / "in", ["Is it?"], out)
    Image.fromarray(canvas()).save(tmp_path / "in" / "new.png")
    summary = run_batch(agent("no"), tmp_path / "in", ["Is it?"], out)
    assert (summary.written, summary.before) == (1, 2)
    assert [row["text"] for row in rows(out)] == ["yes", "yes", "no"]


@pytest.mark.parametrize("line", [b"hello\n", b'{"a": 1}\n', b"[1]\n", b"my notes, without an end"])
def test_a_file_of_other_things_is_left_alone(tmp_path: Path, line: bytes) -> None:
    images(tmp_path, 1)
    out = tmp_path / "notes.txt"
    out.write_bytes(line)
    with pytest.raises(ConfigError, match="not a row of a batch"):
        run_batch(agent(), tmp_path, ["Is it?"], out)
    assert out.read_bytes() == line


def test_two_runs_never_write_to_one_file(tmp_path: Path) -> None:
    folder, out = tmp_path / "images", tmp_path / "out.jsonl"
    images(folder, 20)
    process = start(folder, out, 0.5)
    try:
        wait_for_rows(out, 1, process)
        with pytest.raises(PathRefused, match="another run"):
            run_batch(agent(), folder, QUESTIONS, out)
    finally:
        process.kill()
        process.communicate()


def test_what_cannot_be_used_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    images(tmp_path / "in", 1)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PathRefused, match="no such folder"):
        run_batch(agent(), tmp_path / "nowhere", ["Is it?"], tmp_path / "out.jsonl")
    with pytest.raises(InputError, match="no images"):
        run_batch(agent(), tmp_path / "empty", ["Is it?"], tmp_path / "out.jsonl")
    with pytest.raises(QuestionError):
        run_batch(agent(), tmp_path / "in", [" "], tmp_path / "out.jsonl")
    with pytest.raises(PathRefused, match="cannot write"):
        run_batch(agent(), tmp_path / "in", ["Is it?"], tmp_path / "in")
    assert not (tmp_path / "out.jsonl").exists()


def test_images_are_found_by_name_whatever_their_case(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpeg", ".hidden.png", "c.txt", "d.Tiff"):
        (tmp_path / name).touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.png").touch()
    assert [path.name for path in find_images(tmp_path)] == ["a.jpeg", "b.PNG", "d.Tiff"]
