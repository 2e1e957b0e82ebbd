"""One memory budget for all workers of a process: the idle child that was used longest ago goes first.

What counts is each child's resident memory (RSS). Pages that children share, such as a library's code,
count once for each of them, so that the true use is a little lower.
"""

from __future__ import annotations

import os
import threading
import weakref
from functools import cache
from typing import Protocol

from sightline.errors import ConfigError

MEMORY_VARIABLE = "SIGHTLINE_MEMORY_MB"
"""Environment variable: MiB that all workers of this process may use together."""


class Member(Protocol):
    """A worker, as the pool sees it."""

    used: float
    """When its last call ended, on the clock of `time.monotonic`."""

    @property
    def pid(self) -> int | None:
        """Of its child; None where there is none."""
        ...

    def close_if_idle(self) -> bool:
        """End the child unless a call is under way. Returns whether it did; never waits for a call."""
        ...


class Pool:
    """Workers that share a budget of memory."""

    def __init__(self, budget_mb: int) -> None:
        """Of `budget_mb` MiB; it holds no worker yet."""
        self.budget_mb = budget_mb
        self._members: weakref.WeakSet[Member] = weakref.WeakSet()
        self._lock = threading.Lock()

    def join(self, member: Member) -> None:
        """Count this worker's child; a worker that is no longer referred to leaves by itself."""
        with self._lock:
            self._members.add(member)

    def sizes(self) -> dict[Member, int]:
        """MiB of each child that runs, the one used longest ago first."""
        with self._lock:
            members = list(self._members)
        running = [(member.used, member, pid) for member in members if (pid := member.pid) is not None]
        return {member: rss_mb(pid) for _, member, pid in sorted(running, key=lambda one: one[0])}

    def trim(self) -> None:
        """End idle children, the one used longest ago first, until the rest is within the budget."""
        sizes = self.sizes()
        over = sum(sizes.values()) - self.budget_mb
        for member, size in sizes.items():
            if over <= 0:
                return
            if member.close_if_idle():
                over -= size


def rss_mb(pid: int) -> int:
    """Resident memory of a process in MiB; 0 where it is gone."""
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss) >> 20
    except psutil.Error:
        return 0


@cache
def shared_pool() -> Pool:
    """The pool of this process: `SIGHTLINE_MEMORY_MB`, or half of the machine's memory.

    Raises `ConfigError` where the variable is no positive whole number.
    """
    import psutil

    said = os.environ.get(MEMORY_VARIABLE, "").strip()
    if not said:
        return Pool(int(psutil.virtual_memory().total) >> 21)
    if not said.isascii() or not said.isdigit() or int(said) < 1:
        raise ConfigError(f"{MEMORY_VARIABLE} must be a number of MiB: {said[:40]!r}")
    return Pool(int(said))
