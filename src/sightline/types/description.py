"""What `describe` says of a picture: clauses, each with the tool and the places that it stands on."""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import Field, JsonValue

from sightline.types.findings import Finding
from sightline.types.geometry import Box, BoxFormat, Model, pixels

Topic = Literal["kind", "things", "text", "chart", "table", "document"]


class Clause(Model):
    """One part of a description, with what it stands on."""

    text: str = Field(description="such as: two dogs on the left, one brown and one white")
    topic: Topic
    tool: str = Field(description="that found it")
    boxes: tuple[Box, ...] = Field(default=(), description="what it is about; none: the picture as a whole")
    score: float | None = Field(default=None, ge=0, le=1, description="of its least sure part")
    data: dict[str, JsonValue] = Field(default_factory=dict, description="the same as values")

    def to_json(self) -> dict[str, Any]:
        """Its values, its tool, its score, and its boxes as XYXY in px."""
        places = [[round(v) for v in (b.x1, b.y1, b.x2, b.y2)] for b in self.boxes]
        sure = {} if self.score is None else {"score": round(self.score, 2)}
        return {**self.data, **({"boxes": places} if places else {}), **sure, "tool": self.tool}


class Description(Finding):
    """A picture in plain words. `text` joins the clauses into sentences."""

    kind: Literal["description"] = "description"
    text: str
    clauses: tuple[Clause, ...] = ()
    format: Literal["text", "json"] = Field(default="text", description="how `to_text` says it")

    @property
    def is_empty(self) -> bool:
        """Whether nothing was found that could be said; its kind alone is something."""
        return not any(clause.boxes or clause.topic == "kind" for clause in self.clauses)

    def boxes(self) -> list[Box]:
        """What the clauses are about, each place once, in their order."""
        found: dict[Box, None] = {}
        for clause in self.clauses:
            found |= dict.fromkeys(clause.boxes)
        return list(found)

    def to_text(self, budget: int = 2000, *, place: BoxFormat = pixels) -> str:
        """The sentences or JSON, at most `budget` characters: a JSON that is too long loses its end."""
        if self.format == "text":
            return self.text if len(self.text) <= budget else self.text[: max(budget - 1, 0)] + "…"[:budget]
        kept = len(self.clauses)
        while len(said := json.dumps(self.to_json(kept), ensure_ascii=False)) > budget and kept:
            kept -= 1
        return said[:budget]

    def to_json(self, most: int | None = None) -> dict[str, Any]:
        """The clauses (or the first `most` of them) as values, by topic; and what was not seen."""
        clauses = self.clauses[:most]
        said: dict[str, Any] = {}
        for clause in clauses:
            said.setdefault(clause.topic, []).append(clause.to_json())
        left_out = len(self.clauses) - len(clauses)
        return (
            said
            | ({"left out": left_out} if left_out else {})
            | ({"not seen": self.partial} if self.partial else {})
        )
