"""The pack of prediction files with known scores, where this machine has it."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

PACK = "scorer_fixtures"


def find_pack(root: Path) -> Path | None:
    """The pack as a folder or an archive."""
    places = [root.parent / "shared" / "data"]
    if os.environ.get("SIGHTLINE_DATA"):
        places.insert(0, Path(os.environ["SIGHTLINE_DATA"]))
    names = [place / name for place in places for name in (PACK, f"{PACK}.tar.xz")]
    return next((path for path in names if path.exists()), None)


@pytest.fixture(scope="session")
def pack(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds `expected.json`."""
    found = find_pack(root)
    if found is None:
        pytest.skip(f"the pack {PACK} is neither in $SIGHTLINE_DATA nor in ../shared/data")
    if found.is_dir():
        return found
    folder = tmp_path_factory.mktemp(PACK)
    with tarfile.open(found) as archive:
        # Older releases of Python 3.11 know no filters.
        archive.extractall(folder, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder / PACK


@pytest.fixture(scope="session")
def expected(pack: Path) -> dict[str, Any]:
    """The known scores."""
    return json.loads((pack / "expected.json").read_text())
