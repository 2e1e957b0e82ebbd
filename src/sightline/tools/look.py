"""look(): the picture at a glance: what kind of picture it is, what is on it, what is written, its colors.

It stands on `read_text` and `detect`, whose findings later calls share. Nearly all of its time is theirs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property

from sightline.errors import WeightsError
from sightline.tools.base import Picture, Tool, Unsupported
from sightline.tools.clauses import SURE_FROM
from sightline.tools.guard import use
from sightline.tools.looks import colors
from sightline.tools.picture_kind import WEIGHTS, kinds_of
from sightline.tools.places import place_of
from sightline.tools.reading import whole
from sightline.tools.words import plural
from sightline.tools.worker import WorkerFailed, WorkerTimeout
from sightline.types import Box, Detection, Detections, TextLines, TextSpan
from sightline.types.overview import MEDIUMS, Overview

EVERYTHING = "objects"
"""What the detector is asked for."""

PICTORIAL = 0.2
"""Objects are looked for where photo and drawing together are at least this likely."""

MOST_LINES = 8
"""Lines of text that are kept; of the others, how many there are."""

LONGEST_LINE = 80

MOST_COLORS = 4

SAME = 0.4
"""Intersection over union from which a letter or two, as `O` for a disk, are an object."""

MOST_PLACES = 4
"""Places that are named of the objects of one label."""


class Looker(Tool):
    """The tool `look`."""

    name = "look"

    def __init__(self, detector: Tool, reader: Tool) -> None:
        """It stands on `detect` and `read_text`; nothing is loaded."""
        self._detector, self._reader = detector, reader

    @property
    def version(self) -> str:
        """Of those that it stands on."""
        return f"{self._detector.version}, {self._reader.version}"

    @property
    def weights(self) -> str:
        """Of those that it stands on, and of the model that tells kinds of pictures apart."""
        return f"{self._detector.weights}+{self._reader.weights}+{self._own_weights}"

    @cached_property
    def _own_weights(self) -> str:
        return hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:16]

    def covers(self) -> str:
        """In one line, what it tells."""
        kinds = ", ".join(MEDIUMS)
        return f"tells {kinds}; what detect finds on a photo or drawing, what read_text reads, main colors"

    def __call__(self, picture: Picture) -> Overview:
        """Takes in the whole image at a glance: its kind, objects, text and colors."""
        lines = use(self._reader, picture, TextLines)
        mediums = kinds_of(picture.pixels, lines)
        medium = max(MEDIUMS, key=lambda one: mediums[one])
        found, unseen = self._objects(picture, mediums)
        rows = _printed(lines.rows, found)
        return Overview(
            region=Box.whole(picture.frame),
            medium=medium,
            mediums={kind: score for kind, score in mediums.items() if score >= 0.01},
            objects=found,
            things=said(found),
            lines=tuple(shortened(span.text for span in row) for row in rows[:MOST_LINES]),
            line_boxes=tuple(whole([span.box for span in row]) for row in rows[:MOST_LINES]),
            line_count=len(rows),
            colors=tuple(color.name for color in colors(picture.pixels)[:MOST_COLORS]),
            partial="; ".join(filter(None, (lines.partial and f"text: {lines.partial}", unseen))),
            score=mediums[medium],
        )

    def _objects(self, picture: Picture, mediums: dict[str, float]) -> tuple[tuple[Detection, ...], str]:
        """What is on a photo or a drawing, and in words what was not looked for.

        A glance is of use without its objects too: where `detect` cannot look, that is said.
        """
        if mediums["photo"] + mediums["drawing"] < PICTORIAL:
            return (), f"objects not looked for on a {next(iter(mediums))}"
        try:
            found = use(self._detector, picture, Detections, query=EVERYTHING)
        except (Unsupported, WorkerTimeout, WorkerFailed, WeightsError) as error:
            return (), f"objects: {error}"
        return found.items, found.partial

    def warm(self) -> None:
        """Load what it stands on. Raises `WeightsError`."""
        self._reader.warm()
        self._detector.warm()

    def close(self) -> None:
        """Close what it stands on."""
        self._reader.close()
        self._detector.close()


def said(objects: Sequence[Detection]) -> tuple[str, ...]:
    """Objects in words by label, those seen most often first: `2 dogs (left, center)`.

    `perhaps` stands before those of which one may be something else.
    """
    groups: dict[str, list[Detection]] = {}
    for one in objects:
        groups.setdefault(one.label, []).append(one)
    ranked = sorted(groups.items(), key=lambda item: -len(item[1]))
    return tuple(_group(label, own) for label, own in ranked)


def _group(label: str, objects: Sequence[Detection]) -> str:
    unsure = "perhaps " if min(one.score for one in objects) < SURE_FROM else ""
    name = label if len(objects) == 1 else f"{len(objects)} {plural(label)}"
    different = list(dict.fromkeys(place_of(one.box) for one in objects))
    shown = different[:MOST_PLACES]
    return f"{unsure}{name} ({', '.join(shown)}{', …' if len(different) > len(shown) else ''})"


def _printed(rows: Sequence[Sequence[TextSpan]], objects: Sequence[Detection]) -> list[tuple[TextSpan, ...]]:
    """Rows without what is no print: signs alone, and a letter or two that are an object seen as letters."""
    kept = (tuple(span for span in row if _is_print(span, objects)) for row in rows)
    return [row for row in kept if row]


def _is_print(span: TextSpan, objects: Sequence[Detection]) -> bool:
    if not any(c.isalnum() for c in span.text):
        return False
    return len(span.text) > 2 or all(one.box.iou(span.box) < SAME for one in objects)


def shortened(texts: Iterable[str]) -> str:
    """The texts of a row as one line, cut at `LONGEST_LINE` letters."""
    text = " ".join(texts)
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"
