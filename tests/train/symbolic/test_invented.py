from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from sightline.planning.choices import pieces
from sightline.planning.grammar import reply_steps, written
from sightline.planning.situation import Situation
from sightline.planning.tool_spec import ToolSpec
from sightline.train.symbolic.episode import Branch, Episode
from sightline.train.symbolic.invented import invented_episode
from sightline.train.symbolic.invented_concepts import (
    Concept,
    concepts,
    content_words,
    distractors,
    every_concept,
    made,
    wording,
)
from sightline.train.symbolic.invented_results import field_names, frame_of, overview, result
from sightline.train.symbolic.mixer import real_specs
from sightline.train.symbolic.mixer_calls import calls_of

Drawn = list[tuple[Episode, tuple[ToolSpec, ...]]]


@pytest.fixture(scope="module")
def drawn() -> Drawn:
    rng = np.random.default_rng(7)
    return [invented_episode(rng) for _ in range(400)]


def branches_of(drawn: Drawn) -> list[tuple[Branch, Episode, dict[str, ToolSpec]]]:
    return [
        (branch, episode, {spec.name: spec for spec in own} | real_specs())
        for episode, own in drawn
        for branch in episode.branches
    ]


def test_there_are_hundreds_of_concepts_most_fields_by_hand() -> None:
    every = every_concept()
    by_hand = [concept for concept in every if "/" not in concept.key]
    assert len(every) >= 1000
    assert len(by_hand) >= 300
    assert len({concept.field for concept in by_hand}) >= 40


@pytest.mark.parametrize("held_out", [False, True])
def test_every_concept_makes_a_tool_a_question_and_a_result(held_out: bool) -> None:
    rng = np.random.default_rng(0)
    for concept in concepts(held_out=held_out):
        tool = made(concept, rng, ())
        said = {name: fills[0][0] for name, fills in concept.fills.items()}
        values = {name: fills[0][1] for name, fills in concept.fills.items()}
        frame = frame_of(rng)
        assert overview(concept.see, frame, rng).to_text()
        assert result(tool, said, values, frame, rng).to_text().startswith("ok: ")
        assert {ask.kind for ask in concept.asks} <= KINDS, concept.key
        assert not unfit(concept), concept.key


KINDS = {"number", "yes/no", "name", "text", "date", "money", "list", "place", "color", "description"}


def unfit(concept: Concept) -> list[str]:
    """What is wrong with a concept: arguments that no question can say, references that nothing has."""
    wrong = []
    required = {arg.name for arg in concept.args if arg.required}
    places = {arg.name for arg in concept.args if arg.kind in ("region", "regions")}
    if required & places:
        required = required - places | {"thing"}
    known = set(field_names(concept.out)) | {"", "text", "count", "exists", "place", "color"}
    for ask in concept.asks:
        for at in ask.at.split(", "):
            if at not in known:
                wrong.append(f"no {at}")
        for text in ask.wordings:
            slots = {part.partition("}")[0] for part in text.split("{")[1:]}
            if required - slots:
                wrong.append(f"{text} lacks {required - slots}")
            if slots - concept.fills.keys():
                wrong.append(f"{text} has no words for {slots - concept.fills.keys()}")
    for arg in concept.args:
        fills = concept.fills.get(arg.name, ())
        if arg.kind == "choice" and not {value for _, value in fills} <= set(arg.options):
            wrong.append(f"{arg.name} is none of {arg.options}")
    return wrong


def test_replies_call_only_tools_that_are_there_with_their_own_arguments(drawn: Drawn) -> None:
    for branch, episode, specs in branches_of(drawn):
        for said in calls_of(branch.reply):
            spec = specs[said.name]
            given = [name for name, _ in said.arguments]
            assert said.name in episode.needs
            assert set(given) <= {p.name for p in spec.params}
            assert {p.name for p in spec.params if p.required} <= set(given)


