"""A call that is not waited for longer than its time."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def within(call: Callable[[], T], seconds: float) -> T | None:
    """What `call` returns, raising what it raises; None where it takes longer than `seconds`.

    Where no seconds are left it is not called. A call that is late goes on in a thread of its own, which does
    not keep the process alive; what it returns is lost.
    """
    if seconds <= 0:
        return None
    done: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

    def work() -> None:
        try:
            done.put((call(), None))
        except BaseException as error:
            done.put((None, error))

    Thread(target=work, daemon=True, name="planner").start()
    try:
        value, error = done.get(timeout=seconds)
    except Empty:
        return None
    if error is not None:
        raise error
    return value
