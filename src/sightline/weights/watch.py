"""A process that fetches: watched by the bytes that arrive, and ended when none do."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sightline.errors import ConfigError
from sightline.weights.failures import FetchFailure

OnBytes = Callable[[int], None]
"""Told how many bytes lie there by now."""

STALL_S = 120.0
"""Seconds without a new byte after which a fetch ends; SIGHTLINE_FETCH_TIMEOUT says another number. A proxy
that scans for viruses hands a file on only when it has it all: that is 0.8 MB/s for the largest of ours."""
_LOOK_S = 0.2


def run(
    command: Sequence[str | Path], *, env: Mapping[str, str], folder: Path, on_bytes: OnBytes
) -> tuple[int, str]:
    """Run a command that writes into `folder`. Returns its exit code and what it said.

    The process is ended where no byte arrives for `STALL_S` (`FetchFailure`), and when we are interrupted.
    """
    log = folder / "log.txt"
    with log.open("wb") as out:
        # A session of its own: Ctrl-C in a terminal then reaches it through us alone.
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env),
            start_new_session=True,
        )
        try:
            _wait(process, folder, on_bytes)
        finally:
            process.kill()
            process.wait()
    return process.returncode, log.read_text(encoding="utf-8", errors="replace")


def _wait(process: subprocess.Popen[bytes], folder: Path, on_bytes: OnBytes) -> None:
    stall_s = _stall_s()
    size, since = -1, time.monotonic()
    while True:
        try:
            process.wait(timeout=_LOOK_S)
            return
        except subprocess.TimeoutExpired:
            now = folder_size(folder)
        if now != size:
            size, since = now, time.monotonic()
            on_bytes(size)
        elif time.monotonic() - since > stall_s:
            raise FetchFailure(
                f"nothing arrived for {stall_s:g} s", "see to the network, or name another mirror"
            )


def _stall_s() -> float:
    told = os.environ.get("SIGHTLINE_FETCH_TIMEOUT")
    try:
        return float(told) if told else STALL_S
    except ValueError as error:
        raise ConfigError(f"SIGHTLINE_FETCH_TIMEOUT is a number of seconds, not {told!r}") from error


def folder_size(folder: Path) -> int:
    """Bytes of all files under a folder that others write into meanwhile."""
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_size
            except FileNotFoundError:
                continue
    return total
