"""In-context episodes: a few images with their answers, then one whose answer follows from them.

    symbol    invented characters with invented names: which is the last one? Two to twenty names.
    rule      scenes that an invented word fits, or does not, by a rule nobody tells: does it fit the last?
    task      scenes with an answer each, that show what is asked: what is the last one's?

`Sample.images` are the examples and then the query. The state tells all: the rule, what every image shows
and the answers of all of them.

Never trained on: the rules and tasks of `HELD_OUT_RULES` and `HELD_OUT_TASKS`, and symbols of as many ways as
`WAYS["heldout"]` says. `split="heldout"` draws these alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sightline.train.worlds.dice import chance, pick, shuffled, span
from sightline.train.worlds.glyphs import Glyph, Pen, different_glyphs, draw_glyph, written
from sightline.train.worlds.lexicon import invented_word
from sightline.train.worlds.phrasing import Phrasebook
from sightline.train.worlds.sample import Asked, Sample
from sightline.train.worlds.scenes import (
    COLOURS,
    HELD_OUT,
    SHAPES,
    Scene,
    Split,
    Thing,
    draw_scene,
    make_scene,
)

WAYS: dict[Split, tuple[int, ...]] = {"train": (2, 3, 5, 5, 5, 8, 10, 16, 20), "heldout": (7, 12)}
GLYPH_SIDES = (64, 96, 105)
"""px; Omniglot's images have a side of 105."""
SCENE_SIDE = 128
_APART = 0.08  # of the side: things closer than that are not said to be left of, or above, one another


# State.


@dataclass(frozen=True, kw_only=True)
class SymbolEpisode:
    """`glyphs[i]` is called `names[i]`; `shown` are the examples in order, and the query last."""

    names: tuple[str, ...]
    glyphs: tuple[Glyph, ...]
    shown: tuple[int, ...]
    writings: tuple[Glyph, ...]
    pen: Pen

    @property
    def answers(self) -> tuple[str, ...]:
        """The name of each image's glyph."""
        return tuple(self.names[n] for n in self.shown)


@dataclass(frozen=True, kw_only=True)
class RuleEpisode:
    """`word` fits a scene where `rule` (a key of RULES, with `words` in it) is true; the query is last."""

    word: str
    rule: str
    words: tuple[str, ...]
    scenes: tuple[Scene, ...]

    @property
    def answers(self) -> tuple[str, ...]:
        """`yes` or `no` for each image."""
        return tuple("yes" if RULES[self.rule](s, self.words) else "no" for s in self.scenes)

    @property
    def meaning(self) -> str:
        """The rule in words."""
        return self.rule.format(*self.words)


@dataclass(frozen=True, kw_only=True)
class TaskEpisode:
    """All scenes are asked the same `task` (a key of TASKS); the query is last."""

    task: str
    scenes: tuple[Scene, ...]

    @property
    def answers(self) -> tuple[str, ...]:
        """The answer for each image."""
        return tuple(str(TASKS[self.task](scene)) for scene in self.scenes)


def _fits(thing: Thing, word: str) -> bool:
    return word in (thing.colour, thing.shape, thing.size)


def _many(scene: Scene, word: str) -> int:
    return sum(_fits(thing, word) for thing in scene.things)


def _beside(scene: Scene, words: tuple[str, ...], axis: str) -> bool:
    """Whether something that fits the first word has a smaller coordinate than something of the second."""
    firsts, seconds = ([t for t in scene.things if _fits(t, word)] for word in words)
    return any(getattr(b, axis) - getattr(a, axis) > _APART for a in firsts for b in seconds)


