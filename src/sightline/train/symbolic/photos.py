"""Photographs as lists of things: of the classes of COCO, of ImageNet, and of users' own detectors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from math import sqrt

from numpy.random import Generator

from sightline.tools.classify import words as imagenet
from sightline.tools.coco import right
from sightline.tools.words import plural, words
from sightline.train.symbolic.episode import Episode
from sightline.train.symbolic.object_questions_all import PHOTO, episode_of
from sightline.train.symbolic.object_wordings import lists
from sightline.train.symbolic.objects import (
    COCO,
    DRAWN_WORDS,
    Noun,
    Picture,
    Stage,
    Words,
    detection,
    new_frame,
    ordered,
    scattered,
    some_lines,
)
from sightline.train.worlds.dice import chance, pick, shuffled, span, weighted
from sightline.train.worlds.lexicon import invented_word
from sightline.train.worlds.nouns import TRAIN_NOUNS
from sightline.types import Box, Detection, Frame

SIZES = ((640, 480), (640, 427), (480, 640), (500, 375), (427, 640), (640, 640), (1024, 768), (448, 336),
         (800, 600), (375, 500), (1280, 720), (612, 612), (640, 360), (448, 448), (1600, 1200),
         (4032, 3024))  # fmt: skip

PLACES = lists("place ")
"""What is seen together."""

BIG = frozenset(
    "bus train truck airplane bed couch elephant horse cow refrigerator boat giraffe zebra bear".split()
) | {"dining table", "oven"}
COLORS = {"black": 0.2, "white": 0.2, "gray": 0.15, "brown": 0.14, "red": 0.09, "blue": 0.1, "green": 0.06,
          "yellow": 0.05, "orange": 0.04, "pink": 0.02, "purple": 0.01}  # fmt: skip
"""How often things in photographs have a color."""
OWN_COLORS = {
    "banana": "yellow",
    "carrot": "orange",
    "orange": "orange",
    "broccoli": "green",
    "elephant": "gray",
    "potted plant": "green",
    "fire hydrant": "red",
    "stop sign": "red",
    "cow": "brown",
    "sheep": "white",
    "zebra": "white",
}
UNKNOWN = lists("unknown in photographs")[""]

LINES = lists("print in photographs")[""]

CELLS = tuple(lists("cells ").values())
OWN_CLASSES = tuple(lists("classes ").values())
"""What detectors of users know."""


def photo_episode(rng: Generator) -> Episode:
    """An episode over a photograph."""
    return episode_of(photo_stage(rng), PHOTO)


def photo_stage(rng: Generator) -> Stage:
    """A photograph: of COCO's things mostly, else of ImageNet's, or of a user's own classes."""
    drawn = rng.random()
    if drawn < 0.72:
        return _coco(rng)
    return _imagenet(rng) if drawn < 0.82 else _own(rng)


def _coco(rng: Generator) -> Stage:
    classes = list(PLACES[pick(rng, tuple(PLACES))])
    if chance(rng, 0.25):
        classes += [pick(rng, COCO) for _ in range(3)]
    shown = shuffled(rng, list(dict.fromkeys(classes)))[
        : int(weighted(rng, {1: 1, 2: 2, 3: 3, 4: 3, 5: 2, 6: 1, 8: 0.6}))
    ]
    if chance(rng, 0.2) and "person" in classes:
        shown = ["person", *(one for one in shown if one != "person")]
    frame = _frame(rng)
    counts = [int(weighted(rng, {1: 6, 2: 3, 3: 1.6, 4: 0.8, 6: 0.4, 9: 0.3, 14: 0.15})) for _ in shown]
    if chance(rng, 0.04):
        shown, counts = [], []
    found, perhaps = _things(rng, frame, shown, counts)
    absent = tuple(one for one in dict.fromkeys((*classes, *COCO)) if one not in shown)
    picture = Picture(
        frame=frame, found=found, perhaps=perhaps, words=DRAWN_WORDS, medium="photo",
        lines=some_lines(rng, LINES, 0.3), ground=pick(rng, ("gray", "green", "brown", "blue", "white")),
    )  # fmt: skip
    return Stage(rng=rng, picture=picture, name_of=coco_noun, absent=absent[:30], unknown=UNKNOWN)


