"""PPO: the model answers questions in its own words, and is drawn to what is rewarded and not far from SFT.

    sightline train ppo --recipe tiny --run runs/tiny        after `pretrain`, `sft` and `reward`

Source: Schulman et al. 2017; on language models Ziegler et al. 2019, Sun et al. 2023 (LLaVA-RLHF). A reply
is worth what the world says (1 for right) or what the reward model says; each of its tokens pays for its
log-ratio to the model after SFT. A linear head on the policy's own states says what to expect; advantages are
GAE's, whitened over the micro-batch. What was sampled is used for `epochs` updates, with both losses clipped.
The tiny recipe's four steps take seconds on a CPU and teach nothing; expect a loss around 0 and `kl` near 0.

What is sampled follows from (seed, draw) and the weights. A checkpoint stands between two samplings, so a
resumed run is the same run.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from sightline.errors import ConfigError
from sightline.mllm.attention import cached_attention
from sightline.mllm.chat import Dialogue
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.mllm.tokenizer import Vocabulary
from sightline.train.loop import Plan, fit, process_group, to_device
from sightline.train.losses import ReplyTokens, hidden_states, reply_tokens, tokens_of
from sightline.train.mixtures import Mixture, dialogues_batch
from sightline.train.packing import Packed, pack_episodes, targets
from sightline.train.policy import by_reply, clipped_loss, gae, token_rewards, value_loss, whiten
from sightline.train.recipe import PPOPolicy, Recipe
from sightline.train.reward import RewardModel, load_reward, scalar_head
from sightline.train.rollouts import Episode, play, right_by_task
from sightline.train.stage import load_stage, save_stage


class ActorCritic(nn.Module):
    """The policy, and a float32 linear head on its states that says what is still to come, 0 at first."""

    def __init__(self, model: SightlineForConditionalGeneration) -> None:
        super().__init__()
        self.model = model
        self.head = scalar_head(model)

    def forward(self, packed: Packed) -> tuple[ReplyTokens, Tensor]:
        """The replies' tokens, and the value float32[N] of the state in which each was said."""
        hidden = hidden_states(self.model, packed)
        where, _ = targets(packed)
        values: Tensor = self.head(hidden[where].float()).squeeze(-1)
        return tokens_of(self.model, packed, hidden), values


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """Dialogues to answer.

    Args:
        slot: which of the step's micro-batches this is.
        epoch: how many updates were made on its replies before.
        seed: for the sampling.
        dialogues: the same in all epochs.
    """

    slot: int
    epoch: int
    seed: int
    dialogues: tuple[Dialogue, ...]


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """Replies, and what was thought of them when they were sampled: float32[R, T] and bool[R, T]."""

    packed: Packed
    old: Tensor
    values: Tensor
    advantages: Tensor
    returns: Tensor
    mask: Tensor
    figures: dict[str, float]


def ppo(recipe: Recipe, run: Path, device: torch.device) -> Path:
    """From the model after SFT. Returns the folder of the model after PPO.

    Raises `ConfigError` where the recipe has no such stage, or saves amid the epochs of its replies.
    """
    plan, policy = recipe.ppo, recipe.ppo_policy
    if plan is None or policy is None:
        raise ConfigError(f"the recipe {recipe.name} has no stage ppo")
    _check(plan, policy)
    model, vocabulary = load_stage(recipe.sft, run, device)
    reference, _ = load_stage(recipe.sft, run, device)
    reference.train(False)
    loss = PPOLoss(reference.requires_grad_(False), vocabulary, policy, _judge(recipe, policy, run, device))
    each = process_group()[1] * plan.accumulate
    make = partial(
        prompts_batch, mixture=policy.mixture, count=policy.dialogues, epochs=policy.epochs, each=each
    )
    fit(ActorCritic(model), plan, make, loss, run)
    return save_stage(model, vocabulary, plan, run)


def _check(plan: Plan, policy: PPOPolicy) -> None:
    if plan.save_every % policy.epochs or plan.steps % policy.epochs:
        raise ConfigError(
            f"{plan.name}: {plan.steps} steps, saved each {plan.save_every}, "
            f"must be whole rounds of {policy.epochs} epochs"
        )


def _judge(recipe: Recipe, policy: PPOPolicy, run: Path, device: torch.device) -> RewardModel | None:
    if policy.reward == "world":
        return None
    if recipe.reward is None:
        raise ConfigError(f"the recipe {recipe.name} has no stage reward, which its ppo asks for")
    return load_reward(recipe.reward, run, device)


