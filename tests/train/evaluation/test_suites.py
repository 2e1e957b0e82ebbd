"""Suites: what becomes of rows, what is refused in one line, and worlds whose answers hold."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sightline.errors import ConfigError, DataError
from sightline.train.evaluation.metrics import METRICS, Answered
from sightline.train.evaluation.runner import draw
from sightline.train.evaluation.suites import FORMATS, PACKS, load_suite
from sightline.train.worlds.catalogue import WORLDS
from sightline.train.worlds.scenes import HELD_OUT


def write(file: Path, *rows: dict[str, Any]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def row(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "image": f"{name}.png", "question": "How many?", "answer": "3"} | fields


def test_a_file_of_rows(tmp_path: Path) -> None:
    shown = {"image": "e.png", "question": "And?", "answer": "2"}
    file = write(
        tmp_path / "rows.jsonl",
        row("a", split="val", type="count", choices=["3", "4"]),
        row("b", split="train"),
        row("c", split="val", images=["x.png", "y.png"], answers=["3", "three"], examples=[shown], group="g"),
    )
    suite = load_suite(f"{file}?metric=anls&split=val&format=word")
    assert (suite.metric, suite.form, suite.name) == (
        "anls",
        "word",
        "rows.jsonl?format=word&metric=anls&split=val",
    )
    a, c = suite.items
    assert (a.id, a.group, a.family, a.choices, a.images) == (
        "a",
        "a",
        "count",
        ("3", "4"),
        (tmp_path / "a.png",),
    )
    assert (c.group, c.family, c.answers) == ("g", "all", ("3", "three"))
    assert [image.name for image in c.images if isinstance(image, Path)] == ["x.png", "y.png"]
    assert (c.examples[0].answer, c.examples[0].images) == ("2", (tmp_path / "e.png",))


def test_a_known_pack_needs_no_metric(tmp_path: Path) -> None:
    folder = tmp_path / "nlvr1_dev"
    write(folder / "data.jsonl", row("s", answer="true", images_permutations=[f"{i}.png" for i in range(6)]))
    suite = load_suite(str(folder))
    assert [item.id for item in suite.items] == [f"s@{i}" for i in range(6)]
    assert {item.group for item in suite.items} == {"s"}
    assert suite.items[5].images == (folder / "5.png",)
    write(tmp_path / "sroie_receipts/data.jsonl", row("013-date"), row("013-total"), row("014-total"))
    totals = load_suite(f"{tmp_path}/sroie_receipts?family=total")
    assert [item.id for item in totals.items] == ["013-total", "014-total"]
    write(tmp_path / "omniglot_oneshot/data.jsonl", row("o", images_support=["1.png", "2.png"]))
    (shot,) = load_suite(str(tmp_path / "omniglot_oneshot")).items
    assert [image.name for image in shot.images if isinstance(image, Path)] == ["o.png", "1.png", "2.png"]


def test_circular_asks_every_rotation(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", row("q", choices=["3", "4", "5"]))
    items = load_suite(f"{file}?metric=circular").items
    assert [item.choices[0] for item in items] == ["3", "4", "5"]
    assert {item.group for item in items} == {"q"}


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("nowhere.jsonl", "neither a JSONL file nor a folder"),
        ("rows.jsonl", "name a metric"),
        ("rows.jsonl?metric=bleurt", "no metric 'bleurt'"),
        ("rows.jsonl?metric=exact&format=song", "no answer format"),
        ("rows.jsonl?metric=exact&split=none", "no questions"),
        ("twice.jsonl?metric=exact", "the same id"),
        ("world:scenes?m=3", "no setting m"),
        ("world:scenes?n=few", "whole numbers"),
        ("world:scenes?n=0", "at least 1"),
        ("world:scenes?split=test", "train or heldout"),
        ("world:scenes?families=poems", "no family poems"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, spec: str, says: str) -> None:
    write(tmp_path / "rows.jsonl", row("a"))
    write(tmp_path / "twice.jsonl", row("a"), row("a"))
    with pytest.raises(ConfigError, match=says):
        load_suite(spec if spec.startswith("world:") else str(tmp_path / spec))


@pytest.mark.parametrize(
    "line",
    [
        "hello",
        "[1]",
        '{"id": "a"}',
        '{"id": "a", "question": "?"}',
        '{"id": 1, "question": "?", "answer": "x"}',
    ],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(row("a")) + "\n\n" + line + "\n")
    with pytest.raises(DataError, match=r"rows\.jsonl:3: "):
        load_suite(f"{file}?metric=exact")


def test_scenes_can_be_checked_by_counting_their_boxes() -> None:
    suite = load_suite("world:scenes?n=60&families=count,exist&side=96")
    families = [item.family for item in suite.items]
    assert families.count("count") == families.count("exist") == 30
    for item in suite.items:
        assert item.state is not None
        boxes = item.state["boxes"]
        pairs = {(b["attributes"]["color"], b["label"]) for b in boxes}
        assert pairs & HELD_OUT
        assert item.answers[0].isdigit() if item.family == "count" else item.answers[0] in ("yes", "no")
        if item.answers[0].isdigit():
            assert int(item.answers[0]) <= len(boxes)
        (image,) = item.images
        assert isinstance(image, bytes)
        with Image.open(io.BytesIO(image)) as drawn:
            pixels = np.asarray(drawn.convert("RGB")).astype(int)
        assert pixels.shape == (96, 96, 3)
        for box in boxes:  # each box holds something other than the light ground
            x1, y1, x2, y2 = box["box"]
            inside = pixels[int(y1) + 2 : int(y2) - 1, int(x1) + 2 : int(x2) - 1]
            assert inside.min() < 200


def test_a_longer_suite_begins_like_a_shorter_one() -> None:
    short, long, other = (load_suite(f"world:scenes?n={n}", seed=s) for n, s in ((5, 0), (9, 0), (5, 1)))
    assert long.items[:5] == short.items
    assert [item.images for item in long.items[:5]] == [item.images for item in short.items]
    assert other.items != short.items
    assert len({short.digest, long.digest, other.digest, load_suite("world:scenes?n=5").digest}) == 3


@pytest.mark.parametrize("world", ["tables", "charts"])
def test_worlds_of_the_catalogue_ask_one_question_of_a_sample(world: str) -> None:
    three, two = load_suite(f"world:{world}?n=3"), load_suite(f"world:{world}?n=2")
    assert three.items[:2] == two.items
    assert len({item.images for item in three.items}) == 3
    for item in three.items:
        assert item.question
        assert item.answers[0]
        for image in item.images:
            assert isinstance(image, bytes)
            Image.open(io.BytesIO(image)).verify()
    family = three.items[0].family
    only = load_suite(f"world:{world}?n=2&families={family}")
    assert {item.family for item in only.items} == {family}


def test_worlds_say_what_they_lack() -> None:
    for spec, says in (
        ("world:poems", "no world 'poems'; there are"),
        ("world:tables?side=96", "scenes alone"),
    ):
        with pytest.raises(ConfigError, match=says):
            load_suite(spec)


def test_a_limit_draws_whole_groups_and_grows(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", *[row(f"{i}", group=f"g{i // 2}") for i in range(40)])
    items = load_suite(f"{file}?metric=exact").items
    few, more = draw(items, 5, seed=3), draw(items, 9, seed=3)
    assert (len(few), len(more), draw(items, None, seed=3)) == (10, 18, list(items))
    assert {item.id for item in few} < {item.id for item in more}
    assert [item.id for item in more] == sorted((item.id for item in more), key=int)
    assert draw(items, 5, seed=4) != few
    with pytest.raises(ConfigError):
        draw(items, 0, seed=0)


def test_the_page_knows_every_metric_form_and_world(root: Path) -> None:
    page = (root / "docs/evaluation.md").read_text(encoding="utf-8")
    for name in (*METRICS, *(form for form in FORMATS if form != "open")):
        assert f"`{name}`" in page or f"format={name}`" in page, name
    assert all(name in page for name in WORLDS)


ROWS = {"nlvr1_dev": 5934, "omniglot_oneshot": 200, "shapes": 1728, "easyvqa": 40994, "tabmwp_dev1k": 994}


@pytest.mark.parametrize("name", ROWS)
def test_the_packs_load_whole(root: Path, tmp_path: Path, name: str) -> None:
    places = [Path(os.environ.get("SIGHTLINE_DATA", "nowhere")), root.parent / "shared" / "data"]
    archive = next((p for place in places if (p := place / f"{name}.tar.xz").is_file()), None)
    if archive is None:
        pytest.skip("the packs are neither in $SIGHTLINE_DATA nor in ../shared/data")
    with tarfile.open(archive) as tar:
        rows = tar.extractfile(f"{name}/data.jsonl")
        assert rows is not None
        (tmp_path / name).mkdir()
        (tmp_path / name / "data.jsonl").write_bytes(rows.read())
    suite = load_suite(str(tmp_path / name))
    assert len(suite.items) == ROWS[name]
    assert suite.metric == PACKS[name].metric
    said = [{"id": i.id, "group": i.group, "family": i.family, "answers": i.answers} for i in suite.items]
    rows_ = [
        Answered(**row, said=row["answers"][0], choices=i.choices)
        for row, i in zip(said, suite.items, strict=True)
    ]
    assert METRICS[suite.metric](rows_).credits == (1,) * len(rows_)
