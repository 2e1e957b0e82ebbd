"""Questions over solids: each answer once more from a table of facts, each noun phrase read back."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache

import numpy as np
import pytest

from sightline.train.worlds.nouns import plural
from sightline.train.worlds.scene_wordings import expand
from sightline.train.worlds.scenes import Split
from sightline.train.worlds.solid_layouts import make_solids
from sightline.train.worlds.solid_programs import (
    ATTRIBUTES,
    Add,
    Alike,
    Both,
    Compare,
    Count,
    Difference,
    Either,
    Everything,
    Exist,
    Filter,
    Query,
    Relate,
    Same,
    Things,
    Without,
    find,
)
from sightline.train.worlds.solid_questions import FAMILIES, SolidQuestion, ask_some, solid_sample
from sightline.train.worlds.solid_wordings import HELD_OUT, SYNONYMS, TRAIN, Said, is_held_out, say
from sightline.train.worlds.solids import HELD_OUT as HELD_OUT_PAIRS
from sightline.train.worlds.solids import SHAPES, SolidScene

PLAIN = {said: plain for plain, spoken in SYNONYMS.items() if plain for said in spoken}
VALUES = {*PLAIN.values(), "red", "blue", "green", "brown", "purple", "cyan", "yellow"}


@cache
def asked(split: Split, scenes: int = 220) -> list[tuple[SolidScene, SolidQuestion]]:
    rng = np.random.default_rng(3)
    made = [make_solids(rng, split=split) for _ in range(scenes)]
    return [(scene, question) for scene in made for question in ask_some(rng, scene, 10, split)]


# A second way to each answer: facts ("attribute", thing, value) and (side, thing, thing).


class Facts:
    def __init__(self, scene: SolidScene) -> None:
        self.ids = range(len(scene.things))
        self.true = {(k, i, getattr(t, k)) for i, t in enumerate(scene.things) for k in ATTRIBUTES}
        from_left = sorted(self.ids, key=lambda i: scene.things[i].x)
        from_front = sorted(self.ids, key=lambda i: scene.things[i].y)
        for order, low, high in ((from_left, "left", "right"), (from_front, "front", "behind")):
            for n, i in enumerate(order):
                self.true |= {(low, i, j) for j in order[n + 1 :]} | {(high, i, j) for j in order[:n]}

    def holds(self, things: Things, i: int) -> bool:
        """Whether a thing is one of some things, asked of it alone."""
        if isinstance(things, Filter):
            said = [(k, i, getattr(things.words, k)) for k in ATTRIBUTES if getattr(things.words, k)]
            return all(fact in self.true for fact in said) and self.holds(things.of, i)
        if isinstance(things, Relate):
            return (things.side, i, self.only(things.to)) in self.true
        if isinstance(things, Same):
            other = self.only(things.to)
            shared = [v for k, j, v in self.true if k == things.attribute and j == other]
            return i != other and (things.attribute, i, shared[0]) in self.true
        if isinstance(things, Both):
            return self.holds(things.a, i) and self.holds(things.b, i)
        if isinstance(things, Either):
            return self.holds(things.a, i) or self.holds(things.b, i)
        if isinstance(things, Without):
            return self.holds(things.of, i) and not self.holds(things.less, i)
        assert things == Everything()
        return True

    def number(self, things: Things) -> int:
        return sum(self.holds(things, i) for i in self.ids)

    def only(self, things: Things) -> int:
        (found,) = (i for i in self.ids if self.holds(things, i))
        return found

    def value(self, attribute: str, things: Filter) -> str:
        (value,) = (v for k, i, v in self.true if k == attribute and i == self.only(things))
        return str(value)

    def answer(self, program: object) -> str:
        match program:
            case Exist():
                return "yes" if self.number(program.of) else "no"
            case Count():
                return str(self.number(program.of))
            case Query():
                return self.value(program.attribute, program.of)
            case Alike():
                same = self.value(program.attribute, program.a) == self.value(program.attribute, program.b)
                return "yes" if same else "no"
            case Compare():
                gap = self.number(program.a) - self.number(program.b)
                return (
                    "yes" if {"more": gap > 0, "fewer": gap < 0, "as many": gap == 0}[program.asks] else "no"
                )
            case Add():
                return str(self.number(program.of) + program.number)
            case Difference():
                return str(abs(self.number(program.a) - self.number(program.b)))
        raise AssertionError(program)


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_every_answer_follows_from_the_facts(split: Split) -> None:
    families = set()
    for scene, question in asked(split):
        assert question.answer == Facts(scene).answer(question.program), question
        families.add(question.family)
    assert families == set(FAMILIES)


# Noun phrases read back.


def read(phrase: str, scene: SolidScene) -> set[int]:
    """The things that a noun phrase means, from its words alone."""
    phrase = re.sub(r"^(the|an|a) ", "", phrase)
    head = re.match(rf"((?:other|another) )?((?:\w+ )*?)({'|'.join(NOUNS)})\b", phrase)
    assert head, phrase
    words = [PLAIN.get(word, word) for word in head[2].split()]
    assert set(words) <= VALUES, phrase
    shape = NOUNS[head[3]]
    fits = {
        i
        for i, t in enumerate(scene.things)
        if {*words, *([shape] if shape else [])} <= {t.size, t.colour, t.material, t.shape}
    }
    return fits & read_tail(phrase[head.end() :].strip(), scene)


NOUNS = {
    form: shape
    for shape, nouns in SYNONYMS.items()
    if shape in ("", *SHAPES)
    for noun in nouns
    for form in (plural(noun), noun)
}
SIDES = {"left of": ("x", -1), "right of": ("x", 1), "front of": ("y", -1), "behind": ("y", 1)}


def read_tail(tail: str, scene: SolidScene) -> set[int]:
    tail = re.sub(r"^that (is|are|has|have) ", "", tail)
    if not tail:
        return set(range(len(scene.things)))
    if tail.startswith("both "):
        first, second = tail.removeprefix("both ").split(" and ")
        return read_tail(first, scene) & read_tail(second, scene)
    shared = re.match(r"(?:the same|made of the same|the) (\w+) (?:as|of) the (.*)", tail)
    if shared and not tail.startswith("the left") and not tail.startswith("the right"):
        kind = shared[1].replace("color", "colour")
        (one,) = read(shared[2], scene)
        value = getattr(scene.things[one], kind)
        return {i for i, t in enumerate(scene.things) if i != one and getattr(t, kind) == value}
    side = re.match(r"(?:to the |on the |in )?(left|right|front|behind)(?: side)?(?: of)? the (.*)", tail)
    assert side, tail
    axis, sign = next(v for k, v in SIDES.items() if k.startswith(side[1]))
    (one,) = read(side[2], scene)
    here = getattr(scene.things[one], axis)
    return {i for i, t in enumerate(scene.things) if sign * (getattr(t, axis) - here) > 0}


def phrases(part: object) -> list[Filter]:
    """The filters that a program speaks of."""
    if isinstance(part, Filter):
        return [part]
    inner = [vars(part)[name] for name in ("of", "less", "a", "b") if name in vars(part)]
    return [found for p in inner for found in phrases(p)]


def test_a_noun_phrase_means_what_the_program_finds() -> None:
    rng, read_back = np.random.default_rng(0), 0
    for scene, question in asked("train"):
        for things in phrases(question.program):
            said = say(rng, things)
            for phrase in (said.one, said.many, said.a):
                assert read(phrase, scene) == find(things, scene), phrase
                read_back += 1
    assert read_back > 5000


# What may be asked, and how the answers are spread.


def test_no_answer_can_be_guessed_from_its_form() -> None:
    answers: dict[str, Counter[str]] = defaultdict(Counter)
    for _, question in asked("train"):
        key = question.family
        answers[key + (question.form if key == "attribute" else "")][question.answer] += 1
        if key in ("exist", "compare_attribute", "compare_counts"):
            answers[key + question.form][question.answer] += 1
    for key, counter in answers.items():
        total, (commonest, most) = counter.total(), counter.most_common(1)[0]
        if set(counter) <= {"yes", "no"}:
            assert abs(counter["yes"] - total / 2) < 2 * total**0.5, (key, counter)
        elif key.startswith("attribute"):
            values = {"colour": 8, "size": 2, "material": 2, "shape": 3}[key.split()[-1]]
            assert most < 1.5 * total / values + 2 * total**0.5, (key, counter)
        else:
            assert most < 0.38 * total, (key, commonest, counter)
            assert len(counter) >= 6


def test_a_relation_is_asked_for_where_it_matters() -> None:
    chains = 0
    for scene, question in asked("train"):
        if isinstance(question.program, Query) and question.program.of.of != Everything():
            chains += 1
            assert len(find(Filter(words=question.program.of.words), scene)) > 1
            assert not getattr(question.program.of.words, question.program.attribute)
    assert chains > 60


def test_the_thought_ends_with_the_answer_and_lists_what_is_counted() -> None:
    for _, question in asked("train"):
        assert re.findall(r"[\w-]+", question.thought)[-1] == question.answer, question
        if isinstance(question.program, Count):
            listed = question.thought.rsplit(". That makes", 1)[0].rsplit(": ", 1)[1]
            assert (0 if listed == "none" else len(listed.split(", "))) == int(question.answer)


def test_training_names_no_held_out_pair_and_uses_no_held_out_wording() -> None:
    names = {(c, form) for c, shape in HELD_OUT_PAIRS for form, s in NOUNS.items() if s == shape}
    pattern = re.compile("|".join(rf"\b{c} (?:\w+ )?{form}\b" for c, form in names), re.IGNORECASE)
    for _, question in asked("train"):
        assert not pattern.search(question.text), question.text
        assert not is_held_out(question.family, question.text), question.text
    held = [is_held_out(q.family, q.text) for _, q in asked("heldout")]
    assert 0.35 < np.mean(held) < 0.6
    assert any(pattern.search(q.text) for _, q in asked("heldout"))


def test_each_wording_is_known_for_what_it_is() -> None:
    rng = np.random.default_rng(1)
    cube = Said(one="red cube", many="red cubes", a="a red cube")
    words = {"a": cube, "b": cube, "kind": "colour", "more": "more cubes than balls", "number": "two"}
    for table, is_held in ((TRAIN, False), (HELD_OUT, True)):
        for key, lines in table.items():
            for line in lines:
                for _ in range(4):
                    text = expand(rng, line).format(**words)
                    assert is_held_out(key.partition(" ")[0], text) == is_held, text


@pytest.mark.parametrize("side", [128, 200])
def test_a_sample_has_a_picture_and_eight_questions(side: int) -> None:
    sample = solid_sample(np.random.default_rng(2), "train", side)
    assert [image.shape for image in sample.images] == [(side, side, 3)]
    assert len(sample.asked) == 8
    assert {a.family for a in sample.asked} <= set(FAMILIES)
    assert all(a.wording.startswith(a.family) and a.thought and "{" not in a.question for a in sample.asked)
    assert isinstance(sample.state, SolidScene)
