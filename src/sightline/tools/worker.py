"""Run a blocking function in a process of its own, under a hard time limit.

The process is `python -m sightline.tools.worker`, so that a user's script needs no `__main__` guard. It
makes the function once, from a factory named `package.module:function`, and then answers calls one by one.
Messages are pickles with a length before them, over the child's stdin and a copy of its stdout; whatever
it prints goes to stderr, which is kept aside. A call that runs past its time, memory beyond its
limit, or a crash, costs the process, and the next call gets a fresh one. The child ends when its stdin
closes, so that it never outlives its parent, even when the parent is killed.
"""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import pickle
import queue
import selectors
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

from sightline.errors import WeightsError
from sightline.tools.clock import Clock, clock
from sightline.tools.pool import Pool, rss_mb, shared_pool

_log = logging.getLogger(__name__)

START_LIMIT_S = 120.0
"""A child that has not loaded by then is killed; until then, a call that runs out of time leaves it
loading, so that a later call finds it ready."""

LONGEST_ANSWER = 1 << 30
"""Bytes of one message of a child; one that announces more is killed."""

_HEAD = struct.Struct("!Q")
_LOOK_S = 0.05
"""How often the memory of a child at work is looked at."""


class WorkerTimeout(Exception):
    """The call did not end within its time."""


class WorkerFailed(Exception):
    """The function raised, or its process died; the text says which."""


class _TooLarge(Exception):
    """The child must be killed for what it takes; the text says why."""


@dataclass
class _Child:
    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    scratch: str
    born: float
    look: Callable[[int], None]
    """Called with the process id while waiting; raises `_TooLarge`."""
    ready: bool = False


