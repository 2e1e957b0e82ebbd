"""Episodes as packed rows: what is shared, what has a loss, what is left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat

import numpy as np
import pytest
from tests.planning.doubles import TOOLS, done, looked, objects, tokenizer

from sightline.planning.grammar import written
from sightline.planning.situation import evidence_parts, prompt_parts, question_parts, tools_parts
from sightline.planning.tokens import Tokens
from sightline.train.symbolic.batches import (
    Group,
    Round,
    Source,
    as_tokens,
    drawn,
    packed,
    situation_of,
)
from sightline.train.symbolic.episode import Branch, Episode

SEEN = done(2, "detect", objects("red", "red"), query="red squares")
ASK = "How many red squares are there?"
EPISODE = Episode(
    needs=("detect",),
    evidence=(looked("cup"),),
    branches=(
        Branch(question=ASK, reply='number: detect(query="red squares")', task="first"),
        Branch(question=ASK, reply="number: count of e2", task="answer", evidence=(SEEN,)),
        Branch(question="Is there a cup?", reply='yes/no: detect(query="cup")', task="first"),
    ),
)


@pytest.fixture(scope="module")
def tokens() -> Tokens:
    return Tokens(tokenizer())


def test_a_later_round_knows_the_kind_of_the_answer() -> None:
    first, later, _ = (situation_of(EPISODE, TOOLS, branch) for branch in EPISODE.branches)
    assert (first.kind, first.evidence) == ("", EPISODE.evidence)
    assert (later.kind, later.evidence) == ("number", (*EPISODE.evidence, SEEN))


def test_what_is_trained_is_what_is_decoded(tokens: Tokens) -> None:
    """Prefix and branch together are the prompt as the planner is given it, then the reply."""
    rejected: list[str] = []
    group = as_tokens(EPISODE, TOOLS, tokens, rejected)
    assert rejected == []
    assert group.prefix == tokens.pieces([*tools_parts(TOOLS), *evidence_parts(EPISODE.evidence)])
    for branch, (asked, said, task, allowed) in zip(EPISODE.branches, group.branches, strict=True):
        prompt = tokens.pieces(prompt_parts(situation_of(EPISODE, TOOLS, branch)))
        assert [*group.prefix, *asked] == prompt
        assert tokens.decode(said) == written(branch.reply)
        assert task == branch.task
        assert len(allowed) == len(said)
        assert all(token in options for token, options in zip(said, allowed, strict=True) if options)
    assert group.branches[0][0] == tokens.pieces(question_parts(ASK))


def test_a_reply_that_its_grammar_refuses_is_left_out_and_told(tokens: Tokens) -> None:
    wrong = (
        Branch(question=ASK, reply='number: detect(query="blue squares")', task="a"),
        Branch(question=ASK, reply="number: count of e3", task="b"),
    )
    rejected: list[str] = []
    episode = Episode(needs=(), evidence=EPISODE.evidence, branches=(*wrong, *EPISODE.branches))
    group = as_tokens(episode, TOOLS, tokens, rejected)
    assert [one.task for one in group.branches] == ["first", "answer", "first"]
    assert [told.partition(":")[0] for told in rejected] == ["a", "b"]


def group(prefix: int, *branches: tuple[int, int, str]) -> Group:
    """Of so many tokens: prefix, and asked and said of each branch."""
    return Group(
        prefix=list(range(1, prefix + 1)),
        branches=[
            Round([90 + i] * asked, [190 + i] * said, task, [(i, n) for n in range(said)])
            for i, (asked, said, task) in enumerate(branches)
        ],
    )


def test_a_row_in_full() -> None:
    groups = [group(3, (1, 2, "a"), (2, 1, "b")), group(2, (1, 1, "b"))]
    made = packed(_endless(groups), rows=1, length=14)
    batch = made.packed
    assert made.allowed == ((0, 0), (0, 1), (1, 0), (0, 0))
    assert batch.ids.tolist() == [[1, 2, 3, 90, 190, 190, 91, 91, 191, 1, 2, 90, 190]]
    assert batch.group.tolist() == [[1] * 9 + [2] * 4]
    assert batch.branch.tolist() == [[0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 0, 1, 1]]
    assert batch.position.tolist() == [[0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2, 3]]
    assert batch.loss.tolist() == [[0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1]]
    assert batch.task.tolist() == [[-1, -1, -1, -1, 0, 0, -1, -1, 1, -1, -1, -1, 1]]
    assert batch.tasks == ("a", "b")
    assert batch.pixels is None


def _endless(groups: Sequence[Group]) -> Iterator[Group]:
    yield from groups
    yield from repeat(group(3, (4, 4, "last")))


def test_a_branch_that_does_not_fit_is_left_out_and_a_group_opens_the_next_row() -> None:
    groups = [
        group(3, (2, 2, "a"), (9, 9, "long"), (1, 1, "b")),
        group(5, (2, 2, "c")),
        group(40, (1, 1, "d")),
    ]
    batch = packed(_endless(groups), rows=3, length=12).packed
    assert batch.ids[0].tolist() == [1, 2, 3, 90, 90, 190, 190, 92, 192, 0, 0]  # as wide as the fullest row
    assert batch.ids[1].tolist()[:9] == [1, 2, 3, 4, 5, 90, 90, 190, 190]
    assert batch.ids[2].tolist()[:11] == [1, 2, 3, *[90] * 4, *[190] * 4]
    assert batch.tasks == ("a", "b", "c", "last")


def test_a_group_without_a_reply_is_left_out() -> None:
    batch = packed(_endless([group(3), group(1, (1, 1, "a"))]), rows=1, length=12).packed
    assert batch.tasks == ("a",)


def test_no_more_branches_than_allowed() -> None:
    batch = packed(_endless([group(1, *[(1, 1, "a")] * 9)]), rows=1, length=20, most_branches=3).packed
    assert int(batch.branch[0, :9].max()) == 3
    assert batch.loss[0, :7].tolist() == [0, 0, 1, 0, 1, 0, 1]


def test_sources_are_drawn_by_their_shares() -> None:
    def make(rng: np.random.Generator) -> tuple[Episode, tuple[()]]:
        return EPISODE, ()

    mixture = (Source("a", 3.0, make), Source("b", 1.0, make), Source("never", 0.0, make))
    rng = np.random.default_rng(0)
    names = [drawn(mixture, rng)[0] for _ in range(400)]
    assert names.count("never") == 0
    assert 260 <= names.count("a") <= 340
