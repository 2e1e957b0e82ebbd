"""What a record looks like in each format, and how it becomes a `Row` and is made from one.

| shape | fields |
|---|---|
| row | ours: id, images, turns, chosen, rejected, system, notes, related |
| llava | id, image, conversations of from and value |
| trl | images, prompt, chosen, rejected; message lists, or strings (`trl-plain` writes strings) |
| rlhf-v | image, question, chosen, rejected; or a field `text` that holds these as JSON |
| rlhf-v-segments | image, question, segments of rejected and chosen, equal where nothing was corrected |

Where a shape has no place of its own for system, notes and related, they are fields of that name beside the
others, which other readers pass over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar, get_args

from sightline.train.data.faults import Broken, said_of
from sightline.train.data.json_stream import parse
from sightline.train.data.pictures import reference
from sightline.train.data.rows import (
    MARK,
    ImageRef,
    Record,
    Role,
    Row,
    Turn,
    fields_of,
    marks_of,
    with_marks,
    without_marks,
)
from sightline.train.data.segments import Segment, join, split

Shape = Literal["row", "llava", "trl", "trl-plain", "rlhf-v", "rlhf-v-segments"]
SHAPES: tuple[Shape, ...] = get_args(Shape)
LONGEST_TEXT = 100_000
"""Characters of all that a row says."""

Encode = Callable[[ImageRef], Any]
"""How a container holds an image."""
T = TypeVar("T")

_FROM: Mapping[str, Role] = {"human": "user", "gpt": "assistant"}
_NAMES: Mapping[Role, str] = {"user": "human", "assistant": "gpt"}
_LEADING = re.compile(rf"(?:{MARK}\s*)+")


def shape_of(record: object) -> Shape:
    """Which shape a record has, by its fields. Raises `Broken` for one of no shape."""
    keys = set(record) if isinstance(record, dict) else set()
    if "turns" in keys:
        return "row"
    if "conversations" in keys:
        return "llava"
    if "segments" in keys:
        return "rlhf-v-segments"
    if "text" in keys or {"question", "chosen"} <= keys:
        return "rlhf-v"
    if "chosen" in keys or "prompt" in keys:
        return "trl"
    raise Broken("missing_field", f"of no known format: its fields are {', '.join(sorted(map(str, keys)))}")


def to_row(record: object, shape: Shape, *, unnamed: str) -> Row:
    """The row that a record holds; `unnamed` is the id of one that has none. Raises `Broken`."""
    if not isinstance(record, dict):
        raise Broken("wrong_type", f"a row is an object, not {said_of(type(record))}")
    name = _name(record, unnamed)
    try:
        row = _READERS[shape](record, name)
        return replace(row, turns=tuple(replace(turn, text=_canonical(turn)) for turn in row.turns))
    except Broken as broken:
        broken.row = name
        raise


def check_row(row: Row, *, longest: int = LONGEST_TEXT) -> None:
    """Raises `Broken` for a row that cannot be trained on, its images left aside."""
    _check_turns(row)
    marks = marks_of(row.turns)
    if marks != len(row.images):
        raise Broken("image_marks", f"marks {MARK}: {marks}, images: {len(row.images)}", row=row.id)
    if any(MARK in reply for reply in row.replies):
        raise Broken("image_marks", f"a reply holds {MARK}", row=row.id)
    if row.characters > longest:
        raise Broken("too_long", f"{row.characters} characters; {longest} are let in", row=row.id)
    if row.is_pair and row.chosen == row.rejected:
        raise Broken("same_replies", "chosen and rejected are the same", row=row.id)


def _check_turns(row: Row) -> None:
    if not row.turns:
        raise Broken("empty_turns", "there is no turn", row=row.id)
    for number, turn in enumerate(row.turns):
        if turn.role != ("user", "assistant")[number % 2]:
            raise Broken("role_order", f"turn {number + 1} is the {turn.role}'s", row=row.id)
        if not turn.text.replace(MARK, "").strip():
            raise Broken("empty_turns", f"turn {number + 1} is empty", row=row.id)
    last = row.turns[-1].role
    if last != ("user" if row.is_pair else "assistant"):
        raise Broken("role_order", f"the last turn is the {last}'s", row=row.id)
    if not all(reply.strip() for reply in row.replies):
        raise Broken("empty_turns", "a reply is empty", row=row.id)


def to_record(row: Row, shape: Shape, image: Encode) -> Record:
    """The record of a row.

    Raises `Broken` (wrong_type) where the shape cannot hold the row: a preference as `llava`, a conversation
    as anything but `row` and `llava`, marks amid the text where there are none.
    """
    if (row.is_pair and shape == "llava") or (not row.is_pair and shape not in ("row", "llava")):
        kind = "a preference" if row.is_pair else "a conversation"
        raise Broken("wrong_type", f"{shape} cannot hold {kind}", row=row.id)
    return _WRITERS[shape](row, image)


# Ours.


def _read_row(record: Record, name: str) -> Row:
    turns = _list(record, "turns")
    return Row(
        id=name,
        images=_images(record, "images"),
        turns=tuple(
            _turn(turn, "role", "text", {"user": "user", "assistant": "assistant"}) for turn in turns
        ),
        chosen=_optional(record, "chosen", str),
        rejected=_optional(record, "rejected", str),
        **_extras(record),
    )


def _write_row(row: Row, image: Encode) -> Record:
    record: Record = {"id": row.id, "images": [image(ref) for ref in row.images]}
    record["turns"] = [{"role": turn.role, "text": turn.text} for turn in row.turns]
    if row.is_pair:
        record |= {"chosen": row.chosen, "rejected": row.rejected}
    return record | fields_of(row)


# LLaVA.


def _read_llava(record: Record, name: str) -> Row:
    said = _list(record, "conversations")
    extras = _extras(record)
    if said and isinstance(said[0], dict) and said[0].get("from") == "system":
        extras["system"], said = need(said[0], "value", str), said[1:]
    turns = tuple(_turn(turn, "from", "value", _FROM) for turn in said)
    return Row(id=name, images=_images(record, "image"), turns=turns, **extras)


def _write_llava(row: Row, image: Encode) -> Record:
    images = [image(ref) for ref in row.images]
    shown = {"image": images[0] if len(images) == 1 else images} if images else {}
    said = [{"from": _NAMES[turn.role], "value": turn.text} for turn in row.turns]
    return {"id": row.id} | shown | {"conversations": said} | fields_of(row)


# TRL.


def _read_trl(record: Record, name: str) -> Row:
    images = _images(record, "images") or _images(record, "image")
    prompt, chosen, rejected = (_said(record, key) for key in ("prompt", "chosen", "rejected"))
    if not prompt:  # TRL's implicit prompt: what both conversations share
        shared = 0
        while shared < min(len(chosen), len(rejected)) - 1 and chosen[shared] == rejected[shared]:
            shared += 1
        prompt, chosen, rejected = chosen[:shared], chosen[shared:], rejected[shared:]
    if not prompt:
        raise Broken("missing_field", "no prompt, and nothing that both replies begin with")
    extras = _extras(record)
    if prompt[0][0] == "system":
        extras["system"], prompt = prompt[0][1], prompt[1:]
    turns = tuple(Turn(role=_role(role), text=text) for role, text in prompt)
    return Row(
        id=name,
        images=images,
        turns=with_marks(turns, len(images)),
        chosen=_reply(chosen, "chosen"),
        rejected=_reply(rejected, "rejected"),
        **extras,
    )


def _said(record: Record, key: str) -> list[tuple[str, str]]:
    """(role, text) of each message; a string is one message of whose side `key` is."""
    value = record.get(key)
    if value is None and key == "prompt":
        return []
    if isinstance(value, str):
        return [("user" if key == "prompt" else "assistant", value)]
    return [(need(m, "role", str), _content(m)) for m in _list(record, key)]


def _content(message: Any) -> str:
    """A message's text, a mark for each image; images at its head stand on a line each."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "".join(
        MARK if need(part, "type", str) == "image" else need(part, "text", str)
        for part in _list(message, "content")
    )


