"""find_similar(region, threshold?, turned?): what looks like a region, elsewhere in the picture.

The region, with a little of its ground, is slid over the picture at several sizes (normalised
cross-correlation of the colours); of places that overlap the best is kept, and those of
another mean colour are dropped. It knows nothing of meaning: what it finds has the same look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sightline.images import Picture, Pixels
from sightline.tools.base import Tool, Unsupported
from sightline.tools.clock import seconds_left
from sightline.tools.colors import color_difference
from sightline.tools.looks import patch
from sightline.types import Box, Detection, Detections

THRESHOLD = 0.86
"""Correlation from which a place is like the region. Of like shapes in 80 drawn scenes, each tilted by up to
12° by itself, it finds 83 %, and 92 % of what it finds are such; at 0.8 it is 92 % and 72 %."""

LOWEST = 0.5
"""The lowest threshold that may be asked for; below it everything is found."""

Likeness = Annotated[float, Field(ge=LOWEST, le=1)]

SIZES = tuple(1.1**n for n in range(-4, 5))
"""What is looked for, as multiples of the region's size: 0.68 to 1.46."""

OTHER_COLOUR = 15.0
"""CIE76 of the mean colours from which a place is another thing."""

_SIDE = 28
"""px. The picture is shrunk until the shorter side of the region has no more."""

_LONGEST = 640
"""px. The picture is shrunk to this at least."""

_LEAST = 5
"""px of the shrunk region's shorter side; a smaller one has no look of its own."""

_MARGIN = 0.12
"""Of the region's sides: the ground around it that is looked at as well."""

_FLAT = 4.0
"""Levels. A region that varies less about its mean has nothing to be known by."""

_MOST = 1000
"""Places looked at closely, the best first."""


@dataclass(frozen=True, kw_only=True)
class _Template:
    """What is slid over the picture, and where the region lies in it: left, top, width, height, px."""

    pixels: Pixels
    inner: tuple[float, float, float, float]


class Finder(Tool):
    """The tool `find_similar`."""

    name = "find_similar"

    @cached_property
    def version(self) -> str:
        """Of the libraries behind it."""
        names = ("opencv-python-headless", "supervision")
        return ", ".join(f"{name.split('-')[0]} {version(name)}" for name in names)

    def covers(self) -> str:
        """In one line, what it does."""
        return (
            f"finds repeats of a region by look, {SIZES[0]:.2f} to {SIZES[-1]:.2f} times as large and of "
            "the same color; neither tilted ones nor others of the same meaning"
        )

    def __call__(
        self, picture: Picture, region: Box, threshold: Likeness = THRESHOLD, turned: bool = False
    ) -> Detections:
        """Finds what looks like a region.

        Args:
            region: one example
            threshold: likeness, 1 for the same
            turned: whether mirrored and turned by quarters too
        """
        found = find(picture, region, threshold=threshold, turned=turned)
        return Detections(query="like the region", items=found)

    def warm(self) -> None:
        """Load what drops overlapping places."""
        import supervision  # noqa: F401


def find(picture: Picture, region: Box, *, threshold: float, turned: bool) -> tuple[Detection, ...]:
    """The places like `region`, best first, the region first of all.

    Args:
        picture: where to look.
        region: in its frame.
        threshold: correlation, 0..1.
        turned: whether mirrored and turned by quarters as well.

    Raises:
        Unsupported: the region has nothing to be known by.
        TimeoutError: the time of the call is over.
    """
    scale = min(1.0, _SIDE / min(region.width, region.height), _LONGEST / max(picture.pixels.shape[:2]))
    if min(region.width, region.height) * scale < _LEAST:
        raise Unsupported("the region is too small to be recognized; crop around it first")
    pixels = _resized(picture.pixels, scale)
    example = _example(pixels, region, scale)
    if float(example.pixels.reshape(-1, 3).std(axis=0).max()) < _FLAT:
        raise Unsupported(
            "the region has one flat color and nothing to be known by; take some of its surroundings in"
        )
    rows = [np.array([[region.x1, region.y1, region.x2, region.y2, 2.0]])]  # first among all
    for template in _variants(example, turned):
        if seconds_left() <= 0:
            raise TimeoutError("not done in time")
        rows.append(_places(pixels, template, threshold, scale))
    places = np.concatenate(rows)
    places = places[np.argsort(-places[:, 4], kind="stable")][:_MOST]
    return tuple(_detections(picture, region, places))


