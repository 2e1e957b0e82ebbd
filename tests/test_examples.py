"""Every example runs, on the real model and the real tools, and its parts notice what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import batch_check
import receipts
import scenes_table
from scoring import append_row, interval, normalise, read_rows


def example(root: Path, name: str, *arguments: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "examples" / name), *map(str, arguments)]
    return subprocess.run(command, env=os.environ | env, capture_output=True, text=True, check=False)


def questions(root: Path) -> list[dict[str, Any]]:
    return read_rows(root / "examples/images/questions.jsonl")


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"), np.int16)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("RM 12.50", "12.50"),
        ("$12.50", "12.50"),
        ("  Red  Circle ", "redcircle"),
        ("USD", "usd"),
        ("$", "$"),
        ("RMK Trading", "rmktrading"),
        ("12.5", "12.5"),
    ],
)
def test_normalise_takes_away_case_space_and_currency_alone(text: str, plain: str) -> None:
    assert normalise(text) == plain


def test_interval_holds_the_mean_and_narrows() -> None:
    few, many = interval([True, False] * 10), interval([True, False] * 1000)
    assert few[0] == many[0] == 0.5
    assert few[1] < many[1] < 0.5 < many[2] < few[2]
    assert interval([True] * 5) == (1.0, 1.0, 1.0)
    assert np.isnan(interval([])).all()


def test_a_torn_row_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rows.jsonl"
    assert read_rows(path) == []
    append_row(path, {"id": 1})
    with path.open("a") as file:
        file.write('{"id": 2, "te')
    assert read_rows(path) == [{"id": 1}]
    append_row(path, {"id": 2})
    assert read_rows(path) == [{"id": 1}, {"id": 2}]


def test_ask_answers(root: Path) -> None:
    done = example(root, "ask.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("3 ")
    assert "* e1 detect" in done.stdout


def test_the_demo_is_right(root: Path) -> None:
    done = example(root, "demo.py")
    assert done.returncode == 0, done.stdout + done.stderr
    asked = questions(root)
    assert len({row["kind"] for row in asked}) >= 3
    for row in asked:
        assert row["question"] in done.stdout


def test_the_demo_notices_a_wrong_answer(root: Path, tmp_path: Path) -> None:
    row = questions(root)[0]
    (tmp_path / row["image"]).write_bytes((root / "examples/images" / row["image"]).read_bytes())
    append_row(tmp_path / "questions.jsonl", row | {"answer": "17"})
    done = example(root, "demo.py", tmp_path)
    assert done.returncode == 1, done.stderr
    assert "wrong" in done.stdout


def test_the_images_are_what_the_script_draws(root: Path, tmp_path: Path) -> None:
    done = example(root, "draw_images.py", tmp_path)
    assert done.returncode == 0, done.stderr
    assert read_rows(tmp_path / "questions.jsonl") == questions(root)
    for name in ("scene.png", "receipt.png"):
        drawn, kept = pixels(tmp_path / name), pixels(root / "examples/images" / name)
        assert drawn.shape == kept.shape
        # Rounding differs by a level between processors.
        assert np.abs(drawn - kept).mean() < 0.5


@pytest.fixture
def pack(root: Path, tmp_path: Path) -> Path:
    """A pack as the receipts come in, with one receipt of our own."""
    folder = tmp_path / "there" / "sroie_receipts"
    (folder / "images").mkdir(parents=True)
    (folder / "images/1.png").write_bytes((root / "examples/images/receipt.png").read_bytes())
    asked = {row["kind"]: row for row in questions(root)}
    for field in ("total", "date"):
        row = {"id": f"1-{field}", "image": "images/1.png"}
        kept = {key: asked[field][key] for key in ("question", "answer")}
        append_row(folder / "data.jsonl", row | kept)
    append_row(
        folder / "data.jsonl", {"id": "1-company", "image": "images/1.png", "question": "?", "answer": ""}
    )
    return folder


def test_receipts_are_read_and_scored_once(root: Path, pack: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = example(root, "receipts.py", "--out", out, SIGHTLINE_DATA=str(pack.parent))
    assert done.returncode == 0, done.stderr
    assert "100.0%" in done.stdout
    rows = read_rows(out)
    assert sorted(row["id"] for row in rows) == ["1-date", "1-total"]
    assert all(row["right"] and row["cites"] for row in rows)
    before = out.read_bytes()
    assert example(root, "receipts.py", "--out", out, SIGHTLINE_DATA=str(pack.parent)).returncode == 0
    assert out.read_bytes() == before


def test_a_packed_pack_is_unpacked(pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(tmp_path / "sroie_receipts.tar.xz", "w:xz") as tar:
        tar.add(pack, "sroie_receipts")
    monkeypatch.setattr(receipts, "ROOT", tmp_path / "house")
    monkeypatch.setenv("SIGHTLINE_DATA", str(tmp_path))
    found = receipts.find_pack()
    assert found == tmp_path / "house/data/sroie_receipts"
    assert [row["id"] for row in receipts.questions(found, None)] == ["1-total", "1-date"]
    monkeypatch.delenv("SIGHTLINE_DATA")
    assert receipts.find_pack() == found


def test_the_scanned_receipts_are_read(root: Path, tmp_path: Path) -> None:
    if receipts.find_pack() is None:
        pytest.skip("the pack sroie_receipts is neither in $SIGHTLINE_DATA nor in ../shared/data")
    out = tmp_path / "out.jsonl"
    done = example(root, "receipts.py", "--limit", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    rows = read_rows(out)
    assert len(rows) == 4
    assert all(row["status"] in ("answered", "cannot_tell") for row in rows)


def test_the_held_out_questions_are_the_same_each_time() -> None:
    for family in range(len(scenes_table.FAMILIES)):
        first, again = (list(scenes_table.items(family, 3, 5, 64)) for _ in range(2))
        assert [q for _, q in first] == [q for _, q in again]
        assert all((a == b).all() for (a, _), (b, _) in zip(first, again, strict=True))
        assert [q for _, q in scenes_table.items(family, 3, 6, 64)] != [q for _, q in first]


def test_the_table_of_scenes(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "scenes.jsonl"
    done = example(root, "scenes_table.py", "--count", "2", "--out", out)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["family"] for row in rows] == [family for family in scenes_table.FAMILIES for _ in range(2)]
    for row in rows:
        assert set(row["said"]) == set(row["right"]) == {"agent with tools", "model alone"}
        assert row["family"] in done.stdout


def test_a_killed_batch_loses_nothing(root: Path, tmp_path: Path) -> None:
    done = example(root, "batch_check.py", "--images", "14", "--folder", tmp_path / "work")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_batch_check_notices_faults(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    for image, status in (
        ("a.png", "answered"),
        ("a.png", "answered"),
        ("b.png", "error"),
        ("x.png", "error"),
    ):
        append_row(out, {"image": image, "question": "?", "status": status})
    said = " ".join(batch_check.faults(out, {"a.png", "b.png", "c.png"}, {"c.png"}))
    for fault in ("without a row: ['c.png']", "more than one row: {'a.png': 2}", "no image: ['x.png']"):
        assert fault in said
    assert "error rows for ['b.png', 'x.png'], broken are ['c.png']" in said
