"""Replies of the model's own, set right where they first go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from sightline.mllm.chat import Branch, Call, Dialogue, Note, Reply, question_ids, reply_ids
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.dpo import dpo, pair_loss
from sightline.train.loop import Plan
from sightline.train.losses import reply_tokens
from sightline.train.mixtures import dialogues_batch
from sightline.train.online_dpo import first_mistake, first_mistakes, own_pairs_loss, set_right
from sightline.train.packing import pack_episodes
from sightline.train.recipe import Played, Preference, Recipe
from sightline.train.recipes.tiny import RECIPE
from sightline.train.rollouts import Episode, Sampling

NewModel = Callable[[], SightlineForConditionalGeneration]
TwoMinds = Callable[[Dialogue], tuple[SightlineForConditionalGeneration, SightlineForConditionalGeneration]]
Stage = Callable[[Recipe, Path, torch.device], Path]
Resumed = Callable[[Stage, Plan, Path], tuple[dict[str, Tensor], dict[str, Tensor]]]

HELD = "<10><20> red small circle; <50><60> blue large star; <80><10> green small cross"


def dialogue(task: str = "describe", *answers: str, notes: tuple[Note, ...] = ()) -> Dialogue:
    image = np.full((32, 32, 3), 200, np.uint8)
    branches = tuple(
        Branch(question="What is it?", reply=Reply(answer=answer), task=task) for answer in answers or (HELD,)
    )
    return Dialogue(images=(image,), branches=branches, notes=notes)


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (HELD, HELD),
        # Places as they were said, where they are near.
        (
            "<12><15> red small circle; <49><61> blue large star; <80><10> green small cross",
            "<12><15> red small circle; <49><61> blue large star; <80><10> green small cross",
        ),
        # A thing that was left out comes where it belongs, one that is not there goes.
        ("<10><20> red small circle; <79><10> green small cross", HELD.replace("<80>", "<79>")),
        (f"{HELD}; <90><90> pink large star", HELD),
        # Wrong looks are mended in place.
        ("<11><20> red small square; <50><60> blue large star", HELD.replace("<10><20>", "<11><20>")),
        # Of two lines for one thing the first stays, unless the second alone has its looks.
        ("<11><20> red small circle; <10><20> red small circle", HELD.replace("<10><20>", "<11><20>")),
        ("<11><20> pink small circle; <12><20> red small circle", HELD.replace("<10><20>", "<12><20>")),
        # Six bins away is elsewhere.
        ("<16><20> red small circle", HELD),
        ("no description at all", HELD),
    ],
)
def test_a_description_is_set_right(said: str, right: str) -> None:
    assert set_right(said, HELD) == right


@pytest.mark.parametrize(
    ("said", "shared", "good", "bad"),
    [
        (HELD.replace("; <50><60> blue large star", ""), "<10><20> red small circle;", "<50>", "<80>"),
        (f"<07><90> pink large star; {HELD}", "", "<10>", "<07>"),
        (HELD.replace("red small", "red large"), "<10><20> red", "small", "large"),
        (HELD.split(";")[0], "<10><20> red small circle", ";", "<eos>"),
    ],
)
def test_the_first_mistake_is_one_token(
    said: str, shared: str, good: str, bad: str, vocabulary: Vocabulary
) -> None:
    ids = reply_ids(vocabulary, Reply(answer=said), ())
    found = first_mistake(ids, dialogue().branches[0], dialogue(), vocabulary)
    assert found is not None
    before, right, wrong = found
    assert vocabulary.decode(before).removeprefix("<answer>").strip() == shared
    assert (vocabulary.decode([right]).strip(), vocabulary.decode([wrong]).strip()) == (good, bad)


def test_what_is_right_or_cut_short_is_no_mistake(vocabulary: Vocabulary) -> None:
    ids = reply_ids(vocabulary, Reply(answer=HELD), ())
    assert first_mistake(ids, dialogue().branches[0], dialogue(), vocabulary) is None
    assert first_mistake(ids[:-9], dialogue().branches[0], dialogue(), vocabulary) is None


def test_an_answer_goes_wrong_where_it_leaves_the_right_one(vocabulary: Vocabulary) -> None:
    note = Note(id="n1", call=Call(name="read"), text="It fell on heads.")
    asked = dialogue("coin", "heads", notes=(note,))
    (branch,) = asked.branches
    thought = reply_ids(vocabulary, Reply(thought="it fell so", answer="heads"), ())
    assert first_mistake(thought, branch, asked, vocabulary) is None  # a right answer, in its own way
    tails = reply_ids(vocabulary, Reply(answer="tails"), ())
    before, right, wrong = first_mistake(tails, branch, asked, vocabulary) or ([], 0, 0)
    assert [*before, right] == reply_ids(vocabulary, Reply(answer="heads"), ())[: len(before) + 1]
    assert [*before, wrong] == tails[: len(before) + 1]
    quoting = replace(branch, reply=Reply(answer="fell on heads", quote=True))
    right_ids = reply_ids(vocabulary, quoting.reply, (note,))
    assert (first_mistake(tails, quoting, asked, vocabulary) or ([], 0, 0))[1] == right_ids[1]


def test_pairs_are_single_tokens_after_what_was_said(new_model: NewModel, vocabulary: Vocabulary) -> None:
    """Their log-probabilities are those of the same tokens in the whole replies."""
    asked = dialogue("describe", HELD, HELD)
    said = [
        reply_ids(vocabulary, Reply(answer=text), ())
        for text in (HELD, HELD.replace("blue", "green"), HELD.replace("blue", "green"), HELD.split(";")[1])
    ]
    question = question_ids(vocabulary, "What is it?")
    played = Episode(
        prefix=[vocabulary.marks["bos"]],
        images=(),
        asked=[question, question],
        replies=[said[:3], said[3:]],
        rewards=torch.zeros(2, 3),
        tasks=("describe", "describe"),
    )
    pairs = first_mistakes(played, asked, vocabulary)
    assert [len(group) for group in pairs.replies] == [2, 2]  # the same reply counts once
    model = new_model().eval()
    with torch.no_grad():
        alone = reply_tokens(model, pack_episodes([pairs], vocabulary, length=256, side=128))
        whole = reply_tokens(model, pack_episodes([played], vocabulary, length=256, side=128))
    assert alone.lengths.tolist() == [1, 1, 1, 1]
    place = len(pairs.asked[0]) - len(question)
    torch.testing.assert_close(alone.logprobs[1], whole.logprobs[whole.reply == 1][place])


def test_a_model_of_two_minds_learns_which_answer_is_right(
    of_two_minds: TwoMinds, vocabulary: Vocabulary
) -> None:
    """By the preference alone: nothing is imitated."""
    model, reference = of_two_minds(dialogue("coin", "heads", "tails"))
    preference = Preference(anchor=0.0, beta=0.2)
    own = Played(mixture=(), sampling=Sampling(replies=16, max_tokens=6), length=1024)
    beside = partial(pair_loss, reference=reference, preference=preference)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    shares = []
    for step in range(50):
        optimizer.zero_grad()
        loss, count, figures = own_pairs_loss(
            model, (step, (dialogue("coin", "heads"),)), vocabulary=vocabulary, own=own, loss=beside
        )
        (loss / max(count, 1)).backward()
        optimizer.step()
        shares.append(figures["hit:coin"] / figures["all:coin"])
    assert 0.2 < np.mean(shares[:4]) < 0.8
    assert np.mean(shares[-10:]) > 0.85


def test_a_run_that_was_cut_off_says_the_same(after_sft: Path, resumed: Resumed) -> None:
    own = Played(
        mixture=(("covered", 1.0),), dialogues=2, sampling=Sampling(replies=2, questions=1, max_tokens=8)
    )

    def stage(recipe: Recipe, run: Path, device: torch.device) -> Path:
        return dpo(replace(recipe, own_pairs=own), run, device)

    whole, again = resumed(stage, RECIPE.dpo, after_sft)
    for name, value in whole.items():
        assert torch.equal(again[name], value)


def test_the_same_draw_gives_the_same_loss(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model().eval()
    own = Played(mixture=(), dialogues=2, sampling=Sampling(replies=2, questions=1, max_tokens=8))
    prompts = dialogues_batch(3, 5, mixture=(("covered", 1.0),), count=2)
    beside = partial(pair_loss, reference=model, preference=Preference())
    first, again = (
        own_pairs_loss(model, prompts, vocabulary=vocabulary, own=own, loss=beside) for _ in range(2)
    )
    assert torch.equal(first[0], again[0])
    assert first[1:] == again[1:]
