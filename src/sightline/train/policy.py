"""Policy gradients over replies: PPO and GRPO, as functions of log-probabilities, values and rewards alone.

Token tensors are float[B, T] with a mask bool[B, T] that is true on the tokens that the policy said.
Sources: PPO, Schulman et al. 2017, eq. 7, its value clipping as in Ziegler et al. 2019; GAE, Schulman et
al. 2016, eq. 16; GRPO, Shao et al. 2024, eqs. 3 and 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def group_advantages(rewards: Tensor, *, scale: bool = True, eps: float = 1e-4) -> Tensor:
    """How much better than its group's mean each reply is, float[G, K] for rewards float[G, K].

    Args:
        rewards: of K replies to each of G prompts.
        scale: by the group's standard deviation (n - 1), as GRPO has it; Dr. GRPO leaves it out.
        eps: added to the deviation.
    """
    gain = rewards - rewards.mean(1, keepdim=True)
    return gain / (rewards.std(1, keepdim=True) + eps) if scale else gain


def by_reply(values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Values of all replies' tokens, one reply after the other, as a row a reply.

    Args:
        values: float[N].
        lengths: int[R], tokens of each reply; N in all.

    Returns:
        float[R, T], zero behind a reply's end, and bool[R, T] where there is a token.
    """
    padded = nn.utils.rnn.pad_sequence(values.split(lengths.tolist()), batch_first=True)
    return padded, torch.arange(padded.shape[1], device=padded.device) < lengths[:, None]


def whiten(values: Tensor, mask: Tensor, *, eps: float = 1e-8) -> Tensor:
    """Values less their mean over the mask, over their deviation (n - 1) there; zero outside the mask."""
    kept = values[mask]
    spread = kept.std() if len(kept) > 1 else torch.zeros((), device=values.device)
    return (values - kept.mean()) / (spread + eps) * mask


def token_rewards(score: Tensor, logprobs: Tensor, reference: Tensor, mask: Tensor, *, beta: float) -> Tensor:
    """float[B, T]: minus `beta` times the log-ratio to the reference, and at the last token the score too.

    Args:
        score: float[B], of whole replies.
        logprobs: float[B, T], of the policy that said them.
        reference: float[B, T], of the model after SFT.
        mask: bool[B, T]; each row has a token.
        beta: price of a nat away from the reference.
    """
    rewards = -beta * (logprobs - reference) * mask
    last = mask.shape[1] - 1 - mask.flip(1).int().argmax(1)
    return rewards.scatter_add(1, last[:, None], score[:, None])


def gae(
    rewards: Tensor, values: Tensor, mask: Tensor, *, gamma: float = 1.0, lam: float = 0.95
) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimation.

    Args:
        rewards: float[B, T].
        values: float[B, T], what was expected from each token on.
        mask: bool[B, T], one run of true in each row.
        gamma: discount.
        lam: 0 looks one token ahead, 1 to the end.

    Returns:
        advantages and returns, float[B, T], zero outside the mask.
    """
    values = values * mask
    after = torch.zeros_like(values)
    after[:, :-1] = values[:, 1:]
    delta = (rewards + gamma * after - values) * mask
    ahead, columns = torch.zeros_like(rewards[:, 0]), []
    for t in reversed(range(rewards.shape[1])):
        ahead = delta[:, t] + gamma * lam * ahead * mask[:, t]
        columns.append(ahead)
    advantages = torch.stack(columns[::-1], 1) * mask
    return advantages, (advantages + values) * mask


def clipped_loss(logprobs: Tensor, old: Tensor, advantages: Tensor, *, clip: float = 0.2) -> Tensor:
    """PPO's policy loss at each token, float[B, T]: -min(r A, clip(r) A), r = exp(logprobs - old).

    `advantages`: float[B, T], or float[B, 1] where a reply has one.
    """
    ratio = (logprobs - old).exp()
    return -torch.minimum(ratio * advantages, ratio.clamp(1 - clip, 1 + clip) * advantages)


def value_loss(values: Tensor, old: Tensor, returns: Tensor, *, clip: float = 0.2) -> Tensor:
    """float[B, T]: half the larger squared error, of the value and of the value held near the old one."""
    near = old + (values - old).clamp(-clip, clip)
    return 0.5 * torch.maximum((values - returns).square(), (near - returns).square())


def kl_to_reference(logprobs: Tensor, reference: Tensor) -> Tensor:
    """GRPO's estimate of the divergence at each token: e^d - d - 1 of d = reference - logprobs, never < 0."""
    away = reference - logprobs
    return away.exp() - away - 1


def grpo_loss(
    logprobs: Tensor,
    old: Tensor,
    reference: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip: float = 0.2,
    beta: float = 0.04,
) -> Tensor:
    """float[B]: the mean over a reply's tokens of the clipped loss plus `beta` times the divergence.

    Args:
        logprobs: float[B, T], of the policy that learns.
        old: float[B, T], of the policy that said the replies.
        reference: float[B, T], of the model after SFT.
        advantages: float[B], see `group_advantages`.
        mask: bool[B, T].
        clip: how far a token's ratio may move.
        beta: price of the divergence.
    """
    token = clipped_loss(logprobs, old, advantages[:, None], clip=clip)
    token = token + beta * kl_to_reference(logprobs, reference)
    return (token * mask).sum(1) / mask.sum(1).clamp_min(1)