Rule = Callable[[Scene, tuple[str, ...]], bool]
RULES: dict[str, Rule] = {
    "there is something {0}": lambda s, w: _many(s, w[0]) > 0,
    "there is a {0}": lambda s, w: _many(s, w[0]) > 0,
    "there is something that is {0} and {1}": lambda s, w: any(
        _fits(t, w[0]) and _fits(t, w[1]) for t in s.things
    ),
    "there are at least {0} things": lambda s, w: len(s.things) >= int(w[0]),
    "there are at most {0} things": lambda s, w: len(s.things) <= int(w[0]),
    "there are at least two {0} things": lambda s, w: _many(s, w[0]) >= 2,
    "nothing is {0}": lambda s, w: _many(s, w[0]) == 0,
    "something {0} is left of something {1}": lambda s, w: _beside(s, w, "x"),
    "all things have one shape": lambda s, _: len({t.shape for t in s.things}) == 1,
    "something {0} is above something {1}": lambda s, w: _beside(s, w, "y"),
    "two things have the same colour": lambda s, _: len({t.colour for t in s.things}) < len(s.things),
}
"""Rule in words -> whether it is true of a scene, with the words filled in."""
HELD_OUT_RULES = frozenset(tuple(RULES)[-2:])


def _end(scene: Scene, of: Callable[[Thing], float]) -> Thing:
    return max(scene.things, key=of)


TASKS: dict[str, Callable[[Scene], str | int]] = {
    "colour of the largest thing": lambda s: _end(s, lambda t: t.diameter).colour,
    "shape of the largest thing": lambda s: _end(s, lambda t: t.diameter).shape,
    "number of things": lambda s: len(s.things),
    "colour of the leftmost thing": lambda s: _end(s, lambda t: -t.x).colour,
    "shape of the leftmost thing": lambda s: _end(s, lambda t: -t.x).shape,
    "colour of the topmost thing": lambda s: _end(s, lambda t: -t.y).colour,
    "shape of the lowest thing": lambda s: _end(s, lambda t: t.y).shape,
    "number of small things": lambda s: _many(s, "small"),
    "number of colours": lambda s: len({t.colour for t in s.things}),
    "colour of the rightmost thing": lambda s: _end(s, lambda t: t.x).colour,
    "number of shapes": lambda s: len({t.shape for t in s.things}),
}
"""What is asked, in words -> the answer for a scene."""
HELD_OUT_TASKS = frozenset(tuple(TASKS)[-2:])
_LEAD = {"largest": "diameter", "leftmost": "x", "rightmost": "x", "topmost": "y", "lowest": "y"}

PHRASES = Phrasebook(
    train={
        "symbol": (
            "{examples} Which is image {last}?",
            "{examples} [What is|What is the name of] the symbol in image {last}?",
            "These are symbols and their names. {examples} What is [the last one|image {last}] called?",
            "{examples} [Name image {last}|Now name the last image].",
        ),
        "rule": (
            "{examples} Is image {last} {word}?",
            "Some of these are {word}. {examples} [Is image {last} {word}|And image {last}, yes or no]?",
            "{examples} Does {word} fit image {last}?",
            "Find out what {word} means. {examples} Is the last image {word}?",
        ),
        "task": (
            "{examples} Image {last}:",
            "{examples} What is the answer for image {last}?",
            "The answers follow one rule. {examples} [And image {last}|What about image {last}]?",
            "{examples} Go on: image {last}?",
        ),
    },
    held_out={
        "symbol": (
            "{examples} How do you call image {last}?",
            "{examples} Which name belongs to image {last}?",
        ),
        "rule": (
            "{examples} Would you say {word} of image {last}?",
            "{examples} Can image {last} be called {word}?",
        ),
        "task": (
            "{examples} Complete the series for image {last}.",
            "{examples} Image {last} gets which answer?",
        ),
    },
)


def episode_sample(rng: np.random.Generator, split: Split = "train") -> Sample:
    """An episode of one of the three kinds; the state is its `...Episode`."""
    return pick(rng, (_symbol_sample, _rule_sample, _task_sample))(rng, split)


def is_held_out(family: str, text: str) -> bool:
    """Whether the text is a held-out wording of the family (`new_symbol`, `new_rule` or `new_task`)."""
    return PHRASES.is_held_out(family.removeprefix("new_"), text)


