"""Large JSON files, an element at a time, with the place of each.

A file is decoded as Latin-1, in which a character is a byte: JSON's own characters are ASCII and no byte of
a longer UTF-8 character is, so elements are found at their byte offsets, and only an element with such
bytes is decoded a second time. A broken element is reported and what follows it is read on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sightline.train.data.faults import Broken

CHUNK = 2**20
"""Bytes read at a time."""
LONGEST_ELEMENT = 64 * 2**20
"""Bytes. A longer element ends the reading of the file."""

_CLOSES = {"[": "]", "{": "}"}
_AFTER = tuple(",:]} \t\r\n")
_LAST = tuple('}]"')
_SPACE = re.compile(r"[ \t\r\n]*")
# Strings are skipped whole; one that the buffer cuts off matches to the buffer's end.
_STRUCTURE = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[{}\[\],]', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Element:
    """One element: its value or why there is none, its line from 1, and its bytes in the file.

    `key` is its name where the container is an object.
    """

    value: Any = None
    broken: Broken | None = None
    line: int
    offset: int
    size: int
    key: str = ""

    def found(self) -> Any:
        """The value. Raises `Broken` where there is none."""
        if self.broken is not None:
            raise self.broken
        return self.value


def array_elements(path: Path, *, chunk: int = CHUNK) -> Iterator[Element]:
    """The elements of a file that is one JSON array."""
    with path.open("rb") as file:
        yield from _Cursor(file, chunk).elements("[")


def object_members(path: Path, *, inside: str = "", chunk: int = CHUNK) -> Iterator[Element]:
    """The members of a file that is one JSON object, or of the object that its member `inside` is."""
    with path.open("rb") as file:
        yield from _Cursor(file, chunk).elements("{", inside=inside)


def listed_elements(path: Path, inside: str, *, chunk: int = CHUNK) -> Iterator[Element]:
    """The elements of the array that the member `inside` of a file's one object is."""
    with path.open("rb") as file:
        yield from _Cursor(file, chunk).elements("{", inside=inside, holds="[")


def line_elements(path: Path) -> Iterator[Element]:
    """The lines of a JSON lines file; empty lines are passed over."""
    offset = 0
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LONGEST_ELEMENT + 1):
            number += 1
            start, offset = offset, offset + len(raw)
            if len(raw) > LONGEST_ELEMENT:
                broken = Broken("too_long", f"a line of more than {LONGEST_ELEMENT >> 20} MiB")
                yield Element(broken=broken, line=number, offset=start, size=len(raw))
                return
            if raw.strip():
                yield _parsed(
                    raw.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n"),
                    line=number,
                    offset=start,
                    size=len(raw),
                )


def parse(raw: bytes) -> Any:
    """The value of UTF-8 JSON. Raises `Broken` (bad_json), also for NaN and Infinity."""
    try:
        return json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Broken("bad_json", f"{error.msg}, character {error.pos + 1} of the row") from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise Broken("bad_json", f"{error}") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_constant=_refuse)


def _parsed(raw: bytes, *, line: int, offset: int, size: int, key: str = "") -> Element:
    try:
        return Element(value=parse(raw), line=line, offset=offset, size=size, key=key)
    except Broken as broken:
        return Element(broken=broken, line=line, offset=offset, size=size, key=key)


