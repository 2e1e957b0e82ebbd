"""A file is read a row at a time: four times the rows take no four times the memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from sightline.train.data.readers import Source, read_rows, write_rows
from sightline.train.data.rows import ask


def peak(source: Source) -> int:
    """Bytes at the peak while all rows are read and dropped."""
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_rows(source)) > 0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ending", ["json", "jsonl", "parquet", "tar"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, ending: str) -> None:
    sizes = []
    for count in (2500, 10_000):
        path = tmp_path / f"{count}.{ending}"
        rows = (ask(str(n), "What is it? " * 20, "A star. " * 40) for n in range(count))
        write_rows(rows, path, "llava", images=tmp_path)
        sizes.append(peak(Source(path=path, form="llava")))
    assert path.stat().st_size > 3_000_000 or ending == "parquet"
    # Ids that were seen are held, 100 bytes or so for each; the 7500 further rows would be over 6 MB.
    assert sizes[1] - sizes[0] < 2_500_000
