"""Drawing charts: what `chart_layout.marks` says, painted with OpenCV and Pillow."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from sightline.train.worlds.chart_layout import Label, Layout, Mark, bold_of, marks, sector
from sightline.train.worlds.charts import RGB, Chart
from sightline.train.worlds.typefaces import face

_SHIFT = 4  # fractional bits of the coordinates handed to OpenCV


def draw_chart(chart: Chart, side: int = 448) -> NDArray[np.uint8]:
    """Paint the chart: RGB uint8[H, W, 3], the longer of H and W is `side`."""
    layout = marks(chart, side)
    canvas = np.empty((layout.height, layout.width, 3), np.uint8)
    canvas[:] = chart.style.ground
    if chart.kind != "pie":
        _scale(canvas, chart, layout)
    if chart.mark == "line":
        _lines(canvas, chart, layout)
    for mark in layout.marks:
        _paint(canvas, chart, layout, mark)
    for box, fill in layout.keys:
        _rectangle(canvas, box, fill)
    image = Image.fromarray(canvas)
    brush = ImageDraw.Draw(image)
    for label in layout.labels:
        _write(image, brush, chart, label)
    return np.array(image)


def _faint(chart: Chart, part: float) -> RGB:
    """The ground with a part of the ink."""
    pairs = zip(chart.style.ground, chart.style.ink, strict=True)
    r, g, b = (round(ground + (ink - ground) * part) for ground, ink in pairs)
    return r, g, b


def _scale(canvas: NDArray[np.uint8], chart: Chart, layout: Layout) -> None:
    """Stripes, grid lines, the frame and the line that bars stand on."""
    x1, y1, x2, y2 = layout.plot
    if chart.style.stripes:
        _stripes(canvas, chart, layout)
    for at in layout.ticks if chart.style.grid else ():
        ends = ((at, y1), (at, y2)) if chart.horizontal else ((x1, at), (x2, at))
        cv2.line(canvas, _whole(ends[0]), _whole(ends[1]), _faint(chart, 0.14), 1)
    if chart.style.frame:
        cv2.rectangle(canvas, _whole((x1, y1)), _whole((x2, y2)), _faint(chart, 0.4), 1)
    zero = layout.ticks[chart.axis.ticks.index(0)] if 0 in chart.axis.ticks else layout.ticks[0]
    ends = ((zero, y1), (zero, y2)) if chart.horizontal else ((x1, zero), (x2, zero))
    cv2.line(canvas, _whole(ends[0]), _whole(ends[1]), _faint(chart, 0.6), 1)


def _stripes(canvas: NDArray[np.uint8], chart: Chart, layout: Layout) -> None:
    x1, y1, x2, y2 = layout.plot
    start, end = (y1, y2) if chart.horizontal else (x1, x2)
    slot = (end - start) / len(chart.categories)
    for c in range(0, len(chart.categories), 2):
        a, b = start + slot * c, start + slot * (c + 1)
        _rectangle(canvas, (x1, a, x2, b) if chart.horizontal else (a, y1, b, y2), _faint(chart, 0.05))


def _whole(point: tuple[float, float]) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def _rectangle(canvas: NDArray[np.uint8], box: tuple[float, float, float, float], fill: RGB) -> None:
    x1, y1, x2, y2 = (round(v) for v in box)
    canvas[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = fill


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    # A pixel's centre stands at its index + 0.5, OpenCV's at its index.
    return np.rint((points - 0.5) * (1 << _SHIFT)).astype(np.int32)


def _lines(canvas: NDArray[np.uint8], chart: Chart, layout: Layout) -> None:
    for s in range(len(chart.series)):
        points = np.array([mark.centre for mark in layout.marks if mark.series == s])
        cv2.polylines(canvas, [_fixed(points)], False, chart.fills[s], 2, cv2.LINE_AA, _SHIFT)


def _paint(canvas: NDArray[np.uint8], chart: Chart, layout: Layout, mark: Mark) -> None:
    if mark.kind == "bar":
        _rectangle(canvas, mark.box, mark.fill)
    elif mark.kind == "slice":
        x1, y1, x2, y2 = layout.plot
        outline = _fixed(sector((x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, mark.turns))
        cv2.fillPoly(canvas, [outline], mark.fill, cv2.LINE_AA, _SHIFT)
        cv2.polylines(canvas, [outline], True, chart.style.ground, 1, cv2.LINE_AA, _SHIFT)
    elif chart.style.dots or len(chart.categories) == 1:
        radius = round((mark.box[2] - mark.box[0]) / 2 * (1 << _SHIFT))
        x, y = _fixed(np.array(mark.centre)).tolist()
        cv2.circle(canvas, (x, y), radius, mark.fill, -1, cv2.LINE_AA, _SHIFT)


def _write(image: Image.Image, brush: ImageDraw.ImageDraw, chart: Chart, label: Label) -> None:
    font = face(bold_of(chart.style.typeface) if label.bold else chart.style.typeface, label.em)
    x1, y1, x2, y2 = label.box
    if not label.angle:
        brush.text((x1, (y1 + y2) / 2), label.text, font=font, fill=label.ink, anchor="lm")
        return
    size = (round(font.getlength(label.text)), round(label.em * 1.2))
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).text((0, size[1] / 2), label.text, font=font, fill=255, anchor="lm")
    turned = mask.rotate(label.angle, Image.Resampling.BICUBIC, expand=True)
    at = (round((x1 + x2 - turned.width) / 2), round((y1 + y2 - turned.height) / 2))
    image.paste(label.ink, (*at, at[0] + turned.width, at[1] + turned.height), turned)
