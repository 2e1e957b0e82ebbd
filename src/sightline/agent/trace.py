"""The record of a run: JSON lines, written as the run goes.

A file holds, in order: `start` (question, image, tools, budget), then for each round `plan` (thought,
calls, tokens, seconds) and a `call` for each finished call (tool, version, weights, arguments, frame,
status, seconds, payload), `verify` for each check of an answer, and last `final` (the whole answer
but for the evidence, which stands in the `call` records).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from sightline.errors import PathRefused
from sightline.types import Answer, Evidence


class TraceWriter:
    """Appends records to a file, or does nothing where there is no folder."""

    def __init__(self, folder: Path | None, image: str) -> None:
        """Opens `folder`/`image[:16]`-n.jsonl, n being the first free number from 1.

        Raises `PathRefused` if the folder cannot be made or written to.
        """
        self.path: Path | None = None
        self._file: TextIO | None = None
        if folder is not None:
            self._file = _first_free(folder, image[:16])
            self.path = Path(self._file.name)

    def write(self, record: str, **fields: Any) -> None:
        """One line, flushed: `record` names its kind."""
        if self._file is not None:
            self._file.write(json.dumps({"record": record, **fields}, ensure_ascii=False) + "\n")
            self._file.flush()

    def call(self, evidence: Evidence, arguments: dict[str, Any], frame: dict[str, Any]) -> None:
        """A finished call; `arguments` are those that the tool got, `frame` is what it looked at."""
        result = evidence.result
        self.write(
            "call",
            id=evidence.id,
            step=evidence.step,
            tool=evidence.call.name,
            version=result.version,
            weights=result.weights,
            asked=evidence.call.arguments,
            arguments=arguments,
            frame=frame,
            status=result.status,
            message=result.message,
            seconds=round(result.seconds, 4),
            payload=result.payload.model_dump(mode="json") if result.payload else None,
        )

    def final(self, answer: Answer) -> None:
        """The answer and what it cost."""
        left_out = {"evidence", "trace"}
        self.write("final", **answer.model_dump(mode="json", exclude=left_out))

    def close(self) -> None:
        """Close the file; nothing can be written afterwards."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _first_free(folder: Path, name: str) -> TextIO:
    """A new file, never one that another run has begun."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            try:
                return (folder / f"{name}-{number}.jsonl").open("x", encoding="utf-8")
            except FileExistsError:
                number += 1
    except OSError as error:
        raise PathRefused(f"cannot write traces to {folder}: {error.strerror or error}") from error
