"""The segmenter's training: exact masks and prompts, a loss that falls, a run that can be resumed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.tools import sam
from sightline.tools.sam import SamSizes
from sightline.train.segmenter import (
    SegmenterConfig,
    aim,
    as_input,
    evaluate,
    fit,
    segment_loss,
    step_once,
    train_segmenter,
)
from sightline.train.segmenter_data import (
    collage_world,
    make_example,
    scene_ids,
    scene_world,
    solid_world,
    tight_box,
    to_pixels,
)
from sightline.train.worlds.scenes import make_scene, thing_box

SIZES = SamSizes(
    image=64, width=16, depth=2, heads=2, mlp=32, window=2, whole=(1,), prompt=16, decoder_mlp=32
)
TINY = SegmenterConfig(steps=4, images=2, prompts=3, warmup=2, save_every=2, bf16=False, sizes=SIZES)


def test_ids_of_a_scene_lie_in_the_boxes_of_its_things() -> None:
    for seed in range(20):
        scene = make_scene(np.random.default_rng(seed))
        ids = scene_ids(scene, 160)
        assert set(np.unique(ids)) == set(range(len(scene.things) + 1))
        for number, thing in enumerate(scene.things, start=1):
            found = tight_box(ids == number)
            assert np.abs(found - np.array(thing_box(thing, 160))).max() <= 1


@pytest.mark.parametrize("world", [scene_world, solid_world, collage_world])
def test_masks_follow_what_is_painted(world: object) -> None:
    """Within a thing and around it, colours change most at the mask's edge."""
    assert callable(world)
    for seed in range(4):
        image, ids = world(np.random.default_rng(seed), 128, "train")
        assert image.shape == (128, 128, 3)
        assert image.dtype == np.uint8
        assert ids.shape == (256, 256)
        assert ids.dtype == np.uint8
        assert 1 <= ids.max() <= 12
        steps = np.abs(np.diff(image.astype(int), axis=1)).sum(-1)
        border = np.diff(ids[::2, ::2].astype(int), axis=1) != 0
        assert steps[border].mean() > 2 * steps[~border].mean()


def test_half_pixels_become_pixels() -> None:
    mask = np.zeros((4, 6), np.bool_)
    mask[:2, :3] = True
    assert to_pixels(mask).tolist() == [[True, True, False], [False, False, False]]
    assert tight_box(mask).tolist() == [0, 0, 1.5, 1]


