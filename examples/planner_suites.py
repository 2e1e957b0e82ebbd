"""The questions that `planner_table.py` asks: rows of the packs, drawn scenes, and single replies.

Each suite is a seeded choice of rows; with a greater count it goes on where a smaller one ended.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count as counting
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ceilings import MOST_ROWS
from drawn_tables import draw_table, style_of
from everyday_score import right as right_everyday
from packs import find_pack
from planner_scores import (
    Said,
    right_chartqa,
    right_count,
    right_field,
    right_first,
    right_plain,
    right_returned,
    right_side,
    right_tabmwp,
    right_wtq,
)
from planner_user_tools import digest_of, picture_of, tool_rows, user_tool
from scenes_table import FAMILIES
from sightline.agent.answerers import with_choices
from sightline.images import Picture, Source, load_image
from sightline.planning.choices import NotAllowed, pieces
from sightline.planning.grammar import Reply, reply_steps, written
from sightline.planning.situation import Situation
from sightline.planning.sql_relations import sql_relations
from sightline.tools.base import Tool
from sightline.tools.looks import colors
from sightline.train.worlds.scene_questions import ask
from sightline.train.worlds.scenes import ANCHORS, Ground, Scene, Thing, draw_scene, make_scene, thing_box
from sightline.types import Box, Table
from sightline.types.overview import Overview

HERE = Path(__file__).resolve().parent
SIDE = 256
SCENES_SEED = 2026
NEVER_TRAINED = 2_000_003
"""The seed of symbolic episodes that training never saw."""

MOST_LINES, LONGEST_LINE = 8, 80
"""Of a table, in what an exact look says."""

T = TypeVar("T")
Grid = Sequence[Sequence[str]]
Right = Callable[[Said], bool]
JsonRow = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One question: its picture, what is right, and where that makes sense what is nearly right.

    `grid` is the exact table of the picture, where the tools are to read it without a fault. `tool` is one of
    the user's own, which is offered beside the real ones for this question.
    """

    id: str
    question: str
    expected: tuple[str, ...]
    picture: Callable[[], Source]
    right: Right
    near: Right | None = None
    group: str = ""
    grid: Grid | None = None
    tool: Tool | None = None


Rows = Callable[[Path, int, int], list[Row]]
"""From the folder of a pack, how many and a seed."""


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A set of questions about pictures. `tools`: all, with an exact table, or with a detector's weights."""

    name: str
    rows: Rows
    pack: str | None = None
    tools: Literal["all", "exact", "detector"] = "all"


def chosen(rows: Sequence[T], count: int, seed: int) -> list[T]:
    """`count` rows in an order that the seed gives: fewer are the first of more."""
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    return [rows[n] for n in order[:count]]


def lines_of(pack: Path, name: str = "data.jsonl") -> list[JsonRow]:
    """The rows of a file of a pack."""
    return [json.loads(line) for line in (pack / name).read_text(encoding="utf-8").splitlines()]


# Packs.


def _coco(kind: Callable[[str], bool], pack: Path, count: int, seed: int) -> list[JsonRow]:
    return chosen([one for one in lines_of(pack) if kind(one["type"])], count, seed)


def coco_existence(pack: Path, count: int, seed: int) -> list[Row]:
    """Is there one in the photograph?"""
    return [
        _pack_row(pack, one, partial(right_side, (one["answer"],)), group=one["type"].removeprefix("pope_"))
        for one in _coco(lambda kind: kind.startswith("pope_"), pack, count, seed)
    ]


def counts(pack: Path, count: int, seed: int) -> list[Row]:
    """How many are there? Photographs, or blood cells."""
    return [
        _pack_row(
            pack,
            one,
            partial(right_count, (one["answer"],), 0),
            near=partial(right_count, (one["answer"],), 1),
        )
        for one in _coco(lambda kind: kind == "count", pack, count, seed)
    ]


def _pack_row(pack: Path, one: JsonRow, right: Right, near: Right | None = None, group: str = "") -> Row:
    return Row(
        id=one["id"],
        question=one["question"],
        expected=(one["answer"],),
        picture=partial(load_image, pack / one["image"]),
        right=right,
        near=near,
        group=group,
    )


def chartqa(pack: Path, count: int, seed: int) -> list[Row]:
    """Charts."""
    rows = chosen(lines_of(pack), count, seed)
    return [_pack_row(pack, one, partial(right_chartqa, (one["answer"],))) for one in rows]


