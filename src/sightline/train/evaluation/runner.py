"""Asks a suite's questions one by one, and leaves a row of each on the disk.

A second run with the same settings does only what is missing. An exception of the answerer, or one that takes
longer than the limit, is an error row: it counts as wrong, and is not asked again.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from sightline.errors import ConfigError
from sightline.train.evaluation.journal import Journal, Row, opened
from sightline.train.evaluation.suites import FORMATS, Image, Item, Shown, Suite

JOURNAL = "answers.jsonl"

Extras = dict[str, Any]
Answerer = Callable[[Sequence[Image], str, Sequence[str], Sequence[Shown]], tuple[str, Extras]]
"""(images, question, choices, examples) -> what it says, and JSON of its own that is kept beside it."""

Progress = Callable[[int, int], None]


class _TimeUp(BaseException):
    """Not an `Exception`: an answerer that catches those must not catch this."""


def run_suite(
    suite: Suite,
    answerer: Answerer,
    folder: Path,
    *,
    settings: Row,
    seconds: float | None = None,
    limit: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[Row, list[Row]]:
    """Ask what has not been asked yet; the journal's settings, and the rows in the suite's order.

    Args:
        suite: the questions.
        answerer: is asked.
        folder: holds the journal `answers.jsonl`.
        settings: JSON that tells the answerer from others; with the suite it decides which rows may mix.
        seconds: of one question; None for no limit. A limit needs the main thread of a POSIX process.
        limit: groups of rows to ask, drawn with `seed`; a greater limit asks the same ones and more.
        seed: of the draw.
        progress: told how many of how many rows are there.

    Raises:
        ConfigError: the journal cannot be written, or belongs to other settings; a limit that cannot be kept;
            an image is not there.
    """
    if seconds is not None:
        _check_limit(seconds)
    chosen = draw(suite.items, limit, seed)
    _check_images(chosen)
    whole = {
        "suite": suite.name,
        "questions": suite.digest,
        "metric": suite.metric,
        "format": suite.form,
        "seconds": seconds,
        "answerer": settings,
    }
    with opened(folder / JOURNAL, whole) as journal:
        _ask_missing(chosen, answerer, journal, suite.form, seconds, progress or (lambda done, total: None))
        return whole, [journal.rows[item.id] for item in chosen]


def draw(items: Sequence[Item], limit: int | None, seed: int) -> list[Item]:
    """The items of `limit` groups (None: of all), in their order. Raises `ConfigError` below 1."""
    groups = list(dict.fromkeys(item.group for item in items))
    if limit is None:
        return list(items)
    if limit < 1:
        raise ConfigError("a limit is at least 1")
    order = np.random.default_rng(seed).permutation(len(groups))
    kept = {groups[i] for i in order[:limit]}
    return [item for item in items if item.group in kept]


def _check_images(items: Sequence[Item]) -> None:
    """A folder that was not unpacked is said now, and not scored as so many wrong answers."""
    for item in items:
        for image in item.shown:
            if isinstance(image, Path) and not image.is_file():
                raise ConfigError(f"{item.id}: no such image: {image}")


def _ask_missing(
    items: Sequence[Item],
    answerer: Answerer,
    journal: Journal,
    form: str,
    seconds: float | None,
    progress: Progress,
) -> None:
    missing = [item for item in items if item.id not in journal.rows]
    done = len(items) - len(missing)
    progress(done, len(items))
    for number, item in enumerate(missing, start=1):
        journal.add(ask(item, answerer, form, seconds))
        progress(done + number, len(items))


def ask(item: Item, answerer: Answerer, form: str = "open", seconds: float | None = None) -> Row:
    """One question put to the answerer, as a row; without a reply `said` is None, and `error` says why."""
    began = time.monotonic()
    said: str | None = None
    extras: Extras = {}
    error = ""
    try:
        with _time_limit(seconds):
            question = f"{item.question}\n{FORMATS[form]}".strip()
            said, extras = answerer(item.images, question, item.choices, item.examples)
    except _TimeUp:
        error = f"no answer within {seconds:g} s"
    except Exception as fault:  # whatever it is, the suite goes on
        error = " ".join(f"{type(fault).__name__}: {fault}".split())[:500]
    return {
        "id": item.id,
        "group": item.group,
        "family": item.family,
        "tags": item.tags,
        "question": item.question,
        "choices": item.choices,
        "answers": item.answers,
        "gold": item.gold,
        "said": said,
        "error": error,
        "seconds": round(time.monotonic() - began, 3),
        "extras": extras,
    }


def _check_limit(seconds: float) -> None:
    if seconds <= 0:
        raise ConfigError("a time limit is more than 0 seconds")
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        raise ConfigError("a time limit needs the main thread of a POSIX process")


@contextmanager
def _time_limit(seconds: float | None) -> Iterator[None]:
    """Raise `_TimeUp` in the body once the seconds are over; a call into C is interrupted when it returns."""
    if seconds is None:
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