def holds_held_out(state: SymbolEpisode | RuleEpisode | TaskEpisode) -> bool:
    """Whether the episode has a held-out number of ways, rule or task, or shows a held-out pair."""
    if isinstance(state, SymbolEpisode):
        return len(state.names) in WAYS["heldout"]
    pairs = {(t.colour, t.shape) for scene in state.scenes for t in scene.things}
    kept = state.rule in HELD_OUT_RULES if isinstance(state, RuleEpisode) else state.task in HELD_OUT_TASKS
    return kept or not HELD_OUT.isdisjoint(pairs)


def _sample(
    rng: np.random.Generator,
    split: Split,
    key: str,
    images: tuple[NDArray[np.uint8], ...],
    state: SymbolEpisode | RuleEpisode | TaskEpisode,
    thought: str,
    word: str = "",
) -> Sample:
    *told, answer = state.answers
    shown = (f"{word}: {a}" if word else a for a in told)
    examples = " ".join(f"Image {n}: {a}." for n, a in enumerate(shown, 1))
    slots: dict[str, object] = {"examples": examples, "last": len(images), "word": word}
    question, wording = PHRASES.word(rng, key, split, slots)
    choices = state.names if isinstance(state, SymbolEpisode) else ()
    asked = Asked(
        question=question,
        answer=answer,
        family=f"new_{key}",
        thought=thought,
        wording=wording,
        choices=choices,
    )
    return Sample(draw=lambda: images, asked=(asked,), state=state)


# Symbols.


def _symbol_sample(rng: np.random.Generator, split: Split) -> Sample:
    ways = pick(rng, WAYS[split])
    names = _names(rng, ways)
    glyphs = different_glyphs(rng, ways)
    shots = 2 if ways <= 5 and chance(rng, 0.3) else 1
    shown = (*shuffled(rng, list(range(ways)) * shots), span(rng, 0, ways - 1))
    light = chance(rng, 0.15)
    pen = Pen(
        width=float(rng.uniform(0.022, 0.05)),
        ink=span(rng, 215, 255) if light else span(rng, 0, 40),
        paper=span(rng, 0, 40) if light else span(rng, 215, 255),
    )
    writings = tuple(written(rng, glyphs[n]) for n in shown)
    state = SymbolEpisode(names=names, glyphs=glyphs, shown=shown, writings=writings, pen=pen)
    side = pick(rng, GLYPH_SIDES)
    images = tuple(draw_glyph(glyph, pen, side) for glyph in writings)
    same = state.answers.index(state.answers[-1]) + 1
    thought = f"Image {len(images)} has the strokes of image {same}, and that is {state.answers[-1]}."
    return _sample(rng, split, "symbol", images, state, thought)


def _names(rng: np.random.Generator, count: int) -> tuple[str, ...]:
    names: dict[str, None] = {}
    while len(names) < count:
        names[invented_word(rng, span(rng, 1, 2))] = None
    return tuple(names)


# Rules.


def _rule_sample(rng: np.random.Generator, split: Split) -> Sample:
    """Examples of both kinds in any order; the query fits in a half of the draws."""
    state = _rule_episode(rng, split)
    while _misled(state):
        state = _rule_episode(rng, split)
    last = state.answers[-1]
    truth = "is true" if last == "yes" else "is not true"
    seen = f"In image {len(state.scenes)} that {truth}: {last}."
    thought = f"{state.word.capitalize()} means: {state.meaning}. {seen}"
    return _sample(rng, split, "rule", _drawn(state.scenes), state, thought, state.word)


def _rule_episode(rng: np.random.Generator, split: Split) -> RuleEpisode:
    half, word = span(rng, 2, 4), invented_word(rng, span(rng, 1, 2))
    while True:
        rule = pick(rng, [r for r in RULES if (r in HELD_OUT_RULES) == (split == "heldout")])
        words = _words(rng, rule)
        found = _scenes(rng, rule, words, half + 1)
        if found:
            told = shuffled(rng, [*found[True][:half], *found[False][:half]])
            scenes = (*told, found[chance(rng, 0.5)][half])
            return RuleEpisode(word=word, rule=rule, words=words, scenes=scenes)


