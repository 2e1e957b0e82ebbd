"""Reading order: columns of running text are set apart, tables and receipts are not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.tools.columns import blocks_of
from sightline.tools.rows import Quad


def quad(x: float, y: float, width: float, height: float = 20, lean: float = 0.0) -> Quad:
    """A box at (x, y) on a page that is then turned by `lean` radians around its origin."""
    c, s = math.cos(lean), math.sin(lean)
    flat = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return tuple((px * c - py * s, px * s + py * c) for px, py in flat)


def column(x: float, top: float, lines: int, *, width: float = 300, lean: float = 0.0) -> list[Quad]:
    """Lines that fill the column, but for every fourth, which ends a paragraph."""
    return [quad(x, top + 30 * n, width * (0.4 if n % 4 == 3 else 0.97), lean=lean) for n in range(lines)]


@pytest.mark.parametrize("degrees", [-3, 0, 2])
def test_two_columns_under_a_title(degrees: float) -> None:
    lean = math.radians(degrees)
    title, foot = quad(50, 0, 560, lean=lean), quad(50, 400, 560, lean=lean)
    left, right = column(0, 40, 9, lean=lean), column(340, 40, 8, lean=lean)
    quads = [foot, *right, title, *left]
    assert blocks_of(quads) == [[9], list(range(10, 19)), list(range(1, 9)), [0]]


def test_three_columns() -> None:
    quads = [*column(0, 0, 8), *column(340, 0, 8), *column(680, 0, 8)]
    assert blocks_of(quads) == [list(range(8)), list(range(8, 16)), list(range(16, 24))]


def test_a_heading_in_the_middle_parts_what_is_above_from_what_is_below() -> None:
    quads = [*column(0, 0, 5), *column(340, 0, 5), quad(0, 200, 620), quad(0, 230, 600)]
    quads += [*column(0, 270, 5), *column(340, 270, 5)]
    blocks = blocks_of(quads)
    assert blocks == [[*range(5)], [*range(5, 10)], [10, 11], [*range(12, 17)], [*range(17, 22)]]


def test_rows_that_go_across_stay_whole() -> None:
    names = [quad(0, 30 * n, 80 + 37 * (n * 5 % 7)) for n in range(12)]
    prices = [quad(560, 30 * n, 60) for n in range(12)]
    numbers = [quad(x, 30 * n, 70) for n in range(12) for x in (400, 480)]
    fields = [quad(330, 30 * n, 60 + 41 * (n * 3 % 6)) for n in range(12)]
    for quads in ([*names, *prices], [*names, *numbers, *prices], [*names, *fields], column(0, 0, 12), names):
        assert blocks_of(quads) == [list(range(len(quads)))]
    assert blocks_of([]) == []


@given(
    st.lists(
        st.tuples(*(st.integers(0, 600) for _ in range(2)), st.integers(1, 500), st.integers(1, 40)),
        max_size=25,
    )
)
def test_nothing_is_lost_or_read_twice(boxes: list[tuple[int, int, int, int]]) -> None:
    blocks = blocks_of([quad(*box) for box in boxes])
    assert sorted(n for block in blocks for n in block) == list(range(len(boxes)))
