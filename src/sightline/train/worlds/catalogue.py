"""Every world by its name: `WORLDS[name](rng, split)` gives a sample (see `sample.py`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sightline.train.worlds import (
    chart_questions,
    charts,
    document_arithmetic,
    document_questions,
    documents,
    episodes,
    panel_questions,
    panels,
    scene_arithmetic,
    scene_wordings,
    shape_grids,
    sign_scenes,
    solid_questions,
    solid_wordings,
    solids,
    table_questions,
    tables,
)
from sightline.train.worlds.documents import Document, draw_document, make_document
from sightline.train.worlds.sample import Asked, Sample, World
from sightline.train.worlds.scene_questions import FAMILIES, Question, ask, ask_some
from sightline.train.worlds.scenes import HELD_OUT as HELD_OUT_PAIRS
from sightline.train.worlds.scenes import HELD_OUT_LAYOUT, Scene, Split, draw_scene, make_scene

SCENE_SIDE = 128
QUESTIONS = 6
"""Asked about a scene or a document."""


def scene_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """A flat scene: questions of all families, one of them arithmetic, at times one that has no answer."""
    scene = make_scene(rng, split=split)
    asked = [_asked(question) for question in ask_some(rng, scene, QUESTIONS - 2, split, FAMILIES)]
    unanswerable = ask(rng, scene, "unanswerable", split) if rng.random() < 0.5 else None
    asked += [_asked(unanswerable)] if unanswerable else []
    family = scene_arithmetic.FAMILIES[int(rng.integers(len(scene_arithmetic.FAMILIES)))]
    sum_ = scene_arithmetic.ask_arithmetic(rng, scene, family, split)
    asked += [sum_] if sum_ else []
    return Sample(draw=lambda: (draw_scene(scene, SCENE_SIDE),), asked=tuple(asked), state=scene)


def document_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """A receipt, an invoice, a form or a sign: fields, prices and arithmetic over them."""
    document = make_document(rng, split=split)
    while not (asked := (*_fields(rng, document, split), *_sums(rng, document, split))):
        document = make_document(rng, split=split)
    return Sample(draw=lambda: (draw_document(document),), asked=asked, state=document)


def _asked(question: Question) -> Asked:
    return Asked(
        question=question.text,
        answer=question.answer,
        family=question.family,
        wording=f"{question.family} {question.asks}".strip(),
    )


def _fields(rng: np.random.Generator, document: Document, split: Split) -> tuple[Asked, ...]:
    """Questions for up to four printed fields and for the price of an item."""
    printed = [name for name in document_questions.WORDINGS if name in document.fields]
    chosen = [printed[i] for i in rng.permutation(len(printed))[:4]]
    asked = [
        Asked(
            question=document_questions.ask(rng, name, document.kind, split),
            answer=document.fields[name],
            family=name.replace(" ", "_"),
            wording=name,
        )
        for name in chosen
    ]
    items = document_arithmetic.askable(document)
    if items and document.bill:
        item = items[int(rng.integers(len(items)))]
        price = document.fields.get(f"item{document.bill.items.index(item)}")
        if price:
            text = document_questions.ask_price(rng, item.name, split)
            asked.append(Asked(question=text, answer=price, family="item", wording="item"))
    return tuple(asked)


def _sums(rng: np.random.Generator, document: Document, split: Split) -> tuple[Asked, ...]:
    families = document_arithmetic.FAMILIES
    chosen = [families[i] for i in rng.permutation(len(families))[:2]]
    made = (document_arithmetic.ask_arithmetic(rng, document, family, split) for family in chosen)
    return tuple(asked for asked in made if asked)


WORLDS: Mapping[str, World] = {
    "scenes": scene_sample,
    "solids": solid_questions.solid_sample,
    "panels": panel_questions.panel_sample,
    "shapes_grid": shape_grids.shapes_grid_sample,
    "charts": chart_questions.chart_sample,
    "tables": table_questions.table_sample,
    "documents": document_sample,
    "sign_scenes": sign_scenes.sign_scene_sample,
    "episodes": episodes.episode_sample,
}


# What is never trained on.


def _scene_wording(family: str, text: str) -> bool:
    if family in scene_arithmetic.FAMILIES:
        return scene_arithmetic.BOOK.is_held_out(family, text)
    return scene_wordings.is_held_out(family, text)


def _scene_state(scene: Scene) -> bool:
    pairs = {(thing.colour, thing.shape) for thing in scene.things}
    return scene.layout == HELD_OUT_LAYOUT or not HELD_OUT_PAIRS.isdisjoint(pairs)


def _document_wording(family: str, text: str) -> bool:
    if family in document_arithmetic.FAMILIES:
        return document_arithmetic.BOOK.is_held_out(family, text)
    return document_questions.is_held_out(text)


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """How to tell what of a world is never trained on.

    Args:
        wording: (family, text) -> whether the text is a held-out wording.
        state: state -> whether it holds a held-out combination or layout.
    """

    wording: Callable[[str, str], bool]
    state: Callable[[Any], bool]


HELD_OUT: Mapping[str, HeldOut] = {
    "scenes": HeldOut(wording=_scene_wording, state=_scene_state),
    "solids": HeldOut(wording=solid_wordings.is_held_out, state=solids.holds_held_out),
    "panels": HeldOut(wording=panel_questions.is_held_out, state=panels.holds_held_out),
    "shapes_grid": HeldOut(wording=shape_grids.is_held_out, state=shape_grids.holds_held_out),
    "charts": HeldOut(wording=chart_questions.is_held_out, state=charts.holds_held_out),
    "tables": HeldOut(wording=table_questions.is_held_out, state=tables.holds_held_out),
    "documents": HeldOut(wording=_document_wording, state=documents.holds_held_out),
    "sign_scenes": HeldOut(wording=sign_scenes.is_held_out, state=sign_scenes.holds_held_out),
    "episodes": HeldOut(wording=episodes.is_held_out, state=episodes.holds_held_out),
}
