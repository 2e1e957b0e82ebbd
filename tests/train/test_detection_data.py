"""Training a detector on a folder of one's own: three forms of annotations, exact boxes, a run end to end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

from sightline.errors import InputError
from sightline.tools import yolo
from sightline.train.cli import app
from sightline.train.detection_data import (
    Augment,
    DetectionSet,
    compose,
    folder_sampler,
    load_annotated,
    read_folder,
)
from sightline.train.detection_scenes import GREY

SIZE = (80, 60)
COLOURS = {"cell": (200, 30, 30), "dust": (30, 30, 200)}
THINGS: list[tuple[str, int, int, int, int]] = [("cell", 10, 8, 34, 30), ("dust", 50, 30, 62, 44)]


def draw(path: Path) -> None:
    """White, with a filled box for each of `THINGS`."""
    pixels = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    for label, x1, y1, x2, y2 in THINGS:
        pixels[y1:y2, x1:x2] = COLOURS[label]
    path.parent.mkdir(parents=True, exist_ok=True)
    Pillow.fromarray(pixels).save(path)


def as_coco(folder: Path) -> None:
    names = list(COLOURS)
    for split, numbers in (("train", (0, 1, 2)), ("val", (3,))):
        boxes = [
            {"image_id": n, "category_id": 7 + names.index(label), "bbox": [x1, y1, x2 - x1, y2 - y1]}
            for n in numbers
            for label, x1, y1, x2, y2 in THINGS
        ]
        whole = {
            "images": [
                {"id": n, "file_name": f"{n}.png", "width": SIZE[0], "height": SIZE[1]} for n in numbers
            ],
            "annotations": [{**box, "id": at, "iscrowd": 0} for at, box in enumerate(boxes, 1)],
            "categories": [{"id": 7 + at, "name": name} for at, name in enumerate(names)],
        }
        path = folder / "annotations" / f"instances_{split}2017.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(whole))
        for n in numbers:
            draw(folder / f"{split}2017" / f"{n}.png")


def as_voc(folder: Path) -> None:
    (folder / "Annotations").mkdir()
    (folder / "ImageSets/Main").mkdir(parents=True)
    (folder / "ImageSets/Main/train.txt").write_text("0\n1\n2\n")
    (folder / "ImageSets/Main/val.txt").write_text("3\n")
    for n in range(4):
        draw(folder / "JPEGImages" / f"{n}.png")
        objects = "".join(
            f"<object><name>{label}</name><bndbox><xmin>{x1 + 1}</xmin><ymin>{y1 + 1}</ymin>"
            f"<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"
            for label, x1, y1, x2, y2 in THINGS
        )
        size = f"<size><width>{SIZE[0]}</width><height>{SIZE[1]}</height></size>"
        (folder / "Annotations" / f"{n}.xml").write_text(
            f"<annotation><filename>{n}.png</filename>{size}{objects}</annotation>"
        )


def as_lines(folder: Path, splits: tuple[str | None, ...] = ("train", "train", "train", "val")) -> None:
    rows: list[dict[str, Any]] = []
    for n, split in enumerate(splits):
        draw(folder / "images" / f"{n}.png")
        rows.append({"image": f"images/{n}.png", "boxes_xyxy": THINGS} | ({"split": split} if split else {}))
    (folder / "boxes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("write", [as_coco, as_voc, as_lines])
def test_three_forms_hold_the_same(tmp_path: Path, write: Any) -> None:
    write(tmp_path)
    data = read_folder(tmp_path)
    assert data.names == ("cell", "dust")
    assert [Path(one.image.path).name for one in data.train] == ["0.png", "1.png", "2.png"]
    assert [Path(one.image.path).name for one in data.val] == ["3.png"]
    for one in (*data.train, *data.val):
        image, boxes = load_annotated(one, data.root, data.names)
        assert image.shape == (60, 80, 3)
        assert boxes.tolist() == [[0, 10, 8, 34, 30], [1, 50, 30, 62, 44]]


def test_without_a_split_every_fifth_is_held_back(tmp_path: Path) -> None:
    as_lines(tmp_path, (None,) * 11)
    data = read_folder(tmp_path)
    assert (len(data.train), len(data.val)) == (9, 2)
    assert not {one.id for one in data.train} & {one.id for one in data.val}


def test_test_images_are_left_out(tmp_path: Path) -> None:
    as_lines(tmp_path, ("train", "val", "test", "test"))
    data = read_folder(tmp_path)
    assert (len(data.train), len(data.val)) == (1, 1)


def test_what_cannot_be_trained_on(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        read_folder(tmp_path / "none")
    with pytest.raises(InputError, match="neither COCO"):
        read_folder(tmp_path)
    as_lines(tmp_path, ("train", "train"))
    with pytest.raises(InputError, match="2 images to train on and 0 to validate on"):
        read_folder(tmp_path)
    lines = tmp_path / "boxes.jsonl"
    whole = lines.read_text()
    lines.write_text(whole + '{"image": "a.png"}\n')
    with pytest.raises(InputError, match=r"boxes\.jsonl:3: no row of boxes"):
        read_folder(tmp_path)
    lines.write_text(whole + json.dumps({"image": "gone.png", "boxes_xyxy": [], "split": "val"}) + "\n")
    with pytest.raises(InputError, match=r"gone\.png is there 0 times"):
        read_folder(tmp_path)


def test_boxes_for_an_image_of_another_size_are_refused(tmp_path: Path) -> None:
    as_voc(tmp_path)
    Pillow.new("RGB", (60, 80)).save(tmp_path / "JPEGImages/3.png")
    data = read_folder(tmp_path)
    with pytest.raises(InputError, match=r"3\.png is 60x80, its boxes are for 80x60"):
        load_annotated(data.val[0], data.root, data.names)


@pytest.fixture
def data(tmp_path: Path) -> DetectionSet:
    as_lines(tmp_path)
    return read_folder(tmp_path)


@pytest.mark.parametrize("augment", [Augment(mosaic=0), Augment(mosaic=1), Augment(any_way_up=True)])
def test_boxes_hold_what_they_name(data: DetectionSet, augment: Augment) -> None:
    """The middle of each box has its class's hue, and nothing of a class lies outside of its boxes."""
    sample = folder_sampler(data, 96, augment)
    seen = ink = free = 0
    for seed in range(40):
        image, boxes = sample(np.random.default_rng(seed))
        assert image.shape == (96, 96, 3)
        assert image.dtype == np.uint8
        assert boxes.dtype == np.float32
        assert (boxes[:, 1:] >= 0).all()
        assert (boxes[:, 1:] <= 96).all()
        hue = image[:, :, 0].astype(int) - image[:, :, 2]
        for label, sign in ((0, 1), (1, -1)):
            inked = hue * sign > 60
            inside = np.zeros_like(inked)
            for _, x1, y1, x2, y2 in boxes[boxes[:, 0] == label].tolist():
                assert inked[int((y1 + y2) / 2), int((x1 + x2) / 2)]
                inside[max(int(y1) - 1, 0) : int(y2) + 2, max(int(x1) - 1, 0) : int(x2) + 2] = True
                seen += 1
            ink, free = ink + int(inked.sum()), free + int((inked & ~inside).sum())
    assert seen > 60
    assert free < 0.1 * ink  # what is left of a thing at an edge may be too little for a box


