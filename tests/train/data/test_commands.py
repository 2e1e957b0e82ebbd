"""Rows of one form into another, and a folder described, as the commands do it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests.train.data.conftest import by_content, conversations, pairs
from tests.train.data.test_describe import Lines
from typer.testing import CliRunner

from sightline.errors import ConfigError, DataError, InputError
from sightline.tools.base import Tool
from sightline.train.cli import app
from sightline.train.data.commands import convert, describe
from sightline.train.data.readers import Source, read_rows, write_rows


def test_rows_of_one_form_into_another(tmp_path: Path, images: Path) -> None:
    first, shard, last = tmp_path / "a.json", tmp_path / "b.tar", tmp_path / "c.jsonl"
    write_rows(pairs(), first, "trl", images=images)
    assert convert(first, shard, write_as="rlhf-v", images=images).rows == len(pairs())
    convert(shard, last, read_as="rlhf-v", write_as="trl-plain", save=tmp_path / "files")
    source = Source(path=last, images=tmp_path / "files", look="decode")
    wanted = [by_content(row, images) for row in pairs()]
    assert [by_content(row, source.root) for row in read_rows(source)] == wanted
    convert(first, last, write_as="row", images=images, embed=True)
    assert [by_content(row, tmp_path) for row in read_rows(last)] == wanted


def test_faults_end_it_or_are_left_out(tmp_path: Path, images: Path) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "b.json"
    write_rows(conversations(), path, "llava", images=images)
    path.write_text(path.read_text() + '{"id": "bad"}\n')
    with pytest.raises(DataError, match=r"a\.jsonl:7: row bad: missing_field"):
        convert(path, out, images=images)
    assert not out.exists()
    tally = convert(path, out, images=images, skip=True)
    assert (tally.rows, tally.lines()[:2]) == (6, ["         1 faults", "         1   missing_field"])
    assert len(json.loads(out.read_text())) == 6


def test_what_cannot_be_converted(tmp_path: Path, images: Path) -> None:
    path = tmp_path / "a.jsonl"
    write_rows(conversations(), path, "llava", images=images)
    with pytest.raises(ConfigError, match="no format 'lava'"):
        convert(path, tmp_path / "b.json", write_as="lava")
    with pytest.raises(ConfigError, match="sightline train describe"):
        convert(images, tmp_path / "b.json")
    with pytest.raises(DataError, match="row one: wrong_type: trl cannot hold a conversation"):
        convert(path, tmp_path / "b.json", write_as="trl", images=images)
    with pytest.raises(InputError, match="no such file"):
        convert(tmp_path / "none.json", tmp_path / "b.json")


def test_the_command_line(tmp_path: Path, images: Path) -> None:
    path, out = tmp_path / "a.jsonl", tmp_path / "b.parquet"
    write_rows(pairs(), path, "trl", images=images)
    path.write_text(path.read_text() + "[]\n")
    words = ["convert", str(path), str(out), "--from", "trl", "--to", "rlhf-v", "--images", str(images)]
    assert isinstance(CliRunner().invoke(app, words).exception, DataError)
    done = CliRunner().invoke(app, [*words, "--skip"])
    assert done.exit_code == 1, done.output
    assert f"4 rows written to {out}" in done.output
    assert f"{path}:5: wrong_type: a row is an object, not a list" in done.output
    assert len(list(read_rows(Source(path=out, images=images)))) == 4
    words = ["describe", str(images), str(tmp_path / "c.json"), "--tools", f"{__name__}:readers"]
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, len(json.loads((tmp_path / "c.json").read_text()))) == (0, 12), done.output


def readers() -> dict[str, Tool]:
    """Tools of a user's own."""
    return {"read_text": Lines("TOTAL 12.00")}


def test_a_folder_described_by_tools_of_ones_own(tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out.json"
    folder.mkdir()
    assert cv2.imwrite(str(folder / "a.png"), np.zeros((9, 9, 3), np.uint8))
    assert describe(folder, out, tools=f"{__name__}:readers").rows == 1
    (row,) = read_rows(Source(path=out, form="llava", images=folder, look="decode"))
    assert "TOTAL 12.00" in row.replies
    for name in ("nowhere:tools", f"{__name__}:nobody", f"{__name__}", "json:dumps", "builtins:list"):
        with pytest.raises(ConfigError, match="tools"):
            describe(folder, out, tools=name)
