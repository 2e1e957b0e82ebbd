"""What happens to pictures on their way: scanning, photographing, saving, shrinking. uint8[H, W, 3] RGB."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sightline.train.worlds.dice import chance, pick, span

Pixels = NDArray[np.uint8]
RGB = tuple[int, int, int]


def as_bytes(values: np.ndarray) -> Pixels:
    """Rounded and clipped to 0..255."""
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def resized(image: Pixels, longer: int) -> Pixels:
    """With a longer side of `longer` px."""
    scale = longer / max(image.shape[:2])
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)


def jpeg(image: Pixels, quality: int) -> Pixels:
    """As it comes back from a JPEG file."""
    _, data = cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1])


def few_colors(image: Pixels, count: int) -> Pixels:
    """As it comes back from a GIF or a PNG with a palette."""
    from PIL import Image

    return np.array(Image.fromarray(image).quantize(count).convert("RGB"), np.uint8)


def noisy(rng: Generator, image: Pixels, strength: float, *, colored: bool = False) -> Pixels:
    """With the grain of a sensor; `strength` is its deviation, of 255."""
    grain = rng.standard_normal((*image.shape[:2], 3 if colored else 1), np.float32) * strength
    return as_bytes(image + grain)


def blurred(image: Pixels, sigma: float) -> Pixels:
    """By a Gaussian of `sigma` px."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), max(sigma, 0.05)), np.uint8)


def grayed(image: Pixels) -> Pixels:
    """Without its colors."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    return np.repeat(gray[:, :, None], 3, axis=2)


def lit(rng: Generator, image: Pixels, depth: float) -> Pixels:
    """Under uneven light: a soft shadow that takes up to `depth`, 0..1, of it away."""
    coarse = rng.random((3, 3)).astype(np.float32)
    shade = cv2.resize(coarse, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_CUBIC)
    return as_bytes(image * (1 - depth * np.clip(shade, 0, 1))[..., None])


def saved(rng: Generator, image: Pixels, *, lossy: float = 0.4) -> Pixels:
    """As files are kept: at another size, as JPEG or with a palette, now and then."""
    if chance(rng, 0.35):
        image = resized(image, max(round(max(image.shape[:2]) * float(rng.uniform(0.6, 1.5))), 24))
    if chance(rng, lossy):
        image = jpeg(image, span(rng, 35, 96))
    elif chance(rng, 0.12):
        image = few_colors(image, pick(rng, (32, 64, 128, 256)))
    return image


def scanned(rng: Generator, page: Pixels) -> Pixels:
    """As a scanner gives it: gray or pale, often blurred and grainy, with a bed or a margin around."""
    if chance(rng, 0.6):
        page = grayed(page)
    if chance(rng, 0.5):
        page = blurred(page, float(rng.uniform(0.3, 1.0)))
    if chance(rng, 0.4):
        page = _on_bed(rng, page)
    if chance(rng, 0.3):
        page = lit(rng, page, float(rng.uniform(0.05, 0.35)))
    gain, low = float(rng.uniform(0.5, 1.25)), float(rng.uniform(-20, 60))
    page = as_bytes(page.astype(np.float32) * gain + low) if chance(rng, 0.45) else page
    if chance(rng, 0.5):
        page = noisy(rng, page, float(rng.uniform(1, 12)))
    if chance(rng, 0.35):
        page = _black_and_white(rng, page)
    return jpeg(page, span(rng, 40, 95)) if chance(rng, 0.75) else page


def _black_and_white(rng: Generator, page: Pixels) -> Pixels:
    """As a copier gives it: hard contrast, specks, and black corners where the page did not lie."""
    steep = float(rng.choice([2.5, 6.0, 1000.0]))
    page = as_bytes((grayed(page).astype(np.float32) - span(rng, 110, 190)) * steep + 128)
    height, width = page.shape[:2]
    for _ in range(span(rng, 0, 40)):
        at = int(rng.random() * width), int(rng.random() * height)
        cv2.circle(page, at, span(rng, 0, 2), (span(rng, 0, 90),) * 3, -1)
    for x, y in ((0, 0), (width, 0), (0, height), (width, height)):
        if chance(rng, 0.3):
            w, h = width * float(rng.uniform(0, 0.12)), height * float(rng.uniform(0, 0.12))
            corner = [(x, y), (abs(x - w), y), (x, abs(y - h))]
            cv2.fillPoly(page, [np.array(corner, np.int32)], (0, 0, 0))
    return page


def _on_bed(rng: Generator, page: Pixels) -> Pixels:
    """The page askew on a white or black bed that may be much larger."""
    height, width = page.shape[:2]
    far = float(rng.choice([0.03, 0.1, 0.6]))
    left, right, above, below = (
        round(far * float(rng.random()) * side) for side in (width, width, height, height)
    )
    bed = pick(rng, (255, 252, 245, 20, 60))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.normal(0, 1.5)), 1.0)
    turn = np.asarray(turn, np.float64) + np.array([(0, 0, left), (0, 0, above)])
    size = (width + left + right, height + above + below)
    return np.asarray(cv2.warpAffine(page, turn, size, borderValue=(bed,) * 3), np.uint8)


def photographed(rng: Generator, page: Pixels, ground: Pixels) -> Pixels:
    """As a camera sees a page that lies on something: in perspective, under uneven light, with grain.

    `ground` is what it lies on; the result has its size.
    """
    height, width = ground.shape[:2]
    fill = float(rng.uniform(0.6, 1.02))
    scale = min(width / page.shape[1], height / page.shape[0]) * fill
    w, h = page.shape[1] * scale, page.shape[0] * scale
    x, y = (width - w) * float(rng.uniform(0.3, 0.7)), (height - h) * float(rng.uniform(0.3, 0.7))
    corners = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.float32)
    corners += rng.normal(0, 0.035 * min(w, h), (4, 2)).astype(np.float32)
    source = np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32) * (page.shape[1], page.shape[0])
    warp = cv2.getPerspectiveTransform(source.astype(np.float32), corners)
    seen = cv2.warpPerspective(page, warp, (width, height), flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.full(page.shape[:2], 255, np.uint8), warp, (width, height)) / 255.0
    image = as_bytes(ground * (1 - cover[..., None]) + seen * cover[..., None])
    image = lit(rng, image, float(rng.uniform(0.1, 0.55)))
    tint = np.array([1.0, rng.uniform(0.92, 1.0), rng.uniform(0.8, 1.02)], np.float32)
    image = blurred(as_bytes(image * tint), float(rng.uniform(0.3, 1.1)))
    return jpeg(noisy(rng, image, float(rng.uniform(1, 7)), colored=True), span(rng, 55, 95))
