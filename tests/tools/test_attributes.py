"""Colors and sizes of things, against scenes whose attributes are known and shapes on many grounds."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from sightline.images import make_picture
from sightline.tools import attributes
from sightline.tools.attributes import color_of, measure, said_colors, size_of, thing_colors
from sightline.tools.colors import COLORS, color_name
from sightline.train.worlds import scenes
from sightline.types import Box, Frame

GROUNDS = {"white": (250, 250, 250), "black": (15, 15, 18), "navy": (20, 30, 80), "orange": (240, 140, 40)}


def frame_of(pixels: np.ndarray) -> Frame:
    return Frame(image="x", width=pixels.shape[1], height=pixels.shape[0])


def test_the_sizes_are_those_of_the_scenes() -> None:
    assert attributes.LARGE_FROM == scenes.LARGE_FROM
    assert attributes.SIZES == scenes.SIZES


@pytest.mark.parametrize("side", [96, 200, 480])
def test_scenes_are_measured_right(side: int) -> None:
    for seed in range(40):
        scene = scenes.make_scene(np.random.default_rng(seed), split="heldout")
        picture = make_picture(scenes.draw_scene(scene, side))
        for thing in scene.things:
            got = measure(picture.pixels, Box.clipped(*scenes.thing_box(thing, side), picture.frame))
            assert got == {"size": thing.size, "color": thing.colour}


def drawn(kind: str, ground: tuple[int, int, int], ink: tuple[int, int, int], across: int) -> np.ndarray:
    pixels = np.full((160, 160, 3), ground, np.uint8)
    middle, half, stroke = (80, 80), across // 2, max(across // 5, 1)
    match kind:
        case "disc":
            cv2.circle(pixels, middle, half, ink, -1, cv2.LINE_AA)
        case "ring":
            cv2.circle(pixels, middle, half, ink, stroke, cv2.LINE_AA)
        case "cross":
            cv2.line(pixels, (80 - half, 80), (80 + half, 80), ink, stroke, cv2.LINE_AA)
            cv2.line(pixels, (80, 80 - half), (80, 80 + half), ink, stroke, cv2.LINE_AA)
        case "stroke":
            cv2.line(pixels, (80 - half, 80 + half), (80 + half, 80 - half), ink, stroke, cv2.LINE_AA)
    return pixels


@pytest.mark.parametrize(
    ("kind", "across"),
    [(kind, across) for kind in ("disc", "cross", "stroke", "ring") for across in (6, 10, 24, 80)][:-4]
    + [("ring", across) for across in (10, 24, 80)],
)
def test_a_thing_is_told_from_its_ground(kind: str, across: int) -> None:
    """However thin or tiny it is, on any ground, with a box that fits or is a pixel too wide."""
    for ground in GROUNDS.values():
        for name, ink in COLORS.items():
            if color_name(ground) == name:
                continue
            pixels = drawn(kind, ground, ink, across)
            rows, columns = np.nonzero((pixels != np.array(ground)).any(-1))
            for loose in (0, 1):
                corners = (columns.min() - loose, rows.min() - loose)
                corners += (columns.max() + 1 + loose, rows.max() + 1 + loose)
                assert color_of(pixels, Box.clipped(*corners, frame_of(pixels))) == name, (ground, loose)


def test_two_colors_of_about_the_same_share_are_both_said() -> None:
    pixels = np.full((100, 100, 3), (90, 160, 70), np.uint8)
    pixels[20:80, 20:80] = 250
    pixels[20:80, 20:80:2] = 20
    told = thing_colors(pixels, Box.clipped(20, 20, 80, 80, frame_of(pixels)))
    assert sorted(said_colors(told).split(" and ")) == ["black", "white"]
    assert {color.code for color in told} == {"#fafafa", "#141414"}
    assert sum(color.share for color in told) == pytest.approx(1, abs=0.01)


def test_a_mask_says_what_the_thing_is() -> None:
    pixels = np.full((60, 60, 3), (36, 92, 206), np.uint8)
    pixels[28:32, 10:50] = (214, 38, 40)
    mask = np.zeros((60, 60), bool)
    mask[28:32, 10:50] = True
    everything = Box.clipped(0, 0, 60, 60, frame_of(pixels))
    assert said_colors(thing_colors(pixels, everything)) == "blue"
    assert said_colors(thing_colors(pixels, everything, mask)) == "red"


def test_a_photographed_thing_in_the_light_of_a_photograph() -> None:
    """A dim white thing with shading and grain on grass."""
    rng = np.random.default_rng(3)
    pixels = rng.normal((70, 95, 45), 18, (120, 120, 3))
    shade = np.linspace(0.75, 1.05, 60)[:, None, None]
    pixels[30:90, 30:90] = rng.normal((205, 206, 202), 6, (60, 60, 3)) * shade
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    assert color_of(pixels, Box.clipped(28, 28, 92, 92, frame_of(pixels))) == "white"


def test_a_box_at_the_edge_and_one_without_area() -> None:
    pixels = np.full((5, 5, 3), (36, 92, 206), np.uint8)
    for corners in ((0, 0, 1, 1), (5, 5, 5, 5), (4.6, 0, 5, 5), (0, 0, 0, 0), (0, 0, 5, 5)):
        assert color_of(pixels, Box.clipped(*corners, frame_of(pixels))) == "blue"


def test_a_crowd_is_measured_in_time() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8)
    boxes = [Box.clipped(x, y, x + 35, y + 30, frame_of(pixels)) for x in range(0, 800, 40) for y in (5, 300)]
    color_of(pixels, boxes[0])
    started = time.process_time()
    for box in boxes:
        color_of(pixels, box)
    assert (time.process_time() - started) / len(boxes) < 0.006


def test_the_size_is_of_the_longer_side() -> None:
    frame = Frame(image="x", width=100, height=50)
    assert size_of(Box(x1=0, y1=0, x2=4, y2=16, frame=frame)) == "large"
    assert size_of(Box(x1=0, y1=0, x2=15.9, y2=15, frame=frame)) == "small"
