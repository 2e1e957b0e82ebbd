"""Mixtures: exact shares, every row once an epoch, the same draw whoever asks for it."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from tests.train.data.conftest import conversations

from sightline.errors import ConfigError, DataError
from sightline.train.data.mixing import BLOCK, RowFile, RowMixture
from sightline.train.data.readers import read_rows, write_rows
from sightline.train.data.rows import Row, ask


def rows(name: str, count: int) -> list[Row]:
    return [ask(f"{name}{n}", f"What is {n}?", str(n)) for n in range(count)]


def test_shares_go_by_the_square_root_of_the_size() -> None:
    mixture = RowMixture({"a": rows("a", 400), "b": rows("b", 100), "c": rows("c", 25)})
    drawn = Counter(name for name, _ in islice(mixture.draws(), BLOCK))
    # 20 : 10 : 5 of 1000, the one draw that is left goes to the largest remainder.
    assert drawn == {"a": 571, "b": 286, "c": 143}
    weighted = RowMixture({"a": rows("a", 400), "b": rows("b", 3)}, {"a": 1, "b": 3})
    assert Counter(name for name, _ in islice(weighted.draws(), BLOCK)) == {"a": 250, "b": 750}


def test_every_row_once_before_any_again() -> None:
    mixture = RowMixture({"a": rows("a", 37), "b": rows("b", 11)}, {"a": 0.3, "b": 0.7}, seed=3)
    shown: dict[str, list[str]] = {"a": [], "b": []}
    for name, row in islice(mixture.draws(), 3 * BLOCK):
        shown[name].append(row.id)
    for name, size in (("a", 37), ("b", 11)):
        epochs = [shown[name][at : at + size] for at in range(0, len(shown[name]) - size, size)]
        assert all(len(set(epoch)) == size for epoch in epochs)
        assert epochs[0] != epochs[1]


def test_a_draw_is_a_function_of_seed_and_index() -> None:
    sources = {"a": rows("a", 50), "b": rows("b", 20)}
    whole = [row.id for _, row in islice(RowMixture(sources, seed=1).draws(), 2500)]
    assert [row.id for _, row in islice(RowMixture(sources, seed=1).draws(1234), 100)] == whole[1234:1334]
    workers = [
        [row.id for _, row in islice(RowMixture(sources, seed=1).draws(k, step=3), 100)] for k in range(3)
    ]
    assert [workers[n % 3][n // 3] for n in range(300)] == whole[:300]
    assert [row.id for _, row in islice(RowMixture(sources, seed=2).draws(), 100)] != whole[:100]


@pytest.mark.parametrize(
    "weights",
    [{"a": 1}, {"a": 1, "b": 0.0001}, {"a": 0, "b": 0}, {"a": -1, "b": 2}, {"a": float("nan"), "b": 1}],
)
def test_weights_that_cannot_be(weights: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        RowMixture({"a": rows("a", 5), "b": rows("b", 5)}, weights)
    with pytest.raises(ConfigError, match="no rows in b"):
        RowMixture({"a": rows("a", 5), "b": []})


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_rows_of_a_file_by_number(tmp_path: Path, images: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    write_rows(conversations(), path, "llava", images=images)
    file = RowFile(path)
    assert [file[n] for n in range(len(file))] == conversations()
    assert next(RowMixture({"a": file}).draws())[1] in conversations()


def test_a_broken_row_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    good = {"id": "x", "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]}
    path.write_text(json.dumps(good) + "\n{\n")
    file = RowFile(path)
    with pytest.raises(DataError, match="bad_json"):
        file[1]


def test_rows_by_number_are_named_as_a_reader_names_them(tmp_path: Path) -> None:
    """By the line on which they begin, which is not their number in a file that somebody has laid out."""
    path = tmp_path / "a.json"
    said = [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]
    path.write_text(json.dumps([{"conversations": said}, {"conversations": said}, {}], indent=1))
    file = RowFile(path)
    assert [file[n].id for n in range(2)] == [row.id for row in islice(read_rows(path), 2)] == ["2", "14"]
    with pytest.raises(DataError, match=f"{path}:26: .*missing_field"):
        file[2]


def test_a_file_that_is_cut_off_is_no_source(tmp_path: Path, images: Path) -> None:
    path = tmp_path / "a.json"
    write_rows(conversations(), path, "llava", images=images)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="never ends"):
        RowFile(path)
