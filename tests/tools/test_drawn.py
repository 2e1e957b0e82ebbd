"""Drawings and photographs told apart."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from sightline.tools.drawn import look_of, shading
from sightline.train.worlds.scenes import draw_scene, make_scene


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_scenes_are_drawn(split: str) -> None:
    for seed in range(12):
        scene = make_scene(np.random.default_rng((5, seed)), split=split)
        pixels = draw_scene(scene, (128, 256, 448, 640)[seed % 4])
        assert look_of(pixels) == "drawn"
        assert look_of(255 - pixels) != "photograph"


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee"])
def test_photographs_are_not(name: str) -> None:
    pixels = getattr(skimage.data, name)()
    assert look_of(pixels) == "photograph"
    assert look_of(np.repeat(pixels.mean(2, keepdims=True), 3, 2).astype(np.uint8)) != "drawn"
    assert look_of((pixels * 0.3).astype(np.uint8)) == "photograph", "by night"
    page = np.full((*pixels.shape[:2], 3), 255, np.uint8)
    page[100:250, 100:250] = cv2.resize(pixels, (150, 150), interpolation=cv2.INTER_AREA)
    assert look_of(page) != "drawn", "a photograph on a white page"


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (7, 3), (3000, 4000)])
def test_blank_pictures_of_any_size_look_drawn(shape: tuple[int, int]) -> None:
    assert shading(np.full((*shape, 3), 77, np.uint8)) == 0
    assert look_of(np.zeros((*shape, 3), np.uint8)) == "drawn"
