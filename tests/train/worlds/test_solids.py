"""Solids: placement, what is held out, the rays against marching along distances, shadows and colours."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from time import process_time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from sightline.train.worlds.scenes import Split
from sightline.train.worlds.solid_layouts import LEAST_AREA, LEAST_SHARE, make_solids
from sightline.train.worlds.solid_render import draw_solids, trace
from sightline.train.worlds.solids import (
    COLOURS,
    GAP,
    HELD_OUT,
    HELD_OUT_LAYOUTS,
    MARGIN,
    PAINTS,
    SHAPES,
    TRAIN_LAYOUTS,
    Solid,
    SolidScene,
    holds_held_out,
)

DIGEST = """
import hashlib
import numpy as np
from sightline.train.worlds.solid_questions import solid_sample
digest = hashlib.sha256()
for split in ("train", "heldout"):
    rng = np.random.default_rng(5)
    for side in (128, 160):
        sample = solid_sample(rng, split, side)
        digest.update(sample.images[0].tobytes() + repr((sample.asked, sample.state)).encode())
print(digest.hexdigest())
"""


def solids(count: int, split: Split = "train", seed: int = 0) -> list[SolidScene]:
    rng = np.random.default_rng(seed)
    return [make_solids(rng, split=split) for _ in range(count)]


def pictures_per_second(count: int, side: int = 128) -> float:
    """Scenes placed and drawn in a second of one core's time."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    rng, start = np.random.default_rng(1), process_time()
    for _ in range(count):
        draw_solids(make_solids(rng), side)
    spent = process_time() - start
    cv2.setNumThreads(threads)
    return count / spent


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    said = {
        subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(said) == 1
    assert len(said.pop()) == 2 * hashlib.sha256().digest_size + 1
    assert make_solids(np.random.default_rng(1)) != make_solids(np.random.default_rng(2))


def test_held_out_pairs_and_layouts_are_never_drawn_while_training() -> None:
    scenes = solids(300)
    pairs = {(t.colour, t.shape) for scene in scenes for t in scene.things}
    assert not pairs & HELD_OUT
    assert len(pairs) == len(COLOURS) * len(SHAPES) - len(HELD_OUT)
    assert {scene.layout for scene in scenes} == set(TRAIN_LAYOUTS)
    assert not any(map(holds_held_out, scenes))


def test_every_held_out_scene_shows_a_held_out_pair_and_half_a_held_out_layout() -> None:
    scenes = solids(200, "heldout")
    assert all(any((t.colour, t.shape) in HELD_OUT for t in scene.things) for scene in scenes)
    assert {(t.colour, t.shape) for scene in scenes for t in scene.things} >= HELD_OUT
    assert 70 < sum(scene.layout in HELD_OUT_LAYOUTS for scene in scenes) < 130
    assert all(map(holds_held_out, scenes))


def test_things_stand_apart_along_both_axes_and_in_the_same_order_in_the_picture() -> None:
    counts = set()
    for scene in [*solids(150), *solids(80, "heldout")]:
        counts.add(len(scene.things))
        for i, a in enumerate(scene.things):
            for b in scene.things[:i]:
                assert min(abs(a.x - b.x), abs(a.y - b.y)) > MARGIN
                assert np.hypot(a.x - b.x, a.y - b.y) > a.radius + b.radius + GAP
                (u, v), (s, t) = (seen_at(scene, (o.x, o.y, 0.0)) for o in (a, b))
                assert (u < s) == (a.x < b.x), "left in the picture, right on the floor"
                assert (v > t) == (a.y < b.y), "in front on the floor is lower in the picture"
                assert abs(u - s) > 0.03
    assert counts == set(range(3, 11))


def seen_at(scene: SolidScene, point: tuple[float, float, float]) -> tuple[float, float]:
    """Where a point is seen: by a camera matrix, not by the way of `Eye.project`."""
    eye, pitch = scene.eye, np.deg2rad(scene.eye.pitch)
    ahead = np.array([0.0, np.cos(pitch), -np.sin(pitch)])
    right = np.array([1.0, 0.0, 0.0])
    frame = np.stack([right, np.cross(ahead, right), ahead])  # x right, y down, z ahead
    place = np.array([eye.x, eye.y, 0.0]) - eye.away * ahead
    lens = np.array([[eye.zoom / 2, 0, 0.5], [0, eye.zoom / 2, 0.5], [0, 0, 1.0]])
    u, v, w = lens @ frame @ (np.array(point) - place)
    return u / w, v / w


def test_each_thing_is_seen_enough_and_wholly_in_the_picture() -> None:
    for scene in [*solids(40, seed=3), *solids(20, "heldout", seed=3)]:
        view = trace(scene, 128)
        assert (view.visible >= 0.95 * LEAST_AREA * 256**2).all()  # the scene was judged at half the side
        assert (view.visible >= (LEAST_SHARE - 0.02) * view.whole).all()
        assert (view.visible <= view.whole).all()
        for i, thing in enumerate(scene.things):
            rows, columns = np.where(view.ids == i + 1)
            assert view.pixels(i) == len(rows) / 4
            x1, y1, x2, y2 = view.box(i)
            assert (x1 * 2, y1 * 2) == (columns.min(), rows.min())
            assert (x2 * 2 - 1, y2 * 2 - 1) == (columns.max(), rows.max())
            assert min(x1, y1) > 0, thing
            assert max(x2, y2) < 128, thing


def distance(thing: Solid, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far points [N, 3] are from a thing: its signed distance."""
    turn = np.deg2rad(thing.turn)
    off = points - (thing.x, thing.y, thing.half)
    if thing.shape == "sphere":
        return np.linalg.norm(off, axis=1) - thing.half
    if thing.shape == "cylinder":
        past = np.stack([np.hypot(off[:, 0], off[:, 1]), np.abs(off[:, 2])], -1) - thing.half
    else:
        axes = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
        past = np.abs(off @ axes.T) - thing.half
    return np.linalg.norm(np.maximum(past, 0), axis=1) + np.minimum(past.max(1), 0)


def march(scene: SolidScene, side: int) -> NDArray[np.int64]:
    """The id map by marching along each ray, as far as the nearest thing is, until one is met."""
    pitch, zoom = np.deg2rad(scene.eye.pitch), scene.eye.zoom
    ahead = np.array([0.0, np.cos(pitch), -np.sin(pitch)])
    up = np.array([0.0, np.sin(pitch), np.cos(pitch)])
    at = (np.arange(2 * side) + 0.5) / side - 1
    v, u = (grid.reshape(-1, 1) for grid in np.meshgrid(at, at, indexing="ij"))
    rays = ahead + u / zoom * np.array([1.0, 0, 0]) - v / zoom * up
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    start = np.array([scene.eye.x, scene.eye.y, 0]) - scene.eye.away * ahead
    gone = np.full(len(rays), 5.0)
    for _ in range(120):
        far = np.stack([distance(t, start + gone[:, None] * rays) for t in scene.things])
        gone += np.maximum(far.min(0), 0)
    met = far.min(0) < 2e-3
    return np.where(met, far.argmin(0) + 1, 0).reshape(2 * side, 2 * side)


def test_the_id_map_is_what_marching_finds() -> None:
    for scene in [*solids(2, seed=8), *solids(2, "heldout", seed=9)]:
        ids, marched = trace(scene, 32).ids, march(scene, 32)
        assert set(np.unique(ids)) == set(range(len(scene.things) + 1))
        assert np.mean(ids != marched) < 0.004
        for i in range(1, len(scene.things) + 1):
            core = cv2.erode((marched == i).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            assert (ids[core] == i).all()


def test_a_shadow_falls_where_the_line_from_the_lamp_meets_the_floor() -> None:
    tried = 0
    for scene in solids(12, seed=4):
        for thing in scene.things[:3]:
            alone, gone = (replace(scene, things=(replace(thing, x=x),)) for x in (thing.x, 60.0))
            lamp, high = np.array(scene.light.lamp), np.array([thing.x, thing.y, 1.8 * thing.half])
            u, v = seen_at(scene, tuple(lamp + (high - lamp) * lamp[2] / (lamp[2] - high[2])))
            row, column = int(v * 128), int(u * 128)
            inside = 4 < row < 124 and 4 < column < 124
            if (
                inside
                and not trace(alone, 128)
                .ids[2 * row - 1 : 2 * row + 3, 2 * column - 1 : 2 * column + 3]
                .any()
            ):
                tried += 1
                lit = draw_solids(gone, 128)[row, column].astype(int)
                assert (draw_solids(alone, 128)[row, column] < 0.88 * lit).all()
    assert tried > 8


def test_a_thing_has_the_hue_of_its_paint_and_metal_varies_more_than_rubber() -> None:
    paints = np.array([PAINTS[c] for c in COLOURS], np.float64)
    right, seen, spreads = 0, 0, {"rubber": [], "metal": []}
    for scene in solids(40, seed=6):
        view = trace(scene, 128)
        picture = cv2.resize(draw_solids(scene, 128), (256, 256), interpolation=cv2.INTER_NEAREST)
        for i, thing in enumerate(scene.things):
            inner = cv2.erode((view.ids == i + 1).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
            if inner.sum() < 60:
                continue
            pixels = picture[inner].astype(np.float64)
            guess = (chroma(paints) @ chroma((pixels**2).mean(0)[None]).T).argmax()
            right, seen = right + (COLOURS[guess] == thing.colour), seen + 1
            steps = np.abs(np.diff(picture[::2, ::2, 1].astype(np.float64), axis=1))
            spreads[thing.material].append(steps[inner[::2, :-2:2] & inner[::2, 2::2]].mean())
    assert seen > 150
    assert right > 0.93 * seen
    assert np.median(spreads["metal"]) > 1.5 * np.median(spreads["rubber"])


def chroma(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Colours [N, 3] without their brightness, and a constant that stands for grey."""
    off = colours / colours.sum(1, keepdims=True) - 1 / 3
    off = np.concatenate([off, np.full((len(off), 1), 0.06)], 1)
    return off / np.linalg.norm(off, axis=1, keepdims=True)


@pytest.mark.parametrize("side", [96, 224, 480])
def test_any_side_shows_the_same_scene(side: int) -> None:
    scene = solids(1, seed=2)[0]
    picture, small = draw_solids(scene, side), draw_solids(scene, 128)
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8
    shown = cv2.resize(picture, (128, 128), interpolation=cv2.INTER_AREA).astype(np.float64)
    assert np.abs(shown - small).mean() < 4


def test_drawing_is_quick() -> None:
    pictures_per_second(5)
    rate = pictures_per_second(40)
    print(f"{rate:.0f} pictures/s")
    assert rate > 50  # 150 and more on a core that nobody shares
