"""What a person sees while files are fetched: a bar on a terminal, else a line. All of it on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sightline.weights.failures import megabytes
from sightline.weights.watch import OnBytes


@contextmanager
def shown(what: str, names: list[str], size: int) -> Iterator[OnBytes]:
    """Say that `what`, of `size` bytes, is fetched for the entries `names`; tell the value of the bytes."""
    of = f" of {what}" if [what] != names else ""
    if not sys.stderr.isatty():
        tell(f"fetching {' and '.join(names)} ({megabytes(size)}{of}) ...")
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(f"fetching {' and '.join(names)}", total=size)
        # What lies there is unpacked, and so a little more than what is fetched.
        yield lambda done: bar.update(task, completed=min(done, size))


def tell(line: str) -> None:
    """One line on stderr."""
    print(f"sightline: {line}", file=sys.stderr, flush=True)
