"""Pictures of results: boxes where they belong, and every line inside its panel."""

from __future__ import annotations

import numpy as np
import pytest
from tests.agent.doubles import Blobs, Page, canvas

from sightline.agent import Agent, Plan, ScriptedPlanner
from sightline.agent.render import MARKS, annotate, draw_answer, font, result_text
from sightline.images import load_image
from sightline.types import Answer, Box, ToolCall

PICTURE = load_image(canvas(("red", 10, 5), ("red", 100, 40)))


def coloured(pixels: np.ndarray, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """XYXY of the pixels of one colour, x2 and y2 exclusive."""
    ys, xs = np.nonzero((pixels == colour).all(-1))
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def test_a_box_is_drawn_around_what_it_holds() -> None:
    box = Box(x1=40, y1=30, x2=80, y2=60, frame=PICTURE.frame)
    drawn = np.asarray(annotate(PICTURE.pixels, [box], [""]))
    x1, y1, x2, y2 = coloured(drawn, MARKS[0])
    assert drawn.shape == PICTURE.pixels.shape
    assert 36 <= x1 < 40
    assert 26 <= y1 < 30
    assert 80 < x2 <= 84
    assert 60 < y2 <= 64
    assert (drawn[32:58, 42:78] == PICTURE.pixels[32:58, 42:78]).all(), "what it holds is left as it was"


def test_a_large_image_is_made_smaller_with_its_boxes() -> None:
    big = load_image(np.full((1000, 4000, 3), 255, np.uint8))
    box = Box(x1=2000, y1=500, x2=3000, y2=700, frame=big.frame)
    drawn = annotate(big.pixels, [box], [""], longest=800)
    assert drawn.size == (800, 200)
    x1, y1, x2, y2 = coloured(np.asarray(drawn), MARKS[0])
    assert (x1, y1, x2, y2) == pytest.approx((400, 100, 600, 140), abs=5)


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (199, 99, 200, 100), (0, 0, 200, 100), (50, 50, 50, 50)])
def test_boxes_at_the_edges_can_be_drawn(box: tuple[float, float, float, float]) -> None:
    x1, y1, x2, y2 = box
    annotate(PICTURE.pixels, [Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=PICTURE.frame)], ["e1"])


def test_one_pixel_can_be_drawn() -> None:
    tiny = load_image(np.zeros((1, 1, 3), np.uint8))
    box = Box(x1=0, y1=0, x2=1, y2=1, frame=tiny.frame)
    assert annotate(tiny.pixels, [box], ["e1"]).size == (1, 1)


def answer(*plans: Plan) -> Answer:
    tools = {"detect": Blobs(), "read_text": Page(*[(f"row {i}", "9.99") for i in range(40)])}
    return Agent(ScriptedPlanner(plans), tools).run(PICTURE, "How many red squares are there? " * 8)


def test_a_run_is_drawn_with_image_and_panel() -> None:
    look = Plan(
        thought="a thought " * 40,
        calls=(ToolCall(name="detect", arguments={"query": "red"}), ToolCall(name="read_text")),
    )
    page = draw_answer(PICTURE.pixels, answer(look, Plan(answer="2", cites=("e1",))))
    pixels = np.asarray(page)
    assert page.width == 480 + 640 + 3 * 32
    assert (pixels == MARKS[0]).all(-1)[:, :512].any(), "the cited boxes"
    assert (pixels[:, 512 + 32 :] < 128).all(-1).any(), "text in the panel"
    assert (pixels[:, -16:] == 255).all(), "and nothing beyond its edge"
    assert (pixels[-16:] == 255).all()


def test_a_run_that_found_nothing_is_drawn() -> None:
    draw_answer(PICTURE.pixels, answer(Plan(answer="cannot tell")))


def test_a_long_text_is_shown_around_what_was_quoted() -> None:
    read = answer(Plan(calls=(ToolCall(name="read_text"),)), Plan(answer="row 30", quote=True, cites=("e1",)))
    lines = result_text(read.evidence[0], 8, read.text).splitlines()
    assert (len(lines), lines[0], lines[-1]) == (8, "… 27 above", "… 7 more")
    assert "row 30 | 9.99" in lines
    assert result_text(read.evidence[0], 8).splitlines()[0] == "ok: row 0 | 9.99"
    assert "more" not in result_text(read.evidence[0], 40)


def test_the_font_holds_the_marks_that_are_written() -> None:
    regular = font("regular", 20)
    for mark in "✓✗…é":
        assert regular.getbbox(mark) != regular.getbbox("\uffff"), mark
