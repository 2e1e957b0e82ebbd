"""The Python of docs/data.md runs, from top to bottom, and the formats in its table are what is read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.train.data.conftest import image
from tests.train.data.test_adapt import VOC
from tests.train.data.test_instruct import Teacher, rated, teacher

from sightline.train.data.readers import Source, read_rows, write_rows
from sightline.train.data.rows import ask

__all__ = ["teacher"]


@pytest.fixture
def page(root: Path) -> str:
    return (root / "docs/data.md").read_text(encoding="utf-8")


def test_the_examples_run(
    page: str, tmp_path: Path, images: Path, teacher: Teacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scans").symlink_to(images)
    rows = [ask(f"{n}", f"Is it {n}?", ("yes", "no")[n % 2], image(n)) for n in range(6)]
    write_rows(rows, tmp_path / "rows.json", "llava", images=images)
    things = [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 0, "area": 12}]
    shown = [{"id": 1, "file_name": "1.png", "width": 96, "height": 96}]
    labels = [{"id": 1, "name": "star"}, {"id": 2, "name": "cross"}]
    said = [{"id": 1, "image_id": 1, "caption": "A star."}]
    vqa = {"question_id": 1, "image_id": 2, "question": "What?", "multiple_choice_answer": "a star"}
    for name, content in {
        "instances.json": {"images": shown, "categories": labels, "annotations": things},
        "captions.json": {"images": shown, "annotations": said},
        "questions.json": {"questions": [vqa]},
        "annotations.json": {"annotations": [vqa]},
    }.items():
        (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "7.xml").write_text(VOC)
    for _ in rows:
        teacher.say('[{"question": "What?", "answer": "A star."}]')
    for _ in rows:
        teacher.say(rated(2, 4))
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(block.replace("http://127.0.0.1:8000/v1", teacher.url), names)
    assert (names["rows"], len(names["best"])) == (rows, 3)
    assert [len(names[n]) for n in ("kept", "vqa", "taught", "preferred")] == [6, 1, 6, 6]
    assert len(names["coco"]) == 5
    assert names["preferred"][0].chosen == "Two stars."


def test_the_rows_of_the_table_are_read(page: str, tmp_path: Path) -> None:
    shown = dict(re.findall(r"^\| `([\w-]+)`[^`]*`(\{[^`]*\})`", page, re.MULTILINE))
    for form in ("llava", "row", "trl-plain", "rlhf-v", "rlhf-v-segments"):
        (tmp_path / f"{form}.jsonl").write_text(shown[form])
        (row,) = read_rows(Source(path=tmp_path / f"{form}.jsonl", look="no"))
        assert (row.id, row.images[0].path) == ("7", "scene.png")
