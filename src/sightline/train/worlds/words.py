"""Drawn words with exact labels: what a vision tower learns to read from.

An image holds one to three short lines. A line is centred on a row of the label grid, and no half of
a grid cell holds the centres of two characters, so that each cell can name the (at most two)
characters in it: `char_labels` gives these classes, one for the left and one for the right half.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw

from sightline.mllm.chat import Branch, Dialogue, Reply
from sightline.train.worlds.lexicon import COMMON, COMPANY_WORDS, FIRST_NAMES, LAST_NAMES, MONTHS, PRODUCTS
from sightline.train.worlds.lexicon import invented_word as _invented
from sightline.train.worlds.typefaces import FACES, cap_height, face

SIDE = 128
"""The side that layouts are made for, px."""
GRID = 8
"""Cells a side of the label grid."""
_PRINTED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.,:;/-+*=()&%#$£€@!?'_"
CHARSET: tuple[str, ...] = ("", *_PRINTED)
"""Class index -> character; index 0 means that the half cell holds no character."""
_INDEX = {char: index for index, char in enumerate(CHARSET)}
_HALF = SIDE / GRID / 2
_JITTER = 3.0


@dataclass(frozen=True, kw_only=True)
class WordLine:
    """One line: its text, the x of each character's centre and the y of its middle, px of SIDE."""

    text: str
    centres: tuple[float, ...]
    y: float
    face: str
    size: int
    ink: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Words:
    """What stands in an image, and what its paper looks like. `noise_seed` makes the paper's grain."""

    lines: tuple[WordLine, ...]
    paper: tuple[int, int, int]
    slope: tuple[float, float]
    grain: float
    rules: int
    noise_seed: int

    @property
    def text(self) -> str:
        """The lines from top to bottom, joined by ` / `."""
        return " / ".join(line.text for line in self.lines)


def _pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def _cased(rng: np.random.Generator, word: str) -> str:
    """`word` as it stands, in capitals, in title case or in lower case."""
    return (word, word.upper(), word.title(), word.lower())[int(rng.choice(4, p=(0.1, 0.4, 0.25, 0.25)))]


def _price(rng: np.random.Generator) -> str:
    amount = float(rng.choice((10, 100, 1000, 10000), p=(0.4, 0.35, 0.15, 0.1)) * rng.random())
    text = f"{amount:,.2f}" if rng.random() < 0.5 else f"{amount:.2f}"
    return str(rng.choice(("", "", "$", "RM", "£", "€", "USD ", "RM "))) + text


def _date(rng: np.random.Generator) -> str:
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1998, 2027))
    name = MONTHS[month - 1][:3]
    forms = (
        f"{day:02}/{month:02}/{year}",
        f"{day:02}-{month:02}-{year % 100:02}",
        f"{year}-{month:02}-{day:02}",
        f"{day:02}.{month:02}.{year}",
        f"{day} {name} {year}",
        f"{name} {day}",
        f"{int(rng.integers(24)):02}:{int(rng.integers(60)):02}",
    )
    return forms[int(rng.integers(len(forms)))]


def _code(rng: np.random.Generator) -> str:
    letters = "".join(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), int(rng.integers(1, 4))))
    digits = "".join(rng.choice(list("0123456789"), int(rng.integers(2, 7))))
    return letters + str(rng.choice(("", "-", "/", " ", "#"))) + digits


def _number(rng: np.random.Generator) -> str:
    digits = int(rng.integers(1, 9))
    number = int(rng.integers(10 ** (digits - 1), 10**digits))
    forms = (f"{number}", f"{number}", f"{number:,}", f"{number % 100}%", f"x{number % 100}", f"#{number}")
    return _pick(rng, forms)


def _scramble(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list(_PRINTED), int(rng.integers(1, 9))))


def _word(rng: np.random.Generator) -> str:
    pool = (COMMON, PRODUCTS, COMPANY_WORDS, FIRST_NAMES, LAST_NAMES, MONTHS)
    word = _pick(rng, pool[int(rng.choice(6, p=(0.45, 0.25, 0.12, 0.07, 0.07, 0.04)))])
    return _cased(rng, _invented(rng) if rng.random() < 0.15 else word)


def _label(rng: np.random.Generator) -> str:
    labels = "Total Date No Tel Qty Tax Cash Change Time Name Price Sum GST VAT".split()
    return _cased(rng, _pick(rng, tuple(labels))) + str(rng.choice((":", " :", ".", ": "))) + _number(rng)


def _line_text(rng: np.random.Generator, longest: int) -> str:
    """One line of characters of CHARSET and single blanks, at most `longest` long."""
    makers = (_word, _price, _date, _code, _number, _scramble, _label)
    text = makers[int(rng.choice(7, p=(0.5, 0.12, 0.1, 0.08, 0.08, 0.06, 0.06)))](rng)
    kept = " ".join("".join(c for c in text if c in _INDEX or c == " ").split())
    return kept[:longest].strip() or "OK"