def _reply(said: list[tuple[str, str]], key: str) -> str:
    if len(said) != 1 or said[0][0] != "assistant":
        raise Broken("role_order", f"{key} is not one message of the assistant")
    return said[0][1]


def _write_trl(row: Row, image: Encode) -> Record:
    said: list[tuple[str, str]] = [("system", row.system)] if row.system else []
    said += [(turn.role, turn.text) for turn in row.turns]
    extras = {key: value for key, value in fields_of(row).items() if key != "system"}
    return {
        "id": row.id,
        "images": [image(ref) for ref in row.images],
        "prompt": [_message(role, text) for role, text in said],
        "chosen": [_message("assistant", row.chosen or "")],
        "rejected": [_message("assistant", row.rejected or "")],
    } | extras


def _message(role: str, text: str) -> Record:
    head = _LEADING.match(text)
    leading = head[0].count(MARK) if head else 0
    parts: list[Record] = [{"type": "image"}] * leading
    for number, piece in enumerate(text[head.end() if head else 0 :].split(MARK)):
        parts += [{"type": "image"}] if number else []
        parts += [{"type": "text", "text": piece}] if piece else []
    return {"role": role, "content": parts}


def _write_trl_plain(row: Row, image: Encode) -> Record:
    record = {"id": row.id, "images": [image(ref) for ref in row.images], "prompt": _question(row)}
    return record | {"chosen": row.chosen, "rejected": row.rejected} | fields_of(row)


# RLHF-V.


