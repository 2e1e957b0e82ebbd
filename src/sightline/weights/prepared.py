"""What is made once of weights, so that their use needs less: all of it or nothing, by one process.

models/                       in `home()`
  NAME-KEY/                   what was made, and manifest.json, which names every file, its size and its hash
  NAME-KEY.lock               held by whoever makes it; others wait

The key tells what it is made of and how, so that nothing from before an update is taken for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sightline.errors import WeightsError
from sightline.weights import home
from sightline.weights.progress import tell
from sightline.weights.stamps import sha256

MANIFEST = "manifest.json"

LONGEST_S = 900
"""After which a process that makes something is ended."""


def folder_of(name: str, *of: str) -> Path:
    """Where it lies, whether or not it is there.

    Args:
        name: of the kind of thing, such as `detector`.
        of: the hashes of what it is made of, and the name of the way in which it is made.
    """
    return home() / "models" / f"{name}-{hashlib.sha256(' '.join(of).encode()).hexdigest()[:16]}"


def is_made(folder: Path) -> bool:
    """Whether it is there: every file of its manifest, with its size."""
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        return all((folder / name).stat().st_size == size for name, (_, size) in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def made(folder: Path, make: Callable[[Path], None], *, what: str, takes: str, about: dict[str, Any]) -> Path:
    """The folder, made where it is not there.

    Args:
        folder: see `folder_of`.
        make: fills an empty folder that it is given. What it needs besides may lie beside that: it goes.
        what: in words, for the line on stderr and for errors.
        takes: how long it takes, in words.
        about: what the manifest says beside the files.

    Raises:
        WeightsError: it could not be made.
    """
    if is_made(folder):
        return folder
    from filelock import FileLock, Timeout

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{folder}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            tell(f"waiting for another process that prepares {what} ...")
            lock.acquire()
        try:
            if not is_made(folder):
                tell(f"preparing {what} (once, {takes}) ...")
                _make(folder, make, about)
        finally:
            lock.release()
    except OSError as error:
        said = error.strerror or str(error)
        raise WeightsError(
            f"{what} could not be prepared in {folder.parent}: {said}; SIGHTLINE_HOME names another folder"
        ) from error
    return folder


def _make(folder: Path, make: Callable[[Path], None], about: dict[str, Any]) -> None:
    """Make it beside its place and move it there. What a killed process left is cleared away."""
    mark = f".{folder.name}-"
    for left in folder.parent.glob(f"{mark}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=mark) as beside:
        to = Path(beside) / "made"
        to.mkdir()
        make(to)
        files = {p.name: (sha256(p), p.stat().st_size) for p in sorted(to.iterdir()) if p.is_file()}
        text = json.dumps({**about, "files": files}, indent=1) + "\n"
        (to / MANIFEST).write_text(text, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        to.rename(folder)


def run_module(module: str, *arguments: str, what: str) -> None:
    """Run a module in a process of its own, so that this one need not import what it needs.

    Args:
        module: as of `python -m`; found where this process finds its own.
        arguments: of its command line.
        what: is made, in words.

    Raises:
        WeightsError: it failed or took too long: the last line that it said.
    """
    path = os.pathsep.join(entry for entry in sys.path if entry)
    command = [sys.executable, "-P", "-m", module, *arguments]
    try:
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"{what} could not be prepared: not done in {LONGEST_S} s") from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}, no message"]
        raise WeightsError(f"{what} could not be prepared: {last[0].strip()[:300]}")