def _centres(text: str, name: str, size: int, spread: float) -> list[float]:
    """Offsets of the character centres from the line's left end: at least half a cell apart, px."""
    font = face(name, size)
    offsets: list[float] = []
    x, last = 0.0, -_HALF
    for char in text:
        width = font.getlength(char)
        centre = max(x + width / 2, last + _HALF + 0.01)
        offsets.append(centre)
        last, x = centre, centre + width / 2 + spread
    return offsets


def _make_line(rng: np.random.Generator, row: int) -> WordLine:
    """A line on the grid's row `row`, shortened until it fits between the margins."""
    name = str(rng.choice(list(FACES)))
    size = int(rng.integers(11, 18))
    spread = float(rng.choice((0.0, 0.5, 1.5)))
    text = _line_text(rng, 14)
    offsets = _centres(text, name, size, spread)
    # Half of the widest glyph and 1 px must remain free on both sides.
    margin = size * 0.55 + 1
    while offsets[-1] - offsets[0] > SIDE - 2 * margin:
        text = text[:-1].strip()
        offsets = _centres(text, name, size, spread)
    room = SIDE - 2 * margin - (offsets[-1] - offsets[0])
    left = margin - offsets[0] + room * float(rng.random())
    # The first and last row keep capitals and descenders inside the image.
    y = min(max((row + 0.5) * SIDE / GRID + float(rng.uniform(-_JITTER, _JITTER)), 8.0), SIDE - 11.0)
    ink = np.clip(rng.integers(0, 70) + rng.integers(-25, 50, 3), 0, 110)
    r, g, b = (int(v) for v in ink)
    centres = tuple(left + offset for offset in offsets)
    return WordLine(text=text, centres=centres, y=y, face=name, size=size, ink=(r, g, b))


def make_words(rng: np.random.Generator) -> Words:
    """One to three lines on distinct rows of the grid (never the rows next to each other's text)."""
    count = int(rng.choice((1, 2, 3), p=(0.3, 0.35, 0.35)))
    while True:
        rows = np.sort(rng.choice(GRID, count, replace=False))
        if count == 1 or int(np.diff(rows).min()) >= 2:
            break
    base = int(rng.integers(205, 256))
    red, green, blue = (int(v) for v in np.clip(base + rng.integers(-22, 23, 3), 190, 255))
    return Words(
        lines=tuple(_make_line(rng, int(row)) for row in rows),
        paper=(red, green, blue),
        slope=(float(rng.uniform(-15, 15)), float(rng.uniform(-15, 15))),
        grain=float(rng.choice((0.0, 2.0, 5.0))),
        rules=int(rng.choice((0, 16, 32), p=(0.8, 0.1, 0.1))),
        noise_seed=int(rng.integers(2**31)),
    )


def _paper(words: Words) -> np.ndarray:
    """float32[SIDE, SIDE, 3]: tinted paper with a slope of light, faint rules and grain."""
    ramp = np.linspace(-0.5, 0.5, SIDE, dtype=np.float32)
    light = ramp[:, None] * words.slope[0] + ramp[None] * words.slope[1]
    paper = np.asarray(words.paper, np.float32) + light[..., None]
    if words.rules:
        paper[:: words.rules] -= 12
    if words.grain:
        noise = np.random.default_rng(words.noise_seed)
        paper += noise.standard_normal((SIDE, SIDE, 1), np.float32) * words.grain
    return paper


def draw_words(words: Words, side: int = SIDE) -> np.ndarray:
    """The image, uint8[side, side, 3] RGB; the layout is that of 128 px, resized where `side` differs."""
    image = Image.fromarray(np.clip(_paper(words), 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    for line in words.lines:
        font = face(line.face, line.size)
        baseline = line.y + cap_height(line.face, line.size) / 2
        for char, x in zip(line.text, line.centres, strict=True):
            pen.text((x - font.getlength(char) / 2, baseline), char, fill=line.ink, font=font, anchor="ls")
    pixels = np.asarray(image)
    if side == SIDE:
        return pixels
    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if side < SIDE else cv2.INTER_LINEAR)


def char_labels(words: Words, grid: int = GRID) -> np.ndarray:
    """int64[grid, grid, 2]: the character whose centre lies in the left and right half of each cell.

    Classes index CHARSET; 0 where there is none. A blank has no class.
    """
    labels = np.zeros((grid, grid, 2), np.int64)
    cell = SIDE / grid
    for line in words.lines:
        for char, x in zip(line.text, line.centres, strict=True):
            if char != " ":
                half = int(x // (cell / 2))
                labels[int(line.y // cell), half // 2, half % 2] = _INDEX[char]
    return labels


_QUESTIONS = (
    "Read the text.",
    "Read the text",
    "What does it say?",
    "What is written here?",
    "Transcribe the image.",
    "What text is in the image?",
    "Write down the words.",
    "What do the words say?",
    "Spell out the text in the picture.",
    "Copy the text.",
)


def words_dialogue(rng: np.random.Generator) -> Dialogue:
    """An image of words and the question to read it; the answer's lines are joined by ` / `."""
    words = make_words(rng)
    branch = Branch(question=_pick(rng, _QUESTIONS), reply=Reply(answer=words.text), task="words")
    return Dialogue(images=(draw_words(words),), branches=(branch,))
