"""The detector: vocabularies, weights, classes, attributes, frames, held-out scenes and photographs."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image, UnidentifiedImageError

from sightline.errors import WeightsError
from sightline.images import Picture, load_image, make_picture
from sightline.tools import coco, guard, yolo
from sightline.tools.crop import cut
from sightline.tools.detect import Detector
from sightline.train.worlds.scenes import SHAPES, Scene, Thing, draw_scene, make_scene, thing_box
from sightline.types import Box, Detections, map_box

SCENE = Scene(
    things=(
        Thing(shape="circle", colour="red", size="small", x=0.2, y=0.2, diameter=0.12),
        Thing(shape="square", colour="blue", size="large", x=0.6, y=0.3, diameter=0.22),
        Thing(shape="circle", colour="green", size="large", x=0.3, y=0.7, diameter=0.24),
        Thing(shape="star", colour="yellow", size="small", x=0.8, y=0.8, diameter=0.12),
    )
)


@pytest.fixture(scope="module")
def detector() -> Iterator[Detector]:
    made = Detector()
    made.warm()
    yield made
    made.close()


def picture(scene: Scene = SCENE, side: int = 320) -> Picture:
    return make_picture(draw_scene(scene, side))


def names(detector: Detector, query: str, of: Picture | None = None) -> list[str]:
    result = guard.run(detector, of or picture(), {"query": query}, timeout_s=60)
    assert isinstance(result.payload, Detections), result.message
    assert result.status == ("empty" if result.payload.is_empty else "ok")
    assert result.payload.query == query
    return sorted(item.name() for item in result.payload.items)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("circles", ["large green circle", "small red circle"]),
        ("small red circle", ["small red circle"]),
        ("large things", ["large blue square", "large green circle"]),
        ("yellow stars", ["small yellow star"]),
        ("the blue box", ["large blue square"]),
        ("triangles", []),
        ("purple circles", []),
        ("small squares", []),
    ],
)
def test_queries(detector: Detector, query: str, wanted: list[str]) -> None:
    assert names(detector, query) == wanted


def test_boxes_are_tight_in_the_frame_and_best_first(detector: Detector) -> None:
    for side in (96, 320, 700):
        shown = picture(side=side)
        result = guard.run(detector, shown, {"query": "things"}, timeout_s=60)
        assert isinstance(result.payload, Detections)
        items = result.payload.items
        assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
        for thing in SCENE.things:
            true = Box.clipped(*thing_box(thing, side), shown.frame)
            (best,) = [item for item in items if item.box.iou(true) > 0.5]
            assert best.label == thing.shape
            assert best.box.iou(true) > 0.7


def test_a_wide_picture_and_a_crop_map_back(detector: Detector) -> None:
    wide = np.full((320, 800, 3), 250, np.uint8)
    wide[:, 400:720] = draw_scene(SCENE, 320)
    whole = make_picture(wide)
    region = Box(x1=400, y1=0, x2=720, y2=320, frame=whole.frame)
    part = cut(whole, region, at_least=448)
    for shown in (whole, part):
        result = guard.run(detector, shown, {"query": "square"}, timeout_s=60)
        assert isinstance(result.payload, Detections)
        box = result.payload.items[0].box
        assert box.frame == shown.frame
        x1, y1, x2, y2 = thing_box(SCENE.things[1], 320)
        true = Box(x1=x1 + 400, y1=y1, x2=x2 + 400, y2=y2, frame=whole.frame)
        assert map_box(box, whole.frame).iou(true) > 0.7


def test_held_out_scenes_are_counted(detector: Detector) -> None:
    right = total = 0
    for seed in range(40):
        scene = make_scene(np.random.default_rng((77, seed)), split="heldout")
        got = names(detector, "shapes", make_picture(draw_scene(scene, 256)))
        right += got == sorted(f"{t.size} {t.colour} {t.shape}" for t in scene.things)
        total += 1
    assert right / total >= 0.85


@pytest.mark.parametrize(
    ("query", "noun", "near"),
    [
        ("dog", "dog", ""),
        ("small red dogs", "dogs", ""),
        ("circles and dogs", "dogs", ""),
        ("rectangle", "rectangle", "nearest: square; "),
        ("shiny circles", "shiny circles", "nearest: circle; "),
    ],
)
def test_an_unknown_noun_is_unsupported(detector: Detector, query: str, noun: str, near: str) -> None:
    """What is known from photographs is not looked for in a drawing."""
    result = guard.run(detector, picture(), {"query": query}, timeout_s=60)
    assert result.status == "unsupported"
    known = "circle, cross, diamond, square, star, triangle"
    assert result.message == f'no class for "{noun}" in drawings and print; {near}it knows {known}'


def test_drawn_things_are_not_taken_for_things_of_the_world(detector: Detector) -> None:
    """A network of photographs takes circles for frisbees and diamonds for kites, up to a score of 1."""
    for seed in range(6):
        scene = make_scene(np.random.default_rng((78, seed)))
        shown = make_picture(draw_scene(scene, 320))
        result = guard.run(detector, shown, {"query": "things"}, timeout_s=60)
        assert isinstance(result.payload, Detections)
        assert {item.label for item in result.payload.items} <= set(SHAPES)
        assert not result.payload.perhaps
        assert result.payload.partial == ""


def test_a_blank_page_is_empty(detector: Detector) -> None:
    result = guard.run(
        detector, load_image(np.full((300, 200), 255, np.uint8)), {"query": "things"}, timeout_s=60
    )
    assert result.status == "empty"
    assert result.payload == Detections(query="things")
    assert (
        guard.run(detector, load_image(np.zeros((1, 1), np.uint8)), {"query": "things"}, timeout_s=60).status
        != "error"
    )


@pytest.mark.parametrize(
    "arguments",
    [{}, {"query": ""}, {"query": "  "}, {"query": 3}, {"query": "a", "b": 1}, {"query": "a " * 9999}],
)
def test_bad_arguments(detector: Detector, arguments: dict[str, object]) -> None:
    assert guard.run(detector, picture(), arguments, timeout_s=60).status == "refused"


def test_what_it_is(detector: Detector) -> None:
    manifest = json.loads(yolo.EMBEDDED.read_text())
    assert detector.weights == f"{manifest['sha256'][:16]}+{coco.GRAPH_HASH}"
    shapes = ", ".join(SHAPES)
    assert detector.covers().startswith(f"finds {shapes} where they are drawn; person, bicycle, car, ")
    assert detector.covers().endswith(" and 60 more in photographs; measures color and size")
    assert Detector(yolo.EMBEDDED, alone=True).covers() == f"finds {shapes}; measures color and size"
    result = guard.run(detector, picture(), {"query": "star"}, timeout_s=60)
    assert (result.tool, result.weights) == ("detect", detector.weights)
    assert result.version.startswith("ultralytics ")


def test_the_embedded_manifest_names_the_shapes() -> None:
    manifest = yolo.read_manifest(yolo.EMBEDDED)
    assert tuple(manifest["names"]) == SHAPES
    assert manifest["scores"]["heldout"]["map50"] >= 0.9
    assert yolo.weights_file(yolo.EMBEDDED).stat().st_size <= 6_000_000


def copy_weights(folder: Path) -> Path:
    for file in (yolo.EMBEDDED, yolo.weights_file(yolo.EMBEDDED)):
        shutil.copy(file, folder)
    return folder / yolo.EMBEDDED.name


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    manifest = copy_weights(tmp_path)
    weights = yolo.weights_file(manifest)
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(WeightsError, match="hash"):
        yolo.load_model(manifest)
    changed = Detector(manifest)
    result = guard.run(changed, picture(), {"query": "star"}, timeout_s=60)
    assert result.status == "error"
    assert "hash" in result.message
    with pytest.raises(WeightsError, match="hash"):
        changed.warm()


@pytest.mark.parametrize(
    "change",
    [
        {"activation": "open('made', 'w')"},
        {"head": [[-1, 1, "load_checkpoint", ["other.pt"]]]},
        {"head": [[-1, 1, "DetectionModel", [{"activation": "open('made', 'w')"}]]]},
        {"head": ["Conv"]},
    ],
)
def test_a_manifest_names_layers_and_no_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = copy_weights(tmp_path)
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "model": {**manifest["model"], **change}}))
    with pytest.raises(WeightsError, match=r"detector\.json: (not a layer|a model config)"):
        yolo.load_model(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [None, "{", "[]", '{"names": []}'])
def test_a_missing_or_broken_manifest(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "detector.json"
    if content is not None:
        path.write_text(content)
    broken = Detector(path)
    assert guard.run(broken, picture(), {"query": "star"}, timeout_s=60).status == "error"
    with pytest.raises(WeightsError):
        broken.covers()


def test_a_model_file_of_the_users(tmp_path: Path) -> None:
    """A tiny YOLO that ultralytics itself saves: the labels come from the file."""
    import torch

    torch.manual_seed(0)
    model = yolo.ultralytics().YOLO("yolo11n.yaml", task="detect")
    model.model = yolo.new_model("yolo11n.yaml", ["cat", "traffic light"])
    path = tmp_path / "mine.pt"
    model.save(path)
    mine = Detector(path, score_from=0.0, alone=True)
    try:
        result = guard.run(mine, picture(side=64), {"query": "small things"}, timeout_s=120)
        assert result.status in ("ok", "empty"), result.message
        assert isinstance(result.payload, Detections)
        assert {item.label for item in result.payload.items} <= {"cat", "traffic light"}
        assert guard.run(mine, picture(side=64), {"query": "red traffic lights"}, timeout_s=120).status in (
            "ok",
            "empty",
        )
        unknown = guard.run(mine, picture(side=64), {"query": "star"}, timeout_s=120)
        assert unknown.message == 'no class for "star"; it knows cat, traffic light'
        assert mine.covers().startswith("finds cat, traffic light")
        assert len(mine.weights) == 16
    finally:
        mine.close()


def as_onnx(to: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The embedded detector as ultralytics exports it to ONNX, but without the package `onnx`."""
    import torch
    from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

    model, manifest = yolo.load_model(yolo.EMBEDDED)
    model.model[-1].export = True
    side, names = manifest["imgsz"], dict(enumerate(manifest["names"]))
    # What needs `onnx` there adds functions of onnxscript, of which a YOLO has none.
    monkeypatch.setattr(onnx_proto_utils, "_add_onnxscript_fn", lambda model_bytes, _: model_bytes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (torch.zeros(1, 3, side, side),), to, dynamo=False, opset_version=17)
    about = {"task": "detect", "stride": 32, "batch": 1, "imgsz": [side, side], "names": names}
    with to.open("ab") as file:  # a protobuf's repeated field may be appended: 14 is `metadata_props`
        for key, value in about.items():
            entry = b"".join(bytes([tag]) + part for tag, part in ((10, sized(key)), (18, sized(str(value)))))
            file.write(bytes([14 << 3 | 2, len(entry)]) + entry)
    return to