def _misled(state: RuleEpisode) -> bool:
    """Whether a rule of a single word says the same of the examples, but another thing of the query."""
    told = [answer == "yes" for answer in state.answers]
    for rule, words in _SIMPLE:
        says = [RULES[rule](scene, words) for scene in state.scenes]
        if says[:-1] == told[:-1] and says[-1] != told[-1]:
            return True
    return False


def _words(rng: np.random.Generator, rule: str) -> tuple[str, ...]:
    """What fills a rule's slots: no held-out pair is named."""
    if "{0} things" in rule and "two" not in rule:
        return (str(span(rng, 4, 7)),)
    if "a {0}" in rule:
        return (pick(rng, SHAPES),)
    colours = shuffled(rng, COLOURS)
    if "and {1}" in rule:
        pairs = [(c, s) for c in COLOURS for s in SHAPES if (c, s) not in HELD_OUT]
        return pick(rng, pairs)
    return tuple(colours[: rule.count("{")])


def _scenes(
    rng: np.random.Generator, rule: str, words: tuple[str, ...], each: int
) -> dict[bool, list[Scene]] | None:
    """So many scenes of which a rule is true and as many of which it is not, or None: it is too rare."""
    found: dict[bool, list[Scene]] = {True: [], False: []}
    for _ in range(100):
        scene = make_scene(rng)
        found[RULES[rule](scene, words)].append(scene)
        if min(map(len, found.values())) >= each:
            return found
    return None


_SIMPLE: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    [(rule, (c,)) for c in COLOURS for rule in tuple(RULES) if rule.count("{") == 1 and "things" not in rule]
    + [("there is a {0}", (s,)) for s in SHAPES]
    + [("there are at least two {0} things", (c,)) for c in COLOURS]
    + [(f"there are at {end} {{0}} things", (str(n),)) for end in ("least", "most") for n in range(2, 10)]
    + [("all things have one shape", ())]
)
"""What somebody may take for the rule who thinks of simple ones first."""


# Tasks by example.


def _task_sample(rng: np.random.Generator, split: Split) -> Sample:
    """Three to six examples whose answers differ, and that no other task answers alike."""
    task = pick(rng, [t for t in TASKS if (t in HELD_OUT_TASKS) == (split == "heldout")])
    while True:
        scenes = tuple(_clear_scene(rng, task) for _ in range(span(rng, 4, 7)))
        state = TaskEpisode(task=task, scenes=scenes)
        if len(set(state.answers[:-1])) > 1 and not _mistaken(state):
            break
    thought = f"The answers give the {task}. In image {len(scenes)} it is {state.answers[-1]}."
    return _sample(rng, split, "task", _drawn(scenes), state, thought)


def _mistaken(state: TaskEpisode) -> bool:
    """Whether some other task has the same answers to the examples and another one to the query."""
    others = (TaskEpisode(task=task, scenes=state.scenes).answers for task in TASKS)
    return any(o[:-1] == state.answers[:-1] and o[-1] != state.answers[-1] for o in others)


def _clear_scene(rng: np.random.Generator, task: str) -> Scene:
    """A scene of two to eight things in which the largest, the leftmost, ... is so beyond doubt."""
    while True:
        scene = make_scene(rng)
        if 2 <= len(scene.things) <= 8 and _is_clear(scene, task):
            return scene


def _is_clear(scene: Scene, task: str) -> bool:
    key = next((field for word, field in _LEAD.items() if word in task), "")
    if not key:
        return True
    values = sorted(getattr(thing, key) for thing in scene.things)
    low = "leftmost" in task or "topmost" in task
    return bool((values[1] - values[0] if low else values[-1] - values[-2]) > 0.04)


def _drawn(scenes: tuple[Scene, ...]) -> tuple[NDArray[np.uint8], ...]:
    return tuple(draw_scene(scene, SCENE_SIDE) for scene in scenes)