def tabmwp(pack: Path, count: int, seed: int) -> list[Row]:
    """Tables with problems; choices stand behind the question."""
    found = []
    for one in chosen(lines_of(pack), count, seed):
        choices = one["choices"] or []
        right = partial(right_tabmwp, (one["answer"],), one["unit"], choices)
        row = _pack_row(pack, one, right, group="choices" if choices else "free")
        found.append(replace(row, question=with_choices(one["question"], choices)) if choices else row)
    return found


def wtq(exact: bool, pack: Path, count: int, seed: int) -> list[Row]:
    """The questions held out of training; of drawn tables those that are drawn for the ceiling."""
    from sightline.train.symbolic.wtq import held_out

    tables = {one["table"]: one["rows"] for one in lines_of(pack, "tables.jsonl")}
    rows = [one for one in lines_of(pack) if one["id"] in held_out()]
    if not exact:
        rows = [one for one in rows if len(tables[one["table"]]) <= MOST_ROWS + 1]
    return [
        Row(
            id=one["id"],
            question=one["question"],
            expected=tuple(one["answers"]),
            picture=partial(drawn_table, one["table"], tables[one["table"]][: MOST_ROWS + 1]),
            right=partial(right_wtq, tuple(one["answers"])),
            group="" if not exact else "short" if len(tables[one["table"]]) <= MOST_ROWS + 1 else "long",
            grid=tables[one["table"]] if exact else None,
        )
        for one in chosen(rows, count, seed)
    ]


def drawn_table(name: str, grid: Grid) -> Picture:
    """The picture of a table, as `ceilings.py` draws it."""
    seed = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return load_image(draw_table(grid, style_of(seed)))


def receipts(pack: Path, count: int, seed: int) -> list[Row]:
    """Date, total, company and address of scanned receipts."""
    rows = []
    for one in chosen(lines_of(pack), count, seed):
        kind = one["id"].rpartition("-")[2]
        rows.append(_pack_row(pack, one, partial(right_field, kind, (one["answer"],)), group=kind))
    return rows


def shapes(pack: Path, count: int, seed: int) -> list[Row]:
    """SHAPES, its validation split."""
    rows = chosen([one for one in lines_of(pack) if one["split"] == "val"], count, seed)
    return [_pack_row(pack, one, partial(right_side, (one["answer"],))) for one in rows]


def nlvr(pack: Path, count: int, seed: int) -> list[Row]:
    """Statements that are true or false, each about one of its six pictures."""
    found = []
    for one in chosen(lines_of(pack), count, seed):
        side = "yes" if one["answer"] == "true" else "no"
        image = random.Random(f"{seed} {one['id']}").choice(one["images_permutations"])
        told = one | {"answer": side, "image": image}
        found.append(_pack_row(pack, told, partial(right_side, (side,))))
    return found


# Scenes.

Pixels = NDArray[np.uint8]
Look = Literal["plain", "text", "dark"]
TEXTS = ("Figure 3: shapes", "sample 12 of 40", "Do not copy", "Plate B, page 7", "see the key on page 2")


def scenes(look: Look, pack: Path, count: int, seed: int) -> list[Row]:
    """Held-out scenes, four families in turn; with a line of print in them, or on a dark ground."""
    made = [_scene_rows(look, n, seed) for n in range(len(FAMILIES))]
    return [next(made[n % len(made)]) for n in range(count)]


def _scene_rows(look: Look, family: int, seed: int) -> Iterator[Row]:
    name, kind = list(FAMILIES.items())[family]
    for draw in counting():
        rng = np.random.default_rng([SCENES_SEED + seed, family, draw])
        scene = make_scene(rng, split="heldout")
        question = ask(rng, scene, kind, "heldout")
        image = _shown(scene, look, rng) if question is not None else None
        if question is not None and image is not None:
            yield Row(
                id=f"{name}-{draw}",
                question=question.text,
                expected=(question.answer,),
                picture=partial(load_image, image),
                right=partial(right_plain, (question.answer,)),
                group=name,
            )


def _shown(scene: Scene, look: Look, rng: np.random.Generator) -> Pixels | None:
    """The picture; None where print does not fit, or a thing is as dark as the ground."""
    if look == "dark":
        if any(thing.colour in ("black", "brown") for thing in scene.things):
            return None
        level = int(rng.integers(18, 56))
        tint = (level, level, min(level + int(rng.integers(0, 25)), 80))
        return draw_scene(replace(scene, ground=Ground(top=tint, bottom=tint)), SIDE)
    image = draw_scene(scene, SIDE)
    return _with_text(image, scene, rng) if look == "text" else image


