"""Whether files are the pinned ones: by their hash, or by a quick look at what was recorded with it."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

from sightline.weights.manifest import Entry, File

STAMP = "stamp.json"
State = Literal["ok", "missing", "damaged"]


def sha256(path: Path) -> str:
    """Of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(folder: Path) -> dict[str, list[object]]:
    """Of each file name what `mark` said when the file's hash was taken; empty where nothing is recorded."""
    try:
        told = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def write(folder: Path, entry: Entry) -> None:
    """Record that the files of `entry` in `folder` have just been found right.

    Where nothing can be written (a store that users share), nothing is: hashes are then taken each time.
    """
    marks = {file.name: mark(folder / file.name, file.sha256) for file in entry.files}
    with suppress(OSError):
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{STAMP}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(json.dumps(marks, indent=1) + "\n")
            os.chmod(temporary, 0o644)  # mkstemp's is for its owner alone
            os.replace(temporary, folder / STAMP)
        finally:
            Path(temporary).unlink(missing_ok=True)


def forget(folder: Path) -> None:
    """Let the next use take the hashes again."""
    with suppress(OSError):
        (folder / STAMP).unlink()


def mark(path: Path, digest: str) -> list[object]:
    """The hash, the size in bytes and the time of the last change in ns."""
    about = path.stat()
    return [digest, about.st_size, about.st_mtime_ns]


def quick(folder: Path, entry: Entry) -> bool:
    """Whether every file is as it was when its hash was taken, and that was the pinned hash."""
    seen = read(folder)
    try:
        return all(seen.get(f.name) == mark(folder / f.name, f.sha256) for f in entry.files)
    except OSError:
        return False


def full(folder: Path, file: File) -> tuple[State, str]:
    """The state of one file by its whole content, and in words what is wrong with it."""
    path = folder / file.name
    if not path.is_file():
        return "missing", "not here"
    if (size := path.stat().st_size) != file.size:
        return "damaged", f"{size:,} bytes, not {file.size:,}"
    if (digest := sha256(path)) != file.sha256:
        return "damaged", f"its sha256 is {digest}, not {file.sha256}"
    return "ok", ""
