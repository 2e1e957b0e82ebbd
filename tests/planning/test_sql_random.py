"""What chance says within the grammar of SQL is taken by the real engine, but for what does not fit."""

from __future__ import annotations

from collections import Counter

import numpy as np
from tests.planning.doubles import Chance, tokenizer

from sightline.planning.choices import pieces
from sightline.planning.decode import Decoder
from sightline.planning.sql import SqlGrammar
from sightline.planning.sql_relations import sql_relations
from sightline.planning.tokens import Tokens
from sightline.train.symbolic.batches import situation_of
from sightline.train.symbolic.episode import run_query
from sightline.train.symbolic.mixture import sources

NO_FIT = (
    "No function matches", "Cannot compare values", "Could not convert", "Unimplemented type for cast",
    "expected format is", "divides by zero", "out of range for", "Conversion Error",
)  # fmt: skip
"""Errors of types that do not fit, of zero below a line, and of numbers that grow too large."""

NOT_HELD = (
    "GROUP BY clause", "cannot contain aggregates", "ORDER term out of range", "Subquery returns",
    "Referenced table",
)  # fmt: skip
"""What the grammar says though the engine refuses it whatever is read. A kind that is new is a fault."""


def test_the_engine_knows_every_name_and_sign() -> None:
    rng, tokens = np.random.default_rng(11), Tokens(tokenizer())
    makes = {source.name: source.make for source in sources()}
    kinds = Counter[str]()
    for seed in range(22):
        episode, tools = makes[("tables", "charts", "tables", "charts", "documents")[seed % 5]](rng)
        branch = max(episode.branches, key=lambda one: len(one.evidence))
        situation = situation_of(episode, tools, branch)
        relations = [r for r in sql_relations(situation.evidence, branch.question) if r.name != "objects"]
        if not relations:
            continue
        grammar = SqlGrammar(relations, branch.question)
        said = Decoder(Chance(seed, tokens.size), tokens).decide(("",), grammar.steps()).text
        assert "".join(pieces(said, grammar.steps())[0]) == said
        result = run_query(said.removesuffix(")"), situation.evidence)
        fits = [kind for kind in (*NO_FIT, *NOT_HELD) if kind in result.message]
        assert result.status in ("ok", "empty") or fits, (said, result.message)
        kinds[result.status] += 1
    assert kinds.total() >= 12
    assert kinds["ok"] >= 2
