"""Charts that the test draws itself, with words handed over as a reader finds them; one read for real."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sightline.images import Picture, load_image
from sightline.tools import guard
from sightline.tools.amounts import Amount, amount_of
from sightline.tools.base import Tool
from sightline.tools.read_chart import ChartReader
from sightline.tools.read_text import TextReader
from sightline.train.worlds.chart_draw import draw_chart
from sightline.train.worlds.charts import make_chart
from sightline.types import Box, ChartData, TextLines, TextSpan, ToolResult

WIDE, HIGH = 480, 360
LEFT, RIGHT, TOP, FOOT = 60, 460, 40, 300
BLUE, ORANGE, GREEN, GREY, BLACK = "#2864c8", "#e68228", "#329650", "#d8d8d8", "#202020"


@dataclass
class Page:
    """A picture and the words on it: (text, x, y) of their middles, px. Values run from 0 to 100."""

    image: Image.Image = field(default_factory=lambda: Image.new("RGB", (WIDE, HIGH), "white"))
    words: list[tuple[str, float, float]] = field(default_factory=list)

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.image)

    def upright(self, ticks: Sequence[str] = ("0", "20", "40", "60", "80", "100")) -> None:
        """A scale on the left, with grid."""
        for n, text in enumerate(ticks):
            y = FOOT - (FOOT - TOP) * n / (len(ticks) - 1)
            self.draw.line((LEFT, y, RIGHT, y), BLACK if n == 0 else GREY)
            self.words.append((text, LEFT - 25, y))

    def name(self, *names: str) -> None:
        """Below the plot, evenly."""
        self.words += [(text, middle(n, len(names)), FOOT + 16) for n, text in enumerate(names)]

    def legend(self, **colours: str) -> None:
        for n, (text, colour) in enumerate(colours.items()):
            self.draw.rectangle((150 + 100 * n, 336, 160 + 100 * n, 346), colour)
            self.words.append((text, 168 + 100 * n + 3.5 * len(text), 341))

    def column(self, x: float, value: float, colour: str = BLUE, *, start: float = 0, wide: int = 30) -> None:
        y1, y2 = height(start + value), height(start)
        self.draw.rectangle((x - wide / 2, min(y1, y2), x + wide / 2 - 1, max(y1, y2) - 1), colour)


def middle(n: int, of: int) -> float:
    return LEFT + (RIGHT - LEFT) * (n + 0.5) / of


def height(value: float) -> float:
    return FOOT - (FOOT - TOP) * value / 100


class FixedReader(Tool):
    """Reads the words of a page as they were put there."""

    name = "read_text"
    version = "fixed"

    def __init__(self, words: Sequence[tuple[str, float, float]] = (), status: str = "ok") -> None:
        self.words, self.status = words, status

    def covers(self) -> str:
        return "what it is told"

    def __call__(self, picture: Picture) -> ToolResult:
        """Reads the words."""
        spans = []
        for text, x, y in self.words:
            box = Box.clipped(x - 3.5 * len(text), y - 7, x + 3.5 * len(text), y + 7, picture.frame)
            spans.append(TextSpan(text=text, score=0.99, box=box))
        words = TextLines(rows=tuple((span,) for span in spans))
        if self.status == "ok":
            return ToolResult(status="ok", payload=words)
        return ToolResult(status=self.status, message="it died")  # type: ignore[arg-type]


def run(page: Page) -> ToolResult:
    tool = ChartReader(FixedReader(page.words))
    result = guard.run(tool, load_image(page.image), {}, timeout_s=60)
    tool.close()
    return result


def chart(page: Page) -> ChartData:
    result = run(page)
    assert result.status == "ok", result.message
    assert isinstance(result.payload, ChartData)
    return result.payload


def values(data: ChartData) -> dict[tuple[str, str], float]:
    return {(mark.category, mark.series): mark.value for mark in data.marks}


def columns(heights: Sequence[float] = (35, 80, 12), names: Sequence[str] = ("Ann", "Bob", "Cid")) -> Page:
    page = Page(words=[("Marbles of three children", 240, 15)])
    page.upright()
    page.name(*names)
    for n, value in enumerate(heights):
        page.column(middle(n, len(heights)), value)
    return page


def test_columns() -> None:
    data = chart(columns())
    assert (data.chart, data.title) == ("columns", "Marbles of three children")
    assert values(data) == pytest.approx({("Ann", ""): 35, ("Bob", ""): 80, ("Cid", ""): 12}, abs=1)
    assert not any(mark.printed for mark in data.marks)
    for n, mark in enumerate(data.marks):
        assert mark.box.center[0] == pytest.approx(middle(n, 3), abs=2)
        assert mark.box.y2 == pytest.approx(FOOT, abs=2)


@pytest.mark.parametrize(
    ("ticks", "unit", "times"),
    [
        (("0%", "20%", "40%", "60%", "80%", "100%"), "%", 1),
        (("0", "2,000", "4,000", "6,000", "8,000", "10,000"), "", 100),
        (("$0", "$20k", "$40k", "$60k", "$80k", "$100k"), "$", 1000),
        (("0.0", "0.5", "1.0"), "", 0.01),
    ],
)
def test_scales(ticks: tuple[str, ...], unit: str, times: float) -> None:
    page = Page()
    page.upright(ticks)
    page.name("Ann", "Bob")
    page.column(middle(0, 2), 35)
    page.column(middle(1, 2), 80)
    data = chart(page)
    assert data.unit == unit
    assert [mark.value for mark in data.marks] == pytest.approx([35 * times, 80 * times], rel=0.03)


def test_values_below_zero() -> None:
    page = Page()
    for n, text in enumerate(("-40", "-20", "0", "20", "40", "60")):
        page.words.append((text, LEFT - 25, height(20 * n)))
    page.draw.line((LEFT, height(40), RIGHT, height(40)), BLACK)
    page.name("Ann", "Bob", "Cid")
    for n, value in enumerate((30, -25, 50)):
        page.column(middle(n, 3), value, start=40)
    assert [mark.value for mark in chart(page).marks] == pytest.approx([30, -25, 50], abs=1)


def test_a_printed_value_is_taken_where_it_agrees() -> None:
    page = columns((35, 80.4, 12))
    page.words += [("35", middle(0, 3), height(35) - 9), ("80.4", middle(1, 3), height(80.4) - 9)]
    page.words += [("72", middle(2, 3), height(12) - 9)]  # not what the column shows
    marks = chart(page).marks
    assert [mark.printed for mark in marks] == [True, True, False]
    assert [mark.value for mark in marks[:2]] == [35, 80.4]
    assert marks[2].value == pytest.approx(12, abs=1)
    assert marks[0].score > marks[2].score


def test_printed_values_without_a_scale() -> None:
    page = Page()
    page.draw.line((LEFT, FOOT, RIGHT, FOOT), BLACK)
    page.name("Ann", "Bob", "Cid")
    for n, value in enumerate((35, 80, 12)):
        page.column(middle(n, 3), value)
        page.words.append((f"{value * 2}%", middle(n, 3), height(value) - 9))
    assert values(chart(page)) == {("Ann", ""): 70, ("Bob", ""): 160, ("Cid", ""): 24}


def test_horizontal_bars() -> None:
    page = Page()
    for n in range(6):
        page.words.append((str(20 * n), LEFT + 80 * n, FOOT + 16))
    for n, (name, value) in enumerate((("Ann", 35), ("Bob", 80), ("Cid", 12))):
        y = 80 + 80 * n
        page.draw.rectangle((LEFT, y - 15, LEFT + 4 * value - 1, y + 14), BLUE)
        page.words.append((name, LEFT - 25, y))
    data = chart(page)
    assert data.chart == "bars"
    assert values(data) == pytest.approx({("Ann", ""): 35, ("Bob", ""): 80, ("Cid", ""): 12}, abs=1)


def test_groups_beside_one_another() -> None:
    page = Page()
    page.upright()
    page.name("Ann", "Bob")
    page.legend(red=ORANGE, sea=GREEN)
    for n, (red, sea) in enumerate(((35, 60), (80, 12))):
        page.column(middle(n, 2) - 16, red, ORANGE)
        page.column(middle(n, 2) + 16, sea, GREEN)
    data = chart(page)
    wanted = {("Ann", "red"): 35, ("Ann", "sea"): 60, ("Bob", "red"): 80, ("Bob", "sea"): 12}
    assert values(data) == pytest.approx(wanted, abs=1)
    assert data.colors == {"red": "orange", "sea": "green"}


def test_columns_of_which_some_stand_out_are_columns_each() -> None:
    page = Page()
    page.upright()
    names = ("Ann", "Bob", "Cid", "Dee", "Eve")
    page.name(*names)
    for n, value in enumerate((35, 80, 12, 50, 64)):
        page.column(middle(n, 5), value, ORANGE if n == 2 else BLUE)
    assert [name for name, _ in values(chart(page))] == list(names)


def test_values_beside_low_bars_are_no_legend() -> None:
    page = Page()
    shown = (("Ann", 35.0, BLUE), ("Bob", 2.5, ORANGE), ("Cid", 2.4, GREEN))
    for n in range(6):
        page.words.append((str(20 * n), LEFT + 80 * n, FOOT + 16))
    for n, (name, value, colour) in enumerate(shown):
        y = 80 + 80 * n
        page.draw.rectangle((LEFT, y - 7, LEFT + 4 * value - 1, y + 6), colour)
        page.words += [(name, LEFT - 25, y), (f"{value}%", LEFT + 4 * value + 20, y)]
    found = chart(page)
    assert values(found) == {(name, ""): value for name, value, _ in shown}


def test_months_between_those_that_are_printed() -> None:
    page = Page()
    page.upright()
    months = ("Jan '17", "Feb '17", "Mar '17", "Apr '17", "May '17", "Jun '17")
    page.words += [(text, middle(n, 6), FOOT + 16) for n, text in enumerate(months) if n in (0, 2, 4)]
    for n in range(6):
        page.column(middle(n, 6), 20 + 10 * n)
    assert [name for name, _ in values(chart(page))] == list(months)


def test_parts_on_one_another() -> None:
    page = Page()
    page.upright()
    page.name("Ann", "Bob")
    page.legend(red=ORANGE, sea=GREEN)
    for n, (red, sea) in enumerate(((35, 40), (20, 50))):
        page.column(middle(n, 2), red, ORANGE)
        page.column(middle(n, 2), sea, GREEN, start=red)
    wanted = {("Ann", "red"): 35, ("Ann", "sea"): 40, ("Bob", "red"): 20, ("Bob", "sea"): 50}
    assert values(chart(page)) == pytest.approx(wanted, abs=1)


def lines(**drawn: tuple[str, Sequence[float]]) -> Page:
    page = Page()
    page.upright()
    years = ("2001", "2002", "2003", "2004", "2005")
    page.name(*years)
    page.legend(**{name: colour for name, (colour, _) in drawn.items()})
    for colour, points in drawn.values():
        page.draw.line([(middle(n, 5), height(v)) for n, v in enumerate(points)], colour, 3)
    return page


def test_lines() -> None:
    data = chart(lines(red=(ORANGE, (10, 30, 25, 70, 90)), sea=(GREEN, (60, 55, 80, 20, 35))))
    assert data.chart == "lines"
    assert [m.value for m in data.marks if m.series == "red"] == pytest.approx([10, 30, 25, 70, 90], abs=2)
    assert [m.value for m in data.marks if m.series == "sea"] == pytest.approx([60, 55, 80, 20, 35], abs=2)
    assert {mark.category for mark in data.marks} == {"2001", "2002", "2003", "2004", "2005"}


def test_lines_of_one_hue_without_a_legend() -> None:
    page = lines(one=("#102878", (10, 30, 25, 70, 90)), two=("#3c78f0", (60, 55, 80, 20, 35)))
    page.words = [word for word in page.words if word[0] not in ("one", "two")]
    page.draw.rectangle((140, 330, 300, 350), "white")
    found = values(chart(page))
    assert {series for _, series in found} == {"dark blue", "light blue"}
    assert found["2001", "dark blue"] == pytest.approx(10, abs=2)


def test_flat_lines_are_no_grid_and_grid_is_no_line() -> None:
    data = chart(lines(red=(ORANGE, (70,) * 5), ash=(GREY, (30, 30, 30, 30, 50))))
    assert [m.value for m in data.marks if m.series == "red"] == pytest.approx([70] * 5, abs=2)
    assert [m.value for m in data.marks if m.series == "ash"] == pytest.approx([30, 30, 30, 30, 50], abs=2)


def test_ticks_beside_specks_are_no_legend() -> None:
    page = Page()
    page.upright()
    page.name("2001", "2002", "2003", "2004", "2005")
    points = [(middle(n, 5), height(value)) for n, value in enumerate((10, 30, 25, 70, 90))]
    page.draw.line(points, ORANGE, 3)
    for value, grey in ((40, "#a0a0a0"), (60, "#707070")):
        page.draw.rectangle((18, height(value) - 3, 25, height(value) + 3), grey)
    assert [mark.value for mark in chart(page).marks] == pytest.approx([10, 30, 25, 70, 90], abs=2)


def test_a_pie() -> None:
    page = Page()
    turn = -90.0
    for colour, share in ((ORANGE, 50), (GREEN, 30), (BLUE, 20)):
        page.draw.pieslice((140, 60, 340, 260), turn, turn + 3.6 * share, colour)
        turn += 3.6 * share
    page.legend(red=ORANGE, sea=GREEN, sky=BLUE)
    data = chart(page)
    assert data.chart == "pie"
    assert values(data) == pytest.approx({("red", ""): 50, ("sea", ""): 30, ("sky", ""): 20}, abs=1)


def test_labels_that_lines_lead_to_name_the_slices_of_a_pie() -> None:
    page = Page()
    turn = -90.0
    slices = (("Mail", ORANGE, 50), ("Shops", GREEN, 30), ("Fairs", BLUE, 16), ("Gifts", GREY, 4))
    for name, colour, share in slices:
        page.draw.pieslice((140, 60, 340, 260), turn, turn + 3.6 * share, colour)
        middle_of = np.radians(turn + 1.8 * share)
        x, y = 240 + 160 * np.cos(middle_of), 160 + 135 * np.sin(middle_of)
        page.words.append((f"- {name} {share}%", float(x), float(y)))
        turn += 3.6 * share
    assert values(chart(page)) == {(name, ""): share for name, _, share in slices}


def test_nothing_is_made_up() -> None:
    blank = run(Page())
    assert (blank.status, blank.payload) == ("empty", None)
    words = run(Page(words=[("These are three lines of text", 200, 60 + 40 * n) for n in range(3)]))
    assert words.status == "empty"
    page = columns()
    page.words = [word for word in page.words if not word[0].isdigit()]
    no_scale = run(page)
    assert no_scale.status == "unsupported"
    assert "neither a scale" in no_scale.message
    page = Page()
    page.upright()
    page.name("Ann", "Bob")
    assert run(page).status == "unsupported"  # a plot without marks


def test_a_region_alone_is_read() -> None:
    page = columns()
    beside = Image.new("RGB", (WIDE + 200, HIGH + 50), "white")
    beside.paste(page.image, (200, 50))
    picture = load_image(beside)
    region = Box(x1=200, y1=50, x2=WIDE + 200, y2=HIGH + 50, frame=picture.frame)
    result = guard.run(ChartReader(FixedReader(page.words)), picture, {"region": region}, timeout_s=60)
    assert isinstance(result.payload, ChartData)
    assert [mark.value for mark in result.payload.marks] == pytest.approx([35, 80, 12], abs=1)
    for n, mark in enumerate(result.payload.marks):
        assert mark.box.frame == picture.frame
        assert mark.box.center[0] == pytest.approx(200 + middle(n, 3), abs=2)


@pytest.mark.parametrize("status", ["error", "timeout"])
def test_a_failure_of_the_reader_is_no_empty_chart(status: str) -> None:
    result = guard.run(ChartReader(FixedReader(status=status)), load_image(columns().image), {}, timeout_s=60)
    assert (result.status, result.payload) == (status, None)


def test_a_chart_of_the_world_with_real_print() -> None:
    known = make_chart(np.random.default_rng((7, 1)), "heldout", "bars")
    tool = ChartReader(TextReader())
    result = guard.run(tool, load_image(draw_chart(known, 640)), {}, timeout_s=120)
    tool.close()
    assert isinstance(result.payload, ChartData)
    wanted = [value / 10**known.decimals for value in known.series[0].values]
    assert [mark.value for mark in result.payload.marks] == pytest.approx(wanted, rel=0.05)
    assert result.payload.title.replace(" ", "") == known.title.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,250", Amount(value=1250)),
        ("16 130", Amount(value=16130)),
        ("40%", Amount(value=40, unit="%")),
        ("$2.5k", Amount(value=2500, unit="$")),
        ("−3", Amount(value=-3)),
        ("1.2 bn", Amount(value=1.2e9)),
        ("0,5", Amount(value=0.5)),
        (".75", Amount(value=0.75)),
        ("2019/20", None),
        ("12 May", None),
        ("", None),
    ],
)
def test_amounts(text: str, amount: Amount | None) -> None:
    assert amount_of(text) == amount
