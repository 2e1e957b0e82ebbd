"""Next-token cross-entropy over packed rows, and the log-probabilities of the replies in them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sightline.mllm.attention import PACKED, blocks_of
from sightline.mllm.masks import attention_mask
from sightline.mllm.model import SightlineForConditionalGeneration
from sightline.train.packing import Packed, targets


def hidden_states(model: SightlineForConditionalGeneration, packed: Packed) -> Tensor:
    """What the language model's last layer gives at every token, [B, T, D] in the model's precision."""
    embeddings = model.embed(packed.ids, packed.pixels)
    mask = attention_mask(packed.group, packed.branch, embeddings.dtype)
    language = model.language_model
    ours = language.config._attn_implementation == PACKED
    hidden: Tensor = language.get_decoder()(
        inputs_embeds=embeddings,
        attention_mask=mask,
        position_ids=packed.position,
        use_cache=False,
        **({"blocks": blocks_of(packed.group)} if ours else {}),
    ).last_hidden_state
    return hidden


def reply_logits(model: SightlineForConditionalGeneration, packed: Packed) -> tuple[Tensor, Tensor, Tensor]:
    """Logits where a reply token is predicted, float32[N, V], those tokens int[N], and bool[B, T] where.

    The head runs on those positions alone.
    """
    where, wanted = targets(packed)
    logits: Tensor = model.language_model.lm_head(hidden_states(model, packed)[where]).float()
    return logits, wanted, where


def reply_loss(model: nn.Module, packed: Packed) -> tuple[Tensor, float, dict[str, float]]:
    """Cross-entropy summed over the replies' tokens, their number, and exact replies by task."""
    assert isinstance(model, SightlineForConditionalGeneration)
    logits, wanted, where = reply_logits(model, packed)
    loss = nn.functional.cross_entropy(logits, wanted, reduction="sum")
    return loss, float(len(wanted)), exact_by_task(packed, where, logits.argmax(-1) == wanted)


def exact_by_task(packed: Packed, where: Tensor, right: Tensor) -> dict[str, float]:
    """By task: replies whose every token is predicted right from those before it, and all replies."""
    device = packed.ids.device
    row, column = where.nonzero(as_tuple=True)
    said = packed.task[row, column + 1] >= 0
    row, column, right = row[said], column[said] + 1, right[said]
    key = torch.stack([row, packed.group[row, column], packed.branch[row, column]], -1)
    replies, index = key.unique(dim=0, return_inverse=True)
    wrong = torch.zeros(len(replies), device=device).index_add_(0, index, (~right).float())
    task = torch.zeros(len(replies), dtype=torch.long, device=device)
    task.scatter_(0, index, packed.task[row, column])
    figures: dict[str, float] = {}
    for number, name in enumerate(packed.tasks):
        mine = task == number
        figures[f"all:{name}"] = float(mine.sum())
        figures[f"hit:{name}"] = float((wrong[mine] == 0).sum())
    return figures


@dataclass(frozen=True)
class ReplyTokens:
    """The tokens of all replies, rows first, then groups, then branches; N tokens of R replies."""

    ids: Tensor
    """int[N]"""
    logprobs: Tensor
    """float32[N], nats."""
    reply: Tensor
    """int[N], which reply a token is of, 0..R-1."""

    @property
    def lengths(self) -> Tensor:
        """Tokens of each reply, int[R]."""
        return self.reply.bincount()

    def total(self, weights: Tensor | None = None) -> Tensor:
        """Log-probability of each reply, float32[R]; `weights` float[N] weigh its tokens."""
        logprobs = self.logprobs if weights is None else self.logprobs * weights
        sums = torch.zeros(len(self.lengths), device=logprobs.device)
        return sums.index_add_(0, self.reply, logprobs)


def reply_tokens(model: SightlineForConditionalGeneration, packed: Packed) -> ReplyTokens:
    """What the model holds of each token of the replies."""
    return tokens_of(model, packed, hidden_states(model, packed))


def tokens_of(model: SightlineForConditionalGeneration, packed: Packed, hidden: Tensor) -> ReplyTokens:
    """As `reply_tokens`, from the last layer's output `hidden`, [B, T, D]."""
    where, wanted = targets(packed)
    logits = model.language_model.lm_head(hidden[where]).float()
    logprobs = logits.log_softmax(-1).gather(-1, wanted[:, None]).squeeze(-1)
    row, column = where.nonzero(as_tuple=True)
    key = torch.stack([row, packed.group[where], packed.branch[row, column + 1]], -1)
    return ReplyTokens(wanted, logprobs, key.unique(dim=0, return_inverse=True)[1])
