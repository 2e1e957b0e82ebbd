"""What invented tools return, in the real types, and what pictures look like at a glance.

How a result looks is written in one line:

    classes Robin, Blue Jay               classes with scores
    one 12..90 cm                         one fact: a range (`/1` after it: decimals) and its unit
    one Merino/Suffolk                    one fact: one of some words; `#` is a digit, `@` a letter
    one yes/no | one date                 one fact: a flag, a day
    facts age=20..70 years; mood=calm/sad several facts
    caption It is a robin. // A wren.     a text
    boxes crack|cracks                    detections of one label (one|many); `{query}`: as asked
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from sightline.train.symbolic.invented_concepts import Made
from sightline.types import Box, Caption, Detection, Detections, Fact, Facts, Frame, ToolResult
from sightline.types.overview import MEDIUMS, Class, Classes, Medium, Overview

COLORS = ("red", "green", "blue", "yellow", "white", "black", "gray", "brown", "orange", "purple", "pink")

_SIZES = ((640, 480), (480, 640), (1024, 768), (800, 600), (1280, 720), (600, 600), (1080, 1440), (612, 792))
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_PLACES = ("left", "center", "right", "top left", "top", "top right", "bottom left", "bottom", "bottom right")

FAILURES = (
    ("timeout", "not answered within 20.0 s"),
    ("timeout", "not answered within 30.0 s"),
    ("timeout", "not loaded, or busy with other calls, within its time"),
    ("error", "ConnectionError: the server did not answer"),
    ("error", "HTTPError: 503 Service Unavailable"),
    ("error", "HTTPError: 401 Unauthorized"),
    ("error", "FileNotFoundError: [Errno 2] No such file or directory: 'weights/best.pt'"),
    ("error", "RuntimeError: CUDA out of memory. Tried to allocate 512.00 MiB"),
    ("error", "KeyError: 'result'"),
    ("error", "ValueError: not enough values to unpack (expected 4, got 2)"),
    ("error", "ModuleNotFoundError: No module named 'onnxruntime'"),
    ("error", "TypeError: it returned a dict, which is no finding"),
    ("error", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
    ("error", "the worker ended with exit code 137"),
    ("error", "ZeroDivisionError: division by zero"),
    ("error", "it returned the number nan"),
    ("unsupported", "the model says that it cannot tell"),
    ("unsupported", "the picture is too small: at least 224 px are needed"),
    ("unsupported", "no license for this feature"),
    ("unsupported", "not available on this machine"),
    ("unsupported", "the picture is too blurred to tell"),
)
"""How calls of users' tools end when they fail."""


def frame_of(rng: np.random.Generator) -> Frame:
    """A picture of a usual size."""
    width, height = _SIZES[int(rng.integers(0, len(_SIZES)))]
    return Frame(image=rng.bytes(32).hex(), width=width, height=height)


def overview(see: str, frame: Frame, rng: np.random.Generator) -> Overview:
    """A glance at `photo: dog, tree; "Exit"`: of its things and lines some are seen."""
    medium, _, rest = see.partition(":")
    things, _, texts = rest.partition(";")
    named = [thing.strip() for thing in things.split(",") if thing.strip()]
    lines = [_drawn(line.strip(), rng) for line in texts.split("/") if line.strip()]
    seen = [thing for thing in named if rng.random() < 0.75]
    objects, said = list[Detection](), list[str]()
    for thing in seen:
        place = _one(rng, _PLACES)
        objects.append(Detection(label=thing, score=_score(rng), box=_box(frame, rng)))
        said.append(f"{thing} ({place})")
    count = len(lines) if rng.random() < 0.6 or not lines else len(lines) + int(rng.integers(1, 20))
    chosen: Medium = next((one for one in MEDIUMS if one == medium.strip()), "photo")
    whole = Box.whole(frame)
    return Overview(
        region=whole,
        medium=chosen,
        mediums={chosen: 0.9},
        objects=tuple(objects),
        things=tuple(said),
        lines=tuple(lines),
        line_boxes=tuple(_box(frame, rng) for _ in lines),
        line_count=count,
        colors=tuple(str(c) for c in rng.choice(COLORS, size=int(rng.integers(1, 4)), replace=False)),
    )


