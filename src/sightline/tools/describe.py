"""describe(region?, detail?, format?): a picture in plain words, each clause with what it stands on.

It says what other tools found and no more: the kind of picture, its things with their number, colors and
places, its text; of a chart, a table or a document what their readers read. What a tool could not look at is
named; nothing is said to be absent that was not looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from sightline.errors import InputError
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
    Detection,
    Detections,
    Finding,
    TextLines,
    map_box,
)
from sightline.types.description import Clause, Description

EVERYTHING = "objects"
"""What the detector is asked for."""

F = TypeVar("F", bound=Finding)


class Describer(Tool):
    """The tool `describe`."""

    name = "describe"

    def __init__(self, detector: Tool, reader: Tool, **readers: Tool) -> None:
        """Choose what it stands on; nothing is loaded.

        Args:
            detector: `detect`, for things.
            reader: `read_text`, for text.
            readers: `look`, which tells the kind of picture, and by that kind `read_chart`, `read_table`,
                `read_document`. Without `look` it says what is there and not what kind of picture it is.
        """
        self._tools = {"detect": detector, "read_text": reader, **readers}

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
        """Describes a picture: its kind, things with number, color and place, text, chart, table or document.

        Args:
            region: what to describe; else everything
            detail: short for counts, full for colors, places and quotations
            format: sentences or JSON
        """
        seen = _Seen(picture=picture, region=region, tools=self._tools, full=detail == "full")
        return composed(seen.look(), seen.unseen, format=format)

    def warm(self) -> None:
        """Load what it always uses. Raises `WeightsError`."""
        for name in ("detect", "read_text"):
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
        told = self._by_reader(part)
        if not told:
            told = list(filter(None, (self._things(part), self._text(part))))
        if not told and self.failed:
            raise _joined(self.failed, self.unseen)
        return told

    def _by_reader(self, part: Picture) -> list[list[Clause]]:
        """Nothing: kinds are told by `look`."""
        return []

    def _things(self, part: Picture) -> list[Clause]:
        found = self._tried("detect", "things", part, Detections, query=EVERYTHING)
        if found is None:
            return []
        things = [self._thing(one, part) for one in found.items]
        if things:
            return clauses.of_things(things, full=self.full, tool="detect")
        text = "nothing was found of the kinds of things that it can detect"
        return [Clause(text=text, topic="things", tool="detect", score=found.score, data={"count": 0})]

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
        if found.rows:
            clause = clauses.of_text(found, full=self.full, tool="read_text")
            return [clause.model_copy(update={"boxes": self._carried(clause.boxes)})]
        return [
            Clause(
                text="no text was found",
                topic="text",
                tool="read_text",
                score=found.score,
                data={"lines": []},
            )
        ]

    def _carried(self, boxes: Sequence[Box]) -> tuple[Box, ...]:
        """Boxes of the region, on the picture."""
        return tuple(map_box(box, self.picture.frame) for box in boxes)

    def _tried(self, name: str, what: str, part: Picture, returns: type[F], **arguments: Any) -> F | None:
        """What a tool finds; None where it fails, which is noted, as is what it left out."""
        try:
            found = use(self.tools[name], part, returns, **arguments)
        except (Unsupported, InputError, WorkerTimeout, WorkerFailed) as error:
            self.failed.append(error)
            self.unseen.append(f"{what} not looked for: {error}")
            return None
        if found.partial:
            self.unseen.append(f"{what}: {found.partial}")
        return found