def _with_text(image: Pixels, scene: Scene, rng: np.random.Generator) -> Pixels | None:
    """A line of print where nothing else is."""
    text, face, size = str(rng.choice(TEXTS)), cv2.FONT_HERSHEY_SIMPLEX, 0.42
    (width, height), below = cv2.getTextSize(text, face, size, 1)
    boxes = [thing_box(thing, SIDE) for thing in scene.things]
    for _ in range(200):
        x = int(rng.integers(4, SIDE - width - 4))
        y = int(rng.integers(height + 4, SIDE - below - 4))
        left, top, right, bottom = x - 4, y - height - 4, x + width + 4, y + below + 4
        if all(x2 < left or x1 > right or y2 < top or y1 > bottom for x1, y1, x2, y2 in boxes):
            drawn = np.ascontiguousarray(image)
            cv2.putText(drawn, text, (x, y), face, size, (30, 30, 30), 1, cv2.LINE_AA)
            return drawn
    return None


def drawn_scene(told: str) -> Pixels:
    """A scene by its things: `large red circle 30,50; small blue star 70,40`, middles in percent."""
    things = []
    for one in told.split(";"):
        size, color, shape, place = one.split()
        x, y = (int(part) / 100 for part in place.split(","))
        big = size == "large"
        things.append(
            Thing(
                shape=shape,
                colour=color,
                size=size,
                x=x,
                y=y,
                diameter=0.22 if big else 0.12,
                fill=ANCHORS[color],
            )
        )
    return draw_scene(Scene(things=tuple(things)), SIDE)


# Questions of our own.


def _own(file: str, grouped: str, pack: Path, count: int, seed: int) -> list[Row]:
    """Rows of a JSON file, of those packs that are here."""
    found = []
    for n, one in enumerate(json.loads((HERE / file).read_text(encoding="utf-8"))):
        if one["pack"] == "drawn":
            picture: Callable[[], Source] = partial(drawn_scene, one["image"])
        elif folder := find_pack(one["pack"]):
            picture = partial(load_image, folder / one["image"])
        else:
            continue
        found.append(
            Row(
                id=f"{n}",
                question=one["question"],
                expected=tuple(map(str, one["answers"])),
                picture=picture,
                right=partial(_right_own, one),
                group=one[grouped],
            )
        )
    return chosen(found, count, seed)


def _right_own(row: JsonRow, said: Said) -> bool:
    return right_everyday(row, said.text, said.status)


def user_tools(pack: Path, count: int, seed: int) -> list[Row]:
    """Questions for a user's own tool. Right: it is called first. Near: the answer holds what it returned."""
    return [
        Row(
            id=f"{one['name']}-{digest_of(one)}",
            question=one["question"],
            expected=(str(one["returns"]),),
            picture=picture_of(one, drawn_scene),
            right=partial(right_first, one["name"]),
            near=partial(right_returned, one["returns"]),
            group="with arguments" if set(one["takes"]) - {"picture"} else "without arguments",
            tool=user_tool(one),
        )
        for one in chosen(tool_rows(), count, seed)
    ]


def absent_packs(file: str) -> list[str]:
    """The packs that a JSON file of questions needs and that are not here."""
    named = {one["pack"] for one in json.loads((HERE / file).read_text(encoding="utf-8"))} - {"drawn"}
    return sorted(name for name in named if find_pack(name) is None)


SUITES = (
    Suite(name="coco_existence", pack="coco_train125", rows=coco_existence),
    Suite(name="coco_counts", pack="coco_train125", rows=counts),
    Suite(name="chartqa", pack="chartqa_train1k", rows=chartqa),
    Suite(name="tabmwp", pack="tabmwp_dev1k", rows=tabmwp),
    Suite(name="wtq_drawn", pack="wtq_train", rows=partial(wtq, False)),
    Suite(name="wtq_gold", pack="wtq_train", rows=partial(wtq, True), tools="exact"),
    Suite(name="receipts", pack="sroie_receipts", rows=receipts),
    Suite(name="scenes", rows=partial(scenes, "plain")),
    Suite(name="scenes_text", rows=partial(scenes, "text")),
    Suite(name="scenes_dark", rows=partial(scenes, "dark")),
    Suite(name="shapes", pack="shapes", rows=shapes),
    Suite(name="nlvr", pack="nlvr1_dev", rows=nlvr),
    Suite(name="bccd", pack="bccd", rows=counts, tools="detector"),
    Suite(name="user_tools", rows=user_tools),
    Suite(name="everyday", rows=partial(_own, "everyday.json", "group")),
    Suite(name="unanswerable", rows=partial(_own, "unanswerable.json", "group")),
)
OWN_FILES = {"everyday": "everyday.json", "unanswerable": "unanswerable.json"}


# Tools that read without a fault.


