"""Questions over a scene of solids, in CLEVR's families and the arithmetic over what is seen.

Families: exist, count, attribute, compare_attribute, compare_counts, remove, add, difference. Each question
is a program (`solid_programs`) whose run is the answer and the thought; `solid_wordings` says it.

A question is drawn by its form first (`plain`, `relate2`: two relations in a row, `same`, `both`, `either`),
then by its answer among those that this form can have in the scene, then by its words: so the form does not
give the answer away. A relation is asked for only where it matters: without it the words would fit more.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import combinations
from typing import TypeVar

import numpy as np

from sightline.train.worlds.dice import chance, pick, span, weighted
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.solid_layouts import make_solids
from sightline.train.worlds.solid_programs import (
    ATTRIBUTES,
    COMPARISONS,
    SIDES,
    Add,
    Alike,
    Base,
    Both,
    Compare,
    Count,
    Difference,
    Either,
    Everything,
    Exist,
    Filter,
    Program,
    Query,
    Relate,
    Same,
    Without,
    Words,
    answer,
    compare,
    explain,
    find,
)
from sightline.train.worlds.solid_render import draw_solids
from sightline.train.worlds.solid_wordings import is_held_out, word
from sightline.train.worlds.solids import (
    COLOURS,
    HELD_OUT,
    MATERIALS,
    SHAPES,
    SIZES,
    Solid,
    SolidScene,
    holds_held_out,
)

__all__ = ["FAMILIES", "SolidQuestion", "ask", "holds_held_out", "is_held_out", "solid_sample"]

FAMILIES = (
    *("exist", "count", "attribute", "compare_attribute", "compare_counts", "remove", "add", "difference"),
)
FORMS = {"plain": 3.0, "relate1": 3.0, "relate2": 1.5, "relate3": 1.0, "same": 1.5, "both": 1.0}
SIMPLE = {"plain": 2.0, "relate1": 1.0}
GIVEN = {0: 0.5, 1: 2.0, 2: 1.6, 3: 0.7, 4: 0.4}
"""How many attributes a noun phrase speaks of, and how often."""
_VALUES = {"size": SIZES, "colour": COLOURS, "material": MATERIALS, "shape": SHAPES}
_SUBSETS = {n: tuple(combinations(ATTRIBUTES, n)) for n in GIVEN}
_TRIES = 24


def _table(at_least: int) -> tuple[tuple[tuple[str, ...], ...], tuple[float, ...]]:
    """Sets of at least so many attributes, and the bounds of their shares of 0..1, as `GIVEN` weighs them."""
    kept = [(subset, GIVEN[n] / len(_SUBSETS[n])) for n in GIVEN if n >= at_least for subset in _SUBSETS[n]]
    bounds = np.cumsum([weight for _, weight in kept])
    return tuple(subset for subset, _ in kept), tuple((bounds / bounds[-1]).tolist()[:-1])


_TABLES = tuple(map(_table, GIVEN))
_ALL = Everything()

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class SolidQuestion:
    """A question: the program that it asks for, and in `form` how it was built."""

    text: str
    family: str
    form: str
    program: Program
    answer: str
    thought: str

    @property
    def asked(self) -> Asked:
        """As all worlds give it."""
        wording = f"{self.family} {self.form}"
        return Asked(
            question=self.text, answer=self.answer, family=self.family, thought=self.thought, wording=wording
        )


def solid_sample(rng: np.random.Generator, split: Split = "train", side: int = 128, count: int = 8) -> Sample:
    """A picture of `side` px and up to `count` questions about it; the state is a `SolidScene`."""
    scene = make_solids(rng, split=split)
    asked = ask_some(rng, scene, count, split)
    return Sample(
        draw=lambda: (draw_solids(scene, side),),
        asked=tuple(question.asked for question in asked),
        state=scene,
    )


def ask_some(
    rng: np.random.Generator,
    scene: SolidScene,
    count: int,
    split: Split = "train",
    families: Sequence[str] = FAMILIES,
) -> list[SolidQuestion]:
    """`count` different questions, families drawn uniformly; fewer where the scene holds no more."""
    known, asked = Known(scene=scene, split=split), {}
    for _ in range(3 * count):
        question = _ask(rng, known, pick(rng, families))
        if question:
            asked[question.program] = question
        if len(asked) == count:
            break
    return list(asked.values())


def ask(
    rng: np.random.Generator, scene: SolidScene, family: str, split: Split = "train"
) -> SolidQuestion | None:
    """A question of a family, or None where none came up that is well posed."""
    return _ask(rng, Known(scene=scene, split=split), family)


def _ask(rng: np.random.Generator, known: Known, family: str) -> SolidQuestion | None:
    tried = (_MAKERS[family](rng, known) for _ in range(_TRIES))
    form, program = next((made for made in tried if made), (None, None))
    if form is None or program is None:
        return None
    return SolidQuestion(
        text=word(rng, program, known.split),
        family=family,
        form=form,
        program=program,
        answer=answer(program, known.scene),
        thought=explain(program, known.scene),
    )


# What can be said of a scene.


def allowed(words: Words, split: Split) -> bool:
    """Whether a split may speak of it: a held-out pair is not even named while training."""
    return split == "heldout" or (words.colour, words.shape) not in HELD_OUT


def _all_words(thing: Solid) -> tuple[Words, ...]:
    """All words that fit a thing, by what they speak of."""
    return _words_of(thing.size, thing.colour, thing.material, thing.shape)


@cache
def _words_of(*values: str) -> tuple[Words, ...]:
    known = dict(zip(ATTRIBUTES, values, strict=True))
    subsets = (subset for subsets in _SUBSETS.values() for subset in subsets)
    return tuple(Words(**{attribute: known[attribute] for attribute in subset}) for subset in subsets)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A scene, and all that may be said of its things."""

    scene: SolidScene
    split: Split

    @cached_property
    def fits(self) -> dict[Words, frozenset[int]]:
        """All words that fit something, by what they speak of, and the things that they fit."""
        found: dict[Words, frozenset[int]] = {}
        for i, thing in enumerate(self.scene.things):
            for words in _all_words(thing):
                if allowed(words, self.split):
                    found[words] = found.get(words, frozenset()) | {i}
        return found

    @cached_property
    def by_given(self) -> dict[tuple[str, ...], dict[Words, frozenset[int]]]:
        """The same, by the attributes that they speak of."""
        found: dict[tuple[str, ...], dict[Words, frozenset[int]]] = {}
        for words, things in self.fits.items():
            found.setdefault(words.said, {})[words] = things
        return found

    @cached_property
    def lists(self) -> dict[tuple[str, ...], tuple[Words, ...]]:
        """The words alone, by the attributes that they speak of."""
        return {given: tuple(words) for given, words in self.by_given.items()}

    @cached_property
    def short(self) -> tuple[Words, ...]:
        """Words of at most one attribute."""
        return tuple(words for words in self.fits if len(words.said) <= 1)

    def options(self, base: frozenset[int], given: tuple[str, ...]) -> dict[Words, int]:
        """Words of the given attributes, and how many things of the base each fits, which may be none."""
        return {words: len(things & base) for words, things in self.by_given.get(given, {}).items()}

    def near_miss(self, rng: np.random.Generator, given: tuple[str, ...]) -> Words | None:
        """Words of the given attributes that fit nothing, but differ in one word from some that do."""
        for _ in range(_TRIES if given else 0):
            words = pick(rng, self.lists[given])
            attribute = pick(rng, given)
            missed = replace(words, **{attribute: pick(rng, _VALUES[attribute])})
            if missed not in self.fits and allowed(missed, self.split):
                return missed
        return None

    def unique(self, base: Base, without: str = "") -> list[tuple[Words, int]]:
        """All words that let one thing of a base through, and that thing; silent of one attribute.

        Over a base that is not everything, the words alone would fit more than the one.
        """
        return [(words, thing) for words, thing in self._singles(base) if without not in words.said]

    def _singles(self, base: Base) -> list[tuple[Words, int]]:
        if isinstance(base, Everything):
            return self._alone
        inside = find(base, self.scene)
        found = ((w, things & inside) for w, things in self.fits.items() if len(things) > 1)
        return [(words, next(iter(one))) for words, one in found if len(one) == 1]

    @cached_property
    def _alone(self) -> list[tuple[Words, int]]:
        ones = ((w, things) for w, things in self.fits.items() if len(things) == 1)
        return [(words, next(iter(one))) for words, one in ones if words.said]


