"""Pretrained files that others made: pinned in `manifest.toml`, fetched once, checked at every use.

    from sightline import weights
    weights.path("efficientnet-lite0", "efficientnet_labels.txt")

They lie in the user's cache folder, or in that which SIGHTLINE_HOME names. SIGHTLINE_OFFLINE=1 forbids
fetching.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sightline.weights import manifest
from sightline.weights.manifest import Entry
from sightline.weights.store import Checked, Store

__all__ = [
    "Checked",
    "Entry",
    "Store",
    "available",
    "default_store",
    "entries",
    "fetch",
    "home",
    "needed",
    "path",
    "verify",
]


def home() -> Path:
    """The folder that all of it lies in: SIGHTLINE_HOME, else the user's cache folder."""
    if named := os.environ.get("SIGHTLINE_HOME"):
        return Path(named).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("sightline")


def default_store() -> Store:
    """The entries of our manifest, in `weights` of `home()`."""
    return Store(home() / "weights", manifest.read_manifest(manifest.MANIFEST))


def entries() -> tuple[Entry, ...]:
    """All that can be fetched, in the order of the manifest."""
    return tuple(default_store().entries.values())


def needed() -> list[str]:
    """The names of what the tools of today do not work without."""
    return [entry.name for entry in entries() if entry.needed]


def path(name: str, file: str | None = None) -> Path:
    """The folder of an entry, or one file of it.

    Where it is not here yet, it is fetched, unless SIGHTLINE_OFFLINE or HF_HUB_OFFLINE is set.

    Raises:
        InputError: no entry has that name.
        ConfigError: the entry has no such file.
        WeightsError: it is not here and cannot be fetched: one line with the reason, and what mends it.
    """
    return default_store().path(name, file)


def available(name: str) -> bool:
    """Whether an entry is here, by size and by what was recorded when its hash was taken; fetches nothing."""
    return default_store().available(name)


def fetch(names: Iterable[str] | None = None) -> list[str]:
    """Fetch entries (what the tools need, if none are named) that are not here; returns the names of those.

    Raises `WeightsError`, in one line with the reason and what mends it.
    """
    return default_store().fetch(needed() if names is None else names)


def verify(names: Iterable[str] | None = None) -> list[Checked]:
    """Take the hash of every file of these entries (of all that are here, if none are named)."""
    store = default_store()
    return store.verify(
        names if names is not None else [n for n in store.entries if (store.folder / n).is_dir()]
    )