def prompts_batch(seed: int, draw: int, *, mixture: Mixture, count: int, epochs: int, each: int) -> Prompts:
    """The prompts of a draw: the same for `epochs` steps of `each` draws."""
    step, slot = divmod(draw, each)
    dice, dialogues = dialogues_batch(seed, step // epochs * each + slot, mixture=mixture, count=count)
    return Prompts(slot=slot, epoch=step % epochs, seed=dice, dialogues=dialogues)


class PPOLoss:
    """The loss of a micro-batch. It keeps what was sampled until its epochs are over.

    Args:
        reference: the model after SFT, frozen.
        vocabulary: of both.
        policy: see `PPOPolicy`.
        judge: a reward model; None where the world rewards.
    """

    def __init__(
        self,
        reference: SightlineForConditionalGeneration,
        vocabulary: Vocabulary,
        policy: PPOPolicy,
        judge: RewardModel | None = None,
    ) -> None:
        self.reference, self.vocabulary, self.policy, self.judge = reference, vocabulary, policy, judge
        self._kept: dict[int, Rollout] = {}

    def __call__(self, actor: nn.Module, prompts: Prompts) -> tuple[Tensor, float, dict[str, float]]:
        """The loss summed over the replies' tokens, their number, and figures."""
        assert isinstance(actor, ActorCritic)
        if prompts.epoch == 0:
            self._kept[prompts.slot] = self.sample(actor, prompts)
        rollout, policy = self._kept[prompts.slot], self.policy
        said, value = actor(rollout.packed)
        logprobs, mask = by_reply(said.logprobs, said.lengths)
        values, _ = by_reply(value, said.lengths)
        loss = clipped_loss(logprobs, rollout.old, rollout.advantages, clip=policy.clip)
        loss = loss + policy.value_weight * value_loss(
            values, rollout.values, rollout.returns, clip=policy.value_clip
        )
        moved = ((logprobs.detach() - rollout.old).exp() - 1).abs() > policy.clip
        figures = {"hit:clipped": float((moved & mask).sum()), "all:clipped": float(mask.sum())}
        return loss[mask].sum(), float(mask.sum()), rollout.figures | figures

    @torch.no_grad()
    def sample(self, actor: ActorCritic, prompts: Prompts) -> Rollout:
        """Play the dialogues with the policy as it is now, and judge the replies."""
        model, policy = actor.model, self.policy
        generator = torch.Generator(model.device).manual_seed(prompts.seed)
        with cached_attention(model):
            episodes = [
                play(model, self.vocabulary, one, policy.sampling, generator) for one in prompts.dialogues
            ]
        side = model.config.vision_config.image_size
        packed = pack_episodes(episodes, self.vocabulary, length=policy.length, side=side)
        packed = to_device(packed, model.device)
        said, value = actor(packed)
        was = reply_tokens(self.reference, packed)
        old, mask = by_reply(said.logprobs, said.lengths)
        score = self.score(episodes, packed)
        before, values = by_reply(was.logprobs, was.lengths)[0], by_reply(value, said.lengths)[0]
        rewards = token_rewards(score, old, before, mask, beta=policy.kl)
        advantages, returns = gae(rewards, values, mask, gamma=policy.gamma, lam=policy.lam)
        figures = {"hit:score": float(score.sum()), "hit:kl": float((old - before).sum())}
        counts = {"all:score": float(len(score)), "all:kl": float(len(score))}
        return Rollout(
            packed=packed,
            old=old,
            values=values,
            advantages=whiten(advantages, mask),
            returns=returns,
            mask=mask,
            figures=right_by_task(episodes) | figures | counts,
        )

    def score(self, episodes: list[Episode], packed: Packed) -> Tensor:
        """What each reply is worth, float32[R]; to a judge, one that was cut is worth `cut_penalty` less."""
        if self.judge is None:
            return torch.cat([one.rewards.flatten() for one in episodes]).to(packed.ids.device)
        eos = self.vocabulary.marks["eos"]
        cut = [ids[-1] != eos for one in episodes for group in one.replies for ids in group]
        worth: Tensor = self.judge(packed)
        return worth - self.policy.cut_penalty * torch.tensor(cut, device=worth.device).float()
