"""Crops: pixels, frames that map back, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.images import ImageStore, Picture, make_picture, pixel_hash
from sightline.tools import guard
from sightline.tools.crop import LONGER_SIDE, Cropper, cut
from sightline.types import Box, Crop, Frame, map_box

RNG = np.random.default_rng(0)
PICTURE = make_picture(RNG.integers(0, 256, (300, 500, 3), np.uint8))


def region(x1: float, y1: float, x2: float, y2: float, frame: Frame = PICTURE.frame) -> Box:
    return Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=frame)


def crop_of(picture: Picture, box: Box, tool: Cropper | None = None) -> tuple[Crop, Picture]:
    tool = tool or Cropper(ImageStore())
    result = guard.run(tool, picture, {"region": box}, timeout_s=60)
    assert result.status == "ok"
    assert isinstance(result.payload, Crop)
    return result.payload, Picture(pixels=tool.store.get(result.payload.image), frame=result.payload.frame)


def test_the_pixels_and_the_frame() -> None:
    crop, part = crop_of(PICTURE, region(100, 50, 160, 80))
    assert part.pixels.shape == (224, 448, 3) == (crop.frame.height, crop.frame.width, 3)
    assert crop.image == pixel_hash(part.pixels)
    assert crop.frame.image == PICTURE.frame.image
    assert (crop.frame.x0, crop.frame.y0) == (100, 50)
    assert crop.frame.scale == pytest.approx(448 / 60)
    assert map_box(region(100, 50, 160, 80), crop.frame) == Box(x1=0, y1=0, x2=448, y2=224, frame=crop.frame)


def test_a_large_region_keeps_its_pixels() -> None:
    crop, part = crop_of(PICTURE, region(10, 20, 470, 290))
    assert crop.frame.scale == 1
    assert np.array_equal(part.pixels, PICTURE.pixels[20:290, 10:470])


def test_what_of_a_region_lies_beside_the_picture_is_left_out() -> None:
    _, part = crop_of(PICTURE, region(-20, -30, 470, 290))
    assert np.array_equal(part.pixels, PICTURE.pixels[:290, :470])


def test_a_mark_is_found_where_the_frame_says() -> None:
    pixels = np.zeros((200, 200, 3), np.uint8)
    pixels[120:124, 140:146] = 255
    picture = make_picture(pixels)
    _, part = crop_of(picture, region(101.5, 90.2, 180, 150, picture.frame))
    ys, xs = np.nonzero(part.pixels[:, :, 0] > 127)
    seen = Box.clipped(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1, part.frame)
    back = map_box(seen, picture.frame)
    assert (back.x1, back.y1, back.x2, back.y2) == pytest.approx((140, 120, 146, 124), abs=0.3)


def test_a_crop_of_a_crop_maps_to_the_original() -> None:
    tool = Cropper(ImageStore())
    _, outer = crop_of(PICTURE, region(100, 50, 200, 150), tool)
    inner, _ = crop_of(outer, map_box(region(120, 60, 140, 90), outer.frame), tool)
    original = map_box(
        Box(x1=0, y1=0, x2=inner.frame.width, y2=inner.frame.height, frame=inner.frame), PICTURE.frame
    )
    assert (original.x1, original.y1, original.x2, original.y2) == pytest.approx((120, 60, 140, 90), abs=0.3)
    assert inner.region.frame == outer.frame


def test_a_region_of_the_original_in_a_crop() -> None:
    _, outer = crop_of(PICTURE, region(100, 50, 200, 150))
    crop, _ = crop_of(outer, region(120, 60, 140, 90))
    assert (crop.frame.x0, crop.frame.y0) == pytest.approx((120, 60), abs=0.3)


@given(*[st.floats(0, 500)] * 2, *[st.floats(0, 300)] * 2)
def test_any_region_maps_back(xa: float, xb: float, ya: float, yb: float) -> None:
    box = region(min(xa, xb), min(ya, yb), max(xa, xb), max(ya, yb))
    part = cut(PICTURE, box, at_least=LONGER_SIDE)
    assert part.pixels.shape == (part.frame.height, part.frame.width, 3)
    assert max(part.frame.width, part.frame.height) >= LONGER_SIDE
    inside = map_box(box, part.frame)
    back = map_box(inside, PICTURE.frame)
    # A side of the enlarged crop is rounded to whole px: half a px of it, in px of the original.
    near = 0.5 / part.frame.scale + 1e-6
    assert (back.x1, back.y1, back.x2, back.y2) == pytest.approx((box.x1, box.y1, box.x2, box.y2), abs=near)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "needs region"),
        ({"region": "e1"}, "region must be x1,y1,x2,y2 in px of the image"),
        ({"region": None}, "needs region"),
        ({"region": region(0, 0, 1, 1), "zoom": 3}, "no argument zoom"),
        ({"region": region(0, 0, 1, 1, Frame(image="other", width=9, height=9))}, "different images"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, object], why: str) -> None:
    result = guard.run(Cropper(ImageStore()), PICTURE, arguments, timeout_s=60)
    assert result.status == "refused"
    assert why in result.message
    assert result.tool == "crop"
