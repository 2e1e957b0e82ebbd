"""Replies that a model samples of its own to the questions of a dialogue, and what they are worth.

Every question of a dialogue is asked over one encoding of the images and notes that they share. Replies
are sampled from all tokens but the image's, without the grammar: what is trained is the policy that spoke.
"""

from __future__ import annotations

import copy
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from sightline.mllm.chat import Branch, Dialogue, Reply, ToolSpec, notes_ids, prompt_prefix, question_ids
from sightline.mllm.grammar import parse
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.processor import to_pixels
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.worlds.scene_dialogues import looks_in


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How replies are sampled.

    Args:
        replies: to each question.
        questions: of each dialogue, the first ones.
        max_tokens: of a reply; one that is longer is cut, and worth nothing.
        temperature: of the distribution that is sampled; the policy is this distribution at 1.
    """

    replies: int = 8
    questions: int = 4
    max_tokens: int = 48
    temperature: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Episode:
    """A dialogue's prefix and, for each question, its ids and the replies to it.

    `rewards` is float[Q, K]; `tasks` names each question's task.
    """

    prefix: list[int]
    images: tuple[object, ...]
    asked: list[list[int]]
    replies: list[list[list[int]]]
    rewards: Tensor
    tasks: tuple[str, ...]


def right_by_task(episodes: Sequence[Episode]) -> dict[str, float]:
    """Replies that were right by task, and questions of whose replies some were right and some were not."""
    figures: dict[str, float] = defaultdict(float)
    for episode in episodes:
        for task, rewards in zip(episode.tasks, episode.rewards, strict=True):
            for name in (task, "right"):
                figures[f"hit:{name}"] += float(rewards.sum())
                figures[f"all:{name}"] += len(rewards)
            figures["hit:mixed"] += float(rewards.max() > rewards.min())
            figures["all:mixed"] += 1
    return dict(figures)


@torch.no_grad()
def play(
    model: SightlineForConditionalGeneration,
    vocabulary: Vocabulary,
    dialogue: Dialogue,
    sampling: Sampling,
    generator: torch.Generator,
) -> Episode:
    """Sample replies to a dialogue's questions and reward them.

    Args:
        model: whose attention works with a cache.
        vocabulary: of the model.
        dialogue: its branches' own replies are the right ones.
        sampling: how many, how long.
        generator: the same state gives the same episode on the same machine.
    """
    v, branches = vocabulary, dialogue.branches[: sampling.questions]
    prefix = prompt_prefix(
        v, dialogue.tools, len(dialogue.images), dialogue.notes, model.config.tokens_per_image
    )
    cache = read(model, prefix, dialogue.images)
    asked = [[*notes_ids(v, branch.notes), *question_ids(v, branch.question)] for branch in branches]
    replies = [sample(model, copy.deepcopy(cache), ids, sampling, v.marks["eos"], generator) for ids in asked]
    rewards = [
        [reward(ids, branch, v, dialogue.tools) for ids in group]
        for branch, group in zip(branches, replies, strict=True)
    ]
    return Episode(
        prefix=prefix,
        images=dialogue.images,
        asked=asked,
        replies=replies,
        rewards=torch.tensor(rewards),
        tasks=tuple(branch.task or "other" for branch in branches),
    )


def read(
    model: SightlineForConditionalGeneration, prefix: list[int], images: Sequence[object]
) -> DynamicCache:
    """The cache after a prompt's prefix; the model's attention must work with one."""
    cache = DynamicCache(config=model.config.text_config)
    pixels = None
    if images:
        pixels = to_pixels([np.asarray(image) for image in images], model.config.vision_config.image_size)
        pixels = pixels.to(model.device, model.dtype)
    embeddings = model.embed(torch.tensor([prefix], device=model.device), pixels)
    model(inputs_embeds=embeddings, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return cache


def sample(
    model: SightlineForConditionalGeneration,
    cache: DynamicCache,
    asked: list[int],
    sampling: Sampling,
    eos: int,
    generator: torch.Generator,
) -> list[list[int]]:
    """`sampling.replies` replies to one question, each up to `<eos>` or to `max_tokens`.

    `cache` holds what stands before the question, for one row; it is used up.
    """
    cache.batch_repeat_interleave(sampling.replies)
    ids = torch.tensor([asked] * sampling.replies, device=model.device)
    said: list[Tensor] = []
    done = torch.zeros(sampling.replies, dtype=torch.bool, device=model.device)
    while len(said) < sampling.max_tokens and not bool(done.all()):
        logits = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1).logits
        logits = logits[:, -1].float() / sampling.temperature
        logits[:, model.config.image_token_id] = -torch.inf  # stands for pixels, of which a reply has none
        chances = logits.softmax(-1)
        ids = torch.multinomial(chances, 1, generator=generator)
        said.append(ids[:, 0].masked_fill(done, eos))
        done = done | (ids[:, 0] == eos)
    rows = torch.stack(said, 1).tolist()
    return [row[: row.index(eos) + 1] if eos in row else row for row in rows]


def reward(ids: Sequence[int], branch: Branch, vocabulary: Vocabulary, tools: Sequence[ToolSpec]) -> float:
    """1 for the right calls or the right answer, whatever was thought and cited on the way; else 0.

    A description earns the F1 of the objects that it names, wherever it says they are.
    """
    if not ids or ids[-1] != vocabulary.marks["eos"]:
        return 0.0
    try:
        said = parse(ids, vocabulary, tools)
    except ValueError:
        return 0.0
    if branch.task == "describe" and said.answer and branch.reply.answer:
        return agreement(said.answer, branch.reply.answer)
    return float(_outcome(said) == _outcome(branch.reply))


def agreement(said: str, wanted: str) -> float:
    """The F1 of the objects that two descriptions name, 0..1."""
    named, held = Counter(looks_in(said)), Counter(looks_in(wanted))
    return 2 * (named & held).total() / max(named.total() + held.total(), 1)


def _outcome(reply: Reply) -> Reply:
    return replace(reply, thought="", cites=(), quote=False)
