"""Many images, the same questions: one row each, never lost and never written twice.

A row is appended, flushed and fsynced before the next question is asked. A second run reads the rows
that are there, drops a last line that a kill has torn, and does only what is missing.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from sightline.agent.questions import clean_question
from sightline.errors import ConfigError, InputError, PathRefused

if TYPE_CHECKING:
    from sightline.agent.agent import Agent
    from sightline.types import Answer

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"})

# How each row begins, so that a torn one is told from another file's line.
_ROW_HEAD = b'{"image": '

Key = tuple[str, str]
Row = dict[str, Any]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run of the batch did: rows written now, errors among them, and rows that were there before."""

    written: int
    errors: int
    before: int


def run_batch(
    agent: Agent, folder: Path, questions: Sequence[str], out: Path, progress: Progress | None = None
) -> Summary:
    """Ask each question about each image under `folder`, and append a row for each pair to `out`.

    Args:
        agent: warm or not; it is warmed before the first question.
        folder: searched with all that is under it, hidden files left out, in the order of the paths.
        questions: asked of each image in this order; the same one twice is asked once.
        out: JSON lines; made if it is not there.
        progress: told how many of how many rows are there, at the start and after each row.

    Raises:
        InputError: no such folder, no image in it, a bad question, or a file that cannot be written
            to or that holds other things than rows.
        WeightsError: the embedded weights are missing.
    """
    asked = list(dict.fromkeys(clean_question(q) for q in questions))
    images = find_images(folder)
    with _opened(out) as file:
        done = _rows_there(file, out)
        todo = [(image, q) for image in images for q in asked if (_name(image, folder), q) not in done]
        total = len(images) * len(asked)
        if todo:
            agent.warm()
        return _work(agent, folder, todo, file, total, progress)


def _work(
    agent: Agent,
    folder: Path,
    todo: Sequence[tuple[Path, str]],
    file: BinaryIO,
    total: int,
    progress: Progress | None,
) -> Summary:
    before, errors = total - len(todo), 0
    report = progress or (lambda done, total: None)
    report(before, total)
    for number, (image, question) in enumerate(todo, start=1):
        row = make_row(agent, image, _name(image, folder), question)
        errors += row["status"] in ("error", "failed")
        _append(file, row)
        report(before + number, total)
    return Summary(written=len(todo), errors=errors, before=before)


def find_images(folder: Path) -> list[Path]:
    """All files under `folder` that are named like images, sorted by path. Raises `InputError` if none."""
    if not folder.is_dir():
        raise PathRefused(f"no such folder: {folder}")
    found: list[Path] = []
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        named = (Path(root) / name for name in files if not name.startswith("."))
        found += [path for path in named if path.suffix.lower() in IMAGE_SUFFIXES]
    if not found:
        raise InputError(f"no images in {folder}")
    return sorted(found)


def _name(image: Path, folder: Path) -> str:
    return image.relative_to(folder).as_posix()


def make_row(agent: Agent, image: Path, name: str, question: str) -> Row:
    """One row: the answer, or why there is none."""
    try:
        answer = agent.run(image, question)
    except InputError as error:
        return {"image": name, "question": question, "status": "error", "message": str(error)}
    return {"image": name, "question": question} | answer_fields(answer)


def answer_fields(answer: Answer) -> Row:
    """An answer in brief: boxes are [x1, y1, x2, y2] in pixels of the original image."""
    return {
        "status": answer.status,
        "text": answer.text,
        "value": answer.value,
        "confidence": round(answer.confidence, 4),
        "cites": list(answer.cites),
        "boxes": [[round(v, 1) for v in (b.x1, b.y1, b.x2, b.y2)] for b in answer.boxes],
        "checks": [check.model_dump() for check in answer.checks],
        "usage": answer.usage.model_dump(),
        "message": answer.message,
    }


@contextmanager
def _opened(out: Path) -> Iterator[BinaryIO]:
    """`out` for reading and appending, held by this process alone."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        file = out.open("a+b")
    except OSError as error:
        raise PathRefused(f"cannot write to {out}: {error.strerror or error}") from error
    with file:
        _hold(file, out)
        yield file


def _hold(file: BinaryIO, out: Path) -> None:
    """Keep a second run away from the file; the hold ends with the process."""
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise PathRefused(f"another run is writing to {out}") from error


def _rows_there(file: BinaryIO, out: Path) -> set[Key]:
    """The keys of the rows in the file, a torn last line having been cut off.

    Raises `ConfigError` for a line that is no row: then the file is another one's, and is left alone.
    """
    file.seek(0)
    *lines, torn = file.read().split(b"\n")
    keys = [_key(line) for line in lines]
    if torn and not (torn.startswith(_ROW_HEAD) or _ROW_HEAD.startswith(torn)):
        keys.append(None)
    if None in keys:
        raise ConfigError(f"{out}:{keys.index(None) + 1}: not a row of a batch; choose another file")
    if torn:
        file.truncate(sum(len(line) + 1 for line in lines))
    return {key for key in keys if key is not None}


def _key(line: bytes) -> Key | None:
    """The image and the question of a row; None for what is no row."""
    try:
        row = json.loads(line)
        return str(row["image"]), str(row["question"])
    except (ValueError, KeyError, TypeError):
        return None


def _append(file: BinaryIO, row: Row) -> None:
    """One line in one write, on the disk when this returns."""
    file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())