def _resized(pixels: Pixels, scale: float) -> Pixels:
    import cv2

    if scale == 1:
        return pixels
    size = (max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _example(pixels: Pixels, region: Box, scale: float) -> _Template:
    """The region in the shrunk picture, with its margin where the picture has one."""
    height, width = pixels.shape[:2]
    x1, y1, x2, y2 = (v * scale for v in (region.x1, region.y1, region.x2, region.y2))
    across, down = max(_MARGIN * (x2 - x1), 1), max(_MARGIN * (y2 - y1), 1)
    left, top = max(round(x1 - across), 0), max(round(y1 - down), 0)
    right, bottom = min(round(x2 + across), width), min(round(y2 + down), height)
    return _Template(pixels=pixels[top:bottom, left:right], inner=(x1 - left, y1 - top, x2 - x1, y2 - y1))


def _variants(example: _Template, turned: bool) -> Iterator[_Template]:
    """The example at all sizes and, where asked for, mirrored and turned by quarters."""
    import cv2

    for mirrored in (False, True) if turned else (False,):
        for quarters in range(4) if turned else (0,):
            base = _turned(example, mirrored, quarters)
            for size in SIZES:
                height, width = base.pixels.shape[:2]
                to = (max(round(width * size), 1), max(round(height * size), 1))
                how = cv2.INTER_AREA if size < 1 else cv2.INTER_LINEAR
                pixels = np.asarray(cv2.resize(base.pixels, to, interpolation=how), np.uint8)
                x, y, w, h = base.inner
                fx, fy = to[0] / width, to[1] / height
                yield _Template(pixels=pixels, inner=(x * fx, y * fy, w * fx, h * fy))


def _turned(example: _Template, mirrored: bool, quarters: int) -> _Template:
    pixels, (x, y, w, h) = example.pixels, example.inner
    if mirrored:
        pixels, x = pixels[:, ::-1], pixels.shape[1] - x - w
    for _ in range(quarters):  # np.rot90 turns against the clock: what was at the right comes to the top
        x, y, w, h = y, pixels.shape[1] - x - w, h, w
        pixels = np.rot90(pixels)
    return _Template(pixels=np.ascontiguousarray(pixels), inner=(x, y, w, h))


def _places(pixels: Pixels, template: _Template, threshold: float, scale: float) -> NDArray[np.float64]:
    """Peaks of the correlation: float64[N, 5], XYXY in px of the picture, and the correlation."""
    import cv2

    (h, w), (height, width) = template.pixels.shape[:2], pixels.shape[:2]
    if h > height or w > width or min(h, w) < _LEAST:
        return np.empty((0, 5))
    likeness = np.asarray(cv2.matchTemplate(pixels, template.pixels, cv2.TM_CCOEFF_NORMED), np.float64)
    likeness[~np.isfinite(likeness) | (likeness > 1.001)] = -1  # on flat ground it is undefined
    peaks = (likeness >= threshold) & (likeness >= cv2.dilate(likeness, np.ones((3, 3))))
    ys, xs = np.nonzero(peaks)
    x, y, inner_w, inner_h = template.inner
    corners = np.stack([xs + x, ys + y, xs + x + inner_w, ys + y + inner_h], axis=1) / scale
    return np.concatenate([corners, likeness[ys, xs][:, None]], axis=1)


def _detections(picture: Picture, region: Box, places: NDArray[np.float64]) -> Iterator[Detection]:
    """Of overlapping places the best, and of these the ones of the region's mean colour."""
    from supervision import box_non_max_suppression

    kept = places[box_non_max_suppression(places, iou_threshold=0.3)]
    colour = _mean_colour(picture, region)
    for x1, y1, x2, y2, likeness in kept[np.argsort(-kept[:, 4], kind="stable")].tolist():
        box = Box.clipped(x1, y1, x2, y2, picture.frame)
        if box.area and color_difference(_mean_colour(picture, box), colour) < OTHER_COLOUR:
            yield Detection(label="like the region", score=min(likeness, 1.0), box=box)


def _mean_colour(picture: Picture, box: Box) -> tuple[int, int, int]:
    r, g, b = patch(picture.pixels, box).reshape(-1, 3).mean(axis=0).round().astype(int).tolist()
    return r, g, b
