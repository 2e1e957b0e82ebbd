"""Small programs over a scene of solids: what a question asks, its answer, and the steps between.

A program is a tree: its leaves are all things of the scene, its branches choose among things, its root says
something about those that are left. `find` and `answer` run it, `explain` tells the run in words.

Source of the functions: Johnson et al. 2017, CLEVR; adding and removing follow Lindström and Abraham 2022,
CLEVR-Math.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from sightline.train.worlds.nouns import plural
from sightline.train.worlds.solids import Solid, SolidScene

ATTRIBUTES = ("size", "colour", "material", "shape")
"""In the order in which they are said."""
SIDES = ("left", "right", "front", "behind")
SIDE_WORDS = {"left": "left of", "right": "right of", "front": "in front of", "behind": "behind"}
COMPARISONS = ("more", "fewer", "as many")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What a noun phrase says of a thing; the empty string where it says nothing."""

    size: str = ""
    colour: str = ""
    material: str = ""
    shape: str = ""

    @cached_property
    def said(self) -> tuple[str, ...]:
        """The attributes that it speaks of."""
        return tuple(attribute for attribute in ATTRIBUTES if getattr(self, attribute))

    @property
    def adjectives(self) -> tuple[str, ...]:
        """The words before the noun."""
        return tuple(word for word in (self.size, self.colour, self.material) if word)

    @property
    def one(self) -> str:
        """Singular, without an article."""
        return " ".join((*self.adjectives, self.shape or "thing"))

    @property
    def many(self) -> str:
        """Plural."""
        return " ".join((*self.adjectives, plural(self.shape or "thing")))

    def fits(self, thing: Solid | Words) -> bool:
        """Whether all that it says is true of the thing, or is said of it by other words."""
        return (
            self.colour in ("", thing.colour)
            and self.shape in ("", thing.shape)
            and self.size in ("", thing.size)
            and self.material in ("", thing.material)
        )

    def implies(self, other: Words) -> bool:
        """Whether whatever this fits, the other fits too."""
        return other.fits(self)


@dataclass(frozen=True, kw_only=True)
class Everything:
    """All things."""


@dataclass(frozen=True, kw_only=True)
class Relate:
    """The things on a side of the one thing that `to` fits."""

    side: str
    to: Filter


@dataclass(frozen=True, kw_only=True)
class Same:
    """The other things that share an attribute with the one thing that `to` fits."""

    attribute: str
    to: Filter


@dataclass(frozen=True, kw_only=True)
class Both:
    """The things that are on a side of one thing and on a side of another."""

    a: Relate
    b: Relate


Base = Everything | Relate | Same | Both


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Those of some things that words fit."""

    words: Words
    of: Base = Everything()


@dataclass(frozen=True, kw_only=True)
class Either:
    """The things that at least one of two filters lets through."""

    a: Filter
    b: Filter


@dataclass(frozen=True, kw_only=True)
class Without:
    """Some things, less others."""

    of: Filter
    less: Filter


Things = Base | Filter | Either | Without


@dataclass(frozen=True, kw_only=True)
class Exist:
    """Whether there are such things: yes or no."""

    of: Filter | Either


@dataclass(frozen=True, kw_only=True)
class Count:
    """How many such things there are."""

    of: Filter | Either | Without


@dataclass(frozen=True, kw_only=True)
class Query:
    """An attribute of the one such thing."""

    attribute: str
    of: Filter


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Whether one thing and another share an attribute: yes or no."""

    attribute: str
    a: Filter
    b: Filter


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Whether there are `more`, `fewer` or `as many` of `a` as of `b`: yes or no."""

    asks: str
    a: Filter
    b: Filter


@dataclass(frozen=True, kw_only=True)
class Add:
    """How many `of` there are once `number` of `new` have come, each of which is one of them."""

    of: Filter
    new: Words
    number: int


@dataclass(frozen=True, kw_only=True)
class Difference:
    """By how many there are `more`, or `fewer`, of `a` than of `b`."""

    asks: str
    a: Filter
    b: Filter


Program = Exist | Count | Query | Alike | Compare | Add | Difference


def find(things: Things, scene: SolidScene) -> frozenset[int]:
    """Which of the scene's things they are: indices."""
    match things:
        case Filter(words=words, of=of):
            solids = scene.things
            among = range(len(solids)) if type(of) is Everything else find(of, scene)
            return frozenset([i for i in among if words.fits(solids[i])])
        case Everything():
            return frozenset(range(len(scene.things)))
        case Relate(side=side, to=to):
            here = the(to, scene)
            return frozenset(i for i, t in enumerate(scene.things) if _is_on(side, t, scene.things[here]))
        case Same(attribute=attribute, to=to):
            here = the(to, scene)
            value = getattr(scene.things[here], attribute)
            alike = (i for i, t in enumerate(scene.things) if getattr(t, attribute) == value)
            return frozenset(alike) - {here}
        case Both(a=a, b=b):
            return find(a, scene) & find(b, scene)
        case Either(a=a, b=b):
            return find(a, scene) | find(b, scene)
        case Without(of=of, less=less):
            return find(of, scene) - find(less, scene)


