"""Where the packs of third-party data are on this machine. They are for evaluation, and never committed."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def find_pack(name: str) -> Path | None:
    """The folder of a pack; None where it is not on this machine.

    It is looked for in $SIGHTLINE_DATA and in ../shared/data beside the repository, as a folder or as
    `name.tar.xz`, which is unpacked into data/ (git ignores it).
    """
    places = [ROOT.parent / "shared" / "data", ROOT / "data"]
    if os.environ.get("SIGHTLINE_DATA"):
        places.insert(0, Path(os.environ["SIGHTLINE_DATA"]))
    unpacked = next((p / name for p in places if (p / name / "data.jsonl").is_file()), None)
    archive = next((p / f"{name}.tar.xz" for p in places if (p / f"{name}.tar.xz").is_file()), None)
    if unpacked or not archive:
        return unpacked
    with tarfile.open(archive) as tar:
        # Older releases of Python 3.11 know no filters.
        tar.extractall(ROOT / "data", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return ROOT / "data" / name
