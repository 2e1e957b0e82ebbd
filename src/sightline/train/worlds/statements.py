"""Statements over panels as small programs, and whether they hold.

    program = read_statement("There are exactly two yellow circles touching the wall.")    # statement_parser
    program.holds(panel), program.because(panel)

A `Group` is what a noun phrase means: the items, or the boxes, that pass all its tests. A tower is the box
that it stands in. A statement counts one or more groups. The readings where English leaves a choice were
chosen by NLVR's published labels: a bare number is exact, above means right above in a tower.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from sightline.train.worlds.panels import BOX, Box, Item, Panel

Place = Literal["edge", "corner", "left", "right", "top", "bottom"]
Trait = Literal["colour", "shape", "size", "height", "base", "summit"]
NEAR = 8
"""An item that nearly touches is at most this far away, px."""
_REACH = {"nearly": NEAR, "touching": 0}


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How many of a group: `at least`, `at most` or `exactly` a number; `every` one, or `only` they."""

    op: Literal["at least", "at most", "exactly", "every", "only"]
    number: int = 1

    def fits(self, count: int, whole: int) -> bool:
        """Whether `count` of `whole` is the amount. None of nothing is neither every one nor only they."""
        if self.op in ("every", "only"):
            return count == whole > 0
        if self.op == "exactly":
            return count == self.number
        return count >= self.number if self.op == "at least" else count <= self.number

    def __str__(self) -> str:
        return f"{self.op} {self.number}" if self.op not in ("every", "only") else "all"


class Test(Protocol):
    """What an item, or a box, may pass."""

    def item(self, item: Item, box: Box) -> bool:
        """Whether an item of the box passes."""

    def box(self, box: Box) -> bool:
        """Whether a box passes."""


class ItemTest:
    """A test that speaks of items; no box passes it, and a parser never asks one to."""

    def box(self, box: Box) -> bool:
        """Never: boxes are not asked."""
        raise AssertionError(f"{self} was asked of a box")


class BoxTest:
    """A test that speaks of boxes; an item passes where its box does."""

    def item(self, item: Item, box: Box) -> bool:
        """Whether the item's box passes."""
        return self.box(box)

    def box(self, box: Box) -> bool:
        """Whether the box passes."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Is(ItemTest):
    """The item's colour, shape or size (px) is one of the values."""

    trait: Literal["colour", "shape", "size"]
    values: tuple[str | int, ...]

    def item(self, item: Item, box: Box) -> bool:
        """Whether the item has one of the values."""
        return getattr(item, self.trait) in self.values


@dataclass(frozen=True, kw_only=True)
class Not(ItemTest):
    """The item fails the test."""

    test: Test

    def item(self, item: Item, box: Box) -> bool:
        """Whether the item fails."""
        return not self.test.item(item, box)


@dataclass(frozen=True, kw_only=True)
class Touches(ItemTest):
    """The item is at most `reach` px from a side of its box, two sides that meet, or a named one."""

    place: Place
    reach: int = 0

    def item(self, item: Item, box: Box) -> bool:
        """Whether the item touches the place."""
        gaps = {
            "left": item.x,
            "right": BOX - item.x - item.size,
            "top": item.y,
            "bottom": BOX - item.y - item.size,
        }
        near = {side for side, gap in gaps.items() if gap <= self.reach}
        if self.place == "edge":
            return bool(near)
        if self.place == "corner":
            return bool(near & {"left", "right"}) and bool(near & {"top", "bottom"})
        return self.place in near


@dataclass(frozen=True, kw_only=True)
class Rank(ItemTest):
    """The item is the `rank`-th of its box, counted from the floor (1, 2, ...) or from the top (-1, ...)."""

    rank: int

    def item(self, item: Item, box: Box) -> bool:
        """Whether as many items as that lie under (or over) it."""
        if self.rank > 0:
            return sum(other.y > item.y for other in box) == self.rank - 1
        return sum(other.y < item.y for other in box) == -self.rank - 1


