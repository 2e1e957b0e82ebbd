"""The runner and the journal: nothing lost, nothing twice, nothing mixed, whatever kills the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.train.evaluation.drive_eval import SETTINGS, main

from sightline.errors import ConfigError
from sightline.train.evaluation.journal import opened, read
from sightline.train.evaluation.report import markdown, report, rescore
from sightline.train.evaluation.runner import JOURNAL, run_suite
from sightline.train.evaluation.suites import Item, Suite, load_suite

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def rows(tmp_path: Path) -> str:
    """A suite of 40 questions that hold their answers."""
    lines = [
        {
            "id": f"q{i}",
            "images": [],
            "question": f"Say {i}.",
            "answer": str(i),
            "type": "even odd".split()[i % 2],
        }
        for i in range(40)
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return f"{file}?metric=exact"


def echo(images: Any, question: str, choices: Any, examples: Any) -> tuple[str, dict[str, Any]]:
    return question.removeprefix("Say ").removesuffix("."), {}


def test_a_killed_run_goes_on_where_it_stopped(rows: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "tests.train.evaluation.drive_eval", rows, str(folder), "0.05"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"})
    journal, give_up = folder / JOURNAL, time.monotonic() + 200
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 6):
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < give_up, "it wrote nothing"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait(60)
    before = journal.read_bytes()
    before = before[: before.rfind(b"\n") + 1]
    with journal.open("ab") as file:  # what a kill in the middle of a write leaves
        file.write(b'{"id": "q39", "gro')
    main(rows, str(folder), "0")
    after = journal.read_bytes()
    assert after.startswith(before)
    settings, there = read(journal)
    assert settings["answerer"] == SETTINGS
    assert [row["id"] for row in there] == [f"q{i}" for i in range(40)]
    assert all(row["said"] == row["answers"][0] for row in there)
    main(rows, str(folder), "0")
    assert journal.read_bytes() == after


def suite(rows: str) -> Suite:
    return load_suite(rows)


def test_a_torn_head_is_written_again(rows: str, tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b'{"settings": {"sui')
    _, done = run_suite(suite(rows), echo, tmp_path, settings={}, limit=3)
    assert len(done) == 3
    assert len(read(tmp_path / JOURNAL)[1]) == 3


@pytest.mark.parametrize(
    "content", [b"hello\n", b"my notes", b'{"settings": {}}\n{"a": 1}\n', b'{"id": "x"}\n']
)
def test_a_file_of_other_things_is_left_alone(rows: str, tmp_path: Path, content: bytes) -> None:
    (tmp_path / JOURNAL).write_bytes(content)
    with pytest.raises(ConfigError, match="not a row of an evaluation"):
        run_suite(suite(rows), echo, tmp_path, settings={})
    assert (tmp_path / JOURNAL).read_bytes() == content


def test_other_settings_never_mix(rows: str, tmp_path: Path) -> None:
    run_suite(suite(rows), echo, tmp_path, settings={"weights": "a", "tools": ("x",)}, limit=2)
    before = (tmp_path / JOURNAL).read_bytes()
    with pytest.raises(ConfigError, match=r"answerer \{'weights': 'a'.*not \{'weights': 'b'"):
        run_suite(suite(rows), echo, tmp_path, settings={"weights": "b", "tools": ("x",)})
    with pytest.raises(ConfigError, match="seconds None, not 3"):
        run_suite(suite(rows), echo, tmp_path, settings={"weights": "a", "tools": ("x",)}, seconds=3)
    with pytest.raises(ConfigError, match="metric"):
        run_suite(
            suite(rows.replace("exact", "anls")), echo, tmp_path, settings={"weights": "a", "tools": ("x",)}
        )
    assert (tmp_path / JOURNAL).read_bytes() == before
    run_suite(suite(rows), echo, tmp_path, settings={"weights": "a", "tools": ("x",)}, limit=4)
    assert (tmp_path / JOURNAL).read_bytes().startswith(before)


def test_an_image_that_is_not_there_is_no_wrong_answer(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"id": "a", "image": "a.png", "question": "Say 1.", "answer": "1"}))
    with pytest.raises(ConfigError, match=r"a: no such image: .*a\.png"):
        run_suite(suite(f"{file}?metric=exact"), echo, tmp_path, settings={})
    assert not (tmp_path / JOURNAL).exists()
    (tmp_path / "a.png").touch()
    assert len(run_suite(suite(f"{file}?metric=exact"), echo, tmp_path, settings={})[1]) == 1


def test_two_runs_never_write_to_one_journal(rows: str, tmp_path: Path) -> None:
    with opened(tmp_path / JOURNAL, {}), pytest.raises(ConfigError, match="another run"):
        run_suite(suite(rows), echo, tmp_path, settings={})


def test_faults_and_slowness_are_rows_that_count_as_wrong(rows: str, tmp_path: Path) -> None:
    asked: list[str] = []

    def faulty(images: Any, question: str, choices: Any, examples: Any) -> tuple[str, dict[str, Any]]:
        asked.append(question)
        if question == "Say 1.":
            raise RuntimeError("the lens\nfell off")
        if question == "Say 2.":
            try:
                time.sleep(60)
            except Exception:  # an answerer that swallows everything must not swallow the limit
                return "2", {}
        if question == "Say 3.":
            return "cannot tell", {}
        return echo(images, question, choices, examples)

    few = Suite(name="few", metric="exact", form="open", items=suite(rows).items[:5])
    settings, done = run_suite(few, faulty, tmp_path, settings={}, seconds=0.3)
    assert [row["said"] for row in done] == ["0", None, None, "cannot tell", "4"]
    assert [row["error"] for row in done] == [
        "",
        "RuntimeError: the lens fell off",
        "no answer within 0.3 s",
        "",
        "",
    ]
    result = report(settings, done)
    everything = result.lines[-1]
    assert (result.figures["exact"], everything.errors, everything.silent) == (40, 2, 1)
    run_suite(few, faulty, tmp_path, settings={}, seconds=0.3)
    assert len(asked) == 5


def test_a_stop_is_no_row(rows: str, tmp_path: Path) -> None:
    def stop(*arguments: Any) -> tuple[str, dict[str, Any]]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_suite(suite(rows), stop, tmp_path, settings={})
    assert read(tmp_path / JOURNAL)[1] == []


def test_a_time_limit_says_where_it_cannot_be_kept(rows: str, tmp_path: Path) -> None:
    refused: list[str] = []

    def elsewhere() -> None:
        try:
            run_suite(suite(rows), echo, tmp_path, settings={}, seconds=1, limit=1)
        except ConfigError as error:
            refused.append(str(error))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert refused == ["a time limit needs the main thread of a POSIX process"]
    assert not (tmp_path / JOURNAL).exists()
    with pytest.raises(ConfigError, match="more than 0"):
        run_suite(suite(rows), echo, tmp_path, settings={}, seconds=0)


def test_progress_and_the_form_of_answers(rows: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    asked: list[str] = []

    def listen(images: Any, question: str, choices: Any, examples: Any) -> tuple[str, dict[str, Any]]:
        asked.append(question)
        return "1", {}

    run_suite(
        suite(f"{rows}&format=word"),
        listen,
        tmp_path,
        settings={},
        limit=2,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert all(q.endswith(".\nAnswer the question using a single word or phrase.") for q in asked)


def test_the_report_counts_by_family_and_rescoring_repeats_it(rows: str, tmp_path: Path) -> None:
    def odd(images: Any, question: str, choices: Any, examples: Any) -> tuple[str, dict[str, Any]]:
        number = int(question.removeprefix("Say ").removesuffix("."))
        return (str(number) if number % 2 or number < 10 else "?"), {}

    settings, done = run_suite(suite(rows), odd, tmp_path, settings={"kind": "test"})
    result = report(settings, done)
    assert [(line.name, line.rows) for line in result.lines] == [("even", 20), ("odd", 20), ("all", 40)]
    assert [line.score.mean for line in result.lines] == [0.25, 1, 0.625]
    even = result.lines[0].score
    assert 0 < even.low < 0.25 < even.high < 0.6
    table = markdown(result)
    assert "| even | 20 | 25.0 [" in table
    assert "| **all** | 40 | 62.5 [" in table
    assert markdown(rescore(tmp_path / JOURNAL)) == table
    with pytest.raises(ConfigError, match="cannot read"):
        rescore(tmp_path / "none.jsonl")


def test_rows_that_hang_together_count_as_one(tmp_path: Path) -> None:
    items = tuple(
        Item(
            id=f"{s}@{i}",
            group=s,
            family="all",
            question=f"Say {'true' if i < 3 else s}.",
            images=(),
            answers=("true",),
        )
        for s in ("true", "false")
        for i in range(6)
    )
    settings, done = run_suite(
        Suite(name="n", metric="nlvr", form="open", items=items), echo, tmp_path, settings={}
    )
    result = report(settings, done)
    assert result.figures == {"accuracy": 75, "consistency": 50}
    assert result.lines[-1].score.mean == 0.75
    assert (result.lines[-1].score.low, result.lines[-1].score.high) == (0.5, 1)