def sized(text: str) -> bytes:
    assert len(text) < 110, "one byte holds the length of the whole entry"
    return bytes([len(text)]) + text.encode()


def test_an_onnx_file_finds_what_its_model_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, detector: Detector
) -> None:
    exported = Detector(as_onnx(tmp_path / "shapes.onnx", monkeypatch), alone=True)
    try:
        result = guard.run(exported, picture(), {"query": "small red circle"}, timeout_s=120)
        own = guard.run(detector, picture(), {"query": "small red circle"}, timeout_s=60)
        assert isinstance(result.payload, Detections), result.message
        assert isinstance(own.payload, Detections)
        (one,), (same,) = result.payload.items, own.payload.items
        assert one.name() == same.name() == "small red circle"
        assert one.box.iou(same.box) > 0.95
        assert names(exported, "circles") == ["large green circle", "small red circle"]
        assert guard.run(exported, picture(), {"query": "dog"}, timeout_s=60).status == "unsupported"
    finally:
        exported.close()


def test_a_model_file_that_is_missing_is_not_searched_for(tmp_path: Path) -> None:
    missing = Detector(tmp_path / "yolo11n.pt", alone=True)
    result = guard.run(missing, picture(), {"query": "star"}, timeout_s=60)
    assert result.status == "error"
    assert "no detector weights" in result.message
    assert missing.weights == ""


