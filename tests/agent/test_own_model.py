"""The real model class, tiny and untrained, in the real graph: whatever it says is a valid step."""

from __future__ import annotations

import pytest
import torch
from tests.agent.doubles import Blobs, Cropper, Page, canvas

from sightline.agent import Agent, Budget, MLLMPlanner
from sightline.images import ImageStore
from sightline.mllm.config import tiny_config
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.reasoner import Reasoner
from sightline.mllm.tokenizer import Vocabulary, train_tokenizer
from sightline.tools import guard

TEXTS = ["How many red circles are there?", "ok: 2 found\nsmall red circle 97%", "TOTAL | RM 45.00"] * 20
PICTURE = canvas(("red", 10, 5), ("blue", 100, 40))


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(train_tokenizer(TEXTS, 700))


def planner(vocabulary: Vocabulary, seed: int) -> MLLMPlanner:
    torch.manual_seed(seed)
    marks = vocabulary.marks
    config = tiny_config(
        vocabulary.size,
        image_token_id=marks["image"],
        pad_id=marks["pad"],
        bos_id=marks["bos"],
        eos_id=marks["eos"],
    )
    return MLLMPlanner(Reasoner(SightlineForConditionalGeneration(config), vocabulary, "f" * 16))


@pytest.mark.parametrize("seed", range(4))
def test_a_model_that_knows_nothing_still_ends_with_an_answer(vocabulary: Vocabulary, seed: int) -> None:
    store = ImageStore()
    tools = {"detect": Blobs(), "read_text": Page(("TOTAL", "RM 45.00")), "crop": Cropper(store)}
    agent = Agent(planner(vocabulary, seed), tools, Budget(steps=2), store=store)
    answer = agent.run(PICTURE, "How many red circles are there?")
    assert answer.status != "failed", answer.message
    assert 0 <= answer.confidence <= 1
    assert answer.usage.tokens > 0
    assert set(answer.cites) <= {e.id for e in answer.evidence}
    allowed = {"ok", "empty", "unsupported", "refused"}
    assert {e.result.status for e in answer.evidence} <= allowed


def test_the_model_alone_answers_without_tools(vocabulary: Vocabulary) -> None:
    answer = Agent(planner(vocabulary, 0), {}).run(PICTURE, "How many red circles are there?")
    assert answer.status in ("answered", "cannot_tell"), answer.message
    assert (answer.evidence, answer.usage.steps) == ((), 1)


def test_a_page_longer_than_the_context_is_cut_until_it_fits(vocabulary: Vocabulary) -> None:
    from sightline.agent.planners import Request
    from sightline.images import load_image
    from sightline.types import Evidence, ToolCall

    picture = load_image(PICTURE)
    page = guard.run(Page(*[("0123456789" * 4,)] * 200), picture, {}, timeout_s=1)
    evidence = (Evidence(id="e1", step=0, call=ToolCall(name="read_text"), result=page),)
    request = Request(question="?", pictures=(picture,), evidence=evidence, must_answer=True)
    plan = planner(vocabulary, 0).plan(request)
    assert plan.answer is not None
