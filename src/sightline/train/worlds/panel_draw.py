"""Painting panels and grids of shapes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.panels import BOX, COLOURS, Panel
from sightline.train.worlds.scenes import RGB

GUTTER = 50
"""Between two boxes, px."""
_OVER = 3
_SHIFT = 4


def draw_panel(panel: Panel) -> NDArray[np.uint8]:
    """uint8[100 * scale, 400 * scale, 3] RGB: the boxes, with gutters between them."""
    look = panel.look
    wide = len(panel.boxes) * (BOX + GUTTER) - GUTTER
    width, height = round(wide * look.scale), round(BOX * look.scale)
    over = _OVER * look.scale
    canvas = np.full((height * _OVER, width * _OVER, 3), look.ground, np.uint8)
    for number, box in enumerate(panel.boxes):
        left = number * (BOX + GUTTER)
        for item in box:
            ink = look.inks[COLOURS.index(item.colour)]
            x, y = left + item.x, item.y
            fill_shape(canvas, item.shape, (x, y, x + item.size, y + item.size), ink, over)
        canvas[:, round((left + BOX) * over) : round((left + BOX + GUTTER) * over)] = look.between
    return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def fill_shape(
    canvas: NDArray[np.uint8], shape: str, box: tuple[float, float, float, float], ink: RGB, over: float
) -> None:
    """Fill a circle, square or triangle that just fits the XYXY box (in px, `over` px of canvas each)."""
    x1, y1, x2, y2 = (v * over for v in box)
    if shape == "circle":
        turns = np.arange(48) / 24 * np.pi
        ring = np.stack([np.cos(turns), np.sin(turns)], -1)
        corners = np.array([x1 + x2, y1 + y2]) / 2 + ring * (x2 - x1) / 2
    elif shape == "square":
        corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], np.float64)
    else:
        corners = np.array([((x1 + x2) / 2, y1), (x2, y2), (x1, y2)], np.float64)
    # A pixel's centre stands at its index + 0.5, OpenCV's at its index.
    points = np.rint((corners - 0.5) * (1 << _SHIFT)).astype(np.int32)
    cv2.fillPoly(canvas, [points], ink, cv2.LINE_8, _SHIFT)
