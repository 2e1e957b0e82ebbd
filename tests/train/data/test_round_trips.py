"""A row that is written and read again is the same row, in every format that can hold it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import webdataset
from tests.train.data.conftest import by_content, conversations, exchanges, pairs

from sightline.errors import ConfigError, DataError
from sightline.train.data.readers import Format, Source, read_rows, write_rows
from sightline.train.data.rows import Row

CONTAINERS = ("json", "jsonl", "parquet", "tar")
SHAPES: list[tuple[Format, str]] = [
    ("row", "conversations"),
    ("row", "pairs"),
    ("llava", "conversations"),
    ("trl", "pairs"),
    ("trl-plain", "pairs"),
    ("rlhf-v", "pairs"),
    ("rlhf-v-segments", "pairs"),
]
PLACES = [(form, kind, end) for form, kind in SHAPES for end in CONTAINERS]
MADE = {"conversations": conversations, "pairs": pairs}


def write(folder: Path, rows: list[Row], form: Format, ending: str, images: Path) -> Source:
    path = folder / f"{form}.{ending}"
    assert write_rows(rows, path, form, images=images) == len(rows)
    return Source(path=path, form=form, images=images, look="decode")


@pytest.mark.parametrize(("form", "kind", "ending"), PLACES)
def test_a_format_gives_back_what_it_was_given(
    tmp_path: Path, images: Path, form: Format, kind: str, ending: str
) -> None:
    rows = MADE[kind]()
    source = write(tmp_path, rows, form, ending, images)
    found = list(read_rows(source))
    assert [by_content(row, source.root) for row in found] == [by_content(row, images) for row in rows]
    if ending != "tar":
        assert found == rows
        assert list(read_rows(replace(source, form=None))) == rows


@pytest.mark.parametrize("kind", ["conversations", "pairs"])
def test_any_format_to_any_other(tmp_path: Path, images: Path, kind: str) -> None:
    rows = MADE[kind]()
    wanted = [by_content(row, images) for row in rows]
    formats = [(form, end) for form, made, end in PLACES if made == kind]
    for first, ending in formats:
        source = write(tmp_path, rows, first, ending, images)
        for second, other in ((f, e) for f, e in formats if f == first or e == ending):
            path = tmp_path / f"again.{other}"
            write_rows(read_rows(source), path, second, images=source.root)
            again = Source(path=path, form=second, images=source.root)
            assert [by_content(row, again.root) for row in read_rows(again)] == wanted, (first, second, other)


def test_mimic_it_and_the_others(tmp_path: Path, images: Path) -> None:
    rows = exchanges()
    source = write(tmp_path, rows, "mimic-it", "json", images)
    assert [by_content(r, source.root) for r in read_rows(source)] == [by_content(r, images) for r in rows]
    write_rows(read_rows(source), tmp_path / "a.jsonl", "llava", images=source.root, save=tmp_path / "files")
    again = Source(path=tmp_path / "a.jsonl", images=tmp_path / "files")
    assert [by_content(r, again.root) for r in read_rows(again)] == [by_content(r, images) for r in rows]
    assert all(ref.path.endswith(".png") for row in read_rows(again) for ref in row.images)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its shard open
def test_webdataset_itself_reads_our_shards(tmp_path: Path, images: Path) -> None:
    source = write(tmp_path, conversations(), "llava", "tar", images)
    samples = list(webdataset.WebDataset(str(source.path), shardshuffle=False).decode("rgb8"))
    assert [sample["json"]["id"] for sample in samples] == [row.id for row in conversations()]
    assert samples[1]["0.png"].shape == (96, 96, 3)
    assert "1.png" in samples[1]


def test_embedded_images_need_no_folder(tmp_path: Path, images: Path) -> None:
    for ending in ("json", "parquet"):
        path = tmp_path / f"a.{ending}"
        write_rows(conversations(), path, "llava", images=images, embed=True)
        found = list(read_rows(Source(path=path, images=tmp_path / "nowhere", look="decode")))
        wanted = [by_content(r, images) for r in conversations()]
        assert [by_content(r, tmp_path) for r in found] == wanted


@pytest.mark.parametrize(
    ("form", "row"),
    [
        ("llava", pairs()[0]),
        ("trl", conversations()[0]),
        ("rlhf-v", replace(pairs()[0], turns=(replace(pairs()[0].turns[0], text="So <image> what?"),))),
        ("mimic-it", conversations()[3]),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path: Path, images: Path, form: Format, row: Row) -> None:
    with pytest.raises(DataError, match=row.id):
        write_rows([row], tmp_path / "a.json", form, images=images)


def test_a_failure_leaves_what_was_there(tmp_path: Path, images: Path) -> None:
    path = tmp_path / "a.json"
    write_rows(conversations(), path, "llava", images=images)
    before = path.read_bytes()
    with pytest.raises(DataError):
        write_rows([conversations()[0], pairs()[0]], path, "llava", images=images)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_both_files_of_mimic_it(tmp_path: Path, images: Path) -> None:
    source = write(tmp_path, exchanges(), "mimic-it", "json", images)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(DataError, match="several"):
        write_rows([exchanges()[0], conversations()[3]], source.path, "mimic-it", images=images)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert len(before) == 2


def test_a_place_that_cannot_be_written(tmp_path: Path, images: Path) -> None:
    (tmp_path / "file").touch()
    cases: list[tuple[Format, str]] = [("llava", "json"), ("llava", "tar"), ("mimic-it", "json")]
    for form, ending in cases:
        with pytest.raises(ConfigError, match="cannot write"):
            write_rows(exchanges(), tmp_path / f"file/a.{ending}", form, images=images)
