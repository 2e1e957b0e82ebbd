"""What `hub.fetch_file` runs: `python -m sightline.weights.hub_client REPO REVISION FILE FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path


def main(repo: str, revision: str, member: str, out: str) -> None:
    """Fetch one file. A failure is a line a cause on stderr, and exit code 1."""
    from huggingface_hub import hf_hub_download

    try:
        hf_hub_download(repo, member, revision=revision, local_dir=Path(out))
    except Exception as error:  # whatever it was, the process that started this one reads the lines
        told = (f"error: {type(one).__name__}: {' '.join(str(one).split())}" for one in _with_causes(error))
        sys.exit("\n".join(told))


def _with_causes(error: BaseException | None) -> list[BaseException]:
    return [] if error is None else [error, *_with_causes(error.__cause__ or error.__context__)]


if __name__ == "__main__":
    main(*sys.argv[1:])