def result(
    made: Made, said: dict[str, str], values: dict[str, str], frame: Frame, rng: np.random.Generator
) -> ToolResult:
    """What a tool returns that found something.

    Args:
        made: the tool.
        said: arguments of its concept, as the question says them.
        values: the same, as the call does; a unit or currency among them is that of the result.
        frame: what it looked at.
        rng: all chance comes from it.
    """
    head, _, rest = made.concept.out.partition(" ")
    name = made.spec.name
    whole = Box.whole(frame)
    payload: Classes | Facts | Caption | Detections
    if head == "classes":
        payload = _classes([part.strip() for part in rest.split(",")], whole, rng)
    elif head == "one":
        told = _fact_name(name) if rng.random() < 0.6 else _one(rng, made.concept.names).replace("_", " ")
        fact = _fact(told, rest, said, rng)
        unit = next((values[name] for name in ("unit", "currency") if name in values), "")
        payload = Facts(items=(fact.model_copy(update={"unit": unit}) if unit else fact,))
    elif head == "facts":
        pairs = [part.strip().partition("=") for part in rest.split(";")]
        payload = Facts(items=tuple(_fact(key, value, said, rng) for key, _, value in pairs))
    elif head == "caption":
        text = _drawn(_put(_one(rng, rest.split(" // ")), said), rng)
        payload = Caption(text=text, region=whole, confidence=_score(rng) if rng.random() < 0.5 else None)
    else:
        payload = boxes(labels(made.concept.out, said)[0], int(rng.integers(1, 8)), frame, rng)
    return ToolResult(status="ok", payload=payload, tool=name)


def classified(out: str, frame: Frame, rng: np.random.Generator) -> ToolResult:
    """What the real `classify` returns instead of a tool that gives classes."""
    whole = Box.whole(frame)
    names = [part.strip() for part in out.removeprefix("classes ").split(",")]
    return ToolResult(status="ok", payload=_classes(names, whole, rng), tool="classify")


def boxes(label: str, count: int, frame: Frame, rng: np.random.Generator, *, query: str = "") -> Detections:
    """So many detections of one label, best first."""
    items = [
        Detection(
            label=label,
            score=_score(rng),
            box=_box(frame, rng),
            attributes={"color": _one(rng, COLORS)} if count == 1 else {},
        )
        for _ in range(count)
    ]
    items.sort(key=lambda item: -item.score)
    return Detections(query=query or label, items=tuple(items))


def labels(out: str, said: dict[str, str]) -> tuple[str, ...]:
    """What is looked for, one and many of it."""
    one, _, many = _put(out.removeprefix("boxes "), said).lower().partition("|")
    if many:
        return one, many
    single = one[:-1] if re.search(r"[^s]s$", one) else one
    return single.removeprefix("the "), one


def field_names(out: str) -> tuple[str, ...]:
    """The names of several facts."""
    head, _, rest = out.partition(" ")
    return tuple(part.partition("=")[0].strip() for part in rest.split(";")) if head == "facts" else ()


def _classes(labels: Sequence[str], whole: Box, rng: np.random.Generator) -> Classes:
    kept = [str(one) for one in rng.permutation(list(labels))[: int(rng.integers(1, 4))]]
    scores = [float(rng.uniform(0.45, 0.98))]
    for _ in kept[1:]:
        scores.append(round((1 - sum(scores)) * float(rng.uniform(0.2, 0.7)), 2))
    items = tuple(Class(label=label, score=score) for label, score in zip(kept, scores, strict=True))
    return Classes(region=whole, items=items, shown=kept[0])


_RANGE = re.compile(r"(-?[\d.]+)\.\.(-?[\d.]+)(?:/(\d))?(?: (.+))?")


def _fact(name: str, out: str, said: dict[str, str], rng: np.random.Generator) -> Fact:
    out = _put(out.strip(), said)
    if out == "yes/no":
        return Fact(name=name, value=bool(rng.random() < 0.5))
    if out == "date":
        day = f"{rng.integers(1950, 2027)}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
        return Fact(name=name, value=day)
    if span := _RANGE.fullmatch(out):
        low, high, decimals, unit = span.groups()
        if decimals:
            value: float | int = round(float(rng.uniform(float(low), float(high))), int(decimals))
        else:
            value = int(rng.integers(int(low), int(high) + 1))
        return Fact(name=name, value=value, unit=unit or "")
    return Fact(name=name, value=_drawn(_one(rng, out.split("/")), rng))


def _fact_name(name: str) -> str:
    return name.replace("_", " ")


def _put(text: str, said: dict[str, str]) -> str:
    for name, value in said.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _drawn(text: str, rng: np.random.Generator) -> str:
    """`#` becomes a digit, `@` a letter, a backslash a slash, `~` an at sign."""
    text = re.sub("#", lambda _: str(int(rng.integers(0, 10))), text)
    text = re.sub("@", lambda _: _LETTERS[int(rng.integers(0, len(_LETTERS)))], text)
    return text.replace("\\", "/").replace("~", "@")


def _score(rng: np.random.Generator) -> float:
    return round(float(rng.uniform(0.5, 0.99)), 2)


def _box(frame: Frame, rng: np.random.Generator) -> Box:
    w, h = rng.uniform(0.04, 0.35, size=2) * (frame.width, frame.height)
    x, y = rng.uniform(0, 1, size=2) * (frame.width - w, frame.height - h)
    return Box.clipped(round(x), round(y), round(x + w), round(y + h), frame)


def _one(rng: np.random.Generator, of: Sequence[str]) -> str:
    return of[int(rng.integers(0, len(of)))]
