"""crop(region): cut a region out and enlarge it, so that small things can be looked at again."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from math import ceil, floor

import numpy as np

from sightline.images import ImageStore
from sightline.tools.base import Picture, Tool
from sightline.types import Box, Crop, Frame, map_box

LONGER_SIDE = 448
"""px. The longer side of a crop is at least this."""


class Cropper(Tool):
    """The tool `crop`. The pixels of the crops go to `store`; no process and no weights are needed."""

    name = "crop"
    keeps_results = False

    def __init__(self, store: ImageStore) -> None:
        self.store = store

    @cached_property
    def version(self) -> str:
        """Of Pillow, which resizes."""
        return f"pillow {version('pillow')}"

    def covers(self) -> str:
        """In one line, what it does."""
        return f"cuts a region out and enlarges it to {LONGER_SIDE} px or more"

    def __call__(self, picture: Picture, region: Box) -> Crop:
        """Enlarges a region.

        Args:
            region: what to cut out
        """
        part = cut(picture, region, at_least=LONGER_SIDE)
        shown = map_box(Box.whole(part.frame), picture.frame)
        return Crop(frame=part.frame, image=self.store.put(part.pixels), region=shown)


def cut(picture: Picture, region: Box, *, at_least: int) -> Picture:
    """The whole pixels that `region` touches (one at least), enlarged to a longer side of `at_least` px.

    Args:
        picture: what to cut from.
        region: in the picture's own frame.
        at_least: px; 0 leaves the size as it is. Nothing is ever shrunk.
    """
    frame = picture.frame
    x1, y1 = min(floor(region.x1), frame.width - 1), min(floor(region.y1), frame.height - 1)
    x2, y2 = max(min(ceil(region.x2), frame.width), x1 + 1), max(min(ceil(region.y2), frame.height), y1 + 1)
    pixels = picture.pixels[y1:y2, x1:x2]
    scale = max(at_least / max(x2 - x1, y2 - y1), 1.0)
    width, height = max(round((x2 - x1) * scale), 1), max(round((y2 - y1) * scale), 1)
    if scale > 1:
        from PIL import Image

        pixels = np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))
    pixels = np.ascontiguousarray(pixels)
    pixels.flags.writeable = False
    cut_frame = Frame(
        image=frame.image,
        width=width,
        height=height,
        x0=frame.x0 + x1 / frame.scale,
        y0=frame.y0 + y1 / frame.scale,
        scale=frame.scale * scale,
    )
    return Picture(pixels=pixels, frame=cut_frame)
