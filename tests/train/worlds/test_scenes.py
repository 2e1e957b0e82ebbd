"""Scenes: the drawing, the boxes, the labels and what is held out, checked against the pixels."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from sightline.train.worlds.scenes import (
    ANCHORS,
    COLOURS,
    HELD_OUT,
    HELD_OUT_LAYOUT,
    LARGE_FROM,
    SHAPES,
    SIZES,
    Ground,
    Scene,
    Split,
    Thing,
    dense_labels,
    draw_scene,
    make_scene,
    thing_box,
)

DIGEST = """
import hashlib, sys
import numpy as np
from sightline.train.worlds.scenes import draw_scene, make_scene
digest = hashlib.sha256()
for split in ("train", "heldout"):
    rng = np.random.default_rng(11)
    for side in (96, 128, 224) * 4:
        digest.update(draw_scene(make_scene(rng, split=split), side).tobytes())
print(digest.hexdigest())
"""


def scenes(count: int, split: Split = "train", seed: int = 0) -> list[Scene]:
    rng = np.random.default_rng(seed)
    return [make_scene(rng, split=split) for _ in range(count)]


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    said = [
        subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    digest = hashlib.sha256()
    for split in ("train", "heldout"):
        rng = np.random.default_rng(11)
        for side in (96, 128, 224) * 4:
            digest.update(draw_scene(make_scene(rng, split=split), side).tobytes())
    assert said == [digest.hexdigest() + "\n"] * 2
    assert make_scene(np.random.default_rng(1)) != make_scene(np.random.default_rng(2))


def test_held_out_pairs_and_layout_are_never_drawn_while_training() -> None:
    pairs: set[tuple[str, str]] = set()
    layouts: set[str] = set()
    for scene in scenes(20_000):
        pairs |= {(t.colour, t.shape) for t in scene.things}
        layouts.add(scene.layout)
    assert not pairs & HELD_OUT
    assert len(pairs) == len(COLOURS) * len(SHAPES) - len(HELD_OUT)
    assert layouts == {"scatter", "grid", "row", "clusters"}


def test_every_held_out_scene_shows_a_held_out_pair() -> None:
    held_out = scenes(600, "heldout")
    assert all(any((t.colour, t.shape) in HELD_OUT for t in scene.things) for scene in held_out)
    assert {(t.colour, t.shape) for scene in held_out for t in scene.things} >= HELD_OUT
    rings = sum(scene.layout == HELD_OUT_LAYOUT for scene in held_out)
    assert 240 < rings < 360


def test_things_are_one_to_ten_apart_inside_and_named_by_their_size() -> None:
    seen_counts = set()
    for scene in [*scenes(1500), *scenes(500, "heldout")]:
        things = scene.things
        seen_counts.add(len(things))
        cells = {(int(t.x * 8), int(t.y * 8)) for t in things}
        assert len(cells) == len(things), "two centres share a cell"
        boxes = [thing_box(t, 1000) for t in things]
        for i, (t, (x1, y1, x2, y2)) in enumerate(zip(things, boxes, strict=True)):
            assert min(x1, y1) > 5
            assert max(x2, y2) < 995
            assert max(x2 - x1, y2 - y1) == pytest.approx(1000 * t.diameter)
            assert ((x1 + x2) / 2000, (y1 + y2) / 2000) == pytest.approx((t.x, t.y))
            assert t.size == ("large" if t.diameter >= LARGE_FROM else "small")
            assert 0.10 <= t.diameter <= 0.13 or 0.19 <= t.diameter <= 0.26
            assert abs(t.angle) <= 12
            assert not any(x1 < c and a < x2 and y1 < d and b < y2 for a, b, c, d in boxes[:i]), "boxes touch"
    assert seen_counts == set(range(1, 11))


@pytest.mark.parametrize("side", [96, 128, 320, 640])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_box_is_tight_around_the_painted_pixels(shape: str, side: int) -> None:
    rng = np.random.default_rng(SHAPES.index(shape))
    for outline in (False, True):
        for diameter in (0.11, 0.24):
            thing = Thing(
                shape=shape, colour="black", size="small", x=float(rng.uniform(0.3, 0.7)), y=0.45,
                diameter=diameter, angle=float(rng.uniform(-12, 12)), outline=outline,
            )  # fmt: skip
            rows, columns = np.where((draw_scene(Scene(things=(thing,)), side) != 255).any(-1))
            painted = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            # One pixel, and what rounding to a sixteenth of a supersampled pixel can add.
            assert np.abs(np.subtract(painted, thing_box(thing, side))).max() < 1.1


def test_shapes_differ_and_fill_what_geometry_says() -> None:
    """The share of its box that each shape covers, from its area formula."""
    expected = {
        "circle": np.pi / 4,
        "square": 1.0,
        "diamond": 0.5,
        "triangle": 0.5,
        "cross": 0.36 * 2 - 0.36**2,
    }
    for shape in SHAPES:
        thing = Thing(shape=shape, colour="black", size="large", x=0.5, y=0.5, diameter=0.25)
        image = draw_scene(Scene(things=(thing,)), 640)
        x1, y1, x2, y2 = thing_box(thing, 640)
        share = float((image[..., 0] < 140).sum() / ((x2 - x1) * (y2 - y1)))
        assert share == pytest.approx(expected.get(shape, 0.36), abs=0.03), shape


def test_paint_is_nearest_to_its_own_colour_and_ground_to_none() -> None:
    anchors = np.array([ANCHORS[c] for c in COLOURS], dtype=float)
    for scene in scenes(800, "heldout"):
        for thing in scene.things:
            assert thing.fill is not None
            nearest = int(((anchors - np.array(thing.fill)) ** 2).sum(1).argmin())
            assert COLOURS[nearest] == thing.colour
        for ground in (scene.ground.top, scene.ground.bottom):
            assert min(ground) >= 212


def test_the_middle_of_a_thing_is_painted_in_its_fill() -> None:
    for scene in scenes(60):
        image = draw_scene(replace(scene, ground=replace(scene.ground, noise=0.0)), 256)
        for thing in scene.things:
            assert tuple(image[int(thing.y * 256), int(thing.x * 256)].tolist()) == thing.fill


def test_noise_changes_pixels_but_little() -> None:
    scene = scenes(1)[0]
    calm = draw_scene(replace(scene, ground=Ground()), 128).astype(int)
    noisy = draw_scene(replace(scene, ground=Ground(noise=4.0, seed=5)), 128).astype(int)
    assert 0 < np.abs(noisy - calm).max() <= 4
    assert noisy.shape == (128, 128, 3)


def test_dense_labels_say_where_and_what_every_thing_is() -> None:
    for scene in [*scenes(300), *scenes(100, "heldout")]:
        labels = dense_labels(scene)
        assert {k: (v.shape, v.dtype) for k, v in labels.items()} == {
            k: ((8, 8), np.dtype(np.int64)) for k in ("object", "colour", "size", "shape", "sub_x", "sub_y")
        }
        read = set()
        for row, column in zip(*np.where(labels["object"] == 1), strict=True):
            at = {k: int(v[row, column]) for k, v in labels.items()}
            x, y = (column + at["sub_x"] / 8) / 8, (row + at["sub_y"] / 8) / 8
            named = (COLOURS[at["colour"]], SIZES[at["size"]], SHAPES[at["shape"]])
            near = [t for t in scene.things if 0 <= t.x - x < 1 / 64 + 1e-9 and 0 <= t.y - y < 1 / 64 + 1e-9]
            assert [(t.colour, t.size, t.shape) for t in near] == [named]
            read.add(near[0])
        assert read == set(scene.things)
        empty = labels["object"] == 0
        assert all((v[empty] == -100).all() for k, v in labels.items() if k != "object")
