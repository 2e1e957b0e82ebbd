"""The whole mixture: every reply is one that the grammar allows, and every episode fits into a row."""

from __future__ import annotations

import numpy as np
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from sightline.planning.situation import MARKS
from sightline.planning.tokens import Tokens
from sightline.train.symbolic.batches import as_tokens, packed
from sightline.train.symbolic.mixture import sources

EACH = 3


def bytewise() -> Tokens:
    """A tokenizer with a token for each byte."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(mark, special=True) for mark in MARKS])
    return Tokens(tokenizer)


def test_replies_are_allowed_and_episodes_follow_from_their_seed() -> None:
    tokens, rejected, replies = bytewise(), list[str](), 0
    for source in sources():
        for seed in range(EACH):
            episode, tools = source.make(np.random.default_rng(seed))
            again, same = source.make(np.random.default_rng(seed))
            assert (episode, tools) == (again, same), source.name
            assert {tool.name for tool in tools}
            replies += len(episode.branches)
            group = as_tokens(episode, tools, tokens, rejected)
            assert len(group.prefix) < 12_000, source.name
    assert replies > 100
    assert len(rejected) <= 0.03 * replies, rejected


def test_rows_hold_whole_branches() -> None:
    tokens = bytewise()
    source = next(one for one in sources() if one.name == "photos")

    def groups():
        for seed in range(20):
            episode, tools = source.make(np.random.default_rng(seed))
            yield as_tokens(episode, tools, tokens, [])

    batch = packed(groups(), rows=1, length=9000).packed
    assert batch.ids.shape == (1, int((batch.group > 0).sum()))
    assert 8000 < batch.ids.shape[1] <= 9000
    said = batch.loss[0].bool()
    assert (batch.task[0][said] >= 0).all()
    assert (batch.branch[0][said] > 0).all()
