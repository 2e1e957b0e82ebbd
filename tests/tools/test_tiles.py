"""Large pictures in tiles: small things are found once, blank parts cost nothing, limits are told."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sightline.tools.tiles import Pixels, Rows, Tiling, look, suppressed


class Blots:
    """Finds dark blots of at least 8 px exactly, in images of any size, and counts its work."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.most = 0

    def __call__(self, images: Sequence[Pixels]) -> list[Rows]:
        self.shapes += [image.shape for image in images]
        self.most = max(self.most, len(images))
        return [self.blots(image) for image in images]

    @staticmethod
    def blots(image: Pixels) -> Rows:
        dark = (image.max(2) < 90).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(dark)
        rows = [[x, y, x + w, y + h, 0.9, 0] for x, y, w, h, _ in stats[1:].tolist() if max(w, h) >= 8]
        return np.array(rows, np.float32).reshape(-1, 6)


def page(width: int, height: int, *blots: tuple[int, int, int]) -> Pixels:
    pixels = np.full((height, width, 3), 250, np.uint8)
    for x, y, side in blots:
        pixels[y : y + side, x : x + side] = 20
    return pixels


def test_a_blank_page_costs_one_pass() -> None:
    find = Blots()
    noise = np.random.default_rng(0).integers(240, 251, (1500, 2000, 3)).astype(np.uint8)
    assert look(noise, find).rows.shape == (0, 6)
    assert find.shapes == [(192, 256, 3)]


def test_what_was_found_at_once_is_not_looked_at_again() -> None:
    find = Blots()
    seen = look(page(640, 640, (60, 60, 120), (400, 300, 70)), find)
    assert len(seen.rows) == len(find.shapes) + 1 == 2
    assert seen.partial == ""


@pytest.mark.parametrize("side", [10, 17, 29, 60])
def test_small_things_are_found_whole_and_once(side: int) -> None:
    """Also where tiles meet, and at the picture's edges."""
    places = [(x, y, side) for x in (0, 180, 250, 700, 1201, 1600 - side) for y in (0, 190, 640, 1100 - side)]
    seen = look(page(1600, 1100, *places), Blots())
    assert len(seen.rows) == len(places)
    for x, y, _ in places:
        off = np.abs(seen.rows[:, :4] - (x, y, x + side, y + side)).max(1)
        assert (off <= 2).sum() == 1  # what a coarser look found is good to its pixel
    assert seen.partial == ""


@settings(max_examples=25, deadline=None)
@given(
    st.integers(300, 1100),
    st.integers(40, 1100),
    st.floats(0, 1),
    st.floats(0, 1),
    st.integers(10, 400),
)
def test_a_thing_of_any_size_and_place_is_found_once(
    width: int, height: int, right: float, down: float, side: int
) -> None:
    side = min(side, width - 2, height - 2)
    x, y = int(right * (width - side)), int(down * (height - side))
    (row,) = look(page(width, height, (x, y, side)), Blots()).rows
    rough = 0.75 * max(width, height) / 128 + 1  # a pixel of the coarsest look, at half the size
    assert np.abs(row[:4] - (x, y, x + side, y + side)).max() <= min(rough, 0.15 * side + 1)


def test_passes_are_bounded_and_of_one_size() -> None:
    find = Blots()
    tiling = Tiling(together=5)
    crowd = [(x, y, 9) for x in range(10, 980, 25) for y in range(10, 980, 25)]
    seen = look(page(1000, 1000, *crowd), find, tiling)
    assert len(seen.rows) == len(crowd)
    assert find.most == 5
    assert set(find.shapes) == {(256, 256, 3)}
    assert len(find.shapes) == 27  # the whole, the whole at half the size, 25 tiles


def test_only_the_tiles_that_show_something_are_looked_at() -> None:
    find = Blots()
    assert len(look(page(3000, 2000, (1500, 1000, 12)), find).rows) == 1
    assert len(find.shapes) <= 10


def test_more_than_the_limit_is_looked_at_coarser_and_told() -> None:
    find = Blots()
    many = [(x, y, 9) for x in range(10, 1980, 40) for y in range(10, 1980, 40)]
    seen = look(page(2000, 2000, *many), find, Tiling(limit=20))
    assert len(find.shapes) <= 21
    assert seen.partial.endswith("px may be missing")
    assert look(page(2000, 2000, (300, 300, 200)), Blots(), Tiling(limit=20)).partial == ""


@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (7, 300)])
def test_thin_pictures(shape: tuple[int, int]) -> None:
    seen = look(np.full((*shape, 3), 250, np.uint8), Blots())
    assert seen.rows.shape == (0, 6)
    assert seen.partial == ""


def test_boxes_that_lie_on_a_better_one_go() -> None:
    rows = np.array(
        [[0, 0, 10, 10, 0.5, 0], [0, 0, 10, 9, 0.9, 1], [4, 0, 14, 10, 0.8, 0]],
        np.float32,
    )
    assert suppressed(rows, 0.7)[:, 4].tolist() == [np.float32(0.9), np.float32(0.8)]
    assert suppressed(rows[:0], 0.7).shape == (0, 6)
