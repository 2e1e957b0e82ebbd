"""Pages of text: what is printed where, and how it is drawn.

A page is a list of rows; a row is a few runs of text, each at a place of its own. The parts of a run
carry the name of the field that they print, so that a field's text can be followed through to what
a reader makes of it. Places are fractions of the printable width; drawing turns them into pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw

from sightline.train.worlds.typefaces import face

Align = Literal["left", "centre", "right"]
Part = tuple[str, str]
"""(field, text); the field is empty where the text prints none."""
Kind = Literal["receipt", "invoice", "form", "sign"]
HELD_OUT_LAYOUTS: dict[Kind, str] = {
    "receipt": "below",
    "invoice": "mirrored",
    "form": "stacked",
    "sign": "left",
}
"""The layout of each kind that is never trained on: names of goods below their prices, the customer at the
right of an invoice, a form's values below their labels, a sign that is not centred."""
PAD_GREY = 127
"""What a page is padded with to a square; the model's processor pads with the same."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of text. `x`: where its left end, middle or right end stands, 0..1 of the printable width."""

    parts: tuple[Part, ...]
    x: float = 0.0
    align: Align = "left"

    @property
    def text(self) -> str:
        """The parts run together."""
        return "".join(text for _, text in self.parts)


@dataclass(frozen=True, kw_only=True)
class Row:
    """Runs on one line.

    `size`: times the page's text size; `gap`: blank lines above; `rule`: a drawn line without text.
    """

    runs: tuple[Run, ...] = ()
    size: float = 1.0
    bold: bool = False
    gap: float = 0.0
    rule: bool = False


@dataclass(frozen=True, kw_only=True)
class Item:
    """One bought thing; money in minor units (cents). `quantity` is text: it may be litres."""

    name: str
    quantity: str
    price: int
    amount: int
    discount: int = 0


@dataclass(frozen=True, kw_only=True)
class Bill:
    """The arithmetic of a receipt or invoice, in minor units.

    subtotal = sum of the amounts; due = subtotal - discount + service (+ tax where not inclusive);
    total = due + rounding; change = paid - total.
    """

    items: tuple[Item, ...]
    subtotal: int
    discount: int = 0
    service: int = 0
    tax: int = 0
    inclusive: bool = False
    rounding: int = 0
    total: int
    paid: int
    change: int


@dataclass(frozen=True, kw_only=True)
class PageStyle:
    """How a page looks. `columns`: characters a line; `leading`: line height in ems; `tilt`: degrees."""

    face: str
    bold_face: str
    columns: int
    leading: float
    margin: float
    surround: float
    paper: tuple[int, int, int]
    ink: tuple[int, int, int]
    tilt: float
    blur: float
    grain: float
    fade: float
    noise_seed: int


@dataclass(frozen=True, kw_only=True)
class Document:
    """A page and its exact state.

    `fields`: field -> its text as printed. `labels`: field -> what the page (or a person) calls it, for
    fields of forms and for items. `bill`: the arithmetic, where there is any. `layout`: how it is set out.
    """

    kind: Kind
    rows: tuple[Row, ...]
    fields: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    bill: Bill | None = None
    layout: str
    style: PageStyle

    def text_rows(self) -> list[str]:
        """The exact text, runs of a row joined by ` | `."""
        return [" | ".join(run.text for run in row.runs) for row in self.rows if row.runs]


