"""A file of a model hub's repository, fetched by huggingface_hub, which resumes a broken download."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sightline.weights.failures import of_process
from sightline.weights.manifest import File, Hub
from sightline.weights.watch import OnBytes, run


def fetch_file(hub: Hub, file: File, folder: Path, on_bytes: OnBytes) -> Path:
    """Fetch one file into `folder`, which is the caller's to delete. Raises `FetchFailure`.

    A process of its own does it, so that it can be watched and ended; HF_ENDPOINT, HF_TOKEN and proxies hold.
    """
    out = folder / "fetched"
    client = (sys.executable, "-P", "-m", "sightline.weights.hub_client")
    env = {**os.environ, "TMPDIR": str(folder), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    code, said = run(
        [*client, hub.repo, hub.revision, file.member, out], env=env, folder=folder, on_bytes=on_bytes
    )
    if code:
        raise of_process(code, said, f"{file.member} of {hub}")
    return out / file.member
