"""GRPO: the model answers questions in its own words, and the worlds say which replies are right.

Each step samples a group of replies to each question, and what was better than its group becomes likelier
(Shao et al. 2024). Replies are used once, on the policy that said them, so that the ratio to it starts at 1.
What is sampled follows from (seed, draw) and the weights, so a resumed run is the same run.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.attention import cached_attention
from sightline.mllm.chat import Dialogue
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.loop import fit, to_device
from sightline.train.losses import reply_tokens
from sightline.train.mixtures import dialogues_batch
from sightline.train.packing import pack_episodes
from sightline.train.policy import by_reply, group_advantages, grpo_loss
from sightline.train.recipe import Policy, Recipe
from sightline.train.rollouts import play, right_by_task
from sightline.train.stage import load_folder, load_stage, save_stage

Prompts = tuple[int, tuple[Dialogue, ...]]
"""A seed for the sampling, and the dialogues to answer."""


def grpo(recipe: Recipe, run: Path, device: torch.device, *, start: Path | None = None) -> Path:
    """From the model after DPO, or that of `start`. Returns the folder of the model after GRPO.

    Raises `ConfigError` where the recipe has no such stage.
    """
    plan, policy = recipe.grpo, recipe.policy
    if plan is None or policy is None:
        raise ConfigError(f"the recipe {recipe.name} has no stage grpo")
    load = partial(load_folder, start) if start else partial(load_stage, recipe.dpo, run)
    model, vocabulary = load(device)
    reference, _ = load(device)
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
    with cached_attention(model):
        episodes = [play(model, vocabulary, one, policy.sampling, generator) for one in dialogues]
    side = model.config.vision_config.image_size
    packed = to_device(pack_episodes(episodes, vocabulary, length=policy.length, side=side), model.device)
    said = reply_tokens(model, packed)
    with torch.no_grad():
        was = reply_tokens(reference, packed)
    advantages = torch.cat([group_advantages(episode.rewards).flatten() for episode in episodes])
    logprobs, mask = by_reply(said.logprobs, said.lengths)
    loss = grpo_loss(
        logprobs,
        logprobs.detach(),
        by_reply(was.logprobs, was.lengths)[0],
        advantages.to(logprobs),
        mask,
        clip=policy.clip,
        beta=policy.beta,
    )
    return loss.sum(), float(len(loss)), right_by_task(episodes)
