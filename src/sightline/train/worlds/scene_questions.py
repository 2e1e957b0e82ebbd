"""Questions over a scene, in many wordings, with exact answers.

Families: exist, count, attribute, relation, compare_counts, unanswerable. A noun phrase stands in its
question to the letter, without an article, so that a planner can copy it into a call.

How they are worded is `scene_wordings`' part; its held-out wordings are used by `split="heldout"` alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sightline.train.worlds.nouns import plural, unseen_noun, with_article
from sightline.train.worlds.scene_wordings import MORE, SIDES, dress, expand, lines, pick
from sightline.train.worlds.scenes import COLOURS, HELD_OUT, SHAPES, SIZES, Scene, Split, Thing

FAMILIES = ("exist", "count", "attribute", "relation", "compare_counts")
GENERIC = ("thing", "object", "shape")
SIDES_OF = ("left", "right", "above", "below")
COMPARISONS = ("more", "fewer", "as many")
CANNOT_TELL = "cannot tell"
APART = 0.08
"""Two things whose relation is asked for lie at least this fraction of the side apart along its axis."""


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """What a question is about: `small red circle`. `noun` is singular; `extra` is a further adjective."""

    noun: str
    size: str = ""
    colour: str = ""
    extra: str = ""

    @property
    def one(self) -> str:
        """Singular, without an article."""
        return " ".join(word for word in (self.size, self.colour, self.extra, self.noun) if word)

    @property
    def many(self) -> str:
        """Plural."""
        return " ".join(word for word in (self.size, self.colour, self.extra, plural(self.noun)) if word)

    @property
    def a(self) -> str:
        """Singular, with an article."""
        return with_article(self.one)

    def fits(self, thing: Thing) -> bool:
        """Whether the phrase is true of the thing."""
        return (
            self.noun in (*GENERIC, thing.shape)
            and self.size in ("", thing.size)
            and self.colour in ("", thing.colour)
        )


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question and its answer.

    `lookups` are the noun phrases to detect, as they stand in `text`, in the order of `phrases`. `asks` is
    the attribute (`colour`, `size`, `shape`), the side (`left`, ...) or the comparison (`more`, ...).
    """

    text: str
    family: str
    answer: str
    asks: str = ""
    phrases: tuple[Phrase, ...] = ()
    lookups: tuple[str, ...] = ()


def render(
    rng: np.random.Generator, family: str, phrases: tuple[Phrase, ...], asks: str = "", split: Split = "train"
) -> tuple[str, tuple[str, ...]]:
    """A wording of a question, and for each phrase the form of it that stands in the text."""
    line = expand(rng, pick(rng, lines(family, asks, split)))
    slots: dict[str, object] = dict(zip("ab", phrases, strict=False))
    if family == "attribute":
        slots["kind"] = "color" if asks == "colour" and rng.random() < 0.3 else asks
    if family == "relation":
        slots["side"] = pick(rng, SIDES[asks])
    if family == "compare_counts":
        slots["more"] = pick(rng, MORE[asks]).format(phrases[0].many, phrases[1].many)
    many = family == "compare_counts" or ".many" in line
    return dress(rng, line.format(**slots)), tuple(dict.fromkeys(p.many if many else p.one for p in phrases))


def ask(rng: np.random.Generator, scene: Scene, family: str, split: Split = "train") -> Question | None:
    """A question of a family over the scene, or None where the scene has none to ask."""
    return _MAKERS[family](rng, scene, split)


def ask_some(
    rng: np.random.Generator,
    scene: Scene,
    count: int,
    split: Split = "train",
    families: Sequence[str] = FAMILIES,
) -> list[Question]:
    """`count` questions, families drawn uniformly; one that the scene cannot hold gives way to a count."""
    asked = []
    for _ in range(count):
        asked.append(ask(rng, scene, pick(rng, families), split) or _count(rng, scene, split))
    return asked


def _made(
    rng: np.random.Generator,
    split: Split,
    family: str,
    answer: str,
    phrases: tuple[Phrase, ...],
    asks: str = "",
) -> Question:
    text, lookups = render(rng, family, phrases, asks, split)
    return Question(text=text, family=family, answer=answer, asks=asks, phrases=phrases, lookups=lookups)


# Phrases over a scene.


def allowed(phrase: Phrase, split: Split) -> bool:
    """Whether a split may speak of the phrase: a held-out pair is not even named while training."""
    return split == "heldout" or (phrase.colour, phrase.noun) not in HELD_OUT


def _phrase_counts(scene: Scene) -> Counter[Phrase]:
    """How many things each phrase fits that fits any; the noun `thing` stands for every generic noun."""
    return Counter(
        Phrase(noun=noun, size=size, colour=colour)
        for t in scene.things
        for noun in (t.shape, "thing")
        for size in ("", t.size)
        for colour in ("", t.colour)
    )


def _generic(rng: np.random.Generator, phrase: Phrase) -> Phrase:
    """The phrase with its generic noun drawn afresh."""
    return replace(phrase, noun=pick(rng, GENERIC)) if phrase.noun == "thing" else phrase


def near_miss(rng: np.random.Generator, scene: Scene, split: Split) -> Phrase | None:
    """A phrase that fits nothing but differs in one word from one that does; None if none is found."""
    known = sorted(_phrase_counts(scene), key=lambda p: p.one)
    for _ in range(12):
        old = pick(rng, known)
        slot = pick(
            rng, [s for s in ("noun", "colour", "size") if getattr(old, s) not in ("", "thing")] or ["noun"]
        )
        new = replace(old, **{slot: pick(rng, {"noun": SHAPES, "colour": COLOURS, "size": SIZES}[slot])})
        if allowed(new, split) and not any(new.fits(t) for t in scene.things):
            return _generic(rng, new)
    return None


