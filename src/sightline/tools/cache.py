"""Results of tools by what they were asked: the same question is not worked out twice.

An entry is named by the picture's pixels and frame, the tool, its version and weights, and the arguments;
change any of them and the tool is asked anew. Kept is what stays true, `ok`, `empty` and `unsupported`,
and never what a tool failed at. A tool whose results point into an image store (a crop, a drawing) keeps none
(`Tool.keeps_results`): their pixels may have left the store, and such tools take milliseconds.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sightline.errors import ConfigError
from sightline.images import Picture
from sightline.tools.arguments import dump_arguments
from sightline.tools.base import Tool
from sightline.types import ToolResult

_log = logging.getLogger(__name__)

KEPT = ("ok", "empty", "unsupported")

_TABLES = """
create table if not exists results (key text primary key, body blob, size integer, used integer);
create index if not exists by_use on results (used, size);
"""
_DROP_OLDEST = """
delete from results where rowid in (
    select rowid from (select rowid, sum(size) over (order by used desc, rowid) as upto from results)
    where upto > ?
)
"""


class Cache:
    """Bounded by bytes: what was used longest ago goes first. Safe to use from several threads.

    In a folder it is one file, `results.sqlite`, that several processes may share.
    """

    def __init__(self, folder: Path | None = None, *, max_bytes: int = 64 * 2**20) -> None:
        """In memory, or in a folder, which is made if it is not there.

        Args:
            folder: None for memory.
            max_bytes: of all results together; 0 keeps nothing.

        Raises:
            ConfigError: the folder cannot be written to, or holds a file that is no cache.
        """
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._store = _opened(folder)
        weakref.finalize(self, self._store.close)

    def key(self, tool: Tool, picture: Picture, arguments: Mapping[str, Any]) -> str:
        """The name of a call's result, sha256 in hex."""
        asked = [
            picture.content,
            picture.frame.model_dump(),
            tool.name,
            tool.version,
            tool.weights,
            dump_arguments(arguments),
        ]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    def get(self, key: str) -> ToolResult | None:
        """The result of that name, marked as `cached`; None where there is none."""
        body: bytes | None = None
        with self._said("read"):
            row = self._store.execute("select body from results where key = ?", (key,)).fetchone()
            if row is not None:
                self._store.execute("update results set used = ? where key = ?", (time.time_ns(), key))
                body = row[0]
        if body is None:
            return None
        try:
            return ToolResult.model_validate_json(body).model_copy(update={"cached": True})
        except ValidationError as error:  # of another version of the types: asking anew replaces it
            _log.info("a cached result cannot be read: %s", error)
            return None

    def put(self, key: str, result: ToolResult) -> None:
        """Keep a result, if it is one that is kept (see the module)."""
        if result.status not in KEPT:
            return
        body = result.model_dump_json().encode()
        with self._said("written"):
            row = (key, body, len(body), time.time_ns())
            self._store.execute("insert or replace into results values (?, ?, ?, ?)", row)
            (total,) = self._store.execute("select sum(size) from results").fetchone()
            if total > self._max_bytes:
                self._store.execute(_DROP_OLDEST, (self._max_bytes,))

    def clear(self) -> None:
        """Forget everything."""
        with self._said("cleared"):
            self._store.execute("delete from results")

    def __len__(self) -> int:
        with self._lock:
            return int(self._store.execute("select count(*) from results").fetchone()[0])

    @contextmanager
    def _said(self, done: str) -> Iterator[None]:
        """One transaction. A disk that is full or a file that is locked costs the cache, never the call."""
        with self._lock:
            try:
                with self._store:
                    yield
            except sqlite3.Error as error:
                _log.warning("the cache of results could not be %s: %s", done, error)


def _opened(folder: Path | None) -> sqlite3.Connection:
    """The store with its table. Raises `ConfigError` where it cannot be used."""
    where = ":memory:" if folder is None else folder / "results.sqlite"
    store: sqlite3.Connection | None = None
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        store = sqlite3.connect(where, timeout=5, check_same_thread=False)
        store.execute("pragma journal_mode=wal")
        store.executescript(_TABLES)
    except (OSError, sqlite3.Error) as error:
        if store is not None:
            store.close()
        raise ConfigError(f"no cache can be kept in {folder}: {error}") from error
    return store
