"""The time of one call: what is left of it, and when it does not run.

A tool asks `seconds_left()`, wherever it is in its code. Waiting for a busy process and loading a model are
not the call's own time: the clock is paused meanwhile, and `until` bounds both together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

DIRECT_CALL_S = 60.0
"""Of a tool that is called as a function, outside `guard.run`: so that nothing hangs without a limit."""


class Clock:
    """The time limit of one call, in seconds of `time.monotonic`. Safe to read from several threads."""

    def __init__(self, seconds: float, *, until: float | None = None) -> None:
        """Start now.

        Args:
            seconds: for the call itself, pauses left out.
            until: on `time.monotonic`; the end of all together, pauses included. None for `seconds` from now.
        """
        began = time.monotonic()
        self.seconds = seconds
        self.until = began + seconds if until is None else until
        self._lock = threading.Lock()
        self._running_since: float | None = began
        self._used = 0.0

    def left(self) -> float:
        """Seconds left of the call, 0 or more."""
        with self._lock:
            now = time.monotonic()
            used = self._used + (now - self._running_since if self._running_since is not None else 0.0)
        return max(min(self.seconds - used, self.until - now), 0.0)

    @property
    def is_paused(self) -> bool:
        """Whether the call is waiting or loading at the moment."""
        return self._running_since is None

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The time spent in here is not the call's own. Pauses do not nest: an inner one changes nothing."""
        with self._lock:
            if outermost := self._running_since is not None:
                self._used += time.monotonic() - (self._running_since or 0.0)
                self._running_since = None
        try:
            yield
        finally:
            if outermost:
                with self._lock:
                    self._running_since = time.monotonic()


current: ContextVar[Clock | None] = ContextVar("sightline_clock", default=None)
"""The clock of the call that runs in this thread; None outside of `guard.run`."""


def clock() -> Clock:
    """The clock of the call at hand; outside of a guarded call a new one of `DIRECT_CALL_S`."""
    return current.get() or Clock(DIRECT_CALL_S)


def seconds_left() -> float:
    """What is left of the call at hand, in seconds."""
    return clock().left()