def test_a_sample_is_its_seeds(data: DetectionSet) -> None:
    sample = folder_sampler(data, 64, Augment())
    (a, b), (again, boxes) = (sample(np.random.default_rng(5)) for _ in range(2))
    assert (a == again).all()
    assert (b == boxes).all()
    assert not (sample(np.random.default_rng(6))[0] == a).all()


def test_a_photo_stays_upright() -> None:
    """Unless it may lie any way up, the top stays at the top."""
    image = np.full((40, 40, 3), 255, np.uint8)
    image[:20] = 0
    boxes = np.array([[0, 0, 0, 40, 20]], np.float32)

    def places(any_way_up: bool) -> set[tuple[int, ...]]:
        augment = Augment(mosaic=0, scale=(1, 1), colour=0, any_way_up=any_way_up)
        drawn = [compose(np.random.default_rng(n), lambda: (image, boxes), 40, augment) for n in range(30)]
        return {tuple(rows[0, 1:].astype(int).tolist()) for _, rows in drawn}

    assert places(any_way_up=False) == {(0, 0, 40, 20)}
    assert places(any_way_up=True) == {(0, 0, 40, 20), (0, 20, 40, 40), (0, 0, 20, 40), (20, 0, 40, 40)}


def test_what_an_image_leaves_free_is_grey() -> None:
    image, boxes = np.zeros((20, 40, 3), np.uint8), np.zeros((0, 5), np.float32)
    augment = Augment(mosaic=0, scale=(1, 1), colour=0)
    sample, none = compose(np.random.default_rng(0), lambda: (image, boxes), 40, augment)
    assert none.shape == (0, 5)
    # Half of the image each, but for the row where they meet.
    assert min((sample == GREY).all(2).sum(), (sample == 0).all(2).sum()) >= 760


def test_the_command_trains_on_a_folder(tmp_path: Path) -> None:
    as_coco(tmp_path)
    out = tmp_path / "mine.json"
    arguments = ["detector", str(out), "--data", str(tmp_path), "--steps", "1", "--side", "32", "--no-bf16"]
    done = CliRunner().invoke(app, [*arguments, "--state", str(tmp_path / "mine.pt")])
    assert done.exit_code == 0, done.output
    assert CliRunner().invoke(app, ["detector", str(out), "--side", "300"]).exit_code == 2
    manifest = yolo.read_manifest(out)
    assert manifest["names"] == ["cell", "dust"]
    assert manifest["images"] == {"train": 3, "val": 1}
    assert manifest["scores"]["val"]["images"] == 1
    names, predict = yolo.load_predictor(out, score_from=0.4)
    assert names == ["cell", "dust"]
    assert isinstance(predict(np.zeros((60, 80, 3), np.uint8)).rows, list)
