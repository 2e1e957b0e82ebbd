"""What widens the detector's data: exact boxes on any ground, held-out pairs, pictures that hold no shape."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from sightline.train import detection_wide
from sightline.train.detection_scenes import distance, plain_scene
from sightline.train.detection_wide import (
    VISIBLE,
    Drawn,
    crowd,
    draw_ground,
    near,
    ordinary,
    overlapping,
    paint_things,
    scattered,
    shapeless_sample,
    wide_sample,
)
from sightline.train.worlds.scenes import ANCHORS, HELD_OUT, RGB, SHAPES, SIDES, Thing, thing_box

NAMED = {**ANCHORS, "white": (245, 245, 245)}
LAYOUTS = [ordinary, scattered, crowd, overlapping, near]


def thing(shape: str, fill: RGB, x: float, y: float, diameter: float, edge: RGB | None = None) -> Drawn:
    made = Thing(shape=shape, colour="red", size="small", x=x, y=y, diameter=diameter, fill=fill)
    return Drawn(thing=made, edge=edge)


def plain(level: int, side: int = 128) -> np.ndarray:
    return np.full((side, side, 3), level, np.uint8)


def test_boxes_hold_what_can_be_seen() -> None:
    """Every box lies in the image, and something differs in it or at its edges."""
    for seed in range(30):
        image, rows = wide_sample(np.random.default_rng(seed), 128)
        assert image.shape == (128, 128, 3)
        assert image.dtype == np.uint8
        assert rows.dtype == np.float32
        assert rows.shape[1] == 5
        assert (rows[:, 1:] >= 0).all()
        assert (rows[:, 1:] <= 128).all()
        assert set(rows[:, 0].astype(int)) <= set(range(len(SHAPES)))
        for _, x1, y1, x2, y2 in rows.tolist():
            part = image[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))].reshape(-1, 3)
            assert np.ptp(part.astype(int), axis=0).max() >= 10


def test_a_sample_is_its_seed() -> None:
    (a, rows), (b, again) = (wide_sample(np.random.default_rng(4), 96) for _ in range(2))
    assert (a == b).all()
    assert (rows == again).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_held_out_pairs_stay_held_out(layout: detection_wide.Layout) -> None:
    """By the color that a thing is called, and almost always by the anchor that its fill is nearest to."""
    seen = odd = 0
    for seed in range(40):
        for one in layout(np.random.default_rng(seed)):
            fill = one.thing.fill or ANCHORS[one.thing.colour]
            near_by = min(NAMED, key=lambda name: distance(fill, NAMED[name]))
            assert (one.thing.colour, one.thing.shape) not in HELD_OUT
            odd += (near_by, one.thing.shape) in HELD_OUT
            assert one.thing.diameter * 256 >= 7.9 or layout is ordinary
            seen += 1
    assert seen >= 40
    assert odd <= 0.02 * seen


def test_grounds_are_of_every_brightness() -> None:
    levels = [draw_ground(np.random.default_rng(seed), 32).mean() for seed in range(120)]
    shares = np.histogram(levels, [0, 16, 80, 180, 256])[0] / len(levels)
    assert (shares > 0.08).all()


def test_crowds_are_crowds_and_small_things_small() -> None:
    crowds = [len(crowd(np.random.default_rng(seed))) for seed in range(40)]
    assert max(crowds) > 150
    smallest = min(one.thing.diameter for seed in range(40) for one in scattered(np.random.default_rng(seed)))
    assert 7.9 <= smallest * 256 < 12


def test_what_lies_over_a_thing_leaves_its_whole_box_or_none() -> None:
    low, high = thing("circle", (200, 0, 0), 0.4, 0.5, 0.4), thing("circle", (0, 0, 200), 0.6, 0.5, 0.4)
    image, rows = paint_things(plain(250), [low, high])
    assert rows[:, 1:].tolist() == [
        pytest.approx(thing_box(low.thing, 128), abs=0.01),
        pytest.approx(thing_box(high.thing, 128), abs=0.01),
    ]
    assert image[64, 76].tolist() == [0, 0, 200], "the last is on top"
    hidden = thing("square", (0, 0, 200), 0.42, 0.5, 0.44)
    assert len(paint_things(plain(250), [low, hidden])[1]) == 1


def test_what_is_cut_off_at_an_edge_has_the_box_that_is_seen() -> None:
    _, rows = paint_things(plain(0), [thing("square", (250, 250, 250), 0.0, 0.5, 0.2)])
    assert rows[0, 1:].tolist() == pytest.approx([0, 51.2, 12.8, 76.8], abs=0.01)
    assert len(paint_things(plain(0), [thing("square", (250, 250, 250), -0.05, 0.5, 0.2)])[1]) == 0


def test_an_outline_is_painted_inside_the_box() -> None:
    image, _ = paint_things(plain(250), [thing("square", (0, 200, 0), 0.5, 0.5, 0.5, edge=(200, 0, 0))])
    assert image[64, 33].tolist() == [200, 0, 0]
    assert image[64, 64].tolist() == [0, 200, 0]
    assert image[64, 30].tolist() == [250] * 3


def test_what_cannot_be_told_from_its_ground_is_left_out() -> None:
    for kind, darkest in (("black", 0), ("dark", 71)):
        for seed in range(40):
            rng = np.random.default_rng(seed)
            image, rows = plain_scene(rng, split="heldout", sides=SIDES[1:2], ground=kind)
            assert np.median(image.max(2)) <= darkest + 5
            for _, x1, y1, x2, y2 in rows.tolist():
                x, y = int((x1 + x2) / 2), int((y1 + y2) / 2)
                inside, outside = image[y, x].tolist(), image[0, 0].tolist()
                assert distance(tuple(inside), tuple(outside)) > VISIBLE * 0.6


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two pictures of each kind: all are drawn in some ten seconds."""
    monkeypatch.setattr(detection_wide, "_POOL", dict.fromkeys(detection_wide._POOL, 2))
    detection_wide.shapeless_pictures.cache_clear()
    yield
    detection_wide.shapeless_pictures.cache_clear()


@pytest.mark.usefixtures("few")
def test_pictures_without_shapes_have_no_boxes() -> None:
    looks = set()
    for seed in range(24):
        image, rows = shapeless_sample(np.random.default_rng(seed), 96)
        assert image.shape == (96, 96, 3)
        assert image.dtype == np.uint8
        assert rows.shape == (0, 5)
        looks.add(image.tobytes())
    assert len(looks) == 24
