"""From the signature of a function to a schema: pydantic types, checks and describes every argument.

A parameter is a `Picture` (at most one: what the call looks at, no argument of the tool), a `Box`, several
boxes, points, a text, a number, a bool, or one of some texts (`Literal`), each `| None` where it may be left
out.
"""

from __future__ import annotations

import inspect
import json
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import isfinite
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    create_model,
)

from sightline.errors import ConfigError, FrameError
from sightline.images import Picture
from sightline.types import Box, Frame, Point, map_box

Kind = Literal["text", "phrase", "choice", "number", "region", "regions", "points"]
"""What an argument is, for planners and command lines: a free text, a text in the words of the question, one
of some words, a number, a box, several boxes, several points."""

LONGEST_TEXT = 500
"""Characters of a text, where its annotation says nothing else."""

MOST_PLACES = 200
"""Boxes or points of one argument."""

TAKEN = (
    "it takes Picture, Box, tuple[Box, ...], tuple[tuple[float, float], ...], str, float, int, bool and "
    "Literal of texts, each of them | None where it has the default None"
)


class InQuestion:
    """Marks a text that is said in the words of the question."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One argument: its name, kind, one line on it, whether it may be left out, and the words of a choice."""

    name: str
    kind: Kind
    doc: str
    required: bool = True
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a function takes. `picture` names its parameter for the picture; empty where it has none.

    `model` is the pydantic model of its arguments.
    """

    doc: str
    picture: str
    parameters: tuple[Parameter, ...]
    model: type[BaseModel]


@dataclass(frozen=True, kw_only=True)
class Places:
    """What places are said in: pixels of `frame`, or ids of evidence, whose boxes are `named`."""

    frame: Frame
    named: Mapping[str, Sequence[Box]] | None = None


@cache
def signature_of(function: Callable[..., Any]) -> Signature:
    """The signature of a typed function or method with a docstring.

    Raises:
        ConfigError: it has no docstring, or a parameter that has no meaning for a tool.
    """
    hints = hints_of(function)
    doc, docs = _docs(function)
    picture, parameters = "", list[Parameter]()
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        where = f"{function.__name__}({name})"
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise ConfigError(f"{where} cannot be given by name, which a tool's arguments are")
        if name not in hints:
            raise ConfigError(f"{where} has no annotation: {TAKEN}")
        if hints[name] is Picture:
            if picture:
                raise ConfigError(f"{where}: a tool looks at one Picture, and {picture} is one already")
            picture = name
            continue
        made = _parameter(where, parameter, hints[name], docs.get(name, ""))
        parameters.append(made)
        fields[name] = _field(made, parameter, hints[name])
    model = create_model(f"{function.__name__} arguments", __config__=_CONFIG, **fields)
    return Signature(doc=doc, picture=picture, parameters=tuple(parameters), model=model)


_CONFIG = ConfigDict(
    extra="forbid",
    arbitrary_types_allowed=True,
    allow_inf_nan=False,
    str_strip_whitespace=True,
    str_min_length=1,
    str_max_length=LONGEST_TEXT,
)


def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function. Raises `ConfigError` where one of them names nothing."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError, AttributeError) as error:
        raise ConfigError(f"the annotations of {function.__name__} cannot be read: {error}") from error


def _docs(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The first line of the docstring, and what its `Args` say of each parameter (Google style)."""
    lines = (inspect.getdoc(function) or "").splitlines()
    if not lines or not lines[0].strip():
        raise ConfigError(f"{function.__name__} has no docstring: its first line tells planners what it does")
    docs: dict[str, str] = {}
    name = ""
    inside = False
    for line in lines[1:]:
        if line.strip() and not line.startswith(" "):
            inside = line.strip() == "Args:"
        elif inside and line.strip():
            if len(line) - len(line.lstrip()) <= 4:
                name, _, line = line.strip().partition(":")
                name = name.split(" ")[0].lstrip("*")
            docs[name] = " ".join(filter(None, (docs.get(name, ""), line.strip())))
    return lines[0].strip().rstrip("."), docs


