"""MIMIC-IT: instructions in one JSON file, images in another, and rows that point to others as examples.

    instructions: {"meta": {}, "data": {"LA_00": {"instruction": "...", "answer": "...",
                   "image_ids": ["LA_IMG_1"], "rel_ins_ids": ["LA_01"]}}}
    images:       {"LA_IMG_1": "<base64 of an image file>" or a path}

Both files are streamed: of the images only their places are held, 100 bytes or so for each.
Li et al. 2023 (MIMIC-IT), and the code of Otter.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from sightline.errors import ConfigError, InputError
from sightline.train.data.containers import made_whole
from sightline.train.data.faults import Broken
from sightline.train.data.json_stream import Element, object_members
from sightline.train.data.pictures import image_bytes
from sightline.train.data.rows import ImageRef, Record, Row, Turn, with_marks, without_marks
from sightline.train.data.shapes import need


def image_index(path: Path) -> dict[str, ImageRef]:
    """Where each image of an images file stands. Raises `InputError` for a broken file."""
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    index: dict[str, ImageRef] = {}
    for element in object_members(path):
        if element.broken or not isinstance(element.value, str):
            raise InputError(f"{path}:{element.line}: {element.broken or 'an image is a text'}")
        index[element.key] = _place(element, path)
    return index


def _place(element: Element, path: Path) -> ImageRef:
    if "." in element.value:  # base64 holds no full stop, a path does
        return ImageRef(path=element.value)
    start, size = element.offset + 1, element.size - 2  # without its quotation marks
    return ImageRef(path=path.name, member=element.key, offset=start, size=size, base64=True)


def mimic_records(path: Path) -> Iterator[Element]:
    """The instructions, each with its id. Raises `InputError` where there is no such file."""
    if not path.is_file():
        raise InputError(f"no such file: {path}")
    for element in object_members(path, inside="data"):
        if isinstance(element.value, dict):
            yield replace(element, value={"id": element.key} | element.value)
        else:
            yield element


def mimic_row(record: object, index: Mapping[str, ImageRef]) -> Row:
    """The row of one instruction. Raises `Broken`."""
    name = need(record, "id", str)
    try:
        ids = need(record, "image_ids", list)
        missing = [str(one) for one in ids if not isinstance(one, str) or one not in index]
        if missing:
            raise Broken("missing_image", f"not in the images file: {', '.join(missing)}")
        related = need(record, "rel_ins_ids", list)
        if not all(isinstance(one, str) for one in related):
            raise Broken("wrong_type", "'rel_ins_ids' holds other things than texts")
        turns = (
            Turn(role="user", text=need(record, "instruction", str)),
            Turn(role="assistant", text=need(record, "answer", str)),
        )
    except Broken as broken:
        broken.row = name
        raise
    return Row(
        id=name,
        images=tuple(index[one] for one in ids),
        turns=with_marks(turns, len(ids)),
        related=tuple(related),
    )


def with_examples(row: Row, rows: Mapping[str, Row], *, most: int = 4) -> Row:
    """The row with its related rows before it, as an episode in context: their images, turns, then its own.

    Args:
        row: a conversation whose `related` name others.
        rows: by id.
        most: examples; the first of `related` are taken.

    Raises `ConfigError` for an example that is not among `rows`.
    """
    missing = [name for name in row.related[:most] if name not in rows]
    if missing:
        raise ConfigError(f"row {row.id}: no such example: {', '.join(missing)}")
    shown = [*(rows[name] for name in row.related[:most]), row]
    return replace(
        row,
        images=tuple(chain.from_iterable(one.images for one in shown)),
        turns=tuple(chain.from_iterable(one.turns for one in shown)),
        related=(),
    )


@dataclass(frozen=True, kw_only=True)
class MimicFiles:
    """The two files of a set. `images` stands beside the instructions unless it is given."""

    instructions: Path
    images: Path

    @classmethod
    def beside(cls, instructions: Path) -> MimicFiles:
        """`LA_instructions.json` and `LA.json`, or `name.json` and `name_images.json`."""
        stem = instructions.stem.removesuffix("_instructions")
        name = f"{stem}.json" if stem != instructions.stem else f"{stem}_images.json"
        return cls(instructions=instructions, images=instructions.with_name(name))


def write_mimic(rows: Iterable[Row], files: MimicFiles, root: Path) -> int:
    """Write both files, row by row, each made whole; images are held as base64. Returns how many rows.

    Raises `Broken` for a row that the format cannot hold.
    """
    with made_whole(files.instructions) as said_to, made_whole(files.images) as shown_to:
        with said_to.open("w", encoding="utf-8") as said, shown_to.open("w") as shown:
            return _write(rows, said, shown, root)


def _write(rows: Iterable[Row], said: TextIO, shown: TextIO, root: Path) -> int:
    count = images = 0
    said.write('{"meta": {}, "data": {')
    shown.write("{")
    for row in rows:
        record, name = _record(row), json.dumps(row.id, ensure_ascii=False)
        said.write(f"{',' if count else ''}\n{name}: {json.dumps(record, ensure_ascii=False)}")
        for key, ref in zip(record["image_ids"], row.images, strict=True):
            data = base64.b64encode(image_bytes(ref, root)).decode()
            shown.write(f'{"," if images else ""}\n{json.dumps(key)}: "{data}"')
            images += 1
        count += 1
    said.write("\n}}\n")
    shown.write("\n}\n")
    return count


def _record(row: Row) -> Record:
    turns: Any = without_marks(row.turns, len(row.images))
    if row.is_pair or row.system or row.notes or turns is None or len(turns) != 2:
        raise Broken("wrong_type", "MIMIC-IT holds one exchange, its images before it", row=row.id)
    return {
        "instruction": turns[0].text,
        "answer": turns[1].text,
        "image_ids": [f"{row.id}_IMG_{number}" for number in range(len(row.images))],
        "rel_ins_ids": list(row.related),
    }