class Sheet:
    """Collects the rows of a page. `upper`: everything is printed in capitals.

    Text is given as strings and `(field, text)` parts; blanks at the ends of a run are dropped.
    """

    def __init__(self, *, upper: bool = False) -> None:
        self.rows: list[Row] = []
        self.upper = upper
        self._gap = 0.0

    def run(self, *pieces: str | Part, x: float = 0.0, align: Align = "left") -> Run:
        """A run of `pieces` that stands at `x`."""
        parts: list[Part] = [("", p) if isinstance(p, str) else p for p in pieces]
        if self.upper:
            parts = [(name, text.upper()) for name, text in parts]
        parts[0] = (parts[0][0], parts[0][1].lstrip())
        parts[-1] = (parts[-1][0], parts[-1][1].rstrip())
        return Run(parts=tuple(p for p in parts if p[1]), x=x, align=align)

    def add(self, *runs: Run, size: float = 1.0, bold: bool = False) -> None:
        """A row of `runs`, from left to right; runs without text are left out."""
        kept = tuple(run for run in runs if run.parts)
        if kept:
            self.rows.append(Row(runs=kept, size=size, bold=bold, gap=self._gap))
            self._gap = 0.0

    def line(self, *pieces: str | Part, align: Align = "left", size: float = 1.0, bold: bool = False) -> None:
        """A row of one run at the left, in the middle or at the right."""
        x = {"left": 0.0, "centre": 0.5, "right": 1.0}[align]
        self.add(self.run(*pieces, x=x, align=align), size=size, bold=bold)

    def blank(self, gap: float = 0.6) -> None:
        """Blank space (in line heights) before the next row."""
        self._gap = max(self._gap, gap)

    def rule(self) -> None:
        """A drawn line across the page; it holds no text."""
        if self.rows and not self.rows[-1].rule:
            self.rows.append(Row(rule=True, gap=self._gap, size=0.7))
            self._gap = 0.0

    def fields(self) -> dict[str, str]:
        """Field -> its text where it is printed first."""
        found: dict[str, str] = {}
        for row in self.rows:
            for run in row.runs:
                for name, text in run.parts:
                    if name:
                        found.setdefault(name, text)
        return found


def make_style(rng: np.random.Generator, kind: Kind) -> PageStyle:
    """A look: receipts are narrow and often monospaced, the rest is wide; grey ink, tinted paper."""
    faces = {
        "receipt": ("receipt", "mono", "narrow", "mono-bold", "sans", "grotesque"),
        "invoice": ("sans", "grotesque", "serif", "narrow"),
        "form": ("sans", "grotesque", "serif", "mono", "narrow"),
        "sign": ("sans-bold", "grotesque", "serif", "narrow"),
    }[kind]
    name = faces[int(rng.random() * len(faces))]
    base = int(rng.integers(228, 256))
    tint = rng.integers(0, 16 if kind != "sign" else 60, 3)
    paper = tuple(int(v) for v in np.clip(base - tint, 170, 255))
    dark = int(rng.integers(5, 90))
    columns = {"receipt": (34, 46), "invoice": (70, 86), "form": (56, 76), "sign": (16, 30)}[kind]
    return PageStyle(
        face=name,
        bold_face="mono-bold" if name in ("mono", "receipt", "mono-bold") else "sans-bold",
        columns=int(rng.integers(columns[0], columns[1] + 1)),
        leading=float(rng.uniform(1.15, 1.6)),
        margin=float(rng.uniform(0.03, 0.1)),
        surround=float(rng.uniform(0.02, 0.35)) if rng.random() < 0.3 else 0.0,
        paper=(paper[0], paper[1], paper[2]),
        ink=(dark, dark, min(dark + int(rng.integers(0, 30)), 120)),
        tilt=float(rng.normal(0, 0.7)) if rng.random() < 0.5 else 0.0,
        blur=float(rng.uniform(0.3, 0.8)) if rng.random() < 0.4 else 0.0,
        grain=float(rng.uniform(1, 7)) if rng.random() < 0.6 else 0.0,
        fade=float(rng.uniform(0, 30)) if rng.random() < 0.3 else 0.0,
        noise_seed=int(rng.integers(2**31)),
    )


def page_height(doc: Document, width: float) -> float:
    """Height in px of a page that is `width` px wide."""
    line = _em(doc.style, width) * doc.style.leading
    lines = sum(row.size + row.gap for row in doc.rows)
    return (lines * line + 2 * doc.style.margin * width) * (1 + doc.style.surround)


def _em(style: PageStyle, width: float) -> float:
    """Text size in px; 0.6 em is the advance of the monospaced faces, and near enough for the rest."""
    inner = width / (1 + style.surround)
    return inner * (1 - 2 * style.margin) / (style.columns * 0.6)


def _extents(row: Row, name: str, size: int, inner: float) -> list[tuple[float, float]]:
    """Left and right end of each run in px of the printable width."""
    font = face(name, size)
    ends: list[tuple[float, float]] = []
    for run in row.runs:
        length = font.getlength(run.text)
        left = run.x * inner - {"left": 0.0, "centre": 0.5, "right": 1.0}[run.align] * length
        ends.append((left, left + length))
    return ends


