"""Screenshots: pages in a browser, code, terminals, chats, settings, spreadsheets, telephones, desktops."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw

from sightline.train.kinds.effects import Pixels, resized, saved
from sightline.train.kinds.grids import draw_rows
from sightline.train.kinds.grids import look as table_look
from sightline.train.kinds.lettering import number, paragraph, phrase, words
from sightline.train.kinds.photos import backdrop
from sightline.train.kinds.plots import chart
from sightline.train.worlds.dice import chance, pick, span
from sightline.train.worlds.typefaces import face

RGB = tuple[int, int, int]
Area = tuple[int, int, int, int]
"""XYXY, px."""


class Screen:
    """A picture of a screen in the making: its colors, its pen."""

    def __init__(self, rng: Generator, width: int, height: int) -> None:
        self.rng = rng
        self.dark = chance(rng, 0.3)
        self.ground: RGB = _gray(rng, 18, 45) if self.dark else _gray(rng, 246, 255)
        self.panel: RGB = _gray(rng, 38, 62) if self.dark else _gray(rng, 226, 246)
        self.ink: RGB = _gray(rng, 205, 245) if self.dark else _gray(rng, 15, 60)
        self.faint: RGB = _gray(rng, 110, 160)
        self.accent: RGB = (span(rng, 0, 230), span(rng, 60, 200), span(rng, 60, 255))
        self.size = span(rng, 12, 17)
        self.face = pick(rng, ("sans", "grotesque"))
        self.image = Image.new("RGB", (width, height), self.ground)
        self.brush = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, ink: RGB | None = None, size: int | None = None) -> float:
        """One line, its middle at `y`; returns where it ends, px."""
        font = face(self.face, size or self.size)
        self.brush.text((x, y), text, ink or self.ink, font, anchor="lm")
        return x + float(font.getlength(text))

    def box(self, area: Area, fill: RGB | None, outline: RGB | None = None, radius: int = 0) -> None:
        """A plain or rounded box."""
        if area[2] > area[0] and area[3] > area[1]:
            self.brush.rounded_rectangle(area, radius, fill, outline)

    def icon(self, x: float, y: float, side: int) -> None:
        """A small sign with its middle at (x, y)."""
        rng, half = self.rng, side / 2
        color = pick(rng, (self.faint, self.ink, self.accent, _tone(rng, 30, 229)))
        box = (x - half, y - half, x + half, y + half)
        match span(rng, 0, 4):
            case 0:
                self.brush.ellipse(box, outline=color, width=2)
            case 1:
                self.brush.rounded_rectangle(box, 3, color)
            case 2:
                for n in range(3):
                    at = y - half + half * n + 1
                    self.brush.line((x - half, at, x + half, at), color, 2)
            case 3:
                self.brush.polygon([(x, y - half), (x + half, y + half), (x - half, y + half)], color)
            case _:
                self.brush.ellipse(box, fill=color)

    def button(self, x: float, y: float, text: str) -> float:
        """A named button with its middle at `y`; returns where it ends, px."""
        wide = face(self.face, self.size).getlength(text) + 2 * self.size
        filled, half = chance(self.rng, 0.5), self.size
        fill, ink = (self.accent, (255, 255, 255)) if filled else (self.panel, self.ink)
        self.box(
            (round(x), round(y - half), round(x + wide), round(y + half)),
            fill,
            self.faint,
            pick(self.rng, (0, 4, 9)),
        )
        self.text(x + self.size, y, text, ink)
        return x + wide

    def paste(self, part: Pixels, area: Area) -> None:
        """A picture, fitted into the area."""
        shown = Image.fromarray(part)
        shown.thumbnail((max(area[2] - area[0], 8), max(area[3] - area[1], 8)))
        self.image.paste(shown, area[:2])


def _gray(rng: Generator, low: int, high: int) -> RGB:
    level = span(rng, low, high)
    return level, level, min(level + span(rng, 0, 6), 255)


def _tone(rng: Generator, low: int, high: int) -> RGB:
    return span(rng, low, high), span(rng, low, high), span(rng, low, high)


def screenshot(rng: Generator) -> Pixels:
    """One picture of a screen or of one window of it."""
    width, height = pick(rng, ((800, 600), (1024, 700), (1280, 720), (900, 900), (640, 480), (1100, 620)))
    made = pick(rng, _MAKERS)
    if made is _telephone:
        width, height = pick(rng, ((360, 640), (390, 844), (480, 960)))
    screen = Screen(rng, width, height)
    top = 0 if made in (_telephone, _desktop) else _title_bar(screen)
    made(screen, (0, top, width, height))
    image = np.array(screen.image, np.uint8)
    if chance(rng, 0.3):
        image = resized(image, span(rng, 480, 1100))
    return saved(rng, image, lossy=0.3)


def _title_bar(s: Screen) -> int:
    """The bar of a window: its name, its buttons, a menu, the address of a page; returns its height, px."""
    rng, width, y = s.rng, s.image.width, 0
    if chance(rng, 0.85):
        high = span(rng, 24, 38)
        s.box((0, 0, width, high), s.panel if chance(rng, 0.7) else s.accent)
        for n in range(3):
            s.icon((14 + 18 * n) if chance(rng, 0.5) else width - 16 - 24 * n, high / 2, 11)
        s.text(width * float(rng.uniform(0.08, 0.4)), high / 2, words(rng, 1, 4).title())
        y = high
    if chance(rng, 0.5):
        x = 10.0
        for name in (
            "File",
            "Edit",
            "View",
            *(words(rng, 1, 1).title() for _ in range(span(rng, 1, 5))),
            "Help",
        ):
            x = s.text(x, y + 13, name) + 16
        y += 26
    if chance(rng, 0.5):
        s.box((0, y, width, y + 36), s.panel)
        for n in range(span(rng, 2, 12)):
            s.icon(18 + 30 * n, y + 18, 14)
        y += 36
    s.brush.line((0, y, width, y), s.faint)
    return y


def _page(s: Screen, area: Area) -> None:
    """A page of the web: an address, a menu, headings, text, links, pictures, cards."""
    rng, (x1, y, x2, y2) = s.rng, area
    if chance(rng, 0.7):
        s.box((x1 + 100, y + 6, x2 - 60, y + 30), s.ground, s.faint, 10)
        s.text(x1 + 116, y + 18, f"https://www.{words(rng, 1, 1)}.com/{words(rng, 1, 1)}", s.faint)
        for n in range(3):
            s.icon(x1 + 20 + 28 * n, y + 18, 13)
        y += 38
    x = x1 + 20.0
    for _ in range(span(rng, 3, 7)):
        x = s.text(x, y + 22, words(rng, 1, 2).title(), pick(rng, (s.ink, s.accent))) + 26
    s.button(x2 - 120, y + 22, pick(rng, ("Sign in", "Log in", "Search", "Menu")))
    y += 48
    left = x1 + (200 if chance(rng, 0.5) else 24)
    if left > x1 + 100:
        for n in range(span(rng, 4, 14)):
            s.text(x1 + 18, y + 14 + 26 * n, words(rng, 1, 2).capitalize(), s.accent if n == 1 else s.ink)
    _content(s, (left, y, x2 - span(rng, 20, 200), y2))


def _content(s: Screen, area: Area) -> None:
    """Headings, paragraphs, buttons, pictures, tables and charts, from the top to the end of the area."""
    rng, (x1, y, x2, y2) = s.rng, area
    while y < y2 - 30:
        what, wide = rng.random(), x2 - x1
        if what < 0.2:
            s.text(x1, y + 18, words(rng, 2, 5).capitalize(), None, s.size + span(rng, 5, 14))
            y += 44
        elif what < 0.6:
            for line in paragraph(rng, s.face, s.size, wide, span(rng, 2, 6)):
                s.text(x1, y + s.size, line, s.ink if chance(rng, 0.95) else s.accent)
                y += round(1.5 * s.size)
            y += 12
        elif what < 0.7:
            x = float(x1)
            for _ in range(span(rng, 1, 3)):
                x = s.button(x, y + 22, words(rng, 1, 2).title()) + 14
            y += 48
        elif what < 0.85:
            y += _cards(s, (x1, y, x2, min(y + span(rng, 90, 220), y2)))
        elif what < 0.93:
            part = draw_rows(
                [[phrase(rng)[:16], number(rng), number(rng)] for _ in range(span(rng, 3, 7))],
                table_look(rng),
            )
            s.paste(part, (x1, y, x2, y2))
            y += min(part.shape[0], y2 - y) + 14
        else:
            high = min(span(rng, 140, 260), y2 - y)
            s.paste(chart(rng), (x1, y, x1 + wide // 2, y + high))
            y += high + 14


def _cards(s: Screen, area: Area) -> int:
    """A row of pictures or boxes with a line under each; returns its height, px."""
    rng, (x1, y1, x2, y2) = s.rng, area
    count = span(rng, 1, 4)
    step = (x2 - x1) // count
    for n in range(count):
        x = x1 + n * step
        high = max(y2 - y1 - 30, 12)
        if chance(rng, 0.6):
            s.paste(backdrop(rng, max(step - 16, 12), high), (x, y1, x + step - 16, y1 + high))
        else:
            s.box((x, y1, x + step - 16, y1 + high), s.panel, s.faint, 8)
            s.text(x + 12, y1 + high / 2, words(rng, 1, 2).title())
        s.text(x, y2 - 14, words(rng, 1, 3).capitalize()[: max(step // 9, 4)])
    return y2 - y1 + 12


def _code(s: Screen, area: Area) -> None:
    """Code or a terminal: lines of fixed pitch, indented, colored, with numbers at the left."""
    rng, (x1, y1, _, y2) = s.rng, area
    s.face = pick(rng, ("mono", "mono", "mono-bold"))
    colors = [s.ink, s.ink, s.accent, s.faint, _tone(rng, 90, 199)]
    numbered, prompt = chance(rng, 0.6), chance(rng, 0.35)
    step = round(s.size * 1.4)
    for n, y in enumerate(range(y1 + step, y2 - 8, step), start=1):
        x = float(x1 + 10)
        if numbered:
            s.text(x, y, f"{n:>3}", s.faint)
            x += 4 * s.size
        if chance(rng, 0.15):
            continue
        x += 0 if prompt else 2 * s.size * span(rng, 0, 3)
        if prompt and chance(rng, 0.4):
            x = s.text(x, y, f"{words(rng, 1, 1)}@{words(rng, 1, 1)}:~$ ", s.accent) + 4
        for _ in range(span(rng, 1, 6)):
            token = words(rng, 1, 1) + pick(rng, (" ", " = ", "(", ")", ".", ": ", '"', " {", ";"))
            x = s.text(x, y, token, pick(rng, colors))


def _chat(s: Screen, area: Area) -> None:
    """Messages in bubbles on both sides, a list of names at the left, a line to write in."""
    rng, (x1, y1, x2, y2) = s.rng, area
    left = x1 + (x2 - x1) // 4 if x2 - x1 > 500 else x1
    for n in range((y2 - y1) // 56 if left > x1 else 0):
        s.icon(x1 + 24, y1 + 28 + 56 * n, 30)
        s.text(x1 + 48, y1 + 22 + 56 * n, phrase(rng)[:16])
        s.text(x1 + 48, y1 + 40 + 56 * n, words(rng, 2, 4)[:18], s.faint, 11)
    y = y1 + 14
    while y < y2 - 100:
        wide = span(rng, (x2 - left) // 4, (x2 - left) * 6 // 10)
        lines = paragraph(rng, s.face, s.size, wide - 24, span(rng, 1, 4))
        high, mine = round(len(lines) * 1.4 * s.size) + 16, chance(rng, 0.5)
        x = x2 - wide - 14 if mine else left + 14
        s.box((x, y, x + wide, y + high), s.accent if mine else s.panel, None, 12)
        for n, line in enumerate(lines):
            s.text(x + 12, y + 8 + s.size * (0.7 + 1.4 * n), line, (255, 255, 255) if mine else s.ink)
        y += high + span(rng, 8, 24)
    s.box((left + 12, y2 - 48, x2 - 60, y2 - 12), s.ground, s.faint, 14)
    s.text(left + 28, y2 - 30, "Type a message", s.faint)
    s.icon(x2 - 32, y2 - 30, 20)


def _settings(s: Screen, area: Area) -> None:
    """Names with switches, boxes to tick, fields and sliders; buttons at the foot."""
    rng, (x1, y1, x2, y2) = s.rng, area
    left = x1 + span(rng, 20, 220)
    for n in range((y2 - y1) // 34 if left > x1 + 150 else 0):
        s.icon(x1 + 20, y1 + 20 + 34 * n, 14)
        s.text(x1 + 38, y1 + 20 + 34 * n, words(rng, 1, 2).capitalize()[:16])
    for y in range(y1 + 24, y2 - 70, span(rng, 34, 52)):
        s.text(left, y, words(rng, 1, 4).capitalize())
        x = max(x2 - span(rng, 100, 260), left + 180)
        match span(rng, 0, 3):
            case 0:
                s.box((x, y - 9, x + 36, y + 9), s.accent if chance(rng, 0.5) else s.faint, None, 9)
                s.brush.ellipse((x + 19, y - 8, x + 35, y + 8), s.ground)
            case 1:
                s.box((x, y - 8, x + 16, y + 8), s.ground, s.faint, 2)
            case 2:
                s.box((x, y - 13, x + 150, y + 13), s.ground, s.faint, 3)
                s.text(x + 8, y, phrase(rng)[:15])
            case _:
                s.brush.line((x, y, x + 130, y), s.faint, 3)
                s.icon(x + 20 + 90 * float(rng.random()), y, 14)
    end = s.button(x2 - 220, y2 - 34, "Cancel") + 12
    s.button(end, y2 - 34, pick(rng, ("OK", "Save", "Apply")))


def _spreadsheet(s: Screen, area: Area) -> None:
    """Cells under letters and beside numbers, with a line for formulas and names of sheets."""
    rng, (x1, y1, x2, y2) = s.rng, area
    s.box((x1, y1, x2, y1 + 28), s.panel)
    s.text(
        x1 + 12,
        y1 + 14,
        f"{pick(rng, 'ABCD')}{span(rng, 1, 30)}   fx  ={pick(rng, ('SUM', 'AVERAGE'))}(B2:B9)",
    )
    wide, high, y1 = span(rng, 70, 120), span(rng, 20, 26), y1 + 28
    filled = span(rng, 3, 8)
    for row, y in enumerate(range(y1, y2 - 28, high)):
        s.box((x1, y, x1 + 36, y + high), s.panel, s.faint)
        s.text(x1 + 10, y + high / 2, str(row) if row else "", s.faint, 11)
        for column, x in enumerate(range(x1 + 36, x2, wide)):
            s.box((x, y, x + wide, y + high), s.panel if row == 0 else None, s.faint)
            cell = chr(65 + column % 26) if row == 0 else ""
            if row and column < filled and row < 18:
                cell = phrase(rng) if column == 0 or row == 1 else number(rng)
            s.text(x + 5, y + high / 2, cell[: wide // 9], None, 11)
    end = x1 + 40.0
    for name in ("Sheet1", "Sheet2", words(rng, 1, 1).title()):
        end = s.text(end, y2 - 14, name) + 24


def _files(s: Screen, area: Area) -> None:
    """Folders and files, as signs with names or as a list with sizes and dates."""
    rng, (x1, y1, x2, y2) = s.rng, area
    if chance(rng, 0.5):
        for y in range(y1 + 50, y2 - 60, 104):
            for x in range(x1 + 60, x2 - 40, 110):
                s.icon(x, y, 44)
                s.text(x - 36, y + 40, words(rng, 1, 1) + pick(rng, ("", ".txt", ".png", ".pdf")), None, 11)
        return
    for y in range(y1 + 18, y2 - 12, 26):
        s.icon(x1 + 24, y, 14)
        s.text(x1 + 44, y, words(rng, 1, 2) + pick(rng, ("", ".txt", ".png", ".pdf")))
        s.text(x1 + (x2 - x1) * 0.5, y, f"{span(rng, 1, 999)} {pick(rng, ('KB', 'MB'))}", s.faint)
        s.text(
            x1 + (x2 - x1) * 0.7,
            y,
            f"{span(rng, 1, 28)}/{span(rng, 1, 12)}/2025 {span(rng, 10, 23)}:{span(rng, 10, 59)}",
        )


def _telephone(s: Screen, area: Area) -> None:
    """A telephone: time and battery at the top, an app or the signs of apps."""
    rng, (x1, _, x2, y2) = s.rng, area
    home = chance(rng, 0.4)
    if home and chance(rng, 0.7):
        s.image.paste(Image.fromarray(backdrop(rng, x2, y2)), (0, 0))
    s.text(16, 14, f"{span(rng, 1, 23)}:{span(rng, 10, 59)}")
    for n in range(3):
        s.icon(x2 - 16 - 20 * n, 14, 11)
    if home:
        step = x2 // 4
        for y in range(90, y2 - 60, round(step * 1.15)):
            for n in range(4):
                s.box(
                    (n * step + 14, y - 26, n * step + step - 14, y + step - 54),
                    _tone(rng, 30, 239),
                    None,
                    12,
                )
                s.text(n * step + 16, y + step - 40, words(rng, 1, 1).title()[:8], None, 10)
        return
    pick(rng, (_chat, _settings, _content))(s, (x1 + 10, 70, x2 - 10, y2 - 50))
    s.text(x2 / 3, 44, words(rng, 1, 2).title(), None, s.size + 3)
    for n in range(4):
        s.icon(x2 * (n + 0.5) / 4, y2 - 24, 20)


def _desktop(s: Screen, area: Area) -> None:
    """A desktop: a picture behind, signs at the left, a bar at the foot, one or two windows."""
    rng, (_, _, x2, y2) = s.rng, area
    if chance(rng, 0.7):
        s.image.paste(Image.fromarray(backdrop(rng, x2, y2)), (0, 0))
    for n in range(span(rng, 2, 6)):
        s.icon(44, 50 + 84 * n, 36)
        s.text(16, 82 + 84 * n, words(rng, 1, 1).title(), (255, 255, 255), 11)
    for _ in range(span(rng, 0, 2)):
        inner = Screen(rng, span(rng, x2 // 3, x2 * 2 // 3), span(rng, y2 // 3, y2 * 2 // 3))
        top = _title_bar(inner)
        pick(rng, (_page, _code, _settings, _files))(inner, (0, top, inner.image.width, inner.image.height))
        s.image.paste(inner.image, (span(rng, 100, x2 // 3), span(rng, 20, y2 // 4)))
    s.box((0, y2 - 38, x2, y2), s.panel)
    for n in range(span(rng, 3, 9)):
        s.icon(30 + 46 * n, y2 - 19, 20)
    s.text(x2 - 80, y2 - 19, f"{span(rng, 10, 23)}:{span(rng, 10, 59)}")


_MAKERS: tuple[Callable[[Screen, Area], None], ...] = (
    _page,
    _page,
    _page,
    _code,
    _code,
    _chat,
    _settings,
    _settings,
    _spreadsheet,
    _files,
    _telephone,
    _telephone,
    _desktop,
)