def test_arguments_are_what_their_kind_says(drawn: Drawn) -> None:
    seen = Counter[str]()
    for branch, _, specs in branches_of(drawn):
        for said in calls_of(branch.reply):
            params = {p.name: p for p in specs[said.name].params}
            for name, value in said.arguments:
                kind = params[name].kind
                seen[kind] += 1
                if kind in ("phrase", "number"):
                    assert value.strip('"') in branch.question
                elif kind == "choice":
                    assert value.strip('"') in params[name].options
                elif kind == "region":
                    assert value == "e2.1"
    assert {"phrase", "text", "choice", "number", "region", "regions"} <= seen.keys()


def test_the_grammar_lets_every_reply_be_said(drawn: Drawn) -> None:
    for episode, own in drawn[:120]:
        tools = (*real_specs().values(), *own)
        for branch in episode.branches:
            evidence = (*episode.evidence, *branch.evidence)
            situation = Situation(question=branch.question, tools=tools, evidence=evidence)
            pieces(written(branch.reply), reply_steps(situation))


def test_rounds_are_numbered_and_begin_with_a_look(drawn: Drawn) -> None:
    for branch, episode, specs in branches_of(drawn):
        evidence = (*episode.evidence, *branch.evidence)
        assert [one.id for one in evidence] == [f"e{n}" for n in range(1, len(evidence) + 1)]
        assert evidence[0].call.name == "look"
        assert all(one.call.name in specs for one in evidence)


def test_names_are_unique_and_never_those_of_real_tools(drawn: Drawn) -> None:
    for _, own in drawn:
        names = [spec.name for spec in own]
        assert len({*names, *real_specs()}) == len(names) + len(real_specs())
        assert all(len({p.name for p in spec.params}) == len(spec.params) for spec in own)


def test_all_ways_a_question_can_end_come_up(drawn: Drawn) -> None:
    ends = Counter(b.reply.partition(": ")[2] for episode, _ in drawn for b in episode.branches)
    assert min(ends[f"cannot tell: {why}"] for why in ("failed", "no tool", "not there")) >= 20
    assert ends["cannot tell: ambiguous"]
    assert ends["value of e2"] > 200


def test_where_nothing_can_tell_the_right_tool_is_not_offered(drawn: Drawn) -> None:
    for episode, own in drawn:
        docs = {spec.doc.partition(": ")[2] or spec.doc for spec in own}
        for branch in episode.branches:
            if branch.reply.endswith("cannot tell: no tool"):
                right = [c for c in every_concept() if asks(c, branch.question)]
                assert all(docs.isdisjoint(c.docs) for c in right)


def asks(concept: Concept, question: str) -> bool:
    return any(question == text for ask in concept.asks for text in ask.wordings)


def test_held_out_concepts_are_a_fifth_and_never_come_out_of_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = {concept.key for concept in concepts(held_out=True)}
    trained = {concept.key for concept in concepts()}
    assert not kept & trained
    assert 0.15 < len(kept) / (len(kept) + len(trained)) < 0.25
    assert set(wording("invented_held_out")) == kept
    used = set[str]()

    def noted(concept: Concept, *rest: object) -> object:
        used.add(concept.key)
        return made(concept, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr("sightline.train.symbolic.invented.made", noted)
    monkeypatch.setattr("sightline.train.symbolic.invented_concepts.made", noted)
    rng = np.random.default_rng(1)
    for _ in range(150):
        invented_episode(rng)
        distractors(rng, 4, avoid=(), taken=())
    assert used
    assert used <= trained
    used.clear()
    for _ in range(150):
        invented_episode(rng, held_out=True)
    assert used
    assert used <= kept


def test_distractors_share_no_word_with_what_is_asked() -> None:
    rng = np.random.default_rng(2)
    asked = content_words("How many sheep are on the map, and what does the invoice say?")
    for _ in range(100):
        for spec in distractors(rng, 5, avoid=asked, taken={"sudoku"}):
            assert not asked & content_words(spec.doc)
            assert spec.name != "sudoku"


def test_the_same_seed_gives_the_same_episode() -> None:
    assert invented_episode(np.random.default_rng(3)) == invented_episode(np.random.default_rng(3))