class _Cursor:
    """A place in a file: the buffer `text` holds what stands from byte `base` on, `at` is where it reads."""

    def __init__(self, file: BinaryIO, chunk: int) -> None:
        self.file, self.chunk = file, chunk
        self.text, self.at, self.base, self.line = "", 0, 0, 1
        self.ended = False
        while len(self.text) < 3 and self._fill():
            pass
        self.at = 3 if self.text.startswith("\xef\xbb\xbf") else 0

    def elements(self, opens: str, *, inside: str = "", holds: str = "{") -> Iterator[Element]:
        """What stands in the container that begins here, or in that which its member `inside` holds.

        What ends the reading comes last, as broken.
        """
        try:
            yield from self._members(opens, inside, holds)
            if not inside and self._next():
                raise Broken("bad_json", "more stands after the end")
        except Broken as broken:
            yield Element(broken=broken, line=self.line, offset=self.base + self.at, size=0)

    def _members(self, opens: str, inside: str = "", holds: str = "") -> Iterator[Element]:
        if self._next() != opens:
            what = "the file" if holds else "the member"
            raise Broken("bad_json", f"{what} does not begin with {opens}")
        self._pass(1)
        fresh = True
        while self._more(_CLOSES[opens], fresh):
            fresh = False
            key = self._key() if opens == "{" else ""
            if inside and key == inside:
                yield from self._members(holds)
                return
            element = self._element(key)
            if not inside:
                yield element
        if inside:
            raise Broken("missing_field", f"no member {inside!r}")

    def _more(self, closes: str, fresh: bool) -> bool:
        """Whether an element follows; its comma is passed."""
        mark = self._next()
        if mark == closes:
            self._pass(1)
            return False
        if not fresh and mark == ",":
            self._pass(1)
            mark = self._next()
        elif not fresh and mark:
            raise Broken("bad_json", f"a comma or {closes} is missing; what follows is not read")
        if not mark:
            raise Broken("bad_json", f"the file ends before {closes}")
        return True

    def _fill(self) -> bool:
        """Read on, at least doubling what is held; False at the end of the file."""
        if self.ended:
            return False
        self.base += self.at
        self.text, self.at = self.text[self.at :], 0
        more = self.file.read(max(self.chunk, len(self.text)))
        self.ended = not more
        self.text += more.decode("latin-1")
        return not self.ended

    def _pass(self, count: int) -> None:
        self.line += self.text.count("\n", self.at, self.at + count)
        self.at += count

    def _next(self) -> str:
        """The next character that is no space, not passed yet; empty at the end."""
        while True:
            blank = _SPACE.match(self.text, self.at)
            assert blank is not None
            self._pass(blank.end() - self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._fill():
                return ""

    def _key(self) -> str:
        """A member's name; its colon is passed."""
        if self._next() != '"':
            raise Broken("bad_json", "a member without a name; what follows is not read")
        end, _ = self._value()
        name = parse(self.text[self.at : end].encode("latin-1"))
        self._pass(end - self.at)
        if not isinstance(name, str) or self._next() != ":":
            raise Broken("bad_json", "a colon is missing; what follows is not read")
        self._pass(1)
        self._next()
        return name

    def _element(self, key: str) -> Element:
        """The value that begins here, well formed or not."""
        line, offset = self.line, self.base + self.at
        end, value = self._value()
        raw = self.text[self.at : end].rstrip()
        self._pass(end - self.at)
        if value is not None and raw.isascii():
            return Element(value=value, line=line, offset=offset, size=len(raw), key=key)
        return _parsed(raw.encode("latin-1"), line=line, offset=offset, size=len(raw), key=key)

    def _value(self) -> tuple[int, Any]:
        """Where the value that begins here ends in the buffer, and the value; None for a malformed one.

        More is read as it is needed. Text beyond ASCII is not decoded yet.
        """
        end: int | None
        while True:
            try:
                value, end = _decoder.raw_decode(self.text, self.at)
            except (ValueError, RecursionError):
                value, end = None, self._structural_end()
            # A number that the buffer cuts off may go on: in `12`, in `1.`, in `1e-`.
            if end is not None and (
                self.ended or self.text[end - 1] in _LAST or self.text[end : end + 1] in _AFTER
            ):
                return end, value
            if len(self.text) - self.at > LONGEST_ELEMENT:
                raise Broken("too_long", f"more than {LONGEST_ELEMENT >> 20} MiB; what follows is not read")
            if not self._fill() and end is None:
                raise Broken("bad_json", "this never ends; what follows is not read")

    def _structural_end(self) -> int | None:
        """The end of a malformed value: the comma or bracket that closes it, strings left out."""
        depth = 0
        for found in _STRUCTURE.finditer(self.text, self.at):
            mark = found[0]
            depth += (mark in ("{", "[")) - (mark in ("}", "]"))
            if depth < 0 or (depth == 0 and mark == ","):
                return found.start()
            if depth == 0 and mark in ("}", "]"):
                return found.end()
        return None
