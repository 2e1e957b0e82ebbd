"""The detector's training: exact boxes, a loss that falls, a run that goes on where it stopped."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.tools import yolo
from sightline.train.detector import (
    DetectorConfig,
    blank_sample,
    evaluate,
    fit,
    learning_rate,
    make_batch,
    scene_sample,
    step_once,
    train_detector,
    write_dataset,
)
from sightline.train.worlds.scenes import SHAPES

TINY = DetectorConfig(steps=4, batch=2, imgsz=64, warmup=2, save_every=2)


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
    batch = make_batch(np.random.default_rng(3), DetectorConfig(batch=6, imgsz=96))
    again = make_batch(np.random.default_rng(3), DetectorConfig(batch=6, imgsz=96))
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
    batch = make_batch(np.random.default_rng(0), DetectorConfig(batch=2, imgsz=64, blank=1.0))
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
    whole = fit(TINY, None)[0].state_dict()
    with pytest.raises(StopError):
        fit(TINY, state, stop)  # the report comes after step 4, the state was saved after step 2
    assert torch.load(state, weights_only=True)["step"] == 2
    resumed = fit(TINY, state)[0].state_dict()
    assert torch.load(state, weights_only=True)["step"] == 4
    assert whole.keys() == resumed.keys()
    for key in whole:
        assert torch.equal(whole[key], resumed[key]), key


def test_every_parameter_moves_and_the_loss_falls() -> None:
    torch.manual_seed(0)
    model = yolo.new_model("yolo11n.yaml", list(SHAPES)).train()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    config = DetectorConfig(batch=4, imgsz=96, blank=0)
    batch = make_batch(np.random.default_rng(0), config)
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
    assert set(manifest["scores"]) == {"fresh", "heldout"}
    assert yolo.file_hash(tmp_path / "d.safetensors") == manifest["sha256"]


def test_the_dataset_and_the_score(tmp_path: Path) -> None:
    """The embedded weights score high on it, which wrong labels or a wrong metric would not let them."""
    data = write_dataset(tmp_path / "set", split="heldout", scenes=3, seed=5)
    assert len(list((data.parent / "images").iterdir())) == len(list((data.parent / "labels").iterdir())) == 3
    model, manifest = yolo.load_model(yolo.EMBEDDED)
    scores = evaluate(model, split="heldout", scenes=12, imgsz=manifest["imgsz"])
    assert scores["map50"] > 0.9
    assert 0 < scores["map50_95"] <= scores["map50"]