def _frame(rng: Generator) -> Frame:
    width, height = pick(rng, SIZES)
    return new_frame(rng, width, height)


def _things(
    rng: Generator, frame: Frame, labels: Sequence[str], counts: Sequence[int]
) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
    """So many things of each label, and now and then some that may be there."""
    sides: list[tuple[float, float]] = []
    names: list[str] = []
    for label, count in zip(labels, counts, strict=True):
        middle = (0.32 if label in BIG else 0.14) / sqrt(max(count / 2, 1))
        for _ in range(count):
            share = min(middle * float(rng.lognormal(0, 0.4)), 0.85)
            aspect = float(rng.uniform(0.5, 1.9))
            width, height = frame.width * share * sqrt(aspect), frame.height * share / sqrt(aspect)
            sides.append((min(width, 0.95 * frame.width), min(height, 0.95 * frame.height)))
            names.append(label)
    boxes: list[Box] = []
    for side in sides:
        boxes += scattered(rng, frame, [side])
    made = [
        detection(name, _sure(rng), box, OWN_COLORS.get(name, "") or weighted(rng, COLORS))
        for name, box in zip(names, boxes, strict=True)
    ]
    surfaces = [one for one in made if one.label in ("dining table", "bed", "couch")]
    if surfaces and chance(rng, 0.8):
        made = [_moved_onto(rng, one, surfaces[0]) if chance(rng, 0.4) else one for one in made]
    perhaps = []
    if chance(rng, 0.25):
        box = scattered(rng, frame, [(frame.width * 0.06, frame.height * 0.08)])[0]
        label = pick(rng, labels) if labels and chance(rng, 0.5) else pick(rng, COCO)
        perhaps = [
            detection(label, round(right(float(rng.uniform(0.15, 0.2))), 4), box, weighted(rng, COLORS))
        ]
    known = tuple(one for one in perhaps if one.label in COCO)
    return ordered(made), known if set(labels) <= set(COCO) else ()


def _moved_onto(rng: Generator, one: Detection, surface: Detection) -> Detection:
    """A smaller thing moved so that it stands on a table."""
    if (
        one is surface
        or one.box.area > surface.box.area / 3
        or one.label in ("chair", "person", "bed", "couch")
    ):
        return one
    box, on = one.box, surface.box
    x = on.x1 + float(rng.random()) * max(on.width - box.width, 1)
    y = on.y1 + float(rng.random()) * max(on.height - box.height, 1)
    moved = Box.clipped(
        round(x, 1), round(y, 1), round(x + box.width, 1), round(y + box.height, 1), box.frame
    )
    return detection(one.label, one.score, moved, one.attributes["color"])


def _sure(rng: Generator) -> float:
    """How likely a box of the detector of photographs is right."""
    return round(right(0.2 + 0.795 * float(rng.random()) ** 0.4), 4)


def coco_noun(rng: Generator, label: str) -> Noun:
    """A word for a class of COCO: its name mostly, else another word for the same."""
    if not label:
        return generic_noun(rng, ("thing", "object", "item"))
    name = label
    others = [word for word in words().same.get(label, ()) if word != label and word not in _AWKWARD]
    if others and chance(rng, 0.2):
        name = pick(rng, others)
    if label == "person" and (name in ("people", "person") or chance(rng, 0.7)):
        return Noun(labels=(label,), one="person", many="people" if chance(rng, 0.85) else "persons")
    if name in ("skis", "scissors"):
        one, many = ("ski", "skis") if name == "skis" else ("pair of scissors", "pairs of scissors")
        return Noun(labels=(label,), one=one, many=many)
    many = "broccoli" if name == "broccoli" else plural(name)
    return Noun(labels=(label,), one=name, many=many)


