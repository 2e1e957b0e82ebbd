"""Frames and boxes, what results may say, and tool-to-text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sightline.errors import FrameError
from sightline.types import (
    Box,
    Detection,
    Detections,
    Frame,
    TextLines,
    TextSpan,
    ToolResult,
    fit_lines,
    map_box,
)

PAGE = Frame(image="a" * 64, width=200, height=100)
ZOOM = Frame(image="a" * 64, width=160, height=120, x0=50, y0=20, scale=4)
OTHER = Frame(image="b" * 64, width=200, height=100)


def box(x1: float, y1: float, x2: float, y2: float, frame: Frame = PAGE) -> Box:
    return Box(x1=x1, y1=y1, x2=x2, y2=y2, frame=frame)


def test_a_crops_box_maps_back_to_the_original() -> None:
    inside = box(8, 4, 48, 84, ZOOM)
    assert map_box(inside, PAGE) == box(52, 21, 62, 41)
    assert map_box(map_box(inside, PAGE), ZOOM) == inside


@given(st.floats(0, 160), st.floats(0, 120), st.floats(0, 160), st.floats(0, 120))
def test_there_and_back_is_where_it_was(x1: float, y1: float, x2: float, y2: float) -> None:
    there = box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2), ZOOM)
    back = map_box(map_box(there, PAGE), ZOOM)
    assert (back.x1, back.y1, back.x2, back.y2) == pytest.approx(
        (there.x1, there.y1, there.x2, there.y2), abs=1e-6
    )


def test_what_lies_outside_is_clipped() -> None:
    assert map_box(box(0, 0, 200, 100), ZOOM) == box(0, 0, 160, 120, ZOOM)
    assert map_box(box(-5, 10, math.inf, 400), PAGE) == box(0, 10, 200, 100)


def test_frames_never_mix() -> None:
    with pytest.raises(FrameError):
        box(0, 0, 1, 1).iou(box(0, 0, 1, 1, ZOOM))
    with pytest.raises(FrameError):
        map_box(box(0, 0, 1, 1), OTHER)


def test_iou_by_hand() -> None:
    assert box(0, 0, 10, 10).iou(box(5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert box(0, 0, 10, 10).iou(box(20, 0, 30, 10)) == 0
    assert box(3, 3, 3, 3).iou(box(3, 3, 3, 3)) == 0


@pytest.mark.parametrize("corners", [(5, 0, 1, 1), (0, 5, 1, 1), (math.nan, 0, 1, 1), (0, 0, 1, math.nan)])
def test_what_is_no_box_is_refused(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValidationError, match="not a box"):
        box(*corners)


def test_a_result_says_how_it_ended() -> None:
    with pytest.raises(ValidationError, match="carries a payload"):
        ToolResult(status="ok")
    with pytest.raises(ValidationError, match="timeout says why"):
        ToolResult(status="timeout")
    assert (
        ToolResult(status="unsupported", message="no class for dog").to_text()
        == "unsupported: no class for dog"
    )
    assert ToolResult(status="empty", payload=Detections(query="star")).to_text() == "empty: 0 found"


def test_detections_in_words() -> None:
    found = Detection(
        label="circle", score=0.974, box=box(10, 20, 30, 40), attributes={"size": "small", "color": "red"}
    )
    result = ToolResult(status="ok", payload=Detections(query="circles", items=(found,)))
    assert result.to_text() == "ok: 1 found\nsmall red circle (10,20)-(30,40) 97%"
    assert result.to_text(place=lambda b: f"@{b.center[0]:.0f}") == "ok: 1 found\nsmall red circle @20 97%"


def page(rows: int) -> TextLines:
    spans = [TextSpan(text=f"row {i}", score=1, box=box(0, i, 10, i + 1)) for i in range(rows)]
    return TextLines(rows=tuple((span, span) for span in spans))


def test_a_long_page_keeps_its_head_and_its_foot() -> None:
    text = page(90).to_text(200)
    lines = text.split("\n")
    assert len(text) <= 200
    assert lines[0] == "row 0 | row 0"
    assert lines[-1] == "row 89 | row 89"
    (cut,) = [line for line in lines if line.startswith("…")]
    assert cut == f"… {90 - (len(lines) - 1)} more"


@given(st.lists(st.text(max_size=30), max_size=20), st.integers(0, 200), st.integers(0, 20))
def test_no_text_is_longer_than_its_budget(lines: list[str], budget: int, tail: int) -> None:
    assert len(fit_lines(lines, budget, tail=tail)) <= budget
    assert fit_lines(lines, 10_000, tail=tail) == "\n".join(lines)
