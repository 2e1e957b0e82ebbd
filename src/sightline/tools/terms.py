"""What a noun phrase asks for: kinds of things with attributes, a place, and which of them by their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product

from sightline.tools.beside import nearest
from sightline.types import Box, Detection


@dataclass(frozen=True, kw_only=True)
class Order:
    """By what boxes are ordered, least first, or greatest first where it is `reverse`."""

    by: Callable[[Box], float]
    reverse: bool = False


FROM = {
    "left": Order(by=lambda box: box.center[0]),
    "right": Order(by=lambda box: box.center[0], reverse=True),
    "top": Order(by=lambda box: box.center[1]),
    "bottom": Order(by=lambda box: box.center[1], reverse=True),
}
"""A side of the picture -> the order that begins there."""

SUPERLATIVES = {
    word: order
    for words, order in {
        "leftmost": FROM["left"],
        "rightmost": FROM["right"],
        "topmost uppermost highest": FROM["top"],
        "bottommost lowest": FROM["bottom"],
        "largest biggest larger bigger": Order(by=lambda box: box.area, reverse=True),
        "smallest smaller littlest tiniest": Order(by=lambda box: box.area),
        "tallest taller": Order(by=lambda box: box.height, reverse=True),
        "shortest shorter": Order(by=lambda box: box.height),
        "widest wider": Order(by=lambda box: box.width, reverse=True),
        "narrowest narrower": Order(by=lambda box: box.width),
    }.items()
    for word in words.split()
}


@dataclass(frozen=True, kw_only=True)
class Pick:
    """`take` of what is found, from number `skip` on in their order; the last ones where it is `last`."""

    order: Order
    skip: int = 0
    take: int = 1
    last: bool = False

    def of(self, found: Sequence[Detection]) -> list[Detection]:
        """What is picked."""
        reverse = self.order.reverse != self.last
        ordered = sorted(found, key=lambda item: self.order.by(item.box), reverse=reverse)
        return ordered[self.skip : self.skip + self.take]


@dataclass(frozen=True, kw_only=True)
class Term:
    """One kind of thing that is looked for. An attribute or a place that is empty may be any.

    Args:
        labels: the classes, of each vocabulary that was asked.
        colors: any of these.
        other_than: none of these colors.
        size: `small` or `large`.
        across: left, middle or right: where in the picture its center stands.
        down: top, middle or bottom.
        pick: which of them; None for all.
        is_generic: whether every class is meant.
        noun: as it was said.
        is_the_one: whether one certain thing is meant: `the star`.
        notes: in one line each, what is looked for in place of what was named.
        blurs: in one line each, what is not told apart in what is found.
    """

    labels: tuple[frozenset[str], ...]
    colors: frozenset[str] = frozenset()
    other_than: frozenset[str] = frozenset()
    size: str = ""
    across: str = ""
    down: str = ""
    pick: Pick | None = None
    is_generic: bool = False
    noun: str = field(default="", compare=False)
    is_the_one: bool = field(default=False, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    blurs: tuple[str, ...] = field(default=(), compare=False)

    @property
    def is_plain(self) -> bool:
        """Whether all things of these classes are meant."""
        return not (self.colors or self.other_than or self.size or self.across or self.down or self.pick)

    @property
    def name(self) -> str:
        """What it is called, with its size and colors: `small red star`."""
        other = " or ".join(f"not {color}" for color in sorted(self.other_than))
        return " ".join(filter(None, (self.size, " or ".join(sorted(self.colors)), other, self.noun)))

    def wants(self, label: str, attributes: dict[str, str]) -> bool:
        """Whether a detection of that label and these measured attributes is meant, its place aside."""
        color = attributes.get("color", "")
        return (
            any(label in labels for labels in self.labels)
            and (not self.colors or color in self.colors)
            and color not in self.other_than
            and self.size in ("", attributes.get("size"))
        )

    def takes(self, item: Detection) -> bool:
        """Whether a detection is meant, its place considered."""
        x, y = item.box.center
        return (
            self.wants(item.label, item.attributes)
            and _is_on(self.across, x / item.box.frame.width, first="left")
            and _is_on(self.down, y / item.box.frame.height, first="top")
        )


def _is_on(side: str, fraction: float, *, first: str) -> bool:
    """Whether a fraction of the picture's side is on the side that is named: a half, or the middle third."""
    if side == "middle":
        return 1 / 3 <= fraction <= 2 / 3
    return not side or (fraction < 0.5) == (side == first)


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How things are to stand to others, of which any may be meant: `left of a star`.

    Args:
        others: what each of the others is.
        holds: whether a box stands so to one of each; None for the nearest of all.
    """

    others: tuple[Query, ...]
    holds: Callable[[Box, Sequence[Box]], bool] | None = field(compare=False)

    def of(self, found: Sequence[Detection], among: Sequence[Detection]) -> list[Detection]:
        """Those of `found` that stand so to things of `among`."""
        groups = [[item.box for item in other.choose(among)] for other in self.others]
        if self.holds is None:
            best = nearest([item.box for item in found], groups[0])
            return [] if best is None else [found[best]]
        return [item for item in found if self._stands(item.box, groups)]

    def open(self, found: Sequence[Detection], among: Sequence[Detection]) -> str:
        """Which of the others are several where one is meant, if it matters which; else empty."""
        for other in self.others:
            several = other.choose(among)
            if len(several) > 1 and all(term.is_the_one for term in other.terms):
                rest = [item for item in among if not any(item is one for one in several)]
                stand = [tuple(map(id, self.of(found, [*rest, one]))) for one in several]
                if len(set(stand)) > 1:
                    return f"{len(several)} things fit the {other.terms[0].name}"
            if said := other.open(among):
                return said
        return ""

    def _stands(self, box: Box, groups: Sequence[Sequence[Box]]) -> bool:
        assert self.holds is not None
        return any(
            self.holds(box, others)
            for others in product(*groups)
            if all(other is not box for other in others) and len(set(map(id, others))) == len(others)
        )


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for: any of `terms`, but none of `excluded`; of these, what stands so to others."""

    terms: tuple[Term, ...]
    excluded: tuple[Term, ...] = ()
    standing: Standing | None = None

    @property
    def all_terms(self) -> tuple[Term, ...]:
        """Those of the others too."""
        others = self.standing.others if self.standing else ()
        return (*self.terms, *(term for other in others for term in other.all_terms))

    @property
    def is_plain(self) -> bool:
        """Whether all things of one kind are meant."""
        return len(self.terms) == 1 and self.terms[0].is_plain and not self.excluded and self.standing is None

    @property
    def picks(self) -> bool:
        """Whether it asks for a certain one of those that fit, such as the largest."""
        is_nearest = self.standing is not None and self.standing.holds is None
        return is_nearest or any(term.pick for term in self.terms)

    def labels(self, vocabulary: int = 0) -> frozenset[str]:
        """The classes of one of the vocabularies that are looked for."""
        return frozenset().union(*(term.labels[vocabulary] for term in self.all_terms))

    def left_out(self, *, found: bool) -> tuple[str, ...]:
        """In one line each, what a finding does not tell, where something was found or nothing was."""
        said = [note for term in self.all_terms for note in (*term.notes, *(term.blurs if found else ()))]
        return tuple(dict.fromkeys(said))

    @property
    def is_generic(self) -> bool:
        """Whether it asks for whatever there is."""
        return any(term.is_generic for term in self.all_terms)

    def choose(self, found: Sequence[Detection]) -> tuple[Detection, ...]:
        """Those of `found` that are meant, in their order. What they stand to is among `found` too."""
        left = [item for item in found if not any(term.takes(item) for term in self.excluded)]
        chosen: list[Detection] = []
        for term in self.terms:
            meant = [item for item in left if term.takes(item)]
            if self.standing:
                meant = self.standing.of(meant, found)
            chosen += term.pick.of(meant) if term.pick else meant
        return tuple(item for item in left if any(item is one for one in chosen))

    def sure_and_perhaps(
        self, clear: Sequence[Detection], weak: Sequence[Detection]
    ) -> tuple[tuple[Detection, ...], tuple[Detection, ...]]:
        """What is meant of what was clearly seen, and what else may be."""
        sure = self.choose(clear)
        if sure and self.picks:
            return sure, ()
        if self.standing is None:
            return sure, self.choose(weak)
        both = self.choose([*clear, *weak])
        return sure, tuple(item for item in both if not any(item is one for one in sure))

    def open(self, found: Sequence[Detection]) -> str:
        """What the words leave open: `2 things fit the star`, where it matters which is meant; else empty."""
        if not self.standing:
            return ""
        for term in self.terms:
            meant = [item for item in found if term.takes(item)]
            stand = self.standing.of(meant, found)
            if term.is_the_one and self.standing.holds and 0 < len(stand) < len(meant):
                return f"{len(meant)} things fit the {term.name}"
            if said := self.standing.open(meant, found):
                return said
        return ""

    def lacks(self, found: Sequence[Detection]) -> str:
        """A thing that the words take for granted and that is not among what was found; else empty."""
        if not self.standing:
            return ""
        meant = [*self.terms, *(term for other in self.standing.others for term in other.terms)]
        lost = [t.name for t in meant if t.is_the_one and not any(t.takes(item) for item in found)]
        deeper = (other.lacks(found) for other in self.standing.others)
        return f"the {lost[0]}" if lost else next(filter(None, deeper), "")