def test_pillow_opens_images_as_before() -> None:
    yolo.ultralytics()
    with pytest.raises(UnidentifiedImageError):
        Image.open(BytesIO(b"no image"))


def photograph(name: str) -> Picture:
    """A picture that the wheel of scikit-image holds."""
    pixels = getattr(skimage.data, name)()
    return make_picture(
        np.ascontiguousarray(pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, 2))
    )


def look(detector: Detector, name: str, query: str) -> Detections:
    result = guard.run(detector, photograph(name), {"query": query}, timeout_s=60)
    assert isinstance(result.payload, Detections), result.message
    return result.payload


@pytest.mark.parametrize(
    ("name", "query", "label"),
    [
        ("chelsea", "a cat", "cat"),
        ("chelsea", "kittens", "cat"),
        ("chelsea", "animals", "cat"),
        ("coffee", "cups", "cup"),
        ("coffee", "tableware on the left", "cup"),
        ("astronaut", "people", "person"),
        ("astronaut", "the largest thing", "person"),
        ("astronaut", "women", "person"),
    ],
)
def test_photographs(detector: Detector, name: str, query: str, label: str) -> None:
    found = look(detector, name, query)
    assert found.items[0].label == label
    assert found.items[0].score > 0.5


def test_what_is_not_in_a_photograph(detector: Detector) -> None:
    for query in ("dogs", "elephant", "cars"):
        found = look(detector, "chelsea", query)
        assert found.is_empty
        assert found.score is not None
        assert 0.6 < found.score < 0.99, "how likely there is none is never sure"
    assert look(detector, "chelsea", "cats").score == pytest.approx(1, abs=0.02)
    assert look(detector, "chelsea", "green cats").score is None, (
        "there is one, and its color is a matter of naming"
    )


