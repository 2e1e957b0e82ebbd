"""Losses over pairs of replies, as functions of log-probabilities alone.

All take a `Pairs` and give float[P], one loss a pair. Sources: sigmoid (DPO), Rafailov et al. 2023, eq. 7;
IPO, Azar et al. 2023, eq. 17, of log-probabilities a token; hinge (SLiC), Zhao et al. 2023; dense DPO, Yu et
al. 2023 (RLHF-V); MPO, Wang et al. 2024, whose quality term is BCO, Jung et al. 2024.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

LEAST_MATCH = 3
"""Tokens. A shorter run that both replies share counts as changed, as in RLHF-V's code."""


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """Log-probabilities of replies, float[P], each summed over its tokens or weighed (`token_weights`)."""

    chosen: Tensor
    rejected: Tensor
    ref_chosen: Tensor
    ref_rejected: Tensor
    chosen_tokens: Tensor
    rejected_tokens: Tensor

    @property
    def chosen_ratio(self) -> Tensor:
        """How much likelier than under the reference, in nats."""
        return self.chosen - self.ref_chosen

    @property
    def rejected_ratio(self) -> Tensor:
        """How much likelier than under the reference, in nats."""
        return self.rejected - self.ref_rejected


PairLoss = Callable[[Pairs, float], Tensor]


def sigmoid(pairs: Pairs, beta: float) -> Tensor:
    """DPO: the chosen reply gains on the rejected one."""
    return -logsigmoid(beta * (pairs.chosen_ratio - pairs.rejected_ratio))


def ipo(pairs: Pairs, beta: float) -> Tensor:
    """IPO: the gain a token is drawn to 1 / (2 beta), and not beyond."""
    gain = pairs.chosen_ratio / pairs.chosen_tokens - pairs.rejected_ratio / pairs.rejected_tokens
    return (gain - 1 / (2 * beta)).square()


def hinge(pairs: Pairs, beta: float) -> Tensor:
    """SLiC on the same ratios: no loss beyond a gain of 1 / beta."""
    return (1 - beta * (pairs.chosen_ratio - pairs.rejected_ratio)).relu()


def quality(pairs: Pairs, beta: float, *, shift: float = 0.0) -> Tensor:
    """BCO: each reply judged by itself, against `shift`, a running mean of both sides' rewards."""
    up, down = beta * pairs.chosen_ratio - shift, beta * pairs.rejected_ratio - shift
    return -logsigmoid(up) - logsigmoid(-down)


def generation(pairs: Pairs) -> Tensor:
    """The chosen reply's own cross-entropy, nats a token."""
    return -pairs.chosen / pairs.chosen_tokens


def mpo(pairs: Pairs, beta: float, *, shift: float = 0.0) -> Tensor:
    """The mix of InternVL's MPO: 0.8 preference, 0.2 quality, 1 generation."""
    return 0.8 * sigmoid(pairs, beta) + 0.2 * quality(pairs, beta, shift=shift) + generation(pairs)


PAIR_LOSSES: dict[str, PairLoss] = {"sigmoid": sigmoid, "ipo": ipo, "hinge": hinge, "mpo": mpo}


def token_weights(chosen: Sequence[int], rejected: Sequence[int], gamma: float) -> tuple[Tensor, Tensor]:
    """Weights of both replies' tokens for dense DPO, float[N] and float[M], each summing to 1.

    Tokens outside the runs of at least `LEAST_MATCH` that both replies share weigh `gamma` times the others.
    Weighed sums of token log-probabilities go into `Pairs` in place of plain ones.
    """
    left, right = torch.full((len(chosen),), gamma), torch.full((len(rejected),), gamma)
    for block in SequenceMatcher(None, chosen, rejected, autojunk=False).get_matching_blocks():
        if block.size >= LEAST_MATCH:
            left[block.a : block.a + block.size] = 1.0
            right[block.b : block.b + block.size] = 1.0
    return left / left.sum(), right / right.sum()


def reward_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """Of a reward model: -log sigmoid(r_w - r_l), float[P]. Source: Ouyang et al. 2022, eq. 1."""
    return -logsigmoid(chosen - rejected)
