"""describe(region?, detail?, format?): a picture in plain words, each clause with what it stands on.

It says what other tools found and no more: the kind of picture, its things with their number, colors and
places, its text; of a chart, a table or a document what their readers read. What a tool could not look at is
named; nothing is said to be absent that was not looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sightline.errors import InputError, WeightsError
from sightline.images import Picture
from sightline.tools import clauses
from sightline.tools.attributes import said_colors, size_of, thing_colors
from sightline.tools.base import Tool, Unsupported
from sightline.tools.clauses import Thing
from sightline.tools.crop import cut
from sightline.tools.english import listed, sentence
from sightline.tools.guard import use
from sightline.tools.places import place_of
from sightline.tools.worker import WorkerFailed, WorkerTimeout
from sightline.types import (
    Box,
    ChartData,
    Detection,
    Detections,
    Fields,
    Finding,
    Table,
    TextLines,
    map_box,
)
from sightline.types.description import Clause, Description
from sightline.types.overview import Overview

EVERYTHING = "objects"
"""What the detector is asked for."""

_OF_PRINT = frozenset({"chart", "table", "document", "text"})
"""Kinds of pictures in which no things are looked for."""

F = TypeVar("F", bound=Finding)


class Describer(Tool):
    """The tool `describe`."""

    name = "describe"

    def __init__(
        self,
        detector: Tool,
        reader: Tool,
        look: Tool | None = None,
        read_table: Tool | None = None,
        read_chart: Tool | None = None,
        read_document: Tool | None = None,
    ) -> None:
        """Choose what it stands on; nothing is loaded.

        Args:
            detector: `detect`, for things.
            reader: `read_text`, for text.
            look: tells the kind of picture, without which it says what is there and not what kind it is.
            read_table: for tables.
            read_chart: for charts.
            read_document: for documents.
        """
        by_kind = {"look": look, "read_table": read_table, "read_chart": read_chart}
        by_kind |= {"read_document": read_document}
        given = {name: tool for name, tool in by_kind.items() if tool is not None}
        self._tools = {"detect": detector, "read_text": reader, **given}

    @property
    def version(self) -> str:
        """Of those that it stands on."""
        return ", ".join(dict.fromkeys(tool.version for tool in self._tools.values() if tool.version))

    @property
    def weights(self) -> str:
        """Of those that it stands on."""
        return "+".join(dict.fromkeys(tool.weights for tool in self._tools.values() if tool.weights))

    def covers(self) -> str:
        """In one line, what it does."""
        return f"says what {listed(list(self._tools))} find, and no more; not what people do or feel"

    def __call__(
        self,
        picture: Picture,
        region: Box | None = None,
        detail: Literal["short", "full"] = "full",
        format: Literal["text", "json"] = "text",
    ) -> Description:
        """Describes the image or a region, each clause with its evidence.

        Args:
            region: what to describe; else everything
            detail: short for counts, full for colors, places and quotations
            format: sentences or JSON
        """
        seen = _Seen(picture=picture, region=region, tools=self._tools, full=detail == "full")
        return composed(seen.look(), seen.unseen, format=format)

    def warm(self) -> None:
        """Load what it always uses. Of what has no weights, a description says that it could not look."""
        for name in ("detect", "read_text"):
            with suppress(WeightsError):
                self._tools[name].warm()

    def close(self) -> None:
        """Close what it stands on."""
        for tool in self._tools.values():
            tool.close()


def composed(
    sentences: Sequence[Sequence[Clause]], unseen: Sequence[str], *, format: Literal["text", "json"] = "text"
) -> Description:
    """The description that clauses make, those of a sentence joined; `unseen` becomes `partial`."""
    parts = [clause for clauses in sentences for clause in clauses]
    return Description(
        text=" ".join(sentence(listed([clause.text for clause in clauses])) for clauses in sentences),
        clauses=tuple(parts),
        format=format,
        partial="; ".join(unseen),
        score=min((clause.score for clause in parts if clause.score is not None), default=None),
    )


def _joined(failed: Sequence[Exception], unseen: Sequence[str]) -> Exception:
    """One exception for several: of their class where it is the same."""
    kinds = {type(error) for error in failed}
    return (kinds.pop() if len(kinds) == 1 else WorkerFailed)("; ".join(unseen))


@dataclass(kw_only=True)
class _Seen:
    """One look at a picture or a region of it. `unseen` collects in words what could not be looked at."""

    picture: Picture
    region: Box | None
    tools: dict[str, Tool]
    full: bool
    unseen: list[str] = field(default_factory=list)
    failed: list[Exception] = field(default_factory=list)

    def look(self) -> list[list[Clause]]:
        """The clauses of each sentence. Raises what the tools raised where none of them could look."""
        part = self.picture if self.region is None else cut(self.picture, self.region, at_least=0)
        glance = self._tried("look", "kind", part, Overview)
        told = self._by_glance(glance, part) if glance else [self._things(part), self._text(part)]
        told = [sentence for sentence in told if sentence]
        if not told and self.failed:
            raise _joined(self.failed, self.unseen)
        return told

    def _by_glance(self, glance: Overview, part: Picture) -> list[list[Clause]]:
        """Of a chart, a table or a document what its reader tells; else its kind, things and text."""
        sure = glance.score is None or glance.score >= clauses.SURE_FROM
        if sure and (told := self._by_reader(glance.medium, part)):
            return told
        if glance.partial:
            self.unseen.append(glance.partial)
        told = [clauses.of_kind(glance.medium, glance.score, tool="look")]
        if glance.objects:
            told.append(self._of_things(glance.objects, part))
        elif not (sure and glance.medium in _OF_PRINT):
            told.append(self._things(part))
        read = clauses.of_lines(
            glance.lines, glance.line_boxes, glance.line_count, full=self.full, tool="read_text"
        )
        return [*told, [self._on_picture(read)]]

    def _by_reader(self, kind: str, part: Picture) -> list[list[Clause]]:
        """What the reader of this kind of picture tells; nothing where there is none, or it read nothing."""
        told: list[list[Clause]] = []
        if kind == "chart" and (chart := self._read("read_chart", part, ChartData)):
            head, *ends = clauses.of_chart(chart, full=self.full, tool="read_chart")
            told = [[head], ends] if ends else [[head]]
        elif kind == "table" and (table := self._read("read_table", part, Table)):
            told = [clauses.of_table(table, full=self.full, tool="read_table")]
        elif kind == "document" and (fields := self._read("read_document", part, Fields)):
            told = [[one] for one in clauses.of_document(fields, full=self.full, tool="read_document")]
        return [[self._on_picture(clause) for clause in clauses] for clauses in told]

    def _read(self, name: str, part: Picture, returns: type[F]) -> F | None:
        """What a reader read, where that is anything."""
        found = self._tried(name, name.removeprefix("read_"), part, returns)
        return None if found is None or found.is_empty else found

    def _things(self, part: Picture) -> list[Clause]:
        found = self._tried("detect", "things", part, Detections, query=EVERYTHING)
        if found is None:
            return []
        return self._of_things(found.items, part, found.score)

    def _of_things(
        self, found: Sequence[Detection], part: Picture, score: float | None = None
    ) -> list[Clause]:
        things = [self._thing(one, part) for one in found]
        return clauses.of_things(things, full=self.full, tool="detect", score=score)

    def _thing(self, found: Detection, part: Picture) -> Thing:
        return Thing(
            label=found.label,
            score=found.score,
            box=map_box(found.box, self.picture.frame),
            place=place_of(found.box),
            color=said_colors(thing_colors(part.pixels, found.box)),
            size=size_of(found.box),
        )

    def _text(self, part: Picture) -> list[Clause]:
        found = self._tried("read_text", "text", part, TextLines)
        if found is None:
            return []
        return [self._on_picture(clauses.of_text(found, full=self.full, tool="read_text"))]

    def _on_picture(self, clause: Clause) -> Clause:
        """With its boxes, which are of the region, on the picture."""
        boxes = tuple(map_box(box, self.picture.frame) for box in clause.boxes)
        return clause.model_copy(update={"boxes": boxes})

    def _tried(self, name: str, what: str, part: Picture, returns: type[F], **arguments: Any) -> F | None:
        """What a tool finds; None where there is none or it fails, which is noted, as is what it left out."""
        if name not in self.tools:
            return None
        try:
            found = use(self.tools[name], part, returns, **arguments)
        except (Unsupported, InputError, WeightsError, WorkerTimeout, WorkerFailed) as error:
            self.failed.append(error)
            self.unseen.append(f"{what} not seen: {error}")
            return None
        if found.partial and returns is not Overview:  # of an overview only what is said counts
            self.unseen.append(f"{what}: {found.partial}")
        return found