def _parameter(where: str, parameter: inspect.Parameter, hint: Any, doc: str) -> Parameter:
    """One argument. Raises `ConfigError` for an annotation without a meaning."""
    plain, marks = _plain(hint)
    is_choice = get_origin(plain) is Literal and all(isinstance(option, str) for option in get_args(plain))
    kind = "choice" if is_choice else next((kind for known, kind in _KINDS if known == plain), None)
    if kind is None:
        raise ConfigError(f"{where} is a {named_type(plain)}: {TAKEN}")
    if kind == "text" and any(isinstance(mark, InQuestion) for mark in marks):
        kind = "phrase"
    return Parameter(
        name=parameter.name,
        kind=kind,
        doc=doc or parameter.name.replace("_", " "),
        required=parameter.default is parameter.empty,
        options=("yes", "no") if plain is bool else get_args(plain) if is_choice else (),
    )


_KINDS: tuple[tuple[Any, Kind], ...] = (
    (str, "text"),
    (float, "number"),
    (int, "number"),
    (bool, "choice"),
    (Box, "region"),
    (tuple[Box, ...], "regions"),
    (list[Box], "regions"),
    (Sequence[Box], "regions"),
    (tuple[Point, ...], "points"),
    (list[Point], "points"),
    (Sequence[Point], "points"),
)


