"""The grammar: whatever the model prefers, a reply parses, and a quotation stands in a note."""

from __future__ import annotations

import random
import re
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sightline.mllm.chat import Call, Note, Reply, ToolSpec, reply_ids
from sightline.mllm.generate import decode
from sightline.mllm.grammar import MAX_CALLS, ReplyGrammar, parse
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.reasoner import CANNOT_TELL, Reasoner
from sightline.mllm.tokenizer import Vocabulary

TOOLS = (
    ToolSpec(name="detect", params=(("query", "text"),), doc="finds objects"),
    ToolSpec(name="detect_text", params=(("query", "text"), ("area", "region")), doc="finds words"),
    ToolSpec(name="find", params=(("what", "phrase"),), doc="finds what the question names"),
    ToolSpec(name="read_text", doc="reads the words"),
    ToolSpec(name="crop", params=(("region", "region"),), doc="enlarges"),
)
NOTES = (
    Note(id="e1", call=Call(name="read_text"), text="ok: SHOP\nTOTAL | RM 45.00\nCASH | RM 50.00"),
    Note(
        id="e2",
        call=Call(name="detect", args=(("query", "star"),)),
        text="ok: 1 found\nred star <07><10> 97%",
        places=True,
    ),
)


def random_reply(v: Vocabulary, seed: int, grammar: ReplyGrammar) -> list[int]:
    """Any reply that the grammar lets a model say."""
    rng = random.Random(seed)
    steps, ids = grammar.steps(), []
    allowed = next(steps)
    while True:
        ids.append(int(allowed[rng.randrange(len(allowed))]))
        try:
            allowed = steps.send(ids[-1])
        except StopIteration:
            return ids


@given(st.integers(0, 10_000), st.booleans())
def test_whatever_is_said_parses(vocabulary: Vocabulary, seed: int, must_answer: bool) -> None:
    asked = 'How many small "red" circles are left of the star?'
    grammar = ReplyGrammar(
        vocabulary, tools=TOOLS, notes=NOTES, question=asked, must_answer=must_answer, max_answer=8
    )
    reply = parse(random_reply(vocabulary, seed, grammar), vocabulary, TOOLS)
    if reply.answer is None:
        assert not must_answer
        assert 1 <= len(reply.calls) <= MAX_CALLS
        for call in reply.calls:
            tool = next(tool for tool in TOOLS if tool.name == call.name)
            assert [name for name, _ in call.args] == [name for name, _ in tool.params]
            kinds = dict(tool.params)
            assert all(value in ("e1", "e2") for name, value in call.args if kinds[name] == "region")
            assert not any('"' in value for _, value in call.args)
            if call.name == "find":
                assert re.search(rf"(?<!\w){re.escape(call.args[0][1])}(?!\w)", asked)
    else:
        assert set(re.findall(r"<\d\d>", reply.thought)) <= {"<07>", "<10>"}
        assert set(reply.cites) <= {"e1", "e2"}
        if reply.quote:
            assert reply.answer in NOTES[0].text


@pytest.mark.parametrize(
    "reply",
    [
        Reply(calls=(Call(name="detect", args=(("query", "small red circles"),)), Call(name="read_text"))),
        Reply(calls=(Call(name="find", args=(("what", "small blue star"),)),)),
        Reply(calls=(Call(name="detect_text", args=(("query", "total"), ("area", "e2"))),)),
        Reply(thought="2 is more than 1", answer="yes", cites=("e1", "e2")),
        Reply(thought="the star is at <07><10>", answer="no"),
        Reply(answer="45.00", quote=True, cites=("e1",)),
        Reply(answer="cannot tell"),
        Reply(answer="<07><10> red small star; <20><30> blue large cross"),
    ],
)
def test_what_is_trained_on_is_what_the_grammar_allows(vocabulary: Vocabulary, reply: Reply) -> None:
    ids = reply_ids(vocabulary, reply, NOTES)
    asked = "Where is the small blue star?"
    steps = ReplyGrammar(vocabulary, tools=TOOLS, notes=NOTES, question=asked).steps()
    allowed = next(steps)
    for position, token in enumerate(ids):
        assert token in allowed.tolist(), vocabulary.decode(ids[: position + 1])
        if position < len(ids) - 1:
            allowed = steps.send(token)
    with pytest.raises(StopIteration):
        steps.send(ids[-1])
    assert parse(ids, vocabulary, TOOLS) == reply


def test_without_notes_nothing_is_quoted_cited_or_cropped(vocabulary: Vocabulary) -> None:
    region_only = ReplyGrammar(vocabulary, tools=TOOLS[4:])
    assert vocabulary.marks["call"] not in next(region_only.steps()).tolist()
    steps = ReplyGrammar(vocabulary, tools=TOOLS).steps()
    next(steps)
    after_answer = steps.send(vocabulary.marks["answer"]).tolist()
    assert vocabulary.marks["quote"] not in after_answer
    assert vocabulary.marks["cite"] not in steps.send(vocabulary.first_text).tolist()


def test_decoding_stops_at_its_limits(
    model: SightlineForConditionalGeneration, vocabulary: Vocabulary
) -> None:
    prompt = [vocabulary.marks["bos"], vocabulary.marks["user"], vocabulary.marks["reply"]]
    grammar = ReplyGrammar(vocabulary, tools=TOOLS, notes=NOTES)
    short = decode(model, prompt, None, grammar.steps(), max_tokens=2)
    assert len(short.ids) == 2
    assert not short.whole
    late = decode(model, prompt, None, grammar.steps(), max_tokens=50, deadline=time.monotonic())
    assert late.ids == []


def test_decoding_takes_the_likeliest_open_id(
    model: SightlineForConditionalGeneration, vocabulary: Vocabulary
) -> None:
    prompt = [vocabulary.marks["bos"], *vocabulary.text("hello"), vocabulary.marks["reply"]]
    said = decode(model, prompt, None, ReplyGrammar(vocabulary, max_answer=6).steps(), max_tokens=140)
    assert said.whole
    steps = ReplyGrammar(vocabulary, max_answer=6).steps()
    allowed, ids = next(steps), list(prompt)
    for position, token in enumerate(said.ids):
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
        assert token == int(allowed[logits[allowed].argmax()])
        assert said.logprobs[position] == pytest.approx(
            float(logits[allowed].log_softmax(-1).max()), abs=1e-4
        )
        ids.append(token)
        if position < len(said.ids) - 1:
            allowed = steps.send(token)


def test_the_reasoner_replies(model: SightlineForConditionalGeneration, vocabulary: Vocabulary) -> None:
    reasoner = Reasoner(model, vocabulary)
    said = reasoner.reply(images=[], tools=TOOLS, notes=NOTES, question="How many?", must_answer=True)
    assert said.reply.answer is not None
    assert 0 <= said.confidence <= 1
    cut = reasoner.reply(images=[], tools=TOOLS, notes=NOTES, question="How many?", max_tokens=1)
    assert cut.reply.answer == CANNOT_TELL
    assert cut.confidence == 0
