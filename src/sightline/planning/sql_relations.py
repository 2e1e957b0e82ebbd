"""The relations that SQL may name in a situation: those that were read, and the objects of the picture."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from sightline.planning.sql import Kind, SqlColumn, SqlRelation
from sightline.tools.attributes import SIZES
from sightline.tools.coco import NAMES
from sightline.tools.colors import COLORS
from sightline.tools.relations import Column, Rows, source_of
from sightline.tools.words import singulars
from sightline.types import ChartData, Detections, Evidence, Fields, Table
from sightline.types.overview import Overview

PLACES = tuple(
    " ".join(filter(None, (row, column))) or "center"
    for row in ("top", "", "bottom")
    for column in ("left", "", "right")
)
LONGEST_TEXT = 60
"""Characters of a literal; what is longer is a sentence, and is looked for by its words."""

KNOWN = ("circle", "cross", "diamond", "square", "star", "triangle", *NAMES.values())
"""Classes that may be asked for whatever was seen: those of the embedded detectors."""

PICTORIAL, LEAST = ("photo", "drawing"), 0.2
"""Pictures on which `look` looks for objects: where these are likely, be it as the second guess."""

_LOOKS = frozenset([*COLORS, *SIZES, *(word for place in PLACES for word in place.split())])
_MEASURES = ("row_no", "area", "x", "y", "width", "height", "score")


def sql_relations(evidence: Sequence[Evidence], question: str) -> tuple[SqlRelation, ...]:
    """What SQL may name: tables, charts and documents that were read, and objects.

    Objects are left out where something was read and no object was seen, and where the overview tells of a
    chart, a table, a page or the like without any.

    Args:
        evidence: finished calls.
        question: its words, in the singular, are classes that may be asked for.
    """
    found: dict[str, SqlRelation] = {}
    labels: dict[str, None] = {}
    pictorial = True
    for one in evidence:
        payload = one.result.payload
        if one.result.status != "ok" or payload is None:
            continue
        if isinstance(payload, Table | ChartData | Fields):
            found |= {rows.name: _relation(rows) for rows in source_of(payload).relations}
        elif isinstance(payload, Detections):
            labels |= dict.fromkeys(d.label for d in (*payload.items, *payload.perhaps))
        elif isinstance(payload, Overview):
            labels |= dict.fromkeys(d.label for d in payload.objects)
            pictorial = sum(payload.mediums.get(one, 0.0) for one in PICTORIAL) >= LEAST or (
                payload.medium in PICTORIAL
            )
    if labels or (pictorial and not found):
        found["objects"] = _objects((*labels, *_named(question), *KNOWN))
    return tuple(found.values())


def _relation(rows: Rows) -> SqlRelation:
    return SqlRelation(rows.name, tuple(_column(rows, n, column) for n, column in enumerate(rows.columns)))


def _column(rows: Rows, n: int, column: Column) -> SqlColumn:
    texts = dict.fromkeys(row[n].text for row in rows.rows if 0 < len(row[n].text) <= LONGEST_TEXT)
    kind: Kind = (
        "number" if column.kind in ("number", "integer") else "text" if column.kind == "text" else "other"
    )
    numbers = [row[n].value for row in rows.rows] if kind == "number" else []
    said = dict.fromkeys(f"{value:.15g}" for value in numbers if isinstance(value, int | float))
    if kind == "number":
        texts = {t: None for t in texts if not re.fullmatch(r"[\d.,+-]+", t)}
    return SqlColumn(column.name, kind, tuple(texts), tuple(n for n in said if "e" not in n))


def _objects(classes: Sequence[str]) -> SqlRelation:
    texts = {"class": tuple(dict.fromkeys(classes)), "color": tuple(COLORS), "size": SIZES, "place": PLACES}
    columns = [SqlColumn(name, "text", known) for name, known in texts.items()]
    return SqlRelation("objects", (*columns, *(SqlColumn(name, "number") for name in _MEASURES)))


def _named(question: str) -> list[str]:
    """What a question may call a class: its words and pairs of words, in the singular too.

    A color, a size or a word of place is no class and begins none: it has a column of its own.
    """
    words = re.findall(r"[\w'-]+", question.casefold())
    runs = [(word,) for word in words] + list(pairwise(words))
    return [
        form for run in runs if run[0] not in _LOOKS for form in (" ".join(run), *singulars(" ".join(run)))
    ]
