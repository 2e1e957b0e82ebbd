"""GRPO: the model answers questions in its own words, and the worlds say which replies are right.

Each step samples a group of replies to each question, and what was better than its group becomes likelier
(Shao et al. 2024). Replies are used once, on the policy that said them, so that the ratio to it starts at 1.
What is sampled follows from (seed, draw) and the weights, so a resumed run is the same run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.chat import Dialogue
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.loop import Plan, fit, to_device
from sightline.train.losses import ReplyTokens, reply_tokens
from sightline.train.mixtures import dialogues_batch
from sightline.train.packing import pack_episodes
from sightline.train.policy import group_advantages, grpo_loss
from sightline.train.recipe import Policy, Recipe
from sightline.train.rollouts import Episode, play
from sightline.train.stage import load_stage, save_stage

Prompts = tuple[int, tuple[Dialogue, ...]]
"""A seed for the sampling, and the dialogues to answer."""


def grpo(recipe: Recipe, run: Path, device: torch.device) -> Path:
    """From the model after DPO. Returns the folder of the model after GRPO.

    Raises `ConfigError` where the recipe has no such stage.
    """
    if recipe.grpo is None or recipe.policy is None:
        raise ConfigError(f"the recipe {recipe.name} has no stage grpo")
    return improve(recipe.dpo, recipe.grpo, recipe.policy, run, device)


def improve(before: Plan, plan: Plan, policy: Policy, run: Path, device: torch.device) -> Path:
    """GRPO from the model that the stage `before` left."""
    model, vocabulary = load_stage(before, run, device)
    reference, _ = load_stage(before, run, device)
    reference.train(False)
    reference.requires_grad_(False)
    make = partial(dialogues_batch, mixture=policy.mixture, count=policy.dialogues)
    loss = partial(episode_loss, reference=reference, vocabulary=vocabulary, policy=policy)
    fit(model, plan, make, loss, run)
    return save_stage(model, vocabulary, plan, run)


def episode_loss(
    model: nn.Module,
    prompts: Prompts,
    *,
    reference: SightlineForConditionalGeneration,
    vocabulary: Vocabulary,
    policy: Policy,
) -> tuple[Tensor, float, dict[str, float]]:
    """Play the dialogues, then GRPO's loss over all replies, summed, their number, and rewards by task."""
    assert isinstance(model, SightlineForConditionalGeneration)
    seed, dialogues = prompts
    generator = torch.Generator(model.device).manual_seed(seed)
    with _cached_attention(model):
        episodes = [play(model, vocabulary, one, policy.sampling, generator) for one in dialogues]
    side = model.config.vision_config.image_size
    packed = to_device(pack_episodes(episodes, vocabulary, length=policy.length, side=side), model.device)
    said = reply_tokens(model, packed)
    with torch.no_grad():
        was = reply_tokens(reference, packed)
    advantages = torch.cat([group_advantages(episode.rewards).flatten() for episode in episodes])
    logprobs, mask = _by_reply(said)
    loss = grpo_loss(
        logprobs,
        logprobs.detach(),
        _by_reply(was)[0],
        advantages.to(logprobs),
        mask,
        clip=policy.clip,
        beta=policy.beta,
    )
    return loss.sum(), float(len(loss)), _figures(episodes)


def _by_reply(tokens: ReplyTokens) -> tuple[Tensor, Tensor]:
    """Log-probabilities float32[R, T], and bool[R, T] where there is a token."""
    parts = tokens.logprobs.split(tokens.lengths.tolist())
    padded = nn.utils.rnn.pad_sequence(parts, batch_first=True)
    return padded, torch.arange(padded.shape[1], device=padded.device) < tokens.lengths[:, None]


def _figures(episodes: list[Episode]) -> dict[str, float]:
    """Replies that were right by task, and questions of whose replies some were right and some were not."""
    figures: dict[str, float] = {}
    for episode in episodes:
        for task, rewards in zip(episode.tasks, episode.rewards, strict=True):
            spread = float(rewards.max() > rewards.min())
            for name, hit, count in (
                (task, float(rewards.sum()), float(len(rewards))),
                ("right", float(rewards.sum()), float(len(rewards))),
                ("mixed", spread, 1.0),
            ):
                figures[f"hit:{name}"] = figures.get(f"hit:{name}", 0.0) + hit
                figures[f"all:{name}"] = figures.get(f"all:{name}", 0.0) + count
    return figures


@contextmanager
def _cached_attention(model: SightlineForConditionalGeneration) -> Iterator[None]:
    """The model in eval mode, with attention that goes with a cache."""
    attention, training = model.config.text_config._attn_implementation, model.training
    model.language_model.set_attn_implementation("sdpa")
    model.train(False)
    try:
        yield
    finally:
        model.language_model.set_attn_implementation(attention)
        model.train(training)
