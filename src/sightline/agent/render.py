"""Pictures of results: boxes over an image, and a whole run beside it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sightline.types import Answer, Box, Evidence, TextLines

Colour = tuple[int, int, int]
Face = Literal["regular", "bold", "mono", "oblique"]
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

INK, FAINT, PAPER, LINE = (28, 33, 40), (110, 119, 130), (255, 255, 255), (222, 226, 231)
# Okabe and Ito's palette, told apart with every common colour blindness (jfly.uni-koeln.de/color).
MARKS: tuple[Colour, ...] = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (86, 180, 233))
GOOD, BAD = (0, 130, 90), (190, 50, 40)

_FILES: dict[Face, str] = {
    "regular": "DejaVuSans.ttf",
    "bold": "DejaVuSans-Bold.ttf",
    "mono": "DejaVuSansMono.ttf",
    "oblique": "DejaVuSans-Oblique.ttf",
}
_PANEL_PX, _PAD_PX, _IMAGE_PX, _MIN_IMAGE_PX = 640, 32, 760, 480


@cache
def font(face: Face, size: int) -> Font:
    """DejaVu as matplotlib brings it, found without importing matplotlib; else Pillow's own."""
    spec = find_spec("matplotlib")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / _FILES[face]
        if path.is_file():
            return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


def annotate(
    pixels: np.ndarray,
    boxes: Sequence[Box],
    labels: Sequence[str],
    *,
    longest: int = 1024,
    shortest: int = 0,
) -> Image.Image:
    """The image, at most `longest` px a side, with labelled boxes.

    Args:
        pixels: uint8[H, W, 3] RGB, the frame in which all `boxes` stand.
        boxes: XYXY in px of that frame.
        labels: one a box; an empty one draws no tag. Equal labels share a colour.
        longest: of the picture that comes back, px.
        shortest: its longer side is at least this, px; smaller images are enlarged.
    """
    image, scale = _fitted(pixels, longest, shortest)
    _draw_boxes(image, boxes, labels, scale)
    return image


def _fitted(pixels: np.ndarray, longest: int, shortest: int = 0) -> tuple[Image.Image, float]:
    """The image with its longer side between `shortest` and `longest` px, and the factor."""
    image = Image.fromarray(pixels)
    side = max(image.size)
    scale = min(max(side, shortest), longest) / side
    if scale == 1:
        return image, 1.0
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    return image.resize(size, Image.Resampling.LANCZOS), scale


def _draw_boxes(image: Image.Image, boxes: Sequence[Box], labels: Sequence[str], scale: float) -> None:
    draw = ImageDraw.Draw(image)
    colours = {label: MARKS[i % len(MARKS)] for i, label in enumerate(dict.fromkeys(labels))}
    width = max(2, round(max(image.size) / 280))
    tag_font = font("bold", max(11, round(max(image.size) / 56)))
    for box, label in zip(boxes, labels, strict=True):
        x1, y1, x2, y2 = (round(v * scale) for v in (box.x1, box.y1, box.x2, box.y2))
        x1, y1 = max(x1 - width, 0), max(y1 - width, 0)
        x2, y2 = max(min(x2 + width, image.width - 1), x1), max(min(y2 + width, image.height - 1), y1)
        draw.rectangle((x1, y1, x2, y2), outline=PAPER, width=width + 1)
        draw.rectangle((x1, y1, x2, y2), outline=colours[label], width=width)
        if label:
            _tag(draw, image, (x1, y1, y2), label, colours[label], tag_font)


def _tag(
    draw: ImageDraw.ImageDraw,
    image: Image.Image,
    at: tuple[int, int, int],
    label: str,
    colour: Colour,
    face: Font,
) -> None:
    """A label on a coloured ground above the box that starts at x1, y1, or below it at the upper edge."""
    x1, y1, y2 = at
    _, _, right, bottom = draw.textbbox((0, 0), label, font=face)
    w, h = int(right) + 8, int(bottom) + 5
    x = max(min(x1, image.width - w), 0)
    y = y1 - h if y1 >= h else min(y2, image.height - h)
    draw.rectangle((x, y, x + w, y + h), fill=colour)
    draw.text((x + 4, y + 2), label, font=face, fill=PAPER)


def draw_answer(pixels: np.ndarray, answer: Answer) -> Image.Image:
    """A run in one picture: the image with the cited boxes, and question, steps and answer beside it.

    Args:
        pixels: uint8[H, W, 3] RGB of the original image.
        answer: whose `boxes` stand in the frame of that image.
    """
    image, scale = _fitted(pixels, _IMAGE_PX, _MIN_IMAGE_PX)
    _draw_boxes(image, answer.boxes, _labels(answer), scale)
    panel = _panel(answer)
    height = max(image.height, panel.height) + 2 * _PAD_PX
    page = Image.new("RGB", (image.width + panel.width + 3 * _PAD_PX, height), PAPER)
    page.paste(image, (_PAD_PX, _PAD_PX))
    ImageDraw.Draw(page).rectangle(
        (_PAD_PX - 1, _PAD_PX - 1, _PAD_PX + image.width, _PAD_PX + image.height), outline=LINE
    )
    page.paste(panel, (image.width + 2 * _PAD_PX, _PAD_PX))
    return page


def _labels(answer: Answer) -> list[str]:
    """The evidence id of each of the answer's boxes, which stand in the order of the evidence."""
    labels: list[str] = []
    for e in answer.evidence:
        payload = e.result.payload
        if e.id in answer.cites and payload is not None:
            # A quotation's boxes are fewer than its page's spans: what is left over is the text's own.
            labels += [e.id] * len(payload.boxes())
    few = len(answer.boxes)
    if len(labels) == few:
        return labels
    text = [e.id for e in answer.evidence if e.id in answer.cites and isinstance(e.result.payload, TextLines)]
    return [text[0] if len(text) == 1 else ""] * few


