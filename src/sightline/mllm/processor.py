"""Images and dialogues into tensors. Images are padded to a square and resized; nothing is cropped away."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor

PAD_GREY = 127

LONGEST = 8192
"""px. What is longer is shrunk to this before it is padded: the square around a long strip is huge."""


def square(image: np.ndarray, side: int) -> np.ndarray:
    """uint8[H, W, 3] -> uint8[side, side, 3], the image in the middle, the rest grey."""
    height, width = image.shape[:2]
    if max(height, width) > LONGEST:
        shrink = LONGEST / max(height, width)
        height, width = max(round(height * shrink), 1), max(round(width * shrink), 1)
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    if height != width:
        long = max(height, width)
        canvas = np.full((long, long, 3), PAD_GREY, np.uint8)
        top, left = (long - height) // 2, (long - width) // 2
        canvas[top : top + height, left : left + width] = image
        image = canvas
    if image.shape[0] == side:
        return image
    method = cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_CUBIC
    return cv2.resize(image, (side, side), interpolation=method)


def to_pixels(images: Sequence[np.ndarray], side: int) -> Tensor:
    """RGB uint8[H, W, 3] arrays -> float[N, 3, side, side] in -1..1."""
    stacked = np.stack([square(np.asarray(image), side) for image in images])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