def _given(rng: np.random.Generator, base: Base = _ALL, *, at_least: int = 0) -> tuple[str, ...]:
    """The attributes that a noun phrase over a base speaks of: not what all of the base share anyway."""
    without = base.attribute if isinstance(base, Same) else ""
    subsets, bounds = _TABLES[at_least]
    while True:
        subset = subsets[bisect(bounds, rng.random())]
        if without not in subset:
            return subset


def _base(rng: np.random.Generator, known: Known, form: str) -> Base | None:
    """The things that a question of a form chooses from, or None where the scene has none to offer."""
    if form == "plain":
        return _ALL
    if form == "both":
        a, b = _base(rng, known, "relate1"), _base(rng, known, "relate1")
        if isinstance(a, Relate) and isinstance(b, Relate) and a.side != b.side and a.to != b.to:
            return Both(a=a, b=b)
        return None
    to = _reference(rng, known, int(form[-1]) - 1 if form != "same" else int(chance(rng, 0.25)))
    if to is None:
        return None
    if form != "same":
        return Relate(side=pick(rng, SIDES), to=to)
    attributes = [a for a in ATTRIBUTES if a not in to.words.said]
    return Same(attribute=pick(rng, attributes), to=to) if attributes else None


def _reference(rng: np.random.Generator, known: Known, hops: int) -> Filter | None:
    """The words for one thing, found by so many relations in a row."""
    base: Base | None = _base(rng, known, f"relate{hops}") if hops else _ALL
    return _one_of(rng, base, [words for words, _ in known.unique(base)]) if base else None


