"""Drawn pictures: shapes, glyphs, sketches, cartoons, diagrams, figures of geometry."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from sightline.train.kinds.effects import Pixels, jpeg, noisy, resized, saved
from sightline.train.kinds.lettering import words
from sightline.train.worlds.dice import chance, pick, span
from sightline.train.worlds.glyphs import Pen, draw_glyph, make_glyph
from sightline.train.worlds.panel_draw import draw_panel
from sightline.train.worlds.panels import make_panel
from sightline.train.worlds.scenes import draw_scene, make_scene
from sightline.train.worlds.shape_grids import draw_grid, make_grid
from sightline.train.worlds.sign_scenes import draw_sign_scene, make_sign_scene
from sightline.train.worlds.typefaces import face

RGB = tuple[int, int, int]
Points = list[tuple[float, float]]


def drawing(rng: Generator) -> Pixels:
    """One drawn picture."""
    makers = [
        _scene,
        _scene,
        _panel,
        _grid,
        _signs,
        _glyph,
        _sketch,
        _sketch,
        _cartoon,
        _cartoon,
        _diagram,
        _diagram,
    ]
    makers += [_geometry, _polygons]
    return pick(rng, makers)(rng)


def _scene(rng: Generator) -> Pixels:
    return saved(rng, draw_scene(make_scene(rng), pick(rng, (64, 96, 128, 256, 400))), lossy=0.25)


def _panel(rng: Generator) -> Pixels:
    return saved(rng, draw_panel(make_panel(rng, kind=pick(rng, ("scatter", "towers")))), lossy=0.15)


def _grid(rng: Generator) -> Pixels:
    image = draw_grid(make_grid(rng))
    if chance(rng, 0.3):
        image = image.repeat(4, axis=0).repeat(4, axis=1)
    return np.asarray(image, np.uint8)


def _signs(rng: Generator) -> Pixels:
    return saved(rng, draw_sign_scene(make_sign_scene(rng)))


def _glyph(rng: Generator) -> Pixels:
    side = pick(rng, (64, 105, 128, 210))
    pen = Pen(width=float(rng.uniform(0.02, 0.06)))
    return np.asarray(draw_glyph(make_glyph(rng), pen, side), np.uint8)


def _canvas(rng: Generator, *, light: float = 0.8) -> tuple[Image.Image, RGB]:
    """An empty picture and an ink that shows on it."""
    width, height = span(rng, 120, 800), span(rng, 120, 800)
    if chance(rng, light):
        ground = (255, 255, 255) if chance(rng, 0.6) else _tone(rng, 200, 255)
        return Image.new("RGB", (width, height), ground), _tone(rng, 0, 80)
    return Image.new("RGB", (width, height), _tone(rng, 0, 60)), _tone(rng, 180, 255)


def _tone(rng: Generator, low: int, high: int) -> RGB:
    return span(rng, low, high), span(rng, low, high), span(rng, low, high)


def _curve(rng: Generator, width: int, height: int) -> Points:
    """A smooth random curve, closed or open."""
    at, reach = rng.random(2) * (width, height), float(rng.uniform(0.05, 0.45)) * min(width, height)
    turns = np.linspace(0, 2 * np.pi * (1 if chance(rng, 0.5) else float(rng.uniform(0.2, 0.8))), 60)
    wobble = sum(
        float(rng.normal(0, 0.3 / n)) * np.sin(n * turns + float(rng.uniform(0, 6))) for n in range(1, 6)
    )
    radius = reach * (1 + wobble)
    points = at + np.stack(
        [np.cos(turns) * radius, np.sin(turns) * radius * float(rng.uniform(0.4, 1))], axis=1
    )
    return [(float(x), float(y)) for x, y in points]


def _sketch(rng: Generator) -> Pixels:
    """Lines alone, as by a pencil or a pen."""
    image, ink = _canvas(rng)
    brush = ImageDraw.Draw(image)
    thick = span(rng, 1, 5)
    for _ in range(span(rng, 3, 30)):
        brush.line(_curve(rng, *image.size), fill=ink, width=thick, joint="curve")
        if chance(rng, 0.3):
            x, y = (int(rng.random() * side) for side in image.size)
            for n in range(span(rng, 3, 12)):
                brush.line((x + 4 * n, y, x + 4 * n + 10, y + 14), fill=ink, width=1)
    made = np.array(image, np.uint8)
    if chance(rng, 0.3):
        made = noisy(rng, made, float(rng.uniform(1, 5)))
    return saved(rng, made)


def _cartoon(rng: Generator) -> Pixels:
    """Flat areas with or without outlines, now and then shaded."""
    image, ink = _canvas(rng, light=0.6)
    wide = image.resize((image.width * 2, image.height * 2))
    brush = ImageDraw.Draw(wide)
    outline = ink if chance(rng, 0.6) else None
    for _ in range(span(rng, 4, 40)):
        points = _curve(rng, *wide.size)
        brush.polygon(points, fill=_tone(rng, 20, 255))
        if outline:
            brush.line([*points, points[0]], fill=outline, width=span(rng, 2, 8))
    made = np.array(wide.resize(image.size, Image.Resampling.LANCZOS), np.uint8)
    if chance(rng, 0.3):
        ramp = np.linspace(1, float(rng.uniform(0.6, 0.95)), made.shape[0])[:, None, None]
        made = np.rint(made * ramp).astype(np.uint8)
    return saved(rng, made)


def _polygons(rng: Generator) -> Pixels:
    """A few plain shapes on one ground, small or large."""
    side = pick(rng, (48, 64, 100, 200, 400))
    image = Image.new("RGB", (side, side), _tone(rng, 215, 255) if chance(rng, 0.75) else _tone(rng, 0, 255))
    brush = ImageDraw.Draw(image)
    for _ in range(1 if chance(rng, 0.5) else span(rng, 2, 12)):
        half = side * float(rng.uniform(0.06, 0.2))
        x, y = (float(rng.uniform(half, side - half)) for _ in range(2))
        fill, box = _tone(rng, 0, 220), (x - half, y - half, x + half, y + half)
        match span(rng, 0, 2):
            case 0:
                brush.ellipse(box, fill)
            case 1:
                brush.rectangle((x - half, y - half * 0.7, x + half, y + half * 0.7), fill)
            case _:
                brush.regular_polygon((x, y, half), pick(rng, (3, 5, 6)), span(rng, 0, 90), fill)
    return saved(rng, np.array(image, np.uint8), lossy=0.2)


def _diagram(rng: Generator) -> Pixels:
    """Named boxes and the arrows between them."""
    columns, rows = span(rng, 1, 4), span(rng, 2, 4)
    cell_w, cell_h, size = span(rng, 130, 220), span(rng, 80, 140), span(rng, 12, 18)
    ground = (255, 255, 255) if chance(rng, 0.8) else _tone(rng, 20, 60)
    ink = (20, 20, 20) if sum(ground) > 380 else (230, 230, 230)
    image = Image.new("RGB", (columns * cell_w + 40, rows * cell_h + 40), ground)
    brush, font = ImageDraw.Draw(image), face(pick(rng, ("sans", "grotesque", "serif")), size)
    at = [
        (20 + c * cell_w, 20 + r * cell_h) for r in range(rows) for c in range(columns) if chance(rng, 0.85)
    ]
    fills = [_tone(rng, 170, 255) if sum(ground) > 380 else _tone(rng, 40, 110) for _ in range(3)]
    for a, b in pairwise(at):
        _arrow(
            brush, (a[0] + cell_w * 0.4, a[1] + cell_h * 0.3), (b[0] + cell_w * 0.4, b[1] + cell_h * 0.3), ink
        )
    for x, y in at:
        box = (x, y, x + cell_w * 0.8, y + cell_h * 0.6)
        draw = pick(rng, (brush.rectangle, brush.ellipse, brush.rectangle))
        draw(box, fill=pick(rng, fills), outline=ink, width=span(rng, 1, 3))
        brush.text(
            (x + cell_w * 0.4, y + cell_h * 0.3), words(rng, 1, 2).capitalize(), ink, font, anchor="mm"
        )
    return saved(rng, np.array(image, np.uint8))


def _arrow(brush: ImageDraw.ImageDraw, a: tuple[float, float], b: tuple[float, float], ink: RGB) -> None:
    brush.line((*a, *b), fill=ink, width=2)
    way = np.subtract(b, a) / max(float(np.hypot(*np.subtract(b, a))), 1)
    side = np.array([-way[1], way[0]])
    tip = np.add(a, b) / 2
    corners = [tip + 8 * way, tip - 4 * way + 5 * side, tip - 4 * way - 5 * side]
    brush.polygon([(float(x), float(y)) for x, y in corners], fill=ink)


def _geometry(rng: Generator) -> Pixels:
    """A figure of lines, circles and letters, as in a school book."""
    side = span(rng, 180, 500)
    image = Image.new("RGB", (side, side), (255, 255, 255))
    brush, font = ImageDraw.Draw(image), face(pick(rng, ("serif", "sans")), max(side // 20, 12))
    points = [(float(x), float(y)) for x, y in rng.uniform(0.12 * side, 0.88 * side, (span(rng, 3, 6), 2))]
    for a, b in zip(points, [*points[1:], points[0]], strict=True):
        brush.line((*a, *b), fill=(0, 0, 0), width=span(rng, 1, 3))
    if chance(rng, 0.5):
        (x, y), r = points[0], side * float(rng.uniform(0.1, 0.3))
        brush.ellipse((x - r, y - r, x + r, y + r), outline=_tone(rng, 0, 120), width=2)
    for (x, y), letter in zip(points, "ABCDEF", strict=False):
        brush.text((x + 6, y - 6), letter if chance(rng, 0.8) else f"{span(rng, 1, 90)}°", (0, 0, 0), font)
    made = np.array(image, np.uint8)
    return jpeg(made, 80) if chance(rng, 0.3) else resized(made, span(rng, 120, 600))
