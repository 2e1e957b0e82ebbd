"""The everyday questions are whole, and `examples/everyday_score.py` calls right what is right."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from everyday_score import days, numbers, right

KINDS = {"number", "yes/no", "name", "text", "date", "money", "list", "place", "color", "description"}
GROUPS = {"photo", "chart", "receipt", "table", "drawing", "micrograph"}
NEEDED = {"pack", "image", "question", "answers", "kind", "group", "cannot_tell"}


@pytest.fixture(scope="module")
def rows(root: Path) -> list[dict[str, Any]]:
    return json.loads((root / "examples" / "everyday.json").read_text(encoding="utf-8"))


def row(kind: str, *answers: str, **more: Any) -> dict[str, Any]:
    return {"question": "q?", "answers": list(answers), "kind": kind, "cannot_tell": False} | more


def test_the_rows_are_whole(rows: list[dict[str, Any]]) -> None:
    for one in rows:
        assert one.keys() >= NEEDED
        assert one.keys() <= NEEDED | {"must_have", "must_not", "tolerance"}
        assert one["kind"] in KINDS
        assert one["group"] in GROUPS
        assert one["answers"]
        assert one["question"].strip() == one["question"]
        assert one["cannot_tell"] or one["kind"] not in ("list", "description") or one["must_have"]
    assert len({(one["image"], one["question"]) for one in rows}) == len(rows)


def test_the_set_is_as_large_as_said(rows: list[dict[str, Any]]) -> None:
    pictures = Counter((one["pack"], one["image"]) for one in rows)
    assert (len(rows), len(pictures)) == (150, 60)
    assert set(pictures.values()) == {2, 3}
    assert sum(one["cannot_tell"] for one in rows) == 20


def test_an_accepted_answer_is_right(rows: list[dict[str, Any]]) -> None:
    for one in rows:
        for said in one["answers"]:
            if one["cannot_tell"]:
                assert right(one, "", "cannot_tell")
                assert not right(one, said, "answered")
            else:
                assert right(one, said, "answered")
                assert right(one, said.upper() + ".", "answered")
                assert not right(one, said, "cannot_tell")
                assert not right(one, said, "failed")


def test_silence_and_nonsense_are_wrong(rows: list[dict[str, Any]]) -> None:
    for one in rows:
        assert not right(one, "", "answered")
        assert not right(one, "a walrus playing 987,654 flutes", "answered")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,534 people", [1534]),
        ("23 443 yards", [23443]),
        ("In 2019 378.8", [2019, 378.8]),
        ("RM.50", [0.5]),
        ("RM 7,10", [7.1]),
        ("-$3.04", [-3.04]),
        ("2012-2014", [2012, 2014]),
        ("two giraffes", [2]),
        ("none", [0]),
        ("some", []),
    ],
)
def test_the_numbers_in_a_text(text: str, found: list[float]) -> None:
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("2018-04-03", ["2018-04-03"]),
        ("3/4/18", ["2018-03-04", "2018-04-03"]),
        ("13.09.2017", ["2017-09-13"]),
        ("3rd Apr 2018, 18:33", ["2018-04-03"]),
        ("September 13, 2017", ["2017-09-13"]),
        ("yesterday", []),
    ],
)
def test_the_days_in_a_text(text: str, readings: list[str]) -> None:
    assert sorted(str(one) for mention in days(text) for one in mention) == readings


@pytest.mark.parametrize(
    ("one", "said", "expected"),
    [
        (row("number", "7"), "There are 7 of them.", True),
        (row("number", "7"), "7 or 8", False),
        (row("number", "7"), "7.1", False),
        (row("number", "7", tolerance=0.02), "7.1", True),
        (row("number", "7", tolerance=0.02), "7.2", False),
        (row("number", "12", question="And in 2014?"), "In 2014 it was 12%.", True),
        (row("money", "1250"), "€1,250.00", True),
        (row("money", "1250"), "12.50", False),
        (row("date", "2018-04-03"), "03/04/2018", True),
        (row("date", "2018-04-03"), "2018-04-04", False),
        (row("date", "2018-04-03"), "3 April 2018 or 5 May 2018", False),
        (row("date", "2018"), "It was 2018, with 394.1.", True),
        (row("date", "2018"), "2018 and 2019", False),
        (row("date", "2020 S2"), "in 2020-S2", True),
        (row("yes/no", "no"), "There are no lions.", True),
        (row("yes/no", "no"), "No, there aren't.", True),
        (row("yes/no", "no"), "An elephant in front.", False),
        (row("yes/no", "yes"), "Yes, it does not matter where.", True),
        (row("color", "gray", "silver"), "light grey", True),
        (row("color", "gray"), "gray and red", False),
        (row("color", "gray"), "not gray", False),
        (row("name", "HSBC"), "It is the HSBC!", True),
        (row("name", "HSBC"), "HSBC or Tesco", False),
        (row("name", "HSBC"), "HSBC and Tesco", False),
        (row("name", "Mr. D.I.Y."), "MR DIY", True),
        (row("text", "8:00"), "8:00 pm", True),
        (row("text", "8"), "8:15", False),
        (row("place", "right", must_not=["left"]), "on the right", True),
        (row("place", "right", must_not=["left"]), "right of the left one", False),
        (row("place", "bottom left", must_have=["bottom|lower", "left"]), "in the lower left corner", True),
        (row("list", "Ann; Bob", must_have=["ann", "bob"]), "Bob, Ann", True),
        (row("list", "Ann; Bob", must_have=["ann", "bob"]), "Ann", False),
        (row("list", "Ann; Bob", must_have=["ann", "bob"]), "Ann, Bob, and Carl", False),
        (row("list", "Ann; Bob", must_have=["ann", "bob"]), "Bob (12) and Ann (7)", True),
        (row("description", "a dog runs", must_have=["dog|puppy", "run|runs"]), "Two puppys run", True),
        (row("description", "a dog runs", must_have=["dog|puppy", "run|runs"]), "A dog sleeps", False),
    ],
)
def test_what_is_right(one: dict[str, Any], said: str, expected: bool) -> None:
    assert right(one, said, "answered") is expected
