"""Memory: a child that outgrows its limit ends alone, and idle children give way to those at work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from sightline.errors import ConfigError
from sightline.tools import pool as pool_module
from sightline.tools.pool import MEMORY_VARIABLE, Pool, rss_mb, shared_pool
from sightline.tools.worker import Worker, WorkerFailed

FACTORY = "tests.tools.faulty_functions:make"


class Staff:
    """Makes workers, and closes them after the test."""

    def __init__(self) -> None:
        self.made: list[Worker] = []

    def hire(self, pool: Pool, start_mb: int = 0, *, limit: int | None = None) -> Worker:
        worker = Worker(FACTORY, start_mb, pool=pool, memory_limit_mb=limit)
        self.made.append(worker)
        return worker


@pytest.fixture
def staff() -> Iterator[Staff]:
    made = Staff()
    yield made
    for worker in made.made:
        worker.close()


def test_a_child_that_outgrows_its_limit_is_killed_and_replaced(staff: Staff) -> None:
    worker = staff.hire(Pool(4000), limit=200)
    worker.warm()
    pid = worker.pid
    with pytest.raises(WorkerFailed, match=r"^stopped: \d+ MB of memory, over its limit of 200 MB$"):
        worker.call("allocate", timeout_s=60)
    assert worker.pid is None
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert worker.call("echo", 1, timeout_s=60) == 1


def test_a_child_that_grows_from_call_to_call_answers_and_is_replaced(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sightline.tools.worker._LOOK_S", 60)  # calls that are over before they are looked at
    worker = staff.hire(Pool(4000), limit=150)
    assert worker.call("hold", 20, timeout_s=60) == 20
    pid = worker.pid
    assert worker.call("hold", 20, timeout_s=60) == 40
    assert worker.pid == pid
    # the answer counts, and the process goes
    assert worker.call("hold", 150, timeout_s=60) == 190
    assert worker.pid is None
    assert worker.call("hold", 1, timeout_s=60) == 1


def test_without_a_limit_of_its_own_the_budget_is_one(staff: Staff) -> None:
    worker = staff.hire(Pool(120))
    with pytest.raises(WorkerFailed, match="over its limit of 120 MB"):
        worker.call("allocate", timeout_s=60)


def test_the_idle_child_used_longest_ago_gives_way(staff: Staff) -> None:
    pool = Pool(300)
    first, second, third = (staff.hire(pool, 90) for _ in range(3))
    first.warm()
    second.warm()
    assert first.call("echo", 1, timeout_s=60) == 1  # now the second is the one used longest ago
    third.call("echo", 1, timeout_s=60)
    assert first.pid is not None
    assert second.pid is None
    assert third.pid is not None
    assert sum(pool.sizes().values()) <= 300
    assert second.call("echo", 2, timeout_s=60) == 2  # it comes back when it is asked


def test_a_child_at_work_is_left_alone(staff: Staff) -> None:
    pool = Pool(10_000)
    busy, idle = staff.hire(pool, 60), staff.hire(pool, 60)
    idle.warm()
    busy.warm()
    ended: list[str] = []

    def sleep() -> None:
        with pytest.raises(WorkerFailed) as caught:
            busy.call("sleep", timeout_s=60)
        ended.append(str(caught.value))

    at_work = threading.Thread(target=sleep)
    at_work.start()
    while not busy._lock.locked():
        time.sleep(0.01)
    pool.budget_mb = 50  # less than either
    pool.trim()
    assert idle.pid is None
    assert busy.pid is not None
    assert ended == []
    busy.close()
    at_work.join(20)
    assert len(ended) == 1


def test_sizes_are_those_of_the_processes(staff: Staff) -> None:
    pool = Pool(10_000)
    small, large = staff.hire(pool), staff.hire(pool, 100)
    assert pool.sizes() == {}
    small.warm()
    large.warm()
    sizes = pool.sizes()
    assert list(sizes) == [small, large]
    assert 90 <= sizes[large] - sizes[small] <= 130
    assert rss_mb(2**22 + 1) == 0


def test_a_worker_that_is_let_go_leaves_the_pool() -> None:
    pool = Pool(100)
    Worker(FACTORY, pool=pool)
    assert len(pool._members) == 0


def test_the_shared_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    shared_pool.cache_clear()
    try:
        monkeypatch.delenv(MEMORY_VARIABLE, raising=False)
        assert shared_pool() is shared_pool()
        assert shared_pool().budget_mb == psutil.virtual_memory().total // 2**21
        shared_pool.cache_clear()
        monkeypatch.setenv(MEMORY_VARIABLE, " 512 ")
        assert shared_pool().budget_mb == 512
        for bad in ("0", "-5", "2G", "1.5", "²"):
            shared_pool.cache_clear()
            monkeypatch.setenv(MEMORY_VARIABLE, bad)
            with pytest.raises(ConfigError, match=f"{pool_module.MEMORY_VARIABLE} must be a number of MiB"):
                shared_pool()
    finally:
        monkeypatch.undo()
        shared_pool.cache_clear()
