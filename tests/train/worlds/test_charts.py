"""Charts: answers against a table of facts, exact geometry against the pixels, what is held out."""

import re
from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from sightline.train.worlds.chart_draw import draw_chart
from sightline.train.worlds.chart_layout import marks
from sightline.train.worlds.chart_patterns import read_form
from sightline.train.worlds.chart_questions import ask_chart, chart_sample, holds_held_out, is_held_out
from sightline.train.worlds.chart_wordings import BOOK
from sightline.train.worlds.charts import HELD_OUT, KINDS, make_chart


def _many(count, split="train", side=6):
    for seed in range(count):
        rng = np.random.default_rng(seed)
        chart = make_chart(rng, split, KINDS[seed % len(KINDS)])
        yield chart, ask_chart(rng, chart, side, split)


def _facts(chart):
    """(series name, category) -> value."""
    return {
        (series.name, category): Fraction(number, 10**chart.decimals)
        for series in chart.series
        for category, number in zip(chart.categories, series.values, strict=True)
    }


def _named(text, names):
    """(place, name) of the names that stand in a text; the longest wins where they overlap."""
    found = []
    for name in sorted({n for n in names if n}, key=len, reverse=True):
        for match in re.finditer(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
            if not any(a < match.end() and match.start() < b for a, b, _ in found):
                found.append((match.start(), match.end(), name))
    return [name for _, _, name in sorted(found)]


def _without_fixed(chart, text):
    return text.replace(chart.fixed, "") if chart.fixed else text


def _cells(chart, text):
    """The values of the cells that a text names, in its order: pairs of a series and a category."""
    text = _without_fixed(chart, text)
    categories = _named(text, chart.categories)
    series = _named(text, [s.name for s in chart.series]) or [""] * len(categories)
    facts = _facts(chart)
    return [facts[pair] for pair in zip(series, categories, strict=True)]


def _row(chart, text):
    """Category -> value of the series that a text names, or of the only one."""
    (name,) = set(_named(_without_fixed(chart, text), [s.name for s in chart.series])) or {""}
    return {category: value for (series, category), value in _facts(chart).items() if series == name}


def _wants_most(text):
    return not re.search(r"lowest|smallest|minimum|comes last|ranks last|how low|bottom one", text.lower())


def _derive(chart, asked):
    text, key = asked.question, asked.wording.split("/")[0]
    if key in ("find_category", "sum stack", "difference gap"):
        return _derive_across(chart, text, key)
    if key in ("retrieve", "sum", "difference", "average", "ratio", "compare"):
        return _derive_cells(chart, text, key)
    if key in ("extremum", "extremum value", "order", "difference ends", "average all"):
        return _derive_row(chart, text, key)
    if key == "count above":
        number = Fraction(re.findall(r"(?:above|over|below|under) (-?\d+(?:\.\d+)?)", text)[0])
        down = re.search(r"below|under", text)
        return sum(v < number if down else v > number for v in _row(chart, text).values())
    if key == "count shown":
        among = chart.among.nouns if chart.among else ""
        nouns = _named(text.lower(), (chart.across.nouns, among))
        return len(chart.categories if nouns == [chart.across.nouns] else chart.series)
    if key == "count colours":
        return len(set(chart.fills))
    if key == "trend":
        first, last = (c for c in _named(text, chart.categories) if c)
        row = _row(chart, text)
        up = "rise|increase|go up|grow"
        return next(
            w
            for w in re.findall(rf"\b(?:{up}|fall|decrease|go down|decline)\b", text)
            if bool(re.fullmatch(up, w)) == (row[last] > row[first])
        )
    if key == "trend steady":
        steps = [b - a for a, b in pairwise(_row(chart, text).values())]
        rising = re.search(r"\b(?:rise|increase|go up|grow)\b", text)
        return "yes" if all(s > 0 if rising else s < 0 for s in steps) else "no"
    return _derive_colour(chart, text, key)


def _derive_cells(chart, text, key):
    numbers = _cells(chart, text)
    if key == "retrieve":
        return numbers[0]
    if key in ("sum", "average"):
        return sum(numbers) / (2 if key == "average" else 1)
    if key == "difference":
        return max(numbers) - min(numbers)
    if key == "ratio":
        return max(numbers) / min(numbers)
    return "yes" if (numbers[0] > numbers[1]) == bool(re.search("higher|larger", text)) else "no"


def _derive_across(chart, text, key):
    facts, names = _facts(chart), [series.name for series in chart.series]
    if key == "find_category":
        row, rest = _row(chart, text), text
        for name in (chart.fixed, chart.measure, *chart.categories, *names):
            rest = rest.replace(name, "") if name else rest
        numbers = {Fraction(n) for n in re.findall(r"-?\d+(?:\.\d+)?", rest)}
        (category,) = (category for category, value in row.items() if value in numbers)
        return category
    if key == "sum stack":
        (category,) = _named(_without_fixed(chart, text), chart.categories)
        return sum(value for (_, at), value in facts.items() if at == category)
    a, b = _named(_without_fixed(chart, text), names)
    return max(chart.categories, key=lambda c: abs(facts[a, c] - facts[b, c]))


def _derive_row(chart, text, key):
    row = _row(chart, text)
    if key == "average all":
        return sum(row.values()) / len(row)
    if key == "difference ends":
        return max(row.values()) - min(row.values())
    place = {"second": 1, "third": 2}[re.search("second|third", text)[0]] if key == "order" else 0
    names = sorted(row, key=row.get, reverse=_wants_most(text))
    return row[names[0]] if key == "extremum value" else names[place]


def _derive_colour(chart, text, key):
    names = chart.categories if chart.kind == "pie" else [s.name for s in chart.series]
    if key == "colour name":
        return dict(zip(chart.colours, names, strict=True))[_named(text, chart.colours)[0]]
    if key == "colour of":
        return dict(zip(names, chart.colours, strict=True))[_named(text, names)[0]]
    assert key == "colour value", key
    name = dict(zip(chart.colours, names, strict=True))[_named(text, chart.colours)[0]]
    if chart.kind == "pie":
        return _facts(chart)["", name]
    (category,) = _named(_without_fixed(chart, text), chart.categories)
    return _facts(chart)[name, category]


@pytest.mark.parametrize("split", ["train", "heldout"])
def test_every_answer_follows_from_the_text_of_its_question(split):
    checked = Counter()
    for chart, asked in _many(270, split):
        for question in asked:
            text = question.question.replace("the United", "United")
            # A dressed question starts with a small letter, names with a large one.
            question = type(question)(**{**vars(question), "question": text})
            derived = _derive(chart, question)
            checked[question.family] += 1
            if isinstance(derived, str):
                assert question.answer == derived, (chart, question)
            else:
                assert abs(Fraction(question.answer) - derived) <= Fraction(1, 200), (
                    chart,
                    question,
                    derived,
                )
    assert set(checked) == {key.split()[0] for key in BOOK.train}
    assert sum(checked.values()) > 900


def _lettered(layout):
    """Where text may be painted, bool[H, W]."""
    found = np.zeros((layout.height, layout.width), bool)
    for label in layout.labels:
        x1, y1, x2, y2 = (round(v) for v in label.box)
        found[max(y1 - 1, 0) : y2 + 2, max(x1 - 1, 0) : x2 + 2] = True
    return found


def test_bars_stand_where_they_are_painted():
    for chart, _ in _many(90, side=0):
        image, layout = draw_chart(chart, 448), marks(chart, 448)
        lettered = _lettered(layout)
        assert image.shape == (layout.height, layout.width, 3)
        assert max(image.shape) == 448
        for mark in layout.marks:
            x1, y1, x2, y2 = mark.box
            if mark.kind == "bar":
                inner = np.s_[round(y1) : round(y2), round(x1) : round(x2)]
                assert (image[inner] == mark.fill).all(-1)[~lettered[inner]].all(), (chart, mark)


def test_a_bar_is_as_long_as_its_value_on_the_scale():
    for chart, _ in _many(90, side=0):
        layout = marks(chart, 448)
        if chart.kind == "pie" or chart.mark == "line":
            continue
        unit = abs(layout.ticks[1] - layout.ticks[0]) / chart.axis.step
        for mark in layout.marks:
            x1, y1, x2, y2 = mark.box
            long = x2 - x1 if chart.horizontal else y2 - y1
            assert long == pytest.approx(
                abs(chart.series[mark.series].values[mark.category]) * unit, abs=1e-6
            )


def test_a_line_goes_through_its_points_and_a_pie_is_whole():
    for chart, _ in _many(90, side=0):
        layout = marks(chart, 448)
        if chart.mark == "line":
            image = draw_chart(chart, 448)
            lettered, last = _lettered(layout), len(chart.series) - 1
            # The last line is painted over the others. A stroke of two pixels is antialiased.
            for x, y in (mark.centre for mark in layout.marks if mark.series == last):
                patch = np.s_[round(y) - 2 : round(y) + 2, round(x) - 2 : round(x) + 2]
                off = np.abs(image[patch].astype(int) - chart.fills[last]).sum(-1).min()
                assert off < 60 or lettered[patch].any(), chart
        if chart.kind == "pie":
            assert sum(chart.series[0].values) == 100
            assert layout.marks[-1].turns[1] == pytest.approx(1)
            _assert_slices(draw_chart(chart, 448), layout)


def _assert_slices(image, layout):
    """Each slice shows its colour half way out, unless a number is printed there."""
    x1, y1, x2, y2 = layout.plot
    lettered = _lettered(layout)
    for mark in layout.marks:
        turn, out = np.pi * sum(mark.turns), (x2 - x1) / 4
        x, y = int((x1 + x2) / 2 + out * np.sin(turn)), int((y1 + y2) / 2 - out * np.cos(turn))
        assert lettered[y, x] or tuple(image[y, x]) == mark.fill, mark


def test_labels_lie_within_the_image_and_titles_do_not_touch_the_plot():
    outside = total = 0
    for chart, _ in _many(180, side=0):
        layout = marks(chart, 448)
        for label in layout.labels:
            x1, y1, x2, y2 = label.box
            total += 1
            outside += not (x1 >= -2 and y1 >= -2 and x2 <= layout.width + 2 and y2 <= layout.height + 2)
            assert label.em >= 9
            if label.role == "title" and chart.kind != "pie":
                assert y2 <= layout.plot[1] + 1
    assert outside / total < 0.01, (outside, total)


def test_same_seed_same_bytes():
    first, second = (chart_sample(np.random.default_rng(7)) for _ in range(2))
    assert first.asked == second.asked
    assert first.state == second.state
    assert first.images[0].tobytes() == second.images[0].tobytes()


def test_held_out_colours_layouts_and_wordings_stay_out_of_training():
    for chart, asked in _many(270):
        assert not holds_held_out(chart)
        assert not [q for q in asked if is_held_out(q.family, q.question)]
    held = list(_many(90, "heldout"))
    assert all((chart.kind, chart.colours[0]) in HELD_OUT for chart, _ in held)
    assert 25 < sum(chart.style.mirrored for chart, _ in held) < 65
    unseen = [q for _, asked in held for q in asked if "/held" in q.wording]
    assert len(unseen) > 100
    assert all(is_held_out(q.family, q.question) for q in unseen)
    assert BOOK.train.keys() == BOOK.held_out.keys()


def test_no_wording_is_guessed_by_its_commonest_answer():
    answers = {}
    for _, asked in _many(450):
        for question in asked:
            answers.setdefault(question.wording.split("/")[0], Counter())[question.answer] += 1
    for key, counts in answers.items():
        if counts.total() > 30:
            # Four standard deviations above the share that a fair coin gives.
            most = 0.5 + 2 / counts.total() ** 0.5
            assert max(counts.values()) / counts.total() < most, (key, counts.most_common(3))


def test_a_pie_without_numbers_is_not_asked_for_numbers():
    bare = [asked for chart, asked in _many(450) if chart.kind == "pie" and not chart.printed]
    assert bare
    assert {q.family for asked in bare for q in asked} <= {"extremum", "order", "compare", "count", "colour"}
    assert not [
        q
        for asked in bare
        for q in asked
        if q.wording.startswith(("extremum value", "count above", "colour value"))
    ]


@pytest.mark.parametrize(
    ("question", "family"),
    [
        ("Which country had the lowest rate in 2003?", "extremum"),
        ("What was the rate in Peru in 2003?", "retrieve"),
        ("How much larger is the share of tea than that of milk?", "difference"),
        ("What does the red line stand for?", "colour"),
        ("Did sales rise or fall?", "trend"),
        ("Why is the sky blue", None),
    ],
)
def test_the_form_of_a_question_is_told(question, family):
    assert read_form(question) == family