def _one_of(rng: np.random.Generator, base: Base, options: Sequence[Words]) -> Filter | None:
    """A filter over a base by some of the words, short ones favoured."""
    sizes = {len(words.said) for words in options}
    if not sizes:
        return None
    drawn = weighted(rng, {size: GIVEN[size] for size in sorted(sizes)})
    return Filter(words=pick(rng, [w for w in options if len(w.said) == drawn]), of=base)


# The families: each gives the form and the program, or None where there is nothing to ask.

Made = tuple[str, Program] | None


def _exist(rng: np.random.Generator, known: Known) -> Made:
    form = weighted(rng, {**FORMS, "either": 0.8})
    wanted = chance(rng, 0.5)
    if form == "either":
        given = _given(rng, at_least=1), _given(rng, at_least=2)
        found = [_exists(rng, known, _ALL, g, wanted=wanted and i == 0) for i, g in enumerate(given)]
        a, b = found
        return (form, Exist(of=Either(a=a, b=b))) if a and b and a != b else None
    base = _base(rng, known, form)
    if base is None:
        return None
    given_one = _given(rng, base, at_least=1)
    both = [_exists(rng, known, base, given_one, wanted=w) for w in (True, False)]
    of = both[0 if wanted else 1]
    return (form, Exist(of=of)) if all(both) and of else None


def _exists(
    rng: np.random.Generator, known: Known, base: Base, given: tuple[str, ...], *, wanted: bool
) -> Filter | None:
    """A filter over a base that lets something through, or nothing."""
    options = known.options(find(base, known.scene), given)
    fitting = [words for words, number in options.items() if (number > 0) == wanted]
    if not fitting and not wanted and base == _ALL:
        missed = known.near_miss(rng, given)
        fitting = [missed] if missed else []
    return Filter(words=pick(rng, fitting), of=base) if fitting else None


def _count(rng: np.random.Generator, known: Known) -> Made:
    form = weighted(rng, {**FORMS, "either": 1.0})
    if form == "either":
        return _count_either(rng, known)
    base = _base(rng, known, form)
    if base is None:
        return None
    given = _given(rng, base, at_least=int(chance(rng, 0.7)))
    options = known.options(find(base, known.scene), given)
    missed = known.near_miss(rng, given) if base == _ALL else None
    words = _by_number(rng, options | ({missed: 0} if missed else {}))
    return (form, Count(of=Filter(words=words, of=base))) if words is not None else None


def _count_either(rng: np.random.Generator, known: Known) -> Made:
    options = {}
    for _ in range(_TRIES):
        a, b = (pick(rng, known.lists[_given_known(rng, known)]) for _ in range(2))
        if not a.implies(b) and not b.implies(a):
            options[a, b] = len(known.fits[a] | known.fits[b])
    drawn = _by_number(rng, options)
    return ("either", Count(of=Either(a=Filter(words=drawn[0]), b=Filter(words=drawn[1])))) if drawn else None


def _given_known(rng: np.random.Generator, known: Known) -> tuple[str, ...]:
    """Attributes that something may be said by: at least one."""
    while True:
        given = _given(rng, at_least=1)
        if given in known.by_given:
            return given


def _by_number(rng: np.random.Generator, options: dict[T, int]) -> T | None:
    """An option whose number was drawn first, higher ones favoured."""
    by_number: dict[int, list[T]] = {}
    for option, number in options.items():
        by_number.setdefault(number, []).append(option)
    if not by_number:
        return None
    return pick(rng, by_number[weighted(rng, {n: (n + 0.6) ** 0.8 for n in sorted(by_number)})])


