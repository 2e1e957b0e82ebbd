"""Questions over a scene, in many wordings, with exact answers.

Families: exist, count, attribute, relation, compare_counts, unanswerable. A noun phrase stands in its
question to the letter, without an article, so that a planner can copy it into a call.

The wordings under `_HELD_OUT` are used by `split="heldout"` alone, and every other one by both splits.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from sightline.train.worlds.nouns import plural, unseen_noun, with_article
from sightline.train.worlds.scenes import COLOURS, HELD_OUT, SHAPES, SIZES, Scene, Split, Thing

FAMILIES = ("exist", "count", "attribute", "relation", "compare_counts")
GENERIC = ("thing", "object", "shape")
SIDES_OF = ("left", "right", "above", "below")
COMPARISONS = ("more", "fewer", "as many")
CANNOT_TELL = "cannot tell"
APART = 0.08
"""Two things whose relation is asked for lie at least this fraction of the side apart along its axis."""

T = TypeVar("T")


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


_IMAGES = ("picture", "image", "scene", "photo", "drawing")
_WHERE = (
    "",
    "",
    "",
    " here",
    " in the picture",
    " in the image",
    " in this image",
    " in the scene",
    " in the photo",
)
_TRAIN: dict[str, tuple[str, ...]] = {
    "exist": (
        "Is there {a.a}{where}?",
        "Are there any {a.many}{where}?",
        "Are there {a.many}{where}?",
        "Can you see {a.a}{where}?",
        "Can you see any {a.many}{where}?",
        "Do you see {a.a}{where}?",
        "Does the {image} contain {a.a}?",
        "Does the {image} show any {a.many}?",
        "Is {a.a} visible{where}?",
        "Tell me whether there is {a.a}{where}.",
        "Is there at least one {a.one}{where}?",
        "Do any {a.many} appear{where}?",
        "Would you say there is {a.a}{where}?",
        "Any {a.many}{where}?",
        "I am looking for {a.a}. Is there one{where}?",
    ),
    "count": (
        "How many {a.many} are there{where}?",
        "How many {a.many} are in the {image}?",
        "How many {a.many} can you see{where}?",
        "How many {a.many} do you see?",
        "How many {a.many} does the {image} contain?",
        "How many {a.many} does the {image} show?",
        "How many {a.many}?",
        "Count the {a.many}{where}.",
        "What is the number of {a.many}{where}?",
        "Tell me how many {a.many} there are{where}.",
        "What number of {a.many} does the {image} show?",
        "Give the count of {a.many}{where}.",
        "Find the {a.many} and say how many there are.",
        "I want to know how many {a.many} there are{where}.",
    ),
    "attribute": (
        "What {kind} is the {a.one}{where}?",
        "Which {kind} is the {a.one}{where}?",
        "What is the {kind} of the {a.one}{where}?",
        "What {kind} does the {a.one} have?",
        "Which {kind} does the {a.one} have?",
        "Tell me the {kind} of the {a.one}{where}.",
        "Name the {kind} of the {a.one}.",
        "Say what {kind} the {a.one} is.",
        "The {a.one}{where}: what {kind} is it?",
        "There is {a.a}{where}. What {kind} is it?",
        "Give the {kind} of the {a.one}{where}.",
        "Can you tell me what {kind} the {a.one} is?",
        "Look at the {a.one}. What is its {kind}?",
    ),
    "relation": (
        "Is the {a.one} {side} the {b.one}?",
        "Is the {a.one} {side} the {b.one}{where}?",
        "Does the {a.one} lie {side} the {b.one}?",
        "Is the {a.one} placed {side} the {b.one}?",
        "Can you see the {a.one} {side} the {b.one}?",
        "Is it true that the {a.one} is {side} the {b.one}?",
        "Tell me whether the {a.one} is {side} the {b.one}.",
        "Would you say the {a.one} is {side} the {b.one}?",
        "Does the {a.one} stand {side} the {b.one}{where}?",
        "In the {image}, is the {a.one} {side} the {b.one}?",
        "Is the {a.one} somewhere {side} the {b.one}?",
        "Do you see the {a.one} {side} the {b.one}{where}?",
    ),
    "compare_counts": (
        "Are there {more}{where}?",
        "Do you see {more}{where}?",
        "Can you see {more}{where}?",
        "Does the {image} contain {more}?",
        "Does the {image} show {more}?",
        "Does the {image} have {more}?",
        "Is it true that there are {more}{where}?",
        "Tell me whether there are {more}{where}.",
        "Would you say there are {more}{where}?",
        "In the {image}, are there {more}?",
        "Count and compare: are there {more}?",
        "I want to know whether there are {more}{where}.",
    ),
    "unanswerable": (
        "What does the {a.one} smell of?",
        "How much does the {a.one} cost?",
        "What is the price of the {a.one}?",
        "How heavy is the {a.one}?",
        "Who drew the {a.one}?",
        "When was the {image} made?",
        "What is the {a.one} made of?",
        "How old is the {a.one}?",
        "What is hidden behind the {a.one}?",
        "What does the {a.one} taste of?",
        "What is the name of the artist?",
        "Who owns the {a.one}?",
        "How warm is the {a.one}?",
        "Where was this {image} taken?",
    ),
}
_HELD_OUT: dict[str, tuple[str, ...]] = {
    "exist": (
        "Could you find {a.a}{where}?",
        "Has this {image} got any {a.many}?",
        "Say if {a.many} can be seen{where}.",
    ),
    "count": (
        "Work out how many {a.many} the {image} has.",
        "The {image} holds how many {a.many}?",
        "Please report the number of {a.many}{where}.",
    ),
    "attribute": (
        "In what {kind} is the {a.one} drawn?",
        "Describe the {kind} of the {a.one}.",
        "I see {a.a}; which {kind} is it?",
    ),
    "relation": (
        "Do I find the {a.one} {side} the {b.one}?",
        "The {a.one} is {side} the {b.one}, right?",
        "Has the {a.one} been drawn {side} the {b.one}?",
    ),
    "compare_counts": (
        "Could one find {more}{where}?",
        "Has the {image} got {more}?",
        "Are {more} to be seen{where}?",
    ),
    "unanswerable": ("What sound does the {a.one} make?", "For whom was the {image} drawn?"),
}
_OPENINGS = ("Please answer: ", "A question: ", "Look closely: ", "Hello, ")
_SIDE_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("to the left of", "left of", "on the left of"),
    "right": ("to the right of", "right of", "on the right of"),
    "above": ("above", "higher than", "higher up than"),
    "below": ("below", "lower than", "under"),
}


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, uniformly."""
    return options[int(rng.integers(0, len(options)))]


