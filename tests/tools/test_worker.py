"""Tools that hang, die, raise or print: the caller gets its answer in time, and no process is left."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from sightline.tools.worker import Worker, WorkerFailed, WorkerTimeout

FAULTS = """
import os, sys, tempfile, time

def make(kind="echo"):
    if kind == "broken":
        raise RuntimeError("cannot be made")
    if kind == "slow":
        time.sleep(1.5)
    if kind == "exit":
        os._exit(3)
    state = {"calls": 0}

    def function(what, value=None):
        state["calls"] += 1
        if what == "echo":
            return value
        if what == "scratch":
            return tempfile.mkdtemp()
        if what == "count":
            return state["calls"]
        if what == "sleep":
            time.sleep(600)
        if what == "spin":
            while True:
                pass
        if what == "exit":
            sys.stderr.write("about to go\\n")
            sys.stderr.flush()
            os._exit(7)
        if what == "raise":
            raise ValueError("no good\\nat all")
        if what == "unpicklable":
            return lambda: 1
        if what == "print":
            print("noise on stdout")
            os.write(1, b"more noise")
            return sys.stdin.read()
        if what == "kill":
            os.kill(os.getpid(), 9)
    return function
"""

pytestmark = pytest.mark.filterwarnings("error::ResourceWarning")


@pytest.fixture
def faults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "faulty_functions.py").write_text(FAULTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    return "faulty_functions:make"


@pytest.fixture
def worker(faults: str) -> Iterator[Worker]:
    made = Worker(faults)
    yield made
    made.close()


def alive(pid: int | None) -> bool:
    """Whether a process of that id runs (a zombie does not)."""
    if pid is None:
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pid: int | None, within_s: float = 10) -> bool:
    end = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


def test_values_come_back_and_the_process_stays(worker: Worker) -> None:
    array = np.arange(3_000_000, dtype=np.uint8).reshape(1000, 1000, 3)
    assert np.array_equal(worker.call("echo", array, timeout_s=30), array)
    pid = worker.pid
    assert worker.call("count", timeout_s=30) == 2
    assert worker.pid == pid
    assert pid != os.getpid()


@pytest.mark.parametrize("what", ["sleep", "spin"])
def test_a_hang_is_killed(worker: Worker, what: str) -> None:
    worker.warm()
    pid = worker.pid
    start = time.monotonic()
    with pytest.raises(WorkerTimeout, match="stopped after"):
        worker.call(what, timeout_s=0.3)
    assert time.monotonic() - start < 20
    assert gone(pid)
    assert worker.call("echo", "again", timeout_s=30) == "again"
    assert worker.pid != pid


def test_a_hung_child_that_does_not_read_is_killed(worker: Worker) -> None:
    worker.warm()
    pid = worker.pid
    assert pid
    os.kill(pid, 19)  # SIGSTOP: it takes nothing from its pipe
    with pytest.raises(WorkerTimeout):
        worker.call("echo", np.zeros(10_000_000, np.uint8), timeout_s=0.5)
    assert gone(pid)


@pytest.mark.parametrize(("what", "why"), [("exit", "exit code 7.*about to go"), ("kill", "SIGKILL")])
def test_a_crash_is_told_and_the_next_call_is_served(worker: Worker, what: str, why: str) -> None:
    with pytest.raises(WorkerFailed, match=why):
        worker.call(what, timeout_s=30)
    assert worker.call("echo", 1, timeout_s=30) == 1


def test_an_exception_keeps_the_process(worker: Worker) -> None:
    worker.warm()
    pid = worker.pid
    with pytest.raises(WorkerFailed, match=r"^ValueError: no good at all$"):
        worker.call("raise", timeout_s=30)
    assert worker.pid == pid
    assert worker.call("echo", 1, timeout_s=30) == 1


def test_what_cannot_be_pickled_is_a_failure(worker: Worker) -> None:
    with pytest.raises(WorkerFailed):
        worker.call("unpicklable", timeout_s=30)
    assert worker.call("echo", 1, timeout_s=30) == 1


def test_a_call_without_time_does_not_cost_the_process(worker: Worker) -> None:
    worker.warm()
    pid = worker.pid
    for seconds in (0, -1):
        with pytest.raises(WorkerTimeout):
            worker.call("echo", 1, timeout_s=seconds)
    assert worker.call("count", timeout_s=30) == 1
    assert worker.pid == pid


def test_temporary_files_go_with_the_process(worker: Worker) -> None:
    left = Path(worker.call("scratch", timeout_s=30))
    assert left.is_dir()
    worker.close()
    assert not left.exists()
    assert not left.parent.exists()


def test_prints_do_not_disturb(worker: Worker, capfd: pytest.CaptureFixture[str]) -> None:
    assert worker.call("print", timeout_s=30) == ""
    assert worker.call("echo", 5, timeout_s=30) == 5
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("kind", "why"), [("broken", "RuntimeError: cannot be made"), ("exit", "exit code 3")]
)
def test_an_tool_that_cannot_be_made(faults: str, kind: str, why: str) -> None:
    worker = Worker(faults, kind)
    for _ in range(2):
        with pytest.raises(WorkerFailed, match=why):
            worker.call("echo", 1, timeout_s=30)
    with pytest.raises(WorkerFailed, match=why):
        worker.warm()
    assert worker.pid is None


def test_a_factory_that_is_not_there(faults: str) -> None:
    with pytest.raises(WorkerFailed, match="AttributeError"):
        Worker("faulty_functions:missing").call(timeout_s=30)


def test_loading_goes_on_after_a_timeout(faults: str) -> None:
    worker = Worker(faults, "slow")
    with pytest.raises(WorkerTimeout, match="still loading"):
        worker.call("echo", 1, timeout_s=0.1)
    pid = worker.pid
    assert alive(pid)
    assert worker.call("echo", 1, timeout_s=30) == 1
    assert worker.pid == pid
    worker.close()
    assert gone(pid)


def test_loading_for_ever_is_killed(faults: str) -> None:
    worker = Worker(faults, "slow", start_limit_s=0.2)
    with pytest.raises(WorkerTimeout):
        worker.call("echo", 1, timeout_s=30)
    assert worker.pid is None


def test_calls_from_threads_wait_for_one_another(worker: Worker) -> None:
    worker.warm()
    got: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: got.append(worker.call("echo", n, timeout_s=30)))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(8))
    assert worker.call("count", timeout_s=30) == 9


def test_waiting_counts_against_the_time(worker: Worker) -> None:
    worker.warm()
    ended: list[str] = []

    def sleep() -> None:
        with pytest.raises(WorkerFailed) as caught:
            worker.call("sleep", timeout_s=60)
        ended.append(str(caught.value))

    busy = threading.Thread(target=sleep)
    busy.start()
    while not worker._lock.locked():
        time.sleep(0.01)
    with pytest.raises(WorkerTimeout, match="busy"):
        worker.call("echo", 1, timeout_s=0.2)
    worker.warm()  # it is, and need not wait for the call
    worker.close()  # from another thread, in the middle of the call
    busy.join(20)
    assert len(ended) == 1


def test_nothing_is_left_when_the_parent_is_done_or_killed(faults: str, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"  # without a __main__ guard
    script.write_text(
        textwrap.dedent(
            f"""
            import os, sys, threading, time
            sys.path.insert(0, {str(tmp_path)!r})
            from sightline.tools.worker import Worker
            worker = Worker("faulty_functions:make")
            worker.warm()
            print(worker.pid, flush=True)
            if sys.argv[1] == "killed":
                threading.Thread(target=lambda: worker.call("sleep", timeout_s=600), daemon=True).start()
                time.sleep(0.3)
                os.kill(os.getpid(), 9)
            """
        )
    )
    for how in ("done", "killed"):
        parent = subprocess.run(
            [sys.executable, script, how],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        lines = parent.stdout.split()
        assert len(lines) == 1  # and no second copy of the script ran
        assert gone(int(lines[0]))


def test_a_file_in_the_working_folder_shadows_nothing(
    faults: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "queue.py").write_text("raise SystemExit('the wrong queue')")
    monkeypatch.chdir(folder)
    worker = Worker(faults)
    assert worker.call("echo", 1, timeout_s=30) == 1
    worker.close()