def _attribute(rng: np.random.Generator, known: Known) -> Made:
    form, attribute = weighted(rng, FORMS), pick(rng, ATTRIBUTES)
    base = _base(rng, known, form)
    if base is None or (isinstance(base, Same) and base.attribute == attribute):
        return None
    by_value: dict[str, list[Words]] = {}
    for words, thing in known.unique(base, without=attribute):
        if not (isinstance(base, Same) and getattr(words, base.attribute)):
            by_value.setdefault(getattr(known.scene.things[thing], attribute), []).append(words)
    if len(by_value) < 2:
        return None
    asked = _one_of(rng, base, by_value[pick(rng, sorted(by_value))])
    return (f"{form} {attribute}", Query(attribute=attribute, of=asked)) if asked else None


def _compare_attribute(rng: np.random.Generator, known: Known) -> Made:
    form, attribute = weighted(rng, SIMPLE), pick(rng, ATTRIBUTES)
    base = _base(rng, known, form)
    if base is None:
        return None
    values = [getattr(thing, attribute) for thing in known.scene.things]
    ones, others = (known.unique(of, without=attribute) for of in (_ALL, base))
    told, compared = ({thing for _, thing in some} for some in (ones, others))
    if len({values[i] == values[j] for i in told for j in compared if i != j}) < 2:
        return None
    wanted = chance(rng, 0.5)
    first, second = pick(
        rng,
        [(a, b) for a, i in ones for b, j in others if i != j and (values[i] == values[j]) == wanted],
    )
    a, b = Filter(words=first), Filter(words=second, of=base)
    return f"{form} {attribute}", Alike(attribute=attribute, a=a, b=b)


def _compare_counts(rng: np.random.Generator, known: Known) -> Made:
    form, asks = weighted(rng, SIMPLE), pick(rng, COMPARISONS)
    base = _base(rng, known, form)
    if base is None:
        return None
    pairs = _pairs(rng, known, base)
    true = {p: compare(asks, a, b) for p, (a, b) in pairs.items()}
    wanted = chance(rng, 0.5)
    if len(set(true.values())) < 2:
        return None
    a, b = pick(rng, [p for p, is_true in true.items() if is_true == wanted])
    return f"{form} {asks}", Compare(asks=asks, a=Filter(words=a), b=Filter(words=b, of=base))


def _pairs(rng: np.random.Generator, known: Known, base: Base) -> dict[tuple[Words, Words], tuple[int, int]]:
    """Pairs to compare, the second over a base, none a part of the other, and how many there are of each."""
    pairs = {}
    inside = find(base, known.scene)
    for _ in range(_TRIES):
        a, b = (pick(rng, known.lists[_given_known(rng, known)]) for _ in range(2))
        if not a.implies(b) and not b.implies(a):
            pairs[a, b] = len(known.fits[a]), len(known.fits[b] & inside)
    return pairs


def _remove(rng: np.random.Generator, known: Known) -> Made:
    form = weighted(rng, SIMPLE)
    base = _base(rng, known, form)
    if base is None:
        return None
    options, inside = {}, find(base, known.scene)
    for _ in range(_TRIES):
        less = pick(rng, known.lists[_given_known(rng, known)])
        of = pick(rng, [w for w in known.short if not w.implies(less)])
        gone, there = known.fits[less] & inside, known.fits[of]
        if gone & there:
            options[less, of] = len(there - gone)
    drawn = _by_number(rng, options)
    if drawn is None:
        return None
    less, of = drawn
    return form, Count(of=Without(of=Filter(words=of), less=Filter(words=less, of=base)))


def _add(rng: np.random.Generator, known: Known) -> Made:
    given = _given(rng, at_least=1)
    new = known.near_miss(rng, given) if chance(rng, 0.25) else None
    new = new or pick(rng, known.lists[_given_known(rng, known)])
    kept = pick(rng, [s for n in range(len(new.said) + 1) for s in combinations(new.said, n)])
    of = Words(**{attribute: getattr(new, attribute) for attribute in kept})
    return "plain", Add(of=Filter(words=of), new=new, number=span(rng, 2, 6))


def _difference(rng: np.random.Generator, known: Known) -> Made:
    form, asks = weighted(rng, SIMPLE), pick(rng, COMPARISONS[:2])
    base = _base(rng, known, form)
    if base is None:
        return None
    pairs = _pairs(rng, known, base)
    sign = 1 if asks == "more" else -1
    drawn = _by_number(rng, {pair: sign * (a - b) for pair, (a, b) in pairs.items() if sign * (a - b) > 0})
    if drawn is None:
        return None
    a, b = drawn
    return f"{form} {asks}", Difference(asks=asks, a=Filter(words=a), b=Filter(words=b, of=base))


_MAKERS: dict[str, Callable[[np.random.Generator, Known], Made]] = {
    "exist": _exist,
    "count": _count,
    "attribute": _attribute,
    "compare_attribute": _compare_attribute,
    "compare_counts": _compare_counts,
    "remove": _remove,
    "add": _add,
    "difference": _difference,
}
