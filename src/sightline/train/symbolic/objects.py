"""Pictures as lists of things, and what the real tools say of them: states for questions about objects.

Detections are chosen by the detector's own reading of a phrase. The answer of a query is computed from the
state, and written as `query` writes it: the engine takes a tenth of a second; tests compare the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Any

from numpy.random import Generator

from sightline.tools.attributes import size_of
from sightline.tools.clauses import Thing, of_kind, of_lines, of_things
from sightline.tools.coco import LEAST_SEEN, NAMES, passes
from sightline.tools.colors import COLORS
from sightline.tools.count import SURE_FROM, compared, comparison, counts
from sightline.tools.describe import composed
from sightline.tools.look import said
from sightline.tools.nouns import Query, resolve_among
from sightline.tools.places import place_of
from sightline.tools.words import nearest
from sightline.train.worlds.dice import chance, pick, span
from sightline.types import (
    Box,
    Detection,
    Detections,
    Evidence,
    Facts,
    Frame,
    TextLines,
    TextSpan,
    ToolCall,
    ToolResult,
)
from sightline.types.overview import Medium, Overview
from sightline.types.relation import Relation, RelationValue

SHAPES = ("circle", "cross", "diamond", "square", "star", "triangle")
"""What the detector of drawings knows."""
COCO = tuple(NAMES.values())
LISTED = 20
"""Classes that a refusal names one by one."""

Value = bool | int | float | str | None


@dataclass(frozen=True, kw_only=True)
class Words:
    """Classes that a detector knows, and what it looks at: `drawn`, `photograph`, or anything where empty."""

    classes: tuple[str, ...]
    world: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture: what the detector finds in it, and what is printed.

    Args:
        found: things that count, the surest first.
        perhaps: things that may be there.
        words: what the detectors that look at it know.
        medium: photo or drawing.
        lines: of text.
        ground: the color of the ground.
    """

    frame: Frame
    found: tuple[Detection, ...]
    words: tuple[Words, ...]
    medium: Medium
    perhaps: tuple[Detection, ...] = ()
    lines: tuple[str, ...] = ()
    ground: str = "white"

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the things that count, each once."""
        return tuple(dict.fromkeys(one.label for one in self.found))

    @property
    def colors(self) -> tuple[str, ...]:
        """Colors of the things that count, each once."""
        return tuple(dict.fromkeys(color_of(one) for one in self.found))

    @property
    def everything(self) -> Detections:
        """What `detect` finds for `objects`."""
        partial = self._small(generic=True)
        return Detections(query="objects", items=self.found, perhaps=self.perhaps, partial=partial)

    def detect(self, phrase: str) -> ToolResult:
        """What `detect` returns for a phrase."""
        wanted = resolve_among(phrase, [one.classes for one in self.words])
        known = isinstance(wanted, Query) and all(
            any(term.labels[n] for n in self._looking()) for term in wanted.all_terms
        )
        if not isinstance(wanted, Query) or not known:
            lost = wanted if isinstance(wanted, str) else ", ".join(term.noun for term in wanted.all_terms)
            return ToolResult(status="unsupported", message=self.no_class(lost), tool="detect")
        items, perhaps = wanted.sure_and_perhaps(self.found, self.perhaps)
        notes = wanted.left_out(found=bool(items or perhaps))
        partial = "; ".join(filter(None, (*notes, self._small(generic=wanted.is_generic))))
        found = Detections(
            query=phrase,
            items=items,
            perhaps=perhaps,
            unclear=wanted.open(self.found),
            lacks=wanted.lacks([*self.found, *self.perhaps]),
            partial=partial,
        )
        return result("detect", found)

    def count(self, phrase: str) -> ToolResult:
        """What `count` returns for a phrase that the detector knows."""
        if two := compared(phrase):
            one, other = (self.detect(part) for part in two)
            if lost := next((got for got in (one, other) if got.status == "unsupported"), None):
                return lost.model_copy(update={"tool": "count"})
            assert isinstance(one.payload, Detections)
            assert isinstance(other.payload, Detections)
            return result("count", comparison(phrase, one.payload, other.payload))
        found = self.detect(phrase).payload
        assert isinstance(found, Detections)
        facts = Facts(items=counts(found.items, SURE_FROM), partial=found.partial)
        return ToolResult(status="ok" if found.items else "empty", payload=facts, tool="count")

    def no_class(self, lost: str) -> str:
        """What `detect` says where it has no class for a noun."""
        fit = [self.words[n] for n in self._looking()]
        near = nearest(lost, [name for one in fit for name in one.classes])
        where = " in drawings and print" if len(fit) < len(self.words) else ""
        text = f'no class for "{lost[:60]}"{where}; ' + (f"nearest: {', '.join(near)}; " if near else "")
        return f"{text}it knows {'; '.join(_listed(one, alone=len(fit) == 1) for one in fit)}"[:600]

    def describe(self) -> ToolResult:
        """What `describe` returns."""
        told = [of_kind(self.medium, 0.97, tool="look")]
        told.append(of_things([_thing(one) for one in self.found], full=True, tool="detect"))
        boxes = tuple(self.line_box(n) for n in range(len(self.lines)))
        told.append([of_lines(self.lines, boxes, len(self.lines), full=True, tool="read_text")])
        unseen = self._small(generic=True)
        return result("describe", composed(told, [unseen] if unseen else []))

    def read(self) -> ToolResult:
        """What `read_text` returns."""
        rows = tuple(
            (TextSpan(text=line, score=0.97, box=self.line_box(n)),) for n, line in enumerate(self.lines)
        )
        return result("read_text", TextLines(rows=rows))

    def line_box(self, number: int) -> Box:
        """Where a line of text stands: at the foot of the picture, one under the other."""
        w, h = self.frame.width, self.frame.height
        top = h * (0.9 - 0.06 * (len(self.lines) - 1 - number))
        width = min(0.015 * len(self.lines[number]), 0.8) * w
        return Box.clipped(0.06 * w, top, 0.06 * w + width, top + 0.05 * h, self.frame)

    def glance(self) -> Overview:
        """What `look` returns."""
        colors = dict.fromkeys([self.ground, *(color_of(one) for one in self.found)])
        colors.pop("", None)
        partial = self._small(generic=True)
        return Overview(
            region=Box.whole(self.frame),
            medium=self.medium,
            mediums={self.medium: 0.97},
            objects=self.found,
            things=said(self.found),
            lines=self.lines,
            line_boxes=tuple(self.line_box(n) for n in range(len(self.lines))),
            line_count=len(self.lines),
            colors=tuple(colors)[:4],
            partial=partial,
            score=0.97,
        )

    def _looking(self) -> list[int]:
        """Numbers of the detectors that are asked: one of photographs is not asked about drawings."""
        drawn = self.medium == "drawing"
        return [n for n, one in enumerate(self.words) if not (drawn and one.world == "photograph")]

    def _small(self, *, generic: bool) -> str:
        """What a look at a photograph leaves out."""
        if self.medium != "photo" or self.words[-1].world != "photograph":
            return ""
        shrinks = max(one.shrinks for one in passes(self.frame.width, self.frame.height)[-1])
        parts = [f"things smaller than {ceil(LEAST_SEEN * shrinks)} px may be missed"] if shrinks > 1 else []
        parts += [f"things that are none of its {len(COCO)} classes"] if generic else []
        return "; ".join(parts)


DRAWN_WORDS = (Words(classes=SHAPES, world="drawn"), Words(classes=COCO, world="photograph"))
"""The detectors of the package."""


def _listed(words: Words, *, alone: bool) -> str:
    more = f" and {len(words.classes) - LISTED} more" if len(words.classes) > LISTED else ""
    where = {"drawn": "where they are drawn", "photograph": "in photographs"}.get(words.world, "")
    return f"{', '.join(words.classes[:LISTED])}{more} {'' if alone else where}".rstrip()


def _thing(one: Detection) -> Thing:
    place, size = place_of(one.box), size_of(one.box)
    return Thing(label=one.label, score=one.score, box=one.box, place=place, color=color_of(one), size=size)


def color_of(one: Detection) -> str:
    """The color that was measured."""
    return one.attributes.get("color", "")


def detection(label: str, score: float, box: Box, color: str) -> Detection:
    """A thing as `detect` gives it: its size is that of its box."""
    return Detection(label=label, score=score, box=box, attributes={"size": size_of(box), "color": color})


def new_frame(rng: Generator, width: int, height: int) -> Frame:
    """A frame of a picture that nobody saw before."""
    return Frame(image=rng.bytes(32).hex(), width=width, height=height)


def result(tool: str, payload: Any) -> ToolResult:
    """A finding as a result: `empty` where it is."""
    return ToolResult(status="empty" if payload.is_empty else "ok", payload=payload, tool=tool)


def evidence(number: int, name: str, arguments: dict[str, Any], got: ToolResult) -> Evidence:
    """A finished call."""
    return Evidence(
        id=f"e{number}", step=number - 1, call=ToolCall(name=name, arguments=arguments), result=got
    )


def relation(
    columns: Sequence[str], rows: Iterable[Sequence[Value]], unit: str = "", partial: str = ""
) -> ToolResult:
    """What `query` returns for these values, its cells left out; `partial` is that of the detections."""
    made = tuple(tuple(_value(value, unit) for value in row) for row in rows)
    payload = Relation(columns=tuple(columns), rows=made, partial=partial, score=0.5)
    return ToolResult(status="empty" if payload.is_empty else "ok", payload=payload, tool="query")


def _value(value: Value, unit: str) -> RelationValue:
    match value:
        case None:
            return RelationValue(kind="nothing")
        case bool():
            return RelationValue(kind="bool", text="yes" if value else "no", value=value)
        case int():
            return RelationValue(kind="number", text=str(value), value=value, unit=unit)
        case float():
            text = str(int(value)) if value.is_integer() else f"{value:.15g}"
            return RelationValue(kind="number", text=text, value=value, unit=unit)
        case str():
            return RelationValue(kind="text", text=value, value=value)


# Noun phrases.


@dataclass(frozen=True, kw_only=True)
class Noun:
    """A noun phrase: what it means, and how it is written.

    Args:
        labels: the classes that it means; none for things of any kind.
        one: the noun in the singular, without its adjectives.
        many: in the plural.
        color: that it names; `color_word` is how.
        size: that it names; `size_word` is how.
    """

    labels: tuple[str, ...]
    one: str
    many: str
    color: str = ""
    color_word: str = ""
    size: str = ""
    size_word: str = ""

    @property
    def singular(self) -> str:
        """With its adjectives, without an article."""
        return " ".join(filter(None, (self.size_word, self.color_word, self.one)))

    @property
    def plural(self) -> str:
        """With its adjectives."""
        return " ".join(filter(None, (self.size_word, self.color_word, self.many)))

    def fits(self, one: Detection) -> bool:
        """Whether a thing is meant."""
        return (
            (not self.labels or one.label in self.labels)
            and self.color in ("", color_of(one))
            and self.size in ("", one.attributes.get("size"))
        )

    @property
    def conditions(self) -> tuple[str, ...]:
        """As SQL has it."""
        parts = []
        if len(self.labels) == 1:
            parts.append(f"class = {quoted(self.labels[0])}")
        elif self.labels:
            parts.append(f"class IN ({', '.join(map(quoted, self.labels))})")
        parts += [f"color = '{self.color}'"] if self.color else []
        parts += [f"size = '{self.size}'"] if self.size else []
        return tuple(parts)

    def where(self, *more: str) -> str:
        """` WHERE ...` with further conditions; empty where there are none."""
        parts = [*self.conditions, *more]
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    def plain(self) -> Noun:
        """Without adjectives."""
        return replace(self, color="", color_word="", size="", size_word="")

    def colored(self, rng: Generator, color: str) -> Noun:
        """With a color."""
        return replace(self, color=color, color_word=color_word(rng, color))

    def sized(self, rng: Generator, size: str) -> Noun:
        """With a size."""
        return replace(self, size=size, size_word=size_word(rng, size))


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


_COLOR_WORDS = {
    "gray": ("gray", "gray", "grey", "silver"),
    "purple": ("purple", "purple", "purple", "violet"),
}
_SIZE_WORDS = {
    "small": ("small", "small", "small", "little", "tiny"),
    "large": ("large", "large", "large", "big", "huge"),
}


def color_word(rng: Generator, color: str) -> str:
    """A word for a color."""
    return pick(rng, _COLOR_WORDS.get(color, (color,)))


def size_word(rng: Generator, size: str) -> str:
    """A word for a size."""
    return pick(rng, _SIZE_WORDS[size])


def with_article(phrase: str) -> str:
    """`a` or `an` before a phrase."""
    return ("an " if phrase[:1].lower() in "aeiou" else "a ") + phrase


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A picture that is asked about, and how its nouns are written.

    Args:
        name_of: a noun for a class (or for none: things of any kind), drawn afresh each time.
        absent: classes that the detector knows and that are not in the picture, the likeliest first.
        unknown: nouns that the detector has no class for, in the singular.
    """

    rng: Generator
    picture: Picture
    name_of: Callable[[Generator, str], Noun]
    absent: tuple[str, ...]
    unknown: tuple[str, ...]
    has_colors: bool = True

    @cached_property
    def has_sizes(self) -> bool:
        """Whether sizes tell its things apart: there are small ones and large ones."""
        return len({one.attributes["size"] for one in self.picture.found}) > 1

    def number(self, noun: Noun) -> int:
        """How many there are."""
        return sum(map(noun.fits, self.picture.found))

    def things(self, noun: Noun) -> list[Detection]:
        """Those that are meant, in the order of the detector."""
        return [one for one in self.picture.found if noun.fits(one)]

    def noun(self, *, there: float = 0.8, generic: float = 0.12, adjectives: float = 0.5) -> Noun:
        """A noun phrase; as likely as `there` says it is about something in the picture."""
        rng, found = self.rng, self.picture.found
        if not found or not chance(rng, there):
            return self._missing(adjectives)
        one = pick(rng, found)
        is_generic = chance(rng, generic) and (self.has_colors or self.has_sizes)
        noun = self.name_of(rng, "" if is_generic else one.label)
        has_color = self.has_colors and chance(rng, 0.8 if is_generic else adjectives)
        noun = noun.colored(rng, color_of(one)) if has_color else noun
        if self.has_sizes and chance(rng, 0.5 if is_generic and not has_color else adjectives / 3):
            noun = noun.sized(rng, one.attributes["size"])
        if is_generic and not (noun.color or noun.size):
            return self.name_of(rng, one.label)
        return noun

    def _missing(self, adjectives: float) -> Noun:
        """Something that is not there: another class, or one that is there in another color."""
        rng = self.rng
        label = pick(rng, self.absent)
        if self.picture.found and self.has_colors and chance(rng, 0.5):
            label = pick(rng, self.picture.labels)
            return self.name_of(rng, label).colored(rng, pick(rng, tuple(COLORS)))
        noun = self.name_of(rng, label)
        if self.has_colors and chance(rng, adjectives):
            noun = noun.colored(rng, pick(rng, tuple(COLORS)))
        return noun

    def unique(self, tries: int = 8, *, bare: str = "") -> tuple[Noun, Detection] | None:
        """A phrase that means one thing alone; without the attribute `bare`: color or size."""
        for _ in range(tries):
            noun = self.noun(there=1.0)
            if bare == "color":
                noun = replace(noun, color="", color_word="")
            if bare == "size":
                noun = replace(noun, size="", size_word="")
            things = self.things(noun)
            if len(things) == 1 and (noun.labels or noun.color or noun.size):
                return noun, things[0]
        return None

    def label_noun(self, label: str) -> Noun:
        """A noun for a class."""
        return self.name_of(self.rng, label)