def wordings(family: str, split: Split) -> tuple[str, ...]:
    """The templates of a family; for the held-out split, about half of the list are held-out ones."""
    if split == "train":
        return _TRAIN[family]
    held = _HELD_OUT[family]
    return _TRAIN[family] + held * (len(_TRAIN[family]) // len(held))


def is_held_out_wording(family: str, text: str) -> bool:
    """Whether a question's text is one of the family's held-out wordings."""
    # A template as a pattern: its slots stand for any text.
    parts = (re.split(r"\{.*?\}", template.rstrip("?. ")) for template in _HELD_OUT[family])
    patterns = (".*".join(map(re.escape, part)) for part in parts)
    return any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)


def render(
    rng: np.random.Generator, family: str, phrases: tuple[Phrase, ...], asks: str = "", split: Split = "train"
) -> tuple[str, tuple[str, ...]]:
    """A wording of a question, and for each phrase the form of it that stands in the text."""
    template = pick(rng, wordings(family, split))
    image = pick(rng, _IMAGES)
    slots: dict[str, object] = {"image": image, "where": pick(rng, _WHERE)}
    slots |= dict(zip("ab", phrases, strict=False))
    if family == "attribute":
        slots["kind"] = "color" if asks == "colour" and rng.random() < 0.3 else asks
    if family == "relation":
        slots["side"] = pick(rng, _SIDE_WORDS[asks])
    if family == "compare_counts":
        joint = "as many {0} as {1}" if asks == "as many" else asks + " {0} than {1}"
        slots["more"] = joint.format(phrases[0].many, phrases[1].many)
    many = family == "compare_counts" or ".many" in template
    text = _dress(rng, template.format(**slots))
    return text, tuple(dict.fromkeys(p.many if many else p.one for p in phrases))


def _dress(rng: np.random.Generator, text: str) -> str:
    """The text as people type it: at times with an opening, without a capital or without its last mark."""
    if rng.random() < 0.12:
        text = pick(rng, _OPENINGS) + text[0].lower() + text[1:]
    if rng.random() < 0.2:
        text = text[0].lower() + text[1:]
    return text[:-1] if rng.random() < 0.25 else text


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
