"""The detector's training: exact boxes, a loss that falls, a run that goes on where it stopped."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.errors import InputError
from sightline.tools import yolo
from sightline.train import detection_wide, detector
from sightline.train.detection_scenes import GroundKind, blank_sample, scene_sample
from sightline.train.detector import (
    DetectorConfig,
    fit,
    learning_rate,
    make_batch,
    new_scenes,
    scene_sampler,
    score,
    step_once,
    take_over,
    train_detector,
)
from sightline.train.worlds.scenes import SHAPES

TINY = DetectorConfig(steps=4, batch=2, imgsz=64, warmup=2, save_every=2, wide=0.3, shapeless=0)


def test_boxes_hold_the_things_that_they_name() -> None:
    """The middle of every box differs from the background, and boxes lie inside the image."""
    for seed in range(60):
        image, rows = scene_sample(np.random.default_rng(seed), 128)
        assert image.shape == (128, 128, 3)
        assert image.dtype == np.uint8
        assert rows.dtype == np.float32
        assert rows.shape[1] == 5
        assert (rows[:, 1:] >= -0.5).all()
        assert (rows[:, 1:] <= 128.5).all()
        assert (rows[:, 3:] > rows[:, 1:3]).all()
        assert set(rows[:, 0].astype(int)) <= set(range(len(SHAPES)))
        for _, x1, y1, x2, y2 in rows.tolist():
            whole = x1 > 1 and y1 > 1 and x2 < 127 and y2 < 127
            if whole:
                x, y = int((x1 + x2) / 2), int((y1 + y2) / 2)
                # Grounds are light in every channel, and no thing is.
                assert image[y - 1 : y + 2, x - 1 : x + 2].min() < 200


def test_blank_images_hold_no_box() -> None:
    for seed in range(20):
        image, rows = blank_sample(np.random.default_rng(seed), 96)
        assert image.shape == (96, 96, 3)
        assert image.dtype == np.uint8
        assert rows.shape == (0, 5)


def test_a_batch_is_what_the_loss_takes() -> None:
    config = DetectorConfig(batch=6, imgsz=96, shapeless=0)
    batch, again = (make_batch(np.random.default_rng(3), scene_sampler(config), config) for _ in range(2))
    assert all(torch.equal(batch[key], again[key]) for key in batch)
    count = len(batch["cls"])
    assert batch["img"].shape == (6, 3, 96, 96)
    assert 0 <= float(batch["img"].min()) <= float(batch["img"].max()) <= 1
    assert batch["bboxes"].shape == (count, 4)
    assert batch["batch_idx"].shape == (count,)
    centre, size = batch["bboxes"][:, :2], batch["bboxes"][:, 2:]
    assert bool((centre - size / 2 > -0.01).all())
    assert bool((centre + size / 2 < 1.01).all())


def test_a_batch_of_blank_images_trains() -> None:
    model = yolo.new_model("yolo11n.yaml", list(SHAPES))
    config = DetectorConfig(batch=2, imgsz=64, blank=1.0)
    batch = make_batch(np.random.default_rng(0), scene_sampler(config), config)
    assert len(batch["cls"]) == 0
    assert torch.isfinite(model(batch)[0]).all()


def test_the_rate_rises_then_falls() -> None:
    config = DetectorConfig(steps=100, warmup=10, lr=1.0)
    rates = [learning_rate(step, config) for step in range(100)]
    assert rates[9] == 1.0
    assert rates[:10] == sorted(rates[:10])
    assert rates[9:] == sorted(rates[9:], reverse=True)
    assert rates[-1] == pytest.approx(0.01, abs=0.002)


def test_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    class StopError(Exception):
        """Stands for a kill."""

    def stop(row: dict[str, object]) -> None:
        raise StopError

    state = tmp_path / "state.pt"
    draw = scene_sampler(TINY)
    whole = fit(TINY, draw, SHAPES)[0].state_dict()
    with pytest.raises(StopError):
        fit(
            TINY, draw, SHAPES, state=state, report=stop
        )  # the report comes after step 4, the state was saved after step 2
    assert torch.load(state, weights_only=True)["step"] == 2
    resumed = fit(TINY, draw, SHAPES, state=state)[0].state_dict()
    assert torch.load(state, weights_only=True)["step"] == 4
    assert whole.keys() == resumed.keys()
    for key in whole:
        assert torch.equal(whole[key], resumed[key]), key
    with pytest.raises(InputError, match="name another"):
        fit(TINY, draw, ("cat", *SHAPES), state=state)


def test_every_parameter_moves_and_the_loss_falls() -> None:
    torch.manual_seed(0)
    model = yolo.new_model("yolo11n.yaml", list(SHAPES)).train()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    config = DetectorConfig(batch=4, imgsz=96, blank=0, wide=0, shapeless=0)
    batch = make_batch(np.random.default_rng(0), scene_sampler(config), config)
    losses = [step_once(model, optimiser, batch, config) for _ in range(36)]
    # It rises first: hardly a place is matched to a box before boxes are near.
    assert losses[-1] < 0.5 * max(losses)
    frozen = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    assert frozen == ["model.23.dfl.conv.weight"]  # the fixed bins of the box distribution


def test_the_manifest_records_what_was_done(tmp_path: Path) -> None:
    manifest = train_detector(tmp_path / "d.json", config=TINY, scenes=2)
    assert json.loads((tmp_path / "d.json").read_text()) == manifest
    assert manifest["config"]["steps"] == 4
    assert manifest["imgsz"] == 64
    assert set(manifest["scores"]) == {"fresh", "heldout", "black", "dark"}
    assert "start" not in manifest
    assert yolo.file_hash(tmp_path / "d.safetensors") == manifest["sha256"]


def test_the_manifest_says_what_was_started_from(tmp_path: Path) -> None:
    config = replace(TINY, steps=1, warmup=1)
    manifest = train_detector(tmp_path / "d.json", config=config, start=yolo.EMBEDDED, scenes=1)
    embedded = yolo.read_manifest(yolo.EMBEDDED)
    assert manifest["start"] == {key: embedded[key] for key in manifest["start"]}
    assert manifest["start"]["sha256"] == embedded["sha256"]
    assert manifest["start"]["config"] == embedded["config"]


def test_samples_are_drawn_as_often_as_the_config_says(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {"blank": 0.1, "wide": 0.5, "shapeless": 0.2, "scene": 0.2}
    for name, place in (
        ("blank", detector),
        ("scene", detector),
        ("wide", detection_wide),
        ("shapeless", detection_wide),
    ):
        monkeypatch.setattr(place, f"{name}_sample", lambda rng, imgsz, name=name: name)
    config = DetectorConfig(blank=0.1, wide=0.5, shapeless=0.2)
    draw, rng = scene_sampler(config), np.random.default_rng(0)
    drawn = [draw(rng) for _ in range(2000)]
    for name, share in kinds.items():
        assert drawn.count(name) / 2000 == pytest.approx(share, abs=0.04)  # type: ignore[arg-type] # stand-ins


def test_weights_are_taken_over_as_far_as_they_agree() -> None:
    torch.manual_seed(0)
    model = yolo.new_model("yolo11n.yaml", ["cell", "dust"])
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    take_over(model, yolo.EMBEDDED)
    given = yolo.load_model(yolo.EMBEDDED)[0].state_dict()
    after = model.state_dict()
    other = [name for name in after if given[name].shape != after[name].shape]
    assert other == [f"model.23.cv3.{level}.2.{kind}" for level in range(3) for kind in ("weight", "bias")]
    for name, tensor in after.items():
        assert torch.equal(tensor, before[name] if name in other else given[name]), name


@pytest.mark.parametrize("ground", ["light", "black", "dark"])
def test_the_embedded_weights_score_high(ground: GroundKind) -> None:
    """Which wrong labels or a wrong metric would not let them."""
    scores = score(yolo.EMBEDDED, new_scenes("heldout", 12, ground=ground))
    assert scores["images"] == 12
    assert scores["map50"] > 0.97
    assert 0.85 < scores["map50_95"] <= scores["map50"]


@pytest.mark.parametrize(
    ("found", "map50", "map50_95"),
    [
        ([("cat", 0.9, (0.0, 0.0, 10.0, 10.0)), ("dog", 0.8, (20.0, 20.0, 40.0, 40.0))], 1.0, 1.0),
        ([("dog", 0.9, (0.0, 0.0, 10.0, 10.0)), ("cat", 0.8, (20.0, 20.0, 40.0, 40.0))], 0.0, 0.0),
        ([("cat", 0.9, (0.0, 0.0, 10.0, 10.0))], 0.5, 0.5),
        # An intersection over union of 0.72 is found at 5 of COCO's 10 thresholds.
        ([("cat", 0.9, (0.0, 0.0, 10.0, 7.2)), ("dog", 0.8, (20.0, 20.0, 40.0, 34.4))], 1.0, 0.5),
        ([], 0.0, 0.0),
    ],
)
def test_a_score_is_cocos(
    monkeypatch: pytest.MonkeyPatch, found: yolo.Found, map50: float, map50_95: float
) -> None:
    monkeypatch.setattr(
        detector, "load_predictor", lambda path, score_from: (["cat", "dog"], lambda _: yolo.Looked(found))
    )
    boxes = np.array([[0, 0, 0, 10, 10], [1, 20, 20, 40, 40]], np.float32)
    scores = score(Path("x.json"), [(np.zeros((50, 50, 3), np.uint8), boxes)])
    assert scores == {"images": 1, "map50": pytest.approx(map50), "map50_95": pytest.approx(map50_95)}