def scattered(
    rng: Generator, frame: Frame, sides: Sequence[tuple[float, float]], *, apart: float = 0.0
) -> list[Box]:
    """A box for each width and height (px) somewhere in the frame, but for those that find no free place.

    Args:
        rng: where places come from.
        frame: of the picture.
        sides: in px.
        apart: px between two boxes; below zero they may overlap by as much.
    """
    placed: list[Box] = []
    for width, height in sides:
        for _ in range(30):
            x = float(rng.random()) * max(frame.width - width, 1)
            y = float(rng.random()) * max(frame.height - height, 1)
            box = Box.clipped(round(x, 1), round(y, 1), round(x + width, 1), round(y + height, 1), frame)
            if all(_gap(box, other) >= apart for other in placed):
                placed.append(box)
                break
    return placed


def _gap(a: Box, b: Box) -> float:
    across: float = max(a.x1 - b.x2, b.x1 - a.x2)
    down: float = max(a.y1 - b.y2, b.y1 - a.y2)
    return across if across > down else down


def ordered(things: Sequence[Detection]) -> tuple[Detection, ...]:
    """The surest first, as detectors give them."""
    return tuple(sorted(things, key=lambda one: -one.score))


def some_lines(rng: Generator, lines: Sequence[str], share: float) -> tuple[str, ...]:
    """A line of text or two, in a `share` of pictures."""
    if not chance(rng, share):
        return ()
    return tuple(pick(rng, lines) for _ in range(span(rng, 1, 2) if chance(rng, 0.3) else 1))
