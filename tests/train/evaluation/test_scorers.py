"""The scorers by hand: each rule that is easy to get wrong, and a second way to the same number."""

from __future__ import annotations

import re

import numpy as np
import pytest
from rapidfuzz.distance import Levenshtein

from sightline.train.evaluation import boxes, charts, choices, mathvision, mme, nlvr, pope, texts, vqa, wtq
from sightline.train.evaluation.judge import Duel, compare, parse, tally
from sightline.train.evaluation.scores import group_means, interval
from sightline.train.evaluation.tokens import tokenise


@pytest.mark.parametrize(
    ("reply", "read"),
    [("Yes, it is", "yes"), ("  no", "no"), ("I know", "other"), ("not so", "no"), ("It is: yes", "other")],
)
def test_mme_reads_four_characters(reply: str, read: str) -> None:
    assert mme.parse(reply) == read


@pytest.mark.parametrize(
    ("reply", "read"),
    [
        ("No, there is none.", "no"),
        ("There is not a dog", "no"),
        ("I see a cat. No dog.", "yes"),
        ("nothing", "yes"),
        ("cannot", "yes"),
    ],
)
def test_pope_reads_the_first_sentence(reply: str, read: str) -> None:
    assert pope.parse(reply) == read


def test_pope_against_a_count_of_all_four_cases() -> None:
    replies = ["yes"] * 5 + ["no"] * 3 + ["yes"] * 2 + ["no"] * 4 + [None]
    labels = ["yes"] * 8 + ["no"] * 7
    figures = pope.pope(replies, labels).figures
    # The row without a reply is a no that counts as a yes: true 5, missed 3, false 2 + 1.
    assert figures["precision"] == pytest.approx(100 * 5 / 8)
    assert figures["recall"] == pytest.approx(100 * 5 / 8)
    assert figures["F1"] == pytest.approx(100 * 5 / (5 + (3 + 3) / 2))
    assert figures["accuracy"] == pytest.approx(100 * 9 / 15)
    assert figures["yes_ratio"] == pytest.approx(100 * 8 / 15)


OPTIONS = ["a red cube", "two spheres", "nothing"]


@pytest.mark.parametrize(
    ("reply", "index"),
    [
        ("B", 1),
        ("(b)", None),
        ("B.", 1),
        ("B: two spheres", 1),
        ("The answer is (C).", 2),
        ("Answer: A", 0),
        ("two spheres", 1),
        ("I see two spheres there", 1),
        ("A red cube and two spheres", None),
        ("D", None),
        ("", None),
        ("A cat sat there", None),
    ],
)
def test_an_option_is_read_from_a_reply(reply: str, index: int | None) -> None:
    assert choices.parse(reply, OPTIONS) == index


def test_an_option_that_is_a_letter_wins_over_its_place() -> None:
    assert choices.parse("B", ["B", "A"]) == 0


def test_circular_needs_every_rotation() -> None:
    turned = choices.rotations(["x1", "y2", "z3"])
    assert turned == [("x1", "y2", "z3"), ("y2", "z3", "x1"), ("z3", "x1", "y2")]
    options, questions, golds = turned * 2, ["q"] * 3 + ["r"] * 3, ["x1"] * 6
    always_a = choices.circular(["A"] * 6, golds, choices=options, questions=questions)
    assert always_a.figures == {"circular": 0, "vanilla": 100}
    knows = choices.circular(["A", "C", "B", "A", "C", None], golds, choices=options, questions=questions)
    assert knows.figures == {"circular": 50, "vanilla": 100}
    assert knows.credits == (1, 1, 1, 0, 0, 0)


def test_one_shot_takes_one_number() -> None:
    scores = choices.one_shot(["7", "It is number 12.", "3 or 4", None, "17"], ["7", "12", "3", "1", "7"])
    assert scores.credits == (1, 1, 0, 0, 0)
    assert scores.figures == {"accuracy": 40, "error": 60}


def test_nlvr_consistency_is_of_statements() -> None:
    replies = ["true", "Yes.", "no", "false", "maybe", None, "True"]
    labels = ["true", "true", "false", "false", "true", "true", "true"]
    scores = nlvr.nlvr(replies, labels, statements=["a", "a", "b", "b", "c", "c", "c"])
    assert scores.credits == (1, 1, 1, 1, 0, 0, 1)
    assert scores.figures["consistency"] == pytest.approx(200 / 3)


@pytest.mark.parametrize(
    ("reply", "gold", "fits"),
    [
        ("104.9", "100", True),
        ("105.1", "100", False),
        ("105", "100", True),
        ("95", "100", True),
        ("-104", "-100", True),
        ("50%", "0.51", True),
        ("50%", "50", False),
        ("0", "0", True),
        ("0.0", "0", False),
        ("Blue ", "blue", True),
        ("100 people", "100", False),
        ("nan", "nan", True),
        ("inf", "100", False),
    ],
)
def test_relaxed_accuracy(reply: str, gold: str, fits: bool) -> None:
    assert charts.fits(reply, gold) is fits


