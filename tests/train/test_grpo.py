"""Replies of the model's own: rewards, log-probabilities, and a task that gets better by them alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sightline.errors import ConfigError
from sightline.mllm.chat import Branch, Call, Dialogue, Reply, ToolSpec, render, reply_ids
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.grpo import episode_loss, grpo
from sightline.train.losses import reply_tokens
from sightline.train.packing import pack_episodes
from sightline.train.recipe import Policy
from sightline.train.recipes.embedded import RECIPE as EMBEDDED
from sightline.train.rollouts import Episode, Sampling, play, reward

NewModel = Callable[[], SightlineForConditionalGeneration]
TwoMinds = Callable[[Dialogue], tuple[SightlineForConditionalGeneration, SightlineForConditionalGeneration]]

DETECT = ToolSpec(name="detect", params=(("query", "text"),), doc="finds objects")


def coin(answer: str, other: str = "") -> Dialogue:
    """A picture and a question; with `other`, the same question a second time with another answer."""
    image = np.full((32, 32, 3), 200, np.uint8)
    branches = [
        Branch(question="Heads or tails?", reply=Reply(answer=said), task="coin")
        for said in (answer, other)
        if said
    ]
    return Dialogue(images=(image,), branches=tuple(branches))


def played(model: SightlineForConditionalGeneration, v: Vocabulary, seed: int) -> Episode:
    sampling = Sampling(replies=3, questions=2, max_tokens=6)
    return play(model, v, coin("heads", "tails"), sampling, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (Reply(answer="heads"), 1.0),
        (Reply(thought="it fell so", answer="heads"), 1.0),
        (Reply(answer="tails"), 0.0),
        (Reply(calls=(Call(name="detect", args=(("query", "heads"),)),)), 0.0),
    ],
)
def test_a_reply_is_worth_its_outcome(said: Reply, right: float, vocabulary: Vocabulary) -> None:
    ids = reply_ids(vocabulary, said, ())
    branch = coin("heads").branches[0]
    assert reward(ids, branch, vocabulary, (DETECT,)) == right
    assert reward(ids[:-1], branch, vocabulary, (DETECT,)) == 0.0  # cut short
    assert reward([vocabulary.marks["user"], *ids], branch, vocabulary, (DETECT,)) == 0.0


@pytest.mark.parametrize(
    ("said", "worth"),
    [
        ("<20><20> red small circle; <60><30> blue large square", 1.0),
        ("<90><90> blue large square; <10><10> red small circle", 1.0),
        ("<20><20> red small circle", 2 / 3),
        ("<20><20> red small circle; <60><30> green large square", 0.5),
        ("<20><20> red small circle; <60><30> blue large square; <70><70> pink small cross", 0.8),
        ("<20><20> red large star", 0.0),
        ("nothing", 0.0),
    ],
)
def test_a_description_is_worth_the_objects_that_it_names(
    said: str, worth: float, vocabulary: Vocabulary
) -> None:
    true = "<20><20> red small circle; <60><30> blue large square"
    branch = Branch(question="Describe the image.", reply=Reply(answer=true), task="describe")
    ids = reply_ids(vocabulary, Reply(answer=said), ())
    assert reward(ids, branch, vocabulary, ()) == pytest.approx(worth)
    assert reward(ids[:-1], branch, vocabulary, ()) == 0.0  # cut short


def test_the_same_seed_plays_the_same_episode(new_model: NewModel, vocabulary: Vocabulary) -> None:
    model = new_model().eval()
    first, again, other = (played(model, vocabulary, seed) for seed in (1, 1, 2))
    assert first.replies == again.replies
    assert first.replies != other.replies
    assert first.rewards.shape == (2, 3)
    assert all(len(said) <= 6 for group in first.replies for said in group)


@pytest.mark.parametrize("length", [1024, 100])
def test_logprobs_of_packed_replies_are_those_of_each_alone(
    new_model: NewModel, vocabulary: Vocabulary, length: int
) -> None:
    model = new_model().eval()
    episodes = [played(model, vocabulary, seed) for seed in (1, 2)]
    packed = pack_episodes(episodes, vocabulary, length=length, side=128)
    assert (len(packed.ids) > 1) == (length == 100)
    with torch.no_grad():
        together = reply_tokens(model, packed).total()
        alone = []
        for episode in episodes:
            pixels = to_pixels([np.asarray(image) for image in episode.images], 128)
            for asked, group in zip(episode.asked, episode.replies, strict=True):
                for said in group:
                    ids = torch.tensor([[*episode.prefix, *asked, *said]])
                    logits = model(input_ids=ids, pixel_values=pixels).logits.log_softmax(-1)[0]
                    at = range(ids.shape[1] - len(said) - 1, ids.shape[1] - 1)
                    alone.append(sum(logits[i, t] for i, t in zip(at, said, strict=True)))
    torch.testing.assert_close(together, torch.stack(alone), atol=1e-4, rtol=1e-4)  # type: ignore[arg-type]


def test_a_row_too_short_for_a_reply_is_refused(new_model: NewModel, vocabulary: Vocabulary) -> None:
    episode = played(new_model().eval(), vocabulary, 1)
    with pytest.raises(ConfigError, match="a row holds 70"):
        pack_episodes([episode], vocabulary, length=70, side=128)


def test_a_model_of_two_minds_learns_which_answer_is_right(
    of_two_minds: TwoMinds, vocabulary: Vocabulary
) -> None:
    model, reference = of_two_minds(coin("heads", "tails"))
    policy = Policy(mixture=(), sampling=Sampling(replies=16, max_tokens=6), length=1024, beta=0.01)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    shares = []
    for step in range(60):
        optimizer.zero_grad()
        loss, count, figures = episode_loss(
            model, (step, (coin("heads"),)), reference=reference, vocabulary=vocabulary, policy=policy
        )
        (loss / count).backward()
        optimizer.step()
        shares.append(figures["hit:coin"] / figures["all:coin"])
    assert 0.2 < np.mean(shares[:4]) < 0.8
    assert np.mean(shares[-10:]) > 0.8


def test_the_question_is_rendered_as_it_is_trained(new_model: NewModel, vocabulary: Vocabulary) -> None:
    dialogue = coin("heads")
    episode = play(
        new_model().eval(), vocabulary, dialogue, Sampling(replies=2, max_tokens=2), torch.Generator()
    )
    rendered = render(dialogue, vocabulary, 64)
    ids, loss = rendered.branches[0]
    assert episode.prefix == rendered.prefix
    assert episode.asked[0] == [i for i, kept in zip(ids, loss, strict=True) if not kept]


def test_a_recipe_without_the_stage_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no stage grpo"):
        grpo(EMBEDDED, tmp_path, torch.device("cpu"))