@dataclass(frozen=True, kw_only=True)
class Beside(ItemTest):
    """The item is above or below one of a group: the next block of a tower, anywhere among scattered ones."""

    side: Literal["above", "below"]
    others: Group

    def item(self, item: Item, box: Box) -> bool:
        """Whether one of the others is on the other side of it."""
        return any(self._next(item, other, box) for other in self.others.items(box))

    def _next(self, item: Item, other: Item, box: Box) -> bool:
        low, high = (other, item) if self.side == "above" else (item, other)
        return high.y < low.y and not (is_tower(box) and any(high.y < between.y < low.y for between in box))


@dataclass(frozen=True, kw_only=True)
class Holds(BoxTest):
    """The box holds an amount of a group, or (`kinds`) its items have an amount of different traits."""

    amount: Amount
    group: Group
    kinds: Literal["", "colour", "shape", "size"] = ""

    def box(self, box: Box) -> bool:
        """Whether the amount is there."""
        return self.amount.fits(self.count(box), len(box))

    def count(self, box: Box) -> int:
        """How many there are."""
        found = self.group.items(box)
        return len({getattr(i, self.kinds) for i in found}) if self.kinds else len(found)

    def said(self, box: Box) -> str:
        """The count, and of how many where that matters."""
        return f"{self.count(box)} of {len(box)}" if self.amount.op == "every" else str(self.count(box))


@dataclass(frozen=True, kw_only=True)
class Stacked(BoxTest):
    """Some `number` of the group's items lie on each other, with nothing between them."""

    number: int
    group: Group

    def box(self, box: Box) -> bool:
        """Whether there is such a run, from the floor up."""
        run, longest = 0, 0
        found = self.group.items(box)
        for item in sorted(box, key=lambda i: -i.y):
            run = run + 1 if item in found else 0
            longest = max(longest, run)
        return longest >= self.number


@dataclass(frozen=True, kw_only=True)
class Group:
    """The items, or the boxes, that pass all tests."""

    of: Literal["item", "box"]
    tests: tuple[Test, ...] = ()

    def items(self, box: Box) -> list[Item]:
        """Those of the box."""
        return [i for i in box if all(test.item(i, box) for test in self.tests)]

    def boxes(self, panel: Panel) -> list[int]:
        """Indices of the boxes that pass."""
        return [n for n, box in enumerate(panel.boxes) if all(test.box(box) for test in self.tests)]

    def plus(self, *tests: Test) -> Group:
        """The group with further tests."""
        return Group(of=self.of, tests=(*self.tests, *tests))

    def counts(self, panel: Panel) -> list[int]:
        """How many there are in each box (0 or 1 where the group is of boxes)."""
        if self.of == "item":
            return [len(self.items(box)) for box in panel.boxes]
        found = self.boxes(panel)
        return [int(n in found) for n in range(len(panel.boxes))]


class Program(Protocol):
    """What a statement says."""

    def holds(self, panel: Panel) -> bool:
        """Whether it is true of the panel."""

    def because(self, panel: Panel) -> str:
        """What is counted on the way, in words."""

    def empty(self, panel: Panel) -> bool:
        """Whether it speaks of all of what is not there: then people do not agree on its truth."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """An amount of the group's members pass the tests of `also`; `every` one of the group may have to."""

    amount: Amount
    group: Group
    also: tuple[Test, ...] = ()

    def holds(self, panel: Panel) -> bool:
        """Whether the amount is right."""
        return self.amount.fits(sum(self._found(panel)), self._whole(panel))

    def because(self, panel: Panel) -> str:
        """The count in each box, the sum and what is wanted."""
        found = self._found(panel)
        said = (self._said(box, count) for box, count in zip(panel.boxes, found, strict=True))
        parts = ", ".join(f"box {n} {words}" for n, words in enumerate(said, 1))
        of = f" of {self._whole(panel)}" if self.amount.op in ("every", "only") else ""
        return f"{parts}; {sum(found)}{of}, and {self.amount} wanted"

    def empty(self, panel: Panel) -> bool:
        """Whether it speaks of every one of none."""
        return self.amount.op == "every" and not self._whole(panel)

    def _said(self, box: Box, count: int) -> str:
        """What counts in a box: the items, or what its tests find there and whether they pass."""
        if self.group.of == "item":
            return f"has {count}"
        found = [t.said(box) for t in (*self.group.tests, *self.also) if isinstance(t, Holds)]
        verdict = "fits" if count else "does not fit"
        return f"has {' and '.join(found)}, {verdict}" if found else verdict

    def _found(self, panel: Panel) -> list[int]:
        return self.group.plus(*self.also).counts(panel)

    def _whole(self, panel: Panel) -> int:
        if self.amount.op == "only":
            return sum(Group(of=self.group.of).counts(panel))
        return sum(self.group.counts(panel))