@dataclass
class _Pen:
    """Writes wrapped lines downwards; drawing is put off until the height is known."""

    width: int
    y: int = 0
    strokes: list[Callable[[ImageDraw.ImageDraw], None]] = field(default_factory=list)

    def write(
        self,
        text: str,
        face: Face,
        size: int,
        colour: Colour = INK,
        *,
        indent: int = 0,
        most: int = 4,
        after: int = 4,
    ) -> None:
        """`text` in at most `most` lines, then `after` px of space."""
        style = font(face, size)
        for line in _wrapped(text, style, self.width - indent, most):
            self._put(line, style, colour, indent)
            self.y += round(size * 1.42)
        self.y += after

    def _put(self, line: str, style: Font, colour: Colour, x: int) -> None:
        y = self.y
        self.strokes.append(lambda draw: draw.text((x, y), line, font=style, fill=colour))

    def rule(self) -> None:
        """A thin line across."""
        y = self.y + 6
        self.strokes.append(lambda draw: draw.line((0, y, self.width, y), fill=LINE, width=1))
        self.y += 20

    def bar(self, share: float, colour: Colour) -> None:
        """A bar that is filled to `share`."""
        y, right = self.y, self.width
        self.strokes.append(lambda draw: draw.rounded_rectangle((0, y, right, y + 8), 4, fill=LINE))
        if share > 0:
            end = max(round(right * share), 8)
            self.strokes.append(lambda draw: draw.rounded_rectangle((0, y, end, y + 8), 4, fill=colour))
        self.y += 16


def _wrapped(text: str, style: Font, width: int, most: int) -> list[str]:
    """`text` in lines that fit into `width` px, at most `most` of them."""
    per_char = max(style.getlength("abcdefghijklmnopqrstuvwxyz 0123456789") / 37, 1)
    chars = max(int(width / per_char), 8)
    lines = [part for line in text.splitlines() for part in textwrap.wrap(line, chars) or [""]]
    while any(style.getlength(line) > width for line in lines) and chars > 8:
        chars -= 1
        lines = [part for line in text.splitlines() for part in textwrap.wrap(line, chars) or [""]]
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1][: chars - 2] + " …"]


def _panel(answer: Answer) -> Image.Image:
    """Question, steps and answer, from top to bottom."""
    pen = _Pen(_PANEL_PX)
    pen.write("QUESTION", "bold", 13, FAINT)
    pen.write(answer.question, "bold", 24, after=2)
    pen.rule()
    found = {e.id: e for e in answer.evidence}
    for step in answer.trace:
        pen.write(f"STEP {step.index + 1}", "bold", 13, FAINT)
        if step.thought:
            pen.write(step.thought, "oblique", 16, FAINT)
        for id_ in step.evidence:
            if id_ in found:
                _write_evidence(pen, found[id_], answer)
        if step.answer:
            pen.write(f"answer: {step.answer}", "mono", 15)
        pen.y += 6
    pen.rule()
    _write_answer(pen, answer)
    panel = Image.new("RGB", (_PANEL_PX, pen.y), PAPER)
    draw = ImageDraw.Draw(panel)
    for stroke in pen.strokes:
        stroke(draw)
    return panel


def _write_evidence(pen: _Pen, evidence: Evidence, answer: Answer) -> None:
    pen.write(call_text(evidence), "mono", 15, MARKS[1], most=2, after=0)
    colour = INK if evidence.id in answer.cites else FAINT
    pen.write(result_text(evidence, around=answer.text), "mono", 14, colour, indent=22, most=9)


def _write_answer(pen: _Pen, answer: Answer) -> None:
    good = answer.status == "answered"
    pen.write("ANSWER", "bold", 13, FAINT)
    pen.write(answer.text, "bold", 34, INK if good else BAD, after=6)
    pen.write(
        f"confidence {answer.confidence:.0%}, {answer.status.replace('_', ' ')}",
        "regular",
        15,
        FAINT,
        after=2,
    )
    pen.bar(answer.confidence, GOOD if good else BAD)
    if answer.cites:
        pen.write(f"stands on {', '.join(answer.cites)}", "regular", 15)
    for check in answer.checks:
        mark, colour = ("✓", GOOD) if check.passed else ("✗", BAD)
        pen.write(f"{mark} {check.name}: {check.detail}", "regular", 15, colour, after=0)
    pen.y += 6
    pen.write(cost_text(answer), "regular", 14, FAINT)


def call_text(evidence: Evidence) -> str:
    """A call in one line, such as `e1  detect(query="red circles")`."""
    args = ", ".join(f'{k}="{v}"' for k, v in evidence.call.arguments.items())
    return f"{evidence.id}  {evidence.call.name}({args})"


def result_text(evidence: Evidence, lines: int = 8, around: str = "") -> str:
    """What a call found, in at most `lines` lines: those about `around` where it is said, else the first."""
    said = evidence.result.to_text(100_000).splitlines()
    if len(said) <= lines:
        return "\n".join(said)
    hit = next((i for i, line in enumerate(said) if around and around in line), 0)
    room = lines - 2
    start = min(max(hit - room // 2, 0), len(said) - room)
    after = len(said) - start - room
    above = [f"… {start} above"] if start else []
    return "\n".join([*above, *said[start : start + room], *([f"… {after} more"] if after else [])])


def cost_text(answer: Answer) -> str:
    """What a run cost, in one line."""
    usage = answer.usage
    counts = {"step": usage.steps, "call": usage.calls, "token": usage.tokens}
    said = [f"{n} {word}{'' if n == 1 else 's'}" for word, n in counts.items()]
    return ", ".join([*said, f"{usage.seconds:.1f} s"])