def _plain(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type without `| None` and without what annotates it, and those annotations."""
    hint = without_none(hint)
    if get_origin(hint) is Annotated:
        plain, *marks = get_args(hint)
        return plain, tuple(marks)
    return hint, ()


def without_none(hint: Any) -> Any:
    """`X` for `X | None`; other unions stay as they are."""
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else ()
    rest = [part for part in parts if part is not type(None)]
    return rest[0] if len(rest) == 1 and len(parts) == 2 else hint


def named_type(hint: Any) -> str:
    """A type as people write it."""
    return hint if isinstance(hint, str) else getattr(hint, "__name__", None) or str(hint)


def _field(parameter: Parameter, of: inspect.Parameter, hint: Any) -> tuple[Any, Any]:
    """Type and default of the model's field."""
    default = ... if of.default is of.empty else of.default
    plain = _plain(hint)[0]
    if parameter.kind in _PLACES:
        place: Any = _place(parameter.kind, as_list=get_origin(plain) is list)
        doc = f"{parameter.doc}: [x1, y1, x2, y2] in px of the image" if plain is Box else parameter.doc
        return place | None if default is None else place, Field(default, description=doc)
    if plain in (int, float):
        hint = Annotated[hint, BeforeValidator(_no_bool)]
    return hint, Field(default, description=parameter.doc)


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


# Places: pixels as numbers or text, ids of evidence, and boxes of other frames of the same original.

_PLACES: dict[Kind, tuple[int, str]] = {
    "region": (4, "x1,y1,x2,y2 in px of the image"),
    "regions": (4, "x1,y1,x2,y2;x1,y1,x2,y2;... in px of the image"),
    "points": (2, "x,y;x,y;... in px of the image"),
}
"""Numbers of one place, and how places are written."""

_IDS = re.compile(r"e\d+(?:\.\d+)?(?:[\s,;]+e\d+(?:\.\d+)?)*")


def _place(kind: Kind, *, as_list: bool) -> Any:
    """The type of an argument of one or more places: how it is read, and its JSON schema."""
    numbers = _PLACES[kind][0]
    one = {"type": "array", "items": {"type": "number"}, "minItems": numbers, "maxItems": numbers}
    if kind == "region":
        return Annotated[Box, PlainValidator(_read_box), WithJsonSchema(one)]
    said = "[x, y] in px of the image" if kind == "points" else "[x1, y1, x2, y2] in px of the image"
    many = {"type": "array", "items": one | {"description": said}, "minItems": 1, "maxItems": MOST_PLACES}
    read = _read_points if kind == "points" else _read_boxes

    def as_asked(value: Any, info: ValidationInfo) -> Any:
        return list(read(value, info)) if as_list else read(value, info)

    return Annotated[tuple[Any, ...], PlainValidator(as_asked), WithJsonSchema(many)]


def _read_box(value: Any, info: ValidationInfo) -> Box:
    """One box of the frame that is looked at. Raises `ValueError` with what is wrong."""
    return _boxes(value, info, "region")[0]


def _read_boxes(value: Any, info: ValidationInfo) -> tuple[Box, ...]:
    return tuple(_boxes(value, info, "regions"))


def _read_points(value: Any, info: ValidationInfo) -> tuple[Point, ...]:
    if (boxes := _named_boxes(value, info)) is not None:
        return tuple(box.center for box in boxes)
    return tuple((x, y) for x, y in _numbers(value, "points"))


def _places(info: ValidationInfo) -> Places:
    assert isinstance(info.context, Places)
    return info.context


def _boxes(value: Any, info: ValidationInfo, kind: Kind) -> list[Box]:
    places = _places(info)
    if (boxes := _named_boxes(value, info)) is None:
        many = value if isinstance(value, list | tuple) and kind == "regions" else [value]
        if many and all(isinstance(one, Box) or (isinstance(one, dict) and "frame" in one) for one in many):
            boxes = [Box.model_validate(one) for one in many]
            if len(boxes) > MOST_PLACES:
                raise ValueError(f"must be 1 to {MOST_PLACES} regions")
        else:
            boxes = [_box(corners, places.frame) for corners in _numbers(value, kind)]
    return [_mapped(box, places.frame, n if kind == "regions" else 0) for n, box in enumerate(boxes, 1)]


def _mapped(box: Box, frame: Frame, number: int) -> Box:
    try:
        mapped = map_box(box, frame)
    except FrameError as error:
        raise ValueError(f"shows another image: {error}") from error
    if mapped.area == 0:
        which = f": region {number}" if number else ""
        raise ValueError(f"{which} is empty, or lies outside this picture".strip())
    return mapped


def _named_boxes(value: Any, info: ValidationInfo) -> list[Box] | None:
    """The boxes of the evidence that is named; None where the value names none."""
    places = _places(info)
    if places.named is None or not isinstance(value, str) or not _IDS.fullmatch(value.strip()):
        return None
    found: list[Box] = []
    for id_ in re.split(r"[\s,;]+", value.strip()):
        if not (boxes := places.named.get(id_, ())):
            raise ValueError(f": {id_} holds no box")
        found += (map_box(box, places.frame) for box in boxes)
    return found


def _numbers(value: Any, kind: Kind) -> list[tuple[float, ...]]:
    """One or more places, each as its numbers. Raises `ValueError` for anything else."""
    size, form = _PLACES[kind]
    lists = _lists(value) if isinstance(value, str) else value
    if isinstance(lists, list | tuple) and lists and not isinstance(lists[0], list | tuple):
        lists = [lists]
    good = isinstance(lists, list | tuple) and 1 <= len(lists) <= (1 if kind == "region" else MOST_PLACES)
    if not good or not all(_is_place(one, size) for one in lists):
        raise ValueError(f"must be {form}, not {json.dumps(value, default=str)[:60]}")
    return [tuple(float(n) for n in one) for one in lists]


def _lists(text: str) -> Any:
    """JSON, or `1,2;3,4`, as lists of numbers; None where it is neither."""
    try:
        if text.lstrip().startswith("["):
            return json.loads(text)
        return [[float(n) for n in part.split(",")] for part in text.strip(" ;").split(";")]
    except (ValueError, RecursionError):
        return None


def _is_place(value: Any, size: int) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == size
        and all(isinstance(n, int | float) and not isinstance(n, bool) and isfinite(n) for n in value)
    )


def _box(corners: tuple[float, ...], frame: Frame) -> Box:
    """The part of XYXY that lies in the frame. Raises `ValueError` where there is none."""
    x1, y1, x2, y2 = corners
    said = ",".join(f"{n:g}" for n in corners)
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"must be x1,y1,x2,y2 with x1 < x2 and y1 < y2, not {said}")
    box = Box.clipped(x1, y1, x2, y2, frame)
    if box.area == 0:
        raise ValueError(f"{said} lies outside the image of {frame.width}x{frame.height} px")
    return box
