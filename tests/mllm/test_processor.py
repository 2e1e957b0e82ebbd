"""Images into squares: nothing is cropped away, and no shape of an image takes memory beyond measure."""

from __future__ import annotations

import numpy as np

from sightline.mllm.processor import PAD_GREY, square, to_pixels


def test_an_image_stands_in_the_middle_of_its_square() -> None:
    wide = np.full((40, 100, 3), 200, np.uint8)
    padded = square(wide, 100)
    assert padded.shape == (100, 100, 3)
    assert (padded[30:70] == 200).all()
    assert (padded[:30] == PAD_GREY).all()
    assert (padded[70:] == PAD_GREY).all()


def test_a_long_strip_is_shrunk_before_it_is_padded() -> None:
    strip = np.full((1, 400_000, 3), 200, np.uint8)  # its square would take 480 GB
    for image in (strip, strip.transpose(1, 0, 2)):
        assert square(image, 64).shape == (64, 64, 3)


def test_pixels_lie_between_minus_one_and_one() -> None:
    pixels = to_pixels([np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)], 8)
    assert pixels.shape == (2, 3, 8, 8)
    assert pixels[0].unique().tolist() == [-1.0]
    assert pixels[1].unique().tolist() == [1.0]
