"""Weights on disk: safetensors in shards, and a manifest of their hashes beside them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from sightline.errors import WeightsError

MANIFEST = "manifest.json"
SHARD_BYTES = 15 * 2**20

EMBEDDED = Path(__file__).parent / "weights" / "embedded"
"""The folder of the weights that ship with the package."""


def sha256(path: Path) -> str:
    """Of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_manifest(folder: Path, about: dict[str, Any]) -> Path:
    """Record the hash of every file in `folder` beside `about` (how the weights were made)."""
    files = {
        p.name: sha256(p)
        for p in sorted(folder.iterdir())
        if p.is_file() and p.name not in (MANIFEST, "README.md")
    }
    path = folder / MANIFEST
    path.write_text(json.dumps({**about, "files": files}, indent=2) + "\n", encoding="utf-8")
    return path


def check_weights(folder: Path) -> str:
    """Compare every file with the manifest. Returns the weights' own hash, first 16 hex digits.

    Raises `WeightsError` if the manifest or a file is missing, a hash is another, or tensors lie there that
    the manifest does not name (a single file would be loaded in place of shards).
    """
    try:
        files: dict[str, str] = dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"no weights with a {MANIFEST} in {folder}") from error
    if strangers := sorted(p.name for p in folder.glob("*.safetensors*") if p.name not in files):
        raise WeightsError(f"{folder / strangers[0]} is not one of the files that {MANIFEST} names")
    for name, expected in files.items():
        if not (folder / name).is_file():
            raise WeightsError(f"{folder / name} is missing")
        if sha256(folder / name) != expected:
            raise WeightsError(f"{folder / name} is not the file that {MANIFEST} names")
    tensors = "".join(expected for name, expected in sorted(files.items()) if name.endswith(".safetensors"))
    return hashlib.sha256(tensors.encode()).hexdigest()[:16]
