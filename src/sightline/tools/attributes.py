"""What is measured in a detection's box: its colour and its size.

The colour is the nearest anchor, in CIE Lab, of the median colour of the box's middle. The anchors are
those that the synthetic scenes are painted with, and white and grey.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sightline.types import Box

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 38, 40),
    "orange": (245, 130, 22),
    "yellow": (248, 212, 40),
    "green": (46, 158, 70),
    "blue": (36, 92, 206),
    "purple": (132, 58, 172),
    "pink": (245, 132, 186),
    "brown": (122, 72, 36),
    "black": (26, 26, 28),
    "grey": (128, 128, 128),
    "white": (250, 250, 250),
}
"""sRGB, 0..255."""

SIZES = ("small", "large")
LARGE_FROM = 0.16
"""A box is large where its longer side is at least this fraction of the picture's longer side."""

_MIDDLE = 0.15
"""Half the width of the measured middle, as a fraction of the box: inside a star, a cross and a triangle."""


def measure(pixels: NDArray[np.uint8], box: Box) -> dict[str, str]:
    """`size` and `color`, in this order, of what stands in `box`.

    Args:
        pixels: uint8[H, W, 3] RGB of the box's frame.
        box: XYXY in px of that frame.
    """
    return {"size": size_of(box), "color": colour_of(pixels, box)}


def size_of(box: Box) -> str:
    """`small` or `large`, relative to the picture that the box's frame shows."""
    longer = max(box.width, box.height) / max(box.frame.width, box.frame.height)
    return "large" if longer >= LARGE_FROM else "small"


def colour_of(pixels: NDArray[np.uint8], box: Box) -> str:
    """The name of the colour in the middle of `box`."""
    height, width = pixels.shape[:2]
    (x, y), reach_x, reach_y = box.center, box.width * _MIDDLE, box.height * _MIDDLE
    x1, y1 = min(int(x - reach_x), width - 1), min(int(y - reach_y), height - 1)
    x2, y2 = max(int(x + reach_x) + 1, x1 + 1), max(int(y + reach_y) + 1, y1 + 1)
    middle = pixels[max(y1, 0) : y2, max(x1, 0) : x2].reshape(-1, 3)
    lab = np.median(to_lab(middle), axis=0)
    names = list(COLOURS)
    away = np.linalg.norm(to_lab(np.array(list(COLOURS.values()))) - lab, axis=1)
    return names[int(away.argmin())]


def to_lab(rgb: NDArray[np.uint8] | NDArray[np.int_]) -> NDArray[np.float64]:
    """float64[N, 3] CIE L*a*b* (D65) of [N, 3] sRGB in 0..255. Source: IEC 61966-2-1 and CIE 15."""
    s = rgb / 255.0
    linear = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