@pytest.mark.parametrize("progress", [0.0, 1.0])
def test_prompts_are_about_their_masks(progress: float) -> None:
    beside = asked = 0
    for seed in range(40):
        example = make_example(np.random.default_rng(seed), side=128, prompts=5, progress=progress)
        height, width = example.image.shape[:2]
        assert max(height, width) == 128
        assert example.masks.shape == (5, 64, 64)
        assert len(example.boxes) + len(example.points) == 5
        # Nothing lies in the padding.
        assert not example.masks[:, -(-height // 2) :].any()
        assert not example.masks[:, :, -(-width // 2) :].any()
        masks = np.repeat(np.repeat(example.masks, 2, 1), 2, 2)
        for box, mask in zip(example.boxes, masks, strict=False):
            rows, columns = np.nonzero(mask > 0.5)
            true = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
            assert np.abs(box - true).max() <= 15
        for (x, y), mask in zip(example.points, masks[len(example.boxes) :], strict=True):
            asked += 1
            if mask.any():
                # A cell is 2 x 2 px, and a picture whose sides are no multiple of it is stretched a little.
                rows, columns = (slice(max(int(at) - 2, 0), int(at) + 3) for at in (y, x))
                assert mask[rows, columns].any()
            else:
                beside += 1
    assert 0.05 < beside / asked < 0.5


def test_the_same_seed_gives_the_same_example() -> None:
    one, other = (make_example(np.random.default_rng(7), side=96, prompts=4) for _ in range(2))
    assert np.array_equal(one.image, other.image)
    assert np.array_equal(one.masks, other.masks)
    assert np.array_equal(one.boxes, other.boxes)
    assert np.array_equal(one.points, other.points)


def test_the_loss_knows_a_right_mask() -> None:
    masks = torch.zeros(1, 32, 32)
    masks[:, 8:20, 4:24] = 1
    right = torch.where(masks[:, ::2, ::2] > 0, 9.0, -9.0)[:, None].repeat(1, 4, 1, 1)
    empty = torch.full_like(right, -9)
    for balance in (0.0, 1.0):
        good, iou = segment_loss(right, torch.ones(1, 4), masks, balance=balance)
        bad, none = segment_loss(empty, torch.ones(1, 4), masks, balance=balance)
        assert float(good) < 0.6
        assert float(bad) > 5
        assert iou.min() > 0.9
        assert none.max() == 0
    # Of the three masks to choose from, the best counts.
    mixed = empty.clone()
    mixed[:, [0, 3]] = right[:, [0, 3]]
    assert float(segment_loss(mixed, iou, masks)[0]) < 1.5


def test_balance_gives_few_pixels_their_weight() -> None:
    """Balanced, an empty mask is as wrong as a full one; with equal pixels a full one is far worse."""
    masks = torch.zeros(1, 32, 32)
    masks[:, :8, :8] = 1
    empty, full = (torch.full((1, 4, 16, 16), value) for value in (-6.0, 6.0))
    quality = torch.zeros(1, 4)

    def losses(balance: float) -> list[float]:
        return [float(segment_loss(one, quality, masks, balance=balance)[0]) for one in (empty, full)]

    first, second = losses(1.0)
    assert first == pytest.approx(second, rel=0.15)
    first, second = losses(0.0)
    assert second > 3 * first


def test_every_parameter_moves_and_the_loss_falls() -> None:
    torch.manual_seed(0)
    model = sam.new_sam(SIZES).train()
    aim(model)
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
    examples = [make_example(np.random.default_rng(n), side=64, prompts=6, progress=0) for n in range(4)]
    rows = [step_once(model, optimiser, examples, balance=1.0, bf16=False) for _ in range(60)]
    assert rows[-1]["loss"] < 0.75 * rows[0]["loss"]
    assert rows[-1]["boxes"] > rows[0]["boxes"] + 0.1
    still = {name for name, p in model.named_parameters() if torch.equal(p, before[name])}
    assert all("mask_downscaling" in name or "point_embeddings.0" in name for name in still), still


def test_attention_starts_at_the_prompts_place() -> None:
    torch.manual_seed(0)
    model = sam.new_sam(SamSizes(depth=1, whole=(0,)))
    aim(model)
    places = model.prompt_encoder.get_dense_pe()[0].flatten(1).T  # [g * g, C]
    attention = model.mask_decoder.transformer.final_attn_token_to_image
    queries, keys = attention.q_proj(places), attention.k_proj(places)
    assert ((queries @ keys.T).argmax(1) == torch.arange(len(places))).float().mean() > 0.9


def test_padding_lies_right_and_below() -> None:
    model = sam.new_sam(SIZES)
    given = as_input(model, np.full((30, 64, 3), 200, np.uint8))
    assert given.shape == (3, 64, 64)
    assert bool((given[:, :30] > 0).all())
    assert bool((given[:, 30:] == 0).all())


def test_resumed_equals_uninterrupted(tmp_path: Path) -> None:
    class StopError(Exception):
        """Stands for a kill."""

    def stop(row: dict[str, object]) -> None:
        raise StopError

    whole, _ = fit(TINY, tmp_path / "whole")
    with pytest.raises(StopError):
        fit(TINY, tmp_path / "cut", stop)  # the report comes at step 4, before its state is saved
    assert [path.name for path in (tmp_path / "cut").glob("step-*")] == ["step-00000002"]
    resumed, _ = fit(TINY, tmp_path / "cut")
    for key, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_the_manifest_records_what_was_done(tmp_path: Path) -> None:
    manifest = train_segmenter(tmp_path / "s.json", run=tmp_path / "run", config=TINY, pictures=1)
    assert json.loads((tmp_path / "s.json").read_text()) == json.loads(json.dumps(manifest))
    assert manifest["config"]["steps"] == 4
    assert set(manifest["scores"]) == {"scenes", "solids"}
    assert (tmp_path / "run" / "curves.png").stat().st_size > 0
    assert sam.sizes_of(sam.load_sam(tmp_path / "s.json").state_dict()) == SIZES


def test_the_score_of_the_embedded_weights() -> None:
    """They score high, which wrong masks, prompts or a wrong measure would not let them."""
    scores = evaluate(sam.load_segmentation(sam.EMBEDDED), scene_world, pictures=3, seed=5)
    assert scores["things"] >= 3
    assert scores["boxes"] > 0.88
