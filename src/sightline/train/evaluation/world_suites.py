"""Suites that are made by the worlds: exact questions without end, with their boxes in `state`.

    world:scenes?n=200&split=heldout&side=256&seed=0&families=count,exist

Row i is a function of the world, the seed, the split and i alone: a longer suite begins like a shorter one.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast
from zlib import crc32

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from sightline.errors import ConfigError
from sightline.train.evaluation.suites import Item, Suite
from sightline.train.worlds.scene_questions import ask
from sightline.train.worlds.scene_wordings import is_held_out
from sightline.train.worlds.scenes import Scene, Split, draw_scene, make_scene, thing_box

FAMILIES = ("exist", "attribute", "count", "relation", "compare_counts")


@dataclass(frozen=True, kw_only=True)
class Draw:
    """What a world is asked for.

    Args:
        n: questions, of the families in turn.
        split: `heldout` shows combinations and layouts that nothing was trained on.
        side: of the images, px.
        seed: of all draws.
        families: kinds of questions; none: all of the world.
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
    if name not in WORLDS:
        raise ConfigError(f"no world {name!r}; there are {', '.join(WORLDS)}")
    draw = _draw(settings)
    query = f"n={draw.n}&split={draw.split}&side={draw.side}&seed={draw.seed}"
    query += f"&families={','.join(draw.families)}" if draw.families else ""
    return Suite(name=f"world:{name}?{query}", metric="exact", form="open", items=WORLDS[name](draw))


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
    if unknown := set(families) - {*FAMILIES, "unanswerable"}:
        raise ConfigError(f"scenes have no family {', '.join(sorted(unknown))}")
    return tuple(_scene_item(draw, families[i % len(families)], i) for i in range(draw.n))


def _scene_item(draw: Draw, family: str, number: int) -> Item:
    """A question of the family, about the first scene that has one to ask."""
    attempt = 0
    while True:
        rng = draw.rng("scenes", number, attempt)
        scene = make_scene(rng, split=draw.split)
        question = ask(rng, scene, family, draw.split)
        attempt += 1
        if question is not None:
            break
    known = "new" if is_held_out(question.family, question.text) else "known"
    return Item(
        id=f"{draw.split}-{draw.seed}-{number:05d}",
        group=f"{number:05d}",
        family=family,
        question=question.text,
        images=(to_png(draw_scene(scene, draw.side)),),
        answers=(question.answer,),
        tags={"wording": known, "layout": scene.layout},
        state=_scene_state(scene, draw.side),
    )


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


WORLDS: dict[str, Callable[[Draw], tuple[Item, ...]]] = {"scenes": _scenes}
