from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from sightline.planning.choices import pieces
from sightline.planning.grammar import reply_steps, written
from sightline.planning.situation import Situation
from sightline.train.symbolic import mixer
from sightline.train.symbolic.episode import Branch, Episode
from sightline.train.symbolic.invented import invented_episode
from sightline.train.symbolic.invented_results import boxes, frame_of, overview
from sightline.train.symbolic.mixer import Offered, offer, real_specs
from sightline.train.symbolic.mixer_calls import Said, calls_of, kind_of, rewritten
from sightline.types import Evidence, ToolCall, ToolResult

FRAME = frame_of(np.random.default_rng(0))
TOLD = "query(sql=SELECT count(*) FROM objects WHERE class = 'dog' AND color <> 'it''s \") x')"


def dogs(question: str = "How many dogs are left of the tree?") -> Episode:
    rng = np.random.default_rng(0)
    glance = ToolResult(status="ok", payload=overview("photo: dog, tree", FRAME, rng), tool="look")
    dog = boxes("dog", 2, FRAME, rng, query="dogs")
    tree = boxes("tree", 1, FRAME, rng, query="tree")
    found = (
        found_by(2, "detect", {"query": "dogs"}, ToolResult(status="ok", payload=dog, tool="detect")),
        found_by(3, "detect", {"query": "tree"}, ToolResult(status="ok", payload=tree, tool="detect")),
    )
    measure = 'number: measure(regions=[e2.1, e3.1], what="distance")'
    other = "What kind of dog is it?"
    return Episode(
        needs=("look", "detect", "measure", "query", "classify"),
        evidence=(found_by(1, "look", {}, glance),),
        branches=(
            Branch(question=question, reply='number: detect(query="dogs"); detect(query="tree")', task="a"),
            Branch(question=question, reply=measure, task="b", evidence=found),
            Branch(question=question, reply=f"number: {TOLD}", task="c", evidence=found),
            Branch(question=question, reply="number: count of e2", task="d", evidence=found),
            Branch(question=other, reply="name: classify()", task="e"),
        ),
    )


def found_by(number: int, name: str, arguments: dict[str, str], result: ToolResult) -> Evidence:
    return Evidence(
        id=f"e{number}", step=0, call=ToolCall(name=name, arguments=dict(arguments)), result=result
    )


def offers(many: int, seed: int = 0) -> list[Offered]:
    rng = np.random.default_rng(seed)
    return [offer(dogs(), rng) for _ in range(many)]


def sql_names(offered: Offered) -> set[str]:
    return {p.name for tool in offered.tools for p in tool.params if p.kind == "sql"}


def test_calls_are_found_without_what_stands_in_quotes_and_sql() -> None:
    assert calls_of(f'number: detect(query="a (b), c=d; e"); {TOLD}') == (
        Said(name="detect", arguments=(("query", '"a (b), c=d; e"'),)),
        Said(name="query", arguments=(("sql", TOLD[len("query(sql=") : -1]),)),
    )
    assert calls_of("number: count of e2") == ()
    assert calls_of("name: field of e2: total (net), date") == ()
    assert kind_of("yes/no: exists in e2") == "yes/no"


def test_rewriting_changes_names_only() -> None:
    reply = 'number: measure(regions=[e2.1, e3.1], what="measure(what=1)"); detect(query="what=detect(")'

    def change(said: Said) -> Said:
        return Said(name=said.name.upper(), arguments=tuple((f"x_{k}", v) for k, v in said.arguments))

    assert rewritten(reply, change) == (
        'number: MEASURE(x_regions=[e2.1, e3.1], x_what="measure(what=1)"); DETECT(x_query="what=detect(")'
    )


def test_what_is_no_call_is_refused() -> None:
    for reply in ("number: detect(", 'number: detect(query="a"', "number: detect(query)", "number: dogs"):
        with pytest.raises(ValueError, match=r"no call|no argument|does not end"):
            calls_of(reply)


def test_what_is_needed_is_offered_and_names_are_unique() -> None:
    for offered in offers(250):
        names = [tool.name for tool in offered.tools]
        assert len(set(names)) == len(names)
        assert set(offered.episode.needs) <= set(names)


def test_replies_and_evidence_call_what_is_offered() -> None:
    for offered in offers(250):
        params = {tool.name: {p.name for p in tool.params} for tool in offered.tools}
        for branch in offered.episode.branches:
            for said in calls_of(branch.reply, sql_names(offered) or ("sql",)):
                assert {name for name, _ in said.arguments} <= params[said.name]
            for one in branch.evidence:
                assert one.call.arguments.keys() <= params[one.call.name]
                assert one.result.tool == one.call.name


