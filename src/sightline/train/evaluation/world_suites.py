"""Suites that are made by the worlds: exact questions without end, with their boxes in `state`.

    world:scenes?n=200&split=heldout&side=256&seed=0&families=count,exist
    world:charts?n=100

Row i is a function of these settings and i alone: a longer suite begins like a shorter one. Scenes come with
their boxes; the other worlds are those of `catalogue`, with one question of each sample.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, cast
from zlib import crc32

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sightline.errors import ConfigError
from sightline.train.evaluation.suites import Item, Suite
from sightline.train.worlds import scene_arithmetic
from sightline.train.worlds.sample import Asked, Sample, World
from sightline.train.worlds.scene_questions import ask
from sightline.train.worlds.scene_wordings import is_held_out
from sightline.train.worlds.scenes import Scene, Split, draw_scene, make_scene, thing_box

_ATTEMPTS = 200
FAMILIES = ("exist", "attribute", "count", "relation", "compare_counts")


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What a world is asked for.

    Args:
        n: questions.
        split: `heldout` shows combinations and layouts that nothing was trained on.
        side: of the images of scenes, px.
        seed: of all draws.
        families: kinds of questions, asked in turn by scenes; none: all of the world.
    """

    n: int = 200
    split: Split = "heldout"
    side: int = 256
    seed: int = 0
    families: tuple[str, ...] = ()

    def rng(self, world: str, *place: int) -> Generator:
        """The generator of one row."""
        return np.random.default_rng((self.seed, crc32(f"{world}/{self.split}".encode()), *place))


def world_suite(name: str, settings: dict[str, str]) -> Suite:
    """The suite of a world; settings are the fields of `Draw`, as texts. Raises `ConfigError`."""
    draw = _draw(settings)
    query = {"n": str(draw.n), "split": draw.split, "side": str(draw.side), "seed": str(draw.seed)}
    query |= {"families": ",".join(draw.families)} if draw.families else {}
    if name != "scenes":
        if "side" in settings:
            raise ConfigError("the side of images can be chosen for scenes alone")
        del query["side"]
    items = _scenes(draw) if name == "scenes" else _samples(name, draw)
    shown = "&".join(f"{key}={value}" for key, value in query.items())
    return Suite(name=f"world:{name}?{shown}", metric="exact", form="open", items=items)


def _draw(settings: dict[str, str]) -> Draw:
    unknown = set(settings) - set(Draw.__dataclass_fields__)
    if unknown:
        raise ConfigError(f"a world has no setting {', '.join(sorted(unknown))}")
    try:
        numbers = {key: int(settings[key]) for key in ("n", "side", "seed") if key in settings}
    except ValueError as error:
        raise ConfigError(f"n, side and seed are whole numbers: {error}") from error
    split = settings.get("split", "heldout")
    if (
        split not in ("train", "heldout")
        or numbers.get("n", 1) < 1
        or not 16 <= numbers.get("side", 256) <= 4096
    ):
        raise ConfigError("split is train or heldout, n at least 1, side 16 to 4096")
    families = tuple(name for name in settings.get("families", "").split(",") if name)
    return Draw(split=cast("Split", split), families=families, **numbers)


def _scenes(draw: Draw) -> tuple[Item, ...]:
    families = draw.families or FAMILIES
    if unknown := set(families) - {*FAMILIES, "unanswerable", *scene_arithmetic.FAMILIES}:
        raise ConfigError(f"scenes have no family {', '.join(sorted(unknown))}")
    return tuple(_scene_item(draw, families[i % len(families)], i) for i in range(draw.n))


def _scene_item(draw: Draw, family: str, number: int) -> Item:
    """A question of the family, about the first scene that has one to ask."""
    attempt = 0
    while True:
        rng = draw.rng("scenes", number, attempt)
        scene = make_scene(rng, split=draw.split)
        asked = _ask(rng, scene, family, draw.split)
        attempt += 1
        if asked is not None:
            break
    question, answer, new = asked
    return Item(
        id=f"{draw.split}-{draw.seed}-{number:05d}",
        group=f"{number:05d}",
        family=family,
        question=question,
        images=(to_png(draw_scene(scene, draw.side)),),
        answers=(answer,),
        tags={"wording": "new" if new else "known", "layout": scene.layout},
        state=_scene_state(scene, draw.side),
    )


def _ask(rng: Generator, scene: Scene, family: str, split: Split) -> tuple[str, str, bool] | None:
    """A question, its answer, and whether its wording is a held-out one."""
    if family in scene_arithmetic.FAMILIES:
        sum_ = scene_arithmetic.ask_arithmetic(rng, scene, family, split)
        text, held_out = sum_.question if sum_ else "", scene_arithmetic.BOOK.is_held_out
        return (text, sum_.answer, held_out(family, text)) if sum_ else None
    question = ask(rng, scene, family, split)
    return (question.text, question.answer, is_held_out(family, question.text)) if question else None


def _scene_state(scene: Scene, side: int) -> dict[str, Any]:
    """The boxes of what the scene shows, in px; attributes in the order in which our detector has them."""
    boxes = [
        {
            "label": thing.shape,
            "box": [round(v, 2) for v in thing_box(thing, side)],
            "attributes": {"size": thing.size, "color": thing.colour},
        }
        for thing in scene.things
    ]
    return {"layout": scene.layout, "boxes": boxes}


def to_png(pixels: NDArray[np.uint8]) -> bytes:
    """uint8[H, W, 3] RGB as the bytes of a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


# The worlds of the catalogue.


def _samples(name: str, draw: Draw) -> tuple[Item, ...]:
    from sightline.train.worlds.catalogue import WORLDS

    if name not in WORLDS:
        raise ConfigError(f"no world {name!r}; there are {', '.join(WORLDS)}")
    return tuple(_sample_item(WORLDS[name], name, draw, number) for number in range(draw.n))


def _sample_item(world: World, name: str, draw: Draw, number: int) -> Item:
    """One question of the first sample that asks one of a wanted family; the family is drawn before it."""
    for attempt in range(_ATTEMPTS):
        rng = draw.rng(name, number, attempt)
        sample = world(rng, draw.split)
        asked = [a for a in sample.asked if not draw.families or a.family in draw.families]
        if asked:
            return _item_of(sample, _one(rng, asked), draw, number)
    raise ConfigError(
        f"{name}: {_ATTEMPTS} samples ask nothing of {', '.join(draw.families) or 'any family'}"
    )


def _one(rng: Generator, asked: list[Asked]) -> Asked:
    families = sorted({a.family for a in asked})
    family = families[int(rng.integers(len(families)))]
    of = [a for a in asked if a.family == family]
    return of[int(rng.integers(len(of)))]


def _item_of(sample: Sample, asked: Asked, draw: Draw, number: int) -> Item:
    return Item(
        id=f"{draw.split}-{draw.seed}-{number:05d}",
        group=f"{number:05d}",
        family=asked.family,
        question=asked.question,
        images=tuple(to_png(image) for image in sample.images),
        answers=(asked.answer,),
        choices=asked.choices,
    )