def _unique(scene: Scene, split: Split) -> list[tuple[Phrase, Thing]]:
    """Each phrase that fits exactly one thing, with that thing, in a fixed order."""
    counts = _phrase_counts(scene)
    return [
        (phrase, next(t for t in scene.things if phrase.fits(t)))
        for phrase in sorted(counts, key=lambda p: p.one)
        if counts[phrase] == 1
        and allowed(phrase, split)
        and (phrase.size or phrase.colour or phrase.noun != "thing")
    ]


# The families.


def _exist(rng: np.random.Generator, scene: Scene, split: Split) -> Question | None:
    if rng.random() < 0.5:
        missing = near_miss(rng, scene, split)
        return _made(rng, split, "exist", "no", (missing,)) if missing else None
    counts = _phrase_counts(scene)
    bare = Phrase(noun="thing")
    there = [p for p in sorted(counts, key=lambda p: p.one) if p != bare and allowed(p, split)]
    return _made(rng, split, "exist", "yes", (_generic(rng, pick(rng, there)),))


def _count(rng: np.random.Generator, scene: Scene, split: Split) -> Question:
    """The answer is drawn first (0 or a number that some phrase has, higher ones favoured), then a phrase."""
    by_number: dict[int, list[Phrase]] = {}
    for phrase, number in sorted(_phrase_counts(scene).items(), key=lambda item: item[0].one):
        if allowed(phrase, split):
            by_number.setdefault(number, []).append(phrase)
    numbers = sorted(by_number)
    weights = np.array([0.9, *(n**0.8 for n in numbers)])
    drawn = int(rng.choice([0, *numbers], p=weights / weights.sum()))
    missing = near_miss(rng, scene, split) if drawn == 0 else None
    if missing:
        return _made(rng, split, "count", "0", (missing,))
    number = drawn or pick(rng, numbers)
    return _made(rng, split, "count", str(number), (_generic(rng, pick(rng, by_number[number])),))


def _attribute(rng: np.random.Generator, scene: Scene, split: Split) -> Question | None:
    asks = pick(rng, ("colour", "shape", "size"))
    slot = "noun" if asks == "shape" else asks
    options = [(p, t) for p, t in _unique(scene, split) if getattr(p, slot) in ("", "thing")]
    if not options:
        return None
    phrase, thing = pick(rng, options)
    return _made(rng, split, "attribute", str(getattr(thing, asks)), (_generic(rng, phrase),), asks)


def _relation(rng: np.random.Generator, scene: Scene, split: Split) -> Question | None:
    options = _unique(scene, split)
    side = pick(rng, SIDES_OF)
    for _ in range(12 if len(options) > 1 else 0):
        (a, thing_a), (b, thing_b) = pick(rng, options), pick(rng, options)
        axis = "x" if side in ("left", "right") else "y"
        gap = getattr(thing_a, axis) - getattr(thing_b, axis)
        if abs(gap) < APART:
            continue
        true = (gap < 0) == (side in ("left", "above"))
        if true != (rng.random() < 0.5):
            a, b, true = b, a, not true
        phrases = (_generic(rng, a), _generic(rng, b))
        return _made(rng, split, "relation", "yes" if true else "no", phrases, side)
    return None


def _compare_counts(rng: np.random.Generator, scene: Scene, split: Split) -> Question | None:
    counts = {
        p: n
        for p, n in sorted(_phrase_counts(scene).items(), key=lambda item: item[0].one)
        if allowed(p, split)
    }
    missing = near_miss(rng, scene, split)
    counts |= {missing: 0} if missing else {}
    phrases = [p for p in counts if p != Phrase(noun="thing")]
    asks, wanted = pick(rng, COMPARISONS), bool(rng.random() < 0.5)
    for _ in range(24):
        a, b = pick(rng, phrases), pick(rng, phrases)
        if a != b and compare(asks, counts[a], counts[b]) == wanted:
            pair = (_generic(rng, a), _generic(rng, b))
            return _made(rng, split, "compare_counts", "yes" if wanted else "no", pair, asks)
    return None


def compare(asks: str, a: int, b: int) -> bool:
    """Whether `a` is `more`, `fewer` or `as many` as `b`."""
    return a > b if asks == "more" else a < b if asks == "fewer" else a == b


def _unanswerable(rng: np.random.Generator, scene: Scene, split: Split) -> Question:
    """About what is no shape, or about what no picture shows."""
    if rng.random() < 0.4:
        phrase = _generic(rng, pick(rng, [p for p, _ in _unique(scene, split)] or [Phrase(noun="thing")]))
        text, _ = render(rng, "unanswerable", (phrase,), "", split)
        return Question(text=text, family="unanswerable", answer=CANNOT_TELL)
    noun = Phrase(noun=unseen_noun(rng, split), colour=pick(rng, ("", "", *COLOURS[:4])))
    family = pick(rng, ("exist", "count", "attribute"))
    asks = pick(rng, ("colour", "size")) if family == "attribute" else ""
    phrase = replace(noun, colour="") if asks else noun
    text, lookups = render(rng, family, (phrase,), asks, split)
    return Question(
        text=text, family="unanswerable", answer=CANNOT_TELL, asks=asks, phrases=(phrase,), lookups=lookups
    )


_MAKERS: dict[str, Callable[[np.random.Generator, Scene, Split], Question | None]] = {
    "exist": _exist,
    "count": _count,
    "attribute": _attribute,
    "relation": _relation,
    "compare_counts": _compare_counts,
    "unanswerable": _unanswerable,
}
