"""Arguments of tools: their JSON schema, and typed values from texts, from JSON and from ids of evidence.

Whoever asks for a call hands over what it has: a command line `region=10,20,80,90`, a client a JSON list,
a planner `e1 e3`, the boxes that these calls found. `typed` makes of it what the tool takes, or says in
one line what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sightline.errors import InputError
from sightline.tools.base import LONGEST_TEXT, MOST_PLACES, Kind, Parameter, Tool, why_unfit
from sightline.types import Box, Frame, map_box

_IDS = re.compile(r"e\d+(?:[\s,;]+e\d+)*")
_PLACE: dict[Kind, tuple[int, str]] = {
    "region": (4, "x1,y1,x2,y2 in px of the image"),
    "regions": (4, "x1,y1,x2,y2;x1,y1,x2,y2;... in px of the image"),
    "points": (2, "x,y;x,y;... in px of the image"),
}
"""Numbers of one place, and how places are written."""


def schema(tool: Tool) -> dict[str, Any]:
    """The JSON schema of a tool's arguments: an object that takes no others."""
    return {
        "type": "object",
        "properties": {p.name: _property(p) for p in tool.parameters},
        "required": [p.name for p in tool.parameters if p.required],
        "additionalProperties": False,
    }


def _property(parameter: Parameter) -> dict[str, Any]:
    """The schema of one argument."""
    said = {"description": parameter.doc}
    match parameter.kind:
        case "text" | "phrase":
            return {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, **said}
        case "choice":
            return {"type": "string", "enum": list(parameter.options), **said}
        case "number":
            return {"type": "number", **said}
        case "region":
            return _place(4, f"{parameter.doc}: [x1, y1, x2, y2] in px of the image")
        case "regions":
            return _places(_place(4, "[x1, y1, x2, y2] in px of the image"), parameter.doc)
        case "points":
            return _places(_place(2, "[x, y] in px of the image"), parameter.doc)


def _place(numbers: int, doc: str) -> dict[str, Any]:
    items = {"type": "number"}
    return {"type": "array", "items": items, "minItems": numbers, "maxItems": numbers, "description": doc}


def _places(place: dict[str, Any], doc: str) -> dict[str, Any]:
    return {"type": "array", "items": place, "minItems": 1, "maxItems": MOST_PLACES, "description": doc}


def split_pairs(texts: Sequence[str]) -> dict[str, str]:
    """`name=value` of a command line, by name. Raises `InputError` for another form or a name said twice."""
    pairs: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise InputError(f'an argument is name=value, not "{text[:60]}"')
        if name.strip() in pairs:
            raise InputError(f"{name.strip()} is given twice")
        pairs[name.strip()] = value.strip()
    return pairs


def typed(
    tool: Tool,
    given: Mapping[str, Any],
    frame: Frame,
    named: Mapping[str, Sequence[Box]] | None = None,
) -> dict[str, Any]:
    """The arguments as the tool takes them; what is None is left out.

    Args:
        tool: whose `parameters` say what each is.
        given: texts (`10,20,80,90`, `3,4;5,6`, `2.5`), or JSON (`[10, 20, 80, 90]`), by name.
        frame: in which coordinates are given and come back.
        named: boxes by the id of the evidence that holds them, where ids may be given: a region is the
            first box of `e1`, regions are all boxes of `e1 e3`.

    Raises:
        InputError: an argument is unknown, missing, or not what the tool takes.
    """
    parameters = {parameter.name: parameter for parameter in tool.parameters}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in parameters:
            raise InputError(f"{tool.name} takes no argument {name[:60]}")
        if value is not None:
            values[name] = _value(parameters[name], value, frame, named)
    if reason := why_unfit(tool, frame, values):
        raise InputError(reason)
    return values


