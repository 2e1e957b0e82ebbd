"""Balancing, core sets and the words that ask for a form of answer."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from tests.train.data.conftest import conversations, image

from sightline.train.data.balance import (
    FORMAT_PROMPTS,
    answer_type,
    balance_yes_no,
    concepts_of,
    core_set,
    task_concepts,
    task_of,
    with_format_prompts,
    yes_no,
)
from sightline.train.data.rows import Row, ask


def polls() -> list[Row]:
    said = ["yes"] * 7 + ["No."] * 3 + ["A cat."]
    return [ask(f"r{n}", f"Is it {n}?", answer, image(0)) for n, answer in enumerate(said)]


def test_yes_and_no_as_often() -> None:
    kept = balance_yes_no(polls(), seed=0)
    assert Counter(map(yes_no, kept)) == {"yes": 3, "no": 3, None: 1}
    assert kept == [row for row in polls() if row in kept]
    assert balance_yes_no(polls(), seed=0) == kept
    assert any(balance_yes_no(polls(), seed=seed) != kept for seed in range(1, 5))


def test_the_rarer_answer_repeated() -> None:
    kept = balance_yes_no(polls(), seed=0, how="repeat")
    assert Counter(map(yes_no, kept)) == {"yes": 7, "no": 7, None: 1}
    assert len({row.id for row in kept}) == len(kept)
    assert set(polls()) <= set(kept)


def test_one_answer_alone() -> None:
    only = polls()[:5]
    assert balance_yes_no(only, seed=0, how="repeat") == only
    assert balance_yes_no(only, seed=0) == []


def worth(rows: Sequence[Row]) -> float:
    held = Counter(cell for row in rows for cell in task_concepts(row))
    return sum(math.sqrt(n) for n in held.values())


def test_a_core_set_is_near_the_best_one() -> None:
    rng = np.random.default_rng(0)
    words = ["cat", "dog", "tree", "car", "boat", "house", "lamp"]
    for _ in range(12):
        rows = [
            ask(
                f"{n}",
                ("What is", "Where is", "How many are")[int(rng.integers(3))]
                + " the "
                + " ".join(rng.choice(words, int(rng.integers(1, 4)), replace=False)),
                "so",
            )
            for n in range(9)
        ]
        chosen = core_set(rows, 4)
        assert len(chosen) == 4
        best = max(map(worth, itertools.combinations(rows, 4)))
        assert worth(chosen) >= (1 - 1 / math.e) * best
        assert worth(chosen) >= 0.9 * best  # what greedy gives in practice
        assert core_set(rows, 4) == chosen


def test_a_core_set_takes_what_is_rare() -> None:
    common = [ask(f"c{n}", "What colour is the cat?", "red") for n in range(50)]
    rare = [
        ask("rare1", "Where is the boat?", "left"),
        ask("rare2", "How many lamps and tables are there?", "2"),
    ]
    assert {"rare1", "rare2"} <= {row.id for row in core_set([*common, *rare], 3)}
    assert core_set(common, 100) == common


def test_what_a_row_is_about() -> None:
    row = ask("a", "How many red cats are there?", "Three cats.", image(0))
    assert task_of(row) == "how many"
    assert concepts_of(row) == {"red", "cats", "three"}


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("Is it?", "Yes.", "yes_no"),
        ("How many?", "12", "number"),
        ("How much?", "$1,200.50", "number"),
        ("Share?", "12.5%", "number"),
        ("Which?\nA. cat\nB. dog", "B", "option"),
        ("Which?\n(A) cat\n(B) dog", "(A)", "option"),
        ("Which letter is shown?", "B", "short"),
        ("What is it?", "a red star.", "short"),
        ("What is it?", "It is a red star beside a dog.", "long"),
    ],
)
def test_answer_types(question: str, answer: str, kind: str) -> None:
    assert answer_type(question, answer) == kind


def test_the_prompt_stands_once_and_the_answer_stays() -> None:
    row = ask("a", "How many?", "12", image(0))
    once = with_format_prompts(row)
    assert once.turns[0].text == "<image>\nHow many?\nAnswer the question using a single word or phrase."
    assert once.turns[1] == row.turns[1]
    assert with_format_prompts(once) == once
    long = conversations()[3]
    both = zip(long.turns, with_format_prompts(long).turns, strict=True)
    added = [new.text.removeprefix(old.text) for old, new in both]
    assert added[0] == ""
    assert set(added) <= {"", "\n" + FORMAT_PROMPTS["short"]}
