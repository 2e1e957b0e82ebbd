r"""The one row that every format is read into and written from.

    Row(id="7", images=(ImageRef(path="cat.jpg"),),
        turns=(Turn(role="user", text="<image>\nWhat is this?"), Turn(role="assistant", text="A cat.")))

Each image has one mark `<image>` in the text of the user's turns, in the order of `images`. A format
without marks is read as if they stood at the head of the first turn, a line each.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

MARK = "<image>"

Role = Literal["user", "assistant"]


@dataclass(frozen=True, kw_only=True)
class ImageRef:
    """Where the bytes of an image file stand. Exactly one of `path` and `data` is given.

    Args:
        path: of a file, under the folder that the reader was given; posix, never absolute.
        data: the bytes of the file themselves.
        member: what a shard calls it, where `path` is a shard (a tar, or a JSON file of base64).
        offset: of the member's first byte in the shard.
        size: of the member in bytes, as it is stored; -1 for a file that is the image itself.
        base64: the member is stored as base64.
    """

    path: str = ""
    data: bytes | None = field(default=None, repr=False)
    member: str = ""
    offset: int = 0
    size: int = -1
    base64: bool = False

    def __post_init__(self) -> None:
        assert bool(self.path) != (self.data is not None), "a path or bytes"

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.member or self.path or f"{len(self.data or b'')} bytes"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What one side says."""

    role: Role
    text: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """A conversation about images, or a preference between two replies.

    Args:
        id: its name in the data set.
        images: in the order of their marks.
        turns: user first, then in turn. A conversation ends with the assistant; a preference's `turns`
            are its prompt and end with the user.
        chosen: the better reply; None for a conversation.
        rejected: the worse reply; None for a conversation.
        system: what is said to the model before the first turn.
        notes: what tools found, given with the question (text of a page, boxes).
        related: ids of the rows that serve as examples in context (MIMIC-IT's `rel_ins_ids`).
    """

    id: str
    images: tuple[ImageRef, ...] = ()
    turns: tuple[Turn, ...] = ()
    chosen: str | None = None
    rejected: str | None = None
    system: str = ""
    notes: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    @property
    def is_pair(self) -> bool:
        """Whether it is a preference."""
        return self.chosen is not None or self.rejected is not None

    @property
    def exchanges(self) -> tuple[tuple[str, str], ...]:
        """(question, answer) ... of a conversation; none of a preference."""
        if self.is_pair:
            return ()
        return tuple((a.text, b.text) for a, b in zip(self.turns[::2], self.turns[1::2], strict=False))

    @property
    def characters(self) -> int:
        """Of all that is said in it."""
        said = [turn.text for turn in self.turns] + [self.chosen or "", self.rejected or "", self.system]
        return sum(map(len, said)) + sum(map(len, self.notes))

    @property
    def replies(self) -> tuple[str, ...]:
        """What a loss is taken on."""
        if self.is_pair:
            return (self.chosen or "", self.rejected or "")
        return tuple(turn.text for turn in self.turns if turn.role == "assistant")


Record = dict[str, Any]
"""A row as a format writes it: JSON values, and in Parquet and shards the bytes of images."""


def ask(id: str, question: str, answer: str, *images: ImageRef, notes: tuple[str, ...] = ()) -> Row:
    """A row of one exchange; `question` carries no marks yet."""
    turns = (Turn(role="user", text=question), Turn(role="assistant", text=answer))
    return Row(id=id, images=images, turns=with_marks(turns, len(images)), notes=notes)


def with_marks(turns: tuple[Turn, ...], images: int) -> tuple[Turn, ...]:
    """The turns with a mark for each of `images` at the head of the first, where no turn has any."""
    if not images or not turns or marks_of(turns):
        return turns
    return (replace(turns[0], text=f"{MARK}\n" * images + turns[0].text), *turns[1:])


def without_marks(turns: tuple[Turn, ...], images: int) -> tuple[Turn, ...] | None:
    """What `with_marks` was given, or None where a mark stands anywhere else than it would put it."""
    if not images:
        return turns
    head = f"{MARK}\n" * images
    if not turns or not turns[0].text.startswith(head) or marks_of(turns) != images:
        return None
    return (replace(turns[0], text=turns[0].text[len(head) :]), *turns[1:])


def marks_of(turns: tuple[Turn, ...]) -> int:
    """How many marks stand in the user's turns."""
    return sum(turn.text.count(MARK) for turn in turns if turn.role == "user")


def fields_of(row: Row) -> Record:
    """The fields that are not part of the conversation, those alone that are set."""
    extra = {"system": row.system, "notes": list(row.notes), "related": list(row.related)}
    return {name: value for name, value in extra.items() if value}
