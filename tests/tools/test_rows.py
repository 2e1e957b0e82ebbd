"""Rows of text on straight and on skewed pages."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.tools.rows import Quad, rows_of, skew


def quad(x: float, y: float, width: float, height: float, lean: float = 0.0) -> Quad:
    """A box at (x, y) on a page that is then turned by `lean` radians around its origin."""
    c, s = math.cos(lean), math.sin(lean)
    flat = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return tuple((px * c - py * s, px * s + py * c) for px, py in flat)


def page(lean: float) -> list[Quad]:
    """Five rows of a name on the left and a price on the far right, shuffled."""
    spans = [quad(20, 40 * row, 150, 20, lean) for row in range(5)]
    spans += [quad(520, 40 * row + 2, 60, 18, lean) for row in range(5)]
    return [spans[i] for i in (3, 7, 0, 9, 5, 1, 8, 2, 6, 4)]


@pytest.mark.parametrize("degrees", [-6, -3, 0, 2, 5])
def test_rows_on_a_skewed_page(degrees: float) -> None:
    rows = rows_of(page(math.radians(degrees)))
    order = (3, 7, 0, 9, 5, 1, 8, 2, 6, 4)
    assert [[order[i] for i in row] for row in rows] == [[n, n + 5] for n in range(5)]


def test_skew() -> None:
    assert skew(page(math.radians(4))) == pytest.approx(math.radians(4))
    assert skew([]) == 0
    assert skew([quad(0, 0, 50, 10, math.radians(80))]) == 0


def test_a_curled_row_holds_together() -> None:
    rows = rows_of([quad(100 * n, 2 * n * n, 90, 30) for n in range(5)])
    assert rows == [[0, 1, 2, 3, 4]]


def test_large_print_beside_small() -> None:
    assert rows_of([quad(0, 0, 100, 60), quad(120, 25, 50, 20)]) == [[0, 1]]


def test_close_lines_stay_apart() -> None:
    assert rows_of([quad(0, 0, 100, 20), quad(0, 18, 100, 20), quad(200, 9, 50, 5)]) in (
        [[0, 2], [1]],
        [[0], [1, 2]],
    )
    assert rows_of([quad(0, 0, 100, 20), quad(5, 3, 100, 20)]) == [[0], [1]]


def test_nothing() -> None:
    assert rows_of([]) == []


@given(st.lists(st.tuples(*[st.floats(0, 500)] * 2, *[st.floats(0, 200)] * 2), max_size=20))
def test_each_run_stands_in_one_row(boxes: list[tuple[float, float, float, float]]) -> None:
    rows = rows_of([quad(*box) for box in boxes])
    assert sorted(n for row in rows for n in row) == list(range(len(boxes)))
    assert all(rows)
