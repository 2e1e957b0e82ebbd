"""Online DPO: the model speaks for itself, and each reply is set right at its first mistake.

At each step it samples replies to the worlds' questions. Where a reply leaves what the world holds, the pair
is the token that would have been right against the token that was said, after all that was said before; the
loss is DPO's on that pair (on the model's own samples as in Guo et al. 2024; from the first mistake, as in
Lai et al. 2024, Step-DPO). Whole replies are not compared: what comes after a guess lowers the loss most
easily where it does not matter, such as in the guess's colour. What is sampled follows from (seed, draw) and
the weights, so a resumed run is the same run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from sightline.mllm.attention import cached_attention
from sightline.mllm.chat import Branch, Dialogue, Reply, reply_ids
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.grpo import Prompts
from sightline.train.loop import to_device
from sightline.train.packing import pack_episodes
from sightline.train.parallel import Loss
from sightline.train.recipe import Played
from sightline.train.rollouts import Episode, play, reward, right_by_task

NEAR = 5
"""Bins of 1 % within which a place that was said, along each axis, is that of a thing."""
_LINE = re.compile(r"<(\d\d)><(\d\d)> ([^;<]+)")


def own_pairs_loss(
    model: nn.Module,
    prompts: Prompts,
    *,
    vocabulary: Vocabulary,
    own: Played,
    loss: Loss,
) -> tuple[Tensor, float, dict[str, float]]:
    """Play the dialogues, then `loss` over the pairs of first mistakes, summed, their number, and rewards."""
    assert isinstance(model, SightlineForConditionalGeneration)
    seed, dialogues = prompts
    generator = torch.Generator(model.device).manual_seed(seed)
    with cached_attention(model):
        played = [play(model, vocabulary, one, own.sampling, generator) for one in dialogues]
    right = right_by_task(played)
    pairs = [first_mistakes(*both, vocabulary) for both in zip(played, dialogues, strict=True)]
    pairs = [one for one in pairs if one.replies]
    if not pairs:
        return torch.zeros((), device=model.device, requires_grad=True), 0.0, right
    side = model.config.vision_config.image_size
    packed = to_device(pack_episodes(pairs, vocabulary, length=own.length, side=side), model.device)
    total, count, figures = loss(model, packed)
    return total, count, {**right, **figures}


def first_mistakes(episode: Episode, dialogue: Dialogue, vocabulary: Vocabulary) -> Episode:
    """Of each wrong reply: what was said before its first mistake, the right token there, and the one said.

    Replies that say the same count once. The rewards are 1 for what is right and 0 for what was said.
    """
    asked, replies, tasks = [], [], []
    for before, said, branch in _distinct(episode, dialogue.branches):
        pair = first_mistake(said, branch, dialogue, vocabulary)
        if pair:
            shared, right, wrong = pair
            asked.append([*before, *shared])
            replies.append([[right], [wrong]])
            tasks.append(branch.task or "other")
    rewards = torch.tensor([[1.0, 0.0]] * len(replies))
    return replace(episode, asked=asked, replies=replies, rewards=rewards, tasks=tuple(tasks))


def _distinct(episode: Episode, branches: Sequence[Branch]) -> Iterator[tuple[list[int], list[int], Branch]]:
    """(question's ids, reply's ids, branch) of each reply that says something new."""
    for asked, group, branch in zip(episode.asked, episode.replies, branches, strict=False):
        for said in dict.fromkeys(map(tuple, group)):
            yield asked, list(said), branch


def first_mistake(
    said: Sequence[int], branch: Branch, dialogue: Dialogue, vocabulary: Vocabulary
) -> tuple[list[int], int, int] | None:
    """Where a reply leaves the right one: the tokens before, the right token, the one said.

    A description is measured against `set_right`, every other reply against the branch's own. None for a
    reply that is right, and for one that was cut short before it went wrong.
    """
    wanted = branch.reply
    if branch.task == "describe" and wanted.answer is not None:
        wanted = Reply(answer=set_right(vocabulary.decode(list(said)), wanted.answer))
    elif reward(said, branch, vocabulary, dialogue.tools) == 1:
        return None
    right = reply_ids(vocabulary, wanted, (*dialogue.notes, *branch.notes))
    for place, (good, bad) in enumerate(zip(right, said, strict=False)):
        if good != bad:
            return right[:place], good, bad
    return None


def set_right(said: str, wanted: str) -> str:
    """The description that was wanted, with the places that were said where they are within `NEAR`.

    A thing takes the place of the first line that is near, has its looks if any has, and is not taken.
    """
    free = _lines(said)
    right = []
    for y, x, looks in _lines(wanted):
        near = [one for one in free if max(abs(one[0] - y), abs(one[1] - x)) <= NEAR]
        if near:
            taken = min(near, key=lambda one: one[2] != looks)
            free.remove(taken)
            y, x, _ = taken
        right.append(f"<{y:02d}><{x:02d}> {looks}")
    return "; ".join(right)


def _lines(text: str) -> list[tuple[int, int, str]]:
    """(y, x, looks) of each line of a description."""
    return [(int(y), int(x), looks.strip()) for y, x, looks in _LINE.findall(text)]