def the(things: Filter, scene: SolidScene) -> int:
    """The one thing that a filter lets through."""
    found = find(things, scene)
    assert len(found) == 1, f"{things} is not one thing"
    return next(iter(found))


def _is_on(side: str, thing: Solid, of: Solid) -> bool:
    if side in ("left", "right"):
        return thing.x < of.x if side == "left" else thing.x > of.x
    return thing.y < of.y if side == "front" else thing.y > of.y


def answer(program: Program, scene: SolidScene) -> str:
    """The program's answer: `yes`, `no`, digits, or the value of an attribute."""
    match program:
        case Exist(of=of):
            return yes(bool(find(of, scene)))
        case Count(of=of):
            return str(len(find(of, scene)))
        case Query(attribute=attribute, of=of):
            return str(getattr(scene.things[the(of, scene)], attribute))
        case Alike(attribute=attribute, a=a, b=b):
            one, other = (getattr(scene.things[the(x, scene)], attribute) for x in (a, b))
            return yes(one == other)
        case Compare(asks=asks, a=a, b=b):
            return yes(compare(asks, len(find(a, scene)), len(find(b, scene))))
        case Add(of=of, number=number):
            return str(len(find(of, scene)) + number)
        case Difference(asks=asks, a=a, b=b):
            more = len(find(a, scene)) - len(find(b, scene))
            return str(more if asks == "more" else -more)


def yes(is_so: bool) -> str:
    """`yes` or `no`."""
    return "yes" if is_so else "no"


def compare(asks: str, a: int, b: int) -> bool:
    """Whether `a` is `more`, `fewer` or `as many` as `b`."""
    return a > b if asks == "more" else a < b if asks == "fewer" else a == b


# The run in words.


def explain(program: Program, scene: SolidScene) -> str:
    """The steps to the answer, each with the things that it leaves, from left to right."""
    match program:
        case Exist(of=of):
            steps = [*_steps(of, scene), f"So {answer(program, scene)}."]
        case Count(of=of):
            steps = [*_steps(of, scene), f"That makes {answer(program, scene)}."]
        case Query(attribute=attribute, of=of):
            steps = [*_steps(of, scene), f"Its {attribute} is {answer(program, scene)}."]
        case Alike(attribute=attribute, a=a, b=b):
            values = [str(getattr(scene.things[the(x, scene)], attribute)) for x in (a, b)]
            steps = [*_steps(a, scene), *_steps(b, scene), f"{_both(values)}: {answer(program, scene)}."]
        case Compare(a=a, b=b):
            steps = [*_counted(a, scene), *_counted(b, scene), f"So {answer(program, scene)}."]
        case Add(of=of, number=number):
            total = answer(program, scene)
            steps = [*_counted(of, scene), f"{int(total) - number} + {number} = {total}."]
        case Difference(asks=asks, a=a, b=b):
            numbers = [len(find(x, scene)) for x in ((a, b) if asks == "more" else (b, a))]
            sum_ = f"{numbers[0]} - {numbers[1]} = {answer(program, scene)}."
            steps = [*_counted(a, scene), *_counted(b, scene), sum_]
    return " ".join(steps)


def _both(values: list[str]) -> str:
    same = "the same" if values[0] == values[1] else "not the same"
    return f"{values[0].capitalize()} and {values[1]} are {same}"


def _counted(things: Filter, scene: SolidScene) -> list[str]:
    return [*_steps(things, scene), f"That makes {len(find(things, scene))}."]


def _steps(things: Things, scene: SolidScene) -> list[str]:
    """What is found on the way to the things, and they themselves: a sentence each."""
    found = _listed(find(things, scene), scene)
    match things:
        case Everything():
            return [f"All things: {found}."]
        case Filter(words=words, of=Everything()):
            return [f"{words.many.capitalize()}: {found}."]
        case Filter(words=words, of=of):
            narrowed = [f"{words.many.capitalize()} among them: {found}."] if words.said else []
            return [*_steps(of, scene), *narrowed]
        case Relate(side=side, to=to):
            return [*_steps(to, scene), f"{SIDE_WORDS[side].capitalize()} it: {found}."]
        case Same(attribute=attribute, to=to):
            return [*_steps(to, scene), f"Others of its {attribute}: {found}."]
        case Both(a=a, b=b):
            return [*_steps(a, scene), *_steps(b, scene), f"In both: {found}."]
        case Either(a=a, b=b):
            return [*_steps(a, scene), *_steps(b, scene), f"In one or both: {found}."]
        case Without(of=of, less=less):
            return [*_steps(of, scene), f"Removed, {_lower(_steps(less, scene))}", f"Left: {found}."]


def _lower(steps: list[str]) -> str:
    text = " ".join(steps)
    return text[0].lower() + text[1:]


def _listed(found: Iterable[int], scene: SolidScene) -> str:
    things = sorted((scene.things[i] for i in found), key=lambda thing: thing.x)
    return ", ".join(f"{t.size} {t.colour} {t.material} {t.shape}" for t in things) or "none"