def test_edit_distance_is_that_of_a_library() -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        a, b = ("".join(rng.choice(list("abc "), rng.integers(0, 9))) for _ in range(2))
        assert texts.distance(a, b) == Levenshtein.distance(a, b)


def test_anls_by_hand() -> None:
    scores = texts.anls(
        ["Hello  World", "abcd", "abxx", "abxxx", None],
        [["hello world"], ["abce", "x"], ["abcd"], ["abcde"], ["a"]],
    )
    assert scores.credits == pytest.approx((1, 0.75, 0.5, 0, 0))


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("RM 9.00", "9.00", True),
        ("$ 12", "12", True),
        ("9.0", "9.00", False),
        ("A B", "ab", True),
        ("RMX", "x", False),
    ],
)
def test_exact_forgives_three_things(a: str, b: str, same: bool) -> None:
    assert (texts.normalise(a) == texts.normalise(b)) is same


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The Dog!", "dog"),
        ("two", "2"),
        ("none", "0"),
        ("1,000", "1000"),
        ("a dont", "don't"),
        ("couldnt've", "couldn't've"),
        ("red/blue", "red blue"),
        ("red / blue", "red blue"),
        ("3.5", "3.5"),
        ("yes.", "yes"),
        ("U.S.A.", "usa"),
        ("hell", "hell"),
        ("she'll", "she'll"),
    ],
)
def test_vqa_normalises_as_officially(text: str, plain: str) -> None:
    assert vqa.normalise(text) == plain


def test_vqa_leaves_one_out() -> None:
    """Against the mean over all sets of nine, written out."""
    for same in range(11):
        golds = ["cat"] * same + [f"other{i}" for i in range(10 - same)]
        sets = [golds[:i] + golds[i + 1 :] for i in range(10)]
        by_hand = sum(min(1, left.count("cat") / 3) for left in sets) / 10
        assert vqa.credit("Cat.", golds) == pytest.approx(by_hand)
    assert vqa.credit("cat", ["cat"] * 3 + ["dog"] * 7) == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("reply", "unit", "box"),
    [
        ("[10, 20, 30, 40]", "px", (10, 20, 30, 40)),
        ("<box>(100,200),(500,900)</box>", "thousandths", (20, 20, 100, 90)),
        ("it is at 0.1, 0.2, 0.5, 1.0", "fraction", (20, 20, 100, 100)),
        ("[30, 20, 10, 40]", "px", None),
        ("10, 20 and 30", "px", None),
        ("nowhere", "px", None),
    ],
)
def test_boxes_are_read(reply: str, unit: boxes.Unit, box: boxes.Corners | None) -> None:
    found = boxes.parse(reply, (200, 100), unit)
    assert found == (pytest.approx(box) if box else None)


def test_refcoco_counts_from_a_half() -> None:
    gold = (0.0, 0.0, 10.0, 10.0)
    scores = boxes.refcoco([(0, 0, 10, 5), (0, 0, 10, 4.99), None, (20, 20, 30, 30)], [gold] * 4)
    assert scores.credits == (1, 0, 0, 0)


def test_iou_against_counted_cells() -> None:
    rng = np.random.default_rng(1)
    for _ in range(100):
        x1, y1, x2, y2 = (np.sort(rng.integers(0, 12, 2)) + np.array([0, 1]) for _ in range(4))
        a, b = (x1[0], y1[0], x1[1], y1[1]), (x2[0], y2[0], x2[1], y2[1])
        canvas = np.zeros((2, 14, 14), bool)
        for layer, (left, top, right, bottom) in zip(canvas, (a, b), strict=True):
            layer[top:bottom, left:right] = True
        assert boxes.iou(a, b) == pytest.approx((canvas[0] & canvas[1]).sum() / (canvas[0] | canvas[1]).sum())


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (r"\frac{1}{2}", "0.5", True),
        (r"2\sqrt{2}", "2.83", True),
        (r"\frac{3}{4}\pi", "2.36", True),
        ("-3", "3", False),
        ("a", "A", True),
        ("", "", False),
        ("two", "2", False),
        (r"\frac{1}{0}", "1", False),
    ],
)
def test_mathvision_compares_values(a: str, b: str, same: bool) -> None:
    assert mathvision.equal(a, b) is same