def _fit(row: Row, name: str, size: int, inner: float) -> tuple[int, list[tuple[float, float]]]:
    """The largest text size, at most `size` px, at which no run leaves the page or meets the next one."""
    while True:
        ends = _extents(row, name, size, inner)
        free = 0.3 * size
        meets = any(right + free > left for (_, right), (left, _) in pairwise(ends))
        if size <= 3 or (ends[0][0] >= -1 and ends[-1][1] <= inner + 1 and not meets):
            return size, ends
        size = max(min(size - 1, int(size * 0.92)), 3)


def _placed(doc: Document, width: int) -> Iterator[tuple[Row, float, str, int, list[tuple[float, float]]]]:
    """Row, its middle line's y, face, size and run ends in px, from top to bottom."""
    style, em = doc.style, _em(doc.style, width)
    inner = width / (1 + style.surround) * (1 - 2 * style.margin)
    y = style.margin * width / (1 + style.surround)
    for row in doc.rows:
        line = em * style.leading
        y += row.gap * line
        middle = y + row.size * line / 2
        name = style.bold_face if row.bold else style.face
        if row.rule:
            yield row, middle, name, 0, [(0.0, inner)]
        else:
            size, ends = _fit(row, name, max(round(em * row.size), 3), inner)
            yield row, middle, name, size, ends
        y += row.size * line


def _draw_text(doc: Document, width: int, height: int) -> np.ndarray:
    """uint8[height, width]: how much ink lies where, 0..255."""
    image = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(image)
    pen.fontmode = "L"
    style = doc.style
    outer = width - width / (1 + style.surround)
    left = outer / 2 + style.margin * (width - outer)
    top = (height - height / (1 + style.surround)) / 2
    for row, middle, name, size, ends in _placed(doc, width):
        if row.rule:
            pen.line(
                (left, top + middle, left + ends[0][1], top + middle), fill=150, width=max(width // 400, 1)
            )
            continue
        font = face(name, size)
        for run, (x, _) in zip(row.runs, ends, strict=True):
            pen.text((left + x, top + middle), run.text, fill=255, font=font, anchor="lm")
    return np.asarray(image)


def _ink(doc: Document, width: int) -> np.ndarray:
    """uint8[H, width]: the page's ink after blur and tilt, 0..255."""
    style = doc.style
    height = max(round(page_height(doc, width)), 8)
    ink = _draw_text(doc, width, height)
    if style.blur:
        ink = cv2.GaussianBlur(ink, (0, 0), style.blur * width / 600 + 0.05)
    if style.tilt:
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), style.tilt, 1.0)
        ink = cv2.warpAffine(ink, turn, (width, height), flags=cv2.INTER_LINEAR)
    return ink


def _on_paper(style: PageStyle, ink: np.ndarray) -> np.ndarray:
    """uint8[H, W, 3]: ink on tinted, fading, grainy paper."""
    height, width = ink.shape
    cover = (ink.astype(np.float32) / 255)[..., None]
    fade = style.fade * np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    paper = np.asarray(style.paper, np.float32) - fade
    page = paper + (np.asarray(style.ink, np.float32) - paper) * cover
    if style.grain:
        noise = np.random.default_rng(style.noise_seed)
        page += noise.standard_normal((height, width, 1), np.float32) * style.grain
    return np.clip(page, 0, 255).astype(np.uint8)


def draw_document(doc: Document, width: int = 600) -> np.ndarray:
    """The page as a scanner would give it, uint8[H, width, 3] RGB."""
    return _on_paper(doc.style, _ink(doc, width))


def draw_thumbnail(doc: Document, side: int = 128) -> np.ndarray:
    """The whole page in a square, uint8[side, side, 3]: ink drawn at twice the size and shrunk.

    What is left of the square is grey, evenly on both sides, as when the full page is shrunk to fit.
    """
    tall = page_height(doc, 1000) / 1000
    ink = _ink(doc, max(round(2 * side / max(tall, 1.0)), 16))
    fit = side / max(ink.shape)
    h, w = (min(max(round(length * fit), 1), side) for length in ink.shape)
    shrunk = cv2.resize(ink, (w, h), interpolation=cv2.INTER_AREA)
    square = np.full((side, side, 3), PAD_GREY, np.uint8)
    top, left = (side - h) // 2, (side - w) // 2
    square[top : top + h, left : left + w] = _on_paper(replace(doc.style, grain=doc.style.grain / 3), shrunk)
    return square
