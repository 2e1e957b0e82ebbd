"""The prepared networks find what ultralytics and timm find, and nothing that uses them imports torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from sightline import weights
from sightline.errors import WeightsError
from sightline.tools import prepared_networks, yolo, yolo_onnx
from sightline.tools.classify import _DEVIATION, _MEAN, _fitted, load_classifier
from sightline.tools.network_export import timm_network
from sightline.tools.prepared_networks import CLASSIFIER, CLASSIFIER_FILE
from sightline.tools.tiles import Pixels
from sightline.train.worlds.scenes import draw_scene, make_scene

SIZES = (48, 48), (96, 300), (200, 120), (256, 256), (320, 240), (700, 1100)


def scene(number: int) -> NDArray[np.uint8]:
    """Of every size once light and once dark."""
    height, width = SIZES[number // 2]
    side = min(height, width)
    square = draw_scene(make_scene(np.random.default_rng((31, number))), side)
    pixels = np.full((height, width, 3), np.median(square.reshape(-1, 3), axis=0), np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    pixels[top : top + side, left : left + side] = square
    return 255 - pixels if number % 2 else pixels


@pytest.fixture(scope="module")
def predictors() -> tuple[yolo.Predict, yolo.Predict]:
    """With torch and ultralytics' own letterbox and suppression, and with the prepared network."""
    theirs = yolo.load_predictor(yolo.EMBEDDED, score_from=0.25)
    ours = yolo_onnx.load_predictor(yolo.EMBEDDED, score_from=0.25)
    assert theirs[0] == ours[0]
    return theirs[1], ours[1]


@pytest.mark.parametrize("number", range(12))
def test_the_detector_finds_what_ultralytics_finds(
    predictors: tuple[yolo.Predict, yolo.Predict], number: int
) -> None:
    theirs, ours = (predict(scene(number)) for predict in predictors)
    assert ours.partial == theirs.partial
    assert len(ours.rows) == len(theirs.rows) > 0
    left = list(ours.rows)
    for label, score, corners in theirs.rows:
        near = min(left, key=lambda row: float(np.abs(np.subtract(row[2], corners)).max()))
        left.remove(near)
        assert near[0] == label
        assert near[1] == pytest.approx(score, abs=0.01)
        assert near[2] == pytest.approx(corners, abs=1)


def test_the_classifier_says_what_timm_says() -> None:
    import torch

    network = timm_network(weights.path(CLASSIFIER, CLASSIFIER_FILE))
    logits = load_classifier(str(prepared_networks.classifier_network()))
    noise = np.random.default_rng(5).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    for pixels in (scene(6), scene(9), noise, skimage.data.coffee()):
        square = _fitted(pixels)
        values = (square.astype(np.float32) / 255 - np.float32(_MEAN)) / np.float32(_DEVIATION)
        with torch.inference_mode():
            theirs = network(torch.from_numpy(values.transpose(2, 0, 1)[None].copy()))[0].numpy()
        assert np.abs(logits(square) - theirs).max() < 1e-3


def fit_and_back(shape: tuple[int, int]) -> tuple[Pixels, NDArray[np.float32]]:
    """Our letterbox of a picture, and where a row from corner to corner of the padding goes."""
    fit = yolo_onnx._fit(shape, 256, 32)
    image = np.random.default_rng(shape).integers(0, 256, (*shape, 3)).astype(np.uint8)
    boxed = yolo_onnx._boxed(image, fit)
    row = np.array([[-9, -9, boxed.shape[1] + 9, boxed.shape[0] + 9, 0.5, 2]], np.float32)
    return boxed, yolo_onnx._unboxed(row, fit, (*shape, 3))