class ExactTable(Tool):
    """`read_table` that knows the tables: `grids` by the hash of the picture."""

    name = "read_table"
    version = "exact"

    def __init__(self, grids: Mapping[str, Grid]) -> None:
        self._grids = grids

    def __call__(self, picture: Picture, region: Box | None = None) -> Table:
        """Reads a table into rows and columns.

        Args:
            picture: of the table
            region: where to look; else everywhere
        """
        from sightline.train.symbolic.wtq import exact_table

        return exact_table([list(row) for row in self._grids[picture.frame.image]])


class ExactLook(Tool):
    """`look` that takes each picture for a table, and knows its lines."""

    name = "look"
    version = "exact"

    def __init__(self, grids: Mapping[str, Grid]) -> None:
        self._grids = grids

    def __call__(self, picture: Picture) -> Overview:
        """Takes in the whole image at a glance: its kind, objects, text and colors."""
        frame, grid = picture.frame, self._grids[picture.frame.image]
        lines = [line for row in grid if (line := " ".join(" ".join(row).split()))]
        cut = [line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…" for line in lines]
        return Overview(
            region=Box(x1=0, y1=0, x2=frame.width, y2=frame.height, frame=frame),
            medium="table",
            mediums={"table": 1.0},
            lines=tuple(cut[:MOST_LINES]),
            line_count=len(lines),
            colors=tuple(color.name for color in colors(picture.pixels)[:4]),
            partial="objects not looked for on a table",
            score=1.0,
        )


# Single replies.


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A round without a picture: what is decided on, and what is the right reply."""

    id: str
    group: str
    situation: Situation
    reply: str
    value: Reply


def first_calls(count: int, seed: int) -> list[Decision]:
    """The first round of questions of which only a look is known, by kind of picture; every real tool."""
    from sightline.train.symbolic.charts import chart_first_calls
    from sightline.train.symbolic.mixer import real_specs
    from sightline.train.symbolic.mixture import SHARES, Generate
    from sightline.train.symbolic.tables import table_first_calls

    makers: dict[str, Generate] = {"tables": table_first_calls, "charts": chart_first_calls}
    makers |= {name: make for name, _, make in SHARES if not name.startswith(("table", "chart"))}
    tools = tuple(real_specs().values())

    def rounds(name: str) -> Iterator[Decision]:
        for draw in counting():
            rng = np.random.default_rng([NEVER_TRAINED, seed, *name.encode(), draw])
            episode = makers[name](rng)
            firsts = [b for b in episode.branches if not b.evidence and len(episode.evidence) == 1]
            for n, branch in enumerate(firsts[:2]):
                situation = Situation(question=branch.question, tools=tools, evidence=episode.evidence)
                yield from _decision(f"{name}-{draw}-{n}", name, situation, branch.reply)

    made = [rounds(name) for name in makers]
    return [next(made[n % len(made)]) for n in range(count)]


def unseen_tools(count: int, seed: int) -> list[Decision]:
    """The first round of questions for which a tool is right that training never showed."""
    from sightline.train.symbolic.batches import situation_of
    from sightline.train.symbolic.invented import invented_episode
    from sightline.train.symbolic.mixer import offer

    def rounds() -> Iterator[Decision]:
        for draw in counting():
            rng = np.random.default_rng([NEVER_TRAINED, seed, draw])
            episode, own = invented_episode(rng, held_out=True)
            offered = offer(episode, rng, own)
            firsts = [branch for branch in offered.episode.branches if not branch.evidence]
            for n, branch in enumerate(firsts[:2]):
                group = "cannot tell" if "cannot tell:" in branch.reply else "call"
                situation = situation_of(offered.episode, offered.tools, branch)
                yield from _decision(f"invented-{draw}-{n}", group, situation, branch.reply)

    return list(islice(rounds(), count))


def _decision(name: str, group: str, situation: Situation, reply: str) -> Iterator[Decision]:
    """The round, if its grammar allows the right reply."""
    relations = sql_relations(situation.evidence, situation.question)
    try:
        _, value = pieces(written(reply), reply_steps(situation, relations))
    except NotAllowed:
        return
    yield Decision(id=name, group=group, situation=situation, reply=reply, value=value)


def same_reply(said: Reply, right: Reply) -> tuple[bool, bool]:
    """Whether two replies do the same, whatever kind they expect; and whether they call the same tools."""
    exact = (said.calls, said.reference, said.reason) == (right.calls, right.reference, right.reason)
    tools = [call.name for call in said.calls] == [call.name for call in right.calls]
    same_end = (said.reference is None) == (right.reference is None)
    return exact, tools and same_end and (said.reason is None) == (right.reason is None)


REPLIES: dict[str, Callable[[int, int], list[Decision]]] = {
    "first_calls": first_calls,
    "unseen_tools": unseen_tools,
}