@dataclass(frozen=True, kw_only=True)
class Both:
    """All parts hold."""

    parts: tuple[Program, ...]

    def holds(self, panel: Panel) -> bool:
        """Whether all do."""
        return all(part.holds(panel) for part in self.parts)

    def because(self, panel: Panel) -> str:
        """Part after part."""
        return "; ".join(part.because(panel) for part in self.parts)

    def empty(self, panel: Panel) -> bool:
        """Whether a part is."""
        return any(part.empty(panel) for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class Together:
    """All items of the group, and there are some, lie in one box."""

    group: Group

    def holds(self, panel: Panel) -> bool:
        """Whether one box alone holds some."""
        return sum(count > 0 for count in self.group.counts(panel)) == 1

    def because(self, panel: Panel) -> str:
        """The count in each box."""
        counts = enumerate(self.group.counts(panel), 1)
        return ", ".join(f"box {n} has {c}" for n, c in counts) + ", and one box alone may have any"

    def empty(self, panel: Panel) -> bool:
        """Whether the group is."""
        return not sum(self.group.counts(panel))


@dataclass(frozen=True, kw_only=True)
class Alike:
    """An amount of boxes of the group agree in (or, `differ`, differ in) height, base or top colour."""

    amount: Amount
    group: Group
    trait: Literal["height", "base", "summit"]
    differ: bool = False

    def holds(self, panel: Panel) -> bool:
        """Whether the largest set of agreeing boxes, or the number of different values, is the amount."""
        values = self._values(panel)
        count = len(set(values)) if self.differ else max((values.count(v) for v in values), default=0)
        return self.amount.fits(count, len(values))

    def because(self, panel: Panel) -> str:
        """The value in each box."""
        return f"{self.trait} of each: " + ", ".join(map(str, self._values(panel)))

    def empty(self, panel: Panel) -> bool:
        """Never: it speaks of an amount."""
        return False

    def _values(self, panel: Panel) -> list[str | int]:
        return [trait_of(panel.boxes[n], self.trait) for n in self.group.boxes(panel)]


@dataclass(frozen=True, kw_only=True)
class Variety:
    """The group's items have an amount of different colours, shapes or sizes, over all boxes."""

    amount: Amount
    group: Group
    trait: Literal["colour", "shape", "size"] = "colour"

    def holds(self, panel: Panel) -> bool:
        """Whether the number of different values is right."""
        return self.amount.fits(len(self._values(panel)), 3)

    def because(self, panel: Panel) -> str:
        """The values found."""
        values = self._values(panel)
        return f"there {'are ' + ', '.join(map(str, values)) if values else 'is none'}, {self.amount} wanted"

    def empty(self, panel: Panel) -> bool:
        """Never: it speaks of an amount."""
        return False

    def _values(self, panel: Panel) -> list[str | int]:
        return sorted({getattr(i, self.trait) for box in panel.boxes for i in self.group.items(box)})


def is_tower(box: Box) -> bool:
    """Whether the items of the box stand on one another in one column."""
    return len({(item.x, item.size) for item in box}) <= 1 and all(i.shape == "square" for i in box)


def trait_of(box: Box, trait: Literal["height", "base", "summit"]) -> str | int:
    """How many blocks a tower has, or the colour of its lowest or highest one."""
    if trait == "height":
        return len(box)
    return sorted(box, key=lambda item: item.y)[-1 if trait == "base" else 0].colour


def every_test(program: object) -> Iterator[object]:
    """The program's parts, itself included, down to the last test."""
    yield program
    for value in vars(program).values():
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "__dataclass_fields__"):
                yield from every_test(part)