@pytest.mark.parametrize("shape", [(1, 900), (900, 1), (31, 33), (256, 256), (255, 256), (700, 1100), (3, 2)])
def test_any_size_goes_in_as_with_ultralytics(shape: tuple[int, int]) -> None:
    yolo.ultralytics()
    from ultralytics.data.augment import LetterBox

    image = np.random.default_rng(shape).integers(0, 256, (*shape, 3)).astype(np.uint8)
    boxed, row = fit_and_back(shape)
    assert np.array_equal(boxed, LetterBox(256, auto=True, stride=32)(image=image))
    assert row.tolist() == [[0, 0, shape[1], shape[0], 0.5, 2]]


def test_no_box_is_no_row() -> None:
    assert yolo_onnx._rows(np.zeros((40, 10), np.float32), 0.4).shape == (0, 6)


def test_of_a_place_the_likeliest_class_and_of_a_thing_the_best_place() -> None:
    found = np.zeros((3, 6), np.float32)
    found[:, :4] = (50, 50, 20, 10), (51, 50, 20, 10), (90, 90, 10, 10)
    found[:, 4:] = (0.5, 0.6), (0.9, 0.1), (0.1, 0.45)
    rows = yolo_onnx._rows(found, 0.4)
    assert rows == pytest.approx(np.array([[41, 45, 61, 55, 0.9, 0], [85, 85, 95, 95, 0.45, 1]]))


def test_what_is_prepared_is_used_and_belongs_to_its_source(tmp_path: Path) -> None:
    made = prepared_networks.detector_network()
    before = made.stat().st_mtime_ns
    assert prepared_networks.detector_network() == made
    assert made.stat().st_mtime_ns == before
    about = json.loads((made.parent / "manifest.json").read_text())
    assert about["sha256"] == yolo.read_manifest(yolo.EMBEDDED)["sha256"]
    copy = tmp_path / "renamed.json"
    manifest = yolo.read_manifest(yolo.EMBEDDED)
    shutil.copy(yolo.weights_file(yolo.EMBEDDED), yolo.weights_file(copy))
    copy.write_text(json.dumps({**manifest, "names": list("abcdef")}))
    assert prepared_networks.detector_network(copy) == made, "names change no network"


@pytest.mark.parametrize(
    "head", [["load_checkpoint", ["other.pt"]], ["Segment", ["nc", 32, 256]]], ids=["code", "other"]
)
def test_a_manifest_that_cannot_be_prepared_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: list[object]
) -> None:
    monkeypatch.setenv("SIGHTLINE_HOME", str(tmp_path / "home"))
    path = tmp_path / "detector.json"
    shutil.copy(yolo.weights_file(yolo.EMBEDDED), yolo.weights_file(path))
    manifest = yolo.read_manifest(yolo.EMBEDDED)
    layers = [*manifest["model"]["head"][:-1], [[16, 19, 22], 1, *head]]
    path.write_text(json.dumps({**manifest, "model": {**manifest["model"], "head": layers}}))
    with pytest.raises(WeightsError, match=r"the detector's network could not be prepared: \S"):
        prepared_networks.detector_network(path)
    assert [p.suffix for p in (tmp_path / "home/models").iterdir()] == [".lock"]


def test_a_file_that_is_no_network_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "network.onnx").write_bytes(b"nothing")
    with pytest.raises(WeightsError, match="to make it anew"):
        prepared_networks.load_network(tmp_path / "network.onnx")


def test_a_question_about_a_picture_needs_no_torch(root: Path) -> None:
    """Neither the process that asks nor the workers that look."""
    prepared_networks.detector_network()
    prepared_networks.classifier_network()
    path = os.pathsep.join([str(root), str(root / "src")])
    done = subprocess.run(
        [sys.executable, "-m", "tests.tools.listing_worker"],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert {status for _, status, _ in told["said"]} <= {"ok", "empty"}, told["said"]
    assert told["parent"] == []
    assert {name.partition(":")[0].rpartition(".")[2] for name in told["workers"]} >= {
        "vocabulary",
        "classify",
    }
    assert not any(told["workers"].values()), told["workers"]