def test_mathvision_takes_an_option_by_letter_or_value() -> None:
    replies = ["So it is 12. The answer is (B).", r"hence $\boxed{12}$", r"\boxed{13}", None]
    scores = mathvision.mathvision(replies, ["B"] * 4, choices=[("11", "12", "13", "14", "15")] * 4)
    assert scores.credits == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("A dog's bowl isn't full.", "a dog 's bowl is n't full"),
        (
            'He said "no" (twice), e.g. in the U.S.-born group.',
            "he said no -lrb- twice -rrb- e.g. in the u.s.-born group",
        ),
        ("1,000 cats -- 7.5% cannot", "1,000 cats 7.5 % can not"),
        ("", ""),
    ],
)
def test_tokens_of_captions(text: str, tokens: str) -> None:
    assert tokenise(text).replace("``", "").replace("''", "") == tokens


def test_a_judge_counts_only_where_both_orders_agree() -> None:
    duel = Duel(question="What?", reference="a cat", first="a cat", second="a dog")

    def fair(prompt: str) -> str:
        a = re.search(r"<answer A>\n(.*)\n</answer A>", prompt)
        return "Because.\n[[A]]" if a and a[1] == "a cat" else "Because.\n[[B]]"

    assert compare(duel, fair) == "first"
    assert compare(Duel(question="?", reference="", first="a dog", second="a cat"), fair) == "second"
    assert compare(duel, lambda prompt: "[[A]]") == "none"  # always the first place
    assert compare(duel, lambda prompt: "[[C]]") == "tie"
    assert compare(duel, lambda prompt: "A is better") == "none"
    assert parse("[[A]] at first, but [[B]]") == "B"


def test_a_tally_leaves_out_what_is_no_verdict() -> None:
    shares = tally(["first", "first", "second", "tie", "none"])
    assert shares == {"first": 40, "second": 20, "tie": 20, "none": 20, "win_rate": 62.5}


def test_an_interval_is_over_groups() -> None:
    credits, groups = [1.0, 1.0, 1.0, 0.0] * 25, [f"{i}" for i in range(100)]
    alone = interval(credits, groups)
    assert alone.mean == 0.75
    # The normal approximation: 0.75 -+ 1.96 * sqrt(0.75 * 0.25 / 100).
    assert (alone.low, alone.high) == pytest.approx((0.665, 0.835), abs=0.015)
    together = interval(credits, [f"{i // 20}" for i in range(100)])
    assert together.mean == pytest.approx(0.75)
    assert together.low == together.high == pytest.approx(0.75)  # every group is alike
    assert interval(credits, groups) == alone
    uneven = [i / 100 for i in range(100)]
    assert interval(uneven, groups, seed=1) != interval(uneven, groups)
    assert group_means([1, 0, 1], ["a", "b", "a"]) == [1, 0]


def test_voc_ap_by_hand() -> None:
    truth = {"a": [(0.0, 0.0, 9.0, 9.0), (20.0, 0.0, 29.0, 9.0)], "b": [(0.0, 0.0, 9.0, 9.0)]}
    scores = {("a", 0.0): 0.9, ("b", 50.0): 0.8, ("a", 20.0): 0.7}
    found = [boxes.Found(image=i, box=(x, 0.0, x + 9, 9.0), score=s) for (i, x), s in scores.items()]
    # Precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3.
    assert boxes.voc_ap(truth, found) == pytest.approx((1 + 2 / 3) / 3)
    assert boxes.voc_ap(truth, found, eleven=True) == pytest.approx((4 * 1 + 3 * 2 / 3) / 11)
    # A box once: right, wrong, wrong, wrong, right, wrong.
    assert boxes.voc_ap(truth, [*found, *found]) == pytest.approx((1 + 2 / 5) / 3)
    assert (boxes.voc_ap({}, found), boxes.voc_ap(truth, [])) == (0, 0)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (["José  Dias"], ["Jose Dias"]),
        (["1,234"], ["1234.0"]),
        (["+5"], ["5"]),
        (["b (x)", "A"], ["a", "B"]),
        (["a", "a"], ["a"]),
        (["September 20, 2007"], ["2007-09-20"]),
    ],
)
def test_wtq_counts_as_the_same(said: list[str], answer: list[str]) -> None:
    assert wtq.same_wtq(said, answer)
    assert wtq.same_wtq(answer, said)


@pytest.mark.parametrize(
    ("said", "answer"), [(["a"], ["a", "b"]), (["1"], ["1.1"]), ([], []), (["xx-09-20"], ["2007-09-20"])]
)
def test_wtq_counts_as_different(said: list[str], answer: list[str]) -> None:
    assert not wtq.same_wtq(said, answer)


def test_wtq_puts_quotes_remarks_and_footnotes_aside() -> None:
    assert wtq.normalized('"Pilot" (part 1)[3]') == "pilot"
