"""Text in scenes: coloured shapes that carry a word, a name or a number, and shop fronts.

Lengths are px of an image of `side` px. Texts of a scene differ, also when their case is put aside.

Never trained on: the (colour, shape) pairs of `scenes.HELD_OUT`, and signs that hang in one column
(`HELD_OUT_LAYOUT`). `split="heldout"` shows one or the other in each scene.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from sightline.train.worlds.dice import chance, pick, span, weighted
from sightline.train.worlds.lexicon import COMMON, COMPANY_WORDS, FIRST_NAMES, TRADES, invented_word
from sightline.train.worlds.phrasing import Phrasebook
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scenes import ANCHORS, COLOURS, HELD_OUT, RGB, Split
from sightline.train.worlds.typefaces import cap_height, face

Kind = Literal["word", "name", "number"]
Place = tuple[int, int]

SIDES = (128, 192, 256, 320, 384, 448)
SHAPES = ("circle", "diamond", "square")
SHOP = "shop"
TRAIN_LAYOUTS: tuple[Place, ...] = ((1, 1), (1, 2), (2, 2), (1, 3), (2, 3), (3, 2), (3, 3))
HELD_OUT_LAYOUT: Place = (3, 1)
"""Rows and columns."""
LEAST = 7
"""Capital letters are at least this high, px."""
_FACES = ("sans", "sans-bold", "serif", "grotesque", "narrow", "mono-bold")
_ROOM = {"circle": 0.84, "diamond": 0.66, "square": 0.9, SHOP: 0.86}
"""Shape -> how much of its width its text may take."""
_WORDS = ("OPEN", "CLOSED", "SALE", "EXIT", "STOP", "BUS", "TAXI", "FREE", "WAIT", "PUSH", "PULL", "HOTEL")


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A shape and its text; (x, y) is its centre. `strip`: the text stands on a white strip across it."""

    text: str
    kind: Kind
    shape: str
    colour: str
    x: float
    y: float
    diameter: float
    face: str
    size: int
    strip: bool = False

    @property
    def name(self) -> str:
        """Such as `red square`."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True, kw_only=True)
class SignScene:
    """Signs on a ground, in rows and columns that `layout` counts."""

    signs: tuple[Sign, ...]
    layout: Place
    side: int
    ground: RGB

    @property
    def numbers(self) -> list[int]:
        """The numbers on the signs, in the order of the signs."""
        return [int(sign.text) for sign in self.signs if sign.kind == "number"]


PHRASES = Phrasebook(
    train={
        "read": (
            "What does the [sign|label|text] on the {thing} say?",
            "What is written on the {thing}?",
            "[Which word or number|What] does the {thing} carry?",
            "Read [the sign on|what stands on|the text on] the {thing}.",
            "[Tell me|Say] what the {thing} says.",
            "The {thing} [says|reads] what?",
        ),
        "read shop": (
            "What is the shop called?",
            "What does the sign over the door say?",
            "Which name stands on the shop front?",
            "Read the sign of the shop.",
        ),
        "carrier": (
            "Which shape [carries|has|bears] [the text |the label |]'{text}'?",
            "Where [is|does it say] '{text}'? [Name the shape|Give its colour and shape].",
            "'{text}' [is written on|stands on] which shape?",
            "Which shape says '{text}'?",
        ),
        "exist": (
            "Is there a [sign|label] that says '{text}'?",
            "Does [any|a] [sign|label|shape] say '{text}'?",
            "[Can|Do] you [see|read] '{text}' [anywhere|on a sign|in the picture]?",
            "Is '{text}' written [here|in the image|somewhere]?",
        ),
        "says": (
            "Does the [sign|label] on the {thing} say '{text}'?",
            "Is '{text}' written on the {thing}?",
            "The {thing} says '{text}'. [Is that right|True or false|Yes or no]?",
        ),
        "count": (
            "How many [of the labels|of the signs|labels|signs] are {kinds}?",
            "How many {kinds} are [written|there|shown] [in the picture|on the shapes|here]?",
            "Count the [labels|signs] that are {kinds}.",
        ),
        "sum": (
            "What is the sum of the numbers?",
            "What do the numbers [add up to|sum to|make in all]?",
            "Add [up |][all the|the] numbers[ on the signs| in the picture|].",
        ),
        "most": (
            "Which shape carries the {most} number?",
            "On which shape is the {most} number?",
            "[Find|Name] the shape with the {most} number.",
        ),
    },
    held_out={
        "read": ("What can be read on the {thing}?", "Which inscription does the {thing} show?"),
        "read shop": ("How is this shop named?", "What does the board above the window spell?"),
        "carrier": ("Find the shape labelled '{text}'.", "What carries the inscription '{text}'?"),
        "exist": ("Has one of them the inscription '{text}'?", "Would I find '{text}' on any of these?"),
        "says": ("Does '{text}' appear on the {thing}?", "Is the {thing} labelled '{text}'?"),
        "count": ("What is the number of signs with {kinds}?", "Of all inscriptions, how many are {kinds}?"),
        "sum": ("Give the total of every number shown.", "Which total do the written numbers give?"),
        "most": ("What shape shows the {most} of the numbers?", "The {most} number belongs to which shape?"),
    },
)


def sign_scene_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """Signs, or now and then a shop front, and questions about their texts; the state is a `SignScene`."""
    scene = make_sign_scene(rng, split)
    makers = (_read,) if scene.signs[0].shape == SHOP else _MAKERS
    made = (make(rng, scene, split) for make in makers)
    return Sample(draw=lambda: (draw_sign_scene(scene),), asked=tuple(a for a in made if a), state=scene)


def make_sign_scene(rng: np.random.Generator, split: Split = "train") -> SignScene:
    """One to nine signs that are drawn large enough to be read."""
    while True:
        side = pick(rng, SIDES)
        fitting = [place for place in TRAIN_LAYOUTS if side / max(place) >= 100] or [(1, 1)]
        layout = pick(rng, fitting)
        if split == "heldout" and side >= 300 and chance(rng, 0.5):
            layout = HELD_OUT_LAYOUT
        scene = SignScene(signs=_signs(rng, layout, side), layout=layout, side=side, ground=_tint(rng))
        if scene.signs and holds_held_out(scene) == (split == "heldout"):
            return scene


def holds_held_out(scene: SignScene) -> bool:
    """Whether a held-out pair or layout is in the scene."""
    pairs = {(sign.colour, sign.shape) for sign in scene.signs}
    return scene.layout == HELD_OUT_LAYOUT or not HELD_OUT.isdisjoint(pairs)


def is_held_out(family: str, text: str) -> bool:
    """Whether the text is a held-out wording of the family."""
    return PHRASES.is_held_out(family, text)


# Making.


def _tint(rng: np.random.Generator) -> RGB:
    return span(rng, 222, 255), span(rng, 222, 255), span(rng, 222, 255)


def _signs(rng: np.random.Generator, layout: Place, side: int) -> tuple[Sign, ...]:
    """A sign in most cells of the layout."""
    rows, columns = layout
    cell = side / max(layout)
    share: dict[Kind, float] = {"number": rng.random(), "word": 0.6 * rng.random()}
    share["name"] = 0.3 * rng.random()
    shop = layout == (1, 1) and chance(rng, 0.5)
    signs: list[Sign] = []
    for n in range(rows * columns):
        if n and chance(rng, 0.15):
            continue
        kind = "name" if shop else weighted(rng, share)
        x, y = (n % columns + 0.5) * side / columns, (n // columns + 0.5) * side / rows
        diameter = cell * (0.9 if shop else float(rng.uniform(0.74, 0.88)))
        slack = (cell - diameter) / 2 - 1
        at = (x + float(rng.uniform(-slack, slack)), y + float(rng.uniform(-slack, slack)))
        shape = SHOP if shop else pick(rng, SHAPES)
        signs.append(_sign(rng, kind, shape, at, diameter, {sign.text.lower() for sign in signs}))
    return tuple(signs)


def _sign(
    rng: np.random.Generator,
    kind: Kind,
    shape: str,
    at: tuple[float, float],
    diameter: float,
    taken: set[str],
) -> Sign:
    """A sign whose text is not taken and large enough."""
    while True:
        text, name = _text(rng, kind, shape), pick(rng, _FACES)
        strip = shape != SHOP and chance(rng, 0.35)
        high = 0.16 if shape == SHOP or strip else 0.3
        size = _fit(text, name, diameter * _ROOM[shape], diameter * high)
        if text.lower() not in taken and cap_height(name, size) >= LEAST:
            return Sign(
                text=text,
                kind=kind,
                shape=shape,
                colour=pick(rng, COLOURS),
                x=at[0],
                y=at[1],
                diameter=diameter,
                face=name,
                size=size,
                strip=strip,
            )


def _text(rng: np.random.Generator, kind: Kind, shape: str) -> str:
    if shape == SHOP:
        trade = pick(rng, TRADES[pick(rng, tuple(TRADES))])
        name = f"{pick(rng, COMPANY_WORDS)} {trade}".strip()
        return name.upper() if chance(rng, 0.4) else name
    if kind == "number":
        return str(span(rng, 1, 9) if chance(rng, 0.5) else span(rng, 10, 99))
    if kind == "name":
        return pick(rng, FIRST_NAMES)
    word = pick(rng, (pick(rng, _WORDS), pick(rng, COMMON), invented_word(rng, span(rng, 1, 2))))
    return pick(rng, (word.upper(), word.title(), word.lower()))


def _fit(text: str, name: str, width: float, height: float) -> int:
    """The largest em, px, at which the text is at most so wide and its capitals so high; 1 at least."""
    wide = face(name, 100).getlength(text)
    return max(int(min(100 * width / wide, 100 * height / cap_height(name, 100))), 1)


# Drawing.


def draw_sign_scene(scene: SignScene) -> NDArray[np.uint8]:
    """uint8[side, side, 3] RGB."""
    over = 3
    large = Image.new("RGB", (scene.side * over, scene.side * over), scene.ground)
    pen = ImageDraw.Draw(large)
    for sign in scene.signs:
        (_draw_shop if sign.shape == SHOP else _draw_shape)(pen, sign, over)
    image = large.resize((scene.side, scene.side), Image.Resampling.BOX)
    pen = ImageDraw.Draw(image)
    for sign in scene.signs:
        font: ImageFont.FreeTypeFont = face(sign.face, sign.size)
        # Capitals stand in the middle of the sign: the baseline is half their height below it.
        baseline = _text_y(sign) + cap_height(sign.face, sign.size) / 2
        pen.text((sign.x, baseline), sign.text, fill=_ink(sign), font=font, anchor="ms")
    return np.asarray(image, np.uint8)


def _text_y(sign: Sign) -> float:
    return sign.y - (0.28 * sign.diameter if sign.shape == SHOP else 0)


def _ink(sign: Sign) -> RGB:
    """Black or white, whichever stands out."""
    r, g, b = ANCHORS[sign.colour]
    dark = sign.strip or 0.3 * r + 0.59 * g + 0.11 * b > 125
    return (15, 15, 15) if dark else (255, 255, 255)


def _draw_shape(pen: ImageDraw.ImageDraw, sign: Sign, over: int) -> None:
    x, y, half = sign.x * over, sign.y * over, sign.diameter / 2 * over
    box, fill = (x - half, y - half, x + half, y + half), ANCHORS[sign.colour]
    if sign.shape == "circle":
        pen.ellipse(box, fill)
    elif sign.shape == "square":
        pen.rectangle(box, fill)
    else:
        pen.polygon([(x, y - half), (x + half, y), (x, y + half), (x - half, y)], fill)
    if sign.strip:
        high = cap_height(sign.face, sign.size) * over
        pen.rectangle(
            (x - half * 0.97, y - high, x + half * 0.97, y + high), (250, 250, 250), (60, 60, 60), over
        )


def _draw_shop(pen: ImageDraw.ImageDraw, sign: Sign, over: int) -> None:
    """A front with a board for the text, a striped awning, a window and a door."""
    d = sign.diameter * over
    left, top = sign.x * over - d / 2, sign.y * over - d / 2

    def box(x1: float, y1: float, x2: float, y2: float, fill: RGB) -> None:
        pen.rectangle((left + x1 * d, top + y1 * d, left + x2 * d, top + y2 * d), fill)

    fill = ANCHORS[sign.colour]
    box(0, 0.06, 1, 1, (196, 176, 150))
    box(0.02, 0.1, 0.98, 0.34, fill)
    for n in range(10):
        box(n / 10, 0.38, (n + 1) / 10, 0.5, fill if n % 2 else (250, 250, 250))
    box(0.08, 0.56, 0.56, 0.88, (188, 220, 236))
    box(0.66, 0.56, 0.9, 1, (104, 74, 50))


# Asking.


def _asked(
    rng: np.random.Generator,
    split: Split,
    family: str,
    answer: str,
    thought: str,
    key: str = "",
    **slots: object,
) -> Asked:
    question, wording = PHRASES.word(rng, key or family, split, slots)
    return Asked(question=question, answer=answer, family=family, thought=thought, wording=wording)


def _named(scene: SignScene) -> list[Sign]:
    """The signs that no other shares colour and shape with."""
    names = [sign.name for sign in scene.signs]
    return [sign for sign in scene.signs if names.count(sign.name) == 1]


def _all(scene: SignScene) -> str:
    return "The signs: " + ", ".join(f"{sign.name} {sign.text}" for sign in scene.signs) + "."


def _read(rng: np.random.Generator, scene: SignScene, split: Split) -> Asked | None:
    named = _named(scene)
    if not named:
        return None
    sign = pick(rng, named)
    key = "read shop" if sign.shape == SHOP else "read"
    return _asked(rng, split, "read", sign.text, f"The {sign.name} reads {sign.text}.", key, thing=sign.name)


def _carrier(rng: np.random.Generator, scene: SignScene, split: Split) -> Asked | None:
    if len(scene.signs) < 2:
        return None
    sign = pick(rng, scene.signs)
    return _asked(rng, split, "carrier", sign.name, _all(scene), text=sign.text)


def _exist(rng: np.random.Generator, scene: SignScene, split: Split) -> Asked:
    texts = {sign.text.lower() for sign in scene.signs}
    sign = pick(rng, scene.signs)
    text, wanted = sign.text, chance(rng, 0.5)
    while not wanted and text.lower() in texts:
        text = _text(rng, sign.kind, sign.shape)
    return _asked(rng, split, "exist", "yes" if wanted else "no", _all(scene), text=text)


def _says(rng: np.random.Generator, scene: SignScene, split: Split) -> Asked | None:
    named = _named(scene)
    if not named or len(scene.signs) < 2:
        return None
    sign, wanted = pick(rng, named), chance(rng, 0.5)
    said = sign if wanted else pick(rng, [other for other in scene.signs if other is not sign])
    thought = f"The {sign.name} reads {sign.text}."
    answer = "yes" if wanted else "no"
    return _asked(rng, split, "says", answer, thought, thing=sign.name, text=said.text)


def _count(rng: np.random.Generator, scene: SignScene, split: Split) -> Asked | None:
    if len(scene.signs) < 2:
        return None
    numbers = chance(rng, 0.7)
    found = [sign.text for sign in scene.signs if (sign.kind == "number") == numbers]
    kinds = "numbers" if numbers else pick(rng, ("words", "words", "no numbers"))
    thought = f"{_all(scene)} {kinds.capitalize()}: {', '.join(found) or 'none'}."
    return _asked(rng, split, "count", str(len(found)), thought, kinds=kinds)


def _sum(rng: np.random.Generator, scene: SignScene, split: Split) -> Asked | None:
    numbers = scene.numbers
    if not 2 <= len(numbers) <= 5:
        return None
    total = sum(numbers)
    return _asked(rng, split, "sum", str(total), f"{' + '.join(map(str, numbers))} = {total}.")


def _most(rng: np.random.Generator, scene: SignScene, split: Split) -> Asked | None:
    numbers = scene.numbers
    if len(numbers) < 2:
        return None
    largest = chance(rng, 0.5)
    wanted = str(max(numbers) if largest else min(numbers))
    most = pick(rng, ("largest", "highest", "greatest") if largest else ("smallest", "lowest"))
    (sign,) = (sign for sign in scene.signs if sign.text == wanted)
    thought = f"The numbers: {', '.join(map(str, numbers))}. The {most} is {wanted}."
    return _asked(rng, split, "most", sign.name, thought, most=most)


_Maker = Callable[[np.random.Generator, SignScene, Split], Asked | None]
_MAKERS: tuple[_Maker, ...] = (_read, _carrier, _exist, _says, _count, _sum, _most)