def test_a_finding_in_a_photograph_says_what_it_does_not_tell(detector: Detector) -> None:
    assert look(detector, "astronaut", "women").partial.startswith("women are not told from other people")
    assert "of animals it knows bird, cat, " in look(detector, "chelsea", "animals").partial
    assert "things smaller than 39 px may be missed" in look(detector, "astronaut", "people").partial
    assert "none of its 80 classes" in look(detector, "chelsea", "things").partial
    assert look(detector, "chelsea", "cats").partial == ""
    assert look(detector, "chelsea", "women").partial == "", "nobody is there to be taken for one"


def test_shapes_are_no_answer_about_a_photograph(detector: Detector) -> None:
    assert not {item.label for item in look(detector, "coffee", "things").items} & set(SHAPES)
    assert look(detector, "chelsea", "stars").partial == "shapes that are not drawn"


def test_what_has_no_class_names_what_is_near(detector: Detector) -> None:
    result = guard.run(detector, photograph("rocket"), {"query": "helicopter"}, timeout_s=60)
    assert result.status == "unsupported"
    assert result.message.startswith('no class for "helicopter"; nearest: airplane; it knows circle, ')


def test_what_may_be_there_is_told_apart_from_what_counts(detector: Detector) -> None:
    found = look(detector, "coins", "clocks")
    assert found.perhaps
    assert min(item.score for item in found.items) > max(item.score for item in found.perhaps)
    lines = found.to_text().splitlines()
    assert lines[0] == f"{len(found.items)} found"
    assert [line.startswith("perhaps: ") for line in lines[1:]] == [False] * len(found.items) + [True] * len(
        found.perhaps
    )


def test_weights_of_the_user_stand_beside_ours(tmp_path: Path) -> None:
    manifest = copy_weights(tmp_path)
    about = json.loads(manifest.read_text())
    about["names"] = ["hexagon", "cross", "diamond", "square", "star", "triangle"]
    manifest.write_text(json.dumps(about))
    both = Detector(manifest)
    try:
        assert names(both, "hexagons") == ["large green hexagon", "small red hexagon"]
        assert names(both, "circles") == ["large green circle", "small red circle"]
        assert names(both, "squares and hexagons on the left") == ["large green hexagon", "small red hexagon"]
        assert names(both, "cats", photograph("chelsea")) == ["large brown cat"]
        assert both.covers().startswith("finds hexagon, cross, ")
    finally:
        both.close()