def _value(parameter: Parameter, value: Any, frame: Frame, named: Mapping[str, Sequence[Box]] | None) -> Any:
    """One typed value. Texts and choices stay as they are: what is wrong with them is seen later."""
    name, kind = parameter.name, parameter.kind
    if kind == "number":
        return _number(name, value)
    if kind not in _PLACE:
        return value
    if named is not None and isinstance(value, str) and _IDS.fullmatch(value.strip()):
        boxes = _boxes_of(name, value.strip(), frame, named)
        if kind == "points":
            return tuple(box.center for box in boxes)
        return boxes[0] if kind == "region" else boxes
    places = _read_places(name, kind, value)
    if kind == "points":
        return tuple((x, y) for x, y in places)
    boxes = tuple(_box(name, corners, frame) for corners in places)
    return boxes[0] if kind == "region" else boxes


def _number(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return int(value) if re.fullmatch(r"[+-]?\d{1,15}", value.strip()) else float(value)
    except ValueError:
        raise InputError(f'{name} must be a number, not "{value[:60]}"') from None


def _boxes_of(name: str, ids: str, frame: Frame, named: Mapping[str, Sequence[Box]]) -> tuple[Box, ...]:
    """All boxes of the named evidence. Raises `InputError` where one of them holds none."""
    found: list[Box] = []
    for id_ in re.split(r"[\s,;]+", ids):
        if not (boxes := named.get(id_, ())):
            raise InputError(f"{name}: {id_} holds no box")
        found += (map_box(box, frame) for box in boxes)
    return tuple(found)


def _read_places(name: str, kind: Kind, value: Any) -> list[tuple[float, ...]]:
    """One or more places, each as its numbers. Raises `InputError` for anything else."""
    numbers, form = _PLACE[kind]
    lists = _lists(value) if isinstance(value, str) else value
    if isinstance(lists, list | tuple) and lists and not isinstance(lists[0], list | tuple):
        lists = [lists]
    good = isinstance(lists, list | tuple) and 1 <= len(lists) <= (1 if kind == "region" else MOST_PLACES)
    if not good or not all(_is_place(one, numbers) for one in lists):
        raise InputError(f"{name} must be {form}, not {json.dumps(value, default=str)[:60]}")
    return [tuple(float(n) for n in one) for one in lists]


def _lists(text: str) -> Any:
    """JSON, or `1,2;3,4`, as lists of numbers; None where it is neither."""
    try:
        if text.lstrip().startswith("["):
            return json.loads(text)
        return [[float(n) for n in part.split(",")] for part in text.strip(" ;").split(";")]
    except (ValueError, RecursionError):
        return None


def _is_place(value: Any, numbers: int) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == numbers
        and all(isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e9 for n in value)
    )


def _box(name: str, corners: tuple[float, ...], frame: Frame) -> Box:
    """The part of XYXY that lies in the frame. Raises `InputError` where there is none."""
    x1, y1, x2, y2 = corners
    said = ",".join(f"{n:g}" for n in corners)
    if x1 >= x2 or y1 >= y2:
        raise InputError(f"{name} must be x1,y1,x2,y2 with x1 < x2 and y1 < y2, not {said}")
    box = Box.clipped(x1, y1, x2, y2, frame)
    if box.area == 0:
        raise InputError(f"{name} {said} lies outside the image of {frame.width}x{frame.height} px")
    return box


def dump_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Typed values as JSON: boxes as dumped `Box`es, several of them and points as lists."""
    return {name: _dumped(value) for name, value in arguments.items()}


def _dumped(value: Any) -> Any:
    if isinstance(value, Box):
        return value.model_dump()
    return [_dumped(one) for one in value] if isinstance(value, tuple) else value


def load_arguments(tool: Tool, dumped: Mapping[str, Any]) -> dict[str, Any]:
    """What `dump_arguments` wrote, typed again."""
    kinds = {parameter.name: parameter.kind for parameter in tool.parameters}
    return {name: _loaded(kinds[name], value) for name, value in dumped.items()}


def _loaded(kind: Kind, value: Any) -> Any:
    match kind:
        case "region":
            return Box.model_validate(value)
        case "regions":
            return tuple(Box.model_validate(one) for one in value)
        case "points":
            return tuple((x, y) for x, y in value)
        case _:
            return value
