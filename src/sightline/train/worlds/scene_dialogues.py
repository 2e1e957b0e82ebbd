"""Dialogues over scenes: direct questions, dense descriptions, planner traces, and preference pairs.

In a planner trace the image is not what counts: the right call copies the noun phrases of the question, and
the right reply follows the notes, also where the simulated detector was wrong or the noun is no shape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from sightline.mllm.chat import Branch, Dialogue, Note, Reply
from sightline.train.worlds.nouns import TRAIN_NOUNS, unseen_noun
from sightline.train.worlds.scene_questions import (
    CANNOT_TELL,
    COMPARISONS,
    FAMILIES,
    SIDES_OF,
    Phrase,
    Question,
    allowed,
    ask,
    ask_some,
    compare,
    render,
)
from sightline.train.worlds.scene_wordings import expand, pick
from sightline.train.worlds.scenes import (
    COLOURS,
    HELD_OUT,
    SHAPES,
    SIZES,
    Scene,
    Split,
    Thing,
    draw_scene,
    make_scene,
)
from sightline.train.worlds.toolbox import Pair, Toolbox, random_toolbox, real_toolbox

SIDE = 128
"""The side in px that dialogues draw their scenes at."""

_SEEN = "[the|this] [image|picture|scene|drawing]"
DESCRIBE = (
    f"[Describe|Please describe|Can you describe] {_SEEN}[| in full| in detail].",
    f"Describe [what you see|everything that you see|all you can see][| in {_SEEN}].",
    f"[What is|What is there|What do you see|What can you see|What can be seen] in {_SEEN}?",
    f"[What does {_SEEN} show|What is shown here|What can you see|What do you see]?",
    f"[List|Name|Enumerate] [everything|all things|all objects|the objects|every object] in {_SEEN}.",
    f"[List|Write down] [all|the] [shapes|things] [with their places|and where they are][| in {_SEEN}].",
    f"Tell me [what is in {_SEEN}|what {_SEEN} shows|about {_SEEN}|everything that you see].",
    f"Give [a full|a complete|an exact] description of {_SEEN}.",
    "[Write down each|Say what each|List each] [object|thing] [is and where it is|and its place].",
    "[Caption|Transcribe] the [image|picture|scene].",
)
"""Ways to ask for a description; `[a|b]` stands for a choice (`scene_wordings.expand`)."""
DESCRIBE_HELD_OUT = (
    "Name all that the picture holds.",
    "Give an inventory of the scene.",
    "What objects are shown?",
)


def direct_dialogue(rng: np.random.Generator, split: Split = "train", questions: int = 8) -> Dialogue:
    """An image and `questions` branches that are answered at once; a branch's task is its family.

    One question in about eight cannot be answered from the picture.
    """
    scene = make_scene(rng, split=split)
    branches = ask_direct(rng, scene, split, questions)
    return Dialogue(images=(draw_scene(scene, SIDE),), branches=branches)


def ask_direct(rng: np.random.Generator, scene: Scene, split: Split, questions: int) -> tuple[Branch, ...]:
    """The branches of `direct_dialogue`."""
    asked = [
        ask(rng, scene, "unanswerable", split) if rng.random() < 0.12 else ask_some(rng, scene, 1, split)[0]
        for _ in range(questions)
    ]
    return tuple(Branch(question=q.text, reply=Reply(answer=q.answer), task=q.family) for q in asked if q)


# Descriptions.


_NAMED = re.compile(rf"\b({'|'.join(COLOURS)}) ({'|'.join(SIZES)}) ({'|'.join(SHAPES)})\b")


def place(first: float, second: float) -> str:
    """Two fractions of the side as coordinate bins of 1 %, such as `<07><52>`."""
    return "".join(f"<{min(int(100 * v), 99):02d}>" for v in (first, second))


def describe(things: tuple[Thing, ...]) -> str:
    """Each thing as `<yy><xx> colour size shape`, by row then column of the centre, joined by `; `."""
    lines = [f"{place(t.y, t.x)} {t.colour} {t.size} {t.shape}" for t in things]
    return "; ".join(sorted(lines))


def looks_in(text: str) -> list[tuple[str, str, str]]:
    """The objects that a description names, each as (colour, size, shape), in its order."""
    return [(colour, size, shape) for colour, size, shape in _NAMED.findall(text)]


def ask_description(rng: np.random.Generator, split: Split = "train") -> str:
    """A wording that asks for a description of a whole scene."""
    return expand(rng, pick(rng, DESCRIBE if split == "train" else DESCRIBE_HELD_OUT))


def describe_dialogue(rng: np.random.Generator, split: Split = "train", most: int | None = None) -> Dialogue:
    """An image and one branch that lists everything in it; its task is `describe`.

    With `most`, the scene keeps 1 to `most` of its things. A model that cannot see yet learns to look where
    there is one thing, and to choose where there are two.
    """
    scene = make_scene(rng, split=split)
    if most is not None:
        scene = replace(scene, things=scene.things[: int(rng.integers(1, most + 1))])
    return _described(rng, scene, split)


def _described(rng: np.random.Generator, scene: Scene, split: Split) -> Dialogue:
    asked = ask_description(rng, split)
    branch = Branch(question=asked, reply=Reply(answer=describe(scene.things)), task="describe")
    return Dialogue(images=(draw_scene(scene, SIDE),), branches=(branch,))


# The simulated detector.


@dataclass(frozen=True, kw_only=True)
class Found:
    """One simulated detection. `size` and `colour` may be empty (not measured); `score` is in per cent."""

    label: str
    x: float
    y: float
    score: int
    size: str = ""
    colour: str = ""

    def line(self) -> str:
        """The line that it takes in a note."""
        name = " ".join(word for word in (self.size, self.colour, self.label) if word)
        return f"{name} {place(self.x, self.y)} {self.score}%"


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """What one call came to: `found`, best first, or a `failure` text in place of it."""

    found: tuple[Found, ...] = ()
    failure: str = ""

    def text(self) -> str:
        """Word for word what `ToolResult.to_text` says with centres written as `<xx><yy>`."""
        if self.failure:
            return self.failure
        head = f"{'ok' if self.found else 'empty'}: {len(self.found)} found"
        return "\n".join([head, *(f.line() for f in self.found)])


def _scores(rng: np.random.Generator, count: int) -> list[int]:
    """Per cent, best first."""
    return sorted(rng.integers(55, 100, count).tolist(), reverse=True)


def detect(rng: np.random.Generator, seen: tuple[Thing, ...], phrase: Phrase) -> Lookup:
    """What a detector that sees `seen` finds for a phrase: in random order, as scores are."""
    fits = [t for t in seen if phrase.fits(t)]
    fits = [fits[i] for i in rng.permutation(len(fits))]
    found = tuple(
        Found(label=t.shape, size=t.size, colour=t.colour, x=t.x, y=t.y, score=score)
        for t, score in zip(fits, _scores(rng, len(fits)), strict=True)
    )
    return Lookup(found=found)


def mistaken(rng: np.random.Generator, things: tuple[Thing, ...], split: Split) -> tuple[Thing, ...]:
    """The things as a poor detector sees them: each may be missed or miscoloured, and one may be made up."""
    seen = []
    for thing in things:
        draw = rng.random()
        if draw < 0.15:
            continue
        seen.append(_recoloured(rng, thing, split) if draw < 0.3 else thing)
    if rng.random() < 0.3:
        seen.append(_made_up(rng, split))
    return tuple(seen)


def _recoloured(rng: np.random.Generator, thing: Thing, split: Split) -> Thing:
    colours = [c for c in COLOURS if c != thing.colour and _sayable(c, thing.shape, split)]
    return replace(thing, colour=pick(rng, colours))


def _made_up(rng: np.random.Generator, split: Split) -> Thing:
    pairs = [(c, s) for c in COLOURS for s in SHAPES if _sayable(c, s, split)]
    colour, shape = pick(rng, pairs)
    x, y = rng.uniform(0.07, 0.93, 2).tolist()
    large = bool(rng.random() < 0.5)
    return Thing(shape=shape, colour=colour, size=SIZES[large], x=x, y=y, diameter=0.22 if large else 0.12)


def _sayable(colour: str, shape: str, split: Split) -> bool:
    return split == "heldout" or (colour, shape) not in HELD_OUT


# Questions about what no scene shows, with what a detector might return.


def unseen_question(rng: np.random.Generator, split: Split) -> tuple[Question, tuple[Lookup, ...]]:
    """A question whose nouns are no shapes, and a simulated result for each of its lookups."""
    family = pick(rng, FAMILIES)
    asks = {
        "attribute": pick(rng, ("colour", "size")),
        "relation": pick(rng, SIDES_OF),
        "compare_counts": pick(rng, COMPARISONS),
    }.get(family, "")
    phrases = tuple(
        _unseen_phrase(rng, asks, split) for _ in range(2 if family in ("relation", "compare_counts") else 1)
    )
    if len({p.many for p in phrases} | {p.one for p in phrases}) < 2 * len(phrases) and len(phrases) == 2:
        return unseen_question(rng, split)
    text, lookups = render(rng, family, phrases, asks, split)
    question = Question(text=text, family=family, answer="", asks=asks, phrases=phrases, lookups=lookups)
    results = _unseen_results(rng, question)
    reply = reply_from(question, results)
    return replace(question, answer=reply.answer or ""), results


_EXTRA = (
    "wooden",
    "striped",
    "old",
    "broken",
    "round",
    "shiny",
    "empty",
    "tall",
    "parked",
    "metal",
    "open",
    "wet",
)


def _unseen_phrase(rng: np.random.Generator, asks: str, split: Split) -> Phrase:
    """A noun, in half of the draws with adjectives (never one that answers what the question asks)."""
    colour = pick(rng, (*COLOURS, "white", "grey")) if rng.random() < 0.25 and asks != "colour" else ""
    size = pick(rng, SIZES) if rng.random() < 0.15 and asks != "size" else ""
    extra = pick(rng, _EXTRA) if rng.random() < 0.12 else ""
    return Phrase(noun=unseen_noun(rng, split), size=size, colour=colour, extra=extra)


def _unseen_results(rng: np.random.Generator, question: Question) -> tuple[Lookup, ...]:
    counts = [_unseen_count(rng, question.family) for _ in question.phrases]
    if question.asks == "as many" and rng.random() < 0.5:
        counts[1] = counts[0]
    measured = bool(rng.random() < 0.7)
    fails = 0.2 / len(counts)
    return tuple(
        Lookup(failure=_failure(rng, phrase, said))
        if rng.random() < fails
        else Lookup(found=_unseen_found(rng, phrase, count, measured))
        for phrase, said, count in zip(question.phrases, question.lookups, counts, strict=True)
    )


def _unseen_count(rng: np.random.Generator, family: str) -> int:
    """How many are found: mostly one where one is asked about, else 0 to 9."""
    if family in ("attribute", "relation"):
        return int(rng.choice([0, 1, 2, 3], p=[0.1, 0.7, 0.13, 0.07]))
    if family == "exist" and rng.random() < 0.4:
        return 0
    return int(rng.integers(0, 10))


def _unseen_found(rng: np.random.Generator, phrase: Phrase, count: int, measured: bool) -> tuple[Found, ...]:
    return tuple(
        Found(
            label=phrase.noun,
            size=(phrase.size or pick(rng, SIZES)) if measured else "",
            colour=(phrase.colour or pick(rng, COLOURS)) if measured else "",
            x=float(rng.uniform(0.02, 0.98)),
            y=float(rng.uniform(0.02, 0.98)),
            score=score,
        )
        for score in _scores(rng, count)
    )


def _failure(rng: np.random.Generator, phrase: Phrase, said: str) -> str:
    """Mostly `unsupported` with the classes that the detector knows; now and then a time-out or an error."""
    draw = rng.random()
    if draw < 0.08:
        return f"timeout: no answer within {int(rng.integers(5, 61))} s"
    if draw < 0.14:
        return "error: " + pick(rng, ("the worker stopped", "out of memory", "the weights are missing"))
    known = list(SHAPES)
    if rng.random() < 0.5:
        known = [
            n for n in rng.permutation(TRAIN_NOUNS)[: int(rng.integers(3, 11))].tolist() if n != phrase.noun
        ]
    named = phrase.noun if rng.random() < 0.6 else said
    return f'unsupported: no class for "{named}"; it knows {", ".join(known)}'


# Replies that follow the notes.


def reply_from(question: Question, results: tuple[Lookup, ...]) -> Reply:
    """The reply that stands on the results alone: `cannot tell` after a failed call, or of nothing found."""
    ids = tuple(f"e{i + 1}" for i in range(len(results)))
    failed = tuple(i for i, r in zip(ids, results, strict=True) if r.failure)
    if failed:
        return Reply(answer=CANNOT_TELL, cites=failed)
    counts = [len(r.found) for r in results]
    if question.family == "exist":
        return Reply(answer="yes" if counts[0] else "no", cites=ids)
    if question.family == "count":
        return Reply(answer=str(counts[0]), cites=ids)
    if question.family == "compare_counts":
        return _compared(question, counts, ids)
    missing = tuple(i for i, n in zip(ids, counts, strict=True) if not n)
    if missing:
        return Reply(answer=CANNOT_TELL, cites=missing)
    if question.family == "attribute":
        best = results[0].found[0]
        value = best.label if question.asks == "shape" else getattr(best, question.asks)
        return Reply(answer=value or CANNOT_TELL, cites=ids)
    return _related(question, results[0].found[0], results[1].found[0], ids)


def _compared(question: Question, counts: list[int], ids: tuple[str, ...]) -> Reply:
    a, b = counts
    first, second = question.lookups
    return Reply(
        thought=f"{a} {first} and {b} {second}; {a} is {_than(a, b)} {b}; asked: {ASKED[question.asks]}",
        answer="yes" if compare(question.asks, a, b) else "no",
        cites=ids,
    )


def _related(question: Question, a: Found, b: Found, ids: tuple[str, ...]) -> Reply:
    """Compares bins, as the note shows them: x for left and right, y for above and below."""
    axis = "x" if question.asks in ("left", "right") else "y"
    bin_a, bin_b = (min(int(100 * getattr(f, axis)), 99) for f in (a, b))
    first, second = question.lookups
    thought = (
        f"the {first} is at {place(a.x, a.y)} and the {second} at {place(b.x, b.y)}; "
        f"<{bin_a:02d}> is {_than(bin_a, bin_b)} <{bin_b:02d}>; asked: {ASKED[question.asks]}"
    )
    true = bin_a < bin_b if question.asks in ("left", "above") else bin_a > bin_b
    return Reply(thought=thought, answer="yes" if true else "no", cites=ids)


ASKED = {
    "left": "less than",
    "right": "more than",
    "above": "less than",
    "below": "more than",
    "fewer": "less than",
    "more": "more than",
    "as many": "equal to",
}
"""What a wording asks for, in the words of a comparison: the answer is yes where the two are the same."""


def _than(a: int, b: int) -> str:
    return "less than" if a < b else "more than" if a > b else "equal to"


# Planner traces.


def planner_dialogue(rng: np.random.Generator, split: Split = "train", questions: int = 8) -> Dialogue:
    """An image, a random list of tools, and for each question a branch that calls and one that reads.

    Tasks are `call` (no notes yet: one detection a noun phrase), `read_<family>` (notes are there: thought,
    answer, cites) and `refuse` (about what no picture shows: no call helps). Two in five questions are about
    nouns that no scene shows. A third of the others meets a detector that errs: the reply follows the note.
    """
    scene = make_scene(rng, split=split)
    tools = random_toolbox(rng)
    branches: list[Branch] = []
    for _ in range(questions):
        draw = rng.random()
        if draw < 0.04:
            branches.append(_refusal(rng, scene, split))
            continue
        asked, results = unseen_question(rng, split) if draw < 0.44 else scene_question(rng, scene, split)
        branches += _call_and_read(tools, asked, results)
    return Dialogue(images=(draw_scene(scene, SIDE),), tools=tools.specs, branches=tuple(branches))


def comparing_dialogue(rng: np.random.Generator, split: Split = "train", questions: int = 4) -> Dialogue:
    """Notes and what they compare to, no image: a drill of the relations and counts of planner traces."""
    tools, scene = real_toolbox(), make_scene(rng, split=split)
    branches: list[Branch] = []
    while len(branches) < questions:
        asked, results = (
            unseen_question(rng, split) if rng.random() < 0.5 else scene_question(rng, scene, split)
        )
        if asked.family in ("relation", "compare_counts"):
            branches.append(_call_and_read(tools, asked, results)[1])
    return Dialogue(branches=tuple(branches))


def scene_question(
    rng: np.random.Generator, scene: Scene, split: Split, *, noise: float = 0.33
) -> tuple[Question, tuple[Lookup, ...]]:
    """A question over the scene and what the detector finds for it; with chance `noise` the detector errs."""
    question = ask_some(rng, scene, 1, split)[0]
    seen = mistaken(rng, scene.things, split) if rng.random() < noise else scene.things
    return question, tuple(detect(rng, seen, phrase) for phrase in question.phrases)


def _call_and_read(tools: Toolbox, asked: Question, results: tuple[Lookup, ...]) -> list[Branch]:
    calls = tuple(tools.call("detect", said) for said in asked.lookups)
    notes = tuple(
        Note(id=f"e{i + 1}", call=call, text=result.text(), places=True)
        for i, (call, result) in enumerate(zip(calls, results, strict=True))
    )
    read = reply_from(asked, results)
    return [
        Branch(question=asked.text, reply=Reply(calls=calls), task="call"),
        Branch(question=asked.text, reply=read, notes=notes, task=f"read_{asked.family}"),
    ]


def _refusal(rng: np.random.Generator, scene: Scene, split: Split) -> Branch:
    asked = ask(rng, scene, "unanswerable", split)
    while asked is None or asked.lookups:
        asked = ask(rng, scene, "unanswerable", split)
    return Branch(question=asked.text, reply=Reply(answer=CANNOT_TELL), task="refuse")


# Preference pairs.


def preference_pairs(rng: np.random.Generator, split: Split = "train") -> Pair:
    """One pair over a new scene: a description, a direct answer, a call, or an answer from notes.

    The rejected side is false by construction: a thing made up, recoloured, renamed or left out; an answer
    flipped, off by one or swapped; a call with a wrong noun or attribute.
    """
    scene = make_scene(rng, split=split)
    draw = rng.random()
    if draw < 0.3:
        rejected = Reply(answer=describe(_falsified(rng, scene.things, split)))
        return Pair(dialogue=_described(rng, scene, split), rejected=rejected)
    if draw < 0.65:
        return _direct_pair(rng, scene, split)
    return _planner_pair(rng, scene, split, calls=bool(draw < 0.8))


def description_pairs(rng: np.random.Generator, split: Split = "train") -> Pair:
    """Descriptions alone: the rejected one makes up, recolours, renames or leaves out one thing."""
    scene = make_scene(rng, split=split)
    rejected = Reply(answer=describe(_falsified(rng, scene.things, split)))
    return Pair(dialogue=_described(rng, scene, split), rejected=rejected)


def _direct_pair(rng: np.random.Generator, scene: Scene, split: Split) -> Pair:
    asked = ask_some(rng, scene, 1, split, (*FAMILIES, "unanswerable"))[0]
    branch = Branch(question=asked.text, reply=Reply(answer=asked.answer), task=asked.family)
    dialogue = Dialogue(images=(draw_scene(scene, SIDE),), branches=(branch,))
    return Pair(dialogue=dialogue, rejected=Reply(answer=wrong_answer(rng, asked)))


def _planner_pair(rng: np.random.Generator, scene: Scene, split: Split, *, calls: bool) -> Pair:
    """About the call, or about the answer that is read from its notes."""
    tools = random_toolbox(rng)
    asked, results = unseen_question(rng, split) if rng.random() < 0.4 else scene_question(rng, scene, split)
    call, read = _call_and_read(tools, asked, results)
    answer = wrong_answer(rng, replace(asked, answer=read.reply.answer or ""))
    rejected = _wrong_calls(rng, tools, asked, split) if calls else replace(read.reply, answer=answer)
    branch = call if calls else read
    dialogue = Dialogue(images=(draw_scene(scene, SIDE),), tools=tools.specs, branches=(branch,))
    return Pair(dialogue=dialogue, rejected=rejected)


def _falsified(rng: np.random.Generator, things: tuple[Thing, ...], split: Split) -> tuple[Thing, ...]:
    """The things with exactly one mistake."""
    kinds = ("made up", "recoloured", "renamed", "left out") if len(things) > 1 else ("made up", "recoloured")
    kind = pick(rng, kinds)
    if kind == "made up":
        return (*things, _made_up(rng, split))
    at = int(rng.integers(0, len(things)))
    old = things[at]
    if kind == "left out":
        return things[:at] + things[at + 1 :]
    if kind == "recoloured":
        new = _recoloured(rng, old, split)
    else:
        shapes = [s for s in SHAPES if s != old.shape and _sayable(old.colour, s, split)]
        new = replace(old, shape=pick(rng, shapes))
    return (*things[:at], new, *things[at + 1 :])


def wrong_answer(rng: np.random.Generator, question: Question) -> str:
    """An answer of the same kind that is false: flipped, off by one, another value, or made up."""
    answer = question.answer
    if answer in ("yes", "no"):
        return "no" if answer == "yes" else "yes"
    if answer.isdigit():
        return str(int(answer) + 1 if answer == "0" or rng.random() < 0.5 else int(answer) - 1)
    for values in (COLOURS, SHAPES, SIZES):
        if answer in values:
            return pick(rng, [v for v in values if v != answer])
    guesses = {
        "count": ("1", "2", "3"),
        "attribute": {"size": SIZES, "shape": SHAPES}.get(question.asks, COLOURS),
    }
    return pick(rng, guesses.get(question.family, ("yes", "no")))


def _wrong_calls(rng: np.random.Generator, tools: Toolbox, asked: Question, split: Split) -> Reply:
    """The right calls, but one of them looks up something else."""
    at = int(rng.integers(0, len(asked.lookups)))
    phrase, said = asked.phrases[at], asked.lookups[at]
    wrong = said
    while wrong in asked.lookups:
        if phrase.colour and rng.random() < 0.5:
            other = replace(phrase, colour=pick(rng, COLOURS))
        elif phrase.noun in SHAPES:
            other = replace(phrase, noun=pick(rng, SHAPES))
        else:
            other = replace(phrase, noun=unseen_noun(rng, split))
        if allowed(other, split):
            wrong = other.many if said == phrase.many else other.one
    said_now = (wrong if i == at else text for i, text in enumerate(asked.lookups))
    return Reply(calls=tuple(tools.call("detect", text) for text in said_now))