class Worker:
    """One loaded function in one process. Safe to use from several threads: calls wait for one another."""

    def __init__(
        self,
        factory: str,
        *arguments: Any,
        start_limit_s: float = START_LIMIT_S,
        memory_limit_mb: int | None = None,
        pool: Pool | None = None,
        python: str | None = None,
    ) -> None:
        """Name the factory; no process is started yet.

        Args:
            factory: `package.module:function`, importable in the child; it loads, and returns a callable.
            arguments: what the factory is called with; they must pickle.
            start_limit_s: how long the factory may take, in seconds.
            memory_limit_mb: MiB of resident memory beyond which the child is killed; None for the whole
                budget of the pool.
            pool: whose budget of memory it shares; None for that of this process.
            python: another interpreter, which must have this package and what the factory needs; None for
                this one, with this one's path.
        """
        self._factory = factory
        self._arguments = arguments
        self._start_limit_s = start_limit_s
        self._pool = pool or shared_pool()
        self._memory_limit_mb = memory_limit_mb or self._pool.budget_mb
        self._python = python
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self.used = time.monotonic()
        self._pool.join(self)
        _workers.add(self)

    @property
    def pid(self) -> int | None:
        """The process id of the child; None where there is none."""
        child = self._child
        return child.process.pid if child else None

    def call(self, *arguments: Any, timeout_s: float | None = None) -> Any:
        """What the function in the process returns for `arguments`.

        Args:
            arguments: must pickle.
            timeout_s: for all, waiting for other calls and loading included. None for what is left of the
                tool's call (`clock`), which waiting and loading do not use up.

        Raises:
            WorkerTimeout: it took longer.
            WorkerFailed: it raised, died, or could not be made.
        """
        time_of_call = clock() if timeout_s is None else Clock(timeout_s)
        with time_of_call.paused():
            waiting = max(time_of_call.until - time.monotonic(), 0)
            if not self._lock.acquire(timeout=waiting):
                raise WorkerTimeout(f"busy with other calls for {waiting:.1f} s")
        try:
            with time_of_call.paused(), self._told("not loaded in time"):
                child = self._ready_child(time_of_call.until)
            left = time_of_call.left()
            if left <= 0:  # a child that was not asked need not be killed
                raise WorkerTimeout(f"no time left of {time_of_call.seconds:g} s")
            with self._told(f"stopped after {time_of_call.seconds:g} s"):
                value = self._ask(child, arguments, time.monotonic() + left)
            if (grown := rss_mb(child.process.pid)) > self._memory_limit_mb:
                _log.warning("%s ends its process, which has grown to %d MB", self._factory, grown)
                self._kill()
        finally:
            self.used = time.monotonic()
            self._lock.release()
        self._pool.trim()
        return value

    def warm(self, *, timeout_s: float | None = None) -> None:
        """Start the process and load now, unless it is loaded. Raises as `call` does."""
        if (child := self._child) and child.ready and child.process.poll() is None:
            return
        limit = self._start_limit_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + limit
        with self._lock, self._told(f"not ready after {limit:g} s"):
            self._ready_child(deadline)
            self.used = time.monotonic()

    @contextmanager
    def _told(self, too_late: str) -> Iterator[None]:
        """Whatever ends the child in here becomes a `WorkerTimeout` or a `WorkerFailed` that says why."""
        try:
            yield
        except TimeoutError as error:
            self._kill()
            raise WorkerTimeout(too_late) from error
        except _TooLarge as error:
            self._kill()
            raise WorkerFailed(str(error)) from error
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            # a crash closes the pipe just before the process is gone
            raise WorkerFailed(self._kill(grace_s=0.2) or "the process was closed") from error

    def close(self) -> None:
        """Kill the process, also in the middle of a call, which then fails. A later call starts afresh."""
        if self._lock.acquire(blocking=False):
            try:
                self._kill()
            finally:
                self._lock.release()
        elif child := self._child:
            child.process.kill()  # the call sees its end, and frees the pipes that it reads from

    def close_if_idle(self) -> bool:
        """Kill the process unless it has a call under way. Returns whether there is none now."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self._kill()
        finally:
            self._lock.release()
        return True

    def _look(self, pid: int) -> None:
        """Raises `_TooLarge` where the child has outgrown its limit; idle ones give way to it."""
        if (grown := rss_mb(pid)) > self._memory_limit_mb:
            raise _TooLarge(f"stopped: {grown} MB of memory, over its limit of {self._memory_limit_mb} MB")
        self._pool.trim()

    def _ready_child(self, deadline: float) -> _Child:
        """A child that has loaded. Leaves a child that is still loading alive at the deadline."""
        child = self._child
        if child is None or child.process.poll() is not None:
            self._kill()
            self._pool.trim()
            child = self._child = self._spawn()
        if child.ready:
            return child
        try:
            failure = _receive(child, min(deadline, child.born + self._start_limit_s))
        except TimeoutError as error:
            if time.monotonic() >= child.born + self._start_limit_s:
                raise
            raise WorkerTimeout("still loading; a later call may find it ready") from error
        if failure is not None:
            self._kill()
            raise WorkerFailed(failure)
        child.ready = True
        return child

    def _spawn(self) -> _Child:
        # The parent's path, so that the child finds the same modules; -P keeps the working folder out of it.
        path = "" if self._python else os.pathsep.join(entry for entry in sys.path if entry)
        errors = tempfile.TemporaryFile()
        # What is left in its temporary folder goes with it: a killed process tidies nothing.
        scratch = tempfile.mkdtemp(prefix="sightline-")
        process = subprocess.Popen(
            [self._python or sys.executable, "-P", "-m", "sightline.tools.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": path, "TMPDIR": scratch},
        )
        assert process.stdin
        assert process.stdout
        os.set_blocking(process.stdin.fileno(), False)
        os.set_blocking(process.stdout.fileno(), False)
        child = _Child(process, errors, scratch, time.monotonic(), self._look)
        try:
            _send(child, (self._factory, self._arguments), child.born + self._start_limit_s)
        except OSError as error:
            _log.debug("the worker died at its start: %s", error)  # reading from it says so in full
        return child

    def _ask(self, child: _Child, arguments: tuple[Any, ...], deadline: float) -> Any:
        _send(child, arguments, deadline)
        failure, value = _receive(child, deadline)
        if failure is not None:
            raise WorkerFailed(failure)
        return value

    def _kill(self, *, grace_s: float = 0) -> str:
        """End the child and free its pipes; returns how it died, in one line (empty: there was none)."""
        child, self._child = self._child, None
        return _end(child, grace_s) if child else ""


def _end(child: _Child, grace_s: float) -> str:
    """Kill a child that does not end within `grace_s`. Returns how, with the last line of its stderr."""
    try:
        code = child.process.wait(timeout=grace_s)
    except subprocess.TimeoutExpired:
        child.process.kill()
        code = child.process.wait()
    for pipe in (child.process.stdin, child.process.stdout):
        try:
            if pipe:
                pipe.close()
        except OSError as error:
            _log.debug("closing a dead worker's pipe: %s", error)
    shutil.rmtree(child.scratch, ignore_errors=True)
    with child.errors:
        child.errors.seek(max(child.errors.seek(0, os.SEEK_END) - 4000, 0))
        lines = child.errors.read().decode(errors="replace").strip().splitlines()
    how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"the process died ({how})" + (f": {lines[-1][:300]}" if lines and code > 0 else "")


def _send(child: _Child, message: object, deadline: float) -> None:
    """Write one message. Raises `TimeoutError` where the child does not take it in time."""
    assert child.process.stdin
    handle = child.process.stdin.fileno()
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    for part in (memoryview(_HEAD.pack(len(body))), memoryview(body)):
        while part:
            _wait(child, handle, selectors.EVENT_WRITE, deadline)
            try:
                part = part[os.write(handle, part) :]
            except BlockingIOError:  # less room than select promised: ask again
                continue


def _receive(child: _Child, deadline: float) -> Any:
    """Read one message. Raises `TimeoutError` at the deadline and `EOFError` where the child is gone."""
    (size,) = _HEAD.unpack(_read(child, _HEAD.size, deadline))
    if size > LONGEST_ANSWER:
        raise _TooLarge(f"stopped: an answer of {size >> 20} MB, over {LONGEST_ANSWER >> 20} MB")
    return pickle.loads(_read(child, size, deadline))


def _read(child: _Child, size: int, deadline: float) -> bytes:
    assert child.process.stdout
    handle = child.process.stdout.fileno()
    parts: list[bytes] = []
    while size:
        _wait(child, handle, selectors.EVENT_READ, deadline)
        try:
            part = os.read(handle, min(size, 1 << 20))
        except BlockingIOError:
            continue
        if not part:
            raise EOFError("the worker closed its pipe")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _wait(child: _Child, handle: int, event: int, deadline: float) -> None:
    """Until the pipe is ready, looking at the child now and then. Raises `TimeoutError` at the deadline."""
    with selectors.DefaultSelector() as selector:
        selector.register(handle, event)
        while (left := deadline - time.monotonic()) > 0:
            if selector.select(min(left, _LOOK_S)):
                return
            child.look(child.process.pid)
    raise TimeoutError


def warm_weights(worker: Worker) -> None:
    """Load now what a worker loads. Raises `WeightsError` where it cannot."""
    try:
        worker.warm()
    except (WorkerTimeout, WorkerFailed) as error:
        raise WeightsError(str(error)) from error


_workers: weakref.WeakSet[Worker] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for worker in list(_workers):
        worker.close()


# The child's side.


def _serve() -> None:
    """Load, and answer calls until stdin closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    incoming, outgoing = _private_pipes()
    messages: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, messages), daemon=True).start()
    name, arguments = pickle.loads(messages.get())
    try:
        function = _make(name, arguments)
    except Exception as error:
        _answer(outgoing, _said(error))
        return
    _answer(outgoing, None)
    while True:
        call = pickle.loads(messages.get())
        try:
            reply: tuple[str | None, Any] = (None, function(*call))
        except Exception as error:
            _log.exception("the function failed")
            reply = (_said(error), None)
        _answer(outgoing, reply)


def _private_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The parent's two pipes, out of reach of whatever reads stdin or prints."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return incoming, outgoing


def _listen(incoming: IO[bytes], messages: queue.SimpleQueue[bytes]) -> None:
    """Pass messages on. When the parent is gone, end at once, even in the middle of a call."""
    while len(head := incoming.read(_HEAD.size)) == _HEAD.size:
        messages.put(incoming.read(_HEAD.unpack(head)[0]))
    os._exit(0)


def _make(name: str, arguments: tuple[Any, ...]) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    loaded: Callable[..., Any] = getattr(importlib.import_module(module), function)(*arguments)
    return loaded


def _said(error: Exception) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _answer(outgoing: IO[bytes], reply: object) -> None:
    body = pickle.dumps(reply, protocol=pickle.HIGHEST_PROTOCOL)
    outgoing.write(_HEAD.pack(len(body)) + body)
    outgoing.flush()


if __name__ == "__main__":
    _serve()
