"""Checks of an answer against the evidence, and how an answer gets its value and boxes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.agent.answers import evidence_score, make_answer, typed
from sightline.agent.planners import Plan
from sightline.agent.verify import quoted_spans, verify
from sightline.types import (
    Box,
    Detection,
    Detections,
    Evidence,
    Frame,
    Payload,
    Status,
    Step,
    TextLines,
    TextSpan,
    ToolCall,
    ToolResult,
)

FRAME = Frame(image="a" * 64, width=100, height=100)


def evidence(number: int, payload: Payload | None, status: Status = "ok", message: str = "") -> Evidence:
    result = ToolResult(status=status, payload=payload, message=message)
    return Evidence(id=f"e{number}", step=0, call=ToolCall(name="tool"), result=result)


def things(n: int, score: float = 0.9) -> Detections:
    items = tuple(
        Detection(label="circle", score=score, box=Box(x1=i, y1=0, x2=i + 1, y2=1, frame=FRAME))
        for i in range(n)
    )
    return Detections(query="circles", items=items)


def text(*rows: tuple[str, ...]) -> TextLines:
    return TextLines(
        rows=tuple(
            tuple(
                TextSpan(text=t, score=0.8, box=Box(x1=i, y1=y, x2=i + 1, y2=y + 1, frame=FRAME))
                for i, t in enumerate(row)
            )
            for y, row in enumerate(rows)
        )
    )


def verdicts(question: str, plan: Plan, *found: Evidence) -> dict[str, bool]:
    return {check.name: check.passed for check in verify(question, plan, found)}


def test_cites_must_exist_and_have_found_something_out() -> None:
    failed = evidence(2, None, "error", "broke")
    assert verdicts("?", Plan(answer="red", cites=("e1",)), evidence(1, things(1))) == {"cites": True}
    assert verdicts("?", Plan(answer="red", cites=("e7",)), evidence(1, things(1))) == {"cites": False}
    assert verdicts("?", Plan(answer="red", cites=("e2",)), evidence(1, things(1)), failed) == {
        "cites": False
    }
    assert verdicts("?", Plan(answer="red")) == {}


@pytest.mark.parametrize(
    ("answer", "counts", "passed"),
    [
        ("3", (3,), True),
        ("2", (3,), False),
        ("0", (0,), True),
        ("5", (3, 2), True),
        ("1", (3, 2), True),
        ("3", (3, 2), True),
        ("4", (3, 2), False),
    ],
)
def test_a_count_is_compared_with_the_boxes(answer: str, counts: tuple[int, ...], passed: bool) -> None:
    found = [evidence(i, things(n), "ok" if n else "empty") for i, n in enumerate(counts, 1)]
    plan = Plan(answer=answer, cites=tuple(e.id for e in found))
    assert verdicts("How many circles are there?", plan, *found)["count"] is passed


def test_a_number_that_is_read_is_not_counted() -> None:
    plan = Plan(answer="12", quote=True, cites=("e1",))
    assert "count" not in verdicts("How many items?", plan, evidence(1, text(("Items", "12"))))
    assert "count" not in verdicts(
        "What does it cost?", Plan(answer="9", cites=("e1",)), evidence(1, things(2))
    )


@pytest.mark.parametrize(
    ("question", "n", "answer", "passed"),
    [
        ("Is there a circle?", 2, "yes", True),
        ("Is there a circle?", 0, "yes", False),
        ("is there a circle", 2, "no", False),
        ("Can you see a circle?", 0, "no", True),
        ("Does the picture show a circle?", 1, "no", False),
        ("Are there more than two circles?", 1, "no", None),
        ("Is the circle left of the square?", 1, "no", None),
        ("Are there as many circles as squares?", 0, "yes", None),
        ("Is the circle large?", 1, "no", None),
    ],
)
def test_yes_and_no_of_existence_are_compared_with_what_was_found(
    question: str, n: int, answer: str, passed: bool | None
) -> None:
    found = evidence(1, things(n), "ok" if n else "empty")
    assert verdicts(question, Plan(answer=answer, cites=("e1",)), found).get("existence") is passed


def test_a_failed_call_says_nothing_about_existence() -> None:
    unsupported = evidence(1, None, "unsupported", "no class dog")
    assert "existence" not in verdicts("Is there a dog?", Plan(answer="no", cites=("e1",)), unsupported)


def test_a_quotation_stands_in_the_text_to_the_letter() -> None:
    page = evidence(1, text(("Tea", "2.50"), ("TOTAL", "12.50")))
    assert verdicts("?", Plan(answer="12.50", quote=True, cites=("e1",)), page)["quotation"]
    assert verdicts("?", Plan(answer="TOTAL | 12.50", quote=True, cites=("e1",)), page)["quotation"]
    (check,) = [
        c for c in verify("?", Plan(answer="TOTAl 12.60", quote=True, cites=("e1",)), [page]) if not c.passed
    ]
    assert 'the nearest is "TOTAL | 12.50"' in check.detail
    assert "% alike" in check.detail
    assert not verdicts("?", Plan(answer="x", quote=True), page)["quotation"]


@pytest.mark.parametrize(
    ("thought", "answer", "passed"),
    [
        ("3 + 4", "7", True),
        ("3 + 4", "8", False),
        ("2 * 3 + 4", "10", True),
        ("2.50 + 1.25 = 3.75", "3.75", True),
        ("2.50 + 1.25 = 3.85", "3.85", False),
        ("1 / 0", "5", False),
        ("0.1 + 0.2", "0.3", True),
        ("3 is more than 2", "yes", True),
        ("<57> is less than <23>", "yes", False),
        ("the date is 2024-01-05", "5", None),
        ("call 555 - 1234", "555 - 1234", True),
        ("", "7", None),
    ],
)
def test_arithmetic_of_a_thought_is_calculated_again(thought: str, answer: str, passed: bool | None) -> None:
    assert verdicts("?", Plan(thought=thought, answer=answer)).get("arithmetic") is passed


@given(st.lists(st.integers(0, 999), min_size=2, max_size=5))
def test_any_right_sum_passes_and_any_wrong_one_fails(numbers: list[int]) -> None:
    thought = " + ".join(map(str, numbers))
    assert verdicts("?", Plan(thought=thought, answer=str(sum(numbers))))["arithmetic"]
    assert not verdicts("?", Plan(thought=thought, answer=str(sum(numbers) + 1)))["arithmetic"]


def test_cannot_tell_claims_nothing() -> None:
    assert verify("How many?", Plan(answer="cannot tell", cites=("e9",)), []) == ()


def test_a_quotation_finds_its_spans() -> None:
    page = text(("Tea", "12.50"), ("2.50",), ("NET", "TOTAL"), ("9.99",))

    def said(quote: str) -> list[str]:
        return [span.text for span in quoted_spans(quote, page)]

    assert said("2.50") == ["2.50"], "a word of its own is preferred to a part of 12.50"
    assert said("12.5") == ["12.50"]
    assert said("NET | TOTAL") == ["NET", "TOTAL"]
    assert said("TOTAL 9.99") == ["TOTAL", "9.99"]
    assert said("TOTAL\n9.99") == ["TOTAL", "9.99"]
    assert said("nowhere") == []
    assert said(" ") == []


@given(st.lists(st.text(alphabet="ab1. |", max_size=6), min_size=1, max_size=6))
def test_each_span_of_a_text_can_be_quoted(words: list[str]) -> None:
    page = text(*[(word,) for word in words])
    for word in words:
        if word.split():
            assert quoted_spans(word, page)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("yes", True),
        ("No", False),
        ("3", 3),
        ("-2", -2),
        ("12.50", 12.5),
        ("1,234.50", 1234.5),
        ("1,234", 1234),
        ("0123", "0123"),
        ("1,23", "1,23"),
        ("RM 9.00", "RM 9.00"),
        ("12/03/2024", "12/03/2024"),
        ("red", "red"),
        ("nan", "nan"),
    ],
)
def test_values_are_typed(said: str, value: object) -> None:
    assert typed(said) == value
    assert type(typed(said)) is type(value)


def test_confidence_is_the_planners_times_the_mean_score_of_what_is_cited() -> None:
    found = [evidence(1, things(2, 0.5)), evidence(2, things(3, 0.1)), evidence(3, text(("a", "b")))]
    assert evidence_score(found[:1], Plan(answer="2")) == pytest.approx(0.5)
    answer = make_answer("?", Plan(answer="2", cites=("e1", "e3"), confidence=0.9), found, original=FRAME)
    assert answer.confidence == pytest.approx(0.9 * (0.5 * 2 + 0.8 * 2) / 4)
    assert len(answer.boxes) == 4


def test_confidence_is_also_that_of_the_rounds_which_the_answer_stands_on() -> None:
    found = [
        evidence(1, text(("a",))),
        evidence(2, None, "error", "broke"),
        evidence(3, things(0), "empty"),
    ]
    steps = [
        Step(index=n, evidence=(f"e{n + 1}",), confidence=sure) for n, sure in enumerate((0.9, 0.1, 0.5))
    ]
    steps.append(Step(index=3, answer="no", confidence=0.2))
    cited = make_answer("?", Plan(answer="no", cites=("e3",)), found, original=FRAME, steps=steps)
    assert cited.confidence == pytest.approx(0.9 * 0.5)
    left = make_answer("?", Plan(answer="a", cites=("e1",)), found, original=FRAME, steps=steps)
    assert left.confidence == pytest.approx(0.9 * 0.8)


def test_an_empty_answer_is_cannot_tell() -> None:
    answer = make_answer("?", Plan(answer="  "), [], original=FRAME)
    assert (answer.text, answer.status, answer.value) == ("cannot tell", "cannot_tell", None)
