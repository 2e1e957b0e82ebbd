"""Which questions an episode about objects asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sightline.train.symbolic import object_questions_logic as logic
from sightline.train.symbolic import object_questions_order as order
from sightline.train.symbolic import object_questions_other as other
from sightline.train.symbolic import object_questions_simple as simple
from sightline.train.symbolic.episode import Episode
from sightline.train.symbolic.object_questions import Rounds
from sightline.train.symbolic.objects import Stage, evidence, result
from sightline.train.worlds.dice import span, weighted

Family = Callable[[Rounds], None]

COMMON: Mapping[Family, float] = {
    simple.count: 30,
    simple.count_all: 1.5,
    simple.exist: 30,
    simple.unknown: 4,
    simple.color: 14,
    simple.size: 1,
    simple.place: 8,
    simple.kind: 6,
    simple.classes: 3,
    simple.color_list: 1,
    simple.extent: 1.5,
    simple.amounts: 5,
    logic.not_color: 3,
    logic.not_class: 2,
    logic.of_two: 10,
    logic.same_number: 0.5,
    logic.which_more: 1.5,
    logic.none: 2,
    logic.all_color: 2.5,
    logic.all_class: 2.5,
    logic.how_many_different: 2.5,
    logic.is_color: 6,
    logic.same_color: 2,
    logic.percent: 0.8,
    logic.on_side: 2.5,
    logic.most_common: 1.5,
    logic.unknown_class: 0.7,
    order.ranked: 6,
    order.bigger: 2.5,
    order.the_to_the: 3.5,
    order.a_to_a: 3,
    order.to_the: 5,
    order.between: 1,
    order.nearest: 1.5,
    order.chained: 1.5,
    order.chained_some: 1,
    order.measured: 3,
    other.describe: 5,
    other.read: 1.5,
    other.no_tool: 2.5,
    other.not_about: 3,
}
"""How often each family is asked about any picture: half of the questions are plain ones, as people's are."""

PHOTO: Mapping[Family, float] = {
    **COMMON,
    simple.count_group: 2,
    simple.group_members: 2,
    simple.wear: 1.5,
    order.on_surface: 4,
    other.classify: 3,
    other.breed: 1.5,
}

DRAWN: Mapping[Family, float] = {
    **COMMON,
    simple.shape_of_all: 0.7,
    simple.color_of_all: 0.5,
    simple.kind: 14,
    simple.size: 5,
    order.the_to_the: 25,
    order.a_to_a: 10,
    order.to_the: 8,
    logic.of_two: 16,
}
"""In drawings what tells things apart is shape, size and place: a small model mixes these words up."""

ONE_SHAPE: Mapping[Family, float] = {
    **DRAWN,
    simple.shape_of_all: 12,
    simple.color_of_all: 6,
    simple.count_all: 4,
}
BOXES: Mapping[Family, float] = {**DRAWN, logic.in_box: 14, simple.amounts: 9, logic.none: 4}

PLAIN = 14
"""Families of at least this weight are asked up to four times of one picture, the others twice."""

LEAST, MOST = 14, 24
"""Rounds of an episode: tools and evidence, read once for all of them, are half of its tokens or less."""


def episode_of(stage: Stage, families: Mapping[Family, float]) -> Episode:
    """An episode about a picture: 14 to 24 rounds of questions drawn from families."""
    rounds, wanted = Rounds(stage=stage), span(stage.rng, LEAST, MOST - 2)
    asked: dict[Family, int] = {}
    weights = dict(families)
    for _ in range(6 * MOST):
        family = weighted(stage.rng, weights)
        if asked.get(family, 0) >= (4 if weights[family] >= PLAIN else 2):
            continue
        before = len(rounds.branches)
        family(rounds)
        if len(rounds.branches) > before:
            asked[family] = asked.get(family, 0) + 1
        if len(rounds.branches) >= wanted:
            break
    first = evidence(1, "look", {}, result("look", stage.picture.glance()))
    return Episode(
        needs=tuple(sorted({"look", *rounds.needs})),
        evidence=(first,),
        branches=tuple(rounds.branches[: MOST + 1]),
    )
