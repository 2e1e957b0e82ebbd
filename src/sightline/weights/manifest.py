"""The manifest of pinned files: `manifest.toml`, read into typed values."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sightline.errors import ConfigError

MANIFEST = Path(__file__).with_name("manifest.toml")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel of the package index; `size` is that of the download, in bytes."""

    distribution: str
    version: str
    sha256: str
    size: int

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}"


@dataclass(frozen=True, kw_only=True)
class Hub:
    """A repository of a model hub, at one revision."""

    repo: str
    revision: str

    def __str__(self) -> str:
        return f"{self.repo} at {self.revision[:12]}"


Source = Wheel | Hub


@dataclass(frozen=True, kw_only=True)
class File:
    """One pinned file: its name in the cache, and the path that it has in its source. Size in bytes."""

    name: str
    source: Source
    member: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is fetched under one name; `needed` where a tool of today does not work without it."""

    name: str
    purpose: str
    license: str
    origin: str
    url: str
    needed: bool
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Of all its files, in bytes."""
        return sum(file.size for file in self.files)

    def file(self, name: str) -> File:
        """Its file of that name. Raises `ConfigError` where it has none."""
        for file in self.files:
            if file.name == name:
                return file
        raise ConfigError(f"{self.name} has no file {name!r}; it has {', '.join(f.name for f in self.files)}")


def read_manifest(path: Path = MANIFEST) -> tuple[Entry, ...]:
    """The entries of a manifest, in its order. Raises `ConfigError` with the first thing wrong in it."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        sources = {name: _source(**about) for name, about in told["sources"].items()}
        return tuple(_entry(name, sources, **about) for name, about in told["entries"].items())
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path.name} is no manifest of weights: {error}") from error


def _source(**about: Any) -> Source:
    if "repo" in about:
        return Hub(**about)
    _checked(_SHA256, about["sha256"])
    return Wheel(**about)


def _entry(name: str, sources: dict[str, Source], *, files: list[dict[str, Any]], **about: Any) -> Entry:
    """`name` and the files' names become paths, so they hold no separators."""
    pinned = tuple(File(**{**file, "source": sources[file["source"]]}) for file in files)
    for one in pinned:
        _checked(_NAME, one.name)
        _checked(_SHA256, one.sha256)
    return Entry(name=_checked(_NAME, name), files=pinned, **about)


def _checked(form: re.Pattern[str], text: str) -> str:
    if not form.fullmatch(text):
        raise ValueError(f"{text!r} is not of the form {form.pattern}")
    return text
