"""A JSONL file that a kill cannot spoil: a head that says what the rows belong to, then a row an answer.

Each row is on the disk before the next question is asked. A last line that a kill has torn is cut off; rows
of other settings are refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sightline.errors import ConfigError

Row = dict[str, Any]

_HEADS = (b'{"settings": ', b'{"id": ')
"""How the first line and all others begin, so that a torn one is told from another file's line."""


def settings_hash(settings: Row) -> str:
    """sha256 of the settings, first 16 hex digits."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(kw_only=True)
class Journal:
    """An open journal: `rows` by id, those that were there before first."""

    path: Path
    file: BinaryIO = field(repr=False)
    rows: dict[str, Row]

    def add(self, row: Row) -> None:
        """Append a row, which begins with its `id`; it is on the disk when this returns."""
        _write(self.file, row)
        self.rows[row["id"]] = row


@contextmanager
def opened(path: Path, settings: Row) -> Iterator[Journal]:
    """The journal at `path`, made if it is not there, held by this process alone.

    Raises `ConfigError` if it cannot be written, is another file, or holds rows of other settings.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    except OSError as error:
        raise ConfigError(f"cannot write to {path}: {error.strerror or error}") from error
    with file:
        _hold(file, path)
        head, rows = _mended(file, path)
        if head is None:
            _write(file, {"settings": settings, "hash": settings_hash(settings)})
        else:
            _check(head, settings, path)
        yield Journal(path=path, file=file, rows={row["id"]: row for row in rows})


def read(path: Path) -> tuple[Row, list[Row]]:
    """The settings and the whole rows of a journal; the file is left as it is. Raises `ConfigError`."""
    try:
        *lines, _ = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    head, *rows = _parsed(lines, path) or [{}]
    if "settings" not in head:
        raise ConfigError(f"{path}: not a journal of an evaluation")
    return head["settings"], rows


def _mended(file: BinaryIO, path: Path) -> tuple[Row | None, list[Row]]:
    """The head (None in a new file) and the rows; a torn last line is cut off the file."""
    file.seek(0)
    *lines, torn = file.read().split(b"\n")
    begins = _HEADS[bool(lines)]
    if torn and not (torn.startswith(begins) or begins.startswith(torn)):
        raise ConfigError(f"{path}:{len(lines) + 1}: not a row of an evaluation; choose another place")
    parsed = _parsed(lines, path)
    if torn:
        file.truncate(sum(len(line) + 1 for line in lines))
    return (parsed[0], parsed[1:]) if parsed else (None, [])


def _parsed(lines: list[bytes], path: Path) -> list[Row]:
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            row["settings" if number == 1 else "id"]
        except (ValueError, KeyError, TypeError) as error:
            message = f"{path}:{number}: not a row of an evaluation; choose another place"
            raise ConfigError(message) from error
        rows.append(row)
    return rows


def _check(head: Row, settings: Row, path: Path) -> None:
    if head.get("hash") == settings_hash(settings):
        return
    there = head["settings"]
    # JSON has no tuples: compare what was written with what would be.
    now = json.loads(json.dumps(settings))
    names = [name for name in sorted({*there, *now}) if there.get(name) != now.get(name)]
    shown = ", ".join(f"{name} {there.get(name)!r}, not {now.get(name)!r}" for name in names)
    raise ConfigError(f"{path} holds answers of other settings ({shown[:400]}); choose another place")


def _write(file: BinaryIO, row: Row) -> None:
    """One line in one write, on the disk when this returns."""
    file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


def _hold(file: BinaryIO, path: Path) -> None:
    """Keep a second run away; the hold ends with the process."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigError(f"another run is writing to {path}") from error
