"""Colours and sizes measured from pixels, against scenes whose attributes are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from sightline.images import make_picture
from sightline.tools import attributes
from sightline.tools.attributes import COLOURS, colour_of, measure, size_of, to_lab
from sightline.train.worlds import scenes
from sightline.types import Box, Frame


def test_the_anchors_are_those_of_the_scenes() -> None:
    assert {name: COLOURS[name] for name in scenes.COLOURS} == scenes.ANCHORS
    assert attributes.LARGE_FROM == scenes.LARGE_FROM
    assert attributes.SIZES == scenes.SIZES


def test_lab_agrees_with_opencv() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (200, 3), np.uint8)
    theirs = cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    assert np.abs(to_lab(rgb) - theirs).max() < 0.6


@pytest.mark.parametrize("side", [96, 200, 480])
def test_scenes_are_measured_right(side: int) -> None:
    right = total = 0
    for seed in range(60):
        scene = scenes.make_scene(np.random.default_rng(seed), split="heldout")
        picture = make_picture(scenes.draw_scene(scene, side))
        for thing in scene.things:
            got = measure(picture.pixels, Box.clipped(*scenes.thing_box(thing, side), picture.frame))
            assert list(got) == ["size", "color"]
            assert got["size"] == thing.size
            right += got["color"] == thing.colour
            total += 1
    assert right / total >= 0.995


def test_a_box_at_the_edge_and_one_without_area() -> None:
    pixels = np.full((5, 5, 3), (36, 92, 206), np.uint8)
    frame = Frame(image="x", width=5, height=5)
    for corners in ((0, 0, 1, 1), (5, 5, 5, 5), (4.6, 0, 5, 5), (0, 0, 0, 0)):
        assert colour_of(pixels, Box.clipped(*corners, frame)) == "blue"


def test_the_size_is_of_the_longer_side() -> None:
    frame = Frame(image="x", width=100, height=50)
    assert size_of(Box(x1=0, y1=0, x2=4, y2=16, frame=frame)) == "large"
    assert size_of(Box(x1=0, y1=0, x2=15.9, y2=15, frame=frame)) == "small"
