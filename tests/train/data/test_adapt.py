"""Annotated sets: every answer follows from the annotations, counted here another way."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sightline.errors import InputError
from sightline.train.data.adapt import (
    annotated_rows,
    box_text,
    coco_annotated,
    plural,
    voc_annotated,
    vqa_rows,
    with_article,
)
from sightline.train.data.faults import Tally
from sightline.train.data.shapes import check_row

LABELS = ["cat", "dog", "bus", "sheep", "orange", "potted plant", "cup", "kite", "horse", "chair"]


def coco(rng: np.random.Generator) -> dict[str, Any]:
    things = [
        {
            "id": n,
            "image_id": int(rng.integers(1, 6)),
            "category_id": int(rng.integers(1, 6)),
            "bbox": [*rng.uniform(0, 50, 2).tolist(), *rng.uniform(1, 40, 2).tolist()],
            "iscrowd": int(rng.random() < 0.1),
            "area": 1.0,
        }
        for n in range(1, 25)
    ]
    return {
        "images": [{"id": n, "file_name": f"{n}.jpg", "width": 100, "height": 80} for n in range(1, 6)],
        "categories": [{"id": n, "name": name} for n, name in enumerate(LABELS, 1)],
        "annotations": things,
    }


def test_coco(tmp_path: Path) -> None:
    polls: Counter[str] = Counter()
    for seed in range(60):
        polls += check_coco(tmp_path, np.random.default_rng(seed))
    assert 0.45 < polls["yes"] / polls.total() < 0.55


def check_coco(tmp_path: Path, rng: np.random.Generator) -> Counter[str]:
    """Answers derived from the annotations of one random set, and how often yes and no were right."""
    data = coco(rng)
    (tmp_path / "i.json").write_text(json.dumps(data))
    said = [{"id": n, "image_id": n, "caption": f" Picture\n{n}. "} for n in range(1, 6)]
    (tmp_path / "c.json").write_text(json.dumps({"images": data["images"], "annotations": said}))
    found, labels = coco_annotated(tmp_path / "i.json", tmp_path / "c.json")
    assert labels == sorted(LABELS)
    polls: Counter[str] = Counter()
    for one in found:
        image = int(one.id.removeprefix("coco-"))
        for row in annotated_rows(one, labels, rng):
            check_row(row)
            ((question, answer),) = row.exchanges
            asked = question.removeprefix("<image>\n")
            name = next((n for n in LABELS if re.search(rf"\b({n}|{plural(n)})\b", asked)), "")
            mine = (b for b in data["annotations"] if b["image_id"] == image)
            here = [b for b in mine if LABELS[b["category_id"] - 1] == name]
            alone = [b for b in here if not b["iscrowd"]]
            if re.match(r"Describe|What does|Give a short", asked):
                assert answer == f"Picture {image}."
            elif re.match(r"How many|Count|What is the number", asked):
                assert answer == str(len(here)) == str(len(alone))
            elif re.match(r"Is there|Does|Can you", asked):
                assert answer == ("yes" if here else "no")
                polls[answer] += 1
            else:
                (thing,) = here
                x, y, w, h = thing["bbox"]
                wanted = (x / 100, y / 80, (x + w) / 100, (y + h) / 80)
                got = [int(v) for v in re.findall(r"\d+", answer)]
                assert all(abs(g - min(1000 * v, 999)) <= 1 for g, v in zip(got, wanted, strict=True))
    return polls


def test_boxes_stay_within_their_thousandths() -> None:
    assert box_text((0, 0, 100, 80), 100, 80) == "(0,0),(999,999)"
    assert box_text((-5, 40, 50, 90), 100, 80) == "(0,500),(500,999)"


@pytest.mark.parametrize(
    ("one", "many", "a"),
    [
        ("bus", "buses", "a bus"),
        ("sheep", "sheep", "a sheep"),
        ("orange", "oranges", "an orange"),
        ("scissors", "scissors", "scissors"),
        ("hot dog", "hot dogs", "a hot dog"),
        ("wine glass", "wine glasses", "a wine glass"),
        ("person", "people", "a person"),
        ("knife", "knives", "a knife"),
        ("berry", "berries", "a berry"),
        ("toy", "toys", "a toy"),
        ("toothbrush", "toothbrushes", "a toothbrush"),
    ],
)
def test_words(one: str, many: str, a: str) -> None:
    assert (plural(one), with_article(one)) == (many, a)


VOC = """<annotation><filename>7.jpg</filename><size><width>50</width><height>40</height></size>
<object><name>dog</name><part><name>head</name></part><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax>
<ymax>20</ymax></bndbox></object></annotation>"""


def test_voc(tmp_path: Path) -> None:
    path = tmp_path / "7.xml"
    path.write_text(VOC)
    found = voc_annotated(path)
    assert (found.image.path, found.width, found.height) == ("7.jpg", 50, 40)
    assert [(thing.label, thing.box) for thing in found.objects] == [("dog", (0, 1, 10, 20))]


@pytest.mark.parametrize(
    "text",
    [
        VOC.replace("<width>50</width>", ""),
        VOC.replace("</annotation>", ""),
        VOC.replace("<xmin>1<", "<xmin>one<"),
        '<!DOCTYPE a [<!ENTITY b "c">]>' + VOC,
    ],
)
def test_voc_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "7.xml"
    path.write_text(text)
    with pytest.raises(InputError, match="not a VOC file"):
        voc_annotated(path)


def test_coco_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"annotations": [{"x": 1}]}')
    with pytest.raises(InputError, match="not a COCO file"):
        coco_annotated(path)


def test_vqa(tmp_path: Path) -> None:
    asked = [{"question_id": n, "image_id": 10 * n, "question": f"What {n}?"} for n in range(4)]
    said = [{"question_id": n, "multiple_choice_answer": f"a{n}"} for n in (0, 1, 3)]
    del asked[1]["question"]
    lists = {"info": {"questions": []}, "questions": asked}
    (tmp_path / "q.json").write_text(json.dumps(lists).replace('{"question_id"', '\n{"question_id"'))
    (tmp_path / "a.json").write_text(json.dumps({"annotations": said, "license": {}}))
    tally = Tally(on_fault="skip")
    rows = list(vqa_rows(tmp_path / "q.json", tmp_path / "a.json", tally))
    assert [(r.id, r.exchanges[0][1], r.images[0].path) for r in rows] == [
        ("0", "a0", "COCO_train2014_000000000000.jpg"),
        ("3", "a3", "COCO_train2014_000000000030.jpg"),
    ]
    assert [(f.line, f.kind) for f in tally.first] == [(3, "missing_field"), (4, "missing_field")]
    for text in ("[]", '{"annotations": {}}', '{"info": []}', '{"annotations": [{"question_id": 1}'):
        (tmp_path / "a.json").write_text(text)
        with pytest.raises(InputError, match="not a VQA file"):
            list(vqa_rows(tmp_path / "q.json", tmp_path / "a.json", tally))