def _read_rlhfv(record: Record, name: str) -> Row:
    if isinstance(text := record.get("text"), str | dict):
        record = {**record, **(parse(text.encode()) if isinstance(text, str) else text)}
    return _asked(record, name, need(record, "chosen", str), need(record, "rejected", str))


def _read_segments(record: Record, name: str) -> Row:
    pieces = _list(record, "segments")
    segments = [Segment(rejected=need(p, "rejected", str), chosen=need(p, "chosen", str)) for p in pieces]
    return _asked(record, name, *join(segments))


def _asked(record: Record, name: str, chosen: str, rejected: str) -> Row:
    images = _images(record, "image")
    turns = with_marks((Turn(role="user", text=need(record, "question", str)),), len(images))
    return Row(id=name, images=images, turns=turns, chosen=chosen, rejected=rejected, **_extras(record))


def _write_rlhfv(row: Row, image: Encode) -> Record:
    return _shown(row, image) | {"chosen": row.chosen, "rejected": row.rejected} | fields_of(row)


def _write_segments(row: Row, image: Encode) -> Record:
    pieces = split(row.chosen or "", row.rejected or "")
    said = [{"rejected": piece.rejected, "chosen": piece.chosen} for piece in pieces]
    return _shown(row, image) | {"segments": said} | fields_of(row)


def _shown(row: Row, image: Encode) -> Record:
    images = [image(ref) for ref in row.images]
    shown = {"image": images[0] if len(images) == 1 else images} if images else {}
    return {"id": row.id} | shown | {"question": _question(row)}


def _question(row: Row) -> str:
    """The one question of a row, without marks."""
    turns = without_marks(row.turns, len(row.images))
    if turns is None or len(turns) != 1:
        raise Broken("wrong_type", "the format holds one question, its images before it", row=row.id)
    return turns[0].text


# Fields.


def need(record: object, name: str, kind: type[T]) -> T:
    """A field that must be there. Raises `Broken`."""
    if not isinstance(record, dict):
        raise Broken("wrong_type", f"an object is expected, not {said_of(type(record))}")
    value = record.get(name)
    if value is None:
        raise Broken("missing_field", f"no field {name!r}")
    if not isinstance(value, kind):
        raise Broken("wrong_type", f"{name!r} is {said_of(type(value))}, not {said_of(kind)}")
    return value


def _optional(record: Record, name: str, kind: type[T]) -> T | None:
    return None if record.get(name) is None else need(record, name, kind)


def _list(record: Any, name: str) -> list[Any]:
    return need(record, name, list)


def _strings(record: Record, name: str) -> tuple[str, ...]:
    values = _optional(record, name, list) or []
    if not all(isinstance(value, str) for value in values):
        raise Broken("wrong_type", f"{name!r} holds other things than texts")
    return tuple(values)


def _name(record: Record, unnamed: str) -> str:
    """The id: a text or a number; `unnamed` where there is none."""
    value = next((record[key] for key in ("id", "idx") if record.get(key) is not None), unnamed)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise Broken("wrong_type", "an id is a text or a number, and not empty")
    return str(value)


def _images(record: Record, name: str) -> tuple[ImageRef, ...]:
    value = record.get(name)
    if value is None:
        return ()
    return tuple(reference(one) for one in (value if isinstance(value, list | tuple) else [value]))


def _extras(record: Record) -> dict[str, Any]:
    return {
        "system": _optional(record, "system", str) or "",
        "notes": _strings(record, "notes"),
        "related": _strings(record, "related"),
    }


def _turn(turn: Any, who: str, what: str, roles: Mapping[str, Role]) -> Turn:
    name = need(turn, who, str)
    if name not in roles:
        raise Broken("role_order", f"nobody is called {name!r}; there are {', '.join(roles)}")
    return Turn(role=roles[name], text=need(turn, what, str))


def _role(name: str) -> Role:
    role = next((turn for turn in _NAMES if turn == name), None)
    if role is None:
        raise Broken("role_order", f"a turn of {name!r}")
    return role


def _canonical(turn: Turn) -> str:
    """Marks at the head of a user's turn on a line each, whatever stood between them."""
    head = _LEADING.match(turn.text) if turn.role == "user" else None
    if head is None:
        return turn.text
    return f"{MARK}\n" * head[0].count(MARK) + turn.text[head.end() :]


_READERS: Mapping[Shape, Callable[[Record, str], Row]] = {
    "row": _read_row,
    "llava": _read_llava,
    "trl": _read_trl,
    "trl-plain": _read_trl,
    "rlhf-v": _read_rlhfv,
    "rlhf-v-segments": _read_segments,
}
_WRITERS: Mapping[Shape, Callable[[Row, Encode], Record]] = {
    "row": _write_row,
    "llava": _write_llava,
    "trl": _write_trl,
    "trl-plain": _write_trl_plain,
    "rlhf-v": _write_rlhfv,
    "rlhf-v-segments": _write_segments,
}