def test_renaming_keeps_values_references_and_kinds() -> None:
    before = {branch.task: branch.reply for branch in dogs().branches}
    renamed = 0
    for offered in offers(400, seed=1):
        for branch in offered.episode.branches:
            if branch.task not in before:
                continue
            was = calls_of(before[branch.task])
            now = calls_of(branch.reply, sql_names(offered) or ("sql",))
            assert kind_of(branch.reply) == kind_of(before[branch.task])
            assert [[v for _, v in said.arguments] for said in was] == [
                [v for _, v in said.arguments] for said in now
            ]
            renamed += [said.name for said in was] != [said.name for said in now]
            if not was:
                assert branch.reply == before[branch.task]
    assert renamed > 20


def test_look_keeps_its_name_and_sql_its_kind() -> None:
    for offered in offers(300, seed=2):
        assert offered.episode.evidence[0].call.name == "look"
        assert sum(p.kind == "sql" for tool in offered.tools for p in tool.params) <= 1


def test_shares_are_about_as_told() -> None:
    real = real_specs()
    seen = Counter[str]()
    many = 1000
    for offered in offers(many, seed=3):
        names = [tool.name for tool in offered.tools]
        docs = {tool.name: tool.doc for tool in offered.tools}
        is_renamed = not set(offered.episode.needs) <= set(real)
        seen["renamed"] += is_renamed
        seen["lacking"] += any("/no_tool" in branch.task for branch in offered.episode.branches)
        if not is_renamed:
            seen["all"] += set(real) <= set(names)
            seen["other"] += bool(set(names) - set(real))
            seen["reworded"] += any(docs[name] != real[name].doc for name in names if name in real)
    assert 0.1 < seen["renamed"] / many < 0.2
    assert 0.2 < seen["reworded"] / many < 0.3
    assert 0.02 < seen["lacking"] / many < 0.07
    assert 0.3 < seen["other"] / many < 0.4
    assert 0.1 < seen["all"] / many < 0.3


def test_without_a_needed_tool_the_first_round_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixer, "REMOVED", 1.0)
    monkeypatch.setattr(mixer, "RENAMED", 0.0)
    lacking = Counter[str]()
    for offered in offers(200, seed=4):
        names = {tool.name for tool in offered.tools}
        tasks = [branch.task for branch in offered.episode.branches]
        if "detect" not in names:
            assert not names & {"detect", "count", "query", "caption", "describe"}
            assert tasks[0] == "a/no_tool"
            assert offered.episode.branches[0].reply == "number: cannot tell: no tool"
            assert not {"b", "c", "d"} & set(tasks)
        else:
            assert "e/no_tool" in tasks or "classify" in names
        lacking.update(task for task in tasks if task.endswith("/no_tool"))
    assert lacking["a/no_tool"] > 50


def test_a_tool_that_shared_evidence_is_from_is_never_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixer, "REMOVED", 1.0)
    one = dogs()
    shared = Episode(
        needs=("look", "detect"),
        evidence=(*one.evidence, *one.branches[1].evidence),
        branches=(Branch(question="How many?", reply='number: detect(query="many")', task="x"),),
    )
    rng = np.random.default_rng(5)
    assert all(offer(shared, rng).episode.branches[0].task == "x" for _ in range(50))


def test_distractors_have_nothing_to_do_with_the_question() -> None:
    rng = np.random.default_rng(6)
    for _ in range(300):
        offered = offer(dogs("How many sheep have a disease?"), rng)
        for tool in offered.tools:
            if tool.name not in real_specs() and tool.name not in offered.episode.needs:
                assert "sheep" not in tool.doc.lower() or tool.doc in ALL_DOCS


ALL_DOCS = {doc for words in mixer._words().values() for doc in words.docs}


def test_every_real_tool_has_other_words() -> None:
    words = mixer._words()
    assert set(words) >= set(real_specs())
    for name, spec in real_specs().items():
        assert len(words[name].names) >= 8, name
        assert len(words[name].docs) >= 6, name
        assert {p.name for p in spec.params} <= words[name].arguments.keys(), name
    told = [name for one in words.values() for name in one.names]
    assert len(set(told)) == len(told)


def test_all_that_is_mixed_can_be_said() -> None:
    rng = np.random.default_rng(8)
    for _ in range(60):
        episode, own = invented_episode(rng)
        offered = offer(episode, rng, own)
        assert {spec.name for spec in own} <= {tool.name for tool in offered.tools}
        for branch in offered.episode.branches:
            evidence = (*offered.episode.evidence, *branch.evidence)
            situation = Situation(question=branch.question, tools=offered.tools, evidence=evidence)
            pieces(written(branch.reply), reply_steps(situation))