_AWKWARD = frozenset(
    "auto coach range mobile asterisk anybody anyone somebody someone folk bycicle brocoli brocolli luggage "
    "diningtable loo iphone semaphore pottedplant people settee hound pushbike".split()
) | {"dinning table", "pot plant", "pair of scissors", "piece of luggage", "push bike", "pedal cycle"}


def generic_noun(rng: Generator, names: Sequence[str]) -> Noun:
    """A word for things of any kind."""
    name = pick(rng, names)
    return Noun(labels=(), one=name, many=f"{name}s")


@cache
def _imagenet_names() -> tuple[str, ...]:
    names = imagenet().names
    return tuple(re.sub(r" \(.*\)", "", name) for name in names)


def _imagenet(rng: Generator) -> Stage:
    """Things of names like ImageNet's, found by a detector of a user."""
    chosen = list(dict.fromkeys(pick(rng, _imagenet_names()) for _ in range(span(rng, 3, 8))))
    shown = chosen[: max(len(chosen) - 2, 1)]
    return _of_classes(rng, chosen, shown)


def _own(rng: Generator) -> Stage:
    """Things of a user's own classes: cells, defects, invented words in odd spellings."""
    if chance(rng, 0.35):
        classes = list(pick(rng, CELLS))
    elif chance(rng, 0.6):
        classes = list(pick(rng, OWN_CLASSES))
    else:
        classes = list(
            dict.fromkeys(_odd(rng, invented_word(rng, span(rng, 1, 2))) for _ in range(span(rng, 2, 4)))
        )
    shown = classes if chance(rng, 0.6) else classes[: max(len(classes) - 1, 1)]
    return _of_classes(rng, classes, shown, crowded=0.5)


def _odd(rng: Generator, word: str) -> str:
    """An invented class as people spell it: Blicket, blicket_2, blicket-type."""
    style = rng.random()
    if style < 0.4:
        return word
    if style < 0.6:
        return word.capitalize()
    if style < 0.75:
        return f"{word}_{pick(rng, ('small', 'a', 'type', 'cell', 'part'))}"
    if style < 0.85:
        return word.upper() if len(word) < 5 else word
    return f"{word} {pick(rng, ('cell', 'part', 'tool', 'bird', 'fruit'))}"


def _of_classes(
    rng: Generator, classes: Sequence[str], shown: Sequence[str], *, crowded: float = 0.15
) -> Stage:
    """A photograph for a detector of a user's classes, which stands alone."""
    frame = _frame(rng)
    most = 30 if chance(rng, crowded) else 5
    counts = [span(rng, 1, most) if chance(rng, 0.6) else span(rng, 1, 3) for _ in shown]
    found, _ = _things(rng, frame, shown, counts)
    alone = Words(classes=tuple(classes))
    picture = Picture(
        frame=frame, found=found, words=(alone,), medium="photo", lines=some_lines(rng, LINES, 0.15),
        ground=pick(rng, ("gray", "green", "brown", "pink", "white")),
    )  # fmt: skip
    absent = tuple(one for one in classes if one not in shown) or tuple(classes)
    unknown = tuple(one for one in TRAIN_NOUNS if one not in classes)
    return Stage(
        rng=rng, picture=picture, name_of=own_noun, absent=absent, unknown=unknown,
        has_colors=chance(rng, 0.7),
    )  # fmt: skip


def own_noun(rng: Generator, label: str) -> Noun:
    """A class of a user as people write it: with its capitals and lines, or in plain words."""
    if not label:
        return generic_noun(rng, ("thing", "object", "item"))
    name = label if chance(rng, 0.6) else label.replace("_", " ").replace("-", " ")
    if name.endswith("s") and not name.endswith("ss"):
        one = name[:-1] if name in ("Platelets",) else name
        return Noun(labels=(label,), one=one, many=name)
    if not name.islower():
        return Noun(labels=(label,), one=name, many=f"{name}s")
    if "_" in name or "-" in name:
        return Noun(labels=(label,), one=name, many=f"{name}s")
    return Noun(labels=(label,), one=name, many=plural(name))
